"""Networks are found in any graph that has them, and drawn in columns that tell the truth."""

import itertools
import math
import random
import re
from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from test_draw import LABELS, SVG, Picture, Tags, no_dot_program, seen, typeset

from autograd_scalar import Value, draw, explain, maximum, nn, relu, sigmoid, tanh, toposort
from autograd_scalar.notation.labels import unicode_label
from autograd_scalar.picture import graphviz
from autograd_scalar.picture.network import network

__all__ = ["no_dot_program"]  # in force here too

BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"


class Columns(Picture):
    """What a picture of a network says, by the labels of its circles."""

    def __init__(self, drawing):
        super().__init__(drawing)
        self.source = drawing.source
        self.circles = [name for name in self.groups if re.fullmatch(r"n\d+", name)]
        self.label = {name: self.texts(name)[0] for name in self.circles}

    def columns(self):
        """The labels by the place across, from left to right, each column from top to bottom."""
        places = {}
        for name in self.circles:
            text = self.groups[name].find(f"{SVG}text").attrib
            places.setdefault(float(text["x"]), []).append((float(text["y"]), self.label[name]))
        return [[label for _, label in sorted(places[x])] for x in sorted(places)]

    def edges(self):
        """Each line as (from, to) with its attributes in the DOT source."""
        found = []
        for start, end, rest in re.findall(r"(n\d+) -> (n\d+) \[(.*)\]", self.source):
            look = {"color": "", "penwidth": ""} | dict(re.findall(r'(\w+)="?([^\s"]+)', rest))
            found.append((self.label[start], self.label[end], look))
        return found

    def lit(self):
        return {(a, b) for a, b, look in self.edges() if look["color"] == GREEN}

    def words(self):
        """The texts beside the circles."""
        found = []
        for name in self.groups:
            if re.fullmatch(r"(w|k|more)\d+|n\d+b", name):
                found += self.texts(name)
        return found


def columns_of(root, **options):
    return Columns(draw(root, view="network", **options))


def mlp(sizes, activation="tanh", **options):
    """A network with weights and biases that all differ, and its squared error."""
    model = nn.MLP(sizes[0], sizes[1:], activation, rng=7, **options)
    for i, p in enumerate(model.parameters()):
        p.data += 0.01 * i
    x = [Value(0.3 + 0.1 * i, f"x_{i + 1}") for i in range(sizes[0])]
    out = model(x)
    out = out if isinstance(out, list) else [out]
    loss = nn.squared_error(out, [0.5] * len(out))
    loss.label = "L"
    loss.backward()
    return model, loss


def in_columns(sizes):
    layers = [[f"x_{i}" for i in range(1, sizes[0] + 1)]]
    for layer, size in enumerate(sizes[1:], start=1):
        layers.append([f"a_{j}^({layer})" for j in range(1, size + 1)])
    return [[unicode_label(each) for each in layer] for layer in [*layers, ["L"]]]


SIZES = [(1, 1), (2, 2, 2), (2, 4, 3, 2), (3, 12, 1), (2, 8, 8, 1), (1, 2, 1, 2)]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["biases", "no biases"])
def test_columns_are_the_layers_from_inputs_to_the_loss(sizes, bias):
    _, loss = mlp(sizes, bias=bias)
    assert columns_of(loss).columns() == in_columns(sizes)


@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("output", ["linear", "sigmoid"])
@pytest.mark.parametrize(
    "loss",
    [
        lambda a: nn.squared_error(a, [0.25, 1.0]),
        lambda a: nn.half_squared_error(a, [Value(0.25), Value(1.0)]),
        lambda a: nn.mean_squared_error(a, [0.25, 1.0]),
        lambda a: nn.hinge(a, [1.0, -1.0]),
        lambda a: nn.binary_cross_entropy([sigmoid(each) for each in a], [0.25, 1.0]),
        lambda a: nn.binary_cross_entropy_with_logits(a, [0.25, 1.0]),
        lambda a: nn.cross_entropy(a, 1),
        lambda a: a[0] + a[1],
    ],
    ids=["squared", "half", "mean", "hinge", "bernoulli", "logits", "classes", "sum"],
)
def test_neurons_are_told_from_any_loss_after_them(activation, output, loss):
    out = nn.MLP(2, [3, 2], activation, output=output, rng=3)([0.5, -1.0])
    found = network(toposort(loss(out)))
    assert [[v.label for v in column] for column in found.columns[:-1]] == [
        ["x_1", "x_2"],
        ["a_1^(1)", "a_2^(1)", "a_3^(1)"],
        ["a_1^(2)", "a_2^(2)"],
    ]
    assert len(found.columns) == 4
    assert {*found.neurons} == {v for column in found.columns[1:3] for v in column}


