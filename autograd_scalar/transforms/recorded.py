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
from typing import Any, ClassVar

from ..engine.functions import FUNCTIONS
from ..engine.value import Value, node, watcher
from ..table.emit import ATOM, CHOICE, NEGATION, Emitter, Piece, bracketed, compiled
from ..table.floats import CONSTANTS, FLOAT_FUNCTIONS, ieee, ieee_divide, ieee_power
from ..table.language import is_zero
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE, compile_ieee_kernel

# Arithmetic on Values and plain numbers, the known constants, with IEEE 754 results: a
# derivative may be infinite where the value is not.

_ieee_kernel = cache(compile_ieee_kernel)


def _record_ieee(name: str, operands: Sequence[Any]) -> Value:
    """Record `name` where Python's own arithmetic raises: at a pole, or past the largest float."""
    row = TABLE[OPCODES[name]]
    values = [v if type(v) is Value else Value(v).detach() for v in operands]
    data, *partials = _ieee_kernel(row)(*[v.data for v in values])
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
        return _record_ieee("div", (a, b))


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
        return _record_ieee("pow", (a, b))


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
            return _record_ieee(name, operands)

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


class _OnValues(Emitter):
    """Writes an expression as calls of the arithmetic above."""

    calls: ClassVar[Mapping[type[ast.AST], str]] = {
        kind: f"_{kind.__name__}" for kind in _ARITHMETIC
    }

    def function(self, name: str) -> str:
        return f"_call_{name}"

    def unless_zero(self, tree: ast.expr) -> Piece:
        """`tree`, with None for each branch that is the number 0 itself."""
        if not isinstance(tree, ast.IfExp):
            return ("None", ATOM) if is_zero(tree) else self.piece(tree)
        body = bracketed(self.unless_zero(tree.body), NEGATION)
        orelse, _ = self.unless_zero(tree.orelse)
        return f"{body} if {self.above(tree.test, NEGATION)} else {orelse}", CHOICE


@cache
def _rules(row: Primitive) -> tuple[Callable[..., Any], ...]:
    """The partials of a primitive as functions of its operands and value.

    They take Values and numbers and return either, or None where nothing flows.
    """
    rules = []
    for tree in row.partial_trees:
        scope: dict[str, Any] = {"__builtins__": {}, **CONSTANTS}
        scope |= {f"_{kind.__name__}": function for kind, function in _ARITHMETIC.items()}
        for each in ast.walk(tree):
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
                scope[f"_call_{each.func.id}"] = _function(each.func.id)
        lines = [f"return {_OnValues().unless_zero(tree)[0]}"]
        rules.append(compiled(f"partial of {row.name}", (*row.arguments, "out"), lines, scope))
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
