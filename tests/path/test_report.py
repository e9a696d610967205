"""Delivery reports: what bounced after it was accepted is told; the rest is not."""

from __future__ import annotations

import json

import pytest

from shared import path
from shared.errors import UnconfirmedError
from shared.model import MailState, State
from shared.report import report
from shared.row import operation_id_of
from tests.path.office import INSIDE, OUTSIDE

BAD = ["Bounced", "Suppressed", "Failed", "Quarantined", "FilteredSpam"]


def a_report(operation, status="Bounced", recipient=OUTSIDE, *, cloud=False):
    """A delivery report as ACS raises it, in either schema."""
    kind = "Microsoft.Communication.EmailDeliveryReportReceived"
    return json.dumps(
        {
            "id": "1",
            "subject": f"sender/scans@mail.contoso.com/message/{operation}",
            ("type" if cloud else "eventType"): kind,
            "data": {
                "sender": "scans@mail.contoso.com",
                "recipient": recipient,
                "messageId": operation,
                "status": status,
                "deliveryStatusDetails": {"statusMessage": "550 5.1.1 no such user"},
                "deliveryAttemptTimeStamp": "2026-11-21T12:00:00Z",
            },
        }
    )


def sent(office):
    """A scan that ACS accepted, and its operation id."""
    row = office.scan(to=OUTSIDE)
    return row, operation_id_of(row.scan_id, 0, 0)


@pytest.mark.parametrize("cloud", [False, True])
@pytest.mark.parametrize("status", BAD)
def test_bounce_is_written_down_and_alarmed(office, status, cloud, caplog):
    """The row says who did not get it, and in which words."""
    row, operation = sent(office)
    report(office.works, a_report(operation, status, cloud=cloud))
    row = office.reread(row)
    assert row.state is State.BOUNCED
    assert row.plan[0].bounced == {OUTSIDE: f"{status}: 550 5.1.1 no such user"}
    assert "alarm=bounced" in caplog.text


@pytest.mark.parametrize("status", ["Delivered", "Expanded", "Brandnew"])
def test_good_and_unknown_news_do_nothing(office, status):
    """Only the five bad words mean a bounce."""
    row, operation = sent(office)
    report(office.works, a_report(operation, status))
    assert office.reread(row) == row


def test_repeated_report_does_nothing(office):
    """Event Grid delivers at least once."""
    row, operation = sent(office)
    report(office.works, a_report(operation))
    once = office.reread(row)
    report(office.works, a_report(operation))
    assert office.reread(row) == once


NOBODYS = [
    a_report("not-a-uuid"),
    a_report("11111111-1111-4111-8111-111111111111"),
    a_report(operation_id_of("20260101-" + "0" * 20, 0, 0)),
    *("", "{", "[]", "5", '{"data": {}}', '{"data": 5}', "[" * 50_000),
]


@pytest.mark.parametrize("text", NOBODYS)
def test_report_of_nobody_s_mail_does_nothing(office, text):
    """Unknown ids and nonsense end in a log line."""
    report(office.works, text)
    assert office.rows() == []


def test_report_about_somebody_else_does_nothing(office):
    """A recipient that the mail never had."""
    row, operation = sent(office)
    report(office.works, a_report(operation, recipient="x@example.net"))
    assert office.reread(row) == row


def test_report_proves_that_an_unconfirmed_mail_was_accepted(office):
    """What bounced was accepted first: it is not sent again."""
    office.outside.script = [UnconfirmedError("lost")]
    row = office.scan(to=OUTSIDE)
    report(office.works, a_report(operation_id_of(row.scan_id, 0, 0)))
    row = office.reread(row)
    assert row.plan[0].state is MailState.ACCEPTED
    assert office.wake(row).state is State.BOUNCED
    assert len(office.outside.calls) == 1


def test_report_waits_for_a_live_lease(office):
    """Whoever sends would lose the lease by the change."""
    office.inside.script = [SystemExit()]
    event = office.put(to=f"{INSIDE},{OUTSIDE}")
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)
    row = office.newest()
    report(office.works, a_report(operation_id_of(row.scan_id, 1, 0)))
    assert office.reread(row) == row
    assert office.messages("delivery-reports") == 1
