"""The table of primitives: every value and every derivative, each written once.

A row gives a primitive's value and its local derivatives (*partials*) as expressions in
its arguments and `out`, the value.  All else is an interpreter of this table: recording,
the backward sweep, derivative graphs, native kernels, drawings, explanations, the
reference page and the tests.  Nothing here knows of the engine.
"""

from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .floats import FLOAT_FUNCTIONS, SCOPE
from .language import ExpressionError, evaluate, is_zero, parse, taken_branch


def _is_free(name: str) -> bool:
    """Whether a row may use this name: it means nothing yet in the source made from rows."""
    return (
        name.isidentifier()
        and not name.startswith("_")
        and not keyword.iskeyword(name)
        and name not in {"out", *SCOPE} - {*FLOAT_FUNCTIONS}
    )


@dataclass(frozen=True)
class Kink:
    """A point where a primitive has no derivative, and the partials it is given there."""

    at: tuple[float, ...]
    partials: tuple[float, ...]
    reason: str


@dataclass(frozen=True)
class Accuracy:
    """Where a row is further from the exact number than 4 units in the last place, or 16 of a
    second derivative, and why.

    orders  of which derivatives: 0 is the value
    where   a test on the arguments and `out` ("" for everywhere)
    ulps    how far, in units in the last place
    """

    orders: tuple[int, ...]
    where: str
    reason: str
    ulps: float = math.inf


