"""Where the first NaN or infinity was made, forward or backward."""

from __future__ import annotations

import linecache
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..engine.modes import watch
from ..engine.numbers import described
from ..engine.value import Value, toposort
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE
from .recorded import adjoints


class AnomalyError(RuntimeError):
    """A NaN or an infinity was made while `detect_anomaly` was looking."""


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside, the first NaN or infinity is an `AnomalyError`, in this thread.

    In the forward pass that is a primitive's result, in the backward pass an adjoint, in
    forward mode a tangent; the message names the primitive, its operands and labels, and the
    line that recorded it, or whose derivative was being taken.
    Recording and sweeping are slower inside, and cost nothing more outside.

    >>> x = Value(1e200, "x")
    >>> with detect_anomaly():
    ...     y = x * x  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_scalar.transforms.anomaly.AnomalyError: mul: x * y is inf for x = 1e+200 ...
    ...
    """
    with watch(_Detector()):
        yield


# This package is no place where a person looks for a mistake.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = _PACKAGE + os.sep


class _Detector:
    def __init__(self) -> None:
        self._places: dict[Value, str] = {}
        self._differentiated: Value | None = None

    def recorded(self, v: Value, row: Primitive, operands: Sequence[Value]) -> None:
        # What a derivative is made of belongs to the line whose derivative it is.
        of = self._differentiated
        place = _place() if of is None else self._place_of(of)
        if not math.isfinite(v.data):
            raise AnomalyError(
                f"{row.name}: {row.value} is {v.data} for {described(row, operands)}\n{place}"
            )
        self._places[v] = place

    def sweeping(self, root: Value, seed: float) -> None:
        order = toposort(root)
        adjoints(order, {root: seed}, [v for v in order if v.kind != "constant"], False)

    def differentiating(self, v: Value | None) -> None:
        self._differentiated = v

    def flowed(self, v: Value, i: int, adjoint: Any, partial: Any, total: Any) -> None:
        if not math.isfinite(_number(total)):
            row = TABLE[OPCODES[v.op]]
            raise AnomalyError(
                f"backward through {row.name}: {row.value} = {v.data} for "
                f"{described(row, v.parents)}: the adjoint of {row.arguments[i]} is "
                f"{_number(total)}, after adding {_number(adjoint)}, the adjoint of the result, "
                f"times {_number(partial)}, its partial {row.partials[i]}\n{self._place_of(v)}"
            )

    def pushed(self, v: Value, i: int, tangent: Any, partial: Any, total: Any) -> None:
        if not math.isfinite(_number(total)):
            row = TABLE[OPCODES[v.op]]
            raise AnomalyError(
                f"forward through {row.name}: {row.value} = {v.data} for "
                f"{described(row, v.parents)}: the tangent of the result is {_number(total)}, "
                f"after adding {_number(tangent)}, the tangent of {row.arguments[i]}, times "
                f"{_number(partial)}, its partial {row.partials[i]}\n{self._place_of(v)}"
            )

    def _place_of(self, v: Value) -> str:
        return self._places.get(v, "  recorded before detect_anomaly()")


def _number(entry: Any) -> float:
    return entry.data if type(entry) is Value else float(entry)


def _place() -> str:
    """The innermost line that is not of this project, as a traceback shows it."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    code, line = frame.f_code, frame.f_lineno
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    return f'  File "{code.co_filename}", line {line}, in {code.co_name}\n    {source}'
