"""Seed 003: the rules, activations, backpropagation through layers, and cross-entropy."""

import itertools
import math
import random
from functools import partial

import pytest

from autograd_scalar import Value, exp, log, nn, relu, sin, sqrt, tanh, toposort

close = partial(pytest.approx, rel=1e-13, abs=0.0)


def sigma(z):
    return 1 / (1 + math.exp(-z))


def sigma_prime(z):
    return sigma(z) * (1 - sigma(z))


def derivative(function, at):
    """d function/dx on the engine."""
    x = Value(at, "x")
    function(x).backward()
    return x.grad


class TestRules:
    """Equations (1) to (5), on f(x) = sin x, g(x) = x² + 3."""

    at = pytest.mark.parametrize("x", [-2.0, -0.3, 0.0, 0.7, 3.1])

    @at
    def test_equation_1_product_rule(self, x):
        f, df, g, dg = math.sin(x), math.cos(x), x * x + 3, 2 * x
        assert derivative(lambda v: sin(v) * (v**2 + 3), x) == close(df * g + f * dg)

    @at
    def test_equation_2_quotient_rule(self, x):
        f, df, g, dg = math.sin(x), math.cos(x), x * x + 3, 2 * x
        assert derivative(lambda v: sin(v) / (v**2 + 3), x) == close((df * g - f * dg) / g**2)

    @at
    def test_equation_3_chain_rule(self, x):
        u = Value(x * x + 3, "u")
        sin(u).backward()
        inside = derivative(lambda v: v**2 + 3, x)
        assert u.grad == close(math.cos(x * x + 3))
        assert inside == close(2 * x)
        assert derivative(lambda v: sin(v**2 + 3), x) == close(math.cos(x * x + 3) * 2 * x)

    @at
    def test_remark_sixth_power_of_a_line(self, x):
        assert derivative(lambda v: (5 * v - 4) ** 6, x) == close(6 * (5 * x - 4) ** 5 * 5)

    @pytest.mark.parametrize("x", [-3.0, -1.5, 1.1, 2.0])
    def test_remark_square_root(self, x):
        expected = x / math.sqrt(x * x - 1)
        assert derivative(lambda v: sqrt(v**2 - 1), x) == close(expected)

    @at
    def test_remark_reciprocal(self, x):
        expected = -(2 * x - 4) / (x * x - 4 * x + 5) ** 2
        assert derivative(lambda v: 1 / (v**2 - 4 * v + 5), x) == close(expected)

    @at
    def test_equations_4_and_5_cube(self, x):
        u = Value(x * x + 1, "u")
        (u**3).backward()
        assert u.grad == close(3 * (x * x + 1) ** 2)
        assert derivative(lambda v: (v**2 + 1) ** 3, x) == close(6 * x * (x * x + 1) ** 2)


class TestActivations:
    """Equations (6) to (9)."""

    at = pytest.mark.parametrize("x", [-4.0, -0.5, 0.0, 0.66, 5.0])

    @at
    def test_equation_6_sigmoid_by_the_quotient_rule(self, x):
        e = math.exp(-x)
        by_engine = derivative(nn.sigmoid, x)
        assert by_engine == close((0 * (1 + e) - (-e) * 1) / (1 + e) ** 2)
        assert by_engine == close(e / (1 + e) ** 2)
        assert by_engine == close(1 / (1 + e) * (e / (1 + e)))
        assert derivative(lambda v: 1 / (1 + exp(-v)), x) == by_engine

    @at
    def test_equation_7_sigmoid_by_itself(self, x):
        assert derivative(nn.sigmoid, x) == close(sigma(x) * (1 - sigma(x)))

    @pytest.mark.parametrize(
        ("z", "slope"), [(-3.0, 0.0), (-1e-300, 0.0), (0.0, 1.0), (1e-300, 1.0), (2.0, 1.0)]
    )
    def test_equation_8_relu(self, z, slope):
        assert derivative(relu, z) == slope

    @at
    def test_equation_9_tanh(self, x):
        # 1 - tanh² x, without the digits that floats cancel
        assert derivative(tanh, x) == close(1 / math.cosh(x) ** 2)


