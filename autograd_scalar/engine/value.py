# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""The engine: `Value` records what is done to a number, `backward()` differentiates it.

Here a graph is recorded, put into order and swept. Nothing here names a derivative: a
primitive's value and partials come from its kernel, which is made from the table. Compiled
or plain, this is the source; `kernels.pxd` says how the two fit together.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

from ..table.registry import KERNELS, OPCODES, TABLE
from . import callers, context, kernels
from .numbers import comparable, failure, is_real, refuse_decimal, to_float, to_operand

# `value.pxd` says what these are in C. What callers pass is named here and not there, because
# a compiled function would turn it down in words of its own.
Opcode = int
State = int
Mark = int
Pairs = tuple[tuple["Value", float], ...]
Truth = bool
Results = tuple[float, ...]
Numbers = list[float]
Number = float | int
Text = str

if TYPE_CHECKING:
    # What methods made from the table look like.
    def _of_one(x: Value, /) -> Value: ...
    def _of_two(x: Value, y: Value | Number, /) -> Value: ...
    def _of_three(x: Value, y: Value | Number, z: Value | Number, /) -> Value: ...


# Opcodes of nodes that no primitive made.
_LEAF = -1
_PARAMETER = -2
_CONSTANT = -3
# A constant of a program that is traced, which will be another number when it is replayed.
_VARYING_CONSTANT = -4

_ADD = OPCODES["add"]
_SUB = OPCODES["sub"]
_MUL = OPCODES["mul"]
_DIV = OPCODES["div"]
_NEG = OPCODES["neg"]
_POW = OPCODES["pow"]
_FLOORDIV = OPCODES["floordiv"]
_MOD = OPCODES["mod"]
_ABS = OPCODES["abs"]
_LESS = OPCODES["less"]
_LESS_EQUAL = OPCODES["less_equal"]
_EQUAL = OPCODES["equal"]
_NOT_EQUAL = OPCODES["not_equal"]

# The grad of a value no sweep has met: IEEE negative zero, which adds like 0 and which a sum
# that starts at +0.0, as every sweep's does, never comes to.
_NOT_COMPUTED = -0.0

# Grows by 3 with every order and by 1 with other sweeps, and marks the nodes they meet.
_mark = 0


