"""The table's partials as functions of Values: a derivative that can be differentiated again.

A rule takes a primitive's operands and its value, Values or plain numbers, and gives a
partial: a Value, a number, or None where the partial is *written* 0, and nothing flows.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar

from ..algebra.partials import second_partials
from ..engine.context import tracer
from ..engine.functions import where
from ..engine.value import Value
from ..table.emit import ATOM, CHOICE, NEGATION, Emitter, Piece, bracketed, compiled
from ..table.floats import CONSTANTS, FLOAT_FUNCTIONS, SCOPE
from ..table.language import beside_a_point, is_zero
from ..table.primitives import Primitive
from .arithmetic import ARITHMETIC, function_of
from .per_row import PerRow


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
        kind: f"_{kind.__name__}" for kind in ARITHMETIC
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


def _choose(test: Any, body: Callable[[], Any], orelse: Callable[[], Any], shown: int = 0) -> Any:
    """One of two branches; `shown` is 1 or 2 where they are one formula, and a textbook's is there.

    A program that is traced is told of that one.
    """
    if type(test) is not Value:
        return body() if test else orelse()
    chosen = where(test, body(), orelse())
    writer = tracer()
    if shown and writer is not None:
        writer.alike(chosen, shown)
    return chosen


def _all(*tests: Any) -> Any:
    return reduce(lambda before, test: _choose(before, lambda: test, lambda: 0.0), tests)


class _OnTraced(_OnValues):
    """Writes a choice as a choice, not as what was chosen: other numbers may choose otherwise."""

    def __init__(self, arguments: Sequence[str], shown: ast.expr | None = None) -> None:
        super().__init__(arguments)
        self._shown = {*map(ast.unparse, ast.walk(shown))} if shown else set()

    def asks(self, tree: ast.IfExp) -> bool:
        """Whether the program is to ask which branch it is, and to go another way for another."""
        return False

    def shown(self, tree: ast.IfExp) -> int:
        """Which branch a textbook prints, where it does not print the choice: 1, 2 or 0."""
        if ast.unparse(tree) in self._shown:
            return 0
        branches = enumerate((tree.body, tree.orelse), start=1)
        printed = [
            i
            for i, each in branches
            if not isinstance(each, ast.Constant | ast.Name) and ast.unparse(each) in self._shown
        ]
        return printed[0] if printed else 0

    def piece(self, tree: ast.expr) -> Piece:
        if isinstance(tree, ast.IfExp) and self.asks(tree):
            body = bracketed(self.piece(tree.body), NEGATION)
            test = bracketed(self.piece(tree.test), NEGATION)
            return f"{body} if {test} else {self(tree.orelse)}", CHOICE
        if isinstance(tree, ast.IfExp):
            test, body, orelse = map(self, (tree.test, tree.body, tree.orelse))
            return self.chosen(test, body, orelse, self.shown(tree))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return self.chosen(self(tree.operand), "0.0", "1.0", 0)
        if isinstance(tree, ast.Compare) and len(tree.ops) > 1:
            sides = [tree.left, *tree.comparators]
            tests: list[ast.expr] = []
            for i, op in enumerate(tree.ops):
                tests.append(ast.Compare(sides[i], [op], [sides[i + 1]]))
            return self.called("_all", tests)
        return super().piece(tree)

    def chosen(self, test: str, body: str, orelse: str, shown: int) -> Piece:
        return f"_choose({test}, lambda: {body}, lambda: {orelse}, {shown})", ATOM

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
    return _rules_of(row, _OnTraced)


def _rules_traced_again(row: Primitive) -> tuple[Any, ...]:
    return _rules_of(row, _OnTracedAgain)


def _rules_of(row: Primitive, emitter: type[_OnTraced]) -> tuple[Any, ...]:
    pairs = zip(row.partial_trees, row.shown_trees, strict=True)
    return tuple(_rule(row, tree, emitter(row.arguments, shown)) for tree, shown in pairs)


def _rules(row: Primitive) -> tuple[Any, ...]:
    """The partials of a primitive as functions of its operands and value.

    They take Values and numbers and return either, or None where nothing flows.  Where a
    partial is a number or nothing at all, that stands in place of the function.
    """
    return tuple(_rule(row, tree, _OnValues(row.arguments)) for tree in row.partial_trees)


def _rule(row: Primitive, tree: ast.expr, emitter: _OnValues) -> Any:
    scope: dict[str, Any] = {**SCOPE, "_beside": _beside, "_number": _number}
    scope |= {"_all": _all, "_choose": _choose}
    scope |= {f"_{kind.__name__}": function for kind, function in ARITHMETIC.items()}
    for each in ast.walk(tree):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
            scope[f"_call_{each.func.id}"] = function_of(each.func.id)
            scope[f"_number_{each.func.id}"] = FLOAT_FUNCTIONS[each.func.id]
    lines = [f"return {emitter.unless_zero(tree)[0]}"]
    rule = compiled(f"partial of {row.name}", (*row.arguments, "out"), lines, scope)
    depends = any(isinstance(each, ast.Name) for each in ast.walk(tree))
    return rule if depends else rule(*row.arguments, "out")


#: What choices have come to where the graph was recorded.
RULES = PerRow(_rules)
#: Choices that are made again when a program is replayed,
TRACED_RULES = PerRow(_traced_rules)
#: and those for what is differentiated again.
RULES_TRACED_AGAIN = PerRow(_rules_traced_again)


def _second_rules(row: Primitive) -> tuple[tuple[int, int, Any], ...]:
    """The second derivatives of a primitive as `_traced_rules` has the first."""
    emitter = _OnTraced(row.arguments)
    return tuple((i, j, _rule(row, tree, emitter)) for i, j, tree in second_partials(row))


_SECOND_RULES = PerRow(_second_rules)


def second_rules_of(opcode: int) -> tuple[tuple[int, int, Any], ...]:
    """The second derivatives of a primitive: the indices of two operands, and a rule."""
    _SECOND_RULES.refresh()
    return _SECOND_RULES.made[opcode] or _SECOND_RULES.make(opcode)
