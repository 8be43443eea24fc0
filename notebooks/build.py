"""Runs the notebooks and writes their outputs: python notebooks/build.py [01 03 …]

The text of a notebook is its .py file; this makes the .ipynb beside it, the same on every
run. Needs `pip install -e '.[test]'`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import jupytext
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))

# The same whichever Python runs the notebook.
METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}


def read(source: Path) -> nbformat.NotebookNode:
    """The notebook a .py file is the text of, with ids that are the same on every reading."""
    notebook = jupytext.read(source)
    for i, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{i:02}"
    return notebook


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run all cells in a fresh kernel of this Python."""
    with tempfile.TemporaryDirectory() as nobodys_settings:
        # No installed kernel called python3 stands in for this interpreter.
        native = KernelSpecManager(kernel_dirs=[])
        client = NotebookClient(
            notebook,
            km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=native),
            timeout=120,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(FOLDER)}},
        )
        client.execute(env=_environment(nobodys_settings))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            # A widget is answered by the kernel that made it, and that is no more.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def _environment(settings: str) -> dict[str, str]:
    """What the outputs could depend on is set: size of the terminal, settings, Graphviz."""
    # Without an installed `dot`, the embedded copy draws: the same picture on all machines.
    path = [
        folder
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if folder and shutil.which("dot", path=folder) is None
    ]
    return {
        **os.environ,
        "PATH": os.pathsep.join(path),
        "IPYTHONDIR": settings,
        "COLUMNS": "80",
    }


def write(source: Path, folder: Path) -> Path:
    """Run one notebook and write its .ipynb to a folder."""
    target = folder / f"{source.stem}.ipynb"
    target.write_text(nbformat.writes(run(read(source))) + "\n", encoding="utf-8", newline="\n")
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the notebooks and write their outputs.")
    parser.add_argument("names", nargs="*", help="how the files begin; by default all of them")
    parser.add_argument("--to", type=Path, default=FOLDER, help="where to write")
    chosen = parser.parse_args()
    for source in SOURCES:
        if not chosen.names or source.name.startswith(tuple(chosen.names)):
            print(write(source, chosen.to).name)


if __name__ == "__main__":
    main()
