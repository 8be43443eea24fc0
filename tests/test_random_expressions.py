"""Random expressions that share parts: `backward()` against differences of 50 digits."""

import math

import pytest
from high_precision import ROWS, context, derivative, real, value_of
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_scalar import Value
from autograd_scalar.engine.value import record
from autograd_scalar.table.registry import KERNELS, OPCODES

# Sizes that keep rounding errors, which grow with every partial they pass, far below 1e-9.
LARGEST = 100.0
NEARBY = 1e-4


def is_tame(row, numbers):
    """Whether the row is smooth, and of moderate size, all around these operands."""
    kernel = KERNELS[OPCODES[row.name]]
    try:
        here = kernel(*numbers)
        beside = [
            kernel(*numbers[:i], numbers[i] + step, *numbers[i + 1 :])
            for i in range(len(numbers))
            for step in (-NEARBY, NEARBY)
        ]
    except (ArithmeticError, ValueError):
        return False
    # A kink shows as a jump; so does what is too steep or too bent, NaN included.
    return all(abs(x) <= LARGEST for x in (*numbers, *here)) and all(
        abs(x - y) <= 3 * LARGEST * NEARBY
        for each in beside
        for x, y in zip(here, each, strict=True)
    )


class Program:
    """A list of steps (row, operands), each on earlier results; the sum of the loose ends."""

    def __init__(self, inputs, wanted):
        self.inputs = inputs
        self.steps = []
        numbers = list(inputs)
        for row, picks in wanted:
            operands = [pick % len(numbers) for pick in picks[: len(row.arguments)]]
            if is_tame(row, [numbers[i] for i in operands]):
                self.steps.append((row, operands))
                numbers.append(KERNELS[OPCODES[row.name]](*[numbers[i] for i in operands])[0])
        used = {i for _, operands in self.steps for i in operands}
        self.ends = [i for i in range(len(numbers)) if i not in used]

    def run(self, leaves, apply):
        results = list(leaves)
        for row, operands in self.steps:
            results.append(apply(row, *[results[i] for i in operands]))
        total = results[self.ends[0]]
        for i in self.ends[1:]:
            total = total + results[i]
        return total

    def values(self):
        leaves = [Value(x) for x in self.inputs]
        return leaves, self.run(leaves, lambda row, *operands: record(OPCODES[row.name], *operands))

    def exactly(self, *numbers):
        return self.run(numbers, lambda row, *operands: value_of(row)(*operands))


STEPS = st.tuples(st.sampled_from(ROWS), st.tuples(*[st.integers(0, 30)] * 3))
NUMBERS = st.floats(-3, 3, allow_subnormal=False)


def check(program):
    leaves, out = program.values()
    with context.workdps(50):
        assert math.isclose(out.data, program.exactly(*map(real, program.inputs)), rel_tol=1e-9,
                            abs_tol=1e-9)  # fmt: skip
    out.backward()
    for i, leaf in enumerate(leaves):
        slope = derivative(program.exactly, program.inputs, i)
        assert slope is not None
        assert abs(leaf.grad - slope) <= 1e-9 * max(1, abs(slope))


@given(
    inputs=st.lists(NUMBERS, min_size=2, max_size=4),
    wanted=st.lists(STEPS, min_size=6, max_size=16),
)
@settings(max_examples=100)
def test_gradients_of_random_expressions(inputs, wanted):
    check(Program(inputs, wanted))


# The order of polygamma is whole: it has no numbers beside.
AROUND = [row for row in ROWS if row.name != "polygamma"]


@pytest.mark.parametrize("row", AROUND, ids=lambda row: row.name)
@given(data=st.data())
@settings(max_examples=10)
def test_gradients_of_random_expressions_around_each_primitive(row, data):
    samples = [sample for sample in row.samples if is_tame(row, sample)]
    sample = data.draw(st.sampled_from(samples))
    wanted = data.draw(st.lists(STEPS, min_size=1, max_size=6))
    program = Program(list(sample), [(row, range(len(sample))), *wanted])
    assert program.steps[0][0] is row
    check(program)
