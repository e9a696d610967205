"""Settings -> a transport's own `Config`, by field name.

A `Config` is a frozen dataclass whose fields are setting names in lower case, each made
by `setting`. Raises `ConfigError` with every fault at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.address import parse_address, parse_domain
from shared.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LAST_PORT = 65535


def text(value: str) -> str:
    """Take it as it is."""
    return value


def port(value: str) -> int:
    """Read a TCP port. Raises ValueError."""
    if not value.isascii() or not value.isdigit() or not 0 < int(value) <= LAST_PORT:
        raise ValueError(f"{value!r} is no port")
    return int(value)


def mailbox(value: str) -> str:
    """Read a bare address. Raises ValueError."""
    return parse_address(value)


def domains(value: str) -> frozenset[str]:
    """Read domains, comma-separated. Raises ValueError."""
    return frozenset(parse_domain(each.strip()) for each in value.split(",") if each)


def web_address(value: str) -> str:
    """Read an http(s) address, without its last slash. Raises ValueError."""
    parts = urlsplit(value if "//" in value else f"https://{value}")
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError(f"{value!r} is no web address")
    return parts.geturl().rstrip("/")


def tls_address(value: str) -> str:
    """Read an https address: no token goes out in the clear. Raises ValueError."""
    url = web_address(value)
    if not url.startswith("https://"):
        raise ValueError(f"{value!r} does not begin with https://")
    return url


def one_of(*words: str) -> Callable[[str], str]:
    """Make a parser that takes one of these words, letter case aside."""

    def parse(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return value.lower()

    return parse


def setting(
    write: str,
    parse: Callable[[str], object] = text,
    *,
    default: Any = MISSING,
    secret: bool = False,
) -> Any:
    """Declare a field; `write` tells the operator what belongs there.

    Without a default it must be set. A secret never shows in a `repr`.
    """
    metadata = {"parse": parse, "write": write}
    if default is MISSING:
        return field(metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


def fill[C: DataclassInstance](kind: type[C], source: Mapping[str, str]) -> C:
    """Fill a `Config` from settings; empty counts as not set. Raises ConfigError."""
    values: dict[str, object] = {}
    faults: list[str] = []
    for each in fields(kind):
        name = each.name.upper()
        value = source.get(name, "").strip()
        if not value:
            if each.default is MISSING:
                faults.append(f"{name} is not set: write {each.metadata['write']}")
            continue
        try:
            values[each.name] = each.metadata["parse"](value)
        except ValueError as exc:
            faults.append(f"{name}: {exc}: write {each.metadata['write']}")
    if faults:
        raise ConfigError("; ".join(faults))
    return kind(**values)
