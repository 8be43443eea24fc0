"""What must hold whatever is done to the engine: no crash, no lost gradient, one answer."""

import importlib
import itertools
import json
import math
import operator
import os
import random
import signal
import struct
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import autograd_scalar
from autograd_scalar import Value, no_grad
from autograd_scalar.table.primitives import ROWS
from autograd_scalar.table.registry import KERNELS, OPCODES, TABLE
from benchmarks.peers.ours import plain_package

BUILDS = ["installed", "plain"]
ROOT = Path(autograd_scalar.__file__).parent.parent


def package_of(build):
    return autograd_scalar if build == "installed" else plain_package()


def bits(number):
    """The eight bytes of a float, a NaN's too."""
    return struct.pack("<d", number)


def run(script, build, **settings):
    """What a Python of its own prints as JSON for the script; a crash or hang is a failure."""
    head = f"""
        import json, sys
        sys.path.insert(0, {str(ROOT)!r})
        import autograd_scalar
        from benchmarks.peers.ours import plain_package
        package = autograd_scalar if {build!r} == "installed" else plain_package()
        Value, engine = package.Value, package.engine
    """
    head = textwrap.dedent(head) + "".join(f"{k} = {v!r}\n" for k, v in settings.items())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", head + textwrap.dedent(script)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return json.loads(done.stdout)


# Called on what is no Value


@pytest.mark.parametrize("build", BUILDS)
def test_every_method_of_value_is_a_type_error_on_anything_else(build):
    script = """
        wrong = [None, 1.0, "abc", object(), [], 10**30]
        more = [(), (1.0,), ("",), (Value(1.0),), ({},), (None,), (1.0, 2.0)]
        inherited = [n for n in dir(object) if getattr(object, n) is getattr(Value, n)]
        own = [name for name in vars(Value) if name not in inherited]
        own = [name for name in own if name != "parameter" and callable(getattr(Value, name))]
        # Composed functions, which are methods too, take numbers as well.
        own = [name for name in own if getattr(package, name, None) is not getattr(Value, name)]
        kept = ["__doc__", "__new__", "__init_subclass__"]
        failures, calls = [], 0
        own = [name for name in own if name not in kept]
        for name, self, others in [(n, s, m) for n in own for s in wrong for m in more]:
            calls += 1
            try:
                result = getattr(Value, name)(self, *others)
            except TypeError:
                continue
            except BaseException as error:
                result = error
            failures.append((name, repr(self), repr(others), repr(result)))
        described = [n for n, each in vars(Value).items() if hasattr(each, "__set__")]
        for name, self in [(n, s) for n in described for s in wrong]:
            each = getattr(Value, name)
            change = getattr(each, "fset", None)
            for end in (getattr(each, "fget", each.__get__), change):
                try:
                    result = end(self, *[1.0] * (end is change)) if end else 1 + ""
                except TypeError:
                    continue
                except BaseException as error:
                    result = error
                failures.append((name, repr(self), repr(result)))
        print(json.dumps((failures, calls, len(described))))
    """
    failures, calls, described = run(script, build)
    assert failures == []
    assert calls > 2000
    assert described > 7


