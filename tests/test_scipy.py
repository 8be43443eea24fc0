"""SciPy takes the operators as they stand."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize, root, rosen, rosen_der, rosen_hess

from autograd_scalar import cos, grad, hessian, hvp, jacobian, sin, value_and_grad

START = np.linspace(-1.2, 1.5, 10)


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


@pytest.mark.parametrize("fun", [rosenbrock, rosen], ids=["in Python", "SciPy's own"])
def test_derivatives_of_rosenbrock_are_scipys(fun):
    rng = np.random.default_rng(5)
    for x in rng.uniform(-2, 2, size=(5, 10)):
        size = np.abs(rosen_hess(x)).max()
        assert grad(fun)(x) == pytest.approx(rosen_der(x), rel=1e-13, abs=1e-15 * size)
        assert hessian(fun)(x) == pytest.approx(rosen_hess(x), rel=1e-13, abs=1e-15 * size)
        vector = rng.normal(size=10)
        product = hvp(fun)(x, vector)
        assert product == pytest.approx(rosen_hess(x) @ vector, rel=1e-12, abs=1e-13 * size)
        assert jacobian(grad(fun))(x) == pytest.approx(rosen_hess(x), rel=1e-13, abs=1e-15 * size)


@pytest.mark.parametrize(
    "options",
    [
        {"fun": value_and_grad(rosenbrock), "jac": True, "method": "L-BFGS-B"},
        {"fun": rosenbrock, "jac": grad(rosenbrock), "method": "BFGS"},
        {
            "fun": value_and_grad(rosenbrock),
            "jac": True,
            "hess": hessian(rosenbrock),
            "method": "trust-exact",
        },
        {
            "fun": rosenbrock,
            "jac": grad(rosenbrock),
            "hessp": hvp(rosenbrock),
            "method": "Newton-CG",
        },
        {
            "fun": value_and_grad(rosenbrock),
            "jac": True,
            "hessp": hvp(rosenbrock),
            "method": "trust-ncg",
        },
    ],
    ids=lambda options: options["method"],
)
def test_minimize_finds_the_valley_of_rosenbrock(options):
    found = minimize(x0=START, tol=1e-10, **options)
    assert found.x == pytest.approx(np.ones(10), abs=1e-5)
    assert rosen_der(found.x) == pytest.approx(np.zeros(10), abs=1e-3)


LENGTHS = (1.0, 0.8, 0.5)


def hand(angles):
    """Where an arm of three segments in a plane has its hand."""
    x = y = direction = 0.0
    for length, angle in zip(LENGTHS, angles, strict=True):
        direction = direction + angle
        x, y = x + length * cos(direction), y + length * sin(direction)
    return [x, y, direction]


def test_inverse_kinematics_with_root_and_least_squares():
    aim = np.array([1.1, 1.2, 0.9])

    def miss(angles):
        return [found - wanted for found, wanted in zip(hand(angles), aim, strict=True)]

    start = np.array([0.3, 0.4, 0.1])
    for found in (
        root(miss, start, jac=jacobian(miss)),
        least_squares(miss, start, jac=jacobian(miss), xtol=1e-15, ftol=1e-15, gtol=1e-15),
    ):
        assert found.success
        assert hand(found.x) == pytest.approx(aim, abs=1e-8)
    # The Jacobian of an arm: each joint turns all that is beyond it.
    angles = np.array([0.3, 0.4, 0.1])
    joints = [(0.0, 0.0)]
    for k in (1, 2):
        x, y, _ = hand([*angles[:k], *[0.0] * (3 - k)])
        rest = sum(LENGTHS[k:])
        joints.append((x - rest * cos(angles[:k].sum()), y - rest * sin(angles[:k].sum())))
    x, y, _ = hand(angles)
    exact = [[b - y for _, b in joints], [x - a for a, _ in joints], [1.0, 1.0, 1.0]]
    assert np.array(jacobian(miss)(angles)) == pytest.approx(np.array(exact), rel=1e-14)


def test_fitting_an_exponential_decay():
    times = np.linspace(0, 4, 25)
    exact = np.array([2.5, 1.3, 0.5])
    amplitude, rate, floor = exact
    measured = amplitude * np.exp(-rate * times) + floor

    def residuals(p):
        return p[0] * np.exp(-p[1] * times) + p[2] - measured

    found = least_squares(residuals, [1.0, 1.0, 0.0], jac=jacobian(residuals), xtol=1e-15)
    assert found.x == pytest.approx(exact, rel=1e-9)
    p = [2.0, 0.7, 0.1]
    decay = np.exp(-p[1] * times)
    exact = np.column_stack([decay, -p[0] * times * decay, np.ones_like(times)])
    assert jacobian(residuals)(np.array(p)) == pytest.approx(exact, rel=1e-14)


def test_what_scipy_gets_are_plain_floats():
    value, slopes = value_and_grad(rosenbrock)(START)
    assert type(value) is float
    assert slopes.dtype == hessian(rosenbrock)(START).dtype == np.float64
    assert hvp(rosenbrock)(START, START).dtype == np.float64
