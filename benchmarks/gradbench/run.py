"""Evals of a checkout of the suite with several tools, one message at a time."""

from __future__ import annotations

import json
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LAUNCH = HERE / "peers" / "launch.py"

#: The suite's evals, each with the arguments that choose its smaller sizes.
SMALLER: dict[str, tuple[str, ...]] = {
    "hello": (),
    "ode": ("-n", "1000", "-s", "1", "10"),
    "det": ("-l", "5", "6"),
    "lse": ("-n", "2500", "5000"),
    "llsq": ("-n", "16", "64"),
    "kmeans": ("-k", "10", "-n", "1000", "-d", "8", "16"),
    "gmm": ("-d", "2", "-k", "5", "10"),
    "lstm": ("-l", "2", "-c", "1024"),
    "ht": ("--max", "1"),
    "ba": ("--max", "1"),
    "particle": (),
    "saddle": (),
}

#: Evals whose functions do the same in different ways: the quickest counts.
ALTERNATIVES = ("particle", "saddle")

TOOLS = ("ours", "pytorch", "jax")


class SuiteError(RuntimeError):
    """A checkout that is not complete, or an eval that did not come to its end."""


@dataclass
class Evaluation:
    """What a tool answered to one message: how long each run took, and whether it was right."""

    function: str
    description: str
    nanoseconds: list[int] = field(default_factory=list)
    valid: bool = False
    error: str = ""

    def summary(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "function": self.function,
            "description": self.description,
            "valid": self.valid,
        }
        if self.nanoseconds:
            told["runs"] = len(self.nanoseconds)
            told["mean"] = statistics.fmean(self.nanoseconds) * 1e-9
            told["first"] = self.nanoseconds[0] * 1e-9
        if len(self.nanoseconds) > 1:
            told["later"] = statistics.median(self.nanoseconds[1:]) * 1e-9
        if self.error:
            told["error"] = self.error
        return told


