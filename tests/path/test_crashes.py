"""What the crash campaign found: workers that die, or wake up, between two steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from shared import path
from shared.errors import ThrottledError, UnconfirmedError, UnreachableError
from shared.ledger import Ledger
from shared.model import Fate, Finding, MailState, Reason, Receipt, State
from shared.names import kept_name
from shared.report import report
from shared.row import Row, operation_id_of
from shared.settle import order_of
from shared.sweep import Sweeper
from shared.works import Works
from tests.path.office import BOTH, INSIDE, OUTSIDE, Office
from tests.path.test_report import a_report

LATER = "later@contoso.com"
PARTLY = Receipt(answer="250 taken", deferred={LATER: "450 4.2.1 Mailbox busy"})
LOST = UnconfirmedError("no answer to the whole mail")
DOWN = UnreachableError("connection refused")


def slow_writer(office: Office, meanwhile: Callable[[], object]) -> Works:
    """A worker that is overtaken: `meanwhile` happens before each row it writes."""

    def clock():
        meanwhile()
        return office.clock()

    return office.hired(ledger=Ledger(office.works.account.ledger, clock))


def copied(office: Office, row: Row) -> Row:
    """Copy a row's bytes to `held`; returns the row as it would name them."""
    name = kept_name(row.scan_id, row.path)
    place = office.works.account.blobs.copy(row.place, "held", name)
    assert place is not None
    return row.at(place)


def orphan(office: Office) -> None:
    """Take the row over as the sweep does when its lease has ended."""
    row = replace(office.newest().orphaned(), state=State.WAITING, lease_until=None)
    office.works.ledger.save(replace(row, next_attempt=office.clock()))


def test_copy_of_a_worker_that_died_goes_with_its_scan(office):
    """Copied to `held`, and dead before the row said so: nobody would find it there."""
    event = office.put()
    office.inside.script = [SystemExit()]
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)
    copied(office, office.newest())
    office.later(seconds=601)
    assert office.receive(event).state is State.SENT
    assert office.names("held") == office.names("scans") == []


def test_copy_of_a_worker_that_came_too_late_is_removed(office):
    """Somebody has mailed the scan after it was copied, and before the row says so."""

    def mailed_by_another():
        if office.names("held"):
            office.works.ledger.save(replace(office.newest(), state=State.SENT))

    office.inside.script = [DOWN]
    path.receive_event(slow_writer(office, mailed_by_another), office.put())
    assert office.newest().state is State.SENT
    assert office.names("held") == []


def test_sweep_goes_on_where_a_worker_was_quicker(office):
    """A file that was listed may be moved and removed before its turn comes."""
    for name in ("mfp/1.pdf", "mfp/2.pdf"):
        office.put(name)
    office.later(minutes=11)
    office.sweep()
    for row in office.rows():
        held = replace(row, state=State.HELD, reason=Reason.POISONED)
        row = copied(office, held) if row.path == "mfp/2.pdf" else held
        office.works.ledger.save(row)
    office.put("mfp/3.pdf")
    office.later(minutes=11)
    second = office.blobs.get_blob_client("scans", "mfp/2.pdf")

    def finished_by_another():
        if second.exists():
            second.delete_blob()

    counts = Sweeper(slow_writer(office, finished_by_another)).sweep()
    assert (counts["moved"], counts["missed"]) == (1, 1)


def test_recipient_put_off_at_a_repeat_is_sent_the_same_mail(office):
    """The attempt whose answer was lost may have reached him: no other Message-ID."""
    office.inside.script = [LOST, PARTLY]
    row = office.wake(office.scan(to=f"{INSIDE},{LATER}"))
    assert [mail.state for mail in row.plan] == [MailState.UNCONFIRMED]
    assert office.wake(row).state is State.SENT
    assert len({call.message.message_id for call in office.inside.calls}) == 1
    assert office.inside.people.count(LATER) == 2


def test_recipient_put_off_by_a_worker_that_lost_its_row_is_not_forgotten(office):
    """What it would have written is lost; the whole mail is sent again, identically."""
    office.inside.script = [PARTLY]
    office.inside.meanwhile = lambda: orphan(office)
    row = office.scan(to=f"{INSIDE},{LATER}")
    office.inside.meanwhile = lambda: None
    assert office.wake(row).state is State.SENT
    first, second = office.inside.calls
    assert first.message == second.message
    assert LATER in second.message.recipients


@pytest.mark.parametrize("is_bounced", [False, True])
def test_bytes_of_a_mailed_scan_are_removed_by_its_message(office, is_bounced):
    """The worker died after the last mail; a report may have come since."""
    office.outside.script = [DOWN]
    row = office.scan(to=OUTSIDE)
    mail = replace(row.plan[0], state=MailState.ACCEPTED)
    row = replace(row.with_mail(mail), state=State.SENT, reason=None, next_attempt=None)
    message = json.dumps(order_of(row, office.clock()))
    row = office.works.ledger.save(row)
    if is_bounced:
        report(office.works, a_report(operation_id_of(row.scan_id, 0, 0)))
    assert office.names("held")
    path.retry(office.works, message)
    assert office.names("held") == []


def test_mail_after_a_closed_gate_is_written_down_before_it_is_sent(office):
    """The gate kept the first mail back: the ledger says that the second is going."""
    office.inside.script = [ThrottledError("432 slow down", retry_after=3600)]
    office.scan(name="mfp/1.pdf")
    office.outside.script = [SystemExit()]
    event = office.put("mfp/2.pdf", to=BOTH)
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)
    states = [mail.state for mail in office.newest().plan]
    assert states == [MailState.OPEN, MailState.SENDING]
    office.later(seconds=601)
    office.outside.findings = [Finding(fate=Fate.ACCEPTED, answer="Running")]
    row = office.receive(event)
    assert row.plan[1].state is MailState.ACCEPTED
    assert len(office.outside.calls) == 1