class TestOneNeuronPerLayer:
    """C₀ = (a^(L) - y)², a^(L) = σ(z^(L)), z^(L) = w^(L) a^(L-1) + b^(L)."""

    # The picture's numbers 0.48 → 0.66 → 1.00; the bias makes the first into the second.
    before, after, y, w = 0.48, 0.66, 1.0, 1.5
    b = math.log(after / (1 - after)) - w * before
    z = math.log(after / (1 - after))

    @pytest.fixture
    def graph(self):
        """The picture on Values."""
        previous = Value(self.before, "a^(L-1)")
        w, b = Value.parameter(self.w, "w^(L)"), Value.parameter(self.b, "b^(L)")
        z = w * previous + b
        a = nn.sigmoid(z)
        return {"a_previous": previous, "w": w, "b": b, "z": z, "a": a}

    def test_drawn_values(self, graph):
        assert graph["a"].data == close(0.66)
        assert nn.squared_error(graph["a"], self.y).data == close((0.66 - 1.00) ** 2)

    def test_cost_by_activation(self, graph):
        nn.squared_error(graph["a"], self.y).backward()
        assert graph["a"].grad == close(2 * (0.66 - 1.00))

    def test_activation_by_its_input(self, graph):
        graph["a"].backward()
        assert graph["z"].grad == close(0.66 * (1 - 0.66))

    def test_input_by_weight_bias_and_previous_activation(self, graph):
        graph["z"].backward()
        assert graph["w"].grad == 0.48
        assert graph["b"].grad == 1.0
        assert graph["a_previous"].grad == self.w

    def test_cost_by_weight_is_the_product(self, graph):
        nn.squared_error(graph["a"], self.y).backward()
        expected = 0.48 * sigma_prime(self.z) * 2 * (0.66 - 1.00)
        assert graph["w"].grad == close(expected)

    def test_derivative_of_bias(self, graph):
        nn.squared_error(graph["a"], self.y).backward()
        assert graph["b"].grad == close(1 * sigma_prime(self.z) * 2 * (0.66 - 1.00))

    def test_average_of_all_training_examples(self):
        examples = [(0.48, 1.0), (-1.2, 0.0), (0.9, 0.25), (2.0, 1.0), (0.0, 0.5)]
        n = len(examples)
        w, b = Value.parameter(self.w, "w^(L)"), Value.parameter(self.b, "b^(L)")
        outputs = [nn.sigmoid(w * x + b) for x, _ in examples]
        cost = nn.mean_squared_error(outputs, [y for _, y in examples])
        cost.backward()

        z = [self.w * x + self.b for x, _ in examples]
        costs = [(sigma(z_k) - y) ** 2 for z_k, (_, y) in zip(z, examples, strict=True)]
        by_b = [
            sigma_prime(z_k) * 2 * (sigma(z_k) - y) for z_k, (_, y) in zip(z, examples, strict=True)
        ]
        by_w = [x * slope for slope, (x, _) in zip(by_b, examples, strict=True)]
        assert cost.data == close(sum(costs) / n)
        assert w.grad == close(sum(by_w) / n)
        assert b.grad == close(sum(by_b) / n)

    def test_the_picture_is_one_mlp(self):
        model = nn.MLP(1, [1], output="sigmoid")
        model.load_state_dict({"layers.0.neurons.0.w.0": self.w, "layers.0.neurons.0.b": self.b})
        a = model([self.before])
        nn.squared_error(a, self.y).backward()
        assert a.data == close(0.66)
        by_z = sigma_prime(self.z) * 2 * (0.66 - 1.00)
        assert [p.grad for p in model.parameters()] == close([0.48 * by_z, by_z])

    @pytest.mark.parametrize("as_mlp", [False, True], ids=["by hand", "one MLP"])
    def test_gradient_vector_over_added_layers(self, as_mlp):
        weights, biases, x, y = (1.5, -0.8, 2.1), (0.1, 0.4, -0.9), 0.48, 1.0
        values = [
            (Value.parameter(w, f"w^({i})"), Value.parameter(b, f"b^({i})"))
            for i, (w, b) in enumerate(zip(weights, biases, strict=True), start=1)
        ]
        a = Value(x, "a^(0)")
        if as_mlp:
            model = nn.MLP(1, [1, 1, 1], "sigmoid", output="sigmoid")
            for p, value in zip(model.parameters(), itertools.chain(*values), strict=True):
                p.data = value.data
            a = model(a)
            values = [(layer.neurons[0].w[0], layer.neurons[0].b) for layer in model.layers]
        else:
            for w, b in values:
                a = nn.sigmoid(w * a + b)
        nn.squared_error(a, y).backward()

        activations = [x]
        for w, b in zip(weights, biases, strict=True):
            activations.append(sigma(w * activations[-1] + b))
        a1, a2, a3 = activations[1:]
        by_z3 = 2 * (a3 - y) * a3 * (1 - a3)
        by_z2 = by_z3 * weights[2] * a2 * (1 - a2)
        by_z1 = by_z2 * weights[1] * a1 * (1 - a1)
        gradient = [by_z1 * x, by_z1, by_z2 * a1, by_z2, by_z3 * a2, by_z3]
        assert [v.grad for pair in values for v in pair] == close(gradient)


