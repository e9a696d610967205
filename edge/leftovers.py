"""Files that will never go by themselves: their writer never came back, say.

They are told of, in the log, the status and the heartbeat, and never touched: nobody
here can know whether they are whole, or whose they are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shared import journal

from . import junk, reach
from .config import Folder
from .listing import walk

EVERY_SECONDS = 60.0
_TEMPORARY = (
    "It has a temporary name, and nobody has written to it for long: rename it if it "
    "is whole, else delete it."
)
_EMPTY = "It is empty, and was for long: scan it again, and delete this."
_REFUSED = "It is {what}, and is never read: delete it."


@dataclass(slots=True)
class Leftovers:
    """Those that were found, by folder."""

    found: dict[Path, dict[str, str]] = field(default_factory=dict)
    """And why each does not go."""

    def look(self, folder: Folder) -> None:
        """Look through a folder; what is new is logged."""
        limit = time.time() - folder.leftover_seconds
        before = self.found.get(folder.path, {})
        now = dict(sorted([*_left(folder.path, limit), *_planted(folder.path)]))
        self.found[folder.path] = now
        for path in now.keys() - before.keys():
            fields = {"folder": str(folder.path), "path": path, "why": now[path]}
            journal.warn("edge_leftover", fields)

    def all(self) -> list[tuple[Path, str, str]]:
        """Every one of them: folder, path, and why."""
        found = list(self.found.items())
        return [(top, path, why) for top, paths in found for path, why in paths.items()]


def _left(top: Path, limit: float) -> Iterator[tuple[str, str]]:
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
            why = _why(name, stat)
            if why and max(stat.st_ctime, stat.st_mtime) < limit:
                yield name, why


def _planted(top: Path) -> Iterator[tuple[str, str]]:
    """Find links and pipes among the claimed files: no printer ever needs one there."""
    claimed = top / junk.CLAIMED
    if claimed.is_symlink():
        # Nothing can be claimed then, and each file says so itself.
        return
    # Not there, or not to be listed: that is told as a folder's trouble.
    with suppress(OSError):
        for path, stat in walk(claimed):
            if refused := junk.why_refused(stat.st_mode):
                yield f"{junk.CLAIMED}/{path}", _REFUSED.format(what=refused)


def _why(path: str, stat: os.stat_result) -> str:
    """Why a thing will not go by itself; empty: it will, or it is nobody's."""
    ignored = junk.why_ignored(path)
    if ignored not in {"", junk.TEMPORARY}:
        return ""
    if refused := junk.why_refused(stat.st_mode):
        return _REFUSED.format(what=refused)
    if ignored:
        return _TEMPORARY if stat.st_size else ""
    return "" if stat.st_size else _EMPTY


def _listed(
    descriptor: int, path: str
) -> tuple[list[tuple[str, os.stat_result]], list[str]]:
    """One folder: its files, and folders to go into."""
    files, folders = [], []
    with os.scandir(descriptor) as entries:
        for each in entries:
            inner = f"{path}/{each.name}" if path else each.name
            if each.is_dir(follow_symlinks=False):
                if junk.why_folder_ignored(inner) in {"", junk.TEMPORARY}:
                    folders.append(inner)
            else:
                files.append((inner, each.stat(follow_symlinks=False)))
    return files, folders
