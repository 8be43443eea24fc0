"""The ways through a function: one tape each, traced when a call first goes that way."""

from __future__ import annotations

import linecache
import numbers
import operator
import os
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ..engine.value import Value
from ..transforms.csr import Structure, TracedSparse
from ..transforms.pytree import Path, TreeDef, children, flatten, keystr, map_values
from . import tracing
from .arguments import Arguments, arrangement
from .cleaning import pruned, simplified
from .code import SUSPECT
from .machine import Batch, Program, add_gradients
from .packed import (
    PackedBatch,
    PackedProgram,
    PackedTape,
    numbering,
    packed,
    packed_batch,
    packed_program,
    renumber,
    same,
    unpacked,
)
from .schedule import many, one
from .tape import Tape


class TooManyWaysError(RuntimeError):
    """A function that decides in more ways than are compiled."""


class MissingFunctionError(RuntimeError):
    """What came here without its function, and needs it."""


class Missing:
    """Stands for a function that did not come along: to call it is an error.

    how  how it came here, as "it was loaded from a file"
    """

    def __init__(self, how: str) -> None:
        self.how = how

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise MissingFunctionError(
            "this call needs the function itself, as it goes a way that has not been compiled, or "
            "meets what is not finite on its way, at which the function may raise; "
            f"{self.how}"
        )


#: Which of the numbers differ from example to example, and whether results are added up.
Kind = tuple[tuple[bool, ...], bool]


class Ready(NamedTuple):
    """What runs over a batch: `shared` for all examples, then `each` for each.

    size   how many results `shared` has
    words  the length of the code for each
    """

    shared: Program
    size: int
    each: Batch
    words: int


class Specialisation:
    """One way through a function.

    tape      the tape that is replayed, packed where it comes from another process or a file
    recorded  how many primitives were traced to make it
    result    what the function returned, with a Value for each result of the tape
    check     whether errors are looked for
    fast      whether batches may be less than exact
    program   what is replayed for one example, and `batches` for many, where that is known
    """

    def __init__(
        self,
        tape: Tape | PackedTape,
        recorded: int,
        result: Any,
        check: bool,
        fast: bool,
        program: PackedProgram | None = None,
        batches: dict[Kind, PackedBatch] | None = None,
    ) -> None:
        self.recorded = recorded
        self.result = result
        self.check = check
        self.fast = fast
        self.fails = tape.fails
        #: How many results the tape has.
        self.width = len(tape.outputs)
        #: What the function returns where the tape gives these results.
        self.arranged = _arranging(result, 0)[0]
        self._tape = None if isinstance(tape, PackedTape) else tape
        self._packed = tape if isinstance(tape, PackedTape) else None
        self._packed_program = program
        self._packed_batches = batches or {}
        self._program: Program | None = None
        self._batches: dict[Kind, Ready] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        place = Value(0.0)
        # The numbers are those of one call, and one Value stands for all of them.
        result = map_values(lambda _: place, self.result)
        made_of = (self.packed, self.recorded, result, self.check, self.fast)
        return _came, (*made_of, self.packed_program, self.packed_batches)

    @property
    def tape(self) -> Tape:
        """The tape that is replayed."""
        if self._tape is None:
            self._tape = unpacked(self.packed)
        return self._tape

    @property
    def packed(self) -> PackedTape:
        """The same as flat arrays."""
        if self._packed is None:
            self._packed = packed(self.tape)
        return self._packed

    @property
    def packed_program(self) -> PackedProgram | None:
        """What the program for one example is made of, where there is one."""
        return self._packed_program

    @property
    def packed_batches(self) -> dict[Kind, PackedBatch]:
        """What the programs for batches are made of, of those that there are."""
        return self._packed_batches

    @property
    def outer(self) -> list[Value]:
        """The Values from outside that are read at each call."""
        return self.packed.leaves if self._tape is None else [*self._tape.outer.values()]

    @cached_property
    def arrangement(self) -> Any:
        """What the results of all examples of a batch have in common."""
        return arrangement(self.result)

    @cached_property
    def treedef(self) -> TreeDef:
        """How the results of a batch are arranged."""
        return flatten(self.result, "result")[1]

    @property
    def program(self) -> Program:
        """The program for one example."""
        if self._program is None:
            outer = self.outer
            if self._packed_program is None:
                self._packed_program = packed_program(one(self.tape, self.check), outer)
            # Where a derivative is NaN the engine sweeps again, and leaves out what a result does
            # not depend on: only the function itself can tell.
            self._program = self._packed_program.program(outer, self.check)
        return self._program

    @property
    def batched(self) -> list[tuple[bool, ...]]:
        """For which of its inputs it has run over a batch."""
        return [batched for batched, _ in self._batches]

    def batch(self, batched: tuple[bool, ...], reduced: bool) -> Ready:
        """The program for the examples of a batch; `schedule.many` says for which."""
        found = self._batches.get((batched, reduced))
        if found is None:
            outer = self.outer
            made = self._packed_batches.get((batched, reduced))
            if made is None:
                made = packed_batch(many(self.tape, batched, reduced, self.check), outer)
                self._packed_batches[batched, reduced] = made
            found = self._batches[batched, reduced] = Ready(
                made.shared.program(outer),
                len(made.shared.outputs),
                made.batch(self.fast),
                len(made.code),
            )
        return found

    def add_zeros(self, count: int) -> None:
        """Have so many more results, which are 0."""
        if count:
            self.tape.outputs += [self.tape.constant(0.0)] * count
            self.width += count
            self._program = self._packed_program = self._packed = None
            self._batches.clear()
            self._packed_batches.clear()

    def replay(self, numbers: list[float], leaves: tuple[Value, ...] = ()) -> list[float] | int:
        """The results for these numbers, or the machine's status where there are none.

        leaves  to whose gradients the last results are added
        """
        if leaves and not self.fails:
            return self.program.backward(numbers, leaves)
        found = self.program(numbers)
        return SUSPECT if self.fails and type(found) is list else found


