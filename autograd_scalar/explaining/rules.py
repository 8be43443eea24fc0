"""The rules of differentiation as a reader meets them, made from the table of primitives.

A rule is a row's partials with the letters of a textbook in place of operands: out of
`div` comes (u/v)′ = (u′·v − u·v′)/v². Which operands vary decides which rule it is: where
all but one are constant, and the value is a multiple of that one, it is the constant
factor rule. No derivative is written here.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..algebra.simplify import over_one_denominator, tidy
from ..algebra.trees import call, key, name, names_in, number, rebuilt, substituted
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.typeset import PENDING, PRODUCT, SUM
from ..table.language import BINARY_ROWS, CONSTANTS, evaluate, is_zero
from ..table.primitives import FLOAT_FUNCTIONS, OPCODES, TABLE, Primitive

Point = Mapping[str, float]

CONSTANT = "constant rule"
CONSTANT_FACTOR = "constant factor rule"
CHAIN = "chain rule"
SUM_RULE = TABLE[OPCODES["add"]].rule

#: The rules in words, by the names the table gives them.
IN_WORDS = {
    SUM_RULE: "a sum is differentiated term by term",
    "difference rule": "a difference is differentiated term by term",
    CONSTANT: "what does not contain the variable does not change with it: its derivative is 0",
    CONSTANT_FACTOR: (
        "a constant that multiplies stays as it is; only a constant that is added drops out"
    ),
    "product rule": "differentiate one factor at a time, keep the other, and add up",
    "quotient rule": (
        "the derivative of the top times the bottom, minus the top times the derivative of the "
        "bottom, all over the bottom squared"
    ),
    "power rule": "the exponent comes down as a factor, and the exponent that stays is one less",
    "exponential rule": (
        "e to a power is its own derivative and keeps its exponent; lowering the exponent is the "
        "power rule, for a variable that is raised to a number"
    ),
    "logarithm rule": "the derivative of ln is 1 divided by what stands inside",
    CHAIN: (
        "differentiate the outside with the inside left as it is, then multiply by the derivative "
        "of the inside"
    ),
}

_OPERATOR = {row_name: op for op, row_name in BINARY_ROWS.items()}


@dataclass(frozen=True)
class Application:
    """One rule, applied once.

    rule      its name; where it is used on a function of a function, with the chain rule
    left      what is differentiated, in the rule's own letters: (u/v)′
    right     what that is, in the rule's letters: (u′·v − u·v′)/v²
    letters   what the letters stand for here
    variable  what is differentiated by
    of        the expression that is differentiated
    result    its derivative, in which operands still wait to be differentiated
    """

    rule: str
    left: ast.expr
    right: ast.expr
    letters: Mapping[str, ast.expr]
    variable: str
    of: ast.expr
    result: ast.expr


def applied(row: Primitive, operands: Sequence[ast.expr]) -> ast.expr:
    """The expression for a primitive of these operands.

    >>> print(ast.unparse(applied(TABLE[OPCODES["mul"]], [name("x"), name("y")])))
    x * y
    """
    if row.name in _OPERATOR:
        return ast.BinOp(operands[0], _OPERATOR[row.name](), operands[1])
    if row.name == "neg":
        return ast.UnaryOp(ast.USub(), operands[0])
    return call(row.name, *operands)


def row_of(tree: ast.expr) -> tuple[Primitive, list[ast.expr]] | None:
    """The primitive an expression ends with and its operands; None for a name or a number."""
    match tree:
        case ast.BinOp(left=left, op=op, right=right):
            return TABLE[OPCODES[BINARY_ROWS[type(op)]]], [left, right]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return TABLE[OPCODES["neg"]], [operand]
        case ast.Call(func=ast.Name(id=function), args=operands) if function in OPCODES:
            return TABLE[OPCODES[function]], operands
    return None


def number_at(tree: ast.expr, point: Point, functions: Mapping[str, Any] | None = None) -> float:
    """The value of an expression at a point, derivatives still to be taken included.

    Those are taken by the engine. NaN where the expression has no real value.
    """
    known = functions or {}

    def settled(each: ast.expr) -> ast.expr:
        match each:
            case ast.Call(func=ast.Name(id="d"), args=[inner, ast.Name(id=variable), *_]):
                inner = _as_arithmetic(inner)
                values = {label: Value(x) for label, x in point.items()}
                out = evaluate(inner, values, {**FUNCTIONS, **known})
                if not isinstance(out, Value):
                    return number(0)
                out.backward()
                return ast.Constant(values[variable].grad)
        return rebuilt(each, settled)

    try:
        value = evaluate(
            _as_arithmetic(settled(tree)),
            point,
            {**FLOAT_FUNCTIONS, **{f: _on_floats(FUNCTIONS[f]) for f in FUNCTIONS}, **known},
        )
    except (ArithmeticError, ValueError):
        return math.nan
    return math.nan if isinstance(value, complex) else float(value)


def _on_floats(function: Callable[..., Any]) -> Callable[..., float]:
    return lambda *operands: function(*(float(each) for each in operands))


def _as_arithmetic(tree: ast.expr) -> ast.expr:
    """Long sums and drawn-out products as the additions and multiplications they are."""
    tree = rebuilt(tree, _as_arithmetic)
    match tree:
        case ast.Call(func=ast.Name(id=function), args=parts) if function in (SUM, PRODUCT):
            op = ast.Add() if function == SUM else ast.Mult()
            result = parts[0]
            for part in parts[1:]:
                result = ast.BinOp(result, op, part)
            return result
    return tree


def decided(tree: ast.expr, points: Sequence[Point]) -> ast.expr:
    """`tree` without the cases that don't occur at any of the points."""
    tree = rebuilt(tree, lambda each: decided(each, points))
    if not isinstance(tree, ast.IfExp):
        return tree
    answers = set()
    for point in points:
        try:
            answers.add(bool(evaluate(tree.test, point, FLOAT_FUNCTIONS)))
        except (ArithmeticError, ValueError, TypeError, KeyError):
            return tree
    if answers == {True}:
        return tree.body
    if answers == {False}:
        return tree.orelse
    return tree


