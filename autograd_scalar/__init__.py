"""Scalar reverse-mode automatic differentiation, from one table of primitives.

>>> from autograd_scalar import Value, exp
>>> x = Value(0.5, label="x")
>>> y = 1 / (1 + exp(-x))
>>> y.backward()
>>> x.grad == y.data * (1 - y.data)
True
"""

import importlib
from typing import TYPE_CHECKING, Any

from .arrays import single as _single  # noqa: F401 (gives Value what NumPy's functions look for)
from .engine import copies as _copies  # noqa: F401 (and what copy and pickle look for)
from .engine import functions
from .engine import numpy_methods as _numpy_methods  # noqa: F401 (and NumPy's ufuncs)
from .engine.builds import build
from .engine.functions import *
from .engine.modes import no_grad
from .engine.value import Value, toposort
from .picture import shown as _shown  # noqa: F401 (and what notebooks look for)

if TYPE_CHECKING:
    from . import nn
    from .arrays.create import array
    from .explaining.chain_rule import Explanation, explain
    from .explaining.checking import check
    from .explaining.comparison import Check
    from .explaining.derivation import Derivation, derive
    from .explaining.quiz import Question, Quiz, quiz
    from .explaining.steps import BackwardStep, Contribution, steps
    from .explaining.with_sympy import from_sympy, to_sympy
    from .explaining.written import read_math
    from .exploring.explore import Page, explore
    from .picture.draw import draw, draw_dot
    from .picture.drawing import Drawing
    from .picture.graphviz import DrawingError
    from .tape.compiled import compile as compile  # noqa: A004 (Python's own is not called here)
    from .tape.compiled import load
    from .tape.files import TapeFileError
    from .transforms.anomaly import AnomalyError, detect_anomaly
    from .transforms.check_grads import check_grads
    from .transforms.custom import custom
    from .transforms.operators import (
        grad,
        gradient,
        hessian,
        hessian_diagonal,
        hvp,
        jacobian,
        jvp,
        stop_gradient,
        value_and_grad,
        value_and_jacobian,
        value_grad_and_hvp,
        vjp,
    )

__version__ = "0.1.0"

# What is imported when it is first used: recording and sweeping need none of it.
_LATER = {
    "arrays.create": ["array"],
    "explaining.chain_rule": ["Explanation", "explain"],
    "explaining.checking": ["check"],
    "explaining.comparison": ["Check"],
    "explaining.derivation": ["Derivation", "derive"],
    "explaining.quiz": ["Question", "Quiz", "quiz"],
    "explaining.steps": ["BackwardStep", "Contribution", "steps"],
    "explaining.with_sympy": ["from_sympy", "to_sympy"],
    "explaining.written": ["read_math"],
    "exploring.explore": ["Page", "explore"],
    "picture.draw": ["draw", "draw_dot"],
    "picture.drawing": ["Drawing"],
    "picture.graphviz": ["DrawingError"],
    "tape.compiled": ["compile", "load"],
    "tape.files": ["TapeFileError"],
    "transforms.anomaly": ["AnomalyError", "detect_anomaly"],
    "transforms.check_grads": ["check_grads"],
    "transforms.custom": ["custom"],
    "transforms.operators": [
        "grad",
        "gradient",
        "hessian",
        "hessian_diagonal",
        "hvp",
        "jacobian",
        "jvp",
        "stop_gradient",
        "value_and_grad",
        "value_and_jacobian",
        "value_grad_and_hvp",
        "vjp",
    ],
}
_ROOM_OF = {name: room for room, names in _LATER.items() for name in names}

# Not `compile`, which would hide Python's own from those who import everything.
__all__ = [
    "AnomalyError",
    "BackwardStep",
    "Check",
    "Derivation",
    "Drawing",
    "DrawingError",
    "Explanation",
    "Contribution",
    "Page",
    "Question",
    "Quiz",
    "TapeFileError",
    "Value",
    "array",
    "build",
    "check",
    "check_grads",
    "custom",
    "derive",
    "detect_anomaly",
    "draw",
    "draw_dot",
    "explain",
    "explore",
    "from_sympy",
    "grad",
    "gradient",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "jacobian",
    "jvp",
    "load",
    "nn",
    "no_grad",
    "quiz",
    "read_math",
    "steps",
    "stop_gradient",
    "to_sympy",
    "toposort",
    "value_and_grad",
    "value_and_jacobian",
    "value_grad_and_hvp",
    "vjp",
    *functions.__all__,
]


def __getattr__(name: str) -> Any:
    if name == "nn":
        return importlib.import_module(".nn", __name__)
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    thing = getattr(importlib.import_module(f".{_ROOM_OF[name]}", __name__), name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
