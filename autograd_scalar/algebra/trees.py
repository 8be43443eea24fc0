"""Expressions as syntax trees: making them, comparing them, replacing parts of them.

The trees are those of the table's language; names may here be any label.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping


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


def call(function: str, *arguments: ast.expr) -> ast.expr:
    """A call of a function, or of one that only prints."""
    return ast.Call(ast.Name(function), list(arguments), [])


def same(a: ast.expr, b: ast.expr) -> bool:
    """Whether two trees are written alike."""
    return key(a) == key(b)


def key(tree: ast.expr) -> str:
    """Equal for trees that are written alike."""
    return ast.dump(tree)


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
