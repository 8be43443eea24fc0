"""nn: models are called, saved, copied and trained; losses and optimisers do what they say."""

import ast
import contextlib
import copy
import dataclasses
import gc
import inspect
import itertools
import json
import math
import pickle
import random
import subprocess
import sys
import tracemalloc
from collections import ChainMap, UserDict, UserList, deque, namedtuple
from functools import partial
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import mpmath
import numpy as np
import pytest
from high_precision import context, real
from test_functions import (
    LOGITS,
    NUMBERS,
    exact_logistic,
    exact_shares,
    rounding,
    ulps,
)

import autograd_scalar
from autograd_scalar import Value, explain, grad, hessian, nn, no_grad, toposort

close = partial(pytest.approx, rel=1e-13, abs=0.0)
ACTIVATIONS = ["linear", "relu", "sigmoid", "tanh"]


def gradient(loss, values):
    """The derivatives of loss(values) by each of them."""
    leaves = [Value(each) for each in values]
    loss(leaves).backward()
    return [leaf.grad for leaf in leaves]


class TestImports:
    tree = ast.parse(inspect.getsource(autograd_scalar.nn))

    def test_only_public_names_of_autograd_scalar_and_the_standard_library(self):
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= set(sys.stdlib_module_names)
            elif isinstance(node, ast.ImportFrom) and node.level:
                assert node.module is None
                assert {alias.name for alias in node.names} <= set(autograd_scalar.__all__)
            elif isinstance(node, ast.ImportFrom):
                assert node.module.partition(".")[0] in sys.stdlib_module_names

    def test_no_private_attribute_is_touched(self):
        attributes = {node.attr for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}
        private = {name for name in attributes if name.startswith("_")}
        assert private == {"__init__", "__mro__", "__name__"}

    @pytest.mark.parametrize("name", nn.__all__)
    def test_everything_it_offers_is_explained(self, name):
        assert inspect.getdoc(getattr(nn, name))

    def test_its_sigmoid_is_the_one_of_the_functions(self):
        assert nn.sigmoid is autograd_scalar.sigmoid


ROOT = Path(__file__).parents[1]


def output_of(*arguments, folder):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestBothSpellings:
    SAME = "import nn; from autograd_scalar import nn as inside; print(nn.MLP is inside.MLP)"

    def test_in_a_checkout(self):
        assert output_of("-c", f"{self.SAME}; print(nn.__file__)", folder=ROOT).split() == [
            "True",
            str(ROOT / "nn.py"),
        ]

    def test_where_it_is_installed(self, tmp_path):
        assert output_of("-c", self.SAME, folder=tmp_path) == "True\n"

    def test_beside_an_nn_of_ones_own(self, tmp_path):
        (tmp_path / "nn.py").write_text("MLP = 'my own'", encoding="utf-8")
        both = "import nn; from autograd_scalar import nn as ours; print(nn.MLP, ours.MLP(1, [1]))"
        assert output_of("-c", both, folder=tmp_path) == "my own MLP(1, [1], linear)\n"


class TestCalling:
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_neuron_is_its_formula(self, activation):
        neuron = nn.Neuron(3, activation=activation, rng=1)
        neuron.b.data = 0.3
        x = [0.5, -1.5, 2.0]
        z = 0.3 + sum(w.data * x_k for w, x_k in zip(neuron.w, x, strict=True))
        formulas = {
            "linear": z,
            "relu": max(z, 0.0),
            "sigmoid": 1 / (1 + math.exp(-z)),
            "tanh": math.tanh(z),
        }
        assert neuron(x).data == close(formulas[activation])

    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_mlp_gradient_equals_its_limit_of_differences(self, activation):
        model = nn.MLP(2, [3, 2], activation=activation, rng=5)
        for p in model.parameters():
            p.data += 0.1
        x, y = (0.4, -1.2), (0.3, -0.6)
        loss = nn.half_squared_error(model(x), y)
        loss.backward()

        functions = {
            "linear": lambda z: z,
            "relu": lambda z: max(z, mpmath.mpf(0)),
            "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
            "tanh": mpmath.tanh,
        }

        def by_hand(numbers):
            remaining = iter(numbers)
            out = [mpmath.mpf(each) for each in x]
            for size, f in ((3, functions[activation]), (2, functions["linear"])):
                neurons = [[next(remaining) for _ in range(len(out) + 1)] for _ in range(size)]
                out = [
                    f(sum(w * v for w, v in zip(ws, out, strict=True)) + b) for *ws, b in neurons
                ]
            return sum((t - a) ** 2 for a, t in zip(out, y, strict=True)) / 2

        with mpmath.workdps(60):
            at = [mpmath.mpf(p.data) for p in model.parameters()]
            assert loss.data == close(float(by_hand(at)))
            h = mpmath.mpf(10) ** -20
            for i, p in enumerate(model.parameters()):
                up = by_hand([*at[:i], at[i] + h, *at[i + 1 :]])
                down = by_hand([*at[:i], at[i] - h, *at[i + 1 :]])
                expected = float((up - down) / (2 * h))
                assert p.grad == pytest.approx(expected, rel=1e-12, abs=1e-17)

    def test_layer_of_one_neuron_gives_a_value_and_of_more_a_list(self):
        assert type(nn.Layer(2, 1)([1.0, 2.0])) is Value
        assert [type(v) for v in nn.Layer(2, 3)([1.0, 2.0])] == [Value] * 3

    def test_a_hidden_layer_may_have_one_neuron(self):
        assert len(nn.MLP(1, [1, 3], rng=0)(0.5)) == 3

    def test_last_layer_of_an_mlp_is_linear_and_the_others_are_not(self):
        model = nn.MLP(2, [3, 4, 1])
        used = [{n.activation for n in layer.neurons} for layer in model.layers]
        assert used == [{nn.relu}, {nn.relu}, {nn.linear}]

    def test_sizes_may_come_from_a_generator(self):
        model = nn.MLP(2, (size for size in (3, 1)), rng=0)
        assert model.state_dict() == nn.MLP(2, [3, 1], rng=0).state_dict()

    def test_nonlin_false_means_linear(self):
        assert nn.Neuron(2, nonlin=False, activation="tanh").activation is nn.linear

    def test_an_activation_may_be_any_function_of_a_value(self):
        neuron = nn.Neuron(1, activation=lambda z: z * z, rng=0)
        assert neuron([3.0]).data == close((3 * neuron.w[0].data) ** 2)

    @pytest.mark.parametrize(
        "x",
        [(1.0, 2), np.array([1.0, 2.0]), [np.float32(1), np.int64(2)], [Value(1.0), 2.0]],
        ids=["tuple", "array", "numpy scalars", "mixed"],
    )
    def test_inputs_of_any_numeric_kind(self, x):
        model = nn.MLP(2, [3, 1], rng=0)
        assert model(x).data == model([1.0, 2.0]).data

    def test_gradient_reaches_inputs_that_are_values(self):
        x = Value(0.5, "x")
        neuron = nn.Neuron(1, nonlin=False, rng=0)
        neuron([x]).backward()
        assert x.grad == neuron.w[0].data

    @pytest.mark.parametrize("make", [nn.Neuron, partial(nn.Layer, nout=2)])
    def test_plain_inputs_are_constants_made_once(self, make):
        out = make(2)([0.5, -1.0])
        values = toposort(out[0] if isinstance(out, list) else out)
        constants = [(v.label, v.data) for v in values if v.kind == "constant"]
        assert sorted(constants) == [("x_1", 0.5), ("x_2", -1.0)]
        if isinstance(out, list):
            assert not {v for v in toposort(out[1]) if v.kind == "constant"} - set(values)

    def test_graph_has_no_more_than_a_product_and_a_sum_for_each_weight(self):
        out = nn.MLP(2, [3, 1], rng=0)([0.5, -1.0])
        assert sorted(v.op for v in toposort(out) if v.op) == sorted(
            ["mul", "add"] * (2 * 3 + 3) + ["relu"] * 3
        )

    def test_under_no_grad_nothing_is_recorded(self):
        with no_grad():
            assert nn.MLP(2, [3, 1])([0.5, -1.0]).parents == ()


