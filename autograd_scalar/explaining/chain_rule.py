"""The chain rule written out for one derivative of a recorded graph, in the reader's names.

The numbers are the partials the graph was recorded with, the formulas the table's partials
with names put in: the same two that `backward()` multiplies and adds.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from ..algebra.cancel import shortened
from ..algebra.simplify import as_product, tidy
from ..algebra.trees import (
    SUM,
    call,
    is_one,
    name,
    names_in,
    number,
    same,
    size,
    substituted,
)
from ..engine.value import Value, toposort
from ..notation.document import (
    Block,
    Document,
    Equation,
    Heading,
    Listing,
    Paragraph,
    Piece,
    Row,
    Sentence,
    listed,
)
from ..notation.labels import unicode_label
from ..notation.numerals import is_rounded
from ..notation.typeset import EACH, MORE, PENDING, Typesetter, derivative, product, total
from .factors import AdjointSum, Factor, Path, Term, along
from .formulas import Formulas, derivatives
from .rules import IN_WORDS
from .special_points import special_points

_MOST_PATHS = 8
_SHOWN_FACTORS = 30
_SHOWN_LINES = 240
_SHOWN_TERMS = 4
_SHOWN_POINTS = 6
_LONGEST_COMPARED = 60
_LONGEST_WRITTEN_OUT = 40


class Explanation(Document):
    """Why a derivative is what it is: the chain, each factor with its rules, the product.

    y, wrt    the two values
    value     ∂y/∂wrt
    factors   the links of the paths, each once
    paths     the chains from y to wrt whose products add up, where there are no more than 8
    adjoints  else the recursion: ∂y/∂v for each value v between, as a sum over what uses v
    count     how many paths there are
    named     the values by the names they go by here, made-up ones such as v1 included
    """

    def __init__(
        self,
        y: Value,
        wrt: Value,
        value: float,
        named: Mapping[str, Value],
        blocks: Sequence[Block],
        digits: int,
        unicode: bool | None,
        factors: Sequence[Factor] = (),
        paths: Sequence[Path] = (),
        adjoints: Sequence[AdjointSum] = (),
        count: int = 0,
    ) -> None:
        self.y = y
        self.wrt = wrt
        self.value = value
        self.named = dict(named)
        self.blocks = tuple(blocks)
        self.digits = digits
        self.unicode = unicode
        self.factors = tuple(factors)
        self.paths = tuple(paths)
        self.adjoints = tuple(adjoints)
        self.count = count

    @property
    def parts(self) -> tuple[Factor | Path | AdjointSum, ...]:
        """Everything that is said, as data and in order: factors, paths, or adjoints."""
        return (*self.factors, *self.paths, *self.adjoints)


def explain(
    y: Value,
    wrt: Value | str,
    *,
    detail: str = "links",
    digits: int = 6,
    unicode: bool | None = None,
) -> Explanation:
    """How ∂y/∂wrt comes about: the chain rule with every factor, its rules and its number.

    y        the result
    wrt      the value to differentiate by, or its label
    detail   "links": the values with a label are the links of the chain, and what lies
             between two of them is one factor; "operations": each operation is a link;
             "backward": value by value from the result back, as where there are many ways
    digits   how many significant digits numbers are shown with
    unicode  False for ASCII only; by default what the terminal can show

    Nothing is changed: no `grad` is read or written. Raises `TypeError` for what is no
    Value, and `ValueError` for a label that no value has, or more than one.

    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> z = w * x
    >>> z.label = "z"
    >>> a = z.tanh()
    >>> a.label = "a"
    >>> explanation = explain(a, wrt=w)
    >>> print(explanation.text.splitlines()[0].strip())
    ∂a/∂w = ∂a/∂z · ∂z/∂w
    >>> [factor.formula for factor in explanation.factors]
    ['1 − a²', 'x']
    """
    if not isinstance(y, Value):
        raise TypeError(f"explain takes a Value, got {type(y).__name__} {y!r:.60}")
    if detail not in ("links", "operations", "backward"):
        raise ValueError(f"detail is 'links', 'operations' or 'backward', got {detail!r}")
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ValueError(f"digits is a whole number from 1 to 17, got {digits!r}")
    return _Builder(y, wrt, detail, digits, unicode).explanation()


def _found(wrt: Any, order: Sequence[Value]) -> Value:
    """The value meant by `wrt`."""
    if isinstance(wrt, Value):
        return wrt
    if not isinstance(wrt, str):
        raise TypeError(
            f"wrt is a Value of the graph, or its label, got {type(wrt).__name__} {wrt!r:.60}"
        )
    matching = [v for v in order if v.label == wrt] or [
        v for v in order if v.label and unicode_label(v.label) == unicode_label(wrt)
    ]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise ValueError(
            f"{len(matching)} values have the label {wrt!r:.60}: pass the one you mean itself"
        )
    labels = list(dict.fromkeys(v.label for v in order if v.label))
    # Comparing takes the product of two lengths.
    comparable = [label for label in labels if len(label) <= _LONGEST_COMPARED]
    near = difflib.get_close_matches(wrt, comparable, 3) if len(wrt) <= _LONGEST_COMPARED else []
    known = ", ".join(f"{label!r:.60}" for label in labels[:12]) + (", …" if labels[12:] else "")
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    listed = f"the labels are {known}" if labels else "no value has a label; pass the value itself"
    raise ValueError(f"no value has the label {wrt!r:.60}{hint or '; ' + listed}")


def _descendants(order: Sequence[Value], start: Value) -> set[Value]:
    """The values that were computed from `start`, and itself."""
    found = {start} & set(order)
    if found:
        for v in order:
            if not found.isdisjoint(v.parents):
                found.add(v)
    return found


class _Builder:
    """Writes one explanation: first the paths, then link by link, then the number."""

    def __init__(
        self, y: Value, wrt: Value | str, detail: str, digits: int, unicode: bool | None
    ) -> None:
        order = toposort(y)
        self.y = y
        self.wrt = _found(wrt, order)
        self.digits = digits
        self.unicode = unicode
        self.detail = detail
        self.moving = _descendants(order, self.wrt)
        named = self.moving if detail == "operations" else {self.wrt} & self.moving
        self.formulas = Formulas(y, named, self.wrt)
        self.order = order
        self.adjoints: dict[Value, float] = {}
        self.value = 0.0
        self.links: dict[Value, list[Factor]] = {}
        self.said: set[tuple[Value, Value]] = set()
        self.shapes: set[str] = set()

    def name(self, v: Value) -> ast.expr:
        return name(self.formulas.names[v])

    def symbol(self, v: Value) -> ast.expr:
        """∂y/∂v."""
        return derivative(self.formulas.names[self.y], self.formulas.names[v])

    def explanation(self) -> Explanation:
        if self.wrt not in self.moving:
            return self.not_in_graph()
        self.adjoints = derivatives(self.order)
        self.value = self.adjoints[self.wrt]
        if self.wrt is self.y:
            itself = Paragraph((self.name(self.y), " changes exactly as fast as itself."))
            return self.explanation_of([Equation(self.symbol(self.wrt), (Row(number(1)),)), itself])
        self.links = {
            v: [
                Factor(self.formulas, v, by, partial)
                for by, partial in self.formulas.inputs(v).items()
                if by in self.moving
            ]
            for v in self.order
            if v in self.formulas and v in self.moving and v is not self.wrt
        }
        count = self.count()
        if count <= _MOST_PATHS and self.detail != "backward":
            return self.by_paths(count)
        return self.by_recursion(count)

    def explanation_of(self, blocks: Sequence[Block], **parts: Any) -> Explanation:
        return Explanation(
            self.y,
            self.wrt,
            self.value,
            self.formulas.values,
            blocks,
            self.digits,
            self.unicode,
            **parts,
        )

    def count(self) -> int:
        paths = {self.wrt: 1}
        for v in self.order:
            if v in self.links:
                paths[v] = sum(paths[factor.by] for factor in self.links[v])
        return paths[self.y]

    def not_in_graph(self) -> Explanation:
        y, x = self.name(self.y), name(self.wrt.label or "x")
        made_from = dict.fromkeys(v.label for v in self.order if v.label and v is not self.y)
        shown = listed([name(label) for label in made_from])
        left = derivative(self.formulas.names[self.y], self.wrt.label or "x")
        return self.explanation_of(
            [
                Equation(left, (Row(number(0)),)),
                Paragraph(
                    (
                        y,
                        " does not depend on ",
                        x,
                        ": it was not computed from that value, so a change of it changes nothing.",
                        *((" It was computed from ", *shown, ".") if shown else ()),
                    )
                ),
            ]
        )

    # Few paths: every one a product.

    def by_paths(self, count: int) -> Explanation:
        paths = [Path(chain, along(chain)) for chain in map(tuple, self.chains())]
        factors = list(dict.fromkeys(factor for path in paths for factor in path.factors))
        left = self.symbol(self.wrt)
        if len(factors) == 1:
            left = factors[0].symbol
        elif len(paths) > 1 and any(len(path.factors) == 1 for path in paths):
            # ∂y/∂x is one of several terms then, so the sum is the total derivative dy/dx.
            left = total(self.formulas.names[self.y], self.formulas.names[self.wrt])
        blocks: list[Block] = []
        if len(factors) > 1:
            products = [product([factor.symbol for factor in path.factors]) for path in paths]
            side = products[0] if len(paths) == 1 else call(SUM, *products)
            blocks.append(Equation(left, (Row(side, listed=True),)))
        blocks.append(Paragraph(self.why(paths)))
        if len(paths) > 1:
            blocks.append(Listing(tuple(self.route(i, path) for i, path in enumerate(paths, 1))))
        for i, factor in enumerate(factors[:_SHOWN_FACTORS], 1):
            blocks += self.factor(f"{i}. " if len(factors) > 1 else "", factor)
        if len(factors) > _SHOWN_FACTORS:
            left_out = f"… and {len(factors) - _SHOWN_FACTORS:,} more factors, all in `factors`."
            blocks.append(Paragraph((left_out,)))
        blocks += self.together(left, paths)
        blocks += _in_words(factors[:_SHOWN_FACTORS])
        return self.explanation_of(blocks, factors=factors, paths=paths, count=count)

    def chains(self) -> Iterator[list[Factor]]:
        """Every chain of links from the result to `wrt`."""
        chain: list[Factor] = []
        pending = [iter(self.links[self.y])]
        while pending:
            factor = next(pending[-1], None)
            if factor is None:
                pending.pop()
                if chain:
                    chain.pop()
            elif factor.by is self.wrt:
                yield [*chain, factor]
            else:
                chain.append(factor)
                pending.append(iter(self.links[factor.by]))

    def why(self, paths: Sequence[Path]) -> Sentence:
        y, x = self.name(self.y), self.name(self.wrt)
        if len(paths) > 1:
            return (
                x,
                " reaches ",
                y,
                f" in {len(paths)} ways. Along each way the rates of change multiply (the chain "
                "rule). A change of ",
                x,
                " takes all the ways at once, so what arrives along them adds up (the total "
                "derivative).",
            )
        links = list(reversed(paths[0].factors))
        if len(links) == 1:
            return (x, " stands in the formula of ", y, " itself, so there is one factor.")
        pieces: list[Piece] = [y, " does not contain ", x, " itself: "]
        shown = links if len(links) <= 6 else [*links[:3], *links[-2:]]
        for i, link in enumerate(shown):
            if i:
                pieces.append(" and " if i == len(shown) - 1 else ", ")
            if len(links) > 6 and i == 3:
                pieces.append("…, ")
            pieces += [self.name(link.by), " is in ", self.name(link.of)]
        pieces += [
            ". A change of ",
            x,
            " is passed on from each to the next, so the rates of change multiply (the chain "
            "rule).",
        ]
        return tuple(pieces)

    def route(self, i: int, path: Path) -> Sentence:
        pieces: list[Piece] = [f"Way {i}: ", self.name(self.wrt)]
        links = list(reversed(path.factors))
        for j, factor in enumerate(links):
            if len(links) <= 12 or j < 6 or j >= len(links) - 4:
                pieces += [" → ", self.name(factor.of)]
            elif j == 6:
                pieces.append(" → …")
        return tuple(pieces)

    def factor(self, counted: str, factor: Factor) -> list[Block]:
        opening: Sentence = (counted, self.name(factor.of), " = ", factor.definition_tree)
        blocks: list[Block] = [Heading(opening)]
        still = self.standing_still(factor)
        if still:
            blocks.append(Paragraph(still))
        if factor.kinds:
            blocks += self.long_sum(factor)
        else:
            blocks.append(Equation(factor.symbol, tuple(factor.rows(self.digits, self.shapes))))
        self.shapes.add(factor.shape)
        said = list(islice(special_points(factor), _SHOWN_POINTS + 1))
        blocks += [Paragraph(sentence) for sentence in said[:_SHOWN_POINTS]]
        if len(said) > _SHOWN_POINTS:
            blocks.append(Paragraph(("The same can be said of more of its terms.",)))
        return blocks

    def long_sum(self, factor: Factor) -> list[Block]:
        """One term of each kind differentiated, and the sum of all."""
        blocks: list[Block] = []
        if factor.shape not in self.shapes:
            for kind in factor.kinds:
                like = f"{kind.count:,} terms like " if kind.count > 1 else "One term "
                alike = ", all differentiated in the same way:" if kind.count > 1 else ":"
                pending = call(PENDING, kind.term, self.name(factor.by), number(0))
                blocks += [
                    Paragraph((like, kind.term, alike)),
                    Equation(pending, tuple(factor.example_rows(kind, self.digits))),
                ]
            others = len(factor.moving) - sum(kind.count for kind in factor.kinds)
            if others:
                of_others = "one term of another kind" if others == 1 else f"{others:,} other terms"
                blocks.append(Paragraph((f"And {of_others}, differentiated by the same rules.",)))
            blocks.append(Paragraph(("The sum of them all:",)))
        return [*blocks, Equation(factor.symbol, tuple(factor.sum_rows(self.digits)))]

    def standing_still(self, factor: Factor) -> Sentence:
        """Why the other terms of a sum give nothing; each is told once."""
        whole: list[ast.expr] = []
        others: list[ast.expr] = []
        held: dict[str, None] = {}
        for summand in factor.still:
            v, tree = summand.value, _without_sign(summand.tree)
            moving = [
                label for label in summand.names if self.formulas.values.get(label) in self.moving
            ]
            held.update(dict.fromkeys(moving))
            if (factor.of, v) in self.said:
                continue
            if not moving:
                self.said.add((factor.of, v))
            is_value = isinstance(tree, ast.Name) and v.kind == "interior" and not moving
            (whole if is_value else others).append(tree)
        pieces: list[Piece] = []
        for trees, verb, variable in (
            (whole, "depend on", self.wrt),
            (others, "contain", factor.by),
        ):
            if trees:
                do, its = ("does", "its derivative is")
                if len(trees) > 1:
                    do, its = ("do", "their derivatives are")
                space = " " if pieces else ""
                pieces += [space, *listed(trees), f" {do} not {verb} ", self.name(variable)]
                pieces.append(f", so {its} 0.")
        if held:
            one = len(held) == 1
            pieces += [
                " " if pieces else "",
                *listed([name(label) for label in held]),
                " changes with " if one else " change with ",
                self.name(self.wrt),
                " too, but that is another way; here it is held fixed."
                if one
                else " too, but those are other ways; here they are held fixed.",
            ]
        return tuple(pieces)

    def together(self, left: ast.expr, paths: Sequence[Path]) -> list[Block]:
        """The factors multiplied, and the paths added up."""
        blocks: list[Block] = []
        if len(paths) > 1 or len(paths[0].factors) > 1:
            blocks.append(Heading(("Together",)))
        if len(paths) == 1:
            if len(paths[0].factors) > 1:
                blocks.append(Equation(left, tuple(self.product_rows(paths[0]))))
        else:
            for path in paths:
                if len(path.factors) > 1:
                    symbols = product([factor.symbol for factor in path.factors])
                    blocks.append(Equation(symbols, tuple(self.product_rows(path))))
            amounts = [path.value for path in paths]
            rounded = any(is_rounded(each, self.digits) for each in amounts)
            arrived = Row(call(SUM, *map(number, amounts)), rounded=rounded)
            rounded = rounded or is_rounded(self.value, self.digits)
            blocks.append(Equation(left, (arrived, Row(number(self.value), rounded=rounded))))
        return [*blocks, Paragraph(self.as_backward())]

    def product_rows(self, path: Path) -> list[Row]:
        rows = []
        if len(path.factors) <= 12:
            formulas = [factor.formula_tree for factor in path.factors]
            if sum(map(size, formulas)) <= 120 and any(map(names_in, formulas)):
                rows += self.formula_rows(formulas)
        numbers = [factor.value for factor in path.factors]
        rounded = any(is_rounded(each, self.digits) for each in numbers)
        rows.append(Row(product([number(each) for each in numbers]), rounded=rounded))
        rounded = rounded or is_rounded(path.value, self.digits)
        rows.append(Row(number(path.value), rounded=rounded))
        return rows

    def formula_rows(self, formulas: Sequence[ast.expr]) -> list[Row]:
        """The formulas side by side, then with the signs in front, cancelled, and written out."""
        rows = [Row(product(formulas))]
        minus = sum(isinstance(each, ast.UnaryOp) for each in formulas)
        if minus > isinstance(formulas[0], ast.UnaryOp):
            says = "two minus signs cancel" if minus > 1 else "the minus sign goes in front"
            rows.append(Row(_multiplied(formulas), ((says, ()),)))
        elif any(map(is_one, formulas)):
            rows.append(Row(_multiplied(formulas), (("a factor 1 changes nothing", ()),)))
        shorter = _shorter(product(formulas))
        if shorter is not None:
            rows.append(Row(shorter, (("simplify", ()),)))
        alone = self.in_wrt_alone(rows[-1].side)
        if alone is not None:
            rows.append(Row(alone, (("put in what the names stand for", ()),)))
        return rows

    def in_wrt_alone(self, tree: ast.expr) -> ast.expr | None:
        """A short derivative of a function of `wrt` alone, without the names in between."""
        if any(v.kind in ("leaf", "parameter") and v is not self.wrt for v in self.order):
            return None
        written = tree
        for v in reversed(self.order):
            if v in self.links and self.formulas.names[v] in names_in(written):
                formula = {self.formulas.names[v]: self.formulas.formula(v)}
                written = substituted(written, formula)
                if size(written) > _LONGEST_WRITTEN_OUT:
                    return None
        written = tidy(written)
        return None if same(written, tidy(tree)) else written

    def as_backward(self) -> Sentence:
        y, x = self.name(self.y), self.name(self.wrt)
        if not math.isfinite(self.value):
            return ("backward() on ", y, " comes to the same: the grad of ", x, " is not finite.")
        grad = number(self.value)
        return ("With backward() on ", y, " the same numbers give ", x, ".grad = ", grad, ".")

    # Many paths: value by value from the result back.

    def by_recursion(self, count: int) -> Explanation:
        sums = self.recursion()
        y, x = self.name(self.y), self.name(self.wrt)
        # A number of more than a few thousand digits is too much even for `str`.
        many = f"{count:,}" if count < 10**12 else f"about 10^{math.log10(count):.0f}"
        ways: Sentence = (
            x,
            " reaches ",
            y,
            f" in {many} ways, too many to write down one by one. ",
        )
        general = call(EACH, *self.general()[:2])
        blocks: list[Block] = [
            self.line(sums[-1], numbers=False),
            Paragraph(
                (
                    *(ways if count > _MOST_PATHS else ()),
                    "The derivatives are found value by value, from ",
                    y,
                    " back: the derivative by a value is, for each value made from it, how fast "
                    "that one changes with it times the derivative by that one, all added up:",
                )
            ),
            Equation(self.general()[-1], (Row(general),)),
            Paragraph(("Each line uses only lines above it.",)),
        ]
        layer = 0
        deepest = max(each.layer for each in sums)
        for i, each in enumerate(sums):
            if i >= _SHOWN_LINES and i < len(sums) - 1:
                if i == _SHOWN_LINES:
                    left_out = f"… and {len(sums) - 1 - i:,} more lines, all in `adjoints`."
                    blocks.append(Paragraph((left_out,)))
                continue
            if each.layer != layer:
                layer = each.layer
                where = "next to " if layer == 1 else f"{layer} links before "
                start: Sentence = (f"Layer {deepest - layer}",) if layer < deepest else (x,)
                blocks.append(Heading((*start, f", {where}", y)))
            blocks.append(self.line(each))
        blocks.append(Paragraph(self.as_backward()))
        return self.explanation_of(blocks, adjoints=sums, count=count)

    def general(self) -> tuple[ast.expr, ast.expr, ast.expr]:
        """The value that is summed over, a term of the sum, and what the sum is."""
        taken = self.formulas.values
        v, u = [each for each in "vusrqp" if each not in taken][:2]
        term = product([derivative(u, v), derivative(self.formulas.names[self.y], u)])
        return name(u), term, derivative(self.formulas.names[self.y], v)

    def is_net(self, v: Value, onto: Value) -> bool:
        """Whether `v` is the net input of a neuron: several values in, and one function out."""
        return len(self.formulas.inputs(v)) > 1 and len(self.formulas.inputs(onto)) == 1

    def recursion(self) -> list[AdjointSum]:
        """The derivative by each value between, from the result back to `wrt`.

        The net input of a neuron shares its output's line, so that a line goes from one
        layer's outputs to the next's.
        """
        used_by: dict[Value, list[Factor]] = {}
        for factors in self.links.values():
            for factor in factors:
                used_by.setdefault(factor.by, []).append(factor)
        passed_on: dict[Value, Factor] = {}
        known = self.adjoints
        layer = {self.y: 0}
        sums = []
        for v in reversed(self.order):
            if v is self.y or v not in used_by:
                continue
            uses = used_by[v]
            onto = uses[0].of
            if (
                len(uses) == 1
                and v is not self.wrt
                and onto is not self.y
                and onto not in passed_on
                and self.is_net(v, onto)
            ):
                passed_on[v] = uses[0]
                continue
            terms = []
            for factor in uses:
                chain: tuple[Factor, ...] = (factor,)
                if factor.of in passed_on:
                    chain = (passed_on[factor.of], factor)
                end = chain[0].of
                terms.append(Term(chain, end, known[end], along(chain, known[end])))
            layer[v] = 1 + max(layer[term.onto] for term in terms)
            sums.append(AdjointSum(v, layer[v], tuple(terms), known[v]))
        # Within a layer no line needs another, so they stand in the order of the graph.
        sums.reverse()
        return sorted(sums, key=lambda each: each.layer)

    def line(self, adjoint: AdjointSum, *, numbers: bool = True) -> Equation:
        symbols: list[ast.expr] = []
        amounts: list[ast.expr] = []
        rounded = False
        # Of a line with many terms the first few show how it goes on.
        shown = (
            adjoint.terms
            if len(adjoint.terms) <= _SHOWN_TERMS
            else adjoint.terms[: _SHOWN_TERMS - 1]
        )
        for term in shown:
            chain = [factor.symbol for factor in reversed(term.factors)]
            values = [factor.value for factor in reversed(term.factors)]
            if term.onto is not self.y:
                chain.append(self.symbol(term.onto))
                values.append(term.known)
            elif len(chain) == 1:
                chain = [term.factors[0].formula_tree]
            rounded = rounded or any(is_rounded(each, self.digits) for each in values)
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
            rounded = rounded or is_rounded(adjoint.value, self.digits)
            rows.append(Row(number(adjoint.value), rounded=rounded))
            text = Typesetter(self.digits)
            printed = {text(row.side): row for row in reversed(rows)}
            rows = [row for row in rows if printed[text(row.side)] is row]
        return Equation(self.symbol(adjoint.node), tuple(rows), on_one_line=True)


def _without_sign(tree: ast.expr) -> ast.expr:
    return tree.operand if isinstance(tree, ast.UnaryOp) else tree


def _amount(values: Sequence[float]) -> ast.expr:
    """The numbers multiplied, a sign of the first in front of the product."""
    first = number(values[0])
    if isinstance(first, ast.UnaryOp) and len(values) > 1:
        return ast.UnaryOp(ast.USub(), product([first.operand, *map(number, values[1:])]))
    return product([first, *map(number, values[1:])])


def _multiplied(factors: Sequence[ast.expr]) -> ast.expr:
    """The factors side by side, ones left out and the signs in front."""
    negative = False
    shown = []
    for factor in factors:
        while isinstance(factor, ast.UnaryOp) and isinstance(factor.op, ast.USub):
            negative, factor = not negative, factor.operand
        if not is_one(factor):
            shown.append(factor)
    result = product(shown or [number(1)])
    return ast.UnaryOp(ast.USub(), result) if negative else result


def _shorter(tree: ast.expr) -> ast.expr | None:
    """What a product of fractions cancels down to."""
    if any(power < 0 and names_in(base) for base, power in as_product(tree)[1].values()) or any(
        isinstance(node, ast.Div) for node in ast.walk(tree)
    ):
        found = shortened(tree)
        if found is not None and size(found) <= 0.6 * size(tidy(tree)):
            return found
    return None


def _in_words(factors: Sequence[Factor]) -> list[Block]:
    rules = dict.fromkeys(rule for factor in factors for rule in factor.rules)
    worded = [(rule, IN_WORDS[rule]) for rule in rules if rule in IN_WORDS]
    if not worded:
        return []
    return [
        Heading(("The rules in words",)),
        Listing(tuple((f"{rule}: {words}.",) for rule, words in worded)),
    ]
