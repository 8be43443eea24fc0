"""Derivatives, functions and models that travel: pickled, and to other processes."""

import copy
import importlib
import multiprocessing
import os
import pickle
import subprocess
import sys
import uuid
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import nn
from autograd_scalar import (
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
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
from autograd_scalar.tape.threads import default_threads

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


# Compiled functions.

COMPILED = '''
import os
import threading
from dataclasses import dataclass

from autograd_scalar import Value, compile, custom, exp, grad, nn, primitive, value_and_grad
from autograd_scalar.tape import batch
from autograd_scalar.tape.threads import default_threads

#: One item for each time that Python ran a function of this module.
ran = []


def bits(answer):
    return repr(answer)


def loss(w, x):
    ran.append("loss")
    return exp(-w[0] * x) * w[1] if x > 0 else w[0] * x


gradient = compile(value_and_grad(loss))
mean = compile(value_and_grad(loss), batch=(None, 0), reduce="mean", threads=4)


@compile
def decorated(x):
    ran.append("decorated")
    return x * x if x > 0 else -x


class Steps:
    @compile
    def step(self, x):
        ran.append("step")
        return x + 1.0


class Model(nn.Module):
    def __init__(self):
        self.w = Value.parameter(3.0, "w")

    def parameters(self):
        return [self.w]

    def apply(self, x):
        ran.append("apply")
        return self.w * x if x > 0 else self.w - x


model = Model()


def of_module(x):
    ran.append("of_module")
    return model.w * x


first = primitive("NAME_first", "x * 2", "2", samples=[(1.0,)])
second = custom(lambda x: x * 3.0, lambda x: 3.0, name="NAME_second")


def with_rows(x):
    ran.append("with_rows")
    return first(x) * second(x)


def told(function, *arguments):
    """The answer, what Python ran for it, and how many threads there would be."""
    ran.clear()
    return bits(function(*arguments)), [*ran], default_threads()


def helpers(function, *arguments):
    """How many threads beside this one worked on a batch."""
    batch.WORTH_A_THREAD = 1
    function(*arguments)
    return sum(each.name.startswith(batch._WORKER) for each in threading.enumerate())
'''


@pytest.fixture
def travellers(scratch_table, tmp_path, monkeypatch):
    """A module of compiled functions that another process can import too."""
    name = f"travellers_{uuid.uuid4().hex}"
    Path(tmp_path, f"{name}.py").write_text(COMPILED.replace("NAME", name), encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield importlib.import_module(name)
    del sys.modules[name]


def journeys(module):
    """Compiled functions that were called here, and calls of them."""
    unpicklable = compile(lambda x: x * 2.0 if x > 0 else -x)
    of_model = compile(module.Model().apply)
    return [
        (module.gradient, ([0.5, 2.0], 3.0)),
        (module.gradient, ([0.5, 2.0], -3.0)),
        (module.mean, ([0.5, 2.0], [float(i % 7 - 3) for i in range(1500)])),
        (module.decorated, (3.0,)),
        (module.decorated, (-3.0,)),
        (unpicklable, (2.0,)),
        (of_model, (2.0,)),
        (of_model, (-2.0,)),
        (compile(module.of_module), (2.0,)),
        (compile(grad(module.with_rows)), (0.5,)),
    ]


def check_journeys(module, travel):
    calls = journeys(module)
    for function, arguments in calls:
        function(*arguments)
    here = [module.bits(function(*arguments)) for function, arguments in calls]
    there = travel(calls)
    assert [answer for answer, _, _ in there] == here
    assert [ran for _, ran, _ in there] == [[]] * len(here)
    return [threads for _, _, threads in there]


def in_processes(module, kind):
    def travel(calls):
        context = multiprocessing.get_context(kind)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            return [pool.submit(module.told, f, *given).result() for f, given in calls]

    return travel


METHODS = [each for each in multiprocessing.get_all_start_methods() if each != "fork"]


@pytest.mark.parametrize("method", METHODS)
def test_a_worker_compiles_nothing_and_has_one_thread(travellers, method):
    assert {*check_journeys(travellers, in_processes(travellers, method))} == {1}


def test_a_worker_has_as_many_threads_as_it_is_asked_for(travellers):
    given = [0.5, 2.0], [1.0] * 5000
    unasked = compile(value_and_grad(travellers.loss), batch=(None, 0), reduce="mean")
    unasked(*given)
    travellers.mean(*given)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(travellers.helpers, unasked, *given).result() == 0
        assert 1 <= pool.submit(travellers.helpers, travellers.mean, *given).result() <= 3


def test_joblib_compiles_nothing_in_processes_and_in_threads(travellers):
    joblib = pytest.importorskip("joblib")

    def travel(calls):
        return joblib.Parallel()(joblib.delayed(travellers.told)(f, *given) for f, given in calls)

    try:
        with joblib.parallel_config(backend="loky", n_jobs=2):
            assert {*check_journeys(travellers, travel)} == {1}
    finally:
        joblib.externals.loky.get_reusable_executor().shutdown()
    calls = journeys(travellers)
    here = [travellers.bits(f(*given)) for f, given in calls]
    with joblib.parallel_config(backend="threading", n_jobs=3):
        there = joblib.Parallel()(joblib.delayed(f)(*given) for f, given in calls * 3)
    assert [*map(travellers.bits, there)] == here * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_process_forked_after_threads_were_used_does_not_hang(tmp_path):
    program = """
import multiprocessing, sys, threading, time
import numpy as np
from autograd_scalar import compile, exp, value_and_grad
import autograd_scalar.tape.batch as batch

batch.WORTH_A_THREAD = 1
X = np.linspace(-1, 1, 5000)
many = compile(value_and_grad(lambda w, x: exp(w * x)), batch=(None, 0), reduce="sum", threads=4)
expected = many(0.5, X)
tracing = threading.Event()


def slow(x):
    tracing.set()
    time.sleep(0.05)
    return x * x if x > 0 else -x


one = compile(slow)
other = threading.Thread(target=one, args=(2.0,))
other.start()
tracing.wait()


def child(queue):
    queue.put((many(0.5, X), one(3.0)))


context = multiprocessing.get_context("fork")
queue = context.Queue()
process = context.Process(target=child, args=(queue,))
process.start()
assert queue.get(timeout=20) == (expected, 9.0)
process.join(20)
assert process.exitcode == 0
other.join()
print("done")
"""
    path = tmp_path / "program.py"
    path.write_text(program, encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-W", "ignore", str(path)], capture_output=True, text=True, timeout=60
    )
    assert told.stdout == "done\n", told.stderr


def test_a_decorated_function_takes_its_ways_along_and_is_itself(travellers):
    text = pickle.dumps([travellers.decorated, travellers.Steps.step])
    assert pickle.loads(text) == [travellers.decorated, travellers.Steps.step]
    travellers.decorated(3.0)
    text = pickle.dumps(travellers.decorated)
    assert pickle.loads(text) is travellers.decorated
    travellers.decorated._made.clear()
    travellers.decorated._latest = None
    travellers.ran.clear()
    assert pickle.loads(text)(3.0) == 9.0
    assert not travellers.ran
    # It has that way now, and another one comes.
    travellers.decorated(-3.0)
    both = pickle.dumps(travellers.decorated)
    travellers.decorated._made.clear()
    pickle.loads(text), pickle.loads(both), pickle.loads(both)
    assert len(travellers.decorated.tapes) == 2


def test_what_was_never_called_travels_with_its_function(travellers):
    assert pickle.loads(pickle.dumps(compile(travellers.loss)))([1.0, 2.0], -1.0) == -1.0
    method = compile(travellers.Model().apply)
    assert pickle.loads(pickle.dumps(method))(2.0) == 6.0
    step = travellers.Steps().step
    assert pickle.loads(pickle.dumps(step))(2.0) == 3.0
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(compile(lambda x: x))


def test_a_method_shares_its_parameters_with_what_was_compiled(travellers):
    model = travellers.Model()
    compiled = compile(model.apply)
    assert compiled(2.0) == 6.0
    there, copied = pickle.loads(pickle.dumps((model, compiled)))
    there.w.data = 5.0
    assert (copied(2.0), copied(-2.0)) == (10.0, 7.0)
    assert copied.parameters() == [there.w]
    assert copied.backward(2.0) == 10.0
    assert there.w.grad == 2.0


def test_copies_are_whole(travellers):
    model = travellers.Model()
    pair = copy.deepcopy((model, compile(model.apply)))
    pair[0].w.data = 5.0
    assert (pair[1](2.0), model.w.data) == (10.0, 3.0)
    local = compile(lambda x: x * 2.0 if x > 0 else -x)
    assert local(2.0) == copy.deepcopy(local)(2.0) == 4.0
    assert copy.deepcopy(local)(-2.0) == 2.0
    assert copy.copy(local) is local
    assert copy.deepcopy(travellers.decorated) is travellers.decorated
    assert copy.deepcopy(pickle.loads(pickle.dumps(local)))(3.0) == 6.0


def test_a_function_that_reads_its_module_stays_behind(travellers):
    compiled = compile(travellers.of_module)
    compiled(2.0)
    copied = pickle.loads(pickle.dumps(compiled))
    travellers.model.w.data = 4.0
    assert copied(2.0) == 6.0
    with pytest.raises(RuntimeError, match="it reads Values of its module"):
        copied([2.0])


@pytest.mark.parametrize(
    "kind", ["closure", "lambda", "of __main__"], ids=lambda each: each.replace(" ", "_")
)
def test_a_function_that_can_not_travel_leaves_its_ways(kind, monkeypatch, travellers):
    def closure(x):
        return x * x

    function = {"closure": closure, "lambda": lambda x: x * x, "of __main__": travellers.loss}[kind]
    compiled = compile(function)
    if kind != "of __main__":
        compiled(3.0)
        copied = pickle.loads(pickle.dumps(compiled))
        assert copied(4.0) == 16.0
        message = "it can't be pickled: define it in a module"
    else:
        compiled([1.0, 2.0], -1.0)
        text = pickle.dumps(compiled)
        monkeypatch.delattr(travellers, "loss")
        copied = pickle.loads(text)
        assert copied([1.0, 2.0], -1.0) == -1.0
        message = "here AttributeError"
    with pytest.raises(RuntimeError, match=message):
        copied("other")
    assert pickle.loads(pickle.dumps(copied)).tapes


def test_a_way_of_an_argument_that_can_not_travel_stays_behind(travellers):
    compiled = compile(travellers.told)
    compiled(lambda x: x, 1.0)
    assert not pickle.loads(pickle.dumps(compiled)).tapes


def test_a_process_without_a_row_says_which_is_missing(travellers):
    compiled = compile(lambda x: travellers.first(x) + travellers.second(x))
    compiled(1.0)
    program = (
        f"import pickle\ntry:\n    pickle.loads({pickle.dumps(compiled)!r})\n"
        "except ValueError as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    name = travellers.__name__
    assert f"{name}_first, {name}_second, which no primitive does here; import" in told


def test_a_limit_in_the_environment_is_kept(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    most = default_threads()
    for text, expected in [("1", 1), ("100000", most), ("0", most), ("", most), ("1,2", 1)]:
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert default_threads() == expected
