"""The SDKs' clients, for whatever is rarer than a scan.

Imported when one of them is first needed: most scans need none, and a cold start is
twice as fast without (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests
from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import EntityProperty, TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.blob import LinearRetry as BlobRetry
from azure.storage.queue import LinearRetry as QueueRetry
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy
from requests.adapters import HTTPAdapter

from .border import (
    BACKOFF_SECONDS,
    CONNECT_SECONDS,
    CONNECTIONS,
    PIECE_BYTES,
    READ_SECONDS,
    RETRIES,
)
from .crossing import crossing
from .endpoints import Endpoints


class Sdk:
    """One client per service, and what calling them takes. Thread-safe."""

    UNCHANGED, ABSENT = MatchConditions.IfNotModified, MatchConditions.IfMissing
    ENCODED = TextBase64EncodePolicy()
    """Messages are base64, as the host expects them."""
    crossing = staticmethod(crossing)

    def __init__(self, at: Endpoints, credential: Any) -> None:
        """`credential` is the identity's; with a key in `at` it is not looked at."""
        who = AzureNamedKeyCredential(at.name, at.key) if at.key else credential
        http = _transport()
        # Each package knows its own retry policy only: one second apart, on average.
        waits: dict[str, Any] = {
            "backoff": 1,
            "retry_total": RETRIES - 1,
            "random_jitter_range": 1,
        }
        self.blobs = BlobServiceClient(
            at.blob, who, transport=http, retry_policy=BlobRetry(**waits)
        )
        self.queues = QueueServiceClient(
            at.queue, who, transport=http, retry_policy=QueueRetry(**waits)
        )
        self.tables = TableServiceClient(
            at.table,
            credential=who,
            transport=http,
            retry_total=RETRIES,
            retry_backoff_factor=BACKOFF_SECONDS,
        )

    @staticmethod
    def plain(found: Mapping[str, Any]) -> dict[str, str | int | datetime]:
        """An entity's own columns, without the wrappers of the SDK."""
        return {
            key: value.value if isinstance(value, EntityProperty) else value
            for key, value in found.items()
            if key not in {"PartitionKey", "RowKey"}
        }


def _transport() -> RequestsTransport:
    """One HTTP session for all clients of a worker, with room for its threads."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return RequestsTransport(
        session=session,
        session_owner=False,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        connection_data_block_size=PIECE_BYTES,
    )