@dataclass(eq=False)
class Primitive:
    """One row of the table.

    name       what it is called in the graph and, unless it is an operator, in Python
    value      the value, an expression in the arguments
    partials   one expression for each argument: ∂out/∂argument, which may use `out`
    rule       the rule of differentiation that gives the partials
    rules      the rule for each partial, where they have different ones
    samples    argument tuples for the generic tests
    arguments  the arguments' names, in the order of a call
    domain     where the value is defined, as a test on the arguments ("" for everywhere)
    kinks      points without a derivative, and what is used there
    operator   the operator that spells it in Python, where there is one
    alias      NumPy's name for it, where that differs
    shown      the partials as a textbook prints them, where the formula that keeps every digit
               is another one
    accuracy   where results are less exact than elsewhere
    commutes   whether the operands may change places
    symbol     what mathematics calls it, where that is neither the alias nor the name
    latex      the command of LaTeX that prints it
    written    an expression that prints in place of a call
    sympy      how SymPy spells it, and
    c          C, where C's result has Python's bits: a function, or an expression with calls
               of functions; without `sympy` it is there by its value or by its name alone

    Raises `ValueError`, naming the primitive, for a bad name, a wrong number of partials,
    samples of the wrong length, or an expression outside the language.
    """

    name: str
    value: str
    partials: tuple[str, ...]
    rule: str
    samples: tuple[tuple[float, ...], ...]
    arguments: tuple[str, ...] = ("x",)
    domain: str = ""
    kinks: tuple[Kink, ...] = ()
    operator: str = ""
    alias: str = ""
    rules: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    accuracy: tuple[Accuracy, ...] = ()
    commutes: bool = False
    symbol: str = ""
    latex: str = ""
    written: str = ""
    sympy: str = ""
    c: str = ""

    value_tree: ast.expr = field(init=False, repr=False)
    partial_trees: tuple[ast.expr, ...] = field(init=False, repr=False)
    shown_trees: tuple[ast.expr, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not _is_free(self.name):
            raise ValueError(f"primitive {self.name!r}: the name must be a public identifier")
        names = self.arguments
        taken = {self.name, *FLOAT_FUNCTIONS}
        if not names or len({*names} - taken) != len(names) or not all(map(_is_free, names)):
            raise ValueError(
                f"primitive {self.name!r}: its arguments must be different identifiers that "
                f"name nothing else, got {names}"
            )
        if len(self.partials) != len(names):
            raise ValueError(
                f"primitive {self.name!r}: its {len(names)} arguments {names} need as many "
                f"partials, got {len(self.partials)}"
            )
        self.rules = self.rules or (self.rule,) * len(names)
        self.shown = self.shown or self.partials
        if any(len(sample) != len(names) for sample in self.samples):
            raise ValueError(
                f"primitive {self.name!r}: samples must be tuples of {len(names)} numbers"
            )
        try:
            self.value_tree = parse(self.value, names, None)
            self.partial_trees, self.shown_trees = (
                tuple(parse(text, (*names, "out"), None) for text in texts)
                for texts in (self.partials, self.shown)
            )
            for spelling in (self.written, self.sympy, self.c):
                if spelling:
                    self.spelled(spelling)
            if self.domain:
                ast.parse(self.domain, mode="eval")
        except ExpressionError as error:
            raise ValueError(f"primitive {self.name!r}: {error}") from None
        except SyntaxError as error:
            raise ValueError(
                f"primitive {self.name!r}: domain {self.domain!r}: {error.msg}"
            ) from None

    @cached_property
    def is_opaque(self) -> bool:
        """Whether the value is a call of itself: a function of Python's, without a formula."""
        match self.value_tree:
            case ast.Call(func=ast.Name(id=self.name), args=operands):
                return [getattr(each, "id", None) for each in operands] == [*self.arguments]
        return False

    @property
    def is_question(self) -> bool:
        """Whether it is a comparison, which is one of Python's outside of traced programs."""
        return self.operator in ("<", "<=", "==", "!=")

    def spelled(self, spelling: str) -> ast.expr:
        """A spelling as an expression in the arguments; a function alone is called with them."""
        if spelling.isidentifier():
            names: list[ast.expr] = [ast.Name(each, ast.Load()) for each in self.arguments]
            return ast.Call(ast.Name(spelling, ast.Load()), names, [])
        return parse(spelling, self.arguments, None)

    def partial(self, index: int, out: Any, arguments: Sequence[Any], functions: Any) -> Any:
        """∂out/∂arguments[index] in the algebra that `arguments` and `functions` come from."""
        names = dict(zip(self.arguments, arguments, strict=True), out=out)
        return evaluate(self.partial_trees[index], names, functions)

    def vanishes(self, index: int, out: float, arguments: Sequence[float]) -> bool:
        """Whether `out` does not depend on this argument here: its partial is *written* 0.

        A derivative that merely came out as 0 says nothing about the point next to it;
        the untaken side of `where`, or `relu` below 0, says the function does not change.
        """
        names = dict(zip(self.arguments, arguments, strict=True), out=out)
        return is_zero(taken_branch(self.partial_trees[index], names, FLOAT_FUNCTIONS))


XY = ("x", "y")
_GENERAL = ((0.7,), (-1.3,), (2.5,))
_PAIRS = ((0.7, -1.3), (-0.4, 2.5), (3.0, 0.25))
_TIE = "ties share the derivative half and half"
_STEP = "a step: the derivative is 0 on both sides"
_QUESTION = "a question, not a quantity: the derivative is 0 on both sides"
_SUBNORMAL = "abs(out) < 2.3e-308"
_SUBNORMAL_SIDE = "0 < abs(x) < 2.3e-308 or 0 < abs(y) < 2.3e-308"
_OFF_POLES = "x > 0 or x != x // 1"
_NEXT_TO_A_ROOT = "x < -0.1 and abs(digamma(x)) < 1 + log(1 - x)"
_ROOT_OF_DIGAMMA = "next to a negative root of digamma its digits cancel"
_FEW_DIGITS = "a subnormal value has fewer digits, and what is made of it no more"
# exp(-x²) without the rounding of x², which far out is worth hundreds of units: with x rounded
# to h, whose square is exact, x² is h² + (x - h)(x + h).
_BELL = (
    "exp(-x * x) if not 1 < abs(x) < 28 else exp(-(trunc(256 * x) / 256) * (trunc(256 * x) / 256)) "
    "* exp((trunc(256 * x) / 256 - x) * (trunc(256 * x) / 256 + x))"
)
_BELL_ACCURACY = (
    Accuracy((2,), "26 < abs(x)", _FEW_DIGITS, 64),
    Accuracy((2,), "8e307 < abs(x)", "2·x overflows, and is NaN times exp(-x²) = 0"),
)

# fmt: off
ROWS = (
    Primitive("add", "x + y", ("1", "1"), "sum rule", _PAIRS, XY, operator="+", commutes=True),
    Primitive("sub", "x - y", ("1", "-1"), "difference rule", _PAIRS, XY, operator="-"),
    Primitive("mul", "x * y", ("y", "x"), "product rule", (*_PAIRS, (0.0, 2.0)), XY, operator="*",
              commutes=True),
    Primitive("div", "x / y", ("1 / y", "-out / y"), "quotient rule",
              (*_PAIRS, (0.0, 2.0), (1e-200, 1e-200), (1e200, 1e200)), XY,
              domain="y != 0", operator="/",
              accuracy=(Accuracy((1, 2), _SUBNORMAL, _FEW_DIGITS),)),
    Primitive("neg", "-x", ("-1",), "constant factor rule", _GENERAL, operator="-"),
    Primitive("pow", "x ** y",
              # Where y - 1 rounds, y·out/x is the one that keeps its digits.
              ("0 if not y else y * x ** (y - 1) if 0.5 <= y <= 9007199254740992 else y * out / x if x else y * x ** (y - 1)",
               "out * log(x) if x > 0 else (0 if y > 0 else -inf) if x >= 0 else nan"),
              "power rule", ((0.7, -1.3), (2.5, 3.0), (3.0, 0.25), (1.0, 7.0)), XY,
              domain="x > 0 or (x == 0 and y >= 0) or (x < 0 and y == y // 1)",
              kinks=(Kink((0.0, 0.0), (0.0, -math.inf), "x**0 is the constant 1; 0**y falls off at 0"),
                     Kink((0.0, 2.0), (0.0, 0.0), "0**y is the constant 0 for y > 0"),
                     Kink((0.0, 1.0), (1.0, 0.0), "0**y is the constant 0 for y > 0"),
                     Kink((0.0, 0.5), (math.inf, 0.0), "a vertical tangent"),
                     Kink((-2.0, 3.0), (12.0, math.nan), "a negative base has no real powers near y")),
              operator="**", rules=("power rule", "exponential rule"),
              shown=("0 if not y else y * x ** (y - 1)",
                     "out * log(x) if x > 0 else (0 if y > 0 else -inf) if x >= 0 else nan"),
              accuracy=(Accuracy((1, 2), _SUBNORMAL, _FEW_DIGITS),
                        Accuracy((2,), _SUBNORMAL_SIDE, _FEW_DIGITS),
                        Accuracy((2,), "abs(y * out) < 2.3e-308 * abs(x) or x > 0 and abs(out * log(x)) < 2.3e-308",
                                 _FEW_DIGITS),
                        Accuracy((2,), "0 < y < 0.5 and abs(x) < 1e-100",
                                 "∂²/∂x² may overflow in two terms of different sign, and be NaN"),
                        Accuracy((2,), "x > 0 and abs(1 + y * log(x)) < 0.2",
                                 "the mixed derivative, (1 + y·ln x)·x**(y - 1), changes its sign there"))),
    Primitive("floordiv", "x // y", ("0", "0"), "constant rule", _PAIRS, XY, domain="y != 0",
              kinks=(Kink((4.0, 2.0), (0.0, 0.0), _STEP),), operator="//", sympy="floor(x / y)"),
    Primitive("mod", "x % y", ("1", "-(x // y)"), "difference rule", _PAIRS, XY, domain="y != 0",
              kinks=(Kink((4.0, 2.0), (1.0, -2.0), "the derivative from the right in x"),), operator="%",
              sympy="Mod"),
    Primitive("abs", "abs(x)", ("1 if x > 0 else -1 if x < 0 else 0 * x",), "derivative of |x|", _GENERAL,
              kinks=(Kink((0.0,), (0.0,), "the middle of the slopes -1 and 1"),), operator="abs",
              sympy="Abs", c="fabs"),

    Primitive("exp", "exp(x)", ("out",), "exponential rule", (*_GENERAL, (-700.0,), (700.0,)),
              sympy="exp", c="exp"),
    Primitive("exp2", "exp2(x)", ("out * log(2)",), "exponential rule", (*_GENERAL, (-1000.0,), (1000.0,)),
              written="2 ** x", sympy="2 ** x", c="exp2"),
    Primitive("expm1", "expm1(x)", ("exp(x)",), "exponential rule", (*_GENERAL, (1e-12,)),
              sympy="exp(x) - 1", c="expm1"),
    Primitive("log", "log(x)", ("1 / x",), "logarithm rule", ((0.7,), (2.5,), (1e-300,)), domain="x > 0",
              symbol="ln", latex=r"\ln", sympy="log", c="log"),
    Primitive("log1p", "log1p(x)", ("1 / (1 + x)",), "logarithm rule", ((0.7,), (-0.9,), (1e-12,)),
              domain="x > -1", sympy="log(x + 1)", c="log1p"),
    Primitive("logaddexp",
              "x + log1p(exp(y - x)) if y < x else y + log1p(exp(x - y)) if x < y else x / 2 + y / 2 + log(2)",
              # Infinities that tie share the derivative, as in `maximum`.
              ("1 / (1 + exp(y - x)) if y < x else exp(x - y) / (1 + exp(x - y)) if x - y <= 0 else "
               "0.5 if x >= y else x + y",
               "1 / (1 + exp(x - y)) if x < y else exp(y - x) / (1 + exp(y - x)) if y - x <= 0 else "
               "0.5 if y >= x else x + y"),
              "derivative of log(eˣ + eʸ)", (*_PAIRS, (700.0, -20.0), (-1000.0, 2000.0)), XY,
              shown=("exp(x - out)", "exp(y - out)"), commutes=True,
              accuracy=(Accuracy((0,), "x < 0 and y < 0 and abs(out) < 0.3",
                                 "next to log 1 digits cancel, as they do in the sum of the powers"),
                        Accuracy((1, 2), "abs(x - y) > 2", "x - y is rounded, and its power by as many units as it is large",
                                 1024)),
              written="log(exp(x) + exp(y))", sympy="log(exp(x) + exp(y))"),
    Primitive("log2", "log2(x)", ("1 / log(2) / x",), "logarithm rule", ((0.7,), (2.5,)), domain="x > 0",
              shown=("1 / (x * log(2))",), symbol="log₂", latex=r"\log_2", sympy="log(x, 2)", c="log2"),
    Primitive("log10", "log10(x)", ("1 / log(10) / x",), "logarithm rule", ((0.7,), (2.5,)),
              domain="x > 0", shown=("1 / (x * log(10))",),
              symbol="log₁₀", latex=r"\log_{10}", sympy="log(x, 10)", c="log10"),
    Primitive("sqrt", "sqrt(x)", ("0.5 / out",), "power rule", ((0.7,), (2.5,), (1e-200,)), domain="x >= 0",
              kinks=(Kink((0.0,), (math.inf,), "a vertical tangent"),), sympy="sqrt", c="sqrt"),
    Primitive("cbrt", "cbrt(x)", ("out / x / 3 if abs(x) > 1e-150 else 1 / (3 * out * out)",), "power rule",
              (*_GENERAL, (1e-200,)),
              kinks=(Kink((0.0,), (math.inf,), "a vertical tangent"),), shown=("1 / (3 * out * out)",),
              accuracy=(Accuracy((1,), "abs(x) <= 1e-150", "the error of the value counts twice", 8),),
              sympy="sign(x) * cbrt(Abs(x))", c="cbrt"),

    Primitive("sin", "sin(x)", ("cos(x)",), "derivative of sin", _GENERAL, latex=r"\sin", sympy="sin", c="sin"),
    Primitive("cos", "cos(x)", ("-sin(x)",), "derivative of cos", _GENERAL,
              latex=r"\cos", sympy="cos", c="cos"),
    Primitive("tan", "tan(x)", ("1 + out * out",), "derivative of tan", _GENERAL,
              latex=r"\tan", sympy="tan", c="tan"),
    Primitive("asin", "asin(x)",
              ("1 / sqrt(1 - x * x) if -0.5 < x < 0.5 else 1 / sqrt((1 - x) * (1 + x))",), "derivative of arcsin",
              ((0.7,), (-0.3,), (0.999999,)), domain="-1 <= x <= 1",
              kinks=(Kink((1.0,), (math.inf,), "a vertical tangent"),
                     Kink((-1.0,), (math.inf,), "a vertical tangent")), alias="arcsin",
              shown=("1 / sqrt((1 - x) * (1 + x))",), latex=r"\arcsin", sympy="asin", c="asin"),
    Primitive("acos", "acos(x)",
              ("-1 / sqrt(1 - x * x) if -0.5 < x < 0.5 else -1 / sqrt((1 - x) * (1 + x))",), "derivative of arccos",
              ((0.7,), (-0.3,), (0.999999,)), domain="-1 <= x <= 1",
              kinks=(Kink((1.0,), (-math.inf,), "a vertical tangent"),
                     Kink((-1.0,), (-math.inf,), "a vertical tangent")), alias="arccos",
              shown=("-1 / sqrt((1 - x) * (1 + x))",), latex=r"\arccos", sympy="acos", c="acos"),
    Primitive("atan", "atan(x)", ("1 / (1 + x * x) if -1 < x < 1 else 1 / x / (x + 1 / x)",),
              "derivative of arctan", _GENERAL, alias="arctan", shown=("1 / (1 + x * x)",),
              latex=r"\arctan", sympy="atan", c="atan"),
    Primitive("atan2", "atan2(y, x)",
              # x/(x² + y²) by the quotient of the shorter side and the longer, which can't overflow.
              ("x / y / y / (1 + x / y * (x / y)) if abs(x) < abs(y) else 1 / x / (1 + y / x * (y / x))",
               "-1 / y / (1 + x / y * (x / y)) if abs(x) < abs(y) else -y / x / x / (1 + y / x * (y / x))"),
              "derivative of arctan", (*_PAIRS, (1e-200, 1e-200)), ("y", "x"),
              kinks=(Kink((0.0, 0.0), (math.nan, math.nan), "the origin has no direction"),
                     Kink((0.0, -2.0), (-0.5, 0.0), "the branch cut: the slope on both sides of the jump")),
              alias="arctan2",
              shown=("x / hypot(x, y) / hypot(x, y)", "-y / hypot(x, y) / hypot(x, y)"),
              accuracy=(Accuracy((2,), "0.7 < abs(y / x) < 1.4 if x else 0",
                                 "the mixed derivative, (y² - x²)/(x² + y²)², changes its sign there"),
                        Accuracy((1, 2), _SUBNORMAL_SIDE, _FEW_DIGITS)), sympy="atan2", c="atan2"),
    Primitive("sinh", "sinh(x)", ("cosh(x)",), "derivative of sinh", _GENERAL,
              latex=r"\sinh", sympy="sinh", c="sinh"),
    Primitive("cosh", "cosh(x)", ("sinh(x)",), "derivative of cosh", _GENERAL,
              latex=r"\cosh", sympy="cosh", c="cosh"),
    Primitive("tanh", "tanh(x)",
              ("1 - out * out if -0.75 < x < 0.75 else (1 + abs(out)) * (1 + abs(out)) * exp(-2 * abs(x))",),
              "derivative of tanh", (*_GENERAL, (400.0,)), shown=("1 - out * out",),
              latex=r"\tanh", sympy="tanh", c="tanh"),
    Primitive("asinh", "asinh(x)", ("1 / hypot(1, x)",), "derivative of arsinh", (*_GENERAL, (1e200,)),
              alias="arcsinh", sympy="asinh", c="asinh"),
    Primitive("acosh", "acosh(x)", ("1 / sqrt(x - 1) / sqrt(x + 1)",), "derivative of arcosh",
              ((1.7,), (2.5,), (1.000001,), (1e200,)), domain="x >= 1",
              kinks=(Kink((1.0,), (math.inf,), "a vertical tangent"),), alias="arccosh",
              shown=("1 / sqrt((x - 1) * (x + 1))",), sympy="acosh", c="acosh"),
    Primitive("atanh", "atanh(x)",
              ("1 / (1 - x * x) if -0.5 < x < 0.5 else 1 / ((1 - x) * (1 + x))",), "derivative of artanh",
              ((0.7,), (-0.3,), (0.999999,)), domain="-1 < x < 1", alias="arctanh",
              shown=("1 / ((1 - x) * (1 + x))",), sympy="atanh", c="atanh"),

    Primitive("erf", "erf(x)", (f"2 / sqrt(pi) * ({_BELL})",), "derivative of erf",
              (*_GENERAL, (20.0,)), shown=("2 / sqrt(pi) * exp(-x * x)",), accuracy=_BELL_ACCURACY,
              sympy="erf", c="erf"),
    Primitive("erfc", "erfc(x)", (f"-2 / sqrt(pi) * ({_BELL})",), "derivative of erfc",
              (*_GENERAL, (20.0,)), shown=("-2 / sqrt(pi) * exp(-x * x)",), accuracy=_BELL_ACCURACY,
              sympy="erfc", c="erfc"),
    Primitive("gamma", "gamma(x)", ("out * digamma(x)",), "derivative of the gamma function",
              (*_GENERAL, (20.5,)), domain=_OFF_POLES, latex=r"\Gamma", sympy="gamma",
              accuracy=(Accuracy((0,), "", "as exact as in Python's `math`", 12),
                        Accuracy((1,), "", "as exact as two functions together", 16),
                        Accuracy((1,), _NEXT_TO_A_ROOT, _ROOT_OF_DIGAMMA))),
    Primitive("lgamma", "lgamma(x)", ("digamma(x)",), "derivative of the gamma function",
              (*_GENERAL, (1e200,)), domain=_OFF_POLES, sympy="loggamma",
              accuracy=(Accuracy((0,), "abs(out) < 2", "as exact as in Python's `math`: next to its roots digits cancel"),
                        Accuracy((1,), _NEXT_TO_A_ROOT, _ROOT_OF_DIGAMMA))),
    Primitive("digamma", "digamma(x)", ("polygamma(1, x)",), "derivative of the digamma function",
              (*_GENERAL, (1e200,)), domain=_OFF_POLES, latex=r"\psi", sympy="digamma",
              accuracy=(Accuracy((0,), _NEXT_TO_A_ROOT, _ROOT_OF_DIGAMMA),)),
    Primitive("polygamma", "polygamma(n, x)", ("0", "polygamma(n + 1, x)"),
              "derivative of the digamma function", ((1.0, 0.7), (2.0, -1.3), (1.0, 2.0)), ("n", "x"),
              domain=f"0 <= n <= 100 and n == n // 1 and ({_OFF_POLES})",
              rules=("constant rule", "derivative of the digamma function"),
              accuracy=(Accuracy((0, 1, 2), "n > 3", "of the order n, n! / xⁿ takes as many roundings", 128),),
              sympy="polygamma"),
    Primitive("hypot", "hypot(x, y)",
              # The slope 1/√(1 + (y/x)²) of the longer side is differentiated without cancellation.
              ("(x / out if out else 0 * x) if abs(x) <= abs(y) else "
               "1 / hypot(1, y / x) if x > 0 else -1 / hypot(1, y / x)",
               "(y / out if out else 0 * y) if abs(y) <= abs(x) else "
               "1 / hypot(1, x / y) if y > 0 else -1 / hypot(1, x / y)"),
              "derivative of a length", (*_PAIRS, (1e-200, 1e-200)), XY,
              kinks=(Kink((0.0, 0.0), (0.0, 0.0), "the tip of a cone: the middle of all slopes"),),
              shown=("x / out if out else 0 * x", "y / out if out else 0 * y"),
              accuracy=(Accuracy((1, 2), _SUBNORMAL, _FEW_DIGITS),
                        Accuracy((2,), _SUBNORMAL_SIDE, _FEW_DIGITS)),
              commutes=True, written="sqrt(x**2 + y**2)", c="python_hypot(x, y)", sympy="sqrt(x**2 + y**2)"),

    Primitive("relu", "0 if x < 0 else x", ("0 if x < 0 else 1",), "derivative of relu", _GENERAL,
              kinks=(Kink((0.0,), (1.0,), "the slope for z ≥ 0: equation (8) of Hinrichs, "
                          "“Backpropagation – Mathematical Background”"),),
              sympy="Max(0, x)"),
    Primitive("maximum", "x if x > y else y if y >= x else x + y",
              ("1 if x > y else 0 if x < y else 0.5", "1 if y > x else 0 if y < x else 0.5"),
              "derivative of a maximum", _PAIRS, XY, kinks=(Kink((2.0, 2.0), (0.5, 0.5), _TIE),),
              commutes=True, sympy="Max"),
    Primitive("minimum", "x if x < y else y if y <= x else x + y",
              ("1 if x < y else 0 if x > y else 0.5", "1 if y < x else 0 if y > x else 0.5"),
              "derivative of a minimum", _PAIRS, XY, kinks=(Kink((2.0, 2.0), (0.5, 0.5), _TIE),),
              commutes=True, sympy="Min"),
    Primitive("where", "x if condition else y", ("0", "1 if condition else 0", "0 if condition else 1"),
              "derivative of the selected branch", ((1.0, 0.7, -1.3), (0.0, 0.7, -1.3)),
              ("condition", "x", "y"),
              kinks=(Kink((0.0, 2.0, 3.0), (0.0, 0.0, 1.0), _QUESTION),)),
    # What comparisons are in a program that is traced to be replayed.
    Primitive("less", "1 if x < y else 0", ("0", "0"), "constant rule", _PAIRS, XY, operator="<",
              kinks=(Kink((2.0, 2.0), (0.0, 0.0), _QUESTION),)),
    Primitive("less_equal", "1 if x <= y else 0", ("0", "0"), "constant rule", _PAIRS, XY, operator="<=",
              kinks=(Kink((2.0, 2.0), (0.0, 0.0), _QUESTION),)),
    Primitive("equal", "1 if x <= y <= x else 0", ("0", "0"), "constant rule", _PAIRS, XY, operator="==",
              commutes=True,
              kinks=(Kink((2.0, 2.0), (0.0, 0.0), _QUESTION),)),
    Primitive("not_equal", "0 if x <= y <= x else 1", ("0", "0"), "constant rule", _PAIRS, XY, operator="!=",
              commutes=True,
              kinks=(Kink((2.0, 2.0), (0.0, 0.0), _QUESTION),)),
    Primitive("floor", "floor(x)", ("0",), "constant rule", _GENERAL, kinks=(Kink((2.0,), (0.0,), _STEP),),
              sympy="floor", c="floor(x) + 0.0"),
    Primitive("ceil", "ceil(x)", ("0",), "constant rule", _GENERAL, kinks=(Kink((2.0,), (0.0,), _STEP),),
              sympy="ceiling", c="ceil(x) + 0.0"),
    Primitive("trunc", "trunc(x)", ("0",), "constant rule", _GENERAL, kinks=(Kink((2.0,), (0.0,), _STEP),),
              sympy="sign(x) * floor(Abs(x))", c="trunc(x) + 0.0"),
    # The quotient that a remainder leaves out is whole, but for rounding.
    Primitive("fmod", "fmod(x, y)", ("1", "-floor((x - out) / y + 0.5)"), "difference rule",
              ((0.7, -1.3), (-0.4, 2.5), (3.1, 0.25)), XY, domain="y != 0",
              kinks=(Kink((4.0, 2.0), (1.0, -2.0), "the derivative from the right in x"),),
              shown=("1", "-trunc(x / y)"), sympy="x - y * sign(x / y) * floor(Abs(x / y))", c="fmod"),
    Primitive("remainder", "remainder(x, y)", ("1", "-floor((x - out) / y + 0.5)"), "difference rule",
              _PAIRS, XY, domain="y != 0",
              kinks=(Kink((3.0, 2.0), (1.0, -2.0), "between two multiples of y the even one counts"),),
              sympy="x - y * floor(x / y + 0.5)", c="remainder"),
    Primitive("copysign", "copysign(x, y)",
              ("copysign(1, y) if x > 0 else -copysign(1, y) if x < 0 else 0 * x", "0"),
              "derivative of |x|", _PAIRS, XY,
              kinks=(Kink((0.0, 2.0), (0.0, 0.0), "the middle of the slopes -1 and 1"),
                     Kink((2.0, 0.0), (1.0, 0.0), "a step: the derivative is 0 on both sides")),
              sympy="Abs(x) * sign(y)", c="copysign"),
)
# fmt: on
