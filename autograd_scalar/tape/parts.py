"""A batch in parts: each gives exact sums, which are added and rounded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine import context
from .batch import ArrangementError, Failure, Found, bar, found
from .exact import ExactSums
from .examples import Examples, containers
from .specialised import Specialisation

# How many examples are computed before it is known how many results they have, and how many
# numbers are held at once from then on.
_AT_FIRST, _AT_ONCE = 1 << 10, 1 << 18


def is_chunked(argument: Any) -> bool:
    """Whether an argument is something of Dask's, or has such a thing in it."""
    container = containers(argument)
    if container is not None:
        return any(is_chunked(part) for part in container[2])
    kinds = {*map(type, argument)} if isinstance(argument, list | tuple) else {type(argument)}
    return any(hasattr(kind, "__dask_graph__") for kind in kinds)


class Unreduced:
    """A compiled function with its ways, but without its `reduce`, and without a bar."""

    reduce = None

    def __init__(self, compiled: Any) -> None:
        self.errors = compiled.errors
        self.threads = compiled.threads
        self.progress = False
        self.specialisations = compiled.specialisations


class Sums:
    """What is kept of examples that are reduced.

    count     how many did not fail
    sums      the sums over these of each result
    failures  the index and the exception of those that did
    """

    def __init__(self, results: Found | None = None, before: int = 0, size: int = 0) -> None:
        """Of the results of so many examples, with so many others before them."""
        self.count = size
        self.sums = ExactSums()
        self.failures: list[Failure] = []
        if results is not None:
            self.failures = results.failures
            self.count -= len(self.failures)
            for column in results.columns:
                column[[index - before for index, _ in self.failures]] = 0.0
            self.sums = ExactSums(results.columns)

    def add(self, more: Sums) -> None:
        """Add those of examples that come after these."""
        self.count += more.count
        self.failures = self.failures + more.failures
        self.sums.add(more.sums)

    def reduced(self, reduce: str) -> list[float]:
        """The sum or the mean of each result; none where no example is left."""
        sums = self.sums.rounded() if self.count else []
        return [each / self.count for each in sums] if reduce == "mean" else sums


def summed(
    compiled: Any, calls: Examples, before: int, done: Callable[[int], Any]
) -> tuple[Sums, Specialisation | None]:
    """What is kept of examples, and a way that they go, None where each failed.

    before  how many examples there are before these, which are not here
    done    called with how many more are done
    """
    whole, way = Sums(), None
    start, step = 0, _AT_FIRST
    while start < calls.size:
        some = calls.part(start, start + step)
        results = found(compiled, some, before + start, done)
        if results.way is not None:
            if way is not None and way.arrangement != results.way.arrangement:
                raise ArrangementError.of(way, results.way)
            way = results.way
            step = max(_AT_FIRST, _AT_ONCE // max(1, len(results.columns)))
        whole.add(Sums(results, before + start, some.size))
        start += some.size
    return whole, way


def map_parts(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Compiled.map` on this machine."""
    calls = Examples(compiled, args, kwargs)
    looked_at = calls.has_values or context.tracer() is not None or context.watcher() is not None
    if compiled.reduce is None or looked_at or not calls.size:
        return compiled(*args, **kwargs)
    with bar(compiled.progress, calls.size) as done:
        whole, way = summed(Unreduced(compiled), calls, 0, done)
    numbers = whole.reduced(compiled.reduce)
    result = None if way is None or not numbers else way.treedef.unflatten(numbers)
    return (result, whole.failures) if compiled.errors == "report" else result
