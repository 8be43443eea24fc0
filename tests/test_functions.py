"""Functions on numbers and Values alike, those composed of primitives, and primitives of users."""

import math

import pytest
from high_precision import ROWS, context, derivative, real
from hypothesis import given
from hypothesis import strategies as st
from test_primitives import check_at

import autograd_scalar
from autograd_scalar import (
    Value,
    atan2,
    cbrt,
    draw,
    exp,
    hypot,
    log,
    logsumexp,
    maximum,
    minimum,
    primitive,
    softmax,
    softplus,
    sqrt,
    tanh,
    where,
)
from autograd_scalar.engine.functions import FUNCTIONS
from autograd_scalar.generate.reference import primitives_page
from autograd_scalar.generate.stub import functions_stub
from autograd_scalar.table.registry import OPCODES, TABLE

FUNCTION_ROWS = [row for row in ROWS if not row.operator]


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_a_function_gives_a_float_for_numbers_and_the_same_value_for_values(row):
    function = FUNCTIONS[row.name]
    for sample in row.samples:
        number = function(*sample)
        values = [Value(x) for x in sample]
        assert type(number) is float
        recorded = function(*values)
        assert recorded.data == number
        assert recorded.op == row.name
        assert getattr(values[0], row.name)(*values[1:]).data == number
        assert recorded.parents == tuple(values)


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_a_function_is_public_and_says_its_derivative(row):
    function = getattr(autograd_scalar, row.name)
    assert row.name in autograd_scalar.__all__
    table_made = FUNCTIONS[row.name] if row.name in ("log", "where") else function
    assert table_made.__doc__
    assert function.__name__ == row.name


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_a_function_refuses_what_is_no_number(row):
    function = FUNCTIONS[row.name]
    count = len(row.arguments)
    for bad in ("3", None, 1j):
        operands = [0.5] * (count - 1) + [bad]
        for others in (operands, [Value(0.5), *operands[1:]] if count > 1 else operands):
            with pytest.raises(TypeError, match=rf"{row.name}\(.*\): a real number is needed, got"):
                function(*others)


@pytest.mark.parametrize("name", ["exp", "hypot", "relu", "atan2"])
def test_functions_take_positions_only(name):
    # Given by name, y and x of atan2 would be easy to swap without anyone noticing.
    row = TABLE[OPCODES[name]]
    with pytest.raises(TypeError, match="positional"):
        FUNCTIONS[name](**dict.fromkeys(row.arguments, 1.0))


def test_a_wrong_number_of_operands_is_an_error():
    for attempt in (lambda: hypot(1.0), lambda: exp(), lambda: Value(1.0).hypot()):
        with pytest.raises(TypeError, match=r"hypot|exp"):
            attempt()


@pytest.mark.parametrize("call", [exp, Value.exp], ids=["function", "method"])
def test_errors_of_numbers_and_values_read_the_same(call):
    with pytest.raises(OverflowError, match=r"^exp: exp\(x\) overflows a float, got x = 1000\.0$"):
        call(1000.0 if call is exp else Value(1000.0))


def test_the_arguments_of_atan2_are_y_and_x():
    y, x = Value(1.0), Value(-2.0)
    angle = atan2(y, x)
    angle.backward()
    assert angle.data == math.atan2(1.0, -2.0)
    assert math.isclose(y.grad, -2 / 5, rel_tol=1e-15)
    assert math.isclose(x.grad, -1 / 5, rel_tol=1e-15)


@given(st.floats(0.01, 100), st.floats(1.5, 20))
def test_logarithms_to_a_base(x, base):
    v, b = Value(x), Value(base)
    y = log(v, b)
    y.backward()
    assert math.isclose(y.data, math.log(x, base), rel_tol=1e-14, abs_tol=1e-15)
    # d/dx log_a x = 1 / (x ln a), and the same for the base by the quotient rule.
    assert math.isclose(v.grad, 1 / (x * math.log(base)), rel_tol=1e-14)
    slope = -math.log(x) / (base * math.log(base) ** 2)
    assert math.isclose(b.grad, slope, rel_tol=1e-13, abs_tol=1e-15)
    assert log(x, base) == y.data


@pytest.mark.parametrize(
    ("x", "base", "error"),
    [(0.0, 2, ValueError), (2.0, -2, ValueError), (2.0, 1, ZeroDivisionError)],
)
def test_logarithms_need_a_positive_number_and_base(x, base, error):
    with pytest.raises(error):
        log(x, base)
    with pytest.raises(error):
        log(Value(x), base)


def test_pow_of_the_expression_functions_is_never_complex():
    with pytest.raises(ValueError, match="pow"):
        FUNCTIONS["pow"](-8.0, 1 / 3)
    assert FUNCTIONS["pow"](-2.0, 3) == -8.0


