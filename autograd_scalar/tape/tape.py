"""The tape: a program without branches, each entry a primitive of the table.

Entries come after what they are computed from, and each is computed once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..engine.value import Value
from ..table.registry import TABLE

# What stands in place of an opcode for an entry that no primitive computes.
GIVEN = -1
OUTER = -2
CONSTANT = -3

#: What an entry is computed from: other entries.
Operands = tuple[int, ...]
#: A line of a program: file, number and name of the function; while it is traced, the code object
#: and the number.
Place = Any


@dataclass(slots=True)
class Guard:
    """A question the program asked, which must be answered the same way for the tape to hold.

    entry    what was asked for its truth
    outcome  the answer
    place    the line that asked
    before   the first entry that was recorded after it
    """

    entry: int
    outcome: bool
    place: Place
    before: int


@dataclass(slots=True)
class Tape:
    """A program as lists, one item for each entry.

    opcodes   the row of the table, or GIVEN, OUTER or CONSTANT
    operands  the entries it is computed from
    places    the line that recorded it, and None for what a derivative is made of
    inputs    entries of the numbers that are given at each call
    outer     entries of Values that were there before the program was traced, by their entry;
              their numbers are read at each call
    numbers   the constants, by their entry
    labels    the names of Values, by their entry
    checked   entries that must be finite, or the program raises
    outputs   entries of the results
    guards    the questions, in the order in which they were asked

    fails     whether something raised, and the program went on: then it can't be replayed
    formulas  what constants are rounded from that a derivative has by its rule, such as log(2)
    alike     choices between two ways to compute one formula, and which of them, operand 1 or 2,
              is how a textbook prints it
    """

    opcodes: list[int] = field(default_factory=list)
    operands: list[Operands] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outer: dict[int, Value] = field(default_factory=dict)
    numbers: dict[int, float] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    checked: set[int] = field(default_factory=set)
    outputs: list[int] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    fails: bool = False
    formulas: dict[int, str] = field(default_factory=dict)
    alike: dict[int, int] = field(default_factory=dict)

    def append(self, opcode: int, operands: Operands = (), place: Any = None) -> int:
        """Add an entry, and return which it is."""
        self.opcodes.append(opcode)
        self.operands.append(operands)
        self.places.append(place)
        return len(self.opcodes) - 1

    def constant(self, number: float) -> int:
        """Add a constant."""
        entry = self.append(CONSTANT)
        self.numbers[entry] = number
        return entry

    def __len__(self) -> int:
        return len(self.opcodes)

    def count(self) -> int:
        """How many of the entries are computed."""
        return sum(opcode >= 0 for opcode in self.opcodes)

    def name(self, entry: int) -> str:
        """What the entry is called in a listing: `%7`, a constant its number."""
        if self.opcodes[entry] == CONSTANT:
            return f"{self.numbers[entry]:.6g}"
        return f"%{entry}"

    def kind(self, entry: int) -> str:
        """The name of the primitive, or `given`, `outer` or `constant`."""
        opcode = self.opcodes[entry]
        if opcode >= 0:
            return TABLE[opcode].name
        return {GIVEN: "given", OUTER: "outer", CONSTANT: "constant"}[opcode]

    def reordered(self, kept: Sequence[int]) -> Tape:
        """The same program with only the entries `kept`, in their order."""
        place = {entry: new for new, entry in enumerate(kept)}
        return Tape(
            [self.opcodes[entry] for entry in kept],
            [tuple([place[each] for each in self.operands[entry]]) for entry in kept],
            [self.places[entry] for entry in kept],
            [place[entry] for entry in self.inputs],
            {place[entry]: v for entry, v in self.outer.items() if entry in place},
            {place[entry]: number for entry, number in self.numbers.items() if entry in place},
            {place[entry]: label for entry, label in self.labels.items() if entry in place},
            {place[entry] for entry in self.checked},
            [place[entry] for entry in self.outputs],
            [
                Guard(place[each.entry], each.outcome, each.place, bisect_left(kept, each.before))
                for each in self.guards
            ],
            self.fails,
            {place[entry]: text for entry, text in self.formulas.items() if entry in place},
            {place[entry]: shown for entry, shown in self.alike.items() if entry in place},
        )
