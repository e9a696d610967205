"""Rows, mails and events as the tests need them, made in one place."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from shared.model import Mail, State
from shared.row import Row

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCAN_ID = "20261121-0123456789abcdef0123"


def a_mail(**changes: Any) -> Mail:
    """A mail to one person inside."""
    values: dict[str, Any] = {
        "n": 0,
        "transport": "hve",
        "sender": "scans@contoso.com",
        "from_name": "2nd floor copier",
        "to": ("office@contoso.com",),
        "subject": "Scan from 2nd floor copier",
        "attachment": "scan.pdf",
        "device_name": "2nd floor copier",
    }
    return Mail(**values | changes)


def a_row(**changes: Any) -> Row:
    """A scan of a PDF, received at noon, still to be sent."""
    values: dict[str, Any] = {
        "scan_id": SCAN_ID,
        "state": State.SENDING,
        "path": "mfp-2f/scan.pdf",
        "received": NOON,
        "size": 2_345_678,
        "type": "pdf",
        "device": "mfp-2f",
        "container": "scans",
        "name": "mfp-2f/scan.pdf",
        "etag": "0x8DE28F5A1B2C3D4",
        "updated": NOON,
        "lease_until": datetime(2026, 11, 21, 12, 10, tzinfo=UTC),
        "plan": (a_mail(),),
    }
    return Row(**values | changes)


def an_event(name: str = "mfp-2f/scan.pdf", **data: Any) -> dict[str, Any]:
    """A BlobCreated event in the Event Grid schema, as storage sends it."""
    url = f"https://stscans.blob.core.windows.net/scans/{name}"
    return {
        "topic": "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/"
        "storageAccounts/stscans",
        "subject": f"/blobServices/default/containers/scans/blobs/{name}",
        "eventType": "Microsoft.Storage.BlobCreated",
        "id": "831e1650-001e-001b-66ab-eeb76e069631",
        "data": {
            "api": "PutBlob",
            "eTag": "0x8DE28F5A1B2C3D4",
            "contentType": "application/pdf",
            "contentLength": 524288,
            "blobType": "BlockBlob",
            "url": url,
            "sequencer": "00000000000004420000000000028963",
            **data,
        },
        "dataVersion": "",
        "metadataVersion": "1",
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}7Z",
    }


def text(event: object) -> str:
    """An event as the queue message's text."""
    return json.dumps(event)