def _letters(row: Primitive, varies: Sequence[bool], taken: Collection[str]) -> list[str]:
    """The textbook's letters: u, v, w vary; n is an exponent, a a base, c another constant.

    Letters that the reader uses for values of their own are left to those.
    """
    letters: list[str] = []
    for i, each in enumerate(varies):
        if each:
            candidates = "uvwfghpqrst"
        elif row.name == "pow":
            candidates = ("abcdk", "nmkcd")[i]
        else:
            candidates = "ckdabe"
        free = [letter for letter in candidates if letter not in taken and letter not in letters]
        letters.append(free[0] if free else f"{candidates[0]}_{{{row.arguments[i]}}}")
    return letters


def apply(
    tree: ast.expr,
    variable: str,
    points: Sequence[Point] = (),
    *,
    at_a_point: bool = False,
    pending: Callable[[ast.expr], ast.expr] | None = None,
) -> Application:
    """The rule that differentiates the last operation of `tree`, which contains `variable`.

    points    where it is to hold: cases that occur at none of them are left out, unless the
              value itself goes by them, as `where` does by its condition
    at_a_point  whether it is to hold nowhere else: then no other case matters
    pending   how the derivative of an operand that varies is written until it is taken

    >>> quotient = ast.parse("1 / (1 + exp(x))", mode="eval").body
    >>> rule = apply(quotient, "x")
    >>> rule.rule, ast.unparse(rule.right)
    ('quotient rule', "(c' * u - c * u') / u ** 2")
    """
    wait = pending or (lambda each: call(PENDING, each, name(variable)))
    found = row_of(tree)
    if found is None:
        raise TypeError(f"no rule for {ast.unparse(tree)}")
    row, operands = found
    varies = [variable in names_in(each) for each in operands]
    letters = _letters(row, varies, names_in(tree))
    moving = [i for i, each in enumerate(varies) if each]
    still = [i for i, each in enumerate(varies) if not each]
    to_operands = dict(zip(row.arguments, operands, strict=True))
    written = applied(row, operands)
    own = {key(test) for test in _tests_in(row.value_tree)} if not at_a_point else set()
    chosen = [
        _decided_like(partial, substituted(partial, {**to_operands, "out": written}), points, own)
        for partial in row.shown_trees
    ]

    def in_letters(i: int) -> ast.expr:
        to_letters = dict(zip(row.arguments, map(name, letters), strict=True))
        out = applied(row, list(to_letters.values()))
        return tidy(substituted(chosen[i], {**to_letters, "out": out}))

    first = moving[0]
    linear = len(moving) == 1 and letters[first] not in names_in(in_letters(first))
    of_variable = isinstance(operands[first], ast.Name) and len(moving) == 1 and not linear
    if of_variable:
        # (xⁿ)′ rather than (uⁿ)′·u′ with u = x.
        letters[first] = variable
    partials = [in_letters(i) for i in range(len(operands))]

    def term(i: int) -> ast.expr:
        if of_variable and i == first:
            return partials[i]
        factors = ast.BinOp(partials[i], ast.Mult(), name(f"{letters[i]}'"))
        plain = linear or _is_quotient(partials[i]) or _is_number(partials[i])
        return tidy(factors) if plain else factors

    kept = [
        i
        for i in still
        if len(moving) == 1 and not is_zero(partials[i]) and _is_number(partials[i])
    ]
    # What is written 0 is left out of a sum: the side of `where` that isn't taken.
    passing = [i for i in moving if not is_zero(partials[i])] or moving[:1]
    right = _added([term(i) for i in sorted([*passing, *kept])])
    chained = len(moving) == 1 and not linear and not of_variable
    if len(moving) > 1:
        right = over_one_denominator(right)
    elif not linear and still:
        full = over_one_denominator(_added([term(i) for i in range(len(operands))]))
        if _is_quotient(full):
            right, chained = full, False
    right = _alphabetical(right)

    if linear and names_in(partials[first]) and not isinstance(partials[first], ast.IfExp):
        rule = CONSTANT_FACTOR
    else:
        rule = " and ".join(dict.fromkeys(row.rules[i] for i in moving))
    if chained:
        rule = f"{rule} and {CHAIN}"

    named = dict(zip(letters, operands, strict=True))
    taken: dict[str, ast.expr] = {}
    for letter, operand in named.items():
        if isinstance(operand, ast.Name) and operand.id == variable:
            taken[f"{letter}'"] = number(1)
        else:
            varying = variable in names_in(operand)
            taken[f"{letter}'"] = wait(operand) if varying else number(0)
    out = applied(row, [name(letter) for letter in letters])
    result = substituted(right, {**named, **taken})
    return Application(rule, call("′", out), right, named, variable, tree, result)


