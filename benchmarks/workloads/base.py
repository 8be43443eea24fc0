"""What a workload is: a computation that every peer can be asked to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..peers.base import Peer, ValueAndGradient

Run = Callable[[], ValueAndGradient]


@dataclass(frozen=True)
class Workload:
    """A computation to record and differentiate, the same for every peer.

    title       what tables call it
    peers       who takes part
    size, tiny  how large it is, and how large in the tests' quick mode
    operations  how many operations a size is, which times are divided by
    runs        what to time with a peer at a size, by variant; the first is what others
                are compared with. Whatever a program does once, outside its loop, is done
                in here and not timed
    shares      the part of the size given to a peer that would take minutes otherwise; it
                is compared by the operation
    aims        how many times faster than a peer our compiled build is meant to be
    """

    title: str
    peers: tuple[str, ...]
    size: int
    tiny: int
    operations: Callable[[int], int]
    runs: Callable[[Peer, int], dict[str, Run]]
    shares: Mapping[str, float] = field(default_factory=dict)
    aims: Mapping[str, float] = field(default_factory=dict)