# A place for a Value is marked by `V`, one for a list of Values by `[V]`.
INTERNAL = [
    "value.order([V], [])",
    "value.order([], [V])",
    "value.order([V], [V])",
    "value.adjoints([V], [], [], [])",
    "value.adjoints([], [V], [1.0], [])",
    "value.adjoints([], [], [], [V])",
    "value.toposort(V)",
    "value.unary(neg, V)",
    "value.unary(exp, V)",
    "value.binary(add, V, X)",
    "value.binary(add, X, V)",
    "value.binary(power, V, X)",
    "value.ternary(where, V, X, X)",
    "value.ternary(where, X, V, X)",
    "value.ternary(where, X, X, V)",
    "value.node(neg, 1.0, (V,), (1.0,))",
    "value.node(where, 1.0, (X, X, V), (1.0, 1.0, 1.0))",
    "value.link(V, (X,), (1.0,))",
    "value.link(X, (V,), (1.0,))",
    "value.link(X, (X, X, V), (1.0, 1.0, 1.0))",
    "value.edges(V)",
    "sweep.depends_only_on([V], 0)",
    "sweep.tangents([V], [], [], [])",
    "sweep.tangents([], [V], [1.0], [])",
    "sweep.tangents([], [], [], [V])",
    "sweep.nonlinear_nodes([V], seconds)",
    "sweep.hessian_terms([V], [1.0], seconds)",
    "sweep.detach_leaves([V])",
    "recorded.adjoints([V], {}, [], False)",
    "recorded.tangents([V], {}, [], False)",
]


@pytest.mark.parametrize("build", BUILDS)
def test_internal_entry_points_turn_down_what_is_no_value(build):
    script = """
        from importlib import import_module
        value, sweep = engine.value, import_module(package.__name__ + ".engine.sweep")
        recorded = import_module(package.__name__ + ".transforms.recorded")
        codes = import_module(package.__name__ + ".table.registry").OPCODES
        add, neg, exp, power, where = (codes[n] for n in ("add", "neg", "exp", "pow", "where"))
        failures = []
        for text in calls:
            # Those of a new node are linked for good, and not to be swept with others.
            X, seconds = Value(2.0), [[]] * len(codes)
            eval(text, {**globals(), "V": X * X})
            wrongs = ["None", "1.0", "'abc'", "object()", "[]"]
            changed = [text.replace("V", wrong) for wrong in wrongs]
            if "[V]" in text:
                changed += [text.replace("[V]", f"[X * X, {wrong}]") for wrong in wrongs]
                changed += [text.replace("[V]", wrong) for wrong in wrongs[:-1]]
            for each in changed:
                try:
                    result = eval(each)
                except (TypeError, AttributeError):
                    continue
                except BaseException as error:
                    result = error
                failures.append((each, repr(result)))
        print(json.dumps(failures))
    """
    assert run(script, build, calls=INTERNAL) == []


# In place


def in_place(name, v, other):
    return getattr(operator, name)(v, other)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv"])
def test_learning_in_place_under_no_grad_is_an_error_that_names_data(build, name):
    package = package_of(build)
    w, x = package.Value.parameter(2.0, "w"), package.Value(3.0)
    (w * x).backward()
    for learned in (w, x):
        with package.no_grad(), pytest.raises(TypeError, match=r"p\.data -= rate"):
            in_place(name, learned, 0.1)
        plain = getattr(operator, name[1:])(learned, 0.1)
        recorded = in_place(name, learned, 0.1)
        assert (recorded.data, recorded.parents[0]) == (plain.data, learned)
    with package.no_grad(), package.engine.modes.recording():
        assert in_place(name, w, 0.1).kind == "interior"


def test_adding_up_in_place_is_adding_under_no_grad_too():
    for start in (Value(1.0), Value(1.0).detach(), Value(1.0) * 1.0):
        with no_grad():
            total = start
            total += Value(2.0)
            total -= 0.5
        assert (total.data, total.kind) == (2.5, "constant")
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+="):
        total += "a"


# Freed


def test_the_plain_build_can_free_without_recursion():
    # Where its interpreter would go deep; see `free_iteratively`.
    script = """
        import gc
        gc.disable()
        engine.kernels.free_iteratively(Value)
        depth = 0
        def note(frame, event, _):
            global depth
            here = 0
            while frame:
                here, frame = here + 1, frame.f_back
            depth = max(depth, here)
        def count():
            return sum(type(each) is Value for each in gc.get_objects())
        x = Value(1.0)
        shared = v = x * 2.0
        for i in range(5_000):
            v = package.where(0.0, x, v) if i % 3 else v * v if i % 2 else shared + v
        alive = count()
        sys.setprofile(note)
        del v
        sys.setprofile(None)
        shared.backward()
        print(json.dumps((alive > 5_000, count(), depth, x.grad)))
    """
    many, left, depth, grad = run(script, "plain")
    assert (many, left, grad) == (True, 3, 2.0)
    assert depth < 10


