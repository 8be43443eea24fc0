"""Where a reader of mathematics stands: its tokens, the brackets that are open, and errors."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NoReturn, TypeVar

from .scanning import Places, ReadingError, Token

#: How many brackets, signs and exponents may be open inside one another.
DEEPEST = 100

CHOICE = (
    "comparisons and choices are not part of an expression; "
    "use maximum, minimum, abs or where(condition, x, y)"
)
TOO_DEEP = f"brackets, signs and powers are nested more than {DEEPEST} deep; write named steps"
# What to say of signs in the wrong place.
_POWERLESS = "a power needs something before it; the cube root is cbrt(x)"
_SAYS = {
    "=": "steps are written name = expression",
    ",": "a comma separates the arguments of a function; one and a half is 1.5",
    "'": "′ is a derivative, which is to be found first, or a quotation mark",
    "∂": "∂ stands for what is still to be worked out; write the expression",
    "∑": "∑ stands for a sum: write its terms",
    "…": "… stands for terms that are left out; write them all",
    "≈": "≈ is a number in few digits; write one side of it",
    "@": "@ is no operation on numbers; to multiply, write *",
    "&": "& separates columns in LaTeX, and is no operation here",
    "^": _POWERLESS,
    "**": _POWERLESS,
}
CHOOSING = ("and", "or", "not", "in", "is", "if", "else")
CLOSED_BY = {"(": ")", "[": "]", "{": "}", "⌊": "⌋", "⌈": "⌉"}

_Expression = TypeVar("_Expression", bound=ast.expr)


class Cursor:
    """A place among the tokens of a text."""

    def __init__(self, text: str, places: Places, tokens: Sequence[Token]) -> None:
        self._text, self._places, self._tokens = text, places, tokens
        self._i = 0
        self._inside: list[str] = []  # the brackets that are open; "call" for a function's
        self._deep = 0

    @property
    def _token(self) -> Token:
        while self._inside and self._tokens[self._i].kind == "\n":
            self._i += 1
        return self._tokens[self._i]

    def _take(self) -> Token:
        token = self._token
        self._i += token.kind != "end"
        return token

    def error(self, message: str, offset: int) -> ReadingError:
        return self._places.error(message, offset)

    def _source(self, start: int) -> str:
        """What was read since `start`, for messages."""
        return self._text[start : self._tokens[self._i - 1].end].strip()

    def _placed(self, node: _Expression, token: Token) -> _Expression:
        node.lineno, node.col_offset = self._places.at(token.start)
        return node

    def _unexpected(self, token: Token) -> NoReturn:
        kind, text = token.kind, token.text
        before = self._tokens[self._i - 1].text if self._i else ""
        if kind == "name" and text in CHOOSING:
            message = CHOICE
        elif kind == "close":
            message = f"unmatched {text}: nothing that it closes is open here"
        elif kind in _SAYS:
            message = _SAYS[kind]
        elif kind in ("==", "!="):
            message = f"comparisons with {text} are not part of an expression"
        elif kind == "text":
            message = f"{text!r} is text, and no part of an expression"
        elif kind in ("end", "\n", ";"):
            message = f"invalid syntax: something is missing after {before}"
            if before in ("", ";", "\n"):
                message = "the expression is empty"
        else:
            message = f"invalid syntax: something is missing before {text}"
        raise self.error(message, token.start)

    def _deeper(self, token: Token, bracket: str) -> None:
        self._inside.append(bracket)
        self._nest(token)

    def _nest(self, token: Token) -> None:
        self._deep += 1
        if self._deep > DEEPEST:
            raise self.error(TOO_DEEP, token.start)

    def _close(self, opened: Token, closer: str) -> None:
        token = self._token
        if token.text == ";" and self._inside[-1] == "call":
            raise self.error(
                "arguments are separated by a comma, and 1,5 is written 1.5", token.start
            )
        if token.kind in ("end", ";", "\n"):
            raise self.error(f"{opened.text} was never closed: {closer} is missing", opened.start)
        if token.text != closer:
            if token.kind == "close":
                raise self.error(
                    f"{opened.text} is closed by {closer}, not by {token.text}", token.start
                )
            self._unexpected(token)
        self._inside.pop()
        self._deep -= 1
        self._i += 1
