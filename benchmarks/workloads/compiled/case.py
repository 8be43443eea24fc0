"""What a case is: one task, those who do it, what we promise, and how it is timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...harness import DisagreementError, Timed, compete, spread
from ...machine import one_processor

#: So much of the largest number may two libraries differ by: a sum has another order.
TOLERANCE = 1e-9


@dataclass
class Contender(Timed):
    """One way of doing a task.

    read        the numbers of what `run` returns: the value, then the derivatives
    value_only  whether it computes no derivatives
    threads     how many it may use; with one, it is kept on one processor
    """

    read: Callable[[Any], Any] = field(default=lambda found: flat(found), kw_only=True)
    value_only: bool = field(default=False, kw_only=True)
    threads: int = field(default=1, kw_only=True)

    def time(self, round_number: int) -> None:
        with self.place():
            super().time(round_number)

    def numbers(self) -> Any:
        """What it computes."""
        with self.place():
            return self.read(self.run())

    def place(self) -> AbstractContextManager[None]:
        return one_processor() if self.threads == 1 else nullcontext()


@dataclass(frozen=True)
class Aim:
    """What we promise: `who` takes at most so many times as long as `beside`.

    at_most  times as long, or nanoseconds a unit where `beside` is ""
    """

    who: str
    at_most: float
    beside: str = ""


@dataclass(frozen=True)
class Case:
    """A task.

    unit, units  what a time is divided by, and how many of them one call is
    contenders   by name; the first is what others are compared with
    """

    title: str
    unit: str
    units: int
    contenders: Mapping[str, Contender]
    aims: tuple[Aim, ...] = ()


def flat(tree: Any) -> np.ndarray[Any, Any]:
    """All numbers in tuples, lists and arrays, in order."""
    if isinstance(tree, tuple | list):
        parts = [flat(each) for each in tree]
        return np.concatenate(parts) if parts else np.zeros(0)
    return np.ravel(np.asarray(tree, dtype=float))


def check(case: Case) -> None:
    """Raise `DisagreementError` where somebody computes other numbers than the first."""
    first, *others = case.contenders
    wanted = case.contenders[first].numbers()
    for name in others:
        contender = case.contenders[name]
        found = contender.numbers()
        expected = wanted[: len(found)] if contender.value_only else wanted
        scale = np.abs(expected).max(initial=0.0)
        if len(found) != len(expected) or not np.abs(found - expected).max() <= TOLERANCE * scale:
            raise DisagreementError(
                f"{case.title}: {name} computes {found[:4]}…, but {first} {expected[:4]}…"
            )


def _ratio(a: Timed, b: Timed) -> dict[str, float]:
    return spread(
        [a.seconds[i] / b.seconds[i] for i in sorted(a.seconds.keys() & b.seconds.keys())]
    )


def measure(case: Case, rounds: int, tiny: bool) -> dict[str, Any]:
    """Time a case, as the JSON file keeps it."""
    check(case)
    by_name = case.contenders
    compete([*by_name.values()], rounds, tiny)
    first = next(iter(by_name.values()))
    aims = []
    for aim in case.aims:
        if aim.who not in by_name or (aim.beside and aim.beside not in by_name):
            continue
        who = by_name[aim.who]
        found = (
            _ratio(who, by_name[aim.beside])
            if aim.beside
            else spread([1e9 * each / case.units for each in who.seconds.values()])
        )
        aims.append(
            {"who": aim.who, "beside": aim.beside, "at_most": aim.at_most, "measured": found}
        )
    return {
        "title": case.title,
        "unit": case.unit,
        "units": case.units,
        "contenders": {
            name: {
                "time": spread([*each.seconds.values()]),
                "nanoseconds": 1e9 * spread([*each.seconds.values()])["median"] / case.units,
                "times_as_long": _ratio(each, first),
            }
            for name, each in by_name.items()
        },
        "aims": aims,
    }
