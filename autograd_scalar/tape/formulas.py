"""The constants in the table's derivatives that no float is, by the floats they are rounded to.

A tape has floats. Where it is run with more digits, log(2) in the derivative of `exp2` must not
stay the float that it was rounded to. They are known by their bits: a constant of the program with
the very same ones is taken for the formula where a derivative has it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from ..table.floats import FLOAT_FUNCTIONS
from ..table.language import evaluate
from ..table.registry import TABLE


def formulas() -> Mapping[float, str]:
    """The formulas without arguments in partials of all rows that there are, and their negatives.

    >>> from math import log
    >>> formulas()[log(2)], formulas()[-log(2)]
    ('log(2)', '-log(2)')
    """
    return _formulas(len(TABLE))


@cache
def _formulas(rows: int) -> Mapping[float, str]:
    found: dict[float, str] = {}
    for row in TABLE[:rows]:
        for tree in (each for partial in row.partial_trees for each in _rounded(partial)):
            number = float(evaluate(tree, {}, FLOAT_FUNCTIONS))
            for sign, each in ((1, tree), (-1, ast.UnaryOp(ast.USub(), tree))):
                found.setdefault(sign * number, ast.unparse(each))
    return found


def _rounded(tree: ast.AST) -> Iterator[ast.expr]:
    """The largest parts of a tree that depend on nothing, and are no numbers written out."""
    names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
    called = {each.func.id for each in ast.walk(tree) if isinstance(each, ast.Call)}  # type: ignore[attr-defined]
    if isinstance(tree, ast.expr) and names - called <= {"pi"}:
        if names:
            yield tree
        return
    for each in ast.iter_child_nodes(tree):
        yield from _rounded(each)
