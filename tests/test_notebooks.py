"""The notebooks run, and show on the web what they show when they run."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import autograd_scalar

FOLDER = Path(__file__).parents[1] / "notebooks"


def load_build():
    spec = importlib.util.spec_from_file_location("build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = load_build()
each_notebook = pytest.mark.parametrize("source", build.SOURCES, ids=lambda path: path.stem)


def run_afresh(source, folder):
    """The notebook with the outputs it has now, from a process whose kernels end with it."""
    home = str(Path(autograd_scalar.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(FOLDER / "build.py"), source.stem, "--to", str(folder)],
        env={**os.environ, "PYTHONPATH": home},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return nbformat.read(folder / f"{source.stem}.ipynb", as_version=4)


def committed(source):
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def shown(output):
    """What an output says: its texts as they are; of a drawing its texts in any order, of a
    figure that there is one."""
    if output.output_type == "stream":
        return output.name, output.text
    texts = dict(output.get("data", {}))
    if "image/svg+xml" in texts:
        texts["image/svg+xml"] = sorted(re.findall(r"<text[^>]*>([^<]*)<", texts["image/svg+xml"]))
    if "image/png" in texts:
        texts["image/png"] = "a figure"
    return output.output_type, texts


def test_there_are_eight():
    assert [source.name[:2] for source in build.SOURCES] == [f"{i:02}" for i in range(1, 9)]


@each_notebook
def test_both_files_of_a_pair_have_the_same_cells(source):
    def cells(notebook):
        return [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]

    assert cells(committed(source)) == cells(build.read(source))
    assert committed(source).metadata == build.METADATA


@each_notebook
def test_it_runs_and_shows_what_is_committed(source, tmp_path):
    fresh = run_afresh(source, tmp_path)
    for new, old in zip(fresh.cells, committed(source).cells, strict=True):
        if new.cell_type == "code":
            assert [*map(shown, new.outputs)] == [*map(shown, old.outputs)], new.source
            assert new.execution_count == old.execution_count


@each_notebook
def test_outputs_are_no_errors_and_no_warnings(source):
    outputs = [o for cell in committed(source).cells for o in cell.get("outputs", [])]
    assert outputs
    assert all(output.output_type != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)


@each_notebook
def test_nothing_in_it_tells_of_the_machine_it_ran_on(source):
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    for place in (str(Path.home()), "/home/", "/Users/", "/tmp/", ":\\\\", "site-packages"):
        assert json.dumps(place)[1:-1] not in text


@each_notebook
def test_it_says_what_it_teaches_and_asks_questions_with_hidden_answers(source):
    cells = [cell.source for cell in committed(source).cells if cell.cell_type == "markdown"]
    assert cells[0].startswith("# ")
    assert "you will be able to" in cells[0]
    answers = re.findall(r"<details>.*?</details>", "\n".join(cells), re.DOTALL)
    assert 2 <= len(answers) <= 3
    # Markdown inside HTML is read as Markdown only after an empty line.
    assert all(re.match(r"<details>\n<summary>.+</summary>\n\n", answer) for answer in answers)
    assert all(answer.endswith("\n\n</details>") for answer in answers)
