"""What Python computes, as JSON for the tests of the JavaScript: `python fixtures.py FOLDER`."""

import itertools
import json
import math
import random
import sys
from pathlib import Path

from autograd_scalar import Value, exp, explain, maximum, nn, relu, steps, toposort, where
from autograd_scalar.algebra.trees import number
from autograd_scalar.engine.value import record
from autograd_scalar.exploring.program import program_of
from autograd_scalar.exploring.words import words_of
from autograd_scalar.notation.numerals import decimal, is_rounded
from autograd_scalar.notation.typeset import MathML, Typesetter
from autograd_scalar.table.primitives import ROWS
from autograd_scalar.table.registry import OPCODES, TABLE, compile_ieee_kernel

SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan)


def magnitudes(rng, count):
    """Numbers of all sizes and both signs, most of them ordinary."""
    for i in range(count):
        largest = (1, 1, 3, 6, 20, 300)[i % 6]
        yield rng.choice((-1, 1)) * 10 ** rng.uniform(-largest, largest)


def points(row, rng):
    """Operands for a row: its samples and kinks, special numbers, and those of all sizes."""
    yield from row.samples
    yield from (kink.at for kink in row.kinks)
    yield from itertools.product(SPECIAL, repeat=len(row.arguments))
    numbers = [magnitudes(rng, 400) for _ in row.arguments]
    for point in zip(*numbers, strict=True):
        yield point
    for point in zip(*[magnitudes(rng, 100)] * len(row.arguments), strict=False):
        yield tuple(float(round(x)) if abs(x) < 1e6 else x for x in point)
    if row.name == "polygamma":
        for _ in range(300):
            yield float(rng.randrange(6)), 10 ** rng.uniform(-2, 3) * rng.choice((-1, 1))


def spelled(number):
    """A number as JSON that keeps infinities, NaN and the sign of zero."""
    if math.isfinite(number) and (number or math.copysign(1.0, number) > 0):
        return number
    return {0.0: "-0"}.get(number, str(number))


def row_cases(row, rng):
    """Operands, the value and the partials of IEEE 754, and what Python raises, for each point."""
    kernel = compile_ieee_kernel(row)
    cases = []
    for point in points(row, rng):
        operands = [Value(number) for number in point]
        message = ""
        try:
            record(OPCODES[row.name], *operands)
        except (ArithmeticError, ValueError) as error:
            message = str(error)
        cases.append([[spelled(each) for each in (*point, *kernel(*point))], message])
    return cases


def rows():
    """The cases of all rows."""
    rng = random.Random(14)
    return {row.name: row_cases(row, rng) for row in ROWS}


# Rows that Python and JavaScript compute with the same bits.
EXACT = ("add", "sub", "mul", "div", "neg", "sqrt", "abs", "relu", "maximum", "minimum", "where")
OTHERS = ("exp", "tanh", "log", "sin", "pow", "erf", "logaddexp", "hypot", "floor", "mod", "atan2")


def built(choices, numbers):
    """The last value of a program: inputs with these numbers, then what was chosen."""
    values = [Value(x, f"x_{i}") for i, x in enumerate(numbers, 1)]
    values.append(Value(0.5).detach())
    for name, places, label in choices:
        values.append(record(OPCODES[name], *[values[i] for i in places]))
        values[-1].label = label
    return values


def chosen(rng, names, inputs, length):
    """A program of rows, each of operands that were there before it."""
    choices = []
    for i in range(length):
        row = TABLE[OPCODES[rng.choice(names)]]
        before = inputs + 1 + i
        places = [rng.randrange(max(0, before - 9), before) for _ in row.arguments]
        choices.append((row.name, places, rng.choice(("", "", "h", f"h_{{{i}}}"))))
    choices.append(("add", (inputs + length, inputs + length - 3), "y"))
    return choices


def random_graphs():
    """Programs, and what Python computes for several settings of their inputs."""
    rng = random.Random(3)
    found = []
    while len(found) < 40:
        exact = len(found) % 2 == 0
        length = rng.choice((3, 8, 25, 60))
        choices = chosen(rng, EXACT if exact else (*EXACT, *OTHERS), 4, length)
        try:
            first = built(choices, [rng.uniform(-2, 2) for _ in range(4)])
        except (ArithmeticError, ValueError):
            continue
        program = program_of(first[-1])
        settings = [each for _ in range(6) if (each := setting(choices, program, first, rng))]
        if settings:
            found.append({"exact": exact, "program": program.data, "settings": settings})
    return found


def setting(choices, program, first, rng):
    """Numbers for the inputs, and what Python computes with them; None where it raises."""
    numbers = [rng.uniform(-2, 2) for _ in range(4)]
    try:
        values = built(choices, numbers)
    except (ArithmeticError, ValueError):
        return None
    place = {v: i for i, v in enumerate(program.nodes)}
    inputs = {place[v]: x for v, x in zip(first, numbers, strict=False) if v in place}
    return {"inputs": inputs, **backward_pass(values[-1])}


def backward_pass(y):
    """The values and the steps of a graph, by their places in `toposort`."""
    order = toposort(y)
    place = {v: i for i, v in enumerate(order)}
    return {
        "data": [spelled(v.data) for v in order],
        "steps": [
            [
                step.name,
                spelled(step.adjoint),
                [
                    [place[each.parent], *map(spelled, (each.partial, each.amount, each.total))]
                    for each in step.contributions
                ],
            ]
            for step in steps(y)
        ],
    }