class TestSeveralNeuronsPerLayer:
    """C₀ = Σ_j (a_j^(L) - y_j)² over one `nn.MLP` with 2, 3, 4 and 2 nodes in its layers."""

    sizes = (2, 3, 4, 2)
    x, y = (0.48, -1.1), (1.0, 0.25)

    @pytest.fixture
    def run(self):
        """The engine's run: layers, activations of each, cost."""
        rng = random.Random(3)
        model = nn.MLP(2, self.sizes[1:], "sigmoid", output="sigmoid", rng=rng)
        layers = model.layers
        for layer in layers:
            for neuron in layer.neurons:
                neuron.b.data = rng.uniform(-1, 1)
        inputs = [Value(x, f"a_{k}^(0)") for k, x in enumerate(self.x)]
        cost = nn.squared_error(model(inputs), self.y)
        cost.backward()
        values = {v.label: v for v in toposort(cost)}
        activations = [inputs] + [
            [values[f"a_{j}^({layer})"] for j in range(1, size + 1)]
            for layer, size in enumerate(self.sizes[1:], start=1)
        ]
        return layers, activations, cost

    @pytest.fixture
    def hand(self, run):
        """The same by hand: w[l][j][k], z[l][j], a[l][k], ∂C/∂a[l][k]; l = 0 is the input."""
        w = [None, *([[v.data for v in n.w] for n in layer.neurons] for layer in run[0])]
        b = [None, *([n.b.data for n in layer.neurons] for layer in run[0])]
        a, z = [list(self.x)], [None]
        for layer in (1, 2, 3):
            z.append(
                [
                    sum(w_jk * a_k for w_jk, a_k in zip(w[layer][j], a[layer - 1], strict=True))
                    + b[layer][j]
                    for j in range(self.sizes[layer])
                ]
            )
            a.append([sigma(z_j) for z_j in z[layer]])
        by_a = [None, None, None, [2 * (a[3][j] - self.y[j]) for j in range(self.sizes[3])]]
        for layer in (2, 1, 0):
            by_a[layer] = [
                sum(
                    w[layer + 1][j][k] * sigma_prime(z[layer + 1][j]) * by_a[layer + 1][j]
                    for j in range(self.sizes[layer + 1])
                )
                for k in range(self.sizes[layer])
            ]
        return w, z, a, by_a

    def test_cost_sums_over_the_output_nodes(self, run, hand):
        a = hand[2]
        assert run[2].data == close(sum((a[3][j] - self.y[j]) ** 2 for j in range(2)))

    @pytest.mark.parametrize("layer", [1, 2, 3])
    def test_activations(self, run, hand, layer):
        assert [v.data for v in run[1][layer]] == close(hand[2][layer])

    def test_cost_by_an_output(self, run, hand):
        assert [v.grad for v in run[1][3]] == close(hand[3][3])

    @pytest.mark.parametrize("layer", [0, 1, 2])
    def test_cost_by_an_activation_sums_over_the_next_layer(self, run, hand, layer):
        assert [v.grad for v in run[1][layer]] == close(hand[3][layer])

    @pytest.mark.parametrize("layer", [1, 2, 3])
    def test_summary_recursion_gives_every_weight_and_bias(self, run, hand, layer):
        _, z, a, by_a = hand
        for j, neuron in enumerate(run[0][layer - 1].neurons):
            by_z = sigma_prime(z[layer][j]) * by_a[layer][j]
            assert [w.grad for w in neuron.w] == close([a_k * by_z for a_k in a[layer - 1]])
            assert neuron.b.grad == close(by_z)


