"""What notebooks show of each object."""

import re
from xml.etree import ElementTree

import pytest
from IPython.core.formatters import DisplayFormatter

from autograd_scalar import Value, draw, exp, explain, nn, steps

HOSTILE = "</td><script>alert(1)</script>"


def objects(label):
    x = Value(0.25, label)
    y = exp(-2 * x)
    y.label = "y"
    y.backward()
    model = nn.MLP(1, [2, 1], rng=0)
    model.parameters()[0].label = label
    return {
        "Value": x,
        "explanation": explain(y, x),
        "steps": steps(y),
        "drawing": draw(y, renderer="embedded"),
        "model": model,
    }


@pytest.mark.parametrize("label", ["x", "w_{31}", HOSTILE])
@pytest.mark.parametrize("name", objects("x"))
def test_a_notebook_gets_the_text_and_a_form_that_is_typeset(name, label):
    shown, _ = DisplayFormatter().format(objects(label)[name])
    plain = shown.pop("text/plain")
    assert plain == repr(objects(label)[name]) or name == "steps"
    assert shown
    for kind, form in shown.items():
        assert form.strip()
        if kind in ("text/html", "image/svg+xml"):
            assert "script" not in {each.tag for each in ElementTree.fromstring(form).iter()}
            assert "<script" not in form


@pytest.mark.parametrize("name", ["Value", "explanation", "steps", "drawing"])
def test_a_front_end_gets_the_forms_it_asks_for_and_no_others(name):
    shown = objects("x")[name]._repr_mimebundle_
    for kind in shown():
        assert shown(include={kind}).keys() == {kind}
        assert shown(exclude=[kind]).keys() == shown().keys() - {kind}
    assert shown(include=["video/mp4"]) == {}


def test_an_explanation_is_html_only_where_that_is_asked_for():
    """Front ends would take it before the Markdown, also those that drop its MathML."""
    explanation = objects("x")["explanation"]
    assert "text/html" not in explanation._repr_mimebundle_()
    assert explanation._repr_mimebundle_(include=["text/html"]) == {"text/html": explanation.html}


@pytest.mark.parametrize("number", [2.0, -0.1, 1e-20, 5e-324, 1.7976931348623157e308, 0.1 + 0.2])
def test_a_value_shows_every_digit_of_its_number(number):
    shown = Value(number)._repr_mimebundle_()
    in_html = "".join(ElementTree.fromstring(shown["text/html"]).itertext()).replace("−", "-")
    read = re.fullmatch(r"(-?[\d.]+)(?:·10(-?\d+))?", in_html)
    assert float(f"{read[1]}e{read[2] or 0}") == number
    read = re.fullmatch(r"\$(-?[\d.]+)(?: \\cdot 10\^\{(-?\d+)\})?\$", shown["text/latex"])
    assert float(f"{read[1]}e{read[2] or 0}") == number


def test_a_value_shows_its_gradient_once_it_has_one():
    x = Value(3.0, "x")
    y = x * x
    assert all("grad" not in form for form in x._repr_mimebundle_().values())
    y.backward()
    assert all("grad" in form for form in x._repr_mimebundle_().values())


def test_a_large_model_shows_its_first_parameters_and_how_many_more_there_are():
    model = nn.MLP(10, [10, 10, 1])
    rows = ElementTree.fromstring(model._repr_mimebundle_()["text/html"]).findall("tr")
    names = [row[0].text for row in rows[1:]]
    assert names[:-1] == list(model.named_parameters())[: len(names) - 1]
    assert names[-1] == f"… and {len(model.parameters()) - len(names) + 1:,} more"
