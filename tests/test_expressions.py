"""The language of the table: what it takes, what it refuses and where, how it is run on floats."""

import ast
import math
import operator

import numpy as np
import pytest
from high_precision import ROWS
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd_scalar import Value
from autograd_scalar.algebra.partials import derivative
from autograd_scalar.engine.functions import FUNCTIONS as FUNCTIONS_OF_VALUES
from autograd_scalar.table import floats
from autograd_scalar.table.emit import IeeeEmitter, can_raise, on_floats, on_ieee_floats
from autograd_scalar.table.floats import FLOAT_FUNCTIONS, SCOPE, ieee, ieee_divide, ieee_power
from autograd_scalar.table.language import ExpressionError, evaluate, is_zero, parse, taken_branch
from autograd_scalar.table.registry import KERNELS, OPCODES

NAMES = {"x": 3.0, "y": -2.0}
FUNCTIONS = {"exp": math.exp, "hypot": math.hypot}


@pytest.mark.parametrize(
    "text",
    [
        "1", "2.5e3", "-x", "+x", "not x", "x + y", "x - y", "x * y", "x / y", "x // y", "x % y",
        "x ** 2", "exp(x)", "hypot(x, exp(y))", "x if x > y else y", "x if y < 0 < x else y",
        "1 if x >= y else 2 if x <= y else 3", "x - (y - 1) * -x ** 2", "pi * x",
    ],
)  # fmt: skip
def test_an_expression_means_what_it_means_in_python(text):
    expected = eval(text, {**NAMES, **FUNCTIONS, "pi": math.pi})
    assert evaluate(parse(text, NAMES, FUNCTIONS), NAMES, FUNCTIONS) == expected


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("x + q", 4, "unknown name 'q'"),
        ("exp(x) + sin(x)", 9, "unknown function 'sin'"),
        ("__import__('os')", 0, "unknown function '__import__'"),
        ("x.real", 0, "Attribute is not part"),
        ("x[0]", 0, "Subscript is not part"),
        ("[x]", 0, "List is not part"),
        ("lambda: x", 0, "Lambda is not part"),
        ("x and y", 0, "And is not part"),
        ("x == y", 0, "Compare is not part"),
        ("x != y", 0, "Compare is not part"),
        ("x in y", 0, "Compare is not part"),
        ("x @ y", 0, "MatMult is not part"),
        ("x << 2", 0, "LShift is not part"),
        ("~x", 0, "Invert is not part"),
        ("(z := x)", 1, "NamedExpr is not part"),
        ("f'{x}'", 0, "JoinedStr is not part"),
        ("exp(x=1)", 0, "Call is not part"),
        ("exp(*x)", 4, "Starred is not part"),
        ("x.exp()", 0, "Call is not part"),
        ("exp(x)(y)", 0, "Call is not part"),
        ("x + 'a'", 4, "'a' is not a real number"),
        ("x + 2j", 4, "2j is not a real number"),
        ("x + True", 4, "True is not a real number"),
        ("x + None", 4, "None is not a real number"),
        ("x * 1e999", 4, "too large for a float"),
        ("x * " + "9" * 400, 4, "too large for a float"),
        ("x + ", 3, "invalid syntax"),
        ("", 0, "invalid syntax"),
        ("x = 1", 2, "invalid syntax"),
        ("x\0", 0, "null bytes"),
        ("é + ü + q", 8, "unknown name 'q'"),
    ],
)
def test_anything_else_is_refused_with_its_column(text, column, message):
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(text, {*NAMES, "é", "ü"}, FUNCTIONS)
    if text not in ("", "x + "):  # the end of the text is for Python's parser to say
        assert caught.value.column == column


@pytest.mark.parametrize("text", ["(" * 1000 + "x" + ")" * 1000, "-" * 100_000 + "x"])
def test_absurd_nesting_is_an_error_and_not_a_crash(text):
    with pytest.raises(ExpressionError):
        parse(text, NAMES, FUNCTIONS)


def test_only_the_taken_branch_is_evaluated():
    tree = parse("1 / x if x > 0 else 0", "x", ())
    assert evaluate(tree, {"x": 0.0}, {}) == 0
    assert ast.unparse(taken_branch(tree, {"x": 2.0}, {})) == "1 / x"
    assert is_zero(taken_branch(tree, {"x": 0.0}, {}))
    assert not is_zero(parse("x - x", "x", ()))


def test_powers_are_real():
    with pytest.raises(ValueError, match="no real power"):
        evaluate(parse("x ** (1 / 3)", "x", ()), {"x": -8.0}, {})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_source_for_floats_computes_what_the_tree_does(row):
    for sample in row.samples:
        names = dict(zip(row.arguments, sample, strict=True))
        out, *partials = KERNELS[OPCODES[row.name]](*sample)
        assert out == evaluate(row.value_tree, names, FLOAT_FUNCTIONS)
        names["out"] = out
        assert partials == [evaluate(tree, names, FLOAT_FUNCTIONS) for tree in row.partial_trees]


EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e300, -1e300, 1e-300, math.inf, -math.inf, math.nan]
EDGE_NUMBERS = st.one_of(st.sampled_from(EDGES), st.floats())


