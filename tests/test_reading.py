"""Mathematics as people write it: what it is read as, what is refused, and that what is printed
can be typed back.
"""

import ast
import html
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_scalar import Value, derive, explain, read_math, sigmoid
from autograd_scalar.algebra.trees import applied, bottom_up, call, key, name, names_in, number
from autograd_scalar.engine.functions import FUNCTIONS
from autograd_scalar.notation.cursor import DEEPEST
from autograd_scalar.notation.labels import latex_label, plain_label, unicode_label
from autograd_scalar.notation.meanings import advice
from autograd_scalar.notation.reading import read
from autograd_scalar.notation.scanning import LONGEST, ReadingError, name_in
from autograd_scalar.notation.typeset import Latex, Plain, Typesetter
from autograd_scalar.table.registry import TABLE

NOTATIONS = [Typesetter(17), Plain(17), Latex(17)]
NOTATION_IDS = ["text", "ascii", "latex"]
#: The table as it comes, without what other tests add to it.
# Comparisons are no part of an expression.
ROWS = [row for row in TABLE if row.name in FUNCTIONS or (row.operator and not row.is_question)]


def expression(text, names=()):
    """The tree that a text of one expression is read as."""
    [statement] = read(text, FUNCTIONS, names)
    assert statement.name == ""
    return statement.tree


def python(text, names=()):
    return ast.unparse(expression(text, names))


def refusal(text, names=()):
    with pytest.raises(ReadingError) as caught:
        read(text, FUNCTIONS, names)
    return caught.value


