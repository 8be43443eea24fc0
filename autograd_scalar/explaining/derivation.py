"""The derivative of one expression, worked out the way a textbook does, line by line.

Every line but the last few is a rule of the table applied to what was still to be
differentiated; the lines after that are school algebra. Each line is computed at points on
both sides of every edge and compared with the engine's derivative before it is shown.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import math
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import FrameType
from typing import Any

from ..algebra.cancel import shortened
from ..algebra.partials import derivative as partial_of
from ..algebra.trees import (
    bottom_up,
    call,
    name,
    names_in,
    number,
    operands_of,
    put_in,
    rebuilt,
    replaced,
    row_of,
    size,
    substituted,
)
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.document import Block, Document, Equation, Paragraph, Piece, Row, Sentence
from ..notation.reading import Statement, read
from ..notation.scanning import ReadingError, name_in
from ..table.floats import CONSTANTS
from ..table.language import ExpressionError, check
from ..table.registry import OPCODES, TABLE
from .formulas import expression_of
from .points import candidates, check_points
from .rounding import Calculator
from .rules import Point, apply
from .textbook import BY_NAME, NEXT_TO_NOTHING, Work, key_of, slot
from .with_sympy import shortened_by_sympy

# How deep an expression may be, and how many operations its derivative may take to write out.
_DEEPEST = 100
_MOST_SLOTS = 8
_LONGEST = 2000
_WAY_ON = (
    "derive parts of it, with names in place of what they are made from, or use `grad` for the "
    "number and `explain` for the chain rule in a recorded computation"
)


def _by_either(tree: ast.expr) -> ast.expr | None:
    """What SymPy finds, where it is clearly shorter than what cancelling gives."""
    own = shortened(tree)
    other = shortened_by_sympy(tree)
    return other if other is not None and size(other) < 0.85 * size(own or tree) else own


_ALGEBRAS: dict[str | None, Callable[[ast.expr], ast.expr | None] | None] = {
    "own": shortened,
    "sympy": _by_either,
    None: None,
}
# How much of a derivative may be rounding where it is compared.
_WELL = 1e-9
# f'(x) = or ∂E/∂w = before an answer.
_LEFT_SIDE = re.compile(
    r"\s*(?:[d∂][^=;+/]{0,100}/\s*[d∂][^=;+/]{0,100}|[^\W\d]\w{0,100}\s*['′’](?:\s*\(\w+\))?)\s*="
)


class Derivation(Document):
    """The derivative of an expression and every line of the way there.

    variable  the name it was differentiated with respect to
    lines     the lines, each equal to the one before
    result    the derivative, in the language of expressions
    """

    def __init__(
        self, work: Work, heading: ast.expr | None, named: Sequence[Step], digits: int
    ) -> None:
        self.variable = work.variable
        self.lines = tuple(work.lines)
        self.digits = digits
        self._functions = work.functions
        self._tree = work.tree
        # Last those that others are made from.
        self._named = [(step.heading, step.tree) for step in reversed(named) if step.heading]
        rows = [Row(line.tree, line.reasons) for line in self.lines]
        left = work.pending(work.tree)
        if heading is not None:
            rows.insert(0, Row(left))
            left = work.pending(heading)
        blocks: list[Block] = [Equation(left, tuple(rows))]
        blocks += [Paragraph(sentence) for sentence in (*_slots(work), *_conventions(work))]
        checked = (
            f"Each line was computed at {len(work.points)} points; all agree with the derivative "
            "that backward() finds there."
        )
        self.blocks = (*blocks, Paragraph((checked,)))

    @property
    def result(self) -> str:
        """The derivative as an expression, which `derive` reads again."""
        return self.lines[-1].formula

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of all rules that were used, in order."""
        return tuple(dict.fromkeys(rule for line in self.lines for rule in line.rules))

    def at(self, line: int | None = None, /, **point: float) -> float:
        """The derivative's value at a point, to full precision; of a line, what it comes to.

        NaN where the derivative has no value that floats can hold. Raises `ValueError` for a
        point that leaves a name out.

        >>> derivation = derive("(5*x - 4)**6")
        >>> derivation.at(x=1.0), derivation.at(0, x=1.0)
        (30.0, 30.0)
        """
        tree = self.lines[-1 if line is None else line].tree
        if line is None:
            # 1 − tanh² is 0 far out, where the partial that is computed is not. Of functions
            # that nothing is known of there is only what is shown.
            with contextlib.suppress(LookupError):
                tree = partial_of(self._tree, {self.variable: number(1)})
        # In σ(x)·(1 − σ(x)) the expression's own name stands for it.
        for itself, formula in self._named:
            tree = replaced(tree, itself, formula)
        missing = [each for each in names_in(tree) if each not in {*point, *CONSTANTS}]
        if missing:
            raise ValueError(f"the point has no value for {', '.join(missing)}")
        return Calculator(point, self._functions, cautious=False)(tree).value


