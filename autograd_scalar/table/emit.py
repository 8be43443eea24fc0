"""A tree as source: one walk, and a small subclass for each arithmetic it is written for.

`Emitter` writes Python for floats. What is to be written differently, an operator as a call
or a function by another name, is all that a subclass says.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

# How tightly a piece of source holds together.
CHOICE, NEGATION, COMPARISON, SUM, TERM, SIGN, ATOM = range(7)

#: Source, and how tightly it holds together.
Piece = tuple[str, int]

_INFIX: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("-", SUM),
    ast.Mult: ("*", TERM),
    ast.Div: ("/", TERM),
    ast.FloorDiv: ("//", TERM),
    ast.Mod: ("%", TERM),
}
_PREFIX: dict[type[ast.unaryop], tuple[str, int]] = {
    ast.USub: ("-", SIGN),
    ast.UAdd: ("+", SIGN),
    ast.Not: ("not ", NEGATION),
}
_COMPARE: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


class Emitter:
    """Python source that computes a tree on floats, with Python's exceptions.

    >>> from autograd_scalar.table.language import parse
    >>> Emitter()(parse("1 / (x ** 2 - 1)", "x", ()))
    '1.0 / (_power(x, 2.0) - 1.0)'
    """

    #: The operators that are written as calls, and of what.
    calls: ClassVar[Mapping[type[ast.AST], str]] = {ast.Pow: "_power"}

    def __call__(self, tree: ast.expr) -> str:
        return self.piece(tree)[0]

    def name(self, label: str) -> Piece:
        return label, ATOM

    def function(self, name: str) -> str:
        """What a function of the table is called here."""
        return name

    def call(self, function: str, operands: Sequence[ast.expr]) -> Piece:
        return self.called(self.function(function), operands)

    def binary(self, op: ast.operator, left: ast.expr, right: ast.expr) -> Piece:
        if type(op) in self.calls:
            return self.called(self.calls[type(op)], [left, right])
        sign, level = _INFIX[type(op)]
        # A sum on the right keeps its bracket: floats are not added in any other order.
        return f"{self.above(left, level)} {sign} {self.above(right, level + 1)}", level

    def called(self, name: str, operands: Sequence[ast.expr]) -> Piece:
        return f"{name}({', '.join(map(self, operands))})", ATOM

    def test(self, tree: ast.expr) -> Piece:
        """The condition of a choice."""
        return self.piece(tree)

    def above(self, tree: ast.expr, level: int) -> str:
        """`tree`, in brackets unless it holds together as tightly as `level`."""
        return bracketed(self.piece(tree), level)

    def piece(self, tree: ast.expr) -> Piece:
        match tree:
            case ast.Constant(value=int() | float() as value):
                # 9**9**9**9 of integers would never end.
                text = repr(float(value))
                return text, SIGN if text.startswith("-") else ATOM
            case ast.Name(id=label):
                return self.name(label)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(op, left, right)
            case ast.UnaryOp(op=prefix, operand=operand):
                if type(prefix) in self.calls:
                    return self.called(self.calls[type(prefix)], [operand])
                sign, level = _PREFIX[type(prefix)]
                return sign + self.above(operand, level + 1), level
            case ast.IfExp(test=test, body=body, orelse=orelse):
                question = f"{self.above(body, NEGATION)} if {bracketed(self.test(test), NEGATION)}"
                return f"{question} else {self(orelse)}", CHOICE
            case ast.Compare(left=left, ops=ops, comparators=others):
                text = self.above(left, SUM)
                for comparison, other in zip(ops, others, strict=True):
                    text += f" {_COMPARE[type(comparison)]} {self.above(other, SUM)}"
                return text, COMPARISON
            case ast.Call(func=ast.Name(id=function), args=operands):
                return self.call(function, operands)
        raise TypeError(f"unchecked syntax: {ast.dump(tree)}")


def bracketed(piece: Piece, level: int) -> str:
    """The source of a piece, in brackets unless it holds together as tightly as `level`."""
    text, tightness = piece
    return text if tightness >= level else f"({text})"


class IeeeEmitter(Emitter):
    """Python source for floats with IEEE 754 results where Python would raise.

    >>> from autograd_scalar.table.language import parse
    >>> IeeeEmitter()(parse("1 / x ** 2", "x", ()))
    '_ieee_divide(1.0, _ieee_power(x, 2.0))'
    """

    calls: ClassVar[Mapping[type[ast.AST], str]] = {
        ast.Div: "_ieee_divide",
        ast.FloorDiv: "_ieee_floor_divide",
        ast.Mod: "_ieee_modulo",
        ast.Pow: "_ieee_power",
    }

    def function(self, name: str) -> str:
        return f"_ieee_{name}"


on_floats = Emitter()
on_ieee_floats = IeeeEmitter()


def can_raise(tree: ast.expr) -> bool:
    """Whether computing `tree` on floats may raise: a division, a power or a call."""
    return any(
        isinstance(node, ast.Call)
        or (isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Sub | ast.Mult))
        for node in ast.walk(tree)
    )


def returned(trees: Sequence[ast.expr]) -> list[str]:
    """Lines that return the floats of `trees`; they are IEEE 754's where Python raises."""
    plain = f"return {', '.join(map(on_floats, trees))}"
    if not any(map(can_raise, trees)):
        return [plain]
    return [
        "try:",
        f"    {plain}",
        "except (ArithmeticError, ValueError):",
        f"    return {', '.join(map(on_ieee_floats, trees))}",
    ]


def compiled(
    described: str, arguments: Sequence[str], lines: Sequence[str], scope: dict[str, Any]
) -> Callable[..., Any]:
    """The function of these arguments whose body is `lines`, with the names in `scope`.

    The lines are made from trees that passed `language.check`, which is what makes it safe
    to run them.
    """
    body = "".join(f"    {line}\n" for line in lines)
    made: dict[str, Callable[..., Any]] = {}
    source = f"def function({', '.join(arguments)}):\n{body}"
    exec(compile(source, f"<{described}>", "exec"), scope, made)
    return made["function"]
