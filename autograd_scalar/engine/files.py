"""Writing files so that nothing is lost: what was there stays until all of the new is on disk."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write several files, or none of them where that fails.

    contents  what goes into each file

    Each is written beside its place and then put there in one step, so that neither a full
    disk nor an interrupt harms a file that was there. Such a file keeps its permissions, and
    a symbolic link goes on pointing where it did. Raises `OSError`, with the file's name.
    """
    waiting: dict[Path, tuple[Path, Path]] = {}
    path = Path()
    try:
        for path, content in contents.items():
            place = Path(os.path.realpath(path))
            if place.exists() and not place.is_file():
                # A device or a pipe has nothing to lose, and can't be replaced by a file.
                place.write_bytes(content)
                continue
            if place.exists() and not os.access(place, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            beside = place.with_name(f".{secrets.token_hex(8)}.tmp")
            waiting[path] = beside, place
            with beside.open("xb") as file:
                file.write(content)
            if place.exists():
                shutil.copymode(place, beside)
        for path in waiting:
            os.replace(*waiting[path])
    except OSError as error:
        # The name people know, not that of the file beside.
        error.filename, error.filename2 = os.fspath(path), None
        raise
    finally:
        for beside, _ in waiting.values():
            beside.unlink(missing_ok=True)