def _tests_in(tree: ast.expr) -> list[ast.expr]:
    return [node.test for node in ast.walk(tree) if isinstance(node, ast.IfExp)]


def _decided_like(
    pattern: ast.expr, here: ast.expr, points: Sequence[Point], kept: Collection[str]
) -> ast.expr:
    """The branch of `pattern` that is taken at the points, for the operands in `here`.

    kept  tests that are left open
    """
    if not isinstance(pattern, ast.IfExp) or not isinstance(here, ast.IfExp):
        return pattern
    body = _decided_like(pattern.body, here.body, points, kept)
    orelse = _decided_like(pattern.orelse, here.orelse, points, kept)
    is_open = bool(names_in(here.test).keys() - CONSTANTS.keys())
    if is_open and (not points or key(pattern.test) in kept):
        return ast.IfExp(pattern.test, body, orelse)
    question = ast.IfExp(here.test, number(1), number(0))
    chosen = decided(question, points if is_open else [{}])
    if isinstance(chosen, ast.Constant):
        return body if chosen.value else orelse
    return ast.IfExp(pattern.test, body, orelse)


def _is_quotient(tree: ast.expr) -> bool:
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div)


def _is_number(tree: ast.expr) -> bool:
    return not names_in(tree) and not isinstance(tree, ast.IfExp)


def _alphabetical(tree: ast.expr) -> ast.expr:
    """Products of two letters as textbooks write them: u′·v + u·v′."""
    tree = rebuilt(tree, _alphabetical)
    match tree:
        case ast.BinOp(left=ast.Name(id=a), op=ast.Mult(), right=ast.Name(id=b)) if b < a:
            return ast.BinOp(name(b), ast.Mult(), name(a))
    return tree


def _added(terms: Sequence[ast.expr]) -> ast.expr:
    result = terms[0]
    for each in terms[1:]:
        match each:
            case (
                ast.UnaryOp(op=ast.USub(), operand=operand)
                | ast.BinOp(left=ast.UnaryOp(op=ast.USub(), operand=operand), op=ast.Mult())
            ):
                if isinstance(each, ast.BinOp):
                    operand = ast.BinOp(operand, ast.Mult(), each.right)
                result = ast.BinOp(result, ast.Sub(), operand)
            case _:
                result = ast.BinOp(result, ast.Add(), each)
    return result
