"""`./drop/DEVICE/…`: what is put there goes to container `scans`, once it is at rest.

In: a folder, looked at again and again. Out: the names that were uploaded. A file is
taken when it was the same for a while, and removed when it still is after its upload.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.names import is_possible, is_system, is_temporary

QUIET_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looked like, and since when."""

    size: int
    modified: int
    since: float


class Drop:
    """One folder."""

    def __init__(self, folder: Path, upload: Callable[[str, Path], object]) -> None:
        self._folder = folder
        self._upload = upload
        self._looks: dict[Path, Look] = {}

    def look(self) -> Iterator[str]:
        """Look once; yields each name after its upload. Raises what `upload` raises."""
        before, self._looks = self._looks, {}
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if is_system(name) or is_temporary(name) or not is_possible(name):
                continue
            look = _look(path)
            if look is None:
                continue
            known = before.get(path)
            if known and (known.size, known.modified) == (look.size, look.modified):
                look = known
            self._looks[path] = look
            if look.since + QUIET_SECONDS <= time.monotonic():
                self._upload(name, path)
                self._remove(path, look)
                yield name

    def _remove(self, path: Path, taken: Look) -> None:
        now = _look(path)
        if now and (now.size, now.modified) == (taken.size, taken.modified):
            path.unlink(missing_ok=True)
        self._looks.pop(path, None)


def _look(path: Path) -> Look | None:
    """What a file looks like now; None for what is none, or empty, or gone."""
    try:
        found = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return None
    return Look(found.st_size, found.st_mtime_ns, time.monotonic())
