"""Poisoned messages: what failed too often is held, so that a person looks at it.

In: a message of a `…-poison` queue. The row becomes `held`, `poisoned`, only where it
is missing, `waiting`, or `sending` with an ended lease. Raises `StorageError`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from . import receive
from .beside import refuse_sidecar, sidecar_of
from .errors import MissingError
from .journal import Stopwatch, alarm, warn
from .ledger import ClaimedError, StaleError
from .model import UNFINISHED, Reason, State
from .path import new_row
from .receive import IgnoredError
from .row import Row
from .settle import SCANS, hold
from .story import tell
from .works import Works

WORDS = "its message failed too often: see the exceptions logged before"


def abandon_events(works: Works, text: str) -> None:
    """Handle one message of `scan-events-poison`."""
    try:
        row = _scan_of_event(works, text)
    except IgnoredError as exc:
        warn("abandoned", {"queue": "scan-events", "why": exc.what})
        return
    _abandon(works, row, "scan-events-poison", text)


def abandon_retries(works: Works, text: str) -> None:
    """Handle one message of `scan-retries-poison`."""
    try:
        row = works.ledger.find(receive.read_order(text).scan_id)
    except IgnoredError as exc:
        warn("abandoned", {"queue": "scan-retries", "why": exc.what})
        return
    if row is None:
        warn("abandoned", {"queue": "scan-retries", "why": "the scan has no row"})
        return
    _abandon(works, row, "scan-retries-poison", text)


def abandon_reports(text: str) -> None:
    """Handle one message of `delivery-reports-poison`: there is nothing to hold."""
    alarm("poisoned", "abandoned", {"queue": "delivery-reports", "size": len(text)})


def _scan_of_event(works: Works, text: str) -> Row:
    """The row of the scan that an event means. Raises IgnoredError."""
    event = receive.read_event(text)
    for name in event.candidates:
        with suppress(MissingError):
            blob = works.account.blobs.look(SCANS, name)
            why = receive.why_ignored(name, blob.size)
            if why:
                raise IgnoredError(f"{name!r}: {why}")
            row = new_row(works, blob, event.identity)
            found = works.ledger.find(row.scan_id)
            if found is None:
                refuse_sidecar(works, row)
            return found or row
    raise IgnoredError("no such blob any more")


def _abandon(works: Works, row: Row, queue: str, text: str) -> None:
    if row.version and row.state not in UNFINISHED:
        warn("abandoned", {"scan": row.scan_id, "why": f"{row.state} already"})
        return
    lease = row.lease_until if row.state is State.SENDING else None
    if lease and lease > works.clock():
        body = receive.read_object(text)
        works.account.queues.put(queue, body, lease - works.clock())
        return
    row, watch = replace(row.orphaned(), last_error=WORDS), Stopwatch()
    try:
        with watch.measuring("storage"):
            held = hold(row, Reason.POISONED, works.desk, sidecar_of(works, row))
    except (ClaimedError, StaleError):
        warn("abandoned", {"scan": row.scan_id, "why": "somebody else has it in hand"})
        return
    tell(works.clock(), held, None, watch)
    alarm("poisoned", "abandoned", {"scan": row.scan_id, "queue": queue})
