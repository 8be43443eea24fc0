"""A derivation in progress: rules one after another, then school algebra.

Each line is computed at points where the derivative is known from the engine, and compared
with it before it is written down.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeGuard

from ..algebra.intervals import proven
from ..algebra.simplify import as_product, numerator_and_denominator, terms_of, tidy
from ..algebra.trees import (
    PRODUCT,
    SUM,
    added,
    call,
    fraction,
    is_one,
    is_sum,
    key,
    name,
    names_in,
    number,
    rebuilt,
    replaced,
    same,
    size,
    substituted,
)
from ..notation.document import UNBROKEN, Piece, Sentence, listed
from ..notation.typeset import PENDING, Typesetter
from ..table.floats import CONSTANTS
from .formulas import signed
from .rounding import Calculator, Rounded
from .rules import CHAIN, CONSTANT, SUM_RULE, Application, Point, apply, at_point, number_at

#: The reason for a line that is written with the name of what is differentiated.
BY_NAME = "put the name back"

TOTAL_DERIVATIVE = "total derivative"

# How close a line's number is to the engine's, and when rounding makes it worth nothing.
_CLOSE = 1e-7
_DROWNED = 1e-5
#: An error that is small even where the derivative is 0, as that of x/x comes out.
NEXT_TO_NOTHING = 1e-12

#: The name of a rule, and what it says in the case at hand.
Reason = tuple[str, Sentence]


@dataclass(frozen=True)
class Line:
    """One line of a derivation.

    formula  the derivative as it stands, in the language of expressions; `d(e, x)` is what
             is still to be differentiated
    rules    the names of the rules that led here from the line before
    is_rule  whether those are rules of differentiation, not of algebra
    """

    tree: ast.expr
    reasons: tuple[Reason, ...]
    is_rule: bool = False

    @property
    def formula(self) -> str:
        return ast.unparse(ast.fix_missing_locations(self.tree))

    @property
    def rules(self) -> tuple[str, ...]:
        return rules_in(self.reasons)

    @property
    def text(self) -> str:
        """The line in Unicode, as it is shown."""
        return Typesetter()(self.tree)


def slot(function: str, i: int) -> str:
    """The name of a function's derivative with respect to one of several arguments: f_1."""
    return f"{function}_{i + 1}"


def pending_derivative(tree: ast.expr, variable: str, several: bool) -> ast.expr:
    """d/dx of an expression; with ∂ where there are other names to hold fixed."""
    return call(PENDING, tree, name(variable), *([number(0)] if several else []))


def rules_in(reasons: Sequence[Reason]) -> tuple[str, ...]:
    """The names of the rules among the reasons, each once."""
    return tuple(dict.fromkeys(rule for names, _ in reasons for rule in names.split(" and ")))


