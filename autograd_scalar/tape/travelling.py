"""What of a compiled function's function goes to another process with it."""

from __future__ import annotations

import importlib
import io
import operator
import pickle
from collections.abc import Iterable
from typing import Any

from ..engine.value import Value
from .specialised import Missing


class ByName:
    """What a module has under a name: it is itself in a pickle, and there it is looked up."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return _named, (self.module, self.name)


def _named(module: str, name: str) -> Any:
    try:
        return operator.attrgetter(name)(importlib.import_module(module))
    except (AttributeError, ImportError) as error:
        return _lost(error)


class Apart:
    """A function, pickled by itself: where it can't be unpickled, tapes go without it."""

    def __init__(self, text: bytes) -> None:
        self.text = text

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self.text,)


def _unpickled(text: bytes) -> Any:
    try:
        return pickle.loads(text)
    except Exception as error:
        return _lost(error)


def _lost(error: Exception) -> Missing:
    return Missing(
        f"it was unpickled without it, because here {type(error).__name__}: {error}; define it in "
        "a module that can be imported here"
    )


def can_be_pickled(thing: Any) -> bool:
    """Whether pickle takes it."""
    try:
        pickle.dumps(thing)
    except Exception:
        return False
    return True


def carried(fun: Any, outer: Iterable[Value]) -> Any:
    """What is pickled in place of a function.

    outer  the Values from outside that its tapes read

    It goes along where it brings these Values with it, as a model's method does. A function
    that finds them in its module would find others there than the tapes do.
    """
    found = _Values(io.BytesIO())
    try:
        found.dump(fun)
    except Exception:
        return Missing(
            "it was unpickled without it, because it can't be pickled: define it in a module"
        )
    if not found.values and not outer:
        return Apart(found.file.getvalue())
    if found.values.issuperset(outer):
        return fun
    return Missing(
        "it was unpickled without it, because it reads Values of its module, which in another "
        "process are others: compile a method of what holds them, such as a model"
    )


class _Values(pickle.Pickler):
    """Pickles, and notes which Values are in it."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.file = file
        self.values: set[Value] = set()

    def persistent_id(self, thing: Any) -> None:
        if type(thing) is Value:
            self.values.add(thing)
