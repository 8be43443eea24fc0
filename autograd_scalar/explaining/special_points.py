"""What is special about a factor at its point: the case that applies, a kink, no finite value."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise

from ..algebra.trees import names_in, number, substituted
from ..engine.value import Value
from ..notation.document import Piece, Sentence
from ..table.floats import FLOAT_FUNCTIONS
from ..table.language import evaluate
from ..table.primitives import Kink, Primitive
from .factors import Factor
from .formulas import Formulas, row_of_value
from .textbook import key_of

_Tests = list[tuple[ast.expr, bool]]

#: What is said after the convention, where the slope jumps.
NO_SECOND = (
    " A second derivative through this point can't be given: it would be that of the "
    "convention, and miss the jump of the slope."
)


def special_points(factor: Factor) -> Iterator[Sentence]:
    """Sentences about the primitives that `factor.by` goes through on its way to `factor.of`."""
    said: set[str] = set()
    for v, leading in _between(factor):
        row = row_of_value(v)
        for i in leading:
            # Most primitives have one case, no kink and a finite slope everywhere.
            if isinstance(row.shown_trees[i], ast.IfExp) or row.kinks or not _is_finite(v, i):
                sentence = _special_point(factor.formulas, v, row, i, leading)
                key = key_of((row.name, sentence))
                if sentence and key not in said:
                    said.add(key)
                    yield sentence


def _is_finite(v: Value, i: int) -> bool:
    return math.isfinite(v.partials[i])


def _between(factor: Factor) -> Iterator[tuple[Value, list[int]]]:
    """The values in the formula of `of` that `by` goes through, and by which operands."""
    formulas = factor.formulas
    leads: dict[Value, bool] = {factor.by: True}
    pending = [factor.of]
    while pending:
        v = pending[-1]
        missing = [
            parent
            for parent in v.parents
            if parent not in leads and parent not in formulas and parent.kind == "interior"
        ]
        if missing:
            pending += missing
            continue
        pending.pop()
        if v in leads and v is not factor.of:
            continue
        leading = [i for i, parent in enumerate(v.parents) if leads.get(parent)]
        leads[v] = bool(leading)
        if leading:
            yield v, leading


def _special_point(
    formulas: Formulas, v: Value, row: Primitive, i: int, leading: list[int]
) -> Sentence:
    operands = [formulas.operand(parent) for parent in v.parents]
    written = formulas.term(v, v)
    numbers = dict(zip(row.arguments, (parent.data for parent in v.parents), strict=True))
    numbers["out"] = v.data
    tests, chosen = _branch(row.shown_trees[i], numbers)
    moving = {row.arguments[each] for each in leading} | {"out"}
    touching = [
        test for test, _ in tests if _on_edge(test, numbers) and moving & names_in(test).keys()
    ]
    kink = _kink(row, i, numbers)
    here = _where(v, operands, leading)
    if kink and (touching or not _is_finite(v, i) or _jumps(row, i, numbers)):
        return (
            f"{row.name} has no derivative ",
            *here,
            "; by convention ",
            number(v.partials[i]),
            f" is used there ({kink.reason}).",
            *((NO_SECOND,) if _slope_jumps(row, i, numbers) else ()),
        )
    if not _is_finite(v, i):
        return (
            f"{row.name} has no finite derivative ",
            *here,
            ": it comes out as ",
            number(v.partials[i]),
            ".",
        )
    if tests and not names_in(chosen):
        letters = {**dict(zip(row.arguments, operands, strict=True)), "out": written}
        value_tests, value = _branch(row.value_tree, numbers)
        test, truth = (value_tests or tests)[-1]
        shown = substituted(test, letters)
        why: Sentence = (shown if truth else ast.UnaryOp(ast.Not(), shown),)
        if not value_tests:
            return ("Here ", *why, ", which decides between the cases of ", written, ".")
        because = (", because ", *why) if names_in(shown) else ()
        return (written, " is ", substituted(value, letters), " here", *because, ".")
    return ()


def _where(v: Value, operands: list[ast.expr], leading: list[int]) -> list[Piece]:
    pieces: list[Piece] = []
    for i in leading:
        pieces += [" and " if pieces else "where ", operands[i], " = ", number(v.parents[i].data)]
    return pieces


def _branch(tree: ast.expr, numbers: Mapping[str, float]) -> tuple[_Tests, ast.expr]:
    """The tests on the way to the branch that is taken, their answers, and the branch."""
    tests: _Tests = []
    while isinstance(tree, ast.IfExp):
        answer = bool(evaluate(tree.test, numbers, FLOAT_FUNCTIONS))
        tests.append((tree.test, answer))
        tree = tree.body if answer else tree.orelse
    return tests, tree


def _on_edge(test: ast.expr, numbers: Mapping[str, float]) -> bool:
    """Whether the smallest change could answer the test the other way."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _on_edge(operand, numbers)
        case ast.Compare(left=left, comparators=others):
            sides = [evaluate(each, numbers, FLOAT_FUNCTIONS) for each in (left, *others)]
            return any(a == b for a, b in pairwise(sides))
    return bool(evaluate(test, numbers, FLOAT_FUNCTIONS) == 0)


def _kink(row: Primitive, i: int, numbers: Mapping[str, float]) -> Kink | None:
    """The row's entry for this point: the very point, or one where the same case applies."""
    here = tuple(numbers[argument] for argument in row.arguments)
    for kink in row.kinks:
        if kink.at == here:
            return kink
    answers = [truth for _, truth in _branch(row.shown_trees[i], numbers)[0]]
    for kink in row.kinks:
        there = dict(zip(row.arguments, kink.at, strict=True))
        there["out"] = _value(row, there)
        if [truth for _, truth in _branch(row.shown_trees[i], there)[0]] == answers:
            return kink
    return None


def _value(row: Primitive, numbers: Mapping[str, float]) -> float:
    return (
        FLOAT_FUNCTIONS[row.name](*(numbers[argument] for argument in row.arguments))
        if (row.name in FLOAT_FUNCTIONS)
        else float(evaluate(row.value_tree, numbers, FLOAT_FUNCTIONS))
    )


def _jumps(row: Primitive, i: int, numbers: Mapping[str, float]) -> bool:
    """Whether the value makes a step at this point of the argument, as `floor` does at 2."""
    if not math.isfinite(numbers[row.arguments[i]]):
        return False
    try:
        below, above = (_value(row, each) for each in _beside(row, i, numbers))
    except (ArithmeticError, ValueError):
        return False
    x = numbers[row.arguments[i]]
    return abs(above - below) > 1e6 * math.ulp(max(abs(x), abs(above), abs(below)))


def _slope_jumps(row: Primitive, i: int, numbers: Mapping[str, float]) -> bool:
    """Whether the slope differs on the two sides of this point, as that of `abs` does at 0."""
    slopes = []
    for each in _beside(row, i, numbers):
        try:
            there = {**each, "out": _value(row, each)}
            slopes.append(float(evaluate(row.shown_trees[i], there, FLOAT_FUNCTIONS)))
        except (ArithmeticError, ValueError):
            return False
    return abs(slopes[1] - slopes[0]) > 1e-6 and all(map(math.isfinite, slopes))


def _beside(row: Primitive, i: int, numbers: Mapping[str, float]) -> list[dict[str, float]]:
    """The point with one argument moved to the next number below, and above."""
    argument = row.arguments[i]
    return [
        {**numbers, argument: math.nextafter(numbers[argument], to)} for to in (-math.inf, math.inf)
    ]
