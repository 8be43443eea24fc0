"""Tapes and programs as flat arrays, in which they travel and are stored."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain

from ..engine.value import Value
from ..table.registry import OPCODES, TABLE
from ..transforms.custom import known_here
from .code import REDUCE_PRODUCT, check_batch, check_entries, check_range, shapes
from .formulas import formulas
from .machine import Batch, Program
from .schedule import Many, One
from .tape import CONSTANT, GIVEN, OUTER, Guard, Place, Tape

#: A row as another process has it: its opcode there, its name, its arguments and its value.
Row = tuple[int, str, tuple[str, ...], str]


class MissingRowsError(ValueError):
    """A program that needs rows of the table that are not there, or are others."""


@dataclass(slots=True)
class PackedTape:
    """A tape as arrays of integers, of float64, and lists of texts; see `Tape`.

    rows      what the opcodes mean
    operands  of all entries, one after the other
    places    which of the lines each entry comes from, or -1
    outer     the entries of the Values that are read at each call, which are `leaves`
    constants the entries whose numbers are `numbers`
    labelled  the entries whose labels are `labels`; Values from outside have their own
    guards    entry, outcome, line and `before` of each question
    rounded   the constants that are rounded from a formula
    alike     choices between two ways to compute one formula, each with the one that is printed
    """

    opcodes: array[int]
    operands: array[int]
    places: array[int]
    inputs: array[int]
    outer: array[int]
    constants: array[int]
    labelled: array[int]
    checked: array[int]
    outputs: array[int]
    guards: array[int]
    rounded: array[int]
    alike: array[int]
    numbers: array[float]
    lines: list[Place]
    labels: list[str]
    leaves: list[Value]
    rows: tuple[Row, ...]
    fails: bool


#: The names of the arrays of integers in a packed tape.
TAPE_WORDS = tuple([each.name for each in fields(PackedTape)][:12])


def packed(tape: Tape) -> PackedTape:
    """The tape as flat arrays."""
    lines: dict[Place, int] = {None: -1}
    for place in tape.places:
        lines.setdefault(place, len(lines) - 1)
    for guard in tape.guards:
        lines.setdefault(guard.place, len(lines) - 1)
    guards = [(g.entry, g.outcome, lines[g.place], g.before) for g in tape.guards]
    used = sorted(opcode for opcode in {*tape.opcodes} if opcode >= 0)
    # What is outside has its label with it.
    labelled = sorted(tape.labels.keys() - tape.outer.keys())
    return PackedTape(
        _short(tape.opcodes),
        array("i", chain.from_iterable(tape.operands)),
        _short([lines[place] for place in tape.places]),
        array("i", tape.inputs),
        array("i", tape.outer),
        array("i", tape.numbers),
        array("i", labelled),
        array("i", sorted(tape.checked)),
        array("i", tape.outputs),
        array("i", chain.from_iterable(guards)),
        array("i", tape.formulas),
        array("i", chain.from_iterable(tape.alike.items())),
        array("d", tape.numbers.values()),
        [*lines][1:],
        [tape.labels[entry] for entry in labelled],
        [*tape.outer.values()],
        tuple([_row(opcode) for opcode in used]),
        tape.fails,
    )


def _short(words: Sequence[int]) -> array[int]:
    """An array of 16-bit integers, where that is enough."""
    return array("h" if not words or max(words) < 2**15 else "i", words)


def _row(opcode: int) -> Row:
    row = TABLE[opcode]
    return opcode, row.name, row.arguments, row.value


def unpacked(flat: PackedTape) -> Tape:
    """The tape of flat arrays that are sound: made by `packed`, or checked."""
    arity = [len(row.arguments) for row in TABLE]
    operands = iter(flat.operands)
    lines = [*flat.lines, None]
    words = iter(flat.guards)
    numbers = dict(zip(flat.constants, flat.numbers, strict=True))
    known = formulas() if flat.rounded else {}
    choices = iter(flat.alike)
    return Tape(
        flat.opcodes.tolist(),
        [
            tuple([next(operands) for _ in range(arity[opcode])]) if opcode >= 0 else ()
            for opcode in flat.opcodes
        ],
        [lines[place] for place in flat.places],
        flat.inputs.tolist(),
        dict(zip(flat.outer, flat.leaves, strict=True)),
        numbers,
        dict(zip(flat.labelled, flat.labels, strict=True)),
        {*flat.checked},
        flat.outputs.tolist(),
        [
            Guard(entry, bool(outcome), lines[line], before)
            for entry, outcome, line, before in zip(words, words, words, words, strict=True)
        ],
        flat.fails,
        # A formula that no row has here stays the float.
        {each: known[numbers[each]] for each in flat.rounded if numbers[each] in known},
        dict(zip(choices, choices, strict=True)),
    )


def same(one: PackedTape, other: PackedTape) -> bool:
    """Whether two tapes of one function are the same program, NaN being NaN."""
    names = ("opcodes", "operands", "guards", "outputs")
    return one.numbers.tobytes() == other.numbers.tobytes() and all(
        getattr(one, name) == getattr(other, name) for name in names
    )


def check_tape(flat: PackedTape) -> None:
    """Refuse arrays that are no tape.

    Raises `ValueError`, saying which of them is wrong and where: entries that are computed from
    themselves, from later ones or from none, opcodes that there are not, and what points outside.
    """
    reads = array("i", [-1]) * len(TABLE)
    for opcode, _, arguments, _ in flat.rows:
        reads[opcode] = len(arguments)
    counts = check_entries(flat.opcodes, flat.operands, reads)
    size = len(flat.opcodes)
    lines = len(flat.lines)
    for name in ("inputs", "outer", "constants", "labelled", "checked", "outputs"):
        _check_range(name, getattr(flat, name), 0, size)
    if len(flat.places) != size:
        raise ValueError(f"places: {len(flat.places)} for {size} entries")
    _check_range("places", flat.places, -1, lines)
    listed = (("inputs", GIVEN), ("outer", OUTER), ("constants", CONSTANT))
    for (name, opcode), count in zip(listed, counts, strict=True):
        entries = getattr(flat, name)
        if len(entries) != count or any(flat.opcodes[entry] != opcode for entry in entries):
            raise ValueError(f"{name}: they are not the {count} entries with opcode {opcode}")
    if len({*flat.inputs}) != len(flat.inputs):
        raise ValueError("inputs: there is an entry twice")
    for name, others in (("outer", "leaves"), ("constants", "numbers"), ("labelled", "labels")):
        entries, count = getattr(flat, name), len(getattr(flat, others))
        if not len({*entries}) == len(entries) == count:
            raise ValueError(f"{name}: {len(entries)} entries for {count} {others}")
    if len(flat.guards) % 4:
        raise ValueError(f"guards: {len(flat.guards)} words are no multiple of 4")
    for i in range(0, len(flat.guards), 4):
        entry, outcome, line, before = flat.guards[i : i + 4]
        if not (0 <= entry < before <= size and outcome in (0, 1) and 0 <= line < lines):
            raise ValueError(
                f"guards: guard {i // 4} asks entry {entry} before entry {before} of {size} for "
                f"{outcome}, in line {line} of {lines}"
            )
    if not {*flat.rounded} <= {*flat.constants}:
        raise ValueError("rounded: they are not all constants")
    if len(flat.alike) % 2:
        raise ValueError(f"alike: {len(flat.alike)} words are no multiple of 2")
    arity = {opcode: len(arguments) for opcode, _, arguments, _ in flat.rows}
    for entry, chosen in zip(flat.alike[::2], flat.alike[1::2], strict=True):
        if not (0 <= entry < size and 0 < chosen < arity.get(flat.opcodes[entry], 0)):
            raise ValueError(f"alike: entry {entry} of {size} has no operand {chosen}")


def _check_range(name: str, entries: array[int], least: int, end: int) -> None:
    try:
        check_range(entries, least, end)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


@dataclass(slots=True)
class PackedProgram:
    """What a `Program` of the machine is made of; see there.

    leaves  registers of Values that are read at each call
    outer   which of the tape's Values each of them is
    """

    code: array[int]
    inputs: array[int]
    leaves: array[int]
    outer: array[int]
    outputs: array[int]
    bank: array[float]

    def program(self, leaves: Sequence[Value], doubts_nan: bool = False) -> Program:
        """The program, ready to run; raises `ValueError` for code that can't be run."""
        _check_range("outer", self.outer, 0, len(leaves))
        values = [leaves[i] for i in self.outer]
        pairs = [*zip(self.leaves, values, strict=True)]
        return Program(self.code, self.bank, self.inputs, pairs, self.outputs, doubts_nan)


