"""Which names are never scans, and what a blob name may look like.

Used by `receive`, by `sweep` and by the edge agent, so that all three agree. Pure.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

TEMPORARY = ("*.tmp", "*.temp", "*.part", "*.partial", "*.filepart", "*.crdownload")
SYSTEM_FILES = ("~$*", ".*", "thumbs.db", "desktop.ini")
SYSTEM_FOLDERS = frozenset({"@eadir", "#recycle"})
NAME_LIMIT = 1024
"""Characters of a blob name (Azure Storage, Naming and Referencing Containers)."""


def is_temporary(name: str) -> bool:
    """Whether a writer has not given the file its final name yet."""
    file = name.rsplit("/", 1)[-1].lower()
    return any(fnmatchcase(file, pattern) for pattern in TEMPORARY)


def is_system(name: str) -> bool:
    """Whether it is something that a desktop, a NAS or Office left behind."""
    *folders, file = name.lower().split("/")
    if any(each in SYSTEM_FOLDERS or each.startswith(".") for each in folders):
        return True
    return any(fnmatchcase(file, pattern) for pattern in SYSTEM_FILES)


def is_possible(name: str) -> bool:
    """Whether a blob can have this name.

    A segment of dots is taken out of a URL on the way, so that `x/../../held/y` would
    read another container: such a name is refused before it reaches storage.
    """
    if not name or len(name) > NAME_LIMIT or "\ufffd" in name:
        return False
    if any(0xD800 <= ord(char) <= 0xDFFF for char in name):  # noqa: PLR2004 (surrogates)
        return False
    return not any(part in {".", ".."} for part in name.replace("\\", "/").split("/"))


def first_folder(name: str) -> str:
    """The device that a name speaks of; a file at the root has `unknown`."""
    folder, slash, _ = name.partition("/")
    return folder if slash and folder else "unknown"


def file_of(name: str) -> str:
    """The last segment: the file's own name."""
    return name.rsplit("/", 1)[-1]


def kept_name(scan_id: str, path: str) -> str:
    """Where the bytes lie in `held` and `sent`: `YYYY/MM/DD/SCAN_ID/FILE`."""
    folder = f"{scan_id[:4]}/{scan_id[4:6]}/{scan_id[6:8]}/{scan_id}/"
    file = file_of(path) or "scan"
    room = NAME_LIMIT - len(folder)
    if len(file) > room:
        stem, dot, extension = file.rpartition(".")
        tail = dot + extension if dot and len(extension) < room // 2 else ""
        file = (stem or file)[: room - len(tail)] + tail
    return folder + file
