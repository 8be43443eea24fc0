"""How arguments and results are arranged, as JSON and back: no code runs, no name is imported."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

from ..engine.value import Value
from ..transforms.csr import Structure, TracedSparse
from ..transforms.pytree import children
from .arguments import Key

_KINDS = {
    kind.__name__: kind
    for kind in (float, int, bool, str, bytes, complex, list, tuple, dict, type(None))
}
#: NumPy's types of numbers.
_NUMBERS = (
    "bool",
    *[f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)],
    *[f"float{bits}" for bits in (16, 32, 64)],
)
#: So deep may containers lie in each other.
DEEPEST = 50
#: So many axes may an array have, whichever NumPy reads it.
_AXES = 32
#: SciPy counts columns in 32 bits.
_COLUMNS = 2**31 - 1


def as_json(thing: Any, classes: dict[str, type], where: str, depth: int = 0) -> Any:
    """What tells how numbers are arranged, with what stands between them.

    classes  named tuples and dataclasses by their names, to which those of `thing` are added
    where    what errors call it

    Raises `TypeError` for what is no container, number or text.
    """
    if depth > DEEPEST:
        raise TypeError(f"{where} has containers that are more than {DEEPEST} deep")

    def inner(each: Any) -> Any:
        return as_json(each, classes, where, depth + 1)

    kind = type(thing)
    if thing is None or kind in (bool, int, str):
        return thing
    if kind is Value:
        return {"value": 1}
    if kind is float:
        return {"float": thing.hex()}
    if kind is complex:
        return {"complex": [thing.real.hex(), thing.imag.hex()]}
    if kind is bytes:
        return {"bytes": thing.hex()}
    if kind in (list, tuple):
        if thing and {*map(type, thing)} == {Value}:
            return {kind.__name__: len(thing)}
        return {kind.__name__: [inner(each) for each in thing]}
    if kind is dict:
        return {"dict": [[inner(key), inner(each)] for key, each in thing.items()]}
    if kind is TracedSparse:
        return {"sparse": thing.structure.rows, "width": thing.structure.width}
    if isinstance(thing, type):
        return {"type": _name_of(thing, classes, where)}
    if _is_of_numpy(thing):
        return _array_as_json(thing, inner, where)
    if isinstance(thing, tuple) or (not isinstance(thing, dict) and children(thing)):
        _, names, parts, _ = children(thing) or _refuse(thing, where)
        named = [[name, inner(each)] for name, each in zip(names, parts, strict=True)]
        return {"class": _name_of(kind, classes, where), "fields": named}
    raise _refusal(thing, where)


def _refusal(thing: Any, where: str) -> TypeError:
    return TypeError(
        f"{where} has {type(thing).__name__} {thing!r:.60}, which can't be stored; a file holds "
        "numbers, texts, lists, tuples, dicts, named tuples, dataclasses and arrays of numbers"
    )


def _refuse(thing: Any, where: str) -> Any:
    raise _refusal(thing, where)


def _name_of(kind: type, classes: dict[str, type], where: str) -> str:
    name = "numpy.ndarray" if _is_array_type(kind) else kind.__name__
    if name == "numpy.ndarray" or _KINDS.get(name) is kind:
        return name
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.generic) and name.strip("_") in _NUMBERS:
        return f"numpy.{name.strip('_')}"
    if not (dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")):
        raise TypeError(
            f"{where} has a {kind.__name__}, which can't be stored; what is part of the program "
            "must be an int, a truth value or a text there"
        )
    if classes.setdefault(kind.__qualname__, kind) is not kind:
        raise TypeError(
            f"{where} has two classes that are called {kind.__qualname__}, which a file can't "
            "tell apart"
        )
    return f"class {kind.__qualname__}"


def _is_array_type(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and kind is numpy.ndarray


def _is_of_numpy(thing: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(thing, numpy.ndarray | numpy.generic)


def _array_as_json(thing: Any, inner: Callable[[Any], Any], where: str) -> Any:
    numpy = sys.modules["numpy"]
    from ..arrays.array import ValueArray

    if type(thing) not in (numpy.ndarray, ValueArray) and not isinstance(thing, numpy.generic):
        raise _refusal(thing, where)
    about = {"dtype": thing.dtype.name, "shape": [*thing.shape]}
    if isinstance(thing, numpy.generic):
        about = {"dtype": thing.dtype.name}
    elif type(thing) is ValueArray:
        about["values"] = True
    items = thing.ravel().tolist()
    if thing.dtype == object:
        if items and {*map(type, items)} == {Value}:
            return {"array": about, "items": len(items)}
    elif thing.dtype.name not in _NUMBERS:
        raise _refusal(thing, where)
    return {"array": about, "items": [inner(each) for each in items]}


class Reading:
    """Makes of JSON what `as_json` made it of.

    types   the classes there may be, by their names
    values  how many Values there may be

    Raises `ValueError`, saying where, for JSON that says nothing, for more Values than there may
    be and for a class that is not among `types`.
    """

    def __init__(self, types: Iterable[type], values: int) -> None:
        self._types: dict[str, type] = {}
        for kind in types:
            if self._types.setdefault(kind.__qualname__, kind) is not kind:
                raise ValueError(f"two of the types are called {kind.__qualname__}")
        self.values = values
        self._value = Value(0.0)

    def __call__(self, told: Any, where: str, depth: int = 0) -> Any:
        if depth > DEEPEST:
            raise ValueError(f"{where}: containers are more than {DEEPEST} deep")

        def inner(each: Any) -> Any:
            return self(each, where, depth + 1)

        if told is None or type(told) in (bool, int, str):
            return told
        try:
            return self._made(told, where, inner)
        except (AttributeError, IndexError, KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"{where}: {told!r:.80} is not understood ({error})") from None

    def _made(self, told: Any, where: str, inner: Callable[[Any], Any]) -> Any:
        match told:
            case {"value": 1}:
                return self._many(1, where)[0]
            case {"float": str(text)}:
                return float.fromhex(text)
            case {"complex": [str(real), str(imaginary)]}:
                return complex(float.fromhex(real), float.fromhex(imaginary))
            case {"bytes": str(text)}:
                return bytes.fromhex(text)
            case {"list": items}:
                return self._items(items, where, inner)
            case {"tuple": items}:
                return tuple(self._items(items, where, inner))
            case {"dict": [*pairs]}:
                return {inner(key): inner(each) for key, each in pairs}
            case {"type": str(name)}:
                return self._type(name, where)
            case {"sparse": [*rows], "width": width}:
                return self._sparse(rows, width, where)
            case {"class": str(name), "fields": [*named]}:
                return self._instance(self._type(name, where), named, where, inner)
            case {"array": {"dtype": str(name)} as about, "items": items}:
                return self._array(name, about, self._items(items, where, inner), where)
        raise ValueError(f"{where}: {told!r:.80} is not understood")

    def _many(self, count: Any, where: str) -> list[Value]:
        if type(count) is not int or not 0 <= count <= self.values:
            raise ValueError(f"{where}: {count!r:.20} results, but the tape has {self.values} more")
        self.values -= count
        return [self._value] * count

    def _sparse(self, rows: list[Any], width: Any, where: str) -> TracedSparse:
        if _size(width) > _COLUMNS:
            raise ValueError(f"{where}: a matrix has {_COLUMNS} columns at most, not {width}")
        for row in rows:
            before = -1
            for column in row:
                if type(column) is not int or not before < column < width:
                    raise ValueError(
                        f"{where}: {column!r:.20} is no column of {width} after {before}"
                    )
                before = column
        return TracedSparse(Structure(rows, width), self._many(sum(map(len, rows)), where))

    def _items(self, items: Any, where: str, inner: Callable[[Any], Any]) -> list[Any]:
        if isinstance(items, list):
            return [inner(each) for each in items]
        return self._many(items, where)

    def _type(self, name: str, where: str) -> type:
        if name in _KINDS:
            return _KINDS[name]
        if name.startswith("numpy."):
            import numpy

            name = name.removeprefix("numpy.")
            if name == "ndarray":
                return numpy.ndarray
            if name in _NUMBERS:
                return numpy.dtype(name).type
        kind = self._types.get(name.removeprefix("class "))
        if kind is None or not name.startswith("class "):
            raise ValueError(
                f"{where}: the {name:.80} is needed, and a file runs no code to find it: give it, "
                "as in load(path, types=[…])"
            )
        return kind

    def _instance(
        self, kind: type, named: list[Any], where: str, inner: Callable[[Any], Any]
    ) -> Any:
        values = {name: inner(each) for name, each in named}
        if hasattr(kind, "_fields"):
            here = [*kind._fields]
        else:
            here = [name for name, is_given in _fields_of(kind).items() if is_given]
        if here != [*values]:
            raise ValueError(
                f"{where}: {kind.__qualname__} has the fields {', '.join(here)} here, and "
                f"{', '.join(map(str, values))} in the file"
            )
        if issubclass(kind, tuple):
            return tuple.__new__(kind, values.values())
        made = object.__new__(kind)
        computed = [name for name, is_given in _fields_of(kind).items() if not is_given]
        for name, each in {**values, **dict.fromkeys(computed)}.items():
            object.__setattr__(made, name, each)
        return made

    def _array(self, name: str, about: dict[str, Any], items: list[Any], where: str) -> Any:
        import numpy

        from ..arrays.array import ValueArray

        if name != "object" and name not in _NUMBERS:
            raise ValueError(f"{where}: {name!r:.20} is no type of numbers")
        shape = about.get("shape", ())
        if len(shape) > _AXES or len(items) != math.prod(map(_size, shape)):
            raise ValueError(f"{where}: {len(items)} numbers don't fill the shape {shape!r:.60}")
        if "shape" not in about:
            return numpy.dtype(name).type(items[0])
        flat = numpy.empty(len(items), name)
        flat[:] = items
        array = flat.reshape(shape)
        return array.view(ValueArray) if about.get("values") else array


def _fields_of(kind: Any) -> dict[str, bool]:
    """The fields of a dataclass, and whether its constructor takes them."""
    return {each.name: each.init for each in dataclasses.fields(kind)}


def _size(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError(f"{number!r:.20} is no size")
    return number


def count_numbers(key: Key) -> int:
    """How many numbers arguments of this kind have; see `arguments`.

    Raises `ValueError` for what is no such kind.
    """
    if type(key) is not tuple:
        raise ValueError(f"{key!r:.60} is no kind of arguments")
    # Those by name are a pair of the name and the kind.
    given = [each[1] if type(each) is tuple and type(each[0]) is str else each for each in key]
    return sum(map(_count, given))


def _count(kind: Any) -> int:
    if kind is float:
        return 1
    container, parts = kind
    if not isinstance(container, type):
        raise ValueError(f"{container!r:.60} is no kind of argument")
    if container in (list, tuple) and type(parts) is int:
        return _size(parts)
    if _is_array_type(container):
        return math.prod(map(_size, parts))
    if issubclass(container, dict) or dataclasses.is_dataclass(container):
        return sum(_count(part) for _, part in parts)
    if issubclass(container, list | tuple):
        return sum(map(_count, parts))
    if type(parts) is not container:
        raise ValueError(f"{parts!r:.60} is no {container.__name__}")
    return 0
