"""Timing several libraries side by side: interleaved rounds, medians and ratios.

A ratio of two times measured minutes apart says as much about the machine as about the
libraries. Here every round times each participant once, one after the other, and ratios
are taken within a round.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .peers.base import Peer, agree
from .workloads.base import Workload

#: A timed section lasts at least this long; quick participants are called several times in it.
SECTION_SECONDS = 0.02
#: After this long a participant sits out the remaining rounds, once it took part in three.
BUDGET_SECONDS = 10.0
WARM_UP = -1


class DisagreementError(Exception):
    """A participant computed another value or gradient than the reference."""


@dataclass
class Timed:
    """What is timed in every round, and the seconds of one call in each."""

    run: Callable[[], Any]
    calls: int = field(default=1, kw_only=True)
    spent: float = field(default=0.0, kw_only=True)
    seconds: dict[int, float] = field(default_factory=dict, kw_only=True)

    def time(self, round_number: int) -> None:
        gc.collect()
        start = time.perf_counter()
        for _ in range(self.calls):
            self.run()
        elapsed = time.perf_counter() - start
        self.seconds[round_number] = elapsed / self.calls
        self.spent += elapsed


@dataclass
class Participant(Timed):
    """One peer's way of doing a workload."""

    peer: Peer
    variant: str
    size: int
    operations: int

    @property
    def key(self) -> str:
        return f"{self.peer.name}, {self.variant}" if self.variant else self.peer.name

    @property
    def title(self) -> str:
        return f"{self.peer.title}, {self.variant}" if self.variant else self.peer.title

    def per_operation(self, round_number: int) -> float:
        return self.seconds[round_number] / self.operations


def enter(
    workload: Workload, peers: Mapping[str, Peer], reference: Peer, tiny: bool
) -> list[Participant]:
    """The participants of a workload, warmed up and found to agree with the reference.

    Raises `DisagreementError` for one that does not.
    """
    entered = []
    whole = workload.tiny if tiny else workload.size
    for name in workload.peers:
        if name not in peers:
            continue
        size = max(workload.tiny, round(whole * workload.shares.get(name, 1.0)))
        expected = list(workload.runs(reference, size).values())
        if not expected:
            return []
        wanted = expected[0]()
        for variant, run in workload.runs(peers[name], size).items():
            participant = Participant(run, peers[name], variant, size, workload.operations(size))
            found = run()
            if not agree(found, wanted):
                raise DisagreementError(
                    f"{workload.title}: {participant.title} computes {found[0]!r} with gradient "
                    f"{found[1][:4]}…, but {reference.title} {wanted[0]!r} with {wanted[1][:4]}…"
                )
            entered.append(participant)
    return entered


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Keep Python's garbage collector from walking through the modules that others imported.

    It stays on, as it is for users: what it costs to have many objects alive is measured.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def compete(participants: Sequence[Timed], rounds: int, tiny: bool) -> None:
    """Time everybody in every round, each time from another one on."""
    with quiet_collector():
        for participant in participants:
            participant.time(WARM_UP)
            if not tiny:
                once = participant.seconds[WARM_UP]
                participant.calls = max(1, round(SECTION_SECONDS / once))
            participant.spent = 0.0
            del participant.seconds[WARM_UP]
        for round_number in range(rounds):
            first = round_number % max(1, len(participants))
            for participant in [*participants[first:], *participants[:first]]:
                if participant.spent < BUDGET_SECONDS or len(participant.seconds) < 3:
                    participant.time(round_number)


def spread(samples: Sequence[float]) -> dict[str, float]:
    """The median and the quartiles around it."""
    if len(samples) == 1:
        return {"median": samples[0], "lower": samples[0], "upper": samples[0]}
    lower, median, upper = statistics.quantiles(samples, n=4, method="inclusive")
    return {"median": median, "lower": lower, "upper": upper}


def ratio(participant: Participant, base: Participant) -> dict[str, float]:
    """How many times longer an operation takes than in `base`, round by round."""
    shared = participant.seconds.keys() & base.seconds.keys()
    return spread([participant.per_operation(i) / base.per_operation(i) for i in sorted(shared)])


def results(workload: Workload, participants: Sequence[Participant]) -> dict[str, Any]:
    """What the JSON file keeps of one workload."""
    by_key = {participant.key: participant for participant in participants}
    bases = [by_key[name] for name in ("compiled", "plain") if name in by_key]
    return {
        "title": workload.title,
        "aims": dict(workload.aims),
        "participants": {
            key: {
                "title": participant.title,
                "size": participant.size,
                "operations": participant.operations,
                "calls_per_round": participant.calls,
                "seconds": list(participant.seconds.values()),
                "time": spread(list(participant.seconds.values())),
                "nanoseconds_per_operation": 1e9
                * spread(list(participant.seconds.values()))["median"]
                / participant.operations,
                "times_slower_than": {base.key: ratio(participant, base) for base in bases},
            }
            for key, participant in by_key.items()
        },
    }


def run(
    workload: Workload, peers: Mapping[str, Peer], reference: Peer, rounds: int, tiny: bool = False
) -> dict[str, Any]:
    """Time a workload with every peer that takes part in it."""
    participants = enter(workload, peers, reference, tiny)
    compete(participants, rounds, tiny)
    return results(workload, participants)
