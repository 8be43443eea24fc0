"""One corpus of functions through every mode and build, against mpmath's derivatives."""

import copy
import importlib
import math
import pickle
from contextlib import ExitStack
from functools import cache
from types import SimpleNamespace

import pytest
from conftest import table_kept
from corpus import CORPUS
from high_precision import ALGEBRA, context, real

import autograd_scalar
from autograd_scalar.table.registry import functions_of
from benchmarks.peers.ours import plain_package

DIRECTION = (0.5, -2.0, 1.5)
ALL = (0, 1, 2)

# Primitives of three and four operands, curved in each.
BLEND = ("x * (1 - z) + y * z * z", "1 - z", "z * z", "2 * y * z - x")
MIXED = ("a * b + c * d * d * a", "b + c * d * d", "a", "a * d * d", "2 * a * c * d")


def exactly():
    """The functions a program may call, in high precision."""
    f = SimpleNamespace(**functions_of(ALGEBRA))
    log, larger, smaller = f.log, f.maximum, f.minimum
    f.log = lambda x, base=None: log(x) if base is None else log(x) / log(real(base))
    f.maximum = lambda x, *more: f.maximum(larger(x, more[0]), *more[1:]) if more else x
    f.minimum = lambda x, *more: f.minimum(smaller(x, more[0]), *more[1:]) if more else x
    f.sigmoid = lambda x: 1 / (1 + f.exp(-x))
    f.softplus = lambda x: f.log(1 + f.exp(x))
    f.softmax = lambda xs: [f.exp(x) / sum(map(f.exp, xs)) for x in xs]
    f.logsumexp = lambda xs: f.log(sum(map(f.exp, xs)))
    f.blend = lambda x, y, z: x * (1 - z) + y * z * z
    f.mixed = lambda a, b, c, d: a * b + c * d * d * a
    return f


@cache
def expected(case):
    """The value, the gradient, the Hessian and its product with a vector: mpmath's."""
    f = exactly()

    def fun(*numbers):
        return case.fun(f, *numbers)

    with context.workdps(60):
        at = [real(x) for x in case.point]
        value = fun(*at)
        gradient = [context.diff(fun, at, tuple(int(i == j) for j in ALL)) for i in ALL]
        hessian = [
            [context.diff(fun, at, tuple((i == k) + (j == k) for k in ALL)) for j in ALL]
            for i in ALL
        ]
        return SimpleNamespace(
            value=float(value),
            gradient=[float(each) for each in gradient],
            hessian=[[float(each) for each in row] for row in hessian],
            along=float(sum(g * d for g, d in zip(gradient, DIRECTION, strict=True))),
            product=[
                float(sum(h * d for h, d in zip(row, DIRECTION, strict=True))) for row in hessian
            ],
        )


PACKAGES = {autograd_scalar.build: autograd_scalar, "python": plain_package()}


@pytest.fixture(scope="module", params=PACKAGES)
def package(request):
    package = PACKAGES[request.param]
    with ExitStack() as stack:
        stack.enter_context(table_kept(package))
        functions = importlib.import_module(f"{package.__name__}.engine.functions")
        f = SimpleNamespace(**functions.FUNCTIONS)
        f.softmax, f.logsumexp = package.softmax, package.logsumexp
        f.blend = package.primitive("corpus_blend", *BLEND, samples=[(0.7, 1.3, 2.1)])
        f.mixed = package.primitive(
            "corpus_mixed", *MIXED, samples=[(0.7, 1.3, 2.1, 0.4)], arguments=tuple("abcd")
        )
        yield package, f


def leaves_and_result(ag, fun, point):
    leaves = [ag.Value(x) for x in point]
    return leaves, fun(*leaves)


def value(ag, fun, point, right):
    _, out = leaves_and_result(ag, fun, point)
    with ag.no_grad():
        _, constant = leaves_and_result(ag, fun, point)
    assert constant.kind == "constant"
    return [fun(*point), out.data, constant.data], [right.value] * 3


