"""Text laid out for a terminal: display widths, aligned columns, excerpts, any encoding."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TextIO


def width(text: str) -> int:
    """How many columns `text` takes: wide characters take two, combining ones none.

    >>> width("x"), width("値"), width("e\\u0301")
    (1, 2, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def shortened(text: str, columns: int) -> str:
    """As much of the beginning of `text` as fits into so many columns.

    >>> shortened("abc", 2), shortened("値x", 2)
    ('ab', '値')
    """
    used = 0
    for i, char in enumerate(text):
        used += width(char)
        if used > columns:
            return text[:i]
    return text


# They hold the letters of some scripts and the parts of some emoji together.
_JOINERS = "\u200c\u200d"


def printable(text: str, encoding: str = "utf-8") -> str:
    """`text` in one line, with an escape for each character that has no shape of its own.

    Those are what a terminal would obey, what turns the direction of a text around, and what
    the encoding can't hold. The escapes are Python's.

    >>> print(printable("a\\nb\\x1b[2J\\u202e"))
    a\\nb\\x1b[2J\\u202e
    """
    if text.isprintable() and can_show(text, encoding):
        return text
    return "".join(
        char
        if (char.isprintable() or char in _JOINERS) and can_show(char, encoding)
        else ascii(char)[1:-1]
        for char in text
    )


def can_show(text: str, encoding: str) -> bool:
    """Whether `text` can be written in this encoding."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def encoding_of(stream: TextIO) -> str:
    """The encoding of a stream; one that has none, such as a `StringIO`, takes anything."""
    return getattr(stream, "encoding", None) or "utf-8"


def write(stream: TextIO | None, text: str) -> None:
    """Write a line or more; what the stream's encoding lacks is written as an escape.

    A program without a terminal may have no stream; then there is nobody to tell.
    """
    if stream is not None:
        encoding = encoding_of(stream)
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def marked(line: str, column: int, encoding: str = "utf-8", before: int = 48) -> str:
    """`line`, shortened around `column`, and under it a caret at that column.

    >>> print(marked("1 + ?", 4))
      1 + ?
          ^
    """
    start = max(0, column - before) if len(line) > before else 0
    stop = max(start, column - before) + 76
    lead = "..." if start else ""
    left = lead + printable(line[start:column], encoding)
    right = printable(line[column:stop], encoding) + ("..." if stop < len(line) else "")
    return f"  {left}{right}\n  {' ' * width(left)}^"


def columns(rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> list[str]:
    """The rows as lines of left-aligned columns; rows may be shorter than others.

    >>> columns([["name", "value"], ["x", "0.5"]])
    ['name  value', 'x     0.5']
    """
    rows = [[printable(cell, encoding) for cell in row] for row in rows]
    widths: list[int] = []
    for row in rows:
        for i, cell in enumerate(row):
            if i == len(widths):
                widths.append(0)
            widths[i] = max(widths[i], width(cell))
    return [
        "  ".join(
            cell + " " * (space - width(cell)) for cell, space in zip(row, widths, strict=False)
        ).rstrip()
        for row in rows
    ]
