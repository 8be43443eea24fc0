"""Differential operators: derivatives of ordinary numeric functions, of any order.

An operator runs the function once on fresh leaves and sweeps over what was recorded.
From plain numbers come plain numbers.  Where Values from outside take part (the argument
is one, or the function uses one), the derivatives are Values too, whose graphs lead to
those outside: that is how operators nest, and why they can't confuse their levels.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from ..engine.sweep import depends_only_on, freeze, graph_of, pull, pull_aside, push
from ..engine.value import Value, constant, is_paused, recording, toposort, watcher
from .hessian import Curvature
from .pytree import (
    all_floats,
    blocks,
    flat_tuple,
    flatten,
    flatten_like,
    is_number,
    join,
    map_values,
)
from .recorded import adjoints, tangents

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


def gradient(y: Value, xs: Any, create_graph: bool = False) -> Any:
    """The derivatives of a recorded value by others, in the structure of `xs`.

    y             what is differentiated
    xs            a Value it was computed from, or lists, dicts, arrays … of them
    create_graph  whether the derivatives are Values, recorded so that they can be drawn
                  and differentiated again

    Unlike `y.backward()` it reads and writes no `grad`.  By what `y` does not depend on
    the derivative is 0.  Raises `TypeError` if `y` or a part of `xs` is no Value.

    >>> x = Value(3.0, "x")
    >>> y = x**3
    >>> dy = gradient(y, x, create_graph=True)
    >>> dy.data, gradient(dy, x)
    (27.0, 18.0)
    """
    if type(y) is not Value:
        raise TypeError(
            f"gradient differentiates one Value, got {_described(y)}; of a function with several "
            "results, take the jacobian"
        )
    leaves, structure = flatten(xs, ("xs",))
    for leaf in leaves:
        if type(leaf) is not Value:
            raise TypeError(
                f"gradient differentiates by Values, {leaf!r} is among xs; to differentiate a "
                "function by numbers, use grad"
            )
    if not create_graph and watcher() is None and all(v.kind != "constant" for v in (y, *leaves)):
        found = pull_aside(y, leaves)
        if not _has_nan(found):
            return structure.pack(found)
    found = adjoints(toposort(y), {y: 1.0}, leaves, create_graph)
    return structure.pack(_as_values(found) if create_graph else found)


def stop_gradient(x: Any) -> Any:
    """`x` with every Value in it replaced by a constant: no derivative flows through, of any order.

    Numbers, and whatever else is in `x`, stay as they are.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0
    """
    return map_values(Value.detach, x)


def grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that computes the gradient of `fun`, which returns one number.

    fun      a function of numbers, in any containers
    argnums  which positional argument is differentiated by; a tuple of several gives a
             tuple of gradients
    has_aux  whether `fun` returns (number, anything else); then so does the gradient

    The gradient is arranged like the argument; arrays come back as float64.  Arguments
    that aren't differentiated by, and keyword arguments, are passed on as they are.
    Raises `TypeError` where the result is not one number, or an argument not of numbers.

    >>> grad(lambda p: p["a"] ** 2 * p["b"])({"a": 3, "b": 2.0})
    {'a': 12.0, 'b': 9.0}
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    both = value_and_grad(fun, argnums, has_aux)

    def gradient_of(*args: Any, **kwargs: Any) -> Any:
        result, found = both(*args, **kwargs)
        return (found, result[1]) if has_aux else found

    return _named(gradient_of, "grad", fun)


def value_and_grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Like `grad`, but what it makes returns (value, gradient), at the cost of the gradient.

    With `has_aux` it returns ((value, aux), gradient).

    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    _check(fun, argnums)

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(fun, args, kwargs, argnums)
        result, aux = trace.result, None
        if has_aux:
            result, aux = _split(result)
        out = _scalar(result, "grad")
        trace.close([out])
        found = trace.structure.pack(trace.adjoints([out], [1.0]))
        value = trace.plain(out)
        return ((value, trace.plain(aux)), found) if has_aux else (value, found)

    return _named(_recording(value_and_gradient), "value_and_grad", fun)


def jacobian(fun: Function, argnums: Argnums = 0) -> Function:
    """The function that computes all derivatives of all results of `fun`.

    In the structure of the result, each number is replaced by its derivatives, in the
    structure of the argument; for arrays, the shape of the result comes first.  Takes one
    sweep for each result or for each argument, whichever are fewer.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + 1])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 0.0]]
    """
    _check(fun, argnums)

    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(fun, args, kwargs, argnums)
        outs, structure = flatten(trace.result, ("result",))
        trace.close(outs)
        return blocks(trace.jacobian(outs), structure, trace.structure)

    return _named(_recording(jacobian_of), "jacobian", fun)


def hessian(fun: Function, argnums: Argnums = 0) -> Function:
    """The function that computes all second derivatives of `fun`, which returns one number.

    They are arranged as the argument's structure in each number of the argument's
    structure; by an array of shape s, they are an array of shape (*s, *s).

    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    _check(fun, argnums)

    def hessian_of(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(fun, args, kwargs, argnums)
        out = _scalar(trace.result, "hessian")
        trace.close([out])
        return blocks(trace.hessian(out), trace.structure, trace.structure)

    return _named(_recording(hessian_of), "hessian", fun)


def hvp(fun: Function, argnums: Argnums = 0) -> Function:
    """The function of `(*args, vector)` that multiplies the Hessian of `fun` by a vector.

    The vector is arranged like the argument (with a tuple of argnums, a tuple of such), and
    so is the product.  Costs a few gradients, at any number of dimensions, and no more
    memory than they do: forward over reverse, the Hessian itself is never formed.

    >>> hvp(lambda v: v[0] ** 2 * v[1])([3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    _check(fun, argnums)

    def hvp_of(*args: Any, **kwargs: Any) -> Any:
        if not args:
            raise TypeError("hvp(fun) takes the arguments of fun, and then a vector")
        *primals, vector = args
        trace = _Trace(fun, primals, kwargs, argnums)
        direction = flatten_like(vector, trace.argument, ("vector",))
        out = _scalar(trace.result, "hvp")
        trace.close([out])
        return trace.structure.pack(trace.hessian_times(out, direction))

    return _named(_recording(hvp_of), "hvp", fun)


def vjp(fun: Function, *primals: Any) -> tuple[Any, Function]:
    """`fun(*primals)`, and the function that pulls cotangents of the result back to the primals.

    A cotangent is arranged like the result, what comes back is a tuple like the primals:
    the cotangent times the Jacobian.

    >>> out, pullback = vjp(lambda x, y: (x * y, x + y), 3.0, 4.0)
    >>> out, pullback((1.0, 0.0))
    ((12.0, 7.0), (4.0, 3.0))
    """
    _check(fun, tuple(range(len(primals))))
    return _recording(_vjp)(fun, primals)  # type: ignore[no-any-return]


def _vjp(fun: Function, primals: tuple[Any, ...]) -> tuple[Any, Function]:
    trace = _Trace(fun, primals, {}, tuple(range(len(primals))))
    outs, _ = flatten(trace.result, ("result",))
    trace.close(outs)

    def pullback(cotangent: Any) -> Any:
        """The cotangents of the primals, a tuple, from one of the result."""
        seeds = flatten_like(cotangent, trace.result, ("cotangent",))
        return trace.structure.pack(trace.adjoints(outs, seeds))

    return trace.plain(trace.result), _recording(pullback)


def jvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """`fun(*primals)`, and how fast it changes as the primals do at the rates `tangents`.

    Both are tuples, one entry for each argument; the result's tangent, the Jacobian times
    the tangents, is arranged like the result.  One sweep in forward mode.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            raise TypeError(
                f"{name} must be a tuple with one entry for each argument of fun, "
                f"got {_described(given)}"
            )
    _check(fun, tuple(range(len(primals))))
    return _recording(_jvp)(fun, tuple(primals), tuple(tangents))  # type: ignore[no-any-return]


def _jvp(fun: Function, primals: tuple[Any, ...], directions: tuple[Any, ...]) -> tuple[Any, Any]:
    trace = _Trace(fun, primals, {}, tuple(range(len(primals))))
    seeds = flatten_like(directions, primals, ("tangents",))
    outs, structure = flatten(trace.result, ("result",))
    trace.close(outs)
    return trace.plain(trace.result), structure.pack(trace.tangents(outs, seeds))


class _Trace:
    """One run of a function on fresh leaves, and the sweeps over what it recorded.

    result     what the function returned
    argument   what is differentiated by, as it was given
    leaves     the Values the function got in place of the numbers in it
    structure  how they were arranged
    connected  whether derivatives are Values, because Values from outside take part
    """

    __slots__ = ("argument", "connected", "leaves", "order", "result", "structure")

    def __init__(
        self,
        fun: Function,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: Argnums,
    ) -> None:
        several = isinstance(argnums, tuple)
        chosen = argnums if isinstance(argnums, tuple) else (argnums,)
        for argnum in chosen:
            if not -len(args) <= argnum < len(args):
                raise TypeError(
                    f"argnums is {argnums}, but {_name(fun)} was called with {len(args)} "
                    "positional arguments; keyword arguments can't be differentiated by"
                )
        positions = [argnum % len(args) for argnum in chosen]
        if len(set(positions)) < len(positions):
            raise ValueError(f"argnums is {argnums}, which names an argument twice")
        self.connected = False
        self.leaves: list[Value] = []
        complete = list(args)
        if several:
            self.argument = tuple([args[position] for position in positions])
        else:
            self.argument = args[positions[0]]
        if several and all_floats(self.argument):
            self.structure = flat_tuple(len(positions))
            self.leaves = [Value(number) for number in self.argument]
            for position, leaf in zip(positions, self.leaves, strict=True):
                complete[position] = leaf
        else:
            structures = []
            for position in positions:
                given, structure = flatten(args[position], (f"args[{position}]",))
                leaves = [Value(n) if type(n) is float else self._copy(n) for n in given]
                complete[position] = structure.pack(leaves, construct=True)
                self.leaves += leaves
                structures.append(structure)
            self.structure = join(structures) if several else structures[0]
        self.order: list[Value] = []
        self.result = fun(*complete, **kwargs)

    def _copy(self, outer: Value) -> Value:
        """A Value to differentiate by in place of one from outside, to which it leads.

        The inner derivative ends at the copy; the outer one goes on.
        """
        self.connected = True
        return outer - 0.0

    def close(self, outs: list[Any]) -> None:
        """Make the graph of `outs` ready for sweeps."""
        roots = [out for out in outs if type(out) is Value]
        self.order = graph_of(roots, self.leaves)
        if not self.connected:
            self.connected = not depends_only_on(self.order, len(self.leaves))
        if self.connected:
            # Seen from outside, what was a plain number is no variable.
            freeze(self.leaves)

    def plain(self, result: Any) -> Any:
        """`result` as the outside shall see it."""
        return result if self.connected else map_values(lambda v: v.data, result)

    def _quick(self, seeds: Sequence[Any]) -> bool:
        """Whether the numbers in the graph are all there is to it."""
        return (
            not self.connected
            and watcher() is None
            and not any(type(seed) is Value for seed in seeds)
        )

    def adjoints(self, outs: list[Any], seeds: list[Any]) -> list[Any]:
        """The derivatives of Σ seed · out by the leaves."""
        if self._quick(seeds):
            given = [(v, s) for v, s in zip(outs, seeds, strict=True) if type(v) is Value]
            found = pull(self.order, [v for v, _ in given], [s for _, s in given], self.leaves)
            if not _has_nan(found):
                return found
        weights: dict[Value, Any] = {}
        for v, seed in zip(outs, seeds, strict=True):
            if type(v) is Value:
                weights[v] = weights[v] + seed if v in weights else seed
        return self._finish(adjoints(self.order, weights, self.leaves, self.connected), seeds)

    def tangents(self, outs: list[Any], seeds: list[Any]) -> list[Any]:
        """How fast `outs` change as the leaves do at the rates of `seeds`."""
        values = [v if type(v) is Value else constant(v) for v in outs]
        if self._quick(seeds):
            found = push(self.order, self.leaves, seeds, values)
            if not _has_nan(found):
                return found
        weights = dict(zip(self.leaves, seeds, strict=True))
        return self._finish(tangents(self.order, weights, values, self.connected), seeds)

    def jacobian(self, outs: list[Any]) -> list[list[Any]]:
        """The derivatives of each of `outs` by each of the leaves."""
        if len(outs) <= len(self.leaves):
            whole = self.order
            rows = []
            for out in outs:
                # Each result has its own part of the graph, which may be small.
                self.order = graph_of([out], self.leaves) if type(out) is Value else whole
                rows.append(self.adjoints([out], [1.0]))
            self.order = whole
            return rows
        columns = [self.tangents(outs, unit) for unit in _units(len(self.leaves))]
        return [list(row) for row in zip(*columns, strict=True)] if columns else [[]] * len(outs)

    def hessian(self, out: Any) -> list[list[Any]]:
        """The second derivatives of `out` by the leaves."""
        size = len(self.leaves)
        if (curvature := self._curvature(out, [])) is not None:
            rows = [curvature.times(unit) for unit in _units(size)]
            if not any(map(_has_nan, rows)):
                return _symmetric(rows)
        slopes, order = self._gradient_graph(out)
        rows = [
            self._finish(
                adjoints(order, {slope: 1.0}, self.leaves, self.connected)
                if type(slope) is Value
                else [0.0] * size,
                [],
            )
            for slope in slopes
        ]
        return _symmetric(rows)

    def hessian_times(self, out: Any, vector: list[Any]) -> list[Any]:
        """The second derivatives of `out`, times `vector`."""
        if (curvature := self._curvature(out, vector)) is not None:
            found = curvature.times(vector)
            if not _has_nan(found):
                return found
        slopes, order = self._gradient_graph(out)
        weights = dict(zip(self.leaves, vector, strict=True))
        values = [v if type(v) is Value else constant(v) for v in slopes]
        return self._finish(tangents(order, weights, values, self.connected), vector)

    def _curvature(self, out: Any, vector: Sequence[Any]) -> Curvature | None:
        if type(out) is not Value or not self._quick(vector):
            return None
        try:
            return Curvature(out, self.order, self.leaves)
        except LookupError:
            return None

    def _gradient_graph(self, out: Any) -> tuple[list[Any], list[Value]]:
        """The recorded gradient of `out`, and the graph it is in."""
        if type(out) is not Value:
            return [0.0] * len(self.leaves), self.leaves
        slopes = adjoints(self.order, {out: 1.0}, self.leaves, True)
        return slopes, graph_of([v for v in slopes if type(v) is Value], self.leaves)

    def _finish(self, found: list[Any], seeds: Sequence[Any]) -> list[Any]:
        """Derivatives as the outside shall see them: all of one kind."""
        if self.connected or any(type(seed) is Value for seed in seeds):
            return _as_values(found)
        return [v.data if type(v) is Value else v for v in found]


def _symmetric(rows: list[list[Any]]) -> list[list[Any]]:
    """One triangle, twice, so that rounding doesn't make a Hessian asymmetric."""
    places = range(len(rows))
    return [[rows[max(i, j)][min(i, j)] for j in places] for i in places]


def _has_nan(found: list[float]) -> bool:
    # Infinities of both signs add up to NaN too; what is done about a NaN is right for them.
    return math.isnan(sum(found))


def _units(size: int) -> list[list[float]]:
    """The rows of the identity matrix."""
    return [[1.0 if i == j else 0.0 for j in range(size)] for i in range(size)]


def _as_values(numbers_: Sequence[Any]) -> list[Value]:
    return [v if type(v) is Value else constant(v) for v in numbers_]


def _recording(operator: Function) -> Function:
    """`operator`, working inside `no_grad` too, where its results are constants."""

    @functools.wraps(operator)
    def operate(*args: Any, **kwargs: Any) -> Any:
        if not is_paused():
            return operator(*args, **kwargs)
        with recording():
            result = operator(*args, **kwargs)
        return stop_gradient(result)

    return operate


def _check(fun: Any, argnums: Any) -> None:
    if not callable(fun):
        raise TypeError(f"a function is needed, got {_described(fun)}")
    chosen = argnums if isinstance(argnums, tuple) else (argnums,)
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in chosen):
        raise TypeError(f"argnums is an int or a tuple of ints, got {argnums!r:.60}")


