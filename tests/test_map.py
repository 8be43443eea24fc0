"""`map`: a compiled function over rows in parts, here and on a cluster, to the same bits."""

import contextlib
import math
import os
import runpy
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest

from autograd_scalar import (
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
    log,
    nn,
    tanh,
    value_and_grad,
)
from autograd_scalar.tape import asking, batch, parts

SCRIPT = Path(__file__).parent.parent / "docs" / "scale.py"
PARTITIONS = [1, 2, 7, 64]


def bits(result):
    """A result as lists of the bytes of its numbers, in its containers."""
    if isinstance(result, dict):
        return {key: bits(each) for key, each in result.items()}
    if isinstance(result, list | tuple):
        return type(result)(map(bits, result))
    return np.asarray(result, np.float64).tobytes()


def chunked(array, partitions):
    ends = [len(array) * (i + 1) // partitions for i in range(partitions)]
    sizes = tuple(int(size) for size in np.diff([0, *ends]))
    return da.from_array(array, chunks=(sizes, *[-1] * (array.ndim - 1)))


def computed(result, scheduler="sync"):
    return dask.compute(result, scheduler=scheduler)[0]


def branches(w, x):
    net = w[0] * x[0] + w[1] * x[1]
    if net > 1.0:
        return log(net)
    if net < -1.0:
        return net * net
    return tanh(net)


SLOPES = value_and_grad(branches)
W = [0.75, -1.5]
X = np.random.default_rng(0).normal(size=(3000, 2))


@pytest.mark.parametrize("partitions", PARTITIONS)
def test_the_results_of_each_row_are_those_of_a_call(partitions):
    expected = compile(SLOPES, batch=(None, 0))(W, X)
    found = compile(SLOPES, batch=(None, 0)).map(W, chunked(X, partitions))
    assert found[0].numblocks == found[1][1].numblocks == (partitions,)
    assert bits(computed(found)) == bits(expected)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("partitions", PARTITIONS)
def test_sums_are_exact_and_rounded_once_in_any_number_of_parts(partitions, reduce):
    each = compile(SLOPES, batch=(None, 0))(W, X)
    columns = [each[0], *each[1]]
    count = len(X) if reduce == "mean" else 1
    value, *slopes = [math.fsum(column.tolist()) / count for column in columns]
    reduced = compile(SLOPES, batch=(None, 0), reduce=reduce)
    assert reduced.map(W, X) == (value, slopes)
    assert computed(reduced.map(W, chunked(X, partitions))) == (value, slopes)


def test_sums_are_exact_however_much_is_held_at_once(monkeypatch):
    expected = compile(SLOPES, batch=(None, 0), reduce="sum").map(W, X)
    monkeypatch.setattr(parts, "_AT_FIRST", 100)
    monkeypatch.setattr(parts, "_AT_ONCE", 2000)
    assert compile(SLOPES, batch=(None, 0), reduce="sum").map(W, X) == expected


@dataclass
class Point:
    x: float
    y: float


def test_rows_lie_in_containers_and_results_keep_theirs():
    def function(p, pair, weights, n, *, scale):
        return {"a": p.x * p.y**n + pair[0], "b": np.array([[pair[1]], [weights[0] * scale]])}

    axes = (0, 0, None, None)
    pairs = [[float(i), -float(i)] for i in range(100)]
    here = Point(X[:100, 0], X[:100, 1]), pairs, (2.0,), 2
    there = Point(chunked(X[:100, 0], 3), chunked(X[:100, 1], 7)), pairs, (2.0,), 2
    for reduce in (None, "sum"):
        compiled = compile(function, batch=axes, reduce=reduce)
        found = compiled.map(*there, scale=0.5)
        assert isinstance(found["b"], da.Array)
        assert bits(computed(found)) == bits(compiled.map(*here, scale=0.5))
    assert found["b"].shape == (2, 1)


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool", "float64"])
def test_numbers_of_any_type_in_chunks_of_any_shape_will_do(dtype):
    numbers = (X * 3 > 1).astype(dtype) if dtype in ("bool", "uint8") else (X * 10).astype(dtype)
    across = da.from_array(numbers, chunks=((1000, 0, 2000), (1, 1)))
    compiled = compile(SLOPES, batch=(None, 0))
    assert bits(computed(compiled.map(W, across))) == bits(compiled(W, numbers))


def test_lazy_results_are_arrays_like_others():
    values, (slope, _) = compile(SLOPES, batch=(None, 0)).map(W, chunked(X, 4))
    expected = compile(SLOPES, batch=(None, 0))(W, X)
    picked = (values + slope)[values > 0.0].max()
    here = (expected[0] + expected[1][0])[expected[0] > 0.0].max()
    assert picked.compute(scheduler="sync") == here


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_no_rows_have_no_results_and_the_sum_zero(reduce):
    compiled = compile(SLOPES, batch=(None, 0), reduce=reduce)
    nothing = np.empty((0, 2))
    expected = ([], [[], []]) if reduce is None else (0.0, [0.0, 0.0])
    for given in (nothing, da.from_array(nothing), da.from_array(X, chunks=100)[:0]):
        value, slopes = computed(compiled.map(W, given))
        assert (np.asarray(value).tolist(), [np.asarray(each).tolist() for each in slopes]) == (
            expected
        )
    with pytest.raises(ValueError, match="the mean of no examples is not defined"):
        compile(SLOPES, batch=(None, 0), reduce="mean").map(W, da.from_array(nothing))


def unknown():
    array = chunked(X, 3)
    return array[array[:, 0] > 0.0]


@pytest.mark.parametrize(
    ("args", "error", "match"),
    [
        (lambda: (W, unknown()), ValueError, r"args\[1\] has chunks of unknown sizes"),
        (
            lambda: (W, chunked(X, 3).astype(object)),
            TypeError,
            r"args\[1\] must be numbers, one row for each example, and is of type object",
        ),
        (lambda: (W, chunked(X.astype(str), 3)), TypeError, r"args\[1\] must be numbers"),
        (
            lambda: (W, da.ma.masked_greater(chunked(X, 3), 0.0)),
            TypeError,
            r"args\[1\] must be numbers, one row for each example, and is masked",
        ),
        (lambda: (W, chunked(X, 3).sum()), TypeError, r"args\[1\] is dask.array.*first axis"),
        (
            lambda: (W, dask.delayed(X)),
            TypeError,
            r"args\[1\] is Delayed.*must be an array whose first axis",
        ),
        (lambda: (W, [chunked(X, 3)] * 2), TypeError, r"args\[1\] is \[dask.*first axis runs"),
        (lambda: (chunked(X[:2, 0], 1), X), TypeError, r"args\[0\] is shared by all examples"),
        (lambda: ([Value(0.75), -1.5], chunked(X, 3)), TypeError, "there are Values among"),
        (lambda: (W, chunked(X, 3), 1.0), TypeError, "for 2 arguments"),
    ],
    ids=[
        "unknown",
        "objects",
        "text",
        "masked",
        "scalar",
        "delayed",
        "list",
        "shared",
        "Values",
        "count",
    ],
)
def test_what_can_not_be_mapped_is_named(args, error, match):
    with pytest.raises(error, match=match):
        compile(SLOPES, batch=(None, 0)).map(*args())


def test_rows_must_be_as_many_and_a_batch_is_needed():
    pair = compile(lambda x, y: x * y, batch=0)
    with pytest.raises(ValueError, match=r"args\[0\] has 3000 examples and args\[1\] has 2999"):
        pair.map(chunked(X[:, 0], 2), X[1:, 1])
    with pytest.raises(ValueError, match="compile with batch=0"):
        compile(lambda x: x * x).map(X[:, 0])


def test_parameters_are_those_of_the_time_of_the_call():
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    loss = compile(lambda x: model(x) ** 2, batch=0, reduce="mean")
    before = loss.map(X)
    lazy = loss.map(chunked(X, 5))
    for parameter in model.parameters():
        parameter.data = 0.0
    assert computed(lazy) == before
    assert loss.map(X) == 0.0


@pytest.mark.parametrize("scheduler", ["sync", "processes"])
def test_ways_that_are_traced_later_have_the_parameters_of_the_time_of_the_call(scheduler):
    w = Value.parameter(2.0)
    scaled = compile(lambda x: w * x if x > 0 else w - x, batch=0)
    lazy = scaled.map(chunked(X[:, 0], 2))
    w.data = 3.0
    x = X[:, 0]
    expected = np.where(x > 0, 2.0 * x, 2.0 - x)
    assert bits(lazy.compute(scheduler=scheduler, num_workers=1)) == bits(expected)


def test_values_and_anomalies_are_looked_at_as_in_a_call():
    w = Value(0.75)
    total = compile(branches, batch=(None, 0), reduce="sum").map([w, -1.5], X[:50])
    total.backward()
    slope = compile(SLOPES, batch=(None, 0), reduce="sum")(W, X[:50])[1][0]
    assert w.grad == pytest.approx(slope, rel=1e-12)


def test_the_index_of_a_row_that_fails_is_that_among_all_rows():
    numbers = np.ones(5000)
    numbers[4321] = -1.0
    for given in (numbers, chunked(numbers, 7)):
        for reduce in (None, "sum"):
            with pytest.raises(ValueError, match="log") as raised:
                computed(compile(log, batch=0, reduce=reduce).map(given))
            assert raised.value.__notes__ == ["in example 4321 of the batch"]


def test_failures_are_reported_with_their_rows():
    numbers = X[:, 0] + 2.5
    expected, failures = compile(log, batch=0, errors="report")(numbers)
    assert failures
    found, told = computed(compile(log, batch=0, errors="report").map(chunked(numbers, 7)))
    assert bits(found) == bits(expected)
    assert [(i, repr(error)) for i, error in told] == [(i, repr(error)) for i, error in failures]
    mean = compile(log, batch=0, errors="report", reduce="mean")
    good = expected[~np.isnan(expected)]
    for result, told in (mean.map(numbers), computed(mean.map(chunked(numbers, 7)))):
        assert result == math.fsum(good.tolist()) / len(good)
        assert [i for i, _ in told] == [i for i, _ in failures]
    bad = -np.ones(10)
    assert mean.map(bad)[0] is None
    result, told = computed(mean.map(chunked(bad, 2)))
    assert math.isnan(result)
    assert len(told) == 10


def test_errors_can_be_ignored():
    ignoring = compile(log, batch=0, errors="ignore")
    assert bits(computed(ignoring.map(chunked(X[:, 0], 3)))) == bits(ignoring(X[:, 0]))


def test_a_function_that_fails_with_ones_says_how_to_go_on():
    def picky(x):
        if x == 1.0:
            raise RuntimeError("not 1")
        return x * x

    compiled = compile(picky, batch=0)
    numbers = np.arange(2.0, 50.0)
    with pytest.raises(RuntimeError, match="not 1") as raised:
        compiled.map(chunked(numbers, 2))
    assert "call the compiled function on a few rows first" in raised.value.__notes__[0]
    compiled(numbers[:1])
    assert bits(computed(compiled.map(chunked(numbers, 2)))) == bits(numbers * numbers)


def test_results_that_are_arranged_in_several_ways_are_refused():
    uneven = compile(lambda x: [x, x] if x > 0.0 else [x], batch=0)
    with pytest.raises(ValueError, match="arranged alike"):
        computed(uneven.map(chunked(X[:, 0], 3)))
    with pytest.raises(ValueError, match="arranged alike"):
        compile(lambda x: [x, x] if x > 0.0 else [x], batch=0, reduce="sum").map(X[:, 0])


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_a_way_is_traced_once_whatever_the_number_of_chunks(scheduler):
    traced = []

    def counted(w, x):
        traced.append(threading.get_ident())
        return branches(w, x)

    compiled = compile(counted, batch=(None, 0))
    lazy = compiled.map(W, chunked(X, 20))
    once = len(traced)  # with ones
    assert bits(computed(lazy, scheduler)) == bits(compile(branches, batch=(None, 0))(W, X))
    assert len(traced) - once == len(compiled.tapes) == 3


class Bar:
    """What a bar was told."""

    made = ()

    def __init__(self, total, **_):
        self.total, self.n, self.told = total, 0, []
        Bar.made = (*Bar.made, self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def update(self, count):
        self.told.append(count)
        self.n += count


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("reduce", [None, "sum"])
@pytest.mark.parametrize("method", ["__call__", "map"])
def test_one_bar_goes_up_to_all_examples(method, reduce, threads, monkeypatch):
    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    monkeypatch.setattr(batch, "WORTH_A_THREAD", 1000)
    monkeypatch.setattr(Bar, "made", ())
    settings = {"batch": (None, 0), "reduce": reduce, "threads": threads, "progress": True}
    compiled = compile(SLOPES, errors="report", **settings)
    rows = np.concatenate([X, [[math.nan, 0.0]], X])
    getattr(compiled, method)(W, rows)
    (bar,) = Bar.made
    assert bar.total == bar.n == len(rows)
    assert min(bar.told) >= 0
    assert len(bar.told) > 3


def test_a_bar_without_tqdm_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"autograd-scalar\[progress\]"):
        compile(log, batch=0, progress=True)([1.0])


@pytest.mark.parametrize("settings", [{"batch": None}, {"batch": 0}, {"batch": 0, "reduce": "sum"}])
def test_the_cost_of_a_tape_tells_how_many_rows_take_so_long(settings):
    compiled = compile(value_and_grad(lambda x: tanh(x) * x), **settings)
    compiled(0.5 if settings["batch"] is None else X[:, 0])
    assert isinstance(compiled.cost.rows(), int)
    assert compiled.cost.rows(1e-12) == 1
    assert compiled.cost.rows(1e6) > 1e6
    for seconds in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="seconds must be above 0"):
            compiled.cost.rows(seconds)


