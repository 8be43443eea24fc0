"""Seed 002: the 2-4-3-2 network and the derivative of its error by the weight w_31.

Layers a (inputs), b, c and d (outputs); sigmoid everywhere, no biases; w_31 leads from c_1
to d_1. The document names no other weight: those beside it are w_32 … w_36 here.
"""

import itertools
import math
import random
from functools import partial
from itertools import chain

import pytest

from autograd_scalar import Value, nn, toposort

close = partial(pytest.approx, rel=1e-13, abs=0.0)

SIZES = (2, 4, 3, 2)
INPUTS = (0.05, 0.9)
TARGETS = (0.01, 0.99)
_rng = random.Random(2432)
#: WEIGHTS[layer][neuron][input]
WEIGHTS = [
    [[_rng.uniform(-1.5, 1.5) for _ in range(nin)] for _ in range(nout)]
    for nin, nout in itertools.pairwise(SIZES)
]


def sig(x):
    return 1 / (1 + math.exp(-x))


def dot(weights, outputs):
    first, *rest = (w * o for w, o in zip(weights, outputs, strict=True))
    return sum(rest, first)


class ByHand:
    """The same network on plain floats, with every derivative by the delta rule."""

    def __init__(self):
        self.out = [list(INPUTS)]
        for layer in WEIGHTS:
            self.out.append([sig(dot(weights, self.out[-1])) for weights in layer])
        self.net_d1 = dot(WEIGHTS[2][0], self.out[2])
        self.out_c1 = self.out[2][0]
        self.out_d1, self.out_d2 = self.out[3]
        self.e_d1 = 0.5 * (TARGETS[0] - self.out_d1) ** 2
        self.e_d2 = 0.5 * (TARGETS[1] - self.out_d2) ** 2
        self.inner = TARGETS[0] - self.out_d1

        by_out = [o - t for o, t in zip(self.out[3], TARGETS, strict=True)]
        self.by_weight = [[], [], []]
        for layer in (2, 1, 0):
            delta = [g * o * (1 - o) for g, o in zip(by_out, self.out[layer + 1], strict=True)]
            self.by_weight[layer] = [[d * o for o in self.out[layer]] for d in delta]
            by_out = [
                sum(d * weights[k] for d, weights in zip(delta, WEIGHTS[layer], strict=True))
                for k in range(SIZES[layer])
            ]


def weight_label(layer, neuron, source):
    if layer == 2:
        return f"w_{31 + 3 * neuron + source}"
    return f"w_{'ab'[layer]}{source + 1}{'bc'[layer]}{neuron + 1}"


class Network:
    """The network on Values, in the document's names."""

    def __init__(self):
        self.w = [
            [
                [Value.parameter(w, weight_label(i, j, k)) for k, w in enumerate(weights)]
                for j, weights in enumerate(layer)
            ]
            for i, layer in enumerate(WEIGHTS)
        ]
        self.w31 = self.w[2][0][0]
        out = [Value(x, f"out_a{i}") for i, x in enumerate(INPUTS, start=1)]
        for letter, layer in zip("bcd", self.w, strict=True):
            self.previous = out
            self.net = [dot(weights, out) for weights in layer]
            out = [nn.sigmoid(net) for net in self.net]
            for i in range(len(out)):
                self.net[i].label = f"net_{letter}{i + 1}"
                out[i].label = f"out_{letter}{i + 1}"
        self.out_c1 = self.previous[0]
        self.net_d1, self.net_d2 = self.net
        self.out_d1, self.out_d2 = out
        self.inner = TARGETS[0] - self.out_d1
        self.e_d1 = 0.5 * self.inner**2
        self.e_d2 = 0.5 * (TARGETS[1] - self.out_d2) ** 2
        self.e_total = nn.half_squared_error(out, TARGETS)


@pytest.fixture
def net():
    """A fresh graph, without gradients."""
    return Network()


@pytest.fixture(scope="module")
def hand():
    """The numbers by hand."""
    return ByHand()


def test_error_function_is_the_sum_over_the_output_neurons(net, hand):
    assert net.net_d1.data == close(hand.net_d1)
    assert (net.out_d1.data, net.out_d2.data) == close((hand.out_d1, hand.out_d2))
    assert net.e_total.data == close(hand.e_d1 + hand.e_d2)


