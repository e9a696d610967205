"""What lies in a folder: the names that may be scans, and the folders to go into.

Links are not gone into, and names that are no scans are left out (`junk`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from . import junk, reach

type Entry = tuple[str, os.stat_result]


def contents(top: Path, path: str) -> tuple[list[Entry], list[str]]:
    """List one folder: its files, in order of time, and its folders. Raises OSError.

    What vanishes meanwhile is left out.
    """
    files: list[Entry] = []
    folders: list[str] = []
    with reach.folder(top, path) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            inner = f"{path}/{entry.name}" if path else entry.name
            if entry.is_dir(follow_symlinks=False):
                if not junk.why_folder_ignored(inner):
                    folders.append(inner)
            elif not junk.why_ignored(inner):
                files.extend(_entry(inner, entry))
    files.sort(key=lambda each: each[1].st_mtime_ns)
    return files, folders


def walk(top: Path) -> Iterator[Entry]:
    """List all folders below. Raises OSError where the top cannot be listed."""
    folders = [""]
    while folders:
        path = folders.pop()
        try:
            files, inner = contents(top, path)
        except OSError:
            if not path:
                raise
            continue
        folders += inner
        yield from files


def _entry(path: str, entry: os.DirEntry[str]) -> list[Entry]:
    try:
        return [(path, entry.stat(follow_symlinks=False))]
    except FileNotFoundError:
        return []
