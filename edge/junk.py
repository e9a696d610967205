"""Which names are no scans, and which things are no files. Pure.

The core's list (`shared.names`), and what the agent meets on a disk beside it: folders
of NAS systems and desktops, lock files, its own folders and notes.
"""

from __future__ import annotations

import stat
from fnmatch import fnmatchcase

from shared import names

CLAIMED = ".scanpost"
"""Where claimed files lie, in the folder itself: the same file system."""
SENT = "_sent"
PROBLEM = ".problem.txt"
TEMPORARY = "a temporary name: its writer is not done"

_LOCKS = ("~*", "*.lck", "*.lock")
"""Seen in practice: `~name` before a rename, `name.lck` beside the file."""
_FOLDERS = frozenset(
    {
        "$recycle.bin",
        "system volume information",
        "lost+found",
        "@tmp",
        "#snapshot",
        "@recycle",
        "@recently-snapshot",
        "network trash folder",
        "temporary items",
        "__macosx",
        "thevolumesettingsfolder",
    }
)
"""Of Windows, ext4, Synology, QNAP and macOS, beside those that the core knows."""
_REFUSED = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def why_ignored(path: str) -> str:
    """Why a relative path is not a scan, in words; empty where it may be one.

    In a folder of a temporary name the writer is still busy: it is renamed at the end.
    """
    parts = path.split("/")
    if parts[0] == SENT or path.endswith(PROBLEM):
        return "the agent's own"
    if names.is_system(path) or any(part.lower() in _FOLDERS for part in parts):
        return "a system's own file"
    if any(map(_is_temporary, parts)):
        return TEMPORARY
    return ""


def why_folder_ignored(path: str) -> str:
    """The same for a folder: nothing below it can be a scan."""
    return why_ignored(f"{path}/x")


def why_refused(mode: int) -> str:
    """Why a thing of this `st_mode` is never read; empty for a plain file."""
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFREG:
        return ""
    return f"{_REFUSED.get(kind, 'something unknown')}, not a file"


def _is_temporary(name: str) -> bool:
    lower = name.lower()
    return names.is_temporary(lower) or any(fnmatchcase(lower, each) for each in _LOCKS)
