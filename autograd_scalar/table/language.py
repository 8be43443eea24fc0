"""The small language the table of primitives is written in, and its interpreters.

An expression is arithmetic over named arguments: numbers, `+ - * / // % **`, calls of
known functions, `a if test else b`, and the order comparisons.  It is parsed with `ast`
and checked against a whitelist, so a rule that needs more fails where it is written.

Equality is deliberately missing from tests: on recorded values `==` means identity, so
a rule that used it would mean different things to different interpreters.  Order
comparisons and truth (`x` is not zero) mean the same everywhere.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

CONSTANTS: dict[str, float] = {"pi": math.pi, "inf": math.inf, "nan": math.nan}


_NO_REAL_POWER = "a negative number has no real power with a fractional exponent"


def power(x: Any, y: Any) -> Any:
    """`x ** y`; Python would answer `(-8.0) ** (1/3)` with a complex number."""
    try:
        result = x**y
    except OverflowError:  # of the complex number, too
        if isinstance(x, float) and isinstance(y, float) and x < 0 and y != y // 1:
            raise ValueError(_NO_REAL_POWER) from None
        raise
    if isinstance(result, complex):
        raise ValueError(_NO_REAL_POWER)
    return result


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
}
#: The row of the table that each binary operator is.
BINARY_ROWS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class ExpressionError(ValueError):
    """An expression that this language does not have, with the column of the culprit."""

    def __init__(self, message: str, column: int = 0, line: int = 1) -> None:
        super().__init__(message)
        self.column = column
        self.line = line


def check(tree: ast.expr, names: Collection[str], functions: Collection[str]) -> None:
    """Refuse every node that is not part of the language.

    Raises `ExpressionError` for the first node that is an unknown name or function, a
    number that is not a finite float, or any other kind of Python.
    """
    pending: list[ast.expr] = [tree]
    while pending:
        node = pending.pop()
        at = (node.col_offset, node.lineno)
        match node:
            case ast.Constant(value=value):
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise ExpressionError(f"{value!r} is not a real number", *at)
                try:
                    finite = math.isfinite(float(value))
                except OverflowError:
                    finite = False
                if not finite:
                    raise ExpressionError("this number is too large for a float", *at)
            case ast.Name(id=name):
                if name not in names and name not in CONSTANTS:
                    raise ExpressionError(f"unknown name {name!r}", *at)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                pending += (right, left)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                pending.append(operand)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                pending += (orelse, body, test)
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(op) in _COMPARE for op in ops
            ):
                pending += [*reversed(others), left]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                if name not in functions:
                    raise ExpressionError(f"unknown function {name!r}", *at)
                pending += reversed(arguments)
            case _:
                # What is wrong with `x | y` is BitOr, not that it is an operation.
                culprit = getattr(node, "op", node)
                raise ExpressionError(
                    f"{type(culprit).__name__} is not part of an expression "
                    "(numbers, names, arithmetic and calls of known functions are)",
                    *at,
                )


def parse(text: str, names: Collection[str], functions: Collection[str]) -> ast.expr:
    """The checked syntax tree of one expression.

    >>> ast.unparse(parse("1 - out*out", ("x", "out"), ()))
    '1 - out * out'
    >>> parse("__import__('os')", (), ())
    Traceback (most recent call last):
    autograd_scalar.table.language.ExpressionError: unknown function '__import__'
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(error.msg, max((error.offset or 1) - 1, 0)) from None
    except ValueError as error:
        raise ExpressionError(str(error)) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("this expression is nested too deeply") from None
    try:
        check(tree, names, functions)
    except ExpressionError as error:
        # `ast` counts columns in UTF-8 bytes.
        line = text.split("\n")[error.line - 1].encode()
        error.column = len(line[: error.column].decode())
        raise
    return tree


def evaluate(tree: ast.expr, names: Mapping[str, Any], functions: Mapping[str, Any]) -> Any:
    """The value of `tree` in whatever algebra `names` and `functions` come from.

    Floats, recorded values, `mpmath` numbers and SymPy symbols all go through here.

    >>> evaluate(parse("x * exp(x)", "x", ["exp"]), {"x": 0.0}, {"exp": math.exp})
    0.0
    """
    match tree:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names[name] if name in names else CONSTANTS[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](
                evaluate(left, names, functions), evaluate(right, names, functions)
            )
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](evaluate(operand, names, functions))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            taken = body if evaluate(test, names, functions) else orelse
            return evaluate(taken, names, functions)
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [evaluate(each, names, functions) for each in (left, *others)]
            return all(
                _COMPARE[type(op)](a, b) for op, a, b in zip(ops, values, values[1:], strict=False)
            )
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return functions[name](*(evaluate(each, names, functions) for each in arguments))
    raise TypeError(f"unchecked syntax: {ast.dump(tree)}")


