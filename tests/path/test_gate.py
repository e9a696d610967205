"""The gate: a throttled transport is left alone, and everybody gets a turn."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from shared import path
from shared.errors import ThrottledError, UnconfirmedError
from shared.model import MailState, Reason, Receipt, State
from shared.stores.tables import Entity
from tests.path.office import BOTH, INSIDE, OUTSIDE

SLOW_DOWN = "432 4.3.2 slow down"


def test_throttled_scan_waits_as_long_as_the_peer_asked(office):
    """Retry-After is honoured."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=1234)]
    row = office.scan()
    assert (row.next_attempt - row.updated).total_seconds() > 1233


def test_closed_gate_lets_nobody_try(office):
    """What one scan learned, the next need not learn again."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    office.scan(name="mfp/1.pdf")
    row = office.scan(name="mfp/2.pdf")
    assert (row.state, row.reason) == (State.WAITING, Reason.THROTTLED)
    assert len(office.inside.calls) == 1


def test_all_instances_see_a_closed_gate(office):
    """Another worker reads the gate before it sends."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    office.scan(name="mfp/1.pdf")
    office.works = office.hired()
    assert office.scan(name="mfp/2.pdf").reason is Reason.THROTTLED
    assert len(office.inside.calls) == 1


def test_waiting_at_the_gate_is_no_attempt(office):
    """`attempts` counts what was tried."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    first = office.scan(name="mfp/1.pdf")
    second = office.scan(name="mfp/2.pdf")
    assert (first.attempts, second.attempts) == (1, 0)


def test_gate_of_one_transport_does_not_stop_another(office):
    """The outside goes on while the inside is throttled."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    office.scan(name="mfp/1.pdf")
    office.scan(name="mfp/2.pdf", to=BOTH)
    assert office.outside.people == [OUTSIDE]


def test_each_scan_gets_its_own_slot_by_arrival(office):
    """Slots follow each other in the order in which the scans came."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    rows = [office.scan(name=f"mfp/{n}.pdf") for n in range(5)]
    slots = [row.next_attempt for row in rows]
    assert slots == sorted(set(slots))
    gaps = {later - slot for slot, later in pairwise(slots[1:])}
    assert gaps == {timedelta(seconds=2)}


def test_order_survives_a_gate_that_closes_again(office):
    """A scan that wakes before a gate closed again keeps its place in the line."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    rows = [office.scan(name=f"mfp/{n}.pdf") for n in range(6)]
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    rows = [office.wake(row) for row in rows]
    slots = [row.next_attempt for row in rows]
    assert slots == sorted(set(slots))
    assert len(office.inside.calls) == 2
    for row in rows:
        office.wake(row)
    assert office.inside.people == [INSIDE] * 6


def test_newcomer_does_not_overtake_those_who_wait(office):
    """Whoever comes to a closed gate is last in line."""
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    old = [office.scan(name=f"mfp/{n}.pdf") for n in range(3)]
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=60)]
    old = [office.wake(row) for row in old]
    new = office.scan(name="mfp/new.pdf")
    assert new.next_attempt > max(row.next_attempt for row in old)


def test_open_gate_costs_one_read_in_30_seconds(office):
    """The happy path does not pay for a gate that is open."""
    office.scan(name="mfp/1.pdf")
    event = office.put("mfp/2.pdf")
    with office.azurite.counted() as counts:
        path.receive_event(office.works, event)
        office.names("scans")
    assert counts["table.QueryEntities"] == 0


def test_closings_without_retry_after_grow(office):
    """A gate that closes again soon after it opened stays closed for longer."""
    office.inside.script = [ThrottledError(SLOW_DOWN)] * 3
    row, waits = office.scan(), []
    for _ in range(3):
        waits.append(round((row.next_attempt - row.updated).total_seconds()))
        row = office.wake(row)
    assert waits == [30, 60, 120]


def test_gate_does_not_keep_a_scan_beyond_giving_up(make_office):
    """GIVE_UP_AFTER_HOURS runs at the gate, too."""
    office = make_office(GIVE_UP_AFTER_HOURS="1")
    office.inside.script = [ThrottledError(SLOW_DOWN, retry_after=9999)]
    row = office.scan(name="mfp/1.pdf")
    waiting = office.scan(name="mfp/2.pdf")
    assert waiting.next_attempt <= waiting.received + timedelta(hours=1)
    waiting = office.wake(waiting)
    assert (waiting.state, waiting.reason) == (State.HELD, Reason.GAVE_UP)
    assert waiting.last_error.startswith("throttled:")
    assert office.reread(row).state is State.WAITING


@pytest.mark.parametrize("lost_before", [False, True])
def test_recipient_put_off_because_of_too_many_mails_closes_the_gate(
    office, lost_before
):
    """452 for one of several is the same wish as 452 for all."""
    later = "ap@contoso.com"
    answers = {later: "452 4.5.3 too many"}
    office.inside.script = [Receipt(answer="250", deferred=answers, throttled=True)]
    if lost_before:
        office.inside.script.insert(0, UnconfirmedError("no answer"))
    row = office.scan(to=f"{INSIDE},{later}")
    row = office.wake(row) if lost_before else row
    assert (row.state, row.reason) == (State.WAITING, Reason.THROTTLED)
    other = office.scan(name="mfp/2.pdf")
    assert (other.state, other.reason) == (State.WAITING, Reason.THROTTLED)
    row = office.wake(row)
    assert row.state is State.SENT
    assert {mail.state for mail in row.plan} == {MailState.ACCEPTED}


def test_row_of_an_earlier_version_is_read(office):
    """It had neither a reason nor an outage."""
    until = office.clock() + timedelta(seconds=60)
    values = {"closed": office.clock(), "until": until, "cursor": until, "step": 2}
    table = office.works.account.ledger
    table.insert(Entity("gate", "hve", values))
    row = office.scan()
    assert (row.state, row.reason, row.next_attempt) == (
        State.WAITING,
        Reason.THROTTLED,
        until,
    )
    assert office.wake(row).state is State.SENT


def test_waits_of_nothing_come_to_an_end(make_office):
    """RETRY_SECONDS=0: one attempt a call, however often it is refused."""
    office = make_office(RETRY_SECONDS="0")
    office.inside.script = [ThrottledError(SLOW_DOWN)] * 3
    row = office.scan()
    for calls in (1, 2, 3):
        assert len(office.inside.calls) == calls
        assert office.messages() == calls
        row = office.wake(row)
    assert row.state is State.SENT
