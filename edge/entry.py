"""A file in the journal: how far it has come. And the same as a row of SQLite's."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Step(StrEnum):
    """How far a file has come."""

    COMMITTING = "committing"
    """Its blocks are staged; the list may have been committed."""
    COMMITTED = "committed"
    """The service has it; the file is still to be cleared away."""
    CLEARED = "cleared"
    PROBLEM = "problem"
    """A person must look at it; the file is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file."""

    claim_id: str
    """Of the file, or of the first page."""
    folder: str
    """The watched folder, absolute."""
    path: str
    """Where it came from, relative to the folder."""
    step: Step
    blob: str = ""
    size: int = 0
    md5: str = ""
    """Of the whole file, in base64 (RFC 1864)."""
    blocks: int = 0
    depot: str = ""
    """Address of the container: another one cannot tell what this one has."""
    media_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    pages: int = 0
    """So many of the members are pages that were merged; 0: the first is the file."""
    members: tuple[str, ...] = ()
    """Claims that became this blob: the file, or all pages, and the sidecar."""
    changed: float = 0.0
    """When the step was taken: seconds since 1970."""
    error: str = ""


COLUMNS = tuple(each.name for each in fields(Entry))


def row_of(entry: Entry) -> dict[str, Any]:
    """Make the row, by column."""
    return {
        "claim_id": entry.claim_id,
        # Names that are no UTF-8 keep their bytes.
        "folder": os.fsencode(entry.folder),
        "path": os.fsencode(entry.path),
        "step": entry.step.value,
        "blob": entry.blob,
        "size": entry.size,
        "md5": entry.md5,
        "blocks": entry.blocks,
        "depot": entry.depot,
        "media_type": entry.media_type,
        "metadata": json.dumps(dict(entry.metadata)),
        "pages": entry.pages,
        "members": json.dumps(entry.members),
        "changed": entry.changed,
        "error": entry.error.encode("utf-8", "replace").decode(),
    }


def entry_of(row: sqlite3.Row) -> Entry:
    """Read a row."""
    values = dict(row)
    for name in ("folder", "path"):
        values[name] = os.fsdecode(bytes(values[name]))
    values["step"] = Step(values["step"])
    values["metadata"] = json.loads(values["metadata"])
    values["members"] = tuple(json.loads(values["members"]))
    return Entry(**values)
