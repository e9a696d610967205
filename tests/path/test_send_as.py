"""From is the person at the glass where the tenant granted it, else the service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.errors import AuthRefusedError, SenderRefusedError, UnconfirmedError
from shared.model import MailState, Reason, State
from tests.path.office import BOTH, INSIDE, ROUTES

JANE = "jane.doe@contoso.com"
DENIED = SenderRefusedError("554 5.2.252 SendAsDenied", hint="grant it")


@pytest.fixture
def office(make_office):
    """An office whose scans come from the person at the glass."""
    made = make_office()
    made.routes(f'[defaults]\nfrom = "user"\n{ROUTES}')
    return made


def scan(office, to=INSIDE):
    """Jane scans."""
    return office.receive(office.put(to=to, user=JANE))


def test_from_is_the_person_where_that_is_granted(office):
    """The service signs in, and bounces come back to it."""
    scan(office)
    (call,) = office.inside.calls
    assert (call.message.author, call.message.from_name) == (JANE, "jane.doe")
    assert call.message.sender == "scans@contoso.com"
    assert call.message.reply_to == JANE


def test_refused_person_falls_back_to_the_service_at_once(office):
    """The scan arrives; a note in the mail says whom it is not from."""
    office.inside.script = [DENIED]
    row = scan(office)
    assert row.state is State.SENT
    first, second = (call.message for call in office.inside.calls)
    assert (second.author, second.from_name) == ("", "jane.doe via mfp")
    assert JANE in second.text
    assert JANE in second.html
    assert first.message_id == second.message_id
    assert second.reply_to == JANE


def test_plan_and_log_say_so(office, caplog):
    """An operator can see why, and grant it."""
    caplog.set_level("INFO", "scanpost")
    office.inside.script = [DENIED]
    (mail,) = scan(office).plan
    assert mail.as_service
    assert "5.2.252 SendAsDenied" in caplog.text
    assert "not as its author" in caplog.text
    assert JANE not in caplog.text


def test_ledger_says_so_before_the_second_attempt(office):
    """Whoever finds the mail after a crash sends the same bytes again."""
    office.inside.script = [DENIED]
    seen = []
    office.inside.meanwhile = lambda: seen.append(office.newest().plan[0])
    scan(office)
    assert [mail.as_service for mail in seen] == [False, True]


def test_service_that_is_refused_too_waits(office):
    """It falls back once."""
    office.inside.script = [DENIED, DENIED]
    row = scan(office)
    assert (row.state, row.reason) == (State.WAITING, Reason.SIGN_IN_REFUSED)
    assert len(office.inside.calls) == 2


def test_other_refusals_of_a_sign_in_do_not_change_from(office):
    """A secret that ran out says nothing about the person."""
    office.inside.script = [AuthRefusedError("535 5.7.3 no")]
    row = scan(office)
    assert not row.plan[0].as_service
    assert len(office.inside.calls) == 1


def test_mail_of_unknown_fate_is_never_written_anew(office):
    """With another From it would be another mail under the same id."""
    office.inside.script = [UnconfirmedError("no answer"), DENIED]
    row = office.wake(scan(office))
    assert row.plan[0].state is MailState.UNCONFIRMED
    assert not row.plan[0].as_service
    office.wake(row)
    first, second, third = (call.message for call in office.inside.calls)
    assert first == second == third


def test_transport_that_cannot_send_as_somebody_else_does_not(office):
    """Each side by its own transport's means."""
    carries = office.outside.carries
    office.outside.carries = type(carries)(
        max_bytes=None, own_author=False, display_name=False
    )
    scan(office, to=BOTH)
    assert office.inside.calls[0].message.author == JANE
    (outside,) = office.outside.calls
    assert outside.message.author == ""
    assert "jane.doe via mfp" in outside.message.text


def test_transport_that_never_used_the_person_is_not_asked_again(office):
    """What it refused was the service itself."""
    office.inside.carries = replace(office.inside.carries, own_author=False)
    office.inside.script = [DENIED]
    row = scan(office)
    assert (row.state, row.reason) == (State.WAITING, Reason.SIGN_IN_REFUSED)
    assert not row.plan[0].as_service
    assert len(office.inside.calls) == 1
