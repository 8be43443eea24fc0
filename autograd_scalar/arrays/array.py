"""Arrays of Values and numbers that stay what they are through NumPy's functions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ..engine.numbers import to_float
from ..engine.value import Value
from .elements import numbers, objects
from .elementwise import COMPARISONS, QUESTIONS, asked_again, on_objects
from .functions import BY_STEPS, ON_NUMBERS, ON_OBJECTS, OWN, unsupported
from .shown import forms


class ValueArray(np.ndarray[Any, Any]):
    """An array whose elements are Values and floats, as `array` makes it.

    NumPy's functions record on it what they record on Values, take floats beside them as
    constants, and give such an array back. Comparisons give arrays of truth values; `sort`,
    `argmax` and the like look at the numbers. A function without a rule for Values is a
    `TypeError` that says so.
    """

    @property
    def numbers(self) -> Any:
        """The numbers, as an array of float64."""
        return numbers(self)

    @property
    def grad(self) -> Any:
        """The `grad` of each Value, as an array of float64; 0 for plain numbers."""
        found = [each.grad if type(each) is Value else 0.0 for each in self.ravel().tolist()]
        return np.array(found, dtype=np.float64).reshape(self.shape)

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        return forms(self, include, exclude)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **named: Any
    ) -> Any:
        if ufunc.__name__ in QUESTIONS:
            if out is not None:
                named["out"] = tuple([_objects_of(each) for each in out])
            given = [numbers(each) for each in inputs]
            ask = ufunc
            if any(each.dtype == object for each in given):
                ask = asked_again(ufunc)
            answer = getattr(ask, method)(*given, **named)
            return answer if out is None else out[0]
        ours = on_objects(ufunc)
        if ours is None:
            raise unsupported(ufunc)
        if method == "at":
            _check_holds_values(ufunc, inputs[0])
        if named or out is not None:
            _prepare(ufunc, method, out, named)
        if method == "__call__" or method == "outer":
            operands = [
                each.view(np.ndarray) if type(each) is ValueArray else objects(each)
                for each in inputs
            ]
        else:  # of one operand, or of an operand, its places and another operand
            operands = [objects(inputs[0]), *inputs[1:2], *map(objects, inputs[2:])]
        if ufunc is np.power and type(operands[-1]) is float and operands[-1].is_integer():
            ours = np.power  # Python's operator, which is quicker: a root is what may be complex
        with np.errstate(all="ignore"):
            found = getattr(ours, method)(*operands, **named)
        if out is not None:
            return out[0] if len(out) == 1 else out
        if type(found) is np.ndarray and found.dtype == object:
            return found.view(ValueArray)
        if type(found) is int:  # the sum of nothing
            return float(found)
        return _each(_wrapped, found)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        with np.errstate(all="ignore"):
            if func in BY_STEPS:
                found = func._implementation(*args, **kwargs)  # type: ignore[attr-defined]
            elif func in OWN:
                found = OWN[func](*args, **kwargs)
            elif func in ON_OBJECTS:
                found = func(*_each(_objects_of, args), **_each(_objects_of, kwargs))
            elif func in ON_NUMBERS:
                found = func(*_each(_numbers_of, args), **_each(_numbers_of, kwargs))
            else:
                raise unsupported(func)
        out = kwargs.get("out")
        return _each(_wrapped, found) if out is None else out

    def astype(self, dtype: Any, *args: Any, **named: Any) -> Any:
        """A copy: for float64, which the numbers of Values are, and for object."""
        if np.dtype(dtype) not in (np.dtype(np.float64), np.dtype(object)):
            raise TypeError(
                f"astype({dtype!r}) of Values would lose their derivatives; use `.numbers` for the "
                "numbers"
            )
        return self.copy()

    # These are NumPy's functions under other names, and would not come back here by themselves.

    def argmax(self, *args: Any, **named: Any) -> Any:
        return self.numbers.argmax(*args, **named)

    def argmin(self, *args: Any, **named: Any) -> Any:
        return self.numbers.argmin(*args, **named)

    def argsort(self, *args: Any, **named: Any) -> Any:
        return self.numbers.argsort(*args, **named)

    def searchsorted(self, *args: Any, **named: Any) -> Any:
        return np.searchsorted(self, *args, **named)

    def round(self, decimals: Any = 0, out: Any = None) -> Any:
        return np.round(self, decimals, out)

    def std(self, *args: Any, **named: Any) -> Any:
        return np.std(self, *args, **named)

    def var(self, *args: Any, **named: Any) -> Any:
        return np.var(self, *args, **named)

    def sort(self, axis: Any = -1, kind: Any = None, order: Any = None, **named: Any) -> None:
        self[...] = np.sort(self, axis, kind, order, **named)


def _prepare(ufunc: np.ufunc, method: str, out: Any, named: dict[str, Any]) -> None:
    """Arguments of a function of numbers, made fit for objects."""
    dtype = named.pop("dtype", None)
    if dtype is not None and np.dtype(dtype) != object:
        raise TypeError(
            f"numpy.{ufunc.__name__}(…, dtype={dtype!r}) of Values would lose their derivatives"
        )
    if out is not None:
        for each in out:
            if each is not None and ufunc.__name__ not in COMPARISONS:
                _check_holds_values(ufunc, each)
        named["out"] = tuple([_objects_of(each) for each in out])
    mask = named.get("where", True)
    if mask is True:
        named.pop("where", None)
        return
    named["where"] = numbers(mask).astype(bool)
    if method == "__call__" and out is None:
        raise ValueError(
            f"numpy.{ufunc.__name__}(…, where=…) leaves elements undefined without out=…; choose "
            "the operand instead: numpy.where(mask, x, a number it is defined at)"
        )
    if method == "reduce" and named.get("initial") is None and ufunc.identity is not None:
        named["initial"] = float(ufunc.identity)


def _check_holds_values(ufunc: np.ufunc, out: Any) -> None:
    if out.dtype != object:
        raise TypeError(
            f"numpy.{ufunc.__name__} of Values can't be put into an array of {out.dtype}: their "
            "derivatives would be lost; make it with autograd_scalar.array, or numpy.zeros_like "
            "of an array of Values"
        )


def _objects_of(x: Any) -> Any:
    return x.view(np.ndarray) if type(x) is ValueArray else x


def _numbers_of(x: Any) -> Any:
    return numbers(x) if type(x) is ValueArray or type(x) is Value else x


def _wrapped(x: Any) -> Any:
    return x.view(ValueArray) if type(x) is np.ndarray and x.dtype == object else x


def _each(function: Callable[[Any], Any], tree: Any) -> Any:
    """`function` of what is in tuples, lists and dicts."""
    if isinstance(tree, tuple | list):
        make = getattr(tree, "_make", type(tree))
        return make([_each(function, part) for part in tree])
    if type(tree) is dict:
        return {key: _each(function, part) for key, part in tree.items()}
    return function(tree)


def of_single_values(func: Any, args: Any, kwargs: Any) -> Any:
    """A function of NumPy's some of whose arguments are Values, and none an array of them."""
    if not any(func in known for known in (BY_STEPS, OWN, ON_OBJECTS, ON_NUMBERS)):
        return func._implementation(*args, **kwargs)

    def as_array(x: Any) -> Any:
        return from_elements(x) if type(x) is Value else x

    def as_element(x: Any) -> Any:
        return x[()] if type(x) is ValueArray and x.ndim == 0 else x

    return _each(as_element, func(*_each(as_array, args), **_each(as_array, kwargs)))


def from_elements(elements: Any) -> Any:
    """What `create.array` gives."""
    made = np.array(elements)
    if made.dtype != object:
        return np.array(objects(made), dtype=object).view(ValueArray)
    for index, element in zip(np.ndindex(made.shape), made.flat, strict=True):
        if type(element) is not Value:
            made[index] = to_float(element)
    return made.view(ValueArray)
