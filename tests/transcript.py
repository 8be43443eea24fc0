"""Pages that quote code and its output: each ```text block is what the ```python before it prints.

`python tests/transcript.py PAGE` writes the output into a page.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def rewritten(page: str) -> str:
    """The page with the output its code prints now."""
    scope: dict[str, object] = {"__name__": "__main__"}
    printed = ""

    def replaced(match: re.Match[str]) -> str:
        nonlocal printed
        if match[1] == "text":
            return f"```text\n{printed}```\n"
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(match[2], "<page>", "exec"), scope)
        printed = output.getvalue()
        return match[0]

    return _BLOCK.sub(replaced, page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
