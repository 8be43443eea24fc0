"""Words for a page: lines of operations and explanations, with places for numbers."""

import json

import pytest

from autograd_scalar import (
    Value,
    custom,
    exp,
    explain,
    explore,
    nn,
    no_grad,
    primitive,
    relu,
    where,
)
from autograd_scalar.exploring.program import program_of, traced_program
from autograd_scalar.exploring.words import Live, words_of


def sigmoid_loss():
    w, x = Value.parameter(0.5, "w"), Value(2.0, "x")
    a = 1 / (1 + exp(-w * x))
    a.label = "a"
    loss = (a - 1) ** 2
    loss.label = "E"
    return loss


def test_a_live_number_keeps_how_it_came_about():
    a, b = Live(3.0, ["f", 2, 1]), Live(4.0, ["a", 2])
    product = 1.0 * a * b
    assert (product, product.recipe) == (12.0, ["*", ["f", 2, 1], ["a", 2]])
    assert (-product).recipe == ["-", product.recipe]
    minus = -product
    assert (-minus).recipe == product.recipe


def test_inputs_parameters_and_labelled_values_are_explained():
    program = program_of(sigmoid_loss())
    words = words_of(program)
    labels = {program.nodes[i].label for i in words["explained"]}
    assert labels == {"w", "x", "a"}


def test_operations_of_one_kind_share_their_lines():
    values = [Value(1.0 + i, f"x_{i}") for i in range(40)]
    total = values[0]
    for v in values[1:]:
        total = total * v
    words = words_of(program_of(total))
    assert len(words["lines"]) == 39
    assert len(words["kinds"]) <= 4


def test_explanations_take_no_more_room_than_they_may():
    model = nn.MLP(3, [5, 1], rng=0)
    out = model([Value(0.1 * i, f"x_{i}") for i in range(3)])
    program = program_of(out[0] if isinstance(out, list) else out)
    words = words_of(program, room=4000)
    assert 0 < len(json.dumps(words["explained"])) < 4500
    assert len(words["explained"]) < len(words_of(program)["explained"])
    assert "explained" not in words_of(program_of(sum([*[program.root] * 500, Value(1.0)])))


def test_no_label_is_markup():
    x, w = Value(2.0, "<script>"), Value(3.0, "a&b")
    y = relu(x * w) + where(x < w, x, w) / x
    y.label = '"><img src=x onerror=alert(1)>'
    program = program_of(y)
    words = words_of(program)
    kinds = [kind[0][1] for kind in words["kinds"]]
    markup = "".join([*kinds, *(piece[1] for piece in words["static"])])
    names = [name[1] for name in program.data["typeset"].values()]
    assert not any(tag in markup + "".join(names) for tag in ("<script", "<img", "a&b"))


def test_rows_of_the_readers_own_have_words():
    quartic = primitive("quartic", "x ** 4", "4 * x ** 3", samples=[(0.7,)])
    doubled = custom(lambda x: 2 * x, 2.0, name="doubled_outside")
    x = Value(1.5, "x")
    program = program_of(quartic(x) + doubled(x))
    words = words_of(program)
    (line,) = (kind[1] for kind in words["kinds"] if len(kind) == 2)
    assert line[0].startswith("4")
    assert line[2] == "derivative of quartic"
    assert words["explained"]


def test_a_traced_function_has_words():
    program = traced_program(lambda x: x * x if x > 1 else x, 2.0)
    assert words_of(program)["explained"]


@pytest.mark.parametrize("detail", ["rules", "short"])
def test_explaining_for_a_page_changes_nothing(detail):
    loss = sigmoid_loss()
    w = next(v for v in program_of(loss).nodes if v.label == "w")
    before = explain(loss, w, detail=detail).text
    words_of(program_of(loss))
    assert explain(loss, w, detail=detail).text == before
    assert not w.has_grad


def test_a_page_is_the_same_inside_no_grad():
    x = Value(2.0, "x")
    y = exp(x) * x
    y.label = "y"
    expected = explore(y).payload, explore(lambda x: exp(x) * x, 2.0).payload
    with no_grad():
        assert (explore(y).payload, explore(lambda x: exp(x) * x, 2.0).payload) == expected
