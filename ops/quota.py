"""`scanpost quota`: what each sender has used and left, and when its queue ends."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ops import desk
from shared.allowance import Allowance, said
from shared.model import UNFINISHED, Mail
from shared.traffic import lane_of
from shared.works import Works

NAME = "quota"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one sender of one transport stands."""

    transport: str
    sender: str
    allowance: Allowance
    waiting: int
    """Mails."""
    empty_at: datetime | None
    """When the last of them will have gone, as far as quotas say; None: none waits."""

    def document(self, now: datetime) -> dict[str, Any]:
        """As JSON."""
        quotas = zip(self.allowance.quotas, self.allowance.spent(now), strict=True)
        return {
            "transport": self.transport,
            "sender": self.sender,
            "quotas": [
                {"quota": said(quota), "used": used, "left": max(0, quota.most - used)}
                for quota, used in quotas
            ],
            "waiting": self.waiting,
            "empty_at": self.empty_at.isoformat() if self.empty_at else None,
        }


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="show what is used and left of each transport's quotas",
        description="Shows for each transport and sender what was used of its quotas, "
        "what is left, how many mails wait, and when the queue will be empty.",
    )
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Print how every transport stands."""
    works = desk.works()
    now = works.clock()
    documents = [each.document(now) for each in standings(works, now)]
    if words.json:
        desk.print_json(documents)
        return 0
    for line in _lines(documents):
        print(desk.shown(line))
    return 0


def _lines(documents: Iterable[dict[str, Any]]) -> Iterator[str]:
    for each in documents:
        yield f"{each['transport']} as {each['sender']}"
        for quota in each["quotas"]:
            words = f"{quota['used']} used, {quota['left']} left"
            yield f"  {quota['quota']}: {words}"
        if not each["quotas"]:
            yield "  no quota"
        until = f", the last until {each['empty_at']}" if each["empty_at"] else ""
        yield f"  {each['waiting']} mails wait{until}"


def standings(works: Works, now: datetime) -> list[Standing]:
    """Read the bucket and the ledger; nothing is written."""
    traffic = works.traffic
    rows = [row for row in works.ledger.unsent() if row.state in UNFINISHED]
    pending = [mail for row in rows for mail in row.pending()]
    out = []
    for transport in works.transports.values():
        quotas = traffic.quotas_of(transport.name)
        for sender in transport.senders:
            lane = lane_of(transport, sender)
            mails = [m for m in pending if m.transport == transport.name]
            if len(transport.senders) > 1:
                mails = [mail for mail in mails if mail.sender == sender]
            allowance = Allowance(())
            if quotas:
                allowance = works.bucket.look(lane, quotas)
            empty_at = _empty_at(allowance, mails, now)
            out.append(
                Standing(transport.name, sender, allowance, len(mails), empty_at)
            )
    return out


def _empty_at(
    allowance: Allowance, mails: Iterable[Mail], now: datetime
) -> datetime | None:
    """When the last one goes: at its own turn, or at the next that will be free."""
    last = None
    for mail in sorted(mails, key=lambda each: each.after or now):
        at = max(mail.after or now, now)
        if allowance.quotas and not mail.booked:
            token, allowance = allowance.place(len(mail.recipients), at)
            at = token.at
        last = max(last or at, at)
    return last
