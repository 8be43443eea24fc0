"""The machine that replays tapes: each value of the table, in each order, to the last bit."""

import itertools
import math
import random
import sys
import threading
from array import array

import high_precision
import numpy as np
import pytest

import autograd_scalar
from autograd_scalar import Value, custom, primitive
from autograd_scalar.generate.machine import value as in_c
from autograd_scalar.table.primitives import ROWS
from autograd_scalar.table.registry import OPCODES, TABLE, compile_ieee_value
from autograd_scalar.tape import machine, plain
from autograd_scalar.tape.code import (
    BLOCK,
    CHECK,
    DOT,
    GUARD,
    INPUT,
    OUTPUT,
    REDUCE,
    REDUCE_PRODUCT,
    SUM,
    SUSPECT,
)

COMPILED = autograd_scalar.build == "compiled"
MACHINES = {"plain": plain}
if COMPILED:
    from autograd_scalar.tape import native

    MACHINES["native"] = native
LANES = native.LANES if COMPILED else 32

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, -7.0, 1e-300, -1e-300, 5e-324]
SPECIAL += [-5e-324, 710.0, -745.2, 1e300, 2.0**53, sys.float_info.max, -sys.float_info.max]
SPECIAL += [math.inf, -math.inf, math.nan]


@pytest.fixture(params=MACHINES)
def made_by(request):
    return MACHINES[request.param]


@pytest.fixture(params=["plain", *(native.INSTRUCTION_SETS if COMPILED else [])])
def made_by_any(request):
    """Each machine, and the one in C on each set of instructions that this processor has."""
    if request.param == "plain":
        yield plain
    else:
        before = native.use(request.param)
        yield native
        native.use(before)


def same(one, other):
    """The same bits, but for NaN, which is one number here."""
    one, other = np.array(one, float), np.array(other, float)
    nan = np.isnan(one) & np.isnan(other)
    bits = one.view(np.int64) == other.view(np.int64)
    return one.shape == other.shape and bool(np.all(nan | bits))


def ieee(row):
    function = compile_ieee_value(row)

    def value(*numbers):
        try:
            return function(*numbers)
        except Exception:
            return math.nan

    return value


def code(*instructions):
    return array("i", itertools.chain.from_iterable(instructions))


