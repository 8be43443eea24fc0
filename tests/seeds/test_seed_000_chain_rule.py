"""Seed 000: the sigmoid taken apart, the error of a network, and a 2-2-2 network by hand."""

import math
import random
from functools import partial

import pytest

from autograd_scalar import Value, exp, nn, sin, toposort

close = partial(pytest.approx, rel=1e-13, abs=0.0)
inputs = pytest.mark.parametrize("x", [-5.0, -0.5, 0.0, 0.3, 1.0, 4.0])


def sig(x):
    return 1 / (1 + math.exp(-x))


class TestSigmoid:
    """f(g) = 1/g, g(h) = 1 + eʰ, h(x) = -x."""

    @inputs
    def test_three_factors_are_the_partials_and_their_product_is_the_derivative(self, x):
        leaf = Value(x, "x")
        h = -leaf
        e = exp(h)
        g = 1 + e
        f = 1 / g
        f.backward()

        assert f.data == close(1 / (1 + math.exp(-x)))
        assert f.partials[f.parents.index(g)] == close(-1 / (1 + math.exp(-x)) ** 2)
        assert g.partials[g.parents.index(e)] * e.partials[0] == close(math.exp(-x))
        assert h.partials == (-1.0,)
        assert leaf.grad == close(math.exp(-x) / (1 + math.exp(-x)) ** 2)

    @inputs
    def test_constant_1_of_g_contributes_nothing(self, x):
        leaf = Value(x, "x")
        (1 + exp(-leaf)).backward()
        assert leaf.grad == close(-math.exp(-x))

    @inputs
    def test_written_as_a_power_it_has_the_same_derivative(self, x):
        net_k = Value(x, "net_k")
        a_k = (1 + exp(-net_k)) ** -1
        a_k.backward()
        assert a_k.data == close(sig(x))
        assert net_k.grad == close(math.exp(-x) / (1 + math.exp(-x)) ** 2)

    @inputs
    def test_nn_sigmoid_is_this_composition(self, x):
        net_k = Value(x, "net_k")
        a_k = nn.sigmoid(net_k)
        a_k.backward()
        assert [v.op for v in toposort(a_k) if v.op] == ["neg", "exp", "add", "div"]
        assert a_k.data == close(sig(x))
        assert net_k.grad == close(sig(x) * (1 - sig(x)))


class TestErrorOfANetwork:
    """E = ½ Σ (t_k - a_k)², a_k = sigmoid(net_k), net_k = Σ w_jk a_j."""

    def test_error_by_an_output(self):
        a = [Value(0.3, "a_1"), Value(0.9, "a_2"), Value(0.5, "a_3")]
        t = [1.0, 0.0, 0.5]
        error = nn.half_squared_error(a, t)
        error.backward()
        assert error.data == close(0.5 * (0.7**2 + 0.9**2))
        assert [a_k.grad for a_k in a] == close([-(1.0 - 0.3), -(0.0 - 0.9), 0.0])

    def test_net_input_by_a_weight_is_what_the_weight_multiplies(self):
        a = [0.2, -0.7, 1.5]
        w = [Value(0.4, "w_1k"), Value(-0.3, "w_2k"), Value(0.8, "w_3k")]
        net_k = w[0] * a[0] + w[1] * a[1] + w[2] * a[2]
        net_k.backward()
        assert net_k.data == close(0.4 * 0.2 + 0.3 * 0.7 + 0.8 * 1.5)
        assert [w_jk.grad for w_jk in w] == a

    def test_net_input_does_not_depend_on_the_weights_of_another_output(self):
        a_j, w_jk, w_jl = Value(0.2, "a_j"), Value(0.4, "w_jk"), Value(-0.3, "w_jl")
        net_k, net_l = w_jk * a_j, w_jl * a_j
        net_k.backward()
        assert w_jl not in toposort(net_k)
        assert not w_jl.has_grad
        assert not net_l.has_grad

    def test_error_by_a_weight_is_the_product_of_three_factors(self):
        a_j, w_jk, t_k = Value(0.6, "a_j"), Value(-1.2, "w_jk"), 0.9
        net_k = w_jk * a_j
        a_k = nn.sigmoid(net_k)
        nn.half_squared_error(a_k, t_k).backward()
        a = sig(-1.2 * 0.6)
        assert a_k.grad == close(-(0.9 - a))
        assert net_k.grad == close(-(0.9 - a) * a * (1 - a))
        assert w_jk.grad == close(-(0.9 - a) * a * (1 - a) * 0.6)

    def test_weight_change_goes_against_the_derivative(self):
        w_jk = Value.parameter(-1.2, "w_jk")
        nn.half_squared_error(nn.sigmoid(w_jk * 0.6), 0.9).backward()
        nn.SGD([w_jk], lr=0.5).step()
        a = sig(-1.2 * 0.6)
        assert w_jk.data == close(-1.2 + 0.5 * (0.9 - a) * a * (1 - a) * 0.6)

    def test_total_derivative_sums_over_the_ways_to_the_variable(self):
        t = Value(0.8, "t")
        x, y = t * t, sin(t)
        g = x * x * y
        g.backward()
        x_, y_ = 0.8**2, math.sin(0.8)
        assert t.grad == close(2 * 0.8 * (2 * x_ * y_) + math.cos(0.8) * x_**2)


