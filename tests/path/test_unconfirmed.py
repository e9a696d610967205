"""Unknown fate: an answer that never came is found out, or sent again identically."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.errors import (
    DuplicateError,
    RecipientRefusedError,
    ThrottledError,
    TooLargeError,
    UnconfirmedError,
    UnreachableError,
)
from shared.model import Fate, Finding, MailState, Reason, State
from tests.path.office import INSIDE, OUTSIDE
from tests.path.test_release import released

LOST = UnconfirmedError("no answer to the whole mail")
ACCEPTED = Finding(fate=Fate.ACCEPTED, answer="Running")
UNKNOWN = Finding(fate=Fate.UNKNOWN, answer="404")


def test_lost_answer_waits_as_unconfirmed(office):
    """The row is waiting; the mail's state says why."""
    office.inside.script = [LOST]
    row = office.scan()
    assert (row.state, row.reason) == (State.WAITING, Reason.UNCONFIRMED)
    assert row.plan[0].state is MailState.UNCONFIRMED
    wait = (row.next_attempt - row.updated).total_seconds()
    assert 20 < wait < 40


def test_smtp_sends_the_identical_mail_again(office):
    """Same Message-ID, same Date, same bytes: Exchange drops the second."""
    office.inside.script = [LOST]
    row = office.wake(office.scan())
    first, second = office.inside.calls
    assert (first.message, first.file) == (second.message, second.file)
    assert row.state is State.SENT


def test_acs_is_not_looked_up_before_the_lease_has_ended(office):
    """Until then the request may still be on its way."""
    office.outside.script = [LOST]
    row = office.scan(to=OUTSIDE)
    assert (row.next_attempt - row.updated).total_seconds() > 590


@pytest.mark.parametrize("answer", ["NotStarted", "Running", "Succeeded"])
def test_acs_that_knows_the_operation_has_accepted_it(office, answer):
    """Found: accepted, and nothing is sent again."""
    office.outside.script = [LOST]
    office.outside.findings = [Finding(fate=Fate.ACCEPTED, answer=answer)]
    row = office.wake(office.scan(to=OUTSIDE))
    assert (row.state, row.plan[0].answer) == (State.SENT, answer)
    assert len(office.outside.calls) == 1


def test_acs_operation_that_failed_is_a_bounce(office, caplog):
    """Accepted, and lost after that: a state of its own, alarmed."""
    office.outside.script = [LOST]
    office.outside.findings = [Finding(fate=Fate.FAILED, answer="EmailDropped")]
    row = office.wake(office.scan(to=OUTSIDE))
    assert row.state is State.BOUNCED
    assert row.plan[0].bounced == {OUTSIDE: "EmailDropped"}
    assert "alarm=bounced" in caplog.text


def test_acs_that_knows_nothing_is_sent_the_same_operation(office):
    """404: the mail is sent again under the same ids."""
    office.outside.script = [LOST]
    office.outside.findings = [UNKNOWN]
    row = office.wake(office.scan(to=OUTSIDE))
    first, second = office.outside.calls
    assert first.message == second.message
    assert office.outside.looked_up == [first.message.operation_id]
    assert row.state is State.SENT


@pytest.mark.parametrize("refusal", [DuplicateError, RecipientRefusedError])
def test_refused_repeat_that_is_found_was_accepted(office, refusal):
    """A 400 on a repeat leads to a look-up, not to `held`."""
    office.outside.script = [LOST, refusal("400 duplicate")]
    office.outside.findings = [UNKNOWN, ACCEPTED]
    row = office.wake(office.scan(to=OUTSIDE))
    assert row.state is State.SENT


@pytest.mark.parametrize("refusal", [DuplicateError, RecipientRefusedError])
def test_refused_repeat_that_nobody_knows_is_held(office, refusal):
    """A duplicate by its Message-ID and unknown by its operation: a person asks."""
    office.outside.script = [LOST, refusal("400 duplicate")]
    office.outside.findings = [UNKNOWN, UNKNOWN]
    row = office.wake(office.scan(to=OUTSIDE))
    assert (row.state, row.reason) == (State.HELD, Reason.UNCONFIRMED)
    assert row.plan[0].state is MailState.UNCONFIRMED


def test_duplicate_on_a_first_attempt_is_looked_up_later(office):
    """The service knows an id that we believed to be new: find out, send nothing."""
    office.outside.script = [DuplicateError("400 duplicate")]
    office.outside.findings = [ACCEPTED]
    row = office.scan(to=OUTSIDE)
    assert row.reason is Reason.UNCONFIRMED
    assert office.wake(row).state is State.SENT


def test_look_up_that_fails_keeps_the_mail_unconfirmed(office):
    """What cannot be found out now is found out later."""
    office.outside.script = [LOST]
    office.outside.findings = [UnreachableError("503"), ACCEPTED]
    row = office.wake(office.scan(to=OUTSIDE))
    assert (row.state, row.reason) == (State.WAITING, Reason.UNREACHABLE)
    assert row.plan[0].state is MailState.UNCONFIRMED
    assert office.wake(row).state is State.SENT
    assert len(office.outside.calls) == 1


