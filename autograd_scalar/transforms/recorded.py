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
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from typing import Any, ClassVar

from ..algebra.partials import second_partials
from ..engine.context import tracer, watcher
from ..engine.functions import FUNCTIONS, where
from ..engine.value import Value, constant, node
from ..table.emit import ATOM, CHOICE, NEGATION, Emitter, Piece, bracketed, compiled
from ..table.floats import CONSTANTS, FLOAT_FUNCTIONS, SCOPE, ieee, ieee_divide, ieee_power
from ..table.language import beside_a_point, is_zero
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE, compile_ieee_kernel
from .per_row import PerRow

_NEG = OPCODES["neg"]
_MUL = OPCODES["mul"]
_CONSTANT = constant(0.0)._opcode

# Arithmetic on Values and plain numbers, the known constants, with IEEE 754 results: a
# derivative may be infinite where the value is not.

_ieee_kernel = cache(compile_ieee_kernel)


def record_ieee(opcode: int, operands: Sequence[Any]) -> Value:
    """Record a primitive where Python's arithmetic raises: at a pole, past the largest float."""
    values = [v if type(v) is Value else constant(v) for v in operands]
    data, *partials = _ieee_kernel(TABLE[opcode])(*[v._data for v in values])
    return node(opcode, data, values, partials)


def _neg(a: Any) -> Any:
    if type(a) is Value and a._opcode == _NEG:
        return a._x
    return -a


def _add(a: Any, b: Any) -> Any:
    if type(a) is not Value and a == 0:
        return b
    if type(b) is not Value:
        return a if b == 0 else a + b
    return a - b._x if b._opcode == _NEG else a + b


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
    if a == 0:
        writer = tracer()
        if writer is not None:
            return writer.constant(_MUL, (constant(a), b))
        if math.isfinite(b._data):
            return 0.0
    return a * b


def _div(a: Any, b: Any) -> Any:
    if type(b) is not Value:
        if type(a) is not Value:
            return ieee_divide(a, b)
        if b == 1:
            return a
    try:
        return a / b
    except ArithmeticError:
        return record_ieee(OPCODES["div"], (a, b))


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
        return record_ieee(OPCODES["pow"], (a, b))


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
            return record_ieee(OPCODES[name], operands)

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
    return x._data if type(x) is Value else x


def _beside(point: Any, partial: Callable[[], Any]) -> Any:
    """What a partial is that is written 0 where `point` is 0.

    Nothing, unless the point may move away from there: then what the partial is beside it.
    """
    if type(point) is not Value:
        return None
    moving = partial()
    return moving if type(moving) is Value and moving._data == 0 else None


class _OnNumbers(Emitter):
    """Writes the test of a choice for numbers: a question is not recorded."""

    def name(self, label: str) -> Piece:
        return (label if label in CONSTANTS else f"_number({label})"), ATOM

    def function(self, name: str) -> str:
        return f"_number_{name}"


class _OnValues(Emitter):
    """Writes an expression as calls of the arithmetic above."""

    calls: ClassVar[Mapping[type[ast.AST], str]] = {
        kind: f"_{kind.__name__}" for kind in _ARITHMETIC
    }

    def __init__(self, arguments: Sequence[str]) -> None:
        self.arguments = arguments

    def function(self, name: str) -> str:
        return f"_call_{name}"

    def test(self, tree: ast.expr) -> Piece:
        return _OnNumbers().piece(tree)

    def unless_zero(self, tree: ast.expr) -> Piece:
        """`tree`, with None for each branch that is the number 0 itself."""
        if not isinstance(tree, ast.IfExp):
            return ("None", ATOM) if is_zero(tree) else self.piece(tree)
        beside = beside_a_point(tree, self.arguments)
        if beside is None:
            body = bracketed(self.unless_zero(tree.body), NEGATION)
            test = bracketed(self.test(tree.test), NEGATION)
            return f"{body} if {test} else {self.unless_zero(tree.orelse)[0]}", CHOICE
        point = self(tree.test.operand if isinstance(tree.test, ast.UnaryOp) else tree.test)
        other = bracketed(self.unless_zero(beside), NEGATION)
        return f"{other} if {point} else _beside({point}, lambda: {other})", CHOICE