# What is read


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        # products without a sign
        ("2x", "2*x"),
        ("3(x+1)", "3*(x+1)"),
        ("(x+1)(x-1)", "(x+1)*(x-1)"),
        ("(x+1)y", "(x+1)*y"),
        ("2 x y", "2*x*y"),
        ("x sin(x)", "x*sin(x)"),
        ("sin(x)cos(x)", "sin(x)*cos(x)"),
        ("2sin(x)", "2*sin(x)"),
        ("2(3)", "2*3"),
        ("-2x", "-2*x"),
        ("½x", "1/2*x"),
        ("2π", "2*pi"),
        ("π(x+1)", "pi*(x+1)"),
        ("2x/3", "2*x/3"),
        ("x²y", "x**2*y"),
        ("3x^2 y", "3*x**2*y"),
        ("x2", "x2"),
        ("xy", "xy"),
        # powers
        ("x^2", "x**2"),
        ("-x^2", "-x**2"),
        ("2^x^2", "2**x**2"),
        ("2^-x", "2**-x"),
        ("x²", "x**2"),
        ("x⁻²", "x**-2"),
        ("x^{n-1}", "x**(n-1)"),
        ("x^(2)", "x**2"),
        ("xⁿ⁺¹", "x**(n+1)"),
        ("(x + 1)²", "(x+1)**2"),
        ("x^(1/2)", "x**(1/2)"),
        ("x¹/2", "x**1/2"),
        # e and π
        ("e^x", "exp(x)"),
        ("e**x", "exp(x)"),
        ("e^-x", "exp(-x)"),
        ("e^-x^2", "exp(-x**2)"),
        ("e^x^2", "exp(x**2)"),
        ("e⁻ˣ", "exp(-x)"),
        ("e^x/2", "exp(x)/2"),
        ("2e^x", "2*exp(x)"),
        ("e", "exp(1)"),
        ("2e - 3", "2*exp(1) - 3"),
        ("(e)^x", "exp(1)**x"),
        ("2e-3", "0.002"),
        ("π", "pi"),
        ("∞", "inf"),
        # bars and brackets
        ("|x-1|", "abs(x-1)"),
        ("||x|-1|", "abs(abs(x)-1)"),
        ("|x-|y||", "abs(x-abs(y))"),
        ("|x|·|y|", "abs(x)*abs(y)"),
        ("2|x|²", "2*abs(x)**2"),
        ("|x|/x", "abs(x)/x"),
        ("[x+1]{x-1}", "(x+1)*(x-1)"),
        ("exp[2x]", "exp(2*x)"),
        ("⌊x⌋ + ⌈x⌉", "floor(x) + ceil(x)"),
        ("⌊x/y⌋", "x//y"),
        ("⌊(x/y)⌋", "floor(x/y)"),
        ("{2x if x > 0; −1 if x < −1; else 0}", "2*x if x > 0 else -1 if x < -1 else 0"),
        ("{1 if x ≠ 0; else 0}", "1 if x else 0"),
        ("{1 if x = 0; else 0}", "1 if not x else 0"),
        ("x if 0 ≤ x < 3 else -x", "x if 0 <= x < 3 else -x"),
        # functions
        ("ln x", "log(x)"),
        ("ln(x)", "log(x)"),
        ("log(x)", "log(x)"),
        ("log(x, 2)", "log(x, 2)"),
        ("log_2(x)", "log2(x)"),
        ("log₁₀(x)", "log10(x)"),
        ("log_{10} x", "log10(x)"),
        ("log₃(x)", "log(x, 3)"),
        ("log_b(x)", "log(x, b)"),
        ("sin x", "sin(x)"),
        ("sin 2x", "sin(2*x)"),
        ("sin 2π x", "sin(2*pi*x)"),
        ("sin x²", "sin(x**2)"),
        ("sin x cos x", "sin(x)*cos(x)"),
        ("sin x · cos x", "sin(x)*cos(x)"),
        ("sin x/cos x", "sin(x)/cos(x)"),
        ("sin x + 1", "sin(x) + 1"),
        ("x² sin 3x", "x**2*sin(3*x)"),
        ("sin^2(x)", "sin(x)**2"),
        ("sin^2 x", "sin(x)**2"),
        ("sin²x", "sin(x)**2"),
        ("sin(x)²", "sin(x)**2"),
        ("arcsin(x) + arccos(x) + arctan(x)", "asin(x) + acos(x) + atan(x)"),
        ("artanh(x) + arcsinh(x)", "atanh(x) + asinh(x)"),
        ("σ(z) + sigma(z) + sigmoid(z)", "sigmoid(z) + sigmoid(z) + sigmoid(z)"),
        ("σ + 1", "σ + 1"),
        ("ReLU(x) + relu(x)", "relu(x) + relu(x)"),
        ("max(x, 1,5) + min(x, y)", "maximum(x, 1, 5) + minimum(x, y)"),
        ("max(1,5)", "maximum(1, 5)"),
        ("√x", "sqrt(x)"),
        ("√(x+1)", "sqrt(x+1)"),
        ("2√x · y", "2*sqrt(x)*y"),
        ("∛x", "cbrt(x)"),
        # numbers
        ("1,5", "1.5"),
        ("(1,5)x", "1.5*x"),
        ("0,125", "0.125"),
        ("1.5·10⁻⁹", "1.5e-9"),
        ("x·1.5·10⁻⁹", "x*1.5e-9"),
        ("-2·10³", "-2000.0"),
        ("3/2·10²", "3/2*10**2"),
        ("0xff + 1_000", "255 + 1000"),
        # signs as they are typeset and typed
        ("a × b ÷ c : d ⋅ f", "a*b/c/d*f"),
        ("x − y – z", "x - y - z"),
        ("+x", "+x"),
        ("a · b/c", "a*(b/c)"),
        ("a·b/c", "a*b/c"),
        ("a/b · c/d", "a/b*(c/d)"),
        ("1/2·x", "1/2*x"),
        ("x mod 3", "x % 3"),
        ("x\u2009+\u00a01", "x + 1"),
        ("(x\n + 1)  # more", "x + 1"),
        ("αβ + θ_1", "αβ + θ_1"),
        # LaTeX
        (r"\frac{1}{1+e^{-z}}", "1/(1 + exp(-z))"),
        (r"\left( \frac{a}{b} \right)^{2} \cdot \sqrt{x}", "(a/b)**2*sqrt(x)"),
        (r"\sqrt[3]{x} + \sqrt[n]{x}", "cbrt(x) + x**(1/n)"),
        (r"\sigma(z) \times \ln\left(x\right)", "sigmoid(z)*log(x)"),
        (r"\sin^{2} x + \log_{10} x", "sin(x)**2 + log10(x)"),
        (r"2\pi\,r", "2*pi*r"),
        (r"$x^2$", "x**2"),
        (r"\[ x \le 1 \]", "x <= 1"),
        (r"1{,}5", "1.5"),
        (r"\left| x \right| \operatorname{ReLU}(x)", None),
        (r"\left| x \right| \cdot \operatorname{ReLU}(x)", "abs(x)*relu(x)"),
        (
            r"\begin{cases} 2x & \text{for } x \gt 0 \\ -1 & \text{otherwise} \end{cases}",
            "2*x if x > 0 else -1",
        ),
    ],
)  # fmt: skip
def test_is_read_as_what_is_meant(written, meant):
    if meant is None:
        assert "look alike" in refusal(written).message
    else:
        assert key(expression(written)) == key(ast.parse(meant, mode="eval").body) or (
            python(written) == ast.unparse(ast.parse(meant))
        )


