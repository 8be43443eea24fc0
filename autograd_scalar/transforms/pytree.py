"""Numbers in containers: taking them out in order, and putting others in their places.

A number is a float, an int, a NumPy scalar or a Value; containers are lists, tuples, named
tuples, dicts, dataclasses and NumPy arrays, nested in any way.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import numbers
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NoReturn

from ..engine.numbers import to_float
from ..engine.value import Value

#: An array's shape, or None for a number on its own.
Unit = tuple[int, ...] | None

Rebuild = Callable[[Iterator[Any]], Any]


def is_number(x: Any) -> bool:
    """Whether `x` is a plain real number; a truth value isn't, though Python counts with it."""
    return not isinstance(x, bool) and isinstance(x, numbers.Real)


def all_floats(numbers_: Sequence[Any]) -> bool:
    """Whether all are floats, and no Values or numbers of another kind."""
    # Several times as fast as a test of each.
    return {*map(type, numbers_)} <= {float}


class Structure:
    """How numbers were arranged: one `unit` after the other, in containers."""

    __slots__ = ("_build", "_rebuild", "arrays", "units")

    def __init__(self, units: list[Unit], rebuild: Rebuild, build: Rebuild | None = None) -> None:
        self.units = units
        self.arrays = units.count(None) < len(units)
        self._rebuild = rebuild
        self._build = build or rebuild

    def pack(self, values: Sequence[Any], *, construct: bool = False) -> Any:
        """The same containers with `values` in place of the numbers.

        Arrays have dtype float64, or object if Values are among their elements.
        `construct` calls the constructors of dataclasses, which may compute from the
        fields and refuse some; without it the fields are set, on a copy.
        """
        rebuild = self._build if construct else self._rebuild
        if not self.arrays:
            return rebuild(iter(values))
        remaining = iter(values)
        units = (
            next(remaining)
            if unit is None
            else array(list(islice(remaining, math.prod(unit))), unit)
            for unit in self.units
        )
        return rebuild(units)


