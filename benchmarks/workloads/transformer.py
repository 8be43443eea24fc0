"""One training step of a small decoder-only transformer, written in scalars.

One layer, 16 dimensions, 4 heads, RMSNorm, learned positions and a vocabulary of 27
(the letters and a mark for both ends of a word). A word of 8 letters is nine
predictions. The step is the loss, its gradient and an Adam update.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from ..peers import PEERS, Peer
from ..peers.base import ValueAndGradient
from .base import Run, Workload

VOCABULARY = 27
WIDTH = 16
HEADS = 4
CONTEXT = 9
HIDDEN = 4 * WIDTH

Vector = Sequence[Any]
Matrix = Sequence[Vector]

SHAPES = {
    "token": (VOCABULARY, WIDTH),
    "position": (CONTEXT, WIDTH),
    "query": (WIDTH, WIDTH),
    "key": (WIDTH, WIDTH),
    "value": (WIDTH, WIDTH),
    "join": (WIDTH, WIDTH),
    "expand": (HIDDEN, WIDTH),
    "contract": (WIDTH, HIDDEN),
    "unembed": (VOCABULARY, WIDTH),
}
PARAMETERS = sum(rows * columns for rows, columns in SHAPES.values())


def matrices(scalars: Sequence[Any]) -> dict[str, Matrix]:
    """The flat list of parameters as named matrices, each a list of rows."""
    named: dict[str, Matrix] = {}
    start = 0
    for name, (rows, columns) in SHAPES.items():
        end = start + rows * columns
        named[name] = [scalars[i : i + columns] for i in range(start, end, columns)]
        start = end
    return named


def dot(a: Vector, b: Vector) -> Any:
    return sum(x * y for x, y in zip(a, b, strict=True))


def linear(matrix: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in matrix]


def add(a: Vector, b: Vector) -> Vector:
    return [x + y for x, y in zip(a, b, strict=True)]


def rms_norm(x: Vector) -> Vector:
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [each * scale for each in x]


def softmax(peer: Peer, logits: Vector) -> Vector:
    """Without the usual shift by the largest: a symbolic peer has no largest, and at the
    start of training all logits are small.
    """
    exponentials = [peer.exp(each) for each in logits]
    total = sum(exponentials)
    return [each / total for each in exponentials]


def heads(x: Vector) -> Iterator[Vector]:
    size = WIDTH // HEADS
    return (x[i : i + size] for i in range(0, WIDTH, size))


def attention(peer: Peer, query: Vector, keys: Matrix, values: Matrix) -> Vector:
    """One position's query against the keys up to it, each head on its own."""
    joined: list[Any] = []
    scale = 1.0 / math.sqrt(WIDTH // HEADS)
    by_head = zip(
        heads(query),
        zip(*map(heads, keys), strict=True),
        zip(*map(heads, values), strict=True),
        strict=True,
    )
    for q, ks, vs in by_head:
        weights = softmax(peer, [dot(q, k) * scale for k in ks])
        joined += [dot(weights, column) for column in zip(*vs, strict=True)]
    return joined


def loss(peer: Peer, scalars: Sequence[Any], tokens: Sequence[int]) -> Any:
    """The mean of −log p(next token) over the document."""
    model = matrices(scalars)
    keys: list[Vector] = []
    values: list[Vector] = []
    losses = []
    for position, (token, following) in enumerate(pairwise(tokens)):
        x = add(model["token"][token], model["position"][position])
        normed = rms_norm(x)
        keys.append(linear(model["key"], normed))
        values.append(linear(model["value"], normed))
        attended = attention(peer, linear(model["query"], normed), keys, values)
        x = add(x, linear(model["join"], attended))
        hidden = [peer.relu(each) for each in linear(model["expand"], rms_norm(x))]
        x = add(x, linear(model["contract"], hidden))
        probabilities = softmax(peer, linear(model["unembed"], rms_norm(x)))
        losses.append(-peer.log(probabilities[following]))
    return sum(losses) * (1.0 / len(losses))


class Adam:
    """Adam on plain numbers, the same for every peer."""

    def __init__(self, parameters: Sequence[float], rate: float = 1e-3) -> None:
        self.parameters = list(parameters)
        self.first = [0.0] * len(parameters)
        self.second = [0.0] * len(parameters)
        self.rate = rate
        self.steps = 0

    def step(self, gradient: Sequence[float]) -> list[float]:
        """The parameters after one step along `gradient`."""
        self.steps += 1
        first = self.first = [0.9 * m + 0.1 * g for m, g in zip(self.first, gradient, strict=True)]
        second = self.second = [
            0.999 * v + 0.001 * g * g for v, g in zip(self.second, gradient, strict=True)
        ]
        rate = self.rate / (1.0 - 0.9**self.steps)
        spread = 1.0 / (1.0 - 0.999**self.steps)
        self.parameters = [
            p - rate * m / (math.sqrt(v * spread) + 1e-8)
            for p, m, v in zip(self.parameters, first, second, strict=True)
        ]
        return self.parameters


def operations(size: int) -> int:
    """What `loss` spells out in scalars."""

    def dots(count: int, length: int) -> int:
        return count * 2 * length

    norm = dots(1, WIDTH) + 3 + WIDTH
    residuals = 3 * WIDTH
    square = dots(4 * WIDTH, WIDTH)
    widened = dots(HIDDEN, WIDTH) + HIDDEN + dots(WIDTH, HIDDEN)
    predicted = dots(VOCABULARY, WIDTH) + 2 * VOCABULARY + 4
    attending = sum(
        HEADS * (dots(t, WIDTH // HEADS) + 4 * t) + dots(WIDTH, t) for t in range(1, size + 2)
    )
    joining = 1
    block = 3 * norm + residuals + square + widened + predicted
    return (size + 1) * block + attending + joining


def runs(peer: Peer, size: int) -> dict[str, Run]:
    rng = random.Random(3)
    tokens = [0, *(rng.randrange(1, VOCABULARY) for _ in range(size)), 0]
    start = [rng.gauss(0.0, 0.1) for _ in range(PARAMETERS)]
    leaves = peer.leaves(start)
    optimiser = Adam(start)

    def step() -> ValueAndGradient:
        value, gradient = peer.value_and_gradient(lambda x: loss(peer, x, tokens), leaves)
        peer.assign(leaves, optimiser.step(gradient))
        return value, gradient

    return {"": step}


TRANSFORMER = Workload(
    title="A training step of a small transformer, a word of 8 letters",
    peers=tuple(name for name in PEERS if name != "jax"),
    size=8,
    tiny=0,
    operations=operations,
    runs=runs,
    shares={"hips": 1 / 8},
    aims={"slots": 7.5},
)
