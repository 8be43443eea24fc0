"""The derivative of one expression, worked out the way a textbook does, line by line.

Every line but the last few is a rule of the table applied to what was still to be
differentiated; the lines after that are school algebra. Each line is computed at random
points and compared with the engine's derivative before it is shown.
"""

from __future__ import annotations

import ast
import inspect
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..algebra.trees import call, name, names_in, number, rebuilt, replaced, substituted
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.document import Block, Document, Equation, Paragraph, Row, Sentence
from ..table.language import CONSTANTS, ExpressionError, parse
from ..table.primitives import OPCODES, TABLE
from .formulas import expression_of
from .rules import Point, number_at, row_of
from .textbook import Line, Work, pending_derivative

_POINTS = 6
_RANGES = ((-2.0, 2.0), (0.1, 0.9), (1.2, 3.0), (-0.9, 0.9), (-3.0, -0.2))


class Derivation(Document):
    """The derivative of an expression and every line of the way there.

    variable  what it was differentiated by
    lines     the lines, each equal to the one before
    result    the derivative, in the language of expressions
    """

    def __init__(
        self,
        tree: ast.expr,
        variable: str,
        heading: ast.expr | None,
        own: ast.expr,
        lines: Sequence[Line],
        points: Sequence[Point],
        functions: Mapping[str, Any],
        digits: int,
    ) -> None:
        self.variable = variable
        self.lines = tuple(lines)
        self.digits = digits
        self._points = points
        self._functions = functions
        self._tree = tree
        self._name = own
        several = len(names_in(tree).keys() - CONSTANTS.keys()) > 1
        rows = [Row(line.tree, line.reasons) for line in lines]
        left = pending_derivative(tree, variable, several)
        if heading is not None:
            rows.insert(0, Row(left))
            left = pending_derivative(heading, variable, several)
        blocks: list[Block] = [Equation(left, tuple(rows))]
        blocks += [Paragraph(sentence) for sentence in _conventions(self.lines[0].tree, tree)]
        if points:
            blocks.append(
                Paragraph(
                    (
                        f"Each line was computed at {len(points)} random points; all agree with "
                        "the derivative that backward() finds there.",
                    )
                )
            )
        self.blocks = tuple(blocks)

    @property
    def result(self) -> str:
        """The derivative as an expression, which `derive` reads again."""
        return self.lines[-1].formula

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of all rules that were used, in order."""
        return tuple(dict.fromkeys(rule for line in self.lines for rule in line.rules))

    def at(self, line: int = -1, /, **point: float) -> float:
        """The derivative's value at a point, computed from the last line, or from another.

        >>> derivation = derive("(5*x - 4)**6")
        >>> derivation.at(x=1.0), derivation.at(0, x=1.0)
        (30.0, 30.0)
        """
        return number_at(self._written_out(self.lines[line].tree), point, self._functions)

    def _written_out(self, tree: ast.expr) -> ast.expr:
        """The expression with its own name, as in σ(x)·(1 − σ(x)), written out."""
        return replaced(tree, self._name, self._tree)


def derive(
    source: str | Callable[..., Any] | Value,
    wrt: str | None = None,
    *,
    functions: Sequence[str] = (),
    algebra: bool = True,
    digits: int = 6,
) -> Derivation:
    """The derivative of an expression, rule by rule, the way a textbook writes it.

    source     an expression in text, with or without a name for it ("sigma(x) = 1 / (1 +
               exp(-x))"); a Python function of numbers; or a Value, which is taken as an
               expression in its leaves
    wrt        the name to differentiate by; needed where there is more than one
    functions  names of functions nothing is known of: "f", whose derivative is f′
    algebra    whether SymPy, where it is installed, may shorten the last line
    digits     how many significant digits numbers are shown with

    Raises `ValueError` for text that is no expression, a name that `wrt` leaves open, or an
    expression without a real value; `TypeError` for any other source.

    >>> derivation = derive("(x**2 + 1)**3")
    >>> derivation.lines[-1].text
    '6x·(x² + 1)²'
    >>> derivation.lines[0].rules
    ('power rule', 'chain rule')
    """
    opaque = {each: _unknown(each, i) for i, each in enumerate(functions)}
    opaque.update({f"{each}'": _slope_of(opaque[each]) for each in functions})
    tree, heading, arguments = _read(source, functions)
    names = list(names_in(tree).keys() - CONSTANTS.keys())
    variable = wrt or _only(sorted(names), arguments)
    points = _sample(tree, sorted({*names, variable}), variable, opaque)
    work = Work(tree, variable, points, opaque, len(names) > 1)
    work.rules()
    work.tidy()
    own = heading or call(next(each for each in "fghFGHy" if each not in opaque), name(variable))
    work.in_terms_of_itself(own)
    if algebra:
        work.algebra()
    return Derivation(tree, variable, heading, own, work.lines, points, opaque, digits)


def _only(names: Sequence[str], arguments: Sequence[str]) -> str:
    candidates = list(arguments) or list(names)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        return "x"
    raise ValueError(
        f"this expression has the names {', '.join(candidates)}: say which one to differentiate "
        f"by, wrt={candidates[0]!r} for example"
    )


_DEFINITION = re.compile(r"\s*([^\W\d]\w*)\s*\(([\w\s,]*)\)\s*=(?!=)")


def _read(source: Any, functions: Sequence[str]) -> tuple[ast.expr, ast.expr | None, Sequence[str]]:
    """The expression, its name as a call where it has one, and its arguments where it says."""
    if isinstance(source, Value):
        return expression_of(source)[0], None, ()
    if isinstance(source, str):
        heading: ast.expr | None = None
        arguments: list[str] = []
        definition = _DEFINITION.match(source)
        if definition:
            arguments = [each.strip() for each in definition[2].split(",") if each.strip()]
            heading = call(definition[1], *map(name, arguments))
            source = source[definition.end() :]
        tree = _parsed(source.strip(), functions)
        return _in_primitives(tree, functions), heading, arguments
    if callable(source):
        arguments = list(inspect.signature(source).parameters)
        title = getattr(source, "__name__", "")
        heading = call(title, *map(name, arguments)) if title.isidentifier() else None
        return _traced(source, arguments), heading, arguments
    raise TypeError(
        "derive takes an expression in text, a function or a Value, got "
        f"{type(source).__name__} {source!r:.60}"
    )


def _parsed(text: str, functions: Sequence[str]) -> ast.expr:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ExpressionError(f"{error.msg}: {text:.60}", max((error.offset or 1) - 1, 0)) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("this expression is nested too deeply") from None
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in called
    }
    return parse(text, names, {*FUNCTIONS, *functions})


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
                body = _traced(lambda *values: FUNCTIONS[function](*values), letters)
                return substituted(body, dict(zip(letters, arguments, strict=True)))
    return tree


def _arity(function: str) -> int:
    return len(TABLE[OPCODES[function]].arguments)


def _traced(function: Callable[..., Any], arguments: Sequence[str]) -> ast.expr:
    """The expression a Python function computes."""
    failure: Exception | None = None
    for point in _candidates(arguments):
        try:
            out = function(*(Value(point[each], each) for each in arguments))
        except (ArithmeticError, ValueError) as error:
            failure = error
            continue
        return expression_of(out)[0] if isinstance(out, Value) else number(float(out))
    raise ValueError(f"the function has no value at the points that were tried: {failure}")


def _unknown(letter: str, i: int) -> Callable[[Any], Any]:
    """Some smooth function, to check lines about a function nothing is known of."""
    sin, exp = FUNCTIONS["sin"], FUNCTIONS["exp"]
    return lambda x: exp(sin(x * (0.7 + 0.2 * i) + 0.3 * (i + 1)) * 0.6) + 0.1 * x


def _slope_of(function: Callable[[Any], Any]) -> Callable[[float], float]:
    def slope(at: float) -> float:
        x = Value(at)
        function(x).backward()
        return x.grad

    return slope


def _candidates(names: Sequence[str]) -> list[Point]:
    rng = random.Random(0)
    return [{each: rng.uniform(*_RANGES[i % len(_RANGES)]) for each in names} for i in range(100)]


def _sample(
    tree: ast.expr, names: Sequence[str], variable: str, functions: Mapping[str, Any]
) -> list[Point]:
    """Points at which the expression and its derivative are finite."""
    found = []
    slope = pending_derivative(tree, variable, False)
    for point in _candidates(names):
        if all(math.isfinite(number_at(each, point, functions)) for each in (tree, slope)):
            found.append(point)
            if len(found) == _POINTS:
                return found
    if not found:
        raise ValueError(
            "this expression has no finite value and derivative at any of the "
            f"{len(_candidates(names))} points that were tried"
        )
    return found


def _conventions(first: ast.expr, tree: ast.expr) -> list[Sentence]:
    """What is used where a primitive of the expression has no derivative."""
    if not any(isinstance(node, ast.IfExp) for node in ast.walk(first)):
        return []
    found: list[Sentence] = []
    for node in ast.walk(tree):
        located = row_of(node) if isinstance(node, ast.expr) else None
        if (
            located
            and located[0].kinks
            and any(isinstance(each, ast.IfExp) for each in located[0].shown_trees)
        ):
            row, operands = located
            kink = row.kinks[0]
            if len(operands) == 1:
                found.append(
                    (
                        f"{row.name} has a kink where ",
                        operands[0],
                        f" = {kink.at[0]:g}: it has no derivative there, and {kink.partials[0]:g} "
                        f"is used ({kink.reason}).",
                    )
                )
            else:
                found.append((f"{row.name}: {kink.reason}.",))
    return found
