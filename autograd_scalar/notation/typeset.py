"""Expressions as mathematics to read: plain text, Unicode, LaTeX and MathML.

The trees are those of `expressions`, whose names may here be any label, with calls that
only print:

    ∂(u, v)     the derivative of the value u with respect to the value v
    D(u, v)     the same, through every value in between: the total derivative
    d(e, v)     the derivative of the expression e with respect to v, still to be taken
    Σ(t, …)     a sum of many terms, shown in part
    ·(a, …)     a product shown factor by factor
    Σ_(u, t)    the sum of t over every u
    more(n)     the place of n terms that are left out
    to(x, n)    the number x with n significant digits
    ′(e)        the derivative of e in the statement of a rule
"""

from __future__ import annotations

import ast
import html
import math
from collections.abc import Sequence
from typing import ClassVar

from ..algebra.trees import PRODUCT, call, is_quotient, name, number, substituted
from ..table.registry import OPCODES, TABLE
from .labels import (
    has_small_scripts,
    latex_label,
    latex_text,
    mathml_label,
    plain_label,
    unicode_label,
)
from .numerals import decimal

DERIVATIVE = "∂"
TOTAL = "D"
PENDING = "d"
MORE = "more"
EACH = "Σ_"
TO_DIGITS = "to"

# How tightly a written piece holds together, from a sum to a name; `_QUOTIENT` is a fraction
# with a bar of its own, which only a power can tear apart.
_SUM, _SIGN, _TERM, _QUOTIENT, _POWER, _ATOM = range(6)
_SHOWN_TERMS = 8
_SHOWN_FACTORS = 16


def derivative(u: str, v: str) -> ast.expr:
    """∂u/∂v for two labels."""
    return call(DERIVATIVE, name(u), name(v))


def total(u: str, v: str) -> ast.expr:
    """du/dv for two labels: through every value in between."""
    return call(TOTAL, name(u), name(v))


def to_digits(value: float, digits: int) -> ast.expr:
    """A number that is shown with so many digits, whatever the others around it are."""
    return call(TO_DIGITS, number(value), ast.Constant(digits))


def product(factors: Sequence[ast.expr]) -> ast.expr:
    """The factors side by side; one factor is itself."""
    return factors[0] if len(factors) == 1 else call(PRODUCT, *factors)


