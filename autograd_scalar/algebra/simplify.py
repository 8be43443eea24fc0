"""What school algebra does to a derivative before it is written down.

Zeros and ones go, signs and numbers are collected in front, equal factors become powers,
a negative power goes below the bar. Nothing is multiplied out; `cancel` does that.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction

from .trees import SUM, added, call, fraction, is_sum, key, multiplied, names_in, number, rebuilt

# A product: its number in front, and base → exponent in the order the bases were met.
_Product = tuple[Fraction, dict[str, tuple[ast.expr, Fraction]]]


def tidy(tree: ast.expr) -> ast.expr:
    """The expression as it would be written down.

    >>> def show(text):
    ...     print(ast.unparse(tidy(ast.parse(text, mode="eval").body)))
    >>> show("6 * (5*x - 4)**(6 - 1) * (5*1 - 0)")
    30 * (5 * x - 4) ** 5
    >>> show("0.5 * (2 * (t - a) * (0 - 1))")
    -(t - a)
    >>> show("-(1 / y) / y * dy")
    -(dy / y ** 2)
    """
    match tree:
        case ast.BinOp(op=ast.Add() | ast.Sub()) | ast.Call(func=ast.Name(id="Σ")):
            return _tidy_sum(tree)
        case (
            ast.BinOp(op=ast.Mult() | ast.Div() | ast.Pow())
            | ast.UnaryOp(op=ast.USub() | ast.UAdd())
            | ast.Constant()
            | ast.Call(func=ast.Name(id="·"))
        ):
            return _written(*as_product(tree))
    return rebuilt(tree, tidy)


def as_product(tree: ast.expr) -> _Product:
    """The factors of an expression, whose own operands come out tidy."""
    match tree:
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            found = exact(value)
            if found is not None:
                return found, {}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            coefficient, factors = as_product(operand)
            return -coefficient, factors
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return as_product(operand)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _times([as_product(left), as_product(right)])
        case ast.Call(func=ast.Name(id="·"), args=factors_):
            return _times([as_product(each) for each in factors_])
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            below = as_product(right)
            if below[0]:
                return _times([as_product(left), _to_the(below, Fraction(-1))])
            return Fraction(1), _single(ast.BinOp(tidy(left), ast.Div(), tidy(right)))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(left, tidy(right))
        case ast.BinOp(op=ast.Add() | ast.Sub()) | ast.Call(func=ast.Name(id="Σ")):
            tidied = _tidy_sum(tree)
            if not is_sum(tidied):
                return as_product(tidied)
            return Fraction(1), _single(tidied)
    tidied = rebuilt(tree, tidy)
    return Fraction(1), _single(tidied)


def exact(value: float) -> Fraction | None:
    """The number a reader sees: 0.1 is a tenth."""
    try:
        found = Fraction(repr(value))
    except (ValueError, OverflowError):
        return None
    return found if abs(found.numerator) < 10**15 and found.denominator < 10**15 else None


def _single(tree: ast.expr) -> dict[str, tuple[ast.expr, Fraction]]:
    return {key(tree): (tree, Fraction(1))}


def _power(base: ast.expr, exponent: ast.expr) -> _Product:
    value = _constant(exponent)
    inner = as_product(base)
    if value is not None and value.denominator == 1 and abs(value) < 1000:
        # A power of a product is left alone: (2x)³ reads better than 8x³ did.
        if value == 0:
            return Fraction(1), {}
        if value == 1 or len(inner[1]) == 0 or (len(inner[1]) == 1 and inner[0] == 1):
            return (
                _to_the(inner, value)
                if inner[0] or value > 0
                else (Fraction(1), _single(ast.BinOp(number(0), ast.Pow(), exponent)))
            )
        return Fraction(1), {key(written := _written(*inner)): (written, value)}
    written = _written(*inner)
    if value is not None:
        return Fraction(1), {key(written): (written, value)}
    return Fraction(1), _single(ast.BinOp(written, ast.Pow(), exponent))


def _constant(tree: ast.expr) -> Fraction | None:
    if names_in(tree):
        return None
    coefficient, factors = as_product(tree)
    return None if factors else coefficient


def _to_the(product: _Product, exponent: Fraction) -> _Product:
    coefficient, factors = product
    return (
        coefficient ** int(exponent),
        {name: (base, power * exponent) for name, (base, power) in factors.items()},
    )


def _times(products: Sequence[_Product]) -> _Product:
    total = Fraction(1)
    merged: dict[str, tuple[ast.expr, Fraction]] = {}
    for coefficient, factors in products:
        total *= coefficient
        for name, (base, power) in factors.items():
            before = merged[name][1] if name in merged else Fraction(0)
            merged[name] = (base, before + power)
    if total == 0:
        return total, {}
    return total, _squares({name: pair for name, pair in merged.items() if pair[1]})


def _squares(factors: dict[str, tuple[ast.expr, Fraction]]) -> dict[str, tuple[ast.expr, Fraction]]:
    """(a − b)·(a + b) as a² − b²."""
    seen: dict[tuple[str, str, Fraction], str] = {}
    for name, (base, power) in factors.items():
        match base:
            case ast.BinOp(left=a, op=ast.Add() | ast.Sub(), right=b):
                other = seen.setdefault((min(key(a), key(b)), max(key(a), key(b)), power), name)
                first = factors[other][0]
                assert isinstance(first, ast.BinOp)
                if type(first.op) is not type(base.op):
                    less = base if isinstance(base.op, ast.Sub) else first
                    squared = [
                        ast.BinOp(each, ast.Pow(), number(2)) for each in (less.left, less.right)
                    ]
                    joint = tidy(ast.BinOp(squared[0], ast.Sub(), squared[1]))
                    rest = {n: pair for n, pair in factors.items() if n not in (name, other)}
                    return _times(
                        [(Fraction(1), rest), (Fraction(1), {key(joint): (joint, power)})]
                    )[1]
    return factors


def _rank(base: ast.expr) -> int:
    """Names before functions before sums: 6 x e^x (x² + 1)."""
    if isinstance(base, ast.Name):
        return 0
    return 2 if is_sum(base) else 1


def _written(coefficient: Fraction, factors: Mapping[str, tuple[ast.expr, Fraction]]) -> ast.expr:
    above: list[ast.expr] = []
    below: list[ast.expr] = []
    ordered = sorted(factors.values(), key=lambda pair: _rank(pair[0]))
    for base, power in ordered:
        size_ = abs(power)
        exponent = _rational(size_)
        factor = base if size_ == 1 else ast.BinOp(base, ast.Pow(), exponent)
        (above if power > 0 else below).append(factor)
    front = abs(coefficient)
    # A tenth stays 0.1; a half goes below the bar.
    decimal = front.denominator > 9
    if decimal:
        above.insert(0, number(float(front)))
    else:
        if front.numerator != 1 or not above:
            above.insert(0, number(front.numerator))
        if front.denominator != 1:
            below.insert(0, number(front.denominator))
    result = multiplied(above)
    if below:
        result = ast.BinOp(result, ast.Div(), multiplied(below))
    return ast.UnaryOp(ast.USub(), result) if coefficient < 0 else result


def _rational(value: Fraction) -> ast.expr:
    return number(float(value)) if value.denominator > 9 else fraction(value)


def terms_of(tree: ast.expr) -> list[tuple[int, ast.expr]]:
    """The terms of a sum, each with its sign; what is taken away in brackets is one term."""
    found: list[tuple[int, ast.expr]] = []
    pending = [(1, tree)]
    while pending:
        sign, each = pending.pop()
        match each:
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                pending += [(sign, right), (sign, left)]
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                whole = ast.UnaryOp(ast.UAdd(), right) if is_sum(right) else right
                pending += [(-sign, whole), (sign, left)]
            case ast.Call(func=ast.Name(id="Σ"), args=terms):
                pending += [(sign, term) for term in reversed(terms)]
            case _:
                found.append((sign, each))
    return found


def _tidy_sum(tree: ast.expr) -> ast.expr:
    merged: dict[str, tuple[Fraction, dict[str, tuple[ast.expr, Fraction]]]] = {}
    pending = list(reversed(terms_of(tree)))
    while pending:
        sign, term = pending.pop()
        coefficient, factors = as_product(term)
        coefficient *= sign
        if coefficient == 1 and len(factors) == 1:
            ((base, power),) = factors.values()
            if power == 1 and is_sum(base):
                pending += reversed(terms_of(base))
                continue
        name = key(_written(Fraction(1), factors)) if factors else ""
        before = merged[name][0] if name in merged else Fraction(0)
        merged[name] = (before + coefficient, factors)
    terms = [pair for pair in merged.values() if pair[0]]
    if not terms:
        return number(0)
    # A sum starts with a term that is added, where there is one: a − y, not −y + a.
    first = next((i for i, (coefficient, _) in enumerate(terms) if coefficient > 0), 0)
    terms = [terms[first], *terms[:first], *terms[first + 1 :]]
    result = _written(*terms[0])
    for coefficient, factors in terms[1:]:
        op = ast.Add() if coefficient > 0 else ast.Sub()
        result = ast.BinOp(result, op, _written(abs(coefficient), factors))
    return result


def over_one_denominator(tree: ast.expr) -> ast.expr:
    """A sum of fractions as one fraction, where that takes no multiplying out.

    >>> print(ast.unparse(over_one_denominator(ast.parse("du / v - u / v**2 * dv",
    ...                                                  mode="eval").body)))
    (du * v - u * dv) / v ** 2
    """
    products = []
    for sign, term in terms_of(tree):
        coefficient, factors = as_product(term)
        products.append((coefficient * sign, factors))
    below: dict[str, tuple[ast.expr, Fraction]] = {}
    for _, factors in products:
        for name, (base, power) in factors.items():
            if power < 0 and -power > below.get(name, (base, Fraction(0)))[1]:
                below[name] = (base, -power)
    if not below or len(products) < 2:
        return tree
    result: ast.expr | None = None
    for each in products:
        coefficient, factors = _times([each, (Fraction(1), below)])
        op = ast.Add() if coefficient > 0 or result is None else ast.Sub()
        term = _written(coefficient if result is None else abs(coefficient), factors)
        result = term if result is None else ast.BinOp(result, op, term)
    assert result is not None
    return ast.BinOp(result, ast.Div(), _written(Fraction(1), below))


def numerator_and_denominator(tree: ast.expr) -> tuple[ast.expr, ast.expr]:
    """What stands above and below the bar of a tidy expression, sign and numbers above."""
    coefficient, factors = as_product(tree)
    above = {name: pair for name, pair in factors.items() if pair[1] > 0}
    below = {name: (base, -power) for name, (base, power) in factors.items() if power < 0}
    return _written(coefficient, above), _written(Fraction(1), below)


def sum_of(terms: Sequence[ast.expr]) -> ast.expr:
    """The terms added up, a long sum as one that prints in part."""
    return call(SUM, *terms) if len(terms) > 8 else added(terms)