def test_equation_1_three_factors(net, hand):
    net.e_total.backward()
    factors = (
        -(TARGETS[0] - hand.out_d1),
        hand.out_d1 * (1 - hand.out_d1),
        hand.out_c1,
    )
    assert net.out_d1.grad == close(factors[0])
    assert net.net_d1.grad == close(factors[0] * factors[1])
    assert net.w31.grad == close(factors[0] * factors[1] * factors[2])


def test_equation_2_error_of_d1(net, hand):
    assert net.e_d1.data == close(hand.e_d1)
    assert nn.half_squared_error(net.out_d1, TARGETS[0]).data == close(hand.e_d1)


def test_equation_3_outer_derivative_is_inner(net, hand):
    net.e_d1.backward()
    assert net.inner.data == close(hand.inner)
    assert net.inner.grad == close(hand.inner)
    by_w31 = -hand.out_d1 * (1 - hand.out_d1) * hand.out_c1
    assert net.w31.grad == close(hand.inner * by_w31)


def test_error_of_d1_by_its_output(net, hand):
    net.e_d1.backward()
    assert net.out_d1.grad == close((TARGETS[0] - hand.out_d1) * -1)


def test_equation_4_inner_by_the_weight(net, hand):
    net.inner.backward()
    assert net.out_d1.grad == -1.0
    assert net.net_d1.grad == close(-sig(hand.net_d1) * (1 - sig(hand.net_d1)))
    assert net.w31.grad == close(-sig(hand.net_d1) * (1 - sig(hand.net_d1)) * hand.out_c1)


def test_equation_5_output_is_the_sigmoid_of_its_net_input(net, hand):
    net.out_d1.backward()
    by_output = net.w31.grad
    again = Network()
    nn.sigmoid(again.net_d1).backward()
    assert by_output == again.w31.grad
    assert by_output == close(hand.out_d1 * (1 - hand.out_d1) * hand.out_c1)


def test_equation_6_sigmoid_by_the_weight_through_the_net_input(net, hand):
    net.net_d1.backward()
    net_by_weight = net.w31.grad
    assert net_by_weight == close(hand.out_c1)
    alone = Value(hand.net_d1, "net_d1")
    nn.sigmoid(alone).backward()
    assert alone.grad == close(sig(hand.net_d1) * (1 - sig(hand.net_d1)))
    again = Network()
    again.out_d1.backward()
    assert again.w31.grad == close(alone.grad * net_by_weight)


def test_equation_7_all_four_forms_agree(net, hand):
    net.out_d1.backward()
    (product,) = (v for v in toposort(net.net_d1) if net.w31 in v.parents)
    by_net = net.out_d1.data * (1 - net.out_d1.data)
    assert net.net_d1.grad == close(by_net)
    assert product.partials[product.parents.index(net.w31)] == close(hand.out_c1)
    assert net.w31.grad == close(by_net * hand.out_c1)


def test_equation_8_the_error_of_d2_contributes_nothing(net):
    net.e_d2.backward()
    assert net.w31 not in toposort(net.e_d2)
    assert net.w31.grad == 0.0
    assert not net.w31.has_grad

    net.e_d1.backward()
    by_e_d1 = net.w31.grad
    again = Network()
    again.e_total.backward()
    assert again.w31.grad == by_e_d1


def test_every_weight_of_the_network(net, hand):
    net.e_total.backward()
    for values, expected in zip(net.w, hand.by_weight, strict=True):
        assert [[w.grad for w in neuron] for neuron in values] == [close(each) for each in expected]


def test_the_network_is_one_mlp(hand):
    model = nn.MLP(2, SIZES[1:], "sigmoid", output="sigmoid", bias=False)
    for w, number in zip(model.parameters(), chain.from_iterable(chain(*WEIGHTS)), strict=True):
        w.data = number
    error = nn.half_squared_error(model(INPUTS), TARGETS)
    error.backward()
    assert error.data == close(hand.e_d1 + hand.e_d2)
    expected = chain.from_iterable(chain(*hand.by_weight))
    assert [w.grad for w in model.parameters()] == close([*expected])
