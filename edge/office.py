"""Where the agent sends to, and how it signs in: from its configuration.

With a connection string by its key; else by `azure.identity`: what the environment
names (a secret, a certificate), or the machine's managed identity (Azure Arc). Raises
`ConfigError`.
"""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

from shared import settings
from shared.errors import ConfigError
from shared.stores.border import NO_SIGN_IN, DeniedError, StorageError
from shared.stores.endpoints import Endpoints, endpoints
from shared.stores.wire import BlobKey, Call, Token, Wire

from . import clock
from .config import Storage
from .depot import Depot

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_TRUST = "REQUESTS_CA_BUNDLE"
HEARTBEATS = "edge"
"""The container of heartbeats and of `check`; no event comes from there."""
_MEND = (
    "see whether the environment names a secret or a certificate that is still valid, "
    'or the machine has an identity: docs/edge.md, "Signing in"'
)
_AWAY = re.compile(r"Authentication failed: (?!.*AADSTS)")
"""Whoever signs us in was asked, and said nothing: the network, most likely."""


class Identity(Token):
    """A token of an office's machine. Raises DeniedError where none is to be had."""

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:
        """Show the token."""
        try:
            super().sign(call, path, headers)
        except StorageError as exc:
            if exc.hint != NO_SIGN_IN:
                raise
            if _AWAY.search(exc.what):
                hint = "check the network; files wait meanwhile"
                raise StorageError(exc.what, hint=hint) from exc
            raise DeniedError(exc.what, hint=_MEND) from exc


def depots(storage: Storage) -> tuple[Depot, Depot]:
    """Make the containers of scans and of heartbeats ready; nothing is sent yet."""
    trust = os.environ.get(_TRUST, "")
    if storage.connection_string:
        at = _endpoints(storage)
        wire = Wire(at.blob, BlobKey(at.name, at.key), trust)
    else:
        wire = Wire(storage.account_url, Identity(_credential), trust)
    return Depot(wire, storage.container), Depot(wire, HEARTBEATS)


def skew(storage: Storage) -> str:
    """How wrong our clock is, by that of storage; nothing where it is right."""
    url = storage.account_url
    if storage.connection_string:
        url = _endpoints(storage).blob
    return clock.skew(url, os.environ.get(_TRUST, ""))


def _endpoints(storage: Storage) -> Endpoints:
    said = settings.Storage(connection_string=storage.connection_string)
    try:
        return endpoints(said)
    except ValueError as exc:
        raise ConfigError(
            f"SCAN_STORAGE: {exc}", hint="copy the account's connection string whole"
        ) from exc


def _credential() -> TokenCredential:
    # Imported here: with a key nobody needs it.
    from azure.identity import (
        ChainedTokenCredential,
        EnvironmentCredential,
        ManagedIdentityCredential,
    )

    # What it says in many lines stands in our own error, in one.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    return ChainedTokenCredential(EnvironmentCredential(), ManagedIdentityCredential())
