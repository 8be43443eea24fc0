"""A recorded graph, or a traced function, as the data that the page computes with."""

from __future__ import annotations

import inspect
import json
import linecache
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..engine import modes
from ..engine.value import Value, toposort
from ..explaining.formulas import unique_names
from ..notation.labels import has_small_scripts, mathml_label, unicode_label
from ..table.primitives import ROWS, Primitive
from ..table.registry import OPCODES, TABLE
from ..tape.arguments import Arguments
from ..tape.tape import CONSTANT, GIVEN, OUTER, Place, Tape
from ..tape.tracing import Tracer, check_one_value
from .javascript import UntranslatableError, row_source, source

# What stands in place of a row in `ops`.
_INPUT, _PARAMETER, _CONSTANT, _COPY = -1, -2, -3, -4
_KINDS = {"leaf": _INPUT, "parameter": _PARAMETER, "constant": _CONSTANT}


class Program:
    """A program that ends in one number, for `graph.js` to compute again.

    root   the number
    nodes  every value it is computed from and itself, operands first: `toposort(root)`
    index  where each of them is among `nodes`
    names  a different name for each
    data   the program as JSON has it
    """

    def __init__(self, root: Value, tracer: ProgramTracer | None = None) -> None:
        self.root = root
        self.nodes = toposort(root)
        self.index = {v: i for i, v in enumerate(self.nodes)}
        # As in explanations: a result without a label is y.
        self.names = unique_names(self.nodes, {self.root: "y"})
        self._rows: dict[str, int] = {}
        self._ops: list[int] = []
        self._operands: list[int] = []
        self._numbers: list[Any] = []
        self.frozen: dict[int, Any] = {}
        self._detached: list[int] = []
        self._tracer = tracer
        #: Where entries of the tape are among the nodes, those that only questions need included.
        self._entries: dict[int, int] = {}
        self._pending: list[int] = []
        self._extra = 0
        self.data = self._made()

    def json(self) -> str:
        """The data as JSON that can stand in a page's script element, which it can't end."""
        text = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text = text.replace("</", "<\\/").replace("<!", "<\\u0021")
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    def rows_source(self) -> str:
        """The module `rows.js` with the rows that this program uses, and no others."""
        return source(TABLE[OPCODES[name]] for name in self._rows)

    def _made(self) -> dict[str, Any]:
        varying = {} if self._tracer is None else self._varying_constants(self._tracer)
        for i, v in enumerate(self.nodes):
            if v in varying:
                self._add_varying(i, varying[v])
            elif v.kind in _KINDS:
                self._add(_KINDS[v.kind], number=v.data)
            else:
                self._add_row(v._opcode, [self.index[parent] for parent in v.parents], v)
        guards = [] if self._tracer is None else self._guards(self._tracer.tape)
        while self._pending:
            self._add_entry(self._pending.pop(0))
        labelled = {i: self.names[v] for i, v in enumerate(self.nodes) if v.label}
        typeset = {i: typeset_name(name) for i, name in labelled.items()}
        data = {
            "n": len(self.nodes),
            "rows": [*self._rows],
            "arities": [len(TABLE[OPCODES[name]].arguments) for name in self._rows],
            "ops": self._ops,
            "operands": self._operands,
            "data": self._numbers,
            "labels": {i: v.label for i, v in enumerate(self.nodes) if v.label},
            "typeset": {i: each for i, each in typeset.items() if each != _simple(labelled[i])},
            "detached": self._detached,
            "frozen": self.frozen,
            "guards": guards,
            "reads": [] if self._tracer is None else [*map(_read, self._tracer.reads)],
        }
        always = ("n", "rows", "arities", "ops", "operands", "data")
        return {key: each for key, each in data.items() if each or key in always}

    def _add(self, op: int, operands: Sequence[int] = (), number: float | None = None) -> None:
        self._ops.append(op)
        self._operands += operands
        if number is not None:
            self._numbers.append(spelled(number))

    def _add_row(self, opcode: int, operands: Sequence[int], v: Value | None = None) -> None:
        row = TABLE[opcode]
        if v is not None and not _is_translated(row):
            self.frozen[len(self._ops)] = [spelled(v.data), [*map(spelled, v.partials)]]
        self._add(self._rows.setdefault(row.name, len(self._rows)), operands)

    # What is computed in a traced function and no derivative leads to.

    def _varying_constants(self, tracer: ProgramTracer) -> dict[Value, int]:
        """The constants among the nodes that are computed from inputs, and their entries."""
        found = {}
        places: dict[int, int] = {}
        for v in self.nodes:
            entry = tracer.entry(v)
            if v.kind == "constant" and tracer.varies(entry):
                found[v] = entry
            else:
                places.setdefault(entry, self.index[v])
        self._entries = places
        return found

    def _add_varying(self, i: int, entry: int) -> None:
        assert self._tracer is not None
        tape = self._tracer.tape
        self._detached.append(i)
        if entry in self._entries or tape.opcodes[entry] < 0:
            self._add(_COPY, [self._place(entry)])
        else:
            self._entries[entry] = i
            self._add_row(tape.opcodes[entry], [*map(self._place, tape.operands[entry])])

    def _place(self, entry: int) -> int:
        """Which node an entry of the tape is; one of its own is added later where it is none."""
        if entry not in self._entries:
            self._entries[entry] = len(self.nodes) + self._extra
            self._extra += 1
            self._pending.append(entry)
        return self._entries[entry]

    def _add_entry(self, entry: int) -> None:
        assert self._tracer is not None
        tape = self._tracer.tape
        opcode = tape.opcodes[entry]
        if opcode >= 0:
            self._add_row(opcode, [*map(self._place, tape.operands[entry])])
        elif opcode == OUTER:
            self._add(_CONSTANT, number=tape.outer[entry].data)
        else:
            self._add(_CONSTANT, number=self._tracer.number(entry))

    def _guards(self, tape: Tape) -> list[dict[str, Any]]:
        return [
            {"node": self._place(guard.entry), "answer": guard.outcome, **_located(guard.place)}
            for guard in tape.guards
        ]


