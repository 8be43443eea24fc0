"""Answers that are checked: a right one is never called wrong, nor a wrong one right."""

import ast
import math
import random
import time

import pytest
from test_explain import labelled, neurons
from test_short import neuron

from autograd_scalar import (
    Check,
    Quiz,
    Value,
    check,
    derive,
    exp,
    explain,
    quiz,
    relu,
    sin,
    toposort,
)
from autograd_scalar.cli.command import main
from autograd_scalar.explaining.slips import Slips
from autograd_scalar.explaining.textbook import Work
from autograd_scalar.table.language import ExpressionError, parse

FUNCTIONS = [
    "(x**2 + 1)**3",
    "(5*x - 4)**6",
    "sqrt(x**2 + 1)",
    "exp(-2*x)",
    "3*exp(x**2)",
    "x**2*sin(x)",
    "sin(3*x)*cos(2*x)",
    "x/(x**2 + 4)",
    "1/(x**2 - 4*x + 5)",
    "sin(x)/(2 + cos(x))",
    "log(x**2 + 1)",
    "cos(x)**2",
    "2**x",
    "tanh(w*x + b)",
    "0.5*(t - 1/(1 + exp(-x)))**2",
    "7*x - 3 + x**5",
    "x**3/9 - sin(2*x)",
    "exp(sin(x**2))",
    "-(y*log(x**2 + 1) + (1 - y)*log(3 + x**2))",
    "abs(x - 1)*x",
    "maximum(x, 2*x + 1)",
]


def tree_of(source):
    return parse(source, {"x", "w", "b", "t", "y"}, {"exp", "sin", "cos", "log", "sqrt", "abs"})


def text(tree):
    return ast.unparse(ast.fix_missing_locations(tree))


# What is said


def test_the_inside_is_forgotten():
    found = check("3*(x**2+1)**2", derivative_of="(x**2+1)**3", wrt="x")
    assert isinstance(found, Check)
    assert not found
    assert (found.right, found.yours, found.derivative, found.point) == (False, 75, 300, {"x": 2})
    assert found.rule == "chain rule"
    lines = found.to_text(100).split("\n\n")
    assert lines[0].strip() == "At x = 2 yours gives 75, the derivative is 300."
    assert lines[1].strip().startswith("Missing: the inside’s derivative 2x (chain rule).")


