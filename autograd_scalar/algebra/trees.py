"""Expressions as syntax trees: making them, taking them apart, replacing parts of them.

The trees are those of the table's language; names may here be any label. No function here
changes a tree it is given.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import TypeGuard

from ..table.language import BINARY_ROWS
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE

#: Calls that stand for a sum and a product of any number of operands.
SUM = "Σ"
PRODUCT = "·"

#: Functions by name: their arguments, and the expression in those.
Functions = Mapping[str, tuple[Sequence[str], ast.expr]]

_OPERATOR = {row_name: op for op, row_name in BINARY_ROWS.items()}


def name(label: str) -> ast.expr:
    """The name `label` in an expression."""
    return ast.Name(label)


def number(value: float) -> ast.expr:
    """The number `value` in an expression, a negative one as minus a number."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if value < 0 or (value == 0 and math.copysign(1.0, value) < 0):
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def fraction(value: Fraction) -> ast.expr:
    """The exact number `value` in an expression, as a quotient where it is not whole."""
    whole = number(value.numerator)
    if value.denominator == 1:
        return whole
    return ast.BinOp(whole, ast.Div(), number(value.denominator))


def call(function: str, *arguments: ast.expr) -> ast.expr:
    """A call of a function, or of one that only prints."""
    return ast.Call(ast.Name(function), list(arguments), [])


def added(terms: Sequence[ast.expr]) -> ast.expr:
    """The terms added up; one with a minus sign is taken away."""
    result = terms[0]
    for term in terms[1:]:
        match term:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                result = ast.BinOp(result, ast.Sub(), operand)
            case _:
                result = ast.BinOp(result, ast.Add(), term)
    return result


def multiplied(factors: Sequence[ast.expr]) -> ast.expr:
    """The product of the factors."""
    return reduce(lambda a, b: ast.BinOp(a, ast.Mult(), b), factors)


def applied(row: Primitive, operands: Sequence[ast.expr]) -> ast.expr:
    """The expression for a primitive of these operands.

    >>> print(ast.unparse(applied(TABLE[OPCODES["mul"]], [name("x"), name("y")])))
    x * y
    """
    if row.name in _OPERATOR:
        return ast.BinOp(operands[0], _OPERATOR[row.name](), operands[1])
    if row.name == "neg":
        return ast.UnaryOp(ast.USub(), operands[0])
    return call(row.name, *operands)


def row_of(tree: ast.expr) -> tuple[Primitive, list[ast.expr]] | None:
    """The primitive an expression ends with and its operands; None where it is no primitive's."""
    match tree:
        case ast.BinOp(left=left, op=op, right=right):
            return TABLE[OPCODES[BINARY_ROWS[type(op)]]], [left, right]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return TABLE[OPCODES["neg"]], [operand]
        case ast.Call(func=ast.Name(id=function), args=operands) if function in OPCODES:
            row = TABLE[OPCODES[function]]
            # `log(x, base)` and `maximum(x, y, z)` are compositions.
            return (row, operands) if len(operands) == len(row.arguments) else None
    return None


def same(a: ast.expr, b: ast.expr) -> bool:
    """Whether two trees are written alike."""
    return key(a) == key(b)


def key(tree: ast.expr) -> str:
    """Equal for trees that are written alike, whether they were parsed or made."""
    return ast.dump(tree).replace(", ctx=Load()", "")


def names_in(tree: ast.expr) -> dict[str, None]:
    """The names in an expression, in the order they are read, functions left out."""
    found: dict[str, None] = {}
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name):
            found[node.id] = None
        elif isinstance(node, ast.Call):
            pending += reversed(node.args)
        else:
            pending += reversed(list(ast.iter_child_nodes(node)))
    return found