class Line:
    """A process that is spoken to in lines of JSON."""

    def __init__(self, command: Sequence[str], paths: Sequence[Path], cwd: Path, processor: int):
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(map(str, paths))
        # What was printed helps where a process ends early.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `end`)
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, {processor})
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._rest = b""

    def say(self, line: bytes) -> None:
        self._stdin.write(line)
        self._stdin.flush()

    def hear(self, seconds: float | None = None) -> bytes:
        """The next line; empty where there is none.

        Raises `TimeoutError` where it isn't there in time.
        """
        until = None if seconds is None else time.monotonic() + seconds
        parts = [self._rest]
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while b"\n" not in parts[-1]:
                left = None if until is None else max(0.0, until - time.monotonic())
                if not selector.select(left):
                    raise TimeoutError
                parts.append(os.read(self._stdout.fileno(), 1 << 20))
                if not parts[-1]:
                    return b""
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line + b"\n"

    def last_words(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "nothing"

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()
        self._stderr.close()


class Session:
    """One eval and one tool, and what passes between them."""

    def __init__(
        self,
        suite: Path,
        name: str,
        tool: str,
        sizes: Sequence[str],
        timeout: float,
        clock: str,
        processors: Sequence[int],
    ) -> None:
        library = suite / "python" / "gradbench"
        programs = library / "gradbench"
        self.tool = tool
        self.found: list[Evaluation] = []
        self.problem = ""
        #: How many seconds it was waited for in vain.
        self.waited = 0.0
        self.clock = clock
        self._timeout = timeout
        command = [sys.executable, str(programs / "evals" / name / "run.py"), *sizes]
        self._eval = Line(command, [library], suite, processors[-1])
        if tool == "ours":
            command, paths = ["-m", f"{__package__}.tool", clock], [ROOT]
        else:
            # Their own programs come first; ours are for what they have none for.
            program = programs / "tools" / tool / "run.py"
            command, paths = [str(LAUNCH), clock, str(program)], [library, HERE / "peers" / tool]
        command.insert(0, sys.executable)
        self._tool = Line(command, paths, suite, processors[0])
        self._ids: dict[int, Evaluation] = {}
        self._next = self._eval.hear()

    def step(self) -> bool:
        """Let one message through, and its response; whether there is another message."""
        if not self._next:
            self._stop(f"the eval ended early: {self._eval.last_words()}")
            return False
        message = json.loads(self._next)
        if message["kind"] == "analysis":
            analysed = self._ids[message["of"]]
            analysed.valid = message["valid"]
            if not analysed.valid:
                analysed.error = message.get("error", "")
        try:
            self._tool.say(self._next)
            heard = self._tool.hear(self._timeout)
        except TimeoutError:
            self._told(message, f"no answer within {self._timeout:g} s")
            self.waited = self._timeout
            return False
        except BrokenPipeError:
            heard = b""
        if not heard:
            self._told(message, f"the tool ended: {self._tool.last_words()}")
            return False
        response = json.loads(heard)
        if message["kind"] == "define" and not response.get("success"):
            self._stop(response.get("error", "not defined").strip().splitlines()[-1])
            return False
        if message["kind"] == "evaluate":
            made = self._evaluation(message)
            made.error = response.get("error", "")
            made.nanoseconds = [
                each["nanoseconds"]
                for each in response.get("timings") or []
                if each["name"] == "evaluate"
            ]
        self._eval.say(heard)
        # The eval looks at the answer now, and nobody else is timed meanwhile.
        self._next = self._eval.hear()
        if not self._next and self._is_over():
            self.end()
            return False
        return True

    def _is_over(self) -> bool:
        return bool(self.found) and self._eval._process.wait() == 0

    def _evaluation(self, message: Any) -> Evaluation:
        made = Evaluation(message["function"], message.get("description", ""))
        self.found.append(made)
        self._ids[message["id"]] = made
        return made

    def _told(self, message: Any, problem: str) -> None:
        if message["kind"] == "evaluate":
            self._evaluation(message).error = problem
        self._stop(problem)

    def _stop(self, problem: str) -> None:
        self.problem = problem
        self.end()

    def end(self) -> None:
        self._eval.end()
        self._tool.end()


def check(suite: Path, names: Sequence[str]) -> None:
    """Raise `SuiteError` for a checkout in which something is missing that the evals need."""
    if not (suite / "python" / "gradbench" / "gradbench" / "eval.py").is_file():
        raise SuiteError(f"{suite} is not a checkout of GradBench")
    golden = suite / "tools" / "manual" / "bin"
    by_hand = [name for name in names if (suite / "tools" / "manual" / f"{name}.cpp").is_file()]
    missing = [n for n in by_hand if n != "hello" and not (golden / n).is_file()]
    if missing:
        raise SuiteError(
            f"the answers are compared with those of {golden}, where {', '.join(missing)} is not "
            f"built; `make -C {suite / 'cpp'} && make -C {suite / 'tools' / 'manual'}` builds it"
        )


def run(
    suite: Path,
    names: Sequence[str],
    tools: Sequence[str],
    sizes: dict[str, tuple[str, ...]],
    min_seconds: float,
    timeout: float,
    clock: str,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each tool makes of each eval.

    All tools of an eval are there from the beginning. They get each message one after the other,
    and another one is the first each time.
    """
    check(suite, names)
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    for name in names:
        arguments = [*sizes[name]]
        if name != "hello":
            arguments += ["--min-seconds", str(min_seconds)]
        sessions = [
            Session(suite, name, tool, arguments, timeout, clock, processors) for tool in tools
        ]
        active = list(sessions)
        try:
            while active:
                active = [session for session in active if session.step()]
                active = active[1:] + active[:1]
        finally:
            for session in active:
                session.end()
        yield name, {session.tool: _result(name, session) for session in sessions}


def _result(name: str, session: Session) -> dict[str, Any]:
    found = session.found
    own = (HERE / "peers" / session.tool / f"{name}.py").is_file()
    result: dict[str, Any] = {
        "valid": bool(found) and not session.problem and all(each.valid for each in found),
        "evaluations": [each.summary() for each in found],
        "by": "suite" if session.tool != "ours" and not own else "us",
    }
    if session.problem:
        result["problem"] = session.problem
    if session.waited:
        result["waited"], result["clock"] = session.waited, session.clock
    for key in ("mean", "later") if result["valid"] else ():
        # What takes long runs once.
        times = [each[key] for each in result["evaluations"] if key in each]
        if name in ALTERNATIVES and times:
            result[key] = min(times)
        elif len(times) == len(found):
            result[key] = sum(times)
    return result
