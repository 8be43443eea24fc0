"""A corpus of functions of three numbers, in any arithmetic that has the functions of the table.

Each is called as `fun(f, x, y, z)`; what `f` holds decides whether it computes with floats,
with Values, or in high precision. At its point each is smooth.
"""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple


class Case(NamedTuple):
    name: str
    fun: Callable
    point: tuple[float, float, float] = (0.7, 1.3, 2.1)


def constant_folds(f, x, y, z):
    minus = -z
    return 0 - (0 - x) + 0 * y + (z - 0) * 1 - -minus / 1


def newton(f, x, y, z):
    """A loop that ends by itself: the square root of x + y, then once more."""
    guess = z
    for _ in range(4):
        guess = (guess + (x + y) / guess) / 2
    return guess


def horner(f, x, y, z):
    return reduce(lambda total, each: total * x + each, [y, 3.0, z, -1, y], 0)


def reused(f, x, y, z):
    a = x * y
    b = a + a
    return b * a - b / z


def diamonds(f, x, y, z):
    for _ in range(5):
        x, y = f.sin(x) + y / 3, f.cos(y) - x * z
    return x * y


def branches(f, x, y, z):
    if x < y and z != 0:
        return x * z if x > -5 else y
    return y * y


def pendulum(f, x, y, z):
    angle, speed = x, y
    for _ in range(6):
        speed = speed - 0.1 * z * f.sin(angle)
        angle = angle + 0.1 * speed
    return speed * speed / 2 - z * f.cos(angle)


def black_scholes(f, x, y, z):
    first = (f.log(x / y) + (0.03 + z * z / 2) * 0.5) / (z * 0.5**0.5)
    second = first - z * 0.5**0.5

    def normal(t):
        return f.erfc(-t / 2**0.5) / 2

    return x * normal(first) - y * f.exp(-0.03 * 0.5) * normal(second)


def network(f, x, y, z):
    hidden = [f.tanh(w * x + v * y + 0.1) for w, v in ((0.5, -0.3), (z, 0.8), (-1.1, 0.2))]
    out = sum(hidden)
    return f.log1p(f.exp(-out)) + 0.01 * z**2


CORPUS = [
    Case("constant folds", constant_folds),
    Case("reversed operators", lambda f, x, y, z: (2 - x) * (3 / y) + 2**z - (1 + x)),
    Case("minus a product", lambda f, x, y, z: 0 - x * y - (0 - y * z) - -(x * z)),
    Case("polynomial", lambda f, x, y, z: 3 * x**2 - y * x + z / 2 - (2 - x) * (y - 3)),
    Case("horner", horner),
    Case("product of three", lambda f, x, y, z: x * y * z * -1),
    Case("quotients", lambda f, x, y, z: x / y - y / z + 1 / (x * z) - z / 3),
    Case("powers", lambda f, x, y, z: x**3 + y**0.5 + z**-2 + x**1 + y**0),
    Case("variable exponents", lambda f, x, y, z: x**y + y**z - z**x),
    Case("negative base", lambda f, x, y, z: x**3 * y + x**2 / z - x**-1, (-0.7, -1.3, 2.1)),
    Case("remainders", lambda f, x, y, z: x % y + 5 % x - z % 0.8 + z // x, (0.7, 1.3, 2.9)),
    Case("absolute values", lambda f, x, y, z: abs(x - y) * abs(z) - abs(-x), (0.7, 1.3, -2.1)),
    Case("exponentials", lambda f, x, y, z: f.exp(x * y) - f.expm1(z / 3) + f.exp(-x)),
    Case("logarithms", lambda f, x, y, z: f.log(x) * f.log2(y) - f.log10(z) + f.log1p(x)),
    Case("bases", lambda f, x, y, z: f.log(z, y) - f.log(x, 3) + f.log(2, z)),
    Case("roots", lambda f, x, y, z: f.sqrt(x * y) + f.cbrt(-z) - f.sqrt(z) / f.cbrt(y)),
    Case("circle", lambda f, x, y, z: f.sin(x) * f.cos(y) - f.tan(z / 3)),
    Case("arcs", lambda f, x, y, z: f.asin(x) - f.acos(y / 2) * f.atan(z) + f.asin(-x)),
    Case("angles", lambda f, x, y, z: f.atan2(x, y) + f.atan2(-z, x) * 2 - f.atan2(y, -3)),
    Case("hyperbolas", lambda f, x, y, z: f.sinh(x) - f.cosh(y) * f.tanh(z) + f.tanh(x / 2)),
    Case("areas", lambda f, x, y, z: f.asinh(x) + f.acosh(y) - f.atanh(z / 3) * f.atanh(x)),
    Case("errors", lambda f, x, y, z: f.erf(x) * f.erfc(y) - f.erf(z / 2)),
    Case("lengths", lambda f, x, y, z: f.hypot(x, y) * f.hypot(z, 2) - f.hypot(3, -x)),
    Case("hinges", lambda f, x, y, z: f.relu(x * z) - f.relu(-y) + f.relu(1 - x) * y),
    Case("larger", lambda f, x, y, z: f.maximum(x, y) * z + f.maximum(z, 1.0) - f.maximum(0.0, x)),
    Case("smaller", lambda f, x, y, z: f.minimum(x, y) * z + f.minimum(z, 5) - f.minimum(1, x)),
    Case("several", lambda f, x, y, z: f.maximum(x, y * y, z) ** 2 + f.minimum(x, z, y, 9) * y),
    Case("selected", lambda f, x, y, z: f.where(x < y, x * z, y) + f.where(x > y, x, y * z)),
    Case("chosen", lambda f, x, y, z: f.where(x, y * y, z) * f.where(0.0, x, z * z)),
    Case("untaken", lambda f, x, y, z: f.where(x > 0, y * z, f.sqrt(x)) * x, (0.7, 1.3, 2.1)),
    Case("steps", lambda f, x, y, z: f.floor(z) * x - f.ceil(y) * z + f.trunc(-y) * y),
    Case("sigmoid", lambda f, x, y, z: f.sigmoid(x * y) * z - f.sigmoid(-40 * z) + f.sigmoid(y)),
    Case("softplus", lambda f, x, y, z: f.softplus(x - z) * y + f.softplus(30 * y) / x),
    Case("logsumexp", lambda f, x, y, z: f.logsumexp([x, y * z, 1.0]) + f.logsumexp([x, y])),
    Case("softmax", lambda f, x, y, z: f.softmax([x, 4 * z, 2])[0] * x + f.softmax([x, y])[1]),
    Case("three operands", lambda f, x, y, z: f.blend(x, y, z) - f.blend(y, 2.0, x) / z),
    Case("third twice", lambda f, x, y, z: f.blend(z, z, z) + f.blend(1, x, x) * f.blend(y, 1, 0)),
    Case("four operands", lambda f, x, y, z: f.mixed(x, y, z, x) + f.mixed(y, 3, 1, z) * x),
    Case("reused", reused),
    Case("diamonds", diamonds),
    Case("branches", branches),
    Case("newton", newton),
    Case("pendulum", pendulum),
    Case("black_scholes", black_scholes, (1.1, 1.0, 0.4)),
    Case("network", network),
    Case("sum of none", lambda f, x, y, z: sum([]) + y * 0 + x - x + z),
]