class TestLabels:
    def test_of_a_neuron_alone(self):
        neuron = nn.Neuron(2)
        assert [p.label for p in neuron.parameters()] == ["w_1", "w_2", "b"]
        out = neuron([1.0, 2.0])
        assert (out.label, out.parents[0].label) == ("a", "z")

    def test_of_the_2_4_3_2_network(self):
        model = nn.MLP(2, [4, 3, 2], activation="sigmoid")
        second = model.layers[1].neurons[2]
        assert [p.label for p in second.parameters()] == [
            "w_31^(2)",
            "w_32^(2)",
            "w_33^(2)",
            "w_34^(2)",
            "b_3^(2)",
        ]
        labels = [v.label for v in toposort(sum(model([0.1, 0.2]))) if v.label.startswith("a")]
        assert sorted(labels) == sorted(
            f"a_{j}^({layer})"
            for layer, n in enumerate((4, 3, 2), start=1)
            for j in range(1, n + 1)
        )

    def test_are_all_different_in_wide_layers(self):
        model = nn.MLP(12, [12, 12])
        labels = [p.label for p in model.parameters()]
        assert len(set(labels)) == len(labels)
        assert model.layers[0].neurons[0].w[11].label == "w_{1,12}^(1)"
        assert model.layers[0].neurons[10].w[1].label == "w_{11,2}^(1)"

    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_net_and_output_can_be_named_and_a_linear_neuron_is_its_output(self, activation):
        neuron = nn.Neuron(1, activation=activation)
        neuron.net_label, neuron.label = "net_d1", "out_d1"
        out = neuron([1.0])
        labels = {v.label for v in toposort(out) if v.op}
        expected = {"out_d1"} if activation == "linear" else {"out_d1", "net_d1"}
        assert labels - {""} == expected
        assert out.label == "out_d1"

    @pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
    @pytest.mark.parametrize("bias", [True, False])
    def test_they_give_explanations_the_three_factors_of_a_weight(self, activation, bias):
        model = nn.MLP(2, [3, 1], activation, output=activation, bias=bias, rng=2)
        error = nn.half_squared_error(model([0.5, -1.0]), 1.0)
        error.label = "E"
        weight = model.layers[1].neurons[0].w[1]
        explanation = explain(error, wrt=weight)
        ends = ["E", "a_1^(2)", "z_1^(2)", "w_12^(2)"]
        assert [factor.names for factor in explanation.factors] == [*itertools.pairwise(ends)]
        error.backward()
        assert math.prod(factor.value for factor in explanation.factors) == close(weight.grad)


class TestOutputAndBias:
    def test_the_last_layer_has_the_activation_of_the_output(self):
        model = nn.MLP(2, [3, 4, 2], "tanh", output="sigmoid")
        used = [{n.activation for n in layer.neurons} for layer in model.layers]
        assert used == [{nn.tanh}, {nn.tanh}, {nn.sigmoid}]
        assert repr(model) == "MLP(2, [3, 4, 2], tanh, output=sigmoid)"

    @pytest.mark.parametrize(
        "make",
        [nn.Neuron, partial(nn.Layer, nout=3), partial(nn.MLP, nouts=[3, 1])],
        ids=["neuron", "layer", "mlp"],
    )
    def test_without_biases_there_are_weights_only(self, make):
        model, full = make(2, bias=False, rng=1), make(2, rng=1)
        weights = [p for p in full.parameters() if p.label.startswith("w")]
        assert [p.label for p in model.parameters()] == [p.label for p in weights]
        assert [p.data for p in model.parameters()] == [p.data for p in weights]
        x = [0.5, -1.5]
        for ours, theirs in zip(*(np.atleast_1d(each(x)) for each in (model, full)), strict=True):
            assert ours.data == close(theirs.data)

    def test_without_biases_one_graph_is_smaller_by_one_sum_for_each_neuron(self):
        ops = [v.op for v in toposort(nn.MLP(2, [3, 1], bias=False, rng=0)([0.5, -1.0])) if v.op]
        assert sorted(ops) == sorted(["mul"] * 9 + ["add"] * (3 + 2) + ["relu"] * 3)

    @pytest.mark.parametrize("inputs", [1, 2])
    def test_state_is_saved_and_loaded_without_biases(self, inputs):
        model, other = (nn.MLP(inputs, [2, 1], bias=False, rng=i) for i in (1, 2))
        other.load_state_dict(json.loads(json.dumps(model.state_dict())))
        assert other([0.5] * inputs).data == model([0.5] * inputs).data


