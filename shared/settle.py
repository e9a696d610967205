"""Receipts and answers -> what becomes of the blob, and when it is tried again.

In: a row as `deliver` or the decision before it left it. Out: the row as it is saved.
The order of the steps is what keeps scans safe: copy, write the row, then delete.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .errors import BytesError, MissingError
from .ledger import Ledger, StaleError
from .model import MailState, Place, Reason, State
from .moves import bring, bring_beside, remove
from .names import kept_name
from .row import Row, scan_id_of, standing
from .stores.blobs import Blobs
from .stores.queues import RETRIES, Queues

SCANS, HELD, SENT = "scans", "held", "sent"
MAILED = frozenset({State.SENT, State.BOUNCED})
STAYS = frozenset({Reason.INCOMPLETE, Reason.SIDECAR_MISSING, Reason.MISSED})
"""Waiting scans that stay where they are: the file may still be growing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What settling needs."""

    blobs: Blobs
    ledger: Ledger
    queues: Queues
    clock: Callable[[], datetime]
    keeps: bool
    """AFTER_SEND=keep."""
    give_up_after: timedelta


def give_up_at(row: Row, desk: Desk) -> datetime:
    """When waiting ends, gate or not."""
    return (row.ordered or row.received) + desk.give_up_after


def settle(row: Row, desk: Desk, beside: Place | None = None) -> Row:
    """Derive where the scan stands from its mails, and act on it.

    `beside` is the sidecar, which shares the fate of its scan.
    """
    state, reason = standing(row)
    row = replace(row, lease_until=None, next_attempt=None)
    if state is State.WAITING:
        return wait(_due(row, reason or Reason.UNREACHABLE), desk, beside)
    if state is State.HELD:
        row = replace(row, last_error=_words(row) or row.last_error)
        return hold(row, reason, desk, beside)
    return finish(replace(row, state=state, reason=None), desk, beside)


def _due(row: Row, reason: Reason) -> Row:
    """Set a waiting row's next attempt by the first of its mails."""
    pending = list(row.pending())
    first = min(pending, key=lambda mail: mail.after or row.updated)
    return replace(
        row,
        reason=reason,
        next_attempt=first.after or row.updated,
        last_error=first.answer or row.last_error,
    )


def wait(row: Row, desk: Desk, beside: Place | None = None) -> Row:
    """Let it wait until `next_attempt`, in a safe place; or give up."""
    until = give_up_at(row, desk)
    if desk.clock() >= until and row.reason not in STAYS:
        row = replace(row, last_error=f"{row.reason}: {row.last_error}")
        return hold(row, Reason.GAVE_UP, desk, beside)
    if row.reason not in STAYS and row.next_attempt:
        row = replace(row, next_attempt=min(row.next_attempt, until))
    row = replace(row, state=State.WAITING, lease_until=None)
    row = put_away(row, desk, beside, safe=row.reason in STAYS)
    if row.state is State.WAITING:
        call_again(row, desk)
    return row


def hold(
    row: Row, reason: Reason | None, desk: Desk, beside: Place | None = None
) -> Row:
    """Hold it for a person, its bytes in container `held`."""
    row = replace(
        row,
        state=State.HELD,
        reason=reason,
        lease_until=None,
        next_attempt=None,
    )
    return put_away(row, desk, beside, safe=False)


def _words(row: Row) -> str:
    """What was said of the mail that holds the scan, not of those before it."""
    mail = row.holder
    if mail and mail.state is MailState.ACCEPTED:
        return next(iter(mail.refused.values()), "")
    return mail.answer if mail else ""


def call_again(row: Row, desk: Desk, *, at_once: bool = False) -> None:
    """Put a message on `scan-retries` that stands for the row's next attempt."""
    now = desk.clock()
    when = row.next_attempt or row.lease_until or now
    delay = timedelta(0) if at_once else when - now
    desk.queues.put(RETRIES, order_of(row, when), delay)


def order_of(row: Row, when: datetime) -> dict[str, str]:
    """The body of a retry message: the scan, the attempt it stands for, its age."""
    return {
        "scan": row.scan_id,
        "next_attempt": when.isoformat(),
        "since": row.received.isoformat(),
    }


def put_away(row: Row, desk: Desk, beside: Place | None, *, safe: bool) -> Row:
    """Write the row down, its bytes first brought to where nobody overwrites them."""
    if not row.version:
        row = desk.ledger.claim(row)
        if safe or row.container != SCANS:
            return row
    source = row.place
    moved = None
    if not safe and row.container == SCANS:
        try:
            moved = bring(source, HELD, row, desk.blobs)
        except BytesError:
            return lose(row, desk)
    row = save(row.at(moved) if moved else row, desk)
    if moved and row.place != moved:
        if row.state in MAILED:
            # We were late: who has mailed it meanwhile knows nothing of our copy.
            remove(moved, desk.blobs)
    elif row.container == HELD and row.state not in MAILED:
        _follow(row, source, desk, beside)
    return row


