"""A name in mathematics: a variable, a constant, or a function and what it is applied to."""

from __future__ import annotations

import ast
import keyword
import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import NoReturn

from ..algebra.trees import name as name_of
from ..table.registry import OPCODES
from .cursor import CHOOSING, CLOSED_BY, Cursor
from .meanings import CONSTANTS, RUN_TOGETHER, Meanings, advice
from .scanning import Names, Scanner, Token

PRODUCTS: dict[str, type[ast.operator]] = {
    "*": ast.Mult,
    "·": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
}


class Named(Cursor, ABC):
    """Reads names.

    With a factor comes its kind, by which it may have another one beside it: "number",
    "constant", "e", "name", "call", "prefix" for sin x, "bracket", "bars", "root", and of a power
    "raised" for x², "typed" for x^2, and "power" for x^(2).
    """

    def __init__(self, text: str, functions: Collection[str], names: Collection[str]) -> None:
        self._meanings = Meanings(text, functions, names)
        scanner = Scanner(text, Names(self._meanings.known))
        super().__init__(text, scanner.places, scanner.tokens)

    @abstractmethod
    def _expression(self, condition: bool = False) -> ast.expr: ...

    @abstractmethod
    def _power(self) -> tuple[ast.expr, str]: ...

    @abstractmethod
    def _atom(self) -> tuple[ast.expr, str]: ...

    @abstractmethod
    def _goes_on(self, token: Token, kind: str) -> bool: ...

    def _named(self, token: Token) -> tuple[ast.expr, str]:
        label = token.text
        following = self._token
        opens = following.kind == "open" and following.text in "([{"
        is_variable = self._meanings.is_variable(label)
        function = (
            "" if label in self._meanings.arguments else self._meanings.function(label, opens)
        )
        if function and is_variable and label not in self._meanings.functions:
            if opens:
                raise self.error(
                    f"{label} has a value here, and is a function too: write {label}*(…) or "
                    f"{function}(…)",
                    token.start,
                )
            function = ""
        if function:
            return self._call(token, function)
        base = self._base_of(token) if opens or label.startswith("log_") else None
        if base is not None:
            return self._call(token, "log", base)
        if keyword.iskeyword(label):
            if label in CHOOSING:
                self._i -= 1
                self._unexpected(token)
            raise self.error(
                f"{label} is a reserved word: take another name, such as {label}_", token.start
            )
        if not is_variable:
            constant = CONSTANTS.get(label)
            if constant:
                return self._placed(ast.Name(constant), token), "constant"
            if label == "e" and "exp" in self._meanings.functions:
                one = self._placed(ast.Constant(1), token)
                return self._placed(ast.Call(name_of("exp"), [one], []), token), "e"
            if label == "Σ" or label.startswith("Σ_"):
                raise self.error("Σ stands for a sum: write its terms", token.start)
            if RUN_TOGETHER.fullmatch(label):
                meant = advice(
                    label,
                    [re.sub("^(π|sin|cos|tan|ln|log|exp|sqrt)", "", label)],
                    self._meanings.functions,
                )
                raise self.error(f"{label} is one name: write {meant}", token.start)
        if following.kind == "open" and following.text == "(" and not is_variable:
            self._unknown_function(token)
        return self._placed(ast.Name(label), token), "name"

    def _base_of(self, token: Token) -> ast.expr | None:
        """The 3 of log_3."""
        found = re.fullmatch(r"log_(?:([0-9]{1,9})|\{?([^\W\d]\w*)\}?)", token.text)
        if not found or token.text in self._meanings.known or "log" not in self._meanings.functions:
            return None
        if found[1]:
            return self._placed(ast.Constant(int(found[1])), token)
        return self._placed(ast.Name(found[2]), token)

    def _unknown_function(self, token: Token) -> NoReturn:
        label = token.text
        raise self.error(
            f"unknown function {label!r} (to multiply, write {label}*(…)); "
            f"{self._meanings.instead_of(label)}",
            token.start,
        )

    def _call(self, token: Token, function: str, *beside: ast.expr) -> tuple[ast.expr, str]:
        exponent: ast.expr | None = None
        if self._token.kind in ("^", "**"):
            exponent = self._exponent_of(token, function)
        following = self._token
        if following.kind == "open" and following.text in "([{":
            arguments, kind = self._arguments_of(token, function), "call"
        elif self._is_operand(following) and self._meanings.arities.get(function, 1) == 1:
            arguments, kind = [self._without_bracket(token, function)], "prefix"
        else:
            raise self.error(f"{token.text} is a function: write {token.text}(...)", token.start)
        callee = self._placed(ast.Name(function), token)
        tree: ast.expr = self._placed(ast.Call(callee, [*arguments, *beside], []), token)
        if exponent is not None:
            tree = self._placed(ast.BinOp(tree, ast.Pow(), exponent), token)
            kind = "raised" if kind == "call" else kind
        return tree, kind

    def _is_operand(self, token: Token) -> bool:
        if token.kind == "name":
            return not keyword.iskeyword(token.text)
        return token.kind in ("number", "fraction", "√", "∛", "frac", "sqrt") or (
            token.kind == "|" and self._inside[-1:] != ["|"]
        )

    def _exponent_of(self, token: Token, function: str) -> ast.expr:
        """The 2 of sin² x."""
        power = self._take()
        sign = self._take() if self._token.kind == "-" else None
        if self._token.kind == "name":
            raise self.error(f"write the power behind: ({token.text}(…))^…", power.start)
        exponent, _ = self._atom()
        if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
            sign, exponent = power, exponent.operand
        name = token.text
        if function not in OPCODES:
            raise self.error(
                f"{name} to a power is a power of its value, or {name} of {name}: write "
                f"({name}(…))^… or {name}({name}(…))",
                power.start,
            )
        if sign is not None:
            inverse = f"arc{function}(x) or " if f"a{function}" in self._meanings.functions else ""
            raise self.error(
                f"{name}⁻¹ is the inverse function or one over {name}: write {inverse}1/{name}(x)",
                power.start,
            )
        if not isinstance(exponent, ast.Constant) or not isinstance(exponent.value, int):
            raise self.error(f"write the power behind: ({name}(…))^…", power.start)
        return exponent

    def _arguments_of(self, token: Token, function: str) -> list[ast.expr]:
        opened = self._take()
        self._deeper(opened, "call")
        found: list[ast.expr] = []
        commas: list[int] = []
        while self._token.text != CLOSED_BY[opened.text]:
            if self._token.kind == "*":
                self._unexpected(self._token)
            found.append(self._expression())
            if self._token.kind == "=":
                raise self.error("the arguments of a function have no names here", token.start)
            if self._token.kind != ",":
                break
            commas.append(self._i)
            self._i += 1
        self._close(opened, CLOSED_BY[opened.text])
        if len(commas) == 1 and (self._meanings.arities.get(function) == 1 or function == "log"):
            around = self._tokens[commas[0] - 1 : commas[0] + 2]
            if [each.text.isdigit() for each in around] == [True, False, True]:
                a, comma, b = around
                if not (comma.spaced or b.spaced):
                    two = f", or {token.text}({a.text}, {b.text})" if function == "log" else ""
                    raise self.error(
                        f"a comma separates arguments: write {token.text}({a.text}.{b.text}){two}",
                        comma.start,
                    )
        return found

    def _without_bracket(self, token: Token, function: str) -> ast.expr:
        """The argument of `sin 2x`: a number, constants, and at most one thing more."""
        start = self._token.start
        tree: ast.expr | None = None
        while True:
            first = self._token
            factor, kind = self._power()
            if tree is None:
                tree = factor
            else:
                tree = self._placed(ast.BinOp(tree, ast.Mult(), factor), first)
            if self._token.kind == "name" and self._meanings.function(self._token.text, False):
                break
            if kind not in ("number", "constant", "e") or not self._goes_on(self._token, kind):
                break
        after = self._token
        operator = after.kind in PRODUCTS
        beyond = self._tokens[self._i + operator] if after.kind != "end" else after
        by_function = beyond.kind == "name" and self._meanings.function(beyond.text, True)
        # sin x cos x can only be a product of both; sin x · y could be either.
        if (operator or self._is_operand(after) or after.kind == "open") and not by_function:
            argument = self._source(start)
            rest = f"{after.text if operator else '*'}{beyond.text if operator else after.text}"
            raise self.error(
                f"{token.text} of how much? Write {token.text}({argument}){rest} or "
                f"{token.text}({argument}{rest})",
                after.start,
            )
        return tree
