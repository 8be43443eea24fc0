"""The short form of an explanation: the chain, a line a factor, the product, what it means.

It never takes much more than a dozen lines: of what does not fit, less is told.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from itertools import islice

from ..algebra.simplify import tidy
from ..algebra.trees import SUM, call, is_one, is_quotient, name, names_in, number, same, size
from ..notation.document import (
    UNBROKEN,
    Block,
    Document,
    Equation,
    Lines,
    Listing,
    Paragraph,
    Piece,
    Row,
    Sentence,
)
from ..notation.numerals import is_rounded
from ..notation.typeset import EACH, MORE, Typesetter, product
from .chains import MOST_PATHS, Chains
from .factors import AdjointSum, Factor, Path, along
from .moved import Moved, moved, told
from .rules import CHAIN, CONSTANT, CONSTANT_FACTOR, SUM_RULE
from .special_points import NO_SECOND, special_points

_MOST_LINES = 15
_MOST_FACTORS = 10
_MOST_SUMS = 10
_SHOWN_TERMS = 4
_SHOWN_POINTS = 2
_WIDTH = 80


class _Draft(Document):
    """Blocks, to see how many lines they take."""

    def __init__(self, blocks: Sequence[Block], digits: int) -> None:
        self.blocks = tuple(blocks)
        self.digits = digits


def short_form(chains: Chains, digits: int) -> list[Block]:
    """The fullest account that is short; the last one always is."""
    moves = moved(chains.order, chains.wrt, chains.moving, chains.value)
    closing = [*meaning(chains, moves), *moved_on(chains, moves, digits)]
    return [*account(chains, closing, digits), *closing]


def account(chains: Chains, closing: Sequence[Block], digits: int) -> list[Block]:
    """The fullest account that is short together with what comes after it."""
    blocks: list[Block] = []
    for blocks in _accounts(chains, digits):
        text = _Draft([*blocks, *closing], digits).to_text(_WIDTH)
        if sum(bool(line.strip()) for line in text.splitlines()) <= _MOST_LINES:
            break
    return blocks


def moved_on(chains: Chains, moves: Moved, digits: int) -> list[Block]:
    """What moving the value a little does."""
    sentence = told(moves, chains, digits)
    return [Paragraph(sentence)] if sentence else []


def _accounts(chains: Chains, digits: int) -> Iterator[list[Block]]:
    if chains.count <= MOST_PATHS and len(chains.factors) <= _MOST_FACTORS:
        if len(chains.paths) == 1:
            yield _by_factors(chains, digits)
        else:
            yield [*_by_factors(chains, digits, last=False), *_by_ways(chains, digits)]
            yield [chain_equation(chains), *_by_ways(chains, digits)]
            yield _by_ways(chains, digits)
    sums = chains.recursion
    if len(sums) <= _MOST_SUMS:
        yield _by_sums(chains, digits)
    yield _summary(chains, digits)


# One way or a few: a line a factor.


def chain_equation(chains: Chains) -> Equation:
    """∂y/∂x as the product of the factors, or the sum over the ways."""
    products = [product([factor.symbol for factor in path.factors]) for path in chains.paths]
    side = products[0] if len(products) == 1 else call(SUM, *products)
    return Equation(chains.left, (Row(side, listed=True),))


def _by_factors(chains: Chains, digits: int, *, last: bool = True) -> list[Block]:
    factors = chains.factors
    blocks: list[Block] = [chain_equation(chains)] if len(factors) > 1 else []
    blocks.append(Lines(tuple(_line(factor, digits) for factor in factors)))
    said = [sentence for factor in factors for sentence in islice(special_points(factor), 2)]
    for sentence in said[:_SHOWN_POINTS]:
        blocks.append(Paragraph(tuple(piece for piece in sentence if piece is not NO_SECOND)))
    if last and len(factors) > 1:
        first, *others = product_rows(chains, chains.paths[0], digits)
        algebra = [row for row in (first, *others) if names_in(row.side)]
        numbers = [row for row in (first, *others) if not names_in(row.side)]
        if any(is_one(factor.formula_tree) for factor in factors) and len(algebra) > 1:
            algebra = algebra[1:]
        shown = algebra if len(algebra) < 3 else [algebra[0], algebra[-1]]
        rows = [Row(row.side, rounded=row.rounded) for row in (*shown, *numbers)]
        blocks.append(Equation(chains.left, tuple(rows)))
    return blocks


def _line(factor: Factor, digits: int) -> Equation:
    """∂u/∂v = formula = value, and the rules that give it."""
    value = number(factor.value)
    formula = factor.formula_tree
    # 1/3 says more than 0.333333.
    fraction = is_quotient(formula) and is_rounded(factor.value, digits)
    rows = [Row(formula)] if fraction or names_in(formula) else []
    here = factor.differentiation.data(factor.formula_tree) if rows else {}
    rounded = is_rounded(factor.value, digits) or (
        # A formula of several terms is not told in full where it says how many are left out.
        len(here) > 1 and any(is_rounded(each, digits) for each in here.values())
    )
    rules = rules_of(factor)
    rows.append(Row(value, ((rules, ()),) if rules else (), rounded=rounded))
    return Equation(factor.symbol, tuple(rows))


def rules_of(factor: Factor) -> str:
    """The rules that matter for a factor, in a few words."""
    if is_sigmoid(factor):
        return "sigmoid"
    minor = (SUM_RULE, "difference rule", CONSTANT, CONSTANT_FACTOR)
    rules = [rule for rule in factor.rules if rule not in minor] or [
        rule for rule in factor.rules if rule in (CONSTANT_FACTOR, SUM_RULE, "difference rule")
    ][-1:]
    first = [rule for rule in rules if rule != CHAIN][:2]
    if CHAIN in rules and len(first) < 2:
        first.append(CHAIN)
    text = ", ".join(first)
    return text if factor.is_whole else f"{text}; other terms: 0"


def is_sigmoid(factor: Factor) -> bool:
    """Whether a factor is the derivative of 1/(1 + e^(−u)), in terms of itself."""
    itself = factor.names[0]
    match tidy(factor.differentiation.tree):
        case ast.BinOp(
            left=ast.Constant(value=1),
            op=ast.Div(),
            right=ast.BinOp(
                left=ast.Constant(value=1),
                op=ast.Add(),
                right=ast.Call(func=ast.Name(id="exp"), args=[ast.UnaryOp(operand=ast.Name())]),
            ),
        ):
            wanted = ast.BinOp(
                name(itself),
                ast.Mult(),
                ast.BinOp(number(1), ast.Sub(), name(itself)),
            )
            return same(factor.formula_tree, wanted)
    return False


def product_rows(chains: Chains, path: Path, digits: int) -> list[Row]:
    """The formulas of a way multiplied, as they are and cancelled; their numbers; the value."""
    rows = []
    if len(path.factors) <= 12:
        formulas = [factor.formula_tree for factor in path.factors]
        if sum(map(size, formulas)) <= 120 and any(map(names_in, formulas)):
            rows += chains.formula_rows(formulas)
    numbers = [factor.value for factor in path.factors]
    rounded = any(is_rounded(each, digits) for each in numbers)
    rows.append(Row(product([number(each) for each in numbers]), rounded=rounded))
    rounded = rounded or is_rounded(path.value, digits)
    rows.append(Row(number(path.value), rounded=rounded))
    return rows


def route(chains: Chains, path: Path) -> Sentence:
    """x → u → y: the values along a way."""
    pieces: list[Piece] = [chains.name(chains.wrt)]
    links = list(reversed(path.factors))
    for j, factor in enumerate(links):
        if len(links) <= 12 or j < 6 or j >= len(links) - 4:
            pieces += [" → ", chains.name(factor.of)]
        elif j == 6:
            pieces.append(" → …")
    return tuple(pieces)


def _by_ways(chains: Chains, digits: int) -> list[Block]:
    """The product along each way, and their sum."""
    items = []
    for path in chains.paths:
        numbers = [factor.value for factor in path.factors]
        rounded = any(is_rounded(each, digits) for each in (*numbers, path.value))
        about = "≈" if rounded else "="
        multiplied: Sentence = (number(path.value),)
        if len(numbers) > 1:
            multiplied = (
                product([number(each) for each in numbers]),
                f" {about}{UNBROKEN}",
                *multiplied,
            )
        items.append((*route(chains, path), ": ", *multiplied))
    amounts = [path.value for path in chains.paths]
    added = Equation(chains.left, _added(amounts, chains.value, digits))
    return [Listing(tuple(items)), Lines((added,))]


def _added(amounts: Sequence[float], value: float, digits: int) -> tuple[Row, ...]:
    rounded = any(is_rounded(each, digits) for each in amounts)
    arrived = Row(call(SUM, *map(number, amounts)), rounded=rounded)
    return arrived, Row(number(value), rounded=rounded or is_rounded(value, digits))


# Many ways: value by value, or only the last step.


def _by_sums(chains: Chains, digits: int) -> list[Block]:
    lines = tuple(_amounts(chains, each, digits) for each in chains.recursion)
    return [_ways(chains), Lines(lines)]


def _ways(chains: Chains) -> Paragraph:
    """How many ways there are, and what is done with them."""
    x, y = chains.name(chains.wrt), chains.name(chains.y)
    each, term, symbol = chains.general()
    total = (symbol, " = ", call(EACH, each, term))
    if chains.count > 1:
        ways = f" in {chains.many} ways. Value by value from "
        return Paragraph((x, " reaches ", y, ways, y, " back, ", *total, ":"))
    links = f" through {len(chains.factors):,} links, whose rates of change multiply:"
    return Paragraph((x, " reaches ", y, links))


def _amounts(chains: Chains, adjoint: AdjointSum, digits: int) -> Equation:
    """∂y/∂v as the sum of what arrives from each value made from v."""
    terms = adjoint.terms
    shown = terms if len(terms) <= _SHOWN_TERMS else terms[: _SHOWN_TERMS - 1]
    trees = [number(term.value) for term in shown]
    if len(shown) < len(terms):
        trees.append(call(MORE, number(len(terms) - len(shown))))
    rounded = any(is_rounded(term.value, digits) for term in shown)
    rows = [Row(call(SUM, *trees), rounded=rounded)] if len(trees) > 1 else []
    if len(terms) == 1 and terms[0].onto is not chains.y:
        values = [along(terms[0].factors), terms[0].known]
        rounded = any(is_rounded(each, digits) for each in values)
        rows = [Row(_amount(values), rounded=rounded)]
    rounded = rounded or is_rounded(adjoint.value, digits)
    rows.append(Row(number(adjoint.value), rounded=rounded))
    return Equation(chains.symbol(adjoint.node), tuple(rows))


def _summary(chains: Chains, digits: int) -> list[Block]:
    """The last steps, and how to see the others."""
    last = chains.recursion[-1]
    lines = [sum_line(chains, last, digits)]
    before = last.terms[0].onto
    if len(last.terms) == 1 and before is not chains.y:
        (found,) = (each for each in chains.recursion if each.node is before)
        lines.insert(0, _amounts(chains, found, digits))
    how = "Every value between: detail=“backward”. Every rule: detail=“rules”."
    return [_ways(chains), Lines(tuple(lines)), Paragraph((how,))]


def sum_line(chains: Chains, adjoint: AdjointSum, digits: int, *, numbers: bool = True) -> Equation:
    """∂y/∂v as the sum over the values made from v, on one line."""
    symbols: list[ast.expr] = []
    amounts: list[ast.expr] = []
    rounded = False
    # Of a line with many terms the first few show how it goes on.
    shown = (
        adjoint.terms if len(adjoint.terms) <= _SHOWN_TERMS else adjoint.terms[: _SHOWN_TERMS - 1]
    )
    for term in shown:
        chain = [factor.symbol for factor in reversed(term.factors)]
        values = [factor.value for factor in reversed(term.factors)]
        if term.onto is not chains.y:
            chain.append(chains.symbol(term.onto))
            values.append(term.known)
        elif len(chain) == 1:
            chain = [term.factors[0].formula_tree]
        rounded = rounded or any(is_rounded(each, digits) for each in values)
        symbols.append(product(chain))
        amounts.append(_amount(values))
    if len(shown) < len(adjoint.terms):
        left_out = call(MORE, number(len(adjoint.terms) - len(shown)))
        symbols.append(left_out)
        amounts.append(left_out)
    rows = [Row(call(SUM, *symbols))]
    if numbers:
        if len(amounts) > 1 or len(values) > 1:
            rows.append(Row(call(SUM, *amounts), rounded=rounded))
        rounded = rounded or is_rounded(adjoint.value, digits)
        rows.append(Row(number(adjoint.value), rounded=rounded))
        text = Typesetter(digits)
        printed = {text(row.side): row for row in reversed(rows)}
        rows = [row for row in rows if printed[text(row.side)] is row]
    return Equation(chains.symbol(adjoint.node), tuple(rows), on_one_line=True)


def _amount(values: Sequence[float]) -> ast.expr:
    """The numbers multiplied, a sign of the first in front of the product."""
    first = number(values[0])
    if isinstance(first, ast.UnaryOp) and len(values) > 1:
        return ast.UnaryOp(ast.USub(), product([first.operand, *map(number, values[1:])]))
    return product([first, *map(number, values[1:])])


# What the number means.


def meaning(chains: Chains, moves: Moved) -> list[Block]:
    x, y, slope = chains.name(chains.wrt), chains.name(chains.y), chains.value
    if not math.isfinite(slope):
        return [Paragraph(("The derivative of ", y, " is not finite here."))]
    if not slope:
        return _nothing(chains, moves)
    sides = [move for move in (moves.up, moves.down) if move]
    if any(not move.agrees for move in sides):
        return []
    sign, change = ("Negative", "smaller") if slope < 0 else ("Positive", "larger")
    pieces: list[Piece] = [f"{sign}: a larger ", x, " makes ", y, f" {change}"]
    if chains.wrt.kind in ("leaf", "parameter"):
        rate = next(each for each in ("η", "ε", "step") if each not in chains.formulas.values)
        step = ast.BinOp(x, ast.Sub(), product([name(rate), number(slope)]))
        pieces += ["; a step of gradient descent is ", step]
    return [Paragraph((*pieces, "."))]


def _nothing(chains: Chains, moves: Moved) -> list[Block]:
    """Why a derivative is 0."""
    x, y = chains.name(chains.wrt), chains.name(chains.y)
    sides = [move for move in (moves.up, moves.down) if move]
    if any(not move.agrees for move in sides):
        return []
    because: Sentence = ()
    if chains.count == 1 and len(chains.factors) > 1:
        zero = next((factor for factor in chains.factors if not factor.value), None)
        if zero is not None:
            because = (", because ", zero.symbol, " is 0 and nothing is passed on")
    elif 1 < chains.count <= MOST_PATHS and any(path.value for path in chains.paths):
        because = (", because what arrives along the ways cancels",)
    return [Paragraph(("Zero: a small change of ", x, " hardly changes ", y, *because, "."))]
