"""Kernels: a primitive's value and partials on floats.

Everything the two builds do differently is behind these names. The plain build calls the
functions that `primitives` made from the table.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from types import FunctionType
from typing import Any

from ..table.registry import KERNELS, OPCODES
from . import context
from .refusals import NO_SUBCLASSES

# The operators that can't fail are called by name: they are what graphs are mostly made of.
add, sub, mul = (KERNELS[OPCODES[name]] for name in ("add", "sub", "mul"))
neg, abs = (KERNELS[OPCODES[name]] for name in ("neg", "abs"))


def unary(opcode: int, x: float) -> tuple[float, ...]:
    """`(out, ∂out/∂x)` of a primitive of one argument."""
    return KERNELS[opcode](x)


def binary(opcode: int, x: float, y: float) -> tuple[float, ...]:
    """`(out, ∂out/∂x, ∂out/∂y)` of a primitive of two arguments."""
    return KERNELS[opcode](x, y)


def ternary(opcode: int, x: float, y: float, z: float) -> tuple[float, ...]:
    """`(out, ∂out/∂x, ∂out/∂y, ∂out/∂z)` of a primitive of three arguments."""
    return KERNELS[opcode](x, y, z)


#: A Value that nothing is filled in yet.
new = object.__new__


def clear_flags() -> None:
    """Leave no floating-point exception behind: Python's arithmetic does not tell of any."""


def prepare(cls: type) -> None:
    """Make the class again, with what a compiled one has: see below, and identity as hash.

    An operator would not know an instance of a subclass as a Value: there are none.
    """

    def refuse(subclass: type) -> None:
        raise TypeError(NO_SUBCLASSES)

    body = {name: each for name, each in vars(cls).items() if name not in cls.__slots__}  # type: ignore[attr-defined]
    body |= {"__init_subclass__": classmethod(refuse), "__hash__": object.__hash__}
    made = _Checking(cls.__name__, (), body)
    if sys.version_info[:2] == (3, 13):
        free_iteratively(made)
    setattr(sys.modules[cls.__module__], cls.__name__, made)


class _Checking(type):
    """A class whose methods, fetched from it and called on something else, say so.

    Those of compiled classes do. Methods of an instance, and operators, don't come this way.
    """

    def __getattribute__(cls, name: str) -> Any:
        raw = type.__getattribute__(cls, "__dict__").get(name)
        if type(raw) is FunctionType:
            return _checked(cls, name, raw)
        if type(raw) is property:
            get, change = (end and _checked(cls, name, end) for end in (raw.fget, raw.fset))
            return property(get, change, doc=raw.__doc__)
        return type.__getattribute__(cls, name)


def _checked(cls: type, name: str, method: Any) -> Any:
    @functools.wraps(method)
    def checked(*args: Any, **named: Any) -> Any:
        if not args:
            raise TypeError(f"unbound method {cls.__name__}.{name}() needs an argument")
        if type(args[0]) is not cls:
            raise TypeError(
                f"descriptor {name!r} for {cls.__name__!r} objects doesn't apply to a "
                f"{type(args[0]).__name__!r} object"
            )
        return method(*args, **named)

    return checked


def free_iteratively(cls: type) -> None:
    """Have what a node was computed from freed after it, not while it is being freed.

    Python 3.13 frees 10,000 levels deep before it defers, more than small stacks hold; others
    defer from the 50th level on, or look how much is left. There this would take a quarter of
    the time of a training step for nothing.
    """
    dead: list[Any] = []
    freeing = False

    def release_operands(v: Any) -> None:
        nonlocal freeing
        try:
            if v._x is not None:
                dead.append((v._x, v._y, v._more))
        except AttributeError:
            return  # its number was refused before it had operands
        # Another thread may leave one behind just when the last was freed here: look again.
        while dead and not freeing:
            freeing = True
            try:
                while dead:
                    dead.pop()
            finally:
                freeing = False

    cls.__del__ = release_operands  # type: ignore[attr-defined]


def blocks() -> int:
    """`context.state()`, quickly where no block is open."""
    return context.state() if context.open_blocks.get() else 0


# Orders and sweeps write into nodes that threads may share. The compiled ones run no Python
# code, so nothing comes between; these run one at a time.
_lock = threading.RLock()


def _renew_lock() -> None:
    """In a forked child, another thread that held the lock is not there to release it."""
    global _lock
    if _lock.acquire(blocking=False):
        _lock.release()  # nobody held it, or a signal handler forked, and this thread goes on
    else:
        _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def acquire() -> None:
    """Begin to write into nodes."""
    _lock.acquire()


def release() -> None:
    """End it."""
    _lock.release()
