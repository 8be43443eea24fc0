"""Derivations: textbook lines, each equal to the one before, from the rules of the table."""

import ast
import math
import random

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_scalar import Value, derive, exp, sin, sqrt
from autograd_scalar.explaining.textbook import Work
from autograd_scalar.notation.terminal import width
from autograd_scalar.table.registry import KERNELS, OPCODES, TABLE


def lines(source, *arguments, **options):
    return [line.text for line in derive(source, *arguments, **options).lines]


# As a textbook writes it


def test_the_sigmoid():
    assert lines("sigma(x) = 1/(1 + exp(-x))")[-8:] == [
        "(0·(1 + e^(−x)) − 1·(−e^(−x)))/(1 + e^(−x))²",
        "e^(−x)/(1 + e^(−x))²",
        "1/(1 + e^(−x)) · e^(−x)/(1 + e^(−x))",
        "1/(1 + e^(−x)) · (e^(−x) + (1 − 1))/(1 + e^(−x))",
        "1/(1 + e^(−x)) · (1 + e^(−x) − 1)/(1 + e^(−x))",
        "1/(1 + e^(−x)) · ((1 + e^(−x))/(1 + e^(−x)) − 1/(1 + e^(−x)))",
        "1/(1 + e^(−x)) · (1 − 1/(1 + e^(−x)))",
        "σ(x)·(1 − σ(x))",
    ]


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("(5*x - 4)**6", "30(5x − 4)⁵"),
        ("sqrt(x**2 - 1)", "x/√(x² − 1)"),
        ("1/(x**2 - 4*x + 5)", "−(2x − 4)/(x² − 4x + 5)²"),
        ("(x**2 + 1)**3", "6x·(x² + 1)²"),
        ("log(x)", "1/x"),
        ("tanh(z)", "1 − tanh(z)²"),
        ("relu(z)", "{0 if z < 0; else 1}"),
        ("asin(x)", "1/√(1 − x²)"),
        ("tan(x)", "1 + tan(x)²"),
        ("exp(-x)", "−e^(−x)"),
        ("1/(1 + exp(-2*x))", "2·f(x)·(1 − f(x))"),
        ("3/(1 + exp(-x))", "f(x)·(1 − f(x)/3)"),
        ("1/(1 + exp(x))", "−f(x)·(1 − f(x))"),
        ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", "1 − f(x)²"),
        ("x", "1"),
        ("3", "0"),
    ],
)
def test_the_last_line(source, last):
    assert lines(source)[-1] == last


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("x + 2", "sum rule"),
        ("x - 2", "difference rule"),
        ("3 * x", "constant factor rule"),
        ("x / 3", "constant factor rule"),
        ("-x", "constant factor rule"),
        ("x * sin(x)", "product rule"),
        ("3 / x", "quotient rule"),
        ("x ** 4", "power rule"),
        ("4 ** x", "exponential rule"),
        ("exp(x)", "exponential rule"),
        ("log(x)", "logarithm rule"),
        ("5", "constant rule"),
    ],
)
def test_the_rule_is_named(source, rule):
    assert derive(source, "x").rules[0] == rule


def test_the_rule_is_stated_and_its_letters_explained():
    text = " ".join(derive("(5*x - 4)**6").text.split())
    assert "power rule and chain rule: (u^n)′ = n·u^(n − 1)·u′, with u = 5x − 4, n = 6" in text


def test_rules_about_functions_nothing_is_known_of():
    known = {"functions": ("f", "g")}
    assert lines("f(x) * g(x)", **known)[-1] == "f′(x)·g(x) + f(x)·g′(x)"
    assert lines("f(x) / g(x)", **known)[-1] == "(f′(x)·g(x) − f(x)·g′(x))/g(x)²"
    assert lines("f(g(x))", **known)[-1] == "f′(g(x))·g′(x)"


def test_other_names_are_held_fixed():
    derivation = derive("-(y*log(a) + (1 - y)*log(1 - a))", "a", algebra=None)
    assert derivation.lines[-1].text == "−(y/a − (1 − y)/(1 − a))"
    assert "∂/∂a" in derivation.text


# The numbers


def spelled(row):
    """The primitive as an expression in its arguments."""
    if row.name == "neg":
        return f"-{row.arguments[0]}"
    if row.operator and row.name != "abs":
        return f" {row.operator} ".join(row.arguments)
    return f"{row.name}({', '.join(row.arguments)})"


@pytest.mark.parametrize(
    ("row", "argument"),
    [(row, argument) for row in TABLE for argument in row.arguments],
    ids=lambda each: getattr(each, "name", each),
)
def test_every_partial_of_the_table_can_be_derived(row, argument):
    derivation = derive(spelled(row), argument)
    for sample in row.samples:
        out, *partials = KERNELS[OPCODES[row.name]](*sample)
        expected = partials[row.arguments.index(argument)]
        found = derivation.at(**dict(zip(row.arguments, sample, strict=True)))
        if math.isfinite(expected) and math.isfinite(found):
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-300), (sample, out)