#: The names of its arrays of integers.
PROGRAM_WORDS = tuple([each.name for each in fields(PackedProgram)][:5])


def packed_program(made: One, leaves: Sequence[Value]) -> PackedProgram:
    """Code for one example, with `leaves` as the Values it may read."""
    place = {v: i for i, v in enumerate(leaves)}
    return PackedProgram(
        made.code,
        array("i", made.inputs),
        array("i", [register for register, _ in made.leaves]),
        array("i", [place[v] for _, v in made.leaves]),
        array("i", made.outputs),
        made.bank,
    )


@dataclass(slots=True)
class PackedBatch:
    """What a `Batch` of the machine is made of, and the program of what all examples share."""

    code: array[int]
    registers: int
    shared: PackedProgram

    @property
    def bank(self) -> int:
        """How many numbers all examples share: results, and 1 and -1."""
        return len(self.shared.outputs) + 2

    def columns(self) -> tuple[int, int, int]:
        """How many columns of inputs, outputs and sums the code has.

        Raises `ValueError` for code that can't be run.
        """
        # Each register is written by an instruction.
        if self.registers > len(self.code):
            raise ValueError(f"{self.registers} registers for {len(self.code)} words of code")
        return check_batch(self.code, self.registers, self.bank)

    def batch(self, fast: bool) -> Batch:
        """The code of each example, ready to run; raises `ValueError` for what can't be run."""
        return Batch(self.code, self.registers, self.bank, fast)


