"""Where our own time goes: recording, sweeping, freeing, and what lies outside the engine.

The floor is the same program on numbers that record nothing. On `float`s it is Python's
loop, calls and lists. On `complex` numbers, an extension type like ours for which the
interpreter has no shortcuts, it is that and finding an operator and making an object for
each operation, which is what any library of scalars pays before it does anything.
"""

from __future__ import annotations

import cmath
import gc
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..harness import quiet_collector, spread
from ..peers import Peer, load
from ..peers.base import ValueAndGradient
from . import expression, mlp, transformer
from .base import Run, Workload

WORKLOADS: Mapping[str, Workload] = {
    "expression": expression.EXPRESSION,
    "mlp": mlp.MLP,
    "transformer": transformer.TRANSFORMER,
}

PARTS = ("record", "backward", "free", "the rest", "in the collector")


class Numbers(Peer):
    """Plain numbers of one type: the program without derivatives."""

    def __init__(self, number: Callable[[float], Any], functions: Any) -> None:
        self.number = number
        self.functions = functions

    def constant(self, number: float) -> Any:
        return self.number(number)

    def exp(self, x: Any) -> Any:
        return self.functions.exp(x)

    def log(self, x: Any) -> Any:
        return self.functions.log(x)

    def relu(self, x: Any) -> Any:
        return x if x.real > 0.0 else x * 0.0

    def leaves(self, numbers: Sequence[float]) -> list[Any]:
        return [self.constant(number) for number in numbers]

    def assign(self, leaves: Any, numbers: Sequence[float]) -> None:
        pass

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: Any
    ) -> ValueAndGradient:
        self.seconds = _seconds(lambda: function(leaves))
        return 0.0, [0.0] * len(leaves)


def _seconds(do: Callable[[], Any]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _timed_parts(peer: Peer) -> dict[str, float]:
    """Make the peer's `value_and_gradient` note what its parts take, in the dictionary."""
    seconds: dict[str, float] = defaultdict(float)

    def value_and_gradient(
        function: Callable[[Sequence[Any]], Any], leaves: Any
    ) -> ValueAndGradient:
        roots = []
        for leaf in leaves:
            leaf.grad = 0.0
        seconds["record"] = _seconds(lambda: roots.append(function(leaves)))
        seconds["backward"] = _seconds(roots[0].backward)
        value, gradient = roots[0].data, [leaf.grad for leaf in leaves]
        seconds["free"] = _seconds(roots.clear)
        return value, gradient

    peer.value_and_gradient = value_and_gradient  # type: ignore[method-assign]
    return seconds


def _parts(run: Run, seconds: dict[str, float]) -> dict[str, float]:
    """One call, part by part; the collector's time is within the other parts."""
    began = 0.0
    seconds["in the collector"] = 0.0

    def watch(phase: str, info: Mapping[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            seconds["in the collector"] += time.perf_counter() - began

    gc.collect()
    gc.callbacks.append(watch)
    try:
        whole = _seconds(run)
    finally:
        gc.callbacks.remove(watch)
    seconds["the rest"] = whole - sum(seconds[part] for part in ("record", "backward", "free"))
    return dict(seconds)


def _floor(run: Run, numbers: Numbers) -> float:
    gc.collect()
    run()
    return numbers.seconds


def run(builds: Iterable[str], rounds: int, tiny: bool) -> dict[str, Any]:
    """The parts of each workload, by build, and the two floors under their recording."""
    with quiet_collector():
        return {
            name: _measure(workload, {build: load(build) for build in builds}, rounds, tiny)
            for name, workload in WORKLOADS.items()
        }


def _measure(
    workload: Workload, builds: Mapping[str, Peer], rounds: int, tiny: bool
) -> dict[str, Any]:
    size = workload.tiny if tiny else workload.size
    floors = {"float": Numbers(float, math), "complex": Numbers(complex, cmath)}
    runs = {key: workload.runs(peer, size)[""] for key, peer in {**floors, **builds}.items()}
    parts = {build: _timed_parts(peer) for build, peer in builds.items()}
    samples: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(rounds):
        for build in builds:
            for part, seconds in _parts(runs[build], parts[build]).items():
                samples[build, part].append(seconds)
        for key, numbers in floors.items():
            samples[key, "record"].append(_floor(runs[key], numbers))
    return {
        "title": workload.title,
        "builds": {
            build: {part: spread(samples[build, part]) for part in PARTS} for build in builds
        },
        "floors": {key: spread(samples[key, "record"]) for key in floors},
    }
