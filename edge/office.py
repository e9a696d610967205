"""Where the agent sends to, and how it signs in: from its configuration.

With a connection string by its key; else by `azure.identity`: what the environment
names (a secret, a certificate), or the machine's managed identity (Azure Arc). Raises
`ConfigError`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from shared import settings
from shared.errors import ConfigError
from shared.stores.endpoints import endpoints
from shared.stores.wire import BlobKey, Token, Wire

from .config import Storage
from .depot import Depot

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

HEARTBEATS = "edge"
"""The container of heartbeats and of `check`; no event comes from there."""


def depots(storage: Storage) -> tuple[Depot, Depot]:
    """Make the containers of scans and of heartbeats ready; nothing is sent yet."""
    trust = os.environ.get("REQUESTS_CA_BUNDLE", "")
    if storage.connection_string:
        said = settings.Storage(connection_string=storage.connection_string)
        try:
            at = endpoints(said)
        except ValueError as exc:
            raise ConfigError(
                f"SCAN_STORAGE: {exc}",
                hint="copy the account's connection string whole",
            ) from exc
        wire = Wire(at.blob, BlobKey(at.name, at.key), trust)
    else:
        wire = Wire(storage.account_url, Token(_credential), trust)
    return Depot(wire, storage.container), Depot(wire, HEARTBEATS)


def _credential() -> TokenCredential:
    # Imported here: with a key nobody needs it.
    from azure.identity import (
        ChainedTokenCredential,
        EnvironmentCredential,
        ManagedIdentityCredential,
    )

    return ChainedTokenCredential(EnvironmentCredential(), ManagedIdentityCredential())