class Value:
    """A number that remembers how it was computed.

    data   a real number; anything else is a `TypeError`
    label  the name it has in drawings, explanations and error messages

    Ordinary arithmetic on Values (and the functions of this package) builds a graph;
    `backward()` on a result fills `grad` of every Value it was computed from.

    >>> x = Value(2.0, label="x")
    >>> y = x * x + 3 * x
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)

    Comparisons and truth look at `data`: `x == 2` asks for the number. `hash` is identity, so
    that sets and dictionaries tell Values apart; `in` on a list compares numbers.

    Values take no attributes, subclasses or weak references, as graphs have millions of them:
    what belongs to one is kept in a dictionary, as `nn.Adam` keeps its state.
    """

    # The first two operands and their partials lie in the node itself; `_more` holds the
    # (operand, partial) pairs of primitives that take more. `_flow` is what a sweep carries:
    # an adjoint on the way back, a tangent on the way forward.
    __slots__ = (
        "_data",
        "_dx",
        "_dy",
        "_flow",
        "_grad",
        "_label",
        "_mark",
        "_more",
        "_opcode",
        "_x",
        "_y",
    )

    if TYPE_CHECKING:
        _data: float
        _grad: float
        _flow: float
        _dx: float
        _dy: float
        _label: str
        _opcode: Opcode
        _mark: int
        _x: Any
        _y: Any
        _more: Any

        def __hash__(self) -> int: ...

        # `add_methods` gives Value the functions of the table.
        # from the table, by python -m autograd_scalar.generate
        exp = exp2 = expm1 = log = log1p = log2 = log10 = sqrt = cbrt = sin = cos = tan = _of_one
        asin = arcsin = acos = arccos = atan = arctan = sinh = cosh = tanh = asinh = _of_one
        arcsinh = acosh = arccosh = atanh = arctanh = erf = erfc = gamma = lgamma = _of_one
        digamma = relu = floor = ceil = trunc = sigmoid = softplus = silu = gelu = _of_one
        degrees = radians = fabs = deg2rad = rad2deg = rint = _of_one
        logaddexp = atan2 = arctan2 = polygamma = maximum = minimum = fmod = _of_two
        remainder = copysign = _of_two
        where = _of_three
        # end of the table

        def clamp(
            self, low: Value | Number | None = ..., high: Value | Number | None = ...
        ) -> Value: ...
        def hypot(self, *others: Value | Number) -> Value: ...
        def leaky_relu(self, slope: Value | Number = ...) -> Value: ...

    # NumPy's scalars leave arithmetic with a Value to it; its arrays, of priority 0, go
    # element by element.
    __array_priority__ = -1.0

    def __init__(self, data: Number, label: Text = "") -> None:
        _fill(self, to_float(data), _LEAF)
        self.label = label
        if _traced():
            context.tracer().created(self)

    @staticmethod
    def parameter(data: Number, label: Text = "") -> Value:
        """A leaf that a model learns: like `Value(data, label)`, but drawn as a parameter.

        >>> Value.parameter(0.5, "w").kind
        'parameter'
        """
        v: Value = _parentless(to_float(data), _PARAMETER)
        v.label = label
        if _traced():
            context.tracer().created(v)
        return v

    @property
    def data(self) -> float:
        """The number. Setting it on a leaf changes what is computed from it from then on.

        A graph keeps the partials of the numbers it was recorded with: `backward()` gives
        the derivative at the recorded point, whatever the leaves hold by then.
        """
        if _traced():
            context.tracer().reading(self, ".data")
        return self._data

    @data.setter
    def data(self, data: Number) -> None:
        self._data = to_float(data)

    @property
    def grad(self) -> float:
        """The adjoint: how fast the value `backward()` was called on changes with this one."""
        if _traced():
            context.tracer().reading(self, ".grad")
        return self._grad + 0.0

    @grad.setter
    def grad(self, grad: Number) -> None:
        self._grad = to_float(grad) or _NOT_COMPUTED

    @property
    def has_grad(self) -> bool:
        """Whether `grad` was computed (or set), rather than being the 0 everything starts at."""
        return self._grad != 0.0 or math.copysign(1.0, self._grad) > 0.0

    @property
    def label(self) -> str:
        """The name in drawings, explanations and error messages; `""` for none."""
        return self._label

    @label.setter
    def label(self, label: Text) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a string, got {type(label).__name__} {label!r:.60}")
        # An instance of a subclass could refer back to this value, and neither be freed again.
        self._label = label if type(label) is str else str.__str__(label)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands, in order; `x * x` has two."""
        x = self._x
        y = self._y
        if x is None:
            return ()
        if y is None:
            return (x,)
        if self._more is None:
            return (x, y)
        return (x, y, *[parent for parent, _ in self._more])

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives ∂self/∂parent, one for each of `parents`."""
        if _traced():
            context.tracer().reading(self, ".partials")
        if self._x is None:
            return ()
        if self._y is None:
            return (self._dx,)
        if self._more is None:
            return (self._dx, self._dy)
        return (self._dx, self._dy, *[partial for _, partial in self._more])

    @property
    def op(self) -> str:
        """The name of the primitive that made this value; `""` if none did."""
        return TABLE[self._opcode].name if self._opcode >= 0 else ""

    @property
    def kind(self) -> str:
        """`"leaf"`, `"parameter"`, `"constant"` (a plain number, or detached) or `"interior"`."""
        if self._opcode >= 0:
            return "interior"
        if self._opcode <= _CONSTANT:
            return "constant"
        return "parameter" if self._opcode == _PARAMETER else "leaf"

    @property
    def _prev(self) -> tuple[Value, ...]:
        """micrograd's name for `parents`."""
        return self.parents

    @property
    def _op(self) -> str:
        """micrograd's name for the operation: the operator's symbol, or the primitive's name."""
        return (TABLE[self._opcode].operator or self.op) if self._opcode >= 0 else ""

    def backward(self, seed: Number = 1.0) -> None:
        """Differentiate this value with respect to everything it was computed from.

        seed  the adjoint this value starts with; it scales every gradient

        Adds to `grad` of leaves and parameters, so that two passes give exactly twice
        the gradient; values in between hold the last pass. Raises `ValueError` on a constant,
        which nothing leads to: every gradient would silently stay what it is.

        >>> x = Value(2.0)
        >>> y = x**3
        >>> y.backward(); x.grad
        12.0
        >>> y.backward(); x.grad
        24.0
        """
        start = to_float(seed) + 0.0
        if _traced():
            context.tracer().reading(self, ".backward()")
        if self._opcode == _CONSTANT:
            raise ValueError(
                f"backward() on the constant {self!r}: it was detached or computed under "
                "no_grad(), so no derivative leads from it"
            )
        if context.watcher() is not None:
            context.watcher().sweeping(self, start)
        _accumulate(self, start)

    def zero_grad(self) -> None:
        """Forget this value's gradient: `grad` is 0 again, and reads as not computed."""
        self.grad = 0.0

    def detach(self) -> Value:
        """A constant with the same number and label: no derivative flows through it.

        >>> x = Value(3.0)
        >>> y = x * x.detach()
        >>> y.backward(); x.grad
        3.0
        """
        if _traced():
            return _detached(self)
        v: Value = _parentless(self._data, _CONSTANT)
        v._label = self._label
        return v

    def __add__(self, other: Any) -> Value:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None else _add(self, y)

    def __radd__(self, other: Any) -> Value:
        x: Value = _constant(other)
        return NotImplemented if x is None else _add(x, self)

    def __sub__(self, other: Any) -> Value:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None else _sub(self, y)

    def __rsub__(self, other: Any) -> Value:
        x: Value = _constant(other)
        return NotImplemented if x is None else _sub(x, self)

    def __mul__(self, other: Any) -> Value:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None else _mul(self, y)

    def __rmul__(self, other: Any) -> Value:
        x: Value = _constant(other)
        return NotImplemented if x is None else _mul(x, self)

    def __truediv__(self, other: Any) -> Value:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None else binary(_DIV, self, y)

    def __rtruediv__(self, other: Any) -> Value:
        x: Value = _constant(other)
        return NotImplemented if x is None else binary(_DIV, x, self)

    def __pow__(self, other: Any, modulo: Any = None) -> Value:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None or modulo is not None else binary(_POW, self, y)

    def __rpow__(self, other: Any, modulo: Any = None) -> Value:
        x: Value = _constant(other)
        return NotImplemented if x is None or modulo is not None else binary(_POW, x, self)

    def __floordiv__(self, other: Any) -> Value:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None else binary(_FLOORDIV, self, y)

    def __rfloordiv__(self, other: Any) -> Value:
        x: Value = _constant(other)
        return NotImplemented if x is None else binary(_FLOORDIV, x, self)

    def __mod__(self, other: Any) -> Value:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None else binary(_MOD, self, y)

    def __rmod__(self, other: Any) -> Value:
        x: Value = _constant(other)
        return NotImplemented if x is None else binary(_MOD, x, self)

    def __divmod__(self, other: Any) -> tuple[Value, Value]:
        y: Value = other if type(other) is Value else _constant(other)
        return NotImplemented if y is None else (self // y, self % y)

    def __rdivmod__(self, other: Any) -> tuple[Value, Value]:
        x: Value = _constant(other)
        return NotImplemented if x is None else (x // self, x % self)

    # Python makes `a = a + b` of `a += b` where this gives NotImplemented.

    def __iadd__(self, other: Any) -> Value:
        _refuse_in_place(self)
        return NotImplemented

    def __isub__(self, other: Any) -> Value:
        _refuse_in_place(self)
        return NotImplemented

    def __imul__(self, other: Any) -> Value:
        _refuse_in_place(self)
        return NotImplemented

    def __itruediv__(self, other: Any) -> Value:
        _refuse_in_place(self)
        return NotImplemented

    def __neg__(self) -> Value:
        return _unary(_NEG, self, kernels.neg(self._data))

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _unary(_ABS, self, kernels.abs(self._data))

    def __eq__(self, other: Any) -> Any:
        if _traced():
            return _question(_EQUAL, self, other)
        if type(other) is Value:
            y: Value = other
            return self._data == y._data
        number = comparable(other)
        return NotImplemented if number is None else self._data == number

    def __ne__(self, other: Any) -> Any:
        if _traced():
            return _question(_NOT_EQUAL, self, other)
        if type(other) is Value:
            y: Value = other
            return self._data != y._data
        number = comparable(other)
        return NotImplemented if number is None else self._data != number

    def __lt__(self, other: Any) -> Any:
        if _traced():
            return _question(_LESS, self, other)
        if type(other) is Value:
            y: Value = other
            return self._data < y._data
        number = comparable(other)
        return NotImplemented if number is None else self._data < number

    def __le__(self, other: Any) -> Any:
        if _traced():
            return _question(_LESS_EQUAL, self, other)
        if type(other) is Value:
            y: Value = other
            return self._data <= y._data
        number = comparable(other)
        return NotImplemented if number is None else self._data <= number

    def __gt__(self, other: Any) -> Any:
        if _traced():
            return _question(_LESS, other, self)
        if type(other) is Value:
            y: Value = other
            return self._data > y._data
        number = comparable(other)
        return NotImplemented if number is None else self._data > number

    def __ge__(self, other: Any) -> Any:
        if _traced():
            return _question(_LESS_EQUAL, other, self)
        if type(other) is Value:
            y: Value = other
            return self._data >= y._data
        number = comparable(other)
        return NotImplemented if number is None else self._data >= number

    def __bool__(self) -> bool:
        if _traced():
            return bool(context.tracer().asked(self, self._data != 0.0))
        return self._data != 0.0

    def conjugate(self) -> Value:
        """The value itself: it is real. NumPy's `var` and `std` ask for it."""
        return self

    # Steps have derivative 0, so a plain number loses nothing.

    def __int__(self) -> int:
        if _traced():
            context.tracer().reading(self, "int()")
        return int(self._data)

    def __index__(self) -> int:
        """An error: `range(v)` and `items[v]` end up here."""
        if _traced():
            context.tracer().reading(self, "an index or a count made")
        raise TypeError(f"{self!r} is no index and no count; int(v) is, which has no derivative")

    def __trunc__(self) -> int:
        if _traced():
            context.tracer().reading(self, "math.trunc()")
        return math.trunc(self._data)

    def __floor__(self) -> int:
        if _traced():
            context.tracer().reading(self, "math.floor()")
        return math.floor(self._data)

    def __ceil__(self) -> int:
        if _traced():
            context.tracer().reading(self, "math.ceil()")
        return math.ceil(self._data)

    def __round__(self, digits: SupportsIndex | None = None) -> float:
        if _traced():
            context.tracer().reading(self, "round()")
        return round(self._data, digits)

    def __float__(self) -> float:
        """The number of a constant. Elsewhere an error: `math.exp(v)` ends up here, and would
        go on with a plain number and a derivative silently lost.

        `"%.3f" % v`, `math.isnan(v)` and the like lose nothing, and get the number.
        """
        if self._opcode != _CONSTANT:
            if _traced():
                context.tracer().reading(self, "float()")
            if advice := callers.advice(sys._getframe()):
                raise TypeError(
                    f"turning {self!r} into a float would lose its derivative; {advice}"
                )
        return self._data

    def item(self) -> float:
        """`data`, as PyTorch calls it: a plain number, that no derivative flows through.

        >>> Value(0.5).item()
        0.5
        """
        if _traced():
            context.tracer().reading(self, ".item()")
        return self._data

    def as_integer_ratio(self) -> tuple[int, int]:
        """An error: `statistics.mean(values)` ends up here, and `Fraction(v)`."""
        raise TypeError(
            f"turning {self!r} into a fraction would lose its derivative; use `.data` for the "
            "number, and sum(values) / len(values) for statistics.mean"
        )

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self._label!r}" if self._label else ""
        grad = f", grad={self._grad!r}" if self.has_grad else ""
        return f"Value({self._data!r}{label}{grad})"


kernels.prepare(Value)


# Recording


def _fill(v: Value, data: float, opcode: Opcode) -> None:
    v._data = data
    v._grad = _NOT_COMPUTED
    v._flow = 0.0
    v._label = ""
    v._opcode = opcode
    v._mark = 0
    v._x = None
    v._y = None
    v._more = None
    v._dx = 0.0
    v._dy = 0.0


def _parentless(data: float, opcode: Opcode) -> Value:
    v: Value = kernels.new(Value)
    _fill(v, data, opcode)
    return v


def constant(data: float) -> Value:
    """A Value no derivative flows through."""
    return _parentless(data, _CONSTANT)


def _constant(other: Any) -> Any:
    """A plain operand as a constant, or None where it is no real number."""
    if type(other) is float:
        return _parentless(other, _CONSTANT)
    if type(other) is int or is_real(other):
        return _parentless(to_float(other), _CONSTANT)
    refuse_decimal(other)
    return None


def _traced() -> Truth:
    """Whether what is computed here is written down, to be replayed on other numbers."""
    return bool(context.changes and kernels.blocks() & context.TRACED)


def decided_by(x: Any) -> Any:
    """The number in a Value or the number itself, for a decision.

    In a program that is traced it is a Value without a derivative: the decision is made again
    when the program is replayed.
    """
    if type(x) is not Value:
        return x
    v: Value = x
    return _detached(v) if _traced() else v._data


def _question(opcode: Opcode, left: Any, right: Any) -> Any:
    """A comparison in a program that is traced: a constant, 1 or 0, whose truth is asked later."""
    operands = []
    for each in (left, right):
        if type(each) is Value:
            operands.append(each)
            continue
        number = comparable(each)
        if number is None:
            return NotImplemented
        try:
            number = float(number)
        except OverflowError:
            number = math.inf if number > 0 else -math.inf
        operands.append(constant(number))
    return context.tracer().constant(opcode, operands)


def _detached(v: Value) -> Value:
    """A constant that is this value again when the program is replayed."""
    detached: Value = context.tracer().detached(v)
    return detached


def varying_constant(data: float) -> Value:
    """A constant of a program that is traced: another number when it is replayed."""
    return _parentless(data, _VARYING_CONSTANT)


def _refuse_in_place(v: Value) -> None:
    """Raise `TypeError` where a program means to change what it learns.

    `p -= rate * p.grad` under `no_grad()` would give the name `p` to a constant, and leave
    the parameter that a model holds as it was.
    """
    learned = v._opcode == _PARAMETER or (v._opcode == _LEAF and v.has_grad)
    if learned and context.is_paused():
        raise TypeError(
            f"{v!r} can't be changed in place: under no_grad(), an operator like -= gives the "
            "name to a new constant, and what was to be learned stays as it was; change the "
            "number instead, as in p.data -= rate * p.grad"
        )


def operand(other: Any, opcode: Opcode) -> Value:
    """What is passed to a primitive as a Value; a `TypeError` names the primitive."""
    if type(other) is Value:
        return other
    if type(other) is float:
        return _parentless(other, _CONSTANT)
    return _parentless(to_operand(other, TABLE[opcode]), _CONSTANT)


def _unary(opcode: Opcode, x: Value, results: Results) -> Value:
    state: State = kernels.blocks() if context.changes else 0
    if state:
        if state == context.PAUSED:
            return _parentless(results[0], _CONSTANT)
        return node(opcode, results[0], (x,), (results[1],))
    out: Value = kernels.new(Value)
    out._data, out._dx = results
    out._grad = _NOT_COMPUTED
    out._flow = 0.0
    out._label = ""
    out._opcode = opcode
    out._mark = 0
    out._x = x
    out._y = None
    out._more = None
    out._dy = 0.0
    return out


def _binary(opcode: Opcode, x: Value, y: Value, results: Results) -> Value:
    state: State = kernels.blocks() if context.changes else 0
    if state:
        if state == context.PAUSED:
            return _parentless(results[0], _CONSTANT)
        return node(opcode, results[0], (x, y), (results[1], results[2]))
    out: Value = kernels.new(Value)
    out._data, out._dx, out._dy = results
    out._grad = _NOT_COMPUTED
    out._flow = 0.0
    out._label = ""
    out._opcode = opcode
    out._mark = 0
    out._x = x
    out._y = y
    out._more = None
    return out


# The operators that can't fail are what graphs are mostly made of.


def _add(x: Value, y: Value) -> Value:
    return _binary(_ADD, x, y, kernels.add(x._data, y._data))


def _sub(x: Value, y: Value) -> Value:
    return _binary(_SUB, x, y, kernels.sub(x._data, y._data))


def _mul(x: Value, y: Value) -> Value:
    return _binary(_MUL, x, y, kernels.mul(x._data, y._data))


def _failed(opcode: Opcode, operands: Any, error: Any) -> Value:
    """Raise what a primitive has raised, in words; or go on as a tracer says."""
    if _traced():
        instead: Value | None = context.tracer().failed(opcode, operands)
        if instead is not None:
            return instead
    raise failure(TABLE[opcode], operands, error) from error.__cause__


def unary(opcode: Opcode, x: Value) -> Value:
    """`record` for a primitive of one argument, a Value."""
    try:
        return _unary(opcode, x, kernels.unary(opcode, x._data))
    except (ArithmeticError, ValueError) as error:
        return _failed(opcode, (x,), error)


def binary(opcode: Opcode, x: Value, y: Value) -> Value:
    """`record` for a primitive of two arguments, both Values."""
    try:
        return _binary(opcode, x, y, kernels.binary(opcode, x._data, y._data))
    except (ArithmeticError, ValueError) as error:
        return _failed(opcode, (x, y), error)


def ternary(opcode: Opcode, x: Value, y: Value, z: Value) -> Value:
    """`record` for a primitive of three arguments, all Values."""
    try:
        return _ternary(opcode, x, y, z, kernels.ternary(opcode, x._data, y._data, z._data))
    except (ArithmeticError, ValueError) as error:
        return _failed(opcode, (x, y, z), error)


def _ternary(opcode: Opcode, x: Value, y: Value, z: Value, results: Results) -> Value:
    if context.changes and kernels.blocks():
        return node(opcode, results[0], (x, y, z), results[1:])
    out: Value = _parentless(results[0], opcode)
    out._x = x
    out._dx = results[1]
    out._y = y
    out._dy = results[2]
    out._more = ((z, results[3]),)
    return out


def record(opcode: Opcode, *operands: Any) -> Value:
    """Apply the primitive `opcode` (its row in the table) to Values and plain numbers.

    Raises `TypeError` for a wrong number of operands or one that is no number, and what
    Python's `math` raises where the value is undefined or overflows.

    >>> record(OPCODES["hypot"], Value(3.0), 4)
    Value(5.0)
    """
    row = TABLE[opcode]
    if len(operands) != len(row.arguments):
        raise TypeError(
            f"{row.name}({', '.join(row.arguments)}) takes {len(row.arguments)} operands, "
            f"got {len(operands)}"
        )
    values = [operand(v, opcode) for v in operands]
    if len(values) == 1:
        return unary(opcode, values[0])
    if len(values) == 2:
        return binary(opcode, values[0], values[1])
    if len(values) == 3:
        return ternary(opcode, values[0], values[1], values[2])
    try:
        data, *partials = KERNELS[opcode](*[v.data for v in values])
    except (ArithmeticError, ValueError) as error:
        return _failed(opcode, tuple(values), error)
    kernels.clear_flags()
    return node(opcode, data, values, partials)


def node(opcode: Opcode, data: float, parents: Sequence[Value], partials: Sequence[float]) -> Value:
    """Record a result of `opcode` whose number and partials are known already."""
    state: State = kernels.blocks() if context.changes else 0
    if state & context.PAUSED and not state & context.TRACED:
        v: Value = _parentless(data, _CONSTANT)
    else:
        v = _parentless(data, opcode)
        link(v, parents, partials)
    if state & context.WATCHED:
        context.watcher().recorded(v, TABLE[opcode], parents)
    if state & context.TRACED:
        context.tracer().recorded(v, parents)
        if state & context.PAUSED:
            return _detached(v)
    return v


def link(v: Value, parents: Sequence[Value], partials: Sequence[float]) -> None:
    """Give a new node its operands and its partials by them."""
    require_values(list(parents))
    if len(parents) > 0:
        v._x = parents[0]
        v._dx = partials[0]
    if len(parents) > 1:
        v._y = parents[1]
        v._dy = partials[1]
    if len(parents) > 2:
        v._more = tuple(zip(parents[2:], partials[2:], strict=True))


# Sweeping


def toposort(root: Value | Any) -> list[Value]:
    """Every value `root` was computed from, and `root`, each after all of its parents.

    The order is that of evaluation: what an operand was computed from comes before what
    the operands to its right were.  Iterative, so depth is no limit.  Raises `TypeError`
    where `root` is no Value.

    >>> a = Value(1.0, "a"); b = Value(2.0, "b"); c = (a + a) * -b
    >>> [v.op or v.label for v in toposort(c)]
    ['a', 'add', 'b', 'neg', 'mul']
    """
    if type(root) is not Value:
        raise TypeError(f"toposort needs a Value, got {type(root).__name__} {root!r:.60}")
    return order([root], [])


def require_values(values: list[Any]) -> None:
    """Raise `TypeError` where one of them is no Value: the compiled sweeps would not look."""
    for each in values:
        if type(each) is not Value:
            raise TypeError(f"a Value is needed, got {type(each).__name__} {each!r:.60}")


def clear_flows(values: list[Value]) -> None:
    """Begin a sweep over these; `TypeError` where one is no Value."""
    v: Value
    for v in values:
        if type(v) is not Value:
            require_values([v])
        v._flow = 0.0


def order(roots: list[Value], stop: list[Value]) -> list[Value]:
    """`stop`, then what else `roots` were computed from, and they, parents first.

    What the values of `stop` were computed from is left out, unless a root also reaches it
    past them.
    """
    global _mark
    v: Value
    below: Value
    require_values(roots)
    require_values(stop)
    kernels.acquire()
    try:
        while True:
            # A node is met, then asks for its first operand, for its others, and is done.
            met = _mark = _mark + 3
            asked = met + 1
            done = met + 2
            found = stop[:]
            stack = []
            for v in stop:
                v._mark = done
                v._flow = 0.0
            for v in roots:
                if v._mark >= met:
                    continue
                while True:
                    if v._mark < met:
                        v._mark = met
                        v._flow = 0.0
                        if v._x is not None and v._x._mark < met:
                            stack.append(v)
                            v = v._x
                            continue
                    if v._mark == met:
                        v._mark = asked
                        if v._y is not None and v._y._mark < met:
                            stack.append(v)
                            v = v._y
                            continue
                    if v._more is not None:
                        below = _unmet(v._more, met)
                        if below is not None:
                            stack.append(v)
                            v = below
                            continue
                    v._mark = done
                    found.append(v)
                    if not stack:
                        break
                    v = stack.pop()
            # A signal handler that sweeps meanwhile leaves marks of its own.
            if _mark == met:
                return found
    finally:
        kernels.release()


def _unmet(more: Pairs, met: Mark) -> Any:
    parent: Value
    for parent, _ in more:
        if parent._mark < met:
            return parent
    return None


def adjoints(
    order: list[Value], roots: list[Value], seeds: Numbers, wanted: list[Value]
) -> list[float]:
    """The derivatives of Σ seed · root by the `wanted` values, 0 for those not in `order`.

    No value is changed that anybody sees.
    """
    global _mark
    v: Value
    require_values(roots)
    kernels.acquire()
    try:
        while True:
            mark = _mark = _mark + 1
            clear_flows(wanted)
            clear_flows(order)
            has_nan = _sweep(order, roots, seeds)
            found = []
            for v in wanted:
                found.append(v._flow)
            if _mark == mark:
                break
    finally:
        kernels.release()
    if has_nan:
        flows = _sweep_dependent(order, roots, seeds)
        return [flows.get(v, 0.0) for v in wanted]
    return found


def _accumulate(root: Value, seed: float) -> None:
    """`backward()`: grads in between are replaced, those of leaves added to."""
    v: Value
    roots = [root]
    seeds = [seed]
    done = 0
    interrupt = None
    kernels.acquire()
    try:
        while True:
            try:
                # An order that nothing came between moves it by 3.
                mark = _mark + 3
                values = order(roots, [])
                has_nan = _sweep(values, roots, seeds)
                if has_nan:
                    flows = _sweep_dependent(values, roots, seeds)
                    for v in values:
                        v._flow = flows.get(v, 0.0)
                leaves = []
                for v in values:
                    if v._x is not None:
                        v._grad = v._flow
                    elif v._opcode != _CONSTANT:
                        leaves.append(v)
                for i in range(done, len(leaves)):
                    v = leaves[i]
                    flow = v._flow
                    if _mark != mark:
                        break  # a signal handler swept meanwhile, and left other flows
                    v._grad += flow
                    done = i + 1
                if _mark == mark:
                    break
            except BaseException as error:
                if done == 0 or interrupt is not None:
                    raise
                interrupt = error  # half of a gradient must not be left: the other half first
        if interrupt is not None:
            raise interrupt
    finally:
        kernels.release()


def _sweep(order: list[Value], roots: list[Value], seeds: Numbers) -> Truth:
    """The chain rule, from the last value to the first; whether a NaN was met.

    The `_flow` of each value is 0 before, and its adjoint afterwards.
    """
    v: Value
    parent: Value
    for i, v in enumerate(roots):
        v._flow += seeds[i]
    has_nan = False
    for v in reversed(order):
        flow = v._flow
        if flow != flow and v._opcode != _CONSTANT:
            has_nan = True
        if v._x is not None:
            v._x._flow += flow * v._dx
            if v._y is not None:
                v._y._flow += flow * v._dy
                if v._more is not None:
                    for parent, partial in v._more:
                        parent._flow += flow * partial
    return has_nan


def _sweep_dependent(order: list[Value], roots: list[Value], seeds: Numbers) -> dict[Value, float]:
    """The chain rule along the edges the result depends on, for a sweep that met a NaN.

    The untaken side of `where` (or of `maximum`, or below `relu`'s kink) receives the
    adjoint 0, and 0 times an infinite partial beyond it is NaN. The table says which
    edges the value does not depend on; leaving those out keeps the NaN from spreading,
    and a NaN that remains is one. Where there is none, both sweeps give the same bits.
    """
    flows: dict[Value, float] = {}
    for v, seed in zip(roots, seeds, strict=True):
        flows[v] = flows.get(v, 0.0) + seed
    for v in reversed(order):
        if v in flows and v.kind == "interior":
            for parent, partial in edges(v):
                if partial is not None:
                    flows[parent] = flows.get(parent, 0.0) + flows[v] * partial
    # Compilers differ in which of two NaNs their sum is, and so in its sign.
    return {v: flow if flow == flow else float("nan") for v, flow in flows.items()}


def edges(v: Value) -> list[tuple[Value, float | None]]:
    """The operands of `v` and its partial by each, None for one it does not depend on here.

    The untaken side of `where` is such an operand: its partial is not a number that came
    out as 0 but is written 0 in the table, and nothing is passed on along it.
    """
    parents, partials = v.parents, v.partials
    if all(partial != 0.0 for partial in partials):
        return list(zip(parents, partials, strict=True))
    row = TABLE[v._opcode]
    numbers = [parent.data for parent in parents]
    return [
        (parent, None if partial == 0.0 and row.vanishes(i, v.data, numbers) else partial)
        for i, (parent, partial) in enumerate(zip(parents, partials, strict=True))
    ]