@pytest.mark.parametrize(
    "text",
    [
        *("-x**2", "2**-x", "2**x**2", "x - 1 - 2", "x / 2 / 2", "7 // x % 2", "-7 % x", "-x // 2"),
        *("-(-x)", "x + 0x1f + 1_000 + 1e-3 + .5 + 1.", "pow(x, 3)", "abs(-x)", "x*-y", "--x"),
        *("hypot(x, exp(y))", "x if y < 0 < x else y", "1 if x >= y else 2 if not y else 3"),
        *("x ** -y ** 2", "a*b/c*d", "x % y * z", "(x)", "where(x, y, z)"),
    ],
)
def test_python_keeps_its_meaning(text):
    assert key(expression(text)) == key(ast.parse(text, mode="eval").body)


def test_steps_and_functions():
    found = read("f(x) := x² + 1; a = f(2)\nσ(z) = z; y_1 = σ(a)", FUNCTIONS)
    assert [(each.name, each.arguments) for each in found] == [
        ("f", ("x",)),
        ("a", None),
        ("σ", ("z",)),
        ("y_1", None),
    ]
    assert ast.unparse(found[-1].tree) == "σ(a)"
    assert (found[2].line, found[2].column) == (2, 0)


def test_names_that_are_defined_are_names():
    assert python("e*x", ["e"]) == "e * x"
    assert python("2e", ["e"]) == "2 * e"
    [first, last] = read("e = 3; e^x", FUNCTIONS)
    assert (first.name, ast.unparse(last.tree)) == ("e", "e ** x")
    [definition] = read("f(e) = e^2", FUNCTIONS)
    assert ast.unparse(definition.tree) == "e ** 2"
    assert python("sigma*x + max", ["max"]) == "sigma * x + max"


# What is refused: the mark ‸ stands before the character under which the caret is.


