"""SymPy both ways: the same numbers and the same derivatives, and clear words without SymPy."""

import ast
import inspect
import math
import os
import random
import subprocess
import sys

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_scalar import (
    Value,
    derive,
    exp,
    from_sympy,
    grad,
    log,
    maximum,
    relu,
    sqrt,
    tanh,
    to_sympy,
    where,
)
from autograd_scalar.engine.functions import FUNCTIONS
from autograd_scalar.engine.value import record
from autograd_scalar.explaining.with_sympy import shortened_by_sympy
from autograd_scalar.table.registry import OPCODES, TABLE

x, y = sympy.symbols("x y", real=True)

INSIDE = {"atanh": (0.3,), "asin": (0.3,), "acos": (0.3,), "acosh": (1.7,), "polygamma": (2.0, 0.7)}


# Comparisons are read back as the conditions they are.
NO_QUESTIONS = [row for row in TABLE if not row.is_question]


def test_labels_are_symbols_and_simple_numbers_exact():
    a = Value(2.0, "a")
    assert to_sympy(0.5 * a**2 + 3 * a) == sympy.Symbol("a") ** 2 / 2 + 3 * sympy.Symbol("a")


@pytest.mark.parametrize("row", NO_QUESTIONS, ids=lambda row: row.name)
def test_every_primitive_has_its_meaning_in_sympy(row):
    rng = random.Random(0)
    for _ in range(5):
        numbers = [rng.uniform(0.2, 0.9) for _ in row.arguments]
        numbers = INSIDE.get(row.name, numbers)
        leaves = [Value(n, label) for n, label in zip(numbers, "pqr", strict=False)]
        out = record(OPCODES[row.name], *leaves)
        values = {sympy.Symbol(v.label): v.data for v in leaves}
        expression = to_sympy(out)
        assert float(expression.subs(values)) == pytest.approx(out.data, rel=1e-12, abs=1e-15)


def test_sympy_differentiates_to_the_same():
    w, b = Value(0.7, "w"), Value(-0.2, "b")
    out = tanh(w * 2 + b) * exp(-w) + log(1 + b * b)
    out.backward()
    slope = sympy.diff(to_sympy(out), sympy.Symbol("w"))
    assert float(slope.subs({"w": 0.7, "b": -0.2})) == pytest.approx(w.grad, rel=1e-12)


@pytest.mark.parametrize(
    "expression",
    [
        x**2 + 3 * x - 1,
        sympy.sqrt(x**2 + 1) / (x + 5),
        sympy.exp(-x) * sympy.sin(x) ** 2,
        sympy.Rational(2, 3) * x ** sympy.Rational(1, 3),
        sympy.Max(x, y) - sympy.Min(x, y),
        sympy.Abs(x - y) * sympy.pi,
        sympy.Piecewise((x**2, x > 1), (2 * x - 1, True)),
        1 / (1 + sympy.exp(-x)),
        sympy.atan2(y, x) + sympy.E,
        -(y * sympy.log(x)) / 2,
    ],
)
def test_a_sympy_expression_becomes_a_function(expression):
    f = from_sympy(expression)
    symbols = sorted(expression.free_symbols, key=str)
    for start in (0.4, 1.7):
        point = {symbol: start + 0.3 * i for i, symbol in enumerate(symbols)}
        value = f(**{str(symbol): number for symbol, number in point.items()})
        assert value == pytest.approx(float(expression.subs(point)), rel=1e-13)
        for symbol in symbols:
            leaves = {str(each): Value(number, str(each)) for each, number in point.items()}
            f(**leaves).backward()
            slope = sympy.diff(expression, symbol).subs(point)
            assert leaves[str(symbol)].grad == pytest.approx(float(slope), rel=1e-12)


def test_there_and_back():
    a, b = Value(0.4, "a"), Value(1.3, "b")
    out = sqrt(a * a + b) * maximum(a, b) - relu(a - b) + where(Value(1.0, "c"), a, b)
    f = from_sympy(to_sympy(out))
    assert f(a=0.4, b=1.3, c=1.0) == pytest.approx(out.data, rel=1e-14)


def test_the_function_takes_positions_names_and_derivatives():
    f = from_sympy(x**2 * y)
    assert f(3.0, 2.0) == f(y=2.0, x=3.0) == 18.0
    assert grad(f)(3.0, 2.0) == 12.0
    assert derive(f, "x").lines[-1].text == "2y·x"
    with pytest.raises(TypeError):
        f(1.0)


@pytest.mark.parametrize(
    ("made", "error", "said"),
    [
        (lambda: to_sympy(3.0), TypeError, "takes a Value"),
        (lambda: from_sympy("x"), TypeError, "SymPy expression"),
        (lambda: from_sympy(sympy.zeta(x)), ValueError, "zeta"),
        (lambda: from_sympy(sympy.Symbol("x 1") + 1), ValueError, "no name for an argument"),
        (lambda: from_sympy(sympy.Symbol("lambda") ** 2), ValueError, "symbol 'lambda' is no name"),
        (lambda: from_sympy(x * sympy.Symbol("x")), ValueError, "symbols are called 'x'"),
        (lambda: from_sympy(sympy.Integral(x, (x, 0, y))), ValueError, "Integral"),
    ],
)
def test_what_has_no_counterpart_is_refused(made, error, said):
    with pytest.raises(error, match=said):
        made()


