"""Arithmetic on Values and plain numbers, as derivatives need it.

The known constants 0 and 1 are folded away, and results are IEEE 754's: a derivative may be
infinite where the value is not. Compiled or plain, this is the source.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ..engine.context import tracer
from ..engine.functions import FUNCTIONS
from ..engine.value import Value, constant, node
from ..table.floats import FLOAT_FUNCTIONS, ieee, ieee_divide, ieee_power
from ..table.registry import OPCODES, TABLE, compile_ieee_kernel

_NEG = OPCODES["neg"]
_MUL = OPCODES["mul"]

_ieee_kernel = cache(compile_ieee_kernel)


def record_ieee(opcode: int, operands: Sequence[Any]) -> Value:
    """Record a primitive where Python's arithmetic raises: at a pole, past the largest float."""
    values = [v if type(v) is Value else constant(v) for v in operands]
    data, *partials = _ieee_kernel(TABLE[opcode])(*[v._data for v in values])
    return node(opcode, data, values, partials)


def neg(a: Any) -> Any:
    if type(a) is Value and a._opcode == _NEG:
        return a._x
    return -a


def add(a: Any, b: Any) -> Any:
    if type(a) is not Value and a == 0:
        return b
    if type(b) is not Value:
        return a if b == 0 else a + b
    return a - b._x if b._opcode == _NEG else a + b


def sub(a: Any, b: Any) -> Any:
    if type(b) is not Value and b == 0:
        return a
    return neg(b) if type(a) is not Value and a == 0 else a - b


def mul(a: Any, b: Any) -> Any:
    if type(a) is Value:
        if type(b) is Value:
            return a * b
        a, b = b, a
    if type(b) is not Value:
        return a * b
    if a == 1:
        return b
    if a == -1:
        return neg(b)
    if a == 0:
        writer = tracer()
        if writer is not None:
            return writer.constant(_MUL, (constant(a), b))
        if math.isfinite(b._data):
            return 0.0
    return a * b


def div(a: Any, b: Any) -> Any:
    if type(b) is not Value:
        if type(a) is not Value:
            return ieee_divide(a, b)
        if b == 1:
            return a
    try:
        return a / b
    except ArithmeticError:
        return record_ieee(OPCODES["div"], (a, b))


def power(a: Any, b: Any) -> Any:
    if type(b) is not Value:
        if type(a) is not Value:
            return ieee_power(a, b)
        if b == 1:
            return a
        if b == 0:
            return 1.0
    try:
        return a**b
    except (ArithmeticError, ValueError):
        return record_ieee(OPCODES["pow"], (a, b))


def function_of(name: str) -> Callable[..., Any]:
    """The function `name` of an expression, on Values and numbers."""
    if name not in OPCODES:
        return FUNCTIONS[name]
    on_numbers = ieee(name, FLOAT_FUNCTIONS[name])

    def apply(*operands: Any) -> Any:
        if not any(type(v) is Value for v in operands):
            return on_numbers(*operands)
        try:
            return FUNCTIONS[name](*operands)
        except (ArithmeticError, ValueError):
            return record_ieee(OPCODES[name], operands)

    return apply


# The other operators of expressions are steps, and can't be folded.
ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: add,
    ast.Sub: sub,
    ast.Mult: mul,
    ast.Div: div,
    ast.Pow: power,
    ast.USub: neg,
}