@pytest.mark.parametrize(
    ("marked", "says"),
    [
        ("1/2‸x", r"\(1/2\)\*x or 1/\(2\*x\)"),
        ("x/2‸(y+1)", r"\(x/2\)\*\(y\+1\) or x/\(2\*\(y\+1\)\)"),
        ("x‸^1/2", r"x/2.*x\^\(1/2\)"),
        ("e^2‸x", r"\^\(2\*x\) or \^2\*x"),
        ("x^2‸(y+1)", "exponent"),
        ("e‸⁻ˣ²", "power in a power"),
        ("√2‸x", r"√\(2\)\*x or √\(2\*x\)"),
        ("√x‸²", "two readings"),
        ("x²‸^3", "brackets"),
        ("‸³√x", r"cube root is cbrt\(x\)"),
        ("sin‸^-1 x", r"arcsin\(x\) or 1/sin\(x\)"),
        ("sin‸⁻¹(x)", r"arcsin\(x\) or 1/sin\(x\)"),
        ("exp‸^-1(x)", r"write 1/exp\(x\)"),
        ("sin‸^x(y)", r"\(sin\(…\)\)\^"),
        ("f(x) = x; f‸²(3)", r"\(f\(…\)\)\^… or f\(f\(…\)\)"),
        ("sin x ‸· y", r"sin\(x\)·y or sin\(x·y\)"),
        ("sin x‸/2", r"sin\(x\)/2 or sin\(x/2\)"),
        ("sin x ‸y", r"sin\(x\)\*y or sin\(x\*y\)"),
        ("‸sin -x", r"write sin\(\.\.\.\)"),
        ("2*‸exp", r"write exp\(\.\.\.\)"),
        ("‸sinx", r"write sin\(x\)"),
        ("‸πr²", r"write π\*r"),
        ("|x|‸y", r"write \*y, or abs\(x\)"),
        ("|2|‸x||", r"write \*x, or abs\(x\)"),
        ("‸|x", "never closed"),
        ("‸x(x+1)", r"unknown function 'x' \(to multiply, write x\*"),
        ("‸sine(x)", "there is sin"),
        ("‸cot(x)", r"1/tan\(x\)"),
        ("‸lg(x)", r"log10\(x\) or log2\(x\)"),
        ("x ‸2", r"\*2 for a product, \^2 for a power"),
        ("(x+1)‸2", r"\*2 for a product, \^2 for a power"),
        ("2 ‸3", r"a product 2\*3"),
        ("1 ‸000", "without a gap"),
        ("2‸½", r"2 \+ 1/2 or 2\*\(1/2\)"),
        ("‸1,234", "1.234 or 1234"),
        ("‸1,5,3", "commas"),
        ("1‸, 5", "1.5"),
        ("sin(1‸,5)", r"sin\(1.5\)"),
        ("log(1‸,5)", r"log\(1.5\), or log\(1, 5\)"),
        ("max(1,5‸; 2)", "comma"),
        ("‸2e−3", "2e-3.*or 2\\*e - 3"),
        ("x mod 3 ‸· 2", "brackets"),
        ("x·y ‸mod 3", "brackets"),
        ("‸f'(x)", "derivative"),
        ("‸x′ + 1", "derivative.*x_1"),
        ("‸∂E/∂w", "worked out"),
        ("d‸/dx x²", "derivative"),
        ("‸Σ_i x", "sum"),
        ("d‸/dt", None),
        ("dy‸/dx", "derivative"),
        (r"‸\frac{dy}{dx}", "derivative"),
        (r"\frac{‸\partial E}{\partial w}", "worked out"),
        (r"x + ‸\dots", "left out"),
        (r"‸\sum_i x", "terms"),
        ("x^{2}‸_{1}", "index first"),
        ("sin(30‸°)", "radians"),
        ("n‸!", "factorial"),
        ("x + ‸… + y", "left out"),
        ("x ‸≈ 2", "few digits"),
        ("x ‸== 2", "comparisons"),
        ("x ‸and y", "comparisons"),
        ("‸lambda + 1", "reserved word: take another name, such as lambda_"),
        (r"\frac‸12", "braces"),
        (r"‸\int x", None),
        (r"x \text‸{or so}", None),
        ("x‸.y", "no prefix"),
        ("x ‸? y", "no part"),
        ("x + ‸\x1b", r"can't contain the character '\\x1b'"),
        ("x + ‸(y", "never closed"),
        ("(x + y‸]", r"closed by \), not by \]"),
        ("x‸)", "unmatched"),
        ("x +‸", "missing after"),
        ("‸* x", "missing before"),
        ("x = ‸", "missing after|empty"),
        ("‸x + 1 = 2", "steps are written name = expression"),
        ("‸w_{{}}", None),
    ],
)  # fmt: skip
def test_what_has_two_readings_or_none_is_refused_with_its_place(marked, says):
    before, mark, after = marked.partition("‸")
    assert mark
    error = refusal(before + after)
    if says is not None:
        assert re.search(says, error.message)
        assert (error.line, error.column) == (1, len(before))
    assert str(error).startswith(f"{error.message}\n")
    assert str(error).endswith("^")


