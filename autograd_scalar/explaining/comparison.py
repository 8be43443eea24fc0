"""An answer beside a derivative: whether they are the same, and what went wrong if not.

Both are computed at points on both sides of every edge, with a bound on what rounding may do.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator, Sequence

from ..algebra.cancel import shortened
from ..algebra.partials import derivative
from ..algebra.simplify import as_product, terms_of, tidy
from ..algebra.trees import fraction, names_in, number, replaced, row_of, same
from ..notation.document import Block, Document, Paragraph, Piece, Sentence
from ..notation.numerals import decimal
from ..notation.typeset import to_digits
from ..table.floats import CONSTANTS
from ..table.language import is_zero
from .derivation import Step, check_length, points_of, worked_out
from .formulas import signed
from .rounding import Calculator, Rounded
from .rules import Point, apply
from .slips import Slips
from .textbook import Work, stated

# Relative differences up to this are the last bit, where no error was bounded.
_EQUAL = 1e-15
# Where rounding may have done more than this a point tells nothing.
_DROWNED = 1e-6
# How many slips are tried.
MOST_SLIPS = 3_000
_NICE = (2.0, 1.0, 3.0, 0.5, -1.0, 0.25, 4.0, -2.0, 10.0, 0.1)


class Check(Document):
    """What is to be said to an answer.

    right       whether it is the derivative; None where no answer was given yet
    yours       its number at `point`, where there is one
    derivative  the derivative's number there
    point       the numbers of the names
    rule        the rule that was missed, where the slip is known
    """

    def __init__(
        self,
        right: bool | None,
        sentences: Sequence[Sentence],
        *,
        yours: float = math.nan,
        derivative: float = math.nan,
        point: Point | None = None,
        rule: str = "",
        digits: int = 6,
    ) -> None:
        self.right = right
        self.yours = yours
        self.derivative = derivative
        self.point = dict(point or {})
        self.rule = rule
        self.digits = digits
        self.blocks: tuple[Block, ...] = tuple(map(Paragraph, sentences))

    def __bool__(self) -> bool:
        return bool(self.right)


def textbook(steps: Sequence[Step], variable: str) -> ast.expr:
    """The derivative of the last of several steps, as `derive` writes it in the end.

    What has no name is not given one.
    """
    work, _, [*_, last] = worked_out(steps, variable, {})
    lines = [line.tree for line in reversed(work.lines)]
    if steps[-1].heading is None:
        assert last.heading is not None
        made_up = last.heading
        lines = [each for each in lines if same(replaced(each, made_up, number(0)), each)]
    return lines[0]


class Comparison:
    """An answer beside the derivative of the last of several steps.

    yours  the answer, in the free names
    slope  the derivative, as the rules give it
    """

    def __init__(self, steps: Sequence[Step], variable: str, yours: ast.expr, digits: int) -> None:
        *self.before, last = steps
        self.steps = steps
        self.tree = last.tree
        self.variable = variable
        self.yours = yours
        self.digits = digits
        self.names = sorted({*names_in(self.tree), *names_in(yours), variable} - CONSTANTS.keys())
        self.work = Work(self.tree, variable, [], {}, len(self.names) > 1)
        self.slope = self.work.full
        for each in (yours, self.slope):
            check_length(each)
        points = points_of(self.work, self.names, beside=(yours,))
        self.work.check_at(points)
        if self.work.agrees(self.slope) is False:
            raise ArithmeticError(
                f"the rules gave {ast.unparse(ast.fix_missing_locations(self.slope))}, which is "
                f"not the derivative of {ast.unparse(self.tree)}; please report this"
            )
        self.calculators = [Calculator(point, {}) for point in points]

    def check(self) -> Check:
        same_everywhere = self.agrees(self.slope)
        if same_everywhere is None:
            raise ValueError(
                "rounding drowns the answer at every point that was tried, so it can't be told "
                "from the derivative"
            )
        shown = self.shown()
        if same_everywhere:
            return Check(
                True,
                [self.how_right()],
                yours=self.at(self.yours, shown),
                derivative=self.at(self.slope, shown),
                point=shown,
                digits=self.digits,
            )
        yours, right = self.at(self.yours, shown), self.at(self.slope, shown)
        rule, says = self.slip()
        return Check(
            False,
            [self.numbers(shown, yours, right), self.in_names(says)],
            yours=yours,
            derivative=right,
            point=shown,
            rule=rule,
            digits=self.digits,
        )

    # Numbers

    def agrees(
        self, tree: ast.expr, calculators: Sequence[Calculator] | None = None
    ) -> bool | None:
        """Whether the answer equals an expression at every point; None where rounding hides it."""
        compared = 0
        calculators = self.calculators if calculators is None else calculators
        for calculator in calculators:
            equal = _equal(calculator(self.yours), calculator(tree))
            if equal is False:
                return False
            compared += equal is True
        return True if 2 * compared >= len(calculators) and compared else None

    @staticmethod
    def at(tree: ast.expr, point: Point) -> float:
        return Calculator(point, {}, cautious=False)(tree).value

    def in_names(self, sentence: Sentence) -> Sentence:
        """What is said, with the names of the steps for what they stand for."""

        def named(tree: ast.expr) -> ast.expr:
            for step in reversed(self.before):
                if step.heading is not None and not isinstance(step.tree, ast.Constant):
                    for each in (step.tree, tidy(step.tree)):
                        tree = replaced(tree, each, step.heading)
            return tree

        return tuple(piece if isinstance(piece, str) else named(piece) for piece in sentence)

    def shown(self) -> Point:
        """A point of round numbers at which the two differ, if they do."""
        found: Point | None = None
        for first, *others in itertools.islice(self._nice_points(), 200):
            point = dict(zip([self.variable, *self._others()], [first, *others], strict=True))
            yours, right = self.at(self.yours, point), self.at(self.slope, point)
            if not math.isfinite(right):
                continue
            found = found or point
            if not math.isclose(yours, right, rel_tol=1e-3, abs_tol=1e-6):
                return point
        for calculator in self.calculators:
            if _equal(calculator(self.yours), calculator(self.slope)) is False:
                return calculator.point
        return found or self.calculators[0].point

    def _others(self) -> list[str]:
        return [each for each in self.names if each != self.variable]

    def _nice_points(self) -> Iterator[tuple[float, ...]]:
        count = len(self.names)
        for shift in range(len(_NICE)):
            for step in (3, 1, 2):
                yield tuple(_NICE[(shift + step * i) % len(_NICE)] for i in range(count))
        for value in _NICE:
            yield (value,) * count

    def numbers(self, point: Point, yours: float, right: float) -> Sentence:
        shown = {*names_in(self.tree), *names_in(self.yours)}
        pieces: list[Piece] = []
        for label, value in point.items():
            if label in shown:
                pieces += [", " if pieces else "At ", ast.Name(label), " = ", number(value)]
        digits = self.digits_of(yours, right)
        gives: Sentence = (" yours gives ", to_digits(yours, digits))
        if math.isnan(yours):
            gives = (" yours has no value",)
        start = pieces or ["It is a number:"]
        return (*start, *gives, ", the derivative is ", to_digits(right, digits), ".")

    def digits_of(self, a: float, b: float) -> int:
        """How many digits tell two numbers apart."""
        for digits in range(self.digits, 17):
            if decimal(a, digits) != decimal(b, digits):
                return digits
        return 17

    # Words

    def written(self, tree: ast.expr) -> ast.expr:
        """An expression with what the steps stand for in place of their names."""
        for step in reversed(self.steps):
            if step.heading is not None:
                tree = replaced(tree, step.heading, step.tree)
        return tree

    def how_right(self) -> Sentence:
        mine = self.textbook()
        typed = self.yours
        for step in reversed(self.steps):
            if step.heading is not None:
                typed = replaced(typed, step.tree, step.heading)
        if any(same(tidy(each), tidy(typed)) for each in (mine, self.slope)):
            return ("Right.",)
        difference = shortened(ast.BinOp(self.yours, ast.Sub(), tidy(self.slope)))
        if difference is not None and is_zero(difference):
            return ("Right, in another form: it is ", mine, ".")
        count = len(self.calculators)
        return ("Right: it agrees with ", mine, f" at {count} points.")

    def textbook(self) -> ast.expr:
        """The derivative as `derive` writes it in the end."""
        return textbook(self.steps, self.variable)

    def slip(self) -> tuple[str, Sentence]:
        """What went wrong, as well as can be told."""
        known = self.known_slip()
        if known is not None:
            return known
        missing = self._missing_factor()
        if missing is not None:
            return "", missing
        return "", self._first_difference()

    def known_slip(self) -> tuple[str, Sentence] | None:
        if self.agrees(self.tree):
            return "", ("That is the expression itself, not its derivative.",)
        few = self.calculators[:2]
        slips = Slips(self.tree, self.variable, self.work.in_full)
        for slip in itertools.islice(slips, MOST_SLIPS):
            if self.agrees(slip.tree, few) is not False and self.agrees(slip.tree):
                return slip.rule, slip.says
        if self.agrees(ast.UnaryOp(ast.USub(), self.slope)):
            return "", ("The sign is wrong.",)
        for label in self._others():
            slope = derivative(self.tree, {label: number(1)})
            if label in names_in(self.tree) and self.agrees(slope):
                asked = ast.Name(self.variable)
                return "", (
                    "That is the derivative with respect to ",
                    ast.Name(label),
                    "; asked for is the one with respect to ",
                    asked,
                    ".",
                )
        return None

    def _missing_factor(self) -> Sentence | None:
        """A factor that the answer lacks, or has too many."""
        _, powers = as_product(self.textbook())
        powers = as_product(tidy(self.slope))[1] | powers
        for base, power in powers.values():
            factor = base if power == 1 else ast.BinOp(base, ast.Pow(), fraction(power))
            lacking = ast.BinOp(self.slope, ast.Div(), self.written(factor))
            if names_in(factor) and self.agrees(lacking):
                return ("Missing: the factor ", tidy(factor), ".")
        for label in self.names:
            if self.agrees(ast.BinOp(self.slope, ast.Mult(), ast.Name(label))):
                return ("A factor ", ast.Name(label), " too many.")
        ratios = []
        for calculator in self.calculators:
            a, b = calculator(self.yours), calculator(self.slope)
            if b.value and math.isfinite(a.value):
                ratios.append(a.value / b.value)
        if not ratios or not ratios[0] or not math.isfinite(ratios[0]):
            return None
        if any(not math.isclose(each, ratios[0], rel_tol=1e-9) for each in ratios):
            return None
        if math.isclose(ratios[0], 1.0, rel_tol=1e-2):
            return ("A number in it is rounded.",)
        return ("It is ", to_digits(ratios[0], 4), " times the derivative: a factor is wrong.")

    def _first_difference(self) -> Sentence:
        """A term of the derivative that the answer doesn't have, or how to begin."""
        mine = [signed(*each) for each in terms_of(tidy(self.slope))]
        yours = [signed(*each) for each in terms_of(tidy(self.yours))]
        if len(mine) > 1:
            for term in mine:
                if not any(self._same(term, other) for other in yours):
                    return ("The first term that differs: the derivative has ", term, ".")
        if self.variable not in names_in(self.tree):
            x = ast.Name(self.variable)
            return (self.tree, " does not contain ", x, ", so its derivative is 0.")
        if row_of(self.tree) is None:
            return ("It is ", tidy(self.slope), ".")
        application = apply(self.tree, self.variable)
        _, says = stated(application)
        return (f"It begins with the {application.rule}: ", *says, ".")

    def _same(self, a: ast.expr, b: ast.expr) -> bool:
        return all(_equal(c(a), c(b)) is not False for c in self.calculators)


def _equal(a: Rounded, b: Rounded) -> bool | None:
    """Whether two numbers are equal, as far as rounding lets be told."""
    if math.isinf(a.error) or math.isinf(b.error):
        return None
    if math.isnan(a.value) or math.isnan(b.value):
        return None if math.isnan(a.value) and math.isnan(b.value) else False
    error = a.error + b.error
    size = max(abs(a.value), abs(b.value))
    if error > _DROWNED * size and abs(a.value - b.value) <= 8 * error:
        return None if size else True
    return abs(a.value - b.value) <= _EQUAL * size + 8 * error
