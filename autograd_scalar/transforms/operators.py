"""Differential operators: derivatives of ordinary numeric functions, of any order.

An operator runs the function once on fresh leaves and sweeps over what was recorded.
From plain numbers come plain numbers.  Where Values from outside take part (the argument
is one, or the function uses one), the derivatives are Values too, whose graphs lead to
those outside: that is how operators nest, and why they can't confuse their levels.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

from ..engine.context import is_paused
from ..engine.modes import recording
from ..engine.value import Value
from .csr import require_scipy
from .pytree import blocks, flatten, flatten_like, is_number, map_values
from .sparse import check_flat, sparse_hessian, sparse_jacobian
from .trace import Trace, gradient_of

Function = Callable[..., Any]
Argnums = int | Sequence[int]


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
    leaves, treedef = flatten(xs, "xs")
    for leaf in leaves:
        if type(leaf) is not Value:
            raise TypeError(
                f"gradient differentiates with respect to Values, {leaf!r} is among xs; to "
                "differentiate a function of numbers, use grad"
            )
    return treedef.unflatten(gradient_of(y, leaves, create_graph))


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
    argnums  which positional argument to differentiate with respect to; a tuple or list of several
             gives a tuple of gradients
    has_aux  whether `fun` returns (number, anything else); then so does the gradient

    The gradient is arranged like the argument; arrays come back as float64.  Other
    arguments, by position or keyword, are passed on as they are; an
    array of one element is one number.  The function that is made can be pickled if `fun`
    can.  Raises `TypeError` where the result is not one number, or an argument not of
    numbers.

    >>> grad(lambda p: p["a"] ** 2 * p["b"])({"a": 3, "b": 2.0})
    {'a': 12.0, 'b': 9.0}
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    """
    return _Operator("grad", _grad, fun, argnums, has_aux)


