"""Would the tests notice? Runs them on mutants of the table, the engine and the transforms.

    pip install -e '.[mutation,test]' && python .ci/mutate.py 100

takes 100 mutants of each room at random (the same each time; `--seed` takes others), makes each
in a copy of the last commit, as plain Python, and runs the tests there until one fails: those
that are nearest to the file first. It prints the mutants that live and, for each room, the share
that was killed.

`equivalent_mutants.toml` lists changes that leave the program as it was, with the reason; they
are not made.
"""

import argparse
import ast
import multiprocessing
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple

import cosmic_ray.plugins
import mpmath  # noqa: F401
import numpy  # noqa: F401
import parso
import pytest
import scipy.optimize  # noqa: F401
import sympy  # noqa: F401
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["table", "engine", "transforms"]
# It looks at compiled files, and here is none.
LEFT_OUT = ["engine/builds.py"]
# What a test run may take: of the processor, and of the clock, which a busy machine stretches.
SECONDS = 60
WAIT = 1200
FORKED = multiprocessing.get_context("fork")

# The tests of a room, the quickest that see most first. Where files are compared with what the
# table says, any change of a row would count as noticed: those tests are no part of it.
TESTS = {
    "table": "corpus expressions functions accuracy kinks one_row higher_order custom value numpy "
    "checking differentiate random_expressions primitives",
    "engine": "corpus value contexts functions differentiate custom checking numpy kinks "
    "higher_order processes nn random_expressions graphs",
    "transforms": "corpus differentiate custom checking higher_order kinks functions value one_row "
    "scipy processes random_expressions graphs",
}
# What is nearest to a file goes before.
NEAREST = {
    "engine/copies.py": "processes graphs",
    "engine/modes.py": "contexts value",
    "engine/context.py": "contexts value",
    "transforms/anomaly.py": "checking",
    "transforms/check_grads.py": "checking",
    "transforms/custom.py": "custom",
    "transforms/pytree.py": "differentiate",
}

# Changes that any test would notice, or none can: floats have no operations on bits, `is` is asked
# of None and of types, which have no order, and of small numbers it is `==`.
NOT_MADE = re.compile(
    r"_(BitOr|BitAnd|BitXor|LShift|RShift|Invert)(_|$)"
    r"|_Is_(?!IsNot)|_IsNot_(?!Is$)|_(Eq|NotEq|Lt|LtE|Gt|GtE)_(Is|IsNot)$"
)

SWAPPED = {"+": "-", "-": "+", "*": "/", "/": "*", "<": ">", ">": "<", "0": "1", "1": "2", "2": "3"}


class Formula(Operator):
    """Changes an operator or a number inside a string that is a formula of the table."""

    def mutation_positions(self, node):
        return [(node.start_pos, node.end_pos) for _ in self.places(node)]

    def places(self, node):
        if node.type != "string" or node.value[:1] != '"' or node.value[:3] == '"""':
            return []
        try:
            tree = ast.parse(node.value[1:-1], mode="eval")
        except SyntaxError:
            return []
        names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)}
        if not names & {"x", "y", "z", "out"}:
            return []
        # Neither a half of `**` or `//` nor the number in a name like `log10`.
        return [
            i
            for i, character in enumerate(node.value)
            if character in SWAPPED
            and character not in (node.value[i - 1], node.value[i + 1])
            and not node.value[i - 1].isalnum()
        ]

    def mutate(self, node, index):
        i = self.places(node)[index]
        changed = node.value[:i] + SWAPPED[node.value[i]] + node.value[i + 1 :]
        return parso.python.tree.String(changed, node.start_pos, node.prefix)

    @classmethod
    def examples(cls):
        return ()


class Formulas:
    def __iter__(self):
        yield "Formula"

    def __getitem__(self, name):
        return Formula


cosmic_ray.plugins.OPERATOR_PROVIDERS["table"] = Formulas()


class Mutant(NamedTuple):
    """A file of the package, what its text becomes, and the first line that differs."""

    file: str
    text: str
    line: int
    before: str
    after: str

    def __str__(self):
        return f"{self.file}:{self.line}\n  - {self.before}\n  + {self.after}"


def places(room):
    """Every change there is in a room: a file, the name of an operator, its occurrence."""
    for path in sorted(Path("autograd_scalar", room).glob("*.py")):
        if f"{room}/{path.name}" in LEFT_OUT:
            continue
        nodes = list(ast_nodes(get_ast_from_path(path)))
        for name in cosmic_ray.plugins.operator_names():
            operator = cosmic_ray.plugins.get_operator(name)
            if operator.arguments() or NOT_MADE.search(name):
                continue
            if operator is Formula and path.name != "primitives.py":
                continue
            count = sum(len(list(operator().mutation_positions(node))) for node in nodes)
            for occurrence in range(count):
                yield path, name, occurrence


