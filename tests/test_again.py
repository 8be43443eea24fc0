"""Calls like the one before: quicker, the same bits, and nothing else taken for one."""

import gc
import math
import weakref

import numpy as np
import pytest

from autograd_scalar import (
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
    exp,
    grad,
    log,
    nn,
    no_grad,
    tanh,
    value_and_grad,
)
from autograd_scalar.tape import batch
from autograd_scalar.tape.again import Again


def flattened(tree):
    """The numbers in lists, tuples, dicts and arrays."""
    if isinstance(tree, dict):
        tree = [*tree.values()]
    return [n for each in tree for n in flattened(each)] if hasattr(tree, "__len__") else [tree]


def score(w, x):
    first, *rest = flattened(w)
    return tanh(first * x[0]) + sum(each * x[1] for each in rest)


def bits(result):
    if isinstance(result, dict):
        result = [*result.values()]
    if isinstance(result, tuple | list):
        return [bits(each) for each in result]
    return np.asarray(result, np.float64).tobytes()


def examples(seed, size=700):
    return np.random.default_rng(seed).normal(size=(size, 2))


WEIGHTS = [
    (0.5, -2.0),
    (np.float64(0.5), 2.0),
    ([0.5, 1.0], [2.0, -3.0]),
    ((0.5, 1.0), (2.0, -3.0)),
    (np.array([0.5, 1.0]), np.array([2.0, -3.0])),
    ({"a": 0.5, "b": np.array([1.0, 2.0])}, {"a": 1.5, "b": np.array([-1.0, 0.5])}),
]


@pytest.fixture
def made_again(monkeypatch):
    """How often a call was made like the one before."""
    counted = []
    called = Again.__call__

    def counting(self, args):
        found = called(self, args)
        counted.append(bool(found))
        return found

    monkeypatch.setattr(Again, "__call__", counting)
    return counted


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_several_threads_give_the_bits_of_one(reduce, threads, made_again, monkeypatch):
    monkeypatch.setattr(batch, "WORTH_A_THREAD", 1000)
    on = compile(value_and_grad(score), batch=(None, 0), reduce=reduce, threads=threads)
    calm = compile(value_and_grad(score), batch=(None, 0), reduce=reduce, threads=1)
    for seed in (1, 2, 3):
        w, x = [0.5, float(seed)], examples(seed, 3000)
        assert bits(on(w, x)) == bits(calm(w, x))
    assert made_again == [True] * 4


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_the_examples_of_the_call_before_are_let_go(reduce):
    slopes = compile(value_and_grad(score), batch=(None, 0), reduce=reduce)
    for seed in (1, 2):
        x = examples(seed)
        slopes([0.5, 1.0], x)
        watched = weakref.ref(x)
        del x
        gc.collect()
        assert watched() is None


def test_what_fails_on_another_thread_is_raised_with_its_index(monkeypatch):
    monkeypatch.setattr(batch, "WORTH_A_THREAD", 1000)
    slopes = compile(grad(log), batch=0, threads=2)
    x = np.arange(1.0, 3001.0)
    assert (slopes(x) == slopes(x)).all()
    x[2900] = -1.0
    with pytest.raises(ValueError, match="log") as raised:
        slopes(x)
    assert raised.value.__notes__ == ["in example 2900 of the batch"]


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize(("first", "second"), WEIGHTS, ids=[str(i) for i in range(len(WEIGHTS))])
def test_other_numbers_give_the_bits_of_a_first_call(first, second, reduce, made_again):
    settings = {"batch": (None, 0), "reduce": reduce}
    again = compile(value_and_grad(score), **settings)
    again(first, examples(0))
    for seed, size in ((1, 700), (2, 1300), (3, 1)):
        once = compile(value_and_grad(score), **settings)(second, examples(seed, size))
        assert bits(again(second, examples(seed, size))) == bits(once)
    assert made_again == [True] * 3


def test_columns_of_any_stride_and_shape_are_examples_again(made_again):
    product = compile(lambda x, y: x[0][1] * y, batch=0)
    x, y = np.arange(24.0).reshape(4, 3, 2), np.arange(8.0)
    product(x, y[::2])
    expected = [row[0][1] * each for row, each in zip(x[::-1], y[::-2], strict=True)]
    assert product(x[::-1], y[::-2]).tolist() == expected
    assert made_again[-1]


