"""The engine: `Value` records what is done to a number, `backward()` differentiates it.

This file knows how to record and how to sweep, and no derivative: a primitive's value
and partials come from its kernel, made from the table in `primitives`.  Compiled or
plain, this is the source.
"""

from __future__ import annotations

import math
import numbers
import sys
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, SupportsIndex

from ..table.primitives import Primitive
from ..table.registry import KERNELS, OPCODES, TABLE
from . import kernels

# `value.pxd` says what an opcode and a kernel's results are in C. What callers pass is named
# here and not there, because a compiled function would turn it down in words of its own.
Opcode = int
Mark = int
Results = tuple[float, ...]
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

_ADD = OPCODES["add"]
_SUB = OPCODES["sub"]
_MUL = OPCODES["mul"]
_DIV = OPCODES["div"]
_NEG = OPCODES["neg"]
_POW = OPCODES["pow"]
_FLOORDIV = OPCODES["floordiv"]
_MOD = OPCODES["mod"]
_ABS = OPCODES["abs"]

# The grad of a value no sweep has met: IEEE negative zero, which adds like 0 and which a sum
# that starts at +0.0, as every sweep's does, never comes to.
_NOT_COMPUTED = -0.0

# Sweeps mark the nodes they meet, and graphs may share leaves between threads: one at a time.
_sweeping = threading.RLock()
_mark = 0

