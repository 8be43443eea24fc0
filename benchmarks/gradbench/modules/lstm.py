"""A long short-term memory with diagonal weights, which predicts the next character's bits.

A step is compiled, not the thousands of them: the program runs it along the text, and its
derivative back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd_scalar import compile, exp, log, sigmoid, tanh, vjp

from ..timing import timed

Numbers = Sequence[Any]


def cell(weight: Numbers, bias: Numbers, hidden: Any, memory: Any, x: Any) -> tuple[Any, Any]:
    """The new hidden number and the new memory of one unit; four gates, two see the input."""
    forget = sigmoid(x * weight[0] + bias[0])
    enter = sigmoid(hidden * weight[1] + bias[1])
    leave = sigmoid(x * weight[2] + bias[2])
    change = tanh(hidden * weight[3] + bias[3])
    memory = memory * forget + enter * change
    return leave * tanh(memory), memory


def step(
    parameters: Numbers, state: Numbers, x: Numbers, following: Numbers
) -> tuple[list[Any], Any]:
    """The new state, and how well the next character was predicted."""
    bits = len(x)
    rows = [[*state[i : i + bits]] for i in range(0, len(state), bits)]
    extra = len(parameters) - 3 * bits
    to_input, to_output, bias = (
        parameters[i : i + bits] for i in range(extra, len(parameters), bits)
    )
    signal = [a * b for a, b in zip(x, to_input, strict=True)]
    new: list[Any] = []
    for layer in range(len(rows) // 2):
        start = 8 * bits * layer
        weights, biases = (parameters[i : i + 4 * bits] for i in (start, start + 4 * bits))
        units = [
            cell(weights[i::bits], biases[i::bits], hidden, memory, signal[i])
            for i, (hidden, memory) in enumerate(zip(*rows[2 * layer : 2 * layer + 2], strict=True))
        ]
        signal = [hidden for hidden, _ in units]
        new += signal + [memory for _, memory in units]
    predicted = [a * b + c for a, b, c in zip(signal, to_output, bias, strict=True)]
    norm = log(sum(exp(each) for each in predicted) + 2)
    return new, sum(a * (b - norm) for a, b in zip(following, predicted, strict=True))


def step_back(
    parameters: Numbers,
    state: Numbers,
    x: Numbers,
    following: Numbers,
    by_state: Numbers,
    by_parameters: Numbers,
) -> tuple[list[Any], list[Any]]:
    """What an adjoint of the new state and of the prediction is one of, added to what is known."""
    _, pullback = vjp(lambda p, s: step(p, s, x, following), parameters, state)
    more, by_old = pullback((by_state, 1.0))
    return [a + b for a, b in zip(by_parameters, more, strict=True)], by_old


forwards, backwards = compile(step), compile(step_back)


@dataclass
class Problem:
    """Parameters, a state to begin with, and a text; all in flat lists."""

    parameters: list[float]
    state: list[float]
    text: list[list[float]]

    @property
    def scale(self) -> float:
        return -1 / ((len(self.text) - 1) * len(self.text[0]))


def objective(given: Problem) -> float:
    state, total = given.state, 0.0
    for x, following in zip(given.text, given.text[1:], strict=False):
        state, score = forwards(given.parameters, state, x, following)
        total += score
    return total * given.scale


def jacobian(given: Problem) -> list[float]:
    states = [given.state]
    for x, following in zip(given.text, given.text[1:], strict=False):
        states.append(forwards(given.parameters, states[-1], x, following)[0])
    by_parameters, by_state = [0.0] * len(given.parameters), [0.0] * len(given.state)
    for i in range(len(given.text) - 2, -1, -1):
        by_parameters, by_state = backwards(
            given.parameters, states[i], given.text[i], given.text[i + 1], by_state, by_parameters
        )
    return [given.scale * each for each in by_parameters]


def floats(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    return [[float(each) for each in row] for row in rows]


def problem(given: Any) -> Problem:
    rows = floats(given["main_params"]) + floats(given["extra_params"])
    return Problem(
        [number for row in rows for number in row],
        [number for row in floats(given["state"]) for number in row],
        floats(given["sequence"]),
    )


FUNCTIONS = {"objective": timed(problem)(objective), "jacobian": timed(problem)(jacobian)}
