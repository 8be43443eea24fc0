"""The rules of differentiation as a reader meets them, made from the table of primitives.

A rule is a row's partials with the letters of a textbook in place of operands: out of
`div` comes (u/v)′ = (u′·v − u·v′)/v². Which operands vary decides which rule it is: where
all but one are constant, and the value is a multiple of that one, it is the constant
factor rule. No derivative is written here.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..algebra.intervals import proven
from ..algebra.simplify import over_one_denominator, tidy
from ..algebra.trees import (
    PRODUCT,
    SUM,
    added,
    applied,
    call,
    is_quotient,
    multiplied,
    name,
    names_in,
    number,
    rebuilt,
    row_of,
    same,
    substituted,
)
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.typeset import PENDING
from ..table.floats import CONSTANTS, FLOAT_FUNCTIONS
from ..table.language import evaluate, is_zero
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE, compile_value

Point = Mapping[str, float]

#: Rows that are answers to questions, which no expression calls, but a recorded program may have.
ANSWERS = {row.name: compile_value(row) for row in TABLE if row.operator in ("<", "<=", "==", "!=")}

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
    "total derivative": (
        "what changes in several places at once changes the result by the sum of what each "
        "change brings about"
    ),
    CHAIN: (
        "differentiate the outside with the inside left as it is, then multiply by the derivative "
        "of the inside"
    ),
}


@dataclass(frozen=True)
class Application:
    """One rule, applied once.

    rule      its name; where it is used on a function of a function, with the chain rule
    left      what is differentiated, in the rule's own letters: (u/v)′
    right     what that is, in the rule's letters: (u′·v − u·v′)/v²
    letters   what the letters stand for here
    variable  what is differentiated with respect to
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
                out = evaluate(inner, values, {**ANSWERS, **FUNCTIONS, **known})
                if not isinstance(out, Value):
                    return number(0)
                out.backward()
                return ast.Constant(values[variable].grad)
        return rebuilt(each, settled)

    try:
        value = evaluate(
            _as_arithmetic(settled(tree)),
            point,
            {
                **ANSWERS,
                **FLOAT_FUNCTIONS,
                **{f: _on_floats(FUNCTIONS[f]) for f in FUNCTIONS},
                **known,
            },
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
            return added(parts) if function == SUM else multiplied(parts)
    return tree


#: Whether a test comes out true or false; None where that is open.
Decide = Callable[[ast.expr], bool | None]


def at_point(point: Point) -> Decide:
    """Decides each test as it comes out at one point."""

    def decide(test: ast.expr) -> bool | None:
        try:
            return bool(evaluate(_as_arithmetic(test), point, {**ANSWERS, **FLOAT_FUNCTIONS}))
        except (ArithmeticError, ValueError, TypeError, KeyError):
            return None

    return decide


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
    decide: Decide = proven,
    *,
    pending: Callable[[ast.expr], ast.expr] | None = None,
) -> Application:
    """The rule that differentiates the last operation of `tree`, which contains `variable`.

    decide    which case of a partial it is; by default none is left out that may occur
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
    chosen = [
        occurring(partial, {**to_operands, "out": written}, decide) for partial in row.shown_trees
    ]

    def in_letters(i: int) -> ast.expr:
        to_letters = dict(zip(row.arguments, map(name, letters), strict=True))
        out = applied(row, list(to_letters.values()))
        return tidy(substituted(chosen[i], {**to_letters, "out": out}))

    first = moving[0]
    linear = len(moving) == 1 and letters[first] not in names_in(in_letters(first))
    of_variable = (
        isinstance(operands[first], ast.Name)
        and len(moving) == 1
        and not linear
        # (c/u)′ = (c′·u − c·u′)/u² keeps its u′ where u is the variable: that is the −1 on top.
        and not (
            still and is_quotient(_over_one_bar(map(in_letters, range(len(operands))), letters))
        )
    )
    if of_variable:
        # (xⁿ)′ rather than (uⁿ)′·u′ with u = x.
        letters[first] = variable
    partials = [in_letters(i) for i in range(len(operands))]

    def term(i: int) -> ast.expr:
        if of_variable and i == first:
            return partials[i]
        factors = ast.BinOp(partials[i], ast.Mult(), name(f"{letters[i]}'"))
        plain = linear or is_quotient(partials[i]) or _is_number(partials[i])
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
        if is_quotient(full):
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


def _over_one_bar(partials: Iterable[ast.expr], letters: Sequence[str]) -> ast.expr:
    terms = [
        ast.BinOp(partial, ast.Mult(), name(f"{letter}'"))
        for partial, letter in zip(partials, letters, strict=True)
    ]
    return over_one_denominator(_added(terms))


def occurring(partial: ast.expr, operands: Mapping[str, ast.expr], decide: Decide) -> ast.expr:
    """A partial of the table without the cases that do not occur for these operands."""
    if not isinstance(partial, ast.IfExp):
        return partial
    test = substituted(partial.test, operands)
    varies = names_in(test).keys() - CONSTANTS.keys()
    answer = decide(test) if varies else at_point({})(test)
    if answer is not None:
        return occurring(partial.body if answer else partial.orelse, operands, decide)
    body, orelse = (occurring(each, operands, decide) for each in (partial.body, partial.orelse))
    if _exists_only_where(partial.test, body):
        return body
    for general, special, at_zero in (
        (body, orelse, partial.test),
        (orelse, body, _negated(partial.test)),
    ):
        if isinstance(at_zero, ast.Name):
            there = substituted(general, {at_zero.id: number(0)})
            if same(tidy(there), tidy(special)):
                return general
    return ast.IfExp(partial.test, body, orelse)


def _negated(test: ast.expr) -> ast.expr | None:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
    return None


def _exists_only_where(test: ast.expr, formula: ast.expr) -> bool:
    """Whether a test repeats the domain of something in a formula: out·ln x if x > 0.

    The formula says that by itself, and has no value elsewhere.
    """
    for node in ast.walk(formula):
        located = row_of(node) if isinstance(node, ast.expr) else None
        if located and located[0].domain:
            row, operands = located
            letters = dict(zip(row.arguments, operands, strict=True))
            domain = substituted(ast.parse(row.domain, mode="eval").body, letters)
            match domain:
                case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[ast.Constant(0)]):
                    domain = left
            if same(domain, test):
                return True
    return False


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
    return added([_sign_in_front(each) for each in terms])


def _sign_in_front(tree: ast.expr) -> ast.expr:
    """−a·b as −(a·b)."""
    match tree:
        case ast.BinOp(left=ast.UnaryOp(op=ast.USub(), operand=a), op=ast.Mult(), right=b):
            return ast.UnaryOp(ast.USub(), ast.BinOp(a, ast.Mult(), b))
    return tree