class ProgramTracer(Tracer):
    """A tracer that lets a program take numbers out, and notes where.

    reads  lines that took a number out, and how
    """

    def __init__(self) -> None:
        super().__init__(goes_on=False)
        self.reads: list[tuple[Place, str]] = []
        self._given: dict[int, float] = {}

    def input(self, v: Value) -> None:
        super().input(v)
        self._given[self.tape.inputs[-1]] = v.data

    def varies(self, entry: int) -> bool:
        """Whether an entry may be another number for other inputs."""
        return self._varies[entry]

    def number(self, entry: int) -> float:
        """The number of an entry that nothing computes."""
        opcode = self.tape.opcodes[entry]
        assert opcode in (GIVEN, CONSTANT)
        return self._given[entry] if opcode == GIVEN else self.tape.numbers[entry]

    def reading(self, v: Value, how: str) -> None:
        if self._varies[self.entry(v)]:
            self.reads.append((_frame_outside(), how))


def _frame_outside() -> Place:
    """The innermost line that is not of this package."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
    frame = sys._getframe()
    while frame.f_code.co_filename.startswith(package) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


def _located(place: Place) -> dict[str, Any]:
    file, line, function = place
    return {
        "file": os.path.basename(file),
        "line": line,
        "function": function,
        "source": linecache.getline(file, line).strip()[:200],
    }


def _read(read: tuple[Place, str]) -> dict[str, Any]:
    place, how = read
    return {**_located(place), "how": how}


def spelled(number: float) -> Any:
    """A number as JSON has it: infinities and NaN as text, whole numbers without a point."""
    if not math.isfinite(number):
        return str(number)
    if number.is_integer() and abs(number) < 1e15 and (number or math.copysign(1.0, number) > 0):
        return int(number)
    return number


def typeset_name(label: str) -> list[str]:
    """A name with small scripts, as MathML, and with large ones; "" where it has no small ones."""
    large = unicode_label(label, False) if has_small_scripts(label) else ""
    return [unicode_label(label), mathml_label(label), large]


def _simple(label: str) -> list[str] | None:
    """A word, or one with numbers below and above it, as the page typesets them itself."""
    found = re.fullmatch(
        r"([a-z]+|[A-Z]+)(?:_\{([0-9]+(?:,[0-9]+)?)\}|_?([0-9]+))?(\^\([0-9]+\))?", label
    )
    if found is None:
        return None
    letter, below, above = found[1], found[2] or found[3], (found[4] or "").removeprefix("^")
    if below is None:
        return None if above else [letter, f"<mi>{letter}</mi>", letter]
    tag = "mi" if "," in below else "mn"
    parts = f"<mi>{letter}</mi><{tag}>{below}</{tag}>"
    markup = f"<msubsup>{parts}<mi>{above}</mi></msubsup>" if above else f"<msub>{parts}</msub>"
    raised = f"^{above}" if above else ""
    if "," in below:
        return [f"{letter}_{{{below}}}{raised}", markup, ""]
    small = below.translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    small += above.translate(str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾"))
    return [letter + small, markup, f"{letter}_{below}{raised}"]


def _is_translated(row: Primitive) -> bool:
    """Whether JavaScript can compute a row."""
    if row in ROWS:
        return True
    try:
        _, needs = row_source(row)
    except UntranslatableError:
        return False
    return all(_is_translated(TABLE[OPCODES[name]]) for name in needs.rows)


def program_of(y: Value) -> Program:
    """The program that a recorded graph is, with the numbers that its inputs hold.

    Raises `TypeError` for what is no Value.

    >>> x = Value(3.0, "x")
    >>> program_of(x * x).data["operands"]
    [0, 0]
    """
    if not isinstance(y, Value):
        raise TypeError(f"a Value is needed, got {type(y).__name__} {y!r:.60}")
    return Program(y)


def traced_program(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Program:
    """The program that a call of a function is, with the questions that it asks of its numbers.

    Floats, and numbers in containers, are inputs, labelled by the function's parameters; an int,
    a string or a truth value by itself is part of the program, as for `compile`. Raises what the
    function raises, and `TypeError` where it does not return one number.

    >>> program = traced_program(lambda x: x * x if x > 0 else -x, 3.0)
    >>> program.nodes[0].label, program.data["guards"][0]["answer"]
    ('x', True)
    """
    arguments = Arguments(args, kwargs)
    labels = _labels(fun, args, kwargs)
    leaves = [_leaf(each, label) for each, label in zip(arguments.numbers, labels, strict=True)]
    tracer = ProgramTracer()
    for leaf in leaves:
        tracer.input(leaf)
    with modes.trace(tracer):
        given, named = arguments.arranged(args, kwargs, leaves)
        out = fun(*given, **named)
        check_one_value(out)
        tracer.entry(out)
    tracer.finish()
    return Program(out, tracer)


def _leaf(number: Any, label: str) -> Value:
    """An input of the program, for a number or a Value among the arguments."""
    if not isinstance(number, Value):
        return Value(float(number), label)
    make = Value.parameter if number.kind == "parameter" else Value
    return make(number.data, number.label or label)


def _labels(fun: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> list[str]:
    """A label for each number of the arguments: the parameter's name, and where it is in it."""
    try:
        bound = inspect.signature(fun).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # functions written in C may not tell
        bound = {f"x_{i}" if len(args) > 1 else "x": each for i, each in enumerate(args, 1)}
        bound |= kwargs
    found = []
    for name, argument in bound.items():
        count = len(Arguments([argument], {}).numbers)
        found += [name] if count == 1 else [f"{name}_{{{i}}}" for i in range(1, count + 1)]
    return found
