"""The small language the table of primitives is written in, and its interpreters.

An expression is arithmetic over named arguments: numbers, `+ - * / // % **`, calls of
known functions, `a if test else b`, and the order comparisons.  It is parsed with `ast`
and checked against a whitelist, so a rule that needs more fails where it is written.

Equality is deliberately missing from tests. `0 if x == 0 else …` singles out one point, and
what is written for it would be differentiated as if it held around it: ∂(x**y)/∂x is 0 at
y = 0, but its derivative with respect to y there is not. Order comparisons split the line into
sides, and truth (`x` is not zero) is for arguments that are conditions.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

from .floats import CONSTANTS, power

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
}
#: The row of the table that each binary operator is.
BINARY_ROWS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class ExpressionError(ValueError):
    """An expression that this language does not have, with the column of the culprit."""

    def __init__(self, message: str, column: int = 0, line: int = 1) -> None:
        super().__init__(message)
        self.column = column
        self.line = line


def check(tree: ast.expr, names: Collection[str], functions: Collection[str] | None) -> None:
    """Refuse every node that is not part of the language.

    functions  those it may call; None where that is found out later

    Raises `ExpressionError` for the first node that is an unknown name or function, a
    number that is not a finite float, or any other kind of Python.
    """
    pending: list[ast.expr] = [tree]
    while pending:
        node = pending.pop()
        at = (node.col_offset, node.lineno)
        match node:
            case ast.Constant(value=value):
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise ExpressionError(f"{value!r} is not a real number", *at)
                try:
                    finite = math.isfinite(float(value))
                except OverflowError:
                    finite = False
                if not finite:
                    raise ExpressionError("this number is too large for a float", *at)
            case ast.Name(id=name):
                if name not in names and name not in CONSTANTS:
                    raise ExpressionError(f"unknown name {name!r}", *at)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                pending += (right, left)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                pending.append(operand)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                pending += (orelse, body, test)
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(op) in _COMPARE for op in ops
            ):
                pending += [*reversed(others), left]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                if functions is not None and name not in functions:
                    raise ExpressionError(f"unknown function {name!r}", *at)
                pending += reversed(arguments)
            case _:
                # What is wrong with `x | y` is BitOr, not that it is an operation.
                culprit = getattr(node, "op", node)
                raise ExpressionError(
                    f"{type(culprit).__name__} is not part of an expression "
                    "(numbers, names, arithmetic and calls of known functions are)",
                    *at,
                )


def parse(text: str, names: Collection[str], functions: Collection[str] | None) -> ast.expr:
    """The checked syntax tree of one expression; the arguments are those of `check`.

    >>> ast.unparse(parse("1 - out*out", ("x", "out"), ()))
    '1 - out * out'
    >>> parse("__import__('os')", (), ())
    Traceback (most recent call last):
    autograd_scalar.table.language.ExpressionError: unknown function '__import__'
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(error.msg, max((error.offset or 1) - 1, 0)) from None
    except ValueError as error:
        raise ExpressionError(str(error)) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("this expression is nested too deeply") from None
    try:
        check(tree, names, functions)
    except ExpressionError as error:
        # `ast` counts columns in UTF-8 bytes.
        line = text.split("\n")[error.line - 1].encode()
        error.column = len(line[: error.column].decode())
        raise
    return tree


def evaluate(tree: ast.expr, names: Mapping[str, Any], functions: Mapping[str, Any]) -> Any:
    """The value of `tree` in whatever algebra `names` and `functions` come from.

    Floats, recorded values, `mpmath` numbers and SymPy symbols all go through here.

    >>> evaluate(parse("x * exp(x)", "x", ["exp"]), {"x": 0.0}, {"exp": math.exp})
    0.0
    """
    match tree:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name] if name in names else CONSTANTS[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](
                evaluate(left, names, functions), evaluate(right, names, functions)
            )
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](evaluate(operand, names, functions))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            taken = body if evaluate(test, names, functions) else orelse
            return evaluate(taken, names, functions)
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [evaluate(each, names, functions) for each in (left, *others)]
            return all(
                _COMPARE[type(op)](a, b) for op, a, b in zip(ops, values, values[1:], strict=False)
            )
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return functions[name](*(evaluate(each, names, functions) for each in arguments))
    raise TypeError(f"unchecked syntax: {ast.dump(tree)}")


def taken_branch(
    tree: ast.expr, names: Mapping[str, Any], functions: Mapping[str, Any]
) -> ast.expr:
    """What is left of `tree` at this point once its `if … else` choices are made."""
    while isinstance(tree, ast.IfExp):
        tree = tree.body if evaluate(tree.test, names, functions) else tree.orelse
    return tree


def is_zero(tree: ast.expr) -> bool:
    """Whether `tree` is the number 0 itself, rather than something that came out as 0."""
    return isinstance(tree, ast.Constant) and tree.value == 0


def beside_a_point(choice: ast.IfExp, moving: Collection[str]) -> ast.expr | None:
    """The other branch of a choice that is written 0 at a single point of a name in `moving`.

    `0 if not y else y * x` says how large a partial is at y = 0, and nothing of how it changes
    as y moves away from there: that the branch beside the point tells.

    >>> tree = parse("0 if not y else y * x", "xy", ())
    >>> ast.unparse(beside_a_point(tree, "y")), beside_a_point(tree, "x")
    ('y * x', None)
    """
    match choice:
        case ast.IfExp(ast.UnaryOp(ast.Not(), ast.Name(name)), at, beside):
            pass
        case ast.IfExp(ast.Name(name), beside, at):
            pass
        case _:
            return None
    return beside if name in moving and name != "out" and is_zero(at) else None
