"""What we promise of our own speed: each promise is a statement and what it may take.

Most are a statement beside another, timed in turns in the same rounds: so many times as long
at most. Where there is nothing to compare with, the limit is in seconds, and is meant for the
machine of the published figures. The limits are those of the compiled build.
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
import timeit
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

import autograd_scalar

from ..harness import SECTION_SECONDS, quiet_collector, spread
from ..peers import load
from ..peers.ours import plain_package
from .expression import START
from .operators import black_scholes

OPERATIONS = 2000


@dataclass(frozen=True)
class Promise:
    """A statement that takes at most so many times as long as another, or so many seconds.

    statement   what is timed, in Python, on the names of `names`
    beside      what it is compared with, or ""
    at_most     times as long as `beside`, or seconds an operation
    operations  how many operations the statement is
    inside      the block it runs in, which is entered before the clock starts
    """

    statement: str
    beside: str
    at_most: float
    operations: int = 1
    inside: str = "nullcontext()"

    @property
    def title(self) -> str:
        return self.statement + (f", {self.inside}" if self.inside != "nullcontext()" else "")


PROMISES = (
    # Differentiating what is recorded.
    Promise("gradient(out, leaves)", "out.backward()", 1.5, OPERATIONS),
    # Not recording.
    Promise("expression(numbers)", "expression(numbers)", 1.0, OPERATIONS, "no_grad()"),
    Promise("expression(numbers)", "expression(numbers)", 1.1, OPERATIONS,
            "another_thread_inside(no_grad())"),
    Promise("expression(numbers)", "expression(numbers)", 1.1, OPERATIONS,
            "another_thread_inside(detect_anomaly())"),
    # Operands of any kind: an addition, and the calls of C's library that are needed anyway.
    Promise("x > 0", "x + y", 3.0),
    Promise("x > 0.0", "x + y", 3.0),
    Promise("x + 1", "x + y", 3.0),
    Promise("maximum(x, 0.0)", "x + y", 3.0),
    Promise("maximum(x, y)", "x + y", 3.0),
    Promise("where(condition, x, 0.0)", "x + y", 3.0),
    Promise("hypot(x, 0.5)", "x + y; math.hypot(0.3, 0.5)", 3.0),
    Promise("atan2(x, y)", "x + y; math.atan2(0.3, 0.5)", 3.0),
    Promise("atan2(1, x)", "x + y; math.atan2(1, 0.3)", 3.0),
    Promise("logsumexp((x, y))", "x + y; math.exp(0.3); math.exp(0.5); math.log(1.3)", 3.0),
    Promise("eight * x", "x + y", 3.0),
    Promise("x * eight", "x + y", 3.0),
    Promise("0 + x", "x + y", 1.0),
    # Numbers alone.
    Promise("exp(0.3)", "math.exp(0.3)", 3.0),
    Promise("log(0.3)", "math.log(0.3)", 3.0),
    Promise("sin(0.3)", "math.sin(0.3)", 3.0),
    Promise("hypot(0.3, 0.5)", "math.hypot(0.3, 0.5)", 3.0),
    # Arrays of Values, beside the same operations on a list.
    Promise("np.sum((np.exp(array_of_values) * factors + array_of_values) ** 2)",
            "sum([(exp(v) * factor + v) ** 2 for v, factor in zip(values, factors.tolist())])",
            1.3, OPERATIONS),
    Promise("np.sum(np.maximum(array_of_values, 0.5) / array_of_values)",
            "sum([maximum(v, 0.5) / v for v in values])", 1.3, 3 * OPERATIONS // 5),
    # Derivatives of derivatives, of a chain of operations.
    Promise("grad(chain)(0.5)", "", 800e-9, OPERATIONS),
    Promise("hessian(chain)(0.5)", "", 800e-9, OPERATIONS),
    Promise("jvp(grad(chain), (0.5,), (1.0,))", "", 800e-9, OPERATIONS),
    Promise("grad(grad(chain))(0.5)", "", 800e-9, OPERATIONS),
    Promise("value_and_grad(price)(market)", "", 8e-6),
)  # fmt: skip

IMPORT = "import autograd_scalar"
IMPORT_SECONDS = 60e-3


def chain(x: Any) -> Any:
    y = x
    for _ in range(OPERATIONS // 2):
        y = y * x + x
    return y


def expression(numbers: Iterable[Any]) -> Any:
    s, a, b, x = numbers
    for _ in range(OPERATIONS // 4):
        s = s * b + x
        s = s - x * a
    return s


@contextmanager
def another_thread_inside(block: AbstractContextManager[Any]) -> Iterator[None]:
    """While another thread waits inside of the block."""
    entered, done = threading.Event(), threading.Event()

    def wait() -> None:
        with block:
            entered.set()
            done.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    entered.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def names(package: ModuleType, build: str) -> dict[str, Any]:
    """What the statements speak of, in this build."""

    numbers = [package.Value(number) for number in START]
    values = [package.Value(number) for number in np.linspace(0.1, 0.9, OPERATIONS // 5)]
    return {
        **{name: getattr(package, name) for name in package.__all__},
        "math": math,
        "np": np,
        "values": values,
        "array_of_values": package.array(values),
        "factors": np.linspace(0.5, 1.5, len(values)),
        "chain": chain,
        "expression": expression,
        "another_thread_inside": another_thread_inside,
        "nullcontext": nullcontext,
        "numbers": numbers,
        "leaves": numbers,
        "out": expression(numbers),
        "x": package.Value(0.3),
        "y": package.Value(0.5),
        "condition": True,
        "eight": np.float64(8.0),
        "price": black_scholes(load(build)),
        "market": [100.0, 105.0, 0.03, 0.2, 0.75],
    }


def timer(statement: str, namespace: dict[str, Any], tiny: bool) -> Callable[[], float]:
    """Gives the seconds of one run, of as many as make a section."""
    timed = timeit.Timer(statement, "import gc; gc.enable()", globals=namespace)
    calls = 1
    while not tiny and timed.timeit(calls) < SECTION_SECONDS / 2:
        calls *= 2
    return lambda: timed.timeit(calls) / calls


def measure(promise: Promise, namespace: dict[str, Any], rounds: int, tiny: bool) -> dict[str, Any]:
    once = timer(promise.statement, namespace, tiny)
    once_beside = timer(promise.beside, namespace, tiny)
    seconds, ratios = [], []
    for _ in range(rounds):
        with eval(promise.inside, namespace):
            seconds.append(once())
        ratios.append(seconds[-1] / once_beside())
    return {
        "beside": promise.beside,
        "at_most": promise.at_most,
        "seconds": spread([each / promise.operations for each in seconds]),
        "times_as_long": spread(ratios) if promise.beside else None,
    }


def import_seconds() -> float:
    """What the import adds to starting Python."""

    def seconds(program: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        return time.perf_counter() - start

    return seconds(IMPORT) - seconds("pass")


def run(builds: Iterable[str], rounds: int, tiny: bool) -> dict[str, Any]:
    """Every promise, by build, and what the import of the installed one takes."""
    found: dict[str, Any] = {}
    with quiet_collector():
        for build in builds:
            package = plain_package() if build == "plain" else autograd_scalar
            namespace = names(package, build)
            found[build] = {
                promise.title: measure(promise, namespace, rounds, tiny) for promise in PROMISES
            }
    installed = autograd_scalar.build.replace("python", "plain")
    if installed in found:
        found[installed][IMPORT] = {
            "beside": "",
            "at_most": IMPORT_SECONDS,
            "seconds": spread([import_seconds() for _ in range(rounds)]),
            "times_as_long": None,
        }
    return found