class TestInitialisation:
    def test_same_seed_same_weights(self):
        states = [nn.MLP(2, [3, 1], rng=rng).state_dict() for rng in (7, random.Random(7), 8)]
        assert states[0] == states[1]
        assert states[0] != states[2]

    def test_without_rng_it_follows_the_random_module(self):
        state = random.getstate()
        try:
            random.seed(7)
            assert nn.MLP(2, [3, 1]).state_dict() == nn.MLP(2, [3, 1], rng=7).state_dict()
        finally:
            random.setstate(state)

    def test_a_numpy_generator_will_do(self):
        states = [nn.Neuron(4, rng=np.random.default_rng(3)).state_dict() for _ in range(2)]
        assert states[0] == states[1]

    def test_neurons_of_a_layer_differ(self):
        first, second = nn.Layer(2, 2, rng=0).neurons
        assert first.state_dict() != second.state_dict()

    @pytest.mark.parametrize("activation", ACTIVATIONS)
    @pytest.mark.parametrize("nin", [1, 4, 100])
    def test_scale(self, activation, nin):
        weights = [
            w.data
            for neuron in nn.Layer(nin, 2000 // nin, activation=activation, rng=0).neurons
            for w in neuron.w
        ]
        variance = (2 if activation == "relu" else 1) / nin
        bound = math.sqrt(3 * variance)
        assert max(map(abs, weights)) <= bound
        # 2000 draws: the standard error of the variance is 2%, that of the mean 1/77 of the bound.
        assert np.mean(np.square(weights)) == pytest.approx(variance, rel=0.08)
        assert abs(np.mean(weights)) < 0.06 * bound

    def test_biases_are_0(self):
        assert {n.b.data for n in nn.Layer(3, 5).neurons} == {0.0}


class TestClearErrors:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: nn.Neuron(0), "nin is a number of .* got 0"),
            (lambda: nn.Neuron(2.0), "nin is a number of .* got 2.0"),
            (lambda: nn.Neuron(True), "got True"),
            (lambda: nn.Layer(2, -1), "nout is a number of .* got -1"),
            (lambda: nn.MLP(2, []), "nouts is the sizes of the layers"),
            (lambda: nn.MLP(2, iter([])), "nouts is the sizes of the layers"),
            (lambda: nn.MLP(2, 3), "nouts is the sizes of the layers, such as .* got 3"),
            (lambda: nn.MLP(2, [3, "1"]), "nout is a number of .* got '1'"),
            (lambda: nn.Neuron(2, activation="rely"), "unknown activation 'rely'; .*'relu'"),
            (lambda: nn.MLP(2, [1], activation="rely"), "unknown activation 'rely'"),
            (lambda: nn.MLP(2, [3, 1], output="rely"), "unknown activation 'rely'"),
            (lambda: nn.Neuron(2)([1.0]), r"Neuron\(2, relu\) takes 2 inputs, got 1: \[1.0\]"),
            (lambda: nn.Layer(2, 3)([1.0] * 3), r"Layer\(2, 3, relu\) takes 2 inputs, got 3"),
            (lambda: nn.MLP(2, [3])(1.0), "takes 2 inputs, got 1"),
        ],
    )
    def test_of_sizes_and_activations(self, make, message):
        with pytest.raises(ValueError, match=message):
            make()

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: nn.Neuron(2, rng="seed"), "rng is a seed or an object with `uniform`"),
            (lambda: nn.Neuron(2)(["a", "b"]), "a real number is needed, got str 'a'"),
            (lambda: nn.Neuron(2)(np.ones((2, 5))), "a real number is needed, got ndarray"),
            (lambda: nn.Neuron(1)(None), "a real number is needed, got NoneType"),
            (
                lambda: nn.Neuron(1, activation=lambda z: z.data)([1.0]),
                "the activation of .* must return a Value",
            ),
        ],
    )
    def test_of_types(self, make, message):
        with pytest.raises(TypeError, match=message):
            make()


@dataclasses.dataclass
class Pair:
    slope: Value
    offset: Value


@dataclasses.dataclass(slots=True)
class SlottedPair:
    slope: Value
    offset: Value


def interrupted_at_each_line(run, codes):
    """Call `run` again and again, with an interrupt before another line of `codes` each time.

    Yields after each interrupt; the last call comes to its end.
    """
    for stop in itertools.count():
        lines = itertools.count()

        def trace(frame, event, argument, stop=stop, lines=lines):
            if frame.f_code not in codes:
                return trace
            if event == "line" and next(lines) == stop:
                sys.settrace(None)
                raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            run()
        except KeyboardInterrupt:
            yield
        else:
            return
        finally:
            sys.settrace(before)