def texts():
    """Numbers as text: to 4 and 6 digits, and in full, as explanations print them."""
    rng = random.Random(5)
    numbers = [
        *magnitudes(rng, 1500),
        *SPECIAL,
        5e-324,
        1.7976931348623157e308,
        1e16,
        1e-5,
        123456.5,
    ]
    numbers += [k / 2**n * 10**m for k in range(1, 40) for n in (1, 4, 9) for m in (0, 3, 5)]
    numbers += [float(f"{k}e{e}") for k in (1, 9.999995, 99999.95) for e in range(-9, 23)]
    typeset, mathml = Typesetter(6), MathML(6)
    return [
        [
            spelled(x),
            decimal(x, 4),
            decimal(x, 6),
            is_rounded(x, 6),
            repr(x),
            typeset(number(x)),
            mathml(number(x)),
        ]
        for x in numbers
    ]


def single_operations():
    """Each row by itself at its samples: its program, and the line that tells each partial."""
    found = []
    for row in ROWS:
        if row.is_question:
            continue
        points = [*row.samples[:2], *(kink.at for kink in row.kinks[:2])]
        sets = [point for point in points if all(map(math.isfinite, point))]
        told = [lines_of(row, point) for point in sets]
        program = program_of(operation(row, sets[0]))
        program.data["words"] = words_of(program)
        found.append({"program": program.data, "points": [*zip(sets, told, strict=True)]})
    return found


def operation(row, point):
    out = record(OPCODES[row.name], *map(Value, point, "abc"))
    out.label = "y"
    return out


def lines_of(row, point):
    """What an explanation says first of each partial; None where it has no derivative."""
    try:
        out = operation(row, point)
        return [flat(explain(out, v).text.split("\n\n")[0]) for v in out.parents]
    except (ArithmeticError, ValueError):
        return None


def flat(text):
    """A text in one line."""
    return " ".join(text.split())


def neuron():
    w, x, b = Value.parameter(0.5, "w"), Value(2.0, "x"), Value.parameter(0.1, "b")
    z = w * x + b
    z.label = "z"
    a = 1 / (1 + exp(-z))
    a.label = "a"
    loss = (a - 1) ** 2 / 2
    loss.label = "E"
    return loss


def layers():
    model = nn.MLP(2, [3, 2, 1], rng=random.Random(0))
    out = model([Value(0.3, "x_1"), Value(-0.8, "x_2")])
    out = out[0] if isinstance(out, list) else out
    loss = (out - 0.5) ** 2
    loss.label = "E"
    return loss


def without_labels():
    x = Value(1.5)
    return x * x * x.exp() + 3 * x


def many_ways():
    y = Value(1.1, "x")
    for i in range(5):
        y = y.sin() + y * 0.5
        y.label = f"h_{i}"
    return y


def at_kinks():
    a, b = Value(2.0, "a"), Value(2.0, "b")
    y = maximum(a, b) * relu(a - b) + abs(b - 2) + a
    y.label = "net_{d1}"
    return y


def nothing():
    a, b = Value(0.0, "a"), Value(3.0, "b")
    z = a * b
    z.label = "z"
    return z * z + Value(1.0, "c")


def constants():
    x = Value(-1234567.0, r"\hat{y}_1")
    y = where(x > 0, x, x / 3) * 1e-9 - Value(2.0, "c").detach() / x
    y.label = "<b>"
    return y


def smooth_layers():
    model = nn.MLP(2, [2, 2], "tanh", output="sigmoid", rng=random.Random(1))
    first, second = model([Value(0.3, "x_1"), Value(-0.8, "x_2")])
    loss = (first - 0.5) ** 2 + second.log()
    loss.label = "E"
    return loss


EXPLAINED = (neuron, layers, without_labels, many_ways, at_kinks, nothing, constants)


def explanations():
    """Graphs with all words, and what `explain` says of each value."""
    found = []
    for make in EXPLAINED:
        y = make()
        program = program_of(y)
        program.data["words"] = words_of(program, room=10**6)
        texts = {
            i: flat(explain(y, program.nodes[i]).to_text(10**6))
            for i in program.data["words"]["explained"]
        }
        found.append({"name": make.__name__, "program": program.data, "texts": texts})
    return found


def again(nodes, rng):
    """The same graph with other numbers in its inputs, and those by their places."""
    made, inputs = {}, {}
    for i, v in enumerate(nodes):
        if v.kind == "interior":
            made[v] = record(OPCODES[v.op], *[made[parent] for parent in v.parents])
        elif v.kind == "constant":
            made[v] = v.detach()
        else:
            inputs[i] = round(rng.uniform(-2, 2), rng.choice((1, 3, 15)))
            made[v] = Value(inputs[i]) if v.kind == "leaf" else Value.parameter(inputs[i])
        made[v].label = v.label
    return [*made.values()], inputs


def moved_explanations():
    """Graphs with words, and what `explain` says when they are computed with other numbers."""
    rng = random.Random(6)
    found = []
    for make in (neuron, smooth_layers, without_labels, many_ways):
        program = program_of(make())
        program.data["words"] = words_of(program, room=10**6)
        told = []
        for _ in range(2):
            values, inputs = again(program.nodes, rng)
            explained = [*program.data["words"]["explained"]][::3]
            texts = {i: flat(explain(values[-1], values[i]).to_text(10**6)) for i in explained}
            told.append([inputs, texts])
        found.append({"name": make.__name__, "program": program.data, "told": told})
    return found


FILES = {
    "moved": moved_explanations,
    "rows": rows,
    "graphs": random_graphs,
    "texts": texts,
    "operations": single_operations,
    "explanations": explanations,
}

if __name__ == "__main__":
    for name, make in FILES.items():
        path = Path(sys.argv[1]) / f"{name}.json"
        path.write_text(json.dumps(make(), allow_nan=False), encoding="utf-8")
