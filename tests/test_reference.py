"""The generated reference: up to date, complete, and true where it can be run."""

import ast
import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from high_precision import ROWS

import autograd_scalar
from autograd_scalar.engine.functions import __all__ as public
from autograd_scalar.generate.__main__ import GENERATED, main, replaced_part

PRIMITIVES_PAGE = "docs/primitives.md"
CONVENTIONS_PAGE = "docs/conventions.md"
STUB = "autograd_scalar/engine/functions.pyi"
ROOT = Path(__file__).parent.parent


def test_regenerating_gives_the_committed_files():
    # In a process of its own: other tests add rows to the table.
    check = [sys.executable, "-m", "autograd_scalar.generate", "--check"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def checkout(tmp_path):
    """A copy of the generated files that may be spoilt."""
    for name in GENERATED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", GENERATED)
def test_a_stale_file_is_reported_and_written_anew(checkout, capsys, name):
    main([], checkout)  # other tests may have added rows
    good = (checkout / name).read_text(encoding="utf-8")
    spoilt = (
        good.replace("relu", "ramp").replace("trunc", "truncate").replace("out * out", "out + out")
    )
    assert spoilt != good
    (checkout / name).write_text(spoilt, encoding="utf-8")
    capsys.readouterr()
    assert main(["--check"], checkout) == 1
    assert capsys.readouterr().out.startswith(f"{name} is not what the table says")
    assert (checkout / name).read_text(encoding="utf-8") == spoilt
    assert main([], checkout) == 0
    assert main(["--check"], checkout) == 0


def test_outside_a_checkout_there_is_nothing_to_write(checkout, capsys):
    (checkout / CONVENTIONS_PAGE).unlink()
    assert main([], checkout) == 2
    assert "is no checkout" in capsys.readouterr().err


def test_a_page_without_the_marks_is_an_error():
    with pytest.raises(ValueError, match="needs the lines"):
        replaced_part(CONVENTIONS_PAGE, "# Conventions\n", "<!-- ", " -->", "| a | table |")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_page_of_primitives_tells_the_whole_row(row):
    page = (ROOT / PRIMITIVES_PAGE).read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if f'<a id="{row.name}"></a>' in line)
    for text in (row.name, row.value, *row.shown, *row.partials, row.domain, row.alias):
        assert not text or f"`{text}`" in line
    assert row.rule.replace("|", r"\|") in line
    assert line.count("](conventions.md#") == len(row.kinks)


@pytest.mark.parametrize("row", [row for row in ROWS if row.kinks], ids=lambda row: row.name)
def test_the_page_of_conventions_lists_every_special_point(row):
    page = (ROOT / CONVENTIONS_PAGE).read_text(encoding="utf-8")
    assert page.count(f'<a id="{row.name}"></a>') == 1
    for kink in row.kinks:
        assert f"| {kink.reason} |" in page.replace("\\*", "*")


@pytest.mark.parametrize("name", [CONVENTIONS_PAGE])
def test_examples_of_the_pages_run(name):
    results = doctest.testfile(str(ROOT / name), module_relative=False, encoding="utf-8")
    assert results.attempted > 5
    assert results.failed == 0


def test_the_stub_declares_what_the_module_has():
    tree = ast.parse((ROOT / STUB).read_text(encoding="utf-8"))
    declared = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {*public} <= declared
    (names,) = (node.value for node in tree.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(names) == public


def test_the_stub_and_the_functions_have_the_same_documentation():
    tree = ast.parse((ROOT / STUB).read_text(encoding="utf-8"))
    documented = {
        node.name: ast.get_docstring(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
    }
    for row in ROWS:
        if not row.operator:
            assert documented[row.name] == inspect.getdoc(getattr(autograd_scalar, row.name))


USES = """
from autograd_scalar import Value, exp, hypot, log, maximum, nn, softmax, where

x = Value(1.0)
reveal_type(exp(1.0))
reveal_type(exp(x))
reveal_type(hypot(x, 2.0))
reveal_type(hypot(1, 2.0))
reveal_type(log(8.0, 2))
reveal_type(log(8.0, x))
reveal_type(maximum(1.0, x, 2.0))
reveal_type(where(x > 0, 1.0, x))
reveal_type(softmax([1.0, 2.0]))
reveal_type(softmax([x]))
reveal_type(nn.sigmoid(x))
reveal_type(nn.MLP(2, [3, 1], activation="tanh", rng=0))
reveal_type(nn.Neuron(2).parameters())
reveal_type(x.tanh())
reveal_type(x.arctan2(2.0))
reveal_type(x.where(1.0, x))
reveal_type(x.sigmoid().gelu().rint())
reveal_type(x.clamp(high=x))
reveal_type(x.hypot(1.0, x))
reveal_type(x.leaky_relu())
"""

MISUSES = """
from autograd_scalar import Value

x = Value(1.0)
x.graad
x.tanh(2.0)
x.fmod()
x.hypot("3")
x.gelu(1.0)
x.clamp(lowest=1.0)
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """What mypy prints about each of the programs."""
    folder = tmp_path_factory.mktemp("types")
    for name, program in (("uses", USES), ("misuses", MISUSES)):
        (folder / f"{name}.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder), "--no-pretty"]
    done = subprocess.run(
        [*command, *map(str, folder.glob("*.py"))],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    lines = done.stdout.splitlines()
    return {
        name: [line for line in lines if f"/{name}.py:" in line.replace("\\", "/")]
        for name in ("uses", "misuses")
    }


def test_type_checkers_know_the_functions_and_methods_of_the_table(checked):
    revealed = [line.split('"')[1] for line in checked["uses"] if "Revealed" in line]
    value = "autograd_scalar.engine.value.Value"
    assert not any(": error:" in line for line in checked["uses"])
    assert [each.removeprefix("builtins.") for each in revealed] == [
        "float", value, value, "float", "float", value, value, value,
        "list[float]", f"list[{value}]", value, "autograd_scalar.nn.MLP", f"list[{value}]",
        *[value] * 7,
    ]  # fmt: skip


def test_type_checkers_refuse_methods_and_operands_that_do_not_exist(checked):
    errors = [line.partition(": error:")[0] for line in checked["misuses"] if ": error:" in line]
    refused = [int(each.rpartition(":")[2]) for each in errors]
    written = MISUSES.splitlines()
    assert refused == [i for i, line in enumerate(written, 1) if line.startswith("x.")]
