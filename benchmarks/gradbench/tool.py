"""Our side of the protocol: one message a line on standard input, one answer a line.

python -m benchmarks.gradbench.tool
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TextIO

from . import modules, timing
from .timing import Answering

NAME = "autograd_scalar"
MODULES = sorted(each.name for each in iter_modules(modules.__path__))


class MessageError(ValueError):
    """A message that says something else than the protocol provides for."""


def answer(message: Any) -> dict[str, Any]:
    """The response to a message.

    What goes wrong in a program of an eval is a response too, without success.
    Raises `MessageError` for what is no message.
    """
    if not isinstance(message, dict):
        raise MessageError(f"a message is a JSON object, got {message!r:.80}")
    number = _field(message, "id", int)
    said = {"id": number}
    match _field(message, "kind", str):
        case "start":
            return {**said, "tool": NAME}
        case "define":
            name = _field(message, "module", str)
            try:
                _module(name)
            except MessageError as error:
                return {**said, "success": False, "error": str(error)}
            return {**said, "success": True}
        case "evaluate":
            return {**said, **_evaluate(message)}
        case _:
            return said


def _evaluate(message: dict[str, Any]) -> dict[str, Any]:
    module, name = _field(message, "module", str), _field(message, "function", str)
    given = _field(message, "input", object)
    try:
        output, runs = _function(module, name)(given)
    except MessageError as error:
        return {"success": False, "error": str(error)}
    except Exception as error:
        return {"success": False, "error": "".join(traceback.format_exception(error))}
    timings = [{"name": "evaluate", "nanoseconds": nanoseconds} for nanoseconds in runs]
    return {"success": True, "output": output, "timings": timings}


def _field(message: dict[str, Any], name: str, kind: type) -> Any:
    if name not in message:
        raise MessageError(f"a message has a field {name!r}, which is not in {message!r:.80}")
    value = message[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise MessageError(f"the field {name!r} of a message is {kind.__name__}, got {value!r:.80}")
    return value


def _module(name: str) -> Any:
    if name not in MODULES:
        raise MessageError(f"there is no module {name!r}; there are {', '.join(MODULES)}")
    return import_module(f"{modules.__name__}.{name}")


def _function(module: str, name: str) -> Answering:
    offered = _module(module).FUNCTIONS
    if name not in offered:
        raise MessageError(
            f"the module {module!r} has no function {name!r}; it has {', '.join(offered)}"
        )
    function: Answering = offered[name]
    return function


def speak(lines: Iterable[str], out: TextIO) -> None:
    """Answer each line.

    Raises `MessageError` for a line that is no message: there is no number to answer it under.
    """
    for count, line in enumerate(lines, 1):
        try:
            response = answer(json.loads(line))
        except json.JSONDecodeError as error:
            raise MessageError(f"line {count} is not JSON: {error}") from None
        except MessageError as error:
            raise MessageError(f"line {count}: {error}") from None
        print(json.dumps(response), file=out, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gradbench.tool", description=__doc__
    )
    parser.add_argument("clock", nargs="?", choices=timing.CLOCKS, default="wall")
    timing.clock = timing.CLOCKS[parser.parse_args().clock]
    try:
        speak(sys.stdin, sys.stdout)
    except MessageError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
