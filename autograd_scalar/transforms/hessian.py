"""Second derivatives of the primitives on floats, made from the table's expressions.

Differentiating a partial's expression by the table's own rules gives another expression.
With these numbers the Hessian of a graph times a vector costs two sweeps: the Hessian is
the sum, over the primitives, of adjoint · second derivative · the two operands' slopes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from ..engine.sweep import bend, curved, pull, push
from ..engine.value import Value
from ..table.language import BINARY_ROWS, beside_a_point, can_raise, float_source, is_zero
from ..table.primitives import OPCODES, TABLE, Primitive, float_scope

_OPERATORS: dict[type[ast.AST], str] = dict([*BINARY_ROWS.items(), (ast.USub, "neg")])

_ZERO = ast.Constant(0)


def _is_one(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == 1


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
    if _is_one(a):
        return b
    return a if _is_one(b) else ast.BinOp(a, ast.Mult(), b)


class _Substitute(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(node.func, [self.visit(each) for each in node.args], [])

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node)


def _application(tree: ast.expr) -> tuple[Primitive, list[ast.expr]]:
    """The primitive that `tree` applies, and to what; a `LookupError` if it is none."""
    match tree:
        case ast.BinOp(left=left, op=op, right=right):
            return TABLE[OPCODES[_OPERATORS[type(op)]]], [left, right]
        case ast.UnaryOp(op=op, operand=operand):
            return TABLE[OPCODES[_OPERATORS[type(op)]]], [operand]
        case ast.Call(func=ast.Name(id=name), args=operands):
            row = TABLE[OPCODES[name]]
            if len(operands) == len(row.arguments):
                return row, operands
    raise LookupError(f"no primitive computes {ast.unparse(tree)}")


def derivative(tree: ast.expr, slopes: Mapping[str, ast.expr]) -> ast.expr:
    """The derivative of `tree`, where each name changes with the slope given for it, or 0.

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
    row, operands = _application(tree)
    inner = _Substitute({**dict(zip(row.arguments, operands, strict=True)), "out": tree})
    total: ast.expr = _ZERO
    for partial, operand in zip(row.partial_trees, operands, strict=True):
        slope = derivative(operand, slopes)
        if not is_zero(slope):
            copied = ast.parse(ast.unparse(partial), mode="eval").body
            total = _plus(total, _times(inner.visit(copied), slope))
    return total


# A second derivative of a primitive: its two arguments' indices, and a function of the
# arguments and the value.
Second = tuple[int, int, Callable[..., float]]


@cache
def second_partials(row: Primitive) -> tuple[Second, ...]:
    """The second derivatives of a primitive that aren't 0, one for each unordered pair.

    Raises `LookupError` if a partial calls something that is no primitive.
    """
    found = []
    for i, partial in enumerate(row.partial_trees):
        for j in range(i, len(row.arguments)):
            slopes = {row.arguments[j]: ast.Constant(1), "out": row.partial_trees[j]}
            tree = derivative(partial, slopes)
            if not is_zero(tree):
                found.append((i, j, _compile(row, tree)))
    return tuple(found)


def _compile(row: Primitive, tree: ast.expr) -> Callable[..., float]:
    head = f"def second({', '.join(row.arguments)}, out):\n"
    tree = ast.fix_missing_locations(tree)
    body = f"    return {float_source(tree)}\n"
    if can_raise(tree):
        body = (
            f"    try:\n    {body}    except (ArithmeticError, ValueError):\n"
            f"        return {float_source(tree, quiet=True)}\n"
        )
    made: dict[str, Callable[..., float]] = {}
    # The source is unparsed from trees that passed the whitelist of `expressions.check`.
    exec(compile(head + body, f"<second derivative of {row.name}>", "exec"), float_scope(), made)
    return made["second"]


_known: list[Primitive] = []
_seconds: list[tuple[Second, ...] | None] = []


def _by_opcode() -> list[tuple[Second, ...] | None]:
    """`second_partials` of each row of the table, None where there are none."""
    if not _known or len(_known) != len(TABLE) or _known[-1] is not TABLE[-1]:
        _known[:] = TABLE
        _seconds.clear()
        for row in _known:
            try:
                _seconds.append(second_partials(row))
            except LookupError:
                _seconds.append(None)
    return _seconds


class Curvature:
    """The second derivative of a graph: the product of its Hessian with any vector.

    root    what is differentiated
    order   its graph, whose only leaves are `leaves`
    leaves  what it is differentiated by

    Raises `LookupError` where a primitive has no second derivative on floats.
    """

    def __init__(self, root: Value, order: list[Value], leaves: list[Value]) -> None:
        self.order = order
        self.leaves = leaves
        seconds = _by_opcode()
        nodes = curved(order, seconds)
        self._into, self._along, self._factors = bend(
            nodes, pull(order, [root], [1.0], nodes), seconds
        )

    def times(self, vector: Sequence[float]) -> list[float]:
        """The Hessian times `vector`; NaN where an infinite slope met a branch not taken."""
        slopes = push(self.order, self.leaves, list(vector), self._along)
        sources = [factor * slope for factor, slope in zip(self._factors, slopes, strict=True)]
        return pull(self.order, self._into, sources, self.leaves)