class TestModule:
    def test_micrograd_order_and_count_of_parameters(self):
        model = nn.MLP(2, [16, 16, 1])
        assert len(model.parameters()) == 337
        first = model.layers[0].neurons[0]
        assert model.parameters()[:3] == [*first.w, first.b]

    def test_repr_is_short(self):
        assert repr(nn.MLP(2, [16, 1], activation="tanh")) == "MLP(2, [16, 1], tanh)"

    def test_zero_grad(self):
        model = nn.MLP(2, [3, 1], rng=0)
        model([1.0, 2.0]).backward()
        assert any(p.has_grad for p in model.parameters())
        model.zero_grad()
        assert not any(p.has_grad for p in model.parameters())

    def test_state_survives_json(self):
        model, other = nn.MLP(2, [3, 1], rng=0), nn.MLP(2, [3, 1], rng=1)
        other.load_state_dict(json.loads(json.dumps(model.state_dict())))
        assert other.state_dict() == model.state_dict()
        assert other([0.3, -0.7]).data == model([0.3, -0.7]).data

    def test_names_are_paths_of_attributes(self):
        assert list(nn.MLP(1, [1, 1]).state_dict()) == [
            "layers.0.neurons.0.w.0",
            "layers.0.neurons.0.b",
            "layers.1.neurons.0.w.0",
            "layers.1.neurons.0.b",
        ]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda d: d.pop("b"), r"missing \['b'\], unexpected \[\]"),
            (lambda d: d.update(c=1.0), r"missing \[\], unexpected \['c'\]"),
        ],
    )
    def test_strict_loading_names_what_does_not_fit(self, change, message):
        neuron, state = nn.Neuron(2), nn.Neuron(2).state_dict()
        before = neuron.state_dict()
        change(state)
        with pytest.raises(ValueError, match=message):
            neuron.load_state_dict(state)
        assert neuron.state_dict() == before

    def test_loading_that_is_not_strict_loads_what_fits(self):
        neuron = nn.Neuron(2, rng=0)
        weight = neuron.w[1].data
        neuron.load_state_dict({"w.0": 5.0, "other": 1.0}, strict=False)
        assert neuron.state_dict() == {"w.0": 5.0, "w.1": weight, "b": 0.0}

    def test_loading_what_is_no_number_changes_nothing(self):
        neuron = nn.Neuron(1, rng=0)
        before = neuron.state_dict()
        with pytest.raises(TypeError, match="parameter 'b': a real number is needed, got str"):
            neuron.load_state_dict({"w.0": 5.0, "b": "1"})
        assert neuron.state_dict() == before

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_loading_what_is_not_finite_changes_nothing(self, number):
        neuron = nn.Neuron(1, rng=0)
        before = neuron.state_dict()
        with pytest.raises(ValueError, match=f"parameter 'b': a finite number .* got {number}"):
            neuron.load_state_dict({"w.0": 5.0, "b": number})
        assert neuron.state_dict() == before

    def test_interrupted_loading_changes_all_or_nothing(self):
        module, state = nn.Neuron(3, rng=0), nn.Neuron(3, rng=1).state_dict()
        before = module.state_dict()
        codes = nn.Module.load_state_dict.__code__, nn._assign.__code__
        seen = []
        for _ in interrupted_at_each_line(lambda: module.load_state_dict(state), codes):
            seen.append(module.state_dict())
        assert len(seen) > 10
        assert all(each == before for each in seen)
        assert module.state_dict() == state

    @pytest.mark.parametrize(
        ("held", "names"),
        [
            (lambda p, q: np.array([p, q]), ["held.0", "held.1"]),
            (lambda p, q: np.array([[p], [q]]), ["held.0.0", "held.1.0"]),
            (lambda p, q: [np.array(p), np.array(q)], ["held.0.item", "held.1.item"]),
            (lambda p, q: Pair(p, q), ["held.slope", "held.offset"]),
            (lambda p, q: SlottedPair(p, q), ["held.slope", "held.offset"]),
            (lambda p, q: SimpleNamespace(a=p, b=[q]), ["held.a", "held.b.0"]),
            (lambda p, q: namedtuple("Two", "a b")(p, q), ["held.0", "held.1"]),
            (lambda p, q: deque([p, {"q": q}]), ["held.0", "held.1.q"]),
            (lambda p, q: UserList([p, q]), ["held.0", "held.1"]),
            (lambda p, q: UserDict(a=p, b=q), ["held.a", "held.b"]),
            (lambda p, q: MappingProxyType({"a": p, 2: q}), ["held.a", "held.2"]),
            (lambda p, q: ChainMap({"a": p}, {"b": q}), ["held.b", "held.a"]),
        ],
        ids=[
            *("array", "matrix", "arrays without axes", "dataclass", "slots", "namespace"),
            *("named tuple", "deque", "user's list", "user's dict", "read-only", "chained"),
        ],
    )
    def test_parameters_are_found_in_every_kind_of_container(self, held, names):
        module = nn.Module()
        pair = Value.parameter(1.0), Value.parameter(2.0)
        module.held = held(*pair)
        module.numbers = np.ones(3)
        assert list(module.named_parameters()) == names
        assert set(module.parameters()) == {*pair}

    @pytest.mark.parametrize("kind", [UserList, list])
    def test_a_module_that_is_a_list_holds_its_items_too(self, kind):
        class Stack(nn.Module, kind):
            pass

        stack = Stack([nn.Neuron(1), nn.Neuron(1)])
        stack.scale = Value.parameter(1.0)
        assert len(stack.parameters()) == 5

    def test_parameters_are_found_in_modules_with_slots(self):
        @dataclasses.dataclass(slots=True)
        class Line(nn.Module):
            slope: Value
            offset: Value
            unset: Value = dataclasses.field(init=False)

        class Shifted(Line):
            __slots__ = "__shift"

            def shifted(self, shift):
                self.__shift = shift
                return self

        line = Shifted(Value.parameter(1.0), Value.parameter(2.0)).shifted(Value.parameter(3.0))
        line.more = nn.Neuron(1)
        names = ["slope", "offset", "_Shifted__shift", "more.w.0", "more.b"]
        assert list(line.named_parameters()) == names

    @pytest.mark.parametrize(
        "held",
        [
            lambda p, q: {"held": {1: p, "1": q}},
            lambda p, q: {"held": {"a.b": p, "a": {"b": q}}},
            lambda p, q: {"held.0": p, "held": [q]},
        ],
    )
    def test_two_parameters_of_one_name_cannot_be_saved(self, held):
        module = nn.Module()
        pair = Value.parameter(1.0), Value.parameter(2.0)
        vars(module).update(held(*pair))
        # They are learnt all the same.
        assert set(module.parameters()) == {*pair}
        for ask in (module.named_parameters, module.state_dict):
            with pytest.raises(ValueError, match=r"two parameters of .* have the path 'held\."):
                ask()

    @pytest.mark.parametrize("kind", [set, frozenset])
    def test_parameters_in_a_set_are_an_error(self, kind):
        module = nn.Module()
        module.held = kind([Value.parameter(1.0)])
        with pytest.raises(TypeError, match=r"'held' of .* is a set, which has no order"):
            module.parameters()
        module.held = kind([1, 2])
        assert module.parameters() == []

    def test_a_module_of_ones_own_finds_its_parameters(self):
        class Mixed(nn.Module):
            def __init__(self):
                self.scale = Value(2.0)
                self.parts = {"a": nn.Neuron(1), "b": (Value.parameter(1.0),)}
                self.constant = Value(3.0).detach()
                self.computed = self.scale * 2
                self.again = self.scale
                self.parts["a"].owner = self

        names = ["scale", "parts.a.w.0", "parts.a.b", "parts.b.0"]
        assert list(Mixed().named_parameters()) == names
        assert len(Mixed().parameters()) == 4

    def test_a_copied_model_trains_on_its_own(self):
        model = nn.MLP(2, [3, 1], rng=0)
        before = model.state_dict()
        copied = copy.deepcopy(model)
        nn.squared_error(copied([1.0, 2.0]), 5.0).backward()
        nn.SGD(copied.parameters(), lr=0.1).step()
        assert model.state_dict() == before
        assert copied.state_dict() != before
        assert not any(p.has_grad for p in model.parameters())

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
    @pytest.mark.parametrize("activation", ACTIVATIONS)
    def test_model_and_optimiser_copied_together_go_on_as_the_originals(self, copied, activation):
        model = nn.MLP(2, [3, 1], activation=activation, rng=0)
        both = model, nn.Adam(model.parameters(), lr=0.1)

        def train(model, optimiser):
            optimiser.zero_grad()
            nn.squared_error(model([1.0, 2.0]), 5.0).backward()
            optimiser.step()
            return model.state_dict()

        train(*both)
        others = copied(both)
        assert train(*others) == train(*both)


TARGETS = [0.0, 5e-324, 1e-9, 0.2, 0.5, 1 - 1e-9, 1.0]


