"""The only reader of the environment.

In: the process environment. Out: `Settings`, frozen, and the values that each
transport's own `Config` is filled from. Raises `ConfigError` with every fault at once.
Operators rely on the names; a test holds them against docs/settings.md.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from . import transports
from .address import AddressError, parse_address, parse_domain
from .errors import ConfigError
from .transports.base import Quota, Unit

_DURATION = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([smhd]?)\s*", re.ASCII)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_QUOTA = re.compile(r"(\d{1,9})\s*(mails|recipients)?\s*/\s*(min|h|day)", re.ASCII)
_SPANS = {"min": "minutes", "h": "hours", "day": "days"}
_EXAMPLE = "acs=100/min,1000/h; exo=30/min,10000 recipients/day; smtp=none"
_FIRST_WAITS = 3
_LONGEST = 3650.0 * 86400.0


class SettingError(ValueError):
    """One setting is wrong; says what to put there."""


def _duration(unit: str) -> Callable[[str], timedelta]:
    """Read a time in `unit`; decimals, and another unit's letter behind the number."""

    def parse(text: str) -> timedelta:
        match = _DURATION.fullmatch(text)
        seconds = float(match[1]) * _UNITS[match[2] or unit] if match else math.nan
        if not seconds <= _LONGEST:
            raise SettingError(
                f"{text!r} is no time: write a number, such as 90 or 1.5"
            )
        return timedelta(seconds=seconds)

    return parse


_seconds, _hours, _days = _duration("s"), _duration("h"), _duration("d")


def _seconds_or_none(text: str) -> timedelta | None:
    return _seconds(text) if text else None


def _lease(text: str) -> timedelta:
    if not (lease := _seconds(text)):
        raise SettingError("0 leaves no time to send anything: write at least 1")
    return lease


def _several_seconds(text: str) -> tuple[timedelta, ...]:
    return tuple(_seconds(each) for each in text.split(","))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in (each.strip() for each in text.split(",")) if word)


def _domains(text: str) -> frozenset[str]:
    try:
        return frozenset(parse_domain(word) for word in _words(text))
    except AddressError as exc:
        raise SettingError(f"{exc}: write domains such as contoso.com") from exc


def _transports(text: str) -> tuple[str, ...]:
    names = _words(text.lower())
    if names in {(), ("none",)}:
        return ()
    known = transports.registered()
    for name in names:
        if name not in known:
            raise SettingError(f"{name!r} is no transport: {', '.join(known)}, or none")
    return tuple(dict.fromkeys(names))


def _quotas(text: str) -> Mapping[str, tuple[Quota, ...]]:
    """Read `acs=100/min,1000/h; exo=none`: by transport, instead of its own."""
    out: dict[str, tuple[Quota, ...]] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, equals, words = part.partition("=")
        known = _transports(name)
        if len(known) != 1 or not equals:
            raise SettingError(f"{part!r}: write TRANSPORT=QUOTAS, such as {_EXAMPLE}")
        none = words.strip().lower() == "none"
        quotas = () if none else tuple(_quota(each) for each in words.split(","))
        spans = {(each.unit, each.per) for each in quotas}
        if known[0] in out or len(spans) < len(quotas):
            raise SettingError(f"{part!r}: said twice; write such as {_EXAMPLE}")
        out[known[0]] = quotas
    return out


def _quota(text: str) -> Quota:
    match = _QUOTA.fullmatch(text.strip().lower())
    if match is None or not int(match[1]):
        raise SettingError(f"{text.strip()!r} is no quota: write such as {_EXAMPLE}")
    span = timedelta(**{_SPANS[match[3]]: 1})
    return Quota(int(match[1]), span, Unit(match[2] or Unit.MAILS))


def _mailbox(text: str) -> str:
    try:
        return parse_address(text.strip()) if text.strip() else ""
    except AddressError as exc:
        raise SettingError(f"{exc}: write one address") from exc


def _after_send(text: str) -> str:
    if text.strip().lower() not in {"delete", "keep"}:
        raise SettingError(f"{text!r}: write delete or keep")
    return text.strip().lower()


def _schedule(text: str) -> str:
    fields_of_cron = 6
    if len(text.split()) != fields_of_cron:
        raise SettingError(f"{text!r}: write six fields, such as 0 */5 * * * *")
    return text


