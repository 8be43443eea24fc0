"""The code of a tape: what its instructions are, and whether a machine can run them.

Code is a flat array of 32-bit integers over numbered registers that hold float64 numbers.
An instruction begins with its opcode; those of the table's rows are their indices there:

    [opcode, out, operand…]            the value of a row
    [DOT, out, n, a1, b1, …, an, bn]   a1·b1, then + a2·b2 and so on, one after the other
    [SUM, out, n, a1, …, an]           a1 + a2 + …, one after the other
    [CHECK, a]                         an example where `a` is not finite is suspect
    [GUARD, a, expected, index]        whether `a` is not 0 must be as expected, 0 or 1

and, in code for a batch, which reads from columns and writes to columns,

    [INPUT, out, column]
    [OUTPUT, a, column]
    [REDUCE, a, column]                the sum of `a` over the examples
    [REDUCE_PRODUCT, a, b, column]     the sum of a·b over the examples

In code for a batch a register is a row of numbers, one for each example, and an operand r < 0
is the number `bank[~r]`, which all examples share.

The results of rows are IEEE 754's where Python raises. An example's status is `SUSPECT` if a
check failed first, 1 + index if a guard did, and 0 if all went as expected; what comes after
is computed all the same.

A sum over examples has one order, whatever computes it: examples lie in blocks of `BLOCK`; in
a block eight running sums, from 0.0, take every eighth example; they are added as
((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)).
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

from ..table.registry import TABLE

# `code.pxd` says what these are in C.
Words: TypeAlias = "array[int]"
Bytes = bytearray
Number = int

DOT, SUM, CHECK, GUARD, INPUT, OUTPUT, REDUCE, REDUCE_PRODUCT = range(-1, -9, -1)

#: The status of an example that has met a number that is not finite, or an exception.
SUSPECT = -1
#: How many examples are summed by themselves.
BLOCK = 512

_NAMES = {
    DOT: "dot",
    SUM: "sum",
    CHECK: "check",
    GUARD: "guard",
    INPUT: "input",
    OUTPUT: "output",
    REDUCE: "reduce",
    REDUCE_PRODUCT: "reduce_product",
}


#: What stands in an instruction before its operands, how many there are, and what is after them.
_SHAPES = {
    DOT: (3, 2, 0),  # for each of n
    SUM: (3, 1, 0),
    CHECK: (1, 1, 0),
    GUARD: (1, 1, 2),
    INPUT: (2, 0, 1),
    OUTPUT: (1, 1, 1),
    REDUCE: (1, 1, 1),
    REDUCE_PRODUCT: (1, 2, 1),
}


def shapes() -> array[int]:
    """Three words for each opcode, from `REDUCE_PRODUCT` up to the last row of the table.

    They are how many words stand before the operands: the opcode, `out` and `n`, where there
    is one; how many operands there are, times n; and how many words come after them.
    """
    words = array("i")
    for opcode in range(REDUCE_PRODUCT, 0):
        words.extend(_SHAPES[opcode])
    for row in TABLE:
        words.extend((2, len(row.arguments), 0))
    return words


def check_program(
    code: array[int], bank: array[float], given: Sequence[int], outputs: Sequence[int]
) -> None:
    """Refuse code for one example that a machine could not run.

    bank     the numbers its registers start with
    given    the registers that are filled at each call
    outputs  those of the results

    Raises `ValueError`, naming the instruction, for an opcode or a register that there is not
    and for what is cut short; `TypeError` for arrays of another type.
    """
    _check_type("code", code, "i")
    _check_type("bank", bank, "d")
    for kind, registers in (("input", given), ("output", outputs)):
        for register in registers:
            if not 0 <= register < len(bank):
                raise ValueError(f"{kind} register {register} is not one of {len(bank)}")
    seen = bytearray(len(bank))
    for register in given:
        seen[register] = 1
    check(code, shapes(), seen, 0, GUARD)


def check_batch(code: array[int], registers: int, shared: int) -> tuple[int, int, int]:
    """Refuse code for a batch that a machine could not run; the numbers of columns it needs.

    registers  how many rows there are
    shared     how many numbers all examples share

    Those are columns of inputs, of outputs, and of sums. Raises as `check_program` does, and
    also where a register is read before it is written, and where the columns of outputs, or of
    sums, are not written once each.
    """
    _check_type("code", code, "i")
    if registers < 0 or shared < 0:
        raise ValueError(f"registers and shared numbers are counted, got {registers}, {shared}")
    return check(code, shapes(), bytearray(registers), shared, REDUCE_PRODUCT)


def _check_type(name: str, given: Any, typecode: str) -> None:
    if not isinstance(given, array) or given.typecode != typecode:
        raise TypeError(f"{name} must be an array({typecode!r}), got {type(given).__name__}")


def check(
    code: Words, shapes: Words, seen: Bytes, shared: Number, lowest: Number
) -> tuple[int, int, int]:
    """Walk through the code once.

    seen    what has become of each register: 0 where it was neither read nor written yet, 1
            where it was written, 2 where it was read first; this is kept up
    lowest  the opcode that comes first: all there are in a batch, fewer in a program
    """
    words = len(code)
    registers = len(seen)
    bottom, first_column, in_batch = REDUCE_PRODUCT, INPUT, lowest == REDUCE_PRODUCT
    opcodes = len(shapes) // 3 + bottom
    columns = [0, 0, 0]
    written: list[set[int]] = [set(), set(), set()]
    place = number = 0
    while place < words:
        opcode = code[place]
        if not lowest <= opcode < opcodes:
            raise ValueError(f"instruction {number}: there is no opcode {opcode}")
        shape = 3 * (opcode - bottom)
        head, reads, rest = shapes[shape], shapes[shape + 1], shapes[shape + 2]
        if head == 3:
            count = code[place + 2] if place + 2 < words else 1
            if count < 1:
                raise _wrong(number, opcode, f"{count} terms are no sum")
            reads *= count
        begin = place + head
        end = begin + reads + rest
        if end > words:
            raise _wrong(number, opcode, "it is cut short")
        for i in range(begin, begin + reads):
            register = code[i]
            if register >= registers or register < -shared:
                raise _wrong(number, opcode, f"there is no register {register}")
            if register >= 0 and seen[register] == 0:
                if in_batch:
                    raise _wrong(number, opcode, f"register {register} is not written yet")
                seen[register] = 2
        if head > 1:
            register = code[place + 1]
            if not 0 <= register < registers:
                raise _wrong(number, opcode, f"there is no register {register}")
            if seen[register] == 2:
                raise _wrong(number, opcode, f"register {register} holds a constant")
            seen[register] = 1
        if rest == 2 and (code[end - 2] not in (0, 1) or code[end - 1] < 0):
            raise _wrong(number, opcode, "it expects 0 or 1 and has an index from 0 on")
        if rest == 1:
            column = code[end - 1]
            kind = min(first_column - opcode, 2)
            if column < 0:
                raise _wrong(number, opcode, f"there is no column {column}")
            if kind and column in written[kind]:
                raise _wrong(number, opcode, f"column {column} is written already")
            written[kind].add(column)
            columns[kind] = max(columns[kind], column + 1)
        place = end
        number += 1
    if len(written[1]) < columns[1] or len(written[2]) < columns[2]:
        raise ValueError(f"not all columns are written, of {columns[1]} outputs, {columns[2]} sums")
    return columns[0], columns[1], columns[2]


def _wrong(number: int, opcode: int, problem: str) -> ValueError:
    name = _NAMES.get(opcode) or TABLE[opcode].name
    return ValueError(f"instruction {number} ({name}): {problem}")


def check_entries(opcodes: Words, operands: Words, reads: Words) -> tuple[int, int, int]:
    """Refuse entries of a tape that are not computed from entries before them.

    opcodes   those of rows, and -1, -2 or -3 for what no row computes
    operands  of all entries, one after the other
    reads     how many an entry has, by its opcode; less than 0 for an opcode there must not be

    Returns how many entries have the opcodes -1, -2 and -3. Raises `ValueError`, naming the entry.
    """
    known = len(reads)
    words = len(operands)
    begin = 0
    counts = [0, 0, 0]
    for entry in range(len(opcodes)):
        opcode = opcodes[entry]
        if -4 < opcode < 0:
            counts[-1 - opcode] += 1
            continue
        if not 0 <= opcode < known or reads[opcode] < 0:
            raise ValueError(f"opcodes: entry {entry}: no row has opcode {opcode}")
        end = begin + reads[opcode]
        if end > words:
            raise ValueError(f"operands: they end before those of entry {entry}")
        for i in range(begin, end):
            operand = operands[i]
            if not 0 <= operand < entry:
                raise ValueError(
                    f"operands: entry {entry} is computed from entry {operand}, which is not one "
                    "before it"
                )
        begin = end
    if begin < words:
        raise ValueError(f"operands: {words} are {words - begin} more than the entries have")
    return counts[0], counts[1], counts[2]


def check_range(words: Words, least: Number, end: Number) -> None:
    """Raise `ValueError` for a word that is less than `least` or not less than `end`."""
    for i in range(len(words)):
        word = words[i]
        if not least <= word < end:
            raise ValueError(f"word {i} is {word}, but there are {end}")


def check_run(columns: tuple[int, int, int], shared: int, arrays: Any) -> None:
    """Refuse arrays that are not as large as the code of a batch needs.

    arrays  `bank, inputs, outputs, status, sums, first, last`, as `Batch.run` takes them
    """
    bank, inputs, outputs, status, sums, first, last = arrays
    float64 = dtype_of("float64")
    _check_array("bank", bank, "float64", (shared,))
    for kind, given, count in (("inputs", inputs, columns[0]), ("outputs", outputs, columns[1])):
        if len(given) < count:
            raise ValueError(f"the code has {count} columns of {kind}, got {len(given)}")
        for i, column in enumerate(given):
            if not _is_column(column, float64, last):
                _check_array(f"{kind}[{i}]", column, "float64", (last,))
    _check_array("status", status, "int32", (last,))
    if not 0 <= first <= last:
        raise ValueError(f"examples are counted from 0 on, got {first} to {last}")
    if columns[2]:
        if first % BLOCK:
            raise ValueError(f"sums begin with a block of {BLOCK} examples, not at {first}")
        _check_array("sums", sums, "float64", (-(-last // BLOCK), columns[2]))


def _check_array(name: str, given: Any, dtype: str, least: tuple[int, ...]) -> None:
    kind, shape = getattr(given, "dtype", type(given).__name__), getattr(given, "shape", ())
    if kind != dtype_of(dtype) or len(shape) != len(least) or any(map(operator.lt, shape, least)):
        size = " × ".join(map(str, least))
        raise ValueError(
            f"{name} must be an array of {size} numbers of type {dtype}, or more, "
            f"got {kind} {shape}"
        )


def _is_column(given: Any, dtype: Any, least: int) -> bool:
    """Whether `_check_array` would say nothing, as of nearly all columns."""
    try:
        shape = given.shape
        return given.dtype == dtype and len(shape) == 1 and shape[0] >= least
    except AttributeError:
        return False


@cache
def dtype_of(name: str) -> Any:
    """NumPy's type of that name."""
    import numpy

    return numpy.dtype(name)
