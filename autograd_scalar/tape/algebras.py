"""Algebras: what a tape's numbers, choices and functions are in a namespace of functions.

A row of the table is computed there from its value expression. An algebra says what the
expression leaves open: how a float is a number there, what a comparison answers and a choice
takes, and which functions are there without a formula.

    computed by `if`   `math`, mpmath, and any namespace of functions of one number
    of arrays          NumPy, JAX, and what has a `where`: a choice is made for each element
    symbolic           SymPy: a choice is a `Piecewise`
    balls              python-flint's `arb`: what can't be told is both, the hull of the branches
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache, reduce
from typing import Any, ClassVar

from ..table.emit import ATOM, Emitter, Piece, compiled
from ..table.floats import CONSTANTS, power
from ..table.language import parse
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE, compile_ieee_value

#: An answer there: `True`, `False`, an array or a condition; None where it can't be told.
Truth = Any


class LackingFunctionError(LookupError):
    """An algebra has no such function, and the table no formula for it."""


class UndecidedError(ValueError):
    """A question that a number of the algebra has no answer to."""


_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}


class _InAlgebra(Emitter):
    """Writes an expression as Python whose choices and numbers are an algebra's."""

    calls: ClassVar[Mapping[type[ast.AST], str]] = {
        ast.Div: "_algebra.divided",
        ast.FloorDiv: "_algebra.floor_divided",
        ast.Mod: "_algebra.remaining",
        ast.Pow: "_algebra.power",
    }

    def __init__(self, algebra: Algebra, called: Callable[[str], Callable[..., Any]]) -> None:
        self.scope: dict[str, Any] = {"__builtins__": {}, "_algebra": algebra}
        self._algebra = algebra
        self._called = called

    def name(self, label: str) -> Piece:
        return (f"_algebra.constant({label!r})" if label in CONSTANTS else label), ATOM

    def function(self, name: str) -> str:
        self.scope[f"_call_{name}"] = self._called(name)
        return f"_call_{name}"

    def test(self, tree: ast.expr) -> Piece:
        match tree:
            case ast.Compare(left=left, ops=ops, comparators=others):
                sides = [left, *others]
                asked = [
                    f"_algebra.compared({_COMPARE[type(op)]!r}, {self(a)}, {self(b)})"
                    for op, a, b in zip(ops, sides, others, strict=False)
                ]
                text = asked[0] if len(asked) == 1 else f"_algebra.both({', '.join(asked)})"
                return text, ATOM
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"_algebra.opposite({self.test(operand)[0]})", ATOM
        return f"_algebra.truth({self(tree)})", ATOM

    def piece(self, tree: ast.expr) -> Piece:
        match tree:
            case ast.Constant(value=int() | float() as value):
                name = f"_{len(self.scope)}"
                self.scope[name] = self._algebra.number(float(value))
                return name, ATOM
            case ast.IfExp(test=test, body=body, orelse=orelse):
                branches = f"lambda: {self(body)}, lambda: {self(orelse)}"
                return f"_algebra.chosen({self.test(test)[0]}, {branches})", ATOM
        return super().piece(tree)


