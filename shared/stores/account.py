"""Open the storage account that the settings name: everything made once per worker.

Raises `ConfigError` where what is written there cannot be an account.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.errors import ConfigError

from .blobs import Blobs
from .endpoints import Endpoints, endpoints
from .queues import Queues
from .tables import Table
from .wire import BlobKey, Signer, TableKey, Token, Wire

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from shared.settings import Storage

    from .sdk import Sdk

LEDGER = "ledger"
_CLI_SECONDS = 20
"""`az` takes some seconds on a slow machine; longer means that it hangs."""

type Identity = Callable[[str], TokenCredential]
"""Who signs in where there is no key; given the client id of a managed identity."""


@dataclass(frozen=True, slots=True)
class Account:
    """The three services of the account, as the path uses them."""

    blobs: Blobs
    queues: Queues
    ledger: Table


def managed_identity(client_id: str) -> TokenCredential:
    """Sign in as the functions do. Imported when needed: see `sdk`."""
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=client_id or None)


def operator_identity(client_id: str) -> TokenCredential:
    """Sign in as whoever works here (`az login`), else as the managed identity."""
    from azure.identity import AzureCliCredential, ChainedTokenCredential

    return ChainedTokenCredential(
        AzureCliCredential(process_timeout=_CLI_SECONDS), managed_identity(client_id)
    )


def connect(storage: Storage, identity: Identity = managed_identity) -> Account:
    """Make it ready; nothing is sent yet."""
    try:
        at = endpoints(storage)
        signers = _signers(at)
    except ValueError as exc:
        raise ConfigError(
            f"SCAN_STORAGE: {exc}", hint="copy the account's connection string whole"
        ) from exc
    who = _Once(lambda: identity(storage.client_id))
    blob_signer, table_signer = signers or (Token(who), Token(who))
    sdk = _Once(lambda: _sdk(at, None if at.key else who()))
    return Account(
        Blobs(Wire(at.blob, blob_signer, storage.trust), sdk),
        Queues(sdk),
        Table(LEDGER, Wire(at.table, table_signer, storage.trust), sdk),
    )


def _signers(at: Endpoints) -> tuple[Signer, Signer] | None:
    if not at.key:
        return None
    return BlobKey(at.name, at.key), TableKey(at.name, at.key)


class _Once[T]:
    """Makes something when it is first needed, and keeps it. Thread-safe."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: list[T] = []
        self._lock = threading.Lock()

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


def _sdk(at: Endpoints, who: TokenCredential | None) -> Sdk:
    # Imported when it is first needed: see `sdk`.
    from .sdk import Sdk

    return Sdk(at, who)
