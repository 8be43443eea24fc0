"""One row is all that a function needs: every interpreter of the table takes it from there."""

import ast
import inspect
import math

import pytest
import sympy

from autograd_scalar import (
    Value,
    custom,
    derive,
    draw,
    exp,
    explain,
    from_sympy,
    grad,
    gradient,
    hessian,
    to_sympy,
)
from autograd_scalar.engine.functions import add_row
from autograd_scalar.generate import native
from autograd_scalar.generate.reference import primitives_page
from autograd_scalar.generate.stub import functions_stub, methods
from autograd_scalar.notation.typeset import Latex, MathML, Plain, Typesetter
from autograd_scalar.table.floats import add_function
from autograd_scalar.table.primitives import Primitive
from autograd_scalar.table.registry import OPCODES, TABLE

LN3 = math.log(3)


def exp3():
    """A function without a formula, with all its spellings."""
    add_function("exp3", lambda x: 3.0**x)
    return add_row(
        Primitive(
            "exp3", "exp3(x)", ("out * log(3)",), "exponential rule", ((0.7,), (-1.3,)),
            written="3 ** x", sympy="3 ** x", c="exp3",
        )
    )  # fmt: skip


def logistic():
    """A function of a reader's own, which is a name and no more."""
    return custom(
        lambda x: 1 / (1 + math.exp(-x)), lambda x: exp(-x) / (1 + exp(-x)) ** 2, name="logistic"
    )


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


# What makes the row; its value, slope and second derivative in closed form.
MADE = {
    "exp3": (exp3, lambda x: 3**x, lambda x: LN3 * 3**x, lambda x: LN3**2 * 3**x),
    "logistic": (
        logistic,
        sigmoid,
        lambda x: sigmoid(x) * sigmoid(-x),
        lambda x: sigmoid(x) * sigmoid(-x) * (sigmoid(-x) - sigmoid(x)),
    ),
}


@pytest.fixture(params=MADE)
def made(request, scratch_table):
    make, *closed_forms = MADE[request.param]
    return make(), request.param, *closed_forms


def test_it_is_recorded_and_differentiated_to_second_order(made):
    f, _, value, slope, bend = made
    x = Value(0.3)
    y = f(x)
    y.backward()
    assert (y.data, f(0.3)) == (pytest.approx(value(0.3)),) * 2
    assert x.grad == pytest.approx(slope(0.3))
    assert grad(grad(f))(0.3) == pytest.approx(bend(0.3))
    (by_graph,) = gradient(gradient(f(x), [x], create_graph=True)[0], [x])
    assert by_graph == pytest.approx(bend(0.3))
    assert hessian(lambda v: v[1] * f(v[0]))([0.3, 2.0]) == [
        [pytest.approx(2 * bend(0.3)), pytest.approx(slope(0.3))],
        [pytest.approx(slope(0.3)), 0.0],
    ]


def test_it_is_drawn_and_explained_and_derived(made):
    f, name, _, slope, _ = made
    x = Value(0.3, "x")
    assert name in draw(f(x)).source
    y = f(3 * x) * x
    chain = MADE[name][1](0.9) + 0.9 * slope(0.9)
    assert explain(y, x).value == pytest.approx(chain)
    assert derive(f"{name}(3 * x) * x").at(x=0.3) == pytest.approx(chain)
    assert "chain rule" in str(derive(f"{name}(3 * x) * x"))


def test_it_goes_to_sympy_and_back(made):
    f, name, value, _, _ = made
    x = Value(0.3, "x")
    symbol = sympy.Symbol("x")
    expected = {"exp3": 3**symbol, "logistic": sympy.Function("logistic")(symbol)}[name]
    assert to_sympy(f(x)) == expected
    assert from_sympy(to_sympy(f(x) + x))(0.3) == pytest.approx(value(0.3) + 0.3)


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        (Typesetter, {"exp3": "3^(3x)", "logistic": "logistic(3x)"}),
        (Plain, {"exp3": "3^(3*x)", "logistic": "logistic(3*x)"}),
        (Latex, {"exp3": "3^{3x}", "logistic": r"\mathrm{logistic}\left(3x\right)"}),
        (
            MathML,
            {
                "exp3": "<msup><mrow><mn>3</mn></mrow><mrow><mn>3</mn><mi>x</mi></mrow></msup>",
                "logistic": "<mrow><mi>logistic</mi><mrow><mo>(</mo><mn>3</mn><mi>x</mi>"
                "<mo>)</mo></mrow></mrow>",
            },
        ),
    ],
)
def test_it_is_typeset_in_every_notation(made, notation, expected):
    name = made[1]
    tree = ast.parse(f"{name}(3 * x)", mode="eval").body
    assert notation()(tree) == expected[name]


def test_it_is_in_the_reference_and_known_to_type_checkers(made):
    f, name, *_ = made
    assert f'<a id="{name}"></a>`{name}`' in primitives_page()
    assert f"def {name}(x: Value | float, /) -> Value: ..." in functions_stub()
    assert name in methods().replace("=", " ").split()
    assert inspect.getdoc(f).startswith(f"`{name}(x)`")


def test_it_has_a_native_kernel_where_it_has_a_spelling_in_c(made):
    name = made[1]
    source = native.source(tuple(TABLE))
    assert (f" {name}(double x" in source) == bool(TABLE[OPCODES[name]].c)
    assert name != "exp3" or "checked(math.exp3(x), left_to_python)" in source


def test_a_value_that_calls_itself_must_be_python_s_own_function(scratch_table):
    row = Primitive("exp5", "exp5(x)", ("out",), "none", ((0.7,),))
    with pytest.raises(ValueError, match=r"'exp5'.*call of itself.*no function 'exp5'"):
        add_row(row)
    assert "exp5" not in OPCODES


def test_a_formula_that_calls_its_own_name_is_refused(scratch_table):
    row = Primitive("twice", "2 * twice(x)", ("2",), "none", ((0.7,),))
    with pytest.raises(ValueError, match="'twice': unknown function 'twice'"):
        add_row(row)
