"""The ways from a value to the result: links between named values, paths of them, and sums.

The numbers are the partials the graph was recorded with, the formulas the table's partials
with names put in: the same two that `backward()` multiplies and adds.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from functools import cached_property

from ..algebra.cancel import shortened
from ..algebra.simplify import as_product, tidy
from ..algebra.trees import SUM, call, is_one, name, names_in, same, size, substituted
from ..engine.value import Value, toposort
from ..notation.document import Row
from ..notation.typeset import derivative, product, total
from .factors import AdjointSum, Factor, Path, Term, along
from .formulas import Formulas, derivatives

#: With more ways than this the derivative is found value by value.
MOST_PATHS = 8

_LONGEST_WRITTEN_OUT = 40


class Chains:
    """What lies between a value and the result of a recorded graph.

    y, wrt      the result, and the value to differentiate with respect to
    every_step  whether each operation is a link, not only what has a label
    value       ∂y/∂wrt
    links       the factors by which each value changes with those it is made from
    count       how many ways there are
    """

    def __init__(self, y: Value, wrt: Value, every_step: bool = False) -> None:
        self.y = y
        self.wrt = wrt
        self.order = toposort(y)
        self.moving = _descendants(self.order, wrt)
        named = self.moving if every_step else {wrt} & self.moving
        self.formulas = Formulas(y, named, wrt)
        self.adjoints: dict[Value, float] = {}
        self.value = 0.0
        self.links: dict[Value, list[Factor]] = {}
        if wrt not in self.moving:
            return
        self.adjoints = derivatives(self.order)
        self.value = self.adjoints[wrt]
        self.links = {
            v: [
                Factor(self.formulas, v, by, partial)
                for by, partial in self.formulas.inputs(v).items()
                if by in self.moving
            ]
            for v in self.order
            if v in self.formulas and v in self.moving and v is not wrt
        }

    def name(self, v: Value) -> ast.expr:
        """The name of a value, as an expression."""
        return name(self.formulas.names[v])

    def symbol(self, v: Value) -> ast.expr:
        """∂y/∂v."""
        return derivative(self.formulas.names[self.y], self.formulas.names[v])

    @cached_property
    def count(self) -> int:
        paths = {self.wrt: 1}
        for v in self.order:
            if v in self.links:
                paths[v] = sum(paths[factor.by] for factor in self.links[v])
        return paths[self.y]

    @cached_property
    def paths(self) -> list[Path]:
        """Every way, where there are few."""
        return [Path(chain, along(chain)) for chain in map(tuple, self._chains())]

    @cached_property
    def factors(self) -> list[Factor]:
        """The links of all ways, each once."""
        return list(dict.fromkeys(factor for path in self.paths for factor in path.factors))

    def _chains(self) -> Iterator[list[Factor]]:
        """Every chain of links from the result to `wrt`."""
        chain: list[Factor] = []
        pending = [iter(self.links[self.y])]
        while pending:
            factor = next(pending[-1], None)
            if factor is None:
                pending.pop()
                if chain:
                    chain.pop()
            elif factor.by is self.wrt:
                yield [*chain, factor]
            else:
                chain.append(factor)
                pending.append(iter(self.links[factor.by]))

    @property
    def left(self) -> ast.expr:
        """The derivative as it is written where the ways are listed."""
        if len(self.factors) == 1:
            return self.factors[0].symbol
        if len(self.paths) > 1 and any(len(path.factors) == 1 for path in self.paths):
            # ∂y/∂x is one of several terms then, so the sum is the total derivative dy/dx.
            return total(self.formulas.names[self.y], self.formulas.names[self.wrt])
        return self.symbol(self.wrt)

    # From the result back, value by value.

    def _is_net(self, v: Value, onto: Value) -> bool:
        """Whether `v` is the net input of a neuron: several values in, and one function out."""
        return len(self.formulas.inputs(v)) > 1 and len(self.formulas.inputs(onto)) == 1

    @cached_property
    def recursion(self) -> list[AdjointSum]:
        """The derivative with respect to each value between, from the result back to `wrt`.

        The net input of a neuron shares its output's line, so that a line goes from one
        layer's outputs to the next's.
        """
        used_by: dict[Value, list[Factor]] = {}
        for factors in self.links.values():
            for factor in factors:
                used_by.setdefault(factor.by, []).append(factor)
        passed_on: dict[Value, Factor] = {}
        known = self.adjoints
        layer = {self.y: 0}
        sums = []
        for v in reversed(self.order):
            if v is self.y or v not in used_by:
                continue
            uses = used_by[v]
            onto = uses[0].of
            if (
                len(uses) == 1
                and v is not self.wrt
                and onto is not self.y
                and onto not in passed_on
                and self._is_net(v, onto)
            ):
                passed_on[v] = uses[0]
                continue
            terms = []
            for factor in uses:
                chain: tuple[Factor, ...] = (factor,)
                if factor.of in passed_on:
                    chain = (passed_on[factor.of], factor)
                end = chain[0].of
                terms.append(Term(chain, end, known[end], along(chain, known[end])))
            layer[v] = 1 + max(layer[term.onto] for term in terms)
            sums.append(AdjointSum(v, layer[v], tuple(terms), known[v]))
        # Within a layer no line needs another, so they stand in the order of the graph.
        sums.reverse()
        return sorted(sums, key=lambda each: each.layer)

    def general(self) -> tuple[ast.expr, ast.expr, ast.expr]:
        """The value that is summed over, a term of the sum, and what the sum is."""
        taken = self.formulas.values
        v, u = [each for each in "vusrqp" if each not in taken][:2]
        y = self.formulas.names[self.y]
        return name(u), product([derivative(u, v), derivative(y, u)]), derivative(y, v)

    @property
    def many(self) -> str:
        """How many ways, in words: a number of thousands of digits is too much even for `str`."""
        count = self.count
        return f"{count:,}" if count < 10**12 else f"about 10^{math.log10(count):.0f}"

    # The product of the formulas.

    @property
    def formula(self) -> ast.expr:
        """The derivative along all ways, in the names between; of few ways."""
        ways = [[factor.formula_tree for factor in path.factors] for path in self.paths]
        if len(ways) == 1:
            return self.formula_rows(ways[0])[-1].side
        return tidy(call(SUM, *map(product, ways)))

    def formula_rows(self, formulas: Sequence[ast.expr]) -> list[Row]:
        """The formulas side by side, then with the signs in front, cancelled, and written out."""
        rows = [Row(product(formulas))]
        minus = sum(isinstance(each, ast.UnaryOp) for each in formulas)
        if minus > isinstance(formulas[0], ast.UnaryOp):
            says = "two minus signs cancel" if minus > 1 else "the minus sign goes in front"
            rows.append(Row(_multiplied(formulas), ((says, ()),)))
        elif any(map(is_one, formulas)):
            rows.append(Row(_multiplied(formulas), (("a factor 1 changes nothing", ()),)))
        shorter = _shorter(product(formulas))
        if shorter is not None:
            rows.append(Row(shorter, (("simplify", ()),)))
        alone = self._in_wrt_alone(rows[-1].side)
        if alone is not None:
            rows.append(Row(alone, (("put in what the names stand for", ()),)))
        return rows

    def _in_wrt_alone(self, tree: ast.expr) -> ast.expr | None:
        """A short derivative of a function of `wrt` alone, without the names in between."""
        if any(v.kind in ("leaf", "parameter") and v is not self.wrt for v in self.order):
            return None
        written = tree
        for v in reversed(self.order):
            if v in self.links and self.formulas.names[v] in names_in(written):
                formula = {self.formulas.names[v]: self.formulas.formula(v)}
                written = substituted(written, formula)
                if size(written) > _LONGEST_WRITTEN_OUT:
                    return None
        written = tidy(written)
        return None if same(written, tidy(tree)) else written


def _descendants(order: Sequence[Value], start: Value) -> set[Value]:
    """The values that were computed from `start`, and itself."""
    found = {start} & set(order)
    if found:
        for v in order:
            if not found.isdisjoint(v.parents):
                found.add(v)
    return found


def _multiplied(factors: Sequence[ast.expr]) -> ast.expr:
    """The factors side by side, ones left out and the signs in front."""
    negative = False
    shown = []
    for factor in factors:
        while isinstance(factor, ast.UnaryOp) and isinstance(factor.op, ast.USub):
            negative, factor = not negative, factor.operand
        if not is_one(factor):
            shown.append(factor)
    result = product(shown or [ast.Constant(1)])
    return ast.UnaryOp(ast.USub(), result) if negative else result


def _shorter(tree: ast.expr) -> ast.expr | None:
    """What a product of fractions cancels down to."""
    if any(power < 0 and names_in(base) for base, power in as_product(tree)[1].values()) or any(
        isinstance(node, ast.Div) for node in ast.walk(tree)
    ):
        found = shortened(tree)
        if found is not None and size(found) <= 0.6 * size(tidy(tree)):
            return found
    return None
