"""One replay: a transformer's loss, Rosenbrock's function, a call of a small function."""

from __future__ import annotations

import importlib
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from autograd_scalar import (
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
    toposort,
    value_and_grad,
)

from ...peers import NotInstalledError, Peer, load
from .. import transformer
from ..operators import rosenbrock_point
from .c import NATIVE, compiled_c
from .case import Aim, Case, Contender, flat

CASADI = "CasADi, its virtual machine"


def rosenbrock(x: Sequence[Any]) -> Any:
    """Rosenbrock's function in products: `d**2` is a call of pow, which `d*d` is not."""
    total = 0.0
    for a, b in pairwise(x):
        d = b - a * a
        e = 1.0 - a
        total = total + (100.0 * (d * d) + e * e)
    return total


def rosenbrock_in_powers(x: Sequence[Any]) -> Any:
    total = 0.0
    for a, b in pairwise(x):
        total = total + (100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2)
    return total


def rosenbrock_operations(size: int) -> int:
    """Of its value and of its gradient: the eight spelled out above, and as many again."""
    return 16 * (size - 1)


def price(inputs: Sequence[Any], peer: Any) -> Any:
    """The price of a European call by spot, strike, rate, volatility and years, in products."""
    spot, strike, rate, volatility, years = inputs
    spread = volatility * peer.sqrt(years)
    up = (peer.log(spot / strike) + (rate + 0.5 * (volatility * volatility)) * years) / spread
    normal = [0.5 * (1.0 + peer.erf(x * 0.5**0.5)) for x in (up, up - spread)]
    return spot * normal[0] - strike * peer.exp(-rate * years) * normal[1]


def ten(x: Any, y: Any) -> Any:
    """Ten operations."""
    for _ in range(5):
        x = x * y + x
    return x


def ours() -> Peer:
    try:
        return load("compiled")
    except NotInstalledError:
        return load("plain")


def bound(function: Any, numbers: Sequence[float]) -> Callable[[], tuple[Any, ...]]:
    """A call of a CasADi function on buffers that it is bound to once."""
    buffer, call = function.buffer()
    given = np.array(numbers)
    buffer.set_arg(0, memoryview(given))
    results = [np.zeros(function.nnz_out(i)) for i in range(function.n_out())]
    for i, each in enumerate(results):
        buffer.set_res(i, memoryview(each))

    def run() -> tuple[Any, ...]:
        call()
        return (buffer, given, *results)

    return run


def casadi_function(fun: Callable[[Any], Any], count: int) -> Any:
    """CasADi's function for the value and the gradient; None where it is not installed."""
    try:
        import casadi
    except ModuleNotFoundError:
        return None
    x = casadi.SX.sym("x", count)
    out = fun(casadi.vertsplit(x))
    return casadi.Function("run", [x], [out, casadi.densify(casadi.gradient(out, x))])


def casadi(function: Any, numbers: Sequence[float]) -> dict[str, Contender]:
    """CasADi's virtual machine, called like any function, and on buffers."""
    return {
        CASADI: Contender(
            lambda: function(numbers), read=lambda found: flat([each.full() for each in found])
        ),
        f"{CASADI}, bound buffers": on_buffers(function, numbers),
    }


def on_buffers(function: Any, numbers: Sequence[float]) -> Contender:
    return Contender(bound(function, numbers), read=lambda found: flat(found[2:]))


def casadi_in_c(function: Any) -> Any:
    """The same function as C that a compiler made a library of; None without one."""
    import casadi

    with tempfile.TemporaryDirectory() as directory:
        generator = casadi.CodeGenerator("run.c")
        generator.add(function)
        library = compiled_c(Path(generator.generate(f"{directory}/")), *NATIVE)
        return library and casadi.external("run", str(library))