# How many `no_grad` and `watch` blocks are open in all threads; which, each thread knows.
_interventions = 0
_intervention_count = threading.Lock()
_here = threading.local()


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

    `<`, `<=`, `>`, `>=` and truth look at `data`; `==` and `hash` are identity, so that
    Values can be put in sets, lists and dictionaries.
    """

    # The first two operands and their partials lie in the node itself; `_more` holds the
    # (operand, partial) pairs of primitives that take more.
    __slots__ = (
        "_data",
        "_dx",
        "_dy",
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
        _dx: float
        _dy: float
        _label: str
        _opcode: Opcode
        _mark: int
        _x: Any
        _y: Any
        _more: Any

        # `add_methods` gives Value the functions of the table.
        # from the table, by python -m autograd_scalar.generate
        exp = expm1 = log = log1p = log2 = log10 = sqrt = cbrt = sin = cos = tan = asin = _of_one
        arcsin = acos = arccos = atan = arctan = sinh = cosh = tanh = asinh = arcsinh = _of_one
        acosh = arccosh = atanh = arctanh = erf = erfc = relu = floor = ceil = trunc = _of_one
        atan2 = arctan2 = hypot = maximum = minimum = _of_two
        where = _of_three
        # end of the table

    def __init__(self, data: Number, label: Text = "") -> None:
        _fill(self, to_float(data), _LEAF)
        self.label = label

    @staticmethod
    def parameter(data: Number, label: Text = "") -> Value:
        """A leaf that a model learns: like `Value(data, label)`, but drawn as a parameter.

        >>> Value.parameter(0.5, "w").kind
        'parameter'
        """
        v: Value = _parentless(to_float(data), _PARAMETER)
        v.label = label
        return v

    @property
    def data(self) -> float:
        """The number. Setting it on a leaf changes what is computed from it from then on.

        A graph keeps the partials of the numbers it was recorded with: `backward()` gives
        the derivative at the recorded point, whatever the leaves hold by then.
        """
        return self._data

    @data.setter
    def data(self, data: Number) -> None:
        self._data = to_float(data)

    @property
    def grad(self) -> float:
        """The adjoint: how fast the value `backward()` was called on changes with this one."""
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
        self._label = label

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
        if self._opcode == _CONSTANT:
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
        if self._opcode == _CONSTANT:
            raise ValueError(
                f"backward() on the constant {self!r}: it was detached or computed under "
                "no_grad(), so no derivative leads from it"
            )
        if _interventions:
            _announce(self, start)
        with _sweeping:
            _differentiate(self, start)

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
        v: Value = _parentless(self._data, _CONSTANT)
        v._label = self._label
        return v

    def __add__(self, other: Any) -> Value:
        if type(other) is not Value:
            other = _constant(other)
            if other is None:
                return NotImplemented
        y: Value = other
        return _binary(_ADD, self, y, kernels.add(self._data, y._data))

    def __radd__(self, other: Any) -> Value:
        left = _constant(other)
        return NotImplemented if left is None else left + self

    def __sub__(self, other: Any) -> Value:
        if type(other) is not Value:
            other = _constant(other)
            if other is None:
                return NotImplemented
        y: Value = other
        return _binary(_SUB, self, y, kernels.sub(self._data, y._data))

    def __rsub__(self, other: Any) -> Value:
        left = _constant(other)
        return NotImplemented if left is None else left - self

    def __mul__(self, other: Any) -> Value:
        if type(other) is not Value:
            other = _constant(other)
            if other is None:
                return NotImplemented
        y: Value = other
        return _binary(_MUL, self, y, kernels.mul(self._data, y._data))

    def __rmul__(self, other: Any) -> Value:
        left = _constant(other)
        return NotImplemented if left is None else left * self

    def __truediv__(self, other: Any) -> Value:
        if type(other) is not Value:
            other = _constant(other)
            if other is None:
                return NotImplemented
        return binary(_DIV, self, other)

    def __rtruediv__(self, other: Any) -> Value:
        left = _constant(other)
        return NotImplemented if left is None else left / self

    def __pow__(self, other: Any, modulo: Any = None) -> Value:
        right = other if type(other) is Value else _constant(other)
        if right is None or modulo is not None:
            return NotImplemented
        return binary(_POW, self, right)

    def __rpow__(self, other: Any, modulo: Any = None) -> Value:
        left = _constant(other)
        return NotImplemented if left is None else left**self

    def __floordiv__(self, other: Any) -> Value:
        right = other if type(other) is Value else _constant(other)
        return NotImplemented if right is None else binary(_FLOORDIV, self, right)

    def __rfloordiv__(self, other: Any) -> Value:
        left = _constant(other)
        return NotImplemented if left is None else left // self

    def __mod__(self, other: Any) -> Value:
        right = other if type(other) is Value else _constant(other)
        return NotImplemented if right is None else binary(_MOD, self, right)

    def __rmod__(self, other: Any) -> Value:
        left = _constant(other)
        return NotImplemented if left is None else left % self

    def __divmod__(self, other: Any) -> tuple[Value, Value]:
        right = other if type(other) is Value else _constant(other)
        return NotImplemented if right is None else (self // right, self % right)

    def __rdivmod__(self, other: Any) -> tuple[Value, Value]:
        left = _constant(other)
        return NotImplemented if left is None else (left // self, left % self)

    def __neg__(self) -> Value:
        return _unary(_NEG, self, kernels.neg(self._data))

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return _unary(_ABS, self, kernels.abs(self._data))

    def __lt__(self, other: Any) -> bool:
        number = _comparable(other)
        return NotImplemented if number is None else self._data < number

    def __le__(self, other: Any) -> bool:
        number = _comparable(other)
        return NotImplemented if number is None else self._data <= number

    def __gt__(self, other: Any) -> bool:
        number = _comparable(other)
        return NotImplemented if number is None else self._data > number

    def __ge__(self, other: Any) -> bool:
        number = _comparable(other)
        return NotImplemented if number is None else self._data >= number

    def __bool__(self) -> bool:
        return self._data != 0.0

    def conjugate(self) -> Value:
        """The value itself: it is real. NumPy's `var` and `std` ask for it."""
        return self

    # Steps have derivative 0, so a plain number loses nothing.

    def __int__(self) -> int:
        return int(self._data)

    def __trunc__(self) -> int:
        return math.trunc(self._data)

    def __floor__(self) -> int:
        return math.floor(self._data)

    def __ceil__(self) -> int:
        return math.ceil(self._data)

    def __round__(self, digits: SupportsIndex | None = None) -> float:
        return round(self._data, digits)

    def __float__(self) -> float:
        """The number of a constant. Elsewhere an error: `math.exp(v)` ends up here, and would
        go on with a plain number and a derivative silently lost.
        """
        if self._opcode != _CONSTANT:
            raise TypeError(
                f"turning {self!r} into a float would lose its derivative; use `.data` for the "
                "number, and autograd_scalar.exp, .log, .sin … where math.exp, math.log, … were "
                "called"
            )
        return self._data

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self._label!r}" if self._label else ""
        grad = f", grad={self._grad!r}" if self.has_grad else ""
        return f"Value({self._data!r}{label}{grad})"

    def __copy__(self) -> Value:
        return _clone(self, self.parents)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        """A copy of the whole graph, leaves included, at any depth.

        `backward()` on the copy fills the copy's leaves. Deep-copy a container of result
        and leaves together to get hold of both.
        """
        for v in toposort(self):
            if id(v) not in memo:
                memo[id(v)] = _clone(v, [memo[id(parent)] for parent in v.parents])
        copied: Value = memo[id(self)]
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the whole graph, at any depth.

        Leaves and parameters are shared between the graphs of one pickle; the rest is
        copied into each graph that is pickled on its own.
        """
        if self._opcode < 0:
            return _restore_leaf, (self._data, self._label, self._grad, self._opcode)
        order = toposort(self)
        position = {v: i for i, v in enumerate(order)}
        shared, labels = [], {}
        opcodes, parents, numbers_ = array("i"), array("q"), array("d")
        for i, v in enumerate(order):
            opcodes.append(v._opcode)
            if v._opcode in (_LEAF, _PARAMETER):
                shared.append(v)
                continue
            numbers_.append(v._data)
            numbers_.append(v._grad)
            if v._label:
                labels[i] = v._label
            if v._opcode >= 0:
                numbers_.extend(v.partials)
                parents.extend([position[parent] for parent in v.parents])
        names = {opcode: TABLE[opcode].name for opcode in {*opcodes} if opcode >= 0}
        return _restore_graph, (names, opcodes, parents, numbers_, labels, shared)


kernels.prepare(Value)


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
    global _mark
    order = []
    stack = [root]
    with _sweeping:
        _mark += 2
        opened = _mark
        done = _mark + 1
        while stack:
            v: Value = stack[-1]
            if v._mark < opened:
                v._mark = opened
                # The stack is last in, first out: the first operand goes on top.
                x: Value | None = v._x
                if x is not None:
                    y: Value | None = v._y
                    if y is not None:
                        if v._more is not None:
                            stack.extend([p for p, _ in reversed(v._more) if p._mark < opened])
                        if y._mark < opened:
                            stack.append(y)
                    if x._mark < opened:
                        stack.append(x)
            else:
                stack.pop()
                if v._mark == opened:
                    v._mark = done
                    order.append(v)
    return order


def _collect(root: Value, leaves: list[Value], interior: list[Value]) -> None:
    """Append all that `root` was computed from, and `root`, the interior after its parents.

    All grads become 0. What a leaf has accumulated waits in `_dx`, which is free there, as
    leaves have no partials.
    """
    global _mark
    _mark += 2
    opened = _mark
    done = _mark + 1
    stack = [root]
    while stack:
        v: Value = stack[-1]
        if v._mark < opened:
            x: Value | None = v._x
            if x is None:
                stack.pop()
                v._mark = done
                v._dx = v._grad
                leaves.append(v)
                v._grad = 0.0
                continue
            v._mark = opened
            v._grad = 0.0
            # Chains grow by their first operand: it goes below, or the others would pile up.
            if x._mark < opened:
                stack.append(x)
            y: Value | None = v._y
            if y is not None:
                if y._mark < opened:
                    stack.append(y)
                if v._more is not None:
                    stack.extend([p for p, _ in v._more if p._mark < opened])
        else:
            stack.pop()
            if v._mark == opened:
                v._mark = done
                interior.append(v)


def _differentiate(root: Value, seed: float) -> None:
    """`backward()`: grads in between are replaced, those of leaves added to."""
    v: Value
    leaves: list[Value] = []
    interior: list[Value] = []
    met_nan = False
    try:
        _collect(root, leaves, interior)
        root._grad = seed
        _sweep(interior)
        for v in leaves:
            if v._grad != v._grad and v._opcode != _CONSTANT:
                met_nan = True
            v._grad += v._dx
        if met_nan:
            _sweep_dependent(root, seed)
            for v in leaves:
                v._grad += v._dx
    except BaseException:  # an interrupt must not cost what was accumulated so far
        for v in leaves:
            v._grad = v._dx
        raise


def _sweep(interior: list[Value]) -> None:
    """The chain rule, from the last value to the first, which empties the list."""
    v: Value
    parent: Value
    while interior:
        v = interior.pop()
        grad = v._grad
        v._x._grad += grad * v._dx
        if v._y is not None:
            v._y._grad += grad * v._dy
            if v._more is not None:
                for parent, partial in v._more:
                    parent._grad += grad * partial


def _sweep_dependent(root: Value, seed: float) -> None:
    """The chain rule along the edges the result depends on, for a sweep that met a NaN.

    The untaken side of `where` (or of `maximum`, or below `relu`'s kink) receives the
    adjoint 0, and 0 times an infinite partial beyond it is NaN. The table says which
    edges the value does not depend on; leaving those out keeps the NaN from spreading,
    and a NaN that remains is one.
    """
    v: Value
    order = toposort(root)
    for v in order:
        v._grad = 0.0
    root._grad = seed
    reached = {root}
    for v in reversed(order):
        if v in reached and v._opcode >= 0:
            numbers_ = [parent._data for parent in v.parents]
            row = TABLE[v._opcode]
            for i, (parent, partial) in enumerate(zip(v.parents, v.partials, strict=True)):
                if partial != 0.0 or not row.vanishes(i, v._data, numbers_):
                    reached.add(parent)
                    parent._grad += v._grad * partial


def fresh_marks(count: Mark) -> Mark:
    """The first of `count` whole numbers that are greater than every node's mark."""
    global _mark
    first = _mark + 2
    _mark += count + 1
    return first


def _fill(v: Value, data: float, opcode: Opcode) -> None:
    v._data = data
    v._grad = _NOT_COMPUTED
    v._label = ""
    v._opcode = opcode
    v._mark = 0
    v._x = None
    v._y = None
    v._more = None
    v._dx = 0.0
    v._dy = 0.0


def _parentless(data: float, opcode: Opcode) -> Value:
    v: Value = Value.__new__(Value)
    _fill(v, data, opcode)
    return v


def _unary(opcode: Opcode, x: Value, results: Results) -> Value:
    out: Value = Value.__new__(Value)
    out._data, out._dx = results
    if _interventions:
        return _intervene(opcode, out._data, (x,), (out._dx,))
    out._grad = _NOT_COMPUTED
    out._label = ""
    out._opcode = opcode
    out._mark = 0
    out._x = x
    out._y = None
    out._more = None
    out._dy = 0.0
    return out


def _binary(opcode: Opcode, x: Value, y: Value, results: Results) -> Value:
    out: Value = Value.__new__(Value)
    out._data, out._dx, out._dy = results
    if _interventions:
        return _intervene(opcode, out._data, (x, y), (out._dx, out._dy))
    out._grad = _NOT_COMPUTED
    out._label = ""
    out._opcode = opcode
    out._mark = 0
    out._x = x
    out._y = y
    out._more = None
    return out


def unary(opcode: Opcode, x: Value) -> Value:
    """`record` for a primitive of one argument, without the checks of its operands."""
    try:
        return _unary(opcode, x, kernels.unary(opcode, x._data))
    except (ArithmeticError, ValueError) as error:
        raise failure(TABLE[opcode], (x,), error) from error.__cause__


def binary(opcode: Opcode, x: Value, y: Value) -> Value:
    """`record` for a primitive of two arguments, without the checks of its operands."""
    try:
        return _binary(opcode, x, y, kernels.binary(opcode, x._data, y._data))
    except (ArithmeticError, ValueError) as error:
        raise failure(TABLE[opcode], (x, y), error) from error.__cause__


def _node(
    opcode: Opcode, data: float, parents: Sequence[Value], partials: Sequence[float]
) -> Value:
    v: Value = _parentless(data, opcode)
    if len(parents) > 0:
        v._x = parents[0]
        v._dx = partials[0]
    if len(parents) > 1:
        v._y = parents[1]
        v._dy = partials[1]
    if len(parents) > 2:
        v._more = tuple(zip(parents[2:], partials[2:], strict=True))
    return v


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
    values = [
        v if type(v) is Value else _parentless(to_operand(v, row), _CONSTANT) for v in operands
    ]
    if len(values) == 1:
        return unary(opcode, values[0])
    if len(values) == 2:
        return binary(opcode, values[0], values[1])
    try:
        data, *partials = KERNELS[opcode](*[v.data for v in values])
    except (ArithmeticError, ValueError) as error:
        raise failure(row, values, error) from error.__cause__
    return node(opcode, data, values, partials)


def node(opcode: Opcode, data: float, parents: Sequence[Value], partials: Sequence[float]) -> Value:
    """Record a result of `opcode` whose number and partials are known already."""
    if _interventions:
        return _intervene(opcode, data, parents, partials)
    return _node(opcode, data, parents, partials)


def add_methods(row: Primitive, opcode: Opcode) -> None:
    """Make a function of the table a method of Value, under NumPy's name for it too.

    NumPy calls these methods on the elements of object arrays.
    """

    is_unary = len(row.arguments) == 1

    def method(self: Value, *operands: Any) -> Value:
        if is_unary and not operands:
            return unary(opcode, self)
        return record(opcode, self, *operands)

    method.__name__ = row.name
    method.__doc__ = f"`{row.name}` of this value, from the table of primitives."
    for name in (row.name, row.alias):
        if name:
            setattr(Value, name, method)


for _opcode, _row in enumerate(TABLE):
    if not _row.operator:
        add_methods(_row, _opcode)


def described(row: Primitive, operands: Sequence[Any]) -> str:
    """The operands of a primitive for an error message: `x = 0.5 ('rate'), y = 2.0`."""
    shown = []
    for name, v in zip(row.arguments, operands, strict=True):
        label = f" ({v.label!r})" if isinstance(v, Value) and v.label else ""
        shown.append(f"{name} = {v.data if isinstance(v, Value) else v!r}{label}")
    return ", ".join(shown)


def failure(row: Primitive, operands: Sequence[Any], error: Exception) -> Exception:
    """The exception Python raised, saying which primitive, which operands and what it needs."""
    if error.__cause__ is not None:
        problem = f"failed: {error}"  # a custom function, which says what its cause was
    elif isinstance(error, OverflowError):
        problem = "overflows a float"
    elif row.domain:
        problem = f"needs {row.domain}"
    else:
        problem = "is undefined"
    return type(error)(f"{row.name}: {row.value} {problem}, got {described(row, operands)}")


def to_float(data: Any) -> float:
    """`data` as a float; Values, strings, complex numbers and the like are a `TypeError`."""
    if type(data) is float:
        return data
    if type(data) is int or isinstance(data, numbers.Real):
        try:
            return float(data)
        except OverflowError:
            raise OverflowError("this number is too large for a float") from None
    raise TypeError(f"a real number is needed, got {type(data).__name__} {data!r:.60}")


def _constant(other: Any) -> Value | None:
    """A plain operand as a constant, or None where it is no real number."""
    if type(other) is float:
        return _parentless(other, _CONSTANT)
    if type(other) is int or isinstance(other, numbers.Real):
        return _parentless(to_float(other), _CONSTANT)
    return None


def to_operand(other: Any, row: Primitive) -> float:
    """`to_float`, with an error that names the primitive and helps with arrays."""
    try:
        return to_float(other)
    except TypeError as error:
        advice = ""
        if getattr(other, "ndim", None) is not None:
            advice = f"; for an array, call {row.name} on each element"
            name = row.alias or row.name
            if hasattr(sys.modules.get("numpy"), name):
                advice += f", or numpy.{name} on an object array of Values"
        raise TypeError(f"{row.name}({', '.join(row.arguments)}): {error}{advice}") from None


def _comparable(other: Any) -> Any:
    """The number to compare with, or None. An exact one stays exact: Python compares 10**400.

    NumPy's scalars become Python's, so that a comparison is a `bool`.
    """
    if type(other) is Value:
        return other.data
    if type(other) is float:
        return other
    if isinstance(other, numbers.Integral):
        return int(other)
    if isinstance(other, numbers.Rational):
        return other
    return float(other) if isinstance(other, numbers.Real) else None


def _clone(v: Value, parents: Sequence[Value]) -> Value:
    copied: Value = _parentless(v._data, v._opcode)
    copied._label = v._label
    copied._grad = v._grad
    copied._dx = v._dx
    copied._dy = v._dy
    if len(parents) > 0:
        copied._x = parents[0]
    if len(parents) > 1:
        copied._y = parents[1]
    if len(parents) > 2:
        partials = [partial for _, partial in v._more]
        copied._more = tuple(zip(parents[2:], partials, strict=True))
    return copied


def _restore_leaf(data: float, label: str, grad: float, opcode: Opcode) -> Value:
    v: Value = _parentless(data, opcode)
    v._label = label
    v._grad = grad
    return v


def _restore_graph(
    names: dict[int, str],
    opcodes: Any,
    parents: Any,
    numbers_: Any,
    labels: dict[int, str],
    shared: list[Value],
) -> Value:
    """The result of a pickled graph; opcodes may be others here, names are the same."""
    for name in names.values():
        if name not in OPCODES:
            raise ValueError(
                f"this graph uses the primitive {name!r}, which is not registered here"
            )
    here = {opcode: OPCODES[name] for opcode, name in names.items()}
    arity = {opcode: len(TABLE[here[opcode]].arguments) for opcode in names}
    leaves, operands, number = iter(shared), iter(parents), iter(numbers_)
    values: list[Value] = []
    for opcode in opcodes:
        if opcode in (_LEAF, _PARAMETER):
            values.append(next(leaves))
            continue
        data, grad = next(number), next(number)
        if opcode == _CONSTANT:
            v = _parentless(data, opcode)
        else:
            count = arity[opcode]
            v = _node(
                here[opcode],
                data,
                [values[i] for i in islice(operands, count)],
                [*islice(number, count)],
            )
        v._grad = grad
        values.append(v)
    for i, label in labels.items():
        values[i]._label = label
    return values[-1]


def constant(data: float) -> Value:
    """A Value no derivative flows through."""
    return _parentless(data, _CONSTANT)


def _intervene(
    opcode: Opcode, data: float, parents: Sequence[Value], partials: Sequence[float]
) -> Value:
    """A node, while a `no_grad` or `watch` block is open in this thread or another one."""
    paused = is_paused()
    v: Value = constant(data) if paused else _node(opcode, data, parents, partials)
    watching = watcher()
    if watching is not None:
        watching.recorded(v, TABLE[opcode], parents)
    return v


def _announce(root: Value, seed: float) -> None:
    watching = watcher()
    if watching is not None:
        watching.sweeping(root, seed)


def is_paused() -> bool:
    """Whether this thread is inside `no_grad`."""
    return _interventions > 0 and getattr(_here, "paused", False)


def watcher() -> Any:
    """The object that watches this thread, or None."""
    return getattr(_here, "watcher", None) if _interventions else None


@contextmanager
def _intervention(name: str, state: Any) -> Iterator[None]:
    global _interventions
    before = getattr(_here, name, None)
    with _intervention_count:
        _interventions += 1
    setattr(_here, name, state)
    try:
        yield
    finally:
        setattr(_here, name, before)
        with _intervention_count:
            _interventions -= 1


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: inside, results are constants. For this thread only.

    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * w
    >>> y.kind
    'constant'
    """
    with _intervention("paused", True):
        yield


def recording() -> AbstractContextManager[None]:
    """Record again, inside `no_grad`: what is differentiated within must be recorded."""
    return _intervention("paused", False)


def watch(observer: Any) -> AbstractContextManager[None]:
    """Show `observer` what happens in this thread.

    It gets `recorded(v, row, operands)` after each node, `sweeping(root, seed)` before
    each `backward()`, and `flowed(v, i, adjoint, partial, total)` where an operator's sweep
    adds to the adjoint of v's operand i; what it raises goes through.
    """
    return _intervention("watcher", observer)
