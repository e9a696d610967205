"""A person is told: what is held, from which devices, what it means and what to do.

`OPS_MAILBOX` gets at most one mail per reason and hour. In: the rows the sweep has at
hand. Raises `StorageError`; a mail that cannot be sent is told of in the next round.
"""

from __future__ import annotations

import html
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from .address import domain_of
from .errors import (
    ForwardError,
    ReplacedError,
    TransientError,
    UnconfirmedError,
)
from .journal import note, warn
from .model import Message, Reason, State
from .plain import plain
from .row import Row
from .rulebook import RoutesBrokenError
from .stores.border import ConflictError
from .stores.tables import Entity, Table
from .works import Works

PARTITION = "notice"
EVERY = timedelta(hours=1)
IDS_SHOWN, DEVICES_SHOWN = 50, 20
NAME_LIMIT = 128
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def reasons() -> Mapping[str, Mapping[str, Any]]:
    """Read what each reason means, by language (reasons.toml)."""
    with Path(__file__).with_name("reasons.toml").open("rb") as file:
        return tomllib.load(file)


class Nothing:
    """A notice has no attachment."""

    size = 0

    def pieces(self) -> Iterator[bytes]:
        """Yield no bytes."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Told:
    """What was last told of a reason."""

    when: datetime
    read: datetime
    """When the rows had been read: what was held since is news."""
    etag: str


def tell_people(works: Works, rows: Iterable[Row], read: datetime) -> int:
    """Send the notices that are due; `read` is when the rows were. Returns how many."""
    if not works.settings.ops_mailbox:
        return 0
    held: dict[Reason, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row.received, row.updated)):
        if row.state is State.HELD and row.reason:
            held.setdefault(row.reason, []).append(row)
    return sum(_tell(works, reason, group, read) for reason, group in held.items())


def _tell(works: Works, reason: Reason, rows: Sequence[Row], read: datetime) -> int:
    """Send one notice if there is news and the hour is over; 1 if it went out."""
    table, now = works.account.ledger, works.clock()
    told = _told(table, reason)
    fresh = [row for row in rows if row.updated > told.read]
    if not fresh or now - told.when < EVERY:
        return 0
    # Written before it is sent: two sweeps at once must not both send it.
    claimed = _mark(table, reason, replace(told, when=now, read=read))
    if claimed is None:
        return 0
    try:
        _send(works, reason, fresh)
    except UnconfirmedError as exc:
        # It may be there. One too few is better than one with every sweep.
        warn("notice-unconfirmed", {"reason": reason.value, "why": exc.what})
        return 0
    except ForwardError as exc:
        warn("notice-failed", {"reason": reason.value, "why": exc.what})
        _mark(table, reason, replace(told, etag=claimed))
        return 0
    note("notice", {"reason": reason.value, "scans": len(fresh)})
    return 1


def _told(table: Table, reason: Reason) -> Told:
    entity = table.find(PARTITION, reason.value)
    if entity is None:
        return Told(_LONG_AGO, _LONG_AGO, "")
    when = str(entity.values["told"])
    read = str(entity.values.get("read", when))
    return Told(datetime.fromisoformat(when), datetime.fromisoformat(read), entity.etag)


def _mark(table: Table, reason: Reason, told: Told) -> str | None:
    """Write down what was told of; None where somebody else did meanwhile."""
    times = {"told": told.when, "read": told.read}
    values = {key: time.astimezone(UTC).isoformat() for key, time in times.items()}
    entity = Entity(PARTITION, reason.value, values, told.etag)
    with suppress(ConflictError, ReplacedError):
        return table.replace(entity) if told.etag else table.insert(entity)
    return None


def _send(works: Works, reason: Reason, rows: Sequence[Row]) -> None:
    """Mail the notice by the first transport of the mailbox's side that takes it."""
    to = works.settings.ops_mailbox
    is_inside = domain_of(to) in works.settings.internal_domains
    ways = works.sides().inside if is_inside else works.sides().outside
    if not ways:
        raise ForwardError(f"no transport reaches {to}", hint="see OPS_MAILBOX")
    message = compose_notice(reason, rows, _language(works), works.clock())
    lease = works.clock() + works.settings.lease_seconds
    for number, way in enumerate(ways, 1):
        try:
            works.transports[way.name].send(message(way.sender, to), Nothing(), lease)
        except TransientError as exc:
            if number == len(ways):
                raise
            warn("notice-moved", {"transport": way.name, "why": exc.what})
        else:
            return


def _language(works: Works) -> str:
    with suppress(RoutesBrokenError):
        return works.rulebook.current().rules.defaults.language or "en"
    return "en"


@dataclass(frozen=True, slots=True)
class _Notice:
    """A notice, but for whom it is from and to."""

    reason: Reason
    rows: Sequence[Row]
    words: Mapping[str, Any]
    when: datetime

    def __call__(self, sender: str, to: str) -> Message:
        name = f"notice-{self.reason}-{self.when:%Y%m%d%H%M%S}"
        return Message(
            scan_id=name,
            n=0,
            g=0,
            message_id=f"<{name}@{domain_of(sender)}>",
            operation_id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}@{sender}")),
            date=self.when,
            sender=sender,
            from_name="Scanpost",
            to=(to,),
            cc=(),
            bcc=(),
            subject=self._counted("notice_subject"),
            reply_to="",
            text="\n\n".join(f"{head}\n{body}".strip() for head, body in self._parts()),
            html=self._html(),
            attachment="",
            media_type="",
            size=0,
        )

    def _counted(self, key: str) -> str:
        template = self.words[key if len(self.rows) > 1 else f"{key}_one"]
        meaning = self.words[self.reason.value]["meaning"]
        return str(template.format(count=len(self.rows), meaning=meaning))

    def _parts(self) -> list[tuple[str, str]]:
        words, about = self.words, self.words[self.reason.value]
        devices = list(dict.fromkeys(plain(r.device, NAME_LIMIT) for r in self.rows))
        ids = [f"{row.scan_id}  {plain(row.device, NAME_LIMIT)}" for row in self.rows]
        meaning = about["meaning"]
        release = words["release"].format(reason=self.reason.value)
        return [
            (self._counted("notice_heading"), ""),
            (f"{words['what']}:", f"{meaning[0].upper()}{meaning[1:]}."),
            (f"{words['todo']}:", f"{about['action']}\n{release}"),
            (f"{words['devices']}:", self._some(devices, DEVICES_SHOWN, ", ")),
            (f"{words['ids']}:", self._some(ids, IDS_SHOWN, "\n")),
        ]

    def _some(self, texts: Sequence[str], limit: int, joint: str) -> str:
        shown = list(texts[:limit])
        if len(texts) > limit:
            shown.append(self.words["more"].format(count=len(texts) - limit))
        return joint.join(shown)

    def _html(self) -> str:
        parts = "".join(
            f"<p><b>{html.escape(head)}</b><br>"
            f"{html.escape(body).replace(chr(10), '<br>')}</p>"
            for head, body in self._parts()
        )
        return (
            '<!doctype html><html><head><meta charset="utf-8">'
            '<meta name="color-scheme" content="light dark"></head>'
            f'<body style="font-family:system-ui,sans-serif">{parts}</body></html>'
        )


def compose_notice(
    reason: Reason, rows: Sequence[Row], language: str, when: datetime
) -> _Notice:
    """Write the notice; give it sender and recipient to have the message."""
    words = reasons().get(language) or reasons()["en"]
    return _Notice(reason, rows, words, when)