def transformer_case(tiny: bool) -> Case:
    peer = ours()
    rng = random.Random(3)
    size = 0 if tiny else 8
    tokens = [0, *(rng.randrange(1, transformer.VOCABULARY) for _ in range(size)), 0]
    start = [rng.gauss(0.0, 0.1) for _ in range(transformer.PARAMETERS)]

    def loss(x: Sequence[Any]) -> Any:
        return transformer.loss(peer, x, tokens)

    parameters = [Value(number) for number in start]
    of_parameters = compile(lambda: loss(parameters))

    def backward() -> float:
        out = loss(parameters)
        out.backward()
        return float(out.data)

    def gradients(run: Callable[[], float]) -> Contender:
        def read(_: float) -> Any:
            for each in parameters:
                each.zero_grad()
            return flat([run(), [each.grad for each in parameters]])

        return Contender(run, read=read)

    eager = value_and_grad(loss)
    both, of_model, value = (
        "compile(value_and_grad(loss))",
        "compile(loss).backward()",
        "compile(loss), the value alone",
    )
    contenders = {
        both: Contender(partial(compile(eager), start)),
        of_model: gradients(of_parameters.backward),
        value: Contender(of_parameters, value_only=True),
        "value_and_grad(loss), not compiled": Contender(partial(eager, start)),
        "loss.backward(), not compiled": gradients(backward),
    }
    other = (
        None
        if tiny
        else casadi_function(lambda x: transformer.loss(load("casadi"), x, tokens), len(start))
    )
    if other is not None:
        contenders |= casadi(other, start)
    return Case(
        "One replay: a transformer's loss and all its gradients",
        "node",
        len(toposort(loss([Value(number) for number in start]))),
        contenders,
        (
            Aim(of_model, 1.6),
            Aim(both, 1.6),
            Aim(of_model, 1 / 60, "loss.backward(), not compiled"),
            Aim(both, 1 / 60, "value_and_grad(loss), not compiled"),
            Aim(both, 1 / 20, CASADI),
            Aim(of_model, 2.5, value),
        ),
    )


def rosenbrock_case(tiny: bool) -> Case:
    size = 4 if tiny else 100
    point = list(rosenbrock_point(size))
    eager = value_and_grad(rosenbrock)
    both, value = "compile(value_and_grad(f))", "compile(f), the value alone"
    contenders = {
        both: Contender(partial(compile(eager), point)),
        "the same with d**2, which is a call of pow": Contender(
            partial(compile(value_and_grad(rosenbrock_in_powers)), point)
        ),
        value: Contender(partial(compile(rosenbrock), point), value_only=True),
        "value_and_grad(f), not compiled": Contender(partial(eager, point)),
    }
    function = casadi_function(rosenbrock, size)
    if function is not None:
        contenders |= casadi(function, point)
        in_c = casadi_in_c(function)
        if in_c is not None:
            contenders["CasADi, compiled as C, bound buffers"] = on_buffers(in_c, point)
    contenders |= ddx_rosenbrock(point)
    return Case(
        f"One replay: Rosenbrock's function in {size} dimensions and its gradient",
        "operation",
        rosenbrock_operations(size),
        contenders,
        (
            Aim(both, 2000.0 / rosenbrock_operations(100)),
            Aim(both, 1 / 9, CASADI),
            Aim(both, 2.5, value),
        ),
    )


def ddx_rosenbrock(point: Sequence[float]) -> dict[str, Contender]:
    """ddx, interpreting and compiled by LLVM, on a buffer that it is bound to once."""
    try:
        import ddx
    except ModuleNotFoundError:
        return {}
    made = {}
    for name, backend in (("ddx, interpreting", "INTERPRET"), ("ddx, LLVM", "COMPILE")):
        options = ddx.Options(backend=ddx.Backend[backend])
        equation = ddx.equation(
            lambda: rosenbrock([ddx.var(f"x{i:03}") for i in range(len(point))])
        )
        equation.options = options
        call = equation.buffer(np.array(point), want=ddx.Want.JACOBIAN)
        made[name] = Contender(call, read=lambda _, call=call: flat([call.value, call.jacobian]))
    return made


def call_cases(tiny: bool) -> Iterator[Case]:
    """What calling costs."""
    small = compile(ten)
    yield Case(
        "A call with floats of a function of ten operations",
        "call",
        1,
        {
            "compile(f)": Contender(partial(small, 0.3, 0.9)),
            "f, on floats": Contender(partial(ten, 0.3, 0.9)),
        },
        (Aim("compile(f)", 1000.0),),
    )
    peer = ours()

    def function(inputs: Sequence[Any]) -> Any:
        return price(inputs, peer)

    market = [100.0, 105.0, 0.03, 0.2, 0.75]
    eager = value_and_grad(function)
    both = "compile(value_and_grad(price))"
    contenders = {
        both: Contender(partial(compile(eager), market)),
        "compile(price), the value alone": Contender(
            partial(compile(function), market), value_only=True
        ),
        "value_and_grad(price), not compiled": Contender(partial(eager, market)),
    }
    symbolic = casadi_function(lambda x: price(x, importlib.import_module("casadi")), 5)
    if symbolic is not None:
        contenders |= casadi(symbolic, market)
    yield Case(
        "A call with a list of floats: a Black–Scholes price and its five derivatives",
        "call",
        1,
        contenders,
        (Aim(both, 1500.0),),
    )


def cases(tiny: bool) -> Iterator[Case]:
    yield transformer_case(tiny)
    yield rosenbrock_case(tiny)
    yield from call_cases(tiny)