def test_known_names_decide_what_is_a_product():
    assert python("x(2)", ["x"]) == "x * 2"
    assert "unknown function 'x'" in refusal("x(2)").message
    assert "x is a name, and no function: to multiply, write x*[…]" in refusal("x[2]").message
    assert "σ has a value here, and is a function too" in refusal("σ(2)", ["σ"]).message


def test_the_line_at_fault_is_shown():
    error = refusal("a = x\nb = 1/2x")
    assert (error.source, error.line, error.column) == ("b = 1/2x", 2, 7)


def test_advice_for_names_without_a_value():
    assert advice("xy", ["x", "y"], FUNCTIONS) == "x*y"
    assert advice("sinx", ["x"], FUNCTIONS) == "sin(x)"
    assert advice("sin2", [], FUNCTIONS) == "sin(2)"
    assert advice("net", ["x"], FUNCTIONS) == ""


# Names


LABELS = [
    *("x", "w31", "w_31", "w_{12}^{(2)}", "h_1^(3)", "net_{d1}", "out_{d_1}", r"\hat{y}_k"),
    *(r"\delta_1", "sigma_k", "σ", "a^[2]", "a^(L-1)", "z_k^(1)", "b'_1", "sigma_total", "値"),
    *("a_j^{(L)}", "w_{jk}^{(L)}", "theta", "target_{d_1}", "h_{i,j}", "λ_2"),
]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    "write",
    [str, unicode_label, lambda label: unicode_label(label, small=False), latex_label],
    ids=["as typed", "small", "text", "latex"],
)
def test_a_label_that_is_printed_is_read_as_the_same(label, write):
    printed = write(label)
    assert key(expression(f"2·{printed} + 1", [label])) == key(
        expression(f"2·{label} + 1", [label])
    )
    assert expression(printed, [label]).id == label


@pytest.mark.parametrize("label", [each for each in LABELS if "'" not in each and "[" not in each])
@pytest.mark.parametrize("write", [unicode_label, latex_label], ids=["text", "latex"])
def test_a_label_that_nobody_declared_is_typeset_as_it_was_typed(label, write):
    printed = write(label)
    if printed == "a^(L-1)":
        printed = "a^{(L-1)}"  # without braces it is a power
    read_label = expression(printed).id
    assert unicode_label(read_label) == unicode_label(label)


def test_labels_in_ascii_are_read_with_their_names_known():
    for label in ("w_{12}^{(2)}", "net_{d1}", "theta_1", "x"):
        assert expression(plain_label(label), [label]).id == label


def test_a_power_of_a_label_is_no_part_of_it():
    assert python("w₁₁⁽¹⁾²") == "w_11^{(1)} ** 2"
    assert python("w_1^2") == "w_1 ** 2"
    assert python("a^(2)") == "a ** 2"
    assert python("a^(2)", ["a^(2)"]) == "a^(2)"


def test_two_names_that_look_alike_are_told_apart_as_typed():
    assert python("w1 + w_1", ["w1", "w_1"]) == "w1 + w_1"
    assert "w1 or w_1" in refusal("w₁", ["w1", "w_1"]).message
    assert name_in("w₁₁") == "w_11"


# What is printed can be typed back