def test_nets_and_outputs_are_those_that_were_labelled():
    _, loss = mlp((2, 3, 1), "sigmoid")
    for neuron in network(toposort(loss)).neurons.values():
        labels = neuron.net.label, neuron.out.label
        linear = neuron.net is neuron.out
        assert linear == labels[0].endswith("(2)")
        assert labels[0].replace("z", "a") == labels[1]


def by_hand(activation, labelled):
    """A 2-3-1 network written out, weights as plain leaves; its output values by layer."""
    rng = random.Random(5)
    layers = [[Value(rng.uniform(-1, 1), f"x_{i}") for i in (1, 2)]]
    for layer, size in ((1, 3), (2, 1)):
        outs = []
        for j in range(1, size + 1):
            weights = [Value(rng.uniform(-1, 1), f"w_{j}{k}") for k in range(len(layers[-1]))]
            net = sum(w * a for w, a in zip(weights, layers[-1], strict=True)) + Value(0.1, "b")
            out = activation(net)
            if labelled:
                out.label = f"out_{{h_{j}}}^{{({layer})}}"
                net.label = f"net_{{h_{j}}}^{{({layer})}}"
            outs.append(out)
        layers.append(outs)
    return layers


@pytest.mark.parametrize("labelled", [True, False], ids=["labels", "no labels"])
@pytest.mark.parametrize(
    "activation",
    [
        tanh,
        relu,
        sigmoid,
        lambda z: 1 / (1 + (-z).exp()),
        lambda z: (z.exp() - (-z).exp()) / (z.exp() + (-z).exp()),
        lambda z: maximum(z, 0.1 * z),
        lambda z: z * sigmoid(z),
    ],
    ids=["tanh", "relu", "sigmoid", "written out", "tanh written out", "leaky relu", "swish"],
)
def test_networks_written_by_hand_are_found(activation, labelled):
    layers = by_hand(activation, labelled)
    (out,) = layers[-1]
    for root in (out, (out - 1.0) ** 2, 0.5 * (Value(1.0, "t") - out) ** 2):
        columns = network(toposort(root)).columns
        assert [{*column} for column in columns[:3]] == [{*layer} for layer in layers]
        assert columns[3:] == ([] if root is out else [[root]])


def test_numbers_given_as_inputs_are_one_circle_at_each_place():
    w = [Value.parameter(0.1 * i, f"w_{i}") for i in range(4)]
    hidden = [tanh(w[0] * 0.5 + w[1] * -2.0), tanh(w[2] * 0.5 + w[3] * -2.0)]
    picture = columns_of(hidden[0] * Value.parameter(1.0) + hidden[1] * Value.parameter(2.0))
    assert picture.columns()[0] == ["0.5", "-2"]
    assert len(picture.edges()) == 6


def test_a_circle_shows_label_value_and_gradient_and_its_tooltip_the_sum_before():
    model, loss = mlp((2, 3, 1), "sigmoid")
    picture = columns_of(loss)
    for v in network(toposort(loss)).neurons:
        (name,) = (n for n in picture.circles if picture.label[n] == unicode_label(v.label))
        assert picture.texts(name)[1:] == [f"{v.data:.3g}", f"grad {v.grad:.3g}"]
        assert f"data = {v.data!r}" in picture.tooltip(name)
    net = network(toposort(loss)).neurons[v].net
    assert f"{net.label} = {net.data!r}" in picture.tooltip(name) or net is v
    assert f"bias {model.layers[-1].neurons[0].b.label}" in picture.tooltip(name)


def test_before_backward_no_gradient_is_claimed():
    loss = nn.squared_error(nn.MLP(2, [2, 1], rng=0)([1.0, 2.0]), 0.5)
    picture = columns_of(loss)
    assert not any("grad" in text for name in picture.circles for text in picture.texts(name))
    assert "grad not computed: call backward()" in picture.tooltip("n2")
    next(iter(network(toposort(loss)).neurons)).backward()
    later = columns_of(loss)
    assert any("grad –" in later.texts(name) for name in later.circles)