def written_out(v, w, x):
    """The weights and the values of both layers, as one writes them on paper."""
    first = [[Value(v[i][j], f"v_{i + 1}{j + 1}") for j in range(2)] for i in range(2)]
    second = [[Value(w[j][k], f"w_{j + 1}{k + 1}") for k in range(2)] for j in range(2)]
    hidden = [nn.sigmoid(first[0][j] * x[0] + first[1][j] * x[1]) for j in range(2)]
    outputs = [nn.sigmoid(second[0][k] * hidden[0] + second[1][k] * hidden[1]) for k in range(2)]
    return first, second, hidden, outputs


def as_one_mlp(v, w, x):
    """The same of one `nn.MLP`, whose neurons hold the weights that lead to them."""
    model = nn.MLP(2, [2, 2], "sigmoid", output="sigmoid", bias=False)
    for layer, numbers in zip(model.layers, (v, w), strict=True):
        for neuron, column in zip(layer.neurons, zip(*numbers, strict=True), strict=True):
            neuron.load_state_dict({f"w.{i}": number for i, number in enumerate(column)})
    outputs = model(x)
    values = {each.label: each for each in toposort(outputs[0])}
    hidden = [values["a_1^(1)"], values["a_2^(1)"]]
    first, second = ([*zip(*(n.w for n in layer.neurons), strict=True)] for layer in model.layers)
    return first, second, hidden, outputs


@pytest.mark.parametrize("network", [written_out, as_one_mlp])
@pytest.mark.parametrize("seed", range(3))
def test_every_weight_of_the_2_2_2_network(seed, network):
    """Two inputs, two hidden neurons, two outputs, no bias: w[j][k] leads from j to k."""
    rng = random.Random(seed)
    x = [0.35, -0.9]
    t = [1.0, 0.25]
    v = [[rng.uniform(-2, 2) for _ in range(2)] for _ in range(2)]  # input i to hidden j
    w = [[rng.uniform(-2, 2) for _ in range(2)] for _ in range(2)]  # hidden j to output k

    first, second, hidden, outputs = network(v, w, x)
    error = nn.half_squared_error(outputs, t)
    error.backward()

    h = [sig(v[0][j] * x[0] + v[1][j] * x[1]) for j in range(2)]
    a = [sig(w[0][k] * h[0] + w[1][k] * h[1]) for k in range(2)]
    delta = [-(t[k] - a[k]) * a[k] * (1 - a[k]) for k in range(2)]
    error_by_hidden = [delta[0] * w[j][0] + delta[1] * w[j][1] for j in range(2)]

    assert error.data == close(0.5 * (t[0] - a[0]) ** 2 + 0.5 * (t[1] - a[1]) ** 2)
    assert [a_k.grad for a_k in outputs] == close([-(t[k] - a[k]) for k in range(2)])
    assert [h_j.grad for h_j in hidden] == close(error_by_hidden)
    for j in range(2):
        for k in range(2):
            assert second[j][k].grad == close(delta[k] * h[j])
    for i in range(2):
        for j in range(2):
            assert first[i][j].grad == close(error_by_hidden[j] * h[j] * (1 - h[j]) * x[i])
