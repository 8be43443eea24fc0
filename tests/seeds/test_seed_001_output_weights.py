"""Seed 001: three hidden outputs and a bias into one output, and the chain to its weights.

z_1^(2) = h_1^(2) w_11^(2) + h_2^(2) w_12^(2) + h_3^(2) w_13^(2) + b, h_1^(3) = f(z_1^(2)).
The document's loss is J = y² - h², whose derivative by h is -2h (there, a dash that also
serves as a colon stands before the 2h); the usual squared error is checked beside it.
"""

import math
from functools import partial
from typing import NamedTuple

import pytest

from autograd_scalar import Value, nn, toposort

close = partial(pytest.approx, rel=1e-13, abs=0.0)

H = (0.8, -0.5, 1.3)
W = (0.4, 0.9, -0.7)
B = 0.25
Y = 0.6
Z = H[0] * W[0] + H[1] * W[1] + H[2] * W[2] + B


def f(z):
    return 1 / (1 + math.exp(-z))


class Case(NamedTuple):
    """A choice of loss and output, with the closed form of each link of the chain."""

    loss: object
    activation: object
    h: float
    j: float
    dj_dh: float
    dh_dz: float


OUTPUTS = {"linear": (nn.linear, Z, 1.0), "sigmoid": (nn.sigmoid, f(Z), f(Z) * (1 - f(Z)))}
LOSSES = {
    "document's loss": (
        lambda h: Y**2 - h**2,
        lambda h: Y * Y - h * h,
        lambda h: -2 * h,
    ),
    "squared error": (
        lambda h: nn.squared_error(h, Y),
        lambda h: (h - Y) * (h - Y),
        lambda h: 2 * (h - Y),
    ),
}


@pytest.fixture(params=[(j, h) for j in LOSSES for h in OUTPUTS], ids=", ".join)
def case(request):
    """Each loss with each output."""
    loss, value, slope = LOSSES[request.param[0]]
    activation, h, dh_dz = OUTPUTS[request.param[1]]
    return Case(loss, activation, h, value(h), slope(h), dh_dz)


class Network:
    """The document's last layer on Values."""

    def __init__(self, case):
        self.h2 = [Value(h, f"h_{k}^(2)") for k, h in enumerate(H, start=1)]
        self.w = [Value.parameter(w, f"w_1{k}^(2)") for k, w in enumerate(W, start=1)]
        self.b = Value.parameter(B, "b")
        h, w = self.h2, self.w
        self.z = h[0] * w[0] + h[1] * w[1] + h[2] * w[2] + self.b
        self.z.label = "z_1^(2)"
        self.h3 = case.activation(self.z)
        self.j = case.loss(self.h3)


def test_forward(case):
    network = Network(case)
    assert network.z.data == close(Z)
    assert network.h3.data == close(case.h)
    assert network.j.data == close(case.j)


def test_first_term_loss_by_output(case):
    h3 = Value(case.h, "h_1^(3)")
    case.loss(h3).backward()
    assert h3.grad == close(case.dj_dh)


def test_second_term_output_by_its_input(case):
    z = Value(Z, "z_1^(2)")
    case.activation(z).backward()
    assert z.grad == close(case.dh_dz)


def test_third_term_input_by_a_weight_is_its_hidden_output(case):
    network = Network(case)
    network.z.backward()
    assert [w.grad for w in network.w] == list(H)
    assert [h.grad for h in network.h2] == list(W)
    assert network.b.grad == 1.0


@pytest.mark.parametrize("k", range(3))
def test_loss_by_a_weight_is_the_product_of_the_three(case, k):
    network = Network(case)
    network.j.backward()
    assert network.w[k].grad == close(case.dj_dh * case.dh_dz * H[k])


def test_loss_by_the_bias_and_by_a_hidden_output(case):
    network = Network(case)
    network.j.backward()
    assert network.z.grad == close(case.dj_dh * case.dh_dz)
    assert network.b.grad == close(case.dj_dh * case.dh_dz)
    assert [h.grad for h in network.h2] == close([case.dj_dh * case.dh_dz * w for w in W])


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_whole_network_is_one_mlp(output):
    """The picture's 3-3-1 network: sigmoids, then the output with the activation of choice."""
    model = nn.MLP(3, [3, 1], "sigmoid", output=output, rng=4)
    neuron = model.layers[1].neurons[0]
    neuron.load_state_dict({"w.0": W[0], "w.1": W[1], "w.2": W[2], "b": B})
    h3 = model([0.5, -1.0, 2.0])
    j = nn.squared_error(h3, Y)
    j.backward()
    hidden = {v.label: v.data for v in toposort(j)}
    h2 = [hidden[f"a_{k}^(1)"] for k in (1, 2, 3)]
    z = h2[0] * W[0] + h2[1] * W[1] + h2[2] * W[2] + B
    h, slope = (z, 1.0) if output == "linear" else (f(z), f(z) * (1 - f(z)))
    assert h3.data == close(h)
    assert [w.grad for w in neuron.w] == close([2 * (h - Y) * slope * h_k for h_k in h2])
    assert neuron.b.grad == close(2 * (h - Y) * slope)


def test_going_against_the_gradient_lowers_the_loss(case):
    network = Network(case)
    network.j.backward()
    for w in network.w:
        w.data -= 1e-3 * w.grad
    assert Network(case).j.data == network.j.data
    moved = sum(h * w.data for h, w in zip(H, network.w, strict=True)) + B
    assert case.loss(case.activation(moved)) < network.j.data
