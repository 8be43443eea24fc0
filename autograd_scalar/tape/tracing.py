"""Running a function once, and writing down what it computes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

from ..engine import modes
from ..engine.value import Value, constant, order, varying_constant
from ..table.registry import KERNELS, OPCODES, TABLE
from ..transforms import recorded
from ..transforms.arithmetic import record_ieee
from .formulas import formulas
from .tape import GIVEN, OUTER, Guard, Place, Tape

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_SUB, _EQUAL = OPCODES["sub"], OPCODES["equal"]
_CONSTANT = Value(0.0).detach()._opcode

_WAYS_OUT = {
    ".backward()": "call grad(…) of a function instead, or the compiled function's own backward()",
    ".grad": "call grad(…) of a function instead, or the compiled function's own backward()",
    "an index or a count made": "give it as an int, which is part of the program",
    "int()": "use autograd_scalar.trunc, which stays a Value",
    "math.trunc()": "use autograd_scalar.trunc, which stays a Value",
    "math.floor()": "use autograd_scalar.floor, which stays a Value",
    "math.ceil()": "use autograd_scalar.ceil, which stays a Value",
    "float()": "use the functions of autograd_scalar (exp, log, …) in place of those of math, and "
    "stop_gradient(v) for a Value without a derivative",
}
_WAY_OUT = (
    "compare the Value itself, choose with where, maximum or minimum, and use stop_gradient(v) "
    "where a derivative must not flow"
)


class FrozenError(TypeError):
    """A number was taken out of a program that is to be replayed on others."""


class NoBatchError(TypeError):
    """A result that examples of a batch can't have."""


class NotOneNumberError(TypeError):
    """A result that `backward()` can't differentiate."""


class Tracer:
    """Writes what is computed, while it is computed, into a tape."""

    def __init__(self, goes_on: bool) -> None:
        self.tape = Tape()
        self._goes_on = goes_on
        self._entries: dict[Value, int] = {}
        # Which entries may be other numbers in another call.
        self._varies: list[bool] = []
        # Which would be plain numbers, not Values, if the program were not traced.
        self._plain: list[bool] = []
        self._constants: dict[tuple[str, str], int] = {}
        self._sweeps = 0

    def input(self, v: Value) -> None:
        """Let `v` be the next of the numbers that are given at each call."""
        entry = self.tape.append(GIVEN)
        self.tape.inputs.append(entry)
        self._enter(v, entry, True, True)

    def entry(self, v: Value) -> int:
        """Where `v` is in the tape."""
        found = self._entries.get(v)
        if found is not None:
            return found
        if v._opcode == _CONSTANT:
            return self._constant(v._data)
        # It was there before: it is read at each call, however it was computed.
        entry = self.tape.append(OUTER)
        self.tape.outer[entry] = v
        self._enter(v, entry, True, False)
        return entry

    def entry_of(self, result: Any) -> int:
        """Where a result is, a Value or a plain number."""
        return self.entry(result) if type(result) is Value else self._constant(result)

    def _constant(self, number: float) -> int:
        # A number of the program's is that very number, whatever it may have been rounded from.
        formula = formulas().get(number, "") if self._sweeps else ""
        key = (number.hex(), formula)
        entry = self._constants.get(key)
        if entry is None:
            entry = self._constants[key] = self.tape.constant(number)
            if formula:
                self.tape.formulas[entry] = formula
            self._varies.append(False)
            self._plain.append(True)
        return entry

    def _enter(self, v: Value, entry: int, varies: bool, plain: bool) -> None:
        self._entries[v] = entry
        self._varies.append(varies)
        self._plain.append(plain)

    def outside(self, out: Any) -> list[Value]:
        """The Values from outside that a result may be computed from.

        Raises `NotOneNumberError` where it is not one number computed from Values.
        """
        check_one_value(out)
        self.entry(out)  # it may be one of them itself
        return [v for v in self.tape.outer.values() if v._opcode != _CONSTANT]

    def finish(self) -> None:
        """Write down the names that Values have by now, and where lines are."""
        tape = self.tape
        for v, entry in self._entries.items():
            if v._label:
                tape.labels.setdefault(entry, v._label)
        tape.places = [place and _spelled(*place) for place in tape.places]
        for guard in tape.guards:
            guard.place = _spelled(*guard.place)

    # What the engine tells, see `modes.trace`.

    def created(self, v: Value) -> None:
        self._enter(v, self.tape.constant(v._data), False, False)

    def constant(self, opcode: int, operands: Sequence[Value]) -> Value:
        entries = tuple([self.entry(each) for each in operands])
        number = KERNELS[opcode](*[each._data for each in operands])[0]
        if not any(self._varies[each] for each in entries):
            return constant(number)
        v = varying_constant(number)
        place = None if self._sweeps else _place(sys._getframe())
        self._enter(v, self.tape.append(opcode, entries, place), True, True)
        return v

    def detached(self, v: Value) -> Value:
        entry = self.entry(v)
        detached = varying_constant(v._data) if self._varies[entry] else constant(v._data)
        detached.label = v._label
        if self._varies[entry]:
            self._entries[detached] = entry
        return detached

    def recorded(self, v: Value, parents: Sequence[Value]) -> None:
        entries = self._entries
        operands = []
        varies = False
        plain = True
        for p in parents:
            operand = entries.get(p)
            if operand is None:
                operand = self.entry(p)
            operands.append(operand)
            if self._varies[operand]:
                varies = True
            if not self._plain[operand]:
                plain = False
        place = None if self._sweeps else _place(sys._getframe())
        entry = self.tape.append(v._opcode, tuple(operands), place)
        self._enter(v, entry, varies, plain)
        if not self._sweeps and _can_raise(v._opcode):
            self.tape.checked.add(entry)

    def alike(self, chosen: Value, shown: int) -> None:
        self.tape.alike[self.entry(chosen)] = shown

    def sweep(self, begins: bool) -> None:
        self._sweeps += 1 if begins else -1

    def failed(self, opcode: int, operands: Sequence[Value]) -> Value | None:
        """What stands in place of a result that is an error, or None for the error itself.

        The program may expect the error, and go another way: that it is one is a question too.
        """
        failed = record_ieee(opcode, operands)
        if self._sweeps:
            return failed
        entry = self.entry(failed)
        self.tape.checked.discard(entry)
        if not self._goes_on and self._varies[entry]:
            remainder = self._append(_SUB, (entry, entry))
            finite = self._append(_EQUAL, (remainder, self._constant(0.0)))
            guard = Guard(finite, False, _place(sys._getframe()), len(self.tape))
            self.tape.guards.append(guard)
            # An infinity may be a number like any other: only the function itself can tell.
            self.tape.fails = True
        return failed if self._goes_on else None

    def check(self, v: Value) -> None:
        self.tape.checked.add(self.entry(v))

    def is_plain(self, v: Value) -> bool:
        return self._plain[self.entry(v)]

    def plain(self, v: Value) -> None:
        self._plain[self.entry(v)] = True

    def variable(self, v: Value) -> None:
        self._plain[self.entry(v)] = False

    def _append(self, opcode: int, operands: tuple[int, ...]) -> int:
        self._varies.append(True)
        self._plain.append(True)
        return self.tape.append(opcode, operands)

    def asked(self, v: Value, outcome: bool) -> bool:
        entry = self.entry(v)
        if self._varies[entry]:
            self.tape.guards.append(Guard(entry, outcome, _place(sys._getframe()), len(self.tape)))
        return outcome

    def reading(self, v: Value, how: str) -> None:
        if self._varies[self.entry(v)]:
            raise FrozenError(
                f"{how} of {v!r} takes a number out of a function that is being compiled, and it "
                "would be this number in every later call; "
                f"{_WAYS_OUT.get(how, _WAY_OUT)}"
            )


