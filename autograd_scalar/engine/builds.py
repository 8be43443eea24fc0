"""Which build of the engine is loaded, and whether its sources have changed since."""

from __future__ import annotations

import os
import warnings

from . import value

_loaded = str(value.__file__)

#: "compiled", or "python" where the engine was installed without being compiled.
build = "python" if _loaded.endswith(".py") else "compiled"


def warn_of_changed_sources() -> None:
    """In a checkout, say so if the extension modules do not have its latest edits.

    They are imported in place of the files they were compiled from, which would otherwise be
    edited to no effect. An installed package has no `setup.py` beside it, and is not looked at.
    """
    package = os.path.dirname(os.path.dirname(_loaded))
    if build == "python" or not os.path.exists(os.path.join(package, "..", "setup.py")):
        return
    rooms = [room for room in os.scandir(package) if room.is_dir()]
    files = [file for room in rooms for file in os.scandir(room)]
    suffix = os.path.splitext(_loaded)[1]
    extensions = [file for file in files if file.name.endswith(suffix)]
    compiled = {
        os.path.join(os.path.dirname(extension.path), extension.name.partition(".")[0] + ".py")
        for extension in extensions
    }
    sources = [
        file
        for file in files
        if file.path in compiled or file.name.endswith((".pxd", ".pyx", ".h"))
    ]
    built = max(extension.stat().st_mtime for extension in extensions)
    newer = sorted(source.name for source in sources if source.stat().st_mtime > built)
    if newer:
        warnings.warn(
            f"the compiled engine is older than {', '.join(newer)}, and is used instead; "
            "run pip install -e .",
            RuntimeWarning,
            stacklevel=2,
        )


warn_of_changed_sources()