def _choose(test: Any, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    return where(test, body(), orelse()) if type(test) is Value else (body() if test else orelse())


def _all(*tests: Any) -> Any:
    return reduce(lambda before, test: _choose(before, lambda: test, lambda: 0.0), tests)


class _OnTraced(_OnValues):
    """Writes a choice as a choice, not as what was chosen: other numbers may choose otherwise."""

    def asks(self, tree: ast.IfExp) -> bool:
        """Whether the program is to ask which branch it is, and to go another way for another."""
        return False

    def piece(self, tree: ast.expr) -> Piece:
        if isinstance(tree, ast.IfExp) and self.asks(tree):
            body = bracketed(self.piece(tree.body), NEGATION)
            test = bracketed(self.piece(tree.test), NEGATION)
            return f"{body} if {test} else {self(tree.orelse)}", CHOICE
        if isinstance(tree, ast.IfExp):
            return self.chosen(self(tree.test), self(tree.body), self(tree.orelse))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return self.chosen(self(tree.operand), "0.0", "1.0")
        if isinstance(tree, ast.Compare) and len(tree.ops) > 1:
            sides = [tree.left, *tree.comparators]
            tests: list[ast.expr] = []
            for i, op in enumerate(tree.ops):
                tests.append(ast.Compare(sides[i], [op], [sides[i + 1]]))
            return self.called("_all", tests)
        return super().piece(tree)

    def chosen(self, test: str, body: str, orelse: str) -> Piece:
        return f"_choose({test}, lambda: {body}, lambda: {orelse})", ATOM

    def unless_zero(self, tree: ast.expr) -> Piece:
        if isinstance(tree, ast.IfExp) and beside_a_point(tree, self.arguments) is None:
            return self.piece(tree)
        return super().unless_zero(tree)


class _OnTracedAgain(_OnTraced):
    """For what is differentiated again.

    Sweeps add up in the order in which nodes were reached. Where both branches reach the
    operands in the same order, so they do together; otherwise the program asks.
    """

    def asks(self, tree: ast.IfExp) -> bool:
        body, orelse = _reached(tree.body), _reached(tree.orelse)
        # The primitive's value was computed from all its operands, which it reaches at once.
        return body[:1] != orelse[:1] or (body != orelse and body[0] != "out")


def _reached(tree: ast.expr) -> list[str]:
    """The names in a partial, in the order in which a sweep reaches them."""
    if isinstance(tree, ast.Name):
        return [] if tree.id in CONSTANTS else [tree.id]
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult) and is_zero(tree.left):
        return []
    found: dict[str, None] = {}
    parts: list[ast.expr] = []
    if isinstance(tree, ast.IfExp):
        parts = [tree.body, tree.orelse]
    elif isinstance(tree, ast.Call):
        parts = tree.args
    elif isinstance(tree, ast.BinOp):
        parts = [tree.left, tree.right]
    elif isinstance(tree, ast.UnaryOp):
        parts = [tree.operand]
    for part in parts:
        for name in _reached(part):
            found[name] = None
    return list(found)


def _traced_rules(row: Primitive) -> tuple[Any, ...]:
    return _rules(row, _OnTraced)


def _rules_traced_again(row: Primitive) -> tuple[Any, ...]:
    return _rules(row, _OnTracedAgain)


def _rules(row: Primitive, emitter: type[_OnValues] = _OnValues) -> tuple[Any, ...]:
    """The partials of a primitive as functions of its operands and value.

    They take Values and numbers and return either, or None where nothing flows.  Where a
    partial is a number or nothing at all, that stands in place of the function.
    """
    return tuple(_rule(row, tree, emitter) for tree in row.partial_trees)


def _rule(row: Primitive, tree: ast.expr, emitter: type[_OnValues]) -> Any:
    scope: dict[str, Any] = {**SCOPE, "_beside": _beside, "_number": _number}
    scope |= {"_all": _all, "_choose": _choose}
    scope |= {f"_{kind.__name__}": function for kind, function in _ARITHMETIC.items()}
    for each in ast.walk(tree):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
            scope[f"_call_{each.func.id}"] = _function(each.func.id)
            scope[f"_number_{each.func.id}"] = FLOAT_FUNCTIONS[each.func.id]
    lines = [f"return {emitter(row.arguments).unless_zero(tree)[0]}"]
    rule = compiled(f"partial of {row.name}", (*row.arguments, "out"), lines, scope)
    depends = any(isinstance(each, ast.Name) for each in ast.walk(tree))
    return rule if depends else rule(*row.arguments, "out")


_made_rules = PerRow(_rules)
_made_traced_rules = PerRow(_traced_rules)
_made_rules_traced_again = PerRow(_rules_traced_again)


def _second_rules(row: Primitive) -> tuple[tuple[int, int, Any], ...]:
    """The second derivatives of a primitive as `_traced_rules` has the first."""
    return tuple((i, j, _rule(row, tree, _OnTraced)) for i, j, tree in second_partials(row))


