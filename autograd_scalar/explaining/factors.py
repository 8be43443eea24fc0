"""The links of a chain of values: each a factor, with its formula, its rules and its number."""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from ..algebra.simplify import sum_of, tidy
from ..algebra.trees import (
    SUM,
    call,
    is_one,
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
from ..engine.value import Value
from ..notation.document import Row
from ..notation.numerals import decimal, is_rounded
from ..notation.typeset import MORE, Typesetter, derivative, total
from ..table.language import is_zero
from .formulas import Formulas, Summand
from .points import RANGES
from .rules import SUM_RULE, Point, number_at
from .textbook import Reason, Work, key_of, rules_in

# An applied rule that takes more than this to write is shown only when it is tidy.
_SHOWN = 60

# Of a sum with more terms than this that change, one term of each kind is worked out.
_FEW = 8
_SHOWN_KINDS = 3
_SHOWN_AMOUNTS = 4

# At how many points a factor's algebra is checked.
_POINTS = 4


class Differentiation:
    """An expression in the names of a graph, differentiated with respect to one of them.

    tree      the expression
    variable  the name
    values    the values by their names
    value     the number of the derivative
    itself    the name of a value that is all of the expression, for a(1 − a); "" for none
    """

    def __init__(
        self,
        tree: ast.expr,
        variable: str,
        values: Mapping[str, Value],
        value: float,
        itself: str = "",
    ) -> None:
        self.tree = tree
        self.variable = variable
        self.values = values
        self.value = value
        self.itself = itself

    def data(self, tree: ast.expr) -> Point:
        """The numbers of the names in an expression."""
        return {label: self.values[label].data for label in names_in(tree) if label in self.values}

    @cached_property
    def work(self) -> Work:
        """The derivation, in which `itself` may stand for the expression."""
        tree = self.tree
        here = self.data(tree)
        draft = Work(tree, self.variable, [], {}, True, here)
        derived, slope = draft.in_full(tree), draft.pending(tree)
        # Algebra holds wherever the case does that applies here, so it is checked at points
        # of ordinary size: near 0 and far out, where the numbers are, rounding hides it.
        found = (point for point in _ordinary(here) if _agree(derived, slope, point))
        points = [*islice(found, _POINTS)]
        if len(points) < _POINTS:
            points += [point for point in _around(here) if _agree(derived, slope, point)]
        work = Work(tree, self.variable, points, {}, True, here)
        # The points were chosen for the derivative in full to be right there.
        work.rules(checked=False)
        work.tidy(parts=False)
        if self.itself:
            itself = name(self.itself)
            before = work.lines[-1].tree
            work.in_terms_of_itself(itself, steps=False)
            if same(before, work.lines[-1].tree) and self.variable in names_in(tidy(tree)):
                written = replaced(before, tidy(tree), itself)
                if not same(written, before):
                    work.recognised(tidy(written), tree, itself)
        return work

    @property
    def formula(self) -> ast.expr:
        """The derivative, as short as it gets."""
        return self.work.lines[-1].tree

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """The rules, each with what it says here."""
        found = {
            key_of(reason): reason
            for line in self.work.lines
            if line.is_rule
            for reason in line.reasons
            if not reason[0].startswith("derivative of the variable")
        }
        return tuple(found.values())


@dataclass(frozen=True)
class Kind:
    """The terms of a sum that are written alike but for their numbers and names.

    count    how many there are
    term     one of them
    example  that one differentiated
    """

    count: int
    term: ast.expr
    example: Differentiation


class Factor:
    """How fast `of` changes with `by`, all else in its formula held fixed: ∂of/∂by.

    of, by      two values with a name, the second in the formula of the first
    value       the number
    vanishes    whether `of` does not depend on `by` at this point, as below a relu's kink:
                then nothing is passed on, whatever comes before and after
    definition  the formula of `of`
    formula     the formula of the derivative, as short as it gets; of a long sum, in part
    rules       the rules of differentiation that give it
    """

    def __init__(self, formulas: Formulas, of: Value, by: Value, partial: float | None) -> None:
        self.formulas = formulas
        self.of = of
        self.by = by
        self.value = partial or 0.0
        self.vanishes = partial is None
        self.names = (formulas.names[of], formulas.names[by])

    def __repr__(self) -> str:
        return f"Factor({Typesetter()(self.symbol)} = {self.formula} = {self.value!r})"

    @property
    def symbol(self) -> ast.expr:
        """∂of/∂by as an expression; dof/dby where no other name exists."""
        straight = len(self.formulas.names) == 2
        return (total if straight else derivative)(*self.names)

    @property
    def definition(self) -> str:
        return Typesetter()(self.definition_tree)

    @property
    def formula(self) -> str:
        return Typesetter()(self.formula_tree)

    @property
    def rules(self) -> tuple[str, ...]:
        return rules_in(self.reasons)

    @cached_property
    def moving(self) -> list[Summand]:
        """The terms of the formula that `by` is in."""
        summands = self.formulas.summands(self.of)
        return [summands[i] for i in self.formulas.containing(self.of, self.names[1])]

    @property
    def still(self) -> list[Summand]:
        """The terms that `by` is not in."""
        there = set(self.formulas.containing(self.of, self.names[1]))
        summands = self.formulas.summands(self.of)
        return [summand for i, summand in enumerate(summands) if i not in there]

    @property
    def is_whole(self) -> bool:
        """Whether `by` is in every term."""
        return len(self.moving) == len(self.formulas.summands(self.of))

    @cached_property
    def definition_tree(self) -> ast.expr:
        """The formula of `of`; of a long sum, the terms that matter here come first."""
        summands = self.formulas.summands(self.of)
        if len(summands) > _FEW:
            summands = [*self.moving, *self.still]
        return sum_of([summand.tree for summand in summands])

    @cached_property
    def shape(self) -> str:
        """Equal for factors that the same rules give in the same way: w·a and v·b."""
        terms = [kind.term for kind in self.kinds] or [each.tree for each in self.moving]
        shapes = [_shape(tree, self.names[1], numbers=True) for tree in terms]
        return " ".join([*shapes, str(not self.is_whole)])

    @cached_property
    def kinds(self) -> list[Kind]:
        """Of a long sum, its kinds of terms, those first that most terms are of."""
        if len(self.moving) <= _FEW:
            return []
        alike: dict[str, list[Summand]] = {}
        for summand in self.moving:
            alike.setdefault(_shape(summand.tree, self.names[1]), []).append(summand)
        found = []
        for summands in sorted(alike.values(), key=len, reverse=True)[:_SHOWN_KINDS]:
            # A term that changes shows more than one that happens to stand still.
            chosen = next((each for each in summands[:100] if self.amount(each)), summands[0])
            example = Differentiation(
                chosen.tree, self.names[1], self.formulas.values, self.amount(chosen)
            )
            found.append(Kind(len(summands), chosen.tree, example))
        return found

    def amount(self, summand: Summand) -> float:
        """What one term of the formula gives to the derivative."""
        if summand.value is self.by:
            return float(summand.sign)
        return summand.sign * (self.formulas.inputs(summand.value).get(self.by) or 0.0)

    @cached_property
    def differentiation(self) -> Differentiation:
        """The terms that change, differentiated together."""
        tree = sum_of([summand.tree for summand in self.moving])
        itself = self.names[0] if self.is_whole else ""
        return Differentiation(tree, self.names[1], self.formulas.values, self.value, itself)

    @cached_property
    def formula_tree(self) -> ast.expr:
        """The derivative's formula, as short as it gets; of a long sum, in part."""
        if not self.kinds:
            return self.differentiation.formula
        shown = [kind.example.formula for kind in self.kinds]
        return call(SUM, *shown, *left_out(len(self.moving) - len(shown)))

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """The rules, each with what it says here."""
        by_term = (SUM_RULE, ("term by term",))
        if self.kinds:
            found = [reason for kind in self.kinds for reason in kind.example.reasons]
            return (by_term, *found)
        reasons = self.differentiation.reasons
        if self.is_whole or any(rule.startswith(SUM_RULE) for rule, _ in reasons):
            return reasons
        return (by_term, *reasons)

    def rows(self, digits: int, known: Collection[str] = ()) -> list[Row]:
        """The sides of ∂of/∂by = rules applied = simplified = with numbers = value.

        known  the shapes of factors whose rules were told before: of another one like them
               only the names of the rules are
        """
        if self.shape in known:
            names: tuple[Reason, ...] = tuple((rule, ()) for rule in self.rules)
            return [Row(self.formula_tree, names), *_with_numbers(self.differentiation, digits)]
        return _rows(self.differentiation, self.reasons, digits)

    def example_rows(self, kind: Kind, digits: int) -> list[Row]:
        """The sides of the equation that differentiates one term of a long sum."""
        return _rows(kind.example, kind.example.reasons, digits)

    def sum_rows(self, digits: int) -> list[Row]:
        """The sides of ∂of/∂by = the terms' derivatives = their numbers = value, for a long sum."""
        amounts = [self.amount(summand) for summand in self.moving[:_SHOWN_AMOUNTS]]
        rounded = any(is_rounded(amount, digits) for amount in amounts)
        rest = left_out(len(self.moving) - len(amounts))
        return [
            Row(self.formula_tree, ((SUM_RULE, ()),)),
            Row(call(SUM, *map(number, amounts), *rest), rounded=rounded),
            Row(number(self.value), rounded=rounded or is_rounded(self.value, digits)),
        ]


def left_out(count: int) -> list[ast.expr]:
    """The place of so many terms of a sum, if any."""
    return [call(MORE, number(count))] if count else []


def _rows(made: Differentiation, reasons: tuple[Reason, ...], digits: int) -> list[Row]:
    lines = made.work.lines
    rules = [line for line in lines if line.is_rule]
    after = [line for line in lines if not line.is_rule]
    if after and (size(rules[-1].tree) > _SHOWN or _is_noise(rules[-1].tree, after[0].tree)):
        rows = [Row(after[0].tree, reasons)]
        after = after[1:]
    else:
        rows = [Row(rules[-1].tree, reasons)]
    return [*rows, *(Row(line.tree, line.reasons) for line in after), *_with_numbers(made, digits)]


def _with_numbers(made: Differentiation, digits: int) -> list[Row]:
    formula = _with_its_digits(made, digits)
    here = made.data(formula)
    if not here:
        return []
    rounded = any(is_rounded(data, digits) for data in here.values())
    numbers = {label: number(data) for label, data in here.items()}
    row = Row(substituted(formula, numbers), rounded=rounded)
    last = Row(number(made.value), rounded=rounded or is_rounded(made.value, digits))
    shown = Typesetter(digits)
    return [last] if shown(row.side) == shown(last.side) else [row, last]


def _with_its_digits(made: Differentiation, digits: int) -> ast.expr:
    """The last line that gives the derivative with the numbers as they are shown.

    In a·(1 − a) nothing is left of a number next to 1; e^(−z)/(1 + e^(−z))² keeps it.
    """
    if math.isfinite(made.value):
        for line in reversed(made.work.lines):
            shown = {
                label: float(decimal(data, digits)) for label, data in made.data(line.tree).items()
            }
            if math.isclose(number_at(line.tree, shown), made.value, rel_tol=0.01):
                return line.tree
    return made.formula


def _shape(tree: ast.expr, variable: str, *, numbers: bool = False) -> str:
    """Equal for expressions that differ only in names other than `variable`.

    numbers  whether different numbers are told apart as well
    """

    def walk(each: ast.expr) -> str:
        match each:
            case ast.Name(id=label):
                return "v" if label == variable else "c"
            case ast.Constant() | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()) if not numbers:
                return "n"
            case ast.BinOp(left=left, op=op, right=right):
                return f"({walk(left)} {type(op).__name__} {walk(right)})"
            case ast.UnaryOp(operand=operand):
                return f"-{walk(operand)}"
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return f"{function}({', '.join(map(walk, arguments))})"
        return key(each)

    return walk(tree)


