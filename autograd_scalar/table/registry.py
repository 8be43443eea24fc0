"""The table as it stands: the rows of `primitives` and those added since, ready to compute.

A row's opcode is its index in `TABLE` and in `KERNELS`.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from typing import Any

from .emit import compiled, on_floats, on_ieee_floats, returned
from .floats import FLOAT_FUNCTIONS, SCOPE, add_function, ieee, python_function
from .language import evaluate
from .primitives import ROWS, Primitive

#: Computes `(out, *partials)` from floats.
Kernel = Callable[..., tuple[float, ...]]

TABLE: list[Primitive] = []
KERNELS: list[Kernel] = []
OPCODES: dict[str, int] = {}


def compile_value(row: Primitive) -> Callable[..., float]:
    """The row's value as a function of floats.

    Raises `ValueError`, naming the primitive, where it calls what is no function.
    """
    _check_calls(row)
    if row.is_opaque:
        return FLOAT_FUNCTIONS.get(row.name) or python_function(row.name)
    lines = [f"return {on_floats(row.value_tree)}"]
    return compiled(f"value of {row.name}", row.arguments, lines, SCOPE)


def compile_kernel(row: Primitive) -> Kernel:
    """The row's value and partials as a function of floats.

    The value follows Python (`1/0` raises); the partials follow IEEE 754, so that asking
    for a value never fails because its derivative is infinite.
    """
    scope = SCOPE
    if row.name not in OPCODES:
        function = compile_value(row)
        scope = {**SCOPE, row.name: function, f"_ieee_{row.name}": ieee(row.name, function)}
    lines = [
        f"out = {on_floats(row.value_tree)}",
        *returned([ast.Name("out"), *row.partial_trees]),
    ]
    return compiled(f"kernel of {row.name}", row.arguments, lines, scope)


def compile_ieee_kernel(row: Primitive) -> Kernel:
    """The row's kernel with IEEE 754 results in the value too, where Python's would raise."""
    results = ", ".join(map(on_ieee_floats, row.partial_trees))
    lines = [f"out = {on_ieee_floats(row.value_tree)}", f"return out, {results}"]
    return compiled(f"IEEE kernel of {row.name}", row.arguments, lines, SCOPE)


def compile_ieee_value(row: Primitive) -> Callable[..., float]:
    """The row's value as a function of floats, with IEEE 754 results where Python would raise."""
    lines = [f"return {on_ieee_floats(row.value_tree)}"]
    return compiled(f"IEEE value of {row.name}", row.arguments, lines, SCOPE)


def _check_calls(row: Primitive) -> None:
    for tree in (row.value_tree, *row.partial_trees):
        known = {*FLOAT_FUNCTIONS}
        if tree is not row.value_tree or row.is_opaque:
            known.add(row.name)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name not in known:
                    raise ValueError(f"primitive {row.name!r}: unknown function {name!r}")
    if row.is_opaque and row.name not in FLOAT_FUNCTIONS:
        try:
            python_function(row.name)
        except LookupError as error:
            raise ValueError(
                f"primitive {row.name!r}: its value is a call of itself, and {error}"
            ) from None


def _kernel_at_first_use(row: Primitive, opcode: int) -> Kernel:
    def kernel(*arguments: float) -> tuple[float, ...]:
        KERNELS[opcode] = made = compile_kernel(row)
        return made(*arguments)

    return kernel


def register(row: Primitive) -> int:
    """Add a row to the table and return its opcode, the row's index there.

    Raises `ValueError` where the name is taken: each formula is written once.
    """
    if row.name in OPCODES:
        raise ValueError(f"primitive {row.name!r}: the name is taken")
    opcode = len(TABLE)
    # `add` is no function that an expression can call, but Python's `abs` and `pow` are.
    if not row.operator or hasattr(builtins, row.name):
        add_function(row.name, compile_value(row))
    OPCODES[row.name] = opcode
    TABLE.append(row)
    # Most programs use few functions, but all use the operators.
    compile_now = row.operator or row not in ROWS
    KERNELS.append(compile_kernel(row) if compile_now else _kernel_at_first_use(row, opcode))
    return opcode


def functions_of(algebra: Mapping[str, Any]) -> dict[str, Any]:
    """Every function an expression may call, in an algebra that has the ones of `math`.

    Rows that `algebra` has no function for are evaluated from their value expression, so
    a new primitive works in every algebra at once.
    """
    functions = dict(algebra)

    def composed(row: Primitive) -> Callable[..., Any]:
        def apply(*arguments: Any) -> Any:
            names = dict(zip(row.arguments, arguments, strict=True))
            return evaluate(row.value_tree, names, functions)

        return apply

    for row in TABLE:
        if row.name not in functions and not row.is_opaque:
            functions[row.name] = composed(row)
    return functions


# Rows may call each other's functions: sin and cos do.
for _row in ROWS:
    if _row.is_opaque:
        add_function(_row.name, python_function(_row.name))
for _row in ROWS:
    register(_row)
