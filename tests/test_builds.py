"""The compiled and the plain build are one library: same bits, same errors, same pickles."""

import gc
import importlib
import importlib.metadata
import importlib.util
import io
import itertools
import json
import math
import operator
import os
import pickle
import random
import shutil
import struct
import subprocess
import sys
import textwrap
import threading
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import autograd_scalar
from autograd_scalar import Value, exp, log, sqrt, tanh, toposort
from autograd_scalar.engine.refusals import NO_SUBCLASSES
from autograd_scalar.engine.value import record
from autograd_scalar.generate import native
from autograd_scalar.table.registry import KERNELS, OPCODES, TABLE
from benchmarks.peers.ours import plain_package

BUILD = autograd_scalar.build
PACKAGE = Path(autograd_scalar.__file__).parent
ENGINE = ["value", "sweep"]


# Which build this is


@pytest.mark.parametrize("module", ENGINE)
def test_the_build_is_the_one_that_is_loaded(module):
    loaded = importlib.import_module(f"autograd_scalar.engine.{module}").__file__
    suffixes = {"compiled": tuple(EXTENSION_SUFFIXES), "python": (".py",)}
    assert loaded.endswith(suffixes[BUILD])


def test_the_plain_twin_is_plain():
    assert plain_package().build == "python"


@pytest.mark.parametrize("module", ENGINE)
def test_the_plain_source_is_there_in_both_builds(module):
    assert (PACKAGE / "engine" / f"{module}.py").exists()


def test_the_version_that_is_installed_is_the_one_the_package_tells():
    assert importlib.metadata.version("autograd-scalar") == autograd_scalar.__version__


def imported(directory):
    """What is said on importing the package from there, and its build."""
    done = subprocess.run(
        [sys.executable, "-c", "import autograd_scalar as it; print(it.build, *it.__path__)"],
        capture_output=True,
        encoding="utf-8",
        cwd=directory,
        check=True,
    )
    build, _, path = done.stdout.strip().partition(" ")
    assert Path(path).parent.samefile(directory)
    return build, done.stderr