def test_threads_that_free_at_once_leave_nothing_behind():
    script = """
        import gc, threading
        gc.disable()
        engine.kernels.free_iteratively(Value)
        sys.setswitchinterval(1e-5)
        x = Value(1.0)
        def work():
            for _ in range(30):
                v = x
                for _ in range(100):
                    v = v + 1.0
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(json.dumps(sum(type(each) is Value for each in gc.get_objects())))
    """
    assert run(script, "plain") == 1


# Handlers and threads that sweep meanwhile

SWEEPING = {"value.py", "sweep.py"}


def at_every_line(package, work, handler):
    """`work()`, each time with `handler()` run one line later in the sweeps: its results."""
    engine = Path(package.engine.value.__file__).parent
    for moment in itertools.count():
        lines = 0

        def trace(frame, event, _, moment=moment):
            nonlocal lines
            path = Path(frame.f_code.co_filename)
            # Gradients are not read while a handler comes between.
            reading = "grad" in frame.f_code.co_name or frame.f_code.co_name == "_traced"
            if path.name not in SWEEPING or path.parent != engine or reading:
                return None
            if event == "line":
                lines += 1
                if lines == moment + 1:
                    sys.settrace(None)
                    handler()
                    sys.settrace(trace)
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            result = work()
        finally:
            sys.settrace(before)
        if lines <= moment:
            assert moment > 20
            return
        yield result


def shared_graph(package):
    a, b, c = (package.Value(x, label=n) for x, n in ((0.5, "a"), (-1.5, "b"), (2.0, "c")))
    y = package.where(a > 0, a * b, c) * c + a
    return (a, b, c), y


@pytest.mark.parametrize("swept", ["y.backward()", "toposort", "gradient", "another result"])
def test_a_handler_that_sweeps_changes_no_gradient(swept):
    # The plain build, in which one may come between any two lines.
    package = plain_package()
    leaves, y = shared_graph(package)
    other = leaves[0] * leaves[1] * 3.0
    y.backward()
    want = [leaf.grad for leaf in leaves]
    other.backward()
    extra = [leaf.grad - grad for leaf, grad in zip(leaves, want, strict=True)]
    handler, added = {
        "y.backward()": (y.backward, want),
        "toposort": (lambda: package.toposort(y), [0.0] * 3),
        "gradient": (lambda: package.gradient(y, leaves), [0.0] * 3),
        "another result": (other.backward, extra),
    }[swept]

    def backward():
        for leaf in leaves:
            leaf.zero_grad()
        y.backward()
        return [leaf.grad for leaf in leaves]

    for found in at_every_line(package, backward, handler):
        assert found in (want, [w + e for w, e in zip(want, added, strict=True)])
    for found in at_every_line(package, lambda: package.gradient(y, leaves), handler):
        assert list(found) == want
    order = package.toposort(y)
    sweep = importlib.import_module(f"{package.__name__}.engine.sweep")
    rates = [1.0, 10.0, 100.0]
    rate = sum(w * r for w, r in zip(want, rates, strict=True))
    for found in at_every_line(
        package, lambda: sweep.tangents(order, list(leaves), rates, [y]), handler
    ):
        assert found == [rate]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that interrupt here")