def test_maximum_and_minimum_of_many():
    values = [Value(x) for x in (1.0, 5.0, -2.0, 4.0)]
    for function, chosen in ((maximum, 1), (minimum, 2)):
        for v in values:
            v.zero_grad()
        out = function(*values)
        out.backward()
        assert out.data == values[chosen].data
        assert [v.grad for v in values] == [float(i == chosen) for i in range(4)]
    for function in (maximum, minimum):
        with pytest.raises(TypeError, match="takes two or more numbers"):
            function(1.0)


def test_where_takes_plain_conditions_and_values():
    x, y = Value(2.0), Value(3.0)
    assert where(x > y, x, y).data == 3.0
    assert where(x, x, y).data == 2.0
    assert where("nonempty", 1, 2) == 1.0


# Stable at any size


@pytest.mark.parametrize("x", [-1000.0, -40.0, -0.5, 0.0, 0.5, 40.0, 1000.0, 1e300])
def test_softplus_and_its_derivative_the_sigmoid(x):
    v = Value(x)
    y = softplus(v)
    y.backward()
    with context.workdps(50):
        exact = context.log1p(context.exp(real(max(x, -1e4)))) if x < 1e4 else real(x)
        slope = 1 / (1 + context.exp(-real(x)))
        assert abs(y.data - exact) <= 2 * math.ulp(float(exact))
        assert abs(v.grad - slope) <= max(1e-14 * slope, 5e-324)
    assert softplus(x) == y.data


def test_softplus_is_log_of_one_plus_exp_where_that_overflows():
    # JAX's users meet it as log(1 + exp(100)) in single precision; double overflows at 710.
    with pytest.raises(OverflowError):
        log(1 + exp(Value(1000.0)))
    x = Value(100.0)
    naive = log(1 + exp(x))
    naive.backward()
    assert (naive.data, x.grad) == (100.0, 1.0)
    assert softplus(100.0) == 100.0


LOGITS = [
    [1000.0, -1000.0],
    [-1000.0, -1000.0, -1000.0],
    [1000.0, 1000.0, 999.0],
    [0.3],
    [0.1, -0.7, 2.5],
    [1e308, -1e308],
]


@pytest.mark.parametrize("logits", LOGITS, ids=str)
def test_logsumexp_and_softmax_at_any_size(logits):
    values = [Value(x) for x in logits]
    with context.workdps(700):
        powers = [context.exp(real(x) - max(logits)) for x in logits]
        exact = max(logits) + context.log(sum(powers))
        shares = [power / sum(powers) for power in powers]
        total = logsumexp(values)
        total.backward()
        assert abs(total.data - exact) <= 4 * math.ulp(float(exact))
        for v, share in zip(values, shares, strict=True):
            assert abs(v.grad - share) <= 1e-15
        for i, (probability, share) in enumerate(zip(softmax(values), shares, strict=True)):
            assert abs(probability.data - share) <= 1e-15
            for v in values:
                v.zero_grad()
            probability.backward()
            for j, v in enumerate(values):
                slope = shares[i] * ((i == j) - shares[j])
                assert abs(v.grad - slope) <= 1e-15
    assert logsumexp(logits) == total.data
    assert math.isclose(sum(softmax(logits)), 1.0, rel_tol=1e-15)


@pytest.mark.parametrize("function", [logsumexp, softmax])
def test_sequences_must_not_be_empty(function):
    with pytest.raises(ValueError, match=f"{function.__name__} of an empty sequence"):
        function([])


@pytest.mark.parametrize("values", [[math.nan, 1000.0], [1000.0, math.nan]])
def test_nan_among_logits_is_nan_in_the_result(values):
    assert math.isnan(logsumexp(values))
    assert all(map(math.isnan, softmax(values)))


def test_infinite_logits():
    assert logsumexp([math.inf, 1000.0]) == math.inf
    assert logsumexp([-math.inf, 3.0]) == 3.0
    assert softmax([-math.inf, 3.0]) == [0.0, 1.0]


@pytest.mark.parametrize(("x", "expected"), [(1000.0, 1.0), (-1000.0, -1.0)])
def test_tanh_is_flat_far_out(x, expected):
    v = Value(x)
    y = tanh(v)
    y.backward()
    assert (y.data, v.grad) == (expected, 0.0)


def test_generators_are_sequences_too():
    numbers = [0.5, -1.0, 2.0]
    assert logsumexp(Value(x) for x in numbers).data == logsumexp(numbers)
    assert [p.data for p in softmax(Value(x) for x in numbers)] == softmax(numbers)


# Primitives of users


