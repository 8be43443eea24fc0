"""The chain rule on any graph, with derivatives that may be graphs themselves.

`adjoints` goes from results to leaves, `tangents` from leaves to results.  With `recorded`
the partials are not the stored numbers but the table's expressions, evaluated on Values:
what comes out can be differentiated again.  Nothing is written into the graph.

Where a partial is *written* 0 (the untaken side of `where`) no derivative flows, not even
0 times infinity; numbers 0 and 1 are folded away.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from ..engine.functions import FUNCTIONS
from ..engine.value import Value, node, watcher
from ..table.language import (
    CONSTANTS,
    beside_a_point,
    ieee,
    ieee_divide,
    ieee_power,
    is_zero,
)
from ..table.primitives import FLOAT_FUNCTIONS, OPCODES, TABLE, Primitive, compile_quiet

# Arithmetic on Values and plain numbers, the known constants, with IEEE 754 results: a
# derivative may be infinite where the value is not.

_quiet_kernel = cache(compile_quiet)


def _record_quietly(name: str, operands: Sequence[Any]) -> Value:
    """Record `name` where Python's own arithmetic raises: at a pole, or past the largest float."""
    row = TABLE[OPCODES[name]]
    values = [v if type(v) is Value else Value(v).detach() for v in operands]
    data, *partials = _quiet_kernel(row)(*[v.data for v in values])
    return node(OPCODES[name], data, values, partials)


def _neg(a: Any) -> Any:
    if type(a) is Value and a.op == "neg":
        return a.parents[0]
    return -a


def _add(a: Any, b: Any) -> Any:
    if type(a) is not Value and a == 0:
        return b
    if type(b) is not Value:
        return a if b == 0 else a + b
    return a - b.parents[0] if b.op == "neg" else a + b


def _sub(a: Any, b: Any) -> Any:
    if type(b) is not Value and b == 0:
        return a
    return _neg(b) if type(a) is not Value and a == 0 else a - b


def _mul(a: Any, b: Any) -> Any:
    if type(a) is Value:
        if type(b) is Value:
            return a * b
        a, b = b, a
    if type(b) is not Value:
        return a * b
    if a == 1:
        return b
    if a == -1:
        return _neg(b)
    return 0.0 if a == 0 and math.isfinite(b.data) else a * b


def _div(a: Any, b: Any) -> Any:
    if type(b) is not Value:
        if type(a) is not Value:
            return ieee_divide(a, b)
        if b == 1:
            return a
    try:
        return a / b
    except ArithmeticError:
        return _record_quietly("div", (a, b))


def _pow(a: Any, b: Any) -> Any:
    if type(b) is not Value:
        if type(a) is not Value:
            return ieee_power(a, b)
        if b == 1:
            return a
        if b == 0:
            return 1.0
    try:
        return a**b
    except (ArithmeticError, ValueError):
        return _record_quietly("pow", (a, b))


def _function(name: str) -> Callable[..., Any]:
    """The function `name` of an expression, on Values and numbers."""
    if name not in OPCODES:
        return FUNCTIONS[name]
    on_numbers = ieee(name, FLOAT_FUNCTIONS[name])

    def apply(*operands: Any) -> Any:
        if not any(type(v) is Value for v in operands):
            return on_numbers(*operands)
        try:
            return FUNCTIONS[name](*operands)
        except (ArithmeticError, ValueError):
            return _record_quietly(name, operands)

    return apply


# The other operators of expressions are steps, and can't be folded.
_ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _sub,
    ast.Mult: _mul,
    ast.Div: _div,
    ast.Pow: _pow,
    ast.USub: _neg,
}


def _number(x: Any) -> Any:
    return x.data if type(x) is Value else x


class _TestSource(ast.NodeTransformer):
    """Rewrites the test of a choice into one on numbers: a question is not recorded."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return node if node.id in CONSTANTS else ast.Call(ast.Name("_number"), [node], [])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        function = ast.Name(f"_number_{node.func.id}")
        return ast.Call(function, [self.visit(each) for each in node.args], [])


class _ValueSource(ast.NodeTransformer):
    """Rewrites an expression into calls of the arithmetic above."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        assert isinstance(node.value, int | float)
        return ast.Constant(float(node.value))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if type(node.op) not in _ARITHMETIC:
            return ast.BinOp(left, node.op, right)
        return ast.Call(ast.Name(f"_{type(node.op).__name__}"), [left, right], [])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if type(node.op) not in _ARITHMETIC:
            return ast.UnaryOp(node.op, operand)
        return ast.Call(ast.Name(f"_{type(node.op).__name__}"), [operand], [])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        function = ast.Name(f"_call_{node.func.id}")
        return ast.Call(function, [self.visit(each) for each in node.args], [])

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = _TestSource().visit(node.test)
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))


