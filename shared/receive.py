"""A message in a queue -> what to look at: is it ours, which blob does it mean.

In: its text: an event, Event Grid schema or CloudEvents 1.0, or our own retry message.
Out: an `Event`, an `Order`. Raises `IgnoredError`, with the reason, for everything that
is not a scan. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from . import names
from .errors import ForwardError
from .model import METADATA
from .plain import plain
from .row import is_scan_id

CONTAINER = "scans"
SUBJECT = f"/blobServices/default/containers/{CONTAINER}/blobs/"
WRITTEN = frozenset(
    {"PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit"}
)
RENAMED = frozenset({"RenameFile", "SftpRename"})
DEVICE_LIMIT = 128
YEARS = range(1971, 2149)
"""In which an event can have happened; ids count their days from 1970 in 16 bits."""


class IgnoredError(ForwardError):
    """Not a scan, or not one we can find; said in one line, and done with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What an event says; nothing of it is believed before storage says so too."""

    api: str
    candidates: tuple[str, ...]
    """Blob names to try, in order."""
    etag: str = ""
    """Of the bytes it speaks of; a rename carries none."""
    identity: str = ""
    """The SFTP local user, that is: the printer. Empty for other protocols."""
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A message of `scan-retries`."""

    scan_id: str
    stands_for: datetime
    """The `next_attempt` it was put there for."""
    by: str = ""
    """The operator who ordered it, if one did."""


def read_event(text: str) -> Event:
    """Read one message. Raises IgnoredError for what is not ours to handle."""
    envelope = read_object(text)
    data = envelope.get("data")
    if not isinstance(data, dict):
        raise IgnoredError("malformed event: it has no data")
    subject, api = envelope.get("subject"), data.get("api")
    if not isinstance(subject, str) or not isinstance(api, str):
        raise IgnoredError("malformed event: it has no subject or no api")
    if not subject.startswith(SUBJECT):
        raise IgnoredError(f"not in container {CONTAINER}")
    if api not in WRITTEN | RENAMED:
        raise IgnoredError(f"nothing was finished by {plain(api, 64) or 'this call'}")
    url = data.get("destinationUrl" if api in RENAMED else "url")
    names_said = (subject.removeprefix(SUBJECT), _name_in(url))
    candidates = tuple(dict.fromkeys(filter(names.is_possible, names_said)))
    if not candidates:
        raise IgnoredError("malformed event: no blob can have that name")
    return Event(
        api=api,
        candidates=candidates,
        etag=_etag(data.get("eTag")) if api in WRITTEN else "",
        identity=_identity(api, data),
        when=_moment(envelope.get("eventTime") or envelope.get("time")),
    )


def read_order(text: str) -> Order:
    """Read a message of `scan-retries`. Raises IgnoredError."""
    try:
        body = read_object(text)
        scan_id, moment = body["scan"], datetime.fromisoformat(body["next_attempt"])
        if is_scan_id(scan_id) and moment.tzinfo:
            return Order(scan_id, moment, str(body.get("by", "")))
    except (IgnoredError, ValueError, KeyError, TypeError) as exc:
        raise IgnoredError("a retry message that cannot be read") from exc
    raise IgnoredError("a retry message that names no scan, or no time")


def read_object(text: str) -> dict[str, Any]:
    """Take the event out of the message; some senders wrap it into a list of one.

    Raises IgnoredError.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise IgnoredError("malformed event: not JSON") from exc
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise IgnoredError("malformed event: not an object")
    return value


def _name_in(url: object) -> str:
    """Take the decoded name out of a URL, of either endpoint and of an emulator."""
    if not isinstance(url, str):
        return ""
    try:
        path = urlsplit(url).path
        return unquote(path.partition(f"/{CONTAINER}/")[2], errors="strict")
    except ValueError:
        return ""


def _identity(api: str, data: Mapping[str, Any]) -> str:
    identity = data.get("identity")
    if not api.startswith("Sftp") or not isinstance(identity, str):
        return ""
    return plain(identity.replace("/", "_"), DEVICE_LIMIT)


def _etag(said: object) -> str:
    """What storage calls a version; empty for what it cannot have written."""
    if not isinstance(said, str) or not said.isascii() or not said.isprintable():
        return ""
    return said.strip('"')


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo and moment.year in YEARS else None


def why_ignored(name: str, size: int) -> str:
    """Why a file is not a scan, in words; empty where it may be one."""
    if names.is_system(name):
        return "a system's own file"
    if names.is_temporary(name):
        return "a temporary name: its writer is not done"
    return "" if size else "zero bytes"


def known_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Decode the metadata that means something; values are percent-encoded UTF-8.

    What is no valid encoding shows as U+FFFD, which no address and no device has.
    """
    return {
        key: unquote(value)
        for key, value in metadata.items()
        if key in METADATA and value.strip()
    }


def device_of(name: str, identity: str, metadata: Mapping[str, str]) -> str:
    """Name the device: who signed in by SFTP, what the agent says, the first folder."""
    said = plain(metadata.get("device", "").replace("/", "_"), DEVICE_LIMIT)
    return identity or said or plain(names.first_folder(name), DEVICE_LIMIT)