def run(
    made_by,
    instructions,
    inputs=(),
    outputs=0,
    *,
    bank=(),
    sums=0,
    ranges=None,
    examples=None,
    fast=False,
):
    """What the code makes of the columns: outputs, status and sums."""
    code_ = code(*instructions)
    registers = 1 + max((word for word in code_), default=0)
    batch = made_by.Batch(code_, registers, len(bank), fast)
    examples = len(inputs[0]) if examples is None else examples
    columns = [np.full(examples, 77.0) for _ in range(outputs)]
    status = np.full(examples, 77, np.int32)
    summed = np.full((-(-examples // BLOCK), sums), 77.0) if sums else None
    inputs = [column if isinstance(column, np.ndarray) else np.array(column) for column in inputs]
    for first, last in ranges or [(0, examples)]:
        fine = batch.run(np.array(bank, float), inputs, columns, status, summed, first, last)
        assert fine == (not status[first:last].any())
    return columns, status, summed


# Rows


def points(row):
    """Arguments for a row: its samples, special numbers and random ones."""
    rng = random.Random(row.name)
    arity = len(row.arguments)
    special = SPECIAL if arity < 3 else [*SPECIAL[::4], math.inf, math.nan]
    yield from row.samples
    yield from itertools.product(special, repeat=arity)
    for _ in range(200):
        yield tuple(rng.uniform(-3.0, 3.0) for _ in range(arity))
        yield tuple(
            math.ldexp(rng.uniform(-1.0, 1.0), rng.randrange(-1073, 1024)) for _ in range(arity)
        )


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_row_of_one_example_has_its_ieee_value(row, made_by):
    inputs = range(1, 1 + len(row.arguments))
    opcode = OPCODES[row.name]
    bank = array("d", [0.0] * (1 + len(inputs)))
    program = made_by.Program(code([opcode, 0, *inputs]), bank, inputs, [], [0])
    for numbers in points(row):
        assert same(program([*numbers]), [ieee(row)(*numbers)]), numbers


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_row_of_a_batch_has_its_ieee_value(row, made_by_any):
    columns = [np.array(column) for column in zip(*points(row), strict=True)]
    registers = range(len(columns))
    loads = [[INPUT, i, i] for i in registers]
    value = [OPCODES[row.name], len(columns), *registers]
    (out,), _, _ = run(made_by_any, [*loads, value, [OUTPUT, value[1], 0]], columns, 1)
    assert same(out, [*map(ieee(row), *(column.tolist() for column in columns))])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_an_operand_may_be_shared_by_all_examples(row, made_by):
    arity = len(row.arguments)
    chosen = random.Random(1).sample([*points(row)], 60)
    columns = [np.array(column) for column in zip(*chosen, strict=True)]
    loads = [[INPUT, i, i] for i in range(arity)]
    for which in itertools.product([False, True], repeat=arity):
        for numbers in chosen[:6]:
            operands = [~i if shared else i for i, shared in enumerate(which)]
            value = [OPCODES[row.name], arity, *operands]
            (out,), _, _ = run(
                made_by, [*loads, value, [OUTPUT, arity, 0]], columns, 1, bank=numbers
            )
            rows = [
                [number] * len(chosen) if shared else column.tolist()
                for shared, number, column in zip(which, numbers, columns, strict=True)
            ]
            assert same(out, [*map(ieee(row), *rows)])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_fast_values_are_at_most_four_ulps_from_the_exact_number(row, made_by_any):
    at = [*points(row)]
    columns = [np.array(column) for column in zip(*at, strict=True)]
    registers = range(len(columns))
    loads = [[INPUT, i, i] for i in registers]
    value = [OPCODES[row.name], len(columns), *registers]
    (out,), _, _ = run(made_by_any, [*loads, value, [OUTPUT, value[1], 0]], columns, 1, fast=True)
    expected = np.array([*map(ieee(row), *(column.tolist() for column in columns))])
    # Infinities, NaN and signed zeros are the same; and mostly, all is.
    for i in np.flatnonzero(~(np.isfinite(out) & np.isfinite(expected))):
        assert same(out[i], expected[i]), at[i]
    for i in np.flatnonzero(np.isfinite(expected) & (out.view(int) != expected.view(int))):
        with high_precision.context.workprec(200 + abs(math.frexp(max(at[i], key=abs))[1])):
            exact = high_precision.value_of(row)(*map(high_precision.real, at[i]))
            assert abs(out[i] - exact) <= 4 * math.ulp(expected[i]), at[i]
        assert math.copysign(1, out[i]) == math.copysign(1, expected[i])


def test_fast_sums_and_dots_differ_by_their_rounding_alone(made_by_any):
    rng = np.random.default_rng(5)
    columns = rng.normal(size=(6, 2 * BLOCK + 9))
    instructions = [
        *([INPUT, i, i] for i in range(6)), [DOT, 6, 4, 0, 1, 2, 3, -1, 4, 5, -1], [OUTPUT, 6, 0],
        [SUM, 6, 3, 0, 1, 2], [OUTPUT, 6, 1], [REDUCE_PRODUCT, 0, 1, 0], [REDUCE, 0, 1],
    ]  # fmt: skip
    (dots, added), _, sums = run(
        made_by_any, instructions, [*columns], 2, bank=[0.1], sums=2, fast=True
    )
    a, b, c, d, e, f = columns
    terms = np.array([a * b, c * d, 0.1 * e, 0.1 * f])
    assert np.all(abs(dots - terms.sum(0)) <= 1e-15 * abs(terms).sum(0))
    assert same(added, a + b + c)
    assert sums.sum(0) == pytest.approx([a @ b, a.sum()], rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 1.0, 0.0])
def test_fast_checks_and_guards_see_every_number(number, made_by_any):
    exp, div = OPCODES["exp"], OPCODES["div"]
    instructions = [[INPUT, 0, 0], [div, 1, 0, 0], [exp, 1, 0], [GUARD, 0, 1, 2], [CHECK, 1]]
    _, status, _ = run(made_by_any, instructions, [[number, 1.0] * LANES], fast=True)
    first = 3 if number == 0 else 0 if number in (1.0, -math.inf) else SUSPECT
    assert [*status] == [first, 0] * LANES


def test_fast_batches_leave_subnormal_numbers_as_they_are(made_by):
    run(made_by, [[INPUT, 0, 0], [OPCODES["exp"], 0, 0]], [[1.0]], fast=True)
    assert np.float64(5e-324) * 1.0 == 5e-324 == sys.float_info.min * 2.0**-52


def test_c_has_the_values_that_need_no_python():
    left = {row.name for row in ROWS if not translated(row)}
    # Python has its own ways to compute these.
    assert left == {"hypot", "gamma", "lgamma", "digamma", "polygamma"}


def translated(row):
    try:
        return in_c(row)
    except Exception:
        return ""


# Sums

TERMS = [
    [(1e16, 1.0), (1.0, 1.0), (-1e16, 1.0), (1.0, 1.0), (3.0, 0.1)],
    [(0.1, 3.0), (1e-17, 1.0), (1.0, 1e16), (-1e16, 1.0)],
    [(-0.0, 1.0)],
    [(-0.0, 1.0), (0.0, -1.0)],
    [(1e300, 1e300), (-1e300, 1e300)],
    [(1 + 2.0**-30, 1 + 2.0**-30), (-1.0, 1 + 2.0**-29)],
]


def in_order(numbers):
    total = numbers[0]
    for number in numbers[1:]:
        total += number
    return total


@pytest.mark.parametrize("terms", TERMS, ids=range(len(TERMS)))
def test_a_dot_rounds_each_product_and_adds_in_order(terms, made_by):
    numbers = [*itertools.chain(*terms)]
    bank = array("d", [*numbers, 0.0])
    program = made_by.Program(
        code([DOT, len(numbers), len(terms), *range(len(numbers))]), bank, [], [], [len(numbers)]
    )
    expected = in_order([a * b for a, b in terms])
    assert same(program([]), [expected])


@pytest.mark.parametrize("forms", ["row row", "shared row", "row shared", "shared", "mixed"])
@pytest.mark.parametrize("terms", TERMS, ids=range(len(TERMS)))
def test_a_dot_of_a_batch_does_so_in_every_form(terms, forms, made_by_any):
    numbers = [*itertools.chain(*terms)]
    count = len(numbers)
    choose = {
        "row row": lambda i: i,
        "shared row": lambda i: i if i % 2 else ~i,
        "row shared": lambda i: ~i if i % 2 else i,
        "shared": lambda i: ~i,
        "mixed": lambda i: i if i * 7 % 3 else ~i,
    }[forms]
    loads = [[INPUT, i, i] for i in range(count)]
    dot = [DOT, count, len(terms), *map(choose, range(count))]
    total = [SUM, count + 1, count, *map(choose, range(count))]
    writes = [[OUTPUT, count, 0], [OUTPUT, count + 1, 1]]
    columns = [np.full(LANES + 1, number) for number in numbers]
    (out, summed), _, _ = run(made_by_any, [*loads, dot, total, *writes], columns, 2, bank=numbers)
    assert same(out, [in_order([a * b for a, b in terms])] * len(out))
    assert same(summed, [in_order(numbers)] * len(out))


def test_a_sum_adds_in_order(made_by):
    numbers = [1e16, 1.0, 1.0, -1e16, 0.1]
    bank = array("d", [*numbers, 0.0])
    program = made_by.Program(code([SUM, 5, 5, 0, 1, 2, 3, 4]), bank, [], [], [5])
    assert program([]) == [in_order(numbers)]
    assert in_order(numbers) != math.fsum(numbers)


def of_a_column(numbers):
    """The sums of blocks, as `code` tells it."""
    for start in range(0, len(numbers), BLOCK):
        s = [0.0] * 8
        for i, number in enumerate(numbers[start : start + BLOCK]):
            s[i % 8] += number
        yield ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))


