"""The reference pages of the table: `docs/primitives.md` and the table in `docs/conventions.md`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence

from ..engine import functions
from ..table.primitives import Primitive
from ..table.registry import TABLE
from .stub import definitions, first_line


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def _prose(text: str) -> str:
    """Text that Markdown shows as it is: `x**y` is no emphasis."""
    return text.replace("*", r"\*")


def _code(text: str) -> str:
    return f"`{text}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _partials(row: Primitive, texts: Iterable[str]) -> str:
    return "<br>".join(
        f"∂/∂{name} = {text}" for name, text in zip(row.arguments, texts, strict=True)
    )


def _formula(shown: str, computed: str) -> str:
    return _code(shown) + (f", computed as {_code(computed)}" if computed != shown else "")


def _point(row: Primitive, numbers: Sequence[float]) -> str:
    return ", ".join(f"{name} = {x:g}" for name, x in zip(row.arguments, numbers, strict=True))


def primitives_page() -> str:
    """The page of all primitives: value, local derivatives, rule, domain, special points."""
    rows = [
        [
            f'<a id="{row.name}"></a>{_code(row.name)}'
            + (f"<br>NumPy: {_code(row.alias)}" if row.alias else ""),
            _code(row.value),
            _partials(row, map(_formula, row.shown, row.partials)),
            _prose(row.rule),
            _code(row.domain) if row.domain else "everywhere",
            "<br>".join(
                f"[{_point(row, kink.at)}](conventions.md#{row.name})" for kink in row.kinks
            ),
        ]
        for row in TABLE
    ]
    head = [
        "primitive",
        "value",
        "local derivatives",
        "rule",
        "defined for",
        "special points",
    ]
    made = {row.name for row in TABLE}
    composed = [
        [_code(f"{name}({', '.join(each.arg for each in node.args.args)})"), first_line(node)]
        for name, node in definitions().items()
        if name not in made and name != "primitive"
    ]
    return f"""# Primitives

Every number that `autograd_scalar` computes comes from these {len(rows)} rows, and so does
every derivative. `out` is the value itself. This page is made from the table in
`autograd_scalar/table/primitives.py` by `python -m autograd_scalar.generate`.

A value follows Python: outside its domain it is a `ValueError` or `ZeroDivisionError`, too
large a result an `OverflowError`, as in `math`. A local derivative follows IEEE 754 and may
be infinite. [Conventions](conventions.md) says what holds at the special points. Where a
textbook's formula loses digits, it is shown and another one computed; [how exact each row
is](trust.md) was measured.

{_table(head, rows)}

Functions of the table are functions of `autograd_scalar` and methods of `Value`. On plain
numbers they give a float.

## Composed of primitives

{_table(["function", "what it is"], composed)}

`log` takes a base, and `maximum` and `minimum` take any number of operands, by composition.

`abs`, `round`, `int`, `math.floor`, `math.ceil`, `math.trunc`, `divmod` and `sum` are
Python's own and take Values. `round`, `int`, `math.floor`, `math.ceil` and `math.trunc` give
plain numbers: a step has derivative 0, so nothing is lost.

## A primitive of your own

`primitive` adds a row: the name, the value, and one local derivative for each argument.
With that it is a function of numbers and Values, a method, drawn, explained and differentiated
like the rest. The samples are points at which the derivatives are checked on the spot.

```python
{_example(functions.primitive)}
```
"""


def _example(function: Callable[..., object]) -> str:
    """The examples of a docstring."""
    _, prompt, rest = (inspect.getdoc(function) or "").partition(">>> ")
    return f"{prompt}{rest}"


def special_points() -> str:
    """The Markdown table of all points without a derivative, and what is used there."""
    page = _table(
        ["primitive", "at", "local derivatives used", "why"],
        [
            [
                (f'<a id="{row.name}"></a>' if i == 0 else "") + _code(row.name),
                _point(row, kink.at),
                _partials(row, (_code(f"{x:g}") for x in kink.partials)),
                _prose(kink.reason),
            ]
            for row in TABLE
            for i, kink in enumerate(row.kinks)
        ],
    )
    return f"\n{page}\n"
