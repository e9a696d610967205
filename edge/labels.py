"""A file's place in a folder -> the name of its blob: `DEVICE/PATH/NAME`.

A counter name that comes again while the last one still lies there gets a number behind
it. Pure; raises nothing, whatever a printer calls its files.
"""

from __future__ import annotations

import unicodedata

from shared.names import NAME_LIMIT

_WORST = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
_LONGEST_EXTENSION = 10


def label(device: str, path: str, count: int = 1) -> str:
    """Name the blob; `count` is how often the name was tried."""
    *folders, file = path.split("/")
    stem, dot, extension = file.rpartition(".")
    if not stem or len(extension) > _LONGEST_EXTENSION:
        stem, dot, extension = file, "", ""
    tail = (f" ({count})" if count > 1 else "") + dot + _plain(extension)
    head = "/".join([device, *map(_segment, folders)])
    room = NAME_LIMIT - len(tail) - len(_segment(stem)[:64]) - 1
    head = head[:room].rstrip("/")
    stem = _segment(stem)[: NAME_LIMIT - len(head) - len(tail) - 1]
    return f"{head}/{stem}{tail}"


def _segment(text: str) -> str:
    """One part of a name that storage keeps as it is."""
    safe = _plain(text)
    return "_" * len(safe) if safe in {".", ".."} else safe or "_"


def _plain(text: str) -> str:
    """Without what cannot be listed, or comes back as something else."""
    return "".join(
        "_" if unicodedata.category(char) in _WORST or char in "\\\ufffd" else char
        for char in text
    )