def test_a_timer_that_pickles_the_graph_changes_no_gradient(build):
    script = """
        import pickle, random, signal
        x = y = Value(1.0)
        for _ in range(1000):
            y = y * 0.5 + x
        y.backward()
        want, fired, wrong = x.grad, 0, 0
        def handler(*_):
            global fired
            fired += 1
            pickle.dumps(y)
        signal.signal(signal.SIGALRM, handler)
        rng = random.Random(0)
        for _ in range(60):
            x.zero_grad()
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-5, 2e-3))
            y.backward()
            found = package.gradient(y, [x])
            signal.setitimer(signal.ITIMER_REAL, 0)
            wrong += x.grad != want or found != [want]
        print(json.dumps((fired > 0, wrong)))
    """
    assert run(script, build) == [True, 0]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_child_forked_from_a_thread_in_the_midst_of_a_sweep_does_not_hang(build):
    script = """
        import os, threading, time
        x = y = Value(0.0)
        for _ in range(2000):
            y = y + package.where(x > 0, x * x**0.5, 0.0)
        stop = False
        def work():
            while not stop:
                y.backward()
        thread = threading.Thread(target=work)
        thread.start()
        statuses = []
        for _ in range(5):
            time.sleep(0.01)
            child = os.fork()
            if child == 0:
                a = Value(3.0)
                (a * a).backward()
                y.backward()
                os._exit(0 if a.grad == 6.0 else 1)
            for _ in range(1000):
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    statuses.append(status)
                    break
                time.sleep(0.01)
            else:
                os.kill(child, 9)
                statuses.append("hung")
        stop = True
        thread.join()
        print(json.dumps(statuses))
    """
    assert run(script, build) == [0] * 5


# Libraries that other tests load have threads, which the children never use.
@pytest.mark.filterwarnings("ignore:.*fork")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_a_handler_that_forks_in_the_midst_of_a_sweep_goes_on_in_both_processes():
    package = plain_package()
    leaves, y = shared_graph(package)
    y.backward()
    want = [leaf.grad for leaf in leaves]
    children, parent = [], os.getpid()

    def fork():
        if len(children) < 5:
            children.append(os.fork())

    def backward():
        for leaf in leaves:
            leaf.zero_grad()
        children.clear()
        try:
            y.backward()
            return [leaf.grad for leaf in leaves]
        finally:
            if os.getpid() != parent:
                os._exit(0 if [leaf.grad for leaf in leaves] == want else 1)

    for found in itertools.islice(at_every_line(package, backward, fork), 10, 400, 40):
        assert found == want
        assert os.waitpid(children[0], 0)[1] == 0


@pytest.mark.parametrize("build", BUILDS)
def test_twelve_threads_that_share_leaves_give_the_exact_sum(build):
    package = package_of(build)
    leaves = [package.Value(x) for x in (1.0, 2.0, 3.0)]

    def work(number):
        a, b, c = leaves
        for i in range(20):
            (a * float(number) + b * float(i) + package.where(c > 0, c * b, a)).backward()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    # Sums of whole numbers, which are exact in any order.
    assert [leaf.grad for leaf in leaves] == [
        20.0 * sum(range(12)),
        12 * (sum(range(20)) + 20 * 3.0),
        12 * 20 * 2.0,
    ]


# What the processor is left with

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "pow": operator.pow,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "abs": operator.abs,
}
FAR = [0.0, -0.0, 1.0, -1.0, 0.5, 1e200, -1e200, 1e-200, 1e-320, 700.0, math.inf]


def points(row):
    yield from row.samples
    yield from (kink.at for kink in row.kinks)
    yield from itertools.product(FAR, repeat=len(row.arguments))


def complaint(function, operands):
    """What NumPy says of the function on arrays of such operands, if anything."""
    with np.errstate(all="raise"):
        try:
            np.frompyfunc(function, len(operands), 1)(*[np.array([x], object) for x in operands])
        except FloatingPointError as error:
            return str(error)
        except (ArithmeticError, ValueError):
            return None
    return None


