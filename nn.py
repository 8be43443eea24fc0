"""Small neural networks on `Value`s: `autograd_scalar.nn` under its short name.

Anyone's own `nn.py` hides this one, and type-checkers know the other one only: write
`from autograd_scalar import nn` where that matters.

>>> model = MLP(2, [3, 1], activation="tanh", rng=0)
>>> optimiser = SGD(model.parameters(), lr=0.1)
>>> before = squared_error(model([1.0, -2.0]), 0.5)
>>> before.backward()
>>> optimiser.step()
>>> squared_error(model([1.0, -2.0]), 0.5) < before
True
"""

from autograd_scalar.nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Layer,
    Module,
    Neuron,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    hinge,
    linear,
    mean_squared_error,
    relu,
    sigmoid,
    squared_error,
    tanh,
)

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Layer",
    "Module",
    "Neuron",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_squared_error",
    "hinge",
    "linear",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "squared_error",
    "tanh",
]
