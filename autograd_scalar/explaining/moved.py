"""What happens when a value is moved a little: the recorded operations, computed again.

The step is the largest of a few sizes at which the result changes as the derivative says.
Where none does, the slope jumps, and both sides are told.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ..engine.value import Value
from ..notation.document import Piece, Sentence
from ..notation.numerals import decimal
from ..notation.typeset import to_digits
from .chains import Chains
from .rounding import Rounded, applied

# How much of a slope may be the curve's bend, or rounding, for it to be the derivative's.
_CLOSE = 0.01
_NOISE = 0.01
_RATE_DIGITS = 3
# How many operations may be computed again.
_BUDGET = 300_000
_SMALLEST = 14


@dataclass(frozen=True)
class Move:
    """One step of a value and what it does to the result.

    start, end      the value before and after
    before, after   the result before and after
    agrees          whether the slope between is the derivative, but for the curve's bend
    """

    start: float
    end: float
    before: float
    after: float
    agrees: bool = False

    @property
    def rate(self) -> float:
        """The change of the result for each unit of the value."""
        return (self.after - self.before) / (self.end - self.start)


class Replay:
    """The result as a function of one value, by the operations recorded after it.

    order   the values of a graph, operands before results
    moving  those that were computed from `wrt`
    """

    def __init__(self, order: Sequence[Value], wrt: Value, moving: Collection[Value]) -> None:
        self.wrt = wrt
        self.result = order[-1]
        self.steps = [v for v in order if v in moving and v.parents and v is not wrt]
        # How often there is time for it.
        self.left = _BUDGET // max(1, len(self.steps))

    def __call__(self, number: float) -> Rounded:
        """The result with another number for the value; NaN where there is none."""
        self.left -= 1
        known = {self.wrt: Rounded(number)}
        try:
            for v in self.steps:
                operands = [known.get(each) or Rounded(each.data) for each in v.parents]
                known[v] = applied(v.op, operands)
        except (ArithmeticError, ValueError, TypeError, RuntimeError):
            # A function of the reader's own may raise what it likes.
            return Rounded(math.nan)
        return known[self.result]


def _steps(start: float) -> Iterator[float]:
    """Steps from a few hundredths of the number down."""
    decade = 10.0 ** math.floor(math.log10(abs(start))) if start else 0.1
    first = 1 if not start or abs(start) >= 2 * decade else 2
    yield from (step for k in range(first, _SMALLEST) if (step := decade * 10.0**-k) > 0)


def _one_side(
    replay: Replay, now: Rounded, start: float, sign: int, slope: float
) -> tuple[Move | None, bool]:
    """The first step that agrees with the slope, or else one that doesn't; and whether
    rounding hid the change."""
    made: list[Move] = []
    hidden = False
    for step in _steps(start):
        end = float(f"{start + sign * step:.12g}")
        if end == start:
            break
        if replay.left <= 0:
            return None, False
        out = replay(end)
        if not math.isfinite(out.value):
            continue
        move = Move(start, end, now.value, out.value)
        noise = (out.error + now.error) / abs(end - start)
        if not noise <= _NOISE * max(abs(move.rate), abs(slope)) and move.rate != slope:
            hidden = True
            break
        made.append(move)
        if abs(move.rate - slope) <= _CLOSE * abs(slope):
            return Move(start, end, now.value, out.value, agrees=True), False
    if len(made) > 1:
        first, *_, before, last = (made[0], *made)
        # A slope that shrinks to 0, or grows without end, as the step shrinks.
        closer = not slope and abs(last.rate) < min(0.5 * abs(first.rate), 0.1)
        endless = math.isinf(slope) and abs(last.rate) > 2 * abs(first.rate)
        if closer or (endless and (last.rate > 0) is (slope > 0)):
            return Move(start, first.end, now.value, first.after, agrees=True), False
        if abs(last.rate - before.rate) <= _CLOSE * abs(last.rate):
            return first, False
    return (None, True) if hidden else (made[0] if made else None, False)


@dataclass(frozen=True)
class Moved:
    """What moving a value up and down does; None for a side with no result to show.

    hidden  whether the change is too small for floats to show
    """

    up: Move | None
    down: Move | None
    hidden: bool

    @property
    def is_smooth(self) -> bool:
        """Whether both sides, as far as there are two, change as the derivative says."""
        sides = [move for move in (self.up, self.down) if move]
        return bool(sides) and all(move.agrees for move in sides)


def moved(order: Sequence[Value], wrt: Value, moving: Collection[Value], slope: float) -> Moved:
    """Move a value a little to both sides, and compute the result again."""
    replay = Replay(order, wrt, moving)
    start = wrt.data
    if math.isfinite(start) and not math.isnan(slope) and replay.left > 2:
        now = replay(start)
        recorded = order[-1].data
        # A number that was changed after the recording is not what the slopes are of.
        if math.isfinite(now.value) and abs(now.value - recorded) <= now.error:
            up, hidden = _one_side(replay, now, start, 1, slope)
            down, too = _one_side(replay, now, start, -1, slope)
            return Moved(up, down, hidden or too)
    return Moved(None, None, hidden=False)


def told(moves: Moved, chains: Chains, digits: int) -> Sentence:
    """One line about the moves, if there is any to tell."""
    x, y = chains.name(chains.wrt), chains.name(chains.y)
    slope = ("; derivative ", to_digits(chains.value, _RATE_DIGITS), ".")
    if moves.is_smooth:
        move = moves.up or moves.down
        assert move is not None
        less: Sentence = ()
        if not chains.value and move.after != move.before:
            less = (", and less the smaller the step",)
        elif math.isinf(chains.value):
            less = (", and more the smaller the step",)
        return ("Move ", *_told(move, x, y, digits), *less, *slope)
    if moves.hidden:
        return ("Move: a small step of ", x, " changes ", y, " by less than floats can show.")
    if not (moves.up or moves.down):
        return ()
    pieces: list[Piece] = []
    for move in (moves.up, moves.down):
        if move:
            pieces += ["; " if pieces else "Move ", *_told(move, x, y, digits)]
    return (*pieces, *slope)


def _told(move: Move, x: ast.expr, y: ast.expr, digits: int) -> Sentence:
    of_x = _digits(move.start, move.end, digits)
    of_y = _digits(move.before, move.after, digits)
    return (
        x,
        " ",
        to_digits(move.start, of_x),
        " → ",
        to_digits(move.end, of_x),
        ": ",
        y,
        " ",
        to_digits(move.before, of_y),
        " → ",
        to_digits(move.after, of_y),
        ", ",
        to_digits(move.rate, _RATE_DIGITS),
        " a unit",
    )


def _digits(before: float, after: float, digits: int) -> int:
    """How many digits show a change as large as it is."""
    change = after - before
    for count in range(digits, 17):
        shown = float(decimal(after, count)) - float(decimal(before, count))
        if abs(shown - change) <= 0.005 * abs(change):
            return count
    return 17
