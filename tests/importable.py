"""Functions and models that stand where another process can import them."""

import math
from itertools import pairwise

import nn
from autograd_scalar import custom, exp, grad, primitive, value_and_grad


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


@grad
def cube_slope(x):
    return x**3


@value_and_grad
def square_and_slope(x):
    return x**2


swish = primitive(
    "importable_swish",
    "x / (1 + exp(-x))",
    "(1 + out * exp(-x)) / (1 + exp(-x))",
    samples=[(0.7,), (-2.0,)],
)

bump = custom(lambda x: math.exp(-x * x), lambda x: -2 * x * exp(-x * x), name="importable_bump")


def network(activation):
    return nn.MLP(2, [3, 1], activation=activation, rng=1)


def loss(model, x):
    """The number, and the gradient that one pass leaves in the parameters."""
    out = model(x)
    out.backward()
    return out.data, [p.grad for p in model.parameters()]
