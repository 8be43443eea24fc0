"""Seed 001, explained: how they arrived at ∂J/∂w₁₂⁽²⁾, in the article's own signs."""

import pytest

from autograd_scalar import Value, exp, explain


def labelled(value, label):
    value.label = label
    return value


@pytest.fixture
def article():
    """One output neuron with three inputs; its loss, the weight that is asked about, and all."""
    h = [Value(number, f"h_{i}^(2)") for i, number in enumerate((0.3, 0.7, 0.2), 1)]
    w = [Value(number, f"w_1{i}^(2)") for i, number in enumerate((0.5, -0.4, 0.1), 1)]
    z = labelled(h[0] * w[0] + h[1] * w[1] + h[2] * w[2] + Value(0.1, "b_1^(2)"), "z_1^(2)")
    out = labelled(1 / (1 + exp(-z)), "h_1^(3)")
    return labelled((Value(1.0, "y") - out) ** 2, "J"), w, h, out


def test_the_chain_function(article):
    loss, w, _, _ = article
    assert explain(loss, wrt=w[1]).text.splitlines()[0].strip() == (
        "∂J/∂w₁₂⁽²⁾ = ∂J/∂h₁⁽³⁾ · ∂h₁⁽³⁾/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂w₁₂⁽²⁾"
    )
    assert (
        r"\frac{\partial J}{\partial w_{12}^{(2)}} &= \frac{\partial J}{\partial h_{1}^{(3)}}"
        in explain(loss, wrt=w[1]).latex
    )


def test_why_there_is_a_chain_at_all(article):
    loss, w, _, _ = article
    text = " ".join(explain(loss, wrt=w[1], detail="rules").text.split())
    assert (
        "J does not contain w₁₂⁽²⁾ itself: w₁₂⁽²⁾ is in z₁⁽²⁾, z₁⁽²⁾ is in h₁⁽³⁾ and h₁⁽³⁾ is in J."
    ) in text


def test_each_factor(article):
    loss, w, h, out = article
    first, second, third = explain(loss, wrt=w[1]).factors
    assert first.formula == "−2(y − h₁⁽³⁾)"
    assert second.formula == "h₁⁽³⁾·(1 − h₁⁽³⁾)"
    assert third.formula == "h₂⁽²⁾"
    assert first.value == pytest.approx(-2 * (1 - out.data), rel=1e-14)
    assert second.value == pytest.approx(out.data * (1 - out.data), rel=1e-14)
    assert third.value == h[1].data


def test_the_terms_of_the_other_weights_are_0(article):
    loss, w, _, _ = article
    text = " ".join(explain(loss, wrt=w[1], detail="rules").text.split())
    assert (
        "h₁⁽²⁾·w₁₁⁽²⁾, h₃⁽²⁾·w₁₃⁽²⁾ and b₁⁽²⁾ do not contain w₁₂⁽²⁾, so their derivatives are 0."
    ) in text


def test_a_linear_output_has_the_middle_factor_1(article):
    w, h = Value(0.5, "w"), Value(0.3, "h")
    z = labelled(w * h, "z")
    out = labelled(z + 0, "out")
    loss = labelled(Value(1.0, "y") ** 2 - out**2, "J")
    first, second, _ = explain(loss, wrt=w).factors
    assert (first.formula, second.formula) == ("−2·out", "1")


def test_what_a_letter_means_is_the_formula_of_its_value(article):
    loss, w, _, _ = article
    definitions = [factor.definition for factor in explain(loss, wrt=w[1]).factors]
    assert definitions[0] == "(y − h₁⁽³⁾)²"
    assert definitions[2] == "h₁⁽²⁾·w₁₁⁽²⁾ + h₂⁽²⁾·w₁₂⁽²⁾ + h₃⁽²⁾·w₁₃⁽²⁾ + b₁⁽²⁾"
