"""The chain rule on any graph, with derivatives that may be graphs themselves.

`adjoints` goes from results to leaves, `tangents` from leaves to results.  With `recorded`
the partials are not the stored numbers but the table's expressions, evaluated on Values:
what comes out can be differentiated again.  Nothing is written into the graph.

Where a partial is *written* 0 (the untaken side of `where`) no derivative flows, not even
0 times infinity; numbers 0 and 1 are folded away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..engine import value
from ..engine.context import tracer, watcher
from ..engine.value import Value, constant
from ..table.registry import TABLE
from .arithmetic import add, mul
from .value_rules import RULES, RULES_TRACED_AGAIN, TRACED_RULES, second_rules_of

_CONSTANT = constant(0.0)._opcode


def adjoints(
    order: Sequence[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: bool,
    last: bool = False,
) -> list[Any]:
    """The adjoints of `wanted`: the derivatives by them of the sum of seed · value.

    order     a graph, parents first, with every value that leads from `wanted` to the seeds
    seeds     a number or Value for each of the results
    recorded  whether adjoints are Values that can be differentiated again
    last      whether they won't be, in a program that is traced

    Where nothing flows, and where everything folds, the adjoint is a plain number.
    """
    return _sweep(list(order), seeds, wanted, recorded, False, last)


def tangents(
    order: Sequence[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: bool,
    last: bool = False,
) -> list[Any]:
    """The tangents of `wanted`: how fast they change as the values of `seeds` do at its rates.

    The arguments are those of `adjoints`.
    """
    return _sweep(list(order), seeds, wanted, recorded, True, last)


# `recorded.pxd` gives these C types.
Truth = bool
Found = list[Any]
Places = tuple[int, ...]
PlacesOfAll = list[Places]
PlaceOf = dict[Value, int]


def _sweep(
    order: list[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: Truth,
    forward: Truth,
    last: Truth,
) -> Found:
    places = {v: place for place, v in enumerate(order)}
    operands = [_places(v, places) for v in order]
    asked = [places.get(v, -1) for v in wanted]
    # One more, which is found at -1, stands for all that isn't in the order.
    found: Found = [None] * (len(order) + 1)
    for root, seed in seeds.items():
        if root in places:
            found[places[root]] = seed
    observer = watcher()
    writer = tracer()
    rules = RULES
    if writer is not None:
        rules = TRACED_RULES if last else RULES_TRACED_AGAIN
    rules.refresh()
    if writer is not None:
        writer.sweep(True)
    try:
        if forward:
            _tangents(order, operands, found, rules if recorded else None, observer)
        else:
            _adjoints(order, operands, found, asked, rules if recorded else None, observer)
    finally:
        if writer is not None:
            writer.sweep(False)
        if observer is not None:
            observer.differentiating(None)
    return [0.0 if found[place] is None else found[place] for place in asked]


def _places(v: Value, places: PlaceOf) -> Places:
    """Where the operands of `v` are, -1 for those that aren't in the order."""
    if v._x is None:
        return ()
    if v._y is None:
        return (places.get(v._x, -1),)
    if v._more is None:
        return (places.get(v._x, -1), places.get(v._y, -1))
    return tuple([places.get(p, -1) for p in v.parents])


def _operand(v: Value, matters: Truth) -> Any:
    """What a rule gets for an operand: of a constant, the number, so that it can be folded."""
    return v if matters or v._opcode != _CONSTANT else v._data


def _apply(rule: Any, operands: tuple[Any, ...], matters: Truth) -> Any:
    if not matters or rule is None:
        return None
    return rule if type(rule) is float else rule(*operands)


def _partials(v: Value, operands: Places, matters: Found, made: Any) -> Found:
    """The partials of `v` as Values and numbers, None by operands that don't matter."""
    rules = made.made[v._opcode]
    if rules is None:
        rules = made.make(v._opcode)
    if v._y is None:
        return [_apply(rules[0], (_operand(v._x, True), v), True)]
    first = matters[operands[0]]
    second = matters[operands[1]]
    x = _operand(v._x, first)
    y = _operand(v._y, second)
    if v._more is None:
        given = (x, y, v)
        return [_apply(rules[0], given, first), _apply(rules[1], given, second)]
    more = [_operand(p, matters[i]) for p, i in zip(v.parents, operands, strict=True)]
    given = (*more, v)
    return [_apply(rule, given, matters[i]) for rule, i in zip(rules, operands, strict=True)]


def _numbers(v: Value, operands: Places, matters: Found) -> Found:
    """The partials of `v` as numbers, None by operands that don't matter, or not to `v`."""
    row = TABLE[v._opcode]
    given = [p._data for p in v.parents]
    return [
        number if matters[place] and (number or not row.vanishes(i, v._data, given)) else None
        for i, (number, place) in enumerate(zip(v.partials, operands, strict=True))
    ]


