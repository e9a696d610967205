"""A binding's `connection` -> a client for its queues. The host's border to storage.

A name stands for a connection string, or for the prefix of settings that say where the
service is and who signs in. Raises `AppError` where neither is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.queue import LinearRetry, QueueServiceClient
from requests.adapters import HTTPAdapter

from local.host.config import AppError

HOST_PREFIX = "AzureWebJobs"
THREADS = 64


def queue_service(connection: str, environ: Mapping[str, str]) -> QueueServiceClient:
    """Open the queues of a connection, as the host resolves it."""
    # `connection="Storage"` means AzureWebJobsStorage before it means Storage.
    for name in (HOST_PREFIX + connection, connection):
        if text := environ.get(name):
            return QueueServiceClient.from_connection_string(text, **_options())
        if address := environ.get(f"{name}__queueServiceUri"):
            # Imported here: most apps on one machine start sooner without it.
            from azure.identity import ManagedIdentityCredential

            client_id = environ.get(f"{name}__clientId") or None
            who = ManagedIdentityCredential(client_id=client_id)
            return QueueServiceClient(address, credential=who, **_options())
    raise AppError(
        f"the connection {connection} is not set: write {connection} or "
        f"{connection}__queueServiceUri"
    )


def _options() -> dict[str, Any]:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=THREADS))
    return {
        "transport": RequestsTransport(session=session, session_owner=False),
        # The listener has its own patience: a message it cannot delete comes again.
        # The SDK's is 83 s long where nobody listens.
        "retry_policy": LinearRetry(backoff=0, retry_total=2, random_jitter_range=0),
    }
