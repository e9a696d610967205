"""An event in the queue -> what to look at: is it ours, which blob does it mean.

In: the text of a queue message, Event Grid schema or CloudEvents 1.0. Out: an `Event`.
Raises `IgnoredError`, with the reason, for everything that is not a scan. Pure.
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

CONTAINER = "scans"
SUBJECT = f"/blobServices/default/containers/{CONTAINER}/blobs/"
WRITTEN = frozenset(
    {"PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit"}
)
RENAMED = frozenset({"RenameFile", "SftpRename"})
DEVICE_LIMIT = 128


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


def read_event(text: str) -> Event:
    """Read one message. Raises IgnoredError for what is not ours to handle."""
    envelope = _object(text)
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
    etag = data.get("eTag") if api in WRITTEN else ""
    return Event(
        api=api,
        candidates=candidates,
        etag=etag.strip('"') if isinstance(etag, str) else "",
        identity=_identity(api, data),
        when=_moment(envelope.get("eventTime") or envelope.get("time")),
    )


def _object(text: str) -> dict[str, Any]:
    """Take the event out of the message; some senders wrap it into a list of one."""
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


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


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
