"""Sums of products as one instruction, in the order in which they were added."""

from __future__ import annotations

from dataclasses import dataclass

from ..table.registry import OPCODES
from .tape import Tape

_ADD, _SUB, _MUL = (OPCODES[name] for name in ("add", "sub", "mul"))

#: A longer sum is made of several, so that what its terms are made of need not all be kept.
LONGEST = 256

#: The product of two entries, or, where the second is -1, one entry with a sign.
Term = tuple[int, int, float]


@dataclass(slots=True)
class Sums:
    """Entries that are computed as sums, from their first term to the last.

    of      their terms
    inside  the sums and products inside them that nothing else needs
    """

    of: dict[int, list[Term]]
    inside: set[int]


def sums(tape: Tape, varies: bytearray) -> Sums:
    """The sums of a tape.

    varies  which entries differ from example to example: what doesn't is computed once, and
            not inside a sum that does
    """
    opcodes = tape.opcodes
    readers = [0] * len(tape)
    for entry, operands in enumerate(tape.operands):
        for each in operands:
            readers[each] += 1 if varies[each] == varies[entry] else 2
    # What is wanted by itself must be there by itself.
    for entry in (*tape.outputs, *tape.checked, *[guard.entry for guard in tape.guards]):
        readers[entry] += 2
    found = Sums({}, set())

    def term(entry: int, sign: float, inside: list[int]) -> Term:
        if sign > 0 and readers[entry] == 1 and opcodes[entry] == _MUL:
            inside.append(entry)
            a, b = tape.operands[entry]
            return a, b, 1.0
        return entry, -1, sign

    for entry in range(len(tape) - 1, -1, -1):
        if opcodes[entry] not in (_ADD, _SUB) or entry in found.inside:
            continue
        terms: list[Term] = []
        inside: list[int] = []
        at = entry
        while True:
            x, y = tape.operands[at]
            sign = 1.0 if opcodes[at] == _ADD else -1.0
            # A sum may come second, as a + (b + c) is (b + c) + a.
            if not _goes_on(tape, readers, x) and sign > 0 and _goes_on(tape, readers, y):
                x, y = y, x
            terms.append(term(y, sign, inside))
            if not _goes_on(tape, readers, x) or len(terms) == LONGEST - 1:
                terms.append(term(x, 1.0, inside))
                break
            inside.append(x)
            at = x
        if inside:
            found.of[entry] = terms[::-1]
            found.inside.update(inside)
    return found


def _goes_on(tape: Tape, readers: list[int], entry: int) -> bool:
    return readers[entry] == 1 and tape.opcodes[entry] in (_ADD, _SUB)
