"""Seed 002, explained: equations (1) to (8) of the 2-4-3-2 network."""

import random

import pytest
from equations import close

from autograd_scalar import Value, derive, exp, explain


def labelled(value, label):
    value.label = label
    return value


def sig(x):
    return 1 / (1 + exp(-x))


class Network:
    """Layers a, b, c and d of 2, 4, 3 and 2 neurons; weights are numbered as in the post."""

    def __init__(self, seed=2):
        rng = random.Random(seed)
        outputs = [Value(rng.uniform(-1, 1), f"out_a{i}") for i in (1, 2)]
        number = 0
        self.weights = {}
        for letter, count in (("b", 4), ("c", 3), ("d", 2)):
            made = []
            for j in range(1, count + 1):
                terms = []
                for out in outputs:
                    number += 1
                    weight = Value(rng.uniform(-1, 1), f"w_{{{number}}}")
                    self.weights[number] = weight
                    terms.append(weight * out)
                net = labelled(sum(terms[1:], start=terms[0]), f"net_{{{letter}{j}}}")
                made.append(labelled(sig(net), f"out_{{{letter}{j}}}"))
                setattr(self, f"net_{letter}{j}", net)
            outputs = made
        self.out_d1, self.out_d2 = outputs
        self.e1 = labelled(0.5 * (Value(0.1, "target_{d1}") - self.out_d1) ** 2, "E_{d1}")
        self.e2 = labelled(0.5 * (Value(0.9, "target_{d2}") - self.out_d2) ** 2, "E_{d2}")
        self.total = labelled(self.e1 + self.e2, "E_total")
        # The first weight into d1 from c1, which the post calls w31.
        self.w31 = self.weights[21]
        self.w31.label = "w_{31}"


@pytest.fixture
def network():
    return Network()


def first_line(explanation):
    return explanation.to_text(1000).splitlines()[0].strip()


def test_equation_1(network):
    network.e1.label = network.e2.label = ""
    explanation = explain(network.total, wrt=network.w31)
    assert first_line(explanation) == (
        "∂E_total/∂w_31 = ∂E_total/∂out_d1 · ∂out_d1/∂net_d1 · ∂net_d1/∂w_31"
    )
    network.total.backward()
    assert close(explanation.paths[0].value, network.w31.grad)


def test_equation_2_is_the_error_with_everything_put_in():
    target, w, out_c1, rest = (
        Value(n, label)
        for n, label in ((0.1, "target_d1"), (0.4, "w_31"), (0.6, "out_c1"), (0.2, "rest"))
    )
    inner = target - sig(w * out_c1 + rest)
    error = labelled(0.5 * inner**2, "E_d1")
    (factor,) = explain(error, wrt=w).factors
    assert factor.definition == "0.5(target_d1 − 1/(1 + e^(−(w_31·out_c1 + rest))))²"


def test_equation_3_is_the_outer_derivative_times_the_inner(network):
    inner = labelled(Value(0.1, "target_{d1}") - network.out_d1, "inner")
    error = labelled(0.5 * inner**2, "E_{d1}")
    outer = explain(error, wrt=network.w31).factors[0]
    assert outer.formula == "inner"
    assert explain(error, wrt=network.w31).factors[1].formula == "−1"
    (whole,) = explain(network.e1, wrt=network.out_d1).factors
    assert whole.formula == "−(target_d1 − out_d1)"
    assert close(whole.value, -inner.data)


def test_equation_4_is_the_sigmoid_inside(network):
    inner = labelled(Value(0.1, "target_{d1}") - network.out_d1, "inner")
    explanation = explain(inner, wrt=network.net_d1)
    assert [factor.formula for factor in explanation.factors] == ["−1", "out_d1·(1 − out_d1)"]
    out = network.out_d1.data
    assert close(explanation.value, -out * (1 - out))


def test_equations_5_to_7_are_one_chain_in_two_spellings(network):
    explanation = explain(network.out_d1, wrt=network.w31)
    assert first_line(explanation) == "∂out_d1/∂w_31 = ∂out_d1/∂net_d1 · ∂net_d1/∂w_31"
    assert explanation.factors[0].definition == "1/(1 + e^(−net_d1))"
    assert derive("sig(net) = 1/(1 + exp(-net))").lines[-1].text == "sig(net)·(1 − sig(net))"


def test_equation_8_the_other_error_does_not_depend_on_the_weight(network):
    explanation = explain(network.total, wrt=network.w31, detail="rules")
    text = " ".join(explanation.text.split())
    assert "E_d2 does not depend on w_31, so its derivative is 0." in text
    assert explanation.factors[0].formula == "1"
    assert close(explanation.value, explain(network.e1, wrt=network.w31).value)


def test_a_weight_of_the_first_layer_has_six_paths(network):
    explanation = explain(network.total, wrt=network.weights[1])
    assert explanation.count == len(explanation.paths) == 3 * 2
    network.total.backward()
    assert close(sum(path.value for path in explanation.paths), network.weights[1].grad)


def test_every_weight(network):
    network.total.backward()
    for weight in network.weights.values():
        assert close(explain(network.total, wrt=weight).value, weight.grad)
