"""SymPy expressions from recorded values, and functions from SymPy expressions.

SymPy is an optional companion: `pip install "autograd-scalar[sympy]"`.
"""

from __future__ import annotations

import ast
import inspect
import keyword
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any

from ..algebra.simplify import tidy
from ..algebra.trees import (
    added,
    applied,
    call,
    fraction,
    multiplied,
    name,
    names_in,
    number,
    row_of,
    size,
    substituted,
)
from ..engine.functions import FUNCTIONS
from ..engine.value import Value
from ..table.language import evaluate
from ..table.registry import OPCODES, TABLE
from .formulas import expression_of

_EXTRA = 'this needs SymPy: pip install "autograd-scalar[sympy]"'


def _sympy() -> Any:
    try:
        import sympy  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(_EXTRA) from error
    return sympy


def to_sympy(value: Any) -> Any:
    """A recorded value as a SymPy expression in its leaves, whose labels name the symbols.

    Whole numbers and simple fractions become exact. Raises `ImportError` without SymPy,
    and `ValueError` for a graph too large to write out.

    >>> x = Value(2.0, "x")
    >>> print(to_sympy(x**2 + 3 * x))
    x**2 + 3*x
    """
    sympy = _sympy()
    if not isinstance(value, Value):
        raise TypeError(f"to_sympy takes a Value, got {type(value).__name__} {value!r:.60}")
    tree, leaves = expression_of(value)
    return _translated(tree, {each: sympy.Symbol(each) for each in leaves})


def _translated(tree: ast.expr, symbols: Mapping[str, Any]) -> Any:
    """A tree as SymPy, `if … else` as Piecewise and primitives SymPy lacks by their value."""
    sympy = _sympy()

    def walk(each: ast.expr) -> Any:
        match each:
            case ast.Constant(value=int() | float() as value):
                return _number(value)
            case ast.Name(id="pi") if "pi" not in symbols:
                return sympy.pi
            case ast.Name(id="inf") if "inf" not in symbols:
                return sympy.oo
            case ast.Name(id="nan") if "nan" not in symbols:
                return sympy.nan
            case ast.Name(id=label):
                return symbols[label]
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return sympy.Piecewise((walk(body), condition(test)), (walk(orelse), True))
            case ast.BinOp(op=ast.FloorDiv() | ast.Mod()):
                return spelled(each)
            case ast.BinOp(left=left, op=op, right=right):
                letters = ast.BinOp(ast.Name("x"), op, ast.Name("y"))
                return evaluate(letters, {"x": walk(left), "y": walk(right)}, {})
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -walk(operand)
            case ast.UnaryOp(operand=operand):
                return walk(operand)
            case ast.Call(func=ast.Name(id="Σ"), args=arguments):
                return reduce(lambda a, b: a + b, map(walk, arguments))
            case ast.Call(func=ast.Name(id="·"), args=arguments):
                return reduce(lambda a, b: a * b, map(walk, arguments))
            case ast.Call():
                return spelled(each)
        raise TypeError(f"SymPy has nothing for {ast.unparse(each)}")

    def spelled(each: ast.expr) -> Any:
        found = row_of(each)
        if found is None:
            raise TypeError(f"SymPy has nothing for {ast.unparse(each)}")
        row, trees = found
        operands = dict(zip(row.arguments, map(walk, trees), strict=True))
        if row.sympy:
            return evaluate(row.spelled(row.sympy), operands, _Functions(sympy))
        if row.is_opaque:
            return sympy.Function(row.name)(*operands.values())
        return _translated(row.value_tree, operands)

    def condition(test: ast.expr) -> Any:
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return sympy.Not(condition(operand))
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                return sympy.And(
                    *(
                        _relation(sympy, op)(walk(a), walk(b))
                        for op, a, b in zip(ops, sides, others, strict=False)
                    )
                )
        return sympy.Ne(walk(test), 0)

    return walk(tree)


