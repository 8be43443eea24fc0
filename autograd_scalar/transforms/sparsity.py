"""Which derivatives may be other than 0: the structure of a recorded graph, whatever its numbers.

Index sets go along the edges of the graph. An edge is left out where the table has a partial
that is *written* 0, in whatever branch; a number that comes out as 0 says nothing about the next
call. A pair of operands interacts in a second derivative where the table's expression for it is
not written 0.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..algebra.partials import second_partials
from ..engine.value import Value, constant, order
from ..table.language import is_zero
from ..table.primitives import Primitive
from .per_row import PerRow

_CONSTANT = constant(0.0)._opcode

# Of a row: the arguments its value changes with, and the pairs that have a second derivative.
_Structure = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]


def _is_zero_everywhere(tree: ast.expr) -> bool:
    if isinstance(tree, ast.IfExp):
        return _is_zero_everywhere(tree.body) and _is_zero_everywhere(tree.orelse)
    return is_zero(tree)


def _structure(row: Primitive) -> _Structure:
    moving = tuple([i for i, tree in enumerate(row.partial_trees) if not _is_zero_everywhere(tree)])
    try:
        pairs = [(i, j) for i, j, tree in second_partials(row) if not _is_zero_everywhere(tree)]
    except LookupError:
        # The partials are somebody's own functions, which may do anything.
        pairs = [(i, j) for i in moving for j in range(i, len(row.arguments))]
    return moving, tuple(pairs)


_STRUCTURES = PerRow(_structure)


def _structure_of(opcode: int) -> _Structure:
    return _STRUCTURES.made[opcode] or _STRUCTURES.make(opcode)


class _IndexSets:
    """Of each value that leads to `roots`, which of the leaves it was computed from.

    Values that were computed from the same leaves share a set, and a set that nobody will read
    again grows in place: the running total of a long sum takes no copies.
    """

    def __init__(self, roots: Sequence[Value], leaves: list[Value]) -> None:
        _STRUCTURES.refresh()
        reads: dict[Value, int] = dict.fromkeys(roots, 1)
        self.sets: list[set[int]] = [{i} for i in range(len(leaves))]
        self.place: dict[Value, int] = {}
        holders = [1] * len(leaves)
        for i, v in enumerate(leaves):
            self.place[v] = i
            reads[v] = reads.get(v, 0) + 1
        inner = [v for v in order([*roots], leaves)[len(leaves) :] if v._x is not None]
        operands = [_moving(v) for v in inner]
        for each in operands:
            for p in each:
                reads[p] = reads.get(p, 0) + 1
        for v, moving in zip(inner, operands, strict=True):
            places: list[int] = []
            for p in moving:
                place = self.place.get(p)
                if place is not None:
                    reads[p] -= 1
                    if not reads[p]:
                        holders[place] -= 1
                    if place not in places:
                        places.append(place)
            if not places:
                continue
            largest = places[0]
            if len(places) > 1:
                largest = max(places, key=lambda place: len(self.sets[place]))
                found = self.sets[largest]
                others = [self.sets[place] for place in places if place != largest]
                if not all(each <= found for each in others):
                    if holders[largest]:
                        largest = len(self.sets)
                        self.sets.append(found.union(*others))
                        holders.append(0)
                    else:
                        found.update(*others)
            self.place[v] = largest
            if reads.get(v):
                holders[largest] += 1

    def of(self, v: Value) -> int:
        """Which of `sets` has the leaves of one of the roots; -1 for none."""
        return self.place.get(v, -1)


def _moving(v: Value) -> Sequence[Value]:
    """The operands that `v` changes with."""
    parents, moving = v.parents, _structure_of(v._opcode)[0]
    return parents if len(moving) == len(parents) else [parents[i] for i in moving]


def jacobian_pattern(outs: Sequence[Value], leaves: list[Value]) -> list[list[int]]:
    """Of each result, the indices of the leaves that it was computed from, in order."""
    distinct = list(dict.fromkeys(outs))
    found = _IndexSets(distinct, leaves)
    places = [found.of(v) for v in outs]
    return [sorted(found.sets[place]) if place >= 0 else [] for place in places]


def hessian_pattern(root: Value, graph: Sequence[Value], leaves: list[Value]) -> list[list[int]]:
    """Of each leaf, the indices of those that it meets in a primitive that is not linear.

    graph  the leaves, then all else that `root` was computed from, and it, parents first
    """
    _STRUCTURES.refresh()
    pairs: dict[tuple[Value, Value], None] = {}
    reached = {root}
    for v in reversed(graph[len(leaves) :]):
        if v in reached and v._x is not None:
            reached.update(_moving(v))
            for i, j in _structure_of(v._opcode)[1]:
                a, b = v.parents[i], v.parents[j]
                if a._opcode != _CONSTANT and b._opcode != _CONSTANT:
                    pairs[a, b] = None
    found = _IndexSets([*dict.fromkeys(v for pair in pairs for v in pair)], leaves)
    places = dict.fromkeys((found.of(a), found.of(b)) for a, b in pairs)
    # The terms of a sum may all be of the same leaves, which need to meet once.
    met: dict[tuple[frozenset[int], frozenset[int]], None] = {}
    for a_place, b_place in places:
        if a_place >= 0 and b_place >= 0:
            some, others = frozenset(found.sets[a_place]), frozenset(found.sets[b_place])
            met[some, others] = met[others, some] = None
    rows: list[set[int]] = [set() for _ in leaves]
    for some, others in met:
        for i in some:
            rows[i] |= others
    return [sorted(row) for row in rows]
