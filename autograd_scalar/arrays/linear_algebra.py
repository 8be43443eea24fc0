"""Linear algebra by elimination on Values, pivoting on magnitudes.

Matrices are plain arrays of Values and floats, stacked in the leading dimensions as NumPy's are.
Derivatives are those of the eliminations, step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import mul
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from .elements import numbers, object_array
from .elementwise import numpy_function

_sqrt, _log = numpy_function("sqrt"), numpy_function("log")
_hypot = numpy_function("hypot", 2)
_add: Any = np.add


def _matrices(a: Any, square: bool = True) -> Any:
    a = object_array(a)
    if a.ndim < 2:
        raise LinAlgError(f"a matrix is needed, got an array of shape {a.shape}")
    if square and a.shape[-1] != a.shape[-2]:
        raise LinAlgError(f"a square matrix is needed, got an array of shape {a.shape}")
    return a


def _each(function: Callable[[Any], Any], a: Any) -> Any:
    """`function` of each matrix of a stack, stacked again."""
    if a.ndim == 2:
        return function(a)
    parts = [function(a[index]) for index in np.ndindex(a.shape[:-2])]
    shape = np.shape(parts[0]) if parts else a.shape[-2:]
    stacked = np.empty((len(parts), *shape), dtype=object)
    for i, part in enumerate(parts):
        stacked[i] = part
    return stacked.reshape((*a.shape[:-2], *shape))


def _clear_below(m: Any, k: int) -> None:
    """Subtract row k from those below, so that nothing is left under its pivot."""
    m[k + 1 :, k + 1 :] -= np.multiply.outer(m[k + 1 :, k] / m[k, k], m[k, k + 1 :])


def _back_substitute(r: Any, b: Any) -> Any:
    """x of r x = b, for r with nothing below its diagonal."""
    x = np.empty(b.shape, dtype=object)
    for k in reversed(range(len(r))):
        rest = b[k] - r[k, k + 1 :] @ x[k + 1 :] if k + 1 < len(r) else b[k]
        x[k] = rest / r[k, k]
    return x


def _solve(a: Any, b: Any) -> Any:
    n = len(a)
    m = np.concatenate([a, b], axis=1)
    for k in range(n):
        sizes = abs(numbers(m[k:, k]))
        pivot = k + int(np.argmax(sizes))
        if sizes.max() == 0:
            raise LinAlgError("Singular matrix")
        m[[k, pivot]] = m[[pivot, k]]
        _clear_below(m, k)
    return _back_substitute(m[:, :n], m[:, n:])


def solve(a: Any, b: Any) -> Any:
    """x of a x = b, by elimination with partial pivoting."""
    a, b = _matrices(a), object_array(b)
    columns = b[:, np.newaxis] if b.ndim == 1 else b
    if columns.shape[-2] != a.shape[-1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit: a·x = b has no solution")
    stack = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    both = np.concatenate(
        [
            np.broadcast_to(a, (*stack, *a.shape[-2:])),
            np.broadcast_to(columns, (*stack, *columns.shape[-2:])),
        ],
        axis=-1,
    )
    n = a.shape[-1]
    x = _each(lambda m: _solve(m[:, :n], m[:, n:]), both)
    return x[..., 0] if b.ndim == 1 else x


def inv(a: Any) -> Any:
    """The inverse, by elimination with partial pivoting."""
    a = _matrices(a)
    return solve(a, object_array(np.eye(a.shape[-1])))


def _without_division(a: Any) -> Any:
    """The determinant by R. S. Bird, "A simple division-free algorithm for computing
    determinants" (Information Processing Letters 111, 2011).
    """
    f = a
    for _ in range(len(a) - 1):
        below = np.array([*np.cumsum(np.diag(f)[:0:-1])[::-1], 0.0], dtype=object)
        upper = np.triu(f, 1)
        np.fill_diagonal(upper, -below)
        f = upper @ a
    return f[0, 0] if len(a) % 2 else -f[0, 0]


def _factors(a: Any) -> tuple[list[Any], float]:
    """What the determinant is the product of, but for its sign, and this sign.

    Elimination with full pivoting ends where nothing but rounding is left. The determinant of a
    singular matrix is 0 and has derivatives all the same: those of what is left.
    """
    m = a.copy()
    sign = 1.0
    found: list[Any] = []
    for k in range(len(m)):
        sizes = abs(numbers(m[k:, k:]))
        row, column = (k + int(each) for each in np.unravel_index(np.argmax(sizes), sizes.shape))
        largest = abs(numbers(found[0])) if found else 0.0
        if sizes.max() <= len(m) * np.finfo(np.float64).eps * largest or sizes.max() == 0:
            return [*found, _without_division(m[k:, k:])], sign
        m[[k, row]] = m[[row, k]]
        m[:, [k, column]] = m[:, [column, k]]
        if (row != k) != (column != k):
            sign = -sign
        found.append(m[k, k])
        _clear_below(m, k)
    return found, sign


def _det(a: Any) -> Any:
    factors, sign = _factors(a)
    return reduce(mul, factors, sign) if sign < 0 or not factors else reduce(mul, factors)


def det(a: Any) -> Any:
    """The determinant: the product of the pivots, of the largest first."""
    return _each(_det, _matrices(a))


def _slogdet(a: Any) -> Any:
    factors, sign = _factors(a)
    signs = [float(np.sign(numbers(each))) for each in factors]
    logarithms = [_log(abs(each)) if each != 0 else -np.inf for each in factors]
    return np.array([reduce(mul, signs, sign), sum(logarithms)], dtype=object)


def slogdet(a: Any) -> Any:
    """The sign of the determinant, which has no derivative, and the logarithm of its size."""
    both = _each(_slogdet, _matrices(a))
    kind = type(np.linalg.slogdet(np.eye(1)))
    return kind(numbers(both[..., 0])[()], both[..., 1][()])


def _cholesky(a: Any) -> Any:
    lower = object_array(np.zeros(a.shape))
    for j in range(len(a)):
        square = a[j, j] - sum(lower[j, :j] * lower[j, :j])
        if not square > 0:
            raise LinAlgError("Matrix is not positive definite")
        lower[j, j] = _sqrt(square)
        for i in range(j + 1, len(a)):
            lower[i, j] = (a[i, j] - sum(lower[i, :j] * lower[j, :j])) / lower[j, j]
    return lower


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular L of a = L·Lᵀ; like NumPy's, it reads the lower triangle only."""
    a = _matrices(a)
    lower = _each(_cholesky, np.swapaxes(a, -1, -2) if upper else a)
    return np.swapaxes(lower, -1, -2) if upper else lower


