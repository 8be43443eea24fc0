"""The links of a chain of values: each a factor, with its formula, its rules and its number."""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from ..algebra.simplify import sum_of, tidy
from ..algebra.trees import key, name, names_in, number, replaced, same, size, substituted
from ..engine.value import Value
from ..notation.document import Row
from ..notation.typeset import Typesetter, derivative, is_rounded
from .formulas import Formulas, signed
from .rules import SUM_RULE, Point, number_at
from .textbook import Reason, Work, key_of, rules_in

# An applied rule that takes more than this to write is shown only when it is tidy.
_SHOWN = 60


class Factor:
    """How fast `of` changes with `by`, all else in its formula held fixed: ∂of/∂by.

    of, by      two values with a name, the second in the formula of the first
    value       the number
    vanishes    whether `of` does not depend on `by` at this point, as below a relu's kink:
                then nothing is passed on, whatever comes before and after
    definition  the formula of `of`
    formula     the formula of the derivative, as short as it gets
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
        """∂of/∂by as an expression."""
        return derivative(*self.names)

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
    def _terms(self) -> list[tuple[int, Value, ast.expr, bool]]:
        """Sign, value and expression of each term of the formula; whether `by` is in it."""
        found = []
        for sign, v in self.formulas.terms(self.of):
            tree = self.formulas.term(v, self.of)
            found.append((sign, v, tree, self.names[1] in names_in(tree)))
        return found

    @cached_property
    def definition_tree(self) -> ast.expr:
        """The formula of `of`; of a long sum, the terms that matter here come first."""
        if len(self._terms) <= 8:
            return self.formulas.formula(self.of)
        ordered = sorted(self._terms, key=lambda term: not term[3])
        return sum_of([signed(sign, tree) for sign, _, tree, _ in ordered])

    @property
    def still(self) -> list[tuple[Value, ast.expr]]:
        """The terms that `by` is not in."""
        return [(v, tree) for _, v, tree, moves in self._terms if not moves]

    @cached_property
    def shape(self) -> str:
        """Equal for factors that the same rules give in the same way: w·a and v·b."""
        shapes = []
        for sign, _, tree, moves in self._terms:
            if moves:
                letters = {label: name("c") for label in names_in(tree)}
                letters[self.names[1]] = name("v")
                shapes.append(f"{sign}{key(substituted(tree, letters))}")
        return " ".join([*shapes, str(bool(self.still))])

    def data(self, tree: ast.expr) -> Point:
        """The numbers of the names in an expression."""
        values = self.formulas.values
        return {label: values[label].data for label in names_in(tree) if label in values}

    @cached_property
    def work(self) -> Work:
        """The derivation of the factor, in which `of` may stand for its formula."""
        terms = [signed(sign, tree) for sign, _, tree, moves in self._terms if moves]
        tree = sum_of(terms)
        here = self.data(tree)
        draft = Work(tree, self.names[1], [], {}, True, here)
        derived = draft.in_full(tree)
        points = [point for point in _around(here) if _agree(derived, draft.pending(tree), point)]
        work = Work(tree, self.names[1], points, {}, True, here)
        # The points were chosen for the derivative in full to be right there.
        work.rules(checked=False)
        work.tidy(parts=False)
        if not self.still:
            itself = name(self.names[0])
            before = work.lines[-1].tree
            work.in_terms_of_itself(itself, steps=False)
            if same(before, work.lines[-1].tree):
                written = replaced(before, tidy(tree), itself)
                if not same(written, before):
                    work.recognised(tidy(written), tree, itself)
        return work

    @property
    def formula_tree(self) -> ast.expr:
        """The derivative's formula, as short as it gets."""
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
        reasons = list(found.values())
        if self.still and not any(rule.startswith(SUM_RULE) for rule, _ in reasons):
            reasons.insert(0, (SUM_RULE, ("term by term",)))
        return tuple(reasons)

    def rows(self, digits: int, known: Collection[str] = ()) -> list[Row]:
        """The sides of ∂of/∂by = rules applied = simplified = with numbers = value.

        known  the shapes of factors whose rules were told before: of another one like them
               only the names of the rules are
        """
        if self.shape in known:
            names: tuple[Reason, ...] = tuple((rule, ()) for rule in self.rules)
            return [Row(self.formula_tree, names), *self._numbers(digits)]
        lines = self.work.lines
        rules = [line for line in lines if line.is_rule]
        after = [line for line in lines if not line.is_rule]
        if after and (size(rules[-1].tree) > _SHOWN or _is_noise(rules[-1].tree, after[0].tree)):
            rows = [Row(after[0].tree, self.reasons)]
            after = after[1:]
        else:
            rows = [Row(rules[-1].tree, self.reasons)]
        return [*rows, *(Row(line.tree, line.reasons) for line in after), *self._numbers(digits)]

    def _numbers(self, digits: int) -> list[Row]:
        here = self.data(self.formula_tree)
        if not here:
            return []
        rounded = any(is_rounded(data, digits) for data in here.values())
        rows = []
        if not isinstance(self.formula_tree, ast.Name):
            numbers = {label: number(data) for label, data in here.items()}
            rows.append(Row(substituted(self.formula_tree, numbers), rounded=rounded))
        return [*rows, Row(number(self.value), rounded=rounded or is_rounded(self.value, digits))]


def _is_noise(applied: ast.expr, tidied: ast.expr) -> bool:
    """Whether the line before tidying only says `· 1` more, or `0 +`."""
    return size(applied) - size(tidied) <= 2 and not isinstance(tidied, ast.Name)


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
class Way:
    """One chain of factors from the result to the value it is differentiated by.

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
class NodeStep:
    """One line of the recursion: a value's derivative from those of the values after it.

    node   the value
    layer  how many lines there are between it and the result, at most
    terms  one for each value it goes into
    value  their sum, the derivative of the result by `node`
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
