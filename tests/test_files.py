"""Compiled functions in files: what comes back is what was saved, or a clear error."""

import io
import itertools
import json
import math
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from array import array
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, make_dataclass
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograd_scalar import (
    TapeFileError,
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
    custom,
    erf,
    exp,
    exp2,
    grad,
    hessian,
    load,
    log,
    nn,
    primitive,
    sin,
    tanh,
    value_and_grad,
    where,
)
from autograd_scalar.tape.code import OUTPUT, REDUCE, REDUCE_PRODUCT
from autograd_scalar.tape.packed import TAPE_WORDS
from autograd_scalar.tape.specialised import MissingFunctionError


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Point:
    x: Any
    y: Any


@dataclass(frozen=True)
class Circle:
    centre: Point
    radius: Any


def norm(v):
    return sum(x * x for x in v) ** 0.5


def piecewise(x):
    if x > 2:
        return log(x)
    return x * x if x > 0 else -x


def power(x, n, *, sign="plus"):
    return -(x**n) if sign == "minus" else x**n


def bits(answers):
    """What can be compared: NaN is NaN, and -0.0 is not 0.0."""
    return pickle.dumps(answers)


# Each: a function, the settings, and calls of it.
CASES = {
    "a number": (lambda x: exp(-x) * sin(x), {}, [(0.5,), (-2.0,)]),
    "a gradient": (value_and_grad(norm), {}, [([1.0, 2.0, 3.0],)]),
    "a matrix": (hessian(norm), {}, [([1.0, 2.0],)]),
    "branches": (piecewise, {}, [(3.0,), (1.0,), (-1.0,)]),
    "derivatives of branches": (grad(piecewise), {}, [(3.0,), (1.0,), (-1.0,)]),
    "texts and ints": (power, {}, [(2.0, 3), (2.0, -1), (-3.0, 2)]),
    "nothing": (lambda: 1.5, {}, [()]),
    "containers": (
        lambda d, p: {"sum": d["a"][0] + p[1], "both": (d, [p[0], 3, "x", None, True])},
        {},
        [({"a": [1.0, 2.0]}, (3.0, 4.0))],
    ),
    "a named tuple": (lambda p: Pair(p.a * p.b, [p.a]), {}, [(Pair(2.0, 3.0),)]),
    "dataclasses": (
        lambda c: Circle(Point(c.radius, c.centre.x), c.centre.y * 2),
        {},
        [(Circle(Point(1.0, 2.0), 3.0),)],
    ),
    "arrays": (lambda v: v * v + 1.0, {}, [(np.arange(6.0).reshape(2, 3),)]),
    "an array of none": (lambda v: (v, 1.0), {}, [(np.zeros((0, 3)),)]),
    "constants of all kinds": (
        lambda x: [x, -0.0, math.nan, 2 + 1j, b"\x00", np.float32(0.1), np.int64(3), np.ones(2)],
        {},
        [(1.0,)],
    ),
    "NumPy's ints": (lambda x, n: x * int(n), {}, [(2.0, np.int64(3)), (2.0, np.int32(3))]),
    "a batch": (value_and_grad(norm), {"batch": 0}, [(np.arange(1, 9.0).reshape(4, 2),)]),
    "a sum": (norm, {"batch": (0,), "reduce": "sum"}, [([[1.0, 2.0], [3.0, 4.0]],)]),
    "a mean of branches": (
        grad(piecewise),
        {"batch": 0, "reduce": "mean"},
        [(np.linspace(-3, 3, 600),), (np.linspace(1, 3, 5),)],
    ),
    "shared by all": (lambda w, x: (w * x, w), {"batch": (None, 0)}, [(2.0, [1.0, 2.0])]),
    "failures": (log, {"batch": 0, "errors": "ignore"}, [([1.0, -1.0, 0.0],)]),
    "a fast batch": (exp, {"batch": 0, "fast": True}, [(np.linspace(-1, 1, 100),)]),
}
TYPES = [Pair, Point, Circle]


