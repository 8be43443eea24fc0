"""Who asks a Value for a float, and what to write instead where a derivative would be lost.

Python does not tell `__float__`. It is read from the instruction that the calling frame is at,
and only what is certain is said: a name counts where it is what is called and still means the
same, and everything else gets the general advice.
"""

from __future__ import annotations

import dis
import math
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FrameType, ModuleType
from typing import Any

#: The names of this package's functions, which `functions` puts here.
FUNCTIONS_HERE: list[str] = []

_VALUE = f"{__name__.rpartition('.')[0]}.value"
_NUMBER = "use `.data` for the number"
_GENERAL = (
    f"{_NUMBER}, and autograd_scalar.exp, .log, .sin … where math.exp, math.log, … were called"
)
_ARRAY = "make it with autograd_scalar.array, or with dtype=object"
#: What answers with a truth value loses nothing.
_QUESTIONS = (math.isnan, math.isinf, math.isfinite, math.isclose)
_WRITTEN = {
    "pow": "x ** y",
    "modf": "fmod(x, 1), trunc(x)",
    "ldexp": "x * 2.0**n",
    "fma": "x * y + z",
    "sumprod": "sum(x * y for x, y in zip(p, q))",
}


def advice(frame: FrameType | None) -> str:
    """What to write in place of what this frame does; `""` where that loses no derivative.

    frame  where the float was asked for: the caller's, or in the plain build that of `__float__`
    """
    if frame is not None and frame.f_globals.get("__name__") == _VALUE:
        frame = frame.f_back
    if frame is None:
        return _GENERAL
    kind, *path = _instruction(frame.f_code, frame.f_lasti)
    found = _meant(frame, path)
    if kind == "%" and isinstance(found, str | bytes):
        return ""
    if kind == "store":
        return f"what it is put into holds floats: {_ARRAY}, or {_NUMBER} to put that in"
    return _instead_of_calling(found) if kind == "call" else _GENERAL


def _instead_of_calling(function: Any) -> str:
    if any(function is each for each in _QUESTIONS):
        return ""
    if function is float:
        return f"{_NUMBER}, or `stop_gradient` where the derivative is not wanted"
    if not isinstance(function, BuiltinFunctionType):
        return _GENERAL
    home, name = function.__module__, function.__name__
    if home == "math":
        here = _WRITTEN.get(name) or (f"autograd_scalar.{name}" if name in FUNCTIONS_HERE else "")
        if here:
            return f"write {here} where math.{name} was called, or {_NUMBER}"
        return f"math.{name} has no counterpart that is differentiated; {_NUMBER}"
    if home == "numpy" and name in ("array", "asarray", "asanyarray"):
        return f"an array of floats holds no derivatives: {_ARRAY}, or {_NUMBER}"
    return _GENERAL


@lru_cache(maxsize=256)
def _instruction(code: CodeType, at: int) -> tuple[Any, ...]:
    """What the instruction at this offset does, and what it does that to or with.

    `"%"` and the left operand, `"call"` and what is called, `"store"`, or `""`.
    """
    instructions = list(dis.get_instructions(code))
    here = next((each for each in instructions if each.offset == at), None)
    if here is None:
        return ("",)
    if here.opname.startswith("STORE_S"):  # of a subscript or a slice
        return ("store",)
    if here.opname == "BINARY_OP" and here.argrepr in ("%", "%="):
        return ("%", *_first_part(instructions, here))
    # In Python 3.11 it is PRECALL that calls what is built in.
    if here.opname.startswith(("CALL", "PRECALL")):
        return ("call", *_first_part(instructions, here))
    return ("",)


def _first_part(instructions: list[dis.Instruction], whole: dis.Instruction) -> list[Any]:
    """The loads, `math` and `exp` in `math.exp(v)`, that the source of an expression begins with.

    Nothing where its first part is more than a constant or a name with attributes. What is
    loaded for it begins where the expression does, and ends before.
    """
    place, path = whole.positions, []
    for each in reversed(instructions[: instructions.index(whole)]):
        here = each.positions
        if place is None or here is None or None in (*place, *here):
            return []
        if here[::2] != place[::2] or here[1::2] >= place[1::2]:
            continue
        if each.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            path.append(each.argval)
        elif each.opname.startswith("LOAD_"):
            # One instruction may load two names, one after the other.
            name = each.argval[0] if type(each.argval) is tuple else each.argval
            return [(each.opname, name), *reversed(path)]
        elif each.opname not in ("PUSH_NULL", "EXTENDED_ARG"):
            return []
    return []


def _meant(frame: FrameType, path: list[Any]) -> Any:
    """What was loaded, as it is in the frame now. Only modules are asked: nothing else runs."""
    if not path:
        return None
    (load, name), *rest = path
    if load == "LOAD_CONST":
        found = name
    else:
        # A frame asked for its own names makes a copy of them, which would keep graphs alive.
        own = {} if load == "LOAD_GLOBAL" else frame.f_locals
        scopes = (own, frame.f_globals, frame.f_builtins)
        found = next((scope[name] for scope in scopes if name in scope), None)
    for each in rest:
        if not isinstance(found, ModuleType):
            return None
        found = vars(found).get(each)
    return found
