"""The points at which the lines of a derivation are checked.

They lie on both sides of every edge: of each test the expression or its derivative makes, and
of each domain. Edges are looked for along one name after another, over magnitudes to 1e3.
"""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

from ..algebra.intervals import bounds
from ..algebra.trees import key, names_in, row_of, size, substituted
from ..table.floats import CONSTANTS
from ..table.primitives import Primitive
from ..table.registry import KERNELS, OPCODES
from .rounding import Calculator
from .rules import Point

_WANTED = 6
_MOST = 16
#: Where numbers of ordinary size are taken from, one range after another.
RANGES = ((-2.0, 2.0), (0.1, 0.9), (1.2, 3.0), (-0.9, 0.9), (-3.0, -0.2))
_MAGNITUDES = [10 ** (k / 4) for k in range(-12, 13)]
_EDGES = 60
_NEAR = 10.0
# How many operations the search may compute.
_BUDGET = 400_000


def candidates(names: Sequence[str], count: int = 100) -> Iterator[Point]:
    """Points to try: every other one of ordinary size, the rest of any size to 1e3."""
    rng = random.Random(0)
    for i in range(count):
        if i % 4 < 2:
            yield {each: rng.uniform(*RANGES[i % len(RANGES)]) for each in names}
        else:
            yield {each: rng.choice((-1, 1)) * 10 ** rng.uniform(-3, 3) for each in names}


def _whole_numbers(names: Sequence[str], count: int = 60) -> Iterator[Point]:
    """Points for what has a value at whole numbers only, such as the order of `polygamma`."""
    rng = random.Random(0)
    for _ in range(count):
        yield {each: rng.choice((float(rng.randint(0, 3)), rng.uniform(0.1, 3))) for each in names}