def same(a, b):
    return (math.isnan(a) and math.isnan(b)) or (
        a == b and math.copysign(1.0, a) == math.copysign(1.0, b)
    )


LEAVES = st.one_of(
    st.sampled_from([ast.Name("x"), ast.Name("y"), ast.Name("pi")]),
    st.sampled_from([0.0, 1.0, 2.5, 1e300]).map(ast.Constant),
)
BINARY = [ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow]
COMPARISONS = [ast.Lt, ast.LtE, ast.Gt, ast.GtE]


def larger(trees):
    """Expressions of every kind, from smaller ones."""
    chains = st.builds(
        lambda left, middle, right, ops: ast.Compare(left, [op() for op in ops], [middle, right]),
        trees, trees, trees, st.tuples(*[st.sampled_from(COMPARISONS)] * 2),
    )  # fmt: skip
    return st.one_of(
        st.builds(lambda a, op, b: ast.BinOp(a, op(), b), trees, st.sampled_from(BINARY), trees),
        st.builds(
            lambda op, a: ast.UnaryOp(op(), a),
            st.sampled_from([ast.USub, ast.UAdd, ast.Not]),
            trees,
        ),
        st.builds(ast.IfExp, st.one_of(trees, chains), trees, trees),
        st.builds(lambda a: ast.Call(ast.Name("exp"), [a], []), trees),
    )


TREES = st.recursive(LEAVES, larger, max_leaves=12)


@given(TREES)
def test_source_for_floats_keeps_the_shape_of_any_tree(tree):
    def attempt(compute):
        try:
            return repr(compute() + 0.0)
        except (ArithmeticError, ValueError, TypeError) as error:
            return type(error)

    source = on_floats(tree)
    expected = attempt(lambda: evaluate(tree, NAMES, FLOAT_FUNCTIONS))
    assert attempt(lambda: eval(source, dict(SCOPE), NAMES)) == expected


@given(TREES, EDGE_NUMBERS, EDGE_NUMBERS)
def test_ieee_source_never_raises_and_is_python_s_where_that_has_a_result(tree, x, y):
    names = {"x": x, "y": y}
    result = eval(on_ieee_floats(tree), dict(SCOPE), names)
    try:
        expected = eval(on_floats(tree), dict(SCOPE), names)
    except (ArithmeticError, ValueError):
        return
    assert same(result, expected)


def test_source_for_floats_uses_floats_throughout():
    # 9**9**9**9 of integers would never end.
    assert on_floats(parse("9 ** 9 ** 9", (), ())) == "_power(9.0, _power(9.0, 9.0))"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y * x - -x", False),
        ("x / y", True),
        ("x ** 2", True),
        ("exp(x)", True),
        ("x % y", True),
    ],
)
def test_what_may_raise_is_known(text, expected):
    assert can_raise(parse(text, NAMES, FUNCTIONS)) is expected


# IEEE 754's results where Python raises: NumPy has them from the C library.

QUIET = ["exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sinh", "cosh", "tanh",
         "arccosh", "arctanh", "arcsin"]  # fmt: skip


@pytest.mark.parametrize(
    ("quiet", "operation"),
    [(ieee_divide, operator.truediv), (ieee_power, operator.pow)],
    ids=["/", "**"],
)
@given(x=EDGE_NUMBERS, y=EDGE_NUMBERS)
def test_quiet_division_and_powers_follow_ieee_754(quiet, operation, x, y):
    with np.errstate(all="ignore"):
        expected = float(operation(np.float64(x), np.float64(y)))
    result = quiet(x, y)
    assert same(result, expected) or math.isclose(result, expected, rel_tol=1e-15)


@pytest.mark.parametrize("name", QUIET)
@given(x=EDGE_NUMBERS)
def test_quiet_functions_follow_ieee_754(name, x):
    python = name.replace("arc", "a")
    with np.errstate(all="ignore"):
        expected = float(getattr(np, name)(np.float64(x)))
    result = ieee(python, getattr(math, python))(x)
    assert same(result, expected) or math.isclose(result, expected, rel_tol=1e-14)


@given(st.floats(), st.floats())
def test_quiet_division_is_plain_division_where_that_works(x, y):
    if y:
        assert same(ieee_divide(x, y), operator.truediv(x, y))


# Derivatives of trees.


@given(TREES, st.floats(-3, 3), st.floats(-3, 3))
def test_the_derivative_of_a_tree_is_what_backward_finds(tree, x, y):
    names = {"x": Value(x), "y": Value(y)}
    try:
        slope = derivative(tree, {"x": ast.Constant(1)})
        out = evaluate(tree, names, FUNCTIONS_OF_VALUES)
        assume(type(out) is Value)
        out.backward()
        found = evaluate(slope, {"x": x, "y": y}, FLOAT_FUNCTIONS)
    except (ArithmeticError, ValueError, LookupError):
        assume(False)
    expected = names["x"].grad
    assume(math.isfinite(expected) and math.isfinite(found))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_no_row_takes_the_place_of_an_operator():
    # `x % y` is not the function `remainder`, nor are their results where Python raises.
    for name in IeeeEmitter.calls.values():
        assert SCOPE[name] is getattr(floats, name.removeprefix("_"))
    assert not {f"_ieee_{row.name}" for row in ROWS} & {*IeeeEmitter.calls.values()}
