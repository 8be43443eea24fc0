"""A mixture of Gaussians with a Wishart prior: the logarithm of the posterior.

Each observation is an example of a batch; what all have in common is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_scalar import compile, exp, grad, lgamma, log, maximum, stop_gradient

from ..timing import timed

#: What the posterior is differentiated by.
INDEPENDENT = ("alpha", "mu", "q", "l")

Parameters = Mapping[str, Any]


def logsumexp(numbers: Sequence[Any]) -> Any:
    largest = stop_gradient(maximum(*numbers))
    return log(sum(exp(number - largest) for number in numbers)) + largest


def squared_length(centred: Sequence[Any], q: Sequence[Any], l: Sequence[Any]) -> Any:  # noqa: E741
    """Of a lower triangular matrix times a vector: exp(q) on the diagonal, l by columns below."""
    rows = [exp(a) * b for a, b in zip(q, centred, strict=True)]
    below = iter(l)
    for column in range(len(rows)):
        for row in range(column + 1, len(rows)):
            rows[row] = rows[row] + next(below) * centred[column]
    return sum(row * row for row in rows)


def observation(p: Parameters, x: Sequence[Any]) -> Any:
    """The logarithm of an observation's density, but for what all have in common."""
    terms = []
    for alpha, mu, q, l in zip(*[p[name] for name in INDEPENDENT], strict=True):  # noqa: E741
        centred = [a - b for a, b in zip(x, mu, strict=True)]
        terms.append(alpha + sum(q) - squared_length(centred, q, l) / 2)
    return logsumexp(terms)


def prior(p: Parameters, n: Any, gamma: Any, m: Any) -> Any:
    """The logarithm of Wishart's density, and what n observations have in common."""
    k, d = len(p["mu"]), len(p["mu"][0])
    total: Any = -n * logsumexp(p["alpha"])
    for q, l in zip(p["q"], p["l"], strict=True):  # noqa: E741
        frobenius = sum(exp(each) * exp(each) for each in q) + sum(each * each for each in l)
        total = total - gamma * gamma / 2 * frobenius + m * sum(q)
    freedom = d + m + 1
    gammas = sum(lgamma((freedom - j) / 2) for j in range(d))
    constant = freedom * d * log(gamma / math.sqrt(2)) - d * (d - 1) / 4 * math.log(math.pi)
    return total + k * (constant - gammas) - n * d / 2 * math.log(2 * math.pi)


likelihood = compile(observation, batch=(None, 0), reduce="sum")
likelihood_slopes = compile(grad(observation), batch=(None, 0), reduce="sum")
prior_once = compile(prior)
prior_slopes = compile(grad(prior))


def objective(given: tuple[Parameters, Any, tuple[float, ...]]) -> float:
    parameters, x, settings = given
    return likelihood(parameters, x) + prior_once(parameters, *settings)


def jacobian(given: tuple[Parameters, Any, tuple[float, ...]]) -> dict[str, Any]:
    parameters, x, settings = given
    first, second = likelihood_slopes(parameters, x), prior_slopes(parameters, *settings)
    return {name: first[name] + second[name] for name in INDEPENDENT}


def mixture(given: Any) -> tuple[Parameters, Any, tuple[float, ...]]:
    parameters = {name: np.array(given[name], dtype=np.float64) for name in INDEPENDENT}
    x = np.array(given["x"], dtype=np.float64)
    return parameters, x, (float(given["n"]), float(given["gamma"]), float(given["m"]))


def lists(slopes: dict[str, Any]) -> dict[str, Any]:
    return {name: each.tolist() for name, each in slopes.items()}


FUNCTIONS = {
    "objective": timed(mixture, float)(objective),
    "jacobian": timed(mixture, lists)(jacobian),
}
