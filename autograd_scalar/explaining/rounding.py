"""Expressions computed at one point, and how far rounding may have carried each result.

One more interpreter of the table: a row's partials say how an error in an operand is passed
on. So a line that is wrong can be told from one that cannot be computed well at this point.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..algebra.trees import PRODUCT, SUM, row_of
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..notation.typeset import PENDING
from ..table.floats import CONSTANTS, FLOAT_FUNCTIONS
from ..table.language import evaluate
from ..table.registry import KERNELS, OPCODES
from .rules import ANSWERS

_EPSILON = 2 * sys.float_info.epsilon
# To how much of their value the engine's derivatives and unknown functions are trusted.
_TRUSTED = 1e-13


class Rounded(NamedTuple):
    """A number and a bound on its rounding error; NaN where there is no real value."""

    value: float
    error: float = 0.0


_NO_VALUE = Rounded(math.nan)
#: It may have a value, but floats cannot say: an overflow, the logarithm of an underflow.
_UNKNOWN = Rounded(math.nan, math.inf)

_WRITTEN_0 = Rounded(0.0)

_HOLDS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Calculator:
    """Computes expressions at one point; parts they share are computed once.

    point      the numbers of the names
    functions  what functions stand for that the table does not have
    cautious   whether a test that rounding may turn leaves the value open
    """

    def __init__(
        self, point: Mapping[str, float], functions: Mapping[str, Any], *, cautious: bool = True
    ) -> None:
        self.point = point
        self.functions = functions
        self.cautious = cautious
        # By identity; the tree is kept so that its identity stays its own.
        self._known: dict[int, tuple[ast.expr, Rounded]] = {}

    def __call__(self, tree: ast.expr) -> Rounded:
        found = self._known.get(id(tree))
        if found is None:
            found = self._known[id(tree)] = (tree, self._compute(tree))
        return found[1]

    def _compute(self, tree: ast.expr) -> Rounded:
        match tree:
            case ast.Constant(value=int() | float() as value):
                return Rounded(float(value))
            case ast.Name(id=label):
                if label in self.point:
                    return Rounded(self.point[label])
                return Rounded(CONSTANTS[label], _EPSILON)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                answer = self._holds(test)
                return _UNKNOWN if answer is None else self(body if answer else orelse)
            case ast.Call(func=ast.Name(id=function), args=operands):
                if function == PENDING:
                    return self._slope(*operands[:2])
                if function in (SUM, PRODUCT):
                    of_two = "add" if function == SUM else "mul"
                    parts = [self(each) for each in operands]
                    total = parts[0]
                    for part in parts[1:]:
                        total = applied(of_two, [total, part])
                    return total
                known = {**FLOAT_FUNCTIONS, **self.functions}
                if function in known and row_of(tree) is None:
                    return self._unknown(known[function], [self(each) for each in operands])
        found = row_of(tree)
        if found is None:
            raise TypeError(f"{ast.unparse(tree)} has no value")
        row, operands = found
        return applied(row.name, [self(each) for each in operands])

    def _holds(self, test: ast.expr) -> bool | None:
        """Whether a test comes out true; None where rounding may turn it."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                answer = self._holds(operand)
                return None if answer is None else not answer
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [self(each) for each in (left, *others)]
                for op, (a, b) in zip(ops, pairwise(sides), strict=True):
                    error = a.error + b.error
                    if self.cautious and error and not abs(a.value - b.value) > error:
                        return None
                    if not _HOLDS[type(op)](a.value, b.value):
                        return False
                return True
        value = self(test)
        if self.cautious and value.error and not abs(value.value) > value.error:
            return None
        return value.value != 0

    def _slope(self, inner: ast.expr, variable: ast.expr) -> Rounded:
        """What the engine gives for a derivative that is still to be taken."""
        assert isinstance(variable, ast.Name)
        leaves = {label: Value(x) for label, x in self.point.items()}
        try:
            out = evaluate(inner, leaves, {**_NARY, **ANSWERS, **FUNCTIONS, **self.functions})
        except OverflowError:
            return _UNKNOWN
        except (ArithmeticError, ValueError):
            return _NO_VALUE
        if not isinstance(out, Value):
            return Rounded(0.0)
        out.backward()
        slope = leaves[variable.id].grad
        return Rounded(slope, _TRUSTED * abs(slope))

    @staticmethod
    def _unknown(function: Callable[..., Any], operands: Sequence[Rounded]) -> Rounded:
        try:
            value = float(function(*(each.value for each in operands)))
        except (ArithmeticError, ValueError):
            return _NO_VALUE
        return Rounded(value, _TRUSTED * abs(value) + 8 * sum(each.error for each in operands))


def _sum(*terms: Any) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _product(*factors: Any) -> Any:
    total = factors[0]
    for factor in factors[1:]:
        total = total * factor
    return total


_NARY = {SUM: _sum, PRODUCT: _product}


def applied(name: str, operands: Sequence[Rounded]) -> Rounded:
    """A primitive of numbers that may be rounded, and how far that carries its result."""
    if (name == "mul" and _WRITTEN_0 in operands) or (name == "div" and operands[0] == _WRITTEN_0):
        # As in the engine: where a slope is written 0, what it is multiplied by does not matter.
        return _WRITTEN_0
    if any(each.error == math.inf for each in operands):
        return _UNKNOWN
    try:
        out, *partials = KERNELS[OPCODES[name]](*(each.value for each in operands))
    except OverflowError:
        return _UNKNOWN
    except (ArithmeticError, ValueError):
        drowned = any(each.error >= abs(each.value) > 0 for each in operands) or any(
            each.error > 0 for each in operands if not each.value
        )
        return _UNKNOWN if drowned else _NO_VALUE
    if math.isinf(out):
        return _UNKNOWN
    whole = abs(out) < 2**53 and all(
        float(n).is_integer() for n in (out, *(e.value for e in operands))
    )
    if whole and not any(each.error for each in operands):
        return Rounded(out)
    error = _EPSILON * abs(out) + sum(
        abs(partial) * each.error
        for partial, each in zip(partials, operands, strict=True)
        if each.error
    )
    if abs(out) < sys.float_info.min and all(each.value for each in operands):
        error += math.ulp(0.0)
    return Rounded(out, math.inf if math.isnan(error) and not math.isnan(out) else error)