def _came(
    tape: PackedTape,
    recorded: int,
    result: Any,
    check: bool,
    fast: bool,
    program: PackedProgram | None,
    batches: dict[Kind, PackedBatch],
) -> Specialisation:
    """A way that comes from another process, where rows may have other opcodes."""
    programs = [] if program is None else [program]
    renumber(numbering(tape.rows), tape, [*programs, *batches.values()])
    return Specialisation(tape, recorded, result, check, fast, program, batches)


def _arranging(result: Any, start: int) -> tuple[Callable[[list[float]], Any], int]:
    """What makes a result like this one of numbers, and where those end that it takes."""
    kind = type(result)
    if kind is Value:
        return operator.itemgetter(start), start + 1
    if kind in (list, tuple) and result and {*map(type, result)} == {Value}:
        whole = slice(start, start + len(result))
        if kind is list:
            return operator.itemgetter(whole), whole.stop
        return lambda numbers: tuple(numbers[whole]), whole.stop
    if kind is TracedSparse:
        entries = slice(start, start + len(result.data))
        return lambda numbers: _sparse(result.structure, numbers[entries]), entries.stop
    container = children(result)
    if container is not None:
        parts = []
        for each in container[2]:
            part, start = _arranging(each, start)
            parts.append(part)
        if kind is tuple and len(parts) == 2:
            first, second = parts
            return lambda numbers: (first(numbers), second(numbers)), start
        rebuild = container[3]
        return lambda numbers: rebuild([part(numbers) for part in parts]), start
    found: list[Value] = []
    map_values(found.append, result)

    def arranged(numbers: list[float]) -> Any:
        remaining = iter(numbers[start : start + len(found)])
        return map_values(lambda _: next(remaining), result)

    return arranged, start + len(found)


def _sparse(structure: Structure, numbers: list[Any]) -> Any:
    # The graph of a tape has Values.
    of_values = bool(numbers) and type(numbers[0]) is Value
    return structure.entries(numbers) if of_values else structure.of(numbers)


def _check_result(result: Any, path: Path) -> None:
    """Raise `TypeError` for what may hold Values that can't be found there."""
    if type(result) is Value or result is None or isinstance(result, _PLAIN):
        return
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(result, numpy.ndarray | numpy.generic):
        return
    if type(result) is TracedSparse:
        return
    container = children(result)
    if container is None:
        raise TypeError(
            f"{keystr(path)} is {type(result).__name__} {result!r:.60}; a compiled function "
            "returns numbers, in lists, tuples, dicts, dataclasses and arrays"
        )
    spell, keys, parts, _ = container
    for key, part in zip(keys, parts, strict=True):
        _check_result(part, (path, spell, key))


_PLAIN = (numbers.Number, str, bytes)


def _refuse_sparse(result: Any) -> None:
    if type(result) is TracedSparse:
        raise tracing.NoBatchError(
            "a batch gives arrays, and sparse matrices have none for all examples; compile without "
            "batch, and call it for each example"
        )
    container = children(result)
    for part in container[2] if container else ():
        _refuse_sparse(part)