class TestLogarithms:
    """Equations (10) and (11)."""

    at = pytest.mark.parametrize("x", [1e-3, 0.5, 1.0, 7.0, 1e6])

    @at
    @pytest.mark.parametrize("a", [0.5, 2, math.e, 10])
    def test_equation_10_any_base(self, x, a):
        assert log(x, a) == close(math.log(x) / math.log(a))
        assert derivative(lambda v: log(v, a), x) == close(1 / (x * math.log(a)))

    @at
    def test_equation_11_natural(self, x):
        assert derivative(log, x) == close(1 / x)


@pytest.mark.parametrize("y", [0.0, 1.0, 0.3])
class TestCrossEntropy:
    """L(a^[2], y) through a 2-layer network: relu, then a sigmoid; equations (12) to (15)."""

    x = (0.8, -0.4)
    w1, b1 = ((1.2, -0.5), (-0.7, 0.9)), (0.1, 0.2)
    w2, b2 = (0.9, -1.4), 0.3

    @pytest.fixture
    def network(self):
        """The engine's network: all values by name."""
        model = nn.MLP(2, [2, 1], "relu", output="sigmoid")
        hidden, output = model.layers[0], model.layers[1].neurons[0]
        for neuron, weights, bias in zip(
            [*hidden.neurons, output], [*self.w1, self.w2], [*self.b1, self.b2], strict=True
        ):
            neuron.b.data = bias
            for w, number in zip(neuron.w, weights, strict=True):
                w.data = number
        a2 = model(self.x)
        (z,) = (v for v in toposort(a2) if v.label == "z_1^(2)")
        return {"hidden": hidden, "output": output, "z": z, "a2": a2}

    @property
    def z1(self):
        """The hidden neurons' inputs by hand: one is above relu's kink, one below."""
        return [
            w[0] * self.x[0] + w[1] * self.x[1] + b for w, b in zip(self.w1, self.b1, strict=True)
        ]

    @property
    def z2(self):
        """The output's input by hand."""
        return self.w2[0] * max(self.z1[0], 0.0) + self.w2[1] * max(self.z1[1], 0.0) + self.b2

    def test_equation_12_loss(self, network, y):
        a = sigma(self.z2)
        expected = -(y * math.log(a) + (1 - y) * math.log(1 - a))
        assert nn.binary_cross_entropy(network["a2"], y).data == close(expected)
        assert nn.binary_cross_entropy_with_logits(network["z"], y).data == close(expected)

    def test_equation_13_loss_by_activation(self, network, y):
        a = sigma(self.z2)
        nn.binary_cross_entropy(network["a2"], y).backward()
        assert network["a2"].grad == close(-(y / a + (1 - y) / (1 - a) * -1))
        assert network["a2"].grad == close(-(y / a + (y - 1) / (1 - a)))

    def test_equation_14_activation_by_its_input(self, network, y):
        network["a2"].backward()
        assert network["z"].grad == close(sigma(self.z2) * (1 - sigma(self.z2)))

    def test_equation_15_loss_by_the_input(self, network, y):
        nn.binary_cross_entropy(network["a2"], y).backward()
        a = sigma(self.z2)
        assert network["z"].grad == close(-(y / a + (y - 1) / (1 - a)) * a * (1 - a))
        assert network["z"].grad == close(a - y)

    @pytest.mark.parametrize("form", ["probability", "logit"])
    def test_every_weight_and_bias_follows_from_a_minus_y(self, network, y, form):
        if form == "probability":
            nn.binary_cross_entropy(network["a2"], y).backward()
        else:
            nn.binary_cross_entropy_with_logits(network["z"], y).backward()
        by_z = sigma(self.z2) - y
        assert network["output"].b.grad == close(by_z)
        assert [w.grad for w in network["output"].w] == close([by_z * max(z, 0.0) for z in self.z1])
        for j, neuron in enumerate(network["hidden"].neurons):
            by_z1 = by_z * self.w2[j] * (1.0 if self.z1[j] >= 0 else 0.0)
            assert neuron.b.grad == close(by_z1)
            assert [w.grad for w in neuron.w] == close([by_z1 * x for x in self.x])
