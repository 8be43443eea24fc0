"""Batches: a network, Rosenbrock's function, prices, and paths of a Monte Carlo simulation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
    nn,
    value_and_grad,
)

from ...peers import NotInstalledError, load
from .. import mlp
from .c import FAST, NATIVE, PORTABLE, by_hand, calling
from .case import Aim, Case, Contender, flat
from .single import ours, price, rosenbrock, rosenbrock_operations

EXACT, FAST_OURS = "exact", "fast=True"
PORTABLE_C, NATIVE_C = "C, -O3", "C, -O3 -march=native"
FAST_C = "C, -Ofast -march=native, with libmvec"
JAX, TORCH = "JAX, jit", "PyTorch"
MARKET = (100.0, 105.0, 0.03, 0.2, 0.75)


def jax() -> Any:
    """JAX set to float64 and one thread; None where it is not installed."""
    try:
        load("jax")
    except NotInstalledError:
        return None
    import jax

    return jax


def jitted(function: Callable[..., Any], *arguments: Any, **rest: Any) -> Contender:
    """A function that JAX compiles, waited for."""
    library = jax()
    made = library.jit(function)
    given = library.tree.map(library.numpy.asarray, arguments)
    return Contender(lambda: library.block_until_ready(made(*given)), **rest)


def network_case(examples: int, tiny: bool) -> Case:
    rng = random.Random(2)
    start = mlp.parameters(rng)
    drawn = mlp.points(rng, examples)
    x, y = np.array([each for each, _ in drawn]), np.array([side for _, side in drawn])
    model = nn.MLP(2, [16, 16, 1])
    for parameter, number in zip(model.parameters(), start, strict=True):
        parameter.data = number

    def hinge(x: Sequence[Any], y: Any) -> Any:
        return ours().relu(1.0 - y * model(x))

    def training(threads: int) -> Contender:
        loss = compile(hinge, batch=(0, 0), reduce="mean", threads=threads)

        def read(_: float) -> Any:
            model.zero_grad()
            value = loss.backward(x, y)
            return flat([value, [parameter.grad for parameter in model.parameters()]])

        return Contender(lambda: loss.backward(x, y), read=read, threads=threads)

    one, two = "exact, one thread", "exact, two threads"
    contenders = {one: training(1)}
    if examples > 1000 or tiny:
        contenders[two] = training(2)
    value = compile(hinge, batch=(0, 0), reduce="mean", threads=1)
    contenders["exact, one thread, the value alone"] = Contender(
        partial(value, x, y), value_only=True
    )
    if jax() is not None:
        contenders |= jax_networks(start, x, y, scalar=not tiny and examples > 1000)
    if find_spec("torch"):
        contenders[TORCH] = torch_network(start, x, y)
    weights = np.array(start)
    for name, flags in ((PORTABLE_C, PORTABLE), (NATIVE_C, NATIVE)):
        library = by_hand(*flags)
        if library is not None:
            found = np.zeros(1 + len(start))
            call = calling(library.network, (examples,), (weights, x, y, found))
            contenders[name] = Contender(call, read=lambda arrays: arrays[-1].copy())
    aims = (
        (
            Aim(one, 1 / 2, JAX),
            Aim(one, 1 / 2.5, PORTABLE_C),
            Aim(one, 1 / 6, "JAX, jit(vmap) of the scalar code"),
            Aim(two, 1 / 1.8, one),
        )
        if examples > 1000
        else (Aim(one, 1 / 4, JAX), Aim(one, 1 / 10, TORCH))
    )
    return Case(
        f"A batch of {examples:,}: hinge loss of a 2-16-16-1 network, value and 337 gradients",
        "example",
        examples,
        contenders,
        (*aims, Aim(one, 2.5, "exact, one thread, the value alone")),
    )


def layers(start: Sequence[float]) -> list[tuple[Any, Any]]:
    """The parameters as a matrix and a vector for each layer."""
    made, at = [], 0
    for inputs, neurons in zip(mlp.WIDTHS, mlp.WIDTHS[1:], strict=False):
        rows = np.array(start[at : at + neurons * (inputs + 1)]).reshape(neurons, inputs + 1)
        made.append((rows[:, :-1].copy(), rows[:, -1].copy()))
        at += rows.size
    return made


def in_our_order(value: Any, gradients: Sequence[tuple[Any, Any]]) -> Any:
    """Of every neuron in turn: its weights, then its bias."""
    rows = [np.column_stack([np.asarray(w), np.asarray(b)]) for w, b in gradients]
    return flat([value, *rows])


def jax_networks(start: Sequence[float], x: Any, y: Any, scalar: bool) -> dict[str, Contender]:
    import jax.numpy as jnp

    def of_matrices(model: Any, x: Any, y: Any) -> Any:
        a = x
        for w, b in model[:-1]:
            a = jnp.maximum(a @ w.T + b, 0.0)
        w, b = model[-1]
        return jnp.maximum(1.0 - y * (a @ w.T + b)[:, 0], 0.0).mean()

    def of_scalars(weights: Any, x: Any, y: Any) -> Any:
        peer = load("jax")

        def one(x: Any, y: Any) -> Any:
            return peer.relu(1.0 - y * mlp.network(weights, peer.relu)([x[0], x[1]]))

        return jax().vmap(one)(x, y).mean()

    gradient = jax().value_and_grad
    made = {
        JAX: jitted(
            gradient(of_matrices), layers(start), x, y, read=lambda found: in_our_order(*found)
        )
    }
    if scalar:
        made["JAX, jit(vmap) of the scalar code"] = jitted(gradient(of_scalars), list(start), x, y)
    return made


def torch_network(start: Sequence[float], x: Any, y: Any) -> Contender:
    import torch

    load("torch")  # one thread
    model = [[torch.tensor(each, requires_grad=True) for each in layer] for layer in layers(start)]
    given, sides = torch.tensor(x), torch.tensor(y)

    def run() -> Any:
        for layer in model:
            for each in layer:
                each.grad = None
        a = given
        for w, b in model[:-1]:
            a = torch.relu(torch.nn.functional.linear(a, w, b))
        w, b = model[-1]
        loss = torch.relu(1.0 - sides * torch.nn.functional.linear(a, w, b)[:, 0]).mean()
        loss.backward()
        return loss.item()

    return Contender(
        run, read=lambda value: in_our_order(value, [(w.grad, b.grad) for w, b in model])
    )


def rosenbrock_case(tiny: bool) -> Case:
    examples, size = (10, 4) if tiny else (10_000, 100)
    x = np.random.default_rng(4).uniform(-2.0, 2.0, (examples, size))
    one = "exact, one thread"
    contenders = {
        one: Contender(partial(compile(value_and_grad(rosenbrock), batch=0, threads=1), x)),
        "exact, two threads": Contender(
            partial(compile(value_and_grad(rosenbrock), batch=0, threads=2), x), threads=2
        ),
        "fast=True, one thread": Contender(
            partial(compile(value_and_grad(rosenbrock), batch=0, threads=1, fast=True), x)
        ),
        "exact, one thread, the value alone": Contender(
            partial(compile(rosenbrock, batch=0, threads=1), x), value_only=True
        ),
    }
    if jax() is not None:

        def of_array(x: Any) -> Any:
            d, e = x[1:] - x[:-1] * x[:-1], 1.0 - x[:-1]
            return (100.0 * (d * d) + e * e).sum()

        contenders[JAX] = jitted(jax().vmap(jax().value_and_grad(of_array)), x)
    for name, flags in ((PORTABLE_C, PORTABLE), (NATIVE_C, NATIVE)):
        library = by_hand(*flags)
        if library is not None:
            values, gradients = np.zeros(examples), np.zeros((examples, size))
            call = calling(library.rosenbrock, (examples, size), (x, values, gradients))
            contenders[name] = Contender(call, read=lambda arrays: flat(arrays[1:]))
    if find_spec("heyoka"):
        contenders["heyoka"] = heyoka(rosenbrock, x.T, {}, lambda out: flat([out[0], out[1:].T]))
    if find_spec("ddx"):
        contenders["ddx, LLVM"] = ddx(rosenbrock, x.T)
    return Case(
        f"A batch of {examples:,}: Rosenbrock's function in {size} dimensions and its gradient",
        "operation",
        examples * rosenbrock_operations(size),
        contenders,
        (Aim(one, 0.4), Aim(one, 2.5, "exact, one thread, the value alone")),
    )


def heyoka(fun: Any, columns: Any, settings: Any, read: Callable[[Any], Any] = flat) -> Contender:
    """heyoka's compiled function for the value and the gradient, from columns to columns."""
    import heyoka as hy

    symbols = hy.make_vars(*[f"x{i:03}" for i in range(len(columns))])
    out = fun(symbols)
    gradient = list(hy.diff_tensors([out], diff_args=symbols, diff_order=1).gradient)
    call = hy.cfunc([out, *gradient], vars=symbols, **settings)
    given = np.ascontiguousarray(columns)
    found = np.zeros((1 + len(columns), given.shape[1]))
    return Contender(lambda: call(given, outputs=found), read=read)


