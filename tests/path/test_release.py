"""Release: an operator orders a held scan sent, to those who lack it."""

from __future__ import annotations

import json

import pytest

from ops.release import Order, release
from shared import abandon, path
from shared.errors import RecipientRefusedError, UnconfirmedError, UnreachableError
from shared.ledger import StaleError
from shared.model import Fate, Finding, MailState, Reason, Receipt, State
from shared.report import report
from shared.row import operation_id_of
from shared.settle import order_of
from tests.path.office import BOTH, INSIDE, OUTSIDE, ROUTES
from tests.path.test_report import a_report
from tests.samples import CUT_PDF, PDF, a_pdf

OTHER = "ap@contoso.com"


def ordered(office, row, *to):
    """Release a row as the command does."""
    order = Order(to, office.clock(), "kim")
    return release(office.works.account, office.works.ledger, row, order)


def released(office, row, *to):
    """Release a row as the command does, and handle the message it puts."""
    row = ordered(office, row, *to)
    path.retry(office.works, json.dumps(order_of(row, row.next_attempt)))
    return office.reread(row)


def held(office, to=""):
    """A scan that nobody was found for."""
    row = office.scan(to=to)
    assert row.state is State.HELD
    return row


def test_release_queues_and_returns(office):
    """The row waits, its generation is raised, and a message is in scan-retries."""
    row = held(office)
    row = ordered(office, row)
    assert (row.state, row.generation) == (State.WAITING, 1)
    assert row.ordered is not None
    assert office.messages() == 1


def test_released_scan_goes_by_today_s_routes(office):
    """Mended rules decide; the mail carries its generation and the order's time."""
    row = held(office)
    office.routes(ROUTES + f'[defaults]\nfallback = "{INSIDE}"\n')
    row = released(office, row)
    message = office.inside.taken[0].message
    assert (row.state, message.to) == (State.SENT, (INSIDE,))
    assert message.message_id == f"<{row.scan_id}.0.1@contoso.com>"
    assert message.date == row.ordered
    assert office.names("held") == []


def test_to_replaces_the_recipients(office):
    """An assignment lives in the row."""
    row = released(office, held(office), OTHER)
    assert office.inside.people == [OTHER]
    assert row.assigned == (OTHER,)


def test_policy_still_holds_for_an_assignment(office):
    """An operator cannot mail whom the policy forbids."""
    row = released(office, held(office), "x@example.net")
    assert (row.state, row.reason) == (State.HELD, Reason.NOT_ALLOWED)


def test_those_who_have_it_are_not_mailed_again(office):
    """A release mails only those who lack the scan."""
    office.inside.script = [Receipt(answer="250", refused={OTHER: "550 5.1.10"})]
    row = office.scan(to=f"{INSIDE},{OTHER}")
    row = released(office, row)
    assert [call.message.to for call in office.inside.taken] == [
        (INSIDE, OTHER),
        (OTHER,),
    ]
    assert row.state is State.SENT


def test_outside_refused_by_policy_is_mailed_once_it_is_allowed(office):
    """Partly refused: held with the bytes; a release mails the rest."""
    stranger = "x@example.net"
    row = office.scan(to=f"{INSIDE},{stranger}")
    assert (row.state, row.reason) == (State.HELD, Reason.NOT_ALLOWED)
    assert office.inside.people == [INSIDE]
    office.routes('[policy]\nexternal = ["*"]\n')
    row = released(office, row)
    assert office.outside.people == [stranger]
    assert office.inside.people == [INSIDE]
    assert row.state is State.SENT


def test_released_incomplete_scan_is_mailed_as_it_is(office):
    """Somebody looked at it and wants it."""
    row = office.receive(office.put(data=CUT_PDF))
    while row.state is State.WAITING:
        row = office.wake(row)
    row = released(office, row)
    assert row.state is State.SENT
    assert office.inside.taken[0].file == CUT_PDF


def test_released_large_incomplete_scan_is_mailed_as_it_is(office):
    """The same where the file streams."""
    data = a_pdf(3_000_000)[:-20]
    row = office.receive(office.put(data=data))
    while row.state is State.WAITING:
        row = office.wake(row)
    row = released(office, row)
    assert row.state is State.SENT
    assert office.inside.taken[0].file == data


@pytest.mark.parametrize("large", [False, True])
def test_release_of_a_scan_held_for_another_reason_checks_it(office, large):
    """Nobody said that a broken file may go: it waits, and is held as `incomplete`."""
    data = a_pdf(2_000_000)[:-20] if large else CUT_PDF
    if large:
        row = office.receive(office.put(data=data, to=""))
        assert row.reason is Reason.NO_RECIPIENT
    else:
        abandon.abandon_events(office.works, office.put(data=data))
        row = office.newest()
        assert row.reason is Reason.POISONED
    row = released(office, row, INSIDE)
    while row.state is State.WAITING:
        assert row.reason is Reason.INCOMPLETE
        row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.INCOMPLETE)
    assert office.inside.taken == []


