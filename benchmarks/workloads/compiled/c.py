"""C written by hand, compiled when it is needed."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

#: For any processor of the kind, as our extensions are, and for the one at hand.
PORTABLE = ("-O3",)
NATIVE = ("-O3", "-march=native")
#: Sums in any order, and the vector versions of exp, log and erf that glibc has.
FAST = ("-Ofast", "-march=native", "-mprefer-vector-width=512")

SOURCE = Path(__file__).parent / "by_hand.c"


def compiled_c(source: Path, *flags: str) -> Path | None:
    """The library made of a C file, where there is a compiler that knows these flags."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = Path(tempfile.mkdtemp()) / f"{source.stem}.so"
    command = [compiler, *flags, "-shared", "-fPIC", "-o", str(library), str(source), "-lm"]
    done = subprocess.run(command, capture_output=True, check=False)
    return library if done.returncode == 0 else None


@cache
def by_hand(*flags: str) -> Any:
    """The functions of `by_hand.c`; None without a compiler."""
    library = compiled_c(SOURCE, *flags)
    return library and ctypes.CDLL(str(library))


def calling(function: Any, counts: tuple[int, ...], arrays: Sequence[Any]) -> Callable[[], Any]:
    """A call of a function of `by_hand.c` that returns the arrays, in which its results are."""
    pointers = [ctypes.c_void_p(each.ctypes.data) for each in arrays]

    def run() -> Any:
        function(*counts, *pointers)
        return arrays

    return run