def test_a_graph_too_large_to_write_out_is_refused():
    v = Value(0.5, "x")
    out = v
    for _ in range(5000):
        out = out * v + 1
    with pytest.raises(ValueError, match="to write out"):
        to_sympy(out)


def test_shortening_keeps_the_value():
    tree = ast.parse("-(y/a - (1 - y)/(1 - a))*a*(1 - a)", mode="eval").body
    assert ast.unparse(shortened_by_sympy(tree)) == "a - y"


def test_without_sympy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r"autograd-scalar\[sympy\]"):
        to_sympy(Value(1.0, "x") * 2)
    assert derive("1/(1 + exp(-x))").lines[-1].text == "f(x)·(1 − f(x))"
    assert math.isclose(derive("x * exp(x)").at(x=1.0), 2 * math.e)


def test_sympy_is_loaded_only_when_it_is_asked_for():
    code = "import sys, autograd_scalar; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_functions_of_the_table_are_spelled_as_the_table_spells_them():
    f = from_sympy(sympy.asin(x) + sympy.ceiling(y))
    assert f(0.5, 0.2) == FUNCTIONS["asin"](0.5) + 1.0


@pytest.mark.parametrize(
    ("condition", "true_at", "false_at"),
    [
        (sympy.And(x > 1, y < 2), (2.0, 1.0), (0.5, 1.0)),
        (sympy.Or(x > 1, y < 2), (2.0, 3.0), (0.5, 3.0)),
        (sympy.Not(sympy.And(x > 1, y < 2)), (0.5, 1.0), (2.0, 1.0)),
        (sympy.Ne(x, y), (1.0, 2.0), (2.0, 2.0)),
        (sympy.Eq(x, y), (2.0, 2.0), (1.0, 2.0)),
    ],
    ids=str,
)
def test_conditions_may_be_joined(condition, true_at, false_at):
    f = from_sympy(sympy.Piecewise((x + y, condition), (x * y + 100, True)))
    assert f(*true_at) == sum(true_at)
    assert f(*false_at) == math.prod(false_at) + 100


def test_where_no_case_applies_there_is_no_number():
    f = from_sympy(sympy.Piecewise((x, x > 0)))
    assert f(1.0) == 1.0
    assert math.isnan(f(-1.0))


@st.composite
def graphs(draw, row):
    """A recorded expression that ends in the row, or has it inside, and its leaves."""
    numbers = draw(st.tuples(*[st.floats(0.2, 0.9)] * 3))
    leaves = [Value(n, label) for n, label in zip(numbers, "pqr", strict=True)]
    pool = [*leaves]
    for each in [*draw(st.lists(st.sampled_from(NO_QUESTIONS), max_size=3)), row]:
        operands = [draw(st.sampled_from(pool)) for _ in each.arguments]
        try:
            pool.append(record(OPCODES[each.name], *operands))
        except (ArithmeticError, ValueError):
            continue
    return leaves, sum(pool[3:], leaves[0])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
@given(data=st.data())
@settings(max_examples=5)
def test_there_and_back_it_computes_the_same(row, data):
    leaves, out = data.draw(graphs(row))
    back = from_sympy(to_sympy(out))
    point = {leaf.label: leaf.data for leaf in leaves}
    names = inspect.signature(back).parameters
    found = back(**{label: number for label, number in point.items() if label in names})
    assert found == pytest.approx(out.data, rel=1e-9, abs=1e-12)


def test_explanations_are_the_same_without_sympy():
    code = (
        "import sys\n"
        "if sys.argv[1] == 'without': sys.modules['sympy'] = None\n"
        "from autograd_scalar import Value, derive, explain, log\n"
        "y, a = Value(1.0, 'y'), Value(0.8, 'a')\n"
        "z = Value(1.4, 'z')\n"
        "a = 1 / (1 + (-z).exp()); a.label = 'a'\n"
        "C = -(y * log(a) + (1 - y) * log(1 - a)); C.label = 'C'\n"
        "print(explain(C, wrt=z))\n"
        "for each in ('(x**2 - 1)/(x - 1)', 'x**2/(x**2 + 1)**3', 'x*sin(x)/(1 + x)', 'abs(x)'):\n"
        "    print(derive(each))\n"
    )
    texts = [
        subprocess.run(
            [sys.executable, "-c", code, how],
            check=True, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        ).stdout.decode()
        for how in ("with", "without")
    ]  # fmt: skip
    assert texts[0] == texts[1]
    assert "= a − y" in texts[0]


def test_sympy_shortens_where_it_is_asked_to(monkeypatch):
    assert derive("x/(x + 1)", algebra="sympy").at(x=1.0) == 0.25
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(ImportError, match=r"autograd-scalar\[sympy\]"):
        derive("x*sin(x)*x/(x + 1)", algebra="sympy")
    with pytest.raises(ValueError, match='"own", "sympy" or None, got True'):
        derive("x", algebra=True)