def derive(
    source: str | Callable[..., Any] | Value,
    wrt: str | None = None,
    *,
    functions: Sequence[str] = (),
    algebra: str | None = "own",
    digits: int = 6,
) -> Derivation:
    """The derivative of an expression, rule by rule, the way a textbook writes it.

    source     an expression in text, as Python or as people write it ("x² sin 3x"), with or
               without a name for it ("sigma(x) = 1 / (1 + exp(-x))"), in steps where you like
               ("a = w*x; b = exp(a)"); a Python function of numbers; or a Value, which is
               taken as an expression in its leaves
    wrt        the name to differentiate with respect to; needed where there is more than one
    functions  names of functions nothing is known of: "f", whose derivative is f′; with
               respect to one of several arguments f₁, f₂, …
    algebra    what may shorten the last line: "own" cancels in fractions; "sympy" asks SymPy,
               which has to be installed; None leaves it as the rules give it
    digits     how many significant digits numbers are shown with

    Cases are shown with their conditions, unless it is certain that they cannot occur. A
    function is traced: one that branches by a number has several traces and is refused. A
    Value is taken as it was recorded.

    Raises `ValueError` for text that is no expression, a name that `wrt` leaves open, an
    expression without a real value, one too long to write out the derivative of, or a
    function that branches; `TypeError` for any other source; `ImportError` without SymPy
    where that is asked for.

    >>> derivation = derive("(x**2 + 1)**3")
    >>> derivation.lines[-1].text
    '6x·(x² + 1)²'
    >>> derivation.lines[0].rules
    ('power rule', 'chain rule')
    """
    if algebra not in _ALGEBRAS:
        raise ValueError(f'algebra is "own", "sympy" or None, got {algebra!r:.60}')
    shorten = _ALGEBRAS[algebra]
    opaque = {each: _unknown(each, i) for i, each in enumerate(functions)}
    opaque.update({f"{each}'": _slope_of(opaque[each]) for each in functions})
    for each in functions:
        opaque.update({slot(each, i): _slope_of(opaque[each], i) for i in range(_MOST_SLOTS)})
    wrt = named_in(source, wrt)
    steps = steps_of(source, functions, wrt)
    _check_calls(steps[-1].tree, functions)
    work, heading, named = worked_out(steps, wrt or steps[-1].variable(), opaque, shorten)
    return Derivation(work, heading, named, digits)


def worked_out(
    steps: Sequence[Step],
    variable: str,
    opaque: Mapping[str, Any],
    shorten: Callable[[ast.expr], ast.expr | None] | None = shortened,
) -> tuple[Work, ast.expr | None, list[Step]]:
    """The last of several steps differentiated; what it is called, if it is called anything; and
    the steps with the names that its lines may have for them.

    opaque  what the functions stand for that nothing is known of
    """
    *before, last = steps
    tree, heading = last.tree, last.heading
    _check_depth(tree)
    names = list(names_in(tree).keys() - CONSTANTS.keys())
    work = Work(tree, variable, [], opaque, len(names) > 1)
    check_length(work.full)
    work.check_at(points_of(work, [*sorted({*names} - {variable}), variable]))
    work.rules()
    work.tidy()
    itself = heading or call(next(e for e in "fghFGHy" if e not in opaque), name(variable))
    work.in_terms_of_itself(itself)
    if shorten is not None:
        work.shorten(shorten)

    def written(each: ast.expr) -> ast.expr:
        for step in reversed(before):
            assert step.heading is not None
            each = replaced(each, step.heading, step.tree)
        return each

    for step in reversed(before):
        assert step.heading is not None
        work.name_put_back(step.heading, step.tree)
        work.slope_put_back(step.heading, step.tree, written)
    if heading is None and BY_NAME in work.lines[-1].rules and not before:
        # A name that was made up is introduced by the first line.
        heading = itself
    return work, heading, [*before, Step(tree, itself)]


