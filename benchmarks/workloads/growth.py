"""What explaining, deriving and drawing take as what they are given grows.

Each is timed on 10, 100, 1,000 and 10,000 terms. Whatever reads outside input is to grow
like its length, or to refuse with the limit and what to do; nothing may take for ever.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..harness import spread

SIZES = (10, 100, 1_000, 10_000)

#: Where a size took this long, ten times as much is not tried.
ENOUGH_SECONDS = 20.0


class RefusedError(Exception):
    """What was asked for is beyond a limit, which the message tells."""


def mean_of_squares(terms: int) -> tuple[Any, Any]:
    """A loss of one weight over so many points, and the weight."""
    from autograd_scalar import Value

    w = Value(0.3, "w")
    loss = sum((w * (i / terms) - 0.5) ** 2 for i in range(terms)) / terms
    loss.label = "loss"
    return loss, w


def _explain(terms: int) -> object:
    from autograd_scalar import explain

    return explain(*mean_of_squares(terms)).text


def _steps(terms: int) -> object:
    from autograd_scalar import steps

    return steps(mean_of_squares(terms)[0])


def _derive(terms: int) -> object:
    from autograd_scalar import derive

    return derive(" + ".join(f"(w*{i} - 2)**2" for i in range(terms)), "w").text


def _draw(terms: int) -> object:
    from autograd_scalar import draw

    # The layout is Graphviz's work, not ours.
    return draw(mean_of_squares(terms)[0], format="dot", limit=None).source


def _command_line(terms: int) -> object:
    from autograd_scalar.cli.command import main

    summed = "; ".join(f"s{i} = s{i - 1} + x*{i}" for i in range(1, terms))
    return _run(main, f"s0 = x; {summed}; s{terms - 1}", "x=0.5")


def _command_line_explain(terms: int) -> object:
    from autograd_scalar.cli.command import main

    name = "a" * terms
    return _run(main, f"{name}*{name} + x*{name}", f"{name}=2", "x=3", "--explain", name)


def _run(main: Callable[[Sequence[str]], int], *argv: str) -> object:
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(said):
        if main(argv):
            raise RefusedError(said.getvalue().strip().splitlines()[-1])
    return printed.getvalue()


TASKS: dict[str, Callable[[int], object]] = {
    "explain a mean of so many squares": _explain,
    "steps of a mean of so many squares": _steps,
    "derive a sum of so many squares": _derive,
    "draw a mean of so many squares": _draw,
    "the command line, so many steps": _command_line,
    "the command line, --explain a name of so many characters": _command_line_explain,
}


def run(counts: Sequence[int], rounds: int) -> dict[str, Any]:
    """The seconds of each task by its size, or what it said where it refused."""
    found: dict[str, Any] = {}
    for task, work in TASKS.items():
        found[task] = {}
        work(counts[0])  # what is loaded when it is first used
        for count in counts:
            samples = []
            try:
                for _ in range(rounds):
                    start = time.perf_counter()
                    work(count)
                    samples.append(time.perf_counter() - start)
            except (RefusedError, ValueError) as error:
                found[task][str(count)] = {"refused": str(error)}
                continue
            except RecursionError:
                found[task][str(count)] = {"failed": "RecursionError"}
                break
            found[task][str(count)] = spread(samples)
            if min(samples) > ENOUGH_SECONDS:
                break
    return found
