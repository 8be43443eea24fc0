"""A compiled function on `dask.array`s: each chunk of rows by itself, wherever Dask runs it.

What goes to a worker are tapes and numbers. Examples that go a way there is no tape for are asked
of the process that made the arrays, see `sending`.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import dask.array
import numpy as np
from dask.delayed import delayed

from ..transforms.pytree import keystr
from .asking import sendable
from .batch import Failure, found
from .examples import Column, containers
from .parts import Sums, is_chunked, summed
from .sending import Program, program
from .specialised import Specialisation

# Dask's functions of arrays have no types.
da: Any = dask.array

_ROWS = 0


def map_chunks(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`Compiled.map` where a `dask.array` is among the arguments."""
    axes = compiled.batch
    axes = axes if isinstance(axes, tuple | list) else [axes] * len(args)
    leaves: list[tuple[str, Any]] = []
    template = [*args]
    for i, axis in enumerate(axes[: len(args)]):
        if axis is not None:
            template[i] = _one_row(args[i], f"args[{i}]", leaves)
    named = [(f"args[{i}]", argument) for i, argument in enumerate(template)]
    for path, argument in [*named, *kwargs.items()]:
        if is_chunked(argument):
            raise TypeError(
                f"{path} is shared by all examples, so it must be numbers, not something of "
                "Dask's: compute it first"
            )
    ready, like = program(compiled, template, kwargs)
    arrays = _unified(leaves)
    if compiled.reduce == "mean" and not arrays[0].shape[0]:
        raise ValueError("the mean of no examples is not defined")
    return _graph(ready, like, arrays, compiled.reduce)


def _one_row(argument: Any, path: Any, leaves: list[tuple[str, Any]]) -> Any:
    """An argument with one row of ones in place of each array; those are added to `leaves`."""
    container = containers(argument)
    if container is not None:
        spell, keys, parts, rebuild = container
        pairs = zip(keys, parts, strict=True)
        return rebuild([_one_row(part, (path, spell, key), leaves) for key, part in pairs])
    array = _checked(argument, keystr(path))
    leaves.append((keystr(path), array))
    ones = np.ones((1, *array.shape[1:]))
    return ones.tolist() if isinstance(argument, list | tuple) else ones


def _checked(argument: Any, where: str) -> Any:
    """A `dask.array` with whole rows."""
    array: Any = argument
    if not is_chunked(array):
        given = np.ma.asarray(array) if isinstance(array, np.ma.MaskedArray) else np.asarray(array)
        array = da.from_array(given, chunks=-1)
    if not isinstance(array, da.Array) or not array.ndim:
        raise TypeError(
            f"{where} is {argument!r:.60}, but must be an array whose first axis runs over "
            "examples; of a data frame that is to_dask_array(lengths=True), of a list of arrays "
            "da.stack(…, axis=1)"
        )
    if any(math.isnan(size) for axis in array.chunks for size in axis):
        raise ValueError(
            f"{where} has chunks of unknown sizes, so its examples can't be counted: call its "
            "compute_chunk_sizes() first, or make it with to_dask_array(lengths=True)"
        )
    problem = "masked" if isinstance(array._meta, np.ma.MaskedArray) else f"of type {array.dtype}"
    if problem == "masked" or array.dtype.kind not in "biuf":
        raise TypeError(
            f"{where} must be numbers, one row for each example, and is {problem}; convert it, "
            "e.g. by astype(float)"
        )
    return array.rechunk(dict.fromkeys(range(1, array.ndim), -1))


def _unified(leaves: Sequence[tuple[str, Any]]) -> list[Any]:
    """The arrays, with the same chunks of rows."""
    where, first = leaves[0]
    for path, array in leaves:
        if array.shape[0] != first.shape[0]:
            raise ValueError(
                f"{where} has {first.shape[0]} examples and {path} has {array.shape[0]}; they "
                "must have as many"
            )
    return [*da.core.unify_chunks(*_indexed([array for _, array in leaves]))[1]]


def _indexed(arrays: Sequence[Any]) -> list[Any]:
    """Arrays as Dask pairs them with names of their axes: the first is common to all."""
    pairs: list[Any] = []
    axis = 1
    for array in arrays:
        pairs += [array, (_ROWS, *range(axis, axis + array.ndim - 1))]
        axis += array.ndim - 1
    return pairs