def test_targets_stand_in_the_result():
    t = Value(1.0, "t_1")
    loss = 0.5 * (t - tanh(Value.parameter(0.5, "w") * Value(2.0, "x"))) ** 2
    loss.label = "E"
    picture = columns_of(loss)
    assert picture.texts("n2") == ["E", f"{loss.data:.3g}", "t₁ = 1"]


def test_few_weights_are_numbers_at_their_lines():
    model, loss = mlp((2, 2, 1))
    shown = columns_of(loss).words()
    weights = [p for p in model.parameters() if p.label.startswith("w")]
    biases = [p for p in model.parameters() if p.label.startswith("b")]
    expected = [f"{unicode_label(w.label)} {w.data:.3g}" for w in weights]
    expected += [f"+ {unicode_label(b.label)} {b.data:.3g}" for b in biases]
    assert Counter(shown) == Counter(expected)


def test_numbers_of_crossing_lines_stand_apart():
    _, loss = mlp((2, 4, 3, 2))
    picture = columns_of(loss)
    places = [
        (float(text["x"]), float(text["y"]))
        for name in picture.groups
        if re.fullmatch(r"w\d+", name)
        for text in [picture.groups[name].find(f"{SVG}text").attrib]
    ]
    assert len(places) == 26
    for (x0, y0), (x1, y1) in itertools.combinations(places, 2):
        assert abs(x0 - x1) > 40 or abs(y0 - y1) > 11


def test_many_weights_are_colours_and_widths():
    model, loss = mlp((2, 8, 8, 1))
    picture = columns_of(loss)
    weights = [p.data for p in model.parameters() if p.label.startswith("w")]
    lines = [look for _, end, look in picture.edges() if end != "L"]
    assert Counter(look["color"] for look in lines) == {
        BLUE: sum(w > 0 for w in weights),
        RED: sum(w < 0 for w in weights),
    }
    widths = sorted(float(look["penwidth"]) for look in lines)
    largest = max(map(abs, weights))
    slope = (widths[-1] - 0.5) / largest
    assert widths == pytest.approx(sorted(0.5 + slope * abs(w) for w in weights), abs=0.01)
    words = picture.words()
    assert "positive weights" in words
    assert any(text.endswith(f"up to {largest:.3g}") for text in words)
    assert len(words) == 2


@pytest.mark.parametrize("weight", [0.0, math.inf, -math.inf, math.nan])
def test_weights_that_have_no_size_are_drawn_all_the_same(weight):
    model = nn.MLP(3, [10, 1], rng=0)
    out = model([1.0, 2.0, 3.0])
    model.layers[0].neurons[0].w[0].data = weight
    widths = [float(look["penwidth"]) for _, _, look in columns_of(out).edges()]
    assert all(0.5 <= width <= 4.0 for width in widths)


def reachable(sizes, layer, j):
    """The lines of a fully connected network on ways from a neuron's output, by their ends."""
    names = in_columns(sizes)
    lines = set()
    at = [names[layer][j]]
    for column in names[layer + 1 :]:
        lines |= {(a, b) for a in at for b in column}
        at = column
    return lines


@pytest.mark.parametrize("sizes", [(2, 2, 2), (2, 4, 3, 2)], ids=str)
def test_the_ways_that_stand_out_are_all_from_wrt_to_the_result_and_no_others(sizes):
    model, loss = mlp(sizes)
    names = in_columns(sizes)
    for i, layer in enumerate(model.layers, start=1):
        for j, neuron in enumerate(layer.neurons):
            after = reachable(sizes, i, j)
            for k, w in enumerate(neuron.w):
                assert columns_of(loss, wrt=w).lit() == {(names[i - 1][k], names[i][j])} | after
            assert columns_of(loss, wrt=neuron.b.label).lit() == after
            net = neuron.net_label if i < len(sizes) - 1 else neuron.label
            assert columns_of(loss, wrt=net).lit() == after
            assert columns_of(loss, wrt=neuron.label).lit() == after
    assert columns_of(loss, wrt="x_2").lit() == reachable(sizes, 0, 1)
    assert columns_of(loss).lit() == set()


