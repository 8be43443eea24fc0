"""Mathematics as people write it, as text in Python's spelling."""

from __future__ import annotations

import ast
from collections.abc import Collection

from ..algebra.trees import names_in
from ..engine.functions import FUNCTIONS
from ..notation.reading import read
from ..table.language import ExpressionError, check


def read_math(text: str, names: Collection[str] = ()) -> str:
    r"""What is written as in a book, or printed by this package, as an expression of Python.

    text   an expression, or steps: `2x`, `x²`, `e^-x`, `|x|`, `sin² x`, `√(x + 1)`, LaTeX
    names  names that have a value: among them, `e` and `pi` are no constants, and what is
           typeset as one of them is read as it

    The docs say what is read, under "The command line". Raises `ValueError` for what can't be
    read or has two readings, with a caret under the place and what to write instead.

    >>> read_math("3x² + e^-|x|"), read_math(r"\frac{1}{1 + e^{-z}}")
    ('3 * x ** 2 + exp(-abs(x))', '1 / (1 + exp(-z))')
    >>> read_math("f(x) = 2x; f(3)")
    'f(x) = 2 * x; f(3)'
    >>> read_math("ln x · y")
    Traceback (most recent call last):
    autograd_scalar.notation.scanning.ReadingError: ln of how much? Write ln(x)·y or ln(x·y)
      ln x · y
           ^
    """
    written: list[str] = []
    defined = {*FUNCTIONS}
    for statement in read(text, FUNCTIONS, names):
        check(statement.tree, names_in(statement.tree), defined)
        target = statement.name
        if statement.arguments is not None:
            defined.add(target)
            target += f"({', '.join(statement.arguments)})"
        try:
            spelled = ast.unparse(statement.tree)
        except RecursionError:
            raise ExpressionError("this expression has too many terms to be written out") from None
        written.append(f"{target} = {spelled}" if target else spelled)
    if not written:
        raise ExpressionError("the expression is empty")
    return "; ".join(written)
