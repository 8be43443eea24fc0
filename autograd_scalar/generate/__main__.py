"""`python -m autograd_scalar.generate`: writes what follows from the table into a checkout.

That is all of `native.pxd`, `functions.pyi`, `rows.h`, `rows.js` and `docs/primitives.md`, and a
part of `docs/conventions.md` and of `value.py`.  With `--check` it writes nothing and fails where a
file differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import javascript, machine, native, reference, stub

_CHECKOUT = Path(__file__).parents[2]

_FILES = {
    "autograd_scalar/engine/native.pxd": native.source,
    "autograd_scalar/engine/functions.pyi": stub.functions_stub,
    "autograd_scalar/exploring/js/rows.js": javascript.source,
    "autograd_scalar/tape/rows.h": machine.source,
    "docs/primitives.md": reference.primitives_page,
}
# Files with lines around what is made: what the two marks begin with, and what is made.
_PARTS = {
    "autograd_scalar/engine/value.py": ("        # ", "", stub.methods),
    "docs/conventions.md": ("<!-- ", " -->", reference.special_points),
}
GENERATED = [*_FILES, *_PARTS]


def replaced_part(name: str, text: str, opening: str, closing: str, made: str) -> str:
    """`text` with what stands between the marks made anew.

    Raises `ValueError` where the marks are missing.
    """
    begin = f"{opening}from the table, by python -m autograd_scalar.generate{closing}\n"
    end = f"{opening}end of the table{closing}\n"
    before, found, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"{name} needs the lines {begin.strip()} and {end.strip()}")
    return f"{before}{begin}{made}\n{end}{after}"


def files(root: Path) -> dict[str, str]:
    """What each file of the checkout at `root` should hold."""
    texts = {name: make() for name, make in _FILES.items()}
    for name, (opening, closing, make) in _PARTS.items():
        text = (root / name).read_text(encoding="utf-8")
        texts[name] = replaced_part(name, text, opening, closing, make())
    return texts


def main(argv: Sequence[str] | None = None, root: Path = _CHECKOUT) -> int:
    """Write the files, or with `--check` compare them; 1 where that finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m autograd_scalar.generate")
    parser.add_argument("--check", action="store_true", help="write nothing, report differences")
    options = parser.parse_args(argv)
    missing = [name for name in _PARTS if not (root / name).is_file()]
    if missing:
        print(f"{root} is no checkout of autograd_scalar: it has no {missing[0]}", file=sys.stderr)
        return 2
    stale = {
        name: text
        for name, text in files(root).items()
        if not (root / name).exists() or (root / name).read_text(encoding="utf-8") != text
    }
    for name, text in stale.items():
        if options.check:
            print(f"{name} is not what the table says; run without --check")
        else:
            (root / name).write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {name}")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
