"""Files that keep a temporary name: their writer never came back.

They are told of, in the log, the status and the heartbeat, and never touched: nobody
here can know whether they are whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from shared import journal

from . import junk, reach
from .config import Folder

EVERY_SECONDS = 60.0
WHY = (
    "It has a temporary name, and nobody has written to it for long: rename it if it "
    "is whole, else delete it."
)


@dataclass(slots=True)
class Leftovers:
    """Those that were found, by folder."""

    found: dict[Path, tuple[str, ...]] = field(default_factory=dict)

    def look(self, folder: Folder) -> None:
        """Look through a folder; what is new is logged."""
        limit = time.time() - folder.leftover_seconds
        before = self.found.get(folder.path, ())
        now = tuple(sorted(_left(folder.path, limit)))
        self.found[folder.path] = now
        for path in set(now).difference(before):
            fields = {"folder": str(folder.path), "path": path, "why": WHY}
            journal.warn("edge_leftover", fields)

    def all(self) -> list[tuple[Path, str]]:
        """Every one of them."""
        return [
            (top, path) for top, paths in list(self.found.items()) for path in paths
        ]


def _left(top: Path, limit: float) -> Iterator[str]:
    """Find those that changed last before `limit`, in seconds since 1970."""
    folders = [""]
    while folders:
        path = folders.pop()
        try:
            with reach.folder(top, path) as descriptor:
                files, inner = _listed(descriptor, path)
        except OSError:
            # Gone meanwhile, or not to be listed: that is told as a folder's trouble.
            continue
        folders += inner
        for name, stat in files:
            changed = max(stat.st_ctime, stat.st_mtime)
            if S_ISREG(stat.st_mode) and stat.st_size and changed < limit:
                yield name


def _listed(
    descriptor: int, path: str
) -> tuple[list[tuple[str, os.stat_result]], list[str]]:
    """One folder: files under temporary names, and folders to go into."""
    files, folders = [], []
    with os.scandir(descriptor) as entries:
        for each in entries:
            inner = f"{path}/{each.name}" if path else each.name
            if each.is_dir(follow_symlinks=False):
                if junk.why_folder_ignored(inner) in {"", junk.TEMPORARY}:
                    folders.append(inner)
            elif junk.why_ignored(inner) == junk.TEMPORARY:
                files.append((inner, each.stat(follow_symlinks=False)))
    return files, folders
