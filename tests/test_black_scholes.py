"""Black–Scholes: the price of a call and all its first and second derivatives.

Closed forms (J. C. Hull, *Options, Futures, and Other Derivatives*, chapter 19, and what
follows from them by the product rule), evaluated in 50 digits.
"""

import math
from itertools import combinations_with_replacement

import pytest
from high_precision import context

from autograd_scalar import erfc, exp, grad, hessian, hvp, log, sqrt, value_and_grad

POINTS = [
    (100.0, 95.0, 0.5, 0.02, 0.3),
    (42.0, 40.0, 0.5, 0.1, 0.2),
    (80.0, 120.0, 2.0, 0.01, 0.45),
    (150.0, 100.0, 0.25, 0.05, 0.15),
]
EVERYTHING = (0, 1, 2, 3, 4)


def normal(z):
    return 0.5 * erfc(-z / math.sqrt(2))


def call(spot, strike, time, rate, volatility):
    total = volatility * sqrt(time)
    d1 = (log(spot / strike) + (rate + volatility**2 / 2) * time) / total
    return spot * normal(d1) - strike * exp(-rate * time) * normal(d1 - total)


def greeks(spot, strike, time, rate, volatility):
    """By pairs of arguments: "S", "K", "T", "r", "v" for first order, "SS", "SK", … for second."""
    S, K, T, r, v = (context.mpf(x) for x in (spot, strike, time, rate, volatility))  # noqa: N806
    root = context.sqrt(T)
    d1 = (context.log(S / K) + (r + v * v / 2) * T) / (v * root)
    d2 = d1 - v * root
    n = lambda z: context.exp(-z * z / 2) / context.sqrt(2 * context.pi)  # noqa: E731
    N = context.ncdf  # noqa: N806
    B = context.exp(-r * T)  # noqa: N806  the price of 1 at expiry
    # d1 and d2 by time: d2's is d1's less v / (2 √T).
    d1_T = (r + v * v / 2) / (v * root) - d1 / (2 * T)  # noqa: N806
    d2_T = d1_T - v / (2 * root)  # noqa: N806
    vega = S * n(d1) * root
    theta = S * n(d1) * v / (2 * root) + r * K * B * N(d2)
    return {
        "": S * N(d1) - K * B * N(d2),
        "S": N(d1),
        "K": -B * N(d2),
        "T": theta,
        "r": K * T * B * N(d2),
        "v": vega,
        "SS": n(d1) / (S * v * root),
        "SK": -n(d1) / (K * v * root),
        "ST": n(d1) * d1_T,
        "Sr": n(d1) * root / v,
        "Sv": -n(d1) * d2 / v,
        "KK": B * n(d2) / (K * v * root),
        "KT": r * B * N(d2) - B * n(d2) * d2_T,
        "Kr": T * B * N(d2) - B * n(d2) * root / v,
        "Kv": B * n(d2) * d1 / v,
        "TT": S * n(d1) * v / (2 * root) * (-d1 * d1_T - 1 / (2 * T))
        + r * K * B * (n(d2) * d2_T - r * N(d2)),
        "Tr": K * B * N(d2) * (1 - r * T) + K * T * B * n(d2) * d2_T,
        "Tv": vega * (1 / (2 * T) - d1 * d1_T),
        "rr": K * T * B * (n(d2) * root / v - T * N(d2)),
        "rv": -K * T * B * n(d2) * d1 / v,
        "vv": vega * d1 * d2 / v,
    }


@pytest.fixture(params=POINTS, ids=str)
def point(request):
    return request.param


@pytest.fixture
def exact(point):
    with context.workdps(50):
        return {name: float(greek) for name, greek in greeks(*point).items()}


def test_price_and_first_order_greeks(point, exact):
    price, found = value_and_grad(call, EVERYTHING)(*point)
    assert price == pytest.approx(exact[""], rel=1e-12)
    assert found == pytest.approx([exact[name] for name in "SKTrv"], rel=1e-12)


@pytest.mark.parametrize("method", ["hessian", "grad of grad", "hvp"])
def test_second_order_greeks(point, exact, method):
    for i, j in combinations_with_replacement(EVERYTHING, 2):
        if method == "hessian":
            found = hessian(call, EVERYTHING)(*point)[i][j]
        elif method == "grad of grad":
            found = grad(grad(call, i), j)(*point)
        else:
            found = hvp(call, EVERYTHING)(*point, tuple(float(k == j) for k in EVERYTHING))[i]
        assert found == pytest.approx(exact["SKTrv"[i] + "SKTrv"[j]], rel=1e-12)


def test_the_price_satisfies_the_black_scholes_equation(point):
    """∂V/∂T = ½ v² S² ∂²V/∂S² + r S ∂V/∂S - r V"""
    spot, _, _, rate, volatility = point
    price, (delta, _, decay, _, _) = value_and_grad(call, EVERYTHING)(*point)
    gamma = hessian(call)(*point)
    diffusion = 0.5 * volatility**2 * spot**2 * gamma
    assert decay == pytest.approx(diffusion + rate * spot * delta - rate * price, rel=1e-12)