def called(name):
    """A compiled function that was called, the calls, and their answers."""
    function, options, calls = CASES[name]
    compiled = compile(function, **options)
    answers = [compiled(*each) for each in calls]
    return compiled, calls, [compiled(*each) for each in calls] if answers else []


@pytest.mark.parametrize("name", CASES)
def test_what_is_loaded_answers_the_same_and_calls_no_function(name, tmp_path):
    compiled, calls, answers = called(name)
    compiled.save(tmp_path / "f.tape")
    loaded = load(tmp_path / "f.tape", types=TYPES)
    assert bits([loaded(*each) for each in calls]) == bits(answers)
    assert loaded.__name__ == compiled.__name__
    assert [str(tape) for tape in loaded.tapes] == [str(tape) for tape in compiled.tapes]
    loaded.save(tmp_path / "again.tape")
    assert (tmp_path / "again.tape").read_bytes() == (tmp_path / "f.tape").read_bytes()


def test_keywords_are_told_apart_from_positions(tmp_path):
    compiled = compile(power)
    answers = [compiled(2.0, 3, sign="minus"), compiled(x=2.0, n=3), compiled(2.0, n=3)]
    compiled.save(tmp_path / "f.tape")
    loaded = load(tmp_path / "f.tape")
    again = [loaded(2.0, 3, sign="minus"), loaded(x=2.0, n=3), loaded(2.0, n=3)]
    assert again == answers == [-8.0, 8.0, 8.0]


def test_a_model_is_loaded_with_its_parameters_and_trains_on(tmp_path):
    def training(compiled, parameters):
        optimiser = nn.Adam(parameters, lr=0.1)
        losses = []
        for _ in range(5):
            optimiser.zero_grad()
            losses.append(compiled.backward(points, targets))
            optimiser.step()
        return losses, [v.data for v in parameters]

    points, targets = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), [1.0, -1.0, 1.0]
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    compiled = compile(lambda x, y: (model(x) - y) ** 2, batch=(0, 0), reduce="mean")
    training(compiled, model.parameters())
    assert {*compiled.parameters()} == {*model.parameters()}
    compiled.save(tmp_path / "f.tape")
    loaded = load(tmp_path / "f.tape")
    labels = [v.label for v in compiled.parameters()]
    assert [v.label for v in loaded.parameters()] == labels
    kinds = [v.kind for v in compiled.parameters()]
    assert [v.kind for v in loaded.parameters()] == kinds
    there, here = (training(each, each.parameters()) for each in (loaded, compiled))
    assert there == here
    with pytest.raises(ValueError, match=r"has 13 parameters, which are not the Values that fun"):
        load(tmp_path / "f.tape", fun=lambda x, y: x)


def test_a_single_example_gives_gradients_too(tmp_path):
    w = Value(3.0, "w")
    compiled = compile(lambda x: w * w * x)
    compiled.backward(2.0)
    compiled.save(tmp_path / "f.tape")
    loaded = load(tmp_path / "f.tape")
    (there,) = loaded.parameters()
    assert (loaded.backward(2.0), there.grad, there.label) == (18.0, 12.0, "w")


def test_settings_come_back_with_it(tmp_path):
    compiled = compile(
        norm, (0,), "mean", errors="report", fast=True, threads=2, progress=False, limit=7
    )
    compiled([[1.0], [2.0]])
    compiled.save(tmp_path / "f.tape")
    loaded = load(tmp_path / "f.tape")
    for name in ("batch", "reduce", "errors", "fast", "threads", "progress", "limit"):
        assert getattr(loaded, name) == getattr(compiled, name)


def test_another_way_needs_the_function_and_takes_it(tmp_path):
    compiled = compile(piecewise)
    compiled(3.0)
    compiled.save(tmp_path / "f.tape")
    loaded = load(tmp_path / "f.tape")
    with pytest.raises(MissingFunctionError, match=r"loaded from a file.*load\(path, fun=…\)"):
        loaded(1.0)
    assert load(tmp_path / "f.tape", fun=piecewise)(1.0) == 1.0
    assert pickle.loads(pickle.dumps(loaded))(3.0) == log(3.0)


