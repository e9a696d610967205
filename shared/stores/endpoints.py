"""Where an account's services are, and with which key: out of its connection string.

As the SDKs read it, so that a string which works there works here (Learn, "Configure
Azure Storage connection strings"). Pure; raises ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.settings import Storage

_SUFFIX = "core.windows.net"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Addresses without a slash at their end."""

    blob: str
    queue: str
    table: str
    name: str = ""
    key: str = ""
    """In base64; name and key are empty where an identity signs in."""


def endpoints(storage: Storage) -> Endpoints:
    """Read the settings. Raises ValueError where they name no account."""
    if not storage.connection_string:
        return Endpoints(
            blob=_address(storage.blob_uri),
            queue=_address(storage.queue_uri),
            table=_address(storage.table_uri),
        )
    parts = _parts(storage.connection_string)
    name, key = parts.get("accountname", ""), parts.get("accountkey", "")
    if "usedevelopmentstorage" in parts:
        raise ValueError("UseDevelopmentStorage names no account: write Azurite's own")
    if not name or not key:
        raise ValueError("it has no AccountName or no AccountKey")
    protocol = parts.get("defaultendpointsprotocol", "https")
    suffix = parts.get("endpointsuffix", _SUFFIX)
    blob, queue, table = (
        _address(parts.get(f"{each}endpoint", f"{protocol}://{name}.{each}.{suffix}"))
        for each in ("blob", "queue", "table")
    )
    return Endpoints(blob=blob, queue=queue, table=table, name=name, key=key)


def _parts(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise ValueError(f"{text!r} is not the address of a service")
    return text.rstrip("/")
