"""One run of a function on fresh leaves, and the sweeps over what it recorded.

Here numbers meet the engine's sweeps.  Where derivatives must be graphs themselves, or are
watched, the sweeps of `recorded` take their place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from ..engine import context, sweep, value
from ..engine.context import watcher
from ..engine.value import Value, constant
from . import recorded
from .hessian import second_partials_by_opcode
from .pytree import (
    NUMBER,
    TreeDef,
    flat,
    flatten,
    map_values,
    tuple_of,
)


def gradient_of(y: Value, leaves: list[Value], create_graph: bool) -> list[Any]:
    """The derivatives of a recorded value by others, in a graph that is left as it is."""
    order = value.order([y], [])
    if not create_graph and watcher() is None:
        return value.adjoints(order, [y], [1.0], leaves)
    found = recorded.adjoints(order, {y: 1.0}, leaves, create_graph)
    return _as_values(found) if create_graph else found


class Trace:
    """One run of a function on fresh leaves, and the sweeps over what it recorded.

    fun      the function, called with `args` and `kwargs`
    argnums  which of its arguments to differentiate with respect to
    several  whether their derivatives are a tuple; else there is one argument

    result     what the function returned
    argument   what to differentiate with respect to, as it was given
    leaves     the Values the function got in place of the numbers in it
    treedef    how they were arranged
    connected  whether derivatives are Values, because Values from outside take part
    symbolic   whether all those stand for plain numbers, in a program that is traced: then what
               is done to numbers is done to them, in the same order
    checked    whether its partials are looked at for infinities then
    """

    __slots__ = (
        "argument",
        "checked",
        "connected",
        "leaves",
        "order",
        "result",
        "symbolic",
        "treedef",
    )

    def __init__(
        self,
        fun: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: tuple[int, ...],
        several: bool,
    ) -> None:
        complete = list(args)
        positions = _positions(argnums, len(complete))
        if positions is None:
            raise TypeError(
                f"argnums is {argnums if several else argnums[0]}, but "
                f"{getattr(fun, '__name__', type(fun).__name__)} was called with {len(complete)} "
                "positional arguments; there is no derivative with respect to keyword arguments"
            )
        self.connected = False
        self.symbolic = context.tracer() is not None
        self.checked = False
        if several:
            argument: Any = tuple([complete[position] for position in positions])
            # Most arguments are floats, or lists of floats: the way through is short for them.
            leaves = [Value(number) for number in argument if type(number) is float]
            if len(leaves) == len(argument):
                self.treedef = flat(tuple, len(leaves))
                for position, leaf in zip(positions, leaves, strict=True):
                    complete[position] = leaf
            else:
                leaves = []
                treedefs = []
                for position in positions:
                    treedefs.append(self._replace(complete, position, leaves))
                self.treedef = tuple_of(treedefs)
        else:
            position = positions[0]
            argument = complete[position]
            leaves = []
            if type(argument) is float:
                leaf = complete[position] = Value(argument)
                leaves.append(leaf)
                self.treedef = NUMBER
            else:
                if type(argument) is list:
                    leaves = [Value(number) for number in argument if type(number) is float]
                if leaves and len(leaves) == len(argument):
                    complete[position] = leaves[:]
                    self.treedef = flat(list, len(leaves))
                else:
                    leaves = []
                    self.treedef = self._replace(complete, position, leaves)
        self.argument = argument
        self.leaves = leaves
        self.order: list[Value] = []
        self.result = fun(*complete, **kwargs) if kwargs else fun(*complete)

    def _replace(self, args: list[Any], position: int, leaves: list[Value]) -> TreeDef:
        """Put fresh leaves in place of the numbers in an argument."""
        given, treedef = flatten(args[position], f"args[{position}]")
        fresh = [Value(n) if type(n) is float else self._copy(n) for n in given]
        args[position] = treedef.unflatten(fresh, construct=True)
        leaves += fresh
        return treedef

    def _copy(self, outer: Value) -> Value:
        """A Value to differentiate with respect to in place of one from outside, to which it leads.

        The inner derivative ends at the copy; the outer one goes on.
        """
        self.connected = True
        copied = outer - 0.0
        writer = context.tracer()
        if writer is not None:
            self.symbolic = self.symbolic and writer.is_plain(outer)
            writer.variable(copied)
        return copied

    def close(self, outs: list[Any]) -> None:
        """Make the graph of `outs` ready for sweeps."""
        roots = [out for out in outs if type(out) is Value]
        self.order = value.order(roots, self.leaves)
        if not self.connected:
            self.connected = not sweep.depends_only_on(self.order, len(self.leaves))
        if self.connected:
            if self.symbolic:
                writer = context.tracer()
                beyond = self.order[len(self.leaves) :]
                self.symbolic = all(
                    v._x is not None or v.kind == "constant" or writer.is_plain(v) for v in beyond
                )
            # Seen from outside, what was a plain number is no variable.
            sweep.detach_leaves(self.leaves)

    def plain(self, result: Any) -> Any:
        """`result` as the outside shall see it."""
        if self.connected:
            if self.symbolic:
                map_values(context.tracer().plain, result)
            return result
        return result.data if type(result) is Value else map_values(_data, result)

    def _on_numbers(self, seeds: Sequence[Any]) -> bool:
        """Whether the numbers in the graph are all there is to it."""
        return not self.connected and watcher() is None and Value not in map(type, seeds)

    def gradient(self, out: Any) -> list[Any]:
        """The derivatives of the number `out` by the leaves."""
        if type(out) is Value and not self.connected and watcher() is None:
            return value.adjoints(self.order, [out], [1.0], self.leaves)
        return self.adjoints([out], [1.0])

    def adjoints(self, outs: list[Any], seeds: list[Any]) -> list[Any]:
        """The derivatives of Σ seed · out by the leaves."""
        if self._on_numbers(seeds):
            roots, given = outs, seeds
            if {*map(type, outs)} != {Value}:
                pairs = [(v, s) for v, s in zip(outs, seeds, strict=True) if type(v) is Value]
                roots, given = [v for v, _ in pairs], [s for _, s in pairs]
            return value.adjoints(self.order, roots, given, self.leaves)
        weights: dict[Value, Any] = {}
        for v, seed in zip(outs, seeds, strict=True):
            if type(v) is Value:
                weights[v] = weights[v] + seed if v in weights else seed
        found = recorded.adjoints(self.order, weights, self.leaves, self.connected, self.symbolic)
        return self._finish(found, seeds)

    def tangents(self, outs: list[Any], seeds: list[Any]) -> list[Any]:
        """How fast `outs` change as the leaves do at the rates of `seeds`."""
        values = _as_values(outs)
        if self._on_numbers(seeds):
            found: list[Any] = sweep.tangents(self.order, self.leaves, seeds, values)
            if not _has_nan(found):
                return found
        weights = dict(zip(self.leaves, seeds, strict=True))
        if self.symbolic:
            # What does not change need not be computed again and again, to be 0.
            weights = {v: seed for v, seed in weights.items() if type(seed) is Value or seed}
        return self._finish(self._moved(values, weights), seeds)

    def _moved(self, values: list[Value], weights: dict[Value, Any]) -> list[Any]:
        if self.symbolic and not self.checked:
            recorded.check_partials(self.order)
            self.checked = True
        return recorded.tangents(self.order, weights, values, self.connected, self.symbolic)

    def column_sums(self, outs: list[Any], columns: Sequence[int]) -> list[Any]:
        """The derivatives of each of `outs` by the leaves of these indices, added up."""
        values = _as_values(outs)
        if self._on_numbers([]):
            rates = [0.0] * len(self.leaves)
            for i in columns:
                rates[i] = 1.0
            found: list[Any] = sweep.tangents(self.order, self.leaves, rates, values)
            if not _has_nan(found):
                return found
        # An infinite slope by what does not change is none.
        return self._moved(values, {self.leaves[i]: 1.0 for i in columns})

    def row_sums(self, outs: list[Any], leaves: list[Value]) -> list[Any]:
        """The derivatives by each of these leaves of all of `outs`, added up.

        Each of `outs` has its own part of the graph, which may be small.
        """
        roots = [out for out in outs if type(out) is Value]
        order = value.order(roots, leaves)
        if self._on_numbers([]):
            return value.adjoints(order, roots, [1.0] * len(roots), leaves)
        weights = dict.fromkeys(roots, 1.0)
        return recorded.adjoints(order, weights, leaves, self.connected, self.symbolic)

    def jacobian(self, outs: list[Any], mode: str | None) -> list[list[Any]]:
        """The derivatives of each of `outs` by each of the leaves."""
        if mode == "reverse" or (mode is None and len(outs) <= len(self.leaves)):
            return [self.finished(self.row_sums([out], self.leaves)) for out in outs]
        columns = [self.finished(self.column_sums(outs, [i])) for i in range(len(self.leaves))]
        return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in outs]

    def hessian(self, out: Any) -> list[list[Any]]:
        """The second derivatives of `out` by the leaves."""
        size = len(self.leaves)
        if (product := self.hessian_product(out)) is not None:
            rows = [product.times(unit) for unit in _units(size)]
            if self.symbolic or not any(map(_has_nan, rows)):
                return _symmetric([self._finish(row, []) for row in rows])
        slopes, order = self._gradient_graph(out)
        rows = [
            self._finish(
                recorded.adjoints(order, {slope: 1.0}, self.leaves, self.connected)
                if type(slope) is Value
                else [0.0] * size,
                [],
            )
            for slope in slopes
        ]
        return _symmetric(rows)

    def hessian_diagonal(self, out: Any) -> list[Any]:
        """The second derivatives of `out` by each of the leaves, twice by the same one."""
        if (product := self.hessian_product(out)) is not None:
            rows = (product.times(unit) for unit in _units(len(self.leaves)))
            found: list[Any] = [row[i] for i, row in enumerate(rows)]
            if self.symbolic or not _has_nan(found):
                return self._finish(found, [])
        slopes, order = self._gradient_graph(out)
        found = [
            recorded.adjoints(order, {slope: 1.0}, [leaf], self.connected)[0]
            if type(slope) is Value
            else 0.0
            for slope, leaf in zip(slopes, self.leaves, strict=True)
        ]
        return self._finish(found, [])

    def hessian_times(self, out: Any, vector: list[Any]) -> list[Any]:
        """The second derivatives of `out`, times `vector`."""
        if (product := self.hessian_product(out, vector)) is not None:
            found = product.times(vector)
            if self.symbolic or not _has_nan(found):
                return self._finish(found, vector)
        slopes, order = self._gradient_graph(out)
        weights = dict(zip(self.leaves, vector, strict=True))
        found = recorded.tangents(order, weights, _as_values(slopes), self.connected)
        return self._finish(found, vector)

    def hessian_product(
        self, out: Any, vector: Sequence[Any] = ()
    ) -> HessianProduct | recorded.HessianProduct | None:
        """What multiplies the Hessian of `out` by vectors like this one, where that is possible."""
        if type(out) is not Value or not (self.symbolic or self._on_numbers(vector)):
            return None
        try:
            if self.connected:
                return recorded.HessianProduct(out, self.order, self.leaves)
            return HessianProduct(out, self.order, self.leaves)
        except LookupError:
            return None

    def slopes(self, out: Any) -> list[Any]:
        """The derivatives of `out` by the leaves, to be differentiated again."""
        return self._gradient_graph(out)[0]

    def _gradient_graph(self, out: Any) -> tuple[list[Any], list[Value]]:
        """The recorded gradient of `out`, and the graph it is in."""
        if type(out) is not Value:
            return [0.0] * len(self.leaves), self.leaves
        slopes = recorded.adjoints(self.order, {out: 1.0}, self.leaves, True)
        return slopes, value.order([v for v in slopes if type(v) is Value], self.leaves)

    def finished(self, found: list[Any]) -> list[Any]:
        """Derivatives as the outside shall see them, of sweeps whose seeds were numbers."""
        return self._finish(found, [])

    def _finish(self, found: list[Any], seeds: Sequence[Any]) -> list[Any]:
        """Derivatives as the outside shall see them: all of one kind."""
        if self.connected or Value in map(type, seeds):
            return [_plain(v) for v in found] if self.symbolic else _as_values(found)
        return [v.data if type(v) is Value else v for v in found]


class HessianProduct:
    """The second derivative of a graph: the product of its Hessian with any vector.

    root    what is differentiated
    order   its graph, whose only leaves are `leaves`
    leaves  what to differentiate with respect to

    The Hessian is the sum, over the primitives, of adjoint · second derivative · the two
    operands' slopes: two sweeps a product.  Raises `LookupError` where a primitive has no
    second derivative on floats.
    """

    __slots__ = ("_along", "_factors", "_into", "_leaves", "_order")

    def __init__(self, root: Value, order: list[Value], leaves: list[Value]) -> None:
        self._order = order
        self._leaves = leaves
        seconds = second_partials_by_opcode()
        nodes = sweep.nonlinear_nodes(order, seconds)
        adjoints = value.adjoints(order, [root], [1.0], nodes)
        self._into, self._along, self._factors = sweep.hessian_terms(nodes, adjoints, seconds)

    def times(self, vector: Sequence[float]) -> list[float]:
        """The Hessian times `vector`; NaN where an infinite slope met a branch not taken."""
        slopes = sweep.tangents(self._order, self._leaves, list(vector), self._along)
        sources = [factor * slope for factor, slope in zip(self._factors, slopes, strict=True)]
        return value.adjoints(self._order, self._into, sources, self._leaves)


@lru_cache(maxsize=256)
def _positions(argnums: tuple[int, ...], count: int) -> tuple[int, ...] | None:
    """`argnums` of `count` arguments, counted from the first; None where one isn't there."""
    if not all(-count <= argnum < count for argnum in argnums):
        return None
    positions = tuple([argnum % count for argnum in argnums])
    if len({*positions}) < len(positions):
        raise ValueError(f"argnums is {argnums}, which names an argument twice")
    return positions


def _symmetric(rows: list[list[Any]]) -> list[list[Any]]:
    """One triangle, twice, so that rounding doesn't make a Hessian asymmetric."""
    places = range(len(rows))
    return [[rows[max(i, j)][min(i, j)] for j in places] for i in places]


def _has_nan(found: list[float]) -> bool:
    # Infinities of both signs add up to NaN too; what is done about a NaN is right for them.
    return math.isnan(sum(found))


def _units(size: int) -> Iterator[list[float]]:
    """The rows of the identity matrix."""
    for i in range(size):
        yield [1.0 if i == j else 0.0 for j in range(size)]


def _plain(v: Any) -> Value:
    """A derivative in a program that is traced, which stands for a number: a sum from +0.0 on."""
    found = 0.0 + v if type(v) is Value else constant(0.0 + v)
    context.tracer().plain(found)
    return found


def _as_values(numbers_: Sequence[Any]) -> list[Value]:
    return [v if type(v) is Value else constant(v) for v in numbers_]


def _data(v: Value) -> float:
    return v.data