# A worker needs some 120 MB before it has read a number.
MEMORY = 256 * 2**20
ROWS = 8_500_000


@pytest.fixture(scope="module")
def cluster():
    """A worker process with two threads and little memory, and its client."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=True,
            memory_limit=MEMORY,
            host="127.0.0.1",
            dashboard_address=":0",
            silence_logs=50,
        ) as made,
        Client(made) as client,
    ):
        yield client


def test_rows_that_do_not_fit_the_memory_of_the_workers(cluster, tmp_path):
    example = runpy.run_path(str(SCRIPT))
    array = example["write"](str(tmp_path / "rows.zarr"), ROWS)
    assert array.nbytes > MEMORY
    loss, w = example["loss"], example["W"]
    assert dask.compute(loss.map(w, da.from_zarr(array)))[0] == loss.map(w, array[:])


def test_a_worker_asks_for_what_it_can_not_trace_and_nobody_traces_twice(cluster):
    traced = []
    lock = threading.Lock()  # it can't be pickled

    def locked(w, x):
        with lock:
            traced.append(os.getpid())
            return branches(w, x)

    rows = np.concatenate([X, [[math.inf, 0.0]]])
    compiled = compile(locked, batch=(None, 0))
    lazy = compiled.map(W, chunked(rows, 16))
    once = len(traced)  # with ones
    found = lazy.compute()
    assert bits(found) == bits(compile(branches, batch=(None, 0))(W, rows))
    assert len(traced) - once == 3 + 1  # and the last row by the function itself
    assert {*traced} == {os.getpid()}
    assert len(compiled.tapes) == 3


def test_the_error_of_a_worker_is_that_of_the_function(cluster):
    lock = threading.Lock()

    def failing(x):
        with lock:
            return log(x)

    for function in (log, failing):
        numbers = np.ones(5000)
        numbers[4321] = -1.0
        with pytest.raises(ValueError, match="log") as raised:
            compile(function, batch=0, reduce="sum").map(chunked(numbers, 4)).compute()
        assert raised.value.__notes__ == ["in example 4321 of the batch"]
        reporting = compile(function, batch=0, errors="report")
        _, failures = dask.compute(*reporting.map(chunked(numbers, 4)))
        assert [i for i, _ in failures] == [4321]


def test_an_error_that_can_not_be_sent_is_told_in_words(cluster):
    class StubbornError(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")

    def stubborn(x):
        if x < 0.0:
            raise StubbornError("this", "that")
        return x * x

    compiled = compile(stubborn, batch=0, errors="report")
    _, failures = dask.compute(*compiled.map(chunked(np.array([1.0, -1.0]), 1)))
    assert [(i, str(error)) for i, error in failures] == [(1, "StubbornError: this and that")]


def dying_once(block, path):
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    return block


def test_a_worker_that_dies_changes_no_bit(cluster, tmp_path):
    loss = compile(SLOPES, batch=(None, 0), reduce="sum")
    fragile = chunked(X, 7).map_blocks(dying_once, str(tmp_path / "died"), meta=np.empty((0, 0)))
    assert dask.compute(loss.map(W, fragile))[0] == loss.map(W, X)
    assert (tmp_path / "died").exists()


def test_without_anybody_to_ask_a_function_traces_where_it_is(monkeypatch, cluster):
    monkeypatch.setattr(asking, "listen", lambda token, one: None)
    monkeypatch.setattr("autograd_scalar.tape.sending.listen", lambda token, one: None)
    expected = compile(SLOPES, batch=(None, 0))(W, X)
    assert bits(dask.compute(compile(SLOPES, batch=(None, 0)).map(W, chunked(X, 3)))[0]) == bits(
        expected
    )
    lock = threading.Lock()

    def locked(x):
        with lock:
            return tanh(x) if x > 0 else x

    with pytest.raises(RuntimeError, match="keep the client open until all is computed"):
        compile(locked, batch=0).map(chunked(X[:, 0], 3)).compute()