def backward(ag, fun, point, right):
    leaves, out = leaves_and_result(ag, fun, point)
    out.backward()
    once = [leaf.grad for leaf in leaves]
    out.backward(-3.0)
    return [once, [leaf.grad for leaf in leaves]], [
        right.gradient,
        [-2 * g for g in right.gradient],
    ]


def grad(ag, fun, point, right):
    single = [ag.grad(fun, i)(*point) for i in ALL]
    return [list(ag.grad(fun, ALL)(*point)), single], [right.gradient] * 2


def value_and_grad(ag, fun, point, right):
    found, gradient = ag.value_and_grad(fun, ALL)(*point)
    return [found, *gradient], [right.value, *right.gradient]


def jvp(ag, fun, point, right):
    single = [ag.jvp(fun, point, 2.0, argnums=i)[1] for i in ALL]
    found = [*ag.jvp(fun, point, DIRECTION), *single]
    return found, [right.value, right.along, *[2 * g for g in right.gradient]]


def vjp(ag, fun, point, right):
    found, pullback = ag.vjp(fun, *point)
    return [found, *pullback(-2.0)], [right.value, *[-2 * g for g in right.gradient]]


def _jacobian(mode):
    def jacobian(ag, fun, point, right):
        def several(*numbers):
            out = fun(*numbers)
            return [out, 3.0, numbers[0], out * 2]

        rows = ag.jacobian(several, ALL, mode=mode)(*point)
        slopes = [right.gradient, [0.0] * 3, [1.0, 0.0, 0.0], [2 * g for g in right.gradient]]
        return [list(row) for row in rows], slopes

    jacobian.__name__ = f"jacobian_{mode}"
    return jacobian


def hessian(ag, fun, point, right):
    whole = [list(row) for row in ag.hessian(fun, ALL)(*point)]
    diagonal = list(ag.hessian_diagonal(fun, ALL)(*point))
    single = [ag.hessian(fun, i)(*point) for i in ALL]
    own = [right.hessian[i][i] for i in ALL]
    return [whole, diagonal, single], [right.hessian, own, own]


def hvp(ag, fun, point, right):
    single = [ag.hvp(fun, i)(*point, 2.0) for i in ALL]
    found, slopes, product = ag.value_grad_and_hvp(fun, ALL)(*point, DIRECTION)
    return [
        list(ag.hvp(fun, ALL)(*point, DIRECTION)),
        single,
        found,
        list(slopes),
        list(product),
    ], [
        right.product,
        [2 * right.hessian[i][i] for i in ALL],
        right.value,
        right.gradient,
        right.product,
    ]


def gradient(ag, fun, point, right):
    leaves, out = leaves_and_result(ag, fun, point)
    unrelated = ag.Value(1.0)
    constant = ag.Value(1.0).detach()
    found = ag.gradient(out, [*leaves, unrelated, constant, out, leaves[0]])
    return found, [*right.gradient, 0.0, 0.0, 1.0, right.gradient[0]]


def gradient_by_constants(ag, fun, point, right):
    """What is asked for is differentiated by, constant or not; a constant is a result too."""
    found = []
    for i in ALL:
        given = [ag.Value(x) if i == j else ag.Value(x).detach() for j, x in enumerate(point)]
        for create_graph in (False, True):
            found.append([_number(g) for g in ag.gradient(fun(*given), given, create_graph)])
            constant = fun(*given).detach()
            asked = [*given, constant]
            found.append([_number(g) for g in ag.gradient(constant, asked, create_graph)])
    return found, [right.gradient, [0.0, 0.0, 0.0, 1.0]] * 6


def recorded_gradient(ag, fun, point, right):
    leaves, out = leaves_and_result(ag, fun, point)
    slopes = ag.gradient(out, leaves, create_graph=True)
    rows = [ag.gradient(slope, leaves) for slope in slopes]
    return [[slope.data for slope in slopes], rows], [right.gradient, right.hessian]


