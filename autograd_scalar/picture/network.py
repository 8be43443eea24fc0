"""The network in a recorded graph: which of its values are neurons, and what connects them.

Knows the engine's graphs and how labels are read, and nothing of pictures.

A neuron is found by what it computes, whoever wrote it down: a sum of weights times values,
perhaps with a bias, and a function of that sum. Labels give the names, and tell where that
function ends and the next thing begins.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..engine.value import Value
from ..notation.labels import read_label

#: A product, and which of its operands is the weight, which one what it weighs.
_Product = tuple[Value, Value, Value]

_LEAVES = ("leaf", "parameter")
# What an error or a loss begins with, such as (t − a)² and −log a, where no label says better.
_LOSSES = ("pow", "abs", "log", "sub", "log1p")


@dataclass(slots=True, eq=False)
class Link:
    """What goes from one value into another: a weight times the source, or just the source.

    via  the product; where there is no weight, the source itself
    """

    source: Value
    target: Value
    via: Value
    weight: Value | None = None


@dataclass(frozen=True, eq=False)
class Neuron:
    """A function `out` of the weighted sum `net`; a linear neuron's are the same value."""

    net: Value
    out: Value
    links: tuple[Link, ...]
    biases: tuple[Value, ...]


@dataclass(eq=False)
class Network:
    """The neurons of a graph, and what else takes part.

    neurons  by their `out`
    columns  from left to right: inputs, neurons and other values, each a step further on
    links    from column to column
    given    for the result and other values that are no neurons: the leaves that go straight
             into them, such as targets
    inner    for each value inside of a neuron: that neuron's `out`
    order    all values of the graph, operands first
    """

    root: Value
    order: list[Value]
    neurons: dict[Value, Neuron]
    columns: list[list[Value]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    given: dict[Value, list[Value]] = field(default_factory=dict)
    inner: dict[Value, Value] = field(default_factory=dict)

    @cached_property
    def into(self) -> dict[Value, list[Link]]:
        """The links into each value that is shown."""
        into: dict[Value, list[Link]] = defaultdict(list)
        for link in self.links:
            into[link.target].append(link)
        return into

    @cached_property
    def weights(self) -> set[Value]:
        """All weights and biases of neurons."""
        found = {link.weight for link in self.links if link.weight is not None}
        return found.union(*(neuron.biases for neuron in self.neurons.values()))

    def next_to(self, v: Value) -> set[Value]:
        """What a value is, or is in, or as a weight is between, among the values in columns."""
        found = {self.inner.get(v, v)}
        found.update(out for out, neuron in self.neurons.items() if v in {*neuron.biases})
        for link in self.links:
            if link.weight is v:
                found |= {link.source, link.target}
        return found

    def ways_from(self, start: Value) -> int:
        """How many ways lead from a value to the result, from column to column; 0 for none."""
        ways: dict[Value, int] = {v: 0 for column in self.columns for v in column}
        ways[self.inner.get(start, start)] = 1
        for column in self.columns:
            for v in column:
                neuron = self.neurons.get(v)
                straight = neuron.biases if neuron else self.given.get(v, [])
                ways[v] += sum(leaf is start for leaf in straight)
                for link in self.into[v]:
                    ways[v] += ways[link.source] + (link.weight is start)
        return ways[self.root]


def reached_from(order: Sequence[Value], start: Value) -> set[Value]:
    """The values of a graph that were computed from `start`, and itself.

    Every one of them is on a way from `start` to the graph's result.
    """
    found = {start}
    for v in order:
        if not found.isdisjoint(v.parents):
            found.add(v)
    return found


def shares(order: Sequence[Value], wrt: Value | None = None) -> dict[Value, tuple[float, float]]:
    """How much of ∂y/∂wrt goes through each value of a graph, and how much of the result y.

    In size: |∂v/∂wrt · ∂y/∂v| and |v · ∂y/∂v|; without `wrt` the first is 0.
    """
    by = dict.fromkeys(order, 0.0)
    by[order[-1]] = 1.0
    for v in reversed(order):
        for parent, slope in zip(v.parents, v.partials, strict=True):
            by[parent] += by[v] * slope
    moves: dict[Value, float] = {} if wrt is None else {wrt: 1.0}
    for v in order if moves else ():
        if not moves.keys().isdisjoint(v.parents):
            slopes = zip(v.parents, v.partials, strict=True)
            moves[v] = sum(moves.get(parent, 0.0) * slope for parent, slope in slopes)
    return {v: (abs(moves.get(v, 0.0) * by[v]), abs(v.data * by[v])) for v in order}


def users_of(order: Sequence[Value]) -> dict[Value, list[Value]]:
    """For each value of a graph the values it is an operand of, once for each operand.

    Of parameters, which are most of a network, nobody asks.
    """
    users: dict[Value, list[Value]] = defaultdict(list)
    for v in order:
        for parent in v.parents:
            if parent.kind != "parameter":
                users[parent].append(v)
    return users


def sums(order: Sequence[Value], users: dict[Value, list[Value]]) -> dict[Value, list[Value]]:
    """The terms of each sum of a graph, from left to right.

    A sum that goes on unlabelled into another sum, and into nothing else, is part of that
    one. The 0 that Python's `sum` begins with is no term.

    >>> from autograd_scalar import toposort
    >>> a, b, c = Value(1.0), Value(2.0), Value(3.0)
    >>> order = toposort(sum([a, b, c]))
    >>> sums(order, users_of(order)) == {order[-1]: [a, b, c]}
    True
    """

    def goes_on(v: Value) -> bool:
        return v.op == "add" and not v.label and len(users[v]) == 1 and users[v][0].op == "add"

    found = {}
    for top in order:
        if top.op != "add" or goes_on(top):
            continue
        terms: list[Value] = []
        pending = [top]
        while pending:
            v = pending.pop()
            if v is top or goes_on(v):
                pending.extend(reversed(v.parents))
            elif v.label or v.kind != "constant" or v.data:
                terms.append(v)
        found[top] = terms
    return found


def network(order: list[Value]) -> Network:
    """The network in a graph, its values in the order of `toposort`.

    Raises `ValueError` where nothing in the graph is a neuron.

    >>> from autograd_scalar import toposort
    >>> x, w, b = Value(0.5, "x"), Value.parameter(2.0, "w"), Value.parameter(0.1, "b")
    >>> found = network(toposort((w * x + b).tanh()))
    >>> [[v.label or v.op for v in column] for column in found.columns]
    [['x'], ['tanh']]
    """
    users = users_of(order)
    found = Network(order[-1], order, {})
    parts = _weighted_sums(order, users)
    multiplied = {source for products, _ in parts.values() for _, _, source in products}
    for net, (products, biases) in parts.items():
        out, steps = _activation(net, users, multiplied)
        links = tuple(Link(source, out, via, weight) for via, weight, source in products)
        found.neurons[out] = Neuron(net, out, links, tuple(biases))
        found.inner.update(dict.fromkeys((*steps, net, *(link.via for link in links)), out))
    if not found.neurons:
        raise ValueError(
            "no neuron was found in this graph: a neuron is a sum of products, each a leaf (the "
            "weight) times a value, perhaps with a leaf added (the bias), and a function of that "
            'sum, as in tanh(w1*x1 + w2*x2 + b); view="operations" draws any graph'
        )
    _connect(found, multiplied)
    _arrange(found)
    return found


def _weighted_sums(
    order: Sequence[Value], users: dict[Value, list[Value]]
) -> dict[Value, tuple[list[_Product], list[Value]]]:
    """The products and biases of all sums that are weights times values, and biases."""
    # Plain numbers become a value for each use; one at the same place is the same input.
    numbers: dict[tuple[int, float], Value] = {}

    def taken_apart(product: Value, place: int) -> _Product | None:
        factors = _weight_and_source(product, users)
        if factors is None:
            return None
        weight, source = factors
        if source.kind == "constant" and not source.label:
            source = numbers.setdefault((place, source.data), source)
        return product, weight, source

    found = {}
    in_sums: set[Value] = set()
    for top, terms in sums(order, users).items():
        in_sums.update(terms)
        products: list[_Product] = []
        biases: list[Value] = []
        for term in terms:
            product = taken_apart(term, len(products)) if term.op == "mul" else None
            if product is not None:
                products.append(product)
            elif term.op:
                break
            else:
                biases.append(term)
        else:
            if products:
                found[top] = products, biases
    for v in order:
        if v.op != "mul" or v in in_sums:
            continue
        # A sum of one product; as an operand of sums and differences it is part of those.
        if v.label or not {"add", "sub"}.intersection(user.op for user in users[v]):
            product = taken_apart(v, 0)
            if product is not None and product[2].op not in _LOSSES:
                found[v] = [product], []
    return found


def _weight_and_source(
    product: Value, users: dict[Value, list[Value]]
) -> tuple[Value, Value] | None:
    """The operands of a product, the weight first: a leaf, and of two leaves the likelier one."""
    first, second = product.parents
    kinds = first.kind, second.kind
    if first is second or not ("leaf" in kinds or "parameter" in kinds):
        return None

    def unlikely(v: Value, kind: str) -> tuple[bool, bool, bool, int]:
        named = v.label.lstrip("\\")[:1] in ("w", "W", "θ")
        return kind not in _LEAVES, kind != "parameter", not named, len(users[v])

    if kinds[0] == "parameter" != kinds[1]:
        return first, second
    if unlikely(first, kinds[0]) <= unlikely(second, kinds[1]):
        return first, second
    return second, first


def _activation(
    net: Value, users: dict[Value, list[Value]], multiplied: set[Value]
) -> tuple[Value, set[Value]]:
    """The neuron's output, and the values on the way to it.

    Of the values computed from `net` alone: the first one that a further neuron multiplies or
    that has a label; else `net` where it has one; else the first that others go on from.
    """
    if net in multiplied:
        return net, set()
    inside, loss = {net}, set[Value]()
    found = [net]
    pending = deque(users[net])
    while pending:
        v = pending.popleft()
        if v in inside or not all(p in inside or p.kind == "constant" for p in v.parents):
            continue
        inside.add(v)
        if not loss.isdisjoint(v.parents) or _begins_a_loss(v):
            loss.add(v)
        if v in multiplied or (v.label and v not in loss):
            return v, inside - loss - {v}
        found.append(v)
        pending.extend(users[v])
    if not net.label:
        for v in found:
            if v not in loss and (
                not users[v] or any(u not in inside or u in loss for u in users[v])
            ):
                return v, {step for step in found[: found.index(v)] if step not in loss}
    return net, set()


def _begins_a_loss(v: Value) -> bool:
    if v.op == "sub":  # between two values of the function it may be tanh, written out
        return any(p.kind == "constant" for p in v.parents)
    return v.op in _LOSSES


def _connect(found: Network, multiplied: set[Value]) -> None:
    """All links: into neurons, and from whatever is nearest into all else that is shown."""
    shown = {*found.neurons, *multiplied, found.root}
    shown |= {v for v in found.order if v.op and v.label and v not in found.inner}
    for v in found.order:
        if v in found.neurons:
            found.links.extend(found.neurons[v].links)
        elif v in shown and v.op:
            sources, found.given[v] = _nearest(v, shown, found.inner)
            found.links.extend(Link(source, v, source) for source in sources)


def _nearest(
    v: Value, shown: set[Value], inner: dict[Value, Value]
) -> tuple[list[Value], list[Value]]:
    """What is shown that `v` is computed from without others between, and other leaves."""
    sources: dict[Value, None] = {}
    given: list[Value] = []
    met = {v}
    pending = [*reversed(v.parents)]
    while pending:
        each = pending.pop()
        if each in met:
            continue
        met.add(each)
        if each in shown or each in inner:
            sources[inner.get(each, each)] = None
        elif each.op:
            pending.extend(reversed(each.parents))
        else:
            given.append(each)
    return [*sources], given


def _arrange(found: Network) -> None:
    """Put everything into columns: neurons one further than their sources, inputs just before.

    Columns have the order of their labels' subscripts, where all are of one kind, and else the
    one in which sums, from the result back, name their terms.
    """
    into = found.into
    targets: dict[Value, list[Value]] = {}
    for link in found.links:
        targets.setdefault(link.source, []).append(link.target)
    # A neuron's place is known at its sum, before anything else that is made of the sum.
    begun = {neuron.net: out for out, neuron in found.neurons.items()}
    depth: dict[Value, int] = {}
    for each in found.order:
        v = begun.get(each, each)
        if v not in depth and into.get(v):
            depth[v] = 1 + max(depth.setdefault(link.source, 0) for link in into[v])
    for v, after in targets.items():
        if not into[v]:
            depth[v] = min(depth[target] for target in after) - 1
    named: list[dict[Value, None]] = [{} for _ in range(depth[found.root] + 1)]
    named[-1][found.root] = None
    for column in reversed(named):
        for v in column:
            for link in into[v]:
                named[depth[link.source]][link.source] = None
    found.columns = [_in_order([*column]) for column in named]


def _in_order(column: list[Value]) -> list[Value]:
    labels = [read_label(v.label) for v in column]
    if len({(label.base, label.sup, label.plain) for label in labels}) > 1 or labels[0].plain:
        return column

    def key(v: Value) -> list[tuple[int, str]]:
        parts = re.split(r"(\d+)", read_label(v.label).sub)
        return [(int(part), "") if part.isdigit() else (0, part) for part in parts]

    return sorted(column, key=key)