@pytest.mark.parametrize("examples", [0, 1, 7, LANES + 1, BLOCK - 1, BLOCK, 3 * BLOCK + 41])
def test_sums_over_examples_have_one_order_whatever_computes_them(examples, made_by_any):
    rng = np.random.default_rng(examples)
    x, y = rng.normal(size=(2, examples)) * 10.0 ** rng.integers(-9, 9, size=(2, examples))
    instructions = [
        [INPUT, 0, 0], [INPUT, 1, 1],
        [REDUCE, 0, 1], [REDUCE_PRODUCT, 0, 1, 0], [REDUCE, -1, 2], [REDUCE_PRODUCT, -1, 1, 3],
    ]  # fmt: skip
    expected = [
        of_a_column(column.tolist()) for column in (x * y, x, np.full(examples, 0.1), 0.1 * y)
    ]
    expected = np.array([*zip(*expected, strict=True)]).reshape(-1, 4)
    edges = [*range(0, examples, BLOCK), examples]
    for ranges in ([(0, examples)], [*itertools.pairwise(edges)][::-1]):
        _, _, sums = run(made_by_any, instructions, [x, y], sums=4, bank=[0.1], ranges=ranges)
        if examples:
            assert same(sums, expected)
    if 0 < examples <= BLOCK:
        assert same(machine.block_sum(x[::-1]), next(of_a_column(x[::-1].tolist())))


