"""The reference, an interpreter of the table: its pages in `docs/` and the typed stub.

`python -m autograd_scalar.generate.reference` writes what follows from the table into a checkout:
`docs/primitives.md`, the table in `docs/conventions.md`, and `functions.pyi`, which tells
editors and type-checkers the functions that are made from rows.  With `--check` it writes
nothing and fails where a file differs.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ..engine import functions
from ..engine.functions import FUNCTIONS
from ..table.primitives import TABLE, Primitive

PRIMITIVES_PAGE = "docs/primitives.md"
CONVENTIONS_PAGE = "docs/conventions.md"
STUB = "autograd_scalar/engine/functions.pyi"

_CHECKOUT = Path(__file__).parents[2]

_BEGIN = "<!-- from the table, by python -m autograd_scalar.generate.reference -->"
_END = "<!-- end of the table -->"


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
        [_code(f"{name}({', '.join(each.arg for each in node.args.args)})"), _first_line(node)]
        for name, node in _definitions().items()
        if name not in made and name != "primitive"
    ]
    return f"""# Primitives

Every number that `autograd_scalar` computes comes from these {len(rows)} rows, and so does
every derivative. `out` is the value itself. This page is made from the table in
`autograd_scalar/table/primitives.py` by `python -m autograd_scalar.generate.reference`.

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
    return _table(
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


def conventions_page(page: str) -> str:
    """The page with its table made anew; what is written around the table stays.

    Raises `ValueError` where the marks of the table are missing.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{CONVENTIONS_PAGE} needs a line {_BEGIN} and a line {_END}")
    return f"{before}{begin}\n\n{special_points()}\n\n{end}{after}"


def _source() -> str:
    return Path(functions.__file__).read_text(encoding="utf-8")


def _definitions() -> dict[str, ast.FunctionDef]:
    """The public functions written out in `functions`, in order."""
    tree = ast.parse(_source())
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def _first_line(node: ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


# What a composed function takes and gives, for plain numbers and where a Value is among them.
_COMPOSED = {
    "log": ("x: {0}, base: {0} | None = None", "{0}"),
    "where": ("condition: object, x: {0}, y: {0}", "{0}"),
    "maximum": ("*values: {0}", "{0}"),
    "minimum": ("*values: {0}", "{0}"),
    "sigmoid": ("x: {0}", "{0}"),
    "softplus": ("x: {0}", "{0}"),
    "logsumexp": ("values: Iterable[{0}]", "{0}"),
    "softmax": ("values: Iterable[{0}]", "list[{0}]"),
}


def _documented(head: str, doc: str) -> str:
    lines = doc.strip().splitlines()
    if not lines:
        return f"{head} ...\n"
    closing = '"""' if len(lines) == 1 else '\n"""'
    text = textwrap.indent(
        '"""' + "\n".join(lines) + closing, "    ", lambda line: bool(line.strip())
    )
    return f"{head}\n{text}\n"


def _overloads(name: str, taken: str, given: str, doc: str) -> str:
    """On plain numbers a plain number, else a Value."""
    # A float is a `Value | float` too; the first signature that fits is meant.
    numbers = f"def {name}({taken.format('float')}) -> {given.format('float')}:"
    values = f"def {name}({taken.format('Value | float')}) -> {given.format('Value')}: ..."
    ignored = "  # type: ignore[overload-overlap]"
    return f"@overload\n{_documented(numbers + ignored, doc)}\n@overload\n{values}"


def stub() -> str:
    """The typed stub of `functions`."""
    made = [
        _overloads(
            row.name,
            ", ".join([*(f"{name}: {{0}}" for name in row.arguments), "/"]),
            "{0}",
            inspect.getdoc(FUNCTIONS[row.name]) or "",
        )
        for row in TABLE
        if not row.operator and row.name not in _COMPOSED
    ]
    written = []
    lines = _source().splitlines()
    for name, node in _definitions().items():
        doc = ast.get_docstring(node) or ""
        if name in _COMPOSED:
            written.append(_overloads(name, *_COMPOSED[name], doc))
        else:
            head = "\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1])
            written.append(_documented(head, doc))
    names = "\n".join(f'    "{name}",' for name in functions.__all__)
    return "\n".join(
        [
            '"""Types of the functions of the table; `reference.py` makes this file."""\n',
            "from collections.abc import Callable, Iterable",
            "from typing import Any, overload\n",
            *["from ..table.primitives import Primitive"]
            * any("Primitive" in text for text in written),
            "from .value import Value\n",
            f"__all__ = [  # noqa: RUF022 (the table's order)\n{names}\n]\n",
            "FUNCTIONS: dict[str, Callable[..., Any]]\n",
            *made,
            *written,
            "",
        ]
    )


def files(root: Path) -> dict[Path, str]:
    """What each file of the checkout at `root` should hold."""
    conventions = root / CONVENTIONS_PAGE
    return {
        root / PRIMITIVES_PAGE: primitives_page(),
        conventions: conventions_page(conventions.read_text(encoding="utf-8")),
        root / STUB: stub(),
    }


def main(argv: Sequence[str] | None = None, root: Path = _CHECKOUT) -> int:
    """Write the files, or with `--check` compare them; 1 where that finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m autograd_scalar.generate.reference")
    parser.add_argument("--check", action="store_true", help="write nothing, report differences")
    options = parser.parse_args(argv)
    if not (root / CONVENTIONS_PAGE).is_file():
        print(f"{root} is no checkout of autograd_scalar: it has no {CONVENTIONS_PAGE}",
              file=sys.stderr)  # fmt: skip
        return 2
    stale = [
        path
        for path, text in files(root).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if options.check:
            print(f"{path.relative_to(root)} is not what the table says; run without --check")
        else:
            path.write_text(files(root)[path], encoding="utf-8", newline="\n")
            print(f"wrote {path.relative_to(root)}")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
