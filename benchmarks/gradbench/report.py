"""The results as a table.

python -m benchmarks.gradbench.report gradbench.json [--update docs/performance.md]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..report import between, digits, duration, table, tell

BEGIN, END = "<!-- gradbench -->", "<!-- end of gradbench -->"

TITLES = {"pytorch": "PyTorch", "jax": "JAX"}

Result = Mapping[str, Any]


def own(result: Result, key: str) -> str:
    """Our time, or what is wrong."""
    if key in result:
        return duration(result[key])
    return "not valid" if not result.get("valid") else "—"


def beside(ours: Result, other: Result, key: str) -> str:
    """How many times as long another tool takes.

    >>> beside({"mean": 0.5}, {"mean": 1.0, "by": "us", "valid": True}, "mean")
    '2.00 × *'
    >>> waited = {"waited": 20.0, "clock": "wall", "by": "suite", "valid": False}
    >>> beside({"mean": 0.5}, waited, "mean")
    'over 40.0 ×'
    """
    mark = " *" if other["by"] == "us" else ""
    if key in ours and key in other:
        return f"{digits(other[key] / ours[key])} ×{mark}"
    if key in ours and other.get("waited") and other["clock"] == "wall":
        return f"over {digits(other['waited'] / ours[key])} ×{mark}"
    if other["valid"]:
        return "—"
    return ("no answer" if other.get("waited") else "not valid") + mark


def row(name: str, results: Mapping[str, Result]) -> list[str]:
    """An eval: our time as the suite counts it and that of runs after the first; and others'."""
    ours = results.get("ours", {})
    cells = [name]
    for key in ("mean", "later"):
        cells.append(own(ours, key))
        cells += [beside(ours, other, key) for tool, other in results.items() if tool != "ours"]
    return cells


def ahead(results: Mapping[str, Result], tool: str, key: str) -> bool | None:
    """Whether we are quicker than a tool, or alone with a valid answer.

    None where a valid answer of one of us has no such time.
    """
    ours, other = results["ours"], results[tool]
    if not ours["valid"]:
        return False
    if not other["valid"]:
        return True
    return ours[key] < other[key] if key in ours and key in other else None


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    machine, versions, evals = found["machine"], found["versions"], found["evals"]
    others = [tool for tool in versions if tool != "ours"]
    clock = {"wall": "wall-clock time", "cpu": "processor time"}[found["clock"]]
    peers = ", ".join(f"{TITLES[tool]} {versions[tool]}" for tool in others)
    yield (
        f"{machine['processor']}, one processor, {machine['system']}, {machine['python']}"
        f"{', ' + peers if peers else ''}; {clock}, each function for "
        f"{found['min_seconds']:g} s."
    )
    yield ""
    titles = [TITLES[tool] for tool in others]
    header = ["", "ours, all runs", *titles, "ours, later runs", *titles]
    yield from table(header, [row(name, results) for name, results in evals.items()])
    yield ""
    if "ours" in versions:
        valid = sum(results["ours"]["valid"] for results in evals.values())
        yield f"- Valid: {valid} of {len(evals)}."
    for tool in others if "ours" in versions else ():
        told = []
        for key, which in (("mean", "all"), ("later", "later")):
            known = [ahead(each, tool, key) for each in evals.values()]
            known = [each for each in known if each is not None]
            told.append(f"{sum(known)} of {len(known)} over {which} runs")
        yield f"- Ahead of {TITLES[tool]}: {', '.join(told)}."


def markdown(found: Mapping[str, Any]) -> str:
    return "\n".join(lines(found)).strip() + "\n"


def update(page: str, found: Mapping[str, Any]) -> str:
    """`page` with the figures between its two marks replaced; see `between`."""
    return between(page, BEGIN, markdown(found), END)


def main(arguments: Sequence[str] | None = None) -> int:
    return tell("python -m benchmarks.gradbench.report", __doc__, markdown, update, arguments)


if __name__ == "__main__":
    sys.exit(main())
