"""The digamma function and its derivatives on floats, which Python's `math` lacks.

ψ = Γ′/Γ and ψ⁽ⁿ⁾, its n-th derivative, from chapter 6 of Abramowitz and Stegun, "Handbook of
Mathematical Functions": the asymptotic series 6.3.18 and 6.4.11, the recurrences 6.3.5 and
6.4.6, and the reflections 6.3.7 and 6.4.7.
"""

from __future__ import annotations

import math
from functools import cache

# B₂, B₄, … of 23.1.3.
_BERNOULLI = (
    *(1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6),
    *(-3617 / 510, 43867 / 798, -174611 / 330),
)

# The positive root of ψ is the sum of these two: the nearest float, and what it is short of it.
_ROOT = (1.4616321449683622, 9.549995429965697e-17)


def _pole(x: float) -> bool:
    return x <= 0 and x == x // 1


def _finite(result: float, x: float) -> float:
    if math.isinf(result) and math.isfinite(x):
        raise OverflowError("math range error")
    return result


def digamma(x: float) -> float:
    """ψ(x), the derivative of log Γ(x).

    Right to a few units in the last place, but next to its negative roots: there the units are
    those of log(-x). Raises `ValueError` at its poles, 0, -1, -2, …, and `OverflowError` next to 0.

    >>> digamma(2.0) - digamma(1.0)
    1.0
    """
    if _pole(x):
        raise ValueError("math domain error")
    if x < 0:
        return _finite(digamma(1 - x) - math.pi * _cotangent(x), x)
    if x >= 10:
        square = 1 / (x * x)
        rest = 0.0
        for k in range(8, 0, -1):
            rest = square * (_BERNOULLI[k - 1] / (2 * k) + rest)
        return math.log(x) - (0.5 / x + rest)
    terms = []
    while x > 1.96:
        x -= 1
        terms.append(1 / x)
    if x < 0.96:
        terms.append(-1 / x)
        x += 1
    step = x - _ROOT[0] - _ROOT[1]
    slope, *bends = _taylor()
    series = 0.0
    for coefficient in reversed(bends):
        series = step * (coefficient + series)
    return _finite(math.fsum([step * slope, step * series, *terms]), x)


@cache
def _taylor() -> tuple[float, ...]:
    """ψ⁽ᵏ⁾/k! at the positive root, from k = 1 on."""
    return tuple(polygamma(k, _ROOT[0]) / math.factorial(k) for k in range(1, 41))


def polygamma(n: float, x: float) -> float:
    """ψ⁽ⁿ⁾(x), the n-th derivative of ψ, for a whole n up to 100.

    Raises `ValueError` elsewhere and at the poles 0, -1, -2, …, and `OverflowError`.

    >>> polygamma(1, 1.0) == math.pi**2 / 6
    True
    """
    if not (0 <= n <= 100 and n == math.floor(n)) or _pole(x):
        raise ValueError("math domain error")
    if math.isnan(x):
        return x
    if n == 0:
        return digamma(x)
    sign = 1 if n % 2 else -1
    if x > 0:
        return _finite(sign * _tail(int(n), x), x)
    return _finite(-sign * polygamma(n, 1 - x) - math.pi * _slope_of_cotangent(int(n), x), x)


def _tail(n: int, x: float) -> float:
    """n! Σ 1/(x + j)ⁿ⁺¹ over all j ≥ 0, which is |ψ⁽ⁿ⁾(x)|."""
    terms = []
    start = x
    while x < n + 16:
        terms.append(_power(n, x) / x)
        x = start + len(terms)
    # What is left is an integral and its corrections.
    square = 1 / (x * x)
    factor, corrections = 0.5 / x, 0.0
    growth = 1.0
    for k, bernoulli in enumerate(_BERNOULLI, start=1):
        # (n + 2k - 1)! / (n - 1)! / (2k)! / x²ᵏ
        growth *= square * (n + 2 * k - 2) * (n + 2 * k - 1) / (2 * k * (2 * k - 1))
        corrections += bernoulli * growth
    whole = _power(n, x) / n
    return math.fsum([*terms, whole, whole * (n * factor), whole * corrections])


def _power(n: int, x: float) -> float:
    """n! / xⁿ, which neither factor need be."""
    result = 1.0
    for k in range(n, 0, -1):
        result *= k / x
    return result


def _cotangent(x: float) -> float:
    """cot(πx), by the distance from a whole number, which is exact."""
    distance = math.remainder(x, 1.0)
    if abs(distance) <= 0.25:
        return 1 / math.tan(math.pi * distance)
    return math.copysign(math.tan(math.pi * (0.5 - abs(distance))), distance)


def _slope_of_cotangent(n: int, x: float) -> float:
    """dⁿ/dxⁿ cot(πx): a polynomial in the cotangent c, as dc/dx = -π(1 + c²)."""
    coefficients = [0.0, 1.0]
    for _ in range(n):
        slope = [k * each for k, each in enumerate(coefficients)][1:]
        coefficients = [0.0] * (len(slope) + 2)
        for k, each in enumerate(slope):
            coefficients[k] -= math.pi * each
            coefficients[k + 2] -= math.pi * each
    c = _cotangent(x)
    result = coefficients.pop()
    for each in reversed(coefficients):
        result = result * c + each
    return result
