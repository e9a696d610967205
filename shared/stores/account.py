"""Open the storage account that the settings name: clients made once per worker.

Raises `ConfigError` where what is written there cannot be an account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.blob import LinearRetry as BlobRetry
from azure.storage.queue import LinearRetry as QueueRetry
from azure.storage.queue import QueueServiceClient

from shared.errors import ConfigError

from .blobs import Blobs
from .border import BACKOFF_SECONDS, RETRIES, transport
from .queues import Queues
from .tables import Table
from .wire import BlobKey, Signer, TableKey, Token, Wire

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
    try:
        return _connected(storage)
    except ValueError as exc:
        raise ConfigError(
            f"SCAN_STORAGE: {exc}", hint="copy the account's connection string whole"
        ) from exc


def _connected(storage: Storage) -> Account:
    http = transport()
    # Each package knows its own retry policy only: one second apart, on average.
    waits: dict[str, Any] = {
        "backoff": 1,
        "retry_total": RETRIES - 1,
        "random_jitter_range": 1,
    }
    blob = {"transport": http, "retry_policy": BlobRetry(**waits)}
    queue = {"transport": http, "retry_policy": QueueRetry(**waits)}
    table = {
        "transport": http,
        "retry_total": RETRIES,
        "retry_backoff_factor": BACKOFF_SECONDS,
    }
    if text := storage.connection_string:
        blobs = BlobServiceClient.from_connection_string(text, **blob)
        queues = QueueServiceClient.from_connection_string(text, **queue)
        tables = TableServiceClient.from_connection_string(text, **table)
        name, key = named_key(text)
        signers: tuple[Signer, Signer] = BlobKey(name, key), TableKey(name, key)
    else:
        who = _identity(storage.client_id)
        blobs = BlobServiceClient(storage.blob_uri, credential=who, **blob)
        queues = QueueServiceClient(storage.queue_uri, credential=who, **queue)
        tables = TableServiceClient(storage.table_uri, credential=who, **table)
        token = Token(who)
        signers = token, token
    ledger = tables.get_table_client(LEDGER)
    return Account(
        Blobs(blobs, Wire(blobs.url, signers[0], storage.trust)),
        Queues(queues),
        Table(ledger, Wire(tables.url, signers[1], storage.trust)),
    )


def named_key(text: str) -> tuple[str, str]:
    """Take name and key out of a connection string. Raises ValueError."""
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    folded = {name.strip().lower(): value.strip() for name, value in parts.items()}
    name, key = folded.get("accountname", ""), folded.get("accountkey", "")
    if not name or not key:
        raise ValueError("it has no AccountName or no AccountKey")
    return name, key


def _identity(client_id: str) -> TokenCredential:
    # Imported here: a cold start with a connection string need not pay for it.
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id or None)
