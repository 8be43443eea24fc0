"""The short form of explanations: right, short, the same in every notation; and what moves."""

import ast
import math
import random
import struct
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from equations import close, equations, sides, value_of
from hypothesis import given
from hypothesis import strategies as st
from test_explain import HOSTILE, PASSIVE, formulas_in, gradient, graphs, labelled, neurons

from autograd_scalar import (
    Value,
    custom,
    exp,
    explain,
    floor,
    log,
    maximum,
    nn,
    relu,
    sigmoid,
    sin,
    sqrt,
    tanh,
    toposort,
)
from autograd_scalar.algebra.trees import applied as written
from autograd_scalar.cli.command import main
from autograd_scalar.engine.functions import FUNCTIONS
from autograd_scalar.explaining.moved import moved
from autograd_scalar.notation.document import Paragraph
from autograd_scalar.notation.typeset import Latex, MathML
from autograd_scalar.table.language import evaluate
from autograd_scalar.table.registry import TABLE

MOST_LINES = 15
ROWS = [
    pytest.param(row.name, sample, i, id=f"{row.name}-{argument}-{sample}")
    for row in TABLE
    if not row.is_question
    for sample in row.samples
    for i, argument in enumerate(row.arguments)
]


def nonblank(text):
    return sum(bool(line.strip()) for line in text.splitlines())


def computed(name, operands):
    row = next(row for row in TABLE if row.name == name)
    function = FUNCTIONS.get(name)
    if function is not None:
        return function(*operands)
    names = dict(zip(row.arguments, operands, strict=True))
    return evaluate(written(row, [ast.Name(each) for each in names]), names, {})


@pytest.mark.parametrize(("name", "sample", "i"), ROWS)
def test_a_row_of_the_table_in_short(name, sample, i):
    operands = [Value(x, f"x_{j}") for j, x in enumerate(sample)]
    y = labelled(computed(name, operands), "u")
    e = labelled(-3 * y, "E")
    explanation = explain(e, operands[i])
    grad = gradient(e, operands[i])
    assert close(explanation.value, grad)
    (path,) = explanation.paths
    if all(map(math.isfinite, (each.value for each in path.factors))):
        assert close(math.prod(factor.value for factor in path.factors), grad)
    assert nonblank(explanation.text) <= MOST_LINES
    for equation in equations(explanation):
        numbers = [value_of(side, explanation) for side in sides(equation)]
        # The formula of a slope may overflow in between where the slope doesn't.
        for a, b in pairwise([each for each in numbers if not math.isnan(each)]):
            assert close(a, b, 1.0, 1e-9), equation


def seeds():
    """Each network of the documents, and what to differentiate with respect to."""
    for widths in ((2, 2, 2), (2, 4, 3, 2), (1, 1, 1), (2, 8, 8, 1)):
        error, _ = neurons(*widths)
        leaves = [v for v in toposort(error) if v.kind in ("leaf", "parameter")]
        for v in leaves[:: 1 + len(leaves) // 20]:
            if v.label:
                yield pytest.param(error, v, id=f"{'-'.join(map(str, widths))}-{v.label}")


@pytest.mark.parametrize(("error", "wrt"), [*seeds()])
def test_a_weight_of_a_network_in_short(error, wrt):
    explanation = explain(error, wrt)
    assert close(explanation.value, gradient(error, wrt))
    for path in explanation.paths:
        assert close(math.prod(factor.value for factor in path.factors), path.value)
    if explanation.paths:
        assert close(sum(path.value for path in explanation.paths), explanation.value)
    text = explanation.text
    assert nonblank(text) <= MOST_LINES
    assert ("a step of gradient descent is" in text) is (explanation.value != 0)
    assert ("Zero: a small change" in text) is (explanation.value == 0)
    assert "a unit; derivative" in " ".join(text.split())


@given(graphs())
def test_it_is_short_whatever_the_graph(graph):
    y, x = graph
    explanation = explain(y, x)
    # One sentence on a special point may take three lines.
    assert nonblank(explanation.text) <= MOST_LINES


def test_a_chain_of_thousands_is_short():
    x = Value(0.5, "x")
    y = x
    for _ in range(5_000):
        y = labelled(sin(y), "")
    for i, v in enumerate(toposort(y)[1:]):
        v.label = f"h_{i}"
    text = explain(y, x).text
    assert nonblank(text) <= MOST_LINES
    assert "through 5,000 links, whose rates of change multiply" in " ".join(text.split())
    assert "detail=“backward”" in text


def neuron():
    w, a, t = Value(0.4, "w"), Value(0.6, "a_j"), Value(1.0, "t")
    net = labelled(w * a + Value(-0.06, "b"), "net")
    out = labelled(sigmoid(net), "a")
    return labelled(0.5 * (t - out) ** 2, "E"), w, net


def test_a_neuron_in_ten_lines():
    error, w, _ = neuron()
    lines = [line.strip() for line in explain(error, w).text.splitlines() if line.strip()]
    assert lines[0] == "∂E/∂w = ∂E/∂a · ∂a/∂net · ∂net/∂w"
    assert [line.split("   ")[-1].strip() for line in lines[1:4]] == [
        "power rule, chain rule",
        "sigmoid",
        "constant factor rule; other terms: 0",
    ]
    assert lines[2].startswith("∂a/∂net = a·(1 − a) ≈ 0.24798")
    assert "Negative: a larger w makes E smaller; a step of gradient descent is" in lines[7]
    assert len(lines) == 10


def test_an_intermediate_value_is_not_sent_down_a_slope():
    error, _, net = neuron()
    text = explain(error, net).text
    assert "Negative: a larger net makes E smaller." in text
    assert "gradient descent" not in text


def test_what_cancels_is_shown():
    y, z = Value(1.0, "y"), Value(0.7, "z")
    a = labelled(sigmoid(z), "a")
    loss = labelled(-(y * log(a) + (1 - y) * log(1 - a)), "L")
    assert "= a − y" in explain(loss, z).text


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda x: relu(x - 1) * 3, "Zero: a small change of x hardly changes y."),
        (lambda x: labelled(relu(labelled(x - 1, "h")), "r") * 3, "because ∂r/∂h is 0"),
        (lambda x: labelled(2 * x, "u") - labelled(x + x, "v"), "what arrives along the ways"),
    ],
    ids=["one factor", "a factor 0", "ways that cancel"],
)
def test_why_a_derivative_is_0(make, says):
    x = Value(0.5, "x")
    assert says in " ".join(explain(labelled(make(x), "y"), x).text.split())


