"""Kernels: a primitive's value and partials on floats.

Everything the two builds do differently is behind these names. The plain build calls the
functions that `primitives` made from the table.
"""

from __future__ import annotations

import functools
import gc
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
    if sys.version_info[:2] == (3, 13) or sys.platform == "emscripten":
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
    """Have a graph freed by a loop, not by a recursion as deep as it is.

    Python 3.13 frees 10,000 levels deep before it defers, more than small stacks hold, and in a
    browser it measures another stack than the one that overflows. Elsewhere it defers from the
    50th level on, or looks how much is left, and this would take a quarter of the time of a
    training step for nothing.
    """
    dying, held = _reference_counts()
    collected: list[Any] = []

    def free(dead: list[Any]) -> None:
        """Take these values apart, and what they were computed from, where nobody holds them."""
        while dead:
            v = dead.pop()
            if sys.getrefcount(v) == held:
                take_operands(v, dead)

    def take_operands(v: Any, dead: list[Any]) -> None:
        if v._x is None:
            return
        dead.append(v._x)
        if v._y is not None:
            dead.append(v._y)
        if v._more is not None:
            dead += [parent for parent, _ in v._more]
        v._x = v._y = v._more = None

    def finalize(v: Any) -> None:
        if not hasattr(v, "_x"):
            return  # its number was refused before it had operands
        if sys.getrefcount(v) > dying:
            # The collector frees it together with others, whose own finalizers may look at it.
            collected.append(v)
            if after_collection not in gc.callbacks:
                gc.callbacks.append(after_collection)
            return
        dead: list[Any] = []
        take_operands(v, dead)
        free(dead)

    def after_collection(phase: str, _: Any) -> None:
        if phase == "stop":
            free(collected)

    cls.__del__ = finalize  # type: ignore[attr-defined]


def _reference_counts() -> tuple[int, int]:
    """What `sys.getrefcount` says of an object in its finalizer, and of one that a single name
    holds: versions of Python count differently.
    """
    counts = []

    class Probe:
        def __del__(self) -> None:
            counts.append(sys.getrefcount(self))

    Probe()
    probe = [Probe].pop()()
    counts.append(sys.getrefcount(probe))
    return counts[0], counts[1]


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
