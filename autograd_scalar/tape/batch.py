"""A compiled function on the examples of a batch."""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..engine import context
from ..transforms.anomaly import AnomalyError
from ..transforms.pytree import TreeDef, array, flatten
from .again import Again, UnlikeError
from .code import BLOCK, SUSPECT
from .examples import Column, Examples
from .machine import block_sum
from .specialised import (
    MissingFunctionError,
    Specialisation,
    Specialisations,
    TooManyWaysError,
    accumulate,
    plain,
)
from .threads import default_threads
from .tracing import FrozenError, NoBatchError, NotOneNumberError, check_one_value

#: How many numbers are held at once where results of single examples are needed.
_AT_ONCE = 1 << 19
#: How many words of code, counted for each example, take as long as a thread to start.
WORTH_A_THREAD = 1_000_000

_WORKER = "autograd_scalar batch"

#: The index of an example, and what it raised.
Failure = tuple[int, Exception]


class ArrangementError(ValueError):
    """Examples whose results are not arranged alike."""

    @classmethod
    def of(cls, one: Any, other: Any) -> ArrangementError:
        """The error for ways with such results."""
        return cls(
            "the results of all examples of a batch must be arranged alike, but of some "
            f"the function returns {one.result!r:.60} and of others {other.result!r:.60}"
        )


# What is no failure of an example, but of the function or of what it was compiled with.
NOT_OF_AN_EXAMPLE = (
    ArrangementError,
    FrozenError,
    MissingFunctionError,
    NoBatchError,
    NotOneNumberError,
    TooManyWaysError,
)


def run(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any], backward: bool) -> Any:
    """The results of a compiled function on a batch."""
    if backward and compiled.reduce is None:
        raise TypeError(
            'backward() differentiates one number: compile with reduce="sum" or reduce="mean"'
        )
    calls = Examples(compiled, args, kwargs)
    if calls.size == 0 and compiled.reduce == "mean":
        raise ValueError("the mean of no examples is not defined")
    if calls.has_values or context.tracer() is not None or context.watcher() is not None:
        return _one_call_each(compiled, calls, backward)
    with bar(compiled.progress, calls.size) as done:
        here = _Run(compiled, calls, backward, done)
        while True:
            try:
                result = here.arranged(here.results() if here.made.made else [])
                here.remember(compiled, args, kwargs)
                return result
            except _NewParameterError:
                # From now on all ways know of it.
                here.failures.clear()


class Found(NamedTuple):
    """The results of some examples.

    columns   each result of all of them, NaN for those that failed
    way       one that they go, or None where each of them failed; there are no columns then
    failures  which failed
    """

    columns: list[Column]
    way: Specialisation | None
    failures: list[Failure]


def found(compiled: Any, calls: Examples, before: int, done: Callable[[int], Any]) -> Found:
    """The results of examples by a compiled function that doesn't reduce them.

    before  how many examples there are before these, which are not here
    done    called with how many more are done
    """
    here = _Run(compiled, calls, False, done, before)
    ways = here.made.made
    columns = [*here.results()] if ways else []
    failures = [(before + index, error) for index, error in here.failed]
    return Found(columns, ways[0] if ways else None, failures)


@contextmanager
def bar(wanted: bool, total: int) -> Iterator[Callable[[int], Any]]:
    """A bar that shows how many examples are done, if it is wanted; what tells it of more."""
    if not wanted:
        yield lambda count: None
        return
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(
            "progress=True shows a bar with tqdm: pip install 'autograd-scalar[progress]'"
        ) from error
    with tqdm(total=total, unit=" examples", unit_scale=True) as shown:

        def done(count: int) -> None:
            # What turns out to need another look has been counted.
            shown.update(min(count, total - shown.n))

        yield done
        done(total)


class _NewParameterError(Exception):
    """A way through the function needs a Value from outside that those before didn't."""


