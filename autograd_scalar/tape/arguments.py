"""The arguments of a compiled function: which numbers change from call to call.

Floats, and numbers in containers and arrays, do. An int, a truth value, a string, a function, a
model or anything else, given as an argument by itself, is part of the program: another one makes
another program.
"""

from __future__ import annotations

import inspect
import numbers
import sys
from collections.abc import Hashable, Sequence
from typing import Any

from ..engine.value import Value
from ..transforms.pytree import TreeDef, all_floats, flatten, leaf_paths

#: What tells programs apart: how the numbers are arranged, and all else.
Key = Hashable


#: More names than these are not read by anybody.
_NAMED = 1000
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Arguments:
    """The arguments of one call, taken apart.

    numbers     the numbers that may be others in the next call
    key         equal for calls that the same program may serve
    has_values  whether Values are among the numbers
    """

    __slots__ = ("_parts", "has_values", "key", "numbers")

    def __init__(self, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self.numbers: list[Any] = []
        # A TreeDef and how many numbers it takes for each argument, None for a part of the program.
        self._parts: list[tuple[TreeDef | None, int]] = []
        keys: list[Any] = []
        for i, argument in enumerate(args):
            keys.append(self._take(argument, f"args[{i}]"))
        for name, argument in kwargs.items():
            keys.append((name, self._take(argument, name)))
        self.key = tuple(keys)
        self.has_values = Value in {*map(type, self.numbers)}

    def _take(self, argument: Any, path: str) -> Key:
        if _is_part_of_the_program(argument):
            self._parts.append((None, 0))
            # 1, 1.0 and True are equal, and not the same program.
            if type(argument).__hash__ is None:
                raise TypeError(
                    f"{path} is {type(argument).__name__} {argument!r:.60}: an argument without "
                    "numbers is part of the program, and must be hashable to tell programs apart"
                )
            return type(argument), argument
        found, treedef = flatten(argument, f"the argument {path}")
        self.numbers.extend(found)
        self._parts.append((treedef, len(found)))
        return arrangement(argument)

    @property
    def counts(self) -> list[int]:
        """How many numbers are in each argument."""
        return [count for _, count in self._parts]

    def names(self, fun: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> list[str]:
        """What the numbers are called: `w[0]`, after the parameters of the function.

        None are where there are more than can be read.
        """
        if len(self.numbers) > _NAMED:
            return []
        # Derivatives take what the function takes.
        while callable(inner := getattr(fun, "fun", None)):
            fun = inner
        try:
            parameters = [*inspect.signature(fun).parameters.values()]
        except (TypeError, ValueError):  # functions written in C may not tell
            parameters = []
        named = [each.name for each in parameters if each.kind in _BY_POSITION]
        rest = [each.name for each in parameters if each.kind is each.VAR_POSITIONAL]
        if len(named) < len(args):
            name = rest[0] if rest else "args"
            named += [f"{name}[{i}]" for i in range(len(args) - len(named))]
        found: list[str] = []
        for (treedef, _), name, argument in zip(
            self._parts, [*named[: len(args)], *kwargs], [*args, *kwargs.values()], strict=True
        ):
            if treedef is not None:
                found += leaf_paths(argument, name)
        return found

    def arranged(
        self, args: Sequence[Any], kwargs: dict[str, Any], values: Sequence[Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The arguments with `values` in place of their numbers."""
        given = iter([*args, *kwargs.values()])
        made = []
        start = 0
        for treedef, count in self._parts:
            argument = next(given)
            if treedef is None:
                made.append(argument)
            else:
                part = values[start : start + count]
                made.append(treedef.unflatten(part, construct=True))
                start += count
        return made[: len(args)], dict(zip(kwargs, made[len(args) :], strict=True))


def _is_part_of_the_program(argument: Any) -> bool:
    kind = type(argument)
    if kind is float or kind is Value or kind is list or kind is tuple or kind is dict:
        return False
    if isinstance(argument, bool | numbers.Rational) or kind.__name__ in ("bool", "bool_"):
        return True
    # Arrays of other libraries are refused by name: their numbers would be part of the program.
    return not (
        isinstance(argument, numbers.Real | dict | tuple)
        or hasattr(kind, "__dataclass_fields__")
        or hasattr(argument, "__array__")
    )


def arrangement(tree: Any) -> Key:
    """How the numbers in `tree` are arranged, as something that can be compared."""
    kind = type(tree)
    if kind is float or kind is Value:
        return float
    if kind is list or kind is tuple:
        if all_floats(tree):
            return kind, len(tree)
        return kind, tuple([arrangement(each) for each in tree])
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(tree, numpy.ndarray):
        return kind, tree.shape
    if isinstance(tree, dict):
        return kind, tuple([(key, arrangement(each)) for key, each in tree.items()])
    if isinstance(tree, tuple):
        return kind, tuple([arrangement(each) for each in tree])
    if hasattr(kind, "__dataclass_fields__"):
        names = [name for name in kind.__dataclass_fields__ if hasattr(tree, name)]
        return kind, tuple([(name, arrangement(getattr(tree, name))) for name in names])
    return float