def test_a_sum_of_negative_zeros_is_zero(made_by):
    _, _, sums = run(made_by, [[INPUT, 0, 0], [REDUCE, 0, 0]], [np.full(3, -0.0)], sums=1)
    assert same(sums, [[0.0]])
    assert same(machine.block_sum(np.full(3, -0.0)), 0.0)


# Examples, columns and ranges


def test_every_size_stride_and_range_gives_each_example_its_numbers(made_by_any):
    instructions = [
        [INPUT, 0, 0], [INPUT, 1, 1],
        [OPCODES["mul"], 2, 0, 1], [OPCODES["hypot"], 3, 2, -1], [OPCODES["exp"], 0, 1],
        [DOT, 2, 3, 0, 3, -1, 2, -2, -1],
        [OUTPUT, 2, 0], [OUTPUT, -2, 1], [CHECK, 2],
    ]  # fmt: skip
    bank = [0.75, 1.0]
    rng = np.random.default_rng(2)

    def expected(x, y):
        a, b, c = x * y, math.hypot(x * y, 0.75), math.exp(y)
        return (c * b + 0.75 * a) + 1.0 * 0.75

    for examples in range(1, 2 * LANES + 4):
        x, y = rng.normal(size=(2, examples))
        by_columns = np.asfortranarray(rng.normal(size=(examples, 3)))
        columns = (
            [x, y],
            [x[::-1], np.repeat(y, 2)[::2]],
            [by_columns[:, 1], np.broadcast_to(y[0], (examples,))],
        )
        for a, b in columns:
            numbers = [*map(expected, a.tolist(), b.tolist())]
            split = examples // 3
            for ranges in ([(0, examples)], [(split, examples), (0, split)]):
                (out, shared), status, _ = run(
                    made_by_any, instructions, [a, b], 2, bank=bank, ranges=ranges
                )
                assert same(out, numbers)
                assert same(shared, [1.0] * examples)
                assert not status.any()


def test_examples_outside_the_range_are_left_as_they_are(made_by):
    instructions = [[INPUT, 0, 0], [OUTPUT, 0, 0], [CHECK, 0]]
    columns, status, _ = run(made_by, instructions, [np.arange(50.0)], 1, ranges=[(3, 40)])
    assert [*columns[0]] == [77.0] * 3 + [*range(3, 40)] + [77.0] * 10
    assert [*status] == [77] * 3 + [0] * 37 + [77] * 10


def test_outputs_may_have_any_stride(made_by):
    batch = made_by.Batch(code([INPUT, 0, 0], [OUTPUT, 0, 0], [OUTPUT, 0, 1]), 1, 0)
    x = np.arange(70.0)
    wide = np.zeros((70, 2))
    status = np.zeros(140, np.int32)
    batch.run(np.zeros(0), [x], [wide[::-1, 0], wide[:, 1]], status[::2], None, 0, 70)
    assert wide.tolist() == [[69.0 - i, i] for i in range(70)]


