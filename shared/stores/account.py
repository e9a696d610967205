"""Open the storage account that the settings name: clients made once per worker.

Raises `ConfigError` where what is written there cannot be an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import azure.storage.blob
import azure.storage.queue
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from shared.errors import ConfigError

from .blobs import Blobs
from .border import BACKOFF_SECONDS, RETRIES, transport
from .queues import Queues
from .tables import Table

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from shared.settings import Storage

LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Account:
    """The three services of the account, as the path uses them."""

    blobs: Blobs
    queues: Queues
    ledger: Table


def connect(storage: Storage) -> Account:
    """Make the clients; nothing is sent yet."""
    http = transport()
    # Each package knows its own retry policy only: one second apart, on average.
    waits = {"backoff": 1, "retry_total": RETRIES - 1, "random_jitter_range": 1}
    given = (
        {"transport": http, "retry_policy": azure.storage.blob.LinearRetry(**waits)},
        {"transport": http, "retry_policy": azure.storage.queue.LinearRetry(**waits)},
    )
    tables = {
        "transport": http,
        "retry_total": RETRIES,
        "retry_backoff_factor": BACKOFF_SECONDS,
    }
    try:
        blobs, queues, table = _clients(storage, given, tables)
    except ValueError as exc:
        raise ConfigError(
            f"SCAN_STORAGE: {exc}", hint="copy the account's connection string whole"
        ) from exc
    return Account(
        Blobs(blobs, http), Queues(queues), Table(table.get_table_client(LEDGER))
    )


def _clients(
    storage: Storage, given: tuple[dict[str, Any], ...], tables: dict[str, Any]
) -> tuple[BlobServiceClient, QueueServiceClient, TableServiceClient]:
    if text := storage.connection_string:
        return (
            BlobServiceClient.from_connection_string(text, **given[0]),
            QueueServiceClient.from_connection_string(text, **given[1]),
            TableServiceClient.from_connection_string(text, **tables),
        )
    who = _identity(storage.client_id)
    return (
        BlobServiceClient(storage.blob_uri, credential=who, **given[0]),
        QueueServiceClient(storage.queue_uri, credential=who, **given[1]),
        TableServiceClient(storage.table_uri, credential=who, **tables),
    )


def _identity(client_id: str) -> TokenCredential:
    # Imported here: a cold start with a connection string need not pay for it.
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id or None)