class Work:
    """A derivation in progress: the lines so far, each checked when it is added.

    points     where each line is computed
    functions  what the functions stand for that nothing is known of
    several    whether there are other names, which are held fixed
    case       the point whose case of each rule is shown; by default all that may occur are
    """

    def __init__(
        self,
        tree: ast.expr,
        variable: str,
        points: Sequence[Point],
        functions: Mapping[str, Any],
        several: bool,
        case: Point | None = None,
    ) -> None:
        self.tree = tree
        self.variable = variable
        self.functions = functions
        self.several = several
        self.decide = proven if case is None else at_point(case)
        self.lines: list[Line] = []
        self._terse = False
        self.check_at(points)

    def check_at(self, points: Sequence[Point]) -> None:
        """Compute each further line at these points."""
        self.points = points
        self._calculators = [Calculator(point, self.functions) for point in points]

    @cached_property
    def full(self) -> ast.expr:
        """The derivative as the rules give it, before any algebra."""
        return self.in_full(self.tree)

    def slope_at(self, calculator: Calculator) -> Rounded:
        """The engine's derivative at a point, as exact as the rules' formula can be there."""
        slope = calculator(self.pending(self.tree))
        return Rounded(slope.value, slope.error + calculator(self.full).error)

    @cached_property
    def _slopes(self) -> list[Rounded]:
        return [self.slope_at(calculator) for calculator in self._calculators]

    def agrees(self, tree: ast.expr) -> bool | None:
        """Whether an expression equals the engine's derivative at every point.

        None where rounding drowns one of them at more than half of the points.
        """
        compared = 0
        for calculator, slope in zip(self._calculators, self._slopes, strict=True):
            found = calculator(tree)
            error = slope.error + found.error
            if error > _DROWNED * abs(slope.value):
                if error != math.inf and not abs(found.value - slope.value) <= 8 * error:
                    return False
                if error > NEXT_TO_NOTHING:
                    continue
            elif not abs(found.value - slope.value) <= _CLOSE * abs(slope.value) + 8 * error:
                return False
            compared += 1
        return True if 2 * compared >= len(self.points) else None

    def add(self, tree: ast.expr, *reasons: Reason) -> bool:
        """Add a line unless it says what the last one says. An algebra line must be right."""
        if self._terse or (self.lines and same(self.lines[-1].tree, tree)):
            return False
        if not self.agrees(tree):
            return False
        self.lines.append(Line(tree, reasons))
        return True

    def pending(self, tree: ast.expr) -> ast.expr:
        return pending_derivative(tree, self.variable, self.several)

    def rule(self, tree: ast.expr, pending: Callable[[ast.expr], ast.expr]) -> Application | None:
        """The rule for an expression that contains the variable; None for case by case."""
        match tree:
            case ast.IfExp():
                return None
            case ast.Call(func=ast.Name(id=function), args=[inner]) if function in self.functions:
                slope = call(f"{function}'", inner)
                letter = inner if isinstance(inner, ast.Name) else name("u")
                left = call("′", call(function, letter))
                right: ast.expr = call(f"{function}'", letter)
                if isinstance(inner, ast.Name):
                    return Application(
                        f"derivative of {function}", left, right, {}, self.variable, tree, slope
                    )
                right = ast.BinOp(right, ast.Mult(), name("u'"))
                result = ast.BinOp(slope, ast.Mult(), pending(inner))
                return Application(CHAIN, left, right, {"u": inner}, self.variable, tree, result)
            case ast.Call(func=ast.Name(id=function), args=operands) if function in self.functions:
                return self._total(tree, function, operands, pending)
        return apply(tree, self.variable, self.decide, pending=pending)

    def _total(
        self,
        tree: ast.expr,
        function: str,
        operands: Sequence[ast.expr],
        pending: Callable[[ast.expr], ast.expr],
    ) -> Application:
        """The total derivative of a function of several arguments: f₁·u′ + f₂·v′."""
        taken = names_in(tree)
        letters = [each for each in "uvwpqrstabc" if each not in taken][: len(operands)]
        moving = [i for i, each in enumerate(operands) if self.variable in names_in(each)]
        statement: list[ast.expr] = []
        terms: list[ast.expr] = []
        for i in moving:
            symbols = call(slot(function, i), *map(name, letters))
            statement.append(ast.BinOp(symbols, ast.Mult(), name(f"{letters[i]}'")))
            slope = call(slot(function, i), *operands)
            is_variable = isinstance(operands[i], ast.Name)
            inner = number(1) if is_variable else pending(operands[i])
            terms.append(slope if is_variable else ast.BinOp(slope, ast.Mult(), inner))
        left = call("′", call(function, *map(name, letters)))
        named = dict(zip(letters, operands, strict=True))
        return Application(
            TOTAL_DERIVATIVE, left, added(statement), named, self.variable, tree, added(terms)
        )

    def taken(self, tree: ast.expr, pending: Callable[[ast.expr], ast.expr]) -> ast.expr:
        """The derivative of an expression by its last operation."""
        if isinstance(tree, ast.Name):
            return number(1 if tree.id == self.variable else 0)
        if self.variable not in names_in(tree):
            return number(0)
        if isinstance(tree, ast.IfExp):
            return ast.IfExp(tree.test, pending(tree.body), pending(tree.orelse))
        if _is_long_sum(tree):
            moving = [self.variable in names_in(each) for each in tree.args]
            parts = zip(moving, tree.args, strict=True)
            return call(SUM, *(pending(each) if moves else number(0) for moves, each in parts))
        if is_sum(tree):
            return self._term_by_term(tree, pending)
        application = self.rule(tree, pending)
        assert application is not None
        return application.result

    def _term_by_term(self, tree: ast.expr, pending: Callable[[ast.expr], ast.expr]) -> ast.expr:
        """A sum's derivative, a term for each of its terms: 0 for one without the variable."""
        match tree:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
                last = right
                # What is taken away in brackets is one term.
                in_brackets = isinstance(op, ast.Sub) and self.variable not in names_in(right)
                last = number(0) if in_brackets else self._term_by_term(right, pending)
                return ast.BinOp(self._term_by_term(left, pending), op, last)
        if isinstance(tree, ast.Name):
            return number(1 if tree.id == self.variable else 0)
        return pending(tree) if self.variable in names_in(tree) else number(0)

    def in_full(self, tree: ast.expr) -> ast.expr:
        return self.taken(tree, self.in_full)

    def rules(self, *, checked: bool = True) -> None:
        """Apply rules until nothing is left to differentiate, a line for each depth."""
        current = self.pending(self.tree)
        while True:
            reasons: list[Reason] = []

            def advance(each: ast.expr, reasons: list[Reason] = reasons) -> ast.expr:
                match each:
                    case ast.Call(func=ast.Name(id="d"), args=[inner, *_]):
                        reasons += self.reasons(inner)
                        return self.taken(inner, self.pending)
                return rebuilt(each, advance)

            advanced = advance(current)
            if not reasons:
                return
            if checked and self.agrees(advanced) is False:
                raise ArithmeticError(
                    f"{', '.join(rule for rule, _ in reasons)} gave "
                    f"{ast.unparse(ast.fix_missing_locations(advanced))}, which is not the "
                    f"derivative of {ast.unparse(self.tree)}; please report this"
                )
            unique = {key_of(reason): reason for reason in reasons}
            self.lines.append(Line(advanced, tuple(unique.values()), is_rule=True))
            current = advanced

    def reasons(self, inner: ast.expr) -> list[Reason]:
        if isinstance(inner, ast.Name) and inner.id == self.variable:
            return [("derivative of the variable", (inner, " changes as fast as itself: 1"))]
        if self.variable not in names_in(inner):
            return [constant_reason([inner], self.variable)]
        if isinstance(inner, ast.IfExp):
            return [("case by case", ())]
        if _is_long_sum(inner):
            return [(SUM_RULE, ("term by term",))]
        if is_sum(inner) and any(is_sum(each) for each in (inner.left, inner.right)):
            still = [each for _, each in terms_of(inner) if self.variable not in names_in(each)]
            by_term = (SUM_RULE, ("term by term",))
            return [by_term, *([constant_reason(still, self.variable)] if still else [])]
        application = self.rule(inner, self.pending)
        assert application is not None
        return [stated(application), *constant_reasons(application, self.variable)]

    def tidy(self, *, parts: bool = True) -> None:
        """School algebra: first inside the rule that was applied first, then everywhere."""
        final = self.lines[-1].tree
        if not parts:
            self.add(tidy(final), ("simplify", ()))
            return
        inside = self.taken(self.tree, lambda each: tidy(self.in_full(each)))
        if not isinstance(inside, ast.IfExp):
            self.add(_exponents_folded(inside), ("simplify the parts", ()))
        tidied = tidy(final)
        self.add(tidied, ("simplify", ()))
        self.add(_case_by_case(tidied), ("case by case", ()))

    def in_terms_of_itself(self, heading: ast.expr, *, steps: bool = True) -> None:
        """σ′ = σ(1 − σ), tanh′ = 1 − tanh²: a quotient's derivative in terms of the quotient."""
        self._terse = not steps
        above, below = numerator_and_denominator(tidy(self.tree))
        top, bottom = numerator_and_denominator(self.lines[-1].tree)
        squared = tidy(ast.BinOp(below, ast.Pow(), number(2)))
        if self.variable not in names_in(below) or not same(bottom, squared):
            return
        whole = replaced(self.tree, self.tree, heading)
        if not names_in(above):
            self._split_constant_over(above, below, top, whole)
        else:
            self._split_quotient(above, below, top, whole)

    def _fit(self, trees: Sequence[ast.expr], target: ast.expr) -> list[Fraction] | None:
        """Simple numbers with which two expressions add up to a third, at every point."""
        a, b, c = (
            [number_at(each, point, self.functions) for point in self.points]
            for each in (*trees, target)
        )
        for i in range(1, len(a)):
            determinant = a[0] * b[i] - a[i] * b[0]
            if abs(determinant) < 1e-6:
                continue
            solved = [
                (c[0] * b[i] - c[i] * b[0]) / determinant,
                (a[0] * c[i] - a[i] * c[0]) / determinant,
            ]
            simple = [Fraction(each).limit_denominator(64) for each in solved]
            p, q = map(float, simple)
            if all(
                math.isclose(p * x + q * y, z, rel_tol=1e-9, abs_tol=1e-11)
                for x, y, z in zip(a, b, c, strict=True)
            ):
                return simple
            return None
        return None

    def name_put_back(self, heading: ast.expr, tree: ast.expr) -> None:
        """A line with the name of a step for what it stands for, where the last line has that."""
        last = self.lines[-1].tree
        named = replaced(replaced(last, tree, heading), tidy(tree), heading)
        if not same(named, last) and self.agrees(replaced(named, heading, tree)):
            self.lines.append(Line(named, ((BY_NAME, (tree, " is ", heading)),)))

    def slope_put_back(
        self, heading: ast.expr, tree: ast.expr, written: Callable[[ast.expr], ast.expr]
    ) -> None:
        """A line with a(1 − a) for a step's derivative, where the last line has that as a factor.

        heading  the name of the step
        tree     what it stands for
        written  puts in what the names of all steps stand for
        """
        outer, inside = _of_its_exponent(tree, self.variable)
        if inside is None:
            return
        values = [calculator(inside).value for calculator in self._calculators]
        points = [
            {**point, _INSIDE: value}
            for point, value in zip(self.points, values, strict=True)
            if math.isfinite(value)
        ]
        inner = Work(outer, _INSIDE, points, self.functions, self.several)
        inner.rules(checked=False)
        inner.tidy(parts=False)
        before = inner.lines[-1].tree
        inner.in_terms_of_itself(heading, steps=False)
        own = inner.lines[-1].tree
        if same(own, before):
            return
        slope = tidy(substituted(before, {_INSIDE: inside}))
        last = self.lines[-1].tree
        found = []
        for sign, term in terms_of(last):
            rest = tidy(ast.BinOp(term, ast.Div(), slope))
            if size(rest) < size(term):
                # What is left may have the step itself as a factor: 2a·a(1 − a).
                again = tidy(ast.BinOp(rest, ast.Div(), tree))
                if size(again) < size(rest):
                    rest = ast.BinOp(again, ast.Mult(), heading)
                term = _times(rest, own)
            found.append(signed(sign, term))
        named = added(found)
        if size(named) < size(last) and self.agrees(written(named)):
            self.lines.append(Line(named, ((BY_NAME, (slope, " is ", own)),)))

    def _split_constant_over(
        self, above: ast.expr, below: ast.expr, top: ast.expr, itself: ast.expr
    ) -> None:
        """c/D with D′ = m·(D − k): split off c/D, then add and subtract k."""
        if self.variable not in names_in(top):
            return
        fitted = self._fit((below, number(1)), top)
        if fitted is None or not fitted[0] or not fitted[1]:
            return
        m, constant = fitted
        k = -constant / m
        front = m / _exact(above)
        kept = tidy(ast.BinOp(top, ast.Div(), fraction(m)))
        first = ast.BinOp(above, ast.Div(), below)
        k_tree = fraction(abs(k))

        def line(*factors: ast.expr) -> ast.expr:
            leading = [fraction(front)] if front != 1 else []
            return call(PRODUCT, *leading, first, *factors)

        def over(numerator: ast.expr) -> ast.expr:
            return ast.BinOp(numerator, ast.Div(), below)

        less = ast.Sub() if k > 0 else ast.Add()
        zero = ast.BinOp(k_tree, ast.Sub(), k_tree)
        restored = ast.BinOp(below, less, k_tree)
        squared = ast.BinOp(below, ast.Pow(), number(2))
        self.add(line(over(kept)), ("split the fraction", (squared, " is ", below, " twice")))
        if not self.agrees(line(over(restored))):
            return
        why = ("add zero", (zero, " changes nothing, and brings back ", below))
        self.add(line(over(ast.BinOp(kept, ast.Add(), zero))), why)
        self.add(line(over(restored)), ("reorder", ()))
        self.add(
            line(ast.BinOp(over(below), less, over(k_tree))),
            ("split the second fraction", ()),
        )
        one = ast.BinOp(number(1), less, over(k_tree))
        self.add(line(one), ("a number divided by itself is 1", ()))
        share = tidy(ast.BinOp(fraction(abs(k) / _exact(above)), ast.Mult(), itself))
        remaining = ast.BinOp(number(1), less, share)
        last: ast.expr = ast.BinOp(itself, ast.Mult(), remaining)
        if front != 1:
            last = tidy(ast.BinOp(fraction(front), ast.Mult(), last))
        self.recognised(last, first, itself, ", and ", over(kept), " is ", remaining)

    def _split_quotient(
        self, above: ast.expr, below: ast.expr, top: ast.expr, itself: ast.expr
    ) -> None:
        """U/V whose derivative is (p·V² − q·U²)/V²: split into p − q·(U/V)²."""
        squares = [ast.BinOp(each, ast.Pow(), number(2)) for each in (below, above)]
        fitted = self._fit(squares, top)
        if fitted is None or not fitted[0] or not fitted[1]:
            return
        p, q = fitted
        sign = ast.Add() if q > 0 else ast.Sub()

        def times(factor: Fraction, tree: ast.expr) -> ast.expr:
            return tree if factor == 1 else ast.BinOp(fraction(factor), ast.Mult(), tree)

        over = [ast.BinOp(each, ast.Div(), squares[0]) for each in squares]
        self.add(
            ast.BinOp(times(p, over[0]), sign, times(abs(q), over[1])),
            ("split the fraction", ()),
        )
        square = times(abs(q), ast.BinOp(itself, ast.Pow(), number(2)))
        self.recognised(
            ast.BinOp(fraction(p), sign, square), ast.BinOp(above, ast.Div(), below), itself
        )

    def recognised(self, tree: ast.expr, whole: ast.expr, itself: ast.expr, *also: Piece) -> None:
        """Add a line in terms of the function itself, if it says the same."""
        if self.agrees(replaced(tree, itself, self.tree)):
            reason = (BY_NAME, (whole, " is ", itself, *(also or (" itself",))))
            self.lines.append(Line(tree, (reason,)))

    def shorten(self, shorter: Callable[[ast.expr], ast.expr | None]) -> None:
        """A line that is clearly shorter, where one is found."""
        last = self.lines[-1].tree
        if BY_NAME in self.lines[-1].rules or size(last) <= 4:
            return
        found = shorter(last)
        if found is not None and size(found) < 0.85 * size(last):
            self.add(found, ("simplify further", ()))