def _setting[T](parse: Callable[[str], T], default: str) -> Any:
    return field(metadata={"parse": parse, "default": default})


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Where the storage account is, and how to sign in to it."""

    connection_string: str = ""
    blob_uri: str = ""
    queue_uri: str = ""
    table_uri: str = ""
    client_id: str = ""
    """Of the user-assigned identity; empty: the system-assigned one."""
    trust: str = ""
    """A bundle of certificate authorities to trust beside the platform's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the core needs to know; field names are setting names in lower case."""

    internal_domains: frozenset[str] = _setting(_domains, "")
    internal_transport: tuple[str, ...] = _setting(_transports, "hve")
    external_transport: tuple[str, ...] = _setting(_transports, "")
    after_send: str = _setting(_after_send, "delete")
    give_up_after_hours: timedelta = _setting(_hours, "48")
    ops_mailbox: str = _setting(_mailbox, "")
    ledger_days: timedelta = _setting(_days, "90")
    sweep_schedule: str = _setting(_schedule, "0 */5 * * * *")
    sweep_after_seconds: timedelta = _setting(_seconds, "600")
    lease_seconds: timedelta = _setting(_lease, "600")
    leftover_seconds: timedelta = _setting(_seconds, "86400")
    retry_seconds: tuple[timedelta, ...] = _setting(
        _several_seconds, "30,60,120,300,600,1800,3600"
    )
    incomplete_seconds: tuple[timedelta, ...] = _setting(
        _several_seconds, "30,120,600,1800"
    )
    failover_after_seconds: timedelta | None = _setting(_seconds_or_none, "")
    quotas: Mapping[str, tuple[Quota, ...]] = _setting(_quotas, "")
    """By transport, instead of what it declares."""
    storage: Storage = field(metadata={})
    """From SCAN_STORAGE, or its `__` names."""
    source: Mapping[str, str] = field(metadata={}, repr=False)
    """The whole environment, for the transports' own `Config`s; may hold secrets."""

    @property
    def failover_after(self) -> timedelta:
        """How long a peer is out of reach before the next transport takes over."""
        if self.failover_after_seconds is not None:
            return self.failover_after_seconds
        return sum(self.retry_seconds[:_FIRST_WAITS], timedelta(0))

    @property
    def margin(self) -> timedelta:
        """How long before a lease's end nothing is completed any more."""
        return min(self.lease_seconds / 10, timedelta(seconds=60))


def names() -> tuple[str, ...]:
    """Every setting of the core, as it is spelt in the environment."""
    own = [each.name.upper() for each in fields(Settings) if each.metadata]
    return ("SCAN_STORAGE", *own)


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment once. Raises ConfigError, naming every wrong setting."""
    env = dict(os.environ if environ is None else environ)
    if not env.get("EXTERNAL_TRANSPORT", "").strip():
        has_acs = env.get("ACS_ENDPOINT") or env.get("ACS_CONNECTION_STRING")
        env["EXTERNAL_TRANSPORT"] = "acs" if has_acs else "none"
    values: dict[str, Any] = {"source": env}
    faults: list[str] = []
    for each in fields(Settings):
        if each.metadata:
            name = each.name.upper()
            text = env.get(name, "").strip() or each.metadata["default"]
            try:
                values[each.name] = each.metadata["parse"](text)
            except SettingError as exc:
                faults.append(f"{name}: {exc}")
    try:
        values["storage"] = _storage(env)
    except SettingError as exc:
        faults.append(str(exc))
    if faults:
        raise ConfigError("; ".join(faults), hint="see docs/settings.md")
    return Settings(**values)


def _storage(env: Mapping[str, str]) -> Storage:
    trust = env.get("REQUESTS_CA_BUNDLE", "")
    if text := env.get("SCAN_STORAGE", ""):
        return Storage(connection_string=text, trust=trust)
    uris = [
        env.get(f"SCAN_STORAGE__{service}ServiceUri", "")
        for service in ("blob", "queue", "table")
    ]
    if not all(uris):
        raise SettingError(
            "SCAN_STORAGE: write a connection string, or set "
            "SCAN_STORAGE__blobServiceUri, SCAN_STORAGE__queueServiceUri and "
            "SCAN_STORAGE__tableServiceUri"
        )
    client_id = env.get("SCAN_STORAGE__clientId", "") or env.get("AZURE_CLIENT_ID", "")
    return Storage(
        blob_uri=uris[0],
        queue_uri=uris[1],
        table_uri=uris[2],
        client_id=client_id,
        trust=trust,
    )
