"""A transport that is closed is passed over; a mail of unknown fate never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.errors import (
    AuthRefusedError,
    RecipientRefusedError,
    SenderRefusedError,
    ThrottledError,
    TooLargeError,
    UnconfirmedError,
    UnreachableError,
)
from shared.model import Fate, Finding, MailState, Reason, State
from shared.transports.base import Carries
from tests.path.office import OUTSIDE, Office
from tests.samples import a_pdf
from tests.scripted import Scripted

AUTH = AuthRefusedError("535 5.7.3 no", hint="look")
AWAY = UnreachableError("connection refused")
BUSY = ThrottledError("432 4.3.2 slow down", retry_after=600)


class Ways:
    """Three ways outside, `acs` first."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.acs = office.outside
        self.exo = Scripted("exo", "scans@contoso.com")
        self.relay = Scripted("relay", "copier@contoso.com")
        self.hire()

    def hire(self) -> None:
        """Let another worker go on, who remembers nothing."""
        fresh = self.office.hired()
        settings = replace(fresh.settings, external_transport=("acs", "exo", "relay"))
        three = {"acs": self.acs, "exo": self.exo, "relay": self.relay}
        self.office.works = replace(
            fresh,
            settings=settings,
            transports={"hve": self.office.inside, **three},
        )

    @property
    def calls(self) -> list[int]:
        """How often each was asked to send."""
        return [len(each.calls) for each in (self.acs, self.exo, self.relay)]


@pytest.fixture
def ways(office: Office) -> Ways:
    """An office with three ways outside."""
    return Ways(office)


def scan(ways: Ways, name: str = "mfp/1.pdf"):
    """Scan to somebody outside."""
    return ways.office.scan(name=name, to=OUTSIDE)


@pytest.mark.parametrize("closed", [AUTH, BUSY])
def test_next_transport_takes_over_at_once(ways, closed):
    """Whoever stands at the glass need not wait for somebody else's quota."""
    ways.acs.script = [closed]
    row = scan(ways)
    assert (row.state, row.plan[0].transport) == (State.SENT, "exo")
    assert ways.exo.people == [OUTSIDE]
    assert ways.calls == [1, 1, 0]


def test_third_takes_over_where_the_second_is_closed_too(ways):
    """The order is the operator's."""
    ways.acs.script, ways.exo.script = [BUSY], [AUTH]
    row = scan(ways)
    assert (row.state, row.plan[0].transport) == (State.SENT, "relay")


def test_plan_says_which_was_used_and_why(ways):
    """And the sender is the transport's own."""
    ways.acs.script = [AUTH]
    (mail,) = scan(ways).plan
    assert (mail.transport, mail.sender) == ("exo", "scans@contoso.com")
    assert mail.why == "acs: 535 5.7.3 no (look)"
    assert mail.state is MailState.ACCEPTED


def test_log_says_which_was_used_and_why(ways, caplog):
    """And a refused sign-in raises the alarm, though the scan went out."""
    caplog.set_level("INFO", "scanpost")
    ways.acs.script = [AUTH]
    scan(ways)
    line = next(each for each in caplog.messages if "event=attempt" in each)
    assert "outcome=sent" in line
    assert 'transport="acs,exo"' in line
    assert "recipients=1" in line
    assert 'moved="acs: 535 5.7.3 no (look)"' in line
    assert "alarm=sign-in-refused" in line


@pytest.mark.parametrize("closed", [AUTH, BUSY])
def test_others_do_not_ask_again_what_one_has_learned(ways, closed):
    """The gate is closed for all instances: no account is locked by trying."""
    ways.acs.script = [closed]
    scan(ways)
    ways.hire()
    assert scan(ways, "mfp/2.pdf").plan[0].transport == "exo"
    assert ways.calls == [1, 2, 0]


def test_first_transport_is_used_again_once_it_is_open(ways):
    """Nobody need close or open anything by hand."""
    ways.acs.script = [BUSY]
    scan(ways)
    ways.office.later(seconds=700)
    assert scan(ways, "mfp/2.pdf").plan[0].transport == "acs"