@pytest.mark.parametrize(
    ("answer", "of", "rule", "says"),
    [
        # the inside's derivative, at any depth
        ("cos(3*x)", "sin(3*x)", "chain rule", "Missing: the inside’s derivative 3"),
        ("exp(sin(x**2))", "exp(sin(x**2))", "", "That is the expression itself"),
        ("exp(sin(x**2))*cos(x**2)", "exp(sin(x**2))", "chain rule", "derivative 2x"),
        ("1/(x**2 + 1)", "log(x**2 + 1)", "chain rule", "Missing: the inside’s derivative 2x"),
        ("1/(2*sqrt(x**2 - 1))", "sqrt(x**2 - 1)", "chain rule", "derivative 2x"),
        ("cos(2*x) - sin(3*x)", "sin(2*x) + cos(3*x)", "chain rule", "all insides"),
        ("cos(2*x)", "sin(x**2)", "chain rule", "does not go into it"),
        ("2*x*sin(x**2)", "sin(x**2)", "derivative of sin", "The outside stays as it was"),
        # products
        ("2*x*cos(x)", "x**2*sin(x)", "product rule", "not the product of the derivatives"),
        ("exp(x)*1", "x*exp(x)", "product rule", "not the product of the derivatives"),
        ("2*x*sin(x)", "x**2*sin(x)", "product rule", "One term of the product rule is missing"),
        ("2*x*sin(x) - x**2*cos(x)", "x**2*sin(x)", "product rule", "are added"),
        # quotients
        ("1/(2*x)", "x/(x**2 + 4)", "quotient rule", "not the quotient of the derivatives"),
        ("(x**2 - 4)/(x**2 + 4)**2", "x/(x**2 + 4)", "quotient rule", "The sign"),
        ("(3*x**2 + 4)/(x**2 + 4)**2", "x/(x**2 + 4)", "quotient rule", "is a minus"),
        ("4 - x**2", "x/(x**2 + 4)", "quotient rule", "Missing: the denominator, squared"),
        ("2*x/(x**2 + 1)**2", "1/(x**2 + 1)", "quotient rule", "The sign"),
        # e to a power is no power
        ("-exp(-2*x)", "exp(-x)", "exponential rule", "keeps its exponent"),
        ("-2*exp(-3*x)", "exp(-2*x)", "exponential rule", "keeps its exponent"),
        ("x*exp(x - 1)", "exp(x)", "exponential rule", "keeps its exponent"),
        ("exp(x - 1)", "exp(x)", "exponential rule", "keeps its exponent"),
        ("x*2**(x - 1)", "2**x", "exponential rule", "The exponent stays"),
        ("2**x", "2**x", "", "That is the expression itself"),
        ("3*2**(3*x)", "2**(3*x)", "exponential rule", "Missing: a factor ln(2)"),
        # constants
        ("0", "w*a", "constant factor rule", "a multiplies, so it stays"),
        ("1", "w*a", "constant factor rule", "a multiplies, so it stays"),
        ("w", "w*a", "constant factor rule", "a multiplies, so it stays"),
        ("a + 1", "w*a", "constant factor rule", "a multiplies, so it stays"),
        ("x**2", "7*x**3/7", "power rule", "as a factor"),
        ("3*x**2", "7*x**3", "constant factor rule", "7 multiplies, so it stays"),
        ("a + b", "w*a + b", "constant rule", "b is added and does not change"),
        ("2*x + 1", "x**2 + 5", "constant rule", "5 is added and does not change"),
        ("2*x", "x**2/3", "constant factor rule", "Dividing by 3 is a constant factor"),
        # powers
        ("3*x**3", "x**3", "power rule", "The exponent is not lowered"),
        ("x**2", "x**3", "power rule", "The exponent is missing as a factor"),
        ("x**4/4", "x**3", "power rule", "an integral"),
        ("-1*x**0", "x**-1", "power rule", "One less than −1 is −2"),
        # sums and signs
        ("5*x**4", "x**2 + x**5", "sum rule", "A term is missing: 2x"),
        ("2*x", "x**2 - x**5", "sum rule", "A term is missing: −5x⁴"),
        ("2*x + 5*x**4", "x**2 - x**5", "difference rule", "The minus sign"),
        ("sin(x)", "cos(x)", "derivative of cos", "−sin(u)·u′"),
        ("-cos(x)", "sin(x)", "derivative of sin", "cos(u)·u′"),
        ("t - a", "0.5*(t - a)**2", "chain rule", "derivative −1"),
        # what is no slip of a rule
        ("7*x", "7*x", "", "the expression itself"),
        ("0.33*x**2", "x**3/9", "", "A number in it is rounded"),
        ("5*x**2", "x**3", "", "1.667 times the derivative"),
        ("30*x*(5*x - 4)**5", "(5*x - 4)**6", "", "A factor x too many"),
        ("1/(1 + exp(-z))**2", "1/(1 + exp(-z))", "", "Missing: the factor e^(−z)"),
        ("2*x + cos(x)", "x**2 + exp(x)", "", "The first term that differs"),
        ("x**7", "(5*x - 4)**6", "", "It begins with the power rule and chain rule"),
    ],
)
def test_a_slip_is_named(answer, of, rule, says):
    variable = next(each for each in "xwaz" if each in of.replace("max", "").replace("exp", ""))
    variable = "a" if of == "0.5*(t - a)**2" else variable
    found = check(answer, of, variable)
    assert found.right is False
    assert found.rule == rule
    assert says in " ".join(found.text.split())
    assert not math.isclose(found.yours, found.derivative, rel_tol=1e-12)


def test_the_numbers_of_a_wrong_answer_are_what_they_are():
    for of in FUNCTIONS[::4]:
        found = check("x + 17", of, "x")
        assert not found
        assert found.yours == found.point["x"] + 17
        assert found.derivative == pytest.approx(derive(of, "x").at(**found.point), rel=1e-12)


# Never a right one wrong, never a wrong one right


@pytest.mark.parametrize("of", FUNCTIONS)
def test_no_slip_is_called_right(of):
    derivation = derive(of, "x")
    work = Work(derivation._tree, "x", [], {}, several=True)
    told = total = 0
    points = [{"x": x, "w": 0.7, "b": 0.2, "t": 0.4, "y": 0.3} for x in (0.3, 0.8, 1.7, 2.9)]
    slips = list(Slips(work.tree, "x", work.in_full))
    for slip in random.Random(of).sample(slips, min(5, len(slips))):
        found = check(text(slip.tree), of, "x")
        pairs = [(value(slip.tree, each), derivation.at(**each)) for each in points]
        is_right = all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in pairs)
        assert bool(found) is is_right, slip
        total += not is_right
        told += bool(found.rule or "itself" in found.text)
    assert told >= 0.95 * total