@pytest.mark.skipif(autograd_scalar.build == "python", reason="Python can't clear the flags")
@pytest.mark.parametrize(
    "row", [row for row in TABLE if not row.is_question], ids=lambda row: row.name
)
def test_numpy_complains_of_no_value_where_it_does_not_of_its_number(row):
    functions = importlib.import_module("autograd_scalar.engine.functions").FUNCTIONS
    function = OPERATORS.get(row.name) or functions[row.name]
    ways = [function]
    if row.name not in OPERATORS:
        ways.append(lambda x, *o: getattr(x, row.name)(*o))
    for point in points(row):
        for way in ways:
            said = complaint(way, [Value(x) for x in point])
            assert said is None or said == complaint(function, point), point


@pytest.mark.parametrize("build", BUILDS)
def test_numpy_complains_of_no_infinite_partial(build):
    package = package_of(build)
    with np.errstate(all="raise", under="ignore"):
        for function, x in ((np.sqrt, 0.0), (np.cbrt, 0.0), (np.arctan, 1e200), (np.arcsin, 1.0)):
            (found,) = function(np.array([package.Value(x)], object))
            assert found.data == float(function(x))


# One answer


def random_program(package, seed, special=()):
    """A function of three numbers, with ties, branches not taken and infinite partials."""
    functions = importlib.import_module(f"{package.__name__}.engine.functions").FUNCTIONS
    rows = [row for row in ROWS if not row.operator]
    operators = [operator.add, operator.sub, operator.mul, operator.truediv]

    def program(leaves):
        rng = random.Random(seed)
        values = [*leaves, *special]
        for _ in range(14):
            kind = rng.randrange(5)
            picked = rng.choices(values, k=3)
            try:
                if kind == 0:
                    row = rng.choice(rows)
                    made = functions[row.name](*picked[: len(row.arguments)])
                elif kind == 1:
                    tie = rng.choice([package.maximum, package.minimum])
                    made = tie(picked[0], picked[0] * 1.0) + package.relu(picked[1] - picked[1])
                elif kind == 2:
                    zero = picked[0] * 0.0
                    made = package.where(zero > 0, zero**0.5, picked[1])
                elif kind == 3:
                    made = package.where(picked[0] > picked[1], *picked[1:]) * rng.uniform(-2, 2)
                else:
                    made = rng.choice(operators)(picked[0], rng.choice([picked[1], 0.5, 3]))
            except (ArithmeticError, ValueError):
                continue
            values.append(made)
        total = values[-1] * 0.5
        for v in reversed(values):
            total = package.hypot(total, v) if rng.random() < 0.1 else total + v
        return total

    return program


def answers(package, seed):
    """The derivatives by every route."""
    numbers = [random.Random(seed).choice([0.0, 1.0, -0.5, 0.3]) for _ in range(3)]
    program = random_program(package, seed)
    leaves = [package.Value(x, label=f"x{i}") for i, x in enumerate(numbers)]
    y = program(leaves)
    y.backward()
    found = {"backward": [leaf.grad for leaf in leaves]}
    found["gradient"] = package.gradient(y, leaves)
    found["grad"] = package.grad(program)(numbers)
    found["value_and_grad"] = package.value_and_grad(program)(numbers)[1]
    (found["vjp"],) = package.vjp(program, numbers)[1](1.0)
    rows = package.jacobian(lambda v: [program(v), v[0] * 2.0], mode="reverse")(numbers)
    found["jacobian"] = rows[0]
    adjoints = {step.node: step.adjoint for step in package.steps(y)}
    found["steps"] = [adjoints.get(leaf, 0.0) for leaf in leaves]
    found["explain"] = [package.explain(y, leaf).value for leaf in leaves if leaf in adjoints]
    return found, y.data


@pytest.mark.parametrize("seed", range(12))
def test_every_route_gives_the_same_bits_in_both_builds(seed):
    found, data = answers(autograd_scalar, seed)
    plain, plain_data = answers(plain_package(), seed)
    assert data == plain_data or data != plain_data
    want = [*map(bits, found["backward"])]
    for route in found:
        expected = want if len(found[route]) == 3 else None
        assert [*map(bits, plain[route])] == [*map(bits, found[route])], route
        assert expected is None or [*map(bits, found[route])] == expected, route


