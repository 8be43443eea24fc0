"""The machine in plain Python: one example with floats, a batch with NumPy.

It gives the bits that the machine in C gives.
"""

from __future__ import annotations

import ast
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from ..engine.value import Value
from ..table.emit import ATOM, COMPARISON, Emitter, Piece, compiled
from ..table.floats import CONSTANTS
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE, compile_ieee_value
from .code import (
    BLOCK,
    CHECK,
    DOT,
    GUARD,
    INPUT,
    OUTPUT,
    REDUCE,
    REDUCE_PRODUCT,
    SUM,
    SUSPECT,
    check_batch,
    check_program,
    check_run,
    shapes,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Column = npt.NDArray[np.float64]

ieee_value = cache(compile_ieee_value)

#: An instruction: its opcode, the register it writes, its operands, and the words after them.
Step = tuple[int, int, Sequence[int], Any]


def steps(code: array[int]) -> Iterator[Step]:
    """The instructions of code that has been checked."""
    shape = shapes()
    place = 0
    while place < len(code):
        opcode = code[place]
        at = 3 * (opcode - REDUCE_PRODUCT)
        head, reads, rest = shape[at : at + 3]
        begin = place + head
        end = begin + (reads * code[place + 2] if head == 3 else reads)
        out = code[place + 1] if head > 1 else -1
        yield opcode, out, code[begin:end], code[end : end + rest]
        place = end + rest


class Program:
    """Code for one example, ready to run.

    code        of an `array("i")`, see `code`
    bank        the numbers in the registers before it runs, an `array("d")`; where code reads a
                number that nothing has written, it is a constant, and no instruction may write it
    inputs      the registers of the numbers given at each call
    leaves      registers and the Values whose data are read into them at each call
    outputs     the registers of the results
    doubts_nan  whether a result that is NaN makes the example suspect

    Raises `ValueError` for code that can't be run, naming the instruction.
    """

    def __init__(
        self,
        code: array[int],
        bank: array[float],
        inputs: Sequence[int],
        leaves: Sequence[tuple[int, Value]],
        outputs: Sequence[int],
        doubts_nan: bool = False,
    ) -> None:
        check_program(code, bank, [*inputs, *(register for register, _ in leaves)], outputs)
        self._bank = bank[:]
        self._inputs = [*inputs]
        self._leaves = [*leaves]
        self._outputs = [*outputs]
        self._doubts_nan = doubts_nan
        self._steps: list[Step] = [
            (opcode, out, operands, ieee_value(TABLE[opcode]) if opcode >= 0 else rest)
            for opcode, out, operands, rest in steps(code)
        ]

    def __call__(self, numbers: list[float]) -> list[float] | int:
        """The results, or the status where it is not 0."""
        if len(numbers) != len(self._inputs):
            raise ValueError(f"the program takes {len(self._inputs)} numbers, got {len(numbers)}")
        bank = self._bank[:]
        for register, number in zip(self._inputs, numbers, strict=True):
            bank[register] = number
        for register, leaf in self._leaves:
            bank[register] = leaf._data
        status = 0
        for opcode, out, operands, more in self._steps:
            event = 0
            if opcode >= 0:
                try:
                    bank[out] = more(*[bank[each] for each in operands])
                except Exception:
                    bank[out] = math.nan
                    event = SUSPECT
            elif opcode == DOT:
                terms = zip(operands[::2], operands[1::2], strict=True)
                bank[out] = in_order(bank[a] * bank[b] for a, b in terms)
            elif opcode == SUM:
                bank[out] = in_order(bank[a] for a in operands)
            elif opcode == CHECK:
                event = 0 if math.isfinite(bank[operands[0]]) else SUSPECT
            else:
                expected, index = more
                event = 0 if (bank[operands[0]] != 0) == expected else index + 1
            status = status or event
        results = [bank[register] for register in self._outputs]
        if not status and self._doubts_nan and math.isnan(sum(results)):
            return SUSPECT
        return status or results

    def fill(self, numbers: list[float], results: Column) -> int:
        """Write the results to the front of an array, and return the status."""
        found = self(numbers)
        if not isinstance(found, list):
            return found
        results[: len(found)] = found
        return 0

    def backward(self, numbers: list[float], leaves: tuple[Value, ...]) -> list[float] | int:
        """The same, but the last results are added to the gradients of these leaves."""
        found = self(numbers)
        if not isinstance(found, list):
            return found
        count = len(found) - len(leaves)
        for leaf, gradient in zip(leaves, found[count:], strict=True):
            leaf._grad += gradient
        return found[:count]


def in_order(terms: Iterator[Any]) -> Any:
    """The sum of the terms, one after the other: Python 3.12's own `sum` is another number."""
    total = next(terms)
    for term in terms:
        total = total + term
    return total


class _InexactError(Exception):
    """A row that NumPy would round otherwise than C and Python do."""


class _InColumns(Emitter):
    """Writes a value on columns of numbers, where NumPy rounds as Python does."""

    exact: ClassVar = {
        "fabs": "abs",
        "sqrt": "sqrt",
        "floor": "floor",
        "ceil": "ceil",
        "trunc": "trunc",
    }

    def __init__(self, operands: Mapping[str, Piece]) -> None:
        self.operands = operands

    def name(self, label: str) -> Piece:
        return self.operands.get(label, (label, ATOM))

    def function(self, name: str) -> str:
        if name not in self.exact:
            raise _InexactError
        return f"numpy.{self.exact[name]}"

    def call(self, function: str, operands: Sequence[ast.expr]) -> Piece:
        row = TABLE[OPCODES[function]] if function in OPCODES else None
        if row is None or not row.c:
            raise _InexactError
        given = dict(zip(row.arguments, map(self.piece, operands), strict=True))
        return f"({_Spelling(given)(row.spelled(row.c))})", ATOM

    def binary(self, op: ast.operator, left: ast.expr, right: ast.expr) -> Piece:
        if isinstance(op, ast.FloorDiv | ast.Mod | ast.Pow):
            raise _InexactError
        return super().binary(op, left, right)

    def piece(self, tree: ast.expr) -> Piece:
        match tree:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                asked = self(test) if isinstance(test, ast.Compare) else f"({self(test)}) != 0"
                return f"numpy.where({asked}, {self(body)}, {self(orelse)})", ATOM
            case ast.Compare(comparators=[_, _, *_]):
                pairs = zip(
                    [tree.left, *tree.comparators], tree.ops, tree.comparators, strict=False
                )
                tests = [self(ast.Compare(a, [op], [b])) for a, op, b in pairs]
                return f"({' & '.join(f'({test})' for test in tests)})", ATOM
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"({self(operand)}) == 0", COMPARISON
        return super().piece(tree)


class _Spelling(_InColumns):
    """A row's spelling in C."""

    def call(self, function: str, operands: Sequence[ast.expr]) -> Piece:
        return self.called(self.function(function), operands)


@cache
def column_value(row: Primitive) -> Callable[..., Any] | None:
    """The row's value on columns of numbers, or None where NumPy would round differently."""
    import numpy

    try:
        line = f"return {_InColumns({})(row.value_tree)}"
    except _InexactError:
        return None
    return compiled(f"{row.name} of columns", row.arguments, [line], {"numpy": numpy, **CONSTANTS})


class Batch:
    """Code that runs over examples, ready to run.

    code       of an `array("i")`, see `code`
    registers  how many rows of numbers it uses
    shared     how many numbers all examples share
    fast       whether results may be up to 4 units in the last place off, where that is quicker:
               in C on Linux with x86-64; else this changes nothing

    Raises `ValueError` for code that can't be run, naming the instruction.
    """

    def __init__(self, code: array[int], registers: int, shared: int, fast: bool = False) -> None:
        self._columns = check_batch(code, registers, shared)
        self._shared = shared
        self._steps = [*steps(code)]

    def run(
        self,
        bank: Column,
        inputs: Sequence[Column],
        outputs: Sequence[Column],
        status: npt.NDArray[np.int32],
        sums: Column | None,
        first: int,
        last: int,
    ) -> bool:
        """Run examples first … last - 1, and tell whether the status of all of them is 0.

        bank     the shared numbers
        inputs   a column for each, with a number for every example of the batch
        outputs  columns that are written
        status   of every example, which is written
        sums     for each block of `BLOCK` examples and each sum, which is written; `first` is
                 the beginning of a block then

        Several threads may run different examples. Raises `ValueError` for arrays that are too
        small or of another type.
        """
        import numpy

        check_run(self._columns, self._shared, (bank, inputs, outputs, status, sums, first, last))
        here = slice(first, last)
        found = status[here]
        found[:] = 0
        rows: dict[int, Any] = {}

        def event(where: Any, number: int) -> None:
            found[(found == 0) & where] = number

        def whole(operand: int) -> Any:
            return numpy.broadcast_to(bank[~operand] if operand < 0 else rows[operand], found.shape)

        with numpy.errstate(all="ignore"):
            for opcode, out, operands, more in self._steps:
                given = [bank[~each] if each < 0 else rows[each] for each in operands]
                if opcode >= 0:
                    row = TABLE[opcode]
                    exact = column_value(row)
                    if exact is not None:
                        rows[out] = exact(*given)
                    else:
                        rows[out], failed = each_example(row, map(whole, operands))
                        event(failed, SUSPECT)
                elif opcode == DOT:
                    terms = zip(given[::2], given[1::2], strict=True)
                    rows[out] = in_order(a * b for a, b in terms)
                elif opcode == SUM:
                    rows[out] = in_order(iter(given))
                elif opcode == CHECK:
                    event(~numpy.isfinite(given[0]), SUSPECT)
                elif opcode == GUARD:
                    expected, index = more
                    event((given[0] != 0) != expected, index + 1)
                elif opcode == INPUT:
                    rows[out] = inputs[more[0]][here].copy()
                elif opcode == OUTPUT:
                    outputs[more[0]][here] = given[0]
                elif opcode == REDUCE:
                    write_sums(sums, more[0], first, whole(operands[0]))
                else:
                    write_sums(sums, more[0], first, whole(operands[0]) * whole(operands[1]))
        return not found.any()


def each_example(row: Primitive, columns: Iterable[Column]) -> tuple[Column, Any]:
    """The row's value of each example by itself, NaN where it raises, and where that was."""
    import numpy

    function = ieee_value(row)
    lists = [column.tolist() for column in columns]
    results = numpy.full(len(lists[0]), math.nan)
    failed = numpy.zeros(len(lists[0]), bool)
    for i, numbers in enumerate(zip(*lists, strict=True)):
        try:
            results[i] = function(*numbers)
        except Exception:
            failed[i] = True
    return results, failed


def write_sums(sums: Any, column: int, first: int, row: Column) -> None:
    for start in range(0, len(row), BLOCK):
        sums[(first + start) // BLOCK, column] = block_sum(row[start : start + BLOCK])


def block_sum(numbers: Column) -> Any:
    """The sums of the numbers of one block of examples, in the order `code` tells.

    numbers  an array whose last axis runs over at most `BLOCK` examples
    """
    import numpy

    count = numbers.shape[-1]
    # A negative zero is the number that changes no sum, of zeros neither.
    eights = numpy.full((*numbers.shape[:-1], 8 * -(-count // 8)), -0.0)
    eights[..., :count] = numbers
    s = numpy.zeros((*numbers.shape[:-1], 8))
    with numpy.errstate(all="ignore"):
        for start in range(0, count, 8):
            s += eights[..., start : start + 8]
        halves = s[..., :4] + s[..., 4:]
        return (halves[..., 0] + halves[..., 2]) + (halves[..., 1] + halves[..., 3])


# What is larger is cut after it has been made smaller, so that nothing overflows.
_LARGE, _SMALLER = 2.0**900, 1000
# Numbers that are cut at once, and stay in the cache.
_CUT_AT_ONCE = 1 << 13


def exact_sum(numbers: Column) -> tuple[int, float]:
    """The exact sum of the finite numbers, in steps of 2**-1074, and what the others add up to."""
    import numpy

    finite, others = 0, 0.0
    with numpy.errstate(all="ignore"):
        for start in range(0, len(numbers), _CUT_AT_ONCE):
            some = numbers[start : start + _CUT_AT_ONCE].copy()
            # NaN is not below it either.
            if not max(some.max(), -some.min()) < _LARGE:
                unusual = ~numpy.isfinite(some)
                others += float(some[unusual].sum())
                some[unusual] = 0.0
                large = abs(some) >= _LARGE
                finite += _finite_sum(numpy.ldexp(some[large], -_SMALLER)) << _SMALLER
                some[large] = 0.0
            finite += _finite_sum(some)
    return finite, others


def _finite_sum(numbers: Column) -> int:
    """The exact sum of numbers, which are used up.

    They are cut, all at the same bit, into pieces whose sum is a double, as in Rump, Ogita and
    Oishi, "Accurate floating-point summation".
    """
    import numpy

    total = 0
    room = len(numbers).bit_length() + 1
    above = None
    while numbers.any():
        if above is None:
            above = math.frexp(max(numbers.max(), -numbers.min()))[1] + room
        # What is added to it and taken away again is cut at its last bit.
        cutter = math.ldexp(1.5, above)
        pieces = numbers + cutter
        pieces -= cutter
        numbers -= pieces
        numerator, denominator = float(numpy.sum(pieces)).as_integer_ratio()
        total += numerator << 1075 - denominator.bit_length()
        above -= 52 - room
    return total


def add_gradients(values: list[Value], gradients: list[float]) -> list[int]:
    """Add to the gradients of leaves, and tell where there are other values, which are left."""
    others = []
    for i, (v, gradient) in enumerate(zip(values, gradients, strict=True)):
        if v._x is None:
            v._grad += gradient
        else:
            others.append(i)
    return others