def ddx(fun: Any, columns: Any) -> Contender:
    import ddx

    equation = ddx.equation(lambda: fun([ddx.var(f"x{i:03}") for i in range(len(columns))]))
    equation.compile(points=columns.shape[1])
    call = equation.buffer(np.ascontiguousarray(columns))
    return Contender(call, read=lambda _: flat([call.value, np.asarray(call.jacobian).T]))


class Heyoka:
    """heyoka's functions, by our names."""

    def __getattr__(self, name: str) -> Any:
        import heyoka

        return getattr(heyoka, name)


def market(examples: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    ranges = ((80.0, 120.0), (80.0, 120.0), (0.0, 0.1), (0.1, 0.5), (0.2, 2.0))
    return tuple(rng.uniform(*each, examples) for each in ranges)


def prices_case(examples: int) -> Case:
    columns = market(examples)
    peer = ours()

    def function(*inputs: Any) -> Any:
        return price(inputs, peer)

    def made(function: Any, **settings: Any) -> Callable[[], Any]:
        return partial(compile(function, batch=0, **settings), *columns)

    both = value_and_grad(function, argnums=range(5))
    contenders = {
        EXACT: Contender(made(both, threads=1)),
        FAST_OURS: Contender(made(both, threads=1, fast=True)),
        "fast=True, two threads": Contender(made(both, threads=2, fast=True), threads=2),
        "exact, the value alone": Contender(made(function, threads=1), value_only=True),
        "fast=True, the value alone": Contender(
            made(function, threads=1, fast=True), value_only=True
        ),
    }
    if jax() is not None:
        of_five = jax().value_and_grad(lambda inputs: price(inputs, load("jax")))
        contenders[JAX] = jitted(jax().vmap(of_five), columns)
    for name, flags in ((NATIVE_C, NATIVE), (FAST_C, FAST)):
        library = by_hand(*flags)
        if library is not None:
            found = np.zeros((6, examples))
            call = calling(library.prices, (examples,), (*columns, *found))
            contenders[name] = Contender(call, read=lambda arrays: flat(arrays[5:]))
    if find_spec("heyoka"):
        contenders["heyoka, fast_math"] = heyoka(
            lambda inputs: price(inputs, Heyoka()), np.array(columns), {"fast_math": True}
        )
    if find_spec("drjit"):
        contenders |= drjit_prices(columns)
    return Case(
        f"A batch of {examples:,}: Black–Scholes prices and their five derivatives",
        "price",
        examples,
        contenders,
        (
            Aim(FAST_OURS, 1 / 2, JAX),
            Aim(EXACT, 1.2, NATIVE_C),
            Aim(EXACT, 2.5, "exact, the value alone"),
            Aim(FAST_OURS, 2.5, "fast=True, the value alone"),
        ),
    )


def drjit_prices(columns: Sequence[Any]) -> dict[str, Contender]:
    """Dr.Jit on LLVM, where that loads."""
    import drjit

    try:
        from drjit.llvm.ad import Float64

        drjit.set_thread_count(1)
        given = [Float64(each) for each in columns]
        drjit.eval(given)
    except (ImportError, RuntimeError):
        return {}

    def run() -> Any:
        inputs = [Float64(each) for each in given]
        drjit.enable_grad(inputs)
        value = price(inputs, drjit)
        drjit.backward(value)
        found = [drjit.detach(value), *[drjit.grad(each) for each in inputs]]
        drjit.eval(found)
        drjit.sync_thread()
        return found

    return {"Dr.Jit, LLVM": Contender(run)}


def asian(inputs: Sequence[Any], normals: Sequence[Any], peer: Any) -> Any:
    """The discounted payoff of an option on the mean of a path."""
    spot, strike, rate, volatility, years = inputs
    step = years / len(normals)
    drift = (rate - 0.5 * (volatility * volatility)) * step
    scale = volatility * peer.sqrt(step)
    s, total = spot, 0.0
    for normal in normals:
        s = s * peer.exp(drift + scale * normal)
        total = total + s
    return peer.exp(-rate * years) * peer.relu(total / len(normals) - strike)


def asian_case(tiny: bool) -> Case:
    paths, steps = (10, 4) if tiny else (10_000, 252)
    normals = np.random.default_rng(1).normal(size=(paths, steps))
    inputs = list(MARKET)
    peer = ours()

    def function(inputs: Sequence[Any], normals: Sequence[Any]) -> Any:
        return asian(inputs, normals, peer)

    def made(function: Any, **settings: Any) -> Callable[[], Any]:
        compiled = compile(function, batch=(None, 0), reduce="mean", threads=1, **settings)
        return partial(compiled, inputs, normals)

    both = value_and_grad(function)
    contenders = {
        EXACT: Contender(made(both)),
        FAST_OURS: Contender(made(both, fast=True)),
        "exact, the value alone": Contender(made(function), value_only=True),
        "fast=True, the value alone": Contender(made(function, fast=True), value_only=True),
    }
    if jax() is not None:
        contenders["JAX, scan"] = jax_asian(inputs, normals)
    for name, flags in ((NATIVE_C, NATIVE), (FAST_C, FAST)):
        library = by_hand(*flags)
        if library is not None:
            given, found = np.array(inputs), np.zeros(6)
            call = calling(library.asian, (paths, steps), (given, normals, found))
            contenders[name] = Contender(call, read=lambda arrays: arrays[-1].copy())
    return Case(
        f"An Asian option, {paths:,} paths of {steps} steps: value and five derivatives",
        "step of a path",
        paths * steps,
        contenders,
        (
            Aim(EXACT, 1 / 2, "JAX, scan"),
            Aim(FAST_OURS, 1 / 2, "JAX, scan"),
            Aim(EXACT, 2.5, "exact, the value alone"),
            Aim(FAST_OURS, 2.5, "fast=True, the value alone"),
        ),
    )


def jax_asian(inputs: Sequence[float], normals: Any) -> Contender:
    """A scan over the steps, all paths at once."""
    library = jax()
    jnp = library.numpy

    def function(inputs: Any, columns: Any) -> Any:
        spot, strike, rate, volatility, years = inputs
        step = years / len(columns)
        drift = (rate - 0.5 * volatility * volatility) * step
        scale = volatility * jnp.sqrt(step)

        def move(carried: Any, normals: Any) -> Any:
            s, total = carried
            s = s * jnp.exp(drift + scale * normals)
            return (s, total + s), None

        start = jnp.full(columns.shape[1], spot)
        (_, total), _ = library.lax.scan(move, (start, jnp.zeros(columns.shape[1])), columns)
        return (jnp.exp(-rate * years) * jnp.maximum(total / len(columns) - strike, 0.0)).mean()

    return jitted(library.value_and_grad(function), list(inputs), np.ascontiguousarray(normals.T))


def cases(tiny: bool) -> Iterator[Case]:
    for examples in (3,) if tiny else (3_200, 100):
        yield network_case(examples, tiny)
    yield rosenbrock_case(tiny)
    for examples in (10,) if tiny else (100_000, 1_000_000):
        yield prices_case(examples)
    yield asian_case(tiny)