@pytest.mark.parametrize("write", NOTATIONS, ids=NOTATION_IDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_of_the_table_can_be_typed_back(row, write):
    operands = [name(each) for each in row.arguments]
    tree = applied(row, operands)
    if row.name == "abs":
        tree = call("abs", *operands)
    # A row that is written out is read as what is written.
    expected = row.spelled(row.written) if row.written else tree
    assert key(expression(write(tree))) == key(expected)


NUMBERS = st.one_of(
    st.integers(0, 12),
    st.floats(0, allow_nan=False, allow_infinity=False).filter(lambda x: x not in (10.0,)),
    st.floats(0.01, 100),
)
NAMES = ["x", "y", "w_{11}^{(1)}", "h_k", "net_{d1}", "alpha", r"\hat{y}_1", "a2"]
UNARY = [
    "exp",
    "log",
    "sqrt",
    "cbrt",
    "abs",
    "sin",
    "tanh",
    "asin",
    "relu",
    "floor",
    "ceil",
    "log2",
]
LEAVES = st.one_of(NUMBERS.map(number), st.sampled_from(NAMES).map(name), st.just(name("pi")))


def conditions(inner):
    compared = st.sampled_from([ast.Lt, ast.LtE, ast.Gt, ast.GtE])
    return st.builds(lambda a, op, b: ast.Compare(a, [op()], [b]), inner, compared, inner)


def operations(inner):
    binary = [ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.FloorDiv, ast.Mod]
    return st.one_of(
        st.builds(lambda a, op, b: ast.BinOp(a, op(), b), inner, st.sampled_from(binary), inner),
        st.builds(
            lambda a, op, b: ast.BinOp(a, op(), b), inner, st.sampled_from(binary[:4]), inner
        ),
        st.builds(lambda a: ast.UnaryOp(ast.USub(), a), inner),
        st.builds(call, st.sampled_from(UNARY), inner),
        st.builds(lambda a, b: call("maximum", a, b), inner, inner),
        st.builds(lambda c, a, b: ast.IfExp(c, a, b), conditions(inner), inner, inner),
    )


TREES = st.recursive(LEAVES, operations, max_leaves=12)


def as_printed(tree):
    """The tree as its printed form has it: signs at the first factor, products from the left."""
    match tree:
        case ast.UnaryOp(operand=operand):
            return negated(as_printed(operand))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            product = as_printed(left)
            for factor in factors(as_printed(right)):
                product = ast.BinOp(product, ast.Mult(), factor)
            return product
        case ast.BinOp(left=left, op=ast.Add(), right=ast.UnaryOp(operand=operand)) if not (
            is_number(operand)
        ):
            return ast.BinOp(as_printed(left), ast.Sub(), as_printed(operand))
        case ast.BinOp(left=left, op=op, right=right):
            return ast.BinOp(as_printed(left), op, as_printed(right))
        case ast.Call(func=func, args=arguments):
            return ast.Call(func, [as_printed(each) for each in arguments], [])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return ast.IfExp(as_printed(test), as_printed(body), as_printed(orelse))
        case ast.Compare(left=left, ops=ops, comparators=[other]):
            return ast.Compare(as_printed(left), ops, [as_printed(other)])
    return tree


def is_number(tree):
    return isinstance(tree, ast.Constant) or (
        isinstance(tree, ast.UnaryOp) and is_number(tree.operand)
    )


def in_floats(tree):
    """Equal for trees that are written alike, as 2 and 2.0 are."""
    return re.sub(
        r"Constant\(value=([^()]*)\)", lambda match: f"Constant({float(match[1])!r})", key(tree)
    )


def factors(tree):
    match tree:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return [*factors(left), right]
    return [tree]


def negated(tree):
    match tree:
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            return ast.BinOp(negated(left), op, right)
    return ast.UnaryOp(ast.USub(), tree)


@pytest.mark.parametrize("write", NOTATIONS, ids=NOTATION_IDS)
@settings(max_examples=200, deadline=None)
@given(tree=TREES)
def test_every_expression_that_is_printed_can_be_typed_back(write, tree):
    printed = write(tree)
    assert in_floats(as_printed(expression(printed, NAMES))) == in_floats(as_printed(tree)), printed


PAGE = (Path(__file__).parents[1] / "docs" / "explanations.md").read_text(encoding="utf-8")
#: What stands for something that is still to be worked out, or is left out.
_PENDING = re.compile(r"d/d|∂|′|…|\[")


def formulas_of(page):
    """What stands after = and ≈ in what a page quotes, put together where it is wrapped."""
    for block in re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        for i, line in enumerate(lines):
            match = re.match(r"( +)(?:\S+ )?[=≈] (.+)", line)
            if not match:
                continue
            formula = match[2]
            for further in lines[i + 1 :]:
                if not re.match(rf"{match[1]}  \S", further):
                    break
                formula += " " + further.strip()
            # The rule is in a column of its own.
            yield formula.partition("   ")[0]
        # Headings; one that is wrapped is left out.
        for heading in re.findall(r"^(?:\d+\. )?(\S+ = .*[^−+·(])$", block, re.MULTILINE):
            yield heading.partition("   ")[0]


FORMULAS = sorted({each for each in formulas_of(PAGE) if not _PENDING.search(each)})


def test_the_page_has_formulas():
    assert len(FORMULAS) > 60


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_formula_of_the_page_of_explanations_can_be_typed_back(formula):
    for side in re.split(r" [=≈] ", formula):
        assert_typed_back(side, Typesetter(), ["e"] if side == "e" else [])


def assert_typed_back(text, write, names=()):
    """What is read from a text is printed so that the same is read again."""
    functions = {*FUNCTIONS, *re.findall(r"\b([afy])(?=\(|\\left\()", text)}
    [first] = read(text, functions, names)
    [again] = read(write(first.tree), functions, names)
    assert in_floats(as_printed(again.tree)) == in_floats(as_printed(first.tree))


@pytest.mark.parametrize("write", NOTATIONS, ids=NOTATION_IDS)
@pytest.mark.parametrize(
    "source",
    [
        "x² sin 3x",
        "1/(1 + e^-x)",
        "sqrt(x**2 - 1)/(x + 1)",
        "log(1 + x**2)*exp(-x)/3e7",
        "x*abs(9 - x**2)",
        "atan2(x, 3) - x % 2 + 2|x|",
        "2^x e^x cbrt(x) log_2(x)",
    ],
)
def test_every_line_of_a_derivation_can_be_typed_back(source, write):
    lines = [
        line.tree
        for line in derive(source).lines
        if not any(isinstance(node, ast.Name) and node.id == "d" for node in ast.walk(line.tree))
    ]
    assert lines
    for tree in lines:
        assert_typed_back(write(tree), write)


def test_the_formulas_of_an_explanation_can_be_typed_back_under_its_labels():
    w, x, y = Value(0.4, "w_{11}^{(1)}"), Value(1.5, "x_1"), Value(1.0, "target_{d_1}")
    out = sigmoid(w * x)
    out.label = "out_{d_1}"
    error = 0.5 * (y - out) ** 2
    error.label = "E"
    names = ["w_{11}^{(1)}", "x_1", "target_{d_1}", "out_{d_1}", "E"]
    explanation = explain(error, wrt=w)
    assert explanation.factors
    for factor in explanation.factors:
        read_back = expression(factor.formula, names)
        assert names_in(read_back).keys() <= {*names}


# The page that documents it

COMMAND_LINE = (Path(__file__).parents[1] / "docs" / "command-line.md").read_text(encoding="utf-8")


def documented(heading):
    """The code in the first column of the table under a heading."""
    table = COMMAND_LINE.partition(heading)[2].lstrip().partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[1:] if line.startswith("|")]
    pattern = r"`([^`]+)`|<code>(.+?)</code>"
    found = [
        code or html.unescape(marked)
        for cell in cells
        for code, marked in re.findall(pattern, cell)
    ]
    return [each for each in found if re.search(r"[a-z0-9]", each)]


