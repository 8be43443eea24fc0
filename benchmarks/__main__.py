"""The command: `python -m benchmarks` times everything and writes JSON, a table and a plot."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import harness, machine, plot, report
from .peers import PEERS, NotInstalledError, Peer, load
from .workloads import WORKLOADS, breakdown, compiled, growth, promises, scaling

EVERYTHING = (*WORKLOADS, *compiled.PARTS, "promises", "breakdown", "scaling", "growth")


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--workloads",
        nargs="+",
        choices=EVERYTHING,
        default=EVERYTHING,
        help="which to run (default: all)",
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=list(PEERS),
        default=list(PEERS),
        help="who takes part (default: all that are installed)",
    )
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each workload")
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes, two rounds")
    parser.add_argument(
        "--full", action="store_true", help="ten million nodes in the plain build too (4 GB)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("benchmark-results"),
        metavar="DIRECTORY",
        help="where results.json and results.svg go (default: %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    if chosen.tiny:
        chosen.rounds = min(chosen.rounds, 2)
    return chosen


def load_peers(names: Sequence[str]) -> tuple[dict[str, Peer], dict[str, dict[str, str]]]:
    """The peers that are installed, and of every one its version or why it is missing."""
    peers, notes = {}, {}
    for name in names:
        try:
            peers[name] = load(name)
        except NotInstalledError as error:
            notes[name] = {"not installed": str(error)}
        else:
            notes[name] = {"title": peers[name].title, "version": peers[name].version}
    return peers, notes


def run(chosen: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for, as the JSON file keeps it."""
    started = time.perf_counter()
    peers, notes = load_peers(chosen.peers)
    reference = peers.get("plain") or load("plain")
    builds = [name for name in ("compiled", "plain") if name in peers]
    found: dict[str, Any] = {
        "machine": machine.description(),
        "peers": notes,
        "rounds": chosen.rounds,
        "tiny": chosen.tiny,
        "workloads": {},
    }
    for name in chosen.workloads:
        print(f"{time.perf_counter() - started:5.0f} s  {name}", file=sys.stderr, flush=True)
        if name in WORKLOADS:
            found["workloads"][name] = harness.run(
                WORKLOADS[name], peers, reference, chosen.rounds, chosen.tiny
            )
        elif name in ("promises", "breakdown"):
            part = promises if name == "promises" else breakdown
            found[name] = part.run(builds, chosen.rounds, chosen.tiny)
        elif name in compiled.PARTS:
            here = found.setdefault("compiled", {"versions": compiled.versions()})
            here[name] = compiled.run(name, chosen.rounds, chosen.tiny)
        elif name == "growth":
            sizes = (3, 10) if chosen.tiny else growth.SIZES
            found[name] = growth.run(sizes, min(chosen.rounds, 3))
        else:
            found[name] = {
                build: scaling.run(
                    build,
                    scaling.sizes(build, tiny=chosen.tiny, full=chosen.full),
                    min(chosen.rounds, 3),
                )
                for build in builds
            }
    print(f"{time.perf_counter() - started:5.0f} s  done", file=sys.stderr)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = options(arguments)
    try:
        found = run(chosen)
    except harness.DisagreementError as error:
        print(f"python -m benchmarks: {error}", file=sys.stderr)
        return 1
    chosen.output.mkdir(parents=True, exist_ok=True)
    (chosen.output / "results.json").write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print(report.markdown(found))
    plot.save(found, chosen.output / "results.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
