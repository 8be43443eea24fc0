"""Native kernels: the table of primitives as Cython, for the compiled build.

`python -m autograd_scalar.engine.native` writes `native.pxd` anew, which is all there is to do
after a row of the table has changed.  A native kernel computes what C and Python compute
alike; where Python could raise, or computes differently, it leaves the operands to the
kernel in Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from ..table.primitives import ROWS, Primitive

# Python's `math` returns what C's functions of these names do, as long as that is finite.
# (`hypot` is missing: Python has its own, which rounds differently.)
_AS_IN_C = [
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"),
]
# Python's steps are integers, and integers have no -0.0.
_STEPS = ["floor", "ceil", "trunc"]

_HEAD = """\
# Made from the table of primitives by `python -m autograd_scalar.engine.native`; not to be edited.

cimport cython
from libc cimport math


cdef inline double checked(double result, bint *left_to_python) noexcept:
    # An operation that can raise in Python does so only where C's result is not finite.
    if not math.isfinite(result):
        left_to_python[0] = True
    return result
"""


class UntranslatableError(Exception):
    """An expression that C computes differently from Python."""


class _Cython(ast.NodeTransformer):
    """Rewrites an expression of the table into Cython for doubles."""

    def __init__(self) -> None:
        self.can_raise = False

    def _checked(self, result: ast.expr) -> ast.expr:
        self.can_raise = True
        return ast.Call(ast.Name("checked"), [result, ast.Name("left_to_python")], [])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        assert isinstance(node.value, int | float)
        return ast.Constant(float(node.value))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        names = {"pi": "M_PI", "inf": "INFINITY", "nan": "NAN"}
        return _math(names[node.id]) if node.id in names else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        match node.op:
            case ast.Add() | ast.Sub() | ast.Mult():
                return ast.BinOp(left, node.op, right)
            case ast.Div():
                return self._checked(ast.BinOp(left, node.op, right))
            case ast.Pow():
                return self._checked(ast.Call(_math("pow"), [left, right], []))
        raise UntranslatableError(ast.unparse(node))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        arguments = [self.visit(argument) for argument in node.args]
        if name == "abs":
            return ast.Call(_math("fabs"), arguments, [])
        if name in _AS_IN_C:
            return self._checked(ast.Call(_math(name), arguments, []))
        if name in _STEPS:
            step = ast.Call(_math(name), arguments, [])
            return self._checked(ast.BinOp(step, ast.Add(), ast.Constant(0.0)))
        raise UntranslatableError(ast.unparse(node))


def _math(name: str) -> ast.expr:
    return ast.Attribute(ast.Name("math"), name)


def _doubles(names: Iterable[str]) -> str:
    return ", ".join(f"double {name}" for name in names)


def _results(row: Primitive) -> str:
    return ", ".join(["double"] * (1 + len(row.arguments)))


def kernel(row: Primitive) -> tuple[str, bool]:
    """Cython source of the row's kernel, and whether it may leave a point to Python.

    Raises `UntranslatableError` where the row has something that C computes differently.

    >>> from autograd_scalar.table.primitives import OPCODES, TABLE
    >>> print(kernel(TABLE[OPCODES["div"]])[0])
    @cython.cdivision(True)
    cdef inline (double, double, double) div(double x, double y, bint *left_to_python) noexcept:
        cdef double out = checked(x / y, left_to_python)
        return (
            out,
            checked(1.0 / y, left_to_python),
            checked(-out / y, left_to_python),
        )
    """
    cython = _Cython()
    out, *partials = (
        ast.unparse(ast.fix_missing_locations(cython.visit(ast.parse(text, mode="eval").body)))
        for text in (row.value, *row.partials)
    )
    declined = ", bint *left_to_python" if cython.can_raise else ""
    lines = [
        "@cython.cdivision(True)",
        f"cdef inline ({_results(row)}) {row.name}({_doubles(row.arguments)}{declined}) noexcept:",
        f"    cdef double out = {out}",
        "    return (",
        *(f"        {each}," for each in ("out", *partials)),
        "    )",
    ]
    return "\n".join(lines), cython.can_raise


def source() -> str:
    """The text of `native.pxd`: a kernel for each row, and the choice by opcode."""
    kernels = []
    switches = {}
    for name, arguments in (
        ("unary", ("x",)),
        ("binary", ("x", "y")),
        ("ternary", ("x", "y", "z")),
    ):
        results = ", ".join(["double"] * (1 + len(arguments)))
        switches[len(arguments)] = [
            f"cdef inline ({results}) {name}("
            f"int opcode, {_doubles(arguments)}, bint *left_to_python) noexcept:"
        ]
    for opcode, row in enumerate(ROWS):
        arity = len(row.arguments)
        if arity not in switches:
            continue
        try:
            text, can_raise = kernel(row)
        except UntranslatableError:
            continue
        kernels.append(text)
        given = ", ".join(["x", "y", "z"][:arity] + ["left_to_python"] * can_raise)
        switches[arity] += [
            f"    {'elif' if len(switches[arity]) > 1 else 'if'} opcode == {opcode}:",
            f"        return {row.name}({given})",
        ]
    for arity, lines in switches.items():
        lines += ["    left_to_python[0] = True", f"    return {'0.0, ' * arity}0.0"]
    return "\n\n\n".join([_HEAD.rstrip(), *kernels, *map("\n".join, switches.values())]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".pxd").write_text(source(), encoding="utf-8", newline="\n")
