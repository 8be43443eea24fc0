"""Neurons, layers, losses and optimisers, built on the public names of `autograd_scalar`.

A model is called with a sequence of numbers or Values, as in micrograd; every number in it
is a `Value`, so its graph can be drawn, explained and differentiated like any other.

>>> model = MLP(2, [3, 1], activation="tanh", rng=0)
>>> optimiser = SGD(model.parameters(), lr=0.1)
>>> before = squared_error(model([1.0, -2.0]), 0.5)
>>> before.backward()
>>> optimiser.step()
>>> squared_error(model([1.0, -2.0]), 0.5) < before
True
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import random
import types
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from functools import cache, reduce
from html import escape
from itertools import compress, islice
from operator import add, mul
from typing import Any, Protocol

from . import Value, exp, log, log1p, logsumexp, relu, sigmoid, softplus, stop_gradient, tanh, where

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Layer",
    "Module",
    "Neuron",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_squared_error",
    "hinge",
    "linear",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "squared_error",
    "tanh",
]

Number = float | Value
Column = list[float]
Activation = Callable[[Value], Value]


class Uniform(Protocol):
    """A source of random numbers: `random`, a `random.Random`, a NumPy generator."""

    def uniform(self, low: float, high: float, /) -> float: ...


def linear(x: Any) -> Any:
    """`x` itself: the activation of a neuron without one."""
    return x


ACTIVATIONS: dict[str, Activation] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
}

# The kinds of Value that nothing was computed for, and that can be given another number.
_LEARNABLE = ("leaf", "parameter")

# Of a model with more of them, notebooks show only so many.
_SHOWN_PARAMETERS = 50


class Module:
    """A part of a model; its parameters are the Values that its attributes hold.

    They may be held in sequences, mappings, arrays of objects, dataclasses and other Modules,
    nested as you like. Constants and Values that were computed are no parameters.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Value.parameter(2.0, "m")
    ...         self.ends = [Value.parameter(0.0), Value.parameter(1.0)]
    >>> Line().state_dict()
    {'slope': 2.0, 'ends.0': 0.0, 'ends.1': 1.0}
    """

    def named_parameters(self) -> dict[str, Value]:
        """The parameters by the path of attributes to them, such as `layers.0.neurons.2.b`.

        One that several paths lead to is listed once. Raises `ValueError` where one path
        leads to two parameters, as with the keys 1 and "1" of a dictionary: saved, one of
        them would be lost.
        """
        named: dict[str, Value] = {}
        for p, path in _paths(self).items():
            if named.setdefault(path, p) is not p:
                raise ValueError(f"two parameters of {self!r:.60} have the path {path!r}")
        return named

    def parameters(self) -> list[Value]:
        """Everything the module learns, each Value once.

        Raises `TypeError` for parameters in a set, which has no order.
        """
        return list(_paths(self))

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters, as before each `backward()` in training."""
        for p in self.parameters():
            p.zero_grad()

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        """What notebooks show: the parameters, of many the first ones."""
        named = self.named_parameters()
        rows = [("parameter", "label", "number", "gradient")]
        for name, p in islice(named.items(), _SHOWN_PARAMETERS):
            rows.append((name, p.label, repr(p.data), repr(p.grad) if p.has_grad else ""))
        if len(named) > _SHOWN_PARAMETERS:
            rows.append((f"… and {len(named) - _SHOWN_PARAMETERS:,} more", "", "", ""))
        lines = [f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>" for row in rows]
        table = "\n".join(
            ["<table>", f"<caption>{escape(repr(self))}</caption>", *lines, "</table>"]
        )
        return {
            kind: form
            for kind, form in (("text/plain", repr(self)), ("text/html", table))
            if (not include or kind in include) and kind not in (exclude or ())
        }

    def state_dict(self) -> dict[str, float]:
        """The parameters' numbers by name: what to save, for instance as JSON.

        >>> import json
        >>> saved = json.dumps(Neuron(2, rng=0).state_dict())
        >>> Neuron(2).load_state_dict(json.loads(saved))
        """
        return {name: p.data for name, p in self.named_parameters().items()}

    def load_state_dict(self, d: Mapping[str, float], strict: bool = True) -> None:
        """Give the parameters the numbers of `d`, a `state_dict()`.

        strict  whether names that only one side has are an error; if not, they are skipped

        Raises `ValueError` for such names and for numbers that are infinite or NaN, and
        `TypeError` for what is no number. All parameters get their numbers, or none: also
        where the loading is interrupted.
        """
        parameters = self.named_parameters()
        missing = [name for name in parameters if name not in d]
        unexpected = [name for name in d if name not in parameters]
        if strict and (missing or unexpected):
            raise ValueError(
                f"these are not the parameters of {self!r}: missing {missing}, unexpected "
                f"{unexpected}; strict=False loads those that are"
            )
        loaded = {}
        for name, p in parameters.items():
            if name in d:
                try:
                    loaded[p] = Value(d[name]).data
                except TypeError as error:
                    raise TypeError(f"parameter {name!r}: {error}") from None
                if not math.isfinite(loaded[p]):
                    raise ValueError(
                        f"parameter {name!r}: a finite number is needed, got {d[name]}"
                    )
        _assign([*loaded], ["data"] * len(loaded), [*loaded.values()])


def _paths(module: Module) -> dict[Value, str]:
    """The parameters of a module, each with the first path to it."""
    paths: dict[Value, str] = {}
    # The parts met so far are kept: an array makes its list anew, and ids are used again.
    met: dict[int, Any] = {}
    pending: list[tuple[str, Any]] = [("", module)]
    while pending:
        path, part = pending.pop()
        if isinstance(part, Value):
            if part.kind in _LEARNABLE:
                paths.setdefault(part, path)
        elif id(part) not in met:
            met[id(part)] = part
            below = [(f"{path}.{name}" if path else str(name), each) for name, each in _held(part)]
            if isinstance(part, Set) and any(isinstance(x, Value | Module) for _, x in below):
                raise TypeError(
                    f"{path!r} of {module!r:.60} is a set, which has no order to name its "
                    "parameters by; use a list"
                )
            pending.extend(reversed(below))
    return paths


_HOLDS_NOTHING = (float, int, str, bytes, bytearray, memoryview, range, array, type)


def _held(part: Any) -> Iterable[tuple[Any, Any]]:
    """What a container holds, each with its name, key or place; of anything else nothing."""
    if isinstance(part, _HOLDS_NOTHING):
        return ()
    held: list[tuple[Any, Any]] = []
    if isinstance(part, Module | types.SimpleNamespace) or dataclasses.is_dataclass(part):
        held.extend(_attributes(part))
    if isinstance(part, Mapping):
        held.extend(part.items())
    elif isinstance(part, Sequence | Set):
        held.extend(enumerate(part))
    elif getattr(getattr(part, "dtype", None), "hasobject", False):  # an array of NumPy
        nested = part.tolist()
        held.extend(enumerate(nested) if isinstance(nested, list) else [("item", nested)])
    return held


def _attributes(part: Any) -> Iterable[tuple[str, Any]]:
    """The attributes of an object, those in slots too."""
    kind: Any = type(part)
    slots = [(name, getattr(part, name)) for name in _slots(kind) if hasattr(part, name)]
    return [*slots, *getattr(part, "__dict__", {}).items()]


@cache
def _slots(kind: Any) -> list[str]:
    """The names of a class's slots, in the order of its text; Python itself sorts them."""
    names = []
    for each in reversed(kind.__mro__):
        declared = vars(each).get("__slots__", ())
        for name in (declared,) if isinstance(declared, str) else declared:
            private = name.startswith("__") and not name.endswith("__")
            names.append(f"_{each.__name__.lstrip('_')}{name}" if private else name)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _assign(owners: list[Any], names: list[str], new: list[Any]) -> None:
    """Set an attribute of each object, all or none: an interrupt leaves them as they were."""
    before = [*map(getattr, owners, names)]
    try:
        for _ in map(setattr, owners, names, new):
            pass
    except BaseException:
        for _ in map(setattr, owners, names, before):
            pass
        raise


class Neuron(Module):
    """a = activation(z) of z = b + Σ w_k x_k, with a bias `b` and one weight for each input.

    nin         how many inputs
    nonlin      False for no activation, whatever `activation` says
    activation  `"relu"`, `"tanh"`, `"sigmoid"`, `"linear"`, or a function of a Value
    rng         where weights come from: a seed, or an object with `uniform` such as
                `random.Random`; by default Python's `random`
    bias        False for none: then `b` is None
    index       what labels say it is: neuron 3 of layer 2 has the sum `z_3^(2)`, the output
    layer       `a_3^(2)`, the weights `w_31^(2)`, `w_32^(2)`, … and the bias `b_3^(2)`

    The attributes `label` and `net_label` are the labels of a and z, where you want others. A
    linear neuron has one value, which is both, with the label of a.

    Weights are uniform in ±√(3/nin), of variance 1/nin, which keeps the size of the signal
    from layer to layer (LeCun et al., Efficient BackProp, 1998); for relu, which lets half
    of it through, in ±√(6/nin) (He et al., Delving Deep into Rectifiers, 2015). Biases
    start at 0. Raises `ValueError` or `TypeError` for sizes, activations or sources of
    random numbers that are none.

    >>> neuron = Neuron(2, activation="tanh", rng=1)
    >>> neuron([0.5, -1.0]).label, [p.label for p in neuron.parameters()]
    ('a', ['w_1', 'w_2', 'b'])
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        activation: str | Activation = "relu",
        *,
        rng: Uniform | int | None = None,
        bias: bool = True,
        index: int | None = None,
        layer: int | None = None,
    ) -> None:
        self.nin = _size("nin", nin)
        chosen = _activation(activation)
        self.activation = chosen if nonlin else linear
        below = "" if index is None else f"_{index}"
        above = "" if layer is None else f"^({layer})"
        uniform = _source(rng).uniform
        bound = math.sqrt((6.0 if self.activation is relu else 3.0) / nin)
        self.w = [
            Value.parameter(uniform(-bound, bound), f"w_{_subscript(index, k, nin)}{above}")
            for k in range(1, nin + 1)
        ]
        self.b = Value.parameter(0.0, f"b{below}{above}") if bias else None
        self.label = f"a{below}{above}"
        self.net_label = f"z{below}{above}"

    def __call__(self, x: Sequence[Number] | Number) -> Value:
        """The output for `nin` numbers or Values."""
        return self.forward(_inputs(self, x))

    def forward(self, x: list[Value]) -> Value:
        """The output for `nin` Values, unchecked: what a Layer asks of its neurons."""
        products = map(mul, self.w, x)
        net: Value = next(products) if self.b is None else self.b
        for product in products:
            net = net + product
        net.label = self.net_label
        out = self.activation(net)
        try:
            out.label = self.label
        except AttributeError:
            raise TypeError(
                f"the activation of {self!r} made {out!r:.60} of a Value; it must return a Value, "
                "made with functions of autograd_scalar"
            ) from None
        return out

    def __repr__(self) -> str:
        return f"Neuron({self.nin}, {_name(self.activation)})"


class Layer(Module):
    """`nout` neurons with the same `nin` inputs; the other arguments are those of Neuron.

    Called, it gives the list of their outputs, or the output itself where there is one.

    >>> [a.label for a in Layer(2, 3, layer=1)([0.5, -1.0])]
    ['a_1^(1)', 'a_2^(1)', 'a_3^(1)']
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        activation: str | Activation = "relu",
        *,
        rng: Uniform | int | None = None,
        bias: bool = True,
        layer: int | None = None,
    ) -> None:
        self.nin = _size("nin", nin)
        source = _source(rng)
        self.neurons = [
            Neuron(nin, nonlin, activation, rng=source, bias=bias, index=j, layer=layer)
            for j in range(1, _size("nout", nout) + 1)
        ]

    def __call__(self, x: Sequence[Number] | Number) -> Any:
        """The outputs for `nin` numbers or Values: a list, or one Value."""
        values = _inputs(self, x)
        out = [neuron.forward(values) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"Layer({self.nin}, {len(self.neurons)}, {_name(self.neurons[0].activation)})"


class MLP(Module):
    """A multi-layer perceptron: layers of `nouts` neurons on `nin` inputs.

    activation  of all layers but the last; see Neuron for it and for `rng`
    output      the activation of the last layer
    bias        False for neurons without

    >>> model = MLP(3, [4, 4, 1], rng=1)
    >>> len(model.parameters()), model([2.0, 3.0, -1.0]).label
    (41, 'a_1^(3)')
    """

    def __init__(
        self,
        nin: int,
        nouts: Iterable[int],
        activation: str | Activation = "relu",
        *,
        output: str | Activation = "linear",
        bias: bool = True,
        rng: Uniform | int | None = None,
    ) -> None:
        sizes = [nin, *nouts] if isinstance(nouts, Iterable) else []
        if len(sizes) < 2:
            raise ValueError(f"nouts is the sizes of the layers, such as [16, 1], got {nouts!r}")
        source = _source(rng)
        self.nin = nin
        activations = [_activation(activation)] * (len(sizes) - 2) + [_activation(output)]
        self.layers = [
            Layer(sizes[i - 1], sizes[i], activation=f, rng=source, bias=bias, layer=i)
            for i, f in enumerate(activations, start=1)
        ]

    def __call__(self, x: Sequence[Number] | Number) -> Any:
        """The last layer's outputs for `nin` numbers or Values: a list, or one Value."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        sizes = [len(layer.neurons) for layer in self.layers]
        first, last = (self.layers[i].neurons[0].activation for i in (0, -1))
        shown = len(self.layers) > 1 and last is not linear
        output = f", output={_name(last)}" if shown else ""
        return f"MLP({self.nin}, {sizes}, {_name(first)}{output})"


def _subscript(index: int | None, k: int, nin: int) -> str:
    """Neuron and input of a weight: `12`, or `{1,12}` where digits could be read two ways."""
    if index is None:
        return str(k)
    return f"{index}{k}" if index < 10 and nin < 10 else f"{{{index},{k}}}"


def _inputs(module: Neuron | Layer, x: Any) -> list[Value]:
    """`x` as Values; plain numbers become constants, named after their place."""
    try:
        count = len(x)
    except TypeError:  # a layer of one neuron gives a Value, not a list
        x, count = [x], 1
    if count != module.nin:
        raise ValueError(f"{module!r} takes {module.nin} inputs, got {count}: {x!r:.80}")
    return [
        v if type(v) is Value else Value(v, f"x_{k}").detach() for k, v in enumerate(x, start=1)
    ]


def _size(name: str, size: Any) -> int:
    if not _is_integer(size) or size < 1:
        raise ValueError(f"{name} is a number of neurons or inputs, 1 or more, got {size!r:.60}")
    return int(size)


def _activation(activation: str | Activation) -> Activation:
    if callable(activation):
        return activation
    if activation not in ACTIVATIONS:
        known = ", ".join(map(repr, ACTIVATIONS))
        raise ValueError(
            f"unknown activation {activation!r:.60}; there are {known}, and any function of a Value"
        )
    return ACTIVATIONS[activation]


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _source(rng: Any) -> Uniform:
    if rng is None:
        return random
    if _is_integer(rng):
        return random.Random(int(rng))
    if not callable(getattr(rng, "uniform", None)):
        raise TypeError(f"rng is a seed or an object with `uniform`, got {rng!r:.60}")
    return rng  # type: ignore[no-any-return]


def half_squared_error(outputs: Any, targets: Any) -> Any:
    """½ Σ (t − a)² over outputs a and targets t; its derivative with respect to one a is −(t − a).

    The squares must be floats: beyond |t − a| = 1.3e154 they raise `OverflowError`.

    Like every loss of outputs and targets here, it takes one of each, or two sequences of the
    same length, whose losses are summed. Raises `ValueError` for anything else.

    >>> half_squared_error([0.5, 2.0], [1.0, 0.0])
    2.125
    """
    return 0.5 * _total([(t - a) ** 2 for a, t in _pairs(outputs, targets)])


def squared_error(outputs: Any, targets: Any) -> Any:
    """Σ (a − y)² over outputs a and targets y.

    >>> squared_error([0.5, 2.0], [1.0, 0.0])
    4.25
    """
    return _total([(a - y) ** 2 for a, y in _pairs(outputs, targets)])


def mean_squared_error(outputs: Any, targets: Any) -> Any:
    """1/n Σ (a − y)² over n outputs a and targets y.

    >>> mean_squared_error([0.5, 2.0], [1.0, 0.0])
    2.125
    """
    squares = [(a - y) ** 2 for a, y in _pairs(outputs, targets)]
    return _total(squares) / len(squares)


def binary_cross_entropy(outputs: Any, targets: Any) -> Any:
    """−Σ [y log a + (1 − y) log(1 − a)] over probabilities a.

    This is equation (12) of Hinrichs, "Backpropagation – Mathematical Background".
    Targets y are probabilities too, mostly 0 or 1. Raises `ValueError` for anything outside
    [0, 1], and where the loss is infinite: a sigmoid of 40 is 1.0 in float64, and has
    nothing left of how wrong it is. `binary_cross_entropy_with_logits` has.

    >>> binary_cross_entropy(0.25, 1.0) == -log(0.25)
    True
    """
    return _total([_bernoulli(a, y) for a, y in _pairs(outputs, targets)])


def _bernoulli(a: Any, y: Any) -> Any:
    _check_probability("an output", a)
    _check_probability("a target", y)
    # A target that is certain has one logarithm only, as 0 log 0 is 0.
    if a > 0.0 and _equals(y, 1):
        return -log(a)
    if a < 1.0 and _equals(y, 0):
        return -log1p(-a)
    if 0.0 < a < 1.0:
        return -(y * log(a) + (1 - y) * log1p(-a))
    raise ValueError(
        f"the cross-entropy of probability {a!r} and target {y!r} is infinite; "
        "binary_cross_entropy_with_logits takes what goes into the sigmoid, and is not"
    )


def _check_probability(what: str, number: Any) -> None:
    if not 0.0 <= number <= 1.0:
        # Neither the label nor the gradient of a Value.
        shown = float(f"{number:.17g}")
        raise ValueError(f"{what} of the cross-entropy is a probability, 0 to 1, got {shown!r}")


def binary_cross_entropy_with_logits(outputs: Any, targets: Any) -> Any:
    """`binary_cross_entropy(sigmoid(z), y)` from the logits z, right at any size of z.

    Its derivative with respect to z is σ(z) − y: equation (15) of Hinrichs, "Backpropagation –
    Mathematical Background". Raises `ValueError` for targets outside [0, 1].

    >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [1.0, 1.0])
    1000.0
    """
    return _total([_logistic(z, y) for z, y in _pairs(outputs, targets)])


def _logistic(z: Any, y: Any) -> Any:
    _check_probability("a target", y)
    # Two forms of one function; in each, nothing large is left to cancel. A target that is
    # certain has no share in the product, which an infinite logit would make NaN.
    if z > 0:
        return softplus(-z) if _equals(y, 1) else (1 - y) * z + softplus(-z)
    return softplus(z) if _equals(y, 0) else softplus(z) - y * z


def _equals(y: Any, number: float) -> bool:
    """Whether a target is this plain number. A Value has a derivative, whatever it is."""
    return type(y) is not Value and bool(y == number)


def cross_entropy(logits: Sequence[Any], index: int) -> Any:
    """−log of the probability that `softmax(logits)` gives the class `index`, counted from 0.

    Right at any size of the logits, with respect to which its derivative is softmax less 1 at
    `index`. Raises `TypeError` or `ValueError` for an index that is not one of a class, and
    `ValueError` where the right class is one of several infinite logits that are the largest.

    >>> cross_entropy([1000.0, -1000.0], 1)
    2000.0
    """
    if _is_number(logits):
        raise TypeError(f"cross_entropy takes a sequence of logits, got {logits!r:.60}")
    classes = [z if type(z) is Value else Value(z).data for z in logits]
    if not _is_integer(index):
        raise TypeError(f"the index of the right class is an int, got {index!r:.60}")
    if not 0 <= index < len(classes):
        raise ValueError(f"the index of one of {len(classes)} classes is needed, got {index}")
    index = int(index)
    numbers_ = stop_gradient(classes)
    largest, right = max(numbers_), classes[index]
    if largest == numbers_[index]:
        apart = [z - largest for i, z in enumerate(numbers_) if i != index]
        # −log p = log(1 + Σ e^(z − right)): where p is near 1, nothing else keeps what is lost.
        if sum(map(exp, apart)) <= 1.0:
            powers = [exp(z - right) for i, z in enumerate(classes) if i != index]
            return log1p(_total(powers or [where(False, right, 0.0)]))
        if abs(largest) == math.inf:
            raise ValueError(f"the cross-entropy of several logits that are {largest} is undefined")
    # Less a number that cancels: what is large must not swallow what is not.
    shift = largest if abs(largest) < math.inf else 0.0
    return (shift - right) + logsumexp([z - shift for z in classes])


def hinge(outputs: Any, targets: Any) -> Any:
    """Σ relu(1 − y a) over scores a and targets y, which are -1 or 1.

    >>> hinge([2.0, 0.5], [1.0, -1.0])
    1.5
    """
    return _total([_margin(a, y) for a, y in _pairs(outputs, targets)])


def _margin(a: Any, y: Any) -> Any:
    # One question for both targets: a compiled batch goes one way.
    if y * y != 1:
        raise ValueError(f"a target of the hinge loss is -1 or 1, got {y!r}")
    return relu(1 - y * a)


def _pairs(outputs: Any, targets: Any) -> list[tuple[Any, Any]]:
    """Each output with its target."""
    if _is_number(outputs) and _is_number(targets):
        return [(outputs, targets)]
    if _is_number(outputs) or _is_number(targets):
        raise ValueError(
            "outputs and targets are two numbers or two sequences, "
            f"got {outputs!r:.60} and {targets!r:.60}"
        )
    outputs, targets = list(outputs), list(targets)
    if len(outputs) != len(targets) or not outputs:
        raise ValueError(
            "each output needs a target, and there must be some, "
            f"got {len(outputs)} outputs and {len(targets)} targets"
        )
    for each in (*outputs, *targets):
        if not _is_number(each):
            raise TypeError(f"outputs and targets are numbers or Values, got {each!r:.60}")
    return list(zip(outputs, targets, strict=True))


def _is_number(x: Any) -> bool:
    return type(x) is Value or type(x) is float or isinstance(x, numbers.Real)


def _is_integer(x: Any) -> bool:
    return not isinstance(x, bool) and isinstance(x, numbers.Integral)


def _total(terms: list[Any]) -> Any:
    return reduce(add, terms)


class Optimiser:
    """What the optimisers share: the parameters, their gradients, and a learning rate.

    params  Values to change, such as `model.parameters()`
    lr      the learning rate, which may be set anew at any time

    Raises `TypeError` or `ValueError` for parameters that are none, and rates below 0.
    """

    def __init__(self, params: Iterable[Value], lr: float) -> None:
        if isinstance(params, Value | Module) or not isinstance(params, Iterable):
            raise TypeError(f"params is a list such as model.parameters(), got {params!r:.60}")
        self.params = list(dict.fromkeys(params))
        if not self.params:
            raise ValueError("there are no parameters to optimise")
        for p in self.params:
            if type(p) is not Value or p.kind not in _LEARNABLE:
                raise TypeError(f"parameters are Values that nothing was computed for, got {p!r}")
        self.lr = _at_least_zero("lr", lr)
        # What is remembered of the parameters: columns with a number for each.
        self.memory: list[Column] = []

    def zero_grad(self) -> None:
        """Forget the parameters' gradients."""
        for p in self.params:
            p.zero_grad()

    def step(self) -> None:
        """Change every parameter that has a gradient, in its `data`: all of them or none.

        Raises `RuntimeError` where none has a gradient, and `ValueError` where a gradient,
        or what a parameter would become, is infinite or NaN. Then nothing has changed, and
        nothing has either where the step was interrupted.
        """
        ready = [p.has_grad for p in self.params]
        params = [*compress(self.params, ready)]
        if not params:
            raise RuntimeError("no parameter has a gradient: call backward() on the loss first")
        grads = [p.grad for p in params]
        _check_finite(grads, params, "the gradient of a parameter is not finite")
        remembered = [[*compress(column, ready)] for column in self.memory]
        numbers, learned = self.updated([p.data for p in params], grads, remembered)
        for column in (numbers, *learned):
            _check_finite(column, params, "this step would make a parameter infinite")
        if len(params) < len(self.params):
            learned = [
                [next(new) if here else old for here, old in zip(ready, column, strict=True)]
                for column, new in zip(self.memory, map(iter, learned), strict=True)
            ]
        _assign([self, *params], ["memory", *["data"] * len(params)], [learned, *numbers])

    def updated(
        self, numbers: Column, grads: Column, memory: list[Column]
    ) -> tuple[Column, list[Column]]:
        """The numbers that parameters are to have next, and what to remember of them then.

        All are columns, with a number for each of the parameters.
        """
        raise NotImplementedError