class TestLosses:
    a, t = (0.3, -1.5, 2.0), (1.0, 0.5, 2.0)

    @pytest.mark.parametrize(
        ("loss", "value", "slope"),
        [
            (
                nn.half_squared_error,
                lambda a, t: sum((t_k - a_k) ** 2 for a_k, t_k in zip(a, t, strict=True)) / 2,
                lambda a_k, t_k: -(t_k - a_k),
            ),
            (
                nn.squared_error,
                lambda a, t: sum((a_k - t_k) ** 2 for a_k, t_k in zip(a, t, strict=True)),
                lambda a_k, t_k: 2 * (a_k - t_k),
            ),
            (
                nn.mean_squared_error,
                lambda a, t: sum((a_k - t_k) ** 2 for a_k, t_k in zip(a, t, strict=True)) / 3,
                lambda a_k, t_k: 2 * (a_k - t_k) / 3,
            ),
        ],
    )
    def test_squared_errors(self, loss, value, slope):
        assert loss(self.a, self.t) == close(value(self.a, self.t))
        assert gradient(lambda a: loss(a, self.t), self.a) == close(
            [slope(*pair) for pair in zip(self.a, self.t, strict=True)]
        )

    @pytest.mark.parametrize("size", [0.0, 1e-200, 1e-20, 0.7, 1e8, 1e153])
    def test_squared_errors_at_any_size_whose_square_is_a_float(self, size):
        for a, t in itertools.product((-size, size, 0.5), repeat=2):
            for loss, factor in ((nn.squared_error, 1), (nn.half_squared_error, 0.5)):
                value, slope = factor * (a - t) ** 2, 2 * factor * (a - t)
                assert loss(a, t) == pytest.approx(value, rel=1e-15, abs=5e-324)
                assert gradient(lambda v, t=t, loss=loss: loss(v[0], t), [a]) == [slope]

    @pytest.mark.parametrize("loss", [nn.squared_error, nn.half_squared_error])
    def test_an_error_whose_square_is_no_float(self, loss):
        with pytest.raises(OverflowError, match="pow"):
            loss(Value(1e200), 0.0)
        # But the error of infinity is infinite, and so is its derivative.
        assert loss(math.inf, 0.0) == math.inf
        assert gradient(lambda v: loss(v[0], 0.0), [-math.inf]) == [-math.inf]

    @pytest.mark.parametrize("y", TARGETS)
    def test_binary_cross_entropy_to_few_last_places(self, y):
        for a in (2.0**-1022, 1e-300, 1e-9, 0.3, 0.5, 1 - 1e-9, math.nextafter(1.0, 0.0)):
            with context.workdps(60):
                p, t = real(a), real(y)
                value = -(t * context.log(p) + (1 - t) * context.log1p(-p))
                slopes = -t / p, (1 - t) / (1 - p)
                (slope,) = gradient(lambda v: nn.binary_cross_entropy(v[0], y), [a])
                assert ulps(nn.binary_cross_entropy(a, y), value) <= 4
                # What cancels between the two is not to be had.
                assert ulps(slope, sum(slopes), of=max(map(abs, slopes))) <= 4

    def test_binary_cross_entropy_whose_derivative_is_no_float(self):
        for y, slope in ((0.0, 1.0), (1.0, -math.inf)):
            loss = partial(nn.binary_cross_entropy, targets=y)
            assert grad(loss)(5e-324) == slope

    @pytest.mark.parametrize(("a", "slope"), [(0.0, 1.0), (1.0, -1.0)])
    def test_binary_cross_entropy_of_a_certainty_that_is_right(self, a, slope):
        assert nn.binary_cross_entropy(a, a) == 0.0
        assert gradient(lambda v: nn.binary_cross_entropy(v[0], a), [a]) == [slope]

    @pytest.mark.parametrize(
        ("a", "y"), [(0.0, 1.0), (1.0, 0.0), (0.0, 0.5), (1.0, 0.5), (1.0, Value(1.0))]
    )
    def test_binary_cross_entropy_that_is_infinite_is_an_error(self, a, y):
        with pytest.raises(ValueError, match="is infinite; binary_cross_entropy_with_logits"):
            nn.binary_cross_entropy(Value(a), y)

    @pytest.mark.parametrize(
        ("loss", "a", "y", "message"),
        [
            (nn.binary_cross_entropy, 1.5, 1.0, "an output of .* got 1.5"),
            (nn.binary_cross_entropy, -1e-9, 1.0, "an output of .* got -1e-09"),
            (nn.binary_cross_entropy, math.nan, 1.0, "an output of .* got nan"),
            (nn.binary_cross_entropy, 0.5, 2.0, "a target of .* got 2.0"),
            (nn.binary_cross_entropy_with_logits, 0.5, -1.0, "a target of .* got -1.0"),
            (nn.hinge, 0.5, 0.0, "a target of the hinge loss is -1 or 1, got 0.0"),
        ],
    )
    def test_outputs_and_targets_out_of_range(self, loss, a, y, message):
        with pytest.raises(ValueError, match=message):
            loss(Value(a), y)

    @pytest.mark.parametrize("y", TARGETS)
    def test_binary_cross_entropy_with_logits_at_any_size(self, y):
        def loss(z):
            return nn.binary_cross_entropy_with_logits(z, y)

        with context.workdps(60):
            t = real(y)
            for z in NUMBERS:
                left, right, curvature, _ = exact_logistic(real(z))
                minus, rest, *_ = exact_logistic(-real(z))
                assert ulps(loss(z), (1 - t) * left + t * minus) <= 4
                # σ − y, or (1 − y) − (1 − σ) where it is their difference that is small.
                of = max(1 - t, rest) if z > 0 else max(right, t)
                slope = -rest if y == 1.0 else right - t
                certain = y in (0.0, 1.0)
                assert ulps(grad(loss)(z), slope, of=0.0 if certain else of) <= 4, z
                assert ulps(grad(grad(loss))(z), curvature) <= 4

    @pytest.mark.parametrize(
        ("z", "y", "value", "slope"),
        [
            (math.inf, 1.0, 0.0, 0.0),
            (math.inf, 0.0, math.inf, 1.0),
            (math.inf, 0.25, math.inf, 0.75),
            (-math.inf, 0.0, 0.0, 0.0),
            (-math.inf, 1.0, math.inf, -1.0),
            (-math.inf, 0.25, math.inf, -0.25),
        ],
    )
    def test_binary_cross_entropy_with_infinite_logits(self, z, y, value, slope):
        assert nn.binary_cross_entropy_with_logits(z, y) == value
        assert gradient(lambda v: nn.binary_cross_entropy_with_logits(v[0], y), [z]) == [slope]

    def test_binary_cross_entropy_with_logits_is_that_of_the_sigmoid(self):
        z, y = [-3.0, 0.5, 2.0], [1.0, 0.0, 0.25]
        assert nn.binary_cross_entropy_with_logits(z, y) == close(
            nn.binary_cross_entropy([nn.sigmoid(each) for each in z], y)
        )

    def test_cross_entropy_at_any_size(self):
        with context.workdps(60):
            for logits in LOGITS:
                total, shares, rest = exact_shares(logits)
                allowed = rounding(logits)
                for index in range(min(len(logits), 4)):
                    far = total - real(logits[index])
                    value = context.log1p(rest[index] / shares[index]) if far < 1e4 else far
                    assert ulps(nn.cross_entropy(logits, index), value) <= allowed, logits
                    slopes = grad(partial(nn.cross_entropy, index=index))(logits)
                    exact = [-rest[k] if k == index else shares[k] for k in range(len(logits))]
                    assert max(map(ulps, slopes, exact)) <= allowed, logits

    def test_second_derivatives_of_cross_entropy_at_any_size(self):
        with context.workdps(60):
            for logits in [each for each in LOGITS if len(each) < 5][::8]:
                _, shares, rest = exact_shares(logits)
                for index in range(len(logits)):
                    second = hessian(partial(nn.cross_entropy, index=index))(logits)
                    for i, j in itertools.product(range(len(logits)), repeat=2):
                        exact = shares[i] * rest[i] if i == j else -shares[i] * shares[j]
                        assert ulps(second[i][j], exact) <= 2 * rounding(logits), logits

    def test_cross_entropy_of_equal_logits_is_the_logarithm_of_their_number(self):
        for x, count in itertools.product((0.0, 1e16, -1e300), (1, 2, 3, 1000)):
            assert nn.cross_entropy([x] * count, 0) == close(math.log(count))

    @pytest.mark.parametrize(
        ("logits", "index", "value", "slopes"),
        [
            ([math.inf, 0.0], 0, 0.0, [0.0, 0.0]),
            ([math.inf, 0.0], 1, math.inf, [1.0, -1.0]),
            ([-math.inf, 0.0], 1, 0.0, [0.0, 0.0]),
            ([-math.inf, 0.0], 0, math.inf, [-1.0, 1.0]),
            ([-math.inf, math.inf], 0, math.inf, [-1.0, 1.0]),
            ([-math.inf, 0.0, 0.0], 1, math.log(2.0), [0.0, -0.5, 0.5]),
            ([math.inf, math.inf, 0.0], 2, math.inf, [0.5, 0.5, -1.0]),
            ([-math.inf], 0, 0.0, [0.0]),
            ([math.inf], 0, 0.0, [0.0]),
        ],
        ids=str,
    )
    def test_cross_entropy_of_infinite_logits(self, logits, index, value, slopes):
        assert nn.cross_entropy(logits, index) == close(value)
        assert gradient(lambda z: nn.cross_entropy(z, index), logits) == close(slopes)

    @pytest.mark.parametrize("infinity", [math.inf, -math.inf])
    def test_cross_entropy_of_one_of_several_infinite_logits_is_undefined(self, infinity):
        with pytest.raises(ValueError, match=f"several logits that are {infinity} is undefined"):
            nn.cross_entropy([infinity, Value(infinity)], 1)

    @pytest.mark.parametrize("nan", range(3))
    @pytest.mark.parametrize("index", range(3))
    def test_cross_entropy_of_nan_is_nan(self, nan, index):
        logits = [1000.0, -3.0, 2000.0]
        logits[nan] = math.nan
        assert math.isnan(nn.cross_entropy(logits, index))

    @pytest.mark.parametrize(
        ("logits", "index", "error", "message"),
        [
            ([0.5, 1.0], 2, ValueError, "one of 2 classes is needed, got 2"),
            ([0.5, 1.0], -1, ValueError, "got -1"),
            ([], 0, ValueError, "one of 0 classes"),
            ([0.5, 1.0], 1.0, TypeError, "is an int, got 1.0"),
            ([0.5, 1.0], True, TypeError, "is an int, got True"),
            (Value(0.5), 0, TypeError, "takes a sequence of logits"),
            (["0.5", 1.0], 0, TypeError, "a real number is needed, got str '0.5'"),
        ],
    )
    def test_cross_entropy_of_no_class(self, logits, index, error, message):
        with pytest.raises(error, match=message):
            nn.cross_entropy(logits, index)

    def test_cross_entropy_takes_a_numpy_index(self):
        assert nn.cross_entropy([0.5, 1.0], np.int64(1)) == nn.cross_entropy([0.5, 1.0], 1)

    @pytest.mark.parametrize(
        ("a", "y", "value", "slope"),
        [
            (0.25, 1, 0.75, -1.0),
            (0.25, -1, 1.25, 1.0),
            (3.0, 1, 0.0, 0.0),
            (-3.0, -1, 0.0, 0.0),
            (1e308, -1, 1e308, 1.0),
            (5e-324, 1, 1.0, -1.0),
            (math.inf, 1, 0.0, 0.0),
            (math.inf, -1, math.inf, 1.0),
        ],
    )
    def test_hinge(self, a, y, value, slope):
        assert nn.hinge(a, y) == value
        assert gradient(lambda v: nn.hinge(v[0], y), [a]) == [slope]

    every = pytest.mark.parametrize(
        "loss",
        [
            nn.half_squared_error,
            nn.squared_error,
            nn.mean_squared_error,
            nn.binary_cross_entropy,
            nn.binary_cross_entropy_with_logits,
            nn.hinge,
        ],
    )

    @every
    def test_one_value_is_a_sequence_of_one(self, loss):
        assert loss(Value(0.25), 1.0).data == loss([Value(0.25)], [1.0]).data

    @every
    def test_sums_over_its_outputs_unless_it_says_mean(self, loss):
        count = 2 if loss is nn.mean_squared_error else 1
        total = loss(0.25, 1.0) + loss(0.5, 1.0)
        assert loss([0.25, 0.5], [1.0, 1.0]) == close(total / count)

    @every
    def test_a_target_that_is_a_value_has_a_derivative_too(self, loss):
        t = Value(1.0)
        loss(Value(0.25), t).backward()
        assert t.has_grad

    @every
    @pytest.mark.parametrize(
        ("outputs", "targets"),
        [([0.5, 0.5], [1.0]), ([], []), (0.5, [1.0]), ([0.5], 1.0)],
        ids=["lengths", "empty", "one and many", "many and one"],
    )
    def test_pairs_that_do_not_match(self, loss, outputs, targets):
        with pytest.raises(ValueError, match=r"outputs and targets are two|each output needs"):
            loss(outputs, targets)

    @every
    @pytest.mark.parametrize("outputs", [["0.5"], np.ones((1, 3)), [None]])
    def test_outputs_that_are_no_numbers(self, loss, outputs):
        with pytest.raises(TypeError, match="outputs and targets are numbers or Values, got"):
            loss(outputs, [1.0])