def packed_batch(made: Many, leaves: Sequence[Value]) -> PackedBatch:
    """Code for the examples of a batch, with `leaves` as the Values it may read."""
    return PackedBatch(made.code, made.registers, packed_program(made.shared, leaves))


def numbering(rows: Iterable[Row]) -> dict[int, int]:
    """The opcodes that another process's opcodes are here.

    Raises `MissingRowsError`, naming them, for rows that no module has added here, or that
    compute something else here.
    """
    found = {}
    missing = []
    for opcode, name, arguments, value in rows:
        if not known_here(name, len(arguments)):
            missing.append(name)
            continue
        here = found[opcode] = OPCODES[name]
        row = TABLE[here]
        # The names of arguments may be others.
        if len(row.arguments) != len(arguments) or (row.value != value and not row.is_opaque):
            raise MissingRowsError(
                f"the primitive {name}({', '.join(arguments)}) is {value} where the program was "
                f"compiled, but here {name}({', '.join(row.arguments)}) is {row.value}; give each "
                "a name of its own"
            )
    if missing:
        raise MissingRowsError(
            f"the program computes {', '.join(missing)}, which no primitive does here; import the "
            "module that adds it with primitive(…) or custom(…) first"
        )
    return found


def renumber(
    here: Mapping[int, int], tape: PackedTape, programs: Iterable[PackedProgram | PackedBatch]
) -> None:
    """Put this process's opcodes in place of another's, where they are others.

    Raises `ValueError` for opcodes that are not among those.
    """
    if all(there == opcode for there, opcode in here.items()):
        return
    strange = {*tape.opcodes} - {*here, GIVEN, OUTER, CONSTANT}
    if strange:
        raise ValueError(f"opcodes: no row has opcode {min(strange)}")
    tape.opcodes = array("i", [here.get(opcode, opcode) for opcode in tape.opcodes])
    tape.rows = tuple([_row(opcode) for opcode in sorted(here.values())])
    for each in programs:
        each.code = _renumbered(each.code, here)
        if isinstance(each, PackedBatch):
            each.shared.code = _renumbered(each.shared.code, here)


def _renumbered(code: array[int], here: Mapping[int, int]) -> array[int]:
    """Raises `ValueError` for code that has other opcodes, or a sum of no terms."""
    shape = shapes()
    words = code[:]
    place = 0
    while place < len(code):
        opcode = code[place]
        known = here.get(opcode, opcode if REDUCE_PRODUCT <= opcode < 0 else None)
        if known is None:
            raise ValueError(f"code: no row has opcode {opcode}, of word {place}")
        words[place] = known
        head, reads, rest = shape[3 * (known - REDUCE_PRODUCT) :][:3]
        count = 1 if head < 3 else code[place + 2] if place + 2 < len(code) else 0
        if count < 1:
            raise ValueError(f"code: {count} terms are no sum, at word {place}")
        place += head + reads * count + rest
    return words