def test_ledger_names_the_way_before_the_mail_goes(ways):
    """A worker that dies then leaves no doubt by which way it may have gone."""
    seen = []
    ways.acs.script = [BUSY]
    ways.exo.meanwhile = lambda: seen.append(ways.office.newest().plan[0])
    scan(ways)
    assert [(mail.transport, mail.state) for mail in seen] == [
        ("exo", MailState.SENDING)
    ]


def test_mail_of_unknown_fate_stays_with_its_transport(ways):
    """By another it would be another mail, and arrive twice."""
    ways.exo.script = [UnconfirmedError("no answer"), *[BUSY] * 3]
    ways.acs.script = [AUTH]
    row = scan(ways)
    assert row.plan[0].state is MailState.UNCONFIRMED
    for _ in range(3):
        row = ways.office.wake(row)
    assert (row.plan[0].transport, row.plan[0].state) == ("exo", MailState.UNCONFIRMED)
    assert ways.calls == [1, 4, 0]
    assert ways.office.wake(row).state is State.SENT
    assert len({call.message.message_id for call in ways.exo.calls}) == 1


def test_one_failure_to_connect_is_no_failover(ways):
    """It waits, as ever; the next attempt finds it well."""
    ways.acs.script = [AWAY]
    row = scan(ways)
    assert (row.state, row.reason) == (State.WAITING, Reason.UNREACHABLE)
    assert ways.office.wake(row).plan[0].transport == "acs"


def test_transport_out_of_reach_for_long_is_passed_over(ways):
    """After the first three of RETRY_SECONDS; other scans at once."""
    ways.acs.script = [AWAY] * 9
    row, started = scan(ways), ways.office.clock()
    while row.state is State.WAITING:
        row = ways.office.wake(row)
    assert row.plan[0].transport == "exo"
    assert timedelta(seconds=150) < ways.office.clock() - started
    assert ways.office.clock() - started < timedelta(seconds=600)
    before = len(ways.acs.calls)
    assert scan(ways, "mfp/2.pdf").plan[0].transport == "exo"
    assert len(ways.acs.calls) == before


def test_outage_ends_with_the_first_mail_that_gets_through(ways):
    """A failure hours later begins an outage of its own."""
    ways.acs.script = [AWAY]
    ways.office.wake(scan(ways))
    ways.office.later(minutes=30)
    ways.acs.script = [AWAY]
    assert scan(ways, "mfp/2.pdf").state is State.WAITING


def test_failure_long_ago_does_not_count(ways):
    """Nothing was sent in between: it may have been well all the time."""
    ways.acs.script = [AWAY]
    scan(ways, "mfp/old.pdf")
    ways.office.later(hours=9)
    ways.hire()
    ways.acs.script = [AWAY]
    assert scan(ways, "mfp/new.pdf").state is State.WAITING


def test_all_closed_waits_for_the_first_that_opens(ways):
    """Not for the first in the order, which may stay closed for hours."""
    ways.acs.script = [ThrottledError("429", retry_after=9000)]
    ways.exo.script = [ThrottledError("432", retry_after=60)]
    ways.relay.script = [ThrottledError("421", retry_after=5000)]
    row = scan(ways)
    assert (row.state, row.reason) == (State.WAITING, Reason.THROTTLED)
    assert row.next_attempt - ways.office.clock() < timedelta(minutes=3)
    assert ways.office.wake(row).plan[0].transport == "exo"
    assert ways.calls == [1, 2, 1]


def test_slot_behind_a_closed_gate_is_taken_once(ways):
    """Whoever is throttled a moment after another is the second in line, not third."""
    for lane in ("exo", "relay"):
        ways.office.works.gate.close(lane, 9000)

    def another() -> None:
        ways.acs.meanwhile = lambda: None
        scan(ways, "mfp/inner.pdf")

    ways.acs.script = [ThrottledError("429"), ThrottledError("429")]
    ways.acs.meanwhile = another
    scan(ways, "mfp/outer.pdf")
    scan(ways, "mfp/late.pdf")
    slots = sorted(row.next_attempt for row in ways.office.rows())
    gaps = [later - slot for slot, later in pairwise(slots)]
    assert gaps == [timedelta(seconds=2)] * 2


