"""Sparse Jacobians and Hessians: as many sweeps as a colouring of their structure has colours.

Each entry has the bits that it has in the dense matrix: what shares a sweep with it adds nothing
to what it is made of. Where a star colouring saves sweeps, entries of a Hessian come from
either triangle, where those of the dense one come from one, and may be rounded otherwise; and so
they may where the dense one meets 0 times infinity, and is computed again from a graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..engine.value import Value, constant
from . import colouring
from .csr import Structure, TracedSparse
from .pytree import is_number
from .sparsity import hessian_pattern, jacobian_pattern
from .trace import Trace

#: A star colouring has three colours too, but for matrices that need hardly any.
_FEW = 3


def check_flat(tree: Any, what: str) -> None:
    """Raise `ValueError` for what is not one number, or one list, tuple or array of numbers."""
    if isinstance(tree, list | tuple):
        nested: Any = next((each for each in tree if not _is_one(each)), None)
        if nested is None:
            return
        found = f"a {type(tree).__name__} with a {type(nested).__name__} in it"
    elif _is_one(tree) or getattr(tree, "ndim", 0) == 1:
        return
    else:
        shape = getattr(tree, "shape", None)
        found = f"an array of shape {shape}" if shape else f"a {type(tree).__name__}"
    raise ValueError(
        f"a sparse matrix has a row or column for each number of one list, tuple or array of one "
        f"dimension, but {what} is {found}; take the list apart, or put it together, inside the "
        "function, or leave out sparse=True"
    )


def _is_one(tree: Any) -> bool:
    kind = type(tree)
    return kind is float or kind is Value or is_number(tree) or getattr(tree, "shape", 0) == ()


def sparse_jacobian(trace: Trace, outs: list[Any], mode: str | None) -> Any:
    """The derivatives of `outs` by the leaves, a row for each of `outs`."""
    _check_numbers(trace)
    places = [i for i, out in enumerate(outs) if type(out) is Value]
    roots = [outs[i] for i in places]
    rows: list[list[int]] = [[] for _ in outs]
    for i, row in zip(places, jacobian_pattern(roots, trace.leaves), strict=True):
        rows[i] = row
    width = len(trace.leaves)
    held = colouring.transposed(rows, width)
    by_row = [] if mode == "forward" else colouring.columns(held, len(rows))
    by_column = [] if mode == "reverse" else colouring.columns(rows, width)
    forward, backward = colouring.count(by_column), colouring.count(by_row)
    if mode is None:
        # Where both take as many sweeps, it is the one that the dense matrix takes.
        fewer = len(outs) <= width
        mode = "reverse" if backward < forward or (backward == forward and fewer) else "forward"
    entries: dict[tuple[int, int], Any] = {}
    if mode == "reverse":
        for group in _groups(by_row):
            of = {j: i for i in group for j in rows[i]}
            found = trace.row_sums([outs[i] for i in group], [trace.leaves[j] for j in of])
            entries |= {(i, j): each for (j, i), each in zip(of.items(), found, strict=True)}
    else:
        for group in _groups(by_column):
            of = {i: j for j in group for i in held[j]}
            found = trace.column_sums([outs[i] for i in of], group)
            entries |= zip(of.items(), found, strict=True)
    return _arranged(trace, rows, width, entries)


def sparse_hessian(trace: Trace, out: Any) -> Any:
    """The second derivatives of `out` by the leaves."""
    _check_numbers(trace)
    width = len(trace.leaves)
    rows: list[list[int]] = [[] for _ in range(width)]
    if type(out) is Value:
        rows = hessian_pattern(out, trace.order, trace.leaves)
    return _arranged(trace, rows, width, _second_derivatives(trace, out, rows))


def _second_derivatives(trace: Trace, out: Any, rows: list[list[int]]) -> dict[Any, Any]:
    """The entries of the lower triangle."""
    product = trace.hessian_product(out)
    if product is not None:
        colours = colouring.columns(rows, len(rows))
        if colouring.count(colours) > _FEW:
            other = colouring.star(rows)
            if colouring.count(other) < colouring.count(colours):
                colours = other
        entries: dict[tuple[int, int], Any] = {}
        for group in _groups(colours):
            found = product.times(_indicator(group, len(rows)))
            once: dict[int, int] = {}
            for j in group:
                for i in rows[j]:
                    once[i] = j if i not in once else -1
            for i, j in once.items():
                # Like the dense matrix, by the later column where it can be read from that.
                if j >= i:
                    entries[j, i] = found[i]
                elif j >= 0:
                    entries.setdefault((i, j), found[i])
        if trace.connected or not any(map(math.isnan, entries.values())):
            return entries
    slopes = trace.slopes(out)
    entries = {}
    for i, row in enumerate(rows):
        lower = [j for j in row if j <= i]
        found = trace.row_sums([slopes[i]], [trace.leaves[j] for j in lower])
        entries |= {(i, j): each for j, each in zip(lower, found, strict=True)}
    return entries


def _arranged(trace: Trace, rows: list[list[int]], width: int, entries: dict[Any, Any]) -> Any:
    structure = Structure(rows, width)
    found = trace.finished([*entries.values()])
    by_place = dict(zip(entries, found, strict=True))
    pairs = [(i, j) for i, row in enumerate(rows) for j in row]
    # Of a symmetric matrix there is one triangle.
    data = [by_place[pair] if pair in by_place else by_place[pair[::-1]] for pair in pairs]
    if not trace.symbolic:
        return structure.of(data)
    return TracedSparse(structure, [v if type(v) is Value else constant(v) for v in data])


def _check_numbers(trace: Trace) -> None:
    if trace.connected and not trace.symbolic:
        raise TypeError(
            "a sparse matrix holds plain numbers, but Values from outside take part here, by "
            "which its entries could be differentiated; leave out sparse=True, or use "
            "stop_gradient on those Values"
        )


def _groups(colours: Sequence[int]) -> list[list[int]]:
    """The indices of each colour."""
    groups: list[list[int]] = [[] for _ in range(colouring.count(colours))]
    for i, colour in enumerate(colours):
        if colour >= 0:
            groups[colour].append(i)
    return groups


def _indicator(group: Sequence[int], size: int) -> list[float]:
    found = [0.0] * size
    for i in group:
        found[i] = 1.0
    return found
