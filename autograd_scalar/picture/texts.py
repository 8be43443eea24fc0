"""Texts in pictures: numbers in few digits, labels typeset or as typed, escaped for DOT.

Knows notation, and of a value its own label and number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..engine.value import Value
from ..notation.labels import has_small_scripts, read_label, unicode_label
from ..notation.numerals import decimal
from ..notation.terminal import printable
from ..notation.terminal import width as columns

FONT = "Arial"
FONT_SIZE = 11.0
MARGIN = 0.11  # inches, left and right of a text

NOT_COMPUTED = "\N{EN DASH}"
KIND_NAMES = {"leaf": "input", "parameter": "parameter", "constant": "constant"}

_LONGEST_LINE = 48
_MOST_LINES = 6


def short(number: float) -> str:
    """The number in few digits; the tooltip has them all."""
    return decimal(number, 4)


def named(v: Value) -> str:
    """A value in a word: its label, or what it comes from, and its number."""
    name = " ".join(label_lines(v.label)) or v.op or KIND_NAMES[v.kind]
    return f"{name} = {short(v.data)}"


def visible_lines(text: str) -> list[str]:
    """The lines of a text, characters that can't be seen spelled out; none of an empty one."""
    return [printable(line) for line in re.split(r"\r\n|\r|\n", text)] if text else []


def lines_of(text: str) -> list[str]:
    """The lines of a label as they are shown, cut where they would be too long or too many."""
    lines = visible_lines(text)
    lines = [cut if len(cut := line[:_LONGEST_LINE]) == len(line) else cut + "…" for line in lines]
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]


def label_lines(label: str, small: bool = True) -> list[str]:
    """A label as explanations typeset it, w₃₁ for `w_{31}`; any other line by line.

    small  whether scripts are written in small letters, where there are such
    """
    return lines_of(label if read_label(label).plain else unicode_label(label, small))


def have_small_scripts(values: Iterable[Value]) -> bool:
    """Whether all labels can have small letters: one without would look like another's kind."""
    return all(has_small_scripts(v.label) for v in values)


def dot_text(lines: Iterable[str]) -> str:
    """The lines as a label in DOT, whatever characters they have.

    Entities serve in records and elsewhere; a backslash is an escape even as an entity.
    Spaces that Graphviz would drop become no-break spaces, an empty line one of those.
    """
    kept = (re.sub(r"^ | (?= |$)", "\xa0", line) or "\xa0" for line in lines)
    return r"\n".join(
        re.sub(r'[&<>{}|"\xa0]', lambda match: f"&#{ord(match[0])};", line.replace("\\", r"\\"))
        for line in kept
    )


def width(lines: Iterable[str], size: float = FONT_SIZE) -> float:
    """Inches that fit the longest of the lines in any common sans-serif font.

    Renderers know different fonts, and the embedded one few characters beyond ASCII; with
    this width as the least, they agree on the layout.
    """
    ems = max(sum(map(_character_width, line)) for line in lines)
    return ems * size / 72 + 2 * MARGIN


def _character_width(character: str) -> float:
    if character in "ijlI.,:;|!'()[]{}- ":
        return 0.38
    if character in "mwMW@%":
        return 1.0
    if columns(character) != 1:
        return 0.6 * columns(character)
    return 0.75 if character.isupper() else 0.62