@pytest.mark.parametrize("seed", range(15))
def test_gradients_that_are_nan_have_the_same_sign_in_both_builds(seed):
    """A value that two NaNs are added to may have the sign of either: IEEE 754 (6.3) leaves it
    open, and it is whichever the C compiler puts first. Adjoints are made alike.
    """

    def program(package):
        leaves = [package.Value(x) for x in (0.7, 0.0, math.inf)]
        y = random_program(package, seed, special=[package.Value(1e200)])(leaves)
        y.backward()
        return package.toposort(y)

    for ours, plain in zip(program(autograd_scalar), program(plain_package()), strict=True):
        assert bits(ours.grad) == bits(plain.grad)
        if not any(math.isnan(parent.data) for parent in ours.parents):
            assert [*map(bits, (ours.data, *ours.partials))] == [
                *map(bits, (plain.data, *plain.partials))
            ]


def test_of_one_nan_the_bits_are_those_of_the_kernel():
    negative = -math.nan
    for row in ROWS:
        opcode = OPCODES[row.name]
        for place, nan in itertools.product(range(len(row.arguments)), (math.nan, negative)):
            operands = [0.5] * len(row.arguments)
            operands[place] = nan
            try:
                expected = [float(x) for x in KERNELS[opcode](*operands)]
            except ValueError:
                continue  # floor and the like
            v = autograd_scalar.engine.value.record(opcode, *map(Value, operands))
            assert [*map(bits, (v.data, *v.partials))] == [*map(bits, expected)], row.name


# Every operand of every sweep


@pytest.mark.parametrize("constant", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("deep", range(4))
def test_every_sweep_goes_through_every_operand(scratch_table, constant, deep):
    """Through w·x + y·z², in whose operands the variables lie at different depths."""
    f = autograd_scalar.primitive(
        "of_four", "w * x + y * z * z", "x", "w", "z * z", "2 * y * z",
        arguments=("w", "x", "y", "z"), samples=[(0.5, 2.0, -1.5, 3.0)],
    )  # fmt: skip
    point = [0.5, 2.0, -1.5, 3.0]
    w, x, y, z = point
    slopes = [x, w, z * z, 2 * y * z]
    second = [[0.0] * 4 for _ in range(4)]
    second[0][1] = second[1][0] = 1.0
    second[2][3] = second[3][2] = 2 * z
    second[3][3] = 2 * y

    def program(given):
        operands = [v * 1.0 if i == deep else v for i, v in enumerate(given)]
        if constant is not None:
            operands[constant] = Value(point[constant]).detach()
        return f(*operands)

    for i in range(4):
        if i == constant:
            slopes[i] = 0.0
            second[i] = [0.0] * 4
            for row in second:
                row[i] = 0.0
    leaves = [Value(p) for p in point]
    out = program(leaves)
    out.backward()
    assert [leaf.grad for leaf in leaves] == slopes
    assert autograd_scalar.gradient(out, leaves) == slopes
    again = autograd_scalar.gradient(out, leaves, create_graph=True)
    assert [getattr(slope, "data", slope) for slope in again] == slopes
    assert autograd_scalar.grad(program)(point) == slopes
    rates = [1.0, 10.0, 100.0, 1000.0]
    rate = sum(s * r for s, r in zip(slopes, rates, strict=True))
    assert autograd_scalar.jvp(program, (point,), (rates,))[1] == rate
    assert autograd_scalar.hessian(program)(point) == second
    along = [sum(s * r for s, r in zip(row, rates, strict=True)) for row in second]
    assert autograd_scalar.hvp(program)(point, rates) == along
    if constant is not None:
        (held,) = [p for p in out.parents if p.kind == "constant"]
        assert autograd_scalar.gradient(out, [held]) != [0.0]
