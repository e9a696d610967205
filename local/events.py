"""Events as Event Grid writes them, made from what is known of a blob. Pure.

Shape: Learn, "Azure Blob Storage as an Event Grid source". `cloud_event` turns any of
them into CloudEvents 1.0. The ACS stand-in makes the delivery reports itself.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

type Event = dict[str, Any]

TOPIC = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/scanpost"
    "/providers/Microsoft.Storage/storageAccounts/{account}"
)
_counter = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A blob after something was done to it."""

    endpoint: str
    """Of the blob service, without a last slash."""
    container: str
    name: str
    """Decoded."""
    etag: str
    """As storage sends it."""
    size: int
    content_type: str = "application/octet-stream"
    blob_type: str = "BlockBlob"

    @property
    def subject(self) -> str:
        """What Event Grid calls it; the name is not encoded."""
        return f"/blobServices/default/containers/{self.container}/blobs/{self.name}"

    def url(self, name: str = "") -> str:
        """The address of the blob, or of one beside it."""
        return f"{self.endpoint}/{self.container}/{quote(name or self.name)}"


def blob_created(blob: Written, api: str = "PutBlob", identity: str = "") -> Event:
    """`BlobCreated`; with an identity, the SFTP user, where `api` begins with Sftp."""
    data = {
        "api": api,
        "clientRequestId": str(uuid.uuid4()),
        "requestId": str(uuid.uuid4()),
        "eTag": blob.etag,
        "contentType": blob.content_type,
        "contentLength": blob.size,
        "blobType": blob.blob_type,
        "url": blob.url(),
        **_tail(),
    }
    if identity:
        # SFTP has no client request id, and never says what it is (Learn, samples).
        del data["clientRequestId"]
        data |= {"identity": identity, "contentType": "application/octet-stream"}
    return _event("Microsoft.Storage.BlobCreated", blob, data)


def blob_renamed(
    blob: Written, source: str, api: str = "RenameFile", identity: str = ""
) -> Event:
    """`BlobRenamed` from the name `source` to the blob's; carries no ETag."""
    data = {
        "api": api,
        "clientRequestId": str(uuid.uuid4()),
        "requestId": str(uuid.uuid4()),
        "destinationUrl": blob.url(),
        "sourceUrl": blob.url(source),
        **_tail(),
    }
    if identity:
        data["identity"] = identity
    return _event("Microsoft.Storage.BlobRenamed", blob, data)


def cloud_event(event: Mapping[str, Any]) -> Event:
    """The same in the other schema a subscription can ask for."""
    return {
        "specversion": "1.0",
        "type": event["eventType"],
        "source": event["topic"],
        "subject": event["subject"],
        "id": event["id"],
        "time": event["eventTime"],
        "data": event["data"],
    }


def _event(kind: str, blob: Written, data: Mapping[str, Any]) -> Event:
    account = blob.endpoint.rpartition("/")[2].partition(".")[0]
    return {
        "topic": TOPIC.format(account=account),
        "subject": blob.subject,
        "eventType": kind,
        "id": str(uuid.uuid4()),
        "data": dict(data),
        "dataVersion": "",
        "metadataVersion": "1",
        "eventTime": _now(),
    }


def _tail() -> dict[str, Any]:
    return {
        "sequencer": f"{next(_counter):032x}",
        "storageDiagnostics": {"batchId": str(uuid.uuid4())},
    }


def _now() -> str:
    # Seven digits, as .NET writes them: a reader that takes six only would fail.
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