def test_with_colours_for_weights_those_off_the_ways_are_pale():
    model, loss = mlp((2, 8, 8, 1))
    w = model.layers[1].neurons[4].w[2]
    strong = {(a, b) for a, b, look in columns_of(loss, wrt=w).edges() if look["color"] in
              (BLUE, RED, GREEN)}  # fmt: skip
    assert strong == {("a₃⁽¹⁾", "a₅⁽²⁾"), ("a₅⁽²⁾", "a₁⁽³⁾"), ("a₁⁽³⁾", "L")}


@pytest.mark.parametrize("sizes", [(2, 2, 2), (2, 4, 3, 2), (1, 1, 1)], ids=str)
def test_the_ways_are_counted_as_explanations_count_them(sizes):
    model, loss = mlp(sizes)
    for w in model.parameters():
        found = network(toposort(loss))
        assert found.ways_from(w) == explain(loss, wrt=w).count


def test_the_ways_of_one_neuron_stand_out_in_the_view_of_operations_too():
    x, w = Value(2.0, "x"), Value.parameter(3.0, "w")
    side = x * 5.0
    y = tanh(w * x) + side
    source = draw(y, wrt=w).source
    names = {v: f"v{i}" for i, v in enumerate(toposort(y))}
    lit = {tuple(line) for line in re.findall(rf'(\w+) -> (\w+) \[.*color="{GREEN}"', source)}
    product, out = y.parents[0].parents[0], y.parents[0]
    expected = set()
    for start, end in ((w, product), (product, out), (out, y)):
        expected |= {(names[start], f"{names[end]}_op"), (f"{names[end]}_op", names[end])}
    assert lit == expected


def test_a_layer_above_the_size_shows_its_strongest_and_says_how_many_more():
    model = nn.MLP(3, [40, 20, 2], "tanh", rng=1)
    loss = nn.squared_error(model([0.5, -1.0, 2.0]), [1.0, 0.0])
    loss.backward()
    found = network(toposort(loss))
    picture = columns_of(loss)
    columns = picture.columns()
    assert [len(column) for column in columns] == [3, 8, 8, 2, 1]
    more = [text for text in picture.words() if "more" in text]
    assert more == ["… 32 more", "… 12 more"]
    shown, all_of_them = 3 * 8 + 8 * 8 + 8 * 2, 3 * 40 + 40 * 20 + 20 * 2
    assert f"{shown} of {all_of_them} weights are shown" in picture.words()
    for shown, column in zip(columns[1:3], found.columns[1:3], strict=True):
        by_share = sorted(column, key=lambda v: abs(v.data * v.grad))[-8:]
        assert {*shown} == {unicode_label(v.label) for v in by_share}


def test_what_was_asked_for_stays_in_a_folded_layer():
    model = nn.MLP(30, [30, 1], "tanh", rng=1)
    loss = nn.squared_error(model([0.001 * i for i in range(30)]), 1.0)
    w = model.layers[0].neurons[17].w[0]
    picture = columns_of(loss, wrt=w)
    assert ("x₁", "a₁₈⁽¹⁾") in {
        (a, b) for a, b, look in picture.edges() if look["color"] in (BLUE, RED)
    }
    bias = model.layers[0].neurons[3].b
    assert "a₄⁽¹⁾" in columns_of(loss, wrt=bias).columns()[1]


def test_a_network_for_images_is_folded_and_counted():
    model = nn.MLP(784, [100, 10], "sigmoid", rng=0)
    loss = nn.cross_entropy(model([random.Random(i).random() for i in range(784)]), 3)
    picture = columns_of(loss)
    assert [len(column) for column in picture.columns()] == [8, 8, 10, 1]
    assert {"… 776 more", "… 92 more", "144 of 79,400 weights are shown"} <= {*picture.words()}


