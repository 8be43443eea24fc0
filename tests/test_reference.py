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
from autograd_scalar.generate.reference import (
    CONVENTIONS_PAGE,
    PRIMITIVES_PAGE,
    STUB,
    conventions_page,
    main,
)

ROOT = Path(__file__).parent.parent


def test_regenerating_gives_the_committed_files():
    # In a process of its own: other tests add rows to the table.
    check = [sys.executable, "-m", "autograd_scalar.generate.reference", "--check"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def checkout(tmp_path):
    """A copy of the generated files that may be spoilt."""
    for name in (PRIMITIVES_PAGE, CONVENTIONS_PAGE, STUB):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", [PRIMITIVES_PAGE, CONVENTIONS_PAGE, STUB])
def test_a_stale_file_is_reported_and_written_anew(checkout, capsys, name):
    good = (checkout / name).read_text(encoding="utf-8")
    spoilt = good.replace("x = 0", "x = 1").replace("out * out", "out + out")
    assert spoilt != good
    (checkout / name).write_text(spoilt, encoding="utf-8")
    assert main(["--check"], checkout) == 1
    assert f"{Path(name)} is not what the table says" in capsys.readouterr().out
    assert (checkout / name).read_text(encoding="utf-8") == spoilt
    assert main([], checkout) == 0
    assert (checkout / name).read_text(encoding="utf-8") != spoilt
    assert main(["--check"], checkout) == 0


def test_outside_a_checkout_there_is_nothing_to_write(checkout, capsys):
    (checkout / CONVENTIONS_PAGE).unlink()
    assert main([], checkout) == 2
    assert "is no checkout" in capsys.readouterr().err


def test_a_page_without_the_marks_is_an_error():
    with pytest.raises(ValueError, match="needs a line"):
        conventions_page("# Conventions\n")


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
"""


def test_type_checkers_know_the_functions_of_the_table_and_nn(tmp_path):
    (tmp_path / "uses.py").write_text(USES, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "--no-pretty", str(tmp_path / "uses.py")],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    revealed = [line.split('"')[1] for line in done.stdout.splitlines() if "Revealed" in line]
    value = "autograd_scalar.engine.value.Value"
    assert done.returncode == 0, done.stdout
    assert [each.removeprefix("builtins.") for each in revealed] == [
        "float", value, value, "float", "float", value, value, value,
        "list[float]", f"list[{value}]", value, "autograd_scalar.nn.MLP", f"list[{value}]",
    ]  # fmt: skip