def test_numbers_that_are_given_may_be_read_only(made_by):
    x = np.arange(3.0)
    x.flags.writeable = False
    (out,), _, _ = run(made_by, [[INPUT, 0, 0], [OUTPUT, 0, 0]], [x], 1)
    assert same(out, x)


def test_an_instruction_may_write_what_it_reads(made_by):
    instructions = [
        [INPUT, 0, 0], [OPCODES["mul"], 0, 0, 0], [DOT, 0, 2, 0, 0, 0, -1], [SUM, 0, 2, 0, 0],
        [OUTPUT, 0, 0],
    ]  # fmt: skip
    x = np.arange(40.0)
    (out,), _, _ = run(made_by, instructions, [x], 1, bank=[3.0])
    assert same(out, 2 * (x**4 + 3 * x**2))


@pytest.mark.parametrize("name", ["exp", "hypot", "sub", "where"])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 30])
def test_a_row_may_follow_itself_many_times(name, count, made_by):
    row = TABLE[OPCODES[name]]
    arity = len(row.arguments)
    given = [[0.1 * (i + k) - 1 for i in range(arity)] for k in range(count)]
    registers = count * (arity + 1)
    values = [
        [OPCODES[name], count * arity + k, *range(k * arity, (k + 1) * arity)] for k in range(count)
    ]
    bank = array("d", [*itertools.chain(*given), *[0.0] * count])
    outputs = range(count * arity, registers)
    program = made_by.Program(code(*values, [CHECK, 0], *values), bank, [], [], outputs)
    assert same(program([]), [ieee(row)(*numbers) for numbers in given])