@pytest.mark.parametrize("text", documented("| written | could be |"))
def test_what_the_page_calls_unclear_is_refused(text):
    refusal(text)


@pytest.mark.parametrize("text", documented("| written | read as |"))
def test_what_the_page_says_is_read_is_read(text):
    if text.isalpha() and text in ("arcsin", "artanh", "max", "min", "ReLU"):
        text = f"{text}(x, y)" if text.startswith("m") else f"{text}(x)"
    if text not in (r"\cdot", r"\left( \right)", r"\begin{cases}"):
        read(text, FUNCTIONS)


# Whatever is typed

FRAGMENTS = [*"xyeσ値0129.,+-*/%^()[]{};:=<>!~&|@#$?'\"\\ \n\t\0_·−²³⁻ⁿˣ₁ₙ√∛π∞≤≠½×÷∂Σ…′⌊⌋⁽⁾", "**"]
FRAGMENTS += ["exp(", "sin ", "ln ", "log_", "max(", "f(x) = ", "y = ", "1e308", "e^", "9" * 5000]
FRAGMENTS += [
    " if ",
    " else ",
    "not ",
    "lambda",
    " mod ",
    "\\frac{",
    "\\sqrt",
    "\\left(",
    "\\right)",
]
FRAGMENTS += [
    "\\begin{cases}",
    "\\end{cases}",
    "\\text{for }",
    "\\cdot ",
    "\\sigma",
    "\\hat{y}",
    "_{",
]
FRAGMENTS += ["^{(1)}", "_{11}", "\\mathrm{", "{,}", "·10⁻⁹", "\u2062", "\ufeff", "\ud800", "0x"]


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.text(st.characters(codec=None, categories=None)),
        st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join),
    ),
    st.sampled_from([(), ("x",), ("x", "w_{11}", "e", "x^(2)", "σ")]),
)
def test_any_text_is_read_or_refused_with_its_place(text, names):
    try:
        statements = read(text, FUNCTIONS, names)
    except ReadingError as refused:
        error = refused
    else:
        for statement in statements:
            for node in bottom_up(statement.tree):
                assert 1 <= node.lineno <= text.count("\n") + 1
        return
    assert error.message
    assert 1 <= error.line <= text.count("\n") + 1
    assert 0 <= error.column <= len(error.source)
    assert str(error)


