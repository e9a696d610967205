"""Waiting: what puts a scan off, where it waits, and what brings it back."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from shared import path
from shared.errors import (
    AuthRefusedError,
    RecipientRefusedError,
    ThrottledError,
    TooLargeError,
    UnreachableError,
)
from shared.model import MailState, Reason, Receipt, State
from shared.names import kept_name
from shared.settle import order_of
from tests.path.office import BOTH, INSIDE, OUTSIDE
from tests.samples import PDF, a_pdf

DOWN = UnreachableError("connection refused")
WAITS = [
    (UnreachableError("connection refused"), Reason.UNREACHABLE),
    (ThrottledError("432 4.3.2 slow down"), Reason.THROTTLED),
    (AuthRefusedError("535 5.7.3 no"), Reason.SIGN_IN_REFUSED),
]


@pytest.mark.parametrize(("error", "reason"), WAITS)
def test_passing_fault_waits_with_a_time_and_a_reason(office, error, reason):
    """A `TransientError` makes the row `waiting`, with a message in scan-retries."""
    office.inside.script = [error]
    row = office.scan()
    assert (row.state, row.reason) == (State.WAITING, reason)
    assert row.next_attempt > office.clock()
    assert row.last_error == error.what
    assert office.messages() == 1


def test_retry_message_carries_scan_time_and_age(office):
    """The message says what it stands for; the host reads base64."""
    office.inside.script = [DOWN]
    row = office.scan()
    queue = office.azurite.queues().get_queue_client("scan-retries")
    assert office.messages() == 1
    put = json.dumps(order_of(row, row.next_attempt))
    assert json.loads(put)["since"] == row.received.isoformat()
    queue.clear_messages()
    office.works.account.queues.put("scan-retries", json.loads(put), timedelta(0))
    (message,) = queue.receive_messages()
    assert json.loads(base64.b64decode(message.content)) == json.loads(put)


def test_waiting_scan_is_sent_when_its_time_comes(office):
    """The retry mails what the first attempt could not."""
    office.inside.script = [DOWN]
    row = office.wake(office.scan())
    assert office.inside.people == [INSIDE]
    assert office.inside.taken[0].file == PDF
    assert (row.state, row.attempts, row.last_error) == (State.SENT, 2, "")
    assert office.names("held") == []


def test_waits_grow_with_each_attempt_and_have_jitter(office):
    """RETRY_SECONDS, a fifth more or less; the last repeats."""
    office.inside.script = [DOWN] * 4
    row, waits = office.scan(), []
    for _ in range(3):
        waits.append((row.next_attempt - row.updated).total_seconds())
        row = office.wake(row)
    for wait, nominal in zip(waits, (30, 60, 120), strict=True):
        assert nominal * 0.79 < wait < nominal * 1.21
    assert waits[0] != pytest.approx(30, abs=1e-6)


def test_scan_waits_where_the_printer_cannot_overwrite_it(office):
    """A scan that waits for a transport is moved to `held`; its path stays."""
    office.inside.script = [DOWN]
    row = office.scan()
    name = kept_name(row.scan_id, "mfp/scan.pdf")
    assert (row.container, row.name, row.path) == ("held", name, "mfp/scan.pdf")
    assert office.names("held") == [name]
    assert office.names("scans") == []
    held = office.blobs.get_blob_client("held", name).get_blob_properties()
    assert held.etag.strip('"') == row.etag
    assert held.metadata == {"to": INSIDE}


def test_name_used_again_meanwhile_is_another_scan(office):
    """Both arrive: the one that waited, and the one that came after it."""
    office.inside.script = [DOWN]
    first = office.scan()
    second = office.receive(office.put(data=a_pdf(5000)))
    assert second.state is State.SENT
    office.wake(first)
    assert [call.file for call in office.inside.taken] == [a_pdf(5000), PDF]


def test_moved_scan_keeps_its_date_and_ids(office):
    """The mail is the same, wherever its bytes wait."""
    office.inside.script = [DOWN]
    row = office.scan()
    office.wake(row)
    first, second = office.inside.calls
    assert first.message == second.message
    assert second.message.date == row.received


def test_sending_row_has_no_reason(office):
    """`reason` is of what waits, or is held."""
    office.inside.script = [DOWN, SystemExit()]
    row = office.scan()
    assert row.reason is Reason.UNREACHABLE
    with pytest.raises(SystemExit):
        office.wake(row)
    row = office.reread(row)
    assert (row.state, row.reason) == (State.SENDING, None)


def test_retry_for_another_time_has_no_effect(office):
    """A message that no longer fits the row ends without effect."""
    office.inside.script = [DOWN]
    row = office.scan()
    stale = order_of(row, row.next_attempt - timedelta(seconds=1))
    office.later(hours=1)
    path.retry(office.works, json.dumps(stale))
    assert len(office.inside.calls) == 1
    assert office.reread(row) == row


def test_event_that_meets_a_waiting_row_has_no_effect(office):
    """Only its own message wakes a scan."""
    event = office.put(data=a_pdf()[:-20])
    row = office.receive(event)
    assert row.reason is Reason.INCOMPLETE
    assert office.receive(event) == row
    assert office.messages() == 1


def test_retry_that_meets_a_finished_row_has_no_effect(office):
    """Sent is sent."""
    row = office.scan()
    path.retry(office.works, json.dumps(order_of(row, row.received)))
    assert office.inside.people == [INSIDE]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"scan": 5}', "[" * 50_000])
def test_unreadable_retry_message_ends_in_a_log_line(office, text, caplog):
    """Nonsense in the queue is no crash."""
    caplog.set_level("INFO", "scanpost")
    path.retry(office.works, text)
    assert "cannot be read" in caplog.text


def test_inside_is_not_sent_again_when_only_the_outside_failed(office):
    """Partial success: those who have the scan are left alone."""
    office.outside.script = [DOWN]
    row = office.scan(to=BOTH)
    assert [mail.state for mail in row.plan] == ["accepted", "open"]
    row = office.wake(row)
    assert office.inside.people == [INSIDE]
    assert office.outside.people == [OUTSIDE]
    assert row.state is State.SENT


def test_outside_is_tried_although_the_inside_failed(office):
    """One side's trouble does not hold up the other."""
    office.inside.script = [DOWN]
    row = office.scan(to=BOTH)
    assert office.outside.people == [OUTSIDE]
    assert row.state is State.WAITING