def test_an_interrupted_save_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "f.tape"
    first = compile(sin)
    first(1.0)
    first.save(path)
    before = path.read_bytes()
    other = compile(exp)
    other(1.0)

    def interrupt(*paths):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        other.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["f.tape"]


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (lambda f, x: x, (bits, 1.0), "an argument has a function, which can't be stored"),
        (lambda o, x: x, (object, 1.0), "an argument has a type, which can't be stored"),
        (
            lambda d: d["a"],
            (OrderedDict(a=1.0),),
            "an argument has a OrderedDict, which can't be stored",
        ),
        (lambda x: OrderedDict(a=x), (1.0,), "a result has OrderedDict"),
        (lambda x: (x, np.array(["a"])), (1.0,), "a result has ndarray"),
        (
            lambda p: p[0].a + p[1].x,
            (
                [
                    Pair(1.0, 2.0),
                    dataclass(type("Pair", (), {"__annotations__": {"x": float}}))(1.0),
                ],
            ),
            "two classes that are called Pair",
        ),
    ],
    ids=["a function", "a class", "a dict of a kind", "a result", "texts", "two classes"],
)
def test_what_can_not_be_stored_is_named_and_nothing_written(
    function, arguments, message, tmp_path
):
    compiled = compile(function)
    compiled(*arguments)
    with pytest.raises(TypeError, match=message):
        compiled.save(tmp_path / "f.tape")
    assert not os.listdir(tmp_path)


def test_containers_that_are_too_deep_are_refused_when_they_are_saved(tmp_path):
    def deep(x):
        for _ in range(60):
            x = [x]
        return x

    compiled = compile(deep)
    compiled(1.0)
    with pytest.raises(TypeError, match="more than 50 deep"):
        compiled.save(tmp_path / "f.tape")


def test_there_is_nothing_to_save_before_the_first_call(tmp_path):
    with pytest.raises(ValueError, match="has nothing to save: call it once"):
        compile(sin).save(tmp_path / "f.tape")