_made_second_rules = PerRow(_second_rules)


def _second_rules_of(opcode: int) -> tuple[tuple[int, int, Any], ...]:
    return _made_second_rules.made[opcode] or _made_second_rules.make(opcode)


def adjoints(
    order: Sequence[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: bool,
    last: bool = False,
) -> list[Any]:
    """The adjoints of `wanted`: the derivatives by them of the sum of seed · value.

    order     a graph, parents first, with every value that leads from `wanted` to the seeds
    seeds     a number or Value for each of the results
    recorded  whether adjoints are Values that can be differentiated again
    last      whether they won't be, in a program that is traced

    Where nothing flows, and where everything folds, the adjoint is a plain number.
    """
    return _sweep(list(order), seeds, wanted, recorded, False, last)


def tangents(
    order: Sequence[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: bool,
    last: bool = False,
) -> list[Any]:
    """The tangents of `wanted`: how fast they change as the values of `seeds` do at its rates.

    The arguments are those of `adjoints`.
    """
    return _sweep(list(order), seeds, wanted, recorded, True, last)


# `recorded.pxd` gives these C types.
Truth = bool
Found = list[Any]
Places = tuple[int, ...]
PlacesOfAll = list[Places]
PlaceOf = dict[Value, int]


def _sweep(
    order: list[Value],
    seeds: Mapping[Value, Any],
    wanted: Sequence[Value],
    recorded: Truth,
    forward: Truth,
    last: Truth,
) -> Found:
    places = {v: place for place, v in enumerate(order)}
    operands = [_places(v, places) for v in order]
    asked = [places.get(v, -1) for v in wanted]
    # One more, which is found at -1, stands for all that isn't in the order.
    found: Found = [None] * (len(order) + 1)
    for root, seed in seeds.items():
        if root in places:
            found[places[root]] = seed
    observer = watcher()
    writer = tracer()
    rules = _made_rules
    if writer is not None:
        rules = _made_traced_rules if last else _made_rules_traced_again
    rules.refresh()
    if writer is not None:
        writer.sweep(True)
    try:
        if forward:
            _tangents(order, operands, found, rules if recorded else None, observer)
        else:
            _adjoints(order, operands, found, asked, rules if recorded else None, observer)
    finally:
        if writer is not None:
            writer.sweep(False)
        if observer is not None:
            observer.differentiating(None)
    return [0.0 if found[place] is None else found[place] for place in asked]


def _places(v: Value, places: PlaceOf) -> Places:
    """Where the operands of `v` are, -1 for those that aren't in the order."""
    if v._x is None:
        return ()
    if v._y is None:
        return (places.get(v._x, -1),)
    if v._more is None:
        return (places.get(v._x, -1), places.get(v._y, -1))
    return tuple([places.get(p, -1) for p in v.parents])


def _operand(v: Value, matters: Truth) -> Any:
    """What a rule gets for an operand: of a constant, the number, so that it can be folded."""
    return v if matters or v._opcode != _CONSTANT else v._data


def _apply(rule: Any, operands: tuple[Any, ...], matters: Truth) -> Any:
    if not matters or rule is None:
        return None
    return rule if type(rule) is float else rule(*operands)


def _partials(v: Value, operands: Places, matters: Found, made: Any) -> Found:
    """The partials of `v` as Values and numbers, None by operands that don't matter."""
    rules = made.made[v._opcode]
    if rules is None:
        rules = made.make(v._opcode)
    if v._y is None:
        return [_apply(rules[0], (_operand(v._x, True), v), True)]
    first = matters[operands[0]]
    second = matters[operands[1]]
    x = _operand(v._x, first)
    y = _operand(v._y, second)
    if v._more is None:
        given = (x, y, v)
        return [_apply(rules[0], given, first), _apply(rules[1], given, second)]
    more = [_operand(p, matters[i]) for p, i in zip(v.parents, operands, strict=True)]
    given = (*more, v)
    return [_apply(rule, given, matters[i]) for rule, i in zip(rules, operands, strict=True)]


def _numbers(v: Value, operands: Places, matters: Found) -> Found:
    """The partials of `v` as numbers, None by operands that don't matter, or not to `v`."""
    row = TABLE[v._opcode]
    given = [p._data for p in v.parents]
    return [
        number if matters[place] and (number or not row.vanishes(i, v._data, given)) else None
        for i, (number, place) in enumerate(zip(v.partials, operands, strict=True))
    ]


def _adjoints(
    order: list[Value],
    operands: PlacesOfAll,
    found: Found,
    wanted: Found,
    rules: Any,
    observer: Any,
) -> None:
    v: Value
    matters: Found = [False] * len(found)
    for place in wanted:
        matters[place] = place >= 0
    for place in range(len(order)):
        places = operands[place]
        for operand in places:
            if matters[operand]:
                matters[place] = True
    for place in range(len(order) - 1, -1, -1):
        adjoint = found[place]
        places = operands[place]
        if adjoint is None or not places or not matters[place]:
            continue
        v = order[place]
        if observer is not None:
            observer.differentiating(v)
        if rules is None:
            partials = _numbers(v, places, matters)
        else:
            partials = _partials(v, places, matters, rules)
        for i in range(len(places)):
            partial = partials[i]
            if partial is not None:
                term = _mul(adjoint, partial)
                before = found[places[i]]
                total = term if before is None else _add(before, term)
                found[places[i]] = total
                if observer is not None:
                    observer.flowed(v, i, adjoint, partial, total)


def _tangents(
    order: list[Value], operands: PlacesOfAll, found: Found, rules: Any, observer: Any
) -> None:
    v: Value
    matters: Found = [each is not None for each in found]
    for place in range(len(order)):
        places = operands[place]
        if found[place] is not None:
            continue
        for operand in places:
            if matters[operand]:
                matters[place] = True
        if not matters[place]:
            continue
        v = order[place]
        if observer is not None:
            observer.differentiating(v)
        if rules is None:
            partials = _numbers(v, places, matters)
        else:
            partials = _partials(v, places, matters, rules)
        total = None
        for i in range(len(places)):
            partial = partials[i]
            if partial is not None:
                tangent = found[places[i]]
                term = _mul(tangent, partial)
                total = term if total is None else _add(total, term)
                if observer is not None:
                    observer.pushed(v, i, tangent, partial, total)
        found[place] = total
        matters[place] = total is not None


def check_partials(order: Sequence[Value]) -> None:
    """Have a program that is traced ask the engine where a partial is infinite.

    There 0 times the partial is NaN, and the engine goes on in another way; here what is not
    moved is left out.
    """
    writer = tracer()
    _made_traced_rules.refresh()
    places: PlaceOf = {}
    matters: Found = [True]
    writer.sweep(True)
    try:
        for v in order:
            if v._x is not None:
                operands = _places(v, places)
                for p, partial in zip(
                    v.parents, _partials(v, operands, matters, _made_traced_rules), strict=True
                ):
                    if type(partial) is Value and p.kind != "constant":
                        writer.check(partial)
    finally:
        writer.sweep(False)


class HessianProduct:
    """`trace.HessianProduct` for a program that is traced: the same numbers, as Values."""

    def __init__(self, root: Value, order: list[Value], leaves: list[Value]) -> None:
        self._order = order
        self._leaves = leaves
        self._into: list[Value] = []
        self._along: list[Value] = []
        self._factors: list[Any] = []
        nodes = []
        check_partials(order)
        _made_second_rules.refresh()
        for v in order:
            if v._x is not None and _second_rules_of(v._opcode):
                nodes.append(v)
        found = adjoints(order, {root: 1.0}, nodes, True, True)
        tracer().sweep(True)
        try:
            for i in range(len(nodes)):
                self._add(nodes[i], found[i])
        finally:
            tracer().sweep(False)

    def _add(self, v: Value, adjoint: Any) -> None:
        parents = v.parents
        operands = [_operand(p, False) for p in parents]
        for i, j, rule in _second_rules_of(v._opcode):
            a, b = parents[i], parents[j]
            if a.kind == "constant" or b.kind == "constant":
                continue
            second = _apply(rule, (*operands, v), True)
            if second is None:
                continue
            factor = _mul(adjoint, second)
            self._into.append(a)
            self._along.append(b)
            self._factors.append(factor)
            if i != j:
                self._into.append(b)
                self._along.append(a)
                self._factors.append(factor)

    def times(self, vector: Sequence[Any]) -> list[Any]:
        """The Hessian times `vector`."""
        seeds = {}
        for i in range(len(vector)):
            if type(vector[i]) is Value or vector[i] != 0:
                seeds[self._leaves[i]] = vector[i]
        slopes = tangents(self._order, seeds, self._along, True, True)
        weights: dict[Value, Any] = {}
        for i in range(len(slopes)):
            v = self._into[i]
            source = _mul(self._factors[i], slopes[i])
            if type(source) is Value or source != 0:
                weights[v] = weights[v] + source if v in weights else source
        return adjoints(self._order, weights, self._leaves, True, True)
