"""A recorded graph as formulas in the reader's names.

Every labelled value is a name; what lies between is written out, so that each named value
has one formula in the names before it. An unlabelled value gets a name of its own where
writing it out would take too much room.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..algebra.simplify import sum_of
from ..algebra.trees import applied, name, number
from ..engine.value import Value, adjoints, edges, toposort
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE

#: How much a formula may hold outside of its sums, and how deep, before it is cut in two.
LIMIT = 24
DEEPEST = 8

_SUMS = ("add", "sub")


def row_of_value(v: Value) -> Primitive:
    """The primitive that made an interior value."""
    return TABLE[OPCODES[v.op]]


def unique_names(values: Iterable[Value], suggestion: dict[Value, str]) -> dict[Value, str]:
    """A different name for each value: its label, a suggestion, or v1, v2, …

    Values that share a label are told apart as x#1, x#2 in the order given.
    """
    listed = list(values)
    wanted: dict[str, int] = {}
    for v in listed:
        if v.label:
            wanted[v.label] = wanted.get(v.label, 0) + 1
    taken = set(wanted)
    names: dict[Value, str] = {}
    count: dict[str, int] = {}
    made = 0
    for v in listed:
        if v.label:
            chosen = v.label
            while wanted[v.label] > 1 and (chosen == v.label or chosen in taken):
                count[v.label] = count.get(v.label, 0) + 1
                chosen = f"{v.label}#{count[v.label]}"
        else:
            chosen = suggestion.get(v, "")
            while not chosen or chosen in taken:
                made += 1
                chosen = f"v{made}"
        taken.add(chosen)
        names[v] = chosen
    return names


@dataclass(frozen=True)
class Summand:
    """One term of a formula: its sign, its value, and with the sign as it is written.

    names  the names in it
    """

    sign: int
    value: Value
    tree: ast.expr
    names: Collection[str]


class Formulas:
    """The formulas of everything `root` was computed from.

    root   the value that is explained
    named  values that get a name whether or not they have a label
    start  the one of them that is called x where it has no label
    """

    def __init__(
        self, root: Value, named: Collection[Value] = (), start: Value | None = None
    ) -> None:
        self.order = toposort(root)
        self._cut = self._places_to_cut({root, *named})
        suggestion = {root: "y"}
        if start is not None:
            suggestion.setdefault(start, "x")
        self.names = unique_names((v for v in self.order if v in self._cut), suggestion)
        self.values = {label: v for v, label in self.names.items()}
        self._summands: dict[Value, list[Summand]] = {}
        self._containing: dict[Value, dict[str, list[int]]] = {}

    def _places_to_cut(self, named: set[Value]) -> set[Value]:
        cut = set(named)
        uses: dict[Value, int] = {}
        for v in self.order:
            for parent in v.parents:
                uses[parent] = uses.get(parent, 0) + 1
        size: dict[Value, int] = {}
        depth: dict[Value, int] = {}
        for v in self.order:
            if v.label or v.kind in ("leaf", "parameter"):
                cut.add(v)
            is_sum = v.op in _SUMS
            total, deepest = 1, 0
            for parent in v.parents:
                # One long sum is read term by term, however long it is.
                goes_on = is_sum and parent.op in _SUMS and uses[parent] == 1
                too_large = size[parent] > LIMIT or depth[parent] >= DEEPEST
                if parent not in cut and too_large and not goes_on:
                    cut.add(parent)
                if parent in cut:
                    total += 1
                else:
                    total += size[parent]
                    deepest = max(deepest, depth[parent] + (0 if goes_on else 1))
            size[v], depth[v] = total, deepest
        return cut

    def __contains__(self, v: Value) -> bool:
        return v in self._cut

    def operand(self, v: Value) -> ast.expr:
        """How `v` is written where it is used: its name, its number or its formula."""
        if v in self._cut:
            return name(self.names[v])
        if v.kind == "constant":
            return number(v.data)
        return self._written(v)

    def _written(self, v: Value) -> ast.expr:
        return written(v, [self.operand(parent) for parent in v.parents])

    def terms(self, v: Value) -> list[tuple[int, Value]]:
        """The terms that add up to an interior value, each with its sign."""
        found: list[tuple[int, Value]] = []
        pending = [(1, v)]
        while pending:
            sign, each = pending.pop()
            if each.op in _SUMS and (each is v or each not in self._cut):
                left, right = each.parents
                pending.append((sign if each.op == "add" else -sign, right))
                pending.append((sign, left))
            else:
                found.append((sign, each))
        # The 0 that Python's `sum` starts with is none of the reader's terms.
        return [term for term in found if not _is_nothing(term[1])] or found

    def term(self, v: Value, of: Value) -> ast.expr:
        """A term of `of`, which is `of` itself where that is no sum."""
        return self._written(v) if v is of else self.operand(v)

    def summands(self, v: Value) -> list[Summand]:
        """The terms of the formula of `v`, written out."""
        if v not in self._summands:
            found = []
            for sign, each in self.terms(v):
                tree = self.term(each, v)
                found.append(Summand(sign, each, signed(sign, tree), self._names_in(each, v)))
            self._summands[v] = found
        return self._summands[v]

    def _names_in(self, term: Value, of: Value) -> dict[str, None]:
        """The names in a term of `of`, in the order they are read."""
        found: dict[str, None] = {}
        pending = [term]
        while pending:
            each = pending.pop()
            if each in self._cut and each is not of:
                found[self.names[each]] = None
            else:
                pending += reversed(each.parents)
        return found

    def containing(self, v: Value, label: str) -> list[int]:
        """Which of the `summands` of `v` have a name in them, found without reading all again."""
        if v not in self._containing:
            places: dict[str, list[int]] = {}
            for i, summand in enumerate(self.summands(v)):
                for each in summand.names:
                    places.setdefault(each, []).append(i)
            self._containing[v] = places
        return self._containing[v].get(label, [])

    def formula(self, v: Value) -> ast.expr:
        """What an interior value is computed as."""
        return sum_of([summand.tree for summand in self.summands(v)])

    def inputs(self, v: Value) -> dict[Value, float | None]:
        """The named values in the formula of `v`, and its partial by each, by the chain rule.

        Each partial is the sum over the ways through values without a name, those left out
        on which `v` does not depend, such as the other side of `where`. None for a value
        that no other way comes from.
        """
        found: dict[Value, float | None] = {}
        pending: list[tuple[Value, float | None]] = [(v, 1.0)]
        while pending:
            each, adjoint = pending.pop()
            if each is v or each not in self._cut:
                # The first operand last, so that it is the next to be followed.
                for parent, partial in reversed(edges(each)):
                    if adjoint is None or partial is None:
                        pending.append((parent, None))
                    else:
                        pending.append((parent, adjoint * partial))
            elif adjoint is None:
                found.setdefault(each, None)
            else:
                found[each] = (found.get(each) or 0.0) + adjoint
        return found


def _is_nothing(v: Value) -> bool:
    return v.kind == "constant" and not v.label and v.data == 0


def written(v: Value, operands: list[ast.expr]) -> ast.expr:
    """An interior value as its operation on `operands`, without the 0 that `sum` starts with."""
    if v.op == "add":
        kept = [tree for tree, of in zip(operands, v.parents, strict=True) if not _is_nothing(of)]
        if len(kept) == 1:
            return kept[0]
    return applied(row_of_value(v), operands)


def signed(sign: int, tree: ast.expr) -> ast.expr:
    """The expression, or minus it."""
    return tree if sign > 0 else ast.UnaryOp(ast.USub(), tree)


def derivatives(order: list[Value], seed: float = 1.0) -> dict[Value, float]:
    """The derivative of the last value of `order` with respect to each value in it.

    order  the values of a graph, operands before results

    What `backward()` computes, without touching any `grad`.
    """
    return dict(zip(order, adjoints(order, order[-1:], [seed], order), strict=True))


def expression_of(v: Value, limit: int = 2000) -> tuple[ast.expr, dict[str, Value]]:
    """`v` written out in its leaves, and the leaves by name.

    Raises `ValueError` where that takes more than `limit` operations.

    >>> x = Value(2.0, "x")
    >>> tree, leaves = expression_of(x * x + 1)
    >>> ast.unparse(tree), list(leaves)
    ('x * x + 1', ['x'])
    """
    order = toposort(v)
    leaves = [each for each in order if each.kind in ("leaf", "parameter")]
    names = unique_names(leaves, {})
    trees: dict[Value, ast.expr] = {}
    size: dict[Value, int] = {}
    depth: dict[Value, int] = {}
    for each in order:
        parents = each.parents
        size[each] = 1 + sum(size[parent] for parent in parents)
        depth[each] = 1 + max((depth[parent] for parent in parents), default=0)
        if size[each] > limit or depth[each] > 200:
            raise ValueError(
                f"this value takes more than {limit} operations, or more than 200 inside one "
                "another, to write out; label values in between and use `explain`"
            )
        if parents:
            trees[each] = written(each, [trees[parent] for parent in parents])
        elif each.kind == "constant":
            trees[each] = name(each.label) if each.label else number(each.data)
        else:
            trees[each] = name(names[each])
    constants = {each.label: each for each in order if each.kind == "constant" and each.label}
    return trees[v], constants | {names[each]: each for each in leaves}