def test_refused_sign_in_alarms(office, caplog):
    """A secret that ran out is not the scan's fault: it waits, and somebody is told."""
    office.inside.script = [AuthRefusedError("535 5.7.3 no")]
    office.scan()
    (line,) = [r for r in caplog.records if "alarm=sign-in-refused" in r.message]
    assert line.levelname == "ERROR"


def test_recipient_put_off_gets_a_mail_of_its_own(office):
    """A 4xx for one recipient delays nobody else, and mails nobody twice."""
    later = "ap@contoso.com"
    office.inside.script = [Receipt(answer="250", deferred={later: "450 4.2.1 busy"})]
    row = office.scan(to=f"{INSIDE},{later}")
    assert [(m.n, m.to, m.state) for m in row.plan] == [
        (0, (INSIDE,), MailState.ACCEPTED),
        (1, (later,), MailState.OPEN),
    ]
    assert (row.state, row.reason) == (State.WAITING, Reason.UNREACHABLE)
    row = office.wake(row)
    assert office.inside.calls[1].message.to == (later,)
    assert row.state is State.SENT


def test_refused_recipient_holds_after_the_others_got_it(office):
    """Those allowed get the scan; the bytes are kept for the one who did not."""
    refused = "nobody@contoso.com"
    office.inside.script = [Receipt(answer="250", refused={refused: "550 5.1.10 ?"})]
    row = office.scan(to=f"{INSIDE},{refused}")
    assert (row.state, row.reason) == (State.HELD, Reason.RECIPIENT_REFUSED)
    assert row.plan[0].refused == {refused: "550 5.1.10 ?"}
    assert row.container == "held"
    assert office.names("held") == [row.name]


def test_mail_that_all_refuse_is_held_with_their_answers(office):
    """Never will work: hold, tell a person."""
    answers = {INSIDE: "550 5.1.10 unknown"}
    office.inside.script = [RecipientRefusedError("550", refused=answers)]
    row = office.scan()
    assert (row.state, row.reason) == (State.HELD, Reason.RECIPIENT_REFUSED)
    assert row.plan[0].refused == answers
    assert office.messages() == 0


def test_mail_that_is_too_large_is_held(office):
    """Too large for every way out."""
    office.inside.script = [TooLargeError("552 5.3.4 too big")]
    row = office.scan()
    assert (row.state, row.reason) == (State.HELD, Reason.TOO_LARGE)
    assert "552" in row.last_error


def test_waiting_ends_in_held_after_give_up_hours(make_office):
    """GIVE_UP_AFTER_HOURS from when it was received; the error says what it was."""
    office = make_office(GIVE_UP_AFTER_HOURS="1", RETRY_SECONDS="1500")
    office.inside.script = [DOWN] * 9
    row, tries = office.scan(), 1
    while row.state is State.WAITING:
        row, tries = office.wake(row), tries + 1
    assert (row.state, row.reason) == (State.HELD, Reason.GAVE_UP)
    assert row.last_error == "unreachable: connection refused"
    assert office.clock() - row.received < timedelta(hours=1, minutes=1)
    assert tries == 4
    assert office.names("held") == [row.name]


@pytest.mark.parametrize("reason", [RecipientRefusedError, TooLargeError])
def test_held_scan_tells_what_held_it(office, reason):
    """The words of the refusal, not those of an earlier fault."""
    office.inside.script = [DOWN, reason("550 5.1.10 unknown")]
    row = office.wake(office.scan())
    assert row.state is State.HELD
    assert row.last_error.startswith("550 5.1.10 unknown")
    assert "EXTERNAL" not in row.last_error


def test_partly_refused_scan_tells_the_refusal(office):
    """The server's yes to the others is no error."""
    refused = "nobody@contoso.com"
    office.inside.script = [
        DOWN,
        Receipt(answer="250 taken", refused={refused: "550 5.1.10 unknown"}),
    ]
    row = office.wake(office.scan(to=f"{INSIDE},{refused}"))
    assert row.last_error == "550 5.1.10 unknown"
