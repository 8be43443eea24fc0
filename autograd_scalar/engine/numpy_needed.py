"""NumPy for what can't do without it, as arrays and batches; numbers, lists and Values can."""

from __future__ import annotations

from typing import Any


def numpy_for(what: str) -> Any:
    """NumPy; without it an `ImportError` that says what needs it."""
    try:
        import numpy
    except ImportError as error:
        raise ImportError(f"{what} needs NumPy: pip install numpy") from error
    return numpy
