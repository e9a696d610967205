"""Poisoned messages: what failed too often is held, and nothing finished is touched."""

from __future__ import annotations

import json

import pytest

from shared import abandon, path
from shared.errors import UnreachableError
from shared.model import MailState, Reason, State
from shared.settle import order_of
from tests.makers import an_event
from tests.path.office import BOTH, OUTSIDE

DOWN = UnreachableError("connection refused")


def test_poisoned_event_of_a_scan_without_a_row_is_held(office, caplog):
    """Somebody looks at it; the bytes are safe."""
    abandon.abandon_events(office.works, office.put())
    row = office.newest()
    assert (row.state, row.reason) == (State.HELD, Reason.POISONED)
    assert office.names("held") == [row.name]
    assert "alarm=poisoned" in caplog.text


def test_poisoned_retry_of_a_waiting_scan_is_held(office):
    """The row waited for a message that only fails."""
    office.inside.script = [DOWN]
    row = office.scan()
    text = json.dumps(order_of(row, row.next_attempt))
    abandon.abandon_retries(office.works, text)
    row = office.reread(row)
    assert (row.state, row.reason) == (State.HELD, Reason.POISONED)


def crashed(office):
    """A scan whose worker died in the middle of a mail."""
    office.inside.script = [SystemExit()]
    event = office.put()
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)
    return event


def test_poisoned_event_waits_for_a_live_lease(office):
    """Whoever holds the lease may still finish."""
    event = crashed(office)
    abandon.abandon_events(office.works, event)
    assert office.newest().state is State.SENDING
    assert office.messages("scan-events-poison") == 1
    office.azurite.queues().get_queue_client("scan-events-poison").clear_messages()


def test_poisoned_event_after_the_lease_is_held(office):
    """The mail of the dead worker counts as unconfirmed."""
    event = crashed(office)
    office.later(minutes=11)
    abandon.abandon_events(office.works, event)
    row = office.newest()
    assert (row.state, row.reason) == (State.HELD, Reason.POISONED)
    assert row.plan[0].state is MailState.UNCONFIRMED


def test_accepted_mails_stay_accepted(office):
    """A person is told what is left, and a release mails only that."""
    office.outside.script = [DOWN]
    row = office.scan(to=BOTH)
    text = json.dumps(order_of(row, row.next_attempt))
    abandon.abandon_retries(office.works, text)
    row = office.reread(row)
    assert [mail.state for mail in row.plan] == ["accepted", "open"]
    assert row.state is State.HELD
    assert OUTSIDE not in row.having()


def test_finished_row_stays_as_it_is(office):
    """Sent is sent, whatever its message did."""
    row = office.scan()
    abandon.abandon_retries(office.works, json.dumps(order_of(row, row.received)))
    assert office.reread(row) == row


@pytest.mark.parametrize(
    "text", ["", "{", json.dumps(an_event("mfp/never.pdf")), '{"scan": "x"}']
)
def test_message_that_names_no_scan_is_logged(office, text, caplog):
    """There is nothing to hold, and it is said."""
    abandon.abandon_events(office.works, text)
    abandon.abandon_retries(office.works, text)
    abandon.abandon_reports(text)
    assert caplog.text.count("event=abandoned") == 3
    assert office.rows() == []
