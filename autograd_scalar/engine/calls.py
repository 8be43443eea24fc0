"""Rows of the table as functions of numbers and Values, and as methods of Value.

On plain numbers a function gives a float, on Values it records. Compiled or plain, this is
the source.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..table.floats import FLOAT_FUNCTIONS
from ..table.primitives import Primitive
from ..table.registry import TABLE
from .numbers import failure, to_operand
from .value import Value, binary, operand, record, ternary, unary


def _on_numbers(row: Primitive, operands: tuple[Any, ...]) -> float:
    numbers = [to_operand(each, row) for each in operands]
    try:
        return FLOAT_FUNCTIONS[row.name](*numbers)
    except (ArithmeticError, ValueError) as error:
        raise failure(row, numbers, error) from error.__cause__


def _wrong_count(row: Primitive, given: int) -> TypeError:
    call = f"{row.name}({', '.join(row.arguments)})"
    return TypeError(f"{call} takes {len(row.arguments)} operands, got {given}")


def as_function(row: Primitive, opcode: int) -> Callable[..., Any]:
    """The row as a function of numbers and Values.

    Raises `TypeError` for a wrong number of operands or one that is no number, and what
    Python's `math` raises where the value is undefined or overflows.
    """
    on_floats = FLOAT_FUNCTIONS[row.name]

    def of_one(*operands: Any) -> Any:
        if len(operands) != 1:
            raise _wrong_count(row, len(operands))
        x = operands[0]
        if type(x) is Value:
            return unary(opcode, x)
        if type(x) is float:
            try:
                return on_floats(x)
            except (ArithmeticError, ValueError) as error:
                raise failure(row, operands, error) from error.__cause__
        return _on_numbers(row, operands)

    def of_two(*operands: Any) -> Any:
        if len(operands) != 2:
            raise _wrong_count(row, len(operands))
        x = operands[0]
        y = operands[1]
        if type(x) is Value or type(y) is Value:
            return binary(opcode, operand(x, opcode), operand(y, opcode))
        if type(x) is float and type(y) is float:
            try:
                return on_floats(x, y)
            except (ArithmeticError, ValueError) as error:
                raise failure(row, operands, error) from error.__cause__
        return _on_numbers(row, operands)

    def of_three(*operands: Any) -> Any:
        if len(operands) != 3:
            raise _wrong_count(row, len(operands))
        x, y, z = operands
        if type(x) is Value or type(y) is Value or type(z) is Value:
            return ternary(opcode, operand(x, opcode), operand(y, opcode), operand(z, opcode))
        return _on_numbers(row, operands)

    def of_many(*operands: Any) -> Any:
        if len(operands) != len(row.arguments):
            raise _wrong_count(row, len(operands))
        for each in operands:
            if type(each) is Value:
                return record(opcode, *operands)
        return _on_numbers(row, operands)

    by_arity: dict[int, Callable[..., Any]] = {1: of_one, 2: of_two, 3: of_three}
    function = by_arity.get(len(row.arguments), of_many)
    function.__name__ = function.__qualname__ = row.name
    # There it is found again when it was pickled.
    function.__module__ = "autograd_scalar.engine.functions"
    function.__doc__ = _documentation(row)
    # These parameters are not the row's, whose order may differ: atan2(y, x).
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(each, inspect.Parameter.POSITIONAL_ONLY) for each in row.arguments]
    )
    return function


def _documentation(row: Primitive) -> str:
    call = f"{row.name}({', '.join(row.arguments)})"
    value = row.written or row.value
    # Where the value is a call of the function itself, it says nothing.
    means = "" if value == call else f" = {value}"
    partials = "\n".join(
        f"    ∂/∂{name} = {text}" for name, text in zip(row.arguments, row.shown, strict=True)
    )
    needs = f"\n\nNeeds {row.domain}; raises `ValueError` elsewhere." if row.domain else ""
    sentence = f"`{call}`{means}, on numbers and Values."
    return f"{sentence}\n\n{row.rule.capitalize()}:\n\n{partials}{needs}"


def add_methods(row: Primitive, opcode: int) -> None:
    """Make a function of the table a method of Value, under NumPy's name for it too.

    NumPy calls these methods on the elements of object arrays.
    """

    def of_one(self: Any, *others: Any) -> Value:
        if type(self) is not Value:
            raise _not_a_value(row.name, self)
        return record(opcode, self, *others) if others else unary(opcode, self)

    def of_more(self: Any, *operands: Any) -> Value:
        if type(self) is not Value:
            raise _not_a_value(row.name, self)
        return record(opcode, self, *operands)

    method: Any = of_one if len(row.arguments) == 1 else of_more
    method.__name__ = row.name
    method.__qualname__ = f"Value.{row.name}"
    method.__doc__ = f"`{row.name}` of this value, from the table of primitives."
    for name in (row.name, row.alias):
        if name:
            setattr(Value, name, method)


def add_composed_method(name: str, function: Callable[..., Any]) -> None:
    """Make a function that is composed of the table's a method of Value, too."""

    def method(self: Any, *operands: Any, **named: Any) -> Any:
        if type(self) is not Value:
            raise _not_a_value(name, self)
        return function(self, *operands, **named)

    method.__name__ = name
    method.__qualname__ = f"Value.{name}"
    method.__doc__ = function.__doc__
    setattr(Value, name, method)


def _not_a_value(name: str, other: Any) -> TypeError:
    return TypeError(f"Value.{name} needs a Value, got {type(other).__name__} {other!r:.60}")


for _opcode, _row in enumerate(TABLE):
    if not _row.operator:
        add_methods(_row, _opcode)
