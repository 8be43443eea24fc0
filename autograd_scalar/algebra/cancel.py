"""Cancelling in fractions: an expression as one fraction, without the factors both sides have.

What is no sum, product, quotient or whole power counts as a letter: ln x, e^(−x). Numbers are
exact, products stay products as long as possible, and what grows past a limit is given up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import permutations
from math import gcd, lcm
from typing import NamedTuple

from .simplify import exact, tidy
from .trees import PRODUCT, SUM, added, fraction, key, multiplied, number, rebuilt, size

_LARGEST = 400
_TERMS = 40
_POWER = 12

# Letters with their exponents, in alphabetical order; and a sum of these with coefficients.
_Monomial = tuple[tuple[str, int], ...]
_Polynomial = dict[_Monomial, Fraction]


class _TooLargeError(Exception):
    """The expression would grow past the limits."""


class _Fraction(NamedTuple):
    """A number times powers of factors, which are negative below the bar."""

    coefficient: Fraction
    powers: dict[int, int]


def shortened(tree: ast.expr) -> ast.expr | None:
    """A shorter way to write an expression, by cancelling; None where none is found.

    >>> tree = ast.parse("-(y / a - (1 - y) / (1 - a)) * a * (1 - a)", mode="eval").body
    >>> print(ast.unparse(shortened(tree)))
    a - y
    """
    if size(tree) > _LARGEST:
        return None
    try:
        canceller = _Canceller()
        found = [canceller.cancelled(tree), *canceller.divided(tree)]
    except _TooLargeError:
        return None
    shortest = min(found, key=size)
    return shortest if size(shortest) < size(tree) else None


class _Canceller:
    """The factors of one expression, numbered as they are met."""

    def __init__(self) -> None:
        self.letters: dict[str, ast.expr] = {}
        self.factors: list[_Polynomial] = []

    def cancelled(self, tree: ast.expr) -> ast.expr:
        coefficient, powers = self._divided_out(self._read(tree))
        above = [i for i, power in powers.items() if power > 0]
        # −(y − a) is a − y.
        turned = [i for i in above if len(self.factors[i]) > 1 and powers[i] % 2]
        written = {i: self._written(self.factors[i]) for i in powers}
        if coefficient < 0 and turned:
            i = turned[-1]
            written[i] = self._written({m: -c for m, c in self.factors[i].items()})
            coefficient = -coefficient
        result: ast.expr = fraction(abs(coefficient))
        for sign, operator in ((1, ast.Mult()), (-1, ast.Div())):
            side = [_power(written[i], abs(n)) for i, n in powers.items() if n * sign > 0]
            if side:
                result = ast.BinOp(result, operator, multiplied(side))
        return tidy(ast.UnaryOp(ast.USub(), result) if coefficient < 0 else result)

    def divided(self, tree: ast.expr) -> Iterator[ast.expr]:
        """The fraction as a quotient and what is left over one sum: 1/(1 + u) − y.

        Of (1 − y − y·u)/(1 + u), that is.
        """
        coefficient, powers = self._divided_out(self._read(tree))
        below = [i for i, n in powers.items() if n < 0 and len(self.factors[i]) > 1]
        above = self._multiplied_out(coefficient, {i: n for i, n in powers.items() if n > 0})
        others = {i: n for i, n in powers.items() if n < 0 and i not in below}
        if len(below) != 1 or others or powers[below[0]] != -1:
            return
        divisor = self.factors[below[0]]
        quotient, rest = _division(above, divisor)
        if quotient and rest:
            over = ast.BinOp(self._written(rest), ast.Div(), self._written(divisor))
            yield tidy(ast.BinOp(over, ast.Add(), self._written(quotient)))

    def _read(self, tree: ast.expr) -> _Fraction:
        match tree:
            case ast.Constant(value=int() | float() as value):
                number_ = exact(value)
                if number_ is not None:
                    return _Fraction(number_, {})
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                coefficient, powers = self._read(operand)
                return _Fraction(-coefficient, powers)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return _times([self._read(left), self._read(right)])
            case ast.Call(func=ast.Name(id=function), args=factors) if function == PRODUCT:
                return _times([self._read(each) for each in factors])
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                below = self._read(right)
                if below.coefficient:
                    return _times([self._read(left), _to_the(below, -1)])
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                exponent = self._read(right)
                n = exponent.coefficient
                base = self._read(left)
                if not exponent.powers and n.denominator == 1 and (base.coefficient or n > 0):
                    return _to_the(base, int(n))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._add([self._read(left), self._read(right)])
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                coefficient, powers = self._read(right)
                return self._add([self._read(left), _Fraction(-coefficient, powers)])
            case ast.Call(func=ast.Name(id=function), args=terms) if function == SUM:
                return self._add([self._read(each) for each in terms])
        letter = rebuilt(tree, tidy)
        self.letters.setdefault(key(letter), letter)
        return self._factored({((key(letter), 1),): Fraction(1)})

    def _factored(self, polynomial: _Polynomial) -> _Fraction:
        """A polynomial as its number, its letters' common powers, and one factor that is left."""
        if not polynomial:
            return _Fraction(Fraction(0), {})
        content = Fraction(
            gcd(*(c.numerator for c in polynomial.values())),
            lcm(*(c.denominator for c in polynomial.values())),
        )
        common = dict(next(iter(polynomial)))
        for monomial in polynomial:
            exponents = dict(monomial)
            common = {each: min(n, exponents.get(each, 0)) for each, n in common.items()}
        rest = {
            _monomial({each: n - common.get(each, 0) for each, n in monomial}): c / content
            for monomial, c in polynomial.items()
        }
        powers = {
            self._number({((letter, 1),): Fraction(1)})[0]: n for letter, n in common.items() if n
        }
        if len(rest) == 1:
            ((_, unit),) = rest.items()
            return _Fraction(content * unit, powers)
        i, sign = self._number(rest)
        return _Fraction(content * sign, {**powers, i: 1})

    def _number(self, factor: _Polynomial) -> tuple[int, int]:
        """The number of a factor, and −1 where it was met with the other sign."""
        for i, known in enumerate(self.factors):
            if known == factor:
                return i, 1
            if len(known) == len(factor) and all(known.get(m) == -c for m, c in factor.items()):
                return i, -1
        self.factors.append(factor)
        return len(self.factors) - 1, 1

    def _add(self, terms: Sequence[_Fraction]) -> _Fraction:
        terms = [term for term in terms if term.coefficient]
        if not terms:
            return _Fraction(Fraction(0), {})
        everything = dict.fromkeys(i for term in terms for i in term.powers)
        common = {i: min(term.powers.get(i, 0) for term in terms) for i in everything}
        total: _Polynomial = {}
        for coefficient, powers in terms:
            rest = {i: powers.get(i, 0) - common[i] for i in everything}
            for monomial, c in self._multiplied_out(coefficient, rest).items():
                total[monomial] = total.get(monomial, Fraction(0)) + c
        total = {monomial: c for monomial, c in total.items() if c}
        return self._divided_out(_times([_Fraction(Fraction(1), common), self._factored(total)]))

    def _multiplied_out(self, coefficient: Fraction, powers: dict[int, int]) -> _Polynomial:
        result: _Polynomial = {(): coefficient}
        for i, n in powers.items():
            for _ in range(n):
                result = _product(result, self.factors[i])
        return result

    def _divided_out(self, whole: _Fraction) -> _Fraction:
        """Sums on one side of the bar that are multiples of sums on the other, divided by them."""
        coefficient, powers = whole
        sums = [i for i in powers if len(self.factors[i]) > 1]
        for i, j in permutations(sums, 2):
            quotient = _quotient(self.factors[i], self.factors[j])
            if quotient is not None and powers[i] * powers[j] < 0:
                # With p = q·r, p^m / q^n is p^(m − k) · r^k / q^(n − k).
                k = min(powers[i], -powers[j]) if powers[i] > 0 else max(powers[i], -powers[j])
                rest = _Fraction(coefficient, {**powers, i: powers[i] - k, j: powers[j] + k})
                return self._divided_out(_times([rest, _to_the(self._factored(quotient), k)]))
        return whole

    def _written(self, polynomial: _Polynomial) -> ast.expr:
        terms: list[ast.expr] = []
        for monomial, c in polynomial.items():
            factors = [_power(self.letters[letter], n) for letter, n in monomial]
            term = multiplied([fraction(abs(c)), *factors])
            terms.append(term if c > 0 else ast.UnaryOp(ast.USub(), term))
        return tidy(added(terms))