def _is_noise(applied: ast.expr, tidied: ast.expr) -> bool:
    """Whether the line before tidying only says `· 1` more, or `0 +`."""
    if isinstance(tidied, ast.Name):
        return False
    if isinstance(tidied, ast.Constant) and not _signs(applied):
        return size(applied) <= 3
    return size(_without_nothing(applied)) <= size(tidied) and _signs(applied) == _signs(tidied)


def _without_nothing(tree: ast.expr) -> ast.expr:
    """The expression without the ones that multiply and the zeros that are added."""
    tree = rebuilt(tree, _without_nothing)
    match tree:
        case ast.BinOp(left=one, op=ast.Mult(), right=rest) if is_one(one):
            return rest
        case ast.BinOp(left=rest, op=ast.Mult() | ast.Div(), right=one) if is_one(one):
            return rest
        case ast.BinOp(left=rest, op=ast.Mult(), right=ast.BinOp(left=one, op=ast.Div(), right=b)):
            if is_one(one):
                return ast.BinOp(rest, ast.Div(), b)
        case ast.BinOp(left=zero, op=ast.Add(), right=rest) if is_zero(zero):
            return rest
        case ast.BinOp(left=rest, op=ast.Add() | ast.Sub(), right=zero) if is_zero(zero):
            return rest
    return tree


