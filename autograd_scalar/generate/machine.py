"""The value of each row in C, for the machine that replays tapes.

The rows that C computes differently from Python, or that need Python, are left out; their
values are computed by functions of Python's then.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import ClassVar

from ..table.emit import ATOM, CHOICE, NEGATION, SIGN, Emitter, Piece, bracketed
from ..table.primitives import ROWS, Primitive
from ..table.registry import OPCODES, TABLE
from .native import UntranslatableError

_HEAD = """\
/* Made from the table of primitives by `python -m autograd_scalar.generate`; not to be edited.
 *
 * Included where VALUE gives a row's function its name, once for each way to compile it.
 */
"""


class _C(Emitter):
    """Writes an expression of the table as C, with IEEE 754 results."""

    calls: ClassVar[Mapping[type[ast.AST], str]] = {
        ast.Pow: "pow",
        ast.FloorDiv: "python_floor_divide",
        ast.Mod: "python_remainder",
    }

    def name(self, label: str) -> Piece:
        constants = {"pi": "3.141592653589793", "inf": "INFINITY", "nan": "NAN"}
        return constants.get(label, label), ATOM

    def call(self, function: str, operands: Sequence[ast.expr]) -> Piece:
        row = TABLE[OPCODES[function]] if function in OPCODES else None
        if row is None or not row.c:
            raise UntranslatableError(function)
        given = dict(zip(row.arguments, map(self.piece, operands), strict=True))
        return _Spelling(given).piece(row.spelled(row.c))

    def piece(self, tree: ast.expr) -> Piece:
        match tree:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                chosen = f"{self.above(body, NEGATION)} : {self(orelse)}"
                return f"{bracketed(self.test(test), NEGATION)} ? {chosen}", CHOICE
            case ast.Compare(left=left, ops=ops, comparators=[_, _, *_] as others):
                pairs = zip([left, *others], ops, others, strict=False)
                tests = [self(ast.Compare(a, [op], [b])) for a, op, b in pairs]
                return f"({' & '.join(f'({test})' for test in tests)})", ATOM
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!{self.above(operand, SIGN)}", SIGN
        return super().piece(tree)


class _Spelling(_C):
    """A row's spelling in C: its names are operands, and its calls are of C's own functions."""

    def __init__(self, operands: Mapping[str, Piece]) -> None:
        self.operands = operands

    def name(self, label: str) -> Piece:
        return self.operands[label]

    def call(self, function: str, operands: Sequence[ast.expr]) -> Piece:
        if function.startswith("python_"):
            raise UntranslatableError(function)  # it calls Python
        return self.called(function, operands)


def value(row: Primitive) -> str:
    """C source of the row's value.

    Raises `UntranslatableError` where the row has something that C computes differently.

    >>> print(value(TABLE[OPCODES["relu"]]))
    static inline double VALUE(relu)(double x) {
        return x < 0.0 ? 0.0 : x;
    }
    """
    arguments = ", ".join(f"double {name}" for name in row.arguments)
    return "\n".join(
        [
            f"static inline double VALUE({row.name})({arguments}) {{",
            f"    return {_C()(row.value_tree)};",
            "}",
        ]
    )


def source(rows: Sequence[Primitive] = ROWS) -> str:
    """The text of `rows.h`: a function for each row, and lists of them with their opcodes."""
    functions = []
    lists: dict[int, list[str]] = {1: [], 2: [], 3: []}
    for opcode, row in enumerate(rows):
        if len(row.arguments) in lists:
            try:
                functions.append(value(row))
            except UntranslatableError:
                continue
            lists[len(row.arguments)].append(f"    ROW({opcode}, VALUE({row.name}))")
    for arity, name in enumerate(("UNARY", "BINARY", "TERNARY"), 1):
        functions.append(" \\\n".join([f"#define {name}_ROWS(ROW)", *lists[arity]]))
    return "\n\n".join([_HEAD.rstrip(), *functions]) + "\n"
