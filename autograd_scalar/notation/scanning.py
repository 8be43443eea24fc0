"""Mathematics as people type it, cut into numbers, names, operators and brackets.

A name may carry scripts as it is typed, as it is printed and as LaTeX has it: `w_11`, `w₁₁⁽¹⁾`
and `w_{11}^{(1)}` are one token each. A raised power is cut into `^` and a bracket.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..table.language import ExpressionError
from .labels import GREEK, plain_label, read_label, unicode_label
from .terminal import marked

#: Longer texts are refused.
LONGEST = 100_000

# Longer names are only what they are, letter by letter: typesetting goes into every script.
_LONGEST_LABEL = 100

# What is written for what: typographic variants, and LaTeX's commands.
_SAME = {
    **dict.fromkeys("−–", "-"),
    **dict.fromkeys("×⋅∙∗\u2062", "*"),
    **dict.fromkeys("÷:∕⁄", "/"),
    **dict.fromkeys("′’ʹ", "'"),
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∣": "|",
}
_MACROS = {
    "cdot": "·",
    "times": "*",
    "ast": "*",
    "div": "/",
    "bmod": "%",
    "mod": "%",
    "le": "<=",
    "leq": "<=",
    "ge": ">=",
    "geq": ">=",
    "lt": "<",
    "gt": ">",
    "ne": "!=",
    "vert": "|",
    "lvert": "|",
    "rvert": "|",
    "neq": "!=",
    "partial": "∂",
    "sum": "∑",
    "dots": "…",
    "ldots": "…",
    "cdots": "…",
    "prime": "'",
    "approx": "≈",
    "infty": "∞",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "{": "{",
    "}": "}",
    "\\": "\\\\",
}
_SPACES = {",", ";", ":", "!", " ", "quad", "qquad", "displaystyle", "textstyle", "limits"}
_SIZES = {"left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "middle"}
_FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac"}
_UPRIGHT = {"mathrm", "operatorname", "text", "mathit", "mathsf", "textrm", "mathbf"}
_OPERATORS = {
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "exp", "ln"),
    *("log", "lg", "max", "min", "cot", "sec", "csc"),
}
_ACCENTS = {"hat", "bar", "tilde", "vec", "dot"}
_OPENING, _CLOSING = "([{⌊⌈", ")]}⌋⌉"
_OPERATOR = re.compile(r"\*\*|//|:=|<=|>=|==|!=|[-+*/%^=<>,;·|'√∛≠…∂∑&@≈]")
_NUMBER = re.compile(
    r"0[xX][\da-fA-F]+(?:_[\da-fA-F]+)*|0[bB][01]+|0[oO][0-7]+"
    r"|(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+)?"
)
_GROUP = r"\{([^{}]{1,60}|[^{}]{0,30}\{[^{}]{1,30}\}[^{}]{0,30})\}"
_LOWERED = re.compile(rf"_(?:{_GROUP}|([0-9]+|[^\W\d_])|(\\[A-Za-z]{{1,20}}))")
_NAMED = re.compile(r"\^\{((?:\(\s*[\w+\-]{1,20}\s*\))|(?:\[[\w+\-]{1,20}\]))\}")
_RAISED = re.compile(rf"\^(?:{_GROUP}|(\([\w+\-]{{1,20}}\)|\[[\w+\-]{{1,20}}\]|\w{{1,20}}))")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text.

    kind    "number", "fraction", "name", "open", "close", "end", "text" for words in LaTeX, and
            for all else the piece itself: an operator, a separator, "frac", "sqrt", "cases"
    text    what it is: an operator's plain spelling, a name's label
    start   its place, which `end` is behind
    spaced  whether there is room before it
    raised  whether it stands for letters that were written small and high
    """

    kind: str
    text: str
    start: int
    end: int
    spaced: bool = False
    raised: bool = False


class ReadingError(ExpressionError):
    """Text that can't be read as mathematics.

    message       what was read, and what to write
    source        the line of the text
    line, column  where in it: lines count from 1, columns from 0

    As text it shows the line, with a caret under the place.
    """

    def __init__(self, message: str, source: str, line: int, column: int) -> None:
        # It may quote what was read, which may be long.
        message = message if len(message) <= 500 else f"{message[:500]}..."
        super().__init__(message, column, line)
        self.message = message
        self.source = source

    def __str__(self) -> str:
        return f"{self.message}\n{marked(self.source, self.column)}"