def value(tree, point):
    names = {**point, "__builtins__": {}}
    for label in ("exp", "sin", "cos", "log", "sqrt", "tanh"):
        names[label] = getattr(math, label)
    names |= {"abs": abs, "maximum": max}
    try:
        found = eval(text(tree), names)  # what the tests made themselves
    except (ArithmeticError, ValueError):
        return math.nan
    return math.nan if isinstance(found, complex) else float(found)


REWRITINGS = [
    lambda s: f"({s}) * 1",
    lambda s: f"0 + ({s}) - 0",
    lambda s: f"({s}) + x*x - x**2",
    lambda s: f"2*({s}) - ({s})",
    lambda s: f"({s})*(x**2 + 3)/(3 + x*x)",
    lambda s: f"-(-({s}))",
    lambda s: f"({s})*(sin(x)**2 + cos(x)**2)",
    lambda s: f"({s})/2/0.5",
    lambda s: f"({s})*exp(x)*exp(-x)",
    lambda s: f"(({s})*3 + ({s})*5)/8",
    lambda s: f"({s}) + log(exp(x)) - x",
]


def right_forms(of):
    """The derivative in the forms it goes through, and those rewritten at random."""
    lines = derive(of, "x").lines
    rng = random.Random(of)
    for line in lines:
        if "d(" in line.formula or "f(" in line.formula or "·(" in line.formula:
            continue
        form = line.formula
        yield form
        for _ in range(3):
            for _ in range(rng.randint(1, 3)):
                form = rng.choice(REWRITINGS)(form)
            yield form
            form = line.formula


@pytest.mark.parametrize("of", FUNCTIONS[::2])
def test_a_right_answer_in_any_form_is_right(of):
    forms = list(right_forms(of))
    for form in random.Random(of).sample(forms, 3):
        assert check(form, of, "x"), form


@pytest.mark.parametrize("of", FUNCTIONS[1::2])
def test_an_answer_that_is_nearly_right_is_wrong(of):
    right = next(right_forms(of))
    answers = (
        f"({right})*1.000001",
        f"({right}) + 0.000001",
        f"({right}) + x*0.000001",
        f"-({right})",
        f"({right})/(1 + exp(-40 - x**2))/(1 + 0.0000001)",
        f"({right}) + relu(x - 2.5)",
        f"({right}) + relu(-x - 3)",
        f"abs({right}) + 1",
    )
    for wrong in random.Random(of).sample(answers, 3):
        assert not check(wrong, of, "x"), wrong


def test_other_names_are_refused_with_those_there_are():
    with pytest.raises(ExpressionError, match="the answer has k in it, but the names here are x"):
        check("2*k*x", "x**2")
    with pytest.raises(ValueError, match="say which one"):
        check("x", "w*x")
    with pytest.raises(TypeError, match="takes an expression"):
        check("x", 3)
    with pytest.raises(TypeError, match="an answer is text or a number"):
        check(Value(1.0), "x**2")


@pytest.mark.parametrize(
    "text_",
    [
        "__import__('os').system('true')",
        "(lambda: 1)()",
        "open('x')",
        "x.__class__",
        "[x for x in x]",
        "'a'*10**9",
        "(" * 500 + "x" + ")" * 500,
        "9**9**9**9**9",
        "-" * 3000 + "x",
        "x" + "+x" * 5000,
        "1" * 10_000,
        "x\0",
        "f'{x}'",
        "x = 1; y = 2",
        "import os",
        "x if x else __import__('os')",
    ],
    ids=range(16),
)
def test_nothing_an_answer_says_is_run(text_):
    start = time.process_time()
    for answer, of in ((text_, "x**2"), ("2*x", text_)):
        try:
            found = check(answer, of, "x")
        except (ValueError, ArithmeticError):
            continue
        assert not found
    assert time.process_time() - start < 5


def test_words_alone_have_no_latex():
    """A notebook would show an empty formula in place of them."""
    found = check("7", "7*x")
    assert found._repr_mimebundle_(exclude=["text/plain"]) == {"text/markdown": "Right."}


@pytest.mark.parametrize("blank", [..., None, "", "  "])
def test_a_blank_is_your_turn(blank):
    for found in (check(blank, "x**2"), check(blank, neuron()[0], "w")):
        assert found.right is None
        assert not found
        assert str(found).strip() == "Your turn."