def taken_branch(
    tree: ast.expr, names: Mapping[str, Any], functions: Mapping[str, Any]
) -> ast.expr:
    """What is left of `tree` at this point once its `if … else` choices are made."""
    while isinstance(tree, ast.IfExp):
        tree = tree.body if evaluate(tree.test, names, functions) else tree.orelse
    return tree


def is_zero(tree: ast.expr) -> bool:
    """Whether `tree` is the number 0 itself, rather than something that came out as 0."""
    return isinstance(tree, ast.Constant) and tree.value == 0


def beside_a_point(choice: ast.IfExp, moving: Collection[str]) -> ast.expr | None:
    """The other branch of a choice that is written 0 at a single point of a name in `moving`.

    `0 if not y else y * x` says how large a partial is at y = 0, and nothing of how it changes
    as y moves away from there: that the branch beside the point tells.

    >>> tree = parse("0 if not y else y * x", "xy", ())
    >>> ast.unparse(beside_a_point(tree, "y")), beside_a_point(tree, "x")
    ('y * x', None)
    """
    match choice:
        case ast.IfExp(ast.UnaryOp(ast.Not(), ast.Name(name)), at, beside):
            pass
        case ast.IfExp(ast.Name(name), beside, at):
            pass
        case _:
            return None
    return beside if name in moving and name != "out" and is_zero(at) else None


# Floats: where Python raises, partials take what IEEE 754 and C's `pow` say.


def ieee_divide(x: float, y: float) -> float:
    """`x / y` where a zero divisor gives the IEEE 754 infinity or NaN, not an exception."""
    if y:
        return x / y
    if x == 0 or math.isnan(x):
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def ieee_power(x: float, y: float) -> float:
    """C's `pow`: poles and overflows are infinite, undefined powers NaN."""
    try:
        return float(power(x, y))
    except ValueError:
        return math.nan
    except ArithmeticError:
        odd = y == math.trunc(y) and math.fmod(y, 2.0) != 0
        return -math.inf if odd and math.copysign(1.0, x) < 0 else math.inf


_POLES = {"log": 0.0, "log2": 0.0, "log10": 0.0, "log1p": -1.0}


def ieee(name: str, function: Callable[..., float]) -> Callable[..., float]:
    """`function` with C's results in place of Python's exceptions."""

    def quiet(*arguments: float) -> float:
        try:
            return function(*arguments)
        except ValueError:
            return -math.inf if arguments[0] == _POLES.get(name) else math.nan
        except OverflowError:
            return math.copysign(math.inf, arguments[0]) if name == "sinh" else math.inf

    return quiet


class _FloatSource(ast.NodeTransformer):
    """Rewrites a tree into Python source for floats, exact or with IEEE results."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        assert isinstance(node.value, int | float)
        return ast.Constant(float(node.value))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        name = None
        if isinstance(node.op, ast.Pow):
            name = "_ieee_power" if self.quiet else "_power"
        elif isinstance(node.op, ast.Div) and self.quiet:
            name = "_ieee_divide"
        if name is None:
            return ast.BinOp(left, node.op, right)
        return ast.Call(ast.Name(name), [left, right], [])

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        name = f"_ieee_{node.func.id}" if self.quiet else node.func.id
        return ast.Call(ast.Name(name), [self.visit(each) for each in node.args], [])


def float_source(tree: ast.expr, *, quiet: bool = False) -> str:
    """Python source that computes `tree` on floats; `quiet` for IEEE results throughout.

    >>> float_source(parse("1 / x ** 2", "x", ()))
    '1.0 / _power(x, 2.0)'
    >>> float_source(parse("1 / x ** 2", "x", ()), quiet=True)
    '_ieee_divide(1.0, _ieee_power(x, 2.0))'
    """
    copied = ast.parse(ast.unparse(tree), mode="eval").body
    return ast.unparse(ast.fix_missing_locations(_FloatSource(quiet).visit(copied)))


def can_raise(tree: ast.expr) -> bool:
    """Whether computing `tree` on floats may raise: a division, a power or a call."""
    return any(
        isinstance(node, ast.Call)
        or (isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Sub | ast.Mult))
        for node in ast.walk(tree)
    )