class Specialisations:
    """Those for calls of one kind, the one used last first.

    limit     how many there may be
    backward  whether they give gradients by Values from outside
    is_batch  whether each result must be a number, or numbers in containers
    check     whether errors are looked for; if not, what would be one is a number of IEEE 754's
    fast      whether batches may be less than exact

    outside   the Values from outside whose gradients are the last results of each
    leaves    the same, where all are leaves, which a replay may add to itself
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        limit: int,
        backward: bool,
        is_batch: bool,
        check: bool,
        fast: bool,
    ) -> None:
        self.made: list[Specialisation] = []
        self.outside: list[Value] = []
        self.leaves: tuple[Value, ...] = ()
        self._fun = fun
        self._limit = limit
        self._backward = backward
        self._is_batch = is_batch
        self._check = check
        self._fast = fast
        self._lock = threading.RLock()
        _all.add(self)

    def renew_lock(self) -> None:
        """In a forked child, another thread that held the lock is not there to release it."""
        self._lock = threading.RLock()

    def replay(
        self, arguments: Arguments, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[Specialisation, list[float]] | None:
        """The results of a call, or None where only the function itself can tell.

        What is to be added to the gradients of `leaves` has been, and is not among them.
        """
        for i, each in enumerate(self.made):
            found = each.replay(arguments.numbers, self.leaves)
            if type(found) is list:
                if i:
                    self.made.insert(0, self.made.pop(i))
                return each, found
            if found == SUSPECT:
                return None
        with self._lock:
            # Another thread may have gone this way meanwhile.
            for each in self.made:
                found = each.replay(arguments.numbers, self.leaves)
                if type(found) is list:
                    return each, found
            new = self.add(arguments, args, kwargs)
        found = new.replay(arguments.numbers, self.leaves)
        return (new, found) if type(found) is list else None

    def gone(self) -> tuple[list[Specialisation], list[Value]]:
        """The ways that were gone, and the Values whose gradients they give."""
        with self._lock:
            return [*self.made], [*self.outside]

    def take(self, ways: Sequence[Specialisation], outside: list[Value]) -> None:
        """Have ways from elsewhere too, as many as there may be, and each once."""
        with self._lock:
            known = [each.packed for each in self.made]
            new = [way for way in ways if not any(same(way.packed, each) for each in known)]
            self.made += new[: self._limit - len(known)]
            self.learn(outside)

    def learn(self, new: list[Value]) -> None:
        """Give gradients to more Values."""
        self.outside += new
        is_leaves = not self._is_batch and all(v._x is None for v in self.outside)
        self.leaves = tuple(self.outside) if is_leaves else ()

    def blank(self) -> Specialisations:
        """As many for nothing but to know how results are arranged: what raises is a number."""
        return Specialisations(self._fun, 1, self._backward, self._is_batch, False, self._fast)

    def add(
        self, arguments: Arguments, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Specialisation:
        """Trace a call, and keep what was traced.

        Raises `TooManyWaysError`, naming the question that is answered differently again and
        again, where there are as many as there may be.
        """
        if len(self.made) >= self._limit:
            raise TooManyWaysError(self._too_many())
        leaves = [Value(number) for number in arguments.numbers]

        def call() -> Any:
            # The constructors of dataclasses compute, too.
            given, named = arguments.arranged(args, kwargs, leaves)
            return self._fun(*given, **named)

        def finish(tracer: tracing.Tracer, result: Any) -> tuple[Any, list[Value]]:
            found: list[Any] = []
            new: list[Value] = []
            gradients: list[Any] = []
            if self._backward:
                new = [v for v in tracer.outside(result) if not any(v is w for w in self.outside)]
                # As in the engine's sweep, they are sums from 0.0 on.
                gradients = [0.0 + g for g in tracing.gradients(result, [*self.outside, *new])]
            if self._is_batch:
                _refuse_sparse(result)
                found = flatten(result, "result")[0]
            else:
                _check_result(result, "result")
                map_values(found.append, result)
            tracer.tape.outputs = [tracer.entry_of(each) for each in [*found, *gradients]]
            # What was recorded is on the tape, and need not be kept.
            return map_values(lambda v: Value(v._data), result), new

        tape, (result, new) = tracing.traced(call, leaves, not self._check, finish)
        names = arguments.names(self._fun, args, kwargs)
        for entry, name in zip(tape.inputs, names, strict=False):
            tape.labels.setdefault(entry, name)
        for each in self.made:
            each.add_zeros(len(new))
        self.learn(new)
        clean = pruned(simplified(tape))
        made = Specialisation(clean, tape.count(), result, self._check, self._fast)
        self.made.insert(0, made)
        return made

    def _too_many(self) -> str:
        """Which question has been answered in most ways."""
        last = [each.tape.guards[-1].place for each in self.made if each.tape.guards]
        if not last:
            return f"{self._limit} programs have been made of one function"
        file, line, name = max(last, key=last.count)
        source = linecache.getline(file, line).strip()
        return (
            f"{self._limit} ways through the function have been compiled, and this call goes yet "
            f"another way; most end with the question asked in {name}, line {line} of {file}: "
            f"`{source}`; choose with where, maximum or minimum instead of asking, or compile "
            "with a higher limit"
        )


_all: weakref.WeakSet[Specialisations] = weakref.WeakSet()


def _renew_locks() -> None:
    for each in _all:
        each.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


def accumulate(outside: Sequence[Value], gradients: Sequence[float]) -> None:
    """Add derivatives to those of Values from outside, and to what these were computed from."""
    for i in add_gradients([*outside], [*gradients]):
        outside[i].backward(gradients[i])


def plain(result: Any) -> Any:
    """What a function returned, with numbers in place of Values."""
    return map_values(lambda v: v.data, result)
