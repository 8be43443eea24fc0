"""The examples of a batch: arguments taken apart along their first axis."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.value import Value
from ..transforms import pytree
from ..transforms.pytree import flatten, is_number, keystr
from ..transforms.trace import gradient_of
from .arguments import Arguments

Column = np.ndarray[Any, Any]


class Split:
    """An argument whose first axis runs over the examples.

    size        how many there are
    columns     for each number of an example, that number of all examples
    example     what the function gets for the example of an index
    has_values  whether there are Values among the numbers
    """

    def __init__(
        self,
        size: int,
        columns: list[Column],
        example: Callable[[int], Any],
        path: Any,
        has_values: bool,
    ) -> None:
        self.size = size
        self.columns = columns
        self.example = example
        self.path = path
        self.has_values = has_values


def split(argument: Any, path: Any) -> Split:
    """Take an argument apart into examples.

    Raises `TypeError` for what is not of numbers, and `ValueError` where there is no first axis,
    where it has several lengths, or where lists are ragged; the message says where.
    """
    children = containers(argument)
    if children is None:
        return _split_array(argument, path)
    spell, keys, parts, rebuild = children
    found = [split(part, (path, spell, key)) for key, part in zip(keys, parts, strict=True)]
    if not found:
        raise ValueError(f"{keystr(path)} is empty: there is nothing to run over")
    _check_sizes(found)
    return Split(
        found[0].size,
        [column for each in found for column in each.columns],
        lambda i: rebuild([each.example(i) for each in found]),
        path,
        any(each.has_values for each in found),
    )


def containers(argument: Any) -> Any:
    """What `children` gives for a container of batches, and None for a batch."""
    is_array = type(argument) in (list, tuple) or hasattr(argument, "__array__")
    return None if is_array else pytree.children(argument)


def _split_array(argument: Any, path: Any) -> Split:
    array = _numbers(argument, keystr(path))
    if array.ndim == 0:
        raise ValueError(
            f"{keystr(path)} is {argument!r:.60}, which has no axis that could run over examples; "
            "give batch=None for an argument that all examples share"
        )
    size = len(array)
    flat = array.reshape(size, math.prod(array.shape[1:]))
    columns = [flat[:, i] for i in range(flat.shape[1])]
    if size == 0:
        # What has no examples is traced with ones, to know how the results are arranged.
        array = np.ones((1, *array.shape[1:]))
    has_values = array.dtype == object

    def example(i: int) -> Any:
        element = array[i]
        if array.ndim == 1:
            return element if has_values else float(element)
        if isinstance(argument, list | tuple):
            return element.tolist()
        return pytree.array(element.ravel().tolist(), element.shape) if has_values else element

    return Split(size, columns, example, path, has_values)


def _numbers(argument: Any, where: str) -> Column:
    """An array of float64, or of objects where Values are among them."""
    problem: object = "the entries that a mask hides would be numbers like the others"
    if not isinstance(argument, np.ma.MaskedArray):
        try:
            array = np.asarray(argument)
            if array.dtype.kind in "biuf":
                return array.astype(np.float64, copy=False)
            if array.dtype == object:
                elements = array.ravel().tolist()
                if Value in map(type, elements):
                    return array
                wrong = [each for each in elements if not is_number(each)]
                if not wrong:
                    return array.astype(np.float64)
                problem = f"{wrong[0]!r:.60} is among them"
            else:
                problem = f"they are of type {array.dtype}"
        except (TypeError, ValueError) as error:
            problem = error
    raise TypeError(
        f"{where} must be numbers, in an array or in lists of one length, one row for each "
        f"example: {problem}"
    )


def _check_sizes(found: Sequence[Split]) -> None:
    first = found[0]
    for each in found:
        if each.size != first.size:
            raise ValueError(
                f"{keystr(first.path)} has {first.size} examples and {keystr(each.path)} has "
                f"{each.size}; they must have as many"
            )


class Examples:
    """The examples of one call, each a call of the function.

    size     how many there are
    columns  for each number that differs from example to example, that number of all examples
    first    the arguments of the first example
    start    how many examples are left out before the first
    """

    def __init__(self, compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        axes = compiled.batch
        if not isinstance(axes, tuple | list):
            axes = [axes] * len(args)
        if len(axes) != len(args):
            raise TypeError(
                f"{compiled.__name__} has batch={compiled.batch!r} for {len(axes)} arguments, and "
                f"was called with {len(args)}"
            )
        self.fun = compiled.fun
        self.kwargs = kwargs
        self._args = args
        self._split = {
            i: split(args[i], f"args[{i}]") for i, axis in enumerate(axes) if axis is not None
        }
        found = [*self._split.values()]
        if not found:
            raise TypeError(
                f"{compiled.__name__} was called without an argument that runs over examples: "
                "those go by position, and what is passed by name is shared by all examples"
            )
        _check_sizes(found)
        self.size = found[0].size
        self.start = 0
        self.columns = [column for each in found for column in each.columns]
        self.first = self.arguments(0)
        self.has_values = any(each.has_values for each in found) or self.first.has_values

    def part(self, start: int, stop: int) -> Examples:
        """Some of the examples."""
        made = copy.copy(self)
        made.start = self.start + start
        made.columns = [column[start:stop] for column in self.columns]
        made.size = min(stop, self.size) - start
        return made

    def args(self, index: int) -> tuple[Any, ...]:
        """The arguments of one example."""
        return tuple(
            [
                self._split[i].example(self.start + index) if i in self._split else argument
                for i, argument in enumerate(self._args)
            ]
        )

    def arguments(self, index: int) -> Arguments:
        """The same, taken apart."""
        return Arguments(self.args(index), self.kwargs)

    def eagerly(self, index: int, outside: list[Value] | None = None) -> list[float]:
        """The numbers of the result for one example, by the function itself.

        outside  Values by which its derivatives are wanted too
        """
        result = self.fun(*self.args(index), **self.kwargs)
        numbers = [v.data if type(v) is Value else v for v in flatten(result, "result")[0]]
        return numbers if outside is None else [*numbers, *gradient_of(result, outside, False)]

    def batched(self, arguments: Arguments) -> list[bool]:
        """Which of the numbers differ from example to example."""
        counts = arguments.counts
        return [i in self._split for i, count in enumerate(counts) for _ in range(count)]