def test_a_constant_result_is_not_called_by_its_name():
    x = Value(2.0, "x")
    (factor,) = explain(labelled(x * 0, "y"), x).factors
    assert factor.formula == "0"


def test_the_rules_in_words_come_last_and_only_where_asked(capsys):
    error, w, _ = neuron()
    for detail in ("short", "rules", "every step", "backward"):
        assert "in words" not in explain(error, w, detail=detail).text
        text = explain(error, w, detail=detail, words=True).text
        _, _, words = text.partition("The rules in words")
        assert "sum rule: a sum is differentiated term by term." in words or detail != "short"
        assert words
    assert main(["a**2", "a=2", "--explain", "a", "--words"]) == 0
    assert "The rules in words" in capsys.readouterr().out
    assert main(["a**2", "a=2", "--words"]) == 2
    assert main(["a**2", "a=2", "--detail", "rules"]) == 2
    assert main(["a**2", "a=2", "--explain", "a", "--detail", "backward"]) == 0


# In every notation


@pytest.mark.parametrize("widths", [(2, 2, 2), (2, 4, 3, 2), (2, 8, 8, 1)])
def test_every_notation_says_the_same(widths):
    error, w = neurons(*widths)
    explanation = explain(error, w)
    for equation in equations(explanation):
        for side in sides(equation):
            if not getattr(side, "args", None) or side.func.id != "Σ":
                assert MathML()(side) in explanation.html
                assert Latex()(side) in explanation.latex
                assert Latex()(side) in explanation.markdown
    for block in explanation.blocks:
        if isinstance(block, Paragraph):
            for piece in block.sentence:
                if isinstance(piece, ast.expr):
                    assert MathML()(piece) in explanation.html
                    assert Latex()(piece) in explanation.latex


@pytest.mark.parametrize("label", HOSTILE)
def test_no_label_breaks_the_short_form(label):
    x = Value(2.0, label)
    inner = labelled(x * x + sin(x), f"{label}2")
    explanation = explain(labelled(inner / Value(3.0, f"c{label}"), f"{label}3"), x)
    root = ElementTree.fromstring(f"<div>{explanation.html.replace('<br>', '<br/>')}</div>")
    assert not any(element.attrib.keys() - PASSIVE for element in root.iter())
    assert not root.findall(".//script")
    formulas, text = formulas_in(explanation.markdown)
    assert "script" not in text
    assert formulas
    for columns in (80, 40):
        text = explanation.to_text(columns)
        assert all(c == "\n" or c.isprintable() for c in text)


# Moving it


def move(function, at):
    x = Value(at, "x")
    y = labelled(function(x), "y")
    order = toposort(y)
    return moved(order, x, order, gradient(y, x)), explain(y, x)


FUNCTIONS_OF_X = [
    (lambda x: x**2, lambda x: x**2),
    (lambda x: exp(-x), lambda x: math.exp(-x)),
    (lambda x: sin(30 * x), lambda x: math.sin(30 * x)),
    (lambda x: 1 / (1 + exp(-x)), lambda x: 1 / (1 + math.exp(-x))),
    (lambda x: log(1 + x * x), lambda x: math.log(1 + x * x)),
]


@pytest.mark.parametrize("i", range(len(FUNCTIONS_OF_X)))
@pytest.mark.parametrize("at", [0.4, -3.0, 1.0, 0.0, 5.0, 1e-5])
def test_a_move_is_what_the_program_does(i, at):
    recorded, plain = FUNCTIONS_OF_X[i]
    moves, explanation = move(recorded, at)
    assert moves.is_smooth
    for each in (moves.up, moves.down):
        assert close(each.before, plain(at))
        assert close(each.after, plain(each.end))
        assert 0 < abs(each.end - at) <= max(0.05 * abs(at), 0.01)
        if explanation.value:
            assert each.rate == pytest.approx(explanation.value, rel=0.02)
    assert f"Move x {at:.10g}".replace("-", "−").split("e")[0] in explanation.text


