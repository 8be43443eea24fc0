"""How many threads work on a batch where nobody says so."""

from __future__ import annotations

import os
import sys


def default_threads() -> int:
    """One in a worker process, else as many as there are processors for this process.

    A worker is a process that `multiprocessing` started, as pools, joblib and Dask do: the others
    have the other processors. `OMP_NUM_THREADS`, which those set who share out a machine, is a
    limit everywhere.
    """
    if _is_worker():
        return 1
    limit = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    processors = _processors()
    return min(int(limit), processors) if limit.isdecimal() and int(limit) else processors


def _is_worker() -> bool:
    # A process that multiprocessing started has imported it.
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _processors() -> int:
    count = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    if count is not None:
        return count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
