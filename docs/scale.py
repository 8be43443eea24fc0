"""Ten million rows on disk, more than the workers' memory: the loss of a fit and its gradient.

python docs/scale.py [--rows 10000000] [--workers 2] [--memory 256MiB]
"""

import argparse
import tempfile
import time

import dask
import dask.array as da
import numpy as np
import zarr
from distributed import Client, LocalCluster

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
    value_and_grad,
)

CHUNK = 250_000


def write(path, rows):
    """Rows of four numbers in a Zarr array: three to fit by, and what is to be fitted."""
    array = zarr.create_array(
        path, shape=(rows, 4), chunks=(CHUNK, 4), dtype="float64", compressors=None
    )
    rng = np.random.default_rng(0)
    for start in range(0, rows, CHUNK):
        numbers = rng.normal(size=(min(CHUNK, rows - start), 4))
        array[start : start + len(numbers)] = numbers
    return array


def error(w, row):
    predicted = w[0] * row[0] + w[1] * row[1] + w[2] * row[2] + w[3]
    return (predicted - row[3]) ** 2


loss = compile(value_and_grad(error), batch=(None, 0), reduce="mean")
W = [0.5, -0.25, 1.0, 0.125]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", default="256MiB", help="of each worker")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=given.workers,
            threads_per_worker=1,
            memory_limit=given.memory,
            dashboard_address=":0",
        ) as cluster,
        Client(cluster),
    ):
        array = write(f"{folder}/rows.zarr", given.rows)
        print(f"{given.rows:,} rows, {array.nbytes / 2**20:.0f} MiB on disk")
        print(f"{given.workers} workers with {given.memory} each")
        loss(W, array[:1000])
        print(f"a chunk for 0.1 s: {loss.cost.rows(0.1):,} rows; here {CHUNK:,}")
        for attempt in ("first", "second"):
            begin = time.perf_counter()
            (there,) = dask.compute(loss.map(W, da.from_zarr(array)))
            seconds = time.perf_counter() - begin
            print(f"cluster, {attempt} time: {seconds:.2f} s, {given.rows / seconds:,.0f} rows/s")
        begin = time.perf_counter()
        here = loss.map(W, array[:])
        seconds = time.perf_counter() - begin
        print(f"one process: {seconds:.2f} s, {given.rows / seconds:,.0f} rows/s")
        print(f"the same bits: {here == there}")


if __name__ == "__main__":
    main()