# What is no such file, or a damaged one.


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A file with branches, labels, parameters, sums of products and code for batches."""
    path = tmp_path_factory.mktemp("files") / "f.tape"
    small().save(path)
    return path.read_bytes()


W = Value.parameter(0.5, "w")


def small():
    def function(v):
        s = W * v[0] + v[1] * v[2]
        s.label = "s"
        return {"out": where(s > 1, exp(s), s)} if v[0] > 0 else {"out": v[1]}

    compiled = compile(function, batch=0, reduce="sum")
    compiled(POINTS)
    return compiled


# The way of the others is traced last, and is the first in the file.
POINTS = np.array([[-1.0, 0.25, 0.0], [1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])


def loaded_from(content, tmp_path, **options):
    path = tmp_path / "f.tape"
    path.write_bytes(content)
    return load(path, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"hello", r"this is no file of a compiled function; those are written by save"),
        (b"\x80\x04K\x01.", "this is no file of a compiled function"),
        (b"PK\x03\x04", "damaged, cut short or none of a compiled function"),
    ],
    ids=["empty", "a text", "a pickle", "the beginning"],
)
def test_what_is_no_file_of_a_compiled_function_is_said_to_be_none(content, message, tmp_path):
    with pytest.raises(TapeFileError, match=message) as caught:
        loaded_from(content, tmp_path)
    assert str(tmp_path / "f.tape") in str(caught.value)


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(TapeFileError, match="is no file; give the path of one"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.tape")


def test_other_archives_are_refused(tmp_path):
    for options in ({"name": "other.json"}, {"compression": zipfile.ZIP_DEFLATED}):
        with pytest.raises(TapeFileError, match=r"holds|compressed"):
            loaded_from(archive({}, b"", b"", **options), tmp_path)


def same_or_refused(content, tmp_path, expected):
    try:
        loaded = loaded_from(content, tmp_path)
    except TapeFileError:
        return False
    assert bits(loaded(POINTS)) == expected
    return True


def test_a_file_that_is_cut_short_is_refused(content, tmp_path):
    expected = bits(small()(POINTS))
    assert same_or_refused(content, tmp_path, expected)
    lengths = [*range(0, len(content), 7), len(content) - 1]
    assert not any(same_or_refused(content[:n], tmp_path, expected) for n in lengths)


def test_whichever_byte_is_damaged_the_answer_is_the_same_or_an_error(content, tmp_path):
    expected = bits(small()(POINTS))
    for place in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        same_or_refused(bytes(damaged), tmp_path, expected)


# What was edited by hand, with the right checksums.


def archive(header, words, numbers, name="program.json", compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        made.writestr(name, text)
        made.writestr("words.i32", words)
        made.writestr("numbers.f64", numbers)
    return file.getvalue()


def taken_apart(content):
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        words = array("i", [n for (n,) in struct.iter_unpack("<i", made.read("words.i32"))])
        return json.loads(made.read("program.json")), words, made.read("numbers.f64")


def put(header, path, thing):
    """Set what is at a path such as `"kinds", 0, "ways"`."""
    *steps, last = path
    for step in steps:
        header = header[step]
    header[last] = thing


WAY = ("kinds", 0, "ways", 0)
HUGE = 10**15
LONG = {"tuple": [{"tuple": [{"type": "list"}, HUGE]}]}


@pytest.mark.parametrize(
    ("path", "thing", "message"),
    [
        (("format",), "other", 'does not say "format"'),
        (("version",), 2, r"version 2 of the format, .* knows those up to 1; update it"),
        (("version",), 0, "there is no version 0"),
        (("version",), "1", "version must be of type int"),
        (("name",), 3, "name must be of type str"),
        (("settings",), {}, "settings: batch, reduce"),
        (("settings", "reduce"), "product", "settings: reduce is None"),
        (("settings", "limit"), math.nan, "settings: limit must be an int"),
        (("settings", "threads"), HUGE, "threads are more than"),
        (("settings", "fast"), 1, "true or false"),
        (("rows", 0, 1), "nowhere", r"computes nowhere, which no primitive does here; import"),
        (("rows", 0, 3), "x - y - y", r"give each a name of its own"),
        (("rows", 0), [1], r"rows\[0\].* is no row"),
        (("rows", 1), [0, "mul", ["x", "y"], "x * y"], "two have the same opcode"),
        (("parameters", 0), 1, r"parameters\[0\]: 1 is no label"),
        (("leaves",), None, "leaves must be of type list"),
        (("kinds",), None, "kinds must be of type list"),
        (("kinds", 0, "arguments"), {"tuple": [{"type": "os.system"}]}, r"load\(path, types="),
        (("kinds", 0, "arguments"), {"list": []}, "is no kind of arguments"),
        (("kinds", 0, "arguments"), {"tuple": 1}, "1 results, but the tape has 0 more"),
        (
            ("kinds", 0, "arguments"),
            {"tuple": [{"tuple": [{"type": "list"}, HUGE]}]},
            f"{HUGE} numbers",
        ),
        (("kinds", 0, "gradients"), [7], "7 is not one of 1 parameters"),
        (("kinds", 0, "gradients"), [0, 0], "there is a parameter twice"),
        (("kinds", 0, "ways"), [], "there are none"),
        ((*WAY, "words", 0), HUGE, "no count, or more than the file has left"),
        ((*WAY, "words", 0), -1, "no count"),
        ((*WAY, "words", 0), math.nan, "no count"),
        ((*WAY, "words"), [], "the lengths of opcodes, operands"),
        ((*WAY, "numbers"), HUGE, "no count"),
        ((*WAY, "lines"), [["f", "1", "g"]], r"lines\[0\]"),
        ((*WAY, "lines"), [], "there are 0"),
        ((*WAY, "labels"), [1, 2], "labels: they are texts"),
        ((*WAY, "outer"), [], "outer"),
        ((*WAY, "result"), {"list": HUGE}, f"{HUGE} results, but the tape has 1 more"),
        ((*WAY, "result"), {"list": []}, "it has 0 numbers, and the tape 1"),
        ((*WAY, "result"), {"set": []}, "is not understood"),
        ((*WAY, "result"), {"float": "one"}, "float"),
        ((*WAY, "result"), {"type": "float"}, "must be a real number"),
        ((*WAY, "batches", 0, "batched"), [True], "batched: true or false is needed for 3"),
        ((*WAY, "batches", 0, "registers"), 2**30, "registers for .* words of code"),
        ((*WAY, "batches", 0, "registers"), -1, "counted"),
        ((*WAY, "batches", 0, "registers"), 0, "there is no register"),
        ((*WAY, "batches", 0, "shared"), None, "words must be of type list"),
    ],
    ids=lambda each: ".".join(map(str, each)) if isinstance(each, tuple) else "",
)
def test_a_header_that_was_edited_is_refused_with_the_place(
    content, path, thing, message, tmp_path
):
    header, words, numbers = taken_apart(content)
    put(header, path, thing)
    tracemalloc.start()
    try:
        with pytest.raises(TapeFileError, match=message):
            loaded_from(archive(header, words, numbers), tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe{}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"format": "autograd_scalar compiled function", "version": ' + b"9" * 5000 + b"}",
        b"[]",
        b"nothing",
    ],
    ids=["no UTF-8", "deep", "a long number", "a list", "no JSON"],
)
def test_a_header_that_can_not_be_read_is_refused(content, text, tmp_path):
    _, words, numbers = taken_apart(content)
    with pytest.raises(TapeFileError):
        loaded_from(archive(text, words, numbers), tmp_path)


def test_nested_containers_are_read_to_a_depth(content, tmp_path):
    header, words, numbers = taken_apart(content)
    deep = {"value": 1}
    for _ in range(100):
        deep = {"list": [deep]}
    put(header, (*WAY, "result"), deep)
    with pytest.raises(TapeFileError, match="more than 50 deep"):
        loaded_from(archive(header, words, numbers), tmp_path)


def begin_of(header, name):
    """Where an array of the tape of the first way begins among the words."""
    return sum(header["kinds"][0]["ways"][0]["words"][: TAPE_WORDS.index(name)])


@pytest.mark.parametrize(
    ("name", "index", "word", "message"),
    [
        ("opcodes", 0, 10**6, "no row has opcode 1000000"),
        ("opcodes", 0, -4, "no row has opcode -4"),
        ("opcodes", 0, -3, "constants|inputs"),
        ("operands", 0, -1, "is computed from entry -1"),
        ("operands", 0, 10**6, "is computed from entry 1000000, which is not one before it"),
        ("places", 0, 10**6, "places: word 0 is 1000000"),
        ("places", 0, -2, "places: word 0 is -2"),
        ("inputs", 0, -1, "inputs: word 0 is -1"),
        ("outer", 0, 0, "outer"),
        ("labelled", 0, 10**6, "labelled"),
        ("outputs", 0, 2**31 - 1, "outputs"),
        ("guards", 0, 10**6, "guard 0 asks entry 1000000"),
        ("guards", 0, -1, "guard 0 asks entry -1"),
        ("guards", 1, 2, "guard 0 asks"),
        ("guards", 2, 99, "in line 99 of"),
        ("guards", 3, 10**6, "before entry 1000000"),
    ],
)
def test_a_tape_that_points_outside_is_refused(content, name, index, word, message, tmp_path):
    header, words, numbers = taken_apart(content)
    words[begin_of(header, name) + index] = word
    with pytest.raises(TapeFileError, match=message):
        loaded_from(archive(header, words, numbers), tmp_path)


@pytest.mark.parametrize(
    ("name", "put", "message"),
    [
        ("rounded", [0], "rounded: they are not all constants"),
        ("rounded", [10**6], "rounded: they are not all constants"),
        ("alike", [0], "alike: 1 words are no multiple of 2"),
        ("alike", [10**6, 1], "has no operand 1"),
        ("alike", [-1, 1], "has no operand 1"),
        ("alike", [0, 1], "entry 0 of .* has no operand 1"),
    ],
)
def test_notes_for_other_algebras_that_point_outside_are_refused(
    content, name, put, message, tmp_path
):
    header, words, numbers = taken_apart(content)
    place = begin_of(header, name)
    words[place:place] = array("i", put)
    header["kinds"][0]["ways"][0]["words"][TAPE_WORDS.index(name)] += len(put)
    with pytest.raises(TapeFileError, match=message):
        loaded_from(archive(header, words, numbers), tmp_path)


def test_what_is_loaded_has_all_digits_and_formulas_in_other_algebras(tmp_path):
    compiled = compile(grad(lambda x: tanh(exp2(x)) * erf(x)))
    compiled(0.5)
    compiled.save(tmp_path / "f.tape")
    x = sympy.Symbol("x")
    for number, algebra in ((mpmath.mpf("0.3"), mpmath), (x, sympy)):
        with mpmath.workdps(60):
            expected = compiled.evaluate((number,), algebra)
            for other in (load(tmp_path / "f.tape"), pickle.loads(pickle.dumps(compiled))):
                assert other.evaluate((number,), algebra) == expected


def test_an_entry_that_is_computed_from_itself_or_a_later_one_is_refused(content, tmp_path):
    header, words, numbers = taken_apart(content)
    opcodes = words[: begin_of(header, "operands")]
    (first, *_) = [entry for entry, opcode in enumerate(opcodes) if opcode >= 0]
    for later in (first, first + 1):
        words[begin_of(header, "operands")] = later
        with pytest.raises(TapeFileError, match=f"entry {first} is computed from entry {later}"):
            loaded_from(archive(header, words, numbers), tmp_path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def paths_of(thing, path=()):
    """Where there is something in a JSON text."""
    steps = enumerate(thing) if isinstance(thing, list) else ()
    for step, inner in thing.items() if isinstance(thing, dict) else steps:
        yield (*path, step)
        yield from paths_of(inner, (*path, step))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_edited_is_refused_or_runs(content, data, tmp_path):
    header, words, numbers = taken_apart(content)
    for _ in range(data.draw(st.integers(0, 2))):
        path = data.draw(st.sampled_from([*paths_of(header)]))
        put(header, path, data.draw(_JSON))
    for _ in range(data.draw(st.integers(0, 2))):
        word = st.integers(REDUCE_PRODUCT - 1, 60) | st.integers(-(2**31), 2**31 - 1)
        words[data.draw(st.integers(0, len(words) - 1))] = data.draw(word)
    try:
        loaded = loaded_from(archive(header, words, numbers), tmp_path)
    except TapeFileError:
        return
    # What is not refused is another program, or has other settings.
    try:
        loaded(POINTS)
        str(loaded.tapes)
        _ = [tape.graph(*[0.5] * len(tape.tape.inputs)) for tape in loaded.tapes]
    except (ArithmeticError, RuntimeError, TypeError, ValueError):
        pass


# What must be there where it is loaded.


def test_classes_are_given_and_never_looked_for(tmp_path):
    compiled, _, _ = called("a named tuple")
    compiled.save(tmp_path / "f.tape")
    with pytest.raises(TapeFileError, match=r"class Pair is needed, .* load\(path, types="):
        load(tmp_path / "f.tape")
    with pytest.raises(TapeFileError, match="are the types those it was saved with"):
        load(tmp_path / "f.tape", types=[make_dataclass("Pair", ["a", "b"])])
    other = namedtuple("Pair", ["a", "c"])
    with pytest.raises(TapeFileError, match="Pair has the fields a, c here, and a, b in the file"):
        load(tmp_path / "f.tape", types=[other])
    with pytest.raises(TapeFileError, match="two of the types are called Pair"):
        load(tmp_path / "f.tape", types=[Pair, other])


def swish():
    return primitive(
        "swish_in_files",
        "x / (1 + exp(-x))",
        "(1 + out * exp(-x)) / (1 + exp(-x))",
        samples=[(0.7,)],
    )


def test_rows_are_found_by_their_names(scratch_table, tmp_path):
    from conftest import table_kept

    path = tmp_path / "f.tape"
    with table_kept():
        compiled = compile(grad(swish()))
        expected = compiled(0.5)
        compiled.save(path)
    with pytest.raises(TapeFileError, match="computes swish_in_files, which no primitive does"):
        load(path)
    with table_kept():
        # Its opcode is another one now.
        primitive("other_in_files", "x * 3", "3", samples=[(1.0,)])
        swish()
        loaded = load(path)
        assert loaded(0.5) == expected
        assert pickle.loads(pickle.dumps(loaded))(0.5) == expected
    primitive("swish_in_files", "x * 3", "3", samples=[(1.0,)])
    with pytest.raises(TapeFileError, match=r"swish_in_files\(x\) is x / .* but here .* is x \* 3"):
        load(path)


def test_custom_functions_are_found_by_their_names_with_their_partials(scratch_table, tmp_path):
    from conftest import table_kept

    def bump():
        return custom(lambda x: math.exp(-x * x), lambda x: -2 * x * math.exp(-x * x), name="bump")

    path = tmp_path / "f.tape"
    with table_kept():
        compiled = compile(grad(bump()))
        expected = compiled(0.5)
        compiled.save(path)
    with pytest.raises(TapeFileError, match="bump"):
        load(path)
    bump()
    assert load(path)(0.5) == expected


def test_code_with_other_opcodes_is_numbered_anew_or_refused(content, tmp_path):
    header, words, numbers = taken_apart(content)
    shift = 100
    for row in header["rows"]:
        row[0] += shift
    # Only the tapes are changed, not the code: it has opcodes that no row has.
    opcodes = words[:]
    begin = 0
    for way in header["kinds"][0]["ways"]:
        for i in range(begin, begin + way["words"][0]):
            opcodes[i] += shift if opcodes[i] >= 0 else 0
        code = [part["words"] for each in way["batches"] for part in (each, each["shared"])]
        begin += sum(itertools.chain(way["words"], *code))
    with pytest.raises(TapeFileError, match=r"code: no row has opcode|code: .* no sum"):
        loaded_from(archive(header, opcodes, numbers), tmp_path)


def test_code_with_columns_that_are_not_there_is_refused(content, tmp_path):
    header, words, numbers = taken_apart(content)
    way = header["kinds"][0]["ways"][0]
    (made, *_) = way["batches"]
    begin = sum(way["words"])
    code = words[begin : begin + made["words"][0]]
    opcode = REDUCE if made["reduced"] else OUTPUT
    place = len(code) - 1 - code[::-1].index(opcode)
    for column in (10**9, 1):
        words[begin + place + 2] = column
        with pytest.raises(TapeFileError, match="not all columns are written"):
            loaded_from(archive(header, words, numbers), tmp_path)


def test_one_example_needs_no_numpy(tmp_path):
    compiled = compile(value_and_grad(norm))
    expected = compiled([1.0, 2.0])
    compiled.save(tmp_path / "f.tape")
    program = f"""
import sys
sys.modules["numpy"] = None
import pickle
from autograd_scalar import load
loaded = load({str(tmp_path / "f.tape")!r})
loaded.save({str(tmp_path / "again.tape")!r})
print(loaded([1.0, 2.0]) == pickle.loads(pickle.dumps(loaded))([1.0, 2.0]) == {expected!r})
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert told.stdout == "True\n", told.stderr
