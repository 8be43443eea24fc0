"""What stands between the operators of mathematics: numbers, names, brackets, roots and LaTeX."""

from __future__ import annotations

import ast
import re
from abc import abstractmethod

from ..algebra.trees import is_quotient
from ..algebra.trees import name as name_of
from .cursor import CLOSED_BY
from .named import Named
from .scanning import Token


class Operands(Named):
    """Reads one operand."""

    _digits = ""  # the number that was read last

    @abstractmethod
    def _check_derivative(self, tree: ast.expr, token: Token) -> None: ...

    def _atom(self) -> tuple[ast.expr, str]:
        token = self._take()
        match token.kind:
            case "number":
                return self._number(token), "number"
            case "fraction":
                parts = [
                    self._placed(ast.Constant(int(each)), token) for each in token.text.split("/")
                ]
                return self._placed(ast.BinOp(parts[0], ast.Div(), parts[1]), token), "number"
            case "name":
                return self._named(token)
            case "open":
                return self._bracket(token)
            case "|":
                self._deeper(token, "|")
                inner = self._expression()
                self._close(token, "|")
                return self._placed(ast.Call(name_of("abs"), [inner], []), token), "bars"
            case "√" | "∛":
                self._nest(token)
                inner, _ = self._atom()
                self._deep -= 1
                function = "sqrt" if token.kind == "√" else "cbrt"
                return self._placed(ast.Call(name_of(function), [inner], []), token), "root"
            case "frac":
                above, below = self._argument(token), self._argument(token)
                tree = self._placed(ast.BinOp(above, ast.Div(), below), token)
                self._check_derivative(tree, token)
                return tree, "bracket"
            case "sqrt":
                return self._latex_root(token), "bracket"
            case "\\begin":
                return self._cases(token), "bracket"
        self._i -= token.kind != "end"
        self._unexpected(token)

    def _number(self, token: Token) -> ast.expr:
        text = token.text
        comma, after = (
            self._tokens[self._i : self._i + 2]
            if self._i + 1 < len(self._tokens)
            else (token, token)
        )
        decimal = (
            self._inside[-1:] != ["call"]
            and comma.kind == ","
            and after.kind == "number"
            and not (comma.spaced or after.spaced)
            and text.isdigit()
        )
        if decimal:
            if len(after.text) == 3 and len(text) <= 3 and text[0] != "0":
                raise self.error(
                    f"{text},{after.text} is {text}.{after.text} or {text}{after.text}: "
                    "write one of them",
                    token.start,
                )
            self._i += 2
            text = f"{text}.{after.text}"
            if self._token.kind == "," or "." in after.text:
                raise self.error(f"{text} with two commas or points is no number", token.start)
        self._digits = text
        try:
            whole = text.replace("_", "")
            value = (
                int(whole, 0 if whole[1:2].isalpha() else 10)
                if not re.search(r"[.eE]", whole) or whole[:2].lower() == "0x"
                else float(whole)
            )
        except ValueError:
            raise self.error("this number is too large for a float", token.start) from None
        return self._placed(ast.Constant(value), token)

    def _bracket(self, token: Token) -> tuple[ast.expr, str]:
        self._deeper(token, token.text)
        inner = self._expression()
        self._close(token, CLOSED_BY[token.text])
        if token.text == "⌊" and is_quotient(inner) and not self._all_in_brackets(token):
            divided = ast.BinOp(inner.left, ast.FloorDiv(), inner.right)
            return self._placed(divided, token), "bracket"
        if token.text in "⌊⌈":
            function = "floor" if token.text == "⌊" else "ceil"
            return self._placed(ast.Call(name_of(function), [inner], []), token), "bracket"
        return inner, "bracket"

    def _all_in_brackets(self, opened: Token) -> bool:
        """Whether what stands in the brackets that were closed just now is one bracket."""
        i = self._i - 2
        depth = 0
        while self._tokens[i].kind in ("close", "open") or depth:
            depth += {"close": 1, "open": -1}.get(self._tokens[i].kind, 0)
            if depth == 0:
                return self._tokens[i - 1] is opened
            i -= 1
        return False

    def _argument(self, token: Token) -> ast.expr:
        opened = self._take()
        if opened.text != "{":
            raise self.error(f"{token.text} needs braces: write {token.text}{{…}}", opened.start)
        return self._bracket(opened)[0]

    def _latex_root(self, token: Token) -> ast.expr:
        degree: ast.expr = self._placed(ast.Constant(2), token)
        if self._token.text == "[":
            degree = self._bracket(self._take())[0]
        inner = self._argument(token)
        match degree:
            case ast.Constant(value=2):
                return self._placed(ast.Call(name_of("sqrt"), [inner], []), token)
            case ast.Constant(value=3):
                return self._placed(ast.Call(name_of("cbrt"), [inner], []), token)
        exponent = self._placed(
            ast.BinOp(self._placed(ast.Constant(1), token), ast.Div(), degree), token
        )
        return self._placed(ast.BinOp(inner, ast.Pow(), exponent), token)

    def _cases(self, token: Token) -> ast.expr:
        self._deeper(token, "cases")
        rows: list[tuple[ast.expr, ast.expr | None]] = []
        while self._token.kind != "\\end":
            tree = self._expression()
            for wanted in ("&", "name"):
                if self._take().kind != wanted:
                    self._i -= 1
                    raise self.error(
                        r"a case is written: value & \text{for } condition", self._token.start
                    )
            otherwise = self._tokens[self._i - 1].text == "otherwise"
            rows.append((tree, None if otherwise else self._expression(True)))
            if self._token.kind == "\\\\":
                self._i += 1
        self._i += 1
        self._inside.pop()
        self._deep -= 1
        *before, (last, condition) = rows or [(ast.Constant(0), None)]
        if not rows or condition is not None or any(test is None for _, test in before):
            raise self.error(r"cases end in one with \text{otherwise}", token.start)
        for tree, test in reversed(before):
            assert test is not None
            last = self._placed(ast.IfExp(test, tree, last), token)
        return last