@pytest.mark.parametrize("lengths", [[2] * 3, [2] * 9, [1] * 5, [3] * 4 + [2] * 5 + [3] * 4])
def test_dots_may_follow_each_other(lengths, made_by):
    rng = random.Random(4)
    numbers = [rng.uniform(-1.0, 1.0) * 10.0 ** rng.randrange(9) for _ in range(8)]
    dots = [[rng.randrange(8) for _ in range(2 * length)] for length in lengths]
    bank = array("d", [*numbers, *[0.0] * len(dots)])
    instructions = [[DOT, 8 + i, len(terms) // 2, *terms] for i, terms in enumerate(dots)]
    program = made_by.Program(code(*instructions), bank, [], [], range(8, len(bank)))
    pairs = [zip(terms[::2], terms[1::2], strict=True) for terms in dots]
    expected = [in_order([numbers[a] * numbers[b] for a, b in pair]) for pair in pairs]
    assert same(program([]), expected)


def test_a_program_reads_its_leaves_at_each_call(made_by):
    p = Value(3.0)
    bank = array("d", [0.0, 0.0, 10.0, 0.0])
    instructions = code([OPCODES["mul"], 3, 0, 1], [SUM, 3, 2, 3, 2])
    program = made_by.Program(instructions, bank, [0], [(1, p)], [3, 2])
    bank[2] = 0.0
    assert program([2.0]) == [16.0, 10.0]
    p.data = 4.0
    assert program([2]) == [18.0, 10.0]


# Status

STATUSES = [
    ([[CHECK, 0]], [math.inf, -math.inf, math.nan, 1e308, 0.0], [-1, -1, -1, 0, 0]),
    ([[GUARD, 0, 1, 6]], [1.0, math.nan, 0.0, -0.0, 5e-324], [0, 0, 7, 7, 0]),
    ([[GUARD, 0, 0, 0]], [1.0, math.nan, 0.0, -0.0, 5e-324], [1, 1, 0, 0, 1]),
    ([[CHECK, 0], [GUARD, 0, 0, 4]], [math.inf, 1.0, 0.0], [-1, 5, 0]),
    ([[GUARD, 0, 0, 4], [CHECK, 0], [GUARD, 0, 0, 9]], [math.inf, 1.0, 0.0], [5, 5, 0]),
]


@pytest.mark.parametrize(("instructions", "numbers", "expected"), STATUSES)
def test_the_first_event_decides_the_status(instructions, numbers, expected, made_by):
    program = made_by.Program(code(*instructions), array("d", [0.0]), [0], [], [0])
    for number, status in zip(numbers, expected, strict=True):
        result = program([number])
        assert result == status if status else same(result, [number])
    instructions = [[INPUT, 0, 0], *instructions, [OUTPUT, 0, 0]]
    for copies in (1, LANES):
        (out,), status, _ = run(made_by, instructions, [numbers * copies], 1)
        assert [*status] == expected * copies
        assert same(out, numbers * copies)
    for number, each in zip(numbers, expected, strict=True):
        shared = [[*(-1 if i == 1 else word for i, word in enumerate(instruction))]
                  for instruction in instructions[1:-1]]  # fmt: skip
        _, status, _ = run(made_by, shared, bank=[number], examples=3)
        assert [*status] == [each] * 3


# Rows of one's own


def test_rows_of_users_run(made_by, scratch_table):
    primitive("cubed", "x * x * x + 1 / y", "3 * x * x", "-1 / y / y", samples=[(1.0, 2.0)])
    row = TABLE[OPCODES["cubed"]]
    columns = [*zip(*itertools.product(SPECIAL, repeat=2), strict=True)]
    instructions = [[INPUT, 0, 0], [INPUT, 1, 1], [OPCODES["cubed"], 1, 0, 1], [OUTPUT, 1, 0]]
    (out,), _, _ = run(made_by, instructions, columns, 1)
    assert same(out, [*map(ieee(row), *columns)])
    for numbers in zip(*columns, strict=True):
        program = made_by.Program(
            code([OPCODES["cubed"], 2, 0, 1]), array("d", [0.0] * 3), [0, 1], [], [2]
        )
        assert same(program([*numbers]), [ieee(row)(*numbers)])


def test_what_a_function_of_users_raises_makes_the_example_suspect(made_by, scratch_table):
    def fun(x):
        if x == 1:
            raise ZeroDivisionError
        if x == 2:
            raise KeyError
        if x == 3:
            raise ValueError("a result that is NaN, as for log(-1)")
        return 10 * x

    custom(fun, 10.0, name="ten")
    numbers = [0.0, 1.0, 2.0, 3.0, 4.0]
    program = made_by.Program(code([OPCODES["ten"], 1, 0]), array("d", [0.0] * 2), [0], [], [1])
    assert [program([x]) for x in (0.0, 1.0, 2.0, 4.0)] == [[0.0], SUSPECT, SUSPECT, [40.0]]
    instructions = [[INPUT, 0, 0], [OPCODES["ten"], 1, 0], [OUTPUT, 1, 0]]
    (out,), status, _ = run(made_by, instructions, [numbers], 1)
    assert same(out, [0.0, math.nan, math.nan, math.nan, 40.0])
    assert [*status] == [0, SUSPECT, SUSPECT, 0, 0]


def test_an_interrupt_is_none_of_them(made_by, scratch_table):
    def fun(x):
        raise KeyboardInterrupt

    custom(fun, 10.0, name="interrupted")
    opcode = OPCODES["interrupted"]
    program = made_by.Program(code([opcode, 1, 0]), array("d", [0.0] * 2), [0], [], [1])
    with pytest.raises(KeyboardInterrupt):
        program([1.0])
    with pytest.raises(KeyboardInterrupt):
        run(made_by, [[INPUT, 0, 0], [opcode, 1, 0]], [[1.0]])


def test_a_program_may_run_inside_itself(made_by, scratch_table):
    def fun(x):
        return 1.0 if x <= 1 else x * program([x - 1])[0]

    custom(fun, 0.0, name="factorial")
    bank = array("d", [0.0, 0.0, 0.5])
    instructions = code([OPCODES["factorial"], 1, 0], [OPCODES["mul"], 1, 1, 2], [SUM, 1, 2, 1, 1])
    program = made_by.Program(instructions, bank, [0], [], [1])
    assert program([6.0]) == [720.0]


# Threads


def test_threads_may_share_a_program_and_a_batch(made_by):
    steps = 3000 if made_by is not plain else 30
    mul, add = OPCODES["mul"], OPCODES["add"]
    words = code([add, 2, 0, 1], *[[mul, 2, 2, 0], [add, 2, 2, 1]] * steps)
    program = made_by.Program(words, array("d", [0.0] * 3), [0, 1], [], [2])
    batch = made_by.Batch(code([INPUT, 0, 0], [INPUT, 1, 1]) + words + code([OUTPUT, 2, 0]), 3, 0)
    rng = random.Random(3)
    points = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(80)]
    expected = [program(point)[0] for point in points]
    columns = [np.array(column) for column in zip(*points, strict=True)]
    out, status = np.zeros(len(points)), np.ones(len(points), np.int32)
    found = {}

    def work(k):
        found[k] = [program(point)[0] for point in points[k::4]]
        batch.run(np.zeros(0), columns, [out], status, None, 20 * k, 20 * k + 20)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: expected[k::4] for k in range(4)}
    assert same(out, expected)
    assert not status.any()