# The name that stands for what is in an exponent.
_INSIDE = "_inside"


def _of_its_exponent(tree: ast.expr, variable: str) -> tuple[ast.expr, ast.expr | None]:
    """1/(1 + e^(−w·x)) as an expression in w·x, and that; None where it is no such expression."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="exp"), args=[exponent]):
                inside = tidy(exponent)
                stands: ast.expr = name(_INSIDE)
                if isinstance(inside, ast.UnaryOp):
                    inside, stands = inside.operand, ast.UnaryOp(ast.USub(), stands)
                outer = replaced(tree, exponent, stands)
                if variable in names_in(inside) and variable not in names_in(outer):
                    return outer, inside
    return tree, None


def _times(rest: ast.expr, own: ast.expr) -> ast.expr:
    """The product of what is left and a step's derivative, its sign in front."""
    match rest:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ast.UnaryOp(ast.USub(), _times(operand, own))
    return own if is_one(rest) else ast.BinOp(rest, ast.Mult(), own)


def _is_long_sum(tree: ast.expr) -> TypeGuard[ast.Call]:
    return isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == SUM


def key_of(reason: Reason) -> str:
    """Equal for reasons that say the same."""
    return reason[0] + "".join(each if isinstance(each, str) else key(each) for each in reason[1])


def constant_reason(trees: Sequence[ast.expr], variable: str) -> Reason:
    """Why expressions without the variable have derivative 0."""
    do, its = ("does", "its derivative is 0")
    if len(trees) > 1:
        do, its = ("do", "their derivatives are 0")
    elif not names_in(trees[0]).keys() - CONSTANTS.keys():
        return CONSTANT, (trees[0], f" is a number and never changes, so {its}")
    return CONSTANT, (*listed(trees), f" {do} not contain ", name(variable), f", so {its}")


