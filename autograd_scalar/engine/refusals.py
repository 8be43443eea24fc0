"""What a Value does not take, and what to write instead."""

from __future__ import annotations

from typing import Any, NoReturn

NO_SUBCLASSES = (
    "type 'Value' is not an acceptable base type: an operator gives a Value whatever its operands "
    "are; for an operation of your own use autograd_scalar.primitive or .custom, for what a model "
    "remembers a class that has Values"
)


def no_attribute(name: str) -> str:
    """What to write instead of `v.name = …`."""
    if name == "_backward":
        instead = (
            "an operation of your own is an autograd_scalar.primitive, and what backward() does "
            "at each node is in autograd_scalar.steps"
        )
    else:
        instead = (
            "keep what belongs to it in a dictionary, whose keys Values may be, as nn.Adam keeps "
            "its state"
        )
    return f"'Value' object has no attribute {name!r}, and takes none: {instead}"


class Final(type):
    """The class of a class that refuses subclasses in words of its own."""

    __slots__ = ()

    def __new__(cls, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(NO_SUBCLASSES)
