"""What notebooks show of an object: one bundle of texts, from which each front end takes one.

Knows HTML, and nothing of what is shown.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Iterable
from typing import Any

#: Makes one form of an object, or None where it has no such form.
Form = Callable[[], Any]


def bundle(
    forms: dict[str, Form], include: Collection[str] | None, exclude: Collection[str] | None
) -> dict[str, Any]:
    """The forms that a front end wants, by MIME type; only those are made.

    A form that is None is left out: an empty one would be shown in place of the others.

    >>> bundle({"text/plain": lambda: "x = 1", "text/latex": lambda: None}, None, [])
    {'text/plain': 'x = 1'}
    """
    made = {
        kind: form()
        for kind, form in forms.items()
        if (not include or kind in include) and kind not in (exclude or ())
    }
    return {kind: form for kind, form in made.items() if form is not None}


def table(rows: Iterable[Iterable[str]]) -> str:
    """An HTML table of texts, each shown as it is; the first row is its head.

    >>> print(table([["value"], ["a < b"]]))
    <table>
    <tr><th>value</th></tr>
    <tr><td>a &lt; b</td></tr>
    </table>
    """
    head, *rest = [[html.escape(each) for each in row] for row in rows]
    lines = [f"<tr>{''.join(f'<th>{each}</th>' for each in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{each}</td>' for each in row)}</tr>" for row in rest]
    return "\n".join(["<table>", *lines, "</table>"])
