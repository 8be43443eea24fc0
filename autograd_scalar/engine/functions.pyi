"""Types of the functions of the table; made from the table, too."""

from collections.abc import Callable, Iterable
from typing import Any, overload

from ..table.primitives import Primitive
from .value import Value

__all__ = [  # noqa: RUF022 (the table's order)
    "dist",
    "fsum",
    "logsumexp",
    "primitive",
    "prod",
    "softmax",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "logaddexp",
    "log2",
    "log10",
    "sqrt",
    "cbrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
    "gamma",
    "lgamma",
    "digamma",
    "polygamma",
    "hypot",
    "relu",
    "maximum",
    "minimum",
    "where",
    "floor",
    "ceil",
    "trunc",
    "fmod",
    "remainder",
    "copysign",
    "sigmoid",
    "softplus",
    "silu",
    "gelu",
    "leaky_relu",
    "clamp",
    "degrees",
    "radians",
    "fabs",
]

FUNCTIONS: dict[str, Callable[..., Any]]

@overload
def exp(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`exp(x)`, on numbers and Values.

    Exponential rule:

        ∂/∂x = out
    """

@overload
def exp(x: Value | float, /) -> Value: ...
@overload
def exp2(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`exp2(x)` = 2 ** x, on numbers and Values.

    Exponential rule:

        ∂/∂x = out * log(2)
    """

@overload
def exp2(x: Value | float, /) -> Value: ...
@overload
def expm1(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`expm1(x)`, on numbers and Values.

    Exponential rule:

        ∂/∂x = exp(x)
    """

@overload
def expm1(x: Value | float, /) -> Value: ...
@overload
def log1p(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`log1p(x)`, on numbers and Values.

    Logarithm rule:

        ∂/∂x = 1 / (1 + x)

    Needs x > -1; raises `ValueError` elsewhere.
    """

@overload
def log1p(x: Value | float, /) -> Value: ...
@overload
def logaddexp(x: float, y: float, /) -> float:  # type: ignore[overload-overlap]
    """`logaddexp(x, y)` = log(exp(x) + exp(y)), on numbers and Values.

    Derivative of log(eˣ + eʸ):

        ∂/∂x = exp(x - out)
        ∂/∂y = exp(y - out)
    """

@overload
def logaddexp(x: Value | float, y: Value | float, /) -> Value: ...
@overload
def log2(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`log2(x)`, on numbers and Values.

    Logarithm rule:

        ∂/∂x = 1 / (x * log(2))

    Needs x > 0; raises `ValueError` elsewhere.
    """

@overload
def log2(x: Value | float, /) -> Value: ...
@overload
def log10(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`log10(x)`, on numbers and Values.

    Logarithm rule:

        ∂/∂x = 1 / (x * log(10))

    Needs x > 0; raises `ValueError` elsewhere.
    """

@overload
def log10(x: Value | float, /) -> Value: ...
@overload
def sqrt(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`sqrt(x)`, on numbers and Values.

    Power rule:

        ∂/∂x = 0.5 / out

    Needs x >= 0; raises `ValueError` elsewhere.
    """

@overload
def sqrt(x: Value | float, /) -> Value: ...
@overload
def cbrt(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`cbrt(x)`, on numbers and Values.

    Power rule:

        ∂/∂x = 1 / (3 * out * out)
    """

@overload
def cbrt(x: Value | float, /) -> Value: ...
@overload
def sin(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`sin(x)`, on numbers and Values.

    Derivative of sin:

        ∂/∂x = cos(x)
    """

@overload
def sin(x: Value | float, /) -> Value: ...
@overload
def cos(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`cos(x)`, on numbers and Values.

    Derivative of cos:

        ∂/∂x = -sin(x)
    """

@overload
def cos(x: Value | float, /) -> Value: ...
@overload
def tan(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`tan(x)`, on numbers and Values.

    Derivative of tan:

        ∂/∂x = 1 + out * out
    """

@overload
def tan(x: Value | float, /) -> Value: ...
@overload
def asin(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`asin(x)`, on numbers and Values.

    Derivative of arcsin:

        ∂/∂x = 1 / sqrt((1 - x) * (1 + x))

    Needs -1 <= x <= 1; raises `ValueError` elsewhere.
    """

@overload
def asin(x: Value | float, /) -> Value: ...
@overload
def acos(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`acos(x)`, on numbers and Values.

    Derivative of arccos:

        ∂/∂x = -1 / sqrt((1 - x) * (1 + x))

    Needs -1 <= x <= 1; raises `ValueError` elsewhere.
    """

@overload
def acos(x: Value | float, /) -> Value: ...
@overload
def atan(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`atan(x)`, on numbers and Values.

    Derivative of arctan:

        ∂/∂x = 1 / (1 + x * x)
    """

@overload
def atan(x: Value | float, /) -> Value: ...
@overload
def atan2(y: float, x: float, /) -> float:  # type: ignore[overload-overlap]
    """`atan2(y, x)`, on numbers and Values.

    Derivative of arctan:

        ∂/∂y = x / hypot(x, y) / hypot(x, y)
        ∂/∂x = -y / hypot(x, y) / hypot(x, y)
    """

@overload
def atan2(y: Value | float, x: Value | float, /) -> Value: ...
@overload
def sinh(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`sinh(x)`, on numbers and Values.

    Derivative of sinh:

        ∂/∂x = cosh(x)
    """

@overload
def sinh(x: Value | float, /) -> Value: ...
@overload
def cosh(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`cosh(x)`, on numbers and Values.

    Derivative of cosh:

        ∂/∂x = sinh(x)
    """

@overload
def cosh(x: Value | float, /) -> Value: ...
@overload
def tanh(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`tanh(x)`, on numbers and Values.

    Derivative of tanh:

        ∂/∂x = 1 - out * out
    """

@overload
def tanh(x: Value | float, /) -> Value: ...
@overload
def asinh(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`asinh(x)`, on numbers and Values.

    Derivative of arsinh:

        ∂/∂x = 1 / hypot(1, x)
    """

@overload
def asinh(x: Value | float, /) -> Value: ...
@overload
def acosh(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`acosh(x)`, on numbers and Values.

    Derivative of arcosh:

        ∂/∂x = 1 / sqrt((x - 1) * (x + 1))

    Needs x >= 1; raises `ValueError` elsewhere.
    """

@overload
def acosh(x: Value | float, /) -> Value: ...
@overload
def atanh(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`atanh(x)`, on numbers and Values.

    Derivative of artanh:

        ∂/∂x = 1 / ((1 - x) * (1 + x))

    Needs -1 < x < 1; raises `ValueError` elsewhere.
    """

@overload
def atanh(x: Value | float, /) -> Value: ...
@overload
def erf(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`erf(x)`, on numbers and Values.

    Derivative of erf:

        ∂/∂x = 2 / sqrt(pi) * exp(-x * x)
    """

@overload
def erf(x: Value | float, /) -> Value: ...
@overload
def erfc(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`erfc(x)`, on numbers and Values.

    Derivative of erfc:

        ∂/∂x = -2 / sqrt(pi) * exp(-x * x)
    """

@overload
def erfc(x: Value | float, /) -> Value: ...
@overload
def gamma(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`gamma(x)`, on numbers and Values.

    Derivative of the gamma function:

        ∂/∂x = out * digamma(x)

    Needs x > 0 or x != x // 1; raises `ValueError` elsewhere.
    """

@overload
def gamma(x: Value | float, /) -> Value: ...
@overload
def lgamma(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`lgamma(x)`, on numbers and Values.

    Derivative of the gamma function:

        ∂/∂x = digamma(x)

    Needs x > 0 or x != x // 1; raises `ValueError` elsewhere.
    """

@overload
def lgamma(x: Value | float, /) -> Value: ...
@overload
def digamma(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`digamma(x)`, on numbers and Values.

    Derivative of the digamma function:

        ∂/∂x = polygamma(1, x)

    Needs x > 0 or x != x // 1; raises `ValueError` elsewhere.
    """

@overload
def digamma(x: Value | float, /) -> Value: ...
@overload
def polygamma(n: float, x: float, /) -> float:  # type: ignore[overload-overlap]
    """`polygamma(n, x)`, on numbers and Values.

    Derivative of the digamma function:

        ∂/∂n = 0
        ∂/∂x = polygamma(n + 1, x)

    Needs 0 <= n <= 100 and n == n // 1 and (x > 0 or x != x // 1); raises `ValueError` elsewhere.
    """

@overload
def polygamma(n: Value | float, x: Value | float, /) -> Value: ...
@overload
def relu(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`relu(x)` = 0 if x < 0 else x, on numbers and Values.

    Derivative of relu:

        ∂/∂x = 0 if x < 0 else 1
    """

@overload
def relu(x: Value | float, /) -> Value: ...
@overload
def floor(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`floor(x)`, on numbers and Values.

    Constant rule:

        ∂/∂x = 0
    """

@overload
def floor(x: Value | float, /) -> Value: ...
@overload
def ceil(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`ceil(x)`, on numbers and Values.

    Constant rule:

        ∂/∂x = 0
    """

@overload
def ceil(x: Value | float, /) -> Value: ...
@overload
def trunc(x: float, /) -> float:  # type: ignore[overload-overlap]
    """`trunc(x)`, on numbers and Values.

    Constant rule:

        ∂/∂x = 0
    """

@overload
def trunc(x: Value | float, /) -> Value: ...
@overload
def fmod(x: float, y: float, /) -> float:  # type: ignore[overload-overlap]
    """`fmod(x, y)`, on numbers and Values.

    Difference rule:

        ∂/∂x = 1
        ∂/∂y = -trunc(x / y)

    Needs y != 0; raises `ValueError` elsewhere.
    """

@overload
def fmod(x: Value | float, y: Value | float, /) -> Value: ...
@overload
def remainder(x: float, y: float, /) -> float:  # type: ignore[overload-overlap]
    """`remainder(x, y)`, on numbers and Values.

    Difference rule:

        ∂/∂x = 1
        ∂/∂y = -floor((x - out) / y + 0.5)

    Needs y != 0; raises `ValueError` elsewhere.
    """

@overload
def remainder(x: Value | float, y: Value | float, /) -> Value: ...
@overload
def copysign(x: float, y: float, /) -> float:  # type: ignore[overload-overlap]
    """`copysign(x, y)`, on numbers and Values.

    Derivative of |x|:

        ∂/∂x = copysign(1, y) if x > 0 else -copysign(1, y) if x < 0 else 0 * x
        ∂/∂y = 0
    """

@overload
def copysign(x: Value | float, y: Value | float, /) -> Value: ...
def add_row(row: Primitive) -> Callable[..., Any]:
    """Register a row, and return its function of numbers and Values."""

def primitive(
    name: str,
    value: str,
    *partials: str,
    samples: Iterable[Iterable[float]],
    arguments: tuple[str, ...] | None = None,
    rule: str = "",
    domain: str = "",
) -> Callable[..., Any]:
    """Add a primitive of your own to the table: one row, and it is like those built in.

    name       a new public identifier
    value      the value, an expression in the arguments
    partials   one expression for each argument, ∂out/∂argument; `out` is the value
    samples    argument tuples at which the row is checked
    arguments  the arguments' names; by default `x`, `y`, `z` as far as there are partials
    rule       what explanations call the rule; by default "derivative of <name>"
    domain     where it is defined, e.g. `"x > 0"`, for error messages and tests

    Returns the function, which works on numbers and Values; Values also get it as a
    method.  Expressions are arithmetic, the functions of the table, and `a if test else
    b` with order comparisons.  Raises `ValueError` for a taken name, an expression
    outside this language, or a partial that differs from the slope of the value at a
    sample.

    >>> from autograd_scalar import Value
    >>> softsign = primitive("softsign", "x / (1 + abs(x))", "1 / (1 + abs(x)) ** 2",
    ...                      samples=[(0.7,), (-2.0,)])
    >>> x = Value(1.0)
    >>> softsign(x).backward()
    >>> x.grad
    0.25
    """

@overload
def log(x: float, base: float | None = None) -> float:  # type: ignore[overload-overlap]
    """The logarithm of `x`, natural or to a `base`, on numbers and Values.

    ∂log_a(x)/∂x = 1 / (x ln a): equation (10) of Hinrichs, "Backpropagation – Mathematical
    Background". The base may be a Value too. Needs x > 0 and a base > 0 other than 1; raises
    `ValueError` or `ZeroDivisionError`.

    >>> log(8.0, 2)
    3.0
    """

@overload
def log(x: Value | float, base: Value | float | None = None) -> Value: ...
@overload
def where(condition: object, x: float, y: float) -> float:  # type: ignore[overload-overlap]
    """`x` where the condition is true, else `y`; no derivative flows through the other one.

    Both are computed first, so both must exist; where one doesn't, use `x if … else y`.

    >>> from autograd_scalar import Value
    >>> v = Value(0.0)
    >>> where(v > 0, v.sqrt(), 0.0).backward()
    >>> v.grad
    0.0
    """

@overload
def where(condition: object, x: Value | float, y: Value | float) -> Value: ...
@overload
def maximum(*values: float) -> float:  # type: ignore[overload-overlap]
    """The largest of two or more; two that tie share the derivative half and half.

    >>> maximum(1.0, 3.0, 2.0)
    3.0
    """

@overload
def maximum(*values: Value | float) -> Value: ...
@overload
def minimum(*values: float) -> float:  # type: ignore[overload-overlap]
    """The smallest of two or more; two that tie share the derivative half and half.

    >>> minimum(1.0, 3.0, 2.0)
    1.0
    """

@overload
def minimum(*values: Value | float) -> Value: ...
@overload
def hypot(*values: float) -> float:  # type: ignore[overload-overlap]
    """√(x² + y² + …), the length of a vector, at any size of its coordinates.

    Nothing is squared, so nothing overflows that the length doesn't. At 0, the tip of a cone,
    its derivatives are 0.

    >>> hypot(3 * 2.0**600, 4 * 2.0**600) == 5 * 2.0**600, hypot(2.0, 3.0, 6.0)
    (True, 7.0)
    """

@overload
def hypot(*values: Value | float) -> Value: ...
@overload
def dist(p: Iterable[float], q: Iterable[float]) -> float:  # type: ignore[overload-overlap]
    """The distance of two points, `hypot` of the differences of their coordinates.

    Raises `ValueError` for points of different dimensions.

    >>> dist([1.0, 2.0], [4.0, 6.0])
    5.0
    """

@overload
def dist(p: Iterable[Value | float], q: Iterable[Value | float]) -> Value: ...
@overload
def fabs(x: float) -> float:  # type: ignore[overload-overlap]
    """|x|, Python's `abs` as a float or a Value.

    >>> fabs(-3)
    3.0
    """

@overload
def fabs(x: Value | float) -> Value: ...
@overload
def prod(values: Iterable[float], *, start: float = 1.0) -> float:  # type: ignore[overload-overlap]
    """The product of the values, which zeros among them don't keep from being differentiated.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """

@overload
def prod(values: Iterable[Value | float], *, start: Value | float = 1.0) -> Value: ...
@overload
def fsum(values: Iterable[float]) -> float:  # type: ignore[overload-overlap]
    """The sum of the values as if it were rounded once, whatever their sizes and order.

    Python's `math.fsum`; the derivative with respect to each of them is 1.

    >>> fsum([1e100, 1.0, -1e100])
    1.0
    """

@overload
def fsum(values: Iterable[Value | float]) -> Value: ...
@overload
def degrees(x: float) -> float:  # type: ignore[overload-overlap]
    """An angle in radians as degrees.

    >>> degrees(math.pi)
    180.0
    """

@overload
def degrees(x: Value | float) -> Value: ...
@overload
def radians(x: float) -> float:  # type: ignore[overload-overlap]
    """An angle in degrees as radians.

    >>> radians(180.0) == math.pi
    True
    """

@overload
def radians(x: Value | float) -> Value: ...
@overload
def clamp(x: float, low: float | None = ..., high: float | None = ...) -> float:  # type: ignore[overload-overlap]
    """`x`, but `low` where it is less than that, and `high` where it is more.

    Outside the bounds the derivative with respect to `x` is 0. Either bound may be left out, and
    both may be Values; on a bound, `x` and the bound share the derivative half and half, as those
    that tie in `maximum` and `minimum` do.

    >>> clamp(3.0, 0.0, 1.0), clamp(-3.0, 0.0), clamp(0.5, high=1.0)
    (1.0, 0.0, 0.5)
    """

@overload
def clamp(
    x: Value | float, low: Value | float | None = ..., high: Value | float | None = ...
) -> Value: ...
@overload
def sigmoid(x: float) -> float:  # type: ignore[overload-overlap]
    """1 / (1 + e⁻ˣ), right at any size of `x`; σ′ = σ(1 − σ) comes out of its primitives.

    >>> sigmoid(0.0), sigmoid(-1000.0), sigmoid(1000.0)
    (0.5, 0.0, 1.0)
    """

@overload
def sigmoid(x: Value | float) -> Value: ...
@overload
def softplus(x: float) -> float:  # type: ignore[overload-overlap]
    """log(1 + eˣ), right at any size of `x`; its derivative is the sigmoid.

    >>> softplus(1000.0), softplus(-1000.0)
    (1000.0, 0.0)
    """

@overload
def softplus(x: Value | float) -> Value: ...
@overload
def silu(x: float) -> float:  # type: ignore[overload-overlap]
    """x σ(x), which is also called swish: `x` times its `sigmoid`.

    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning".

    >>> silu(0.0), silu(1000.0)
    (0.0, 1000.0)
    """

@overload
def silu(x: Value | float) -> Value: ...
@overload
def gelu(x: float) -> float:  # type: ignore[overload-overlap]
    """x Φ(x), with Φ the distribution function of the normal distribution.

    Hendrycks and Gimpel, "Gaussian error linear units"; exact, not by its approximation with
    tanh.

    >>> gelu(0.0), gelu(100.0)
    (0.0, 100.0)
    """

@overload
def gelu(x: Value | float) -> Value: ...
@overload
def leaky_relu(x: float, slope: float = 0.01) -> float:  # type: ignore[overload-overlap]
    """`x`, but `slope` times `x` below 0; the derivative at 0 is 1, as that of `relu`.

    >>> leaky_relu(3.0), leaky_relu(-3.0, 0.5)
    (3.0, -1.5)
    """

@overload
def leaky_relu(x: Value | float, slope: Value | float = 0.01) -> Value: ...
@overload
def logsumexp(values: Iterable[float]) -> float:  # type: ignore[overload-overlap]
    """log(Σ e^xᵢ), right at any size of the xᵢ; its gradient is their softmax.

    Of two it is `logaddexp`. If the largest is infinite, this is their `maximum`. Raises
    `ValueError` for an empty sequence.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """

@overload
def logsumexp(values: Iterable[Value | float]) -> Value: ...
@overload
def softmax(values: Iterable[float]) -> list[float]:  # type: ignore[overload-overlap]
    """The list of e^xᵢ / Σ e^xⱼ, right at any size of the xᵢ.

    Raises `ValueError` for an empty sequence, and where several infinities are the largest:
    their shares are not defined.

    >>> softmax([1000.0, 1000.0, -1000.0])
    [0.5, 0.5, 0.0]
    """

@overload
def softmax(values: Iterable[Value | float]) -> list[Value]: ...
