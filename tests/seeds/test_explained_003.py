"""Seed 003, explained: equations (1) to (15), the examples, and one layer after the other."""

import math

import pytest
from equations import close

from autograd_scalar import Value, derive, exp, explain, log


def labelled(value, label):
    value.label = label
    return value


def sigma(x):
    return 1 / (1 + exp(-x))


def texts(source, *arguments, **options):
    return [line.text for line in derive(source, *arguments, **options).lines]


UNKNOWN = {"functions": ("f", "g")}


def test_equation_1_the_product_rule():
    derivation = derive("f(x) * g(x)", **UNKNOWN)
    assert derivation.lines[0].text == "d/dx f(x) · g(x) + f(x) · d/dx g(x)"
    assert derivation.lines[0].rules == ("product rule",)


def test_equation_2_the_quotient_rule():
    derivation = derive("f(x) / g(x)", **UNKNOWN)
    assert derivation.lines[0].text == "(d/dx f(x) · g(x) − f(x) · d/dx g(x))/g(x)²"
    assert derivation.lines[0].rules == ("quotient rule",)


def test_equations_3_and_4_the_chain_rule():
    derivation = derive("f(g(x))", **UNKNOWN)
    assert derivation.lines[0].rules == ("chain rule",)
    assert derivation.lines[-1].text == "f′(g(x))·g′(x)"


def test_equation_5():
    assert texts("(x**2 + 1)**3")[-2:] == ["3(x² + 1)²·2x", "6x·(x² + 1)²"]
    assert texts("(x**2 + 1)**3")[-3] == "3(x² + 1)^(3 − 1)·(2x^(2 − 1) + 0)"
    assert derive("(x**2 + 1)**3").at(x=0.5) == 6 * 0.5 * (0.5**2 + 1) ** 2


@pytest.mark.parametrize(
    ("source", "last", "slope"),
    [
        ("(5*x - 4)**6", "30(5x − 4)⁵", lambda x: 30 * (5 * x - 4) ** 5),
        ("sqrt(x**2 - 1)", "x/√(x² − 1)", lambda x: x / math.sqrt(x * x - 1)),
        (
            "1/(x**2 - 4*x + 5)",
            "−(2x − 4)/(x² − 4x + 5)²",
            lambda x: -(2 * x - 4) / (x * x - 4 * x + 5) ** 2,
        ),
    ],
)
def test_the_chain_rule_is_often_helpful(source, last, slope):
    derivation = derive(source)
    assert derivation.lines[-1].text == last
    assert derivation.at(x=1.7) == pytest.approx(slope(1.7), rel=1e-14)
    assert {"chain rule", "quotient rule"} & {*derivation.rules}


def test_equations_6_and_7_the_sigmoid():
    lines = texts("sigma(x) = 1/(1 + exp(-x))")
    wanted = [
        "(0·(1 + e^(−x)) − 1·(−e^(−x)))/(1 + e^(−x))²",
        "e^(−x)/(1 + e^(−x))²",
        "1/(1 + e^(−x)) · e^(−x)/(1 + e^(−x))",
        "1/(1 + e^(−x)) · (e^(−x) + (1 − 1))/(1 + e^(−x))",
        "1/(1 + e^(−x)) · (1 + e^(−x) − 1)/(1 + e^(−x))",
        "1/(1 + e^(−x)) · ((1 + e^(−x))/(1 + e^(−x)) − 1/(1 + e^(−x)))",
        "1/(1 + e^(−x)) · (1 − 1/(1 + e^(−x)))",
        "σ(x)·(1 − σ(x))",
    ]
    assert lines[-len(wanted) :] == wanted


def test_equation_8_relu():
    derivation = derive("relu(z)")
    assert derivation.lines[-1].text == "{0 if z < 0; else 1}"
    assert r"0 & \text{for } z \lt 0" in derivation.latex
    assert [derivation.at(z=z) for z in (-1.0, 0.0, 1.0)] == [0.0, 1.0, 1.0]


def test_equation_9_tanh():
    assert texts("tanh(z)")[-1] == "1 − tanh(z)²"
    assert texts("tanh(z) = (exp(z) - exp(-z))/(exp(z) + exp(-z))")[-1] == "1 − tanh(z)²"


def test_equations_10_and_11_logarithms():
    assert texts("log(x, a)", "x")[-1] == "1/(x·ln(a))"
    assert texts("log(x)") == ["1/x"]


@pytest.fixture
def layer():
    """One neuron of the last layer L and its cost."""
    w, a, b = Value(0.9, "w^(L)"), Value(0.48, "a^(L-1)"), Value(0.2, "b^(L)")
    z = labelled(w * a + b, "z^(L)")
    out = labelled(sigma(z), "a^(L)")
    cost = labelled((out - Value(1.0, "y")) ** 2, "C_0")
    return w, a, b, z, out, cost


