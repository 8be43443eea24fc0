"""NumPy's functions of arrays, each in the way that is right for Values.

What moves elements about, or only adds and multiplies, is NumPy's own on arrays of objects. What
asks about numbers gets numbers. The others are here, on plain arrays of Values and floats.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import elementwise, linear_algebra
from .elements import numbers, object_array, objects
from .elementwise import numpy_function


def _of_numpy(names: str) -> set[Any]:
    """NumPy's functions of these names, as far as this version has them."""
    found: set[Any] = set()
    for name in names.split():
        place: Any = np
        for step in name.split("."):
            place = getattr(place, step, None)
        if place is not None:
            found.add(place)
    return found


#: NumPy's code for arrays of objects does it: it moves elements, adds, subtracts and multiplies.
ON_OBJECTS = _of_numpy(
    "append array_split atleast_1d atleast_2d atleast_3d block broadcast_arrays broadcast_to "
    "choose column_stack compress concatenate convolve copy copyto correlate cross delete "
    "diag diagflat diagonal diff dot dsplit dstack ediff1d einsum expand_dims extract flip fliplr "
    "flipud hsplit hstack inner insert ix_ kron linalg.cross linalg.diagonal linalg.matmul "
    "linalg.matrix_transpose linalg.multi_dot linalg.outer linalg.tensordot linalg.trace "
    "linalg.vecdot matrix_transpose meshgrid moveaxis ndim outer pad permute_dims place put "
    "putmask ravel repeat reshape resize roll rollaxis rot90 select shape size split squeeze stack "
    "swapaxes take take_along_axis put_along_axis tensordot tile trace transpose trapezoid trapz "
    "tril triu trim_zeros unstack vander vdot vsplit vstack fill_diagonal "
    "concat result_type can_cast real iscomplexobj isrealobj may_share_memory shares_memory "
    "array_repr array_str array2string"
)

#: NumPy's code comes down to functions of numbers, which come back to the array.
BY_STEPS = _of_numpy(
    "amax amin apply_along_axis apply_over_axes average clip cumprod cumsum max mean min "
    "prod ptp cumulative_sum cumulative_prod polyval"
)

#: The answer is no quantity to differentiate: a place, an order, a truth, a count.
ON_NUMBERS = _of_numpy(
    "all allclose any argmax argmin argpartition argsort argwhere array_equal array_equiv "
    "count_nonzero digitize flatnonzero isclose isneginf isposinf isreal lexsort "
    "linalg.matrix_rank nanargmax nanargmin nonzero searchsorted"
)

_rint, _sinc = numpy_function("rint"), numpy_function("sinc")
_add: Any = np.add


def _round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    if out is not None:
        raise TypeError("numpy.round(…, out=…) of Values: assign the result, out[...] = …")
    if decimals == 0:
        return _rint(objects(a))
    factor = 10.0 ** abs(decimals)
    if decimals > 0:
        return _rint(objects(a) * factor) / factor
    return _rint(objects(a) / factor) * factor


def _where(condition: Any, *choices: Any) -> Any:
    return np.where(numbers(condition), *[objects(each) for each in choices])


def _sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, **named: Any) -> Any:
    a = object_array(a)
    if axis is None:
        a, axis = a.ravel(), -1
    places = np.argsort(numbers(a), axis=axis, kind=kind, **named)
    return np.take_along_axis(a, places, axis=axis)


def _nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    if not copy:
        raise TypeError("numpy.nan_to_num(…, copy=False) of Values: assign the result")
    largest = np.finfo(np.float64).max
    found, size = objects(x), numbers(x)
    for where, instead in (
        (np.isnan(size), nan),
        (size == np.inf, largest if posinf is None else posinf),
        (size == -np.inf, -largest if neginf is None else neginf),
    ):
        found = np.where(where, objects(instead), found)
    return found


def _instead_of_nan(filler: float, reduction: np.ufunc) -> Callable[..., Any]:
    def reduced(a: Any, axis: Any = None, **named: Any) -> Any:
        kept = np.where(np.isnan(numbers(a)), filler, object_array(a))
        return reduction.reduce(kept, axis=axis, initial=filler, **named)

    return reduced


_nansum = _instead_of_nan(0.0, np.add)


def _nanmean(a: Any, axis: Any = None, **named: Any) -> Any:
    counts = np.sum(~np.isnan(numbers(a)), axis=axis, **named)
    return _nansum(a, axis, **named) / counts.astype(float)


def _extreme(name: str) -> Callable[..., Any]:
    reduction = numpy_function(name, 2)

    def reduced(a: Any, axis: Any = None, **named: Any) -> Any:
        return reduction.reduce(object_array(a), axis=axis, **named)

    return reduced


def _sum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, **named: Any) -> Any:
    return _add.reduce(a, axis, dtype, out, **named)


