"""Kernels: a primitive's value and partials on floats.

Everything the two builds do differently is behind these names. The plain build calls the
functions that `primitives` made from the table.
"""

from __future__ import annotations

import os
import threading

from ..table.registry import KERNELS, OPCODES
from . import context

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


def clear_flags() -> None:
    """Leave no floating-point exception behind: Python's arithmetic does not tell of any."""


def prepare(cls: type) -> None:
    """Give the class what both builds have in common: identity as hash, and no subclasses.

    (An operator would not know an instance of a subclass as a Value.)
    """

    def refuse(subclass: type) -> None:
        raise TypeError(f"type {cls.__name__!r} is not an acceptable base type")

    cls.__init_subclass__ = classmethod(refuse)  # type: ignore[assignment]
    cls.__hash__ = object.__hash__  # type: ignore[assignment, method-assign]


def blocks() -> int:
    """`context.state()`, quickly where no block is open."""
    return context.state() if context.open_blocks.get() else 0


# Orders and sweeps write into nodes that threads may share. The compiled ones run no Python
# code, so nothing comes between; these run one at a time.
_lock = threading.RLock()


def _renew_lock() -> None:
    """In a forked child, the thread that holds the lock is not there to release it."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def acquire() -> None:
    """Begin to write into nodes."""
    _lock.acquire()


def release() -> None:
    """End it."""
    _lock.release()