def test_applying_the_chain_rule(layer):
    w, a, _, _, out, cost = layer
    explanation = explain(cost, wrt=w)
    assert explanation.text.splitlines()[0].strip() == (
        "∂C₀/∂w⁽ᴸ⁾ = ∂C₀/∂a⁽ᴸ⁾ · ∂a⁽ᴸ⁾/∂z⁽ᴸ⁾ · ∂z⁽ᴸ⁾/∂w⁽ᴸ⁾"
    )
    assert [factor.formula for factor in explanation.factors] == [
        "2(a⁽ᴸ⁾ − y)",
        "a⁽ᴸ⁾·(1 − a⁽ᴸ⁾)",
        "a⁽ᴸ⁻¹⁾",
    ]
    slope = out.data * (1 - out.data)
    assert close(explanation.value, a.data * slope * 2 * (out.data - 1.0))


def test_the_derivative_by_the_bias_has_1_for_its_last_factor(layer):
    _, _, b, _, _, cost = layer
    assert explain(cost, wrt=b).factors[-1].formula == "1"


def test_the_average_of_all_training_examples():
    w = Value(0.3, "w")
    costs = [labelled((w * x - y) ** 2, f"C_{k}") for k, (x, y) in enumerate([(1, 2), (3, 1)])]
    cost = labelled(sum(costs) / 2, "C")
    explanation = explain(cost, wrt=w)
    assert explanation.text.splitlines()[0].strip() == ("∂C/∂w = ∂C/∂C₀ · ∂C₀/∂w + ∂C/∂C₁ · ∂C₁/∂w")
    assert [path.factors[0].value for path in explanation.paths] == [0.5, 0.5]


def two_layers(count):
    """`count` inputs a_k, as many neurons a_j on them, and the cost."""
    before = [Value(0.1 * k - 0.2, f"a_{k}^(L-1)") for k in range(count)]
    outputs = []
    for j in range(count):
        terms = [Value(0.3 * j - 0.2 * k, f"w_{{{j}{k}}}^(L)") * a for k, a in enumerate(before)]
        z = labelled(sum(terms), f"z_{j}^(L)")
        outputs.append(labelled(sigma(z), f"a_{j}^(L)"))
    cost = labelled(sum((a - 1) ** 2 for a in outputs), "C_0")
    return before, cost


def test_summing_over_the_nodes_of_a_layer():
    before, cost = two_layers(3)
    explanation = explain(cost, wrt=before[1])
    assert [[factor.names for factor in path.factors] for path in explanation.paths] == [
        [("C_0", f"a_{j}^(L)"), (f"a_{j}^(L)", f"z_{j}^(L)"), (f"z_{j}^(L)", "a_1^(L-1)")]
        for j in range(3)
    ]


def test_the_sum_over_a_wide_layer_is_one_line_of_the_recursion():
    before, cost = two_layers(9)
    explanation = explain(cost, wrt=before[1])
    last = explanation.adjoints[-1]
    assert len(last.terms) == 9
    assert [factor.names[0] for factor in last.terms[0].factors] == ["a_0^(L)", "z_0^(L)"]
    cost.backward()
    assert close(last.value, before[1].grad)


@pytest.fixture
def cross_entropy():
    y, z = Value(1.0, "y"), Value(0.7, "z")
    a = labelled(sigma(z), "a^[2]")
    return y, z, a, labelled(-(y * log(a) + (1 - y) * log(1 - a)), "L")


def test_equation_12(cross_entropy):
    _, _, a, loss = cross_entropy
    (factor,) = explain(loss, wrt=a).factors
    assert factor.definition == "−(y·ln(a^[2]) + (1 − y)·ln(1 − a^[2]))"


def test_equation_13():
    lines = texts("-(y*log(a) + (1 - y)*log(1 - a))", "a", algebra=None)
    assert lines[2:] == [
        "−(y · ∂/∂a ln(a) + (1 − y) · ∂/∂a ln(1 − a))",
        "−(y · 1/a + (1 − y) · ∂/∂a [1 − a]/(1 − a))",
        "−(y · 1/a + (1 − y) · (0 − 1)/(1 − a))",
        "−(y/a − (1 − y)/(1 − a))",
    ]


def test_equation_14(cross_entropy):
    _, z, a, _ = cross_entropy
    (factor,) = explain(a, wrt=z).factors
    assert factor.formula == "a^[2]·(1 − a^[2])"


def test_equation_15(cross_entropy):
    y, z, a, loss = cross_entropy
    explanation = explain(loss, wrt=z, detail="rules")
    lines = [line.strip() for line in explanation.text.splitlines()]
    assert lines[0] == "∂L/∂z = ∂L/∂a^[2] · ∂a^[2]/∂z"
    start = lines.index("= −(y/a^[2] − (1 − y)/(1 − a^[2]))·a^[2]·(1 − a^[2])")
    assert lines[start + 1] == "= a^[2] − y"
    assert close(explanation.value, a.data - y.data)