class Places:
    """The lines of a text, for errors and syntax trees to point into.

    >>> Places("a = 1\\nb").at(6)
    (2, 0)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def at(self, offset: int) -> tuple[int, int]:
        """The line, from 1, and the column, from 0."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1]

    def error(self, message: str, offset: int) -> ReadingError:
        line, column = self.at(offset)
        source = self.text[self._starts[line - 1] :].partition("\n")[0]
        return ReadingError(message, source, line, column)


@lru_cache(4096)
def _small(c: str) -> tuple[str, str]:
    """What a letter stands for that is written small: "sub" or "super", and the letter."""
    kind, _, code = unicodedata.decomposition(c).partition(" ")
    if kind in ("<sub>", "<super>") and " " not in code:
        letter = unicodedata.normalize("NFKC", chr(int(code, 16)))
        return kind[1:-1], letter.replace("−", "-")
    return "", c


@lru_cache(4096)
def _continues(c: str) -> bool:
    """Whether a character is part of a name that has begun."""
    # Python takes the middle dot for a letter, which Catalan needs; here it multiplies.
    return c == "_" or (("a" + c).isidentifier() and not _small(c)[0] and c not in "··")


def key_of(label: str) -> str:
    """Equal for labels that are typeset alike: `w31`, `w_31` and `w_{31}`."""
    return unicode_label(label, small=False) if len(label) <= _LONGEST_LABEL else label


