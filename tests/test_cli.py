"""The command line: what it prints, what it refuses, and that it never ends in a traceback."""

import contextlib
import io
import json
import math
import operator
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_scalar import __version__, build, primitive
from autograd_scalar.cli.command import main
from autograd_scalar.cli.program import DEEPEST, LONGEST, Program, ProgramError
from autograd_scalar.engine.functions import FUNCTIONS

ROOT = Path(__file__).parents[1]
PREFIX = "autograd-scalar: error: "

Capture = pytest.CaptureFixture[str]


def printed(capsys: Capture, *argv: str) -> str:
    """What a command that succeeds prints."""
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def document(capsys: Capture, *argv: str) -> dict[str, Any]:
    """The JSON document a command prints, which must be JSON in the strict sense."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    loaded = json.loads(printed(capsys, *argv, "--json"), parse_constant=refuse)
    assert isinstance(loaded, dict)
    return loaded


def refused(capsys: Capture, *argv: str) -> list[str]:
    """The lines on standard error of a command that is refused, the last one without its prefix."""
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    *before, last = err.splitlines()
    assert last.startswith(PREFIX)
    assert len(before) in (0, 2)
    return [*before, last.removeprefix(PREFIX)]


def run_program(*argv: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "autograd_scalar", *argv], cwd=ROOT, capture_output=True, **options
    )


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of one of the printed tables."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(heading))
    rows = lines[start + 1 :]
    if "" in rows:
        rows = rows[: rows.index("")]
    return [re.split(r" {2,}", row) for row in rows]


# What is printed


def test_prints_value_derivatives_and_every_step_in_order(capsys: Capture) -> None:
    e = math.exp(-0.5)
    y = 1 / (1 + e)
    text = printed(capsys, "1/(1+exp(-x))", "x=0.5")
    assert text.splitlines()[0] == repr(y)
    ((name, value, derivative),) = table(text, "name")
    assert (name, value) == ("x", "0.5")
    assert float(derivative) == pytest.approx(y * (1 - y), rel=1e-15)
    assert table(text, "operation") == [
        ["v1 = -x", "-0.5", "neg", "∂/∂x = -1.0"],
        ["v2 = exp(v1)", repr(e), "exp", f"∂/∂v1 = {e!r}"],
        ["v3 = 1.0 + v2", repr(1 + e), "add", "∂/∂v2 = 1.0"],
        ["v4 = 1.0 / v3", repr(y), "div", f"∂/∂v3 = {-y / (1 + e)!r}"],
    ]


def test_columns_are_aligned_at_the_decimal_point(capsys: Capture) -> None:
    text = printed(capsys, "x + y*longer + 値", "x=-0.5", "y=1000", "longer=1e-5", "値=inf")
    assert text.splitlines()[2:7] == [
        "name    value     derivative",
        "x         -0.5       1.0",
        "y       1000.0       1e-05",
        "longer     1e-05  1000.0",
        "値       inf         1.0",
    ]


def test_named_steps_are_computed_in_order_and_show_their_derivatives(capsys: Capture) -> None:
    w, x = 2.0, 3.0
    a = w * x
    b = a + 1
    found = document(capsys, "a = w*x; b = a + 1; b**2", "w=2", "x=3")
    assert found["value"] == b**2
    assert found["values"] == {"w": w, "x": x, "a": a, "b": b}
    assert found["gradients"] == {"w": 2 * b * x, "x": 2 * b * w, "a": 2 * b, "b": 2 * b}
    assert [step["name"] for step in found["operations"]] == ["a", "b", "v1"]


def test_the_last_step_may_have_a_name(capsys: Capture) -> None:
    found = document(capsys, "y = w*x", "w=2", "x=3")
    assert (found["value"], found["gradients"]) == (6.0, {"w": 3.0, "x": 2.0, "y": 1.0})


def test_steps_may_stand_on_lines_of_their_own(capsys: Capture) -> None:
    text = "a = x * x  # a square\n    b = a + 1\r\n\n  b * (\n    a + b)\n"
    assert document(capsys, text, "x=2")["value"] == 5 * (4 + 5)


def test_a_step_that_is_a_number_is_an_input(capsys: Capture) -> None:
    found = document(capsys, "x = -0.5; k = pi; k * x**2")
    assert found["gradients"] == {"x": -math.pi, "k": 0.25}
    assert [step["primitive"] for step in found["operations"]] == ["pow", "mul"]


def test_a_step_that_is_a_name_is_a_link_of_its_own(capsys: Capture) -> None:
    found = document(capsys, "a = x; b = a * a; c = b; c", "x=3")
    assert found["gradients"] == {"x": 6.0, "a": 6.0, "b": 1.0, "c": 1.0}
    assert [step["name"] for step in found["operations"]] == ["a", "b", "c"]


def test_names_of_intermediates_avoid_the_names_in_use(capsys: Capture) -> None:
    found = document(capsys, "v3 = v1 * 2; -v3 + v1", "v1=1")
    assert [step["name"] for step in found["operations"]] == ["v3", "v2", "v4"]
    assert [operand["name"] for operand in found["operations"][0]["operands"]] == ["v1", None]


def test_intermediates_come_left_to_right_with_steps_that_nothing_uses(capsys: Capture) -> None:
    steps = document(capsys, "unused = sin(a); a*b + c/d", "a=1", "b=2", "c=3", "d=4")["operations"]
    assert [step["primitive"] for step in steps] == ["sin", "mul", "div", "add"]


def test_both_edges_of_a_reused_operand_are_there(capsys: Capture) -> None:
    assert table(printed(capsys, "x*x", "x=3"), "operation") == [
        ["v1 = x * x", "9.0", "mul", "∂/∂x = 3.0", "∂/∂x = 3.0"]
    ]


def test_steps_are_spelled_so_that_they_read_back(capsys: Capture) -> None:
    text = "(-2)**x + -3 * abs(x) - maximum(x, -4) % atan2(x, -1) // where(x, pi, x)"
    values = {"x": 3.0}
    rows = table(printed(capsys, text, "x=3"), "operation")
    operations = ["pow", "abs", "mul", "add", "maximum", "atan2", "mod", "where", "floordiv", "sub"]
    assert [row[2] for row in rows] == operations
    for spelled, value, *_ in rows:
        name, _, expression = spelled.partition(" = ")
        program = Program(expression)
        computed = program.run({each: values[each] for each in program.free})
        assert len(computed.intermediates()) == 1
        assert computed.result.data == float(value)
        values[name] = float(value)


def test_the_document_alone_suffices_for_the_forward_and_the_backward_pass(
    capsys: Capture,
) -> None:
    found = document(capsys, "a = w*x - b/x; h = tanh(a) + a; h*h + w", "w=0.3", "x=-1.2", "b=0.7")
    meanings: dict[str, Callable[..., float]] = {
        "mul": operator.mul,
        "add": operator.add,
        "sub": operator.sub,
        "div": operator.truediv,
        "tanh": math.tanh,
    }
    values = dict(found["values"])
    for step in found["operations"]:
        operands = [values[each["name"]] for each in step["operands"]]
        assert operands == [each["value"] for each in step["operands"]]
        assert step["value"] == meanings[step["primitive"]](*operands)
        values[step["name"]] = step["value"]
    gradients = dict.fromkeys(values, 0.0)
    gradients[found["operations"][-1]["name"]] = 1.0
    for step in reversed(found["operations"]):
        assert step["gradient"] == pytest.approx(gradients[step["name"]], rel=1e-15)
        for each in step["operands"]:
            gradients[each["name"]] += each["partial"] * gradients[step["name"]]
    for name, gradient in found["gradients"].items():
        assert gradient == pytest.approx(gradients[name], rel=1e-15)


def test_numbers_that_json_lacks_are_strings(capsys: Capture) -> None:
    found = document(capsys, "x*y + z", "x=inf", "y=0", "z=-inf")
    assert math.isnan(float(found["value"]))
    assert {name: float(value) for name, value in found["values"].items()} == {
        "x": math.inf,
        "y": 0.0,
        "z": -math.inf,
    }
    assert found["gradients"] == {"x": 0.0, "y": "Infinity", "z": 1.0}
    assert [step["value"] for step in found["operations"]] == ["NaN", "NaN"]


@pytest.mark.parametrize("argv", [("2*3 + pi",), ("inf",), ("3",), ("x", "x=3")])
def test_works_without_variables_or_without_operations(capsys: Capture, argv: list[str]) -> None:
    names = {"x": 3.0, "pi": math.pi, "inf": math.inf}
    expected = eval(argv[0], names)
    assert float(printed(capsys, *argv).splitlines()[0]) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("-x**2", "2**-x", "2**x**2", "x - 1 - 2", "x / 2 / 2", "7 // x % 2", "-7 % x"),
        *("+x", "-(-x)", "x + 0x1f + 1_000 + 1e-3 + .5", "pow(x, 3)", "abs(-x)"),
    ],
)
def test_means_what_it_means_in_python(capsys: Capture, text: str) -> None:
    assert document(capsys, text, "x=3")["value"] == eval(text, {"x": 3.0})


@pytest.mark.parametrize(
    ("text", "value", "gradient"),
    [
        ("log(x, 2)", 3.0, 1 / (8 * math.log(2))),
        ("log(2, x)", math.log(2) / math.log(8), -math.log(2) / (8 * math.log(8) ** 2)),
        ("maximum(x, 9, x + 2, 1)", 10.0, 1.0),
        ("minimum(3, 2*x, 1)", 1.0, 0.0),
        ("where(0, 1/x, -x)", -8.0, -1.0),
        ("hypot(x, 6)", 10.0, 0.8),
        ("softplus(x)", math.log1p(math.exp(8)), 1 / (1 + math.exp(-8))),
        ("sin(pi * x)", math.sin(math.pi * 8), math.pi * math.cos(math.pi * 8)),
        ("pow(x, 1/3)", 2.0, 1 / 12),
    ],
)
def test_calls_the_functions_of_the_package(
    capsys: Capture, text: str, value: float, gradient: float
) -> None:
    found = document(capsys, text, "x=8")
    assert found["value"] == pytest.approx(value, rel=1e-14)
    assert found["gradients"] == {"x": pytest.approx(gradient, rel=1e-14)}


@pytest.mark.usefixtures("scratch_table")
def test_calls_a_primitive_registered_by_the_user(capsys: Capture) -> None:
    primitive("cli_square", "x * x", "2 * x", samples=[(0.7,), (-2.0,)])
    assert table(printed(capsys, "cli_square(x)", "x=3"), "operation") == [
        ["v1 = cli_square(x)", "9.0", "cli_square", "∂/∂x = 6.0"]
    ]


def test_large_literals_are_floats_as_everything_is(capsys: Capture) -> None:
    assert document(capsys, "2**53 + 1 - 9007199254740993")["value"] == 0.0


# How it is asked


@pytest.mark.parametrize(
    "argv",
    [
        ("x**2 - y", "x=3", "y=-1"),
        ("x=3", "x**2 - y", "y=-1e0"),
        ("--json", "x = 3", "y= -1", "x**2 - y"),
        ("x=3", "--json", "y=-1", "--", "x**2 - y"),
        ("y=-1", "--", "x**2 - y", "x=3"),
    ],
)
def test_values_go_before_or_after_the_expression(capsys: Capture, argv: tuple[str, ...]) -> None:
    if "--json" not in argv:
        argv = ("--json", *argv)
    assert json.loads(printed(capsys, *argv))["value"] == 10.0


@pytest.mark.parametrize(
    "argv",
    [("-x**2", "x=3"), ("x=3", "-x**2"), ("--", "-x**2", "x=3"), ("x=3", "--", "---x**2")],
)
def test_an_expression_may_start_with_a_minus(capsys: Capture, argv: tuple[str, ...]) -> None:
    assert printed(capsys, *argv).startswith("-9.0\n")


def test_h_times_something_is_no_call_for_help(capsys: Capture) -> None:
    assert printed(capsys, "-h*2", "h=3").startswith("-6.0\n")


@pytest.mark.parametrize(
    ("text", "number"),
    [("-1", -1.0), ("1e3", 1e3), ("1e-3", 1e-3), ("inf", math.inf), ("-inf", -math.inf)],
)
def test_reads_numbers_as_python_does(capsys: Capture, text: str, number: float) -> None:
    assert float(printed(capsys, "x", f"x={text}").splitlines()[0]) == number


def test_names_are_the_identifiers_of_python(capsys: Capture) -> None:
    # U+FB01 is a ligature which Python's grammar reads as the two letters f and i.
    found = document(capsys, "σ1*ﬁ + fi + match", "σ1=2", "ﬁ=3", "match=1")
    assert found["gradients"] == {"σ1": 3.0, "fi": 3.0, "match": 1.0}


def test_a_value_that_is_not_used_is_noted_and_has_derivative_0(capsys: Capture) -> None:
    assert main(["x**2", "x=3", "y=1", "z=2"]) == 0
    out, err = capsys.readouterr()
    assert err == "autograd-scalar: note: given, but not in the expression: y, z\n"
    assert table(out, "name") == [["x", "3.0", "6.0"], ["y", "1.0", "0.0"], ["z", "2.0", "0.0"]]


def test_tells_its_version_and_build(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"autograd-scalar {__version__} ({build})\n"


def test_help_lists_every_function(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    assert set(re.findall(r"\w+", capsys.readouterr().out)) >= set(FUNCTIONS)


# What is refused: the mark ‸ stands before the character under which the caret must be.


@pytest.mark.parametrize(
    ("marked", "says"),
    [
        ("x ‸< y", "comparisons"),
        ("x + (x ‸== y)", "comparisons"),
        ("x ‸if y else 2", "comparisons and choices"),
        ("1‸if 2else 3", "comparisons and choices"),
        ("x ‸and y", "comparisons and choices"),
        ("‸not x", "comparisons and choices"),
        ("x if‸", "missing after if"),
        ("1 + ‸sine(x)", "unknown function 'sine'.* sin"),
        ("‸u(2)", r"unknown function 'u' \(to multiply, write u\*\(…\)\)"),
        ("2*3‸j", "no value for j"),
        ("1/2‸x", r"\(1/2\)\*x or 1/\(2\*x\)"),
        ("値*2 + σ^2‸x", "exponent"),
        ("2*‸'", "quotation mark"),
        ("2*‸None", "None is a reserved word"),
        ("‸True", "True is a reserved word"),
        ("2*‸...", "a point is part of a number only"),
        ("1 + ‸1e999", "too large for a float"),
        ("1 + ‸" + "9" * 400, "too large for a float"),
        ("1 + ‸" + "9" * 5000, "too large for a float"),
        ("1 + ‸0x" + "f" * 5000, "too large for a float"),
        ("x‸.y", "a point is part of a number only"),
        ("‸x[0]", r"to multiply, write x\*\[…\]"),
        ("(x‸, y)", "a comma separates"),
        ("x ‸| y", "never closed"),
        ("‸~x", "no part of an expression"),
        ("exp(‸*x)", r"missing before \*"),
        ("(z ‸:= x)", "name = expression"),
        ("‸f'{x}'", "derivative"),
        ("‸__import__(os)", "unknown function '__import__'"),
        ("math‸.exp(x)", r"write exp\("),
        ("x‸.exp()", r"write exp\("),
        ("‸pow(x, n=2)", "no names"),
        ("2*‸exp", r"write exp\("),
        ("‸exp(x, y)", r"exp\(x\) takes 1 operands, got 2"),
        ("‸exp()", r"exp\(x\) takes 1 operands, got 0"),
        ("‸pow(x, 2, 3)", r"pow\(x, y\) takes 2 operands, got 3"),
        ("‸where(x, y)", "where.*positional argument"),
        ("‸maximum(x)", "takes two or more"),
        ("x + ‸(y", "never closed"),
        ("x + y‸)", "unmatched"),
        ("x +‸", "invalid syntax"),
        ("x ‸$ y", "no part of an expression"),
        ("‸lambda*2", "lambda is a reserved word"),
        ("‸lambda: 2", "reserved word"),
        ("‸import os", "import is a reserved word"),
        ("‸del x", "del is a reserved word"),
        ("x +‸= 1", "name = expression"),
        ("‸a: int = 1; a", "name = expression"),
        ("‸a = b = 1; a", "name = expression"),
        ("a‸, b = 1, 2; a", "a comma separates"),
        ("x‸.y = 1; x", "a point is part of a number only"),
        ("‸x; y", "only the last step"),
        ("a = 1; ‸a; a", "only the last step"),
        ("a = 1; ‸a = 2; a", "assigned already"),
        ("a = ‸a + 1; a", "used before it is assigned"),
        ("b = 2*‸a; a = 1; b", "used before it is assigned"),
        ("‸x = 2; x**2", "given a value and assigned"),
        ("‸exp = 3; 2", "exp is a function"),
        ("x + ‸z + w", r"no value for z, w: add z=NUMBER w=NUMBER"),
        ("log(x) + ‸log(-y)", r"log\(x\) needs x > 0, got x = -2.0"),
        ("1‸/(x - x)", r"needs y != 0, got x = 1.0, y = 0.0"),
        ("1 + (x - 9)‸**0.5", "pow"),
        ("9**9‸**9**9", "overflows"),
        ("‸exp(exp(9 + x))", "exp.*overflows"),
        ("x ‸% 0", "needs y != 0"),
        ("x + ‸\0", r"can't contain the character '\\x00'"),
        ("x + ‸\udcff", r"can't contain the character '\\udcff'"),
        ("‸\x1b[31mx", r"can't contain the character '\\x1b'"),
        ("‸inf = 3; inf", "inf is a constant"),
        ("f(x) = ‸f(x - 1); f(2)", "f is used before it is defined"),
        ("f(x) = x; ‸f(x, y)", "f takes 1 arguments here, got 2"),
        ("f(x) = x; ‸f = 2", "assigned already"),
        ("sin x‸/2", r"sin\(x\)/2 or sin\(x/2\)"),
        ("‸xy + 値", r"no value for xy: add xy=NUMBER; for a product or a function write x\*y"),
    ],
)
def test_refuses_with_the_column_marked(capsys: Capture, marked: str, says: str) -> None:
    before, mark, after = marked.partition("‸")
    assert mark
    _, caret, message = refused(capsys, "--", before + after, "x=1", "y=2", "値=1", "σ=1")
    assert caret == " " * (2 + len(before) + before.count("値")) + "^"
    assert re.search(says, message)


def test_the_marked_line_is_the_line_at_fault(capsys: Capture) -> None:
    line, caret, _ = refused(capsys, "a = x\n   b = a ? 2\n b", "x=1")
    assert (line, caret) == ("  b = a ? 2", "        ^")


@pytest.mark.parametrize("position", [0, 40, 5_000, 9_998])
def test_long_lines_are_shortened_around_the_mark(capsys: Capture, position: int) -> None:
    text = list("x-" * 5000)
    text[position] = "値 $"
    line, caret, _ = refused(capsys, "".join(text), "x=1", "値=1")
    assert len(line) < 90
    assert line[len(caret) - 2] == "$"  # the wide character before it takes two columns


def test_what_a_terminal_would_obey_is_escaped(capsys: Capture) -> None:
    line, caret, _ = refused(capsys, "x\x1b[2J\x07 ? 1", "x=1")
    assert line == r"  x\x1b[2J\x07 ? 1"
    assert caret == "   ^"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 10**6, id="parentheses"),
        pytest.param("(" * 10**6 + "x" + ")" * 10**6, id="closed parentheses"),
        pytest.param("(" * 1000 + "x" + ")" * 1000, id="fewer parentheses"),
        pytest.param("exp(" * 1000 + "x" + ")" * 1000, id="calls"),
        pytest.param("x" * 10**6, id="one name"),
        pytest.param("-" * 5000 + "x", id="minus"),
        pytest.param("-" * 90_000 + "x", id="more minus"),
        pytest.param("+".join("x" * DEEPEST) + "+x", id="sum"),
        pytest.param("+".join("x" * 5000), id="longer sum"),
        pytest.param("**".join("x" * 40_000), id="powers"),
        pytest.param("x;" * 40_000, id="statements"),
        pytest.param("9**9**9**9", id="power tower"),
        pytest.param("((9**9)**9)**9**9", id="other power tower"),
        pytest.param("\\\n" * 40_000, id="continued lines"),
        pytest.param("x " * 40_000, id="words"),
    ],
)
def test_absurd_sizes_are_refused(capsys: Capture, text: str) -> None:
    message = refused(capsys, "--", text, "x=10")[-1]
    assert len(message) < 600


def test_the_deepest_sum_is_computed(capsys: Capture) -> None:
    found = document(capsys, "+".join("x" * DEEPEST), "x=0.5")
    assert (found["value"], found["gradients"]) == (DEEPEST * 0.5, {"x": DEEPEST})


def test_a_long_program_is_computed(capsys: Capture) -> None:
    steps = [f"x{i} = x{i - 1}*2 - x{i - 1}" for i in range(1, 4000)]
    found = document(capsys, "; ".join([*steps, "x3999"]), "x0=3")
    assert (found["value"], found["gradients"]["x0"]) == (3.0, 1.0)


def test_length_has_a_limit() -> None:
    spaces = " " * (LONGEST - 3)
    assert Program(f"x+{spaces}x").free.keys() == {"x"}
    with pytest.raises(ProgramError, match="100,001 characters, the limit is 100,000"):
        Program(f"x+ {spaces}x")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("x=1",), "no expression given"),
        (("",), "the expression is empty"),
        (("  \n ",), "the expression is empty"),
        (("# nothing",), "the expression is empty"),
        (("x", "*", "y", "x=1"), "more than one expression: x, *, y; put it in quotes"),
        (("x", "x=1/2"), "x=1/2: a value is a plain number"),
        (("x", "x="), "x=: a value is a plain number"),
        (("x", "x=1e999"), "x: the value is too large for a float"),
        (("x", "x=1", "x=2"), "x is given twice"),
        (("x", "x=1", " x = 1"), "x is given twice"),
        (("ﬁ", "ﬁ=1", "fi=2"), "fi is given twice"),
        (("x", "x=1", "lambda=2"), "lambda=2: lambda is a reserved word"),
        (("x", "x=1", "inf=3"), "inf=3: inf is a constant here"),
        (("x", "x=1", "nan=3"), "nan=3: nan is a constant here"),
        (("x", "x=1", "exp=3"), "exp=3: exp is a function here"),
        (("x", "x=1", "--nope"), "unknown option --nope"),
        (("--x", "x=1"), "put -- before an expression that starts with --"),
        (("x", "x=1", "--js"), "unknown option --js"),
        (("x", "x=1", "--json=1"), "argument --json"),
        (("x", "x=1", "--svg"), "argument --svg: expected one argument"),
        (("x", "x=1", "--svg", "-a.svg"), "a file name is needed, got '-a.svg'"),
        (("x", "x=1", "--svg", "a.png"), "name must end in .svg, got 'a.png'"),
        (("x", "x=1", "--dot", "dot"), "name must end in .dot, got 'dot'"),
        (("x", "x=1", "--png="), "name must end in .png, got ''"),
        (("x", "x=1", "--limit", "many"), "argument --limit"),
        (("x", "x=1", "--view", "tree"), "argument --view: invalid choice: 'tree'"),
        (("x", "x=1", "--wrt", "x"), "add --derive or --check"),
        (("x", "x=1", "--latex"), "add --explain NAME or --derive"),
        (("x", "--check", "1", "--latex"), "--latex is for explanations"),
        (("x", "--check", "1", "--words"), "--words is for explanations"),
        (("x", "--derive", "--detail", "rules"), "--detail is for explanations"),
        (("x", "--check", "1", "--derive"), "--derive and --check can't be combined"),
        (("x", "--check", "1", "--explain", "x"), "--explain is for a computation with numbers"),
        (("x", "--check", "1", "--json"), "--json is for a computation with numbers"),
        (("x", "--check", "1", "x=1"), "--check compares formulas, at points of its own"),
        (("w*x", "--check", "w"), "--wrt w for example"),
        (("x", "--check", "y"), "the answer has y in it, but the names here are x"),
        (("x", "--derive", "--json"), "--json is for a computation with numbers"),
        (("x", "--derive", "--view", "network"), "--view is for a computation with numbers"),
        (("x", "--derive", "--svg", "a.svg"), "--svg is for a computation with numbers"),
        (
            ("w*x", "--derive"),
            "say which one to differentiate with respect to, --wrt w for example",
        ),
        (("w*x", "--derive", "--wrt", "w", "w=1"), "no value for x"),
        (("e*x", "--derive", "e=1"), "e is a constant to --derive"),
        (("x", "x=1", "--no\npe\x1b\udcff"), r"unknown option --no\npe\x1b\udcff"),
    ],
)
def test_refuses_what_it_can_not_do(capsys: Capture, argv: tuple[str, ...], says: str) -> None:
    (message,) = refused(capsys, *argv)
    assert says in message


# Pictures


def texts(svg: Path) -> list[str]:
    root = ElementTree.fromstring(svg.read_bytes())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_writes_the_picture_of_the_graph_with_its_gradients(
    capsys: Capture, tmp_path: Path
) -> None:
    path = tmp_path / "product.svg"
    printed(capsys, "a = w*x; a*2", "w=0.5", "x=8", "--svg", str(path))
    shown = set(re.findall(r"[\w.]+", " ".join(texts(path))))
    values = {"w": 0.5, "x": 8.0, "a": 0.5 * 8.0}
    gradients = (2 * 8.0, 2 * 0.5)
    assert shown >= {*values, *(f"{each:g}" for each in (*values.values(), *gradients))}


def test_writes_local_derivatives_at_the_edges_when_asked(capsys: Capture, tmp_path: Path) -> None:
    plain, full = tmp_path / "plain.svg", tmp_path / "full.svg"
    arguments = ("5*(7*x)", "x=1")
    printed(capsys, *arguments, "--svg", str(plain))
    printed(capsys, *arguments, "--svg", str(full), "--partials")
    assert len(texts(full)) > len(texts(plain))


def test_pictures_a_network_when_asked(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "network.svg"
    program = "net = w*x + b; a = tanh(net); E = (t - a)**2/2"
    printed(capsys, program, "w=2", "x=1", "b=0.5", "t=1", "--svg", str(path), "--view", "network")
    assert {"x", "w 2", "+ b 0.5", "a", "E", "t = 1"} <= {*texts(path)}
    path.unlink()
    (message,) = refused(capsys, "x**2", "x=1", "--svg", str(path), "--view=network")
    assert "no neuron was found" in message
    assert not path.exists()


def test_writes_every_picture_that_is_asked_for(capsys: Capture, tmp_path: Path) -> None:
    svg, dot = tmp_path / "a.svg", tmp_path / "A.DOT"
    document(capsys, "x*x", "x=3", f"--svg={svg}", "--dot", str(dot))
    assert texts(svg)
    assert dot.read_text(encoding="utf-8").startswith("digraph")


def test_png_without_graphviz_names_the_remedy(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    path = tmp_path / "a.png"
    (message,) = refused(capsys, "x*x", "x=3", "--png", str(path))
    assert message.startswith(f"{path}: ")
    assert "install Graphviz" in message
    assert not path.exists()


@pytest.mark.parametrize("name", ["missing/a.svg", "folder.svg"])
def test_a_picture_that_can_not_be_written_is_refused(
    capsys: Capture, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder.svg").mkdir()
    path = tmp_path / name
    (message,) = refused(capsys, "x*x", "x=3", "--svg", str(path))
    assert message.startswith(f"{path}: ")


@pytest.mark.parametrize(
    "options",
    [
        ["--explain", "nobody"],
        ["--png", "picture.png"],
        ["--dot", "missing/picture.dot"],
        ["--limit", "1"],
    ],
)
def test_a_command_that_fails_writes_nothing(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setenv("PATH", "")  # without Graphviz there is no PNG
    monkeypatch.chdir(tmp_path)
    Path("picture.svg").write_text("the picture that was there")
    refused(capsys, "x*x", "x=3", "--svg", "picture.svg", *options)
    assert Path("picture.svg").read_text() == "the picture that was there"
    assert [*tmp_path.iterdir()] == [tmp_path / "picture.svg"]


def test_a_picture_has_a_limit_that_can_be_raised(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "a.dot"
    arguments = ("+".join("x" * 600), "x=3", "--dot", str(path))
    (message,) = refused(capsys, *arguments)
    assert "limit" in message
    assert not path.exists()
    printed(capsys, *arguments, "--limit", "700")
    assert path.exists()


# Anything at all

FRAGMENTS = [*"xyσ値0123456789.+-*/%^()[]{},;:=<>!~&|@#$?'\"\\ \n\t\r\0\x0c\x1b_eEjJ", "**", "//"]
FRAGMENTS += ["exp(", "log(", "maximum(", "where(", "pow(", "x=", "y = ", "1e308", "1e-320", "inf"]
FRAGMENTS += ["pi", "nan", " if ", " else ", " for ", " in ", "lambda", "not ", "import ", "f'{"]
FRAGMENTS += ["\ud800", "\u2028", "\ufeff", "e\u0301", "0x", "1_0", "9**9", "1/0", "x(", "x.", "--"]


@settings(deadline=None, max_examples=400, derandomize=True)
@given(
    st.one_of(
        st.text(st.characters(codec=None, categories=None)),
        st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join),
    ),
    st.booleans(),
)
@example("1if 2else 3", False)
@example("x = 1 ;\\", False)
@example("'\\d'", False)
@example("f'{x!z}'", False)
def test_any_text_is_computed_or_refused_in_one_line(text: str, as_json: bool) -> None:
    out, err = io.StringIO(), io.StringIO()
    options = ["--json"] if as_json else []
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["x=0.5", "y=-2", *options, "--", text])
    lines = err.getvalue().split("\n")
    errors = [line for line in lines if line.startswith(PREFIX)]
    if code == 0:
        assert out.getvalue()
        assert not errors
    else:
        assert code == 2
        assert not out.getvalue()
        assert len(errors) == 1
        assert lines[-2:] == [errors[0], ""]
        assert len(lines) in (2, 4)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["x", "x=1", "-x", "--json"]))))
def test_any_arguments_are_served_or_refused(argv: list[str]) -> None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(argv)
        except SystemExit as exit_:
            code = exit_.code
    assert code == (2 if PREFIX in err.getvalue() else 0)


# Streams and the process


def test_runs_as_a_module() -> None:
    done = run_program("x**2", "x=3", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["gradients"] == {"x": 6.0}


def test_a_refusal_is_the_exit_code_of_the_process() -> None:
    done = run_program("log(x)", "x=-1")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines()[-1].startswith(PREFIX)


@pytest.mark.parametrize(("encoding", "sign"), [("ascii", "d"), ("cp1252", "d"), ("utf-8", "∂")])
def test_prints_in_the_encoding_of_the_terminal(encoding: str, sign: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0"}
    done = run_program("é=x*2; é + 値", "x=1", "値=2", env=environment | {"LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode(encoding).splitlines()

    def shown(name: str) -> str:
        return name.encode(encoding, "backslashreplace").decode(encoding)

    assert [re.split(" +", line)[0] for line in lines[3:6]] == ["x", shown("値"), shown("é")]
    assert re.split(" {2,}", lines[-1])[-2:] == [
        f"{sign}/{sign}{shown(name)} = 1.0" for name in ("é", "値")
    ]


def test_a_reader_that_stops_early_is_no_error() -> None:
    text = "+".join("x" * DEEPEST)
    with subprocess.Popen(
        [sys.executable, "-m", "autograd_scalar", text, "x=1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == f"{float(DEEPEST)!r}\n".encode()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_output_that_can_not_be_written_is_an_error(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(tmp_path / "full", "w") as file:

        class Full(io.StringIO):
            def write(self, text: str) -> int:
                raise OSError(28, "No space left on device")

            def fileno(self) -> int:
                return file.fileno()

        monkeypatch.setattr(sys, "stdout", Full())
        assert main(["x", "x=1"]) == 2
    assert capsys.readouterr().err == f"{PREFIX}standard output: No space left on device\n"


def test_works_without_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["x", "x=1"]) == 0
    assert main(["x"]) == 2


# The page that documents it

PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
EXAMPLES = [
    each.partition("\n")[::2]
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
]


@pytest.mark.parametrize(("command", "promised"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_the_examples_of_the_page_print_what_it_says(
    capsys: Capture, command: str, promised: str
) -> None:
    program, *argv = shlex.split(command)
    assert program == "autograd-scalar"
    main(argv)
    out, err = capsys.readouterr()

    # The last digit of `exp` is not the same on every platform.
    number = r"-?\d+\.\d+(?:e-?\d+)?"

    def words(text: str) -> list[str]:
        return re.sub(number, "NUMBER", text).split()

    def numbers(text: str) -> list[float]:
        return [float(each) for each in re.findall(number, text)]

    assert words(out + err) == words(promised)
    assert numbers(out + err) == pytest.approx(numbers(promised), rel=1e-14)


def test_labels_of_mathematics_name_values_and_steps(capsys: Capture) -> None:
    program = "z_1^(2) = w_{12}^{(2)}*a; h_1^(3) = z_1^(2); J = (h_1^(3) - y)**2"
    values = ["w_{12}^{(2)}=0.3", "a=2", "y=1"]
    assert main([program, *values, "--explain", "w_12^(2)"]) == 0
    shown = capsys.readouterr().out
    assert "∂J/∂w₁₂⁽²⁾ = ∂J/∂h₁⁽³⁾ · ∂h₁⁽³⁾/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂w₁₂⁽²⁾" in shown
    assert main([program, *values]) == 0
    assert "w_{12}^{(2)}  0.3" in capsys.readouterr().out


def test_an_error_is_marked_under_the_labels_as_typed(capsys: Capture) -> None:
    assert main([r"J = (\hat{y} - y)**2 + nothing", r"\hat{y}=2", "y=1"]) == 2
    line, mark, message = capsys.readouterr().err.splitlines()
    assert line.strip() == r"J = (\hat{y} - y)**2 + nothing"
    assert mark.index("^") == line.index("nothing")
    assert "no value for nothing" in message


def test_a_label_that_no_value_was_given_for_is_a_power(capsys: Capture) -> None:
    assert document(capsys, "a^(2) + 1", "a=3")["value"] == 10.0
    assert document(capsys, "a^(2) + a", "a=3", "a^(2)=5")["value"] == 8.0


# As people write it


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3x² - 2x", 3 * 4 - 2 * 2),
        ("e^-x", math.exp(-2)),
        ("e**x", math.exp(2)),
        ("|1 - x²|·ln x", 3 * math.log(2)),
        ("sin² x + cos² x", math.sin(2) ** 2 + math.cos(2) ** 2),
        ("1,5x", 3.0),
        ("σ(x)", 1 / (1 + math.exp(-2))),
        (r"\frac{1}{1+e^{-x}}", 1 / (1 + math.exp(-2))),
        ("f(x) = x² + 1; f(3) + f(x)", 10 + 5),
        ("f(t) = a·t; a·f(x)", None),
        ("f(x) = x^2", 4.0),
        ("a = 2x\nb₁ = a²; b₁ + a", 16 + 4),
    ],
)
def test_reads_mathematics(capsys: Capture, text: str, value: float | None) -> None:
    given = ["x=2", "a=5"] if value is None else ["x=2"]
    found = document(capsys, text, *given)["value"]
    assert found == pytest.approx(50 if value is None else value, rel=1e-15)


def test_constants_give_way_to_names(capsys: Capture) -> None:
    assert document(capsys, "e*x", "x=1")["value"] == math.e
    assert document(capsys, "e*x", "x=1", "e=3")["gradients"] == {"x": 3.0, "e": 1.0}
    assert document(capsys, "π x", "x=1", "pi=3")["gradients"] == {"x": 3.0, "pi": 1.0}
    assert document(capsys, "e = 3; e^2")["value"] == 9.0


def test_a_function_that_is_called_again_and_again_is_computed_once(capsys: Capture) -> None:
    text = "f(t) = t*t; " + "f(" * 60 + "x" + ")" * 60
    found = document(capsys, text, "x=1")
    assert (found["gradients"]["x"], len(found["operations"])) == (2.0**60, 60)


def test_functions_of_functions_have_a_limit(capsys: Capture) -> None:
    steps = ["f0(x) = x + 1", *(f"f{i}(x) = f{i - 1}(f{i - 1}(x))" for i in range(1, 40))]
    assert "operations" in refused(capsys, "; ".join([*steps, "f39(1)"]))[-1]


def test_names_may_be_given_as_they_are_printed(capsys: Capture) -> None:
    found = document(capsys, "w₁₁⁽¹⁾·xₖ", "w_{11}^{(1)}=2", "xₖ=3")
    assert found["gradients"] == {"w_{11}^{(1)}": 3.0, "x_k": 2.0}
    assert document(capsys, "w₁·2", "w1=2")["gradients"] == {"w1": 2.0}


def test_explains_by_a_name_as_it_is_printed(capsys: Capture) -> None:
    program = ["E = (w_{11}^{(1)}·x_1 - 1)²", "w_{11}^{(1)}=2", "x_1=3"]
    by_label = printed(capsys, *program, "--explain", "w_{11}^{(1)}")
    for name in ("w₁₁⁽¹⁾", "w_11^(1)", "w_11^{(1)}"):
        assert printed(capsys, *program, "--explain", name) == by_label


def test_derives_without_numbers(capsys: Capture) -> None:
    shown = printed(capsys, "--derive", "x^2 sin 3x")
    assert "= 2x·sin(3x) + 3x²·cos(3x)\n" in shown
    assert "product rule" in shown
    assert r"\cos" in printed(capsys, "--derive", "x^2 sin 3x", "--latex")


def test_derives_several_steps_by_the_name_that_is_asked_for(capsys: Capture) -> None:
    shown = printed(capsys, "--derive", "a = σ(z); L = -(y ln a + (1 - y) ln(1 - a))", "--wrt", "z")
    assert "= a − y\n" in shown


def test_a_derivation_has_a_value_where_numbers_are_given(capsys: Capture) -> None:
    last = printed(capsys, "--derive", "w x²", "--wrt", "x", "w=3", "x=2").splitlines()[-1]
    assert last == "At w = 3.0, x = 2.0 it is 12.0."


def test_an_error_in_what_is_derived_is_marked(capsys: Capture) -> None:
    assert refused(capsys, "--derive", "1/2x")[1].endswith("     ^")


def test_shows_examples_that_run_where_nothing_is_asked(capsys: Capture) -> None:
    shown = printed(capsys)
    commands = [line.split(maxsplit=1) for line in shown.splitlines() if line.startswith("  ")]
    assert len(commands) == 3
    for program, arguments in commands:
        assert program == "autograd-scalar"
        assert printed(capsys, *shlex.split(arguments))


def test_a_second_name_is_a_link_of_its_own(capsys: Capture) -> None:
    assert (
        main(
            ["z = w*x; h = z; E = (h - 1)**2", "w=2", "x=3", "--explain", "w", "--detail", "rules"]
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert "∂E/∂w = ∂E/∂h · ∂h/∂z · ∂z/∂w" in shown
    assert "h = z" in shown
    assert "∂h/∂z = 1" in shown
    assert main(["h = z", "z=-0.0"]) == 0
    assert "h = z" in capsys.readouterr().out
