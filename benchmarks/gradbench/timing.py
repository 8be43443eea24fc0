"""The functions of an eval: what is timed, and what is not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: Wall-clock time as in the suite, or the processor's, which is the same where nobody else works.
CLOCKS = {"wall": time.perf_counter_ns, "cpu": time.process_time_ns}

clock = CLOCKS["wall"]

#: What an eval calls: an answer to the input of a message, and the nanoseconds of each run.
Answering = Callable[[Any], tuple[Any, list[int]]]


def timed(
    prepare: Callable[[Any], Any], finish: Callable[[Any], Any] = lambda output: output
) -> Callable[[Callable[[Any], Any]], Answering]:
    """Time a function of what `prepare` makes of an input; `finish` makes the answer of its output.

    As often as the input asks for: at least `min_runs` times, for at least `min_seconds`, or once.
    Preparing is reading the input into lists and arrays. Tracing and compiling happen in the first
    run, and are timed with it.
    """

    def decorated(function: Callable[[Any], Any]) -> Answering:
        def answer(given: Any) -> tuple[Any, list[int]]:
            least, seconds = 1, 0.0
            if isinstance(given, dict):
                least, seconds = given.get("min_runs", 1), given.get("min_seconds", 0.0)
            prepared = prepare(given)
            runs: list[int] = []
            left = 1e9 * seconds
            while not runs or len(runs) < least or left > 0:
                started = clock()
                output = function(prepared)
                runs.append(clock() - started)
                left -= runs[-1]
            return finish(output), runs

        return answer

    return decorated
