"""The chain rule written out for one derivative of a recorded graph, in the reader's names.

The numbers are the partials the graph was recorded with, the formulas the table's partials
with names put in: the same two that `backward()` multiplies and adds.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from ..algebra.trees import SUM, call, name, number
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
from ..notation.typeset import EACH, PENDING, derivative, product
from .chains import MOST_PATHS, Chains
from .factors import AdjointSum, Factor, Path
from .moved import moved
from .rules import IN_WORDS
from .short import chain_equation, moved_on, product_rows, route, short_form, sum_line
from .special_points import special_points

#: How much an explanation says.
DETAILS = ("short", "rules", "every step", "backward")

_SHOWN_FACTORS = 30
_SHOWN_LINES = 240
_SHOWN_POINTS = 6
_LONGEST_COMPARED = 60


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
    detail: str = "short",
    words: bool = False,
    digits: int = 6,
    unicode: bool | None = None,
) -> Explanation:
    """How ∂y/∂wrt comes about: the chain rule with every factor and its number.

    y        the result
    wrt      the value to differentiate with respect to, or its label
    detail   "short": the chain, a line for each factor, their product, and what it means;
             "rules": how each factor comes about, rule by rule; "every step": the same with
             each operation as a link, where otherwise the values with a label are the links
             and what lies between two of them is one factor; "backward": value by value
             from the result back, as where there are many ways
    words    whether the rules are told in words at the end
    digits   how many significant digits numbers are shown with
    unicode  False for ASCII only; by default what the terminal can show

    All say what happens when `wrt` is moved by a small step: the recorded operations are
    computed again. A comparison that Python made is not, and comes out as it did.

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
    if detail not in DETAILS:
        raise ValueError(f"detail is {', '.join(map(repr, DETAILS))}, got {detail!r:.60}")
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ValueError(f"digits is a whole number from 1 to 17, got {digits!r}")
    return _Builder(y, found_value(wrt, toposort(y)), detail, words, digits, unicode).explanation()


def found_value(wrt: Any, order: Sequence[Value]) -> Value:
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


class _Builder(Chains):
    """Writes one explanation: the short form, or first the paths, then link by link."""

    def __init__(
        self, y: Value, wrt: Value, detail: str, words: bool, digits: int, unicode: bool | None
    ) -> None:
        super().__init__(y, wrt, every_step=detail == "every step")
        self.digits = digits
        self.unicode = unicode
        self.detail = detail
        self.words = words
        self.said: set[tuple[Value, Value]] = set()
        self.shapes: set[str] = set()

    def explanation(self) -> Explanation:
        if self.wrt not in self.moving:
            return self.not_in_graph()
        if self.wrt is self.y:
            itself = Paragraph((self.name(self.y), " changes exactly as fast as itself."))
            return self.explanation_of([Equation(self.symbol(self.wrt), (Row(number(1)),)), itself])
        few = self.count <= MOST_PATHS
        parts: dict[str, Any] = {"count": self.count}
        if few and self.detail != "backward":
            parts |= {"factors": self.factors, "paths": self.paths}
        else:
            parts["adjoints"] = self.recursion
        if self.detail == "short":
            blocks = short_form(self, self.digits)
        else:
            moves = moved(self.order, self.wrt, self.moving, self.value)
            by_paths = few and self.detail != "backward"
            blocks = [
                *(self.by_paths() if by_paths else self.by_recursion()),
                *moved_on(self, moves, self.digits),
                Paragraph(self.as_backward()),
            ]
        if self.words:
            told = self.factors if few else [term.factors[0] for term in self.recursion[-1].terms]
            blocks += _in_words(told[:_SHOWN_FACTORS])
        return self.explanation_of(blocks, **parts)

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

    def by_paths(self) -> list[Block]:
        paths, factors, left = self.paths, self.factors, self.left
        blocks: list[Block] = []
        if len(factors) > 1:
            blocks.append(chain_equation(self))
        blocks.append(Paragraph(self.why(paths)))
        if len(paths) > 1:
            blocks.append(Listing(tuple(self.route(i, path) for i, path in enumerate(paths, 1))))
        for i, factor in enumerate(factors[:_SHOWN_FACTORS], 1):
            blocks += self.factor(f"{i}. " if len(factors) > 1 else "", factor)
        if len(factors) > _SHOWN_FACTORS:
            left_out = f"… and {len(factors) - _SHOWN_FACTORS:,} more factors, all in `factors`."
            blocks.append(Paragraph((left_out,)))
        return [*blocks, *self.together(left, paths)]

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
        return (f"Way {i}: ", *route(self, path))

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
        return blocks

    def product_rows(self, path: Path) -> list[Row]:
        return product_rows(self, path, self.digits)

    def as_backward(self) -> Sentence:
        y, x = self.name(self.y), self.name(self.wrt)
        if not math.isfinite(self.value):
            return ("backward() on ", y, " comes to the same: the grad of ", x, " is not finite.")
        grad = number(self.value)
        return ("With backward() on ", y, " the same numbers give ", x, ".grad = ", grad, ".")

    # Many paths: value by value from the result back.

    def by_recursion(self) -> list[Block]:
        sums = self.recursion
        y, x = self.name(self.y), self.name(self.wrt)
        ways: Sentence = (
            x,
            " reaches ",
            y,
            f" in {self.many} ways, too many to write down one by one. ",
        )
        general = call(EACH, *self.general()[:2])
        blocks: list[Block] = [
            sum_line(self, sums[-1], self.digits, numbers=False),
            Paragraph(
                (
                    *(ways if self.count > MOST_PATHS else ()),
                    "The derivatives are found value by value, from ",
                    y,
                    " back. For each value made from ",
                    self.general_value(),
                    ", how fast that one changes with ",
                    self.general_value(),
                    " is multiplied by the derivative with respect to that one, and all are added "
                    "up:",
                )
            ),
            Equation(self.general()[-1], (Row(general),)),
            Paragraph(("Each line uses only lines above it.",)),
        ]
        layer = 0
        for i, each in enumerate(sums):
            if i >= _SHOWN_LINES and i < len(sums) - 1:
                if i == _SHOWN_LINES:
                    left_out = f"… and {len(sums) - 1 - i:,} more lines, all in `adjoints`."
                    blocks.append(Paragraph((left_out,)))
                continue
            if each.layer != layer:
                layer = each.layer
                where = "Next to " if layer == 1 else f"{layer} links before "
                blocks.append(Heading((where, y)))
            blocks.append(sum_line(self, each, self.digits))
        return blocks

    def general_value(self) -> ast.expr:
        """The letter for any of the values, in the general equation."""
        symbol = self.general()[-1]
        assert isinstance(symbol, ast.Call)
        return symbol.args[1]


def _without_sign(tree: ast.expr) -> ast.expr:
    return tree.operand if isinstance(tree, ast.UnaryOp) else tree


def _in_words(factors: Sequence[Factor]) -> list[Block]:
    rules = dict.fromkeys(rule for factor in factors for rule in factor.rules)
    worded = [(rule, IN_WORDS[rule]) for rule in rules if rule in IN_WORDS]
    if not worded:
        return []
    return [
        Heading(("The rules in words",)),
        Listing(tuple((f"{rule}: {words}.",) for rule, words in worded)),
    ]