def test_a_shared_weight_is_at_all_its_lines():
    x = [Value(float(i), f"x_{i}") for i in range(1, 5)]
    k = [Value.parameter(0.5, "k_1"), Value.parameter(-1.0, "k_2")]
    c = [relu(k[0] * x[i] + k[1] * x[i + 1]) for i in range(3)]
    for i, v in enumerate(c, start=1):
        v.label = f"c_{i}"
    pooled = maximum(*c)
    pooled.label = "p"
    y = sigmoid(Value.parameter(2.0, "w") * pooled)
    y.label = "y"
    picture = columns_of(y, wrt="k_2")
    assert picture.columns() == [["x₁", "x₂", "x₃", "x₄"], ["c₁", "c₂", "c₃"], ["p"], ["y"]]
    assert Counter(picture.words())["k₂ -1"] == 3
    after = {(f"c{each}", "p") for each in "₁₂₃"} | {("p", "y")}
    assert picture.lit() == {("x₂", "c₁"), ("x₃", "c₂"), ("x₄", "c₃")} | after


def test_a_neuron_used_again_and_again_is_drawn_once_for_each_use():
    u, w = Value.parameter(0.9, "u"), Value.parameter(0.3, "w")
    h = Value(0.0, "h_0")
    for i in (1, 2, 3):
        h = tanh(u * h + w * Value(float(i), f"x_{i}"))
        h.label = f"h_{i}"
    picture = columns_of(h, wrt=u)
    assert picture.columns() == [["h₀", "x₁"], ["h₁", "x₂"], ["h₂", "x₃"], ["h₃"]]
    assert picture.lit() == {("h₀", "h₁"), ("h₁", "h₂"), ("h₂", "h₃")}
    assert network(toposort(h)).ways_from(u) == 3


def test_two_weights_of_one_source_have_a_line_and_a_number_each():
    x = Value(2.0, "x")
    picture = columns_of(tanh(Value(0.5, "w_1") * x + Value(0.25, "w_2") * x))
    assert len(picture.edges()) == 2
    places = [picture.groups[name].find(f"{SVG}text").attrib["y"] for name in ("w0", "w1")]
    assert abs(float(places[0]) - float(places[1])) > 10


def test_inputs_stand_just_before_the_first_neuron_that_takes_them():
    a, b, w = Value(1.0, "a"), Value(2.0, "b"), [Value.parameter(0.1, f"w_{i}") for i in range(4)]
    h = tanh(w[0] * a)
    g = tanh(w[1] * h)
    h.label, g.label = "h", "g"
    y = tanh(w[2] * g + w[3] * b)
    y.label = "y"
    assert columns_of(y).columns() == [["a"], ["h"], ["g", "b"], ["y"]]


@pytest.mark.parametrize("first", [True, False])
def test_what_is_made_of_a_neurons_sum_stands_after_the_neuron(first):
    z = Value.parameter(0.5, "w") * Value(2.0, "x") + Value.parameter(0.1, "b")
    penalty = abs(z)
    penalty.label = "p"
    a = tanh(z)
    a.label = "a"
    loss = penalty + (a - 1.0) ** 2 if first else (a - 1.0) ** 2 + penalty
    loss.label = "L"
    assert columns_of(loss).columns() == [["x"], ["a"], ["p"], ["L"]]


@pytest.mark.parametrize(
    "root",
    [
        Value(1.0, "x"),
        Value(2.0, "x") ** 2 + 1,
        sigmoid(Value(0.5, "x")),
        Value(2.0, "x") * Value(1.0) + Value(1.0) ** 2,
    ],
    ids=["leaf", "parabola", "sigmoid", "half"],
)
def test_a_graph_without_neurons_is_refused_and_told_what_a_neuron_is(root):
    with pytest.raises(ValueError, match=r"no neuron.*sum of products.*weight.*operations"):
        draw(root, view="network")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"view": "neurons"}, ValueError, "unknown view 'neurons'.*operations, network"),
        ({"rankdir": "TB"}, ValueError, "no rankdir, partials, sums or clusters"),
        ({"partials": True}, ValueError, "no rankdir, partials, sums or clusters"),
        ({"sums": True}, ValueError, "no rankdir, partials, sums or clusters"),
        ({"clusters": False}, ValueError, "no rankdir, partials, sums or clusters"),
        ({"wrt": "q"}, ValueError, "no value of this graph fit wrt='q'"),
        ({"wrt": Value(1.0)}, ValueError, "no value of this graph fit wrt=Value"),
        ({"wrt": "w_11"}, ValueError, "2 values of this graph fit wrt='w_11'"),
        ({"wrt": 1}, TypeError, "wrt is a Value or its label, got int 1"),
        ({"limit": 3}, ValueError, r"4 columns, 8 circles.*limit of 3.*limit=8"),
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_refused_with_a_way_on(options, error, message):
    _, loss = mlp((2, 3, 2))
    for v in toposort(loss):
        if v.label in ("w_11^(1)", "w_11^(2)"):
            v.label = "w_11"
    with pytest.raises(error, match=message):
        draw(loss, **({"view": "network"} | options))