def _orthogonal(a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """q and r of a = q·r, then z and the rest of b = q·z + rest: Gram and Schmidt's method,
    modified: for z it is as stable as Householder's (Å. Björck, "Solving linear least squares
    problems by Gram-Schmidt orthogonalization", BIT 7, 1967).
    """
    count = a.shape[1]
    q = np.concatenate([a, b], axis=1)
    r = object_array(np.zeros((count, q.shape[1])))
    for k in range(count):
        r[k, k] = _hypot.reduce(q[:, k], initial=0.0)
        q[:, k] = q[:, k] / r[k, k]
        r[k, k + 1 :] = q[:, k] @ q[:, k + 1 :]
        q[:, k + 1 :] -= np.multiply.outer(q[:, k], r[k, k + 1 :])
    return q[:, :count], r[:, :count], r[:, count:], q[:, count:]


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The x with the least |a·x - b|, and of those the shortest.

    The rank and the singular values are plain numbers. Raises `LinAlgError` for a matrix of less
    than full rank, whose solution jumps.
    """
    a, b = _matrices(a, square=False), object_array(b)
    if a.ndim != 2:
        raise LinAlgError(f"a single matrix is needed, got an array of shape {a.shape}")
    _, _, rank, singular = np.linalg.lstsq(numbers(a), numbers(b), rcond=rcond)
    height, width = a.shape
    if rank < min(height, width):
        raise LinAlgError(
            f"lstsq of a matrix of shape {a.shape} and rank {rank}: the solution jumps from one "
            "rank to another and has no derivative; leave out what depends on other columns"
        )
    columns = b[:, np.newaxis] if b.ndim == 1 else b
    residuals = np.empty(0, dtype=object)
    if height >= width:
        _, r, z, rest = _orthogonal(a, columns)
        x = _back_substitute(r, z)
        if height > width:
            residuals = np.sum(rest * rest, axis=0)
    else:
        q, r, _, _ = _orthogonal(a.T, np.empty((width, 0), dtype=object))
        x = q @ _back_substitute(r.T[::-1, ::-1], columns[::-1])[::-1]
    return (x[:, 0] if b.ndim == 1 else x), residuals, rank, singular


def matrix_power(a: Any, n: int) -> Any:
    """The product of n times the matrix, or of its inverse."""
    a = _matrices(a)
    if n < 0:
        a, n = inv(a), -n
    out = np.broadcast_to(object_array(np.eye(a.shape[-1])), a.shape)
    while n:
        if n & 1:
            out = out @ a
        a, n = a @ a if n > 1 else a, n >> 1
    return out


def vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """The length, in the norm `ord`. At 0 a length of 2 dimensions or more has the derivative of
    `hypot`: 0.
    """
    if ord is None or ord == 2:
        return _hypot.reduce(x, axis=axis, keepdims=keepdims, initial=0.0)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    sizes = abs(x)
    if ord == 0:
        return np.sum(numbers(x) != 0, axis=axis, keepdims=keepdims).astype(float)
    if abs(ord) == np.inf:
        extreme = numpy_function("maximum" if ord > 0 else "minimum", 2)
        return extreme.reduce(sizes, axis=axis, keepdims=keepdims)
    if ord == 1:
        return _add.reduce(sizes, axis=axis, keepdims=keepdims)
    power = numpy_function("power", 2)
    return power(_add.reduce(power(sizes, float(ord)), axis=axis, keepdims=keepdims), 1.0 / ord)


def matrix_norm(x: Any, ord: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    """The norm `ord` of a matrix; those by singular values are a `TypeError`."""
    if ord in (None, "fro", "f"):
        return _hypot.reduce(x, axis=axis, keepdims=keepdims, initial=0.0)
    if ord in (2, -2, "nuc"):
        raise TypeError(
            f"numpy.linalg.norm(…, ord={ord!r}) is one of singular values, which Values have none "
            "of; 'fro', 1 and inf are there"
        )
    if ord not in (1, -1, np.inf, -np.inf):
        raise ValueError("Invalid norm order for matrices.")
    along, across = axis if abs(ord) == 1 else axis[::-1]
    sums = _add.reduce(abs(x), axis=along, keepdims=True)
    extreme = numpy_function("maximum" if ord > 0 else "minimum", 2)
    found = extreme.reduce(sums, axis=across, keepdims=True)
    return found if keepdims else np.squeeze(found, axis=axis)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """NumPy's norm of vectors and matrices."""
    x = object_array(x)
    if axis is None and (ord is None or x.ndim == 1):
        return vector_norm(x, ord, None, keepdims)
    if axis is None:
        axis = (0, 1) if x.ndim == 2 else tuple(range(x.ndim))
    axes = tuple(each % x.ndim for each in np.atleast_1d(axis).tolist())
    if len(axes) == 1:
        return vector_norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    return matrix_norm(x, ord, (axes[0], axes[1]), keepdims)


def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return vector_norm(object_array(x), ord, axis, keepdims)


def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norm(x, ord, (-2, -1), keepdims)


#: By their names in `numpy.linalg`.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cholesky": cholesky,
    "det": det,
    "inv": inv,
    "lstsq": lstsq,
    "matrix_norm": _matrix_norm,
    "matrix_power": matrix_power,
    "norm": norm,
    "slogdet": slogdet,
    "solve": solve,
    "vector_norm": _vector_norm,
}