# What can't be run

REFUSED = [
    ([[99999, 0, 0]], "instruction 0: there is no opcode 99999"),
    ([[-10, 0]], "instruction 0: there is no opcode -10"),
    ([[CHECK, 0], [OPCODES["add"], 0, 0]], r"instruction 1 \(add\): it is cut short"),
    ([[DOT, 0]], r"instruction 0 \(dot\): it is cut short"),
    ([[DOT, 0, 2, 0, 0, 0]], r"instruction 0 \(dot\): it is cut short"),
    ([[DOT, 0, 0]], r"instruction 0 \(dot\): 0 terms are no sum"),
    ([[SUM, 0, -1]], r"instruction 0 \(sum\): -1 terms are no sum"),
    ([[OPCODES["exp"], 1, 0]], r"instruction 0 \(exp\): there is no register 1"),
    ([[OPCODES["exp"], -1, 0]], r"instruction 0 \(exp\): there is no register -1"),
    ([[OPCODES["exp"], 0, 1]], r"instruction 0 \(exp\): there is no register 1"),
    ([[SUM, 0, 1, -2]], r"instruction 0 \(sum\): there is no register -2"),
    ([[GUARD, 0, 2, 0]], r"instruction 0 \(guard\): it expects 0 or 1"),
    ([[GUARD, 0, 1, -1]], r"instruction 0 \(guard\): it expects 0 or 1 and has an index"),
    ([[GUARD, 0, 1]], r"instruction 0 \(guard\): it is cut short"),
]


@pytest.mark.parametrize(("instructions", "message"), REFUSED, ids=range(len(REFUSED)))
def test_code_that_can_t_be_run_is_refused_naming_the_instruction(instructions, message, made_by):
    with pytest.raises(ValueError, match=message):
        made_by.Program(code(*instructions), array("d", [0.0]), [0], [], [0])
    # In a batch the input is instruction 0, and operand -1 a shared number.
    shifted = message.replace("instruction 1", "instruction 2").replace(
        "instruction 0", "instruction 1"
    )
    with pytest.raises(ValueError, match=shifted):
        made_by.Batch(code([INPUT, 0, 0], *instructions), 1, 1)


@pytest.mark.parametrize(
    ("instructions", "message"),
    [
        ([[OUTPUT, 0, 0]], r"instruction 0 \(output\): register 0 is not written yet"),
        ([[INPUT, 0, -1]], r"instruction 0 \(input\): there is no column -1"),
        ([[INPUT, -1, 0]], r"instruction 0 \(input\): there is no register -1"),
        ([[REDUCE, -1, 0], [REDUCE, -1, 0]], r"instruction 1 \(reduce\): column 0 is written al"),
        ([[OUTPUT, -1, 0], [OUTPUT, -1, 0]], r"instruction 1 \(output\): column 0 is written al"),
        ([[REDUCE, -1, 10**9]], "not all columns are written, of 0 outputs, 1000000001 sums"),
        ([[OUTPUT, -1, 1]], "not all columns are written, of 2 outputs, 0 sums"),
        ([[REDUCE_PRODUCT, -1, -1]], r"instruction 0 \(reduce_product\): it is cut short"),
    ],
)
def test_code_for_a_batch_that_can_t_be_run_is_refused(instructions, message, made_by):
    with pytest.raises(ValueError, match=message):
        made_by.Batch(code(*instructions), 1, 1)


