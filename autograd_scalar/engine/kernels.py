"""Kernels: a primitive's value and partials on floats.

Everything the two builds do differently is behind these names. The plain build calls the
functions that `primitives` made from the table.
"""

from __future__ import annotations

from ..table.registry import KERNELS, OPCODES

# The operators that can't fail are called by name: they are what graphs are mostly made of.
add, sub, mul = (KERNELS[OPCODES[name]] for name in ("add", "sub", "mul"))
neg, abs = (KERNELS[OPCODES[name]] for name in ("neg", "abs"))


def unary(opcode: int, x: float) -> tuple[float, ...]:
    """`(out, ∂out/∂x)` of a primitive of one argument."""
    return KERNELS[opcode](x)


def binary(opcode: int, x: float, y: float) -> tuple[float, ...]:
    """`(out, ∂out/∂x, ∂out/∂y)` of a primitive of two arguments."""
    return KERNELS[opcode](x, y)


def prepare(cls: type) -> None:
    """Give the class what both builds have in common: it is closed to subclasses.

    (An operator would not know an instance of a subclass as a Value.)
    """

    def refuse(subclass: type) -> None:
        raise TypeError(f"type {cls.__name__!r} is not an acceptable base type")

    cls.__init_subclass__ = classmethod(refuse)  # type: ignore[assignment]
