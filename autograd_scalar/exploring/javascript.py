"""Rows of the table as JavaScript: their values and their partials, as functions of numbers."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from ..table.emit import ATOM, CHOICE, NEGATION, SIGN, Emitter, Piece, bracketed, can_raise
from ..table.language import is_zero
from ..table.primitives import ROWS, Primitive
from ..table.registry import OPCODES, TABLE

#: The modules of the page, each after those that it imports.
MODULES = ("precise", "mathematics", "rows", "numbers", "python", "graph", "sentences", "words")

_FOLDER = Path(__file__).parent / "js"
_STEPS = ("floor", "ceil", "trunc", "floordiv")


class UntranslatableError(Exception):
    """A row whose value is a function of Python's that JavaScript has not."""


def module(name: str) -> str:
    """The source of one of the modules."""
    return (_FOLDER / f"{name}.js").read_text(encoding="utf-8")


@cache
def _modules_of_functions() -> dict[str, str]:
    """The modules by the functions of Python's `math` that they have."""
    found: dict[str, str] = {}
    for name in ("precise", "mathematics"):
        text = module(name)
        functions = re.findall(r"^export function (\w+)", text, re.MULTILINE)
        for names in re.findall(r"^export const \{ ([\w, ]+) \}", text, re.MULTILINE):
            functions += names.split(", ")
        found |= dict.fromkeys(functions, name)
    return found


class JavaScript(Emitter):
    """Writes an expression of the table as JavaScript, with the results of IEEE 754.

    imports  functions of other modules that have been written
    called   rows whose values have been called

    >>> from autograd_scalar.table.language import parse
    >>> JavaScript()(parse("y ** 2 if 0 < x < 1 else inf", "xy", ()))
    '0 < x && x < 1 ? power(y, 2) : Infinity'
    """

    calls: ClassVar[Mapping[type[ast.AST], str]] = {
        ast.Pow: "power",
        ast.FloorDiv: "floorDivide",
        ast.Mod: "modulo",
    }

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.rows: set[str] = set()

    def name(self, label: str) -> Piece:
        constants = {"pi": "Math.PI", "inf": "Infinity", "nan": "NaN"}
        return constants.get(label) or _parameter(label), ATOM

    def called(self, name: str, operands: Sequence[ast.expr]) -> Piece:
        if "." not in name:
            self.imports.add(name)
        return super().called(name, operands)

    def call(self, function: str, operands: Sequence[ast.expr]) -> Piece:
        row = TABLE[OPCODES[function]] if function in OPCODES else None
        if row is None or (row.is_opaque and function not in _modules_of_functions()):
            raise UntranslatableError(function)
        if row.is_opaque:
            return self.called(function, operands)
        self.rows.add(function)
        return self.called(f"ROWS.{function}.value", operands)

    def test(self, tree: ast.expr) -> Piece:
        """Python's truth of a number, by which NaN is true."""
        match tree:
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return self.piece(tree)
        return f"{self.above(tree, SIGN)} !== 0", NEGATION

    def piece(self, tree: ast.expr) -> Piece:
        match tree:
            case ast.Constant(value=int() | float() as value):
                text = repr(float(value)).removesuffix(".0")
                return text, SIGN if text.startswith("-") else ATOM
            case ast.IfExp(test=test, body=body, orelse=orelse):
                question = bracketed(self.test(test), NEGATION)
                return f"{question} ? {self.above(body, NEGATION)} : {self(orelse)}", CHOICE
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                if isinstance(operand, ast.Compare | ast.UnaryOp):
                    return f"!({self(operand)})", SIGN
                return f"{self.above(operand, SIGN)} === 0", NEGATION
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as prefix, operand=operand):
                sign = "-" if isinstance(prefix, ast.USub) else "+"
                return sign + self.above(operand, ATOM), SIGN
            case ast.Compare(left=left, ops=ops, comparators=others):
                tests = []
                for op, other in zip(ops, others, strict=True):
                    tests.append(f"{self.above(left, SIGN)} {_COMPARE[type(op)]} "
                                 f"{self.above(other, SIGN)}")  # fmt: skip
                    left = other
                return " && ".join(tests), NEGATION
            case ast.BoolOp(op=op, values=values):
                sign = " && " if isinstance(op, ast.And) else " || "
                return sign.join(f"({self.test(each)[0]})" for each in values), NEGATION
        return super().piece(tree)


_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "===",
    ast.NotEq: "!==",
}


def _parameter(label: str) -> str:
    """The name of a parameter, which may mean something to JavaScript but not to Python."""
    return f"{label}$" if label in _MEANT else label


_MEANT = {
    *_modules_of_functions(),
    *("Infinity", "Math", "NaN", "ROWS", "arguments", "await", "case", "catch", "const"),
    *("debugger", "default", "delete", "do", "enum", "eval", "export", "extends", "false"),
    *("function", "implements", "instanceof", "interface", "let", "new", "null", "package"),
    *("private", "protected", "public", "static", "super", "switch", "this", "throw", "true"),
    *("typeof", "undefined", "var", "void", "yield"),
}