@st.composite
def expressions(draw, depth=4):
    """Text of a random smooth expression in x and y."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(["x", "y", "2", "0.5", "3", "x", "x"]))
    a = draw(expressions(depth - 1))
    b = draw(expressions(depth - 1))
    return draw(
        st.sampled_from(
            [
                f"({a} + {b})",
                f"({a} - {b})",
                f"({a}) * ({b})",
                f"({a}) / (2 + ({b})**2)",
                f"exp(tanh({a}))",
                f"sin({a})",
                f"log(1 + ({a})**2)",
                f"(1 + ({a})**2) ** ({b})" if len(b) < 12 else f"sqrt(1 + ({a})**2)",
                f"-({a})",
                f"1/(1 + exp(-({a})))",
                f"({a})**3",
            ]
        )
    )


@given(expressions())
def test_each_line_is_the_slope_of_the_expression(text):
    derivation = derive(text, "x")
    rng = random.Random(0)
    for _ in range(3):
        point = {"x": rng.uniform(-1.5, 1.5), "y": rng.uniform(0.2, 1.5)}
        slope = mpmath_slope(text, point)
        for i, line in enumerate(derivation.lines):
            found = derivation.at(i, **point)
            assert found == pytest.approx(slope, rel=1e-8, abs=1e-9), line.text


def mpmath_slope(text, point):
    """The derivative by x, from high-precision differences and none of this package's rules."""
    names = {name: getattr(mpmath, name) for name in ("exp", "tanh", "sin", "log", "sqrt")}
    with mpmath.workdps(40):
        y = mpmath.mpf(point["y"])
        code = compile(text, "<expression>", "eval")

        def value(x):
            return eval(code, names, {"x": x, "y": y})

        step = mpmath.mpf(10) ** -12
        x = mpmath.mpf(point["x"])
        return float((value(x + step) - value(x - step)) / (2 * step))


def test_the_function_itself_may_hold_other_names():
    derivation = derive("1/(1 + b*exp(-x))", "x")
    assert derivation.lines[-1].text == "f(x)·(1 − f(x))"
    out = 1 / (1 + 3 * math.exp(-0.5))
    assert derivation.at(x=0.5, b=3.0) == pytest.approx(out * (1 - out), rel=1e-14)


def test_the_result_can_be_read_again():
    derivation = derive("(5*x - 4)**6")
    assert derivation.result == "30 * (5 * x - 4) ** 5"
    assert derive(derivation.result).lines[-1].text == "750(5x − 4)⁴"
    assert derivation.at(x=1.0) == 30.0


def test_a_line_that_does_not_agree_is_not_added():
    square = ast.parse("x**2", mode="eval").body
    work = Work(square, "x", [{"x": 1.5}], {}, False)
    work.rules()
    before = list(work.lines)
    assert not work.add(ast.parse("3 * x", mode="eval").body, ("simplify", ()))
    assert work.lines == before
    assert work.add(ast.parse("2 * x", mode="eval").body, ("simplify", ()))


# What can be derived


def test_functions_are_traced():
    def bell(x):
        return exp(-x * x)

    derivation = derive(bell)
    assert derivation.lines[-1].text == "−2x·e^(−x²)"
    assert derivation.text.lstrip().startswith("d/dx bell(x)")


def test_values_are_derived_in_their_leaves():
    w, x = Value(0.5, "w_31"), Value(2.0, "out_c1")
    assert derive(sin(w * x), "w_31").lines[-1].text == "out_c1·cos(w₃₁·out_c1)"


def test_functions_that_are_no_primitives_are_written_out():
    assert lines("log(x, a)", "x")[-1] == "1/(x·ln(a))"
    assert lines("pow(x, 3)")[-1] == "3x²"
    assert derive("softplus(x)").at(x=0.0) == 0.5


def test_cases_are_differentiated_one_by_one():
    assert lines("x**2 if x > 0 else -x")[-1] == "{2x if x > 0; else −1}"


def test_the_convention_at_a_kink_is_told():
    text = " ".join(derive("relu(2*x - 1)").text.split())
    assert "relu has a kink where 2x − 1 = 0: it has no derivative there, and 1 is used" in text


@pytest.mark.parametrize(
    ("source", "options", "error", "said"),
    [
        ("x +", {}, ValueError, "invalid syntax"),
        ("foo(x)", {}, ValueError, "unknown function 'foo'"),
        ("__import__('os')", {}, ValueError, "unknown function"),
        ("x * y", {}, ValueError, "wrt='x'"),
        ("log(-1 - x**2)", {}, ValueError, "no point was found"),
        ("(" * 500 + "x" + ")" * 500, {}, ValueError, "nested"),
        (3, {}, TypeError, "got int 3"),
    ],
)
def test_what_cannot_be_derived_is_refused(source, options, error, said):
    with pytest.raises(error, match=said.replace("(", r"\(")):
        derive(source, **options)


def test_lines_fit_in_80_columns():
    for source in ("sigma(x) = 1/(1 + exp(-x))", "sin(x)*cos(x)*exp(x)*log(x)*sqrt(x)*tanh(x)"):
        assert all(width(line) <= 80 for line in derive(source).text.splitlines())


def test_sqrt_of_a_label_with_a_prime():
    assert derive(sqrt(Value(2.0, "x'"))).variable == "x'"