# Of recorded graphs


def test_a_number_is_right_to_the_digits_it_has():
    error, w, _ = neuron()
    error.backward()
    slope = w.grad
    for digits in range(2, 12):
        assert check(float(f"{slope:.{digits}g}"), error, w)
        assert check(f"{slope:.{digits}g}", error, "w")
        assert not check(float(f"{slope * (1 + 30 * 10.0**-digits):.{digits}g}"), error, w)
    assert not check(0.0, error, w)
    assert "one digit" in check(float(f"{slope:.1g}"), error, w).text


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda f: -math.prod(f), "The sign is wrong."),
        (lambda f: f[0] * f[1], "Missing: the factor ∂net/∂w = aⱼ = 0.6."),
        (lambda f: f[0] * f[2], "Missing: the factor ∂a/∂net = a·(1 − a)"),
        (lambda f: f[1], "That is one factor, ∂a/∂net"),
        (lambda f: sum(f), "multiplied, not added"),
    ],
    ids=["sign", "last", "middle", "one", "sum"],
)
def test_a_slip_with_the_numbers_of_a_chain(make, says):
    error, w, _ = neuron()
    factors = [factor.value for factor in explain(error, w).factors]
    assert says in " ".join(check(make(factors), error, w).text.split())


def test_one_way_of_several_is_not_the_derivative():
    error, w = neurons(2, 2, 2)
    explanation = explain(error, next(v for v in toposort(error) if v.label == "x_1"))
    w = explanation.wrt
    assert len(explanation.paths) == 4
    for path in explanation.paths[:2]:
        assert "along one way" in " ".join(check(path.value, error, w).text.split())


def test_a_formula_in_the_labels_of_a_graph():
    error, w, net = neuron()
    assert check("-(t - a)*a*(1 - a)*a_j", error, w)
    assert check("(a - t)*a*a_j - (a - t)*a**2*a_j", error, w)
    assert check("a*(1 - a)", next(v for v in toposort(error) if v.label == "a"), net)
    wrong = check("-(t - a)*a*a_j", error, w)
    assert "Missing: the factor 1 − a" in wrong.text
    assert "Missing: the inside’s derivative −1" in check("(t - a)*a*(1 - a)*a_j", error, w).text
    with pytest.raises(ExpressionError, match="the names here are"):
        check("q", error, w)


# Quizzes


def test_a_quiz_of_a_neuron():
    error, w, _ = neuron()
    found = quiz(error, w)
    assert isinstance(found, Quiz)
    assert [question.formula for question in found] == [
        "−(t − a)",
        "a·(1 − a)",
        "aⱼ",
        "−(t − a)·a·(1 − a)·aⱼ",
    ]
    assert [question.hint for question in found][1:] == [
        "sigmoid",
        "constant factor rule; other terms: 0",
        "chain rule",
    ]
    assert "(1) E = 0.5(t − a)². What is ∂E/∂a?" in found.text
    assert "a·(1 − a)" not in found.text
    assert "a·(1 − a)" in found.answers.text
    assert found.check(2, "a*(1 - a)")
    assert not found.check(2, "a")
    assert found.check(1, ...).right is None
    assert len(found) == 4
    for i in (0, 5, True, "1"):
        with pytest.raises(IndexError, match="1 to 4"):
            found.check(i, 0)


