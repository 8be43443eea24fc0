"""Mathematics as people write it, read as the syntax tree of the expression it means.

Whatever is an expression of Python keeps its meaning. Beside it there is what books, students
and this package's own output write: `2x`, `x²`, `e^-x`, `|x|`, `sin² x`, `√(x + 1)`, `σ(z)`,
`1,5`, `w₁₁⁽¹⁾` and LaTeX. What has two readings is refused, with both of them.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from ..algebra.trees import name as name_of
from .cursor import CLOSED_BY, TOO_DEEP
from .named import PRODUCTS
from .operands import Operands
from .scanning import Token

_COMPARE: dict[str, type[ast.cmpop]] = {"<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE}


@dataclass(frozen=True)
class Statement:
    """One step of a text: `expression`, `name = expression` or `name(arguments) = expression`.

    name       "" for an expression alone
    arguments  those of a function that it defines, otherwise None
    tree       the expression; the place of an operation is that of its operator
    line, column  where the statement begins
    """

    name: str
    arguments: tuple[str, ...] | None
    tree: ast.expr
    line: int
    column: int


def read(text: str, functions: Collection[str], names: Collection[str] = ()) -> list[Statement]:
    """The statements of a text, which `;` and ends of lines separate.

    functions  what may be called, besides the functions that the text defines
    names      names that have a value already, which may be any labels; what is typeset as one
               of them is read as it, and `e`, `pi` and `σ` are then no more than names

    Numbers too large for a float are left for the language's `check` to refuse. Raises
    `ReadingError` for what can't be read, or has two readings.

    >>> [statement] = read("f(x) = 3x² + e^-|x|", {"abs", "exp"})
    >>> statement.name, statement.arguments, ast.unparse(statement.tree)
    ('f', ('x',), '3 * x ** 2 + exp(-abs(x))')
    """
    reader = _Reader(text, functions, names)
    try:
        return reader.statements()
    except RecursionError:
        raise reader.error(TOO_DEEP, 0) from None


class _Reader(Operands):
    """A recursive-descent parser, one method for each level of what holds how tightly."""

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        while True:
            while self._token.kind in (";", "\n"):
                self._i += 1
            if self._token.kind == "end":
                return found
            found.append(self._statement())
            if self._token.kind not in (";", "\n", "end"):
                self._unexpected(self._token)

    def _statement(self) -> Statement:
        first = self._token
        name, arguments = "", None
        if first.kind == "name" and self._tokens[self._i + 1].kind == "=":
            name = first.text
            self._i += 2
        elif first.kind == "name":
            arguments = self._definition()
            name = first.text if arguments is not None else ""
        self._meanings.arguments = arguments or ()
        tree = self._expression()
        self._meanings.arguments = ()
        if self._token.kind == "=":
            raise self.error("steps are written name = expression", first.start)
        if arguments is not None:
            self._meanings.arities[name] = len(arguments)
        line, column = self._places.at(first.start)
        return Statement(name, arguments, tree, line, column)

    def _definition(self) -> tuple[str, ...] | None:
        """The arguments, where `f(x, y) =` stands here, which is then passed."""
        i, found = self._i + 1, []
        if self._tokens[i].text != "(":
            return None
        while True:
            argument, after = self._tokens[i + 1], self._tokens[min(i + 2, len(self._tokens) - 1)]
            if argument.kind != "name" or after.text not in (",", ")"):
                return None
            found.append(argument.text)
            i += 2
            if after.text == ")":
                break
        if self._tokens[i + 1].kind != "=":
            return None
        self._i = i + 2
        return tuple(found)

    # Expressions, from what holds loosest to what holds tightest

    def _expression(self, condition: bool = False) -> ast.expr:
        token = self._token
        if token.kind == "name" and token.text == "not":
            self._i += 1
            self._nest(token)
            operand = self._expression(True)
            self._deep -= 1
            return self._placed(ast.UnaryOp(ast.Not(), operand), token)
        tree = self._sum()
        token = self._token
        if condition and token.kind in ("=", "==", "!="):
            self._i += 1
            zero = self._take()
            if zero.text != "0":
                raise self.error(
                    f"{token.kind} is for 0 alone here; compare by < or >", token.start
                )
            if token.kind != "!=":
                tree = self._placed(ast.UnaryOp(ast.Not(), tree), token)
        elif token.kind in _COMPARE:
            ops, others = [], []
            first = token
            while self._token.kind in _COMPARE:
                ops.append(_COMPARE[self._take().kind]())
                others.append(self._sum())
            tree = self._placed(ast.Compare(tree, ops, others), first)
        elif token.kind in ("==", "!="):
            self._unexpected(token)
        token = self._token
        if token.kind == "name" and token.text == "if" and not condition:
            self._i += 1
            test = self._expression(True)
            if self._token.text == ";" and self._inside[-1:] == ["{"]:
                self._i += 1
                if self._token.text == "else":
                    self._i += 1
            elif self._token.text == "else":
                self._i += 1
            else:
                self._unexpected(self._token if self._token.kind != "end" else token)
            self._nest(token)
            other = self._expression()
            self._deep -= 1
            return self._placed(ast.IfExp(test, tree, other), token)
        return tree

    def _sum(self) -> ast.expr:
        tree = self._product()
        while self._token.kind in ("+", "-"):
            token = self._take()
            op = ast.Add() if token.kind == "+" else ast.Sub()
            tree = self._placed(ast.BinOp(tree, op, self._product()), token)
        return tree

    def _product(self) -> ast.expr:
        """Factors from left to right; ` · ` with room around it holds a little looser."""
        whole: tuple[ast.expr, Token] | None = None
        start = below = self._token.start
        tree, kind = self._power()
        tree = self._scientific(tree, kind)
        divided = remainder = ""
        several = False
        while True:
            token = self._token
            spelled = "mod" if self._is_mod(token) else token.kind
            wide = token.kind == "·" and token.spaced and self._tokens[self._i + 1].spaced
            follows = wide or spelled == "mod" or spelled in PRODUCTS
            if (follows and "mod" in (spelled, remainder) and (several or remainder)) or (
                (wide and remainder) or (whole and spelled in ("//", "%"))
            ):
                raise self.error(
                    f"{remainder or spelled} beside another product: write brackets", token.start
                )
            if wide:
                self._i += 1
                if whole:
                    tree = self._placed(ast.BinOp(whole[0], ast.Mult(), tree), whole[1])
                whole = (tree, token)
                start = self._token.start
                tree, kind = self._power()
                tree = self._scientific(tree, kind)
                divided = ""
            elif follows:
                self._i += 1
                op = ast.Mod if spelled == "mod" else PRODUCTS[spelled]
                below = self._token.start
                right, kind = self._power()
                if op is ast.Mult:
                    right = self._scientific(right, kind)
                tree = self._placed(ast.BinOp(tree, op(), right), token)
                divided = "" if op is ast.Mult else token.text
                if op in (ast.Mod, ast.FloorDiv):
                    remainder = spelled
                self._check_derivative(tree, token)
            elif self._goes_on(token, kind):
                if divided:
                    self._two_readings(start, below, divided, token)
                right, kind = self._power()
                tree = self._placed(ast.BinOp(tree, ast.Mult(), right), token)
            else:
                break
            several = True
        if whole:
            tree = self._placed(ast.BinOp(whole[0], ast.Mult(), tree), whole[1])
        return tree

    def _is_mod(self, token: Token) -> bool:
        return token.kind == "name" and token.text == "mod" and "mod" not in self._meanings.known

    def _two_readings(self, start: int, below: int, divided: str, token: Token) -> NoReturn:
        """Refuse 1/2x."""
        above = self._text[start:below].strip().removesuffix(divided).strip()
        under = self._source(below)
        factor = self._following()
        raise self.error(
            f"this can be ({above}{divided}{under})*{factor} or "
            f"{above}{divided}({under}*{factor}): write one of them",
            token.start,
        )

    def _scientific(self, tree: ast.expr, kind: str) -> ast.expr:
        """A number before ·10⁻⁹ together with it, as one number to the last bit."""
        pattern = (("·",), ("10",), ("^",), ("(", "{"))
        following = [each.text for each in self._tokens[self._i : self._i + 7]]
        number = tree.operand if isinstance(tree, ast.UnaryOp) else tree
        if kind != "number" or not isinstance(number, ast.Constant):
            return tree
        if any(text not in wanted for text, wanted in zip(following, pattern, strict=False)):
            return tree
        sign = "-" * (following[4:5] == ["-"])
        digits = "".join(following[4 + len(sign) : 5 + len(sign)])
        if not digits.isdigit() or len(digits) > 4:
            return tree
        mantissa = self._digits
        if not re.fullmatch(r"[0-9]{1,400}(\.[0-9]*)?", mantissa):
            return tree
        self._i += 6 + len(sign)
        shifted = ast.Constant(float(f"{mantissa}e{sign}{digits}"))
        ast.copy_location(shifted, number)
        return ast.UnaryOp(tree.op, shifted) if isinstance(tree, ast.UnaryOp) else shifted

    def _check_derivative(self, tree: ast.expr, token: Token) -> None:
        match tree:
            case ast.BinOp(left=ast.Name(above), op=ast.Div(), right=ast.Name(below)):
                written = re.fullmatch(r"d[^\W\d_]?/d[^\W\d_]", f"{above}/{below}")
                if written and not {above, below} & self._meanings.known:
                    raise self.error(
                        f"{above}/{below} is a derivative that is still to be found: write the "
                        "expression alone",
                        token.start,
                    )

    def _goes_on(self, token: Token, kind: str) -> bool:
        """Whether a factor follows without a sign; refuses what can be read in two ways."""
        bar = token.kind == "|" and self._inside[-1:] != ["|"]
        word = token.kind == "name" and (keyword.iskeyword(token.text) or self._is_mod(token))
        starts = token.kind in ("number", "fraction", "name", "open", "√", "∛", "frac", "sqrt")
        if word or not (starts or bar):
            return False
        before = self._tokens[self._i - 1]
        shown = before.text
        if kind == "number" and token.kind == "fraction":
            raise self.error(
                f"this can be {shown} + {token.text} or {shown}*({token.text}): write one of them",
                token.start,
            )
        if kind == "number" and token.kind == "number":
            raise self.error(
                f"invalid syntax: two numbers side by side; one number is written without a gap, "
                f"a product {shown}*{token.text}",
                token.start,
            )
        if token.kind in ("number", "fraction"):
            raise self.error(
                f"invalid syntax: a number after {shown}: write *{token.text} for a product, "
                f"^{token.text} for a power",
                token.start,
            )
        if kind == "name" and token.kind == "open" and token.text in "[{":
            raise self.error(
                f"{before.text} is a name, and no function: to multiply, write {before.text}*"
                f"{token.text}…{CLOSED_BY[token.text]}; for a function of your own, "
                "f(x) = … first",
                before.start,
            )
        shown = shown if before.kind in ("number", "name") else "…"
        if kind == "root":
            factor = self._following()
            raise self.error(
                f"√ reaches how far? Write √({shown})*{factor} or √({shown}*{factor})",
                token.start,
            )
        if kind == "typed" and not token.spaced:
            factor = self._following()
            raise self.error(
                f"does {factor} belong to the exponent? Write ^({shown}*{factor}) or "
                f"^{shown}*{factor}",
                token.start,
            )
        if kind == "bars":
            raise self.error(
                f"bars that open and close look alike: write *{self._following()}, or abs(x) "
                "for |x|",
                token.start,
            )
        return True

    def _following(self) -> str:
        """The factor that stands here, as it is written."""
        start = self._token.start
        self._power()
        return self._source(start)

    def _power(self) -> tuple[ast.expr, str]:
        """Signs, what they stand before, and what it is raised to; with what kind it is."""
        if self._token.kind in ("+", "-"):
            sign = self._take()
            self._nest(sign)
            operand, kind = self._power()
            self._deep -= 1
            op = ast.USub() if sign.kind == "-" else ast.UAdd()
            return self._placed(ast.UnaryOp(op, operand), sign), kind
        start = self._token.start
        base, kind = self._atom()
        while self._token.kind in ("^", "**"):
            token = self._take()
            if kind in ("root", "raised" if not token.raised else "root"):
                raise self.error(
                    f"a power of what? {self._source(start)} has two readings: write brackets",
                    token.start,
                )
            self._nest(token)
            if token.raised:
                exponent, _ = self._atom()
            else:
                exponent, _ = self._power()
            self._deep -= 1
            if kind == "e":
                base = self._placed(ast.Call(name_of("exp"), [exponent], []), token)
            else:
                base = self._placed(ast.BinOp(base, ast.Pow(), exponent), token)
            bare = self._tokens[self._i - 1].kind not in ("close", "|")
            kind = "raised" if token.raised else "typed" if bare else "power"
            one = isinstance(exponent, ast.Constant) and exponent.value == 1
            if one and token.text == "^" and bare and self._token.kind == "/":
                self._i += 1
                below = self._take().text
                shown = self._text[start : token.start].strip()
                raise self.error(
                    f"{shown}^1/{below} is {shown}/{below}: write that, or "
                    f"{shown}^(1/{below}) for a root",
                    token.start,
                )
        return base, kind
