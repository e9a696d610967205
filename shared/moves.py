"""Bytes from place to place, one half of `settle`: copied first, deleted last.

A sidecar goes before its scan. So while a scan lies where it does not belong, whoever
finds it finishes both, and no sidecar is left to speak for the next scan of its name.
Raises `BytesError` where the bytes are no longer what they were, and `StorageError`.
"""

from __future__ import annotations

from .errors import BytesError, ReplacedError
from .journal import warn
from .model import Place
from .names import file_of, kept_name
from .row import Row
from .stores.blobs import Blobs
from .stores.border import ConflictError, LeasedError


def bring(source: Place, container: str, row: Row, blobs: Blobs) -> Place | None:
    """Copy the bytes to their place in `container`; None while that takes longer.

    Raises ReplacedError or MissingError where the source is no longer what it was.
    """
    return _copied(source, container, kept_name(row.scan_id, row.path), blobs)


def _copied(source: Place, container: str, name: str, blobs: Blobs) -> Place | None:
    try:
        return blobs.copy(source, container, name)
    except (ConflictError, LeasedError):
        # A move that was cut left it there: the same bytes, since the id is theirs.
        there = blobs.find(container, name)
        return there.place if there and not there.is_copying else None


def bring_beside(beside: Place, scan: Place, blobs: Blobs) -> bool:
    """Move a sidecar to where its scan is; False while that is not done."""
    folder = scan.name.rpartition("/")[0]
    name = f"{folder}/{file_of(beside.name)}"
    try:
        if _copied(beside, scan.container, name, blobs) is None:
            return False
    except BytesError:
        return True
    return remove(beside, blobs)


def remove(place: Place, blobs: Blobs) -> bool:
    """Delete a blob if it is still the one we read; else leave it, and say so.

    False where it must be tried again.
    """
    try:
        blobs.delete(place)
    except ReplacedError:
        # New content under the same name is a new scan, with an event of its own.
        why = "it holds other bytes now"
        warn("delete-skipped", {"name": place.name, "why": why})
    except LeasedError:
        warn("delete-skipped", {"name": place.name, "why": "somebody leases the blob"})
        return False
    except ConflictError as exc:
        # A legal hold, a policy of the account: nothing that a scan could wait for.
        warn("delete-skipped", {"name": place.name, "why": exc.what})
        return False
    return True