def constant_reasons(application: Application, variable: str) -> list[Reason]:
    """The operands whose derivative stands as 0 in the result of a rule."""
    primes = names_in(application.right)
    return [
        constant_reason([operand], variable)
        for letter, operand in application.letters.items()
        if f"{letter}'" in primes and variable not in names_in(operand)
    ]


def stated(application: Application) -> Reason:
    """A rule and what its letters stand for."""
    sentence: list[str | ast.expr] = [application.left, " = ", application.right]
    shown = [
        (letter, operand)
        for letter, operand in application.letters.items()
        if not (isinstance(operand, ast.Name) and operand.id == letter)
    ]
    for i, (letter, operand) in enumerate(shown):
        short = isinstance(operand, ast.Name | ast.Constant)
        equals = f"{UNBROKEN}={UNBROKEN}" if short else f"{UNBROKEN}= "
        sentence += [", with " if i == 0 else ", ", name(letter), equals, operand]
        prime = f"{letter}'"
        is_variable = isinstance(operand, ast.Name) and operand.id == application.variable
        if is_variable and prime in names_in(application.right):
            sentence += [", so ", name(prime), f"{UNBROKEN}={UNBROKEN}1"]
    return application.rule, tuple(sentence)


def _case_by_case(tree: ast.expr) -> ast.expr:
    """{0 if u < 0; else 1}·v as {0 if u < 0; else v}: what is 0 needs no v."""
    if is_sum(tree):
        return rebuilt(tree, _case_by_case)
    cases = [base for base, power in as_product(tree)[1].values() if power == 1]
    cases = [base for base in cases if isinstance(base, ast.IfExp)]
    if len(cases) != 1 or same(cases[0], tree):
        return tree

    def multiplied_out(each: ast.expr) -> ast.expr:
        if isinstance(each, ast.IfExp):
            return ast.IfExp(each.test, multiplied_out(each.body), multiplied_out(each.orelse))
        return tidy(replaced(tree, cases[0], each))

    return multiplied_out(cases[0])


def _exponents_folded(tree: ast.expr) -> ast.expr:
    tree = rebuilt(tree, _exponents_folded)
    match tree:
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            exponent = tidy(right)
            return left if is_one(exponent) else ast.BinOp(left, ast.Pow(), exponent)
    return tree


def _exact(tree: ast.expr) -> Fraction:
    return Fraction(number_at(tree, {})).limit_denominator(1000)
