"""A long expression: `s = s*b + x; s = s - x*a`, repeated to 20,000 operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..peers import PEERS, Peer
from .base import Run, Workload

#: s, a, b and x; `b` close to 1, so that the first operation still matters to the last.
START = (0.3, 0.7, 0.9999, 0.5)


def runs(peer: Peer, size: int) -> dict[str, Run]:
    leaves = peer.leaves(START)

    def expression(inputs: Sequence[Any]) -> Any:
        s, a, b, x = inputs
        for _ in range(size // 4):
            s = s * b + x
            s = s - x * a
        return s

    return {"": lambda: peer.value_and_gradient(expression, leaves)}


EXPRESSION = Workload(
    title="A long expression, 20,000 operations",
    peers=tuple(PEERS),
    size=20_000,
    tiny=40,
    operations=lambda size: size,
    runs=runs,
    shares={"jax": 1 / 20},
    aims={"xad": 6.0, "torch": 50.0, "micrograd": 30.0},
)