@pytest.mark.parametrize(
    ("make", "at", "rates"),
    [
        (relu, 0.0, (1.0, 0.0)),
        (abs, 0.0, (1.0, -1.0)),
        (lambda x: maximum(x, 3 * x), 0.0, (3.0, 1.0)),
        (lambda x: abs(x) ** 1.0 + x, 0.0, (2.0, 0.0)),
    ],
    ids=["relu", "abs", "maximum", "abs and x"],
)
def test_at_a_kink_both_sides_are_told(make, at, rates):
    moves, explanation = move(make, at)
    assert not moves.is_smooth
    assert (moves.up.rate, moves.down.rate) == pytest.approx(rates)
    text = " ".join(explanation.text.split())
    assert text.count(" a unit;") == 2
    assert "makes y" not in text  # it does on one side only


@pytest.mark.parametrize("make", [sqrt, log], ids=["sqrt", "log"])
def test_a_move_out_of_the_domain_is_not_made(make):
    moves, _ = move(make, 5e-324)
    assert moves.down is None
    moves, _ = move(lambda x: sqrt(x - 1), 1.0)
    assert moves.down is None
    assert moves.up.after == math.sqrt(moves.up.end - 1)


def test_a_step_is_told_by_what_it_does():
    moves, _ = move(floor, 2.0)
    assert (moves.up.after, moves.down.after) == (2.0, 1.0)


@pytest.mark.parametrize(
    "make", [lambda x: (x + 1e17) - 1e17, lambda x: 1 / (1 + exp(-x - 40))], ids=["lost", "flat"]
)
def test_a_change_that_rounding_hides_is_not_shown(make):
    moves, explanation = move(make, 0.5)
    assert moves.hidden
    assert "by less than floats can show" in " ".join(explanation.text.split())


def test_a_graph_whose_numbers_were_changed_is_not_moved():
    x = Value(2.0, "x")
    y = labelled(x * x, "y")
    x.data = 3.0
    assert "Move" not in explain(y, x).text


@pytest.mark.parametrize("at", [math.inf, math.nan, -math.inf])
def test_what_is_not_finite_is_not_moved(at):
    x = Value(at, "x")
    assert "Move" not in explain(labelled(x * 2, "y"), x).text


def test_a_function_of_your_own_may_fail_where_it_is_moved(scratch_table):
    def picky(x):
        if x != 1.0:
            raise ValueError("only 1")
        return x

    only = custom(picky, lambda x: 1.0, name="picky")
    x = Value(1.0, "x")
    assert "Move" not in explain(labelled(only(x) * 2, "y"), x).text


@given(st.floats(-1e3, 1e3), st.integers(0, 10))
def test_the_digits_show_the_change(at, seed):
    rng = random.Random(seed)
    a, b = rng.uniform(-2, 2), rng.uniform(-1e4, 1e4)
    x = Value(at, "x")
    y = labelled(tanh(a * x) + b, "y")
    for block in explain(y, x).blocks:
        if not isinstance(block, Paragraph) or block.sentence[0] != "Move ":
            continue
        shown = [
            float(digits_of(each))
            for each in block.sentence
            if isinstance(each, ast.Call) and each.func.id == "to"
        ]
        start, end, before, after, rate = shown[:5]
        assert (after - before) / (end - start) == pytest.approx(rate, rel=0.02, abs=1e-9)


def digits_of(tree):
    value, digits = (ast.literal_eval(ast.unparse(each)) for each in tree.args)
    return f"{value:.{digits}g}"


def test_moving_changes_nothing():
    error, w, _ = neuron()
    before = [struct.pack("<d", v.data) for v in toposort(error)]
    explain(error, w)
    assert [struct.pack("<d", v.data) for v in toposort(error)] == before
    assert not any(v.has_grad for v in toposort(error))


def test_every_form_moves_it():
    error, w, _ = neuron()
    for detail in ("short", "rules", "every step", "backward"):
        for text in (explain(error, w, detail=detail).text, explain(error, w).latex):
            assert "a unit; derivative" in " ".join(text.split())


@pytest.mark.parametrize(("count", "is_moved"), [(1_000, True), (150_000, False)])
def test_what_takes_too_long_to_compute_again_is_not_moved(count, is_moved):
    x = y = Value(0.5, "x")
    for _ in range(count):
        y = y * 0.9999
    order = toposort(y)
    assert bool(moved(order, x, {*order}, 0.9999**count).up) is is_moved


def test_a_network_by_nn_is_moved():
    model = nn.MLP(2, [8, 8, 1], activation="tanh", rng=0)
    y = labelled(model([0.3, 0.4]), "y")
    weight = model.parameters()[0]
    moves = moved(toposort(y), weight, set(toposort(y)), gradient(y, weight))
    data = weight.data
    weight.data = moves.up.end
    assert close(moves.up.after, model([0.3, 0.4]).data)
    weight.data = data