def _relation(sympy: Any, op: ast.cmpop) -> Any:
    return {ast.Lt: sympy.Lt, ast.LtE: sympy.Le, ast.Gt: sympy.Gt, ast.GtE: sympy.Ge}[type(op)]


def _number(value: float) -> Any:
    """Whole numbers and halves, quarters … exactly; any other number as a float."""
    sympy = _sympy()
    if isinstance(value, int):
        return sympy.Integer(value)
    if value != value or value in (float("inf"), float("-inf")):
        return sympy.Float(value)
    exact = Fraction(value)
    if exact.denominator <= 64:
        return sympy.Rational(exact.numerator, exact.denominator)
    return sympy.Float(value)


class _Functions(dict[str, Any]):
    """SymPy's functions by name."""

    def __init__(self, sympy: Any) -> None:
        super().__init__()
        self.sympy = sympy

    def __missing__(self, name: str) -> Any:
        return getattr(self.sympy, name)


def from_sympy(expression: Any) -> Callable[..., Any]:
    """A SymPy expression as a function of its symbols, on numbers and on Values.

    The arguments are the symbols' names in alphabetical order. Raises `ImportError`
    without SymPy, `TypeError` for what is no SymPy expression, and `ValueError` for a
    function that the table of primitives does not have, and for symbols that share a name or
    whose name is none in Python. All symbols stand for real numbers.

    >>> import sympy
    >>> f = from_sympy(sympy.sympify("x**2 + 3*x"))
    >>> x = Value(2.0, "x")
    >>> y = f(x)
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)
    """
    sympy = _sympy()
    if not isinstance(expression, sympy.Expr):
        raise TypeError(
            f"from_sympy takes a SymPy expression, got {type(expression).__name__} "
            f"{expression!r:.60}"
        )
    arguments = sorted(str(each) for each in expression.free_symbols)
    for each in arguments:
        if not each.isidentifier() or keyword.iskeyword(each):
            raise ValueError(f"the symbol {each!r} is no name for an argument; rename it first")
        if arguments.count(each) > 1:
            raise ValueError(
                f"two different symbols are called {each!r}, with different assumptions; "
                "rename one of them first"
            )
    tree = _tree(expression)

    def function(*positional: Any, **named: Any) -> Any:
        bound = signature.bind(*positional, **named)
        return evaluate(tree, bound.arguments, FUNCTIONS)

    signature = inspect.Signature(
        [inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in arguments]
    )
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__name__ = function.__qualname__ = "f"
    function.__doc__ = f"{expression}, on numbers and Values."
    return function


