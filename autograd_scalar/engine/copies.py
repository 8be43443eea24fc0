"""Graphs copied and stored: `copy`, `deepcopy` and `pickle`, at any depth.

Importing this file gives Value the methods that Python's `copy` and `pickle` look for.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import islice
from typing import Any

from ..table.registry import OPCODES, TABLE
from .value import Value, constant, link, require_values, toposort


def _clone(v: Value, parents: Sequence[Value]) -> Value:
    copied = constant(v._data)
    copied._opcode = v._opcode
    copied._label = v._label
    copied._grad = v._grad
    link(copied, parents, v.partials)
    return copied


def _copy(v: Value) -> Value:
    require_values([v])
    return _clone(v, v.parents)


def _deepcopy(v: Value, memo: dict[int, Any]) -> Value:
    """A copy of the whole graph, leaves included, at any depth.

    `backward()` on the copy fills the copy's leaves. Deep-copy a container of result
    and leaves together to get hold of both.
    """
    for each in toposort(v):
        if id(each) not in memo:
            memo[id(each)] = _clone(each, [memo[id(parent)] for parent in each.parents])
    copied: Value = memo[id(v)]
    return copied


def _reduce(v: Value) -> tuple[Any, ...]:
    """Pickle the whole graph, at any depth.

    Leaves and parameters are shared between the graphs of one pickle; the rest is
    copied into each graph that is pickled on its own.
    """
    require_values([v])
    if v._opcode < 0:
        return _restore_leaf, (v.data, v._label, v._grad, v.kind)
    order = toposort(v)
    position = {each: i for i, each in enumerate(order)}
    shared, labels = [], {}
    opcodes, parents, numbers = array("i"), array("q"), array("d")
    for i, each in enumerate(order):
        opcodes.append(each._opcode)
        if each.kind in _SHARED:
            shared.append(each)
            continue
        numbers.append(each._data)
        numbers.append(each._grad)
        if each._label:
            labels[i] = each._label
        if each._opcode >= 0:
            numbers.extend(each.partials)
            parents.extend([position[parent] for parent in each.parents])
    names = {opcode: TABLE[opcode].name for opcode in {*opcodes} if opcode >= 0}
    return _restore_graph, (names, opcodes, parents, numbers, labels, shared)


_SHARED = ("leaf", "parameter")
_MAKERS = {"leaf": Value, "parameter": Value.parameter, "constant": constant}


def _restore_leaf(data: float, label: str, grad: float, kind: str) -> Value:
    v = _MAKERS[kind](data)
    v.label = label
    v._grad = grad
    return v


def _restore_graph(
    names: dict[int, str],
    opcodes: Any,
    parents: Any,
    numbers: Any,
    labels: dict[int, str],
    shared: list[Value],
) -> Value:
    """The result of a pickled graph; opcodes may be others here, names are the same."""
    for name in names.values():
        if name not in OPCODES:
            raise ValueError(
                f"this graph uses the primitive {name!r}, which is not registered here"
            )
    here = {opcode: OPCODES[name] for opcode, name in names.items()}
    arity = {opcode: len(TABLE[here[opcode]].arguments) for opcode in names}
    leaves, operands, number = iter(shared), iter(parents), iter(numbers)
    stored = {leaf._opcode for leaf in shared}
    values: list[Value] = []
    for opcode in opcodes:
        if opcode in stored:
            values.append(next(leaves))
            continue
        data, grad = next(number), next(number)
        v = constant(data)
        if opcode >= 0:
            count = arity[opcode]
            v._opcode = here[opcode]
            link(v, [values[i] for i in islice(operands, count)], [*islice(number, count)])
        v._grad = grad
        values.append(v)
    for i, label in labels.items():
        values[i]._label = label
    return values[-1]


for _name, _method in (("__copy__", _copy), ("__deepcopy__", _deepcopy), ("__reduce__", _reduce)):
    setattr(Value, _name, _method)