def _beside(point: Any, partial: Callable[[], Any]) -> Any:
    """What a partial is that is written 0 where `point` is 0.

    Nothing, unless the point may move away from there: then what the partial is beside it.
    """
    if type(point) is not Value:
        return None
    moving = partial()
    return moving if type(moving) is Value and moving.data == 0 else None


def _nothing_for_zero(tree: ast.expr, arguments: Sequence[str]) -> ast.expr:
    """`tree` with None for each branch that is the number 0 itself."""
    if isinstance(tree, ast.IfExp):
        beside = beside_a_point(tree, arguments)
        if beside is None:
            body, orelse = (_nothing_for_zero(each, arguments) for each in (tree.body, tree.orelse))
            return ast.IfExp(_TestSource().visit(tree.test), body, orelse)
        point = tree.test.operand if isinstance(tree.test, ast.UnaryOp) else tree.test
        other = _nothing_for_zero(beside, arguments)
        later = ast.parse(f"lambda: {ast.unparse(other)}", mode="eval").body
        return ast.IfExp(point, other, ast.Call(ast.Name("_beside"), [point, later], []))
    return ast.Constant(None) if is_zero(tree) else _ValueSource().visit(tree)


@cache
def _rules(row: Primitive) -> tuple[Callable[..., Any], ...]:
    """The partials of a primitive as functions of its operands and value.

    They take Values and numbers and return either, or None where nothing flows.
    """
    rules = []
    for tree in row.partial_trees:
        scope: dict[str, Any] = {"__builtins__": {}, "_beside": _beside, "_number": _number}
        scope |= CONSTANTS
        scope |= {f"_{kind.__name__}": function for kind, function in _ARITHMETIC.items()}
        for each in ast.walk(tree):
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
                scope[f"_call_{each.func.id}"] = _function(each.func.id)
                scope[f"_number_{each.func.id}"] = FLOAT_FUNCTIONS[each.func.id]
        copied = ast.parse(ast.unparse(tree), mode="eval").body
        result = ast.unparse(ast.fix_missing_locations(_nothing_for_zero(copied, row.arguments)))
        source = f"def partial({', '.join(row.arguments)}, out):\n    return {result}\n"
        # The source is unparsed from a tree that passed the whitelist of `expressions.check`.
        exec(compile(source, f"<partial of {row.name}>", "exec"), scope)
        rules.append(scope["partial"])
    return tuple(rules)


def _edges(v: Value, among: Container[Value], recorded: bool) -> Iterator[tuple[int, Value, Any]]:
    """The operands of `v` that are `among` the given and on which it depends.

    Each with its index and the partial by it.
    """
    parents = v.parents
    row = TABLE[OPCODES[v.op]]
    if recorded:
        operands = [p.data if p.kind == "constant" and p not in among else p for p in parents]
        for i, (parent, rule) in enumerate(zip(parents, _rules(row), strict=True)):
            if parent in among:
                partial = rule(*operands, v)
                if partial is not None:
                    yield i, parent, partial
        return
    for i, (parent, number) in enumerate(zip(parents, v.partials, strict=True)):
        if parent in among and (
            number != 0.0 or not row.vanishes(i, v.data, [p.data for p in parents])
        ):
            yield i, parent, number


def adjoints(
    order: Sequence[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: bool,
) -> list[Any]:
    """The adjoints of `wanted`: the derivatives by them of the sum of seed · value.

    order     a graph, parents first, with every value that leads from `wanted` to the seeds
    seeds     a number or Value for each of the results
    recorded  whether adjoints are Values that can be differentiated again

    Where nothing flows, and where everything folds, the adjoint is a plain number.
    """
    on_the_way = set(wanted)
    for v in order:
        if not on_the_way.isdisjoint(v.parents):
            on_the_way.add(v)
    observer = watcher()
    found = dict(seeds)
    for v in reversed(order):
        if v in on_the_way and v in found and v.op:
            adjoint = found[v]
            for i, parent, partial in _edges(v, on_the_way, recorded):
                term = _mul(adjoint, partial)
                found[parent] = _add(found[parent], term) if parent in found else term
                if observer is not None:
                    observer.flowed(v, i, adjoint, partial, found[parent])
    return [found.get(v, 0.0) for v in wanted]


def tangents(
    order: Sequence[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: bool,
) -> list[Any]:
    """The tangents of `wanted`: how fast they change as the values of `seeds` do at its rates.

    The arguments are those of `adjoints`.
    """
    found = dict(seeds)
    for v in order:
        if v in seeds or not v.op:
            continue
        total = None
        for _, parent, partial in _edges(v, found.keys(), recorded):
            term = _mul(found[parent], partial)
            total = term if total is None else _add(total, term)
        if total is not None:
            found[v] = total
    return [found.get(v, 0.0) for v in wanted]