def reverse_over_reverse(ag, fun, point, right):
    def along(*numbers):
        return sum(g * d for g, d in zip(ag.grad(fun, ALL)(*numbers), DIRECTION, strict=True))

    return list(ag.grad(along, ALL)(*point)), right.product


def forward_over_reverse(ag, fun, point, right):
    return list(ag.jvp(ag.grad(fun, ALL), point, DIRECTION)[1]), right.product


def reverse_over_forward(ag, fun, point, right):
    return list(
        ag.grad(lambda *numbers: ag.jvp(fun, numbers, DIRECTION)[1], ALL)(*point)
    ), right.product


def forward_over_forward(ag, fun, point, right):
    def along(*numbers):
        return ag.jvp(fun, numbers, DIRECTION)[1]

    twice = ag.jvp(along, point, DIRECTION)[1]
    return [twice], [sum(p * d for p, d in zip(right.product, DIRECTION, strict=True))]


def one_operand_twice(ag, fun, point, right):
    """The second derivative by one argument of a recorded sweep that holds the others fixed."""
    found = [
        [
            ag.grad(ag.grad(fun, i), i)(*point),
            ag.grad(lambda x, i=i: _slope(ag, fun, point, i, x))(point[i]),
        ]
        for i in ALL
    ]
    return found, [[right.hessian[i][i]] * 2 for i in ALL]


def _slope(ag, fun, point, i, x):
    return ag.jvp(fun, [x if i == j else each for j, each in enumerate(point)], 1.0, argnums=i)[1]


def watched(ag, fun, point, right):
    with ag.detect_anomaly():
        found = [list(ag.grad(fun, ALL)(*point)), ag.jvp(fun, point, DIRECTION)[1]]
        leaves, out = leaves_and_result(ag, fun, point)
        out.backward()
        product = list(ag.hvp(fun, ALL)(*point, DIRECTION))
    return [*found, [leaf.grad for leaf in leaves], product], [
        right.gradient,
        right.along,
        right.gradient,
        right.product,
    ]


def without_recording(ag, fun, point, right):
    with ag.no_grad():
        found = [
            list(ag.grad(fun, ALL)(*point)),
            ag.jvp(fun, point, DIRECTION)[1],
            list(ag.vjp(fun, *point)[1](1.0)),
        ]
    return found, [right.gradient, right.along, right.gradient]


def _copied(copier):
    def copied(ag, fun, point, right):
        leaves, out = copier(leaves_and_result(ag, fun, point))
        out.backward()
        second = ag.gradient(ag.gradient(out, leaves, create_graph=True)[0], leaves)
        return [out.data, [leaf.grad for leaf in leaves], second], [
            right.value,
            right.gradient,
            right.hessian[0],
        ]

    return copied


def pickled(ag, fun, point, right):
    return _copied(lambda graph: pickle.loads(pickle.dumps(graph)))(ag, fun, point, right)


def deep_copied(ag, fun, point, right):
    return _copied(copy.deepcopy)(ag, fun, point, right)


def _number(x):
    return getattr(x, "data", x)


def flat(found):
    return [each for part in found for each in flat(part)] if isinstance(found, list) else [found]


MODES = [
    value,
    backward,
    grad,
    value_and_grad,
    jvp,
    vjp,
    _jacobian("reverse"),
    _jacobian("forward"),
    hessian,
    hvp,
    gradient,
    gradient_by_constants,
    recorded_gradient,
    reverse_over_reverse,
    forward_over_reverse,
    reverse_over_forward,
    forward_over_forward,
    one_operand_twice,
    watched,
    without_recording,
    pickled,
    deep_copied,
]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name.replace(" ", "_"))
def test_every_mode_finds_the_derivatives_of_every_function(package, case, mode):
    ag, f = package
    found, right = mode(ag, lambda *numbers: case.fun(f, *numbers), case.point, expected(case))
    found, right = flat(found), flat(right)
    assert len(found) == len(right)
    for number, exact in zip(found, right, strict=True):
        assert math.isclose(number, exact, rel_tol=1e-11, abs_tol=1e-11), (found, right)