def _tree(expression: Any) -> ast.expr:
    """A SymPy expression in the language of the table."""
    sympy = _sympy()
    from sympy.core.function import AppliedUndef  # type: ignore[import-untyped]

    by_class = {
        getattr(sympy, row.sympy): row for row in TABLE if row.sympy and row.sympy.isidentifier()
    }

    def walk(each: Any) -> ast.expr:
        if each.is_Symbol:
            return name(str(each))
        if each is sympy.pi:
            return name("pi")
        if each in (sympy.oo, sympy.nan):
            return name("inf" if each is sympy.oo else "nan")
        if isinstance(each, sympy.re | sympy.conjugate):
            return walk(each.args[0])
        if isinstance(each, sympy.im):
            return number(0)
        if isinstance(each, sympy.sign):
            x = walk(each.args[0])
            above, below = (ast.Compare(x, [op], [number(0)]) for op in (ast.Gt(), ast.Lt()))
            return ast.IfExp(above, number(1), ast.IfExp(below, number(-1), number(0)))
        if each.is_Rational and not each.is_Integer:
            return fraction(Fraction(int(each.p), int(each.q)))
        if each.is_Integer:
            return number(int(each))
        if each.is_number and not each.free_symbols and each.is_Atom:
            return number(float(each))
        if each.is_Add:
            return added(list(map(walk, each.as_ordered_terms())))
        if each.is_Mul:
            coefficient = each.as_coeff_Mul()[0]
            if coefficient.is_negative:
                return ast.UnaryOp(ast.USub(), walk(-each))
            above, below = each.as_numer_denom()
            if below != 1:
                return ast.BinOp(walk(above), ast.Div(), walk(below))
            return multiplied(list(map(walk, each.as_ordered_factors())))
        if each.is_Pow:
            base, exponent = each.as_base_exp()
            if exponent == sympy.Rational(1, 2):
                return call("sqrt", walk(base))
            if exponent.is_negative:
                return ast.BinOp(number(1), ast.Div(), walk(1 / each))
            return ast.BinOp(walk(base), ast.Pow(), walk(exponent))
        if type(each) in by_class:
            row = by_class[type(each)]
            operands = list(map(walk, each.args))
            if row.commutes:
                # SymPy's maximum of three is two of two.
                return reduce(lambda a, b: applied(row, [a, b]), operands)
            if len(operands) == len(row.arguments):
                return applied(row, operands)
        if isinstance(each, AppliedUndef) and str(each.func) in OPCODES:
            operands = list(map(walk, each.args))
            row = TABLE[OPCODES[str(each.func)]]
            if len(operands) == len(row.arguments):
                return applied(row, operands)
        if isinstance(each, sympy.Piecewise):
            return cases(list(each.args))
        raise ValueError(
            f"{each} is no function of the table of primitives; rewrite it in those that are"
        )

    def cases(pairs: list[Any]) -> ast.expr:
        if not pairs:
            return name("nan")
        (value, test), *rest = pairs
        if test is sympy.true:
            return walk(value)
        return ast.IfExp(condition(test), walk(value), cases(rest))

    def condition(test: Any) -> ast.expr:
        comparisons = {
            sympy.StrictLessThan: ast.Lt,
            sympy.LessThan: ast.LtE,
            sympy.StrictGreaterThan: ast.Gt,
            sympy.GreaterThan: ast.GtE,
        }
        if test in (sympy.true, sympy.false):
            return number(1 if test is sympy.true else 0)
        if isinstance(test, sympy.Not):
            return ast.UnaryOp(ast.Not(), condition(test.args[0]))
        if isinstance(test, sympy.And):
            return reduce(lambda a, b: ast.IfExp(a, b, number(0)), map(condition, test.args))
        if isinstance(test, sympy.Or):
            return reduce(lambda a, b: ast.IfExp(a, number(1), b), map(condition, test.args))
        if isinstance(test, sympy.Ne):
            return walk(test.lhs - test.rhs)
        if isinstance(test, sympy.Eq):
            return ast.UnaryOp(ast.Not(), walk(test.lhs - test.rhs))
        if type(test) not in comparisons:
            raise ValueError(f"the condition {test} is no comparison of two expressions")
        return ast.Compare(walk(test.lhs), [comparisons[type(test)]()], [walk(test.rhs)])

    return walk(expression)


def shortened_by_sympy(tree: ast.expr) -> ast.expr | None:
    """A shorter way to write an expression, as SymPy finds it; None where it finds none."""
    sympy = _sympy()
    if size(tree) > 120 or any(isinstance(node, ast.IfExp) for node in ast.walk(tree)):
        return None
    symbols = {
        each: sympy.Symbol(f"s{i}", real=True)
        for i, each in enumerate(names_in(tree))
        if each not in ("pi", "inf", "nan")
    }
    back = {f"s{i}": name(each) for i, each in enumerate(symbols)}
    best: ast.expr | None = None
    try:
        expression = _translated(tree, symbols)
        for form in (sympy.cancel, sympy.factor, sympy.together):
            found = tidy(substituted(_tree(form(expression)), back))
            if best is None or size(found) < size(best):
                best = found
    except (ValueError, TypeError, KeyError, NotImplementedError, sympy.PolynomialError):
        return best
    return best if best is not None and size(best) < size(tree) else None
