"""What notebooks show of each object."""

import math
import re
from xml.etree import ElementTree

import pytest
from IPython.core.formatters import DisplayFormatter

from autograd_scalar import Value, array, check, derive, draw, exp, explain, nn, quiz, steps

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
        "a step": steps(y)[-2],
        "quiz": quiz(y, x),
        "question": quiz(y, x)[1],
        "answer": check(1, derivative_of=y, wrt=x),
        "derivation": derive("1/(1 + exp(-x))"),
        "array": array([[x, y], [1.0, -0.0]]),
        "row": array([x, y, 1.0]),
    }


TEXT_IN_WORDS = ("steps", "a step", "question")


@pytest.mark.parametrize("label", ["x", "w_{31}", HOSTILE])
@pytest.mark.parametrize("name", objects("x"))
def test_a_notebook_gets_the_text_and_a_form_that_is_typeset(name, label):
    shown, _ = DisplayFormatter().format(objects(label)[name])
    plain = shown.pop("text/plain")
    assert name in TEXT_IN_WORDS or plain == repr(objects(label)[name])
    assert shown
    for kind, form in shown.items():
        assert form.strip()
        if kind in ("text/html", "image/svg+xml"):
            assert "script" not in {each.tag for each in ElementTree.fromstring(form).iter()}
            assert "<script" not in form


@pytest.mark.parametrize("name", objects("x"))
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


def test_an_array_shows_its_elements_as_they_are_shown_by_themselves():
    x, y = Value(0.5, "x"), Value(2.0, "y_1")
    shown = array([[x, 1.0], [y, x]])._repr_mimebundle_()
    rows = ElementTree.fromstring(shown["text/html"])
    texts = [["".join(cell.itertext()) for cell in row] for row in rows]
    assert texts == [["x=0.5", "1"], ["y1=2", "x=0.5"]]
    for element in (x, y):
        assert element._repr_mimebundle_()["text/latex"].strip("$") in shown["text/latex"]
    assert shown["text/latex"].count("&") == 2


@pytest.mark.parametrize("shape", [(), (0,), (1, 2, 2), (30, 30)])
def test_of_an_array_that_is_no_table_of_moderate_size_only_the_text_is_shown(shape):
    zeros = array([Value(0.0)] * 900)[: math.prod(shape)].reshape(shape)
    assert zeros._repr_mimebundle_().keys() == {"text/plain"}