class Names:
    """Names that have a meaning already, which may be any labels."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._by_key: dict[str, list[str]] = {}
        self._odd: set[str] = set()
        for each in labels:
            self._by_key.setdefault(key_of(each), []).append(each)
            if not each.isidentifier():
                self._odd.add(each)
        for each in self._odd:
            self._by_key.setdefault(key_of(plain_label(each)), [each])
        self._lengths = sorted({len(each) for each in self._odd}, reverse=True)

    def alike(self, label: str) -> list[str]:
        """Those that are typeset as `label` is."""
        return self._by_key.get(key_of(label), [])

    def typed(self, text: str, at: int) -> str:
        """The longest label, letter by letter, that stands here; "" for none."""
        for length in self._lengths:
            label = text[at : at + length]
            if label in self._odd and not _continues(text[at + length : at + length + 1] or " "):
                return label
        return ""


class Scanner:
    """Cuts a text into `tokens`."""

    def __init__(self, text: str, names: Names) -> None:
        self.places = Places(text)
        if len(text) > LONGEST:
            raise self.places.error(
                f"the expression has {len(text):,} characters, the limit is {LONGEST:,}", 0
            )
        self._text = text
        self._names = names
        # A formula in Markdown stands between dollars.
        self._dollars = len(text) - len(text.lstrip(" $")), len(text.rstrip(" $"))
        self.tokens: list[Token] = []
        self._spaced = False
        at = 0
        while at < len(text):
            at = self._next(at)
        self._add("end", "", len(text), len(text))

    def _add(self, kind: str, text: str, start: int, end: int, raised: bool = False) -> int:
        self.tokens.append(Token(kind, text, start, end, self._spaced, raised))
        self._spaced = False
        return end

    def _next(self, at: int) -> int:
        text = self._text
        c = text[at]
        if c == "\n":
            return self._add("\n", c, at, at + 1)
        if c.isspace() or c in "\u2061\u200a" or text.startswith("\\\n", at):
            self._spaced = True
            return at + (2 if c == "\\" else 1)
        if c == "#":
            end = text.find("\n", at)
            return end if end >= 0 else len(text)
        known = self._names.typed(text, at)
        if known:
            return self._add("name", known, at, at + len(known))
        if c in "0123456789" or (c == "." and text[at + 1 : at + 2] in {*"0123456789"}):
            return self._number(at)
        if _small(c)[0] == "super":
            return self._power(at)
        if c == "\\":
            return self._macro(at)
        if c.isidentifier() and not _small(c)[0]:
            return self._name(at)
        if c in _OPENING:
            return self._add("open", c, at, at + 1)
        if c in _CLOSING:
            return self._add("close", c, at, at + 1)
        parts = unicodedata.decomposition(c).split(" ")
        if parts[0] == "<fraction>":
            shown = "".join(chr(int(part, 16)) for part in parts[1:])
            return self._add("fraction", shown.replace("⁄", "/"), at, at + 1)
        if c == "∞":
            return self._add("name", "inf", at, at + 1)
        if c == "$" and not self._dollars[0] <= at < self._dollars[1]:
            return at + 1
        spelled = _SAME.get(c)
        operator = _OPERATOR.match(text, at)
        if spelled is None and operator is None:
            raise self.places.error(_stray(c), at)
        if operator is not None and (spelled is None or operator[0] == ":="):
            kind = operator[0].replace(":=", "=")
            return self._add(kind, kind, at, operator.end())
        return self._add(spelled or "", spelled or "", at, at + 1)

    def _number(self, at: int) -> int:
        text = self._text
        comma = re.compile(r"([0-9]+)\{,\}([0-9]+)").match(text, at)
        if comma:
            return self._add("number", f"{comma[1]}.{comma[2]}", at, comma.end())
        found = _NUMBER.match(text, at)
        assert found is not None
        after = text[found.end() : found.end() + 3]
        if found[0] == "0" and after[:1] in {*"xXbBoO"} and after[1:2].isalnum():
            raise self.places.error(
                f"0{after[0]} begins a number in other digits; to multiply, write 0*{after[0]}", at
            )
        if after[:2] in ("e−", "e–", "E−", "E–") and after[2:].isdigit():
            raise self.places.error(
                f"{found[0]}{after} is {found[0]}e-{after[2]} with the sign of a keyboard, or "
                f"{found[0]}*e - {after[2]}: write one of them",
                at,
            )
        return self._add("number", found[0], at, found.end())

    def _power(self, at: int) -> int:
        """A run of small high letters, as `^` and a bracket."""
        end = at
        while end < len(self._text) and _small(self._text[end])[0] == "super":
            end += 1
        inner = "".join(_small(c)[1] for c in self._text[at:end])
        if re.search(r"[^\W\d]\d", inner):
            raise self.places.error(
                f"{self._text[at:end]} has a power in a power, or a name: write ^(…)", at
            )
        self._add("^", "^", at, at + 1, True)
        self._add("open", "(", at, at + 1, True)
        try:
            tokens = Scanner(inner, self._names).tokens[:-1]
        except ReadingError as error:
            raise self.places.error(error.message, at + error.column) from None
        for token in tokens:
            self._spaced = token.spaced
            self._add(token.kind, token.text, at + token.start, at + token.end, True)
        return self._add("close", ")", end - 1, end, True)

    def _macro(self, at: int) -> int:
        text = self._text
        found = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL).match(text, at)
        if found is None:
            raise self.places.error(_stray("\\"), at)
        name, end = found[1].removesuffix("*"), found.end()
        if name in _SPACES or name in _SIZES or found[0] in (r"\(", r"\)", r"\[", r"\]"):
            self._spaced = True
            return end
        if name in _MACROS:
            spelled = _MACROS[name]
            if spelled == "∞":
                return self._add("name", "inf", at, end)
            kind = "open" if spelled in _OPENING else "close" if spelled in _CLOSING else spelled
            return self._add(kind, spelled, at, end)
        if name in _FRACTIONS:
            return self._add("frac", "\\frac", at, end)
        if name == "sqrt":
            return self._add("sqrt", "\\sqrt", at, end)
        environment = re.compile(r"\{\s*cases\s*\}").match(text, end)
        if name in ("begin", "end") and environment:
            return self._add(f"\\{name}", "cases", at, environment.end())
        upright = re.compile(r"\s*\{((?:[^{}]|\\text\{[^{}]\})*)\}").match(text, end)
        if name in _UPRIGHT and upright:
            word = _plain(upright[1]).replace("\\ ", " ").strip()
            if word.isidentifier():
                return self._scripts(word, at, upright.end())
            return self._add("text", word, at, upright.end())
        accented = re.compile(r"\{(\\?[A-Za-z]+)\}").match(text, end)
        if name in _ACCENTS and accented:
            return self._scripts(f"\\{name}{{{accented[1]}}}", at, accented.end())
        letter = GREEK.get(name) or GREEK.get(name.removeprefix("var"))
        if letter:
            return self._scripts(letter, at, end)
        if name in _OPERATORS:
            return self._scripts(name, at, end)
        raise self.places.error(f"{found[0]} is no part of an expression", at)

    def _name(self, at: int) -> int:
        text, end = self._text, at + 1
        if text[at] == "_" and text[end : end + 1] in ("{", "\\"):
            raise self.places.error("_ lowers a part of a name: write x_1^2, the index first", at)
        while end < len(text) and _continues(text[end]):
            end += 1
        if text[end : end + 1] in ("{", "\\") and text[end - 1] == "_" and end - 1 > at:
            end -= 1
        return self._scripts(unicodedata.normalize("NFKC", text[at:end]), at, end)

    def _scripts(self, base: str, at: int, end: int) -> int:
        """A name from its base on: what is lowered, primes, and what is raised and part of it."""
        text = self._text
        primes = re.compile("['′’ʹ]{1,3}").match(text, end)
        if primes:
            end = primes.end()
        label = base + "'" * len(primes[0] if primes else "")
        low = end
        while low < len(text) and _small(text[low])[0] == "sub":
            low += 1
        lowered = _LOWERED.match(text, end)
        if low > end:
            script = "".join(_small(c)[1] for c in text[end:low])
            label, end = label + _script("_", script), low
        elif lowered:
            label, end = label + _script("_", _lowered(lowered)), lowered.end()
        if primes and not self._names.alike(label):
            raise self.places.error(
                f"{base}′ can be a derivative, which is to be found first, or a name; as a "
                f"name write {base}_1",
                at,
            )
        label, end = self._raised(label, end)
        late = _LOWERED.match(text, end)
        if late and "^" in label and "_" not in label:
            label += _script("_", _lowered(late))
            end = late.end()
        known = self._names.alike(label)
        if len(known) > 1 and text[at:end] not in known:
            raise self.places.error(
                f"this can be {' or '.join(sorted(known))}: write one of them", at
            )
        if not label.isidentifier() and not known and read_label(label).plain:
            raise self.places.error(f"{text[at:end]} is no name: write w_{{12}} or w_12", at)
        return self._add("name", label if label in known or not known else known[0], at, end)

    def _raised(self, label: str, end: int) -> tuple[str, int]:
        """A name with the script above it, where that is part of it and no power."""
        text = self._text
        high = end
        while high < len(text) and _small(text[high])[0] == "super":
            high += 1
        if high > end:
            script = "".join(_small(c)[1] for c in text[end:high])
            bracket = re.compile(r"\([\w+\-]+\)").match(script)
            if self._names.alike(label + _script("^", script)):
                return label + _script("^", script), high
            if bracket:
                return label + _script("^", bracket[0]), end + bracket.end()
        named = _NAMED.match(text, end)
        if named and label != "e":
            return f"{label}^{{{named[1].replace(' ', '')}}}", named.end()
        raised = _RAISED.match(text, end)
        if raised and self._names.alike(label + _script("^", raised[1] or raised[2])):
            return label + _script("^", raised[1] or raised[2]), raised.end()
        return label, end


def _plain(text: str) -> str:
    """A name in LaTeX without the commands that set it upright."""
    return re.sub(r"\\(?:mathrm|text)\{([^{}]*)\}", r"\1", text)


def _lowered(match: re.Match[str]) -> str:
    return _plain(match[1] or match[2] or match[3]).strip()


def _script(mark: str, script: str) -> str:
    # In braces a bracket above is certainly part of the name, and no power.
    return mark + (script if script.isalnum() and script.isascii() else f"{{{script}}}")


def _stray(c: str) -> str:
    if not c.isprintable():
        return f"an expression can't contain the character {c!a}"
    if c == "°":
        return "angles are in radians: write 30° as 30*pi/180"
    if c == "!":
        return "there is no factorial"
    if c == ".":
        return "a point is part of a number only; functions have no prefix: write exp(...)"
    return f"{c} is no part of an expression"


def name_in(text: str, names: Iterable[str] = ()) -> str:
    """The label that a text is, however it is written; "" for what is no name.

    names  labels that are known: one of them that is typeset alike is the answer

    >>> name_in("w₁₁⁽¹⁾"), name_in("w₁", ["w1"]), name_in("x + 1")
    ('w_11^{(1)}', 'w1', '')
    """
    try:
        tokens = Scanner(text, Names(names)).tokens
    except ReadingError:
        return ""
    return tokens[0].text if [token.kind for token in tokens] == ["name", "end"] else ""
