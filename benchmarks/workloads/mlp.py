"""A full batch through a 2-16-16-1 network: hinge loss over 100 points and an L2 term."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..peers import PEERS, Peer
from .base import Run, Workload

WIDTHS = (2, 16, 16, 1)


def parameters(rng: random.Random, widths: Sequence[int] = WIDTHS) -> list[float]:
    """Of every neuron in turn: its weights, then its bias."""
    return [
        rng.uniform(-1.0, 1.0)
        for inputs, neurons in pairwise(widths)
        for _ in range(neurons)
        for _ in range(inputs + 1)
    ]


def network(
    scalars: Sequence[Any], activation: Callable[[Any], Any], widths: Sequence[int] = WIDTHS
) -> Callable[[Sequence[Any]], Any]:
    """The network in scalars, for peers that bring none; linear in its last layer."""
    remaining = iter(scalars)
    layers = [
        [([next(remaining) for _ in range(inputs)], next(remaining)) for _ in range(neurons)]
        for inputs, neurons in pairwise(widths)
    ]

    def apply(x: Sequence[Any]) -> Any:
        for layer in layers:
            sums = [sum((w * each for w, each in zip(ws, x, strict=True)), b) for ws, b in layer]
            x = sums if layer is layers[-1] else [activation(each) for each in sums]
        return x[0]

    return apply


def points(rng: random.Random, count: int) -> list[tuple[list[float], float]]:
    """Points of a square, and the side of a sine they are on."""
    drawn = [[rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0)] for _ in range(count)]
    return [(x, 1.0 if x[1] > 0.5 * x[0] ** 3 else -1.0) for x in drawn]


def operations(size: int) -> int:
    """The multiplications, additions, activations and losses in scalars."""
    pairs = list(pairwise(WIDTHS))
    weights = sum((inputs + 1) * neurons for inputs, neurons in pairs)
    products = sum(inputs * neurons for inputs, neurons in pairs)
    hinge, joining = 4, 3
    return size * (2 * products + sum(WIDTHS[1:-1]) + hinge) + 2 * weights + joining


def runs(peer: Peer, size: int) -> dict[str, Run]:
    rng = random.Random(2)
    start = parameters(rng)
    batch = [([peer.constant(each) for each in x], y) for x, y in points(rng, size)]

    def loss(model: Callable[[Sequence[Any]], Any], weights: Sequence[Any]) -> Any:
        hinges = [peer.relu(1.0 + -y * model(x)) for x, y in batch]
        return sum(hinges) * (1.0 / size) + 1e-4 * sum(w * w for w in weights)

    if peer.nn is None:
        leaves = peer.leaves(start)

        def function(weights: Sequence[Any]) -> Any:
            return loss(network(weights, peer.relu), weights)
    else:
        model = peer.nn.MLP(WIDTHS[0], list(WIDTHS[1:]))
        leaves = model.parameters()
        peer.assign(leaves, start)

        def function(weights: Sequence[Any]) -> Any:
            return loss(model, weights)

    return {"": lambda: peer.value_and_gradient(function, leaves)}


MLP = Workload(
    title="A pass over a 2-16-16-1 network, 100 points",
    peers=tuple(PEERS),
    size=100,
    tiny=2,
    operations=operations,
    runs=runs,
    shares={"hips": 1 / 10, "jax": 1 / 20},
    aims={"micrograd": 40.0},
)
