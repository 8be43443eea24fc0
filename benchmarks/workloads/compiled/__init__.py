"""What compiled functions take: replays, batches, training, sparse, travelling, scale, compiling.

A file each for its tasks. `case.py` says what a task is, and `by_hand.c` holds the batches in C.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from typing import Any

from . import batches, making, scale, single, sparse, training, travelling
from .case import Case, measure

CASES: dict[str, Callable[[bool], Iterator[Case]]] = {
    "single": single.cases,
    "batches": batches.cases,
    "training": training.cases,
    "sparse": sparse.cases,
    "travelling": travelling.cases,
    "scale": scale.cases,
}

#: The parts, as the command names them.
PARTS = tuple(f"compiled-{part}" for part in (*CASES, "making"))

#: Who takes part in these alone, where it is installed.
OTHERS = ("heyoka", "ddx-ad", "drjit")


def run(part: str, rounds: int, tiny: bool) -> Any:
    """Every case of a part, or what compiling takes."""
    name = part.removeprefix("compiled-")
    if name == "making":
        return making.run(min(rounds, 3), tiny)
    return [measure(case, rounds, tiny) for case in CASES[name](tiny)]


def versions() -> dict[str, str]:
    """Of those who take part in these alone; "" where one is not installed."""
    found = {}
    for name in OTHERS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found
