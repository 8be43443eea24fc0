"""A tape without what need not be computed: the results are the same to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..table.primitives import ROWS
from ..table.registry import OPCODES, compile_ieee_value
from ..transforms.per_row import PerRow
from .tape import CONSTANT, Guard, Tape

_ADD, _SUB, _MUL, _DIV, _NEG, _POW, _WHERE = (
    OPCODES[name] for name in ("add", "sub", "mul", "div", "neg", "pow", "where")
)
_BUILT_IN = len(ROWS)
# What may be simpler though none of its operands is a number.
_ALWAYS = (_NEG, _WHERE)

_values: PerRow[Callable[..., float]] = PerRow(compile_ieee_value)


def simplified(tape: Tape) -> Tape:
    """Constants folded, identities that are exact applied, and nothing computed twice."""
    clean = Tape(fails=tape.fails)
    places: list[int] = []
    starts: list[int] = []
    known: dict[Any, int] = {}
    numbers = clean.numbers
    _values.refresh()
    for entry, opcode in enumerate(tape.opcodes):
        starts.append(len(clean))
        if opcode < 0:
            places.append(_copied(tape, clean, entry, known))
            if entry in tape.checked and opcode != CONSTANT:
                clean.checked.add(places[-1])
            continue
        operands = tuple([places[each] for each in tape.operands[entry]])
        place = None
        if opcode in _ALWAYS or any(each in numbers for each in operands):
            place = _simpler(clean, opcode, operands, known)
        if place is None:
            key = (opcode, operands)
            if opcode in (_ADD, _MUL) and operands[0] > operands[1]:
                key = (opcode, operands[::-1])
            place = known.get(key)
            if place is None:
                place = known[key] = clean.append(opcode, operands, tape.places[entry])
            if entry in tape.alike:
                clean.alike[place] = tape.alike[entry]
        places.append(place)
        if entry in tape.checked and clean.opcodes[place] != CONSTANT:
            clean.checked.add(place)
        if entry in tape.labels:
            clean.labels.setdefault(place, tape.labels[entry])
    clean.inputs = [places[entry] for entry in tape.inputs]
    clean.outputs = [places[entry] for entry in tape.outputs]
    starts.append(len(clean))
    asked = set()
    for guard in tape.guards:
        place = places[guard.entry]
        if clean.opcodes[place] != CONSTANT and place not in asked:
            asked.add(place)
            clean.guards.append(Guard(place, guard.outcome, guard.place, starts[guard.before]))
    return clean


def _copied(tape: Tape, clean: Tape, entry: int, known: dict[Any, int]) -> int:
    if tape.opcodes[entry] == CONSTANT:
        return _constant(clean, tape.numbers[entry], known, tape.formulas.get(entry, ""))
    place = clean.append(tape.opcodes[entry])
    if entry in tape.outer:
        clean.outer[place] = tape.outer[entry]
    if entry in tape.labels:
        clean.labels[place] = tape.labels[entry]
    return place


def _constant(clean: Tape, number: float, known: dict[Any, int], formula: str = "") -> int:
    key = (number.hex(), formula)
    if key not in known:
        known[key] = clean.constant(number)
        if formula:
            clean.formulas[known[key]] = formula
    return known[key]


def _simpler(
    clean: Tape, opcode: int, operands: tuple[int, ...], known: dict[Any, int]
) -> int | None:
    """An entry that has the same number, or None."""
    numbers = [clean.numbers.get(each) for each in operands]
    if None not in numbers and opcode < _BUILT_IN:
        function = _values.made[opcode] or _values.make(opcode)
        number = function(*numbers)
        if math.isfinite(number):
            return _constant(clean, number, known)
    x = operands[0]
    if opcode == _NEG:
        return clean.operands[x][0] if clean.opcodes[x] == _NEG else None
    if opcode == _WHERE:
        if operands[1] == operands[2]:
            return operands[1]
        return None if numbers[0] is None else operands[1 if numbers[0] else 2]
    if opcode in (_MUL, _DIV, _POW) and numbers[1] == 1.0:
        return x
    if opcode == _MUL and numbers[0] == 1.0:
        return operands[1]
    # x - 0 is x for both zeros, x + 0 is not.
    if opcode == _SUB and numbers[1] == 0.0 and math.copysign(1.0, numbers[1]) > 0:
        return x
    return None


def pruned(tape: Tape) -> Tape:
    """Only what a result, a question or a possible error depends on."""
    needed = bytearray(len(tape))
    for entry in (*tape.inputs, *tape.outputs, *tape.checked, *[g.entry for g in tape.guards]):
        needed[entry] = 1
    for entry in range(len(tape) - 1, -1, -1):
        if needed[entry]:
            for each in tape.operands[entry]:
                needed[each] = 1
    kept = [entry for entry in range(len(tape)) if needed[entry]]
    return tape if len(kept) == len(tape) else tape.reordered(kept)
