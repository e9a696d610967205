"""Services and sign-ins whose end is announced, where one of them is in use.

In: the names of the transports and their settings. Out: what ends, when, and what to
do. Pure. The dates are those of docs/transports.md; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

WARNING = timedelta(days=180)
"""How long before the end it is told."""

type Source = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that will not work any more from a day on."""

    transport: str
    on: date
    what: str
    instead: str
    is_used: Callable[[Source], bool]


def _always(_: Source) -> bool:
    return True


def _by_password(name: str) -> Callable[[Source], bool]:
    return lambda source: bool(source.get(f"{name}_PASSWORD", "").strip())


def _at(*hosts: str) -> Callable[[Source], bool]:
    def is_there(source: Source) -> bool:
        host = source.get("SMTP_HOST", "").strip().lower().rstrip(".")
        has_password = bool(source.get("SMTP_PASSWORD", "").strip())
        return has_password and host.endswith(hosts)

    return is_there


def _acs_preset(source: Source) -> bool:
    preset = source.get("SMTP_PRESET", "").strip().lower()
    return preset == "acs" or _at("smtp.azurecomm.net")(source)


ENDINGS = (
    # Microsoft Learn, "Azure Communication Services retirement" (September 2026).
    Ending(
        "acs",
        date(2028, 9, 30),
        "ACS Email is retired",
        "set EXTERNAL_TRANSPORT to exo, graph, relay or smtp",
        _always,
    ),
    Ending(
        "smtp",
        date(2028, 9, 30),
        "ACS Email is retired, its SMTP too",
        "set EXTERNAL_TRANSPORT to exo, graph or relay, or SMTP_PRESET to another",
        _acs_preset,
    ),
    # Exchange Team, on High Volume Email and basic authentication.
    Ending(
        "hve",
        date(2028, 9, 1),
        "HVE takes no password any more",
        "take HVE_PASSWORD away and set MAIL_TENANT_ID and MAIL_CLIENT_ID",
        _by_password("HVE"),
    ),
    # Exchange Team Blog, 27 January 2026: off by default in tenants that exist.
    Ending(
        "smtp",
        date(2026, 12, 31),
        "Exchange Online takes no password for SMTP AUTH any more, unless an "
        "administrator turns it on again",
        "use exo, which signs in by a token",
        _at(".office365.com", ".office365.us", "smtp.partner.outlook.cn"),
    ),
)


def endings(names: Iterable[str], source: Source) -> Iterator[Ending]:
    """What ends of that which is in use, however far away."""
    used = set(names)
    for each in ENDINGS:
        if each.transport in used and each.is_used(source):
            yield each


def warning(ending: Ending, now: datetime) -> str:
    """What to tell an operator now; empty: it is too far away."""
    if ending.on - now.date() > WARNING:
        return ""
    left = (ending.on - now.date()).days
    when = f"in {left} days" if left > 0 else "by now"
    return f"from {ending.on} on ({when}) {ending.what}: {ending.instead}"
