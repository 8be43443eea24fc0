"""Derivatives, functions and models that travel: pickled, and to other processes."""

import copy
import importlib
import multiprocessing
import pickle
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import nn
from autograd_scalar import (
    Value,
    custom,
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    jacobian,
    sin,
    value_and_grad,
    value_and_jacobian,
    value_grad_and_hvp,
)

SOURCE = '''
import math
from itertools import pairwise

import nn
from autograd_scalar import custom, exp, grad, primitive, value_and_grad


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


@grad
def cube_slope(x):
    return x**3


@value_and_grad
def square_and_slope(x):
    return x**2


swish = primitive(
    "NAME_swish",
    "x / (1 + exp(-x))",
    "(1 + out * exp(-x)) / (1 + exp(-x))",
    samples=[(0.7,), (-2.0,)],
)

bump = custom(lambda x: math.exp(-x * x), lambda x: -2 * x * exp(-x * x), name="NAME_bump")


def network(activation):
    return nn.MLP(2, [3, 1], activation=activation, rng=1)


def loss(model, x):
    """The number, and the gradient that one pass leaves in the parameters."""
    out = model(x)
    out.backward()
    return out.data, [p.grad for p in model.parameters()]
'''


@pytest.fixture
def importable(scratch_table, tmp_path, monkeypatch):
    """A module that another process can import too; no other test has its names."""
    name = f"importable_{uuid.uuid4().hex}"
    Path(tmp_path, f"{name}.py").write_text(SOURCE.replace("NAME", name), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield importlib.import_module(name)
    del sys.modules[name]


POINT = [0.5, -1.0, 2.0]


@pytest.mark.parametrize(
    ("operator", "more"),
    [
        (grad, ()),
        (value_and_grad, ()),
        (jacobian, ()),
        (value_and_jacobian, ()),
        (hessian, ()),
        (hessian_diagonal, ()),
        (hvp, ([1.0, 2.0, 3.0],)),
        (value_grad_and_hvp, ([1.0, 2.0, 3.0],)),
        (lambda fun: grad(fun, argnums=(0,), has_aux=False), ()),
        (lambda fun: jacobian(grad(fun), mode="forward"), ()),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_what_an_operator_makes_is_pickled_with_its_function(importable, operator, more):
    made = operator(importable.rosenbrock)
    travelled = pickle.loads(pickle.dumps(made))
    assert travelled(POINT, *more) == made(POINT, *more)
    assert travelled.__name__ == made.__name__
    assert copy.deepcopy(made)(POINT, *more) == made(POINT, *more)


def test_a_decorated_function_is_pickled_by_its_name(importable):
    assert pickle.loads(pickle.dumps(importable.cube_slope)) is importable.cube_slope
    assert pickle.loads(pickle.dumps(grad(importable.cube_slope)))(2.0) == 12.0


def test_what_is_made_of_a_lambda_says_so_when_it_is_pickled():
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(grad(lambda x: x))


@pytest.mark.parametrize("name", ["swish", "bump"])
def test_functions_added_to_the_table_are_pickled_by_name(importable, name):
    function = getattr(importable, name)
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(function) is function
    model = importable.network(function)
    assert importable.loss(pickle.loads(pickle.dumps(model)), [1.0, 2.0]) == importable.loss(
        model, [1.0, 2.0]
    )


def test_functions_of_the_package_are_pickled_by_name():
    assert pickle.loads(pickle.dumps(sin)) is sin


def test_a_name_that_was_made_of_something_else_is_refused(scratch_table):
    text = pickle.dumps(custom(lambda x: x, 1, name="elsewhere"))
    custom(lambda x: 2 * x, 2, name="elsewhere_other")
    other = text.replace(b"elsewhere", b"elsewherX")
    with pytest.raises(ValueError, match="'elsewherX', which has not been made in this process"):
        pickle.loads(other)
    other = text.replace(b"<lambda>, line", b"<lambda>, Line")
    with pytest.raises(ValueError, match=r"'elsewhere' made of .* but here it is made"):
        pickle.loads(other)


@pytest.mark.parametrize("name", ["swish", "bump"])
def test_a_process_that_never_made_a_function_says_which_to_make(importable, name):
    text = pickle.dumps(getattr(importable, name))
    program = (
        f"import pickle\ntry:\n    pickle.loads({text!r})\n"
        "except (AttributeError, ValueError) as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    assert f"{importable.__name__}_{name}" in told
    assert "import" in told


def travel(importable):
    """Calls that another process is to answer as this one does."""
    model = importable.network(importable.bump)
    return [
        (value_and_grad(importable.rosenbrock), (POINT,)),
        (hessian(importable.rosenbrock), (POINT,)),
        (importable.cube_slope, (3.0,)),
        (grad(importable.swish), (0.5,)),
        (grad(grad(importable.bump)), (0.5,)),
        (importable.loss, (importable.network(importable.swish), [1.0, 2.0])),
        (importable.loss, (model, [Value(1.0), 2.0])),
        (importable.network, (importable.swish,)),
    ]


def comparable(answers):
    return [
        [p.data for p in each.parameters()] if isinstance(each, nn.Module) else each
        for each in answers
    ]


def test_a_spawned_process_answers_the_same(importable):
    calls = travel(importable)
    here = comparable([function(*arguments) for function, arguments in travel(importable)])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = [pool.apply(function, arguments) for function, arguments in calls]
    assert comparable(there) == here


def test_joblib_answers_the_same(importable):
    joblib = pytest.importorskip("joblib")
    here = comparable([function(*arguments) for function, arguments in travel(importable)])
    with joblib.parallel_config(backend="loky", n_jobs=2):
        there = joblib.Parallel()(
            joblib.delayed(function)(*arguments) for function, arguments in travel(importable)
        )
    # Its processes would go on with the path of today.
    joblib.externals.loky.get_reusable_executor().shutdown()
    assert comparable(there) == here
