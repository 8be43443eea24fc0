"""Native kernels: the table of primitives as Cython, for the compiled build.

A native kernel computes what C and Python compute alike; where Python could raise, or
computes differently, it leaves the operands to the kernel in Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from ..table.emit import ATOM, Emitter, Piece
from ..table.primitives import ROWS, Primitive
from ..table.registry import OPCODES, TABLE

_HEAD = """\
# Made from the table of primitives by `python -m autograd_scalar.generate`; not to be edited.

cimport cython
from libc cimport math


cdef extern from "floats.h":
    double python_hypot(double, double) noexcept


cdef inline double checked(double result, bint *left_to_python) noexcept:
    # An operation that can raise in Python does so only where C's result is not finite.
    if not math.isfinite(result):
        left_to_python[0] = True
    return result
"""


class UntranslatableError(Exception):
    """An expression that C computes differently from Python."""


class _CSpelling(Emitter):
    """A row's spelling in C: its names are operands, and its calls are of C's own functions."""

    def __init__(self, operands: Mapping[str, Piece]) -> None:
        self.operands = operands

    def name(self, label: str) -> Piece:
        return self.operands[label]

    def function(self, name: str) -> str:
        return name if name.startswith("python_") else f"math.{name}"


class _Cython(Emitter):
    """Writes an expression of the table as Cython for doubles."""

    def __init__(self) -> None:
        self.can_raise = False

    def _checked(self, result: str) -> Piece:
        self.can_raise = True
        return f"checked({result}, left_to_python)", ATOM

    def name(self, label: str) -> Piece:
        constants = {"pi": "math.M_PI", "inf": "math.INFINITY", "nan": "math.NAN"}
        return constants.get(label, label), ATOM

    def binary(self, op: ast.operator, left: ast.expr, right: ast.expr) -> Piece:
        match op:
            case ast.Add() | ast.Sub() | ast.Mult():
                return super().binary(op, left, right)
            case ast.Div():
                return self._checked(super().binary(op, left, right)[0])
            case ast.Pow():
                return self._checked(self.called("math.pow", [left, right])[0])
        raise UntranslatableError(ast.unparse(ast.BinOp(left, op, right)))

    def call(self, function: str, operands: Sequence[ast.expr]) -> Piece:
        row = TABLE[OPCODES[function]] if function in OPCODES else None
        if row is None or not row.c:
            raise UntranslatableError(function)
        given = dict(zip(row.arguments, map(self.piece, operands), strict=True))
        spelled = _CSpelling(given)(row.spelled(row.c))
        # Python's own `abs` raises nothing; the functions of `math` may.
        return (spelled, ATOM) if row.operator else self._checked(spelled)


def _doubles(names: Iterable[str]) -> str:
    return ", ".join(f"double {name}" for name in names)


def _results(row: Primitive) -> str:
    return ", ".join(["double"] * (1 + len(row.arguments)))


def kernel(row: Primitive) -> tuple[str, bool]:
    """Cython source of the row's kernel, and whether it may leave a point to Python.

    Raises `UntranslatableError` where the row has something that C computes differently.

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
    out, *partials = map(cython, (row.value_tree, *row.partial_trees))
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


def source(rows: Sequence[Primitive] = ROWS) -> str:
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
    for opcode, row in enumerate(rows):
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
