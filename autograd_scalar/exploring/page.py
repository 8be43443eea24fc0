"""One HTML file of all that a page needs: its data, its styles, and its script.

The file refers to nothing outside, and its Content-Security-Policy allows nothing but the two
scripts and the styles that are in it. Data and script are packed, which makes a third of them;
the script is the modules of the folder `js` as they are, one after the other.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any

_FOLDER = Path(__file__).parent

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |class |const |function |let )", re.MULTILINE)
_DECLARED = re.compile(
    r"^(?:export )?(?:async )?(?:class|const|function|let) (\w+|[{[][^}\]]*[}\]])", re.MULTILINE
)

# The scripts: one that unpacks the other, and that one.
_LOADER = """\
import { unpacked } from "./unpack.js";

const script = document.createElement("script");
script.type = "module";
script.textContent = await unpacked("script");
document.head.append(script);
"""
_SCRIPT = """\
import { mount } from "./page.js";
import { unpacked } from "./unpack.js";

const page = document.getElementById("page");
page.handle = mount(page, JSON.parse(await unpacked("payload")), {
  // A frame in a notebook has no address of its own.
  address: location.protocol !== "about:",
});
"""


def html_page(
    payload: Mapping[str, Any], title: str, about: str, replaced: Mapping[str, str]
) -> str:
    """The page as the text of a file.

    payload   what `mount` in `js/page.js` is given
    title     the title of the page
    about     what it shows, for those who can't run it
    replaced  modules by name that take the place of those in the folder
    """
    loader = "\n" + script_of(_LOADER)
    script = script_of(_SCRIPT, replaced)
    style = "\n" + (_FOLDER / "page.css").read_text(encoding="utf-8")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(loader)} {_hash(script)}",
            f"style-src {_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    template = Template((_FOLDER / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        policy=policy,
        title=html.escape(title),
        about=html.escape(about),
        style=style,
        payload=_packed(json.dumps(payload, allow_nan=False, separators=(",", ":"))),
        script=_packed(script),
        loader=loader,
    )


def unpacked(page: str, part: str) -> str:
    """The "payload" or the "script" of a page, as it was before it was packed."""
    (text,) = re.findall(f'id="{part}">([^<]*)<', page)
    return zlib.decompress(base64.b64decode(text)).decode()


def _packed(text: str) -> str:
    """A text in letters that mean nothing in HTML."""
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def script_of(entry: str, replaced: Mapping[str, str] = {}) -> str:
    """A script and all the modules it imports as one text.

    entry     the source of the script
    replaced  modules by name that take the place of those in the folder

    Raises `ValueError` where two modules declare the same name.
    """
    texts = [*_modules(entry, replaced, set()), entry]
    declared: set[str] = set()
    for text in texts:
        for names in _DECLARED.findall(text):
            for name in re.findall(r"\w+", names):
                if name in declared:
                    raise ValueError(f"two modules of the page declare {name}")
                declared.add(name)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)).strip() + "\n" for text in texts)


def _modules(source: str, replaced: Mapping[str, str], seen: set[str]) -> Iterator[str]:
    """The modules that a source imports, each after those that it imports itself."""
    for name in _IMPORT.findall(source):
        if name not in seen:
            seen.add(name)
            text = replaced.get(name) or (_FOLDER / "js" / f"{name}.js").read_text(encoding="utf-8")
            yield from _modules(text, replaced, seen)
            yield text
