"""The formulas and programs that the playground offers: text, numbers, and what to look at."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A formula with numbers for its names, and the name to explain the derivative by."""

    title: str
    formula: str
    numbers: dict[str, float]
    wrt: str
    view: str = "operations"


class Snippet(NamedTuple):
    """A program for the Python tab."""

    title: str
    code: str


def _network_2_4_3_2() -> Example:
    """The layers a, b, c, d of the document on a weight of the first layer: w_31 leads to d_1."""
    sizes = {"a": 2, "b": 4, "c": 3, "d": 2}
    steps: list[str] = []
    numbers = {"out_a1": 0.05, "out_a2": 0.9}
    weight = 0
    for before, layer in ("ab", "bc", "cd"):
        for neuron in range(1, sizes[layer] + 1):
            terms = []
            for source in range(1, sizes[before] + 1):
                weight += 1
                name = (
                    f"w_{30 + (neuron - 1) * 3 + source}"
                    if layer == "d"
                    else f"w_{before}{source}{layer}{neuron}"
                )
                # Weights of both signs and all sizes, the same each time.
                numbers[name] = round(((weight * 7) % 19 - 9) / 7, 2)
                terms.append(f"{name}*out_{before}{source}")
            steps.append(f"net_{layer}{neuron} = {' + '.join(terms)}")
            steps.append(f"out_{layer}{neuron} = sigmoid(net_{layer}{neuron})")
    numbers |= {"target_d1": 0.01, "target_d2": 0.99}
    steps.append("E_total = (target_d1 - out_d1)^2/2 + (target_d2 - out_d2)^2/2")
    return Example(
        "The 2-4-3-2 network: a weight of the first layer",
        "\n".join(steps),
        numbers,
        "w_a1b1",
        "network",
    )


EXAMPLES = (
    Example(
        "A neuron and its error: where a(1 − a) comes from",
        "net_k = w_jk·a_j + w_ik·a_i\na_k = 1/(1 + e^(-net_k))\nE = (t_k − a_k)²/2",
        {"w_jk": 0.4, "a_j": 0.6, "w_ik": -0.3, "a_i": 0.2, "t_k": 1.0},
        "w_jk",
    ),
    Example(
        "An output weight: the chain of J, h and z",
        "z = h_1·w_11 + h_2·w_12 + h_3·w_13 + b\nh = sigmoid(z)\nJ = (y − h)²",
        {
            "h_1": 0.8,
            "w_11": 0.4,
            "h_2": -0.5,
            "w_12": 0.9,
            "h_3": 1.3,
            "w_13": -0.7,
            "b": 0.25,
            "y": 0.6,
        },
        "w_12",
    ),
    _network_2_4_3_2(),
    Example(
        "Backpropagation through two layers of one neuron",
        "z_1 = w_1·a_0 + b_1\na_1 = σ(z_1)\nz_2 = w_2·a_1 + b_2\na_2 = σ(z_2)\nC_0 = (a_2 − y)²",
        {"w_1": 0.8, "a_0": 1.5, "b_1": -0.4, "w_2": -1.2, "b_2": 0.3, "y": 1.0},
        "w_1",
    ),
    Example(
        "Softmax with cross-entropy",
        "s = e^z_1 + e^z_2 + e^z_3\np_1 = e^z_1/s\np_2 = e^z_2/s\np_3 = e^z_3/s\n"
        "L = −(y_1·ln(p_1) + y_2·ln(p_2) + y_3·ln(p_3))",
        {"z_1": 2.0, "z_2": 1.0, "z_3": 0.1, "y_1": 1.0, "y_2": 0.0, "y_3": 0.0},
        "z_1",
    ),
    Example(
        "XOR with two hidden neurons",
        "h(x, y) = tanh(a_1 x + a_2 y + a_0)\n"
        "k(x, y) = tanh(b_1 x + b_2 y + b_0)\n"
        "f(x, y) = σ(w_1 h(x, y) + w_2 k(x, y) + w_0)\n"
        "L = f(0, 0)² + (1 − f(0, 1))² + (1 − f(1, 0))² + f(1, 1)²",
        {
            "a_1": 1.5,
            "a_2": 1.4,
            "a_0": -0.7,
            "b_1": 1.3,
            "b_2": 1.6,
            "b_0": -2.2,
            "w_1": 2.0,
            "w_2": -2.1,
            "w_0": -1.9,
        },
        "a_1",
    ),
    Example(
        "Black–Scholes: a call and its Greeks",
        "Φ(x) = (1 + erf(x/√2))/2\n"
        "d_1 = (ln(S/K) + (r + σ_v²/2)·T)/(σ_v·√T)\n"
        "d_2 = d_1 − σ_v·√T\n"
        "C = S·Φ(d_1) − K·e^(−r·T)·Φ(d_2)",
        {"S": 100.0, "K": 95.0, "r": 0.02, "σ_v": 0.3, "T": 0.5},
        "S",
    ),
)

SNIPPETS = (
    Snippet(
        "A derivative, a drawing, an explanation",
        """\
from autograd_scalar import Value, draw, explain, exp

w, x, b = Value.parameter(0.5, "w"), Value(2.0, "x"), Value.parameter(-0.3, "b")
z = w * x + b
z.label = "z"
a = 1 / (1 + exp(-z))
a.label = "a"
a.backward()
print("da/dw =", w.grad)

display(explain(a, wrt=w))
draw(a)
""",
    ),
    Snippet(
        "Learn XOR with nn",
        """\
import random
from autograd_scalar import nn

points = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
model = nn.MLP(2, [3, 1], "tanh", output="sigmoid", rng=random.Random(3))
optimiser = nn.Adam(model.parameters(), 0.1)

for step in range(201):
    loss = sum((model(x) - y) ** 2 for x, y in points)
    model.zero_grad()
    loss.backward()
    optimiser.step()
    if step % 40 == 0:
        print(f"step {step:3}   loss {loss.data:.4f}")

for x, y in points:
    print(x, "→", round(model(x).data, 3), " wanted", y)
""",
    ),
    Snippet(
        "A formula's derivative, rule by rule",
        """\
from autograd_scalar import check, derive

print(derive("x² sin(3x)"))
print()
print(check("2x cos(3x)", derivative_of="x² sin(3x)"))
""",
    ),
    Snippet(
        "Functions: gradient, Hessian, Newton's method",
        """\
from autograd_scalar import grad, hessian

def rosenbrock(v):
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2

point = [-1.2, 1.0]
for step in range(7):
    (g, h) = grad(rosenbrock)(point), hessian(rosenbrock)(point)
    print(step, point, rosenbrock(point))
    determinant = h[0][0] * h[1][1] - h[0][1] * h[1][0]
    point = [
        point[0] - (h[1][1] * g[0] - h[0][1] * g[1]) / determinant,
        point[1] - (h[0][0] * g[1] - h[1][0] * g[0]) / determinant,
    ]
""",
    ),
)
