"""Whether an answer is the derivative, of an expression or in a recorded graph.

A right answer in another form is right; of a wrong one the usual slips are tried.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..algebra.simplify import tidy
from ..algebra.trees import names_in, number, size, substituted
from ..engine.functions import FUNCTIONS
from ..engine.numbers import to_float
from ..engine.value import Value, toposort
from ..notation.document import Sentence
from ..notation.meanings import advice
from ..notation.typeset import product, to_digits
from ..table.floats import CONSTANTS
from ..table.language import ExpressionError
from .chain_rule import found_value
from .chains import MOST_PATHS, Chains
from .comparison import MOST_SLIPS, Check, Comparison
from .derivation import Step, named_in, read_answer, steps_of
from .factors import Factor, Path
from .formulas import Formulas
from .rounding import Calculator
from .rules import CHAIN, Point
from .short import route
from .slips import Slips
from .textbook import TOTAL_DERIVATIVE, Work

# How much a graph may take to write out, to compare a formula with it.
_LONGEST = 400


def check(
    answer: Any,
    derivative_of: str | Value,
    wrt: str | Value | None = None,
    *,
    digits: int = 6,
) -> Check:
    """Whether `answer` is the derivative of `derivative_of`, and if not, which slip it is.

    answer         an expression in text, or a number; `...`, None and "" are no answer yet
    derivative_of  an expression in text, in steps where you like, as `derive` reads it; or a
                   Value, whose derivative at its numbers is meant
    wrt            the name to differentiate with respect to; of a Value, the value or its label
    digits         how many significant digits numbers are shown with

    An answer may use the names of steps and labels: "a*(1 - a)". A number is right if it is
    the derivative rounded to the digits it has, at least two. Text is read by the parser of
    `derive` and never run as Python.

    Raises `ValueError` for text that is no expression, and what `derive` and `explain` raise
    for what they can't differentiate.

    >>> print(check("3*(x**2+1)**2", derivative_of="(x**2+1)**3", wrt="x").to_text(100))
      At x = 2 yours gives 75, the derivative is 300.
    <BLANKLINE>
      Missing: the inside’s derivative 2x (chain rule). The inside is x² + 1.
    >>> bool(check("6*x*(x**4 + 2*x**2 + 1)", "(x**2+1)**3"))
    True
    """
    if is_open(answer):
        return Check(None, [("Your turn.",)], digits=digits)
    if isinstance(derivative_of, Value):
        return _of_value(answer, derivative_of, wrt, digits)
    steps, variable = asked_about("check", derivative_of, wrt)
    return check_steps(answer, steps, variable, digits)


def asked_about(asking: str, source: Any, wrt: Any) -> tuple[list[Step], str]:
    """The steps of an expression in text, and the name that it is differentiated by."""
    if not isinstance(source, str):
        raise TypeError(
            f"{asking} takes an expression in text or a Value to differentiate, got "
            f"{type(source).__name__} {source!r:.60}"
        )
    if isinstance(wrt, Value):
        raise TypeError("wrt is a name in the expression, got a Value")
    wrt = named_in(source, wrt)
    steps = steps_of(source, (), wrt)
    return steps, wrt or steps[-1].variable()


def is_open(answer: Any) -> bool:
    """Whether there is no answer yet."""
    return answer is None or answer is ... or (isinstance(answer, str) and not answer.strip())


def check_steps(answer: Any, steps: Sequence[Step], variable: str, digits: int) -> Check:
    """Check an answer about the last of several steps, each written out in free names."""
    yours = _answer(answer, steps, {*names_in(steps[-1].tree), variable})
    return Comparison(steps, variable, yours, digits).check()


def _answer(answer: Any, steps: Sequence[Step], free: set[str]) -> ast.expr:
    """The answer as an expression in the free names."""
    if not isinstance(answer, str):
        if isinstance(answer, Value):
            raise TypeError("an answer is text or a number, got a Value: its .data is a number")
        return number(to_float(answer))
    tree = read_answer(answer, free, steps)
    unknown = names_in(tree).keys() - free - CONSTANTS.keys()
    if unknown:
        raise _strangers(unknown, sorted(free - CONSTANTS.keys()))
    return tree


def _strangers(unknown: Collection[str], known: Collection[str]) -> ExpressionError:
    """What to say of names in an answer that the question does not have."""
    meant = [each for each in (advice(label, known, FUNCTIONS) for label in unknown) if each]
    hint = f"; for a product or a function write {meant[0]}" if meant else ""
    return ExpressionError(
        f"the answer has {', '.join(sorted(unknown))} in it, but the names here are "
        f"{', '.join(known)}{hint}"
    )


# Answers about a recorded graph.


def _of_value(answer: Any, y: Value, wrt: str | Value | None, digits: int) -> Check:
    order = toposort(y)
    if wrt is None:
        leaves = [v for v in order if v.kind in ("leaf", "parameter")]
        if len(leaves) != 1:
            raise ValueError("say which value to differentiate with respect to: wrt=…")
        wrt = leaves[0]
    chains = Chains(y, found_value(wrt, order))
    given = _number_or_formula(answer, chains.formulas)
    if isinstance(given, str):
        return _number(given, chains, digits)
    return _formula(given, chains, digits)


def _number(text: str, chains: Chains, digits: int) -> Check:
    return check_number(text, chains.value, digits, lambda given: _slip_of_number(given, chains))


def _number_or_formula(answer: Any, formulas: Formulas) -> str | ast.expr:
    """The digits of an answer that is a number, and any other as an expression in labels."""
    if not isinstance(answer, str):
        if isinstance(answer, Value):
            raise TypeError("an answer is text or a number, got a Value: its .data is a number")
        return repr(to_float(answer))
    tree = read_answer(answer, formulas.values)
    unknown = names_in(tree).keys() - formulas.values.keys() - CONSTANTS.keys()
    if unknown:
        raise _strangers(unknown, formulas.values)
    if names_in(tree).keys() - CONSTANTS.keys():
        return tree
    text = answer.strip().replace("−", "-").replace(",", ".")
    return text if _NUMBER.fullmatch(text) else repr(_number_of(tree))


_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)


def _number_of(tree: ast.expr) -> float:
    return Calculator({}, {}, cautious=False)(tree).value


def check_number(
    text: str,
    right: float,
    digits: int,
    slips: Callable[[Decimal], Sequence[Sentence]] = lambda given: (),
) -> Check:
    """A number beside the right one, to the digits it is given with.

    slips  what can be said of a wrong one
    """
    given = Decimal(text)
    yours = float(given)
    both: dict[str, Any] = {"yours": yours, "derivative": right, "digits": digits}
    if _is_rounded_to(given, right):
        if len(given.as_tuple().digits) < 2 and yours != right:
            return Check(False, [("That is right to one digit; give two or more.",)], **both)
        return Check(True, [("Right.",)], **both)
    shown = ("Yours is ", number(yours), ", the derivative is ", to_digits(right, digits), ".")
    return Check(False, [shown, *slips(given)], **both)


def check_factor(answer: Any, factor: Factor, digits: int) -> Check:
    """An answer about one link of a chain, a number or a formula in its names."""
    if is_open(answer):
        return Check(None, [("Your turn.",)], digits=digits)
    given = _number_or_formula(answer, factor.formulas)
    if isinstance(given, str):
        return check_number(given, factor.value, digits, lambda yours: _sign(yours, factor.value))
    formulas = factor.formulas
    of, by = factor.names
    steps = [Step(factor.definition_tree, ast.Name(of))]
    tree = given
    unknown = names_in(tree).keys() - names_in(factor.definition_tree).keys() - {of}
    if unknown:
        tree = substituted(
            tree,
            {
                each: formulas.formula(formulas.values[each])
                for each in unknown
                if each in formulas.values and formulas.values[each].parents
            },
        )
    return Comparison(steps, by, substituted(tree, {of: factor.definition_tree}), digits).check()


def _sign(given: Decimal, right: float) -> list[Sentence]:
    return [("The sign is wrong.",)] if _is_rounded_to(-given, right) else []


def _is_rounded_to(given: Decimal, number_: float) -> bool:
    """Whether a number is another one rounded to the digits it has."""
    if not given.is_finite() or not math.isfinite(number_):
        return float(given) == number_
    exponent = given.as_tuple().exponent
    assert isinstance(exponent, int)
    half = Decimal(5).scaleb(exponent - 1)
    difference = abs(given - Decimal(number_))
    return (
        difference <= half * (1 + Decimal("1e-9")) and (bool(given) or number_ == 0)
    ) or math.isclose(float(given), number_, rel_tol=1e-13)


def _slip_of_number(given: Decimal, chains: Chains) -> list[Sentence]:
    """Which of the numbers of the chain rule gave a wrong one, if it can be told."""
    if _is_rounded_to(-given, chains.value):
        return [("The sign is wrong.",)]
    if chains.wrt not in chains.moving or chains.wrt is chains.y or chains.count > MOST_PATHS:
        return []
    for path in chains.paths:
        if len(chains.paths) > 1 and _is_rounded_to(given, path.value):
            return [_one_way(chains, path)]
    if len(chains.paths) == 1:
        factors = chains.factors
        for factor in factors:
            rest = math.prod(each.value for each in factors if each is not factor)
            if len(factors) > 1 and _is_rounded_to(given, rest):
                return [_missing(factor)]
        for factor in factors:
            if len(factors) > 1 and _is_rounded_to(given, factor.value):
                return [_one_factor(factor)]
        if len(factors) > 1 and _is_rounded_to(given, math.fsum(each.value for each in factors)):
            return [("Along a way the factors are multiplied, not added.",)]
    return []


def _one_way(chains: Chains, path: Path) -> Sentence:
    ways = f"; there are {len(chains.paths)}, and they are added up."
    return ("That is what arrives along one way, ", *route(chains, path), ways)


def _missing(factor: Factor) -> Sentence:
    formula: Sentence = (" = ", factor.formula_tree) if names_in(factor.formula_tree) else ()
    return ("Missing: the factor ", factor.symbol, *formula, " = ", number(factor.value), ".")


def _one_factor(factor: Factor) -> Sentence:
    return ("That is one factor, ", factor.symbol, "; all are multiplied.")


def _formula(tree: ast.expr, chains: Chains, digits: int) -> Check:
    """A formula in the names of the graph beside the derivative."""
    formulas = chains.formulas
    known: dict[str, ast.expr] = {}
    sizes: dict[str, int] = {}
    steps: list[Step] = []
    for label, v in formulas.values.items():
        if v.parents and v is not chains.wrt:
            formula = formulas.formula(v)
            sizes[label] = size(formula) + sum(sizes.get(each, 1) for each in names_in(formula))
            if sizes[label] > _LONGEST:
                here = {each: number(formulas.values[each].data) for each in names_in(tree)}
                return _number(repr(_number_of(substituted(tree, here))), chains, digits)
            known[label] = substituted(formula, known)
            if v is not chains.y:
                steps.append(Step(known[label], ast.Name(label)))
    y = formulas.names[chains.y]
    steps.append(Step(known.get(y, ast.Name(y))))
    yours = substituted(tree, known)
    return _InGraph(steps, formulas.names[chains.wrt], yours, digits, chains, known).check()


class _InGraph(Comparison):
    """A formula in the names of a graph beside the derivative of its result.

    known  the values of the graph written out
    """

    def __init__(
        self,
        steps: Sequence[Step],
        variable: str,
        yours: ast.expr,
        digits: int,
        chains: Chains,
        known: Mapping[str, ast.expr],
    ) -> None:
        self.chains = chains
        self.known = known
        super().__init__(steps, variable, yours, digits)

    def shown(self) -> Point:
        return {label: self.chains.formulas.values[label].data for label in self.names}

    def numbers(self, point: Point, yours: float, right: float) -> Sentence:
        digits = self.digits_of(yours, right)
        shown = (to_digits(yours, digits), ", the derivative is ", to_digits(right, digits))
        return ("With the numbers of the graph yours gives ", *shown, ".")

    def textbook(self) -> ast.expr:
        if self.chains.wrt is self.chains.y or self.chains.count > MOST_PATHS:
            return tidy(self.slope)
        return self.chains.formula

    def known_slip(self) -> tuple[str, Sentence] | None:
        """A slip in one of the factors, or in how they are put together."""
        chains = self.chains
        if chains.wrt is chains.y or chains.count > MOST_PATHS:
            return super().known_slip()
        formulas = [[factor.formula_tree for factor in path.factors] for path in chains.paths]
        for path, trees in zip(chains.paths, formulas, strict=True):
            if len(formulas) > 1 and self.is_it(product(trees)):
                return TOTAL_DERIVATIVE, _one_way(chains, path)
        if len(formulas) == 1:
            (trees,) = formulas
            for i, factor in enumerate(chains.factors):
                rest = [*trees[:i], *trees[i + 1 :]]
                if rest and names_in(trees[i]) and self.is_it(product(rest)):
                    return CHAIN, _missing(factor)
                if rest and self.is_it(trees[i]):
                    return CHAIN, _one_factor(factor)
                made = factor.differentiation
                work = Work(made.tree, made.variable, [], {}, several=True)
                slips = Slips(made.tree, made.variable, work.in_full)
                for slip in itertools.islice(slips, MOST_SLIPS):
                    if self.is_it(product([slip.tree, *rest])):
                        start: Sentence = ("In ", factor.symbol, ": ") if rest else ()
                        return slip.rule, (*start, *slip.says)
        return super().known_slip()

    def written(self, tree: ast.expr) -> ast.expr:
        return substituted(tree, self.known)

    def is_it(self, tree: ast.expr) -> bool:
        """Whether the answer equals a formula in the names of the graph."""
        written = self.written(tree)
        few = self.calculators[:2]
        return self.agrees(written, few) is not False and bool(self.agrees(written))