def test_a_constant_is_not_written(made_by):
    instructions = code([OPCODES["add"], 1, 0, 2], [OPCODES["exp"], 2, 0])
    with pytest.raises(ValueError, match=r"instruction 1 \(exp\): register 2 holds a constant"):
        made_by.Program(instructions, array("d", [0.0] * 3), [0], [], [1])


def test_a_program_says_what_is_wrong_with_what_it_is_given(made_by):
    bank, exp = array("d", [0.0, 0.0]), [OPCODES["exp"], 1, 0]
    for inputs, leaves, outputs in (([2], [], [1]), ([0], [(-1, Value(0.0))], [1]), ([0], [], [2])):
        with pytest.raises(ValueError, match=r"put register -?[12] is not one of 2"):
            made_by.Program(code(exp), bank, inputs, leaves, outputs)
    with pytest.raises(TypeError, match=r"code must be an array\('i'\), got list"):
        made_by.Program([*exp], bank, [0], [], [1])
    with pytest.raises(TypeError, match=r"bank must be an array\('d'\), got array"):
        made_by.Program(code(exp), array("f", bank), [0], [], [1])
    program = made_by.Program(code(exp), bank, [0], [], [1])
    with pytest.raises(ValueError, match="takes 1 numbers, got 2"):
        program([1.0, 2.0])
    with pytest.raises(TypeError, match="real number"):
        program(["1"])
    assert program([0.0]) == [1.0]


def test_a_batch_says_which_array_is_wrong(made_by):
    outputs = [OUTPUT, -1, 1], [OUTPUT, 0, 0]
    batch = made_by.Batch(code([INPUT, 0, 0], *outputs, [REDUCE, 0, 0]), 1, 1)
    n = 600

    def arrays(**changed):
        given = {"bank": np.ones(1), "inputs": [np.ones(n)], "outputs": [np.ones(n), np.ones(n)]}
        given |= {"status": np.zeros(n, np.int32), "sums": np.zeros((2, 1)), "first": 0, "last": n}
        return [*(given | changed).values()]

    batch.run(*arrays())
    frozen = np.ones(n)
    frozen.flags.writeable = False
    for changed, message in (
        ({"bank": np.ones(0)}, "bank must be"),
        ({"bank": np.ones(1, np.float32)}, "bank must be an array of 1 numbers of type float64"),
        ({"inputs": []}, "1 columns of inputs, got 0"),
        ({"inputs": [np.ones(n - 1)]}, r"inputs\[0\] must be an array of 600 numbers"),
        ({"inputs": [np.ones(n, int)]}, r"inputs\[0\] must be .*, got int64 \(600,\)"),
        ({"inputs": [np.ones(n).astype(">f8")]}, r"inputs\[0\] must be .*, got >f8"),
        ({"inputs": [[1.0] * n]}, r"inputs\[0\] must be .*, got list"),
        ({"inputs": [np.ones((n, 1))]}, r"inputs\[0\] must be .*, got float64 \(600, 1\)"),
        ({"outputs": [np.ones(n)]}, "2 columns of outputs, got 1"),
        ({"outputs": [np.ones(n), frozen]}, "read-only"),
        ({"status": np.zeros(n, np.int64)}, "status must be .* type int32"),
        ({"status": np.zeros(n - 1, np.int32)}, "status must be"),
        ({"sums": None}, "sums must be an array of 2 × 1 numbers"),
        ({"sums": np.zeros((1, 1))}, "sums must be"),
        ({"first": 32}, "sums begin with a block of 512 examples, not at 32"),
        ({"first": -512}, "counted from 0 on"),
        ({"first": 1024}, "counted from 0 on"),
    ):
        with pytest.raises(ValueError, match=message):
            batch.run(*arrays(**changed))


def test_no_floating_point_flag_is_left_for_numpy(made_by):
    div = OPCODES["div"]
    program = made_by.Program(code([div, 1, 0, 0]), array("d", [0.0] * 2), [0], [], [1])
    with np.errstate(all="raise"):
        assert math.isnan(program([0.0])[0])
        run(made_by, [[INPUT, 0, 0], [div, 0, 0, 0]], [np.zeros(3)])
        np.frompyfunc(lambda x: x, 1, 1)(np.ones(3))