def steps(make, gradients):
    """The parameter, 2 at first, after each step of an optimiser that meets these gradients."""
    p = Value.parameter(2.0, "p")
    optimiser = make([p])
    path = []
    for g in gradients:
        optimiser.zero_grad()
        (p * g).backward()
        optimiser.step()
        path.append(p.data)
    return path


def momentum_by_hand(lr, momentum):
    """Takes a parameter and its gradient in turn, and gives what the parameter becomes."""

    def rule():
        v, p = 0.0, None
        while True:
            p, g = yield p
            v = momentum * v + g
            p = p - lr * v

    return rule


def adam_by_hand(lr, decay, decay_outside):
    """The same for Adam and AdamW."""

    def rule():
        m = root = 0.0
        t, p = 0, None
        while True:
            p, g = yield p
            t, g = t + 1, g + decay * p
            m = 0.9 * m + (1 - 0.9) * g
            root = math.hypot(math.sqrt(0.999) * root, math.sqrt(1 - 0.999) * g)
            bias = 1 - 0.9**t
            size = root * (bias / math.sqrt(1 - 0.999**t)) + 1e-8 * bias
            p = p * (1 - lr * decay_outside) - lr * (m / size)

    return rule


class TestOptimisers:
    gradients = (0.5, -2.0, 1.5, 0.25, -0.125)

    def test_sgd(self):
        expected = [2.0 - 0.1 * sum(self.gradients[: t + 1]) for t in range(5)]
        assert steps(partial(nn.SGD, lr=0.1), self.gradients) == close(expected)

    def test_sgd_with_momentum_is_the_sum_of_faded_gradients(self):
        expected, p = [], 2.0
        for t in range(5):
            p -= 0.1 * sum(0.9 ** (t - i) * self.gradients[i] for i in range(t + 1))
            expected.append(p)
        assert steps(partial(nn.SGD, lr=0.1, momentum=0.9), self.gradients) == close(expected)

    @pytest.mark.parametrize("weight_decay", [0.0, 0.3])
    @pytest.mark.parametrize("make", [nn.Adam, nn.AdamW])
    @pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.5)])
    def test_adam_and_adamw_from_weighted_means(self, make, betas, weight_decay):
        """The means as weighted averages of all gradients so far, without the recursion."""
        lr, eps, p = 0.1, 1e-3, 2.0
        seen, expected = [], []
        for g in self.gradients:
            seen.append(g + (weight_decay * p if make is nn.Adam else 0.0))
            t = len(seen)
            first = np.array([betas[0] ** (t - i) for i in range(1, t + 1)])
            second = np.array([betas[1] ** (t - i) for i in range(1, t + 1)])
            m = np.average(seen, weights=first)
            v = np.average(np.square(seen), weights=second)
            decay = lr * weight_decay * p if make is nn.AdamW else 0.0
            p = p - decay - lr * m / (math.sqrt(v) + eps)
            expected.append(p)
        configured = partial(make, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
        assert steps(configured, self.gradients) == close(expected)

    @pytest.mark.parametrize("g", [1e-3, -7.0])
    def test_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(self, g):
        moved = steps(partial(nn.Adam, lr=0.25, eps=0.0), [g])[0] - 2.0
        assert moved == close(-math.copysign(0.25, g))

    def test_defaults(self):
        adam, adamw = nn.Adam([Value(1.0)]), nn.AdamW([Value(1.0)])
        for optimiser, weight_decay in ((adam, 0.0), (adamw, 0.01)):
            assert (optimiser.lr, optimiser.betas, optimiser.eps, optimiser.weight_decay) == (
                1e-3,
                (0.9, 0.999),
                1e-8,
                weight_decay,
            )

    def test_zero_gradient_and_zero_eps_leave_a_parameter_alone(self):
        assert steps(partial(nn.Adam, lr=0.1, eps=0.0), [0.0]) == [2.0]

    def test_learning_rate_can_be_changed_on_the_way(self):
        p = Value.parameter(1.0)
        optimiser = nn.SGD([p], lr=0.1)
        p.grad = 1.0
        optimiser.lr = 0.5
        optimiser.step()
        assert p.data == 0.5

    every = pytest.mark.parametrize(
        "make", [partial(nn.SGD, lr=0.1, momentum=0.9), partial(nn.Adam, lr=0.1), nn.AdamW]
    )

    @every
    def test_parameters_without_a_gradient_stay_as_they_are(self, make):
        used, unused = Value.parameter(1.0), Value.parameter(1.0)
        optimiser = make([used, unused])
        (used * 2).backward()
        optimiser.step()
        assert used.data < 1.0
        assert unused.data == 1.0

    @pytest.mark.parametrize(
        ("make", "rule"),
        [
            (partial(nn.SGD, lr=0.1), momentum_by_hand(0.1, 0.0)),
            (partial(nn.SGD, lr=0.1, momentum=0.9), momentum_by_hand(0.1, 0.9)),
            (partial(nn.Adam, lr=0.1, weight_decay=0.3), adam_by_hand(0.1, 0.3, 0.0)),
            (partial(nn.AdamW, lr=0.1, weight_decay=0.3), adam_by_hand(0.1, 0.0, 0.3)),
        ],
        ids=["SGD", "SGD with momentum", "Adam", "AdamW"],
    )
    def test_many_parameters_have_the_bits_of_each_by_itself(self, make, rule):
        rng = random.Random(0)
        params = [Value.parameter(rng.gauss(0, 1)) for _ in range(20)]
        optimiser = make(params)
        rules = [rule() for _ in params]
        for each in rules:
            next(each)
        for _ in range(10):
            optimiser.zero_grad()
            expected = []
            for p, each in zip(params, rules, strict=True):
                # Some parameters have no gradient in some of the steps.
                if rng.random() < 0.8:
                    p.grad = rng.choice([0.0, rng.gauss(0, 1), 10 ** rng.uniform(-9, 9)])
                expected.append(each.send((p.data, p.grad)) if p.has_grad else p.data)
            optimiser.step()
            assert [p.data for p in params] == expected

    @every
    def test_a_parameter_given_twice_is_changed_once(self, make):
        once, twice = Value.parameter(1.0), Value.parameter(1.0)
        for optimiser in (make([once]), make([twice, twice])):
            for p in optimiser.params:
                p.grad = 0.5
            optimiser.step()
        assert twice.data == once.data

    @every
    def test_step_without_gradients_is_an_error(self, make):
        with pytest.raises(RuntimeError, match="call backward"):
            make([Value.parameter(1.0)]).step()

    @every
    @pytest.mark.parametrize("grad", [math.nan, math.inf, -math.inf])
    def test_gradient_that_is_not_finite_changes_nothing(self, make, grad):
        good, bad = Value.parameter(1.0, "good"), Value.parameter(1.0, "bad")
        optimiser = make([good, bad])
        good.grad, bad.grad = 1.0, grad
        with pytest.raises(ValueError, match=r"not finite: .*'bad'"):
            optimiser.step()
        assert good.data == 1.0

    @pytest.mark.parametrize("make", [nn.Adam, partial(nn.AdamW, weight_decay=0.0)])
    @pytest.mark.parametrize("g", [1e-300, 1e-160, 1.0, 1e154, -1e200, math.nextafter(math.inf, 0)])
    def test_adam_follows_gradients_of_any_size(self, make, g):
        # Two steps along one gradient are two learning rates, however large it is.
        path = [2.0 - math.copysign(0.25, g), 2.0 - math.copysign(0.5, g)]
        assert steps(partial(make, lr=0.25, eps=0.0), [g, g]) == close(path)

    @pytest.mark.parametrize(
        ("make", "gradients"),
        [
            (partial(nn.SGD, lr=1e10), [1e300]),
            (partial(nn.SGD, lr=1e-10, momentum=0.9), [1e308, 1e308]),
            (partial(nn.Adam, weight_decay=1e10), [1e308]),
        ],
    )
    def test_a_step_to_infinity_is_an_error_and_changes_nothing(self, make, gradients):
        first, second = Value.parameter(1.0), Value.parameter(1e300, "second")
        optimiser = make([first, second])
        *before, last = gradients
        for g in before:
            first.grad = second.grad = g
            optimiser.step()
        first.grad, second.grad = 1.0, last
        state = first.data, second.data, optimiser.memory
        with pytest.raises(ValueError, match=r"would make a parameter infinite: .*'second'"):
            optimiser.step()
        assert (first.data, second.data, optimiser.memory) == state

    @every
    def test_an_interrupted_step_is_taken_whole_or_not_at_all(self, make):
        params = [Value.parameter(float(i)) for i in range(3)]
        optimiser = make(params)
        for p in params:
            p.grad = p.data - 5.0

        def state():
            return [p.data for p in params], optimiser.memory

        before = state()
        codes = nn.Optimiser.step.__code__, nn._assign.__code__
        seen = []
        for _ in interrupted_at_each_line(optimiser.step, codes):
            seen.append(state())
        assert len(seen) > 10
        assert all(each == before for each in seen)
        assert all(old != new for old, new in zip(before[0], state()[0], strict=True))

    @every
    @pytest.mark.parametrize(
        ("params", "error", "message"),
        [
            ([], ValueError, "no parameters"),
            (iter([]), ValueError, "no parameters"),
            (nn.Neuron(1), TypeError, r"a list such as model.parameters\(\), got Neuron"),
            (Value(1.0), TypeError, "a list such as"),
            (None, TypeError, "a list such as"),
            ([1.0], TypeError, "parameters are Values .* got 1.0"),
            ([Value(1.0) * 2], TypeError, "nothing was computed for"),
            ([Value(1.0).detach()], TypeError, "nothing was computed for"),
        ],
    )
    def test_parameters_that_are_none(self, make, params, error, message):
        with pytest.raises(error, match=message):
            make(params)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (partial(nn.SGD, lr=-0.1), "lr is a number from 0 on, got -0.1"),
            (partial(nn.SGD, lr=math.nan), "lr is .* got nan"),
            (partial(nn.SGD, lr=0.1, momentum=1.0), "momentum is .* got 1.0"),
            (partial(nn.Adam, betas=(0.9, 1.0)), r"betas\[1\] is .* got 1.0"),
            (partial(nn.Adam, eps=-1.0), "eps is .* got -1.0"),
            (partial(nn.AdamW, weight_decay=-1.0), "weight_decay is .* got -1.0"),
        ],
    )
    def test_settings_out_of_range(self, make, message):
        with pytest.raises(ValueError, match=message):
            make([Value.parameter(1.0)])


