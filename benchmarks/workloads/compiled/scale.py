"""Beyond one machine: exact sums, and rows on a cluster of two processes with Dask."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
    tanh,
    value_and_grad,
)
from autograd_scalar.tape.exact import ExactSums

from .case import Aim, Case, Contender

EXACT = "map: each sum exact, rounded once"
CALL = "a call: sums in its own order"


def sums_case(count: int) -> Case:
    numbers = np.random.default_rng(0).uniform(0.0, 1.0, count)
    listed = numbers.tolist()
    return Case(
        f"The sum of {count:,} numbers",
        "number",
        count,
        {
            "exact": Contender(lambda: ExactSums([numbers]).rounded()),
            "NumPy's sum": Contender(numbers.sum),
            "math.fsum, of a list": Contender(partial(math.fsum, listed)),
        },
        (Aim("exact", 1 / 5, "math.fsum, of a list"),),
    )


def rows_case(rows: Any, there: Any = None) -> Case:
    """The same rows in memory and, if there is a cluster, in its memory."""
    w = [0.5, -0.25, 1.0, 0.125]

    def error(w: Any, row: Any) -> Any:
        predicted = tanh(w[0] * row[0] + w[1] * row[1] + w[2] * row[2] + w[3])
        return (predicted - row[3]) ** 2

    loss = compile(value_and_grad(error), batch=(None, 0), reduce="mean", threads=1)
    contenders = {
        EXACT: Contender(partial(loss.map, w, rows)),
        CALL: Contender(partial(loss, w, rows)),
    }
    if there is not None:
        from dask import compute

        contenders["map on Dask, two processes that hold the rows"] = Contender(
            lambda: compute(loss.map(w, there))[0], threads=2
        )
    return Case(
        f"The mean error of {len(rows):,} rows and its four derivatives",
        "row",
        len(rows),
        contenders,
        (Aim(EXACT, 2.0, CALL),),
    )


def cases(tiny: bool) -> Iterator[Case]:
    yield sums_case(1000 if tiny else 1_000_000)
    count = 1000 if tiny else 4_000_000
    if find_spec("distributed") is None:
        yield rows_case(np.random.default_rng(1).normal(size=(count, 4)))
        return
    import dask.array as da
    from distributed import Client, LocalCluster, wait

    chunks = da.random.default_rng(1).normal(size=(count, 4), chunks=(count // 8, 4))
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=not tiny, dashboard_address=":0"
        ) as cluster,
        Client(cluster),
    ):
        there = chunks.persist()
        wait(there)
        yield rows_case(there.compute(), there)
