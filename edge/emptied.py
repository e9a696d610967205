"""Removes empty folders that printers left, where the configuration asks for it.

Never the watched folder, never what is no scan's place (`_sent`, hidden ones), and none
in which something happened a moment ago: its printer may be about to write there.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from . import junk, reach

EVERY_SECONDS = 20.0
AGE_SECONDS = 60.0
_DEEPEST = 32


def remove(top: Path, now: float) -> None:
    """Remove them; `now` is seconds since 1970. What cannot be listed is left alone."""
    _empty(top, "", now, _DEEPEST)


def _empty(top: Path, path: str, now: float, depth: int) -> None:
    """Remove what is empty below, the deepest first."""
    try:
        with reach.folder(top, path) as descriptor:
            folders, stat = _folders(descriptor, path), os.fstat(descriptor)
    except OSError:
        return
    for inner in folders if depth else []:
        _empty(top, inner, now, depth - 1)
    # As it was before we removed what was empty in it.
    is_old = now - max(stat.st_mtime, stat.st_ctime) >= AGE_SECONDS
    if path and is_old:
        above, _, name = path.rpartition("/")
        # Not empty: what makes it so is somebody's.
        with suppress(OSError), reach.folder(top, above) as parent:
            os.rmdir(name, dir_fd=parent)


def _folders(descriptor: int, path: str) -> list[str]:
    with os.scandir(descriptor) as entries:
        inner = [
            f"{path}/{each.name}" if path else each.name
            for each in entries
            if each.is_dir(follow_symlinks=False)
        ]
    return [each for each in inner if not junk.why_folder_ignored(each)]