def _check_depth(tree: ast.expr) -> None:
    pending: list[tuple[ast.AST, int]] = [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > _DEEPEST:
            raise ValueError(
                f"this expression has more than {_DEEPEST} operations inside one another, or terms "
                f"in a row, which is too deep to write out its derivative; {_WAY_ON}"
            )
        operands = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        pending += [(each, depth + 1) for each in operands]


def _check_calls(tree: ast.expr, functions: Sequence[str]) -> None:
    """Refuse functions nothing is known of with too many arguments, or derivatives' names."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=function), args=operands) if function in functions:
                if not 1 <= len(operands) <= _MOST_SLOTS:
                    raise ValueError(
                        f"{function} has {len(operands)} arguments; a function that nothing is "
                        f"known of has from 1 to {_MOST_SLOTS}"
                    )
                slots = [slot(function, i) for i in range(len(operands))]
                taken = [each for each in slots if len(slots) > 1 and each in functions]
                if taken:
                    raise ValueError(
                        f"{taken[0]} is what a derivative of {function} is called; give that "
                        "function another name"
                    )


def check_length(derivative: ast.expr) -> None:
    """Refuse what is too long to write out; parts that occur in many places count each time."""
    sizes: dict[int, int] = {}
    pending = [(derivative, False)]
    while pending:
        node, counted = pending.pop()
        if id(node) in sizes:
            continue
        operands = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        if counted:
            sizes[id(node)] = 1 + sum(sizes[id(each)] for each in operands)
        else:
            pending += [(node, True), *((each, False) for each in operands)]
    if sizes[id(derivative)] > _LONGEST:
        raise ValueError(
            f"the derivative of this expression takes {sizes[id(derivative)]:,} operations to "
            f"write out, more than {_LONGEST:,}; {_WAY_ON}"
        )


def _only(names: Sequence[str], arguments: Sequence[str]) -> str:
    candidates = list(arguments) or list(names)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        return "x"
    raise ValueError(
        f"this expression has the names {', '.join(candidates)}: say which one to differentiate "
        f"with respect to, wrt={candidates[0]!r} for example"
    )


@dataclass(frozen=True)
class Step:
    """An expression, its name or the call it defines where it has one, and its arguments."""

    tree: ast.expr
    heading: ast.expr | None = None
    arguments: Sequence[str] = ()

    @property
    def function(self) -> str:
        """The name of the function it defines, if any."""
        match self.heading:
            case ast.Call(func=ast.Name(id=function)):
                return function
        return ""

    def variable(self) -> str:
        """The only name to differentiate with respect to.

        Raises `ValueError` where there are several.
        """
        return _only(sorted(names_in(self.tree).keys() - CONSTANTS.keys()), self.arguments)


def named_in(source: Any, wrt: str | None) -> str | None:
    """The name to differentiate with respect to, as a text that is read has it."""
    if isinstance(source, str) and wrt and not wrt.isascii():
        return name_in(wrt) or wrt
    return wrt


def steps_of(source: Any, functions: Sequence[str], wrt: str | None) -> list[Step]:
    """The steps of the source, each written out in the names that no step before it defines."""
    if isinstance(source, Value):
        return [Step(expression_of(source)[0])]
    if isinstance(source, str):
        return _steps(source, functions, wrt)
    if callable(source):
        arguments = list(inspect.signature(source).parameters)
        title = getattr(source, "__name__", "")
        heading = call(title, *map(name, arguments)) if title.isidentifier() else None
        return [Step(_traced(source, arguments), heading, arguments)]
    raise TypeError(
        "derive takes an expression in text, a function or a Value, got "
        f"{type(source).__name__} {source!r:.60}"
    )


def _steps(source: str, functions: Sequence[str], wrt: str | None) -> list[Step]:
    statements = read(source, {*FUNCTIONS, *functions}, [wrt] if wrt else [])
    if not statements:
        raise ExpressionError("the expression is empty")
    found: list[Step] = []
    for i, statement in enumerate(statements):
        heading = name(statement.name) if statement.name else None
        arguments = statement.arguments or ()
        if statement.arguments is not None:
            heading = call(statement.name, *map(name, arguments))
        elif not heading and i < len(statements) - 1:
            raise _at(statement, source, "only the last step can do without name =")
        tree = _written_out(statement.tree, found, functions, wrt)
        found.append(Step(tree, heading, arguments))
    return found


def _at(statement: Statement, text: str, message: str) -> ReadingError:
    line = text.split("\n")[statement.line - 1]
    return ReadingError(message, line, statement.line, statement.column)


def _written_out(
    tree: ast.expr, steps: Sequence[Step], functions: Sequence[str], wrt: str | None
) -> ast.expr:
    """An expression in primitives, with what steps stand for in place of their names."""
    _check_depth(tree)
    defined = [step.function for step in steps if step.function]
    check(tree, names_in(tree), {*FUNCTIONS, *functions, *defined})
    for step in reversed(steps):
        tree = _put_in(tree, step, wrt)
        _check_size(tree)
    _check_depth(tree)
    return _in_primitives(tree, functions)


def read_answer(
    text: str, names: Collection[str], steps: Sequence[Step] = (), functions: Sequence[str] = ()
) -> ast.expr:
    """An expression about some steps, with what they stand for in place of their names.

    names  what may be in it besides the steps' names; what is typeset as one of them is read
           as it
    """
    # What it is said to be, such as dy/dx, is no part of it; its place stays, for errors.
    said = _LEFT_SIDE.match(text)
    if said:
        text = " " * said.end() + text[said.end() :]
    defined = {step.function for step in steps if step.function}
    named = {step.heading.id for step in steps if isinstance(step.heading, ast.Name)}
    statements = read(text, {*FUNCTIONS, *functions, *defined}, {*names, *named})
    if not statements:
        raise ExpressionError("the answer is empty")
    if len(statements) > 1:
        raise _at(statements[1], text, "an answer is one expression")
    return _written_out(statements[0].tree, steps, functions, None)


def _check_size(tree: ast.expr) -> None:
    """Refuse steps that come to too much when they are written out."""
    sizes: dict[ast.expr, int] = {}
    for each in bottom_up(tree):
        sizes[each] = 1 + sum(sizes[operand] for operand in operands_of(each))
    if sizes[tree] > _LONGEST:
        raise ValueError(
            f"these steps come to more than {_LONGEST:,} operations, written out; {_WAY_ON}"
        )


def _put_in(tree: ast.expr, step: Step, wrt: str | None) -> ast.expr:
    """An expression with what a step stands for in place of its name, unless that is `wrt`."""
    match step.heading:
        case ast.Name(id=label):
            return tree if label == wrt else substituted(tree, {label: step.tree})
        case ast.Call(func=ast.Name(id=function)):
            return put_in(tree, {function: (step.arguments, step.tree)}, _LONGEST)
    return tree


def _in_primitives(tree: ast.expr, functions: Sequence[str]) -> ast.expr:
    """`tree` with functions that are no primitives written out in those that are."""
    tree = rebuilt(tree, lambda each: _in_primitives(each, functions))
    match tree:
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return operand
        case ast.Call(func=ast.Name(id=function), args=arguments):
            if function in functions:
                return tree
            if function not in OPCODES or len(arguments) != _arity(function):
                letters = [f"_{i}" for i in range(len(arguments))]
                body = _traced(FUNCTIONS[function], letters)
                return substituted(body, dict(zip(letters, arguments, strict=True)))
    return tree


def _arity(function: str) -> int:
    return len(TABLE[OPCODES[function]].arguments)


def _traced(function: Callable[..., Any], arguments: Sequence[str]) -> ast.expr:
    """The expression a Python function computes, the same one at every point that is tried."""
    tree: ast.expr | None = None
    start: Point = {}
    failure: Exception | None = None
    pending = [*candidates(arguments)]
    while pending:
        point = pending.pop(0)
        try:
            out = function(*(Value(point[each], each) for each in arguments))
        except (ArithmeticError, ValueError) as error:
            failure = error
            continue
        value = out.data if isinstance(out, Value) else float(out)
        if tree is None:
            tree = expression_of(out)[0] if isinstance(out, Value) else number(value)
            start = point
            pending += _at_constants(function, point)
        found = Calculator(point, {})(tree)
        error_ = found.error + _WELL * abs(found.value)
        if math.isfinite(value) and error_ < math.inf and not abs(found.value - value) <= error_:
            raise ValueError(_two_ways(function, arguments, start, point))
    if tree is None:
        raise ValueError(f"the function has no value at the points that were tried: {failure}")
    return tree


def _at_constants(function: Any, point: Point) -> list[Point]:
    """Points at and beside the numbers a function's code mentions: it may branch there."""
    constants: set[float] = set()
    pending = [getattr(function, "__code__", None)]
    while pending:
        for each in getattr(pending.pop(), "co_consts", ()):
            if isinstance(each, int | float) and math.isfinite(each):
                constants.add(float(each))
            elif inspect.iscode(each):
                pending.append(each)
    return [
        {**point, label: constant + offset * max(1.0, abs(constant))}
        for constant in sorted(constants)[:20]
        for label in point
        for offset in (0.0, -1e-3, 1e-3)
    ]


def _two_ways(function: Any, arguments: Sequence[str], one: Point, other: Point) -> str:
    """What to say of a function that branches by a number."""

    def lines_run(point: Point) -> list[tuple[str, int]]:
        run: list[tuple[str, int]] = []
        own = __name__.partition(".")[0]

        def tracer(frame: FrameType, event: str, _: Any) -> Any:
            module = frame.f_globals.get("__name__", "")
            if module.startswith(own) or frame.f_code.co_filename.startswith("<frozen"):
                return None
            if event == "line":
                run.append((frame.f_code.co_filename, frame.f_lineno))
            return tracer

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            function(*(Value(point[each], each) for each in arguments))
        finally:
            sys.settrace(before)
        return run

    where = ""
    last: tuple[str, int] | None = None
    for a, b in zip_longest(lines_run(one), lines_run(other)):
        if a != b:
            where = f" (they part after line {last[1]} of {last[0]})" if last else ""
            break
        last = a

    def written(point: Point) -> str:
        return ", ".join(f"{label} = {point[label]:.4g}" for label in arguments)

    title = getattr(function, "__name__", "the function")
    return (
        f"{title} computes one expression at {written(one)} "
        f"and another at {written(other)}{where}: it compares numbers, reads `.data` or is random, "
        "and only one way would be derived. Write its cases as text, such as "
        '"2*x if x > 3 else x", or with maximum, minimum, relu or abs'
    )


def _unknown(letter: str, i: int) -> Callable[..., Any]:
    """Some smooth function, to check lines about a function nothing is known of."""
    sin, exp = FUNCTIONS["sin"], FUNCTIONS["exp"]

    def function(*operands: Any) -> Any:
        mixed = sum((x * (0.7 + 0.2 * i + 0.3 * j) for j, x in enumerate(operands)), 0.3 * (i + 1))
        return exp(sin(mixed) * 0.6) + 0.1 * operands[0]

    return function


def _slope_of(function: Callable[..., Any], place: int = 0) -> Callable[..., float]:
    def slope(*at: float) -> float:
        operands = [Value(each) for each in at]
        function(*operands).backward()
        return operands[place].grad

    return slope


def _slots(work: Work) -> list[Sentence]:
    """What f₁ and f₂ are, for functions of several arguments that nothing is known of."""
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
    called = {
        (node.func.id, len(node.args)): None
        for node in ast.walk(work.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    found: list[Sentence] = []
    for function, count in called:
        if function in work.functions and count > 1:
            pieces: list[Piece] = []
            for i in range(count):
                pieces += [" and " if i == count - 1 else ", "] if i else []
                pieces += [name(slot(function, i)), f" with respect to its {ordinals[i]}"]
            opening = (name(slot(function, 0)), " is the derivative of ", name(function))
            rest = (*pieces[1:], " argument, the others held fixed.")
            found.append((*opening, *rest))
    return found


def points_of(work: Work, names: Sequence[str], beside: Sequence[ast.expr] = ()) -> list[Point]:
    """Points at which the expression and its derivative are finite and can be computed well.

    beside  other expressions, whose edges are to have points on both sides too
    """

    def is_sound(point: Point) -> bool:
        calculator = Calculator(point, work.functions)
        if not math.isfinite(calculator(work.tree).value):
            return False
        slope = work.slope_at(calculator)
        least = max(_WELL * abs(slope.value), NEXT_TO_NOTHING)
        return math.isfinite(slope.value) and slope.error <= least

    tree, full = work.tree, work.full
    for each in beside:
        tree = ast.BinOp(tree, ast.Add(), each)
        full = ast.BinOp(full, ast.Add(), partial_of(each, dict.fromkeys(names, number(1))))
    found = check_points(tree, full, names, work.functions, is_sound, near=bool(beside))
    if not found:
        raise ValueError(
            "no point was found where this expression has a finite value and derivative"
        )
    return found


def _conventions(work: Work) -> list[Sentence]:
    """What is used where a primitive of the expression has no derivative, by the cases shown."""
    found: dict[str, Sentence] = {}
    for node in ast.walk(work.tree):
        if not isinstance(node, ast.expr):
            continue
        located = row_of(node)
        if not (located and located[0].kinks and work.variable in names_in(node)):
            continue
        rule = apply(node, work.variable, work.decide)
        if not any(isinstance(each, ast.IfExp) for each in ast.walk(rule.right)):
            continue
        row, operands = located
        kink = row.kinks[0]
        sentence: Sentence = (f"{row.name}: {kink.reason}.",)
        if len(operands) == 1:
            sentence = (
                f"{row.name} has a kink where ",
                operands[0],
                f" = {kink.at[0]:g}: it has no derivative there, and {kink.partials[0]:g} "
                f"is used ({kink.reason}).",
            )
        found.setdefault(key_of((row.name, sentence)), sentence)
    return list(found.values())