def _function(names: Sequence[str], body: str) -> str:
    return f"({', '.join(map(_parameter, names))}) => {body}"


def _zero(write: JavaScript, tree: ast.expr) -> str:
    """Whether the branch of a partial that is taken is written 0, as source."""
    if not isinstance(tree, ast.IfExp):
        return str(is_zero(tree)).lower()
    body, orelse = _zero(write, tree.body), _zero(write, tree.orelse)
    if body == orelse:
        return body
    return f"({bracketed(write.test(tree.test), NEGATION)} ? {body} : {orelse})"


def _leaf(write: JavaScript, tree: ast.expr, count: Iterable[int]) -> str:
    """Which of its branches a choice takes, as a number."""
    if not isinstance(tree, ast.IfExp):
        return str(next(iter(count)))
    body, orelse = (_leaf(write, each, count) for each in (tree.body, tree.orelse))
    return f"({bracketed(write.test(tree.test), NEGATION)} ? {body} : {orelse})"


def _branches(write: JavaScript, tree: ast.expr) -> list[str]:
    """What tells the smooth pieces of an expression apart, as source of numbers."""
    if isinstance(tree, ast.IfExp):
        return [_leaf(write, tree, iter(range(100)))]
    return [
        write(node)
        for node in ast.walk(tree)
        if (isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") in _STEPS)
    ]


def _fails(row: Primitive) -> str:
    """How a result looks where Python raises an exception, in a word; none where it never does."""
    if not row.is_opaque and not can_raise(row.value_tree):
        return ""
    match row.value_tree:
        case ast.BinOp(op=ast.Div() | ast.FloorDiv() | ast.Mod()):
            return "zero divisor"
    return "operand not finite" if row.name in _STEPS else "not finite"


def row_source(row: Primitive) -> tuple[str, JavaScript]:
    """The row as a property of an object, and what it needs.

    Raises `UntranslatableError` for a function of Python's that JavaScript has not.
    """
    write = JavaScript()
    names = row.arguments
    with_out = [*names, "out"]
    zeros = [_zero(write, tree) for tree in row.partial_trees]
    texts: dict[str, Any] = {
        "name": row.name,
        "arguments": [*names],
        "operator": row.operator,
        "rules": [*row.rules],
        "formula": row.value,
        "domain": row.domain,
        "fails": _fails(row),
    }
    if row not in ROWS:
        samples = [[*sample] for sample in row.samples]
        texts["added"] = {"partials": [*row.partials], "samples": samples}
    lines = [f"{key}: {json.dumps(text, ensure_ascii=False)}," for key, text in texts.items()]
    lines += [
        f"value: {_function(names, write(row.value_tree))},",
        "partials: [",
        *(f"  {_function(with_out, write(tree))}," for tree in row.partial_trees),
        "],",
        f"zeros: [{', '.join('null' if z == 'false' else _function(with_out, z) for z in zeros)}],",
    ]
    if row.domain:
        domain = ast.parse(row.domain, mode="eval").body
        lines.append(f"defined: {_function(names, write.test(domain)[0])},")
    if row.kinks or row not in ROWS:
        value = _branches(write, row.value_tree)
        partials = [_branches(write, tree) for tree in row.shown_trees]
        if value or any(partials):
            listed = ", ".join(f"[{', '.join(each)}]" for each in (value, *partials))
            lines.append(f"pieces: {_function(with_out, f'[{listed}]')},")
    body = "\n".join(f"    {line}" for line in lines)
    return f"  {row.name}: {{\n{body}\n  }},", write


def source(rows: Iterable[Primitive]) -> str:
    """A module that exports these rows as `ROWS`, and those that they call.

    Rows that JavaScript can't compute are left out.
    """
    pending = list(rows)
    written: dict[str, str] = {}
    imports: set[str] = set()
    while pending:
        row = pending.pop(0)
        if row.name in written:
            continue
        try:
            written[row.name], needs = row_source(row)
        except UntranslatableError:
            continue
        imports |= needs.imports
        pending += [TABLE[OPCODES[name]] for name in sorted(needs.rows)]
    head = _HEAD
    for name in ("precise", "mathematics"):
        names = sorted(each for each in imports if _modules_of_functions()[each] == name)
        if names:
            head += f'\nimport {{ {", ".join(names)} }} from "./{name}.js";'
    opening = f"{head}\n\n{_DOCUMENTATION}\nexport const ROWS = {{"
    return "\n".join([opening, *written.values(), "};\n"])


_HEAD = """\
/**
 * The rows of the table of primitives as functions of numbers.
 *
 * Made from the table by `python -m autograd_scalar.generate`; not to be edited.
 */
"""

_DOCUMENTATION = """\
/**
 * The rows by name.
 *
 * value     of the operands
 * partials  by each operand, of the operands and `out`, the value
 * zeros     where a partial is written 0: the value does not depend on the operand there
 * fails     where Python raises an exception: "not finite" results, a "zero divisor", …
 * defined   whether the operands are in `domain`
 * pieces    for the value and each partial, numbers that tell smooth pieces apart
 */"""