GRAPHS = {
    "neuron": neuron()[:2],
    "2-2-2": neurons(2, 2, 2),
    "2-4-3-2": neurons(2, 4, 3, 2),
    "kink": (labelled(relu(Value(0.5, "k") * 3), "y"), "k"),
    "itself": (Value(3.0, "i"), "i"),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_right_number_of_each_question_is_right(name):
    y, wrt = GRAPHS[name]
    found = quiz(y, wrt)
    for question in found:
        assert question.check(question.value)
        assert question.check(f"{question.value:.4g}")
        assert not question.check(question.value + 1)
        assert question.check("").right is None
    assert found.text == quiz(y, wrt).text
    assert found.html == quiz(y, wrt).html
    assert found.answers.text == quiz(y, wrt).answers.text


@pytest.mark.parametrize("of", FUNCTIONS[::3])
def test_the_right_formula_of_each_question_is_right(of):
    found = quiz(of, "x")
    for question in found:
        formula = text(question.answer)
        if "f(" not in formula:
            assert question.check(formula), formula
            assert not question.check(f"({formula}) + 1")
        assert question.hint
    assert found.text == quiz(of, "x").text


def test_a_quiz_takes_what_can_be_differentiated():
    with pytest.raises(TypeError, match="takes an expression"):
        quiz(3)
    with pytest.raises(ValueError, match="say which"):
        quiz(Value(1.0, "a") * Value(2.0, "b"))
    (only,) = quiz(sin(Value(1.0, "a")))
    assert only.check("cos(a)")
    (none,) = quiz(exp(Value(1.0, "a")), Value(2.0, "b"))
    assert none.check(0)


# The command line


@pytest.mark.parametrize(
    ("answer", "of"),
    [
        ("3(x²+1)² · 2x", "(x²+1)³"),
        ("dy/dx = 6x(x² + 1)²", "(x²+1)³"),
        ("f′(x) = 6x·(x² + 1)²", "f(x) = (x²+1)³"),
        ("2x·sin 3x + 3x² cos 3x", "x² sin 3x"),
        (r"\frac{1}{2\sqrt{x}}", "√x"),
        ("−2e^(−2x)", "e^(-2x)"),
        ("a(1 − a)", "a = 1/(1 + e^-z)"),
        ("2w₁₂⁽²⁾", "(w_{12}^{(2)})²"),
        ("2w_{12}^{(2)}", "(w_{12}^{(2)})²"),
    ],
)
def test_answers_are_read_as_they_are_written_on_paper(answer, of):
    found = check(answer, of)
    assert found, str(found)


def graph_of_a_neuron():
    w = Value(0.4, "w_{12}^{(2)}")
    x = Value(0.6, "out_{d_1}")
    net = labelled(w * x, "net_1^{(2)}")
    out = labelled(1 / (1 + exp(-net)), r"\hat{y}")
    return labelled((Value(1.0, "target_{d_1}") - out) ** 2 / 2, "E"), w


@pytest.mark.parametrize(
    "answer",
    [
        r"-(target_{d_1} - \hat{y})\hat{y}(1 - \hat{y})out_{d_1}",
        "−(target_{d_1} − ŷ)·ŷ·(1 − ŷ)·out_{d_1}",
        "∂E/∂w = (ŷ − target_{d_1})·ŷ(1 − ŷ)·out_{d_1}",
        "−0,0651",
        "−0.065101",
    ],
)
def test_labels_of_a_graph_can_be_typed_as_they_are_or_as_they_are_printed(answer):
    found = check(answer, *graph_of_a_neuron())
    assert found, str(found)


def test_the_formulas_that_a_quiz_prints_are_right_answers():
    for question in quiz(*graph_of_a_neuron()):
        assert question.check(question.formula), question.text


def test_what_can_not_be_read_in_an_answer_is_pointed_at():
    with pytest.raises(ValueError, match=r"\(1/2\)\*x or 1/\(2\*x\)") as caught:
        check("1/2x", "ln x")
    assert str(caught.value).endswith("1/2x\n     ^")
    with pytest.raises(ValueError, match=r"names here are a, x; for a product .* write a\*x"):
        check("2ax", "a x²", "x")
    for endless in ("d/" * 30_000, "∂" * 30_000 + "/∂", "x'" * 30_000, "(" * 30_000):
        with pytest.raises(ExpressionError):
            check(endless, "x²")
    with pytest.raises(ValueError, match="an answer is one expression"):
        check("a = 2; a*x", "x²")


def test_the_command_line_checks(capsys):
    assert main(["(x**2+1)**3", "--check", "3*(x**2+1)**2"]) == 1
    assert "Missing: the inside’s derivative 2x" in capsys.readouterr().out
    assert main(["w*x", "--wrt", "w", "--check", "x"]) == 0
    assert main(["exp(-x)", "--check", "-exp(-x)"]) == 0
    capsys.readouterr()
    for request in (
        ["x**2", "--check", "open(x)"],
        ["x**2", "x=1", "--wrt", "x"],
        ["w*x", "--check", "x"],
    ):
        assert main(request) == 2
        assert "error" in capsys.readouterr().err


def test_the_command_line_points_at_what_it_can_not_read(capsys):
    assert main(["ln x", "--check", "1/2x"]) == 2
    shown, pointer, message = capsys.readouterr().err.splitlines()
    assert shown.rstrip("1/2x").isspace()
    assert pointer.index("^") == shown.index("x")
    assert "(1/2)*x or 1/(2*x)" in message
