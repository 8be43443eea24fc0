"""What a node costs in graphs of ten thousand to ten million: nanoseconds and bytes.

Deep graphs are one chain; wide ones are a layer, summed by pairs. Each measurement has a
process of its own, so that none inherits the memory of another.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..harness import spread
from ..peers import load

#: Small graphs are built again until there were this many nodes, or a hundred graphs.
ENOUGH_NODES = 1_000_000
ENOUGH_GRAPHS = 100

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)


def deep(leaf: Any, nodes: int) -> Any:
    """A chain: every node's first operand is the one before."""
    value = leaf
    for _ in range(nodes):
        value = value + leaf
    return value


def wide(leaf: Any, nodes: int) -> Any:
    """A layer of products, summed by pairs; `nodes` in all, give or take a few."""
    layer = [leaf * leaf for _ in range(nodes // 2)]
    while len(layer) > 1:
        alone = [layer.pop()] if len(layer) % 2 else []
        each = iter(layer)
        layer = [a + b for a, b in zip(each, each, strict=True)] + alone
    return layer[0]


SHAPES = {"depth": deep, "width": wide}


def resident_bytes() -> int | None:
    """The memory this process occupies now (or did at most, where only that is known)."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        import resource

        return int(statm.read_text().split()[1]) * resource.getpagesize()
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None


def measure(shape: str, nodes: int, build: str) -> dict[str, Any]:
    """Record, sweep and free graphs of this size, in this process."""
    leaf = load(build).constant(1.0)
    make = SHAPES[shape]
    copies = min(ENOUGH_GRAPHS, max(1, ENOUGH_NODES // nodes))
    make(leaf, 1000).backward()

    gc.collect()
    before = resident_bytes()
    kept = [make(leaf, nodes) for _ in range(copies)]
    after = resident_bytes()
    del kept

    gc.collect()
    start = time.perf_counter()
    for _ in range(copies):
        root = make(leaf, nodes)
        root.backward()
        del root
    elapsed = time.perf_counter() - start
    return {
        "nanoseconds": 1e9 * elapsed / (copies * nodes),
        "bytes": None if before is None or after is None else (after - before) / (copies * nodes),
    }


def measure_apart(shape: str, nodes: int, build: str) -> dict[str, Any]:
    """`measure` in a process of its own."""
    program = (
        f"import json, sys; sys.path[:] = {sys.path!r}; from {__name__} import measure; "
        f"print(json.dumps(measure({shape!r}, {nodes!r}, {build!r})))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def sizes(build: str, *, tiny: bool, full: bool) -> Sequence[int]:
    """The sizes to measure: the largest takes the plain build minutes and 4 GB."""
    if tiny:
        return (100, 1000)
    return SIZES if full or build == "compiled" else SIZES[:-1]


def run(build: str, counts: Sequence[int], rounds: int) -> dict[str, Any]:
    """What a node costs, by shape and number of nodes; sizes take turns in every round."""
    cases = [(shape, nodes) for shape in SHAPES for nodes in counts]
    samples: dict[tuple[str, int], list[dict[str, Any]]] = {case: [] for case in cases}
    for _ in range(rounds):
        for shape, nodes in cases:
            samples[shape, nodes].append(measure_apart(shape, nodes, build))
    found: dict[str, Any] = {shape: {} for shape in SHAPES}
    for (shape, nodes), measured in samples.items():
        found[shape][str(nodes)] = {
            cost: None if measured[0][cost] is None else spread([each[cost] for each in measured])
            for cost in ("nanoseconds", "bytes")
        }
    return found