def _power(base: ast.expr, n: int) -> ast.expr:
    return base if n == 1 else ast.BinOp(base, ast.Pow(), number(n))


def _times(parts: Iterable[_Fraction]) -> _Fraction:
    total = Fraction(1)
    merged: dict[int, int] = {}
    for coefficient, powers in parts:
        total *= coefficient
        for i, n in powers.items():
            merged[i] = merged.get(i, 0) + n
    return _Fraction(total, {i: n for i, n in merged.items() if n} if total else {})


def _to_the(base: _Fraction, n: int) -> _Fraction:
    if abs(n) > _POWER:
        raise _TooLargeError
    return _Fraction(base.coefficient**n, {i: power * n for i, power in base.powers.items() if n})


def _monomial(exponents: dict[str, int]) -> _Monomial:
    return tuple(sorted((letter, n) for letter, n in exponents.items() if n))


def _product(a: _Polynomial, b: _Polynomial) -> _Polynomial:
    result: _Polynomial = {}
    for m, c in a.items():
        for n, d in b.items():
            exponents = dict(m)
            for letter, power in n:
                exponents[letter] = exponents.get(letter, 0) + power
            together = _monomial(exponents)
            result[together] = result.get(together, Fraction(0)) + c * d
    result = {monomial: c for monomial, c in result.items() if c}
    if len(result) > _TERMS:
        raise _TooLargeError
    return result


def _quotient(a: _Polynomial, b: _Polynomial) -> _Polynomial | None:
    """a / b where that leaves no remainder."""
    quotient, rest = _division(a, b)
    return None if rest else quotient


def _division(a: _Polynomial, b: _Polynomial) -> tuple[_Polynomial, _Polynomial]:
    """a / b and the remainder, by long division."""
    letters = sorted({letter for monomial in (*a, *b) for letter, _ in monomial})

    def rank(monomial: _Monomial) -> list[int]:
        exponents = dict(monomial)
        return [exponents.get(letter, 0) for letter in letters]

    first = max(b, key=rank)
    quotient: _Polynomial = {}
    left_over: _Polynomial = {}
    rest = dict(a)
    for _ in range(_TERMS):
        if not rest:
            return quotient, left_over
        leading = max(rest, key=rank)
        exponents = dict(leading)
        for letter, n in first:
            exponents[letter] = exponents.get(letter, 0) - n
        if min(exponents.values(), default=0) < 0:
            left_over[leading] = rest.pop(leading)
            continue
        term = {_monomial(exponents): rest[leading] / b[first]}
        quotient.update(term)
        for monomial, c in _product(term, b).items():
            rest[monomial] = rest.get(monomial, Fraction(0)) - c
        rest = {monomial: c for monomial, c in rest.items() if c}
    return {}, dict(a)
