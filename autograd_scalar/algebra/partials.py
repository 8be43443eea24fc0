"""Derivatives of trees, by the partials of the table.

Zeros and ones go as they arise; otherwise a derivative is left as the chain rule gives it.
What is *written* 0 stays 0: the untaken side of a choice multiplies nothing, not even an
infinity.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache

from ..table.language import beside_a_point, is_zero
from ..table.primitives import Primitive
from .trees import is_one, row_of, substituted

_ZERO = ast.Constant(0)


def _choice(test: ast.expr, body: ast.expr, orelse: ast.expr) -> ast.expr:
    return _ZERO if is_zero(body) and is_zero(orelse) else ast.IfExp(test, body, orelse)


def _plus(a: ast.expr, b: ast.expr) -> ast.expr:
    if is_zero(a):
        return b
    return a if is_zero(b) else ast.BinOp(a, ast.Add(), b)


def _times(a: ast.expr, b: ast.expr) -> ast.expr:
    """`a * b`, where a branch of either that is written 0 stays 0 whatever the other is."""
    if is_zero(a) or is_zero(b):
        return _ZERO
    if isinstance(a, ast.IfExp):
        return _choice(a.test, _times(a.body, b), _times(a.orelse, b))
    if isinstance(b, ast.IfExp):
        return _choice(b.test, _times(a, b.body), _times(a, b.orelse))
    if is_one(a):
        return b
    return a if is_one(b) else ast.BinOp(a, ast.Mult(), b)


def derivative(tree: ast.expr, slopes: Mapping[str, ast.expr]) -> ast.expr:
    """The derivative of `tree`, where each name changes with the slope given for it, or 0.

    Raises `LookupError` for a call that is no primitive.

    >>> from autograd_scalar.table.language import parse
    >>> tree = parse("1 - out * out", ("out",), ())
    >>> ast.unparse(derivative(tree, {"out": ast.Name("d")}))
    '-1 * (out * d + out * d)'
    """
    match tree:
        case ast.Constant():
            return _ZERO
        case ast.Name(id=name):
            return slopes.get(name, _ZERO)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            beside = beside_a_point(tree, slopes)
            if beside is not None:
                return derivative(beside, slopes)
            return _choice(test, derivative(body, slopes), derivative(orelse, slopes))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return derivative(operand, slopes)
    found = row_of(tree)
    if found is None:
        raise LookupError(f"no primitive computes {ast.unparse(tree)}")
    row, operands = found
    inner = {**dict(zip(row.arguments, operands, strict=True)), "out": tree}
    total: ast.expr = _ZERO
    for partial, operand in zip(row.partial_trees, operands, strict=True):
        slope = derivative(operand, slopes)
        if not is_zero(slope):
            total = _plus(total, _times(substituted(partial, inner), slope))
    return total


@cache
def second_partials(row: Primitive) -> tuple[tuple[int, int, ast.expr], ...]:
    """The second derivatives of a primitive that aren't 0, one for each unordered pair.

    Each with the indices of the two arguments, and like a partial it may use `out`. Raises
    `LookupError` if a partial calls something that is no primitive.
    """
    found = []
    for i, partial in enumerate(row.partial_trees):
        for j in range(i, len(row.arguments)):
            slopes = {row.arguments[j]: ast.Constant(1), "out": row.partial_trees[j]}
            tree = derivative(partial, slopes)
            if not is_zero(tree):
                found.append((i, j, tree))
    return tuple(found)
