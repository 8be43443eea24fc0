"""The command: runs evals of a checkout of GradBench, prints a table, and writes JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import machine
from .report import markdown, row
from .run import SMALLER, TOOLS, SuiteError, run
from .timing import CLOCKS

_VERSIONS = {"ours": "autograd_scalar", "pytorch": "torch", "jax": "jax"}


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gradbench", description=__doc__)
    parser.add_argument("suite", type=Path, help="where GradBench is checked out and built")
    parser.add_argument("--evals", nargs="+", choices=list(SMALLER), default=list(SMALLER))
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    parser.add_argument(
        "--sizes",
        choices=("smaller", "all"),
        default="smaller",
        help="the smaller sizes of each eval, or all that it has by default",
    )
    parser.add_argument(
        "--min-seconds",
        type=float,
        default=1.0,
        help="how long each function is called again and again (default: %(default)s, as there)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=20.0,
        help="seconds until a tool is no longer waited for (default: %(default)s)",
    )
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="the clock of all tools (default: %(default)s, as there; cpu where others work, too)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the JSON goes")
    return parser.parse_args(arguments)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = options(arguments)
    started = time.perf_counter()
    found: dict[str, Any] = {
        "machine": machine.description(),
        "versions": {tool: _version(_VERSIONS[tool]) for tool in chosen.tools},
        "min_seconds": chosen.min_seconds,
        "clock": chosen.clock,
        "sizes": chosen.sizes,
        "evals": {},
    }
    sizes = SMALLER if chosen.sizes == "smaller" else dict.fromkeys(SMALLER, ())
    try:
        suite = chosen.suite.resolve()
        timing = chosen.min_seconds, chosen.timeout, chosen.clock
        for name, results in run(suite, chosen.evals, chosen.tools, sizes, *timing):
            found["evals"][name] = results
            found["seconds"] = time.perf_counter() - started
            print(" · ".join(row(name, results)), file=sys.stderr, flush=True)
            if chosen.output is not None:
                chosen.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except SuiteError as error:
        print(error, file=sys.stderr)
        return 2
    print(markdown(found), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
