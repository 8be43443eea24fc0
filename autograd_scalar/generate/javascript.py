"""The rows of the table as JavaScript, for the page that plays a graph."""

from __future__ import annotations

from ..exploring import javascript
from ..table.primitives import ROWS


def source() -> str:
    """The text of `rows.js`: all rows that come with the table."""
    return javascript.source(ROWS)
