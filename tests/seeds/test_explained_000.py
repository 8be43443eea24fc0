"""Seed 000, explained: why σ′ = a(1 − a), which weights drop out, and where the w went."""

import pytest
from equations import close

from autograd_scalar import Value, derive, exp, explain


def labelled(value, label):
    value.label = label
    return value


@pytest.fixture
def neuron():
    """The output neuron k with two inputs, and its error."""
    w, a = Value(0.4, "w_{jk}"), Value(0.6, "a_j")
    other = Value(-0.3, "w_{ik}") * Value(0.2, "a_i")
    net = labelled(w * a + other, "net_k")
    out = labelled((1 + exp(-net)) ** -1, "a_k")
    error = labelled(0.5 * (Value(1.0, "t_k") - out) ** 2, "E")
    return w, a, net, out, error


def test_the_equation_for_backpropagation(neuron):
    w, a, _, out, error = neuron
    explanation = explain(error, wrt=w)
    assert explanation.text.splitlines()[0].strip() == ("∂E/∂wⱼₖ = ∂E/∂aₖ · ∂aₖ/∂netₖ · ∂netₖ/∂wⱼₖ")
    assert [factor.formula for factor in explanation.factors] == [
        "−(tₖ − aₖ)",
        "aₖ·(1 − aₖ)",
        "aⱼ",
    ]
    t, o = 1.0, out.data
    assert [factor.value for factor in explanation.factors] == pytest.approx(
        [-(t - o), o * (1 - o), a.data], rel=1e-14
    )


def test_2_times_a_half_cancels_by_the_power_rule(neuron):
    _, _, _, out, error = neuron
    (factor,) = explain(error, wrt=out).factors
    assert "power rule" in factor.rules
    assert "0.5·2(tₖ − aₖ)^(2 − 1)·(0 − 1)" in explain(error, wrt=out, detail="rules").text


def test_the_sigmoid_written_as_a_power(neuron):
    derivation = derive("a(net) = (1 + exp(-net))**-1")
    texts = [line.text for line in derivation.lines]
    assert texts[0] == "−1 · (1 + e^(−net))^(−1 − 1) · d/dnet [1 + e^(−net)]"
    assert derivation.lines[0].rules == ("power rule", "chain rule")
    assert "e^(−net)/(1 + e^(−net))²" in texts
    assert texts[-1] == "a(net)·(1 − a(net))"


def test_the_sigmoid_by_the_quotient_rule():
    derivation = derive("sigma(x) = 1/(1 + exp(-x))")
    assert "quotient rule" in derivation.lines[0].rules
    assert "(0·(1 + e^(−x)) − 1·(−e^(−x)))/(1 + e^(−x))²" in [
        line.text for line in derivation.lines
    ]


def test_the_answer_in_functions_f_g_and_h():
    x = Value(0.7, "x")
    h = labelled(-x, "h")
    g = labelled(1 + exp(h), "g")
    f = labelled(1 / g, "f")
    explanation = explain(f, wrt=x)
    assert explanation.text.splitlines()[0].strip() == "∂f/∂x = ∂f/∂g · ∂g/∂h · ∂h/∂x"
    assert [factor.formula for factor in explanation.factors] == ["−1/g²", "e^h", "−1"]


def test_the_1_is_a_constant_and_the_exponent_stays():
    derivation = derive("1 + exp(-x)")
    text = " ".join(derivation.text.split())
    assert "constant rule: 1 is a number and never changes, so its derivative is 0" in text
    assert "exponential rule and chain rule: (e^u)′ = e^u·u′, with u = −x" in text
    assert derivation.lines[-1].text == "−e^(−x)"


def test_only_the_term_with_the_weight_stays_and_its_factor_is_no_lost_constant(neuron):
    w, a, net, _, _ = neuron
    explanation = explain(net, wrt=w, detail="rules", words=True)
    text = " ".join(explanation.text.split())
    assert "wᵢₖ·aᵢ does not contain wⱼₖ, so its derivative is 0." in text
    assert "constant factor rule: (u·c)′ = c·u′, with u = wⱼₖ, so u′ = 1, c = aⱼ" in text
    assert "a constant that multiplies stays as it is; only a constant that is added drops" in text
    assert explanation.value == a.data


def test_then_all_of_them_are_multiplied(neuron):
    w, _, _, _, error = neuron
    explanation = explain(error, wrt=w)
    error.backward()
    product = 1.0
    for factor in explanation.factors:
        product *= factor.value
    assert close(product, w.grad)


def test_the_toy_network_needs_the_total_derivative():
    """Two inputs, two hidden and two output neurons, no bias: eight weights."""
    inputs = [Value(0.05, "i_1"), Value(0.1, "i_2")]
    first = [[Value(0.1 * (2 * j + k + 1), f"w_{j + 1}{k + 1}") for k in (0, 1)] for j in (0, 1)]
    second = [[Value(0.2 * (2 * j + k) - 0.1, f"v_{j + 1}{k + 1}") for k in (0, 1)] for j in (0, 1)]
    layer = inputs
    for weights, letter in ((first, "h"), (second, "o")):
        made = []
        for j, row in enumerate(weights, 1):
            net = labelled(row[0] * layer[0] + row[1] * layer[1], f"net_{letter}{j}")
            made.append(labelled(1 / (1 + exp(-net)), f"{letter}_{j}"))
        layer = made
    error = labelled(sum(0.5 * (t - o) ** 2 for t, o in zip((0.01, 0.99), layer, strict=True)), "E")
    error.backward()
    for weight in [*first[0], *first[1]]:
        explanation = explain(error, wrt=weight)
        assert explanation.count == 2
        assert close(sum(path.value for path in explanation.paths), weight.grad)
    for weight in [*second[0], *second[1]]:
        explanation = explain(error, wrt=weight)
        assert len(explanation.factors) == 3
        assert close(explanation.paths[0].value, weight.grad)
