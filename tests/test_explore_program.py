"""Graphs and functions as data for a page, and the page's own arithmetic, run by Node."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd_scalar import Value, custom, primitive, stop_gradient, toposort, where
from autograd_scalar.explaining.formulas import unique_names
from autograd_scalar.exploring.javascript import MODULES, module, source
from autograd_scalar.exploring.program import program_of, traced_program
from autograd_scalar.notation.labels import mathml_label, unicode_label
from autograd_scalar.table.primitives import ROWS

SCRIPTS = Path(__file__).parent / "js"
NODE = shutil.which("node")
# Where all checks are run, none may be skipped.
needs_node = pytest.mark.skipif(
    NODE is None and "AUTOGRAD_SCALAR_EXPECT_NODE" not in os.environ, reason="Node is not installed"
)


def run_node(*arguments, **environment):
    """What Node prints."""
    found = subprocess.run(
        [NODE or "node", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-6000:]
    return found.stdout


def in_javascript(tmp_path, program, body):
    """What `body` makes of `graph`, the program in JavaScript, through JSON."""
    for name in MODULES:
        (tmp_path / f"{name}.js").write_text(module(name), encoding="utf-8")
    (tmp_path / "rows.js").write_text(program.rows_source(), encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    script = f"""
        import {{ Graph }} from "./graph.js";
        import {{ ROWS }} from "./rows.js";
        const graph = new Graph({program.json()}, ROWS);
        console.log(JSON.stringify((() => {{ {body} }})()));
    """
    path = tmp_path / "script.js"
    path.write_text(script, encoding="utf-8")
    return json.loads(run_node(str(path)))


@needs_node
def test_the_javascript_computes_what_python_computes(tmp_path):
    subprocess.run([sys.executable, SCRIPTS / "fixtures.py", tmp_path], check=True)
    tests = sorted(map(str, SCRIPTS.glob("*.test.js")))
    run_node("--test", "--test-reporter=spec", *tests, FIXTURES=str(tmp_path))


def test_a_program_lists_values_as_toposort_does():
    x = Value(2.0, "x")
    y = x * x + 3
    program = program_of(y)
    assert program.nodes == toposort(y)
    assert program.data["ops"] == [-1, 0, -3, 1]
    assert program.data["operands"] == [0, 0, 1, 2]
    assert program.data["data"] == [2, 3]


def test_only_a_value_is_a_program():
    with pytest.raises(TypeError, match="a Value is needed, got int 3"):
        program_of(3)


def test_labels_can_not_end_the_script_that_holds_them():
    x = Value(2.0, "</script><script>alert(1)</script><!--")
    text = program_of(x * x).json()
    assert "</" not in text
    assert "<!" not in text
    assert json.loads(text)["labels"] == {"0": x.label}


def test_two_thousand_values_take_little_room():
    values = [Value.parameter(0.1 * i + 1 / 3, f"w_{{{i}}}") for i in range(600)]
    for i in range(1400):
        values.append((values[i] * values[i + 1]).tanh() if i % 2 else values[i] + values[i + 2])
    total = sum(values)
    program = program_of(total)
    assert len(program.nodes) > 2000
    assert len(program.json()) < 40 * len(program.nodes)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_is_written_in_javascript(row):
    text = source([row])
    assert f"\n  {row.name}: {{\n" in text
    assert "undefined" not in text


def test_modules_import_by_name_what_earlier_ones_export():
    exported = {}
    for name in MODULES:
        text = module(name)
        for line in text.splitlines():
            if line.startswith("import "):
                names, _, file = line.removeprefix("import { ").partition(" } from ")
                wanted = {each.strip() for each in names.split(",")}
                assert wanted <= exported[file.strip('";./').removesuffix(".js")]
        found = re.findall(r"^export (?:function|class|const) (\w+)", text, re.MULTILINE)
        for names in re.findall(r"^export const \{ (.*) \} = Math;$", text, re.MULTILINE):
            found += names.split(", ")
        exported[name] = {*found}


def asks(x, w):
    inside = x * w[0]
    inside.label = "z"
    if inside > 0:
        return where(inside < 5, inside.tanh(), inside) * stop_gradient(x + w[1])
    return inside


def test_a_traced_function_tells_its_questions_with_their_lines():
    program = traced_program(asks, 2.0, [1.5, 0.5])
    (guard,) = program.data["guards"]
    assert guard["answer"] is True
    assert guard["source"] == "if inside > 0:"
    assert guard["file"] == Path(__file__).name
    assert [v.label for v in program.nodes if v.kind == "leaf"] == ["x", "w_{1}"]


def test_numbers_that_a_function_takes_out_are_noted_with_their_lines():
    def f(x):
        return x * x.data

    program = traced_program(f, 3.0)
    (read,) = program.data["reads"]
    assert read["source"] == "return x * x.data"
    assert read["how"] == ".data"


@needs_node
def test_a_number_that_was_taken_out_is_told_once_an_input_moves(tmp_path):
    program = traced_program(lambda x: x * float(x.data), 3.0)
    body = "const told = () => graph.changed().map((each) => each.kind);"
    body += "const before = told(); graph.set(0, 2); graph.update(); return [before, told()]"
    assert in_javascript(tmp_path, program, body) == [[], ["read"]]


def test_values_among_the_arguments_are_left_as_they_are():
    w, x = Value.parameter(0.5), Value(2.0, "rate") * 3
    program = traced_program(lambda weight, by: weight * by, w, x)
    assert [(v.label, v.kind) for v in program.nodes[:2]] == [
        ("weight", "parameter"),
        ("by", "leaf"),
    ]
    assert (w.label, x.label) == ("", "")


def test_what_a_function_raises_goes_through():
    with pytest.raises(ValueError, match="log"):
        traced_program(lambda x: x.log(), -1.0)
    with pytest.raises(TypeError, match="one number"):
        traced_program(lambda x: [x, x], 1.0)


@needs_node
def test_a_traced_function_is_computed_as_in_python(tmp_path):
    program = traced_program(asks, 2.0, [1.5, 0.5])
    x, w_1 = (v for v in program.nodes if v.kind == "leaf")
    places = [program.nodes.index(v) for v in (x, w_1)]
    found = in_javascript(
        tmp_path,
        program,
        f"""
        const [x, w] = {places};
        return [[2, 1.5], [0.5, 1], [3, 2], [-1, 1]].map((numbers) => {{
            graph.set(x, numbers[0]);
            graph.set(w, numbers[1]);
            graph.update();
            const changed = graph.changed().map((each) => each.kind);
            return [graph.data[graph.size - 1], graph.adjoint[x], graph.adjoint[w], changed];
        }});
        """,
    )
    for numbers, (result, by_x, by_w, changed) in zip(
        [(2.0, 1.5), (0.5, 1.0), (3.0, 2.0)], found, strict=False
    ):
        x, w = map(Value, numbers)
        y = asks(x, [w, Value(0.5)])
        y.backward()
        assert result == pytest.approx(y.data, rel=1e-14)
        assert (by_x, by_w) == pytest.approx((x.grad, w.grad), rel=1e-13)
        assert "guard" not in changed
    assert "guard" in found[3][3]


@needs_node
def test_a_row_of_the_readers_own_is_computed_too(tmp_path):
    softly = primitive(
        "softly", "x / (1 + relu(x))", "1 / (1 + x) ** 2 if x > 0 else 1", samples=[(0.7,), (-2.0,)]
    )
    x = Value(3.0, "x")
    program = program_of(softly(x) * 2)
    data = in_javascript(
        tmp_path,
        program,
        "graph.set(0, 1); graph.update(); return [...graph.data, ...graph.adjoint]",
    )
    assert data == [1, 0.5, 2, 1, 0.5, 2, 0.5, 1]


@needs_node
def test_names_that_mean_something_to_javascript_are_names_here(tmp_path):
    odd = primitive(
        "this",
        "new * tan(Math) + power ** 2",
        *("tan(Math)", "new * (1 + tan(Math) ** 2)", "2 * power"),
        samples=[(0.7, 0.3, 1.5)],
        arguments=("new", "Math", "power"),
    )
    a, b, c = Value(2.0, "a"), Value(0.5, "b"), Value(3.0, "c")
    y = odd(a, b, c)
    y.backward()
    found = in_javascript(tmp_path, program_of(y), "return [...graph.data, ...graph.adjoint]")
    assert found == pytest.approx([2, 0.5, 3, y.data, a.grad, b.grad, c.grad, 1], rel=1e-15)


@needs_node
def test_a_custom_function_stays_as_recorded_and_says_so(tmp_path):
    cubed = custom(lambda x: x**3, lambda x: 3 * x * x, name="cubed_in_python")
    x = Value(2.0, "x")
    program = program_of(cubed(x) + x)
    found = in_javascript(
        tmp_path,
        program,
        "graph.set(0, 5); graph.update();"
        "return [[...graph.data], graph.adjoint[0], graph.changed().map((each) => each.message)]",
    )
    data, slope, (message,) = found
    assert data == [5, 8, 13]
    assert slope == 13
    assert "cubed_in_python" in message


@needs_node
def test_a_custom_function_has_no_small_difference_and_is_exported_with_its_slopes(tmp_path):
    scaled = custom(lambda x, y: x * y, lambda x, y: y, lambda x, y: x, name="scaled_in_python")
    x, y = Value(2.0, "x"), Value(0.3, "y")
    root = scaled(x, y) ** 2
    root.backward()
    found = in_javascript(
        tmp_path,
        program_of(root),
        "return [Number.isNaN(graph.difference(0).value), graph.toPython()]",
    )
    assert found[0]
    printed = []
    exec(found[1], {"print": lambda _, slope: printed.append(slope)})
    assert printed == [x.grad, y.grad]


@needs_node
def test_a_constant_is_exported_as_one(tmp_path):
    for constant in (Value(2.5).detach(), Value(2.5, "c").detach()):
        text = in_javascript(tmp_path, program_of(constant), "return graph.toPython()")
        printed = []
        exec(text, {"print": printed.append})
        assert printed == [2.5]


@needs_node
@pytest.mark.parametrize("label", ["x", "w_{31}", "it's", '"quoted"', "class", "<b>\n", "λ", "x#1"])
def test_the_exported_python_program_gives_the_same_numbers(tmp_path, label):
    a, b = Value(1.25, label), Value.parameter(-0.5, "x")
    y = where(a < b, a, (a * b).tanh() + abs(b) ** 2 / a) - Value(2.0, "c").detach() * -a
    y.label = label
    y.backward()
    program = program_of(y)
    text = in_javascript(tmp_path, program, "return graph.toPython()")
    scope = {"print": lambda *_: None}
    exec(text, scope)
    values = [v for v in scope.values() if isinstance(v, Value)]
    expected = [v for v in toposort(y) if v.kind in ("leaf", "parameter")]
    assert [(v.label, v.data, v.grad) for v in values if v.kind in ("leaf", "parameter")] == [
        (v.label, v.data, v.grad) for v in expected
    ]
    assert (values[-1].label, values[-1].data) == (y.label, y.data)


@needs_node
def test_names_are_typeset_as_in_explanations(tmp_path):
    labels = ["w", "w_1", "w_{31}", "w_31", "b_1^(1)", "w_{1,1}^(3)", "net_{3}", "x^(2)", "E", "x"]
    labels += ["alpha", "beta_2", "α", "a'", "<i>", "W_12^(3)", "v1", "x"]
    total = sum(Value(1.0, label) for label in labels)
    program = program_of(total * total)
    found = in_javascript(tmp_path, program, "return [graph.names, graph.shown, graph.mathml]")
    names = [*unique_names(program.nodes, {program.root: "y"}).values()]
    assert found == [names, [*map(unicode_label, names)], [*map(mathml_label, names)]]


def test_a_traced_program_of_a_model_names_its_parameters():
    weights = [Value.parameter(0.5, "w_1"), Value.parameter(2.0, "w_2")]
    program = traced_program(lambda x: weights[0] * x[0] + weights[1] * x[1], [1.0, 3.0])
    kinds = {v.label: v.kind for v in program.nodes if v.label}
    assert kinds == {"w_1": "parameter", "w_2": "parameter", "x_{1}": "leaf", "x_{2}": "leaf"}