def check_one_value(out: Any) -> None:
    """Raise `NotOneNumberError` for a result that `backward()` can't differentiate."""
    if type(out) is not Value:
        raise NotOneNumberError(
            "backward() needs a function that returns one number computed from Values, got "
            f"{type(out).__name__} {out!r:.60}"
        )


@cache
def _can_raise(opcode: int) -> bool:
    from ..table.emit import can_raise

    row = TABLE[opcode]
    return row.is_opaque or can_raise(row.value_tree)


def _place(frame: Any) -> Place:
    """The innermost line that is not of this project."""
    code = frame.f_code
    while _is_ours(code) and frame.f_back is not None:
        frame = frame.f_back
        code = frame.f_code
    return code, frame.f_lineno


@lru_cache(maxsize=4096)
def _spelled(code: Any, line: int) -> tuple[str, int, str]:
    return code.co_filename, line, code.co_name


@lru_cache(maxsize=4096)
def _is_ours(code: Any) -> bool:
    return str(code.co_filename).startswith(_PACKAGE)


def traced(
    fun: Callable[[], Any],
    leaves: Sequence[Value],
    goes_on: bool,
    finish: Callable[[Tracer, Any], Any],
) -> tuple[Tape, Any]:
    """The tape of a call of `fun`, and what `finish` makes of the tracer and the result.

    leaves   what the numbers given at each call are inside `fun`, in their order
    goes_on  whether an operation that raises gives the number of IEEE 754 instead
    """
    tracer = Tracer(goes_on)
    for leaf in leaves:
        tracer.input(leaf)
    with modes.trace(tracer):
        finished = finish(tracer, fun())
    tracer.finish()
    return tracer.tape, finished


def gradients(out: Value, by: list[Value]) -> list[Any]:
    """The derivatives of `out` by Values, to be written onto the tape."""
    return recorded.adjoints(order([out], []), {out: 1.0}, by, True, True)