def _signs(tree: ast.expr) -> int:
    return sum(isinstance(node, ast.USub | ast.Sub) for node in ast.walk(tree))


def _ordinary(here: Point) -> Iterator[Point]:
    """Points of ordinary size, whatever the numbers are."""
    rng = random.Random(0)
    for i in range(20 if here else 0):
        yield {label: rng.uniform(*RANGES[i % len(RANGES)]) for label in here}


def _around(here: Point) -> Iterator[Point]:
    """The point and a few near it."""
    yield here
    rng = random.Random(0)
    for _ in range(4):
        yield {label: data * rng.uniform(0.8, 1.2) for label, data in here.items()}


def _agree(a: ast.expr, b: ast.expr, point: Point) -> bool:
    x, y = number_at(a, point), number_at(b, point)
    return math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-12)


@dataclass(frozen=True)
class Path:
    """One chain of factors from the result to the value it is differentiated with respect to.

    factors  the links, from the result down
    value    their product
    """

    factors: tuple[Factor, ...]
    value: float


@dataclass(frozen=True)
class Term:
    """What a value's derivative gets from one of the values made from it.

    factors  the links up to `onto`, from `onto` down
    onto     a value whose derivative is known by then
    known    that derivative
    value    the product
    """

    factors: tuple[Factor, ...]
    onto: Value
    known: float
    value: float


@dataclass(frozen=True)
class AdjointSum:
    """∂y/∂node as a sum over the values that use `node`, whose adjoints are known by then.

    node   the value
    layer  how many lines there are between it and the result, at most
    terms  one for each value it goes into
    value  their sum, the derivative of the result with respect to `node`
    """

    node: Value
    layer: int
    terms: tuple[Term, ...]
    value: float


def along(factors: tuple[Factor, ...], start: float = 1.0) -> float:
    """The product of the factors, 0 where one passes nothing on."""
    if any(factor.vanishes for factor in factors):
        return 0.0
    for factor in factors:
        start *= factor.value
    return start
