"""The ways out of a campaign: two for either side, and what each may carry at most.

Each has a sender of its own, so that the judge can tell by which a mail came. A lane is
what has one quota: a way with one of its senders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from local.tenant import ACS_SENDER, DOMAIN, HVE_SENDER, MAIL_HOST

EXO_SENDERS = (f"copier-1@{DOMAIN}", f"copier-2@{DOMAIN}")
SMTP_SENDER, SMTP_PASSWORD = f"scans@post.{DOMAIN}", "a password"
SENDERS: Mapping[str, tuple[str, ...]] = {
    "hve": (HVE_SENDER,),
    "exo": EXO_SENDERS,
    "acs": (ACS_SENDER,),
    "smtp": (SMTP_SENDER,),
}
"""Way -> whom its mails come from."""
INSIDE, OUTSIDE = ("hve", "exo"), ("acs", "smtp")
"""In order: the second is for when the first is closed."""
MATES: Mapping[str, str] = {
    way: mate
    for first, second in (INSIDE, OUTSIDE)
    for way, mate in ((first, second), (second, first))
}
CONNECTIONS: Mapping[str, int] = dict.fromkeys(EXO_SENDERS, 3)
"""Sender -> at once, as Exchange Online counts them (Learn, "SMTP submission")."""
FAILOVER_AFTER_SECONDS = 2.0
SETTINGS: Mapping[str, str] = {
    "INTERNAL_TRANSPORT": ",".join(INSIDE),
    "EXTERNAL_TRANSPORT": ",".join(OUTSIDE),
    "FAILOVER_AFTER_SECONDS": str(FAILOVER_AFTER_SECONDS),
    "EXO_SENDER": ",".join(EXO_SENDERS),
    "EXO_HOST": MAIL_HOST,
    "SMTP_HOST": MAIL_HOST,
    "SMTP_SENDER": SMTP_SENDER,
    "SMTP_USER": SMTP_SENDER,
    "SMTP_PASSWORD": SMTP_PASSWORD,
}
_SCAN = r"<(\d{8}-[0-9a-f]{20})\.(\d+)(?:\.(\d+))?@%s>"
_IDS = {
    way: re.compile(_SCAN % re.escape(senders[0].partition("@")[2]))
    for way, senders in SENDERS.items()
}


def key_of(way: str, message_id: str) -> tuple[str, int, int] | None:
    """Scan, n and g of a Message-ID; None where no scan's mail has it by this way."""
    found = _IDS[way].fullmatch(message_id)
    return (found[1], int(found[2]), int(found[3] or 0)) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The moment a peer was asked to take a mail, accepted or not."""

    way: str
    sender: str
    when: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A connection that was signed in, as the peer saw it."""

    way: str
    sender: str
    start: float
    end: float
