"""Shapes of graphs: reuse, diamonds, great depth, how they are freed, copied and stored."""

import copy
import gc
import math
import pickle
import tracemalloc

import pytest

from autograd_scalar import Value, no_grad, primitive, toposort, vjp, where

DEEP = 1_000_000


def chain(leaf, length):
    v = leaf
    for _ in range(length):
        v = v + 1.0
    return v


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def memory(no_collector):
    """A function that gives the bytes in use, with no help from the garbage collector."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()


# Reuse


def test_a_reused_result_counts_every_path():
    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad) == (4.0, 2.0)


def test_a_diamond_sums_over_its_sides():
    x = Value(3.0)
    left, right = x * 2, x * x
    out = left * right
    out.backward()
    assert x.grad == 6 * x.data**2


@pytest.mark.parametrize("levels", [1, 10, 100, 1000])
def test_a_tower_of_diamonds_is_swept_once_a_node(levels):
    x = v = Value(1.0)
    for _ in range(levels):
        v = v * 0.5 + v * 0.5
    assert len(toposort(v)) == 1 + 5 * levels
    v.backward()
    assert x.grad == 1.0


def test_an_operand_of_a_late_node_may_be_the_very_first():
    x = Value(2.0)
    v = x
    for _ in range(5):
        v = v * x + x
    # v = x⁶ + x⁵ + … + x
    v.backward()
    assert x.grad == sum(k * 2.0 ** (k - 1) for k in range(1, 7))


def test_a_node_of_three_operands_may_hold_one_value_three_times():
    x = Value(2.0)
    v = where(x, x, x)
    assert v.parents == (x, x, x)
    v.backward()
    assert x.grad == 1.0


def test_two_results_of_one_graph_add_to_the_same_leaves():
    x = Value(2.0)
    shared = x * x
    first, second = shared * 3, shared + x
    first.backward()
    second.backward()
    assert x.grad == 3 * 4.0 + 5.0
    assert shared.grad == 1.0


def test_a_sweep_leaves_what_is_not_below_its_root_alone():
    x = Value(2.0)
    y = x * x
    z = y * y
    z.backward()
    above = z.grad
    y.backward(5.0)
    assert (z.grad, y.grad) == (above, 5.0)


def test_toposort_lists_the_order_of_evaluation():
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    left = a * b
    out = where(left > 0, left + c, -c) / (c - left)
    assert [v.op or v.label or v.data for v in toposort(out)] == [
        1.0, "a", "b", "mul", "c", "add", "neg", "where", "sub", "div",
    ]  # fmt: skip


def test_toposort_lists_each_value_once_after_its_parents():
    x = Value(0.5)
    values = [x]
    for i in range(1, 60):
        values.append(values[i - 1] * values[i // 2] + values[i // 3])
    order = toposort(values[-1])
    position = {v: i for i, v in enumerate(order)}
    assert len(position) == len(order)
    assert all(position[p] < position[v] for v in order for p in v.parents)
    assert order[-1] is values[-1]


# Depth


def test_a_chain_of_a_million_differentiates_copies_pickles_and_frees(no_collector):
    x = Value(1.0)
    y = x
    for _ in range(DEEP):
        y = y + x
    y.backward()
    assert (y.data, x.grad) == (DEEP + 1, DEEP + 1)

    leaf, result = copy.deepcopy((x, y))
    assert (result.data, leaf.grad) == (DEEP + 1, DEEP + 1)
    assert leaf is not x
    del leaf, result

    leaf, result = pickle.loads(pickle.dumps((x, y), pickle.HIGHEST_PROTOCOL))
    del y
    result.backward()
    assert (result.data, leaf.grad, x.grad) == (DEEP + 1, 2 * (DEEP + 1), DEEP + 1)


def test_a_deep_graph_through_the_third_operand():
    x = v = Value(2.0)
    for _ in range(50_000):
        v = where(0.0, 1.0, v)
    v.backward()
    assert x.grad == 1.0
    del v


def test_a_wide_sum_is_no_problem_either():
    leaves = [Value(1.0) for _ in range(20_000)]
    sum(leaves).backward()
    assert {leaf.grad for leaf in leaves} == {1.0}


# Memory


def test_a_dropped_graph_is_freed_at_once(memory):
    x = Value(1.0)
    chain(x, 1000).backward()
    before = memory()
    y = chain(x, 20_000)
    y.backward()
    used = memory() - before
    del y
    assert used > 20_000 * 48
    # A build may keep some nodes for reuse.
    assert memory() - before < used / 20


def test_no_graph_needs_the_collector(no_collector):
    x = Value(1.0)
    y = chain(x, 100) * x
    y.backward()
    del y
    assert gc.collect() == 0


def test_memory_of_a_training_loop_is_flat(memory):
    points = [(0.5, 2.0), (-1.0, -0.5), (2.0, 4.5)]
    w, b = Value.parameter(0.0), Value.parameter(0.0)

    def steps(count):
        for _ in range(count):
            loss = sum((w * x + b - y) ** 2 for x, y in points)
            loss.backward()
            for p in (w, b):
                p.data -= 0.01 * p.grad
                p.zero_grad()
        return memory()

    steps(20)
    early = steps(30)
    assert steps(1000) - early < 2000


def test_under_no_grad_a_running_total_takes_no_memory(memory):
    total, x = Value(0.0), Value(1.0)

    def add(count):
        nonlocal total
        with no_grad():
            for _ in range(count):
                total += x * x
        return memory()

    early = add(100)
    assert add(5000) - early < 2000


# Copies


def test_a_deep_copy_is_a_graph_of_its_own():
    x, w = Value(2.0, "x"), Value.parameter(3.0, "w")
    y = x * w + where(x, w, 1.0)
    y.label = "y"
    y.backward()
    copied = copy.deepcopy({"x": x, "w": w, "y": y})
    assert [v.label for v in copied.values()] == ["x", "w", "y"]
    assert copied["w"].kind == "parameter"
    assert copied["x"].grad == x.grad
    order, others = toposort(y), toposort(copied["y"])
    assert not {*order} & {*others}
    assert [(v.op, v.data, v.partials, v.kind) for v in order] == [
        (v.op, v.data, v.partials, v.kind) for v in others
    ]
    before = x.grad
    copied["y"].backward()
    assert (copied["x"].grad, x.grad) == (2 * before, before)


def test_backward_of_a_deep_copy_fills_the_leaves_of_the_copy():
    x = Value(3.0)
    copied = copy.deepcopy(x * x)
    copied.backward()
    (leaf,) = (v for v in toposort(copied) if v.kind == "leaf")
    assert (leaf.grad, x.grad) == (6.0, 0.0)


def test_a_shallow_copy_shares_its_operands():
    x = Value(3.0)
    y = x * x
    z = copy.copy(y)
    assert z is not y
    assert z.parents == y.parents
    z.backward()
    assert x.grad == 6.0


def test_copies_know_whether_gradients_were_computed():
    x = Value(1.0)
    assert not copy.deepcopy(x).has_grad
    assert not pickle.loads(pickle.dumps(x)).has_grad


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_leaf_and_result_keeps_who_is_who(protocol):
    x, w = Value(2.0, "x"), Value.parameter(3.0, "w")
    y = (x * w + 1.0).tanh()
    y.backward()
    order = toposort(y)
    x2, w2, y2 = pickle.loads(pickle.dumps((x, w, y), protocol))
    others = toposort(y2)
    assert [(v.op, v.data, v.grad, v.partials, v.label, v.kind) for v in order] == [
        (v.op, v.data, v.grad, v.partials, v.label, v.kind) for v in others
    ]
    assert x2 in others
    assert w2 in others
    y2.backward()
    assert (x2.grad, w2.grad) == (2 * x.grad, 2 * w.grad)


def test_a_pickle_of_an_unknown_primitive_names_it(scratch_table):
    from autograd_scalar.table.registry import OPCODES

    shifted = primitive("shifted_by_one", "x + 1", "1", samples=[(0.5,)])
    stored = pickle.dumps(shifted(Value(1.0)))
    assert pickle.loads(stored).op == "shifted_by_one"
    del OPCODES["shifted_by_one"]
    with pytest.raises(ValueError, match="'shifted_by_one', which is not registered"):
        pickle.loads(stored)


@pytest.mark.parametrize("seed", [math.nan, math.inf, -math.inf])
def test_a_seed_that_is_no_number_reaches_what_the_result_depends_on_and_nothing_else(seed):
    x, y, z = Value(2.0), Value(3.0), Value(0.0)
    out = where(x > 0, x * y, z.sqrt()) + 0 * x
    out.backward(seed)
    assert (y.grad, z.grad) == pytest.approx((2 * seed, 0.0), nan_ok=True)
    assert math.isnan(x.grad)
    pulled = vjp(lambda x, y, z: where(x > 0, x * y, z.sqrt()), 2.0, 3.0, 0.0)[1](seed)
    assert pulled == pytest.approx((3 * seed, 2 * seed, 0.0), nan_ok=True)
