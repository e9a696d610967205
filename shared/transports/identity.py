"""The managed identity of the app: the only user of `azure.identity`.

`credential` is asked through IDENTITY_ENDPOINT, as App Service gives it. What it raises
crosses at `crossing`: `AuthRefusedError`, `UnreachableError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, ClientAuthenticationError

from shared.errors import AuthRefusedError, UnreachableError

from .base import Patience

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential

_WORDS_LIMIT = 300


def credential(client_id: str, patience: Patience) -> ManagedIdentityCredential:
    """Make the credential of a user-assigned identity; empty: the app's own."""
    # Imported here: whoever signs in with a secret or a key need not pay for it.
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(
        client_id=client_id or None,
        # Its own ten retries would sleep inside the function.
        retry_total=0,
        connection_timeout=patience.connect_seconds,
        read_timeout=patience.reply_seconds,
    )


@contextmanager
def crossing() -> Iterator[None]:
    """Turn what azure.identity raises into our answers."""
    try:
        yield
    except ClientAuthenticationError as exc:
        raise AuthRefusedError(
            f"managed identity: {first_line(exc)}",
            hint="assign the identity to the app, and set AZURE_CLIENT_ID to its id",
        ) from exc
    except AzureError as exc:
        raise UnreachableError(f"managed identity: {first_line(exc)}") from exc


def first_line(exc: AzureError) -> str:
    """What an exception of azure.core says, in one line."""
    lines = str(exc.message or "").split("\n")
    return lines[0].strip()[:_WORDS_LIMIT] or type(exc).__name__
