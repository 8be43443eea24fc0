"""Scalar reverse-mode automatic differentiation, from one table of primitives.

>>> from autograd_scalar import Value, exp
>>> x = Value(0.5, label="x")
>>> y = 1 / (1 + exp(-x))
>>> y.backward()
>>> x.grad == y.data * (1 - y.data)
True
"""

from . import functions, value
from .backward_steps import BackwardStep, Sent, steps
from .checking import AnomalyError, check_grads, detect_anomaly
from .custom import custom
from .derive import Derivation, derive
from .differentiate import (
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)
from .draw import Drawing, draw, draw_dot
from .explain import Explanation, explain
from .functions import *
from .render import DrawingError
from .symbolic import from_sympy, to_sympy
from .value import Value, no_grad, toposort

__version__ = "0.1.0"

#: Which engine is loaded: "compiled", or "python" where it was installed without a C compiler.
build = "python" if str(value.__file__).endswith(".py") else "compiled"

__all__ = [
    "AnomalyError",
    "BackwardStep",
    "Derivation",
    "Drawing",
    "DrawingError",
    "Explanation",
    "Sent",
    "Value",
    "build",
    "check_grads",
    "custom",
    "derive",
    "detect_anomaly",
    "draw",
    "draw_dot",
    "explain",
    "from_sympy",
    "grad",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "steps",
    "stop_gradient",
    "to_sympy",
    "toposort",
    "value_and_grad",
    "vjp",
    *functions.__all__,
]
