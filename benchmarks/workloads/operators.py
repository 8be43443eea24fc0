"""The operators on ordinary functions of numbers: `value_and_grad` and `hessian`.

Every peer runs the same function of scalars. What a library's own users would rather
write in whole arrays is timed that way too, and what ours spares its users ("by hand").
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..peers.base import Peer, ValueAndGradient
from . import mlp
from .base import Run, Workload

Function = Callable[[Sequence[Any]], Any]

PEERS = ("compiled", "plain", "hips", "jax")
AIMS = {"hips": 5.0, "jax": 3.0}
NETWORK = (2, 8, 1)


def rosenbrock(x: Sequence[Any]) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def rosenbrock_of_array(x: Any) -> Any:
    a, b = x[:-1], x[1:]
    return (100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2).sum()


def rosenbrock_point(size: int) -> list[float]:
    rng = random.Random(4)
    return [rng.uniform(-2.0, 2.0) for _ in range(size)]


def rosenbrock_operations(size: int) -> int:
    return 8 * (size - 1)


def network_loss(peer: Peer, size: int) -> Function:
    batch = mlp.points(random.Random(5), size)

    def loss(weights: Sequence[Any]) -> Any:
        model = mlp.network(weights, peer.relu, NETWORK)
        return sum((model(x) - y) ** 2 for x, y in batch)

    return loss


def network_operations(size: int) -> int:
    products = sum(inputs * neurons for inputs, neurons in pairwise(NETWORK))
    return size * (2 * products + NETWORK[1] + 3)


def black_scholes(peer: Peer) -> Function:
    """The price of a European call by spot, strike, rate, volatility and years."""

    def normal(x: Any) -> Any:
        return 0.5 * (1.0 + peer.erf(x * 0.5**0.5))

    def price(inputs: Sequence[Any]) -> Any:
        spot, strike, rate, volatility, years = inputs
        spread = volatility * peer.sqrt(years)
        up = (peer.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
        return spot * normal(up) - strike * peer.exp(-rate * years) * normal(up - spread)

    return price


def flat(value: Any, derivatives: Any) -> ValueAndGradient:
    return float(value), [float(each) for each in derivatives]


def by_hand(peer: Peer, function: Function, point: list[float]) -> ValueAndGradient:
    leaves = peer.leaves(point)
    out = function(leaves)
    out.backward()
    return out.data, [leaf.grad for leaf in leaves]


def operator_runs(peer: Peer, function: Function, point: list[float]) -> dict[str, Run]:
    """`value_and_grad(function)(point)`, and what it spares its user from writing."""
    operator = peer.value_and_grad
    runs: dict[str, Run] = {}
    if operator is not None:
        runs[""] = lambda: flat(*operator(function)(point))
    if peer.numpy is None:
        runs["by hand"] = lambda: by_hand(peer, function, point)
    return runs


def rosenbrock_runs(peer: Peer, size: int) -> dict[str, Run]:
    point = rosenbrock_point(size)
    runs = operator_runs(peer, rosenbrock, point)
    operator = peer.value_and_grad
    if peer.numpy is not None and operator is not None:
        array = peer.numpy.array(point)
        runs["whole arrays"] = lambda: flat(*operator(rosenbrock_of_array)(array))
    return runs


def hessian_runs(peer: Peer, size: int) -> dict[str, Run]:
    point = rosenbrock_point(size)
    operator = peer.hessian
    if operator is None:
        return {}
    if peer.numpy is None:
        return {
            "": lambda: flat(0.0, (each for row in operator(rosenbrock)(point) for each in row))
        }
    array = peer.numpy.array(point)
    return {
        "": lambda: flat(0.0, operator(rosenbrock)(array).ravel()),
        "whole arrays": lambda: flat(0.0, operator(rosenbrock_of_array)(array).ravel()),
    }


ROSENBROCK = Workload(
    title="value_and_grad of Rosenbrock's function in 100 dimensions",
    peers=PEERS,
    size=100,
    tiny=4,
    operations=rosenbrock_operations,
    runs=rosenbrock_runs,
    aims=AIMS,
)
NETWORK_LOSS = Workload(
    title="value_and_grad of the loss of a 2-8-1 network, 10 points",
    peers=PEERS,
    size=10,
    tiny=2,
    operations=network_operations,
    runs=lambda peer, size: operator_runs(
        peer, network_loss(peer, size), mlp.parameters(random.Random(6), NETWORK)
    ),
    aims=AIMS,
)
BLACK_SCHOLES = Workload(
    title="value_and_grad of a Black–Scholes price by its five inputs",
    peers=PEERS,
    size=1,
    tiny=1,
    operations=lambda size: 26,
    runs=lambda peer, size: operator_runs(
        peer, black_scholes(peer), [100.0, 105.0, 0.03, 0.2, 0.75]
    ),
    aims=AIMS,
)
HESSIAN = Workload(
    title="hessian of Rosenbrock's function in 20 dimensions",
    peers=("compiled", "plain", "hips"),
    size=20,
    tiny=3,
    operations=rosenbrock_operations,
    runs=hessian_runs,
    aims={"hips": 5.0},
)