def test_resend_that_cannot_connect_keeps_the_mail_unconfirmed(office):
    """A refused connection says nothing about the mail before it."""
    office.inside.script = [LOST, UnreachableError("connection refused")]
    row = office.wake(office.scan())
    assert row.plan[0].state is MailState.UNCONFIRMED
    row = office.wake(row)
    assert row.state is State.SENT
    assert {call.message.message_id for call in office.inside.calls} == {
        office.inside.calls[0].message.message_id
    }


def test_worker_that_died_sending_by_acs_is_looked_up(office):
    """A mail found `sending` after its lease counts as unconfirmed."""
    office.outside.script = [SystemExit()]
    event = office.put(to=OUTSIDE)
    with pytest.raises(SystemExit):
        office.receive(event)
    office.later(seconds=601)
    office.outside.findings = [ACCEPTED]
    assert office.receive(event).state is State.SENT
    assert len(office.outside.calls) == 1


def test_inside_mail_of_unknown_fate_does_not_stop_the_outside(office):
    """Each mail of a scan has its own fate."""
    office.inside.script = [LOST]
    office.scan(to=f"{INSIDE},{OUTSIDE}")
    assert office.outside.people == [OUTSIDE]


BEFORE = [UnreachableError("500 Internal"), ThrottledError("429 Too many")]


@pytest.mark.parametrize("before", BEFORE)
def test_refusal_after_another_answer_is_looked_up(office, before):
    """A 400 on any repeat says nothing about the attempts before it."""
    office.outside.script = [before, RecipientRefusedError("400 refused")]
    office.outside.findings = [ACCEPTED]
    row = office.wake(office.scan(to=OUTSIDE))
    assert (row.state, row.plan[0].answer) == (State.SENT, "Running")
    assert len(office.outside.looked_up) == 1


@pytest.mark.parametrize("before", BEFORE)
def test_refusal_of_a_mail_that_nobody_knows_is_a_refusal(office, before):
    """Each attempt had a definite answer, and the look-up found nothing."""
    office.outside.script = [before, RecipientRefusedError("400 refused")]
    office.outside.findings = [UNKNOWN]
    row = office.wake(office.scan(to=OUTSIDE))
    assert (row.state, row.reason) == (State.HELD, Reason.RECIPIENT_REFUSED)
    assert row.last_error == "400 refused"


def test_duplicate_after_another_answer_that_nobody_knows_is_held(office):
    """Its Message-ID is known, its operation is not: a person asks."""
    office.outside.script = [UnreachableError("500"), DuplicateError("400 duplicate")]
    office.outside.findings = [UNKNOWN]
    row = office.wake(office.scan(to=OUTSIDE))
    assert (row.state, row.reason) == (State.HELD, Reason.UNCONFIRMED)
    assert row.plan[0].state is MailState.UNCONFIRMED


def test_refusal_on_a_first_attempt_is_not_looked_up(office):
    """Nobody can know a mail that was never sent; the gate is no attempt."""
    office.outside.script = [ThrottledError("429", retry_after=60)]
    office.scan(name="mfp/1.pdf", to=OUTSIDE)
    row = office.scan(name="mfp/2.pdf", to=OUTSIDE)
    office.outside.script = [RecipientRefusedError("400 refused")]
    row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.RECIPIENT_REFUSED)
    assert office.outside.looked_up == []


@pytest.mark.parametrize("refusal", [RecipientRefusedError, TooLargeError])
def test_refused_repeat_by_smtp_stays_of_unknown_fate(office, refusal):
    """The refusal is the repeat's; a release sends the same mail, under no other id."""
    office.inside.script = [LOST, refusal("550 5.1.10 unknown")]
    row = office.wake(office.scan())
    assert (row.state, row.reason) == (State.HELD, Reason.UNCONFIRMED)
    assert row.plan[0].state is MailState.UNCONFIRMED
    assert row.last_error == "550 5.1.10 unknown"
    row = released(office, row)
    assert (row.state, row.generation) == (State.SENT, 0)
    assert len({call.message.message_id for call in office.inside.calls}) == 1


def test_acceptance_is_added_to_a_mail_that_was_held_meanwhile(office):
    """Its message was poisoned while the worker was at it; it has arrived."""

    def poison():
        row = office.newest()
        mail = replace(row.plan[0], state=MailState.UNCONFIRMED, held=True)
        held = replace(row.with_mail(mail), state=State.HELD, reason=Reason.POISONED)
        office.works.ledger.save(replace(held, lease_until=None))

    office.inside.meanwhile = poison
    row = office.scan()
    assert row.plan[0].state is MailState.ACCEPTED
    assert office.inside.people == [INSIDE]
