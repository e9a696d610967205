"""Where an account's services are, and with which key: out of its connection string.

As the SDKs read it, so that a string which works there works here (Learn, "Configure
Azure Storage connection strings"). Pure; raises ValueError.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from shared.settings import Storage

_SUFFIX = "core.windows.net"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


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
    if not (name.isascii() and name.isprintable()):
        raise ValueError("its AccountName has characters that no account's name has")
    if not _is_key(key):
        raise ValueError("its AccountKey is cut short, or not as it was copied")
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


def _is_key(text: str) -> bool:
    """Whether it can be read; without a look at its letters, b64decode skips some."""
    try:
        return bool(_BASE64.fullmatch(text) and base64.b64decode(text))
    except ValueError:
        return False


def _address(text: str) -> str:
    parts = address(text)
    if not parts or parts.query:
        raise ValueError(f"{text!r} is not the address of a service")
    return text.rstrip("/")


def address(text: str) -> SplitResult | None:
    """Take an address apart; None where nobody could be asked there."""
    try:
        parts = urlsplit(text)
        is_known = parts.scheme in {"http", "https"} and bool(parts.hostname)
        # Asked for its port, it says what is wrong with that.
        is_known = is_known and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return None
    # Blanks and line ends are left out above; in a request they would stand.
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return parts if is_known and is_plain else None