XOR = [((0.0, 0.0), -1.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), -1.0)]


class TestTraining:
    @pytest.mark.parametrize(
        "make",
        [
            partial(nn.SGD, lr=0.1),
            partial(nn.SGD, lr=0.03, momentum=0.9),
            partial(nn.Adam, lr=0.05),
            partial(nn.AdamW, lr=0.05),
        ],
        ids=["SGD", "momentum", "Adam", "AdamW"],
    )
    def test_xor_is_learnt(self, make):
        model = nn.MLP(2, [6, 1], activation="tanh", rng=1)
        optimiser = make(model.parameters())
        for _ in range(300):
            loss = sum(nn.squared_error(model(x), y) for x, y in XOR) / len(XOR)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        assert loss.data < 0.01
        assert all(model(x).data * y > 0 for x, y in XOR)

    def test_a_micrograd_program_runs_as_it_stands(self):
        model = nn.MLP(2, [8, 1], rng=3)

        def total_loss():
            scores = [model(list(map(Value, x))) for x, _ in XOR]
            losses = [(1 + -y * score).relu() for (_, y), score in zip(XOR, scores, strict=True)]
            data_loss = sum(losses) * (1.0 / len(losses))
            return data_loss + 1e-4 * sum(p * p for p in model.parameters())

        first = total_loss().data
        for k in range(100):
            total = total_loss()
            model.zero_grad()
            total.backward()
            learning_rate = 0.5 - 0.4 * k / 100
            for p in model.parameters():
                p.data -= learning_rate * p.grad
        assert total_loss().data < 0.05 < first

    @pytest.mark.parametrize("around", [no_grad, contextlib.nullcontext])
    def test_a_parameter_is_changed_through_its_number(self, around):
        neuron = nn.Neuron(1, nonlin=False, rng=0)
        neuron([2.0]).backward()
        before = neuron.state_dict()
        with around():
            for p in neuron.parameters():
                p.data -= 0.5 * p.grad
        assert neuron.state_dict() == {"w.0": before["w.0"] - 1.0, "b": before["b"] - 0.5}
        assert {p.kind for p in neuron.parameters()} == {"parameter"}

    def test_memory_is_flat_over_a_thousand_steps(self):
        model = nn.MLP(2, [4, 1], activation="tanh", rng=0)
        optimiser = nn.Adam(model.parameters())

        def train(count):
            for _ in range(count):
                loss = nn.squared_error(model([0.5, -1.0]), 0.3)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()

        gc.collect()
        gc.disable()  # graphs are freed when they are dropped, not when the collector comes by
        tracemalloc.start()
        try:
            train(50)
            before, _ = tracemalloc.get_traced_memory()
            train(1000)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
        one_graph = len(toposort(model([0.5, -1.0]))) * sys.getsizeof(Value(0.0))
        assert after - before < one_graph

    def test_a_running_total_under_no_grad_keeps_no_graph(self):
        model = nn.MLP(2, [3, 1], rng=0)
        total, expected = 0.0, 0.0
        for x, y in XOR:
            loss = nn.squared_error(model(x), y)
            expected += loss.data
            with no_grad():
                total += loss
        assert toposort(total) == [total]
        assert total.data == expected