def test_one_row_is_all_a_new_primitive_needs(scratch_table):
    swish = primitive(
        "swish_once",
        "x / (1 + exp(-k * x))",
        "out / x + k * out * (1 - out / x) if x else 0.5",
        "out * (x - out)",
        arguments=("x", "k"),
        samples=[(0.7, 1.5), (-2.0, 0.5)],
        rule="quotient rule",
    )
    row = TABLE[OPCODES["swish_once"]]
    x, k = Value(0.7), Value(1.5)

    # Callable on numbers and Values, and a method.
    assert swish(0.7, 1.5) == swish(x, k).data == x.swish_once(k).data
    assert FUNCTIONS["swish_once"] is swish
    assert swish(x, 1).op == "swish_once"

    # Differentiable.
    swish(x, k).backward()
    for i, v in enumerate((x, k)):
        slope = derivative(lambda x, k: x / (1 + context.exp(-k * x)), (0.7, 1.5), i)
        assert math.isclose(v.grad, slope, rel_tol=1e-14)

    # Drawn, and part of the reference.
    assert "swish_once" in draw(swish(x, k)).source
    assert f"`{row.value}` | ∂/∂x = `{row.partials[0]}`" in primitives_page()
    assert "def swish_once(x: float, k: float, /) -> float:" in functions_stub()

    # Tested by the loop over the table.
    for sample in row.samples:
        check_at(row, sample)

    # Part of what further primitives are written in.
    primitive("twice_swish", "2 * swish_once(x, 1)", "2 * (swish_once(x, 1) / x + "
              "swish_once(x, 1) * (1 - swish_once(x, 1) / x))", samples=[(0.7,)])  # fmt: skip
    check_at(TABLE[OPCODES["twice_swish"]], (0.3,))


def test_the_loop_over_the_table_would_notice_a_wrong_row(scratch_table):
    primitive("nearly", "x * x", "2 * x + 1e-9", samples=[(0.5,)])
    with pytest.raises(AssertionError):
        check_at(TABLE[OPCODES["nearly"]], (0.5,))


@pytest.mark.parametrize(
    ("name", "value", "partials", "options", "message"),
    [
        ("exp", "x", ["1"], {}, "the name is taken"),
        ("data", "x", ["1"], {}, "the name is taken"),
        ("abs", "x", ["1"], {}, "the name is taken"),
        ("my row", "x", ["1"], {}, "public identifier"),
        ("_hidden", "x", ["1"], {}, "public identifier"),
        ("lambda", "x", ["1"], {}, "public identifier"),
        ("ValueError", "x", ["1"], {}, "public identifier"),
        ("pi", "x", ["1"], {}, "public identifier"),
        ("bad", "x", [], {"arguments": ("x",)}, "1 arguments"),
        ("bad", "x", ["1"], {"arguments": ("x", "y")}, "need as many partials, got 1"),
        ("bad", "x + x", ["1", "1"], {"arguments": ("x", "x")}, "different identifiers"),
        ("bad", "exp(exp)", ["1"], {"arguments": ("exp",)}, "different identifiers"),
        ("bad", "out", ["1"], {"arguments": ("out",)}, "different identifiers"),
        ("bad", "x", ["1"], {"arguments": ("x y",)}, "different identifiers"),
        ("bad", "x", ["1"], {"samples": []}, "at least one sample is needed"),
        ("bad", "x", ["1"], {"samples": [(1.0, 2.0)]}, "samples must be tuples of 1"),
        ("bad", "x.real", ["1"], {}, "Attribute is not part of an expression"),
        ("bad", "x", ["y"], {}, "unknown name 'y'"),
        ("bad", "gamma(x)", ["1"], {}, "unknown function 'gamma'"),
        ("bad", "x", ["1"], {"domain": "x >"}, "domain 'x >'"),
        ("bad", "x * x", ["x"], {}, r"at x = 0\.5 the partial by x, x, gives 0\.5, but"),
        ("bad", "x * x", ["-2 * x"], {}, r"the partial by x, -2 \* x, gives -1\.0, but"),
        ("bad", "log(x)", ["1 / x"], {"samples": [(-1.0,)]}, r"at the sample x = -1\.0"),
    ],
)
def test_a_bad_row_is_refused_by_name_and_changes_nothing(name, value, partials, options, message):
    before = list(TABLE)
    with pytest.raises(ValueError, match=f"primitive '{name}': .*{message}"):
        primitive(name, value, *partials, **{"samples": [(0.5,)], **options})
    assert before == TABLE
    assert "bad" not in OPCODES


def test_nested_functions_of_floats_and_values_mix():
    x = Value(2.0)
    y = hypot(sqrt(x), cbrt(8.0)) * maximum(x, 1)
    y.backward()
    # √(x + 4) · x
    assert math.isclose(y.data, 2 * math.sqrt(6), rel_tol=1e-15)
    assert math.isclose(x.grad, math.sqrt(6) + 2 / (2 * math.sqrt(6)), rel_tol=1e-15)