def _grad(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace, out, aux = _recorded(made, args, kwargs)
    found = trace.treedef.unflatten(trace.gradient(out))
    return (found, trace.plain(aux)) if made.has_aux else found


def value_and_grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Like `grad`, but what it makes returns (value, gradient), at the cost of the gradient.

    With `has_aux` it returns ((value, aux), gradient).

    >>> value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    return _Operator("value_and_grad", _value_and_grad, fun, argnums, has_aux)


def _value_and_grad(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace, out, aux = _recorded(made, args, kwargs)
    found = trace.treedef.unflatten(trace.gradient(out))
    value = trace.plain(out)
    return ((value, trace.plain(aux)) if made.has_aux else value), found


def jacobian(
    fun: Function,
    argnums: Argnums = 0,
    has_aux: bool = False,
    mode: str | None = None,
    sparse: bool = False,
) -> Function:
    """The function that computes all derivatives of all results of `fun`.

    has_aux  whether `fun` returns (result, anything else); then so does the Jacobian
    mode     "reverse" for one sweep for each result, "forward" for one for each argument;
             by default whichever are fewer
    sparse   whether it is a `scipy.sparse.csr_array`

    In the structure of the result, each number is replaced by its derivatives, in the
    structure of the argument; for arrays, the shape of the result comes first.  Raises
    `ValueError` for another mode.

    A sparse Jacobian has a row for each result and a column for each number of the argument, each
    of which is a number, or numbers in a list, a tuple or an array of one dimension.  Its
    entries are the derivatives that can be other than 0 by what the program computes,
    whatever its numbers, so some may be 0.  Results that share no argument, or arguments that
    share no result, have one sweep together.  Needs SciPy.  Raises `ValueError` for other
    containers and for several argnums, `TypeError` where the derivatives would be Values.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + 1])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 0.0]]
    >>> jacobian(lambda v: [a * b for a, b in zip(v, v[1:])], sparse=True)([1.0] * 1000).nnz
    1998
    """
    return _Operator("jacobian", _jacobian, fun, argnums, has_aux, _checked_mode(mode), sparse)


def value_and_jacobian(
    fun: Function,
    argnums: Argnums = 0,
    has_aux: bool = False,
    mode: str | None = None,
    sparse: bool = False,
) -> Function:
    """Like `jacobian`, but what it makes returns (value, Jacobian), from one run of `fun`.

    With `has_aux` it returns ((value, aux), Jacobian).

    >>> value_and_jacobian(lambda v: [v[0] * v[1], v[0] + 1])([3.0, 4.0])
    ([12.0, 4.0], [[4.0, 3.0], [1.0, 0.0]])
    """
    settings = (argnums, has_aux, _checked_mode(mode), sparse)
    return _Operator("value_and_jacobian", _value_and_jacobian, fun, *settings)


def _jacobian(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    value, found = _value_and_jacobian(made, args, kwargs)
    return (found, value[1]) if made.has_aux else found


def _value_and_jacobian(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace = Trace(made.fun, args, kwargs, made.argnums, made.several)
    result, aux = _split(trace.result) if made.has_aux else (trace.result, None)
    outs, treedef = flatten(result, "result")
    if made.sparse:
        check_flat(result, "the result")
        check_flat(trace.argument, "the argument")
    trace.close(outs)
    if made.sparse:
        found = sparse_jacobian(trace, outs, made.mode)
    else:
        found = blocks(trace.jacobian(outs, made.mode), treedef, trace.treedef)
    value = trace.plain(result)
    return ((value, trace.plain(aux)) if made.has_aux else value), found


def hessian(
    fun: Function, argnums: Argnums = 0, has_aux: bool = False, sparse: bool = False
) -> Function:
    """The function that computes all second derivatives of `fun`, which returns one number.

    sparse  whether they are a `scipy.sparse.csr_array`

    They are arranged as the argument's structure in each number of the argument's
    structure; by an array of shape s, they are an array of shape (*s, *s).  With `has_aux`,
    `fun` returns (number, anything else), and what is made (Hessian, that).

    A sparse Hessian is of an argument as `jacobian` has it, and raises what that does.  Its
    entries are those of arguments that meet in a primitive that is not linear in them; some may
    be 0.  Sweeps are shared by arguments from whose sum each entry can be read.

    >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    >>> hessian(lambda v: sum(a * b for a, b in zip(v, v[1:])), sparse=True)([1.0] * 1000).nnz
    1998
    """
    return _Operator("hessian", _hessian, fun, argnums, has_aux, None, sparse)


def _hessian(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace, out, aux = _recorded(made, args, kwargs)
    if made.sparse:
        check_flat(trace.argument, "the argument")
        found = sparse_hessian(trace, out)
    else:
        found = blocks(trace.hessian(out), trace.treedef, trace.treedef)
    return (found, trace.plain(aux)) if made.has_aux else found


def hessian_diagonal(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that computes the second derivatives of `fun` by each number, twice by the same.

    They are arranged like the argument.  Takes two sweeps for each number, as the Hessian
    does, but no more memory than a gradient.

    >>> hessian_diagonal(lambda v: v[0] ** 2 * v[1])([3.0, 4.0])
    [8.0, 0.0]
    """
    return _Operator("hessian_diagonal", _hessian_diagonal, fun, argnums, has_aux)


def _hessian_diagonal(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace, out, aux = _recorded(made, args, kwargs)
    found = trace.treedef.unflatten(trace.hessian_diagonal(out))
    return (found, trace.plain(aux)) if made.has_aux else found


def hvp(fun: Function, argnums: Argnums = 0) -> Function:
    """The function of `(*args, vector)` that multiplies the Hessian of `fun` by a vector.

    The vector is arranged like the argument (with a tuple of argnums, a tuple of such), and
    so is the product.  Costs a few gradients, at any number of dimensions, and no more
    memory than they do: forward over reverse, the Hessian itself is never formed.

    >>> hvp(lambda v: v[0] ** 2 * v[1])([3.0, 4.0], [1.0, 0.0])
    [8.0, 6.0]
    """
    return _Operator("hvp", _hvp, fun, argnums)


def value_grad_and_hvp(fun: Function, argnums: Argnums = 0) -> Function:
    """The function of `(*args, vector)` that returns (value, gradient, Hessian times vector).

    The arguments are those of `hvp`.  All three come from one run of `fun`.

    >>> value_grad_and_hvp(lambda v: v[0] ** 2 * v[1])([3.0, 4.0], [1.0, 0.0])
    (36.0, [24.0, 9.0], [8.0, 6.0])
    """
    return _Operator("value_grad_and_hvp", _value_grad_and_hvp, fun, argnums)


def _hvp(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace, out, direction = _recorded_with_vector(made, args, kwargs)
    return trace.treedef.unflatten(trace.hessian_times(out, direction))


def _value_grad_and_hvp(made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace, out, direction = _recorded_with_vector(made, args, kwargs)
    product = trace.treedef.unflatten(trace.hessian_times(out, direction))
    return trace.plain(out), trace.treedef.unflatten(trace.gradient(out)), product


def vjp(
    fun: Function, *primals: Any, argnums: Argnums | None = None, **kwargs: Any
) -> tuple[Any, Function]:
    """`fun(*primals)`, and the function that pulls cotangents of the result back to the primals.

    argnums  which of the primals; by default all of them, in a tuple
    kwargs   keyword arguments, which are passed on to `fun`

    A cotangent is arranged like the result, what comes back is a tuple like the primals:
    the cotangent times the Jacobian.

    >>> out, pullback = vjp(lambda x, y: (x * y, x + y), 3.0, 4.0)
    >>> out, pullback((1.0, 0.0))
    ((12.0, 7.0), (4.0, 3.0))
    """
    chosen, several = _checked(fun, range(len(primals)) if argnums is None else argnums)
    return _always_recording(_vjp, fun, primals, kwargs, chosen, several)  # type: ignore[no-any-return]


def _vjp(
    fun: Function,
    primals: tuple[Any, ...],
    kwargs: dict[str, Any],
    argnums: tuple[int, ...],
    several: bool,
) -> tuple[Any, Function]:
    trace = Trace(fun, primals, kwargs, argnums, several)
    outs, _ = flatten(trace.result, "result")
    trace.close(outs)

    def pullback(cotangent: Any) -> Any:
        """The cotangents of the primals from one of the result."""
        return _always_recording(pulled_back, cotangent)

    def pulled_back(cotangent: Any) -> Any:
        seeds = flatten_like(cotangent, trace.result, "cotangent")
        return trace.treedef.unflatten(trace.adjoints(outs, seeds))

    return trace.plain(trace.result), pullback


def jvp(
    fun: Function,
    primals: Sequence[Any],
    tangents: Any,
    argnums: Argnums | None = None,
    **kwargs: Any,
) -> tuple[Any, Any]:
    """`fun(*primals)`, and how fast it changes as the primals do at the rates `tangents`.

    primals   a tuple, one entry for each positional argument
    tangents  a tuple of the rates, each arranged like its argument
    argnums   which arguments change; by default all. With one number, `tangents` is the
              rate of that argument itself
    kwargs    keyword arguments, which are passed on to `fun`

    The result's tangent, the Jacobian times the tangents, is arranged like the result.  One
    sweep in forward mode.

    >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    >>> jvp(lambda x, y: x * y, (3.0, 4.0), 1.0, argnums=1)
    (12.0, 3.0)
    """
    if not isinstance(primals, tuple | list):
        raise TypeError(
            "primals must be a tuple with one entry for each argument of fun, "
            f"got {_described(primals)}"
        )
    chosen, several = _checked(fun, range(len(primals)) if argnums is None else argnums)
    if several and not isinstance(tangents, tuple | list):
        raise TypeError(
            "tangents must be a tuple with one entry for each argument that changes, "
            f"got {_described(tangents)}"
        )
    return _always_recording(  # type: ignore[no-any-return]
        _jvp, fun, tuple(primals), tangents, kwargs, chosen, several
    )


def _jvp(
    fun: Function,
    primals: tuple[Any, ...],
    directions: Any,
    kwargs: dict[str, Any],
    argnums: tuple[int, ...],
    several: bool,
) -> tuple[Any, Any]:
    trace = Trace(fun, primals, kwargs, argnums, several)
    seeds = flatten_like(directions, trace.argument, "tangents")
    outs, treedef = flatten(trace.result, "result")
    trace.close(outs)
    return trace.plain(trace.result), treedef.unflatten(trace.tangents(outs, seeds))


class _Operator:
    """A function made by an operator: the derivative of `fun` that `derive` computes."""

    def __init__(
        self,
        name: str,
        derive: Callable[[_Operator, tuple[Any, ...], dict[str, Any]], Any],
        fun: Function,
        argnums: Argnums,
        has_aux: bool = False,
        mode: str | None = None,
        is_sparse: bool = False,
    ) -> None:
        self.argnums, self.several = _checked(fun, argnums)
        if is_sparse and self.several:
            raise ValueError(
                f"a sparse matrix is of derivatives by one argument, got argnums {argnums!r:.60}; "
                "take one list or array, and take it apart inside the function"
            )
        self.name = name
        self.derive = derive
        self.fun = fun
        self.has_aux = has_aux
        self.mode = mode
        self.sparse = is_sparse
        named = getattr(fun, "__name__", type(fun).__name__)
        self.__name__ = self.__qualname__ = f"{name}({named})"
        self.__doc__ = f"{name} of `{named}`, with its arguments."

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.sparse:
            require_scipy()
        if is_paused():
            return _always_recording(self.derive, self, args, kwargs)
        return self.derive(self, args, kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Like a function, a method of the class it is written in."""
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        if name := name_taken(self):
            return name
        arguments = self.argnums if self.several else self.argnums[0]
        settings = (arguments, self.has_aux, self.mode, self.sparse)
        return _Operator, (self.name, self.derive, self.fun, *settings)


def name_taken(made: Any) -> str | None:
    """Where `made`, as a decorator, has taken the place of its function: the name of both."""
    module = getattr(made.fun, "__module__", None)
    name = getattr(made.fun, "__qualname__", "")
    try:
        found = operator.attrgetter(name)(sys.modules[module or ""])
    except (AttributeError, KeyError):
        return None
    if found is not made:
        return None
    made.__module__ = module
    return str(name)


def _always_recording(function: Function, *args: Any) -> Any:
    """Call an operator's function, inside `no_grad` too, where its results are constants."""
    if not is_paused():
        return function(*args)
    with recording():
        result = function(*args)
    return stop_gradient(result)


def _recorded(
    made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Trace, Any, Any]:
    """A run of a function that returns one number: the trace, the number, and aux."""
    trace = Trace(made.fun, args, kwargs, made.argnums, made.several)
    out, aux = trace.result, None
    if made.has_aux:
        out, aux = _split(out)
    if type(out) is not Value:
        out = _scalar(out, made.name)
    trace.close([out])
    return trace, out, aux


def _recorded_with_vector(
    made: _Operator, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Trace, Any, list[Any]]:
    """The same, with the numbers of the vector that comes after the function's arguments."""
    if not args:
        raise TypeError(f"{made.name}(fun) takes the arguments of fun, and then a vector")
    trace, out, _ = _recorded(made, args[:-1], kwargs)
    return trace, out, flatten_like(args[-1], trace.argument, "vector")


def _checked(fun: Any, argnums: Any) -> tuple[tuple[int, ...], bool]:
    """The numbers of the arguments, and whether the caller gave a tuple or list of them."""
    if not callable(fun):
        raise TypeError(f"a function is needed, got {_described(fun)}")
    several = isinstance(argnums, tuple | list | range)
    chosen = tuple(argnums) if several else (argnums,)
    if not all(hasattr(each, "__index__") and not isinstance(each, bool) for each in chosen):
        raise TypeError(f"argnums is an int or a tuple of ints, got {argnums!r:.60}")
    return tuple(map(operator.index, chosen)), several


def _checked_mode(mode: str | None) -> str | None:
    if mode not in (None, "forward", "reverse"):
        raise ValueError(f'mode is "forward", "reverse" or None for the cheaper one, got {mode!r}')
    return mode


def _split(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"with has_aux the function must return (result, aux), got {_described(result)}"
        )
    return result


def _scalar(result: Any, name: str) -> Any:
    """`result` as the Value or float it must be."""
    if getattr(result, "size", None) == 1 and hasattr(result, "item"):
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
        f"{name} needs a function that returns one number, got {_described(result)}{advice}"
    )


def _described(result: Any) -> str:
    shape = getattr(result, "shape", None)
    if shape is not None:
        return f"{type(result).__name__} of shape {shape}"
    if isinstance(result, list | tuple | dict):
        return f"{type(result).__name__} of length {len(result)}"
    return f"{type(result).__name__} {result!r:.60}"