class Effects(ast.NodeTransformer):
    """Leaves what a program does: not its types, nor where and how closely a row is tested."""

    tested = ("_GENERAL", "_PAIRS", "_SUBNORMAL", "_SUBNORMAL_SIDE", "_BELL_ACCURACY")

    def visit_If(self, node):
        only_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if only_types else self.generic_visit(node)

    def visit_AnnAssign(self, node):
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_Assign(self, node):
        is_tested = ast.unparse(node.targets[0]) in self.tested
        return None if is_tested else self.generic_visit(node)

    def visit_Call(self, node):
        if isinstance(node.func, ast.Name) and node.func.id == "Primitive":
            del node.args[4:5]
            node.keywords = [each for each in node.keywords if each.arg != "accuracy"]
        return self.generic_visit(node)


@cache
def effects(text):
    return ast.dump(Effects().visit(ast.parse(text)))


def made(path, name, occurrence):
    """The mutant at a place, or None where the program stays as it is."""
    text = path.read_text(encoding="utf-8")
    changed = mutate_code(text, cosmic_ray.plugins.get_operator(name)(), occurrence)
    try:
        if changed is None or effects(changed) == effects(text):
            return None
    except SyntaxError:
        return None
    pairs = zip(text.splitlines(), changed.splitlines(), strict=False)
    for line, (before, after) in enumerate(pairs, 1):
        if before != after:
            file = "/".join(path.parts[1:])
            return Mutant(file, changed, line, before.strip(), after.strip())
    return None


def is_equivalent(mutant, listed):
    return any(
        each["file"] == mutant.file
        and each["before"] == mutant.before
        and each.get("after", mutant.after) == mutant.after
        for each in listed
    )


def sample(room, count, seed, listed):
    """Mutants at random, the same each time."""
    shuffled = list(places(room))
    random.Random(seed).shuffle(shuffled)
    found = []
    for place in shuffled:
        mutant = made(*place)
        if mutant is not None and not is_equivalent(mutant, listed):
            found.append(mutant)
        if len(found) == count:
            break
    return found


def tests_of(file):
    names = [*NEAREST.get(file, "").split(), *TESTS[file.partition("/")[0]].split()]
    files = [f"tests/test_{name}.py" for name in dict.fromkeys(names)]
    return [file for file in files if Path(file).exists()]


def enter_a_copy(folder):
    """Each process works in a copy of its own, in which nothing is compiled."""
    copy = tempfile.mkdtemp(dir=folder)
    subprocess.run(["git", "clone", "-q", str(ROOT), copy], check=True)
    os.chdir(copy)
    os.environ["AUTOGRAD_SCALAR_EXPECT_BUILD"] = "python"
    # What is in the way here is found before what is installed.
    os.environ["PYTHONPATH"] = copy


def run(tests):
    os.setsid()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.path.insert(0, os.getcwd())
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))


def fails(tests):
    """Whether a test fails, or hangs. In a fork, which has loaded already what tests import."""
    child = FORKED.Process(target=run, args=(tests,))
    child.start()
    child.join(WAIT)
    with suppress(ProcessLookupError):
        # With what the tests have started.
        os.killpg(child.pid, signal.SIGKILL)
    child.join()
    return child.exitcode != 0


def is_killed(mutant):
    path = Path("autograd_scalar", mutant.file)
    original = path.read_text(encoding="utf-8")
    write(path, mutant.text)
    try:
        tests = tests_of(mutant.file)
        return fails(tests[:3]) or fails(tests[3:])
    finally:
        write(path, original)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    # A file that changes twice in a second would be taken from there.
    Path(cache_from_source(path)).unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", help="how many of each room (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="which (default: %(default)s)")
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=ROOMS)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    listed = tomllib.loads(Path(__file__).with_name("equivalent_mutants.toml").read_text("utf-8"))
    tried, killed = Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        enter_a_copy(folder)
        for room in chosen.rooms:
            if fails(tests_of(f"{room}/")):
                return f"the tests of {room} fail as it is"
        mutants = [
            mutant
            for room in chosen.rooms
            for mutant in sample(room, chosen.count, chosen.seed, listed["equivalent"])
        ]
        pool = ProcessPoolExecutor(chosen.processes, initializer=enter_a_copy, initargs=(folder,))
        with pool:
            for mutant, died in zip(mutants, pool.map(is_killed, mutants), strict=True):
                room = mutant.file.partition("/")[0]
                tried[room] += 1
                killed[room] += died
                if not died:
                    print(mutant, flush=True)
        os.chdir(ROOT)
    for room in chosen.rooms:
        print(f"{room}: {killed[room]} of {tried[room]} killed")
    print(f"{sum(killed.values()) / len(mutants):.1%} of {len(mutants)} killed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