def _follow(row: Row, source: Place, desk: Desk, beside: Place | None) -> None:
    """Finish a move whose row is written: the sidecar comes along, the source goes."""
    if beside and beside.container == SCANS:
        is_clear = bring_beside(beside, row.place, desk.blobs)
    else:
        is_clear = True
    if is_clear and source.container == SCANS:
        remove(source, desk.blobs)


def move_on(row: Row, source: Place, desk: Desk, beside: Place | None) -> Row:
    """Finish a move that was cut after its row was written, or while it was."""
    there = bring(source, HELD, row, desk.blobs)
    if there is None:
        return row
    if there != row.place:
        # The row may name a copy that is gone: written first, or this one is lost too.
        row = desk.ledger.save(row.at(there))
    _follow(row, source, desk, beside)
    return row


def finish(row: Row, desk: Desk, beside: Place | None = None) -> Row:
    """Everybody has it: write that down, then delete the bytes, or keep them."""
    source = row.place
    if desk.keeps:
        # The row names the place first (one write, not two); the copy's own ETag is
        # not in it, the source's is: `sweep` finishes by it what is cut here.
        row = row.at(Place(SENT, kept_name(row.scan_id, row.path), row.etag))
    row = save(replace(row, last_error=""), desk)
    if row.state in MAILED:
        clear_away(source, row, desk, beside)
    return row


def origin(row: Row, account: str) -> Place:
    """Where a mailed scan was sent from: a kept one's row names where it goes."""
    if row.container != SENT:
        return row.place
    home = Place(SCANS, row.path, row.etag)
    is_home = scan_id_of(account, home, row.received) == row.scan_id
    return home if is_home else Place(HELD, row.name, row.etag)


def clear_away(
    source: Place, row: Row, desk: Desk, beside: Place | None = None
) -> bool:
    """Delete the bytes of a mailed scan, once the copies to keep are there.

    False where it must be tried again.
    """
    if row.is_found and source.container == SCANS:
        _clear_stray(row, desk)
    if not desk.keeps:
        is_clear = beside is None or remove(beside, desk.blobs)
        return is_clear and remove(source, desk.blobs)
    try:
        kept = bring(source, SENT, row, desk.blobs)
    except BytesError:
        return False
    if kept is None or (beside and not bring_beside(beside, kept, desk.blobs)):
        return False
    return remove(source, desk.blobs)


def _clear_stray(row: Row, desk: Desk) -> None:
    """Delete the copy that a worker made who died before the row named it."""
    stray = desk.blobs.find(HELD, kept_name(row.scan_id, row.path))
    if stray:
        remove(stray.place, desk.blobs)


def save(row: Row, desk: Desk) -> Row:
    """Write the row; where somebody else changed it, add what was accepted to theirs.

    After acceptance nothing is ever sent because of a lost write.
    """
    try:
        return desk.ledger.save(row)
    except StaleError:
        return desk.ledger.merge(row)


def renew(row: Row, desk: Desk) -> Row:
    """Write the row between two mails. Raises StaleError where somebody took over."""
    try:
        return desk.ledger.save(row)
    except StaleError:
        desk.ledger.merge(row)
        raise


def lose(row: Row, desk: Desk) -> Row:
    """The bytes are not where the row says: find them, or say that they are lost."""
    found = _elsewhere(row, desk)
    if found:
        row = replace(
            row.at(found),
            state=State.WAITING,
            reason=row.reason or Reason.MISSED,
            next_attempt=desk.clock(),
            lease_until=None,
        )
        row = save(row, desk)
        call_again(row, desk)
        return row
    state = State.SUPERSEDED if _is_replaced(row, desk) else State.GONE
    return save(
        replace(row, state=state, lease_until=None, next_attempt=None),
        desk,
    )


def _elsewhere(row: Row, desk: Desk) -> Place | None:
    """Look at both ends of a move before anything is called gone."""
    at_home = desk.blobs.find(SCANS, row.path)
    if at_home:
        account = desk.blobs.account
        if scan_id_of(account, at_home.place, at_home.modified) == row.scan_id:
            return at_home.place
    for container in (HELD, SENT):
        name = kept_name(row.scan_id, row.path)
        if (row.container, row.name) != (container, name):
            there = desk.blobs.find(container, name)
            if there and there.size == row.size:
                return there.place
    return None


def _is_replaced(row: Row, desk: Desk) -> bool:
    try:
        desk.blobs.look(row.container, row.name)
    except MissingError:
        younger = (each.received >= row.received for each in desk.ledger.namesakes(row))
        return any(younger)
    return True