def _adjoints(
    order: list[Value],
    operands: PlacesOfAll,
    found: Found,
    wanted: Found,
    rules: Any,
    observer: Any,
) -> None:
    v: Value
    matters: Found = [False] * len(found)
    for place in wanted:
        matters[place] = place >= 0
    for place in range(len(order)):
        places = operands[place]
        for operand in places:
            if matters[operand]:
                matters[place] = True
    for place in range(len(order) - 1, -1, -1):
        adjoint = found[place]
        places = operands[place]
        if adjoint is None or not places or not matters[place]:
            continue
        v = order[place]
        if observer is not None:
            observer.differentiating(v)
        if rules is None:
            partials = _numbers(v, places, matters)
        else:
            partials = _partials(v, places, matters, rules)
        for i in range(len(places)):
            partial = partials[i]
            if partial is not None:
                term = mul(adjoint, partial)
                before = found[places[i]]
                total = term if before is None else add(before, term)
                found[places[i]] = total
                if observer is not None:
                    observer.flowed(v, i, adjoint, partial, total)


def _tangents(
    order: list[Value], operands: PlacesOfAll, found: Found, rules: Any, observer: Any
) -> None:
    v: Value
    matters: Found = [each is not None for each in found]
    for place in range(len(order)):
        places = operands[place]
        if found[place] is not None:
            continue
        for operand in places:
            if matters[operand]:
                matters[place] = True
        if not matters[place]:
            continue
        v = order[place]
        if observer is not None:
            observer.differentiating(v)
        if rules is None:
            partials = _numbers(v, places, matters)
        else:
            partials = _partials(v, places, matters, rules)
        total = None
        for i in range(len(places)):
            partial = partials[i]
            if partial is not None:
                tangent = found[places[i]]
                term = mul(tangent, partial)
                total = term if total is None else add(total, term)
                if observer is not None:
                    observer.pushed(v, i, tangent, partial, total)
        found[place] = total
        matters[place] = total is not None


def check_partials(order: Sequence[Value]) -> None:
    """Have a program that is traced ask the engine where a partial is infinite.

    There 0 times the partial is NaN, and the engine goes on in another way; here what is not
    moved is left out.
    """
    writer = tracer()
    TRACED_RULES.refresh()
    matters: Found = [True, False]
    writer.sweep(True)
    try:
        for v in order:
            if v._x is not None:
                operands = tuple([int(p._opcode == _CONSTANT) for p in v.parents])
                for partial in _partials(v, operands, matters, TRACED_RULES):
                    if type(partial) is Value:
                        writer.check(partial)
    finally:
        writer.sweep(False)


class HessianProduct:
    """`trace.HessianProduct` for a program that is traced: the same numbers, as Values."""

    def __init__(self, root: Value, order: list[Value], leaves: list[Value]) -> None:
        self._order = order
        self._leaves = leaves
        self._into: list[Value] = []
        self._along: list[Value] = []
        self._factors: list[Any] = []
        nodes = []
        check_partials(order)
        for v in order:
            if v._x is not None and second_rules_of(v._opcode):
                nodes.append(v)
        found = adjoints(order, {root: 1.0}, nodes, True, True)
        tracer().sweep(True)
        try:
            for i in range(len(nodes)):
                self.add(nodes[i], found[i])
        finally:
            tracer().sweep(False)
        # What nothing is multiplied with need not move.
        self._moving = value.order(self._along, leaves)

    def add(self, v: Value, adjoint: Any) -> None:
        parents = v.parents
        operands = [_operand(p, False) for p in parents]
        for i, j, rule in second_rules_of(v._opcode):
            a, b = parents[i], parents[j]
            if a.kind == "constant" or b.kind == "constant":
                continue
            second = _apply(rule, (*operands, v), True)
            if second is None:
                continue
            factor = mul(adjoint, second)
            self._into.append(a)
            self._along.append(b)
            self._factors.append(factor)
            if i != j:
                self._into.append(b)
                self._along.append(a)
                self._factors.append(factor)

    def times(self, vector: Sequence[Any]) -> list[Any]:
        """The Hessian times `vector`."""
        seeds = {}
        for i in range(len(vector)):
            if type(vector[i]) is Value or vector[i] != 0:
                seeds[self._leaves[i]] = vector[i]
        slopes = tangents(self._moving, seeds, self._along, True, True)
        weights: dict[Value, Any] = {}
        for i in range(len(slopes)):
            v = self._into[i]
            source = mul(self._factors[i], slopes[i])
            if type(source) is Value or source != 0:
                weights[v] = weights[v] + source if v in weights else source
        return adjoints(self._order, weights, self._leaves, True, True)