def test_mathematics_in_the_spelling_of_python():
    assert read_math("f(t) = 2t²; a = f(3)|x|; a/√2") == (
        "f(t) = 2 * t ** 2; a = f(3) * abs(x); a / sqrt(2)"
    )
    assert read_math("e x", names=["e"]) == "e * x"
    assert read_math("+".join("x" * 50)).count("x") == 50


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("1e999", "too large"),
        ("+".join("x" * 5000), "too many terms"),
        ("f(x) = f(x)", "unknown function 'f'"),
    ],
)
def test_what_can_not_be_spelled_in_python_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        read_math(text)


@pytest.mark.parametrize(
    "piece",
    [
        *("x", "2x", "x ", "x^", "x²", "²", "e^", "-", "√", "sin ", "sin x", "f(", "f(x)=x;", "a="),
        *(
            "1,5",
            "\\frac{",
            "\\sqrt[",
            "{",
            "\\text{",
            "\\mathrm{a",
            "$",
            "#",
            "w_",
            "w_{",
            "w₁",
            "₁",
        ),
        *(
            "x^{(1)}",
            "x'",
            "log_",
            "x mod ",
            "x if x else ",
            "not ",
            "{x if x;",
            "(",
            "|",
            "|x",
            "[x",
        ),
        *("\\begin{cases} x & for x \\\\", "1·10⁻⁹", "1/x", "x⁽", "x^(", "½", "max(1,", "x<", "aᵇ"),
    ],
)
def test_long_texts_are_read_or_refused(piece):
    text = (piece * LONGEST)[:6_000]
    try:
        said = str(len(read(text, FUNCTIONS, ["x", "w_{1}"])))
    except ReadingError as error:
        said = error.message
    assert 0 < len(said) < 600


def test_length_and_nesting_have_limits():
    assert "limit is 100,000" in refusal("x" * (LONGEST + 1)).message
    for opening, closing in (("(", ")"), ("|", "|"), ("exp(", ")"), ("-", ""), ("2^", "")):
        expression(opening * (DEEPEST - 5) + "x" + closing * (DEEPEST - 5))
        assert "nested" in refusal(opening * (DEEPEST + 1) + "x" + closing * (DEEPEST + 1)).message


def test_reading_in_a_deep_call_is_refused_and_no_crash():
    def deeper(n):
        return deeper(n - 1) if n else read("(" * 90 + "x" + ")" * 90, FUNCTIONS)

    with pytest.raises(ReadingError, match="nested"):
        deeper(600)