def test_recipient_who_is_refused_is_refused(ways):
    """Another transport would only be told the same."""
    ways.acs.script = [RecipientRefusedError("550 5.1.10 unknown")]
    row = scan(ways)
    assert (row.state, row.reason) == (State.HELD, Reason.RECIPIENT_REFUSED)
    assert ways.calls == [1, 0, 0]


def test_one_transport_alone_keeps_its_gate_open(office):
    """Nothing could take over: each scan tries by itself, as before."""
    office.outside.script = [AUTH, AUTH]
    for name in ("mfp/1.pdf", "mfp/2.pdf"):
        assert office.scan(name=name, to=OUTSIDE).reason is Reason.SIGN_IN_REFUSED
    assert len(office.outside.calls) == 2


def test_sender_that_is_refused_is_a_refused_sign_in(ways):
    """Where From is the service's own."""
    ways.acs.script = [SenderRefusedError("550 5.7.60 no")]
    assert scan(ways).plan[0].transport == "exo"


def test_too_large_goes_by_the_next_that_carries_it(ways):
    """Known before, or learned from the server."""
    ways.exo.script = [TooLargeError("552 5.3.4 too large")]
    ways.exo.carries = ways.relay.carries = Carries(max_bytes=150_000_000)
    row = ways.office.receive(
        ways.office.put("mfp/big.pdf", a_pdf(9_000_000), to=OUTSIDE)
    )
    assert (row.state, row.plan[0].transport) == (State.SENT, "relay")
    assert row.plan[0].why.startswith("exo: 552 5.3.4")
    assert ways.calls == [0, 1, 1]


def test_what_none_can_carry_is_held_and_says_what_to_set(ways):
    """Each limit, and the setting that names the transports of the side."""
    for each in (ways.acs, ways.exo, ways.relay):
        each.limit_bytes = 10_000_000
    row = ways.office.receive(
        ways.office.put("mfp/big.pdf", a_pdf(9_000_000), to=OUTSIDE)
    )
    assert (row.state, row.reason) == (State.HELD, Reason.TOO_LARGE)
    assert "acs takes 10.0 MB; exo takes 10.0 MB" in row.last_error
    assert "EXTERNAL_TRANSPORT" in row.last_error


def test_log_says_so_too_where_settings_changed(ways, caplog):
    """As after any other move."""
    caplog.set_level("INFO", "scanpost")
    ways.acs.script = [AWAY]
    row = scan(ways)
    ways.acs.senders = ("other@contoso.com",)
    ways.office.wake(row)
    assert 'moved="acs does not send as s***@mail.contoso.com any more"' in caplog.text


DOUBT = UnreachableError("503 Busy")
DOUBT.is_doubtful = True


def test_failed_answer_to_a_whole_mail_is_looked_up_before_it_moves(ways):
    """ACS may have taken it all the same: then nobody gets it twice."""
    ways.acs.script = [DOUBT]
    row = scan(ways)
    assert row.plan[0].doubt
    ways.acs.findings = [Finding(fate=Fate.ACCEPTED)]
    ways.office.works.gate.close("acs", 600, Reason.THROTTLED)
    row = ways.office.wake(row)
    assert (row.state, row.plan[0].transport) == (State.WAITING, "acs")
    assert ways.calls == [1, 0, 0]


def test_failed_answer_that_took_nothing_moves(ways):
    """It was asked for, and is not there."""
    ways.acs.script = [DOUBT]
    row = scan(ways)
    ways.acs.findings = [Finding(fate=Fate.UNKNOWN)]
    ways.office.works.gate.close("acs", 600, Reason.THROTTLED)
    row = ways.office.wake(row)
    assert (row.state, row.plan[0].transport) == (State.SENT, "exo")
    assert not row.plan[0].doubt


def test_nobody_moves_while_nobody_can_be_asked(ways):
    """The service is out of reach altogether: who may have it keeps it."""
    ways.acs.script = [DOUBT] * 9
    ways.acs.findings = [UnreachableError("503")] * 9
    row = scan(ways)
    for _ in range(6):
        row = ways.office.wake(row)
    assert (row.state, row.plan[0].transport) == (State.WAITING, "acs")
    assert scan(ways, "mfp/2.pdf").plan[0].transport == "exo"