def _check_finite(numbers: Column, params: list[Value], problem: str) -> None:
    if not all(map(math.isfinite, numbers)):
        wrong = next(p for p, x in zip(params, numbers, strict=True) if not math.isfinite(x))
        raise ValueError(f"{problem}: {wrong!r}")


class SGD(Optimiser):
    """Gradient descent, p ← p − lr·v with the velocity v ← momentum·v + ∂loss/∂p.

    >>> w = Value.parameter(1.0, "w")
    >>> (w * w).backward()
    >>> SGD([w], lr=0.25).step()
    >>> w.data
    0.5
    """

    def __init__(self, params: Iterable[Value], lr: float, momentum: float = 0.0) -> None:
        super().__init__(params, lr)
        self.momentum = _fraction("momentum", momentum)
        self.memory = [[0.0] * len(self.params)]

    def updated(
        self, numbers: Column, grads: Column, memory: list[Column]
    ) -> tuple[Column, list[Column]]:
        """p − lr·v, and v."""
        lr, momentum = self.lr, self.momentum
        velocities = [momentum * v + g for v, g in zip(*memory, grads, strict=True)]
        return [p - lr * v for p, v in zip(numbers, velocities, strict=True)], [velocities]


class Adam(Optimiser):
    """Adam (Kingma and Ba, 2015, algorithm 1), for gradients of any size.

    betas         how much the running means of the gradient and of its square keep each step
    eps           added to the root of the latter
    weight_decay  times p, added to its gradient

    >>> w = Value.parameter(1.0, "w")
    >>> (w * w).backward()
    >>> Adam([w], lr=0.25, eps=0.0).step()
    >>> w.data
    0.75
    """

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr)
        self.betas = (_fraction("betas[0]", betas[0]), _fraction("betas[1]", betas[1]))
        self.eps = _at_least_zero("eps", eps)
        self.weight_decay = _at_least_zero("weight_decay", weight_decay)
        # Steps taken, mean of the gradient, root of the mean of its square.
        self.memory = [[0.0] * len(self.params) for _ in range(3)]

    def updated(
        self, numbers: Column, grads: Column, memory: list[Column]
    ) -> tuple[Column, list[Column]]:
        """p less lr times the means' quotient, and the means."""
        lr, decay = self.lr, self.weight_decay
        decayed = [g + decay * p for p, g in zip(numbers, grads, strict=True)]
        directions, memory = self.directions(decayed, memory)
        return [p - lr * d for p, d in zip(numbers, directions, strict=True)], memory

    def directions(self, grads: Column, memory: list[Column]) -> tuple[Column, list[Column]]:
        """m̂ / (√v̂ + eps) after taking `grads` into the means m and v, and what to remember."""
        (first, second), eps = self.betas, self.eps
        rest, keep, take = 1 - first, math.sqrt(second), math.sqrt(1 - second)
        steps = [t + 1 for t in memory[0]]
        means = [first * m + rest * g for m, g in zip(memory[1], grads, strict=True)]
        # √v and not v: the square of a gradient may be no float.
        roots = [math.hypot(keep * r, take * g) for r, g in zip(memory[2], grads, strict=True)]
        bias = {t: 1 - first**t for t in {*steps}}
        ratio = {t: bias[t] / math.sqrt(1 - second**t) for t in bias}
        sizes = [r * ratio[t] + eps * bias[t] for t, r in zip(steps, roots, strict=True)]
        directions = [m / size if size else 0.0 for m, size in zip(means, sizes, strict=True)]
        return directions, [steps, means, roots]


class AdamW(Adam):
    """Adam with the weight decay outside the means: p ← (1 − lr·weight_decay)·p first.

    Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def updated(
        self, numbers: Column, grads: Column, memory: list[Column]
    ) -> tuple[Column, list[Column]]:
        """p, decayed, less lr times the means' quotient, and the means."""
        lr, kept = self.lr, 1 - self.lr * self.weight_decay
        directions, memory = self.directions(grads, memory)
        return [p * kept - lr * d for p, d in zip(numbers, directions, strict=True)], memory


def _at_least_zero(name: str, number: float) -> float:
    if not 0.0 <= number < math.inf:
        raise ValueError(f"{name} is a number from 0 on, got {number!r}")
    return float(number)


def _fraction(name: str, number: float) -> float:
    if not 0.0 <= number < 1.0:
        raise ValueError(f"{name} is a number from 0 to below 1, got {number!r}")
    return float(number)