def rebuilt(tree: ast.expr, change: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """The same kind of node with `change` applied to each operand."""
    match tree:
        case ast.BinOp(left=left, op=op, right=right):
            return ast.BinOp(change(left), op, change(right))
        case ast.UnaryOp(op=op, operand=operand):
            return ast.UnaryOp(op, change(operand))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(change(test), change(body), change(orelse))
        case ast.Compare(left=left, ops=ops, comparators=others):
            return ast.Compare(change(left), ops, [change(each) for each in others])
        case ast.Call(func=function, args=arguments):
            return ast.Call(function, [change(each) for each in arguments], [])
    return tree


def substituted(tree: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    """`tree` with names replaced by expressions."""
    if isinstance(tree, ast.Name):
        return names.get(tree.id, tree)
    return rebuilt(tree, lambda each: substituted(each, names))


def replaced(tree: ast.expr, old: ast.expr, new: ast.expr) -> ast.expr:
    """`tree` with every part that is written like `old` replaced by `new`."""
    wanted = key(old)

    def walk(each: ast.expr) -> ast.expr:
        if type(each) is type(old) and key(each) == wanted:
            return new
        return rebuilt(each, walk)

    return walk(tree)


def size(tree: ast.expr) -> int:
    """How many operations, numbers and names an expression has."""
    return sum(isinstance(node, ast.expr) for node in ast.walk(tree))


def is_one(tree: ast.expr) -> bool:
    """Whether `tree` is the number 1 itself."""
    return isinstance(tree, ast.Constant) and tree.value == 1


def is_sum(tree: ast.expr) -> TypeGuard[ast.BinOp]:
    """Whether `tree` adds or subtracts last."""
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)


def is_quotient(tree: ast.expr) -> TypeGuard[ast.BinOp]:
    """Whether `tree` divides last."""
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div)


def put_in(tree: ast.expr, functions: Functions, most: int) -> ast.expr:
    """The expression with what functions are defined as in place of their calls.

    functions  the arguments and the expression of each function

    Operands that occur several times are shared, so what is left may be small in memory and
    endless in writing: walk it by `bottom_up`. Raises `ValueError` for a call with the wrong
    number of operands, and where more than `most` operations would be put in.

    >>> square = multiplied([name("x"), name("x")])
    >>> ast.unparse(put_in(call("f", number(3)), {"f": (["x"], square)}, 100))
    '3 * 3'
    """
    room = most

    def change(node: ast.expr) -> ast.expr:
        nonlocal room
        match node:
            case ast.Call(func=ast.Name(id=called), args=operands) if called in functions:
                arguments, body = functions[called]
                if len(operands) != len(arguments):
                    raise ValueError(
                        f"{called} takes {len(arguments)} arguments here, got {len(operands)}"
                    )
                letters = dict(zip(arguments, operands, strict=True))
                parts = bottom_up(body)
                room -= len(parts)
                if room < 0:
                    raise ValueError(
                        f"{called} comes to more than {most:,} operations, written out"
                    )
                return _changed(
                    parts,
                    lambda each: letters.get(each.id, each) if isinstance(each, ast.Name) else each,
                )
        return node

    return _changed(bottom_up(tree), change)


def operands_of(node: ast.expr) -> list[ast.expr]:
    """What an operation is of, functions' names left out."""
    if isinstance(node, ast.Call):
        return node.args
    return [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]


def bottom_up(tree: ast.expr) -> list[ast.expr]:
    """Every part of an expression once, operands before what is made from them, at any depth."""
    found: dict[ast.expr, None] = {}
    stack = [tree]
    while stack:
        waiting = [each for each in operands_of(stack[-1]) if each not in found]
        if waiting:
            stack += reversed(waiting)
        else:
            found[stack.pop()] = None
    return list(found)


def _changed(parts: Sequence[ast.expr], change: Callable[[ast.expr], ast.expr]) -> ast.expr:
    done: dict[ast.expr, ast.expr] = {}
    for part in parts:
        same = all(done[each] is each for each in operands_of(part))
        new = part if same else ast.copy_location(rebuilt(part, done.__getitem__), part)
        done[part] = change(new)
    return done[parts[-1]]
