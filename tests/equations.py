"""Reads the equations of a document back: as expressions with numbers, and from the text."""

import ast
import math
import re

from autograd_scalar.algebra.trees import rebuilt
from autograd_scalar.explaining.rules import number_at
from autograd_scalar.notation.document import Equation
from autograd_scalar.table.language import evaluate
from autograd_scalar.table.primitives import FLOAT_FUNCTIONS


def equations(document):
    return [block for block in document.blocks if isinstance(block, Equation)]


def is_partial_view(tree):
    """Whether terms of the sum are left out."""
    return any(isinstance(node, ast.Name) and node.id == "more" for node in ast.walk(tree))


def derivatives(explanation):
    """The number of each ∂u/∂v and du/dv that an explanation speaks of, by its two names."""
    names = {v: label for label, v in explanation.named.items()}
    y = names[explanation.y]
    known = {("D", y, names.get(explanation.wrt, "x")): explanation.value}
    for step in explanation.adjoints:
        known["∂", y, names[step.node]] = step.value
        for term in step.terms:
            for factor in term.factors:
                known.setdefault(("∂", *factor.names), factor.value)
    for factor in explanation.factors:
        known["∂", *factor.names] = factor.value
    known.setdefault(("∂", y, names.get(explanation.wrt, "x")), explanation.value)
    return known


def value_of(tree, explanation):
    """The number of one side of an equation of an explanation."""
    known = derivatives(explanation)

    def settled(each):
        match each:
            case ast.Call(func=ast.Name(id=kind), args=[ast.Name(id=u), ast.Name(id=v)]) if (
                kind in ("∂", "D")
            ):
                return ast.Constant(known[kind, u, v])
        return rebuilt(each, settled)

    data = {label: v.data for label, v in explanation.named.items()}
    return number_at(settled(tree), data)


def sides(equation):
    return [equation.left, *(row.side for row in equation.rows)]


_ARITHMETIC = re.compile(r"(?:[-+*/^() .]|\d|e[-+]\d|inf|nan)+\Z")


def printed_runs(document):
    """The sides of the text's equations that are plain arithmetic, side by side, as numbers."""
    runs = [[]]
    for line in document.to_text(10**6, unicode=False).splitlines():
        if ":" in line or "," in line:  # a sentence, or what a rule says
            continue
        left, *rest = re.split(r" [=~] ", f" {line.strip()}")
        if left.strip():
            runs.append([])
        for side in rest:
            if _ARITHMETIC.match(side) and not side.endswith("."):
                tree = ast.parse(side.replace("^", "**"), mode="eval").body
                runs[-1].append(evaluate(tree, {}, FLOAT_FUNCTIONS))
    return [run for run in runs if run]


def close(a, b, scale=1.0, tolerance=1e-12):
    if math.isnan(a) or math.isinf(a):
        return a == b or (math.isnan(a) and math.isnan(b))
    return abs(a - b) <= tolerance * max(scale, abs(a), abs(b))