def other_calls():
    x = examples(4, 5)
    yield "an int is part of the program", (2, x)
    yield "float32", (0.5, x.astype(np.float32))
    yield "lists", (0.5, x.tolist())
    yield "another shape", ([0.5, 1.0], x)
    yield "no examples", (0.5, x[:0])
    yield "a Value", (Value(0.5), x)


@pytest.mark.parametrize("args", [pytest.param(a, id=n) for n, a in other_calls()])
def test_a_call_of_another_kind_is_made_like_a_first_one(args, made_again):
    again, once = (compile(score, batch=(None, 0)) for _ in range(2))
    again(0.5, examples(0))
    found, expected = again(*args), once(*args)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()
    assert made_again == [False]


def test_examples_that_differ_in_number_are_refused_again():
    product = compile(lambda x, y: x * y, batch=0)
    product(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"args\[0\] has 3 examples and args\[1\] has 4"):
        product(np.ones(3), np.ones(4))


def test_another_way_and_an_error_are_found_again():
    def branches(x):
        return log(x) if x < 2 else x * x

    again = compile(branches, batch=0)
    assert again(np.array([1.0, 1.5])).tolist() == [0.0, math.log(1.5)]
    assert again(np.array([1.0, 3.0])).tolist() == [0.0, 9.0]
    with pytest.raises(ValueError, match="log") as error:
        again(np.array([1.0, -1.0]))
    assert error.value.__notes__ == ["in example 1 of the batch"]
    assert again(np.array([1.5, 3.0])).tolist() == [math.log(1.5), 9.0]


def test_what_all_examples_share_may_go_another_way():
    again = compile(lambda w, x: x * w if w > 0 else x - w, batch=(None, 0), reduce="sum")
    x = np.array([1.0, 2.0])
    assert [again(w, x) for w in (2.0, 3.0, -1.0, 2.0)] == [6.0, 9.0, 5.0, 6.0]


def test_sums_of_infinities_are_what_they_were():
    again = compile(lambda w, x: w * x, batch=(None, 0), reduce="sum")
    x = np.array([1.0, 2.0])
    assert again(1.0, x) == 3.0
    assert again(math.inf, x) == math.inf
    assert math.isnan(again(math.inf, np.array([1.0, -1.0])))
    assert math.isnan(again(math.nan, x))
    assert again(1.0, x) == 3.0


def test_gradients_are_added_again(made_again):
    x, y = examples(5), np.ones(700)
    models = [nn.MLP(2, [3, 1], activation="tanh", rng=0) for _ in range(2)]
    losses = [
        compile(lambda x, y, model=model: (model(x) - y) ** 2, batch=0, reduce="mean")
        for model in models
    ]
    for step in range(3):
        losses[1].again.clear()
        assert losses[0].backward(x, y) == losses[1].backward(x, y)
        gradients = [[p.grad for p in model.parameters()] for model in models]
        assert gradients[0] == gradients[1]
        for model in models:
            for p in model.parameters():
                p.data -= 0.1 * p.grad
                p.grad = step * 0.5
    assert made_again == [True, True]


def test_inside_another_function_a_batch_is_recorded_as_before():
    total = compile(lambda w, x: w * x, batch=(None, 0), reduce="sum")
    x = np.array([1.0, 2.0])
    assert total(2.0, x) == 6.0
    assert grad(lambda w: total(w, x))(2.0) == 3.0
    assert compile(lambda w: total(w, x) * w)(3.0) == 27.0
    with no_grad():
        assert total(2.0, x) == 6.0


@pytest.mark.parametrize(
    "calls",
    [
        [([1.0, 2.0], 3.0), ([4.0, 5.0], 6.0)],
        [([1.0], 3.0), ([1.0, 2.0], 3.0)],
        [([1.0, 2.0], 3.0), ([1.0, 2.0], 3)],
        [([1.0, 2.0], 3.0), ([1, 2], 3.0)],
        [([1.0, 2.0], 3.0), ((1.0, 2.0), 3.0)],
        [([1.0, 2.0], 3.0), ([3.0], [1.0, 2.0])],
        [([[1.0], [2.0]], 3.0), ([[3.0], [4.0]], 3.0)],
    ],
    ids=str,
)
def test_lists_and_floats_are_told_apart_in_each_call(calls):
    def weighted(v, w):
        numbers = flattened([v, w])
        return [exp(-each) * i for i, each in enumerate(numbers)], len(numbers)

    again = compile(weighted)
    for args in calls:
        assert again(*args) == again(*args) == compile(weighted)(*args)
