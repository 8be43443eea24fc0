"""Would the tests notice? Runs them on mutants of the table, the engine and the transforms.

    pip install -e '.[mutation,test]' && python .ci/mutate.py 200

takes 200 mutants at random (the same each time; `--seed` takes others), makes each in a copy
of the last commit, as plain Python, and runs the tests there until one fails. It prints the
mutants that live and, for each room, the share that was killed.
"""

import argparse
import ast
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import cosmic_ray.plugins
import parso
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.operators.operator import Operator
from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["table", "engine", "transforms"]
# They run the plain build. The generators' work is compared with files, so that any change
# of theirs or of a row would count as noticed.
LEFT_OUT = ["engine/native.py", "engine/builds.py"]
TESTS_LEFT_OUT = ["benchmarks", "builds", "cli", "derive", "draw", "explain", "iris", "notebooks"]
TESTS_LEFT_OUT += ["derivatives_page", "explanations_page", "readme", "reference", "symbolic"]
# The quickest that see most go first.
TESTS_FIRST = ["expressions", "functions", "kinks", "differentiate", "custom", "value"]

# Changes that leave the program as it was, as far as anyone can see: `|` stands in annotations
# that nobody evaluates, and `is` is compared with None and with types.
SAME = ("ReplaceBinaryOperator_BitOr_", "Is_Eq", "IsNot_NotEq")


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


def mutants():
    """Every mutant there is."""
    for room in ROOMS:
        for path in sorted(Path("autograd_scalar", room).glob("*.py")):
            if f"{room}/{path.name}" in LEFT_OUT:
                continue
            nodes = list(ast_nodes(get_ast_from_path(path)))
            for name in cosmic_ray.plugins.operator_names():
                operator = cosmic_ray.plugins.get_operator(name)
                if operator.arguments() or any(each in name for each in SAME):
                    continue
                if operator is Formula and path.name != "primitives.py":
                    continue
                positions = (each for node in nodes for each in operator().mutation_positions(node))
                for occurrence, (start, end) in enumerate(positions):
                    yield MutationSpec(path, name, occurrence, start, end)


def command():
    names = sorted(path.stem.removeprefix("test_") for path in Path("tests").glob("test_*.py"))
    later = [name for name in names if name not in {*TESTS_FIRST, *TESTS_LEFT_OUT}]
    files = [f"tests/test_{name}.py" for name in [*TESTS_FIRST, *later]]
    options = ["-x", "-q", "-p", "no:cacheprovider"]
    return shlex.join([sys.executable, "-m", "pytest", *options, *files])


def enter_a_copy(folder):
    """Each process works in a copy of its own, in which nothing is compiled."""
    copy = tempfile.mkdtemp(dir=folder)
    subprocess.run(["git", "clone", "-q", str(ROOT), copy], check=True)
    os.chdir(copy)
    os.environ["AUTOGRAD_SCALAR_EXPECT_BUILD"] = "python"


def tested(seconds, mutant):
    """What becomes of a mutant; one that hangs for so long is noticed too."""
    return mutate_and_test([mutant], command(), seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, nargs="?", help="how many (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="which (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    made, killed = Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        enter_a_copy(folder)
        start = time.perf_counter()
        if subprocess.run(shlex.split(command())).returncode != 0:
            return "the tests fail as it is"
        test = partial(tested, 30.0 + 4.0 * (time.perf_counter() - start))
        sample = list(mutants())
        print(f"{len(sample)} mutants, of which {chosen.count or 'all'} are tried", flush=True)
        random.Random(chosen.seed).shuffle(sample)
        sample = sample[: chosen.count]
        pool = ProcessPoolExecutor(chosen.processes, initializer=enter_a_copy, initargs=(folder,))
        with pool:
            for mutant, result in zip(sample, pool.map(test, sample), strict=True):
                room = mutant.module_path.parts[1]
                made[room] += 1
                killed[room] += result.is_killed
                if not result.is_killed or result.diff is None:
                    print(result.diff or result.output, flush=True)
        os.chdir(ROOT)
    for room in ROOMS:
        print(f"{room}: {killed[room]} of {made[room]} killed")
    print(f"{sum(killed.values()) / len(sample):.1%} of {len(sample)} killed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
