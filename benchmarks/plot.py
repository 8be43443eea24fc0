"""The figures as a picture: a row of dots for each workload, and lines for the sizes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .report import digits

COLOURS = {"compiled": "#b5361c", "plain": "#e08a5b"}
OTHERS = "#4f6577"
GUIDE = "#d5dce1"


def _dots(axes: Any, found: Mapping[str, Any]) -> None:
    """A participant a line. Dots, not bars: a logarithmic axis has no zero to start from."""
    participants = list(found["participants"].items())
    for row, (key, each) in enumerate(participants):
        cost = each["nanoseconds_per_operation"]
        lower, upper = (1e9 * each["time"][end] / each["operations"] for end in ("lower", "upper"))
        colour = COLOURS.get(key.partition(",")[0], OTHERS)
        axes.axhline(row, color=GUIDE, linewidth=0.8, zorder=0)
        axes.hlines(row, lower, upper, color=colour, linewidth=4, alpha=0.45)
        axes.plot(cost, row, "o", color=colour, markersize=6)
        axes.annotate(
            f"{digits(cost)} ns",
            (max(cost, upper), row),
            xytext=(7, 0),
            textcoords="offset points",
            verticalalignment="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    axes.set_yticks(range(len(participants)), [each["title"] for _, each in participants])
    axes.set_ylim(len(participants) - 0.4, -0.6)
    axes.set_title(found["title"], loc="left", fontsize=10, fontweight="bold")
    axes.tick_params(axis="y", length=0)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _workloads(figure: Any, workloads: list[Mapping[str, Any]], heights: list[float]) -> None:
    grid = figure.subplots(
        len(workloads), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for axes, found in zip(grid, workloads, strict=True):
        _dots(axes, found)
        axes.tick_params(axis="x", which="both", bottom=axes is grid[-1])
    costs = [
        each["nanoseconds_per_operation"]
        for found in workloads
        for each in found["participants"].values()
    ]
    grid[-1].set_xscale("log")
    grid[-1].set_xlim(min(costs) / 2, max(costs) * 6)
    grid[-1].set_xlabel(
        "nanoseconds an operation, recorded and differentiated: median and quartiles", fontsize=8
    )


def _scaling(axes: Any, found: Mapping[str, Any], cost: str) -> None:
    highest = 1.0
    for build, shapes in found.items():
        for shape, by_nodes in shapes.items():
            measured = [
                (int(nodes), costs[cost]["median"])
                for nodes, costs in by_nodes.items()
                if costs[cost] is not None
            ]
            if measured:
                axes.plot(
                    *zip(*measured, strict=True),
                    marker="o",
                    markersize=4,
                    color=COLOURS[build],
                    linestyle="-" if shape == "depth" else "--",
                    label=f"{build}, {shape}",
                )
                highest = max(highest, *(each for _, each in measured))
    axes.set_xscale("log")
    axes.set_ylim(0, 1.35 * highest)
    axes.set_title(f"{cost.capitalize()} a node", loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel("nodes in the graph", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=8, frameon=False, ncols=2, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)


def save(found: Mapping[str, Any], path: Path) -> bool:
    """Draw a results file; False where matplotlib is not installed, or nothing was measured."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return False
    workloads = [each for each in found["workloads"].values() if each["participants"]]
    heights = [0.55 + 0.22 * len(each["participants"]) for each in workloads]
    parts = [sum(heights)] if workloads else []
    if "scaling" in found:
        parts.append(2.6)
    if not parts:
        return False
    # Text stays text, and the same figures make the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmarks"}):
        figure = Figure(figsize=(8.5, sum(parts)), layout="constrained")
        rooms = list(figure.subfigures(len(parts), 1, squeeze=False, height_ratios=parts)[:, 0])
        if workloads:
            _workloads(rooms[0], workloads, heights)
        if "scaling" in found:
            costs = ("nanoseconds", "bytes")
            for axes, cost in zip(rooms[-1].subplots(1, 2), costs, strict=True):
                _scaling(axes, found["scaling"], cost)
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, metadata=metadata)
    return True