def test_word_to_mail_it_as_it_is_outlives_another_hold(office):
    """Released from `incomplete`, then nobody was found: the file was looked at."""
    row = office.receive(office.put(data=CUT_PDF, to=""))
    while row.state is State.WAITING:
        row = office.wake(row)
    assert row.reason is Reason.INCOMPLETE
    row = released(office, row)
    assert row.reason is Reason.NO_RECIPIENT
    row = released(office, row, INSIDE)
    assert row.state is State.SENT
    assert office.inside.taken[0].file == CUT_PDF


@pytest.mark.parametrize("state", [State.SENT, State.WAITING])
def test_only_held_rows_are_released(office, state):
    """What waits comes by itself; what is sent is sent."""
    if state is State.WAITING:
        office.inside.script = [UnreachableError("down")]
    row = office.scan()
    with pytest.raises(StaleError, match="not held"):
        ordered(office, row)
    assert office.reread(row) == row


def test_mail_of_unknown_fate_keeps_generation_and_recipients(office):
    """Only as the same mail can it be sent again."""
    office.outside.script = [UnconfirmedError("lost"), RecipientRefusedError("400")]
    unknown = Finding(fate=Fate.UNKNOWN, answer="404")
    office.outside.findings = [unknown, unknown]
    row = office.wake(office.scan(to=OUTSIDE))
    assert row.reason is Reason.UNCONFIRMED
    office.outside.findings = [Finding(fate=Fate.ACCEPTED, answer="Succeeded")]
    row = released(office, row)
    assert (row.state, row.generation) == (State.SENT, 0)
    assert row.plan[0].state is MailState.ACCEPTED
    assert len({call.message.message_id for call in office.outside.calls}) == 1


def test_given_up_scan_waits_anew_from_its_order(make_office):
    """GIVE_UP_AFTER_HOURS runs from `ordered` after a release."""
    office = make_office(GIVE_UP_AFTER_HOURS="1", RETRY_SECONDS="1500")
    office.inside.script = [UnreachableError("down")] * 5
    row = office.scan()
    while row.state is State.WAITING:
        row = office.wake(row)
    assert row.is_for(Reason.UNREACHABLE)
    office.later(hours=5)
    office.inside.script = [UnreachableError("down")]
    row = released(office, row)
    assert row.state is State.WAITING
    assert office.wake(row).state is State.SENT
    assert office.inside.taken[0].file == PDF


def test_generations_stay_in_the_plan(office):
    """The row tells the whole story."""
    office.inside.script = [RecipientRefusedError("550", refused={INSIDE: "550"})]
    row = released(office, office.scan(to=BOTH))
    assert [(mail.g, mail.n, mail.state) for mail in row.plan] == [
        (0, 0, "refused"),
        (0, 1, "accepted"),
        (1, 0, "accepted"),
    ]


@pytest.mark.parametrize("to", [("x@example.net",), ("not-an-address",)])
def test_refused_order_still_finds_out_what_became_of_older_mails(office, to):
    """The new part is held by name; the mail of unknown fate is not left lying."""
    office.inside.script = [UnconfirmedError("lost"), RecipientRefusedError("550")]
    row = office.wake(office.scan())
    assert (row.state, row.reason) == (State.HELD, Reason.UNCONFIRMED)
    row = released(office, row, *to)
    assert office.inside.people == [INSIDE]
    assert len({call.message.message_id for call in office.inside.calls}) == 1
    assert row.plan[0].state is MailState.ACCEPTED
    assert row.state is State.HELD
    assert row.reason in {Reason.NOT_ALLOWED, Reason.NO_RECIPIENT}
    assert "release it with --to" in row.last_error


def test_order_after_a_refused_one_is_planned_anew(office):
    """What is held by name is no mail that anybody got: the next release mails."""
    office.outside.script = [UnconfirmedError("lost")]
    row = office.scan(to=OUTSIDE)
    office.outside.findings = [UnreachableError("503")] * 200
    while row.state is State.WAITING:
        row = office.wake(row)
    assert row.reason is Reason.GAVE_UP
    office.outside.findings = [Finding(fate=Fate.ACCEPTED, answer="Succeeded")]
    row = released(office, row, "x@example.net")
    assert (row.state, row.reason) == (State.HELD, Reason.NOT_ALLOWED)
    row = released(office, row, OTHER)
    assert row.state is State.SENT
    assert (office.inside.people, office.outside.people) == ([OTHER], [])


def test_those_to_whom_it_bounced_lack_the_scan(office):
    """Returned is not received: a release of the held scan mails them as well."""
    office.inside.script = [RecipientRefusedError("550", refused={INSIDE: "550"})]
    row = office.scan(to=BOTH)
    report(office.works, a_report(operation_id_of(row.scan_id, 1, 0)))
    row = released(office, office.reread(row))
    assert office.outside.people == [OUTSIDE, OUTSIDE]
    assert office.inside.people == [INSIDE]
    assert row.state is State.SENT
