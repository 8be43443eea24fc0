"""A tape as text, as a graph to be drawn, and what it costs."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..engine.modes import recording
from ..engine.value import Value
from ..table.registry import OPCODES, TABLE
from ..transforms.arithmetic import record_ieee
from ..transforms.pytree import flatten
from .schedule import one
from .tape import CONSTANT, Tape

_ADD = OPCODES["add"]


@dataclass(frozen=True)
class Cost:
    """What one replay of a tape takes, estimated from its instructions.

    flops         arithmetic operations; a function of `math` counts as 20
    bytes         read and written
    instructions  of the machine; a sum of products is one
    """

    flops: int
    bytes: int
    instructions: int
    _measured: Callable[[], float] = field(repr=False, compare=False)

    def rows(self, seconds: float = 0.1) -> int:
        """How many examples of a batch take about so long on one thread; it is measured here.

        Raises `ValueError` where `seconds` is not above 0.
        """
        if not 0.0 < seconds < math.inf:
            raise ValueError(f"seconds must be above 0, and finite, got {seconds!r}")
        return max(1, round(seconds / self._measured()))


#: What a call of exp or sin takes, in additions and multiplications.
_FUNCTION = 20


def cost(tape: Tape, measured: Callable[[], float]) -> Cost:
    """The cost of a tape for one example; `measured` tells its seconds in a batch."""
    flops = words = 0
    for opcode, operands in zip(tape.opcodes, tape.operands, strict=True):
        if opcode >= 0:
            row = TABLE[opcode]
            flops += _FUNCTION if row.is_opaque and not row.operator else 1
            words += len(operands) + 1
    return Cost(flops, 8 * words, one(tape).instructions, measured)


class Listing:
    """A tape to be looked at: printed, it is a listing; `draw` draws its `graph`.

    tape      the one that is replayed
    recorded  how many primitives were traced to make it
    arranged  what the function returns where these are the results
    """

    def __init__(self, tape: Tape, recorded: int, arranged: Callable[[list[Any]], Any]) -> None:
        self.tape = tape
        self.recorded = recorded
        self.arranged = arranged

    def __len__(self) -> int:
        """How many primitives it computes."""
        return self.tape.count()

    def __str__(self) -> str:
        tape = self.tape
        rows = []
        for entry in range(len(tape)):
            if tape.opcodes[entry] == CONSTANT:
                continue
            results = [i for i, each in enumerate(tape.outputs) if each == entry]
            rows.append(
                (
                    f"%{entry}",
                    tape.kind(entry),
                    ", ".join(map(tape.name, tape.operands[entry])),
                    tape.labels.get(entry, "") or _outer_label(tape, entry),
                    "".join(f" → result {i}" for i in results).strip(),
                    _line(tape.places[entry]),
                )
            )
        head = ("slot", "primitive", "operands", "label", "", "line")
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in [head, *rows]]
        for guard in tape.guards:
            lines.append(
                f"asks whether {tape.name(guard.entry)}: {guard.outcome}, {_line(guard.place)}"
            )
        lines.append(
            f"{self.recorded} primitives were recorded; {tape.count()} are computed, by "
            f"{one(tape).instructions} instructions"
        )
        return "\n".join(lines)

    __repr__ = __str__

    @recording()
    def graph(self, *args: Any) -> Any:
        """The result of the function as recorded Values, to be drawn, explained or differentiated.

        args  the arguments, or the numbers in them one after the other

        What is given has the names of the parameters as labels. Of a choice between two ways to
        compute one formula, only the one that is computed here is there. Raises `ValueError` for
        another count of numbers, and where the numbers go another way through the function.

        >>> from autograd_scalar import compile, grad, sin
        >>> slope = compile(grad(sin))
        >>> slope(0.0)
        1.0
        >>> slope.tape.graph(0.0)
        Value(1.0)
        """
        tape = self.tape
        numbers = [x for i, each in enumerate(args) for x in flatten(each, f"args[{i}]")[0]]
        if len(numbers) != len(tape.inputs):
            raise ValueError(f"the tape takes {len(tape.inputs)} numbers, got {len(numbers)}")
        given = dict(zip(tape.inputs, numbers, strict=True))
        values: list[Value] = []
        for entry, opcode in enumerate(tape.opcodes):
            if opcode >= 0 and (found := self._simpler(entry, values)) is not None:
                values.append(found)
            elif opcode >= 0:
                values.append(record_ieee(opcode, [values[each] for each in tape.operands[entry]]))
            elif entry in tape.outer:
                values.append(tape.outer[entry])
            else:
                is_given = entry in given
                v = Value(given[entry] if is_given else tape.numbers[entry])
                values.append(v if is_given else v.detach())
            if entry in tape.labels and entry not in tape.outer:
                values[-1].label = tape.labels[entry]
        for guard in tape.guards:
            if bool(values[guard.entry].data) != guard.outcome:
                raise ValueError(
                    f"these numbers go another way through the function, as the question in "
                    f"{_line(guard.place)} has another answer; call it with them first, and take "
                    "`tape` again"
                )
        return self.arranged([values[entry] for entry in tape.outputs])

    def _simpler(self, entry: int, values: list[Value]) -> Value | None:
        """What is the same number, and the same formula, as an entry of a derivative."""
        operands = self.tape.operands[entry]
        if entry in self.tape.alike:
            return values[operands[1 if values[operands[0]].data else 2]]
        if self.tape.opcodes[entry] == _ADD and self.tape.numbers.get(operands[0]) == 0.0:
            # Sums of derivatives begin with it, which only makes a zero positive.
            return values[operands[1]] if values[operands[1]].data else None
        return None


def _outer_label(tape: Tape, entry: int) -> str:
    return tape.outer[entry].label if entry in tape.outer else ""


def _line(place: Any) -> str:
    return f"{os.path.basename(place[0])}:{place[1]}" if place else ""
