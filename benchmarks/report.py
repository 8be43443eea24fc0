"""Figures as Markdown.

python -m benchmarks.report results.json [--update docs/performance.md]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"

#: What `value_and_grad(f)(x)` may cost beyond recording and sweeping by hand.
OVERHEAD = 0.15

#: Seconds that tracing, differentiating and compiling may take for each recorded primitive.
MAKING = 3e-6

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def digits(number: float) -> str:
    """Three significant digits, and whole numbers above a hundred.

    >>> digits(0.8731), digits(14.96), digits(1234.5)
    ('0.873', '15.0', '1,234')
    """
    if abs(number) >= 99.95:
        return f"{number:,.0f}"
    places = 1 if abs(number) >= 9.995 else 2 if abs(number) >= 0.9995 else 3
    return f"{number:.{places}f}"


def duration(seconds: float) -> str:
    """
    >>> duration(0.0123)
    '12.3 ms'
    """
    if seconds == 0.0:
        return "0"
    scale, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{digits(seconds / scale)} {unit}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|---|" + "---:|" * (len(header) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def ratio(spread: Mapping[str, float] | None) -> str:
    if spread is None:
        return ""
    low, high = digits(spread["lower"]), digits(spread["upper"])
    between = f" ({low}–{high})" if low != high else ""
    return f"{digits(spread['median'])} ×{between}"


def comparison(found: Mapping[str, Any], tiny: bool) -> Iterator[str]:
    """One workload: who took how long, and how many times as long as we."""
    participants = found["participants"]
    if not participants:
        yield "Nobody who takes part in this is installed."
        return
    bases = [name for name in ("compiled", "plain") if name in participants]
    largest = max(each["size"] for each in participants.values())
    rows = []
    for key, each in participants.items():
        part = f", at {each['size']}/{largest} of the size" if each["size"] < largest else ""
        rows.append(
            [
                each["title"] + part,
                duration(each["time"]["median"]),
                digits(each["nanoseconds_per_operation"]) + " ns",
                *("1" if key == base else ratio(each["times_slower_than"][base]) for base in bases),
            ]
        )
    titles = {"compiled": "of compiled", "plain": "of plain"}
    yield from table(["", "a call", "an operation", *(titles[base] for base in bases)], rows)
    if "compiled" in participants and not tiny:
        yield from aims(found)


def aims(found: Mapping[str, Any]) -> Iterator[str]:
    """What the compiled build is meant to reach, and what it does."""
    participants = found["participants"]
    yield ""
    for name, times in found["aims"].items():
        if name in participants:
            median = participants[name]["times_slower_than"]["compiled"]["median"]
            verdict = "reached" if median >= times else "not reached"
            yield (
                f"- Aim: {digits(times)} times as fast as {participants[name]['title']}; "
                f"measured: {digits(median)} times, {verdict}."
            )
    if "compiled, by hand" in participants:
        by_hand = participants["compiled, by hand"]["times_slower_than"]["compiled"]["median"]
        overhead = 1.0 / by_hand - 1.0
        verdict = "reached" if overhead <= OVERHEAD else "not reached"
        yield (
            f"- Aim: at most {OVERHEAD:.0%} more than by hand; measured: {overhead:.0%}, {verdict}."
        )


def promises(found: Mapping[str, Any]) -> Iterator[str]:
    """What small things take, beside what they are to be measured by; limits are the compiled."""
    for build, kept in found.items():
        rows = []
        for title, each in kept.items():
            took = each["times_as_long"] or each["seconds"]
            limit, unit = each["at_most"], digits if each["beside"] else duration
            aim = f"{unit(limit)}{' ×' if each['beside'] else ''}"
            reached = "reached" if took["median"] <= limit else "not reached"
            rows.append(
                [
                    f"`{title}`",
                    duration(each["seconds"]["median"]),
                    each["beside"] and f"`{each['beside']}`",
                    ratio(each["times_as_long"]),
                    *([f"{aim}, {reached}"] if build == "compiled" else []),
                ]
            )
        yield from ("", f"The {build} build:", "")
        aims = ["aim"] if build == "compiled" else []
        yield from table(["", "an operation", "beside", "times as long", *aims], rows)


def scaling(found: Mapping[str, Any]) -> Iterator[str]:
    """What a node costs by the size of its graph."""
    for build, shapes in found.items():
        rows = []
        for shape, by_nodes in shapes.items():
            for nodes, costs in by_nodes.items():
                size = costs["bytes"]
                rows.append(
                    [
                        shape,
                        f"{int(nodes):,}",
                        digits(costs["nanoseconds"]["median"]) + " ns",
                        "not measured" if size is None else digits(size["median"]),
                    ]
                )
        yield from ("", f"The {build} build:", "")
        yield from table(["", "nodes", "a node", "bytes a node"], rows)


def growth(found: Mapping[str, Any]) -> Iterator[str]:
    """What each task takes at each size, and what it says where it refuses."""
    sizes = list(dict.fromkeys(size for by_size in found.values() for size in by_size))
    rows, said = [], []
    for task, by_size in found.items():
        cells = []
        for size in sizes:
            taken = by_size.get(size, {})
            cells.append(duration(taken["median"]) if "median" in taken else "—")
            if taken and "median" not in taken:
                said.append(f"- {task}, {int(size):,}: {taken.get('refused') or taken['failed']}")
        rows.append([task, *cells])
    yield ""
    yield from table(["", *(f"{int(size):,}" for size in sizes)], rows)
    yield from ["", *said] if said else ()


def compiled(found: Mapping[str, Any], tiny: bool) -> Iterator[str]:
    """Compiled functions: who takes how long for each task, and what we promise."""
    yield ""
    present = [f"{name} {version}" for name, version in found["versions"].items() if version]
    missing = [name for name, version in found["versions"].items() if not version]
    yield f"With {', '.join(present)}." if present else ""
    if missing:
        yield f"Not installed: {', '.join(missing)}."
    for part, measured in found.items():
        if part == "compiled-making":
            yield from making(measured, tiny)
        elif part != "versions":
            for case in measured:
                yield from ("", f"#### {case['title']}", "")
                yield from contenders(case, tiny)


def _a(unit: str) -> str:
    return f"an {unit}" if unit[0] in "aeiou" else f"a {unit}"


def contenders(case: Mapping[str, Any], tiny: bool) -> Iterator[str]:
    """One task of compiled functions. Where a call is the unit, its time is told once."""
    several = case["units"] > 1
    first = next(iter(case["contenders"]))
    rows = []
    for name, each in case["contenders"].items():
        row = [name, duration(each["time"]["median"])]
        row += [digits(each["nanoseconds"]) + " ns"] if several else []
        rows.append([*row, "1" if name == first else ratio(each["times_as_long"])])
    header = ["", _a("call" if several else case["unit"])]
    header += [_a(case["unit"])] if several else []
    yield from table([*header, "of the first"], rows)
    yield ""
    for aim in () if tiny else case["aims"]:
        took, at_most, who = aim["measured"]["median"], aim["at_most"], aim["who"]
        verdict = "reached" if took <= at_most else "not reached"
        if not aim["beside"]:
            wanted = f"at most {duration(1e-9 * at_most)} {_a(case['unit'])}"
            found = duration(1e-9 * took)
        elif at_most < 1.0:
            wanted = f"{digits(1.0 / at_most)} times as fast as *{aim['beside']}*"
            found = f"{digits(1.0 / took)} times"
        else:
            wanted = f"at most {digits(at_most)} times as long as *{aim['beside']}*"
            found = f"{digits(took)} times"
        yield f"- Aim: *{who}* {wanted}; measured: {found}, {verdict}."


def making(found: Mapping[str, Any], tiny: bool) -> Iterator[str]:
    """What compiling takes, by the size of the program."""
    sizes = list(dict.fromkeys(size for by_size in found.values() for size in by_size))
    rows = []
    for name, by_size in found.items():
        an_operation, a_primitive = [], []
        for size in sizes:
            each = by_size.get(size)
            took = each["seconds"]["median"] if each else 0.0
            an_operation.append(duration(took / each["operations"]) if each else "—")
            if each and each["recorded"]:
                a_primitive.append(duration(took / each["recorded"]))
        rows.append([f"{name}, an operation", *an_operation])
        if a_primitive:
            rows.append([f"{name}, a recorded primitive", *a_primitive])
    yield from ("", "#### Tracing, differentiating and compiling Rosenbrock's function", "")
    yield from table(
        ["operations, those of its gradient included", *(f"{int(s):,}" for s in sizes)], rows
    )
    yield ""
    for name, by_size in ({} if tiny else found).items():
        costs = [e["seconds"]["median"] / e["recorded"] for e in by_size.values() if e["recorded"]]
        if costs:
            verdict = "reached" if max(costs) <= MAKING else "not reached"
            yield (
                f"- Aim: *{name}* at most {duration(MAKING)} a recorded primitive, at any size; "
                f"measured: {duration(min(costs))} to {duration(max(costs))}, {verdict}."
            )


def breakdown(found: Mapping[str, Any]) -> Iterator[str]:
    """The parts of our time, beside the same program on numbers that record nothing."""
    for workload in found.values():
        builds, floors = workload["builds"], workload["floors"]
        parts: Mapping[str, Any] = next(iter(builds.values()), {})
        rows = [
            [part, *(duration(each[part]["median"]) for each in builds.values())] for part in parts
        ]
        for number, seconds in floors.items():
            rows.append(
                [f"the program on `{number}`", *[duration(seconds["median"])] * len(builds)]
            )
        yield from ("", f"{workload['title']}:", "")
        yield from table(["", *builds], rows)


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    machine = found["machine"]
    yield (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"{machine['python']}; medians of {found['rounds']} rounds, quartiles in brackets."
    )
    if found["tiny"]:
        yield "**The sizes are those of a quick check, not of a measurement.**"
    yield ""
    for note in found["peers"].values():
        if "version" in note:
            yield f"- {note['title']}: {note['version']}"
    missing = [name for name, note in found["peers"].items() if "version" not in note]
    if missing:
        yield f"- not installed: {', '.join(missing)}"
    for workload in found["workloads"].values():
        yield from ("", f"### {workload['title']}", "")
        yield from comparison(workload, found["tiny"])
    if "compiled" in found:
        yield from ("", "### Compiled")
        yield from compiled(found["compiled"], found["tiny"])
    if "promises" in found:
        yield from ("", "### Small things, and derivatives of derivatives")
        yield from promises(found["promises"])
    if "breakdown" in found:
        yield from ("", "### Where our time goes")
        yield from breakdown(found["breakdown"])
    if "scaling" in found:
        yield from ("", "### What a node costs, from thousands to millions")
        yield from scaling(found["scaling"])
    if "growth" in found:
        yield from ("", "### What explaining and drawing take as what they are given grows")
        yield from growth(found["growth"])


def markdown(found: Mapping[str, Any]) -> str:
    """The whole of a results file."""
    return "\n".join(lines(found)).strip() + "\n"


def update(page: str, found: Mapping[str, Any]) -> str:
    """`page` with the figures between its two marks replaced; see `between`."""
    return between(page, BEGIN, markdown(found), END)


def between(page: str, begin: str, text: str, end: str) -> str:
    """`page` with `text` in place of what stands between two marks.

    Raises `ValueError` where it has no marks.
    """
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page needs the lines {begin} and {end}")
    return f"{before}{begin}\n{text}{end}{after}"


def tell(
    prog: str,
    about: str | None,
    markdown: Callable[[Mapping[str, Any]], str],
    update: Callable[[str, Mapping[str, Any]], str],
    arguments: Sequence[str] | None,
) -> int:
    """The command that prints the figures of a results file, or writes them into a page."""
    parser = argparse.ArgumentParser(prog=prog, description=about)
    parser.add_argument("results", type=Path)
    parser.add_argument("--update", type=Path, metavar="PAGE", help="write them into this page")
    chosen = parser.parse_args(arguments)
    found = json.loads(chosen.results.read_text(encoding="utf-8"))
    if chosen.update is None:
        print(markdown(found), end="")
    else:
        page = chosen.update.read_text(encoding="utf-8")
        chosen.update.write_text(update(page, found), encoding="utf-8")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    return tell("python -m benchmarks.report", __doc__, markdown, update, arguments)


if __name__ == "__main__":
    sys.exit(main())
