"""What the crash campaign has found: workers that die, or wake up, in between."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest

from shared import path
from shared.errors import UnconfirmedError, UnreachableError
from shared.ledger import Ledger, StaleError
from shared.model import Kind, Mail, MailState, Receipt, Reason, State
from shared.names import kept_name
from shared.row import Row
from tests.path.office import INSIDE, Office
from tests.samples import PDF

LATER = "later@contoso.com"
PARTLY = Receipt(answer="250 taken", deferred={LATER: "450 4.2.1 Mailbox busy"})
LOST = UnconfirmedError("no answer to the whole mail")
DOWN = UnreachableError("connection refused")


def orphan(office: Office) -> Row:
    """Take a row over as the sweep does when its lease has ended."""
    row = replace(office.newest().orphaned(), state=State.WAITING)
    row = replace(row, lease_until=None, next_attempt=office.clock())
    return office.works.ledger.save(row)


def ids_of(office: Office, who: str) -> set[str]:
    """The Message-IDs that somebody was sent."""
    calls = [each.message for each in office.inside.calls]
    return {each.message_id for each in calls if who in each.recipients}


def test_copy_of_a_worker_that_died_goes_with_its_scan(office):
    """Copied to `held`, and dead before the row said so: nobody would find it there."""
    event = office.put()
    office.inside.script = [SystemExit()]
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)
    row = office.newest()
    name = kept_name(row.scan_id, row.path)
    office.works.account.blobs.copy(row.place, "held", name)
    office.later(seconds=601)
    assert office.receive(event).state is State.SENT
    assert office.names("held") == office.names("scans") == []


def test_copy_of_a_worker_that_came_too_late_is_removed(office):
    """Another mailed the scan after the copy was made, and before the row was written.

    A lease on the blob keeps it where it was, so that the sequence is certain.
    """
    lease = office.blobs.get_blob_client("scans", "mfp/scan.pdf")
    event = office.put()
    lease = lease.acquire_lease()
    awake: list[str] = []

    def clock() -> datetime:
        """The moment before the row is written; by then the copy is there."""
        if office.names("held") and not awake:
            awake.append(event)
            office.later(seconds=601)
            held = office.names("held")[0]
            office.receive(event)
            # As if the other had looked for it the moment before it was made.
            with suppress(StaleError):
                place = office.works.account.blobs.find("scans", "mfp/scan.pdf").place
                office.works.account.blobs.copy(place, "held", held)
        return office.clock()

    slow = office.hired(ledger=Ledger(office.works.account.ledger, clock))
    office.inside.script = [DOWN]
    path.receive_event(slow, event)
    assert awake
    assert office.newest().state is State.SENT
    assert office.names("held") == []
    lease.release()


def test_sweep_goes_on_where_a_worker_was_quicker(office):
    """A file that was listed may be moved and removed before its turn comes."""
    for name in ("mfp/1.pdf", "mfp/2.pdf"):
        office.put(name)
    office.later(minutes=11)
    office.sweep()
    for row in office.rows():
        office.works.ledger.save(
            replace(row, state=State.HELD, reason=Reason.POISONED)
        )
    first, second = sorted(office.rows(), key=lambda row: row.path)
    blobs = office.works.account.blobs
    moved = blobs.copy(second.place, "held", kept_name(second.scan_id, second.path))
    office.works.ledger.save(second.at(moved))
    blobs.delete(moved)