class Algebra:
    """A namespace of functions whose numbers are compared by Python's own operators.

    namespaces  the functions, in the first that has them
    title       what the algebra is called in errors

    synonyms    what it calls functions of the table, and of SymPy's spellings
    other       functions that it has by these names, and that compute something else
    own         rows that it computes by itself though they have a formula
    is_exact    whether formulas in which digits would cancel may be used: SymPy's spellings
    """

    synonyms: ClassVar[Mapping[str, str]] = {}
    other: ClassVar[frozenset[str]] = frozenset()
    own: ClassVar[frozenset[str]] = frozenset()
    is_exact: ClassVar[bool] = False
    is_elementwise: ClassVar[bool] = False

    def __init__(self, namespaces: Sequence[Any], title: str) -> None:
        self.namespaces = namespaces
        self.title = title
        self._rows: dict[str, Callable[..., Any]] = {}

    # Numbers

    def number(self, x: float) -> Any:
        """A float there: the very number, however short Python prints it."""
        return x

    def leaf(self, x: Any) -> Any:
        """A number that was given as an argument."""
        return self.number(float(x)) if type(x) in (int, float, Fraction) else x

    def constant(self, name: str) -> Any:
        """π, ∞ or NaN."""
        return self.number(CONSTANTS[name])

    def formula(self, text: str, rounded: float) -> Any:
        """A number that a formula of the table has, such as log(2); a tape has it `rounded`."""
        return self.number(rounded)

    # Choices

    def compared(self, order: str, x: Any, y: Any) -> Truth:
        return getattr(operator, order)(x, y)

    def truth(self, x: Any) -> Truth:
        return x != 0

    def both(self, *tests: Truth) -> Truth:
        if any(test is False for test in tests):
            return False
        return None if None in tests else True

    def opposite(self, test: Truth) -> Truth:
        return None if test is None else not test

    def chosen(self, test: Truth, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        if test is None:
            raise UndecidedError("a comparison has no answer")
        return body() if test else orelse()

    def decided(self, test: Truth) -> bool | None:
        """The answer, where there is a single one."""
        return None if test is None else bool(test)

    def either(self, *tests: Truth) -> Truth:
        return self.opposite(self.both(*map(self.opposite, tests)))

    def where_not(self, test: Truth, leaves: Sequence[Any]) -> list[float] | None:
        """The numbers, as floats, at which the answer is no, or None where none can be told."""
        return None

    def alike(self, choose: Callable[..., Any], operands: Sequence[Any], shown: int) -> Any:
        """A choice between two ways to compute one formula, of which a textbook prints one."""
        return choose(*operands)

    # Operators that Python's numbers refuse some operands of

    def divided(self, x: Any, y: Any) -> Any:
        return x / y

    def floor_divided(self, x: Any, y: Any) -> Any:
        return x // y

    def remaining(self, x: Any, y: Any) -> Any:
        return x % y

    def power(self, x: Any, y: Any) -> Any:
        return power(x, y)

    # Functions

    def row(self, row: Primitive) -> Callable[..., Any]:
        """The row's value as a function of numbers there.

        Raises `LackingFunctionError`, naming the function that is missing.
        """
        found = self._rows.get(row.name)
        if found is None:
            found = self._rows[row.name] = self.quiet(row, self._row(row))
        return found

    def quiet(self, row: Primitive, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function without the exceptions that a derivative may meet on its way."""
        return function

    def error(self, row: Primitive, operands: Sequence[Any], result: Any) -> Exception | None:
        """What the program may raise for this result, or None where it is a number."""
        return None

    def _row(self, row: Primitive) -> Callable[..., Any]:
        function = None
        if row.is_opaque or row.name in self.own:
            names = [row.name, row.alias, row.sympy if row.sympy.isidentifier() else ""]
            found = [self.lookup(each) for each in names if each and each not in self.other]
            function = next(filter(None, found), None)
        if function is None and not row.is_opaque:
            return self._of_rows(row)
        if function is None and self.is_exact and row.sympy:
            return self._spelled(row)
        return function or self._missing(row.name)

    def _of_rows(self, row: Primitive) -> Callable[..., Any]:
        """The row's value by its formula, in which functions are rows."""
        return self._made(row, row.value_tree, lambda name: self.row(TABLE[OPCODES[name]]))

    def _spelled(self, row: Primitive) -> Callable[..., Any]:
        """The row's value by SymPy's spelling, in which functions are those of the namespace."""
        tree = row.spelled(row.sympy)
        return self._made(row, tree, lambda name: self.lookup(name) or self._missing(name))

    def _made(
        self, row: Primitive, tree: ast.expr, called: Callable[[str], Callable[..., Any]]
    ) -> Callable[..., Any]:
        emitter = _InAlgebra(self, called)
        lines = [f"return {emitter(tree)}"]
        return compiled(f"{row.name} in {self.title}", row.arguments, lines, emitter.scope)

    def lookup(self, name: str) -> Callable[..., Any] | None:
        """The namespace's own function of this name, or None."""
        for namespace in self.namespaces:
            found = getattr(namespace, self.synonyms.get(name, name), None)
            if callable(found):
                return found  # type: ignore[no-any-return]
        return abs if name in ("abs", "Abs") else None

    def _missing(self, name: str) -> Any:
        raise LackingFunctionError(f"{self.title} has no function {name!r}")

    def computed(self, text: str) -> Any:
        """The number that a formula without arguments is."""
        emitter = _InAlgebra(self, lambda name: self.row(TABLE[OPCODES[name]]))
        lines = [f"return {emitter(parse(text, (), None))}"]
        return compiled(f"{text} in {self.title}", (), lines, emitter.scope)()

    # Results

    def spread(self, numbers: list[Any], leaves: Sequence[Any]) -> list[Any]:
        """The numbers of a result, as many of each as there are elements in the arguments."""
        return numbers

    def array(self, numbers: list[Any], shape: tuple[int, ...]) -> Any:
        """The numbers of a result that the function returns in an array."""
        import numpy

        elements = numpy.empty(len(numbers), dtype=object)
        elements[:] = numbers
        return elements.reshape(shape)


class Floats(Algebra):
    """Python's floats, with the bits of the function itself."""

    def leaf(self, x: Any) -> Any:
        return float(x)

    def _row(self, row: Primitive) -> Callable[..., Any]:
        return _ieee_value(row)

    def error(self, row: Primitive, operands: Sequence[Any], result: Any) -> Exception | None:
        return None if math.isfinite(result) else ArithmeticError(row.name)

    def array(self, numbers: list[Any], shape: tuple[int, ...]) -> Any:
        import numpy

        return numpy.array(numbers, dtype=numpy.float64).reshape(shape)


_ieee_value = cache(compile_ieee_value)


class Mpmath(Algebra):
    """mpmath's real numbers, in the precision of their context."""

    # mpmath's roots may be complex.
    other = frozenset({"cbrt"})
    synonyms: ClassVar = {"ceiling": "ceil"}
    is_exact = True

    def __init__(self, namespaces: Sequence[Any], title: str) -> None:
        super().__init__(namespaces, title)
        self._mp = mp = getattr(namespaces[0], "mp", namespaces[0])
        self._functions: dict[str, Callable[..., Any]] = {
            # There is one zero, and for floats it is positive.
            "sign": lambda x: mp.mpf(1 if x >= 0 else -1),
            "loggamma": lambda x: mp.re(mp.loggamma(x)),
            "polygamma": lambda n, x: mp.polygamma(int(n), x),
            "fmod": self._fmod,
            "remainder": self._remainder,
            "Mod": operator.mod,
        }

    def number(self, x: float) -> Any:
        return self._mp.mpf(x)

    def leaf(self, x: Any) -> Any:
        if type(x) is Fraction:
            return self._mp.mpf(x.numerator) / x.denominator
        return self._mp.mpf(x)

    def constant(self, name: str) -> Any:
        return +getattr(self._mp, name)

    def formula(self, text: str, rounded: float) -> Any:
        return self.computed(text)

    def lookup(self, name: str) -> Callable[..., Any] | None:
        found = self._functions.get(name)
        return found or super().lookup(name)

    def quiet(self, row: Primitive, function: Callable[..., Any]) -> Callable[..., Any]:
        real, nan = self._mp.mpf, self._mp.nan

        def on_reals(*operands: Any) -> Any:
            try:
                result = function(*operands)
            except (ArithmeticError, ValueError):
                return nan
            return result if isinstance(result, real) else nan

        return on_reals

    def divided(self, x: Any, y: Any) -> Any:
        return x / y if y else x * self._mp.inf

    def floor_divided(self, x: Any, y: Any) -> Any:
        return self._mp.floor(self.divided(x, y))

    def remaining(self, x: Any, y: Any) -> Any:
        # mpmath's is exact, however large the quotient is.
        return x % y if y else self._mp.nan

    def _fmod(self, x: Any, y: Any) -> Any:
        left = self.remaining(abs(x), abs(y))
        return left if x >= 0 else -left

    def _remainder(self, x: Any, y: Any) -> Any:
        y = abs(y)
        left = self.remaining(abs(x), 2 * y)
        # In the middle of two multiples the even one counts.
        left -= 0 if left <= y / 2 else y if left < 3 * y / 2 else 2 * y
        return left if x >= 0 else -left

    def power(self, x: Any, y: Any) -> Any:
        return self._mp.inf if not x and y < 0 else x**y

    def error(self, row: Primitive, operands: Sequence[Any], result: Any) -> Exception | None:
        finite = self._mp.isfinite
        if finite(result) or not all(map(finite, operands)):
            return None
        given = ", ".join(
            f"{name} = {self._mp.nstr(x, 10)}"
            for name, x in zip(row.arguments, operands, strict=True)
        )
        needs = f"needs {row.domain}" if row.domain else "has no finite value"
        return ValueError(f"{row.name}: {row.value} {needs}, got {given}")


class Arrays(Algebra):
    """Arrays, whose elements choose for themselves: both branches are computed."""

    synonyms: ClassVar = {"lgamma": "gammaln"}
    # NumPy's remainder is Python's `%`.
    other = frozenset({"remainder"})
    is_elementwise = True

    def leaf(self, x: Any) -> Any:
        return self.namespaces[0].asarray(x) * 1.0

    def number(self, x: float) -> Any:
        return x

    def both(self, *tests: Truth) -> Truth:
        return reduce(operator.and_, tests)

    def opposite(self, test: Truth) -> Truth:
        return test ^ True

    def either(self, *tests: Truth) -> Truth:
        return reduce(operator.or_, tests)

    def where_not(self, covered: Truth, leaves: Sequence[Any]) -> list[float] | None:
        import numpy

        try:
            known = numpy.asarray(covered)
            first = int(known.argmin())
            spread = [numpy.broadcast_to(numpy.asarray(leaf), known.shape) for leaf in leaves]
        except TypeError:  # a tracer has no elements
            return None
        return [float(leaf.flat[first]) for leaf in spread]

    def chosen(self, test: Truth, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        return self.namespaces[0].where(test, body(), orelse())

    def decided(self, test: Truth) -> bool | None:
        if bool(self.namespaces[0].all(test)):
            return True
        return None if bool(self.namespaces[0].any(test)) else False

    def power(self, x: Any, y: Any) -> Any:
        return x**y

    def spread(self, numbers: list[Any], leaves: Sequence[Any]) -> list[Any]:
        one = self.namespaces[0]
        shape = one.broadcast_shapes(*map(one.shape, leaves))
        # What depends on no element is the same for all.
        return [
            x if one.shape(x) == shape else one.array(one.broadcast_to(one.asarray(x), shape))
            for x in numbers
        ]

    def array(self, numbers: list[Any], shape: tuple[int, ...]) -> Any:
        one = self.namespaces[0]
        # Results that depend on nothing have no axes.
        each = one.broadcast_arrays(*map(one.asarray, numbers))
        if not each:
            return one.zeros(shape)
        return one.stack(each).reshape(shape + tuple(each[0].shape))


class Jax(Arrays):
    """JAX's arrays and tracers."""

    # They have derivatives of their own, without a branch that is not taken.
    own = frozenset({"maximum", "minimum", "logaddexp"})

    def lookup(self, name: str) -> Callable[..., Any] | None:
        found = super().lookup(name)
        if name != "polygamma" or found is None:
            return found
        return lambda n, x: found(self.namespaces[0].asarray(n).astype(int), x)

    def decided(self, test: Truth) -> bool | None:
        import jax

        try:
            return super().decided(test)
        except jax.errors.ConcretizationTypeError:
            return None


class Symbols(Algebra):
    """SymPy's expressions."""

    is_exact = True

    def __init__(self, namespaces: Sequence[Any], title: str) -> None:
        super().__init__(namespaces, title)
        self._sympy = namespaces[0]

    def number(self, x: float) -> Any:
        """Whole numbers, halves, quarters … are exact; another one is a `Float` of the float."""
        sympy = self._sympy
        if not math.isfinite(x):
            return sympy.nan if math.isnan(x) else sympy.oo if x > 0 else -sympy.oo
        ratio = Fraction(x)
        if ratio.denominator <= 64:
            return sympy.Rational(ratio.numerator, ratio.denominator)
        return sympy.Float(x)

    def leaf(self, x: Any) -> Any:
        return super().leaf(x) if type(x) in (int, float) else self._sympy.sympify(x)

    def constant(self, name: str) -> Any:
        return {"pi": self._sympy.pi, "inf": self._sympy.oo, "nan": self._sympy.nan}[name]

    def formula(self, text: str, rounded: float) -> Any:
        return self.computed(text)

    def lookup(self, name: str) -> Callable[..., Any] | None:
        return self._log_of_gamma if name == "loggamma" else super().lookup(name)

    def _log_of_gamma(self, x: Any) -> Any:
        # SymPy's is complex for negative numbers.
        found = self._sympy.loggamma(x)
        return found if x.is_positive else self._sympy.re(found)

    def compared(self, order: str, x: Any, y: Any) -> Truth:
        return getattr(self._sympy, order.capitalize())(x, y)

    def truth(self, x: Any) -> Truth:
        sympy = self._sympy
        if not isinstance(x, sympy.Piecewise):
            return sympy.Ne(x, 0)
        answer = sympy.false
        for value, condition in reversed(x.args):
            yes, no = sympy.And(condition, self.truth(value)), sympy.And(~condition, answer)
            answer = sympy.Or(yes, no)
        return answer

    def both(self, *tests: Truth) -> Truth:
        return self._sympy.And(*tests)

    def opposite(self, test: Truth) -> Truth:
        return self._sympy.Not(test)

    def chosen(self, test: Truth, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        answer = self.decided(test)
        if answer is not None:
            return body() if answer else orelse()
        return self._sympy.Piecewise((body(), test), (orelse(), True))

    def alike(self, choose: Callable[..., Any], operands: Sequence[Any], shown: int) -> Any:
        return operands[shown]

    def decided(self, test: Truth) -> bool | None:
        if test in (True, False):
            return bool(test)
        return None

    def floor_divided(self, x: Any, y: Any) -> Any:
        return self._sympy.floor(x / y)

    def power(self, x: Any, y: Any) -> Any:
        return x**y

    def _row(self, row: Primitive) -> Callable[..., Any]:
        if row.sympy.isidentifier():
            return self.lookup(row.sympy) or self._missing(row.sympy)
        if row.sympy:
            return self._spelled(row)
        # What has no formula is a function without one.
        return self._sympy.Function(row.name) if row.is_opaque else self._of_rows(row)


class Balls(Algebra):
    """python-flint's real balls, which enclose what can't be told."""

    synonyms: ClassVar = {"ceiling": "ceil", "maximum": "max", "minimum": "min"}
    # arb has roots of what is positive.
    other = frozenset({"cbrt", "lgamma"})
    own = frozenset({"maximum", "minimum"})
    is_exact = True

    def __init__(self, namespaces: Sequence[Any], title: str) -> None:
        super().__init__(namespaces, title)
        from flint import acb

        self._arb = arb = namespaces[0]
        self._functions: dict[str, Callable[..., Any]] = {
            "log": lambda x, base=None: arb.log(x) if base is None else arb.log(x) / base.log(),
            "cbrt": self._root,
            "sign": self._sign,
            # The logarithm of |Γ|, where arb's is of what is positive.
            "loggamma": lambda x: acb(x).lgamma().real,
            "polygamma": lambda n, x: acb(x).polygamma(acb(n)).real,
            "remainder": self._remainder,
            "Mod": self.remaining,
        }

    def number(self, x: float) -> Any:
        return self._arb(x)

    def leaf(self, x: Any) -> Any:
        if type(x) is Fraction:
            return self._arb(x.numerator) / x.denominator
        return self._arb(x)

    def constant(self, name: str) -> Any:
        return self._arb.pi() if name == "pi" else self.number(CONSTANTS[name])

    def formula(self, text: str, rounded: float) -> Any:
        return self.computed(text)

    def _root(self, x: Any) -> Any:
        """The third root of what is not negative; arb has none of a ball with 0 in it."""
        if not x.contains(0):
            return x.root(3)
        zero, top = self._arb(0), x.abs_upper()
        return zero if x.is_zero() else zero.union(top.root(3))

    def _remainder(self, x: Any, y: Any) -> Any:
        """What is left of the nearest multiple, and of the even one in the middle of two."""
        above = x / y + 0.5
        count = above.floor()
        if above == count and not (count / 2).is_integer():
            count -= 1
        return x - y * count

    def _sign(self, x: Any) -> Any:
        # There is one zero, and for floats it is positive.
        one = self._arb(1)
        return self.chosen(self.compared("ge", x, self._arb(0)), lambda: one, lambda: -one)

    def lookup(self, name: str) -> Callable[..., Any] | None:
        found = self._functions.get(name)
        return found or super().lookup(name)

    def compared(self, order: str, x: Any, y: Any) -> Truth:
        if getattr(operator, order)(x, y):
            return True
        opposite = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}[order]
        return False if getattr(operator, opposite)(x, y) else None

    def truth(self, x: Any) -> Truth:
        if x.is_nan() or not x.contains(0):
            return None if x.is_nan() else True
        return False if x.is_zero() else None

    def chosen(self, test: Truth, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        if test is None:
            return body().union(orelse())
        return body() if test else orelse()

    def alike(self, choose: Callable[..., Any], operands: Sequence[Any], shown: int) -> Any:
        # Both enclose the number.
        finite = [each for each in operands[1:] if each.is_finite()]
        return finite[0].intersection(finite[1]) if len(finite) == 2 else choose(*operands)

    def power(self, x: Any, y: Any) -> Any:
        return x**y

    def floor_divided(self, x: Any, y: Any) -> Any:
        return (x / y).floor()

    def remaining(self, x: Any, y: Any) -> Any:
        return x - y * (x / y).floor()