def check_points(
    tree: ast.expr,
    derivative: ast.expr,
    names: Sequence[str],
    functions: Mapping[str, Any],
    is_sound: Callable[[Point], bool],
    *,
    near: bool = False,
) -> list[Point]:
    """Points at which `is_sound`, with both outcomes of as many tests as possible among them.

    derivative  the expression's derivative as the rules give it
    names       the names to give numbers to; edges are looked for along the last one last
    near        whether points close to each edge are wanted on both sides, beside any others:
                far out, what is large hides what is not
    """
    edges = _edges_of(tree, derivative)
    pool = [*candidates(names)]
    if edges:
        pool += _beside_edges(edges, names, functions, pool, size(tree) + size(derivative))
    chosen: list[Point] = []
    seen: set[tuple[int, float, bool]] = set()
    most = max(40, _BUDGET // (size(tree) + size(derivative)))
    for point in pool[:most] if not edges else pool[: most // 2] + pool[100:][:most]:
        calculator = Calculator(point, functions)
        distances = [calculator(edge).value for edge in edges]
        sides = {
            (i, _sign(value), near and abs(value) < _NEAR) for i, value in enumerate(distances)
        }
        is_new = bool(sides - seen)
        if (len(chosen) < _WANTED or is_new) and is_sound(point):
            chosen.append(point)
            seen |= sides
            if len(chosen) == _MOST:
                break
    return chosen or [*islice(filter(is_sound, _whole_numbers(names)), _WANTED)]


def _sign(value: float) -> float:
    return value if math.isnan(value) or not value else math.copysign(1.0, value)


def _edges_of(tree: ast.expr, derivative: ast.expr) -> list[ast.expr]:
    """Expressions that change sign at the edges of cases and domains."""
    tests = [
        node.test
        for each in (tree, derivative)
        for node in ast.walk(each)
        if isinstance(node, ast.IfExp)
    ]
    edges = [edge for test in tests for edge in _differences(test)]
    edges += [edge for node in ast.walk(tree) for edge in _domain_edges(node)]
    found: dict[str, ast.expr] = {}
    for edge in edges:
        if len(found) < _EDGES and names_in(edge).keys() - CONSTANTS.keys():
            found.setdefault(key(edge), edge)
    return list(found.values())


def _domain_edges(node: ast.AST) -> Iterator[ast.expr]:
    """Where the last operation of an expression ceases to have a value."""
    located = row_of(node) if isinstance(node, ast.expr) else None
    if located and located[0].domain and _may_fail(*located):
        row, operands = located
        letters = dict(zip(row.arguments, operands, strict=True))
        for edge in _differences(ast.parse(row.domain, mode="eval").body):
            yield substituted(edge, letters)


def _may_fail(row: Primitive, operands: Sequence[ast.expr]) -> bool:
    """Whether the row has no value at some ordinary numbers: x**y has, but not x**2."""
    for size_ in (-50.0, -1.5, -0.7, 0.7, 1.5, 50.0):
        numbers = [bounds(each) for each in operands]
        try:
            KERNELS[OPCODES[row.name]](*(n.low if n.low == n.high else size_ for n in numbers))
        except ValueError:
            return True
        except ArithmeticError:
            continue
    return False


def _differences(test: ast.expr) -> Iterator[ast.expr]:
    """Left less right of each comparison, and what is asked to be other than 0."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _differences(operand)
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()]):
            pass
        case ast.BoolOp(values=tests):
            for each in tests:
                yield from _differences(each)
        case ast.Compare(left=left, comparators=others):
            for a, b in pairwise([left, *others]):
                yield ast.BinOp(a, ast.Sub(), b)
        case _:
            yield test


def _beside_edges(
    edges: Sequence[ast.expr],
    names: Sequence[str],
    functions: Mapping[str, Any],
    starts: Sequence[Point],
    cost: int,
) -> list[Point]:
    """Points between the edges, changing one name after another."""
    rng = random.Random(1)
    searches = max(1, min(4, _BUDGET // (cost * 3 * len(_MAGNITUDES) * len(names))))
    found = list(starts[: 2 * searches : 2])
    for name in names:
        beside = [
            {**point, name: number}
            for point in rng.sample(found, min(searches, len(found)))
            for number in _between_edges(edges, point, name, functions, rng)
        ]
        found += beside
    rng.shuffle(found)
    return found


def _between_edges(
    edges: Sequence[ast.expr],
    point: Point,
    name: str,
    functions: Mapping[str, Any],
    rng: random.Random,
) -> list[float]:
    """Numbers for one name in every interval between edges, and close to each edge."""
    stretch = rng.uniform(0.9, 1.1)
    grid = sorted(sign * stretch * each for each in _MAGNITUDES for sign in (-1, 1))
    here = [edge for edge in edges if name in names_in(edge)]
    calculators = [Calculator({**point, name: number}, functions) for number in grid]
    roots: list[float] = []
    for edge in here:

        def at(number: float, edge: ast.expr = edge) -> float:
            return Calculator({**point, name: number}, functions)(edge).value

        values = [calculator(edge).value for calculator in calculators]
        brackets = list(pairwise(zip(grid, values, strict=True)))
        for i, ((a, f), (b, g)) in enumerate(brackets):
            if f * g < 0:
                roots.append(_root(at, a, b))
            elif i and abs(values[i - 1]) > abs(f) < abs(g) and f * g > 0:
                # It comes near 0 between grid points, and may cross it.
                near = _nearest_to_zero(at, grid[i - 1], b)
                if at(near) * f < 0:
                    roots += [_root(at, grid[i - 1], near), _root(at, near, b)]
        if len(roots) > 30:
            break
    if not roots:
        return []
    roots = sorted({*roots})
    outside = [roots[0] - 1 - abs(roots[0]), roots[-1] + 1 + abs(roots[-1])]
    ends = [outside[0], *roots, outside[1]]
    numbers = [low + rng.uniform(0.2, 0.8) * (high - low) for low, high in pairwise(ends)]
    return numbers + outside


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    rising = function(high) > 0
    for _ in range(50):
        middle = (low + high) / 2
        if (function(middle) > 0) is rising:
            high = middle
        else:
            low = middle
    return high


def _nearest_to_zero(function: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(40):
        a, b = low + 0.382 * (high - low), low + 0.618 * (high - low)
        if abs(function(a)) < abs(function(b)):
            high = b
        else:
            low = a
    return (low + high) / 2