@given(label=LABELS)
@example("<lambda>")
@example("</svg><script>alert(1)</script>")
@example('say "x" \\N \\n &amp; {a|b}')
@example("two\nlines")
@example("\x00\x1b[31m\x7f\x85\u2028")
def test_labels_are_shown_as_typed_and_do_nothing(label):
    """Circles show the beginning of a long one; the tooltip has all of it."""
    w, x, b = Value.parameter(1.0, label), Value(2.0, label), Value.parameter(0.5, label)
    y = tanh(w * x + b)
    y.label = label
    drawing = draw(y, view="network", wrt=w, title=label)
    picture = Columns(drawing)
    whole = " ".join(typeset(label))
    shown = whole if len(whole) <= 10 else whole[:9] + "…"
    for name in ("n0", "n1"):
        assert picture.texts(name)[0] == shown
        assert picture.tooltip(name).startswith("\n".join(map(seen, label.split("\n"))))
    assert f"{shown} 1".strip() in picture.words()
    tags = Tags(f"<p>{drawing.svg}</p>")
    assert {*tags.seen} <= {"p", "svg", "g", "title", "text", "polygon", "path", "ellipse"}
    assert not any(name.startswith("on") or "href" in name for name in tags.attributes)


def test_pictures_of_networks_share_no_ids_and_have_a_title():
    _, loss = mlp((2, 3, 1))
    pictures = [draw(loss, view="network").svg for _ in range(2)]
    ids = [re.findall(r'\bid="([^"]*)"', svg) for svg in pictures]
    assert len({*ids[0], *ids[1]}) == len(ids[0]) + len(ids[1]) > 0
    root = ElementTree.fromstring(pictures[0])
    assert root.attrib["role"] == "img"
    assert root[0].text == f"Network of L = {loss.data:.4g}: 4 neurons"


def test_the_dot_source_alone_makes_the_same_picture():
    _, loss = mlp((2, 3, 1))
    drawing = draw(loss, view="network")
    alone = ElementTree.fromstring(graphviz.render(drawing.source, "svg"))
    texts = Counter(text.text.replace("\xa0", " ") for text in alone.iter(f"{SVG}text"))
    ours = Counter(t.text for t in ElementTree.fromstring(drawing.svg).iter(f"{SVG}text"))
    assert texts == ours


def test_sums_of_products_are_one_operation_on_request():
    model, loss = mlp((2, 3, 1))
    whole, short = Picture(draw(loss)), Picture(draw(loss, sums=True, partials=True))
    assert sum("Σ" in operation for operation in short.operations()) == 4
    assert ["+", "×", "×", "Σ"] in short.operations()
    kept = {tuple(lines) for lines in short.values().values()}
    assert kept < {tuple(lines) for lines in whole.values().values()}
    for p in model.parameters():
        assert unicode_label(p.label) in {lines[0] for lines in kept}
    order = toposort(loss)
    (net,) = (i for i, v in enumerate(order) if v.label == "z_2^(1)")
    w, x = model.layers[0].neurons[1].w, [0.3, 0.4]
    expected = [f"∂ {slope:.4g}" for slope in (1.0, *x, *(v.data for v in w))]
    edges = [edge for edge in short.edges() if edge.startswith(f"v{net}_in")]
    assert sorted(text for edge in edges for text in short.texts(edge)) == sorted(expected)


def test_without_products_a_sum_stays_as_it_was_written():
    y = Value(1.0, "a") + Value(2.0, "b") + Value(3.0, "c")
    assert draw(y, sums=True).source == draw(y).source


def test_neurons_of_a_layer_stand_in_one_column_among_operations():
    _, loss = mlp((3, 4, 3, 1))
    picture = Picture(draw(loss))
    order = toposort(loss)
    for layer in network(order).columns[1:3]:
        boxes = [picture.groups[f"v{order.index(v)}"].find(f"{SVG}text").attrib["x"] for v in layer]
        assert max(map(float, boxes)) - min(map(float, boxes)) < 1.0
