"""What names and functions mean in mathematics: aliases, constants, and what a text defines."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence

from ..table.registry import TABLE
from .labels import GREEK, read_label
from .scanning import key_of, name_in

# What mathematics calls the functions of the table.
ALIASES = {
    **{shown: row.name for row in TABLE for shown in (row.symbol, row.alias) if shown},
    "log_2": "log2",
    "log_10": "log10",
    "lb": "log2",
    "max": "maximum",
    "min": "minimum",
    "arsinh": "asinh",
    "arcosh": "acosh",
    "artanh": "atanh",
    "ReLU": "relu",
    "Relu": "relu",
}
# Letters that are functions before a bracket only.
_LETTERS = {
    "σ": "sigmoid",
    "sigma": "sigmoid",
    **{GREEK[row.latex[1:]]: row.name for row in TABLE if row.latex[1:] in GREEK},
}
CONSTANTS = {"π": "pi", "pi": "pi", "inf": "inf", "nan": "nan", "NaN": "nan"}
_UNKNOWN = {
    "cot": "1/tan(x)",
    "sec": "1/cos(x)",
    "csc": "1/sin(x)",
    "tg": "tan(x)",
    "sgn": "x/abs(x)",
    "sign": "x/abs(x)",
    "lg": "log10(x) or log2(x), which are both called so",
    "ld": "log2(x)",
}
RUN_TOGETHER = re.compile(r"(?:sin|cos|tan|ln|log|exp|sqrt)[xyz]|π[^\W\d_]+")


def advice(unknown: str, names: Iterable[str], functions: Collection[str]) -> str:
    """What may have been meant by a name that has no value: `x*y` for `xy`, or nothing.

    >>> advice("xy", ["x", "y"], []), advice("sinx", ["x"], ["sin"]), advice("z", ["x"], [])
    ('x*y', 'sin(x)', '')
    """
    known = {*names, *CONSTANTS, "e"}
    for i in range(1, min(len(unknown), 12)):
        head, tail = unknown[:i], unknown[i:]
        called = head in functions or head in ALIASES
        if called or head in known:
            number = called and tail.isdigit()
            rest = tail if number or tail in known else advice(tail, names, functions)
            if rest:
                return f"{head}({rest})" if called else f"{head}*{rest}"
    return ""


class Meanings:
    """What may stand in a text.

    functions  what may be called, besides the functions that the text defines
    known      names that have a value, or are steps
    arguments  those of the function that is being defined
    arities    how many arguments functions take
    """

    def __init__(self, text: str, functions: Collection[str], names: Collection[str]) -> None:
        targets, self._defined = _targets(text)
        self.functions = functions
        self.known = {*names, *targets}
        self.arguments: Sequence[str] = ()
        self.arities = {
            **{row.name: len(row.arguments) for row in TABLE if row.name != "log"},
            "sigmoid": 1,
            "softplus": 1,
        }

    def is_variable(self, label: str) -> bool:
        return label in self.known or label in self.arguments

    def function(self, label: str, opens: bool) -> str:
        """The function that is called so, where a bracket follows or not; "" for none."""
        defined = self._defined.get(key_of(label))
        if defined is not None:
            return defined
        if label in self.functions:
            return label
        alias = ALIASES.get(label) or (_LETTERS.get(label) if opens else None)
        return alias if alias and alias in self.functions else ""

    def instead_of(self, label: str) -> str:
        """What to write instead of a function that nobody knows."""
        if label in _UNKNOWN:
            return f"write {_UNKNOWN[label]}"
        close = difflib.get_close_matches(label, [*self.functions, *ALIASES])
        if close:
            return f"there is {', '.join(close)}"
        return f"one of your own is defined first, {label}(x) = …"


_STEP = re.compile(r"(?:^|;)([^;=\n]+)=(?!=)", re.MULTILINE)
_DEFINED = re.compile(r"([^\W\d]\w*|\\[A-Za-z]+)\s*\(")


def _targets(text: str) -> tuple[Sequence[str], dict[str, str]]:
    """The names of steps, and those of functions by what they are typeset as."""
    names: list[str] = []
    functions: dict[str, str] = {}
    for match in _STEP.finditer(text):
        target = match[1].rstrip(": ").strip()
        if len(target) > 100:
            continue
        definition = _DEFINED.match(target)
        if definition and target.endswith(")") and read_label(target).plain:
            functions[key_of(definition[1])] = definition[1]
        elif not target.isascii() and name_in(target):
            names.append(name_in(target))
        elif target.isidentifier() or not read_label(target).plain:
            names.append(target)
    return names, functions