def array(values: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of `values`: float64, or object if some are Values; a lone Value is itself."""
    import numpy

    if not any(type(value) is Value for value in values):
        return numpy.array(values, dtype=numpy.float64).reshape(shape)
    if shape == ():
        return values[0]
    return numpy.fromiter(values, dtype=object, count=len(values)).reshape(shape)


def blocks(rows: Sequence[Sequence[Any]], of: Structure, by: Structure) -> Any:
    """A matrix of derivatives, arranged: `by`'s structure in each number or array of `of`'s.

    The derivative of an array by an array has the shape of the one, then of the other.
    """

    def block(top: int, of_unit: Unit, left: int, by_unit: Unit) -> Any:
        if of_unit is None and by_unit is None:
            return rows[top][left]
        height, width = math.prod(of_unit or ()), math.prod(by_unit or ())
        entries = [each for row in rows[top : top + height] for each in row[left : left + width]]
        return array(entries, (*(of_unit or ()), *(by_unit or ())))

    def row_of_blocks(top: int, of_unit: Unit) -> Any:
        left = 0
        found = []
        for unit in by.units:
            found.append(block(top, of_unit, left, unit))
            left += math.prod(unit or ())
        return by._rebuild(iter(found))

    top = 0
    found = []
    for unit in of.units:
        found.append(row_of_blocks(top, unit))
        top += math.prod(unit or ())
    return of._rebuild(iter(found))


# Where a number is: "args[0]" and the way on from there, put into words only for errors.
Path = tuple[Any, ...]


def spelled(path: Path) -> str:
    """A path as Python: `args[0]["w"][3].bias`."""
    return "".join(str(step) for step in path)


def _index(key: Any) -> str:
    return f'["{key}"]' if isinstance(key, str) else f"[{key!r}]"


def join(structures: Sequence[Structure]) -> Structure:
    """The structure of the tuple of what `structures` arrange."""
    return Structure(
        [unit for structure in structures for unit in structure.units],
        _containing(tuple, [structure._rebuild for structure in structures]),
        _containing(tuple, [structure._build for structure in structures]),
    )


def flat_tuple(count: int) -> Structure:
    """The structure of a tuple of `count` numbers."""
    return Structure([None] * count, tuple)


def flatten(tree: Any, path: Path = ()) -> tuple[list[Any], Structure]:
    """The numbers in `tree`, as floats and Values, and how they were arranged.

    Raises `TypeError` where something is neither a number nor a container, and
    `ValueError` for a ragged array; the message says where.
    """
    kind = type(tree)
    if kind is float:
        return [tree], _NUMBER
    if kind is list and all_floats(tree):
        return tree, Structure([None] * len(tree), list)
    leaves: list[Any] = []
    units: list[Unit] = []
    rebuild, build = _flatten(tree, path, leaves, units)
    return leaves, Structure(units, rebuild, build)


def _flatten(
    tree: Any, path: Path, leaves: list[Any], units: list[Unit]
) -> tuple[Rebuild, Rebuild]:
    kind = type(tree)
    if kind is Value or kind is float:
        leaves.append(tree)
        units.append(None)
        return next, next
    if is_number(tree):
        leaves.append(to_float(tree))
        units.append(None)
        return next, next
    if _is_array(tree):
        leaves.extend(_elements(tree, path))
        units.append(tree.shape)
        return next, next
    parts, container = _parts(tree) or _refuse(tree, path)
    inner = [_flatten(part, (*path, step), leaves, units) for step, part in parts]
    rebuilds, builds = [each for each, _ in inner], [each for _, each in inner]
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = [step[1:] for step, _ in parts]

        def construct(values: Iterator[Any]) -> Any:
            return dataclasses.replace(
                tree, **{name: build(values) for name, build in zip(names, builds, strict=True)}
            )

        return _containing(container, rebuilds), construct
    return _containing(container, rebuilds), _containing(container, builds)


def _containing(container: Callable[[list[Any]], Any], rebuilds: list[Rebuild]) -> Rebuild:
    if container is list and all(each is next for each in rebuilds):
        count = len(rebuilds)
        return lambda values: list(islice(values, count))
    return lambda values: container([each(values) for each in rebuilds])


_NUMBER = Structure([None], next)


def _is_array(tree: Any) -> bool:
    # Only a program that has imported NumPy has arrays.
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(tree, numpy.ndarray)


def _elements(tree: Any, path: Path) -> list[Any]:
    import numpy

    if type(tree) is not numpy.ndarray:
        raise TypeError(
            f"{spelled(path)} is a {type(tree).__name__}, which gives arithmetic another meaning "
            "or hides elements; pass a plain array, e.g. numpy.asarray(…)"
        )
    if tree.dtype.kind in "fiu":
        return list(tree.astype(numpy.float64, copy=False).ravel().tolist())
    if tree.dtype.kind != "O":
        raise TypeError(f"{spelled(path)} is an array of {tree.dtype}, real numbers are needed")
    elements = []
    for index, element in zip(numpy.ndindex(tree.shape), tree.ravel(), strict=True):
        if isinstance(element, list | tuple) or _is_array(element):
            raise ValueError(
                f"{spelled(path)} is a ragged array: its element {list(index)} is "
                f"{element!r:.60}; use lists in a list, or rows of one length"
            )
        elements.append(_number(element, (*path, list(index))))
    return elements


def _number(leaf: Any, path: Path) -> Any:
    if type(leaf) is Value:
        return leaf
    if is_number(leaf):
        return to_float(leaf)
    _refuse(leaf, path)


def _refuse(leaf: Any, path: Path) -> NoReturn:
    advice = ""
    if str(path[0]).startswith("args"):
        advice = (
            "; pass what isn't differentiated by as a keyword argument, or leave it out of argnums"
        )
    raise TypeError(
        f"{spelled(path)} is {type(leaf).__name__} {leaf!r:.60}, but must be a real number, or "
        f"a list, tuple, dict, dataclass or NumPy array of such{advice}"
    )


Parts = tuple[list[tuple[str, Any]], Callable[[list[Any]], Any]]


def _parts(tree: Any) -> Parts | None:
    """What a container contains, with the steps that lead to it, and how to make it again."""
    if type(tree) is list or type(tree) is tuple:
        return [(f"[{i}]", part) for i, part in enumerate(tree)], type(tree)
    if isinstance(tree, dict):

        def fill(values: list[Any]) -> Any:
            filled = copy.copy(tree)
            filled.update(zip(tree, values, strict=True))
            return filled

        return [(_index(key), part) for key, part in tree.items()], fill
    if isinstance(tree, tuple) and hasattr(tree, "_fields") and hasattr(tree, "_make"):
        steps = [f".{name}" for name in tree._fields]
        return list(zip(steps, tree, strict=True)), tree._make
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = [field.name for field in dataclasses.fields(tree) if field.init]
        computed = [field.name for field in dataclasses.fields(tree) if not field.init]

        def set_fields(values: list[Any]) -> Any:
            filled = copy.copy(tree)
            for name, value in zip(names, values, strict=True):
                object.__setattr__(filled, name, value)
            for name in computed:
                object.__setattr__(filled, name, None)
            return filled

        return [(f".{name}", getattr(tree, name)) for name in names], set_fields
    return None


def flatten_like(tree: Any, template: Any, path: Path) -> list[Any]:
    """The numbers of `tree` in the order of `template`, which it must be arranged like.

    A list, a tuple and an array of one dimension will do for each other.  Raises
    `TypeError` or `ValueError` saying where they differ.
    """
    if (
        type(tree) is list
        and type(template) is list
        and all_floats(tree)
        and (len(tree) == len(template) and all_floats(template))
    ):
        return tree
    if _is_array(template):
        import numpy

        found = numpy.asarray(tree, dtype=None if _is_array(tree) else object)
        if found.shape != template.shape:
            raise ValueError(
                f"{spelled(path)} has the shape {found.shape}, {template.shape} is needed"
            )
        return _elements(found, path)
    if type(template) is Value or is_number(template):
        if _is_array(tree) and tree.shape == ():
            tree = tree.item()
        return [_number(tree, path)]
    parts, _ = _parts(template) or _refuse(template, path)
    if isinstance(template, dict):
        if not isinstance(tree, dict) or tree.keys() != template.keys():
            raise ValueError(f"{spelled(path)} needs the keys {list(template)}, got {tree!r:.60}")
        others = [tree[key] for key in template]
    elif dataclasses.is_dataclass(template):
        if type(tree) is not type(template):
            raise TypeError(
                f"{spelled(path)} is {type(tree).__name__}, a {type(template).__name__} is needed"
            )
        others = [getattr(tree, step[1:]) for step, _ in parts]
    else:
        if not isinstance(tree, list | tuple) and not (_is_array(tree) and tree.ndim):
            raise TypeError(
                f"{spelled(path)} is {type(tree).__name__} {tree!r:.60}, "
                f"{len(parts)} numbers are needed"
            )
        others = list(tree)
        if len(others) != len(parts):
            raise ValueError(f"{spelled(path)} has {len(others)} parts, {len(parts)} are needed")
    return [
        leaf
        for (step, part), other in zip(parts, others, strict=True)
        for leaf in flatten_like(other, part, (*path, step))
    ]


def leaf_paths(tree: Any, path: Path) -> list[str]:
    """Where each of the numbers of `flatten(tree)` is, as Python would spell it."""
    if _is_array(tree):
        import numpy

        return [spelled((*path, list(index) or "")) for index in numpy.ndindex(tree.shape)]
    if type(tree) is Value or is_number(tree):
        return [spelled(path)]
    parts, _ = _parts(tree) or _refuse(tree, path)
    return [each for step, part in parts for each in leaf_paths(part, (*path, step))]


def map_values(function: Callable[[Value], Any], tree: Any) -> Any:
    """`tree` with `function` applied to each Value in it; what is no container stays."""
    if type(tree) is Value:
        return function(tree)
    if _is_array(tree):
        if tree.dtype != object:
            return tree
        found = [map_values(function, each) for each in tree.flat]
        if all(type(each) is float for each in found):
            return array(found, tree.shape)
        mapped = tree.copy()
        mapped.flat[:] = found
        return mapped
    if (container := _parts(tree)) is None:
        return tree
    parts, rebuild = container
    values = [map_values(function, part) for _, part in parts]
    same = all(new is old for new, (_, old) in zip(values, parts, strict=True))
    return tree if same else rebuild(values)
