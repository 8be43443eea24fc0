"""The results as a table.

python -m benchmarks.gradbench.report gradbench.json [--update docs/performance.md]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..report import digits, duration, table

BEGIN, END = "<!-- gradbench -->", "<!-- end of gradbench -->"


def _time(result: Mapping[str, Any], key: str) -> str:
    if key in result:
        return duration(result[key])
    if "problem" in result:
        return "no module" if "No module named" in result["problem"] else "failed"
    return "wrong"


def _beside(ours: Mapping[str, Any], other: Mapping[str, Any], key: str) -> str:
    if key not in ours or key not in other:
        return _time(other, key)
    mark = "" if other["by"] == "suite" else " *"
    return f"{digits(other[key] / ours[key])} ×{mark}"


def row(name: str, results: Mapping[str, Any]) -> list[str]:
    """An eval: our time, and how many times as long others take."""
    ours = results.get("ours", {})
    cells = [name, "valid" if ours.get("valid") else "not valid", _time(ours, "mean")]
    cells += [_beside(ours, other, "mean") for tool, other in results.items() if tool != "ours"]
    cells += [_time(ours, "median")]
    cells += [_beside(ours, other, "median") for tool, other in results.items() if tool != "ours"]
    return cells


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    machine = found["machine"]
    yield (
        f"{machine['processor']}, one processor of {machine['cores']}, {machine['system']}, "
        f"{machine['python']}; " + ", ".join(f"{k} {v}" for k, v in found["versions"].items())
    )
    yield ""
    names = [name for name in found["versions"] if name != "ours"]
    header = ["", "", "a call", *names, "without the first", *names]
    yield from table(header, [row(name, results) for name, results in found["evals"].items()])


def markdown(found: Mapping[str, Any]) -> str:
    return "\n".join(lines(found)).strip() + "\n"
