"""How long the examples of a batch take on this machine: measured, on one thread."""

from __future__ import annotations

import time

import numpy as np

from .machine import exact_sum
from .specialised import Specialisation

# Examples are doubled until they take so many seconds, or as many numbers are read and written.
_LONG_ENOUGH, _MOST = 1e-3, 1 << 20
_ROUNDS = 5


def seconds_per_example(way: Specialisation, reduced: bool) -> float:
    """The time of one example, whose numbers are around 1, where most functions are defined.

    reduced  whether results are added up, exactly
    """
    inputs, outputs = len(way.tape.inputs), len(way.tape.outputs)
    # Which of the numbers differ was known when it ran last.
    batched = next(reversed(way.batched), (True,) * inputs)
    ready = way.batch(batched, False)
    bank = np.empty(ready.size + 2)
    bank[-2:] = 1.0, -1.0
    ready.shared.fill([1.0] * (inputs - sum(batched)), bank)
    # Some functions are quicker for numbers that are all alike.
    random = np.random.default_rng(0)
    examples = 512
    while True:
        # Rows lie one after the other, as they mostly do, and results are memory that is new.
        given = [*random.uniform(0.5, 1.5, (examples, sum(batched))).T]
        rounds = []
        for _ in range(_ROUNDS):
            begin = time.perf_counter()
            results = [np.empty(examples) for _ in range(outputs)]
            status = np.zeros(examples, np.int32)
            ready.each.run(bank, given, results, status, None, 0, examples)
            if reduced:
                for column in results:
                    exact_sum(column)
            else:
                np.array(results).T.reshape(-1)
            rounds.append(time.perf_counter() - begin)
        if min(rounds) >= _LONG_ENOUGH or 2 * examples * (inputs + outputs) > _MOST:
            return min(rounds) / examples
        examples *= 2
