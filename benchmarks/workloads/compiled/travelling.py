"""What it takes to carry compiled functions to another process, or to a file and back."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
    load,
    nn,
    value_and_grad,
)

from .case import Aim, Case, Contender, flat
from .making import dimensions
from .single import rosenbrock

#: Nanoseconds a node to be there, and bytes a node on the way.
THERE, BYTES = 100.0, 40.0
UNPICKLED, LOADED = "unpickled, and the first call", "loaded from a file, and the first call"


def cases(tiny: bool) -> Iterator[Case]:
    size = 4 if tiny else dimensions(10_000)
    point = [0.1 + 0.8 * i / size for i in range(size)]
    yield case(
        "The gradient of Rosenbrock's function",
        lambda: compile(value_and_grad(rosenbrock)),
        lambda compiled: compiled(point),
        (Aim(UNPICKLED, THERE), Aim(LOADED, THERE)),
    )
    model = nn.MLP(2, [2 if tiny else 16, 2 if tiny else 16, 1], rng=0)
    points = np.random.default_rng(0).normal(size=(64, 2))
    targets = np.sign(points[:, 0])

    def gradients(compiled: Any) -> Any:
        for v in (*model.parameters(), *compiled.parameters()):
            v.grad = 0.0
        found = compiled.backward(points, targets)
        return [found, sorted(v.grad for v in compiled.parameters())]

    yield case(
        "A batch's loss of an MLP and its gradients",
        lambda: compile(lambda x, y: (model(x) - y) ** 2, batch=(0, 0), reduce="mean"),
        gradients,
    )


def case(
    title: str,
    make: Callable[[], Any],
    call: Callable[[Any], Any],
    aims: tuple[Aim, ...] = (),
) -> Case:
    compiled = make()
    call(compiled)
    nodes = len(compiled.tape)
    text = pickle.dumps(compiled, pickle.HIGHEST_PROTOCOL)
    # It is gone with the last contender that needs it.
    folder = tempfile.TemporaryDirectory()
    path, other = Path(folder.name, "f.tape"), Path(folder.name, "g.tape")
    compiled.save(path)

    def saved() -> Path:
        compiled.save(other)
        return other

    def contender(run: Callable[[], Any], read: Callable[[Any], Any] = call) -> Contender:
        made = Contender(run, read=lambda found: flat(read(found)))
        made.folder = folder  # type: ignore[attr-defined]
        return made

    sizes = (
        f"{len(text) / nodes:.1f} bytes a node pickled, {os.path.getsize(path) / nodes:.1f} saved"
    )
    return Case(
        f"{title}, {nodes:,} nodes, to another process: {sizes} (aim: {BYTES:g})",
        "node",
        nodes,
        {
            "a call": contender(lambda: call(compiled), lambda found: found),
            "unpickled": contender(lambda: pickle.loads(text)),
            UNPICKLED: contender(lambda: call(pickle.loads(text)), lambda found: found),
            "pickled": contender(
                lambda: pickle.dumps(compiled, pickle.HIGHEST_PROTOCOL),
                lambda text: call(pickle.loads(text)),
            ),
            "loaded from a file": contender(lambda: load(path)),
            LOADED: contender(lambda: call(load(path)), lambda found: found),
            "saved": contender(saved, lambda path: call(load(path))),
            "traced and compiled there instead": contender(
                lambda: call(make()), lambda found: found
            ),
        },
        aims,
    )
