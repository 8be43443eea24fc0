"""What type-checkers and editors are told of the functions and methods made from the table."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path

from ..engine import functions
from ..engine.functions import FUNCTIONS
from ..engine.numpy_methods import NUMPY_METHODS
from ..engine.value import Value
from ..table.registry import OPCODES, TABLE


def _source() -> str:
    return (Path(__file__).parents[1] / "engine" / "functions.py").read_text(encoding="utf-8")


def definitions() -> dict[str, ast.FunctionDef]:
    """The public functions written out in `functions`, in order."""
    tree = ast.parse(_source())
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def first_line(node: ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


# What a composed function takes and gives, for plain numbers and where a Value is among them.
_COMPOSED = {
    "log": ("x: {0}, base: {0} | None = None", "{0}"),
    "where": ("condition: object, x: {0}, y: {0}", "{0}"),
    "maximum": ("*values: {0}", "{0}"),
    "minimum": ("*values: {0}", "{0}"),
    "sigmoid": ("x: {0}", "{0}"),
    "softplus": ("x: {0}", "{0}"),
    "silu": ("x: {0}", "{0}"),
    "gelu": ("x: {0}", "{0}"),
    "leaky_relu": ("x: {0}, slope: {0} = 0.01", "{0}"),
    "clamp": ("x: {0}, low: {0} | None = ..., high: {0} | None = ...", "{0}"),
    "hypot": ("*values: {0}", "{0}"),
    "dist": ("p: Iterable[{0}], q: Iterable[{0}]", "{0}"),
    "fabs": ("x: {0}", "{0}"),
    "prod": ("values: Iterable[{0}], *, start: {0} = 1.0", "{0}"),
    "fsum": ("values: Iterable[{0}]", "{0}"),
    "degrees": ("x: {0}", "{0}"),
    "radians": ("x: {0}", "{0}"),
    "logsumexp": ("values: Iterable[{0}]", "{0}"),
    "softmax": ("values: Iterable[{0}]", "list[{0}]"),
}


# Methods whose types are written in the class `Value`: operands of these may be left out.
_WRITTEN = ("clamp", "hypot", "leaky_relu")


def _documented(head: str, doc: str) -> str:
    lines = doc.strip().splitlines()
    if not lines:
        return f"{head} ...\n"
    closing = '"""' if len(lines) == 1 else '\n"""'
    text = textwrap.indent(
        '"""' + "\n".join(lines) + closing, "    ", lambda line: bool(line.strip())
    )
    return f"{head}\n{text}\n"


def _overloads(name: str, taken: str, given: str, doc: str) -> str:
    """On plain numbers a plain number, else a Value."""
    # A float is a `Value | float` too; the first signature that fits is meant.
    numbers = f"def {name}({taken.format('float')}) -> {given.format('float')}:"
    operands = taken.format("Value | float")
    if len(name + operands) > 75:
        operands = f"\n    {operands}\n"
    values = f"def {name}({operands}) -> {given.format('Value')}: ..."
    ignored = "  # type: ignore[overload-overlap]"
    return f"@overload\n{_documented(numbers + ignored, doc)}\n@overload\n{values}"


def functions_stub() -> str:
    """The typed stub of `functions`."""
    made = [
        _overloads(
            row.name,
            ", ".join([*(f"{name}: {{0}}" for name in row.arguments), "/"]),
            "{0}",
            inspect.getdoc(FUNCTIONS[row.name]) or "",
        )
        for row in TABLE
        if not row.operator and row.name not in _COMPOSED
    ]
    written = []
    lines = _source().splitlines()
    for name, node in definitions().items():
        doc = ast.get_docstring(node) or ""
        if name in _COMPOSED:
            written.append(_overloads(name, *_COMPOSED[name], doc))
        else:
            head = "\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1])
            written.append(_documented(head, doc))
    names = "\n".join(f'    "{name}",' for name in functions.__all__)
    return "\n".join(
        [
            '"""Types of the functions of the table; made from the table, too."""\n',
            "from collections.abc import Callable, Iterable",
            "from typing import Any, overload\n",
            *["from ..table.primitives import Primitive"]
            * any("Primitive" in text for text in written),
            "from .value import Value\n",
            f"__all__ = [  # noqa: RUF022 (the table's order)\n{names}\n]\n",
            "FUNCTIONS: dict[str, Callable[..., Any]]\n",
            *made,
            *written,
            "",
        ]
    )


def methods() -> str:
    """The lines of the class `Value` that name its methods, by their numbers of operands."""
    operands: dict[str, int] = {}
    for row in TABLE:
        if not row.operator:
            operands |= dict.fromkeys([row.name, row.alias or row.name], len(row.arguments))
    for name, function in {**FUNCTIONS, **NUMPY_METHODS}.items():
        if name in vars(Value) and name not in OPCODES:
            operands[name] = len(inspect.signature(function).parameters)
    lines = []
    for arity, method in enumerate(["_of_one", "_of_two", "_of_three"], start=1):
        names = [name for name, count in operands.items() if count == arity]
        for chain in textwrap.wrap(" ".join(name for name in names if name not in _WRITTEN), 60):
            lines.append(" = ".join([*chain.split(), method]))
    return textwrap.indent("\n".join(lines), " " * 8)
