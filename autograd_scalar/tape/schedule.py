"""A tape as code for the machine: instructions one after the other, and registers to work in."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..engine.value import Value
from ..table.registry import OPCODES
from .cleaning import pruned
from .code import CHECK, DOT, GUARD, INPUT, OUTPUT, REDUCE, REDUCE_PRODUCT, SUM
from .sums import Sums, sums
from .tape import Guard, Tape

_ADD, _MUL = OPCODES["add"], OPCODES["mul"]


@dataclass(slots=True)
class One:
    """What a `Program` of the machine is made of: code for one example."""

    code: array[int]
    bank: array[float]
    inputs: list[int]
    leaves: list[tuple[int, Value]]
    outputs: list[int]
    instructions: int


@dataclass(slots=True)
class Many:
    """What a `Batch` of the machine is made of: code for each example of a batch.

    shared  the program whose results, and 1 and -1 after them, are the numbers that all
            examples have in common
    """

    code: array[int]
    registers: int
    shared: One


class _Writer:
    """Writes instructions for entries of a tape.

    place      where the machine finds what is there already, by entry
    ones       where it finds 1 and -1
    registers  how many are taken
    columns    which inputs are read from a column, and which column it is
    """

    def __init__(
        self,
        tape: Tape,
        sums: Sums,
        place: dict[int, int],
        ones: tuple[int, int],
        registers: int,
        columns: Mapping[int, int],
    ) -> None:
        self.code = array("i")
        self.instructions = 0
        self.place = place
        self.registers = registers
        self._tape = tape
        self._sums = sums
        self._ones = ones
        self._columns = columns
        self._free: list[int] = []
        self._owned: set[int] = set()
        self._readers: Counter[int] = Counter()

    def write(
        self,
        entries: Sequence[int],
        kept: Iterable[int],
        results: Mapping[int, Sequence[tuple[int, int]]],
        check: bool,
    ) -> None:
        """Write code for `entries`, those that are given among them.

        kept     entries that must still be there at the end
        results  what is done with an entry when it is known: instructions and columns
        check    whether the machine looks for what would be an error
        """
        tape = self._tape
        opcodes, inside = tape.opcodes, self._sums.inside
        computed = [entry for entry in entries if opcodes[entry] >= 0 and entry not in inside]
        self._readers.update(kept)
        # What is not computed here is delivered at the end.
        given = results.keys() - {*computed}
        self._readers.update(given)
        for entry in computed:
            self._readers.update({*self._operands(entry)})
        known = {*entries, *self._columns}
        guards = [(i, guard) for i, guard in enumerate(tape.guards) if guard.entry in known]
        self._readers.update([guard.entry for _, guard in guards])
        guards.reverse()
        for entry in entries if check else ():
            if opcodes[entry] < 0 and entry in tape.checked:
                self._fetch(entry)
                self._emit([CHECK, self.place[entry]])
        for entry in computed:
            while guards and guards[-1][1].before <= entry:
                self._ask(*guards.pop())
            operands = {*self._operands(entry)}
            for each in operands:
                self._fetch(each)
            wanted = results.get(entry, ())
            if self._is_reduced_product(entry, wanted):
                self._emit([REDUCE_PRODUCT, *self._at(tape.operands[entry]), wanted[0][1]])
            else:
                self._compute(entry)
                if check and entry in tape.checked:
                    self._emit([CHECK, self.place[entry]])
                self._deliver(entry, wanted)
                self._release(entry, 0)
            for each in operands:
                self._release(each, 1)
        for guard in reversed(guards):
            self._ask(*guard)
        for entry in given:
            self._fetch(entry)
            if self.place[entry] < 0:
                shared, out = self.place[entry], self._take()
                self._emit([SUM, out, 1, shared])
                self.place[entry] = out
            self._deliver(entry, results[entry])

    def _emit(self, words: list[int]) -> None:
        self.code.extend(words)
        self.instructions += 1

    def _operands(self, entry: int) -> tuple[int, ...]:
        terms = self._sums.of.get(entry)
        if terms is None:
            return self._tape.operands[entry]
        return tuple([each for a, b, _ in terms for each in (a, b) if each >= 0])

    def _at(self, entries: Iterable[int]) -> list[int]:
        return [self.place[each] for each in entries]

    def _take(self) -> int:
        # The one given back last is still in the cache.
        if self._free:
            return self._free.pop()
        self.registers += 1
        return self.registers - 1

    def _fetch(self, entry: int) -> None:
        if entry not in self.place:
            self.place[entry] = self._take()
            self._owned.add(entry)
            self._emit([INPUT, self.place[entry], self._columns[entry]])

    def _compute(self, entry: int) -> None:
        out = self._take()
        terms = self._sums.of.get(entry)
        if terms is None:
            opcode = self._tape.opcodes[entry]
            self._emit([opcode, out, *self._at(self._tape.operands[entry])])
        elif all(b < 0 and sign > 0 for _, b, sign in terms):
            self._emit([SUM, out, len(terms), *self._at([a for a, _, _ in terms])])
        else:
            words = [DOT, out, len(terms)]
            plus, minus = self._ones
            for a, b, sign in terms:
                factor = self.place[b] if b >= 0 else plus if sign > 0 else minus
                words += [self.place[a], factor]
            self._emit(words)
        self.place[entry] = out
        self._owned.add(entry)

    def _deliver(self, entry: int, given: Iterable[tuple[int, int]]) -> None:
        for instruction, column in given:
            self._emit([instruction, self.place[entry], column])

    def _ask(self, index: int, guard: Guard) -> None:
        self._fetch(guard.entry)
        self._emit([GUARD, self.place[guard.entry], int(guard.outcome), index])
        self._release(guard.entry, 1)

    def _release(self, entry: int, uses: int) -> None:
        self._readers[entry] -= uses
        if self._readers[entry] == 0 and entry in self._owned:
            self._owned.remove(entry)
            self._free.append(self.place[entry])

    def _is_reduced_product(self, entry: int, given: Sequence[tuple[int, int]]) -> bool:
        """Whether a product is wanted for nothing but the sum of it over all examples."""
        return (
            self._tape.opcodes[entry] == _MUL
            and [instruction for instruction, _ in given] == [REDUCE]
            and self._readers[entry] == 0
        )


def one(tape: Tape, check: bool = True) -> One:
    """The code that computes the tape for one example."""
    parts = sums(tape, bytearray(len(tape)))
    entries: Sequence[int] = range(len(tape))
    if not tape.guards:
        entries = _alike_together(tape, parts)
    return _one(tape, parts, entries, tape.outputs, check)


def _alike_together(tape: Tape, sums: Sums) -> list[int]:
    """The entries in an order in which equal instructions follow each other.

    The machine makes a loop of those. Each comes after what it needs, level by level; questions
    and what comes after them must not change places.
    """
    levels = [0] * len(tape)
    for entry in range(len(tape)):
        needed: Iterable[int] = tape.operands[entry]
        terms = sums.of.get(entry)
        if terms is not None:
            needed = [each for a, b, _ in terms for each in (a, b) if each >= 0]
        levels[entry] = 1 + max([levels[each] for each in needed], default=-1)

    def kind(entry: int) -> tuple[int, int, int]:
        terms = sums.of.get(entry, [])
        return levels[entry], -len(terms) if terms else tape.opcodes[entry], entry

    return sorted(range(len(tape)), key=kind)


def _one(tape: Tape, sums: Sums, entries: Sequence[int], outputs: list[int], check: bool) -> One:
    given = [entry for entry in entries if tape.opcodes[entry] < 0]
    place = {entry: register for register, entry in enumerate(given)}
    bank = array("d", [*[tape.numbers.get(entry, 0.0) for entry in given], 1.0, -1.0])
    writer = _Writer(tape, sums, place, (len(given), len(given) + 1), len(bank), {})
    writer.write(entries, outputs, {}, check)
    bank.extend([0.0] * (writer.registers - len(bank)))
    return One(
        writer.code,
        bank,
        [place[entry] for entry in tape.inputs if entry in place],
        [(place[entry], v) for entry, v in tape.outer.items()],
        [place[entry] for entry in outputs],
        writer.instructions,
    )


def many(tape: Tape, batched: Sequence[bool], reduced: bool, check: bool = True) -> Many:
    """The code that computes the tape for each example of a batch.

    batched  which of the inputs differ from example to example
    reduced  whether each result is added up over the examples
    """
    if reduced:
        tape = _without_zeros(tape)
    varies = bytearray(len(tape))
    columns: dict[int, int] = {}
    for entry, varying in zip(tape.inputs, batched, strict=True):
        if varying:
            varies[entry] = 1
            columns[entry] = len(columns)
    for entry, operands in enumerate(tape.operands):
        if any(varies[each] for each in operands):
            varies[entry] = 1
    parts = sums(tape, varies)
    alike = [entry for entry in range(len(tape)) if not varies[entry]]
    differing = [entry for entry in range(len(tape)) if varies[entry]]
    results: dict[int, list[tuple[int, int]]] = {}
    for column, entry in enumerate(tape.outputs):
        results.setdefault(entry, []).append((REDUCE if reduced else OUTPUT, column))
    read = [each for entry in differing for each in tape.operands[entry]]
    needed = dict.fromkeys([each for each in [*read, *tape.outputs] if not varies[each]])
    shared = _one(tape, parts, alike, [*needed], check)
    place = {entry: ~i for i, entry in enumerate(needed)}
    ones = (~len(needed), ~(len(needed) + 1))
    writer = _Writer(tape, parts, place, ones, 0, columns)
    writer.write(differing, (), results, check)
    return Many(writer.code, writer.registers, shared)


def _without_zeros(tape: Tape) -> Tape:
    """The tape with results that are not added to 0 first: sums over examples begin with one."""
    outputs = []
    for entry in tape.outputs:
        if tape.opcodes[entry] == _ADD:
            x, y = tape.operands[entry]
            if tape.numbers.get(x) == 0.0:
                entry = y
        outputs.append(entry)
    return pruned(replace(tape, outputs=outputs))