def _centred(a: Any, axis: Any, unknown: dict[str, Any]) -> tuple[Any, int]:
    """The distances from the mean, and of how many numbers each mean is."""
    if unknown:
        raise TypeError(
            f"var and std of Values take axis, ddof and keepdims, got {', '.join(unknown)}"
        )
    a = object_array(a)
    count = np.sum(np.ones(a.shape, int), axis=axis, keepdims=True).flat[0]
    return object_array(a - _add.reduce(a, axis=axis, keepdims=True) / float(count)), count


def _var(
    a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False, **unknown: Any
) -> Any:
    centred, count = _centred(a, axis, unknown)
    return _add.reduce(centred * centred, axis=axis, keepdims=keepdims) / (count - ddof)


def _std(
    a: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False, **unknown: Any
) -> Any:
    # As a length it has a derivative where all numbers are the same: that of `hypot`, 0.
    centred, count = _centred(a, axis, unknown)
    length = linear_algebra.vector_norm(centred, 2, axis, keepdims)
    return length / float(count - ddof) ** 0.5


def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Any:
    x, xp, fp = objects(x), object_array(xp), object_array(fp)
    if xp.ndim != 1 or xp.shape != fp.shape or not len(xp):
        raise ValueError(
            f"interp needs two sequences of one length, got shapes {xp.shape} and {fp.shape}"
        )
    if period is not None:
        x, xp = x % abs(period), xp % abs(period)
        order = np.argsort(numbers(xp), kind="stable")
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - abs(period), xp, xp[:1] + abs(period)])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    at, knots = numbers(x), numbers(xp)
    below, above = at < knots[0], at > knots[-1]
    first = fp[0] if left is None or period is not None else left
    last = fp[-1] if right is None or period is not None else right
    inside = fp[0]
    if len(knots) > 1:
        i = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
        slope = (fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i])
        # From the nearer knot, so that the knots themselves are met.
        near = np.where(at == knots[-1], i + 1, i)
        inside = slope * (x - xp[near]) + fp[near]
    return object_array(np.where(below, first, np.where(above, last, inside)))[()]


def _filled(value: float) -> Callable[..., Any]:
    def like(a: Any, dtype: Any = None, *_: Any, shape: Any = None, **__: Any) -> Any:
        shape = np.shape(a) if shape is None else shape
        if dtype is not None and dtype is not object:
            return np.full(shape, value, dtype)
        return np.full(shape, value, object)

    return like


def _full_like(a: Any, fill_value: Any, *_: Any, shape: Any = None, **__: Any) -> Any:
    filled = np.empty(np.shape(a) if shape is None else shape, dtype=object)
    filled[...] = objects(fill_value)
    return filled


_BY_NAME: dict[str, Callable[..., Any]] = {
    "around": _round,
    "empty_like": _filled(0.0),
    "full_like": _full_like,
    "imag": _filled(0.0),
    "interp": _interp,
    "nan_to_num": _nan_to_num,
    "nanmax": _extreme("fmax"),
    "nanmean": _nanmean,
    "nanmin": _extreme("fmin"),
    "nanprod": _instead_of_nan(1.0, np.multiply),
    "nansum": _nansum,
    "ones_like": _filled(1.0),
    "round": _round,
    "sinc": lambda x: _sinc(objects(x)),
    "sort": _sort,
    "std": _std,
    "sum": _sum,
    "var": _var,
    "where": _where,
    "zeros_like": _filled(0.0),
    **{f"linalg.{name}": function for name, function in linear_algebra.FUNCTIONS.items()},
}

#: The functions written here, by NumPy's of that name.
OWN = {numpys: ours for name, ours in _BY_NAME.items() for numpys in _of_numpy(name)}

# What to write where there is no rule, and no name is near.
_INSTEAD = {
    **dict.fromkeys(
        ("eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals", "qr", "pinv", "cond"),
        "numpy.linalg has solve, inv, det, slogdet, cholesky, lstsq and norm here",
    ),
    **dict.fromkeys(
        ("bincount", "histogram", "median", "partition", "percentile", "quantile", "unique"),
        "numpy.sort and numpy.argsort are there",
    ),
    "gradient": "numpy.diff is there",
}


def _name(function: Any) -> str:
    name = getattr(function, "__name__", repr(function))
    if isinstance(function, np.ufunc):
        return f"numpy.{name}" if getattr(np, name, None) is function else name
    return f"{getattr(function, '__module__', None) or 'numpy'}.{name}"


def unsupported(function: Any) -> TypeError:
    """The error for a function that nothing is known about: what it is, and the nearest way."""
    name = _name(function)
    last = name.rpartition(".")[2]
    known: Iterable[Any] = (*ON_OBJECTS, *BY_STEPS, *ON_NUMBERS, *OWN)
    names = sorted({*elementwise.names(), *(each.__name__ for each in known)})
    near = difflib.get_close_matches(last, names, 1, 0.8)
    way = _INSTEAD.get(last) or (f"the nearest is {near[0]}" if near else "")
    return TypeError(
        f"{name} has no rule for arrays of Values{'; ' if way else ''}{way}. Compose it from those "
        "that docs/arrays.md lists, give it derivatives with autograd_scalar.custom, or, where "
        "none are needed, call it on the array's `.numbers`"
    )
