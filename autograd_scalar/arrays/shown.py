"""An array as notebooks show it: its elements in a table, each as it is shown by itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..engine.value import Value

#: Of an array with more elements only the text is shown, which leaves most of them out.
_MOST = 400


def forms(
    array: Any, include: Collection[str] | None, exclude: Collection[str] | None
) -> dict[str, str]:
    """The forms of an array that a front end wants, by MIME type."""
    made = {"text/plain": repr(array)}
    if array.ndim in (1, 2) and 0 < array.size <= _MOST:
        rows = array.reshape(-1, array.shape[-1]).tolist()
        made["text/html"] = _table(rows)
        made["text/latex"] = _matrix(rows)
    return {
        kind: form
        for kind, form in made.items()
        if (not include or kind in include) and kind not in (exclude or ())
    }


def _table(rows: list[list[Any]]) -> str:
    cells = [[f"<td>{_shown(each, 'text/html')}</td>" for each in row] for row in rows]
    return "\n".join(["<table>", *(f"<tr>{''.join(row)}</tr>" for row in cells), "</table>"])


def _matrix(rows: list[list[Any]]) -> str:
    lines = [" & ".join(_shown(each, "text/latex").strip("$") for each in row) for row in rows]
    return "$\\begin{pmatrix} " + " \\\\ ".join(lines) + " \\end{pmatrix}$"


def _shown(element: Any, kind: str) -> str:
    # A plain number is a constant of the same number.
    v: Any = element if type(element) is Value else Value(element)
    return str(v._repr_mimebundle_(include=[kind])[kind])