def _name(fun: Function) -> str:
    return getattr(fun, "__name__", type(fun).__name__)


def _named(made: Function, operator: str, fun: Function) -> Function:
    made.__name__ = made.__qualname__ = f"{operator}({_name(fun)})"
    made.__doc__ = f"{operator} of `{_name(fun)}`, with its arguments."
    return made


def _split(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"with has_aux the function must return (number, aux), got {_described(result)}"
        )
    return result


def _scalar(result: Any, operator: str) -> Any:
    """`result` as the Value or float it must be."""
    if type(result) is Value or type(result) is float:
        return result
    if getattr(result, "shape", None) == () and hasattr(result, "item"):
        result = result.item()
        if type(result) is Value:
            return result
    if is_number(result):
        return float(result)
    advice = ""
    if result is None:
        advice = "; is a return statement missing?"
    elif hasattr(result, "__len__") and not isinstance(result, str):
        advice = "; for several results use jacobian, or add them up"
    raise TypeError(
        f"{operator} needs a function that returns one number, got {_described(result)}{advice}"
    )


def _described(result: Any) -> str:
    shape = getattr(result, "shape", None)
    if shape is not None:
        return f"{type(result).__name__} of shape {shape}"
    if isinstance(result, list | tuple | dict):
        return f"{type(result).__name__} of length {len(result)}"
    return f"{type(result).__name__} {result!r:.60}"