class Typesetter:
    """Walks a tree and writes it in one notation; the base class writes Unicode text.

    digits  how many significant digits numbers are rounded to
    """

    dot = "·"
    wide_dot = " · "
    plus = " + "
    minus = " − "
    sign = "−"
    dots = "…"
    times = "·10"
    equal = " = "
    unequal = " ≠ "
    # Whether a · b/c is a·(b/c), as its room says.
    wide_is_looser = True
    compare: ClassVar[dict[type[ast.cmpop], str]] = {
        ast.Lt: " < ",
        ast.LtE: " ≤ ",
        ast.Gt: " > ",
        ast.GtE: " ≥ ",
    }
    names: ClassVar[dict[str, str]] = {"pi": "π", "inf": "∞", "nan": "NaN"}

    def __init__(self, digits: int = 6) -> None:
        self.digits = digits
        self.small_scripts = True
        # Lines of a document are typeset with the same trees beside them, again and again.
        self._small: dict[ast.expr, bool] = {}

    def __call__(self, tree: ast.expr, *beside: ast.expr) -> str:
        """The expression in this notation.

        beside  what stands in the same line, whose labels are to look alike
        """
        self.small_scripts = all(map(self._has_small_scripts, (tree, *beside)))
        return self.set(tree)[0]

    def _has_small_scripts(self, tree: ast.expr) -> bool:
        """Whether all labels in an expression can be written with small scripts."""
        if tree not in self._small:
            labels = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
            self._small[tree] = all(map(has_small_scripts, labels))
        return self._small[tree]

    # Hooks: how each piece is written in this notation.

    def label(self, label: str) -> str:
        return unicode_label(label, self.small_scripts)

    def words(self, text: str) -> str:
        return text

    def number(self, value: float) -> str:
        if math.isinf(value):
            return self.names["inf"]
        if math.isnan(value):
            return self.names["nan"]
        text = decimal(value, self.digits)
        mantissa, e, exponent = text.partition("e")
        return self.scientific(mantissa, int(exponent)) if e else text

    def scientific(self, mantissa: str, exponent: int) -> str:
        return f"{mantissa}{self.times}{self.raised(str(exponent))}"

    def raised(self, digits: str) -> str:
        return digits.translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))

    def fence(self, text: str) -> str:
        return f"({text})"

    def bracket(self, text: str) -> str:
        return f"[{text}]"

    def bars(self, text: str) -> str:
        return f"|{text}|"

    def floor(self, text: str) -> str:
        return f"⌊{text}⌋"

    def ceil(self, text: str) -> str:
        return f"⌈{text}⌉"

    def floor_divided(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        return self.floor(self.fraction(left, right)[0]), _ATOM

    def function(self, name: str, arguments: list[str]) -> str:
        return f"{name}({', '.join(arguments)})"

    def function_name(self, label: str) -> str:
        """A function's name as mathematics writes it: the table's, or one of the reader's."""
        if label in OPCODES:
            row = TABLE[OPCODES[label]]
            return row.symbol or row.alias or row.name
        return self.label(label)

    def root(self, radicand: tuple[str, int], degree: int) -> tuple[str, int]:
        sign = "√" if degree == 2 else "∛"
        text, level = radicand
        return sign + (text if level >= _ATOM and text.isalnum() else self.fence(text)), _POWER

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        text = self._above(self.set(base), _ATOM)
        match exponent:
            case ast.Constant(value=int(n)):
                return text + self.raised(str(n))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(n))) if n:
                return text + self.raised(str(-n))
        return f"{text}^{self._above(self.set(exponent), _ATOM)}"

    def exponential(self, exponent: ast.expr) -> tuple[str, int]:
        return f"e^{self._above(self.set(exponent), _ATOM)}", _POWER

    def fraction(self, above: ast.expr, below: ast.expr) -> tuple[str, int]:
        text, level = self.set(above)
        unsigned = _factors(_signed(above)[1])
        factors = unsigned if len(unsigned) > 1 else [above]
        torn = level < _SIGN or _are_figures(factors) or any(map(is_quotient, factors))
        numerator = self.fence(text) if torn else text
        below_text = self._above(self.set(below), _POWER)
        return f"{numerator}/{below_text}", _SIGN if level == _SIGN else _TERM

    def of_value(self, u: str, v: str, d: str = "∂") -> tuple[str, int]:
        return f"{d}{u}/{d}{v}", _TERM

    def pending(self, inner: tuple[str, int], v: str, letter: str) -> tuple[str, int]:
        return f"{letter}/{letter}{v} {self._bracketed(inner)}", _TERM

    def primed(self, text: str) -> str:
        return f"{self.fence(text)}′"

    def sum_over(self, index: str, term: str) -> str:
        return f"Σ_{index} {term}"

    def cases(self, branches: list[tuple[str, str]], last: str) -> str:
        shown = "; ".join(f"{text} if {test}" for text, test in branches)
        return f"{{{shown}; else {last}}}"

    # The walk: text and how tightly it holds together.

    def _above(self, piece: tuple[str, int], level: int) -> str:
        text, tightness = piece
        return text if tightness >= level else self.fence(text)

    def _bracketed(self, piece: tuple[str, int]) -> str:
        text, tightness = piece
        return text if tightness == _ATOM else self.bracket(text)

    def set(self, tree: ast.expr) -> tuple[str, int]:
        match tree:
            case ast.Constant(value=value):
                assert isinstance(value, int | float)
                text = self.number(value)
                return text, _TERM if self.times in text else _ATOM
            case ast.Name(id=label):
                return self.names.get(label) or self.label(label), _ATOM
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(_terms(tree))
            case ast.BinOp(op=ast.Mult()):
                return self._product(_factors(tree))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self.fraction(left, right)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(left, right), _POWER
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return self.floor_divided(left, right)
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                sides = [self._above(self.set(each), _POWER) for each in (left, right)]
                return self.words(" mod ").join(sides), _SUM
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.sign + self._above(self.set(operand), _TERM), _SIGN
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.set(operand)
            case ast.IfExp():
                return self._cases(tree), _ATOM
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self._call(function, arguments)
        return self.test(tree), _SUM

    def test(self, tree: ast.expr, truth: bool = True) -> str:
        """A condition, or its opposite."""
        match tree:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.test(operand, not truth)
            case ast.Compare(left=left, ops=ops, comparators=others):
                opposite = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
                text = self.set(left)[0]
                for op, other in zip(ops, others, strict=True):
                    kind = type(op) if truth else opposite[type(op)]
                    text += self.compare[kind] + self.set(other)[0]
                return text
        return self.set(tree)[0] + (self.unequal if truth else self.equal) + self.number(0)

    def _cases(self, tree: ast.IfExp) -> str:
        branches: list[tuple[str, str]] = []
        rest: ast.expr = tree
        while isinstance(rest, ast.IfExp):
            branches.append((self.set(rest.body)[0], self.test(rest.test)))
            rest = rest.orelse
        return self.cases(branches, self.set(rest)[0])

    def _sum(self, terms: list[tuple[bool, ast.expr]]) -> tuple[str, int]:
        text = ""
        for i, (negative, term) in enumerate(terms):
            piece = self.set(term)
            if i == 0 and not negative:
                text = piece[0]
            elif i == 0:
                text = self.sign + self._above(piece, _TERM)
            else:
                text += (self.minus if negative else self.plus) + self._above(piece, _TERM)
        return text, _SUM

    def _product(self, factors: list[ast.expr]) -> tuple[str, int]:
        numbers = all(map(_is_number, factors))
        wide = self._is_wide(factors)
        # Where several factors have a sign, each is in brackets: (−a)·b·(−c).
        several = not numbers and sum(_signed(each)[0] for each in factors) > 1
        text, first = "", _TERM
        for i, factor in enumerate(factors):
            shown, level = self.set(factor)
            torn = bool(i) and is_quotient(factor) and not self.wide_is_looser
            if torn or level < (_SIGN if i == 0 and not several else _TERM):
                shown = self.fence(shown)
            elif i == 0:
                first = level
            if i == 0:
                text = shown
            elif wide:
                text += self.wide_dot + shown
            elif i == 1 and self._is_coefficient(factors[0]) and self._follows_number(factor):
                text += shown
            else:
                text += self.dot + shown
        return text, _SIGN if first == _SIGN else _TERM

    def _is_wide(self, factors: list[ast.expr]) -> bool:
        """Whether factors are so large that there is room between them."""
        named = any(
            isinstance(each, ast.Call)
            and isinstance(each.func, ast.Name)
            and each.func.id in (DERIVATIVE, TOTAL, PENDING)
            for each in factors
        )
        quotients = any(is_quotient(_signed(each)[1]) for each in factors)
        return named or quotients or _are_figures(factors)

    def _is_coefficient(self, tree: ast.expr) -> bool:
        if isinstance(tree, ast.UnaryOp):
            tree = tree.operand
        if not isinstance(tree, ast.Constant) or tree.value in (0, 1):
            return False
        return self.set(tree)[1] == _ATOM

    def _follows_number(self, factor: ast.expr) -> bool:
        """Whether 2 times this is written without a dot: 2x, 2(a − y), 2√x."""
        match factor:
            case ast.Name(id=label):
                return len(label.rstrip("0123456789'_")) == 1
            case ast.BinOp(left=left, op=ast.Pow()):
                return self._follows_number(left)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return any(isinstance(node, ast.Name) for node in ast.walk(factor))
            case ast.Call(func=ast.Name(id=function)):
                return function in ("exp", "sqrt", "cbrt")
        return False

    def _call(self, function: str, arguments: list[ast.expr]) -> tuple[str, int]:
        match function, arguments:
            case "∂", [ast.Name(id=u), ast.Name(id=v)]:
                return self.of_value(self.label(u), self.label(v))
            case "D", [ast.Name(id=u), ast.Name(id=v)]:
                return self.of_value(self.label(u), self.label(v), "d")
            case "d", [inner, ast.Name(id=v)]:
                return self.pending(self.set(inner), self.label(v), "d")
            case "d", [inner, ast.Name(id=v), _]:
                return self.pending(self.set(inner), self.label(v), "∂")
            case "Σ_", [ast.Name(id=u), term]:
                return self.sum_over(self.label(u), self.set(term)[0]), _TERM
            case "Σ", _:
                return self._long_sum(arguments)
            case "·", _ if len(arguments) > _SHOWN_FACTORS:
                ends = [arguments[: _SHOWN_FACTORS // 2], arguments[-_SHOWN_FACTORS // 4 :]]
                shown = [self._product(each)[0] for each in ends]
                return f"{shown[0]}{self.wide_dot}{self.dots}{self.wide_dot}{shown[1]}", _TERM
            case "′", [inner]:
                return self.primed(self.set(inner)[0]), _ATOM
            case "to", [value, ast.Constant(value=int(digits))]:
                return type(self)(digits).set(value)
            case "more", [ast.Constant(value=int(count))]:
                return f"{self.dots} {self.words(f'({count:,} more terms)')}", _TERM
            case "exp", [ast.Constant(value=1)]:
                return self.label("e"), _POWER
            case "exp", [exponent]:
                return self.exponential(exponent)
            case "sqrt", [radicand]:
                return self.root(self.set(radicand), 2)
            case "cbrt", [radicand]:
                return self.root(self.set(radicand), 3)
            case "abs", [inner]:
                return self.bars(self.set(inner)[0]), _ATOM
            case "floor", [inner]:
                # ⌊x/y⌋ is x // y, which is not the same near whole numbers.
                text = self.set(inner)[0]
                return self.floor(self.fence(text) if is_quotient(inner) else text), _ATOM
            case "ceil", [inner]:
                return self.ceil(self.set(inner)[0]), _ATOM
        if function == PRODUCT:
            return self._product(arguments)
        row = TABLE[OPCODES[function]] if function in OPCODES else None
        if row is not None and row.written and len(arguments) == len(row.arguments):
            operands = dict(zip(row.arguments, arguments, strict=True))
            return self.set(substituted(row.spelled(row.written), operands))
        shown = [self.set(each)[0] for each in arguments]
        return self.function(self.function_name(function), shown), _ATOM

    def _long_sum(self, terms: list[ast.expr]) -> tuple[str, int]:
        if len(terms) <= _SHOWN_TERMS:
            return self._sum(list(map(_signed, terms)))
        left_out = call(MORE, number(len(terms) - _SHOWN_TERMS))
        return self._sum([*map(_signed, terms[:_SHOWN_TERMS]), (False, left_out)])


def _signed(tree: ast.expr) -> tuple[bool, ast.expr]:
    match tree:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return True, operand
    return False, tree


def _is_digit(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value in range(10)


def _are_figures(factors: list[ast.expr]) -> bool:
    """Whether it is numbers, and not all of one digit, that are multiplied."""
    numbers = len(factors) > 1 and all(map(_is_number, factors))
    return numbers and not all(map(_is_digit, factors))


def _is_number(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) or (
        isinstance(tree, ast.UnaryOp) and _is_number(tree.operand)
    )


def _terms(tree: ast.expr) -> list[tuple[bool, ast.expr]]:
    """The terms of a sum, each with whether it is taken away, in the order they are written."""
    found: list[tuple[bool, ast.expr]] = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        if isinstance(tree.op, ast.Sub):
            found.append((True, tree.right))
        else:
            found += [_signed(tree.right)] if not _is_number(tree.right) else [(False, tree.right)]
        tree = tree.left
    found.append((False, tree))
    return found[::-1]


def _factors(tree: ast.expr) -> list[ast.expr]:
    found: list[ast.expr] = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
        found.append(tree.right)
        tree = tree.left
    found.append(tree)
    return found[::-1]


class Plain(Typesetter):
    """ASCII, for terminals that can show no more."""

    dot = "*"
    wide_dot = " * "
    wide_is_looser = False
    minus = " - "
    sign = "-"
    dots = "..."
    compare: ClassVar[dict[type[ast.cmpop], str]] = {
        ast.Lt: " < ",
        ast.LtE: " <= ",
        ast.Gt: " > ",
        ast.GtE: " >= ",
    }
    names: ClassVar[dict[str, str]] = {"pi": "pi", "inf": "inf", "nan": "nan"}
    unequal = " != "

    def label(self, label: str) -> str:
        return plain_label(label)

    def scientific(self, mantissa: str, exponent: int) -> str:
        return f"{mantissa}e{exponent}"

    def raised(self, digits: str) -> str:
        # x^1/2 looks like a root.
        return f"^({digits})" if digits.startswith("-") or digits == "1" else f"^{digits}"

    def floor(self, text: str) -> str:
        return f"floor({text})"

    def ceil(self, text: str) -> str:
        return f"ceil({text})"

    def floor_divided(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        sides = [self._above(self.set(each), _POWER) for each in (left, right)]
        return " // ".join(sides), _SUM

    def function_name(self, label: str) -> str:
        shown = super().function_name(label)
        return shown if shown.isascii() else self.label(label)

    def root(self, radicand: tuple[str, int], degree: int) -> tuple[str, int]:
        return f"{'sqrt' if degree == 2 else 'cbrt'}({radicand[0]})", _ATOM

    def of_value(self, u: str, v: str, d: str = "d") -> tuple[str, int]:
        return f"d{u}/d{v}", _TERM

    def pending(self, inner: tuple[str, int], v: str, letter: str) -> tuple[str, int]:
        return f"d/d{v} {self._bracketed(inner)}", _TERM

    def primed(self, text: str) -> str:
        return f"{self.fence(text)}'"

    def sum_over(self, index: str, term: str) -> str:
        return f"sum over {index} of {term}"

    def _follows_number(self, factor: ast.expr) -> bool:
        return False


class Latex(Typesetter):
    """LaTeX math that pdfLaTeX, KaTeX and MathJax all typeset."""

    dot = r" \cdot "
    wide_dot = r" \cdot "
    plus = " + "
    minus = " - "
    sign = "-"
    dots = r"\dots"
    times = r" \cdot 10"
    compare: ClassVar[dict[type[ast.cmpop], str]] = {
        ast.Lt: r" \lt ",
        ast.LtE: r" \le ",
        ast.Gt: r" \gt ",
        ast.GtE: r" \ge ",
    }
    names: ClassVar[dict[str, str]] = {"pi": r"\pi", "inf": r"\infty", "nan": r"\mathrm{NaN}"}
    unequal = r" \ne "

    def label(self, label: str) -> str:
        return latex_label(label)

    def words(self, text: str) -> str:
        return latex_text(text)

    def scientific(self, mantissa: str, exponent: int) -> str:
        return rf"{mantissa}{self.times}^{{{exponent}}}"

    def fence(self, text: str) -> str:
        return rf"\left({text}\right)"

    def bracket(self, text: str) -> str:
        return rf"\left[{text}\right]"

    def bars(self, text: str) -> str:
        return rf"\left\vert {text}\right\vert "

    def floor(self, text: str) -> str:
        return rf"\left\lfloor {text}\right\rfloor "

    def ceil(self, text: str) -> str:
        return rf"\left\lceil {text}\right\rceil "

    def function(self, name: str, arguments: list[str]) -> str:
        return rf"{name}\left({', '.join(arguments)}\right)"

    def function_name(self, label: str) -> str:
        if label in OPCODES:
            return TABLE[OPCODES[label]].latex or latex_text(super().function_name(label))
        return self.label(label)

    def root(self, radicand: tuple[str, int], degree: int) -> tuple[str, int]:
        index = "" if degree == 2 else f"[{degree}]"
        return rf"\sqrt{index}{{{radicand[0]}}}", _ATOM

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        text = self._above(self.set(base), _ATOM)
        # A label with a superscript or a prime of its own can't take another one.
        if isinstance(base, ast.Name) and ("^" in text or text.endswith("'")):
            text = self.fence(text)
        return f"{text}^{{{self.set(exponent)[0]}}}"

    def exponential(self, exponent: ast.expr) -> tuple[str, int]:
        return f"e^{{{self.set(exponent)[0]}}}", _POWER

    def fraction(self, above: ast.expr, below: ast.expr) -> tuple[str, int]:
        return rf"\frac{{{self.set(above)[0]}}}{{{self.set(below)[0]}}}", _QUOTIENT

    def of_value(self, u: str, v: str, d: str = r"\partial ") -> tuple[str, int]:
        return rf"\frac{{{d}{u}}}{{{d}{v}}}", _QUOTIENT

    def pending(self, inner: tuple[str, int], v: str, letter: str) -> tuple[str, int]:
        d = "d" if letter == "d" else r"\partial "
        return rf"\frac{{{d}}}{{{d}{v}}} {self._bracketed(inner)}", _TERM

    def primed(self, text: str) -> str:
        return f"{self.fence(text)}'"

    def sum_over(self, index: str, term: str) -> str:
        return rf"\sum_{{{index}}} {term}"

    def cases(self, branches: list[tuple[str, str]], last: str) -> str:
        rows = [rf"{text} & \text{{for }} {test}" for text, test in branches]
        rows.append(rf"{last} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"


class MathML(Typesetter):
    """MathML, which browsers typeset without a script; numbers and labels can't leave it."""

    dot = "<mo>·</mo>"
    wide_dot = "<mo>·</mo>"
    plus = "<mo>+</mo>"
    minus = "<mo>−</mo>"
    sign = "<mo form='prefix'>−</mo>"
    dots = "<mo>…</mo>"
    times = "<mn>10</mn>"
    compare: ClassVar[dict[type[ast.cmpop], str]] = {
        ast.Lt: "<mo>&lt;</mo>",
        ast.LtE: "<mo>≤</mo>",
        ast.Gt: "<mo>&gt;</mo>",
        ast.GtE: "<mo>≥</mo>",
    }
    names: ClassVar[dict[str, str]] = {
        "pi": "<mi>π</mi>",
        "inf": "<mi>∞</mi>",
        "nan": "<mi>NaN</mi>",
    }
    equal = "<mo>=</mo>"
    unequal = "<mo>≠</mo>"

    def label(self, label: str) -> str:
        return mathml_label(label)

    def words(self, text: str) -> str:
        return f"<mtext>{html.escape(text)}</mtext>"

    def number(self, value: float) -> str:
        text = super().number(value)
        return text if text.startswith("<") else f"<mn>{text}</mn>"

    def scientific(self, mantissa: str, exponent: int) -> str:
        power = f"<msup>{self.times}<mn>{exponent}</mn></msup>"
        return f"<mrow><mn>{mantissa}</mn>{self.dot}{power}</mrow>"

    def fence(self, text: str) -> str:
        return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"

    def bracket(self, text: str) -> str:
        return f"<mrow><mo>[</mo>{text}<mo>]</mo></mrow>"

    def bars(self, text: str) -> str:
        return f"<mrow><mo>|</mo>{text}<mo>|</mo></mrow>"

    def floor(self, text: str) -> str:
        return f"<mrow><mo>⌊</mo>{text}<mo>⌋</mo></mrow>"

    def ceil(self, text: str) -> str:
        return f"<mrow><mo>⌈</mo>{text}<mo>⌉</mo></mrow>"

    def function(self, name: str, arguments: list[str]) -> str:
        return f"<mrow>{name}{self.fence('<mo>,</mo>'.join(arguments))}</mrow>"

    def function_name(self, label: str) -> str:
        if label in OPCODES:
            return f"<mi>{html.escape(Typesetter.function_name(self, label))}</mi>"
        return self.label(label)

    def root(self, radicand: tuple[str, int], degree: int) -> tuple[str, int]:
        if degree == 2:
            return f"<msqrt>{radicand[0]}</msqrt>", _ATOM
        return f"<mroot><mrow>{radicand[0]}</mrow><mn>{degree}</mn></mroot>", _ATOM

    def power(self, base: ast.expr, exponent: ast.expr) -> str:
        text = self._above(self.set(base), _ATOM)
        return f"<msup><mrow>{text}</mrow><mrow>{self.set(exponent)[0]}</mrow></msup>"

    def exponential(self, exponent: ast.expr) -> tuple[str, int]:
        return f"<msup><mi>e</mi><mrow>{self.set(exponent)[0]}</mrow></msup>", _POWER

    def fraction(self, above: ast.expr, below: ast.expr) -> tuple[str, int]:
        parts = [f"<mrow>{self.set(each)[0]}</mrow>" for each in (above, below)]
        return f"<mfrac>{''.join(parts)}</mfrac>", _QUOTIENT

    def of_value(self, u: str, v: str, d: str = "∂") -> tuple[str, int]:
        parts = [f"<mrow><mo>{d}</mo>{each}</mrow>" for each in (u, v)]
        return f"<mfrac>{''.join(parts)}</mfrac>", _QUOTIENT

    def pending(self, inner: tuple[str, int], v: str, letter: str) -> tuple[str, int]:
        d = f"<mo>{letter}</mo>"
        operator = f"<mfrac>{d}<mrow>{d}{v}</mrow></mfrac>"
        return f"<mrow>{operator}{self._bracketed(inner)}</mrow>", _TERM

    def primed(self, text: str) -> str:
        return f"<msup>{self.fence(text)}<mo>′</mo></msup>"

    def sum_over(self, index: str, term: str) -> str:
        return f"<mrow><munder><mo>∑</mo>{index}</munder>{term}</mrow>"

    def cases(self, branches: list[tuple[str, str]], last: str) -> str:
        rows = [
            f"<mtr><mtd>{text}</mtd><mtd><mtext>for </mtext>{test}</mtd></mtr>"
            for text, test in branches
        ]
        rows.append(f"<mtr><mtd>{last}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>")
        return f"<mrow><mo>{{</mo><mtable>{''.join(rows)}</mtable></mrow>"