@pytest.fixture
def checkout(tmp_path):
    """The package beside a `setup.py`, all files equally old."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "autograd_scalar", ignore=ignore)
    (tmp_path / "setup.py").touch()
    for file in tmp_path.rglob("*"):
        os.utime(file, (1e9, 1e9))
    return tmp_path


def test_a_checkout_as_it_was_built_says_nothing(checkout):
    assert imported(checkout) == (BUILD, "")


@pytest.mark.parametrize("edited", ["value.py", "value.pxd", "nodes.h"])
def test_a_checkout_says_that_its_compiled_engine_is_older_than_its_sources(checkout, edited):
    os.utime(checkout / "autograd_scalar" / "engine" / edited)
    build, said = imported(checkout)
    assert build == BUILD
    assert (f"older than {edited}" in said) == (BUILD == "compiled")


def test_an_edit_of_what_is_not_compiled_is_used_without_a_word(checkout):
    os.utime(checkout / "autograd_scalar" / "engine" / "modes.py")
    assert imported(checkout) == (BUILD, "")


def test_an_installed_package_is_not_compared_with_its_sources(checkout):
    (checkout / "setup.py").unlink()
    os.utime(checkout / "autograd_scalar" / "engine" / "value.py")
    assert imported(checkout) == (BUILD, "")


# Kernels


def test_regenerating_the_native_kernels_gives_the_file_that_is_there():
    assert (PACKAGE / "engine" / "native.pxd").read_text(encoding="utf-8") == native.source()


def test_what_c_computes_differently_is_left_to_python():
    source = native.source()
    without = [f"{row.name}(" for row in TABLE if row.is_opaque and not row.c]
    assert "gamma(" in without
    other_in_c = ("//", "%", *without)
    for opcode, row in enumerate(native.ROWS):
        left_out = len(row.arguments) > 3 or any(
            symbol in text for text in (row.value, *row.partials) for symbol in other_in_c
        )
        assert (f" opcode == {opcode}:" in source) != left_out, row.name


SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-300, 5e-324, -5e-324, 1e300, 710.0, -745.2]
SPECIAL += [sys.float_info.max, -sys.float_info.max, math.inf, -math.inf, math.nan]


def numbers(rng):
    """Random numbers of every size a float has, and of the sizes people use."""
    while True:
        yield rng.uniform(-1.0, 1.0)
        yield rng.gauss(0.0, 10.0)
        yield math.ldexp(rng.uniform(-1.0, 1.0), rng.randrange(-1073, 1024))
        yield float(rng.randrange(-20, 21))


def points(row):
    count = len(row.arguments)
    yield from row.samples
    yield from (kink.at for kink in row.kinks)
    yield from itertools.product(SPECIAL, repeat=count)
    rng = random.Random(row.name)
    for _ in range(2000):
        yield tuple(itertools.islice(numbers(rng), count))
        yield tuple(rng.uniform(0.0, 4.0) for _ in range(count))


def bits(number):
    """The eight bytes of a float; NaNs differ in nothing that is computed with."""
    return "nan" if number != number else struct.pack("<d", number)


def outcome(function):
    try:
        return [bits(float(number)) for number in function()]
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("row", native.ROWS, ids=lambda row: row.name)
def test_a_recorded_primitive_has_the_bits_and_errors_of_its_kernel(row):
    opcode = OPCODES[row.name]

    def recorded(point):
        v = record(opcode, *map(Value, point))
        return v.data, *v.partials

    for point in points(row):
        expected = outcome(lambda point=point: KERNELS[opcode](*point))
        assert outcome(lambda point=point: recorded(point)) == expected, point


def test_operators_have_the_bits_of_their_kernels():
    # Those that can't fail have a way of their own into the graph.
    rng = random.Random(0)
    pairs = [*itertools.product(SPECIAL, repeat=2)]
    pairs += [tuple(itertools.islice(numbers(rng), 2)) for _ in range(2000)]
    for x, y in pairs:
        a, b = Value(x), Value(y)
        for v in (a + b, a - b, a * b, a + y, x - b, x * b, -a, abs(a)):
            expected = KERNELS[OPCODES[v.op]](*(parent.data for parent in v.parents))
            assert outcome(lambda v=v: (v.data, *v.partials)) == outcome(lambda e=expected: e)


# Whole programs


def program(package, seed):
    """A random graph: what its values look like after `backward()`, or how it failed."""
    functions = importlib.import_module(f"{package.__name__}.engine.functions").FUNCTIONS
    named = [row for row in native.ROWS if not row.operator]
    operators = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
    rng = random.Random(seed)
    values = [package.Value(rng.uniform(-2.0, 2.0), label=f"x{i}") for i in range(4)]
    for _ in range(25):
        if rng.random() < 0.4:
            row = rng.choice(named)
            function, operands = functions[row.name], rng.choices(values, k=len(row.arguments))
        else:
            function = rng.choice(operators)
            operands = [rng.choice(values), rng.choice([rng.uniform(-3.0, 3.0), rng.randrange(4)])]
            operands = rng.sample([*operands, rng.choice(values)], k=2)
        try:
            values.append(function(*operands) + values[-1])
        except (ArithmeticError, ValueError) as error:
            values.append(package.Value(1.0, label=f"{type(error).__name__}: {error}"))
    total = package.logsumexp([package.tanh(v) for v in values])
    total.backward(rng.uniform(0.5, 2.0))
    return [(repr(v), v.op, v.partials) for v in package.toposort(total)]


@pytest.mark.parametrize("seed", range(20))
def test_a_random_program_gives_the_same_graph_in_both_builds(seed):
    ours, plain = program(autograd_scalar, seed), program(plain_package(), seed)
    assert repr(ours) == repr(plain)


MESSAGES = [
    (lambda: Value("3"), TypeError, "a real number is needed, got str '3'"),
    (lambda: Value(10**400), OverflowError, "this number is too large for a float"),
    (lambda: Value(1.0, 3), TypeError, "a label is a string, got int 3"),
    (lambda: Value.parameter(None), TypeError, "a real number is needed, got NoneType None"),
    (lambda: Value(1.0).backward("1"), TypeError, "a real number is needed, got str '1'"),
    (lambda: Value(1.0) + "a", TypeError, "unsupported operand type(s) for +: 'Value' and 'str'"),
    (lambda: 1j * Value(1.0), TypeError,
     "unsupported operand type(s) for *: 'complex' and 'Value'"),
    (lambda: pow(Value(1.0), 2, 3), TypeError,
     "unsupported operand type(s) for ** or pow(): 'Value', 'int', 'int'"),
    (lambda: Value(1.0) < "a", TypeError,
     "'<' not supported between instances of 'Value' and 'str'"),
    (lambda: ~Value(1.0), TypeError, "bad operand type for unary ~: 'Value'"),
    (lambda: Value(1.0)[0], TypeError, "'Value' object is not subscriptable"),
    (lambda: Value(1.0).foo, AttributeError, "'Value' object has no attribute 'foo'"),
    (lambda: type("Mine", (Value,), {}), TypeError, NO_SUBCLASSES),
    (lambda: toposort(3), TypeError, "toposort needs a Value, got int 3"),
    (lambda: Value(1.0).exp(2), TypeError, "exp(x) takes 1 operands, got 2"),
    (lambda: Value(1.0) / Value(0.0, "den"), ZeroDivisionError,
     "div: x / y needs y != 0, got x = 1.0, y = 0.0 ('den')"),
    (lambda: Value(-8.0) ** (1 / 3), ValueError,
     "pow: x ** y needs x > 0 or (x == 0 and y >= 0) or (x < 0 and y == y // 1), "
     "got x = -8.0, y = 0.3333333333333333"),
    (lambda: log(Value(-1.0, "v")), ValueError, "log: log(x) needs x > 0, got x = -1.0 ('v')"),
    (lambda: exp(Value(1000.0)), OverflowError, "exp: exp(x) overflows a float, got x = 1000.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "error", "message"), MESSAGES, ids=[message for _, _, message in MESSAGES]
)
def test_errors_are_the_same_to_the_letter(wrong, error, message):
    with pytest.raises(error) as raised:
        wrong()
    assert type(raised.value) is error
    assert str(raised.value) == message


def test_a_value_takes_no_other_attributes():
    for build in (autograd_scalar, plain_package()):
        with pytest.raises(AttributeError, match=r"^'Value' object has no attribute 'foo'"):
            build.Value(1.0).foo = 1


def test_hash_is_identity():
    v = Value(1.0)
    assert Value.__hash__ is object.__hash__
    assert len({v, v, Value(1.0)}) == 2


def test_a_primitive_of_ones_own_becomes_a_method(scratch_table):
    square = autograd_scalar.primitive("squared_here", "x * x", "2 * x", samples=[(3.0,)])
    v = Value(3.0)
    y = v.squared_here()
    y.backward()
    assert (y.data, v.grad, square(3.0)) == (9.0, 6.0, 9.0)


# Pickles


def described(v, package):
    return [
        (each.op, each.kind, bits(each.data), bits(each.grad), each.label, each.partials)
        for each in package.toposort(v)
    ]


def moved(pickled, target):
    """What a pickle of the one twin is to the other."""

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            _, dot, inner = module.partition(".")
            if module.startswith("autograd_scalar"):
                module = f"{target.__name__}{dot}{inner}"
            return super().find_class(module, name)

    return Reader(io.BytesIO(pickled)).load()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_graph_pickled_by_one_build_is_read_by_the_other(protocol):
    def graph(package):
        w = package.Value.parameter(0.5, "w")
        y = package.where(w > 0, package.tanh(w * 2 - 1 / w), 3.0)
        y.backward()
        return y

    plain = plain_package()
    expected = described(graph(plain), plain)
    ours = moved(pickle.dumps(graph(plain), protocol), autograd_scalar)
    assert described(ours, autograd_scalar) == expected
    theirs = moved(pickle.dumps(graph(autograd_scalar), protocol), plain)
    assert described(theirs, plain) == expected


# Memory


def run(script, **settings):
    """What a Python of its own prints as JSON for the script; a crash of it is a failure."""
    text = "import json\n" + "".join(f"{name} = {value!r}\n" for name, value in settings.items())
    done = subprocess.run(
        [sys.executable, "-c", text + textwrap.dedent(script)],
        capture_output=True,
        encoding="utf-8",
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    return json.loads(done.stdout)


# Linux says what is resident now; elsewhere the largest it ever was has to do.
RESIDENT = """
import sys
def resident():
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
"""

# The plain build's objects have the collector's header, and floats of their own.
BYTES_A_NODE = {"compiled": 112, "python": 112 + 3 * 24}


def test_a_node_takes_no_more_memory_than_promised():
    # Python's collector adds 16 bytes to what it follows, which is the plain nodes.
    assert sys.getsizeof(Value(1.0) * 2.0) <= {"compiled": 112, "python": 120}[BUILD]
    script = """
        from autograd_scalar import Value
        x, v = Value(1.0), Value(0.0)
        before = resident()
        for _ in range(count // 2):
            v = v * x + x
        print(json.dumps((resident() - before) / count))
    """
    found = run(RESIDENT + textwrap.dedent(script), count=400_000)
    assert 64 < found <= BYTES_A_NODE[BUILD]


def test_the_collector_knows_of_no_compiled_node():
    v = Value(1.0)
    for _ in range(1000):
        v = v * v + 1.0 - v
    assert [*map(gc.is_tracked, toposort(v))] == [BUILD == "python"] * len(toposort(v))


def test_the_collector_runs_only_in_the_plain_build():
    runs = []

    def count(phase, info):
        runs.append(phase)

    v = Value(0.0)
    gc.collect()
    gc.callbacks.append(count)
    try:
        for _ in range(100_000):
            v = v + 1.0
    finally:
        gc.callbacks.remove(count)
    assert bool(runs) == (BUILD == "python")


SHAPES = {
    "through the first operand": "v + x",
    "through the second operand": "x - v",
    "through the third operand": "where(0.0, x, v)",
    "through both": "v * v",
    "zigzag": "v + x if i % 2 else x + v",
    "functions": "-v",
}
DEPTH = {"compiled": 1_000_000, "python": 100_000}[BUILD]
FREED = """
    import gc, threading
    from autograd_scalar import Value, where
    def chain():
        x = Value(1.0)
        v = x * 0.0
        for i in range(depth):
            v = {step}
        done.append(x.data)
        return v
    def work():
        {way}
    done = []
    threading.stack_size(512 * 1024)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    print(json.dumps(done))
"""


def freed(depth, step="v + x", way="chain()"):
    """Chains that deep are made and let go, in a thread with a small stack."""
    way = textwrap.indent(textwrap.dedent(way).strip(), "    ").strip()
    return run(textwrap.dedent(FREED).format(step=step, way=way), depth=depth)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_deep_graph_is_freed_on_a_small_stack(shape):
    step = SHAPES[shape]
    assert freed(min(DEPTH, 200_000) if "where" in step else DEPTH, step) == [1.0]


def test_a_graph_a_million_deep_is_freed_on_a_small_stack():
    assert freed(1_000_000) == [1.0]


WAYS = {
    "by a name that gets another value": """
        v = chain()
        v = None
    """,
    "in a loop": """
        for _ in range(3):
            v = chain()
    """,
    "with a function that closes over it": """
        v = chain()
        function = lambda: v
        del v, function
    """,
    "with the frames of an exception": """
        def fail():
            v = chain()
            raise ValueError
        try:
            fail()
        except ValueError:
            pass
    """,
    "with a generator that never went on": """
        def generator():
            v = chain()
            yield
            v.backward()
        generator = generator()
        next(generator)
        del generator
    """,
    "by the collector": """
        box = [chain()]
        box.append(box)
        del box
        gc.collect()
    """,
    "by the collector, and a finalizer looks at it": """
        class Box:
            def __del__(self):
                self.v.backward()
                done.append(self.v.data == self.v.parents[1].grad == depth)
        box = Box()
        box.v, box.box = chain(), box
        del box
        gc.collect()
    """,
    "beside another that has most of it": """
        v = chain()
        other = -v
        del v
        other.backward()
        del other
    """,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_deep_graph_is_freed_in_whatever_way_it_is_let_go(way):
    assert {*freed(DEPTH // 10, way=WAYS[way])} == {1.0}


def test_a_graph_of_ten_million_is_differentiated_and_freed():
    script = """
        from autograd_scalar import Value
        x, y = Value(1.0), Value(0.0)
        v = y
        for _ in range(depth):
            v = v + x
        v.backward()
        used = resident()
        del v
        print(json.dumps((x.grad, used, resident())))
    """
    depth = {"compiled": 10_000_000, "python": 500_000}[BUILD]
    grad, used, left = run(RESIDENT + textwrap.dedent(script), depth=depth)
    assert grad == depth
    assert left < used - 64 * depth or sys.platform != "linux"


def test_memory_stays_flat_over_many_small_graphs():
    script = """
        from autograd_scalar import Value
        w, b = Value.parameter(0.5), Value.parameter(0.1)
        def graphs(count):
            for _ in range(count):
                loss = (w * 2.0 + b).tanh() ** 2
                loss.backward()
            return resident()
        before = graphs(1000)
        print(json.dumps(graphs(count) - before))
    """
    count = {"compiled": 1_000_000, "python": 50_000}[BUILD]
    assert run(RESIDENT + textwrap.dedent(script), count=count) < 500_000


def test_memory_of_dropped_graphs_is_used_again_in_every_order():
    script = """
        import random
        from autograd_scalar import Value
        rng = random.Random(0)
        def graph():
            v = Value(1.0)
            for _ in range(rng.randrange(2000)):
                v = v * 0.5 + 1.0
            return v
        kept = [graph() for _ in range(30)]
        def turns(count):
            for _ in range(count):
                kept[rng.randrange(len(kept))] = graph()
            return resident()
        before = turns(100)
        print(json.dumps(turns(count) - before))
    """
    count = {"compiled": 2000, "python": 100}[BUILD]
    assert run(RESIDENT + textwrap.dedent(script), count=count) < 8_000_000


FAILING = {
    "record": "graph()",
    "backward": "y.backward()",
    "gradient": "gradient(y, [x])",
    "grad of grad": "grad(grad(lambda t: exp(t) * t))(0.5)",
    "toposort": "toposort(y)",
    "copy": "copy.deepcopy(y)",
    "pickle": "pickle.loads(pickle.dumps(y))",
}


@pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None, reason="this Python can't be made to fail"
)
@pytest.mark.parametrize("work", FAILING)
def test_memory_that_runs_out_anywhere_is_an_error_and_breaks_nothing(work):
    script = """
        import _testcapi, copy, pickle
        from autograd_scalar import Value, exp, grad, gradient, tanh, toposort, where
        def graph():
            x = y = Value(1.0, "x")
            for i in range(40):
                y = tanh(y * 0.5 + x) if i % 4 else where(y > 0, y, x)
            return x, y
        def answers():
            x, y = graph()
            y.backward()
            return y.data, x.grad, gradient(y, [x]), len(toposort(copy.deepcopy(y)))
        work, (x, y), before, failed = compile(work, "work", "eval"), graph(), answers(), 0
        eval(work)
        for allocation in range(first_allocations):
            _testcapi.set_nomemory(allocation, allocation + 1)
            try:
                eval(work)
            except MemoryError:
                failed += 1
            finally:
                _testcapi.remove_mem_hooks()
        after = answers()
        print(json.dumps((failed, before == after)))
    """
    failed, unharmed = run(script, work=FAILING[work], first_allocations=400)
    assert failed > 0
    assert unharmed


# Threads


def loss(leaves, parameters, rng):
    w, b = parameters
    hidden = [tanh(w * x + b * rng.random()) for x in leaves]
    return sqrt(sum((h * h for h in hidden), Value(1.0))) + hidden[0] * log(hidden[1] ** 2 + 1.0)


def gradients(parameters, seed):
    """Gradients of thirty graphs on new leaves, which take nothing from the parameters but data."""
    rng = random.Random(seed)
    found = []
    for _ in range(30):
        leaves = [Value(rng.uniform(-1.0, 1.0)) for _ in range(20)]
        y = loss(leaves, parameters, rng)
        y.backward()
        found.append([y.data, *(leaf.grad for leaf in leaves)])
    return found


def test_threads_that_share_parameters_get_the_results_of_one():
    parameters = Value.parameter(0.7, "w"), Value.parameter(-0.3, "b")
    expected = [gradients(parameters, seed) for seed in range(4)]
    found = [None] * 4

    def work(seed):
        found[seed] = gradients(parameters, seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == expected


def test_no_gradient_is_lost_between_threads():
    w = Value.parameter(1.0)

    def work():
        for _ in range(500):
            (w * 3.0).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.grad == 4 * 500 * 3.0