class _Run:
    """One call on a batch: what is known of it, and its results."""

    def __init__(
        self,
        compiled: Any,
        calls: Examples,
        backward: bool,
        done: Callable[[int], Any],
        before: int = 0,
    ) -> None:
        self.calls = calls
        self.done = done
        #: How many examples there are before these, for what is told of one.
        self.before = before
        self.backward = backward
        self.errors = compiled.errors
        self.reduce = compiled.reduce
        self.threads = compiled.threads or default_threads()
        self.progress = compiled.progress
        self.failures: list[Failure] = []
        #: Whether some examples needed another look.
        self.doubtful = False
        first = calls.first
        self.batched = tuple(calls.batched(first))
        pairs = zip(first.numbers, self.batched, strict=True)
        self.shared = [number for number, differs in pairs if not differs]
        self.made: Specialisations = compiled.specialisations(first.key, backward)
        if not calls.size:
            # It has no numbers that could be an error, and is not kept.
            self.made = self.made.blank()
            self.made.add(first, calls.args(0), calls.kwargs)
        elif not self.made.made:
            self._trace_first()
        #: A result of the function, for what it looks like.
        self.result: Any = None
        self.arrangement: Any = None
        self.treedef: Any = None
        if self.made.made:
            first_way = self.made.made[0]
            self.result, self.arrangement = first_way.result, first_way.arrangement
            self.treedef = first_way.treedef

    @property
    def width(self) -> int:
        return self.made.made[0].width

    def _trace_first(self) -> None:
        """Trace the first example that raises nothing; it is a failure where each does."""
        for index in range(self.calls.size):
            try:
                self._trace(index)
            except NOT_OF_AN_EXAMPLE:
                raise
            except Exception:
                before = len(self.failures)
                self._eagerly(index)
                if len(self.failures) == before:
                    raise
            else:
                self.failures.clear()
                return

    def _trace(self, index: int) -> Specialisation:
        return self.made.add(self.calls.arguments(index), self.calls.args(index), self.calls.kwargs)

    def results(self) -> list[Column] | Column:
        """Each result of the function: a column of all examples, or their sum."""
        size = self.calls.size
        way = self.made.made[0]
        status = np.zeros(size, np.int32)
        sums = np.zeros((-(-size // BLOCK), self.width)) if self.reduce else None
        columns = [] if self.reduce else [np.empty(size) for _ in range(self.width)]
        # A derivative that is NaN in one example is NaN in a sum.
        told = [sums] if sums is not None else columns
        if not self._replay(way, self.calls.columns, columns, status, sums, self.done):
            doubtful = np.arange(size)
        else:
            doubtful = np.flatnonzero((status != 0) | way.fails)
            for each in told if way.check else []:
                unknown = np.isnan(each)
                if unknown.any():
                    strange = np.flatnonzero(unknown if sums is None else unknown.any(axis=1))
                    if sums is not None:
                        strange = _members(strange, size)
                    doubtful = np.union1d(doubtful, strange)
        self.doubtful = len(doubtful) > 0
        if not self.doubtful:
            return columns if sums is None else _added(sums)
        if sums is None:
            found = self._one_by_one(doubtful)
            for column, numbers in zip(columns, found, strict=True):
                column[doubtful] = numbers
            return columns
        # The sum of a block is that of all its examples, whichever way each of them goes.
        blocks = np.unique(doubtful // BLOCK)
        at_once = max(1, _AT_ONCE // (BLOCK * max(1, self.width)))
        for start in range(0, len(blocks), at_once):
            some = blocks[start : start + at_once]
            rows = _members(some, size)
            found = self._one_by_one(rows)
            for block in some:
                inside = rows // BLOCK == block
                sums[block] = block_sum(found[:, inside])
        return _added(sums)

    def _replay(
        self,
        way: Specialisation,
        inputs: Sequence[Column],
        outputs: Sequence[Column],
        status: Column,
        sums: Column | None,
        done: Callable[[int], Any] | None = None,
    ) -> bool:
        """Run one way on examples; whether it could be, by what they have in common."""
        ready = way.batch(self.batched, sums is not None)
        bank = np.empty(ready.size + 2)
        bank[-2:] = 1.0, -1.0
        failed = ready.shared.fill(self.shared, bank)
        if failed:
            status[:] = failed
            return False

        def run(first: int, end: int) -> int:
            ready.each.run(bank, inputs, outputs, status, sums, first, end)
            return int(np.count_nonzero(status[first:end] == 0))

        size = len(status)
        threads = _threads(self.threads, size * ready.words)
        for count in on_threads(run, size, threads, 100 if self.progress and done else 1):
            if done:
                done(count)
        return True

    def _one_by_one(self, rows: Column) -> Column:
        """The results of these examples, each by the way it goes, or by the function itself.

        They are a column for each example, with a number for each result.
        """
        found = np.full((self.width, len(rows)), np.nan)
        todo = np.arange(len(rows))
        left: list[int] = []

        def attempt(way: Specialisation, todo: Column) -> Column:
            if way.arrangement != self.arrangement:
                raise ArrangementError.of(way, self)
            chosen = rows[todo]
            status = np.zeros(len(todo), np.int32)
            outputs = np.empty((self.width, len(todo)))
            inputs = [column[chosen] for column in self.calls.columns]
            self._replay(way, inputs, [*outputs], status, None)
            suspect = (status == SUSPECT) | ((status == 0) & way.fails)
            if way.check:
                with np.errstate(all="ignore"):
                    suspect |= (status == 0) & np.isnan(outputs.sum(axis=0))
            fine = (status == 0) & ~suspect
            self.done(int(np.count_nonzero(fine)))
            if fine.all():
                found[:, todo] = outputs
            else:
                found[:, todo[fine]] = outputs[:, fine]
            left.extend(todo[suspect].tolist())
            rest: Column = todo[(status > 0) & ~suspect]
            return rest

        for way in [*self.made.made]:
            if len(todo):
                todo = attempt(way, todo)
        known = len(self.made.outside)
        while len(todo):
            here = int(todo[0])
            try:
                way = self._trace(int(rows[here]))
            except NOT_OF_AN_EXAMPLE:
                raise
            except Exception:
                left.append(here)
                todo = todo[1:]
                continue
            if known < len(self.made.outside):
                raise _NewParameterError
            before = len(todo)
            todo = attempt(way, todo)
            if len(todo) == before:
                left.append(here)
                todo = todo[1:]
        for here in sorted(left):
            numbers = self._eagerly(int(rows[here]))
            self.done(1)
            if numbers is not None:
                found[:, here] = numbers
            elif self.reduce:
                # It changes no sum.
                found[:, here] = -0.0
        return found

    def _eagerly(self, index: int) -> list[float] | None:
        """The results of an example by the function itself; None where it raises and may."""
        try:
            return self.calls.eagerly(index, self.made.outside if self.backward else None)
        except NOT_OF_AN_EXAMPLE:
            raise
        except Exception as error:
            if self.errors != "report":
                error.add_note(f"in example {self.before + index} of the batch")
                raise
            self.failures.append((index, error))
            return None

    @property
    def failed(self) -> list[Failure]:
        """Which examples failed, each once, in their order."""
        return sorted(dict(self.failures).items())

    def arranged(self, numbers: Any) -> Any:
        """What the call returns; gradients are added to those of the Values they belong to."""
        size = self.calls.size
        failures = self.failed
        if failures and len(failures) == size:
            return None, failures
        treedef = self.treedef
        if self.reduce == "mean":
            with np.errstate(all="ignore"):
                numbers = numbers / np.float64(size - len(failures))
        count = sum(1 if unit is None else math.prod(unit) for unit in treedef.units)
        if self.reduce is None:
            result = stacked(treedef, numbers, size)
        else:
            numbers = numbers.tolist()
            if self.backward:
                accumulate(self.made.outside, numbers[count:])
            result = treedef.unflatten(numbers[:count])
        return (result, failures) if self.errors == "report" else result

    def remember(self, compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Let the next call like this one be quicker, if that is a plain one."""
        plain = self.calls.size and not (kwargs or self.doubtful or self.progress)
        if not plain or self.errors == "report" or len(self.made.made) != 1:
            compiled.again.pop(self.backward, None)
            return
        axes = compiled.batch if isinstance(compiled.batch, tuple | list) else [0] * len(args)
        threads = self.threads  # not this object, which holds the examples

        def run(one: Callable[[int, int], bool], size: int, words: int) -> bool:
            return all([*on_threads(one, size, _threads(threads, size * words))])

        with suppress(UnlikeError):
            compiled.again[self.backward] = Again(
                self.made, self.batched, axes, args, self.backward, self.reduce, _added, run
            )


_Told = TypeVar("_Told")


def _threads(most: int, words: int) -> int:
    """How many threads are worth their while for so many words of code."""
    if threading.current_thread().name.startswith(_WORKER):
        return 1  # a worker that waits for the others may be waited for
    return min(most, 1 + words // WORTH_A_THREAD)


def on_threads(
    run: Callable[[int, int], _Told], size: int, threads: int, parts: int = 1
) -> Iterator[_Told]:
    """What `run` tells of ranges of examples, on so many threads, this one among them.

    parts  how many ranges there are for each thread
    """
    if threads == parts == 1:
        yield run(0, size)
        return
    step = max(1, -(-size // (threads * parts * BLOCK))) * BLOCK
    ranges = [(first, min(first + step, size)) for first in range(0, size, step)]
    told: deque[_Told] = deque()

    def tell(part: tuple[int, int]) -> None:
        told.append(run(*part))

    pool = _pool(os.getpid(), threads - 1) if threads > 1 else None
    others = [each for i, each in enumerate(ranges) if i % threads]
    waiting = pool.map(tell, others) if pool else iter(())
    for _ in chain(map(tell, ranges[::threads]), waiting):
        while told:
            yield told.popleft()


def stacked(treedef: TreeDef, columns: Sequence[Column], size: int) -> Any:
    """The structure of one result, with the results of all examples in place of each number."""
    remaining = iter(columns)
    return treedef.unflatten_units(
        next(remaining)
        if unit is None
        else np.array([next(remaining) for _ in range(math.prod(unit))]).T.reshape((size, *unit))
        for unit in treedef.units
    )


def _one_call_each(compiled: Any, calls: Examples, backward: bool) -> Any:
    """The results where Values are among the arguments, or somebody looks at what is recorded."""
    rows: list[list[Any] | None] = []
    failures: list[Failure] = []
    treedef = None
    for i in range(calls.size):
        try:
            leaves, treedef = flatten(calls.fun(*calls.args(i), **calls.kwargs), "result")
        except (*NOT_OF_AN_EXAMPLE, AnomalyError):
            raise
        except Exception as error:
            if compiled.errors != "report":
                error.add_note(f"in example {i} of the batch")
                raise
            failures.append((i, error))
            rows.append(None)
        else:
            rows.append(leaves)
    if treedef is None:
        if failures:
            return None, failures
        raise ValueError("without examples there is nothing to record")
    # A negative zero changes no sum.
    missing = [math.nan if compiled.reduce is None else -0.0] * len(next(filter(None, rows), []))
    columns = [
        [*column] for column in zip(*[missing if r is None else r for r in rows], strict=True)
    ]
    if compiled.reduce is None:
        result = stacked(treedef, [array(column, (calls.size,)) for column in columns], calls.size)
    else:
        totals = [_total(column) for column in columns]
        if compiled.reduce == "mean":
            totals = [total / (calls.size - len(failures)) for total in totals]
        if backward:
            out = treedef.unflatten(totals)
            check_one_value(out)
            out.backward()
        result = treedef.unflatten(totals)
    if backward or not (calls.has_values or context.tracer() is not None):
        result = plain(result)
    return (result, failures) if compiled.errors == "report" else result


def _total(numbers: list[Any]) -> Any:
    """The sum over the examples, in the order in which the machine adds."""
    sums = []
    for start in range(0, len(numbers), BLOCK):
        s: list[Any] = [0.0] * 8
        for i, number in enumerate(numbers[start : start + BLOCK]):
            s[i % 8] = s[i % 8] + number
        sums.append(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))
    while len(sums) > 1:
        sums = [a + b for a, b in zip(sums[::2], sums[1::2], strict=False)] + sums[len(sums) & ~1 :]
    return sums[0]


def _added(sums: Column) -> Column:
    """The sums of the blocks, added in pairs, and these in pairs, and so on."""
    with np.errstate(all="ignore"):
        while len(sums) > 1:
            odd = sums[len(sums) & ~1 :]
            sums = sums[:-1:2] + sums[1::2]
            if len(odd):
                sums = np.concatenate([sums, odd])
    return sums[0] if len(sums) else np.zeros(sums.shape[1])


def _members(blocks: Column, size: int) -> Column:
    """The examples of these blocks."""
    rows = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    return rows[rows < size]


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads of this process: those of the one it was forked from are not there."""
    return ThreadPoolExecutor(threads, f"{_WORKER} {process}")