def _blocks(function: Callable[..., Any], index: Sequence[int], *pairs: Any, **more: Any) -> Any:
    """An array whose blocks are what a function makes of blocks."""
    return da.blockwise(
        function,
        index,
        *pairs,
        name=f"compiled-{function.__name__.strip('_')}-{uuid.uuid4().hex}",
        dtype=np.float64,
        align_arrays=False,
        concatenate=True,
        **more,
    )


def _graph(ready: Program, like: Specialisation, arrays: list[Any], reduce: str | None) -> Any:
    """The results as arrays of Dask, in the containers of the function's result."""
    # It is a task of its own, so that it goes to each worker once.
    here = delayed(ready, name=f"compiled-{ready.token}", traverse=False)
    chunks = arrays[0].chunks[0]
    starts = da.from_array(np.cumsum([0, *chunks])[:-1], chunks=1)
    pairs = [*_indexed(arrays), starts, (_ROWS,)]
    width = len(like.tape.outputs)
    work = _results if reduce is None else _sums
    found = _blocks(work, (_ROWS,), *pairs, ready=here, width=width, meta=np.empty(0))
    if reduce is not None:
        found = da.reduction(
            found,
            _as_it_is,
            _added,
            axis=0,
            combine=_added,
            concatenate=False,
            dtype=np.float64,
            meta=np.empty(()),
        )
    made = []
    at = 0
    for unit in like.treedef.units:
        shape = unit or ()
        axes = {1 + i: size for i, size in enumerate(shape)}
        index = range(found.ndim)
        made.append(
            _blocks(
                _columns if reduce is None else _numbers,
                (*index, *axes),
                found,
                (*index,),
                new_axes=axes,
                meta=np.empty((0,) * (found.ndim + len(axes))),
                at=at,
                unit=unit,
                **({} if reduce is None else {"reduce": reduce, "width": width}),
            )
        )
        at += math.prod(shape)
    result = like.treedef.unflatten_units(made)
    if ready.errors != "report":
        return result
    parts = found.to_delayed(optimize_graph=False).ravel().tolist()
    return result, delayed(_failures)(parts)


class Results(NamedTuple):
    """The results of a chunk of rows: a column for each, and which rows failed."""

    columns: Sequence[Column]
    failures: list[Failure]


def _results(*blocks: Any, ready: Program, width: int) -> Results:
    *arrays, starts = blocks
    calls = ready.examples(arrays)
    if not calls.size:
        return Results([np.empty(0)] * width, [])
    made = found(ready, calls, int(starts[0]), _ignored)
    columns = made.columns or [np.full(calls.size, np.nan)] * width
    return Results(columns, _sendable(made.failures))


def _sums(*blocks: Any, ready: Program, width: int) -> Sums:
    *arrays, starts = blocks
    sums, _ = summed(ready, ready.examples(arrays), int(starts[0]), _ignored)
    sums.failures = _sendable(sums.failures)
    return sums


def _ignored(count: int) -> None:
    pass


def _sendable(failures: list[Failure]) -> list[Failure]:
    errors = sendable([error for _, error in failures])
    return [(index, error) for (index, _), error in zip(failures, errors, strict=True)]


def _as_it_is(block: Any, **_: Any) -> Any:
    return block


def _added(parts: Any, **_: Any) -> Any:
    """The sums of some blocks, in their order."""
    if isinstance(parts, np.ndarray):
        return parts  # what Dask infers a type from
    whole = Sums()
    for part in parts if isinstance(parts, list) else [parts]:
        whole.add(part)
    return whole


def _columns(results: Results, at: int, unit: tuple[int, ...] | None) -> Column:
    """The results of a chunk that make one array."""
    if unit is None:
        return np.asarray(results.columns[at])
    some = np.array(results.columns[at : at + math.prod(unit)])
    return some.T.reshape((-1, *unit))


def _numbers(sums: Sums, at: int, unit: tuple[int, ...] | None, reduce: str, width: int) -> Any:
    """The sums or means that make one number or array."""
    # Of no examples a sum is 0; where each failed it is not known.
    numbers = sums.reduced(reduce) or [np.nan if sums.failures else 0.0] * width
    if unit is None:
        return np.float64(numbers[at])
    return np.array(numbers[at : at + math.prod(unit)]).reshape(unit)


def _failures(parts: list[Any]) -> list[Failure]:
    return [failure for part in parts for failure in part.failures]
