"""Quotas are kept to by all instances together, and who must wait knows until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import UnconfirmedError, UnreachableError
from shared.model import Reason, Receipt, State
from shared.transports.base import Carries, Quota, Unit
from tests.path.office import INSIDE, OUTSIDE
from tests.scripted import Scripted

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
THIRTY = (Quota(30, MINUTE),)
TWO = (Quota(2, MINUTE),)


def limited(office, *quotas, connections=None):
    """The way outside takes so many."""
    carries = replace(office.outside.carries, quotas=quotas, connections=connections)
    office.outside.carries = carries


def scans(office, count, first=0, to=OUTSIDE):
    """So many scans, one after the other."""
    names = [f"mfp/{number}.pdf" for number in range(first, first + count)]
    return [office.scan(name=name, to=to) for name in names]


def test_quota_is_used_up_and_not_passed(office):
    """The thirty-first waits, and is not handed over."""
    limited(office, *THIRTY)
    rows = scans(office, 31)
    assert [row.state for row in rows] == [State.SENT] * 30 + [State.WAITING]
    assert len(office.outside.calls) == 30
    assert rows[30].reason is Reason.THROTTLED
    assert rows[30].attempts == 0


def test_scan_that_waits_says_until_when(office):
    """In the ledger, where `show` prints it, and in the log."""
    limited(office, *TWO)
    row = scans(office, 3)[2]
    when = f"{row.next_attempt:%Y-%m-%d %H:%M:%S} UTC"
    assert row.last_error == f"acs takes 2 mails a minute: its turn is at {when}"
    assert MINUTE / 2 < row.next_attempt - office.clock() < MINUTE * 14 / 12


def test_each_gets_a_turn_of_its_own_by_arrival(office):
    """Nobody wakes to find the tokens gone."""
    limited(office, *TWO)
    waiting = scans(office, 8)[2:]
    turns = [row.next_attempt for row in waiting]
    assert turns == sorted(turns)
    assert [office.wake(row).state for row in waiting] == [State.SENT] * 6
    assert len(office.outside.calls) == 8


def test_whoever_comes_later_does_not_push_in(office):
    """A new scan does not take the turn of one that waits."""
    limited(office, *TWO)
    waiting = scans(office, 3)[2]
    office.offset += waiting.next_attempt - office.clock() - timedelta(seconds=1)
    late = office.scan(name="mfp/late.pdf", to=OUTSIDE)
    assert late.state is State.WAITING
    assert late.next_attempt >= waiting.next_attempt


def test_instances_share_one_bucket(office):
    """Two workers, thirty mails."""
    limited(office, *THIRTY)
    first, second = office.works, office.hired()
    for number in range(17):
        for worker in (first, second):
            office.works = worker
            office.scan(name=f"mfp/{number}-{worker is first}.pdf", to=OUTSIDE)
    assert len(office.outside.calls) <= 30
    # What one worker has in its purse the other cannot have: nine at most.
    assert len(office.outside.calls) > 20


def test_tokens_are_taken_ten_at_a_time(office):
    """Ten mails in a row write the bucket once, not ten times."""
    limited(office, *THIRTY)
    scans(office, 1)
    with office.azurite.counted() as counts:
        scans(office, 10, first=1)
        limited_calls = counts["table.UpdateEntity"]
    limited(office)
    with office.azurite.counted() as counts:
        scans(office, 10, first=11)
        free_calls = counts["table.UpdateEntity"]
    assert limited_calls - free_calls == 1


def test_transport_without_quotas_takes_no_tokens(office):
    """The six transactions stand."""
    scans(office, 2, to=INSIDE)
    table = office.azurite.tables().get_table_client("ledger")
    assert not list(table.query_entities("PartitionKey eq 'quota'"))


def test_setting_says_otherwise(make_office):
    """`QUOTAS` replaces what a transport declares."""
    office = make_office(QUOTAS="acs=none")
    limited(office, *TWO)
    assert {row.state for row in scans(office, 5)} == {State.SENT}
    office.works = office.hired(
        settings=replace(office.works.settings, quotas={"acs": (Quota(1, MINUTE),)})
    )
    rows = scans(office, 2, first=5)
    assert [row.state for row in rows] == [State.SENT, State.WAITING]


def test_recipients_a_day_are_counted_as_recipients(office):
    """Two mails to two people are four."""
    limited(office, Quota(4, DAY, Unit.RECIPIENTS))
    office.routes('[policy]\nexternal = ["fabrikam.com"]\n')
    pair = f"{OUTSIDE},other@fabrikam.com"
    rows = scans(office, 3, to=pair)
    assert [row.state for row in rows] == [State.SENT, State.SENT, State.WAITING]
    assert rows[2].next_attempt - office.clock() > timedelta(hours=23)


def test_next_transport_takes_what_the_quota_holds_back(office):
    """A quota that is used up is a transport that is closed."""
    limited(office, *TWO)
    relay = Scripted("relay", "copier@contoso.com")
    office.works = replace(
        office.works,
        settings=replace(office.works.settings, external_transport=("acs", "relay")),
        transports={**office.works.transports, "relay": relay},
    )
    rows = scans(office, 4)
    used = [row.plan[0].transport for row in rows]
    assert used == ["acs", "acs", "relay", "relay"]
    assert rows[3].plan[0].why.startswith("acs: acs takes 2 mails a minute")


def test_senders_of_a_transport_have_quotas_of_their_own(office):
    """Three mailboxes, six mails; the seventh waits."""
    limited(office, *TWO)
    office.outside.senders = tuple(f"scans{n}@contoso.com" for n in range(3))
    rows = scans(office, 7)
    assert [row.state for row in rows] == [State.SENT] * 6 + [State.WAITING]
    used = [call.message.sender for call in office.outside.calls]
    assert all(used.count(sender) == 2 for sender in office.outside.senders)


def test_repeat_of_an_unconfirmed_mail_takes_a_token_too(office):
    """It is a mail like any other to whoever counts."""
    quotas = (Quota(2, timedelta(hours=1)),)
    office.outside.carries = Carries(max_bytes=None, quotas=quotas)
    office.outside.script = [UnconfirmedError("no answer"), UnreachableError("away")]
    row = office.scan(to=OUTSIDE)
    row = office.wake(row)
    row = office.wake(row)
    assert (row.state, row.reason) == (State.WAITING, Reason.THROTTLED)
    assert len(office.outside.calls) == 2
    assert office.wake(row).state is State.SENT


def test_those_put_off_by_a_mail_that_had_its_turn_need_one_of_their_own(office):
    """A turn is for one mail."""
    other = "other@fabrikam.com"
    limited(office, Quota(1, timedelta(hours=1)))
    row = scans(office, 2, to=f"{OUTSIDE},{other}")[1]
    office.outside.script = [Receipt(answer="250", deferred={other: "450 4.2.1 busy"})]
    row = office.wake(row)
    assert row.reason is Reason.UNREACHABLE
    row = office.wake(row)
    assert (row.state, row.reason) == (State.WAITING, Reason.THROTTLED)
    assert len(office.outside.calls) == 2
    assert office.wake(row).state is State.SENT


@pytest.mark.parametrize("most", [1, 3])
def test_connections_are_counted_across_instances(office, most):
    """While they are all taken a scan waits some seconds, and tries nothing."""
    limited(office, connections=most)
    seen: list[int] = []

    def others_come() -> None:
        depth = len(seen)
        seen.append(depth)
        office.works = office.hired()
        office.scan(name=f"mfp/inner{depth}.pdf", to=OUTSIDE)

    office.outside.meanwhile = others_come
    office.scan(name="mfp/outer.pdf", to=OUTSIDE)
    assert len(seen) == most
    waiting = [row for row in office.rows() if row.state is State.WAITING]
    (row,) = waiting
    assert row.last_error == f"acs takes {most} connections at once"
    assert row.next_attempt - office.clock() < timedelta(seconds=10)
    office.outside.meanwhile = lambda: None
    assert office.wake(row).state is State.SENT


def test_worker_that_died_leaves_its_connection_when_its_lease_ends(office):
    """Nobody is kept out for good."""
    limited(office, connections=1)
    lease = office.works.settings.lease_seconds
    office.works.berths.enter("acs", 1, office.clock() + lease)
    row = office.scan(to=OUTSIDE)
    assert row.state is State.WAITING
    office.later(seconds=lease.total_seconds())
    assert office.scan(name="mfp/2.pdf", to=OUTSIDE).state is State.SENT


def test_turn_is_kept_where_only_a_connection_was_not_free(office):
    """It was counted for this mail; another turn would be a minute later."""
    limited(office, *TWO, connections=1)
    waiting = scans(office, 4)[2:]
    assert all(row.plan[0].booked for row in waiting)
    office.offset += waiting[1].next_attempt - office.clock()
    office.works.berths.enter("acs", 1, office.clock() + MINUTE)
    busy = office.wake(waiting[0])
    assert busy.last_error == "acs takes 1 connections at once"
    assert busy.plan[0].booked
    assert busy.next_attempt - office.clock() < timedelta(seconds=10)


def test_busy_connections_close_no_transport(office):
    """They are free in seconds: the operator's order stands."""
    limited(office, connections=1)
    relay = Scripted("relay", "copier@contoso.com")
    office.works = replace(
        office.works,
        settings=replace(office.works.settings, external_transport=("acs", "relay")),
        transports={**office.works.transports, "relay": relay},
    )
    office.works.berths.enter("acs", 1, office.clock() + MINUTE)
    row = office.scan(to=OUTSIDE)
    assert (row.state, row.plan[0].transport) == (State.WAITING, "acs")
    assert not relay.calls


def test_busy_sender_is_helped_out_by_another(office):
    """Mailboxes of one transport share the load."""
    limited(office, connections=1)
    office.outside.senders = ("a@contoso.com", "b@contoso.com")
    for lane in ("acs a@contoso.com", "acs b@contoso.com"):
        office.works.berths.enter(lane, 1, office.clock() + MINUTE)
    row = office.scan(to=OUTSIDE)
    assert row.state is State.WAITING
    office.later(minutes=2)
    office.works.berths.enter(f"acs {row.plan[0].sender}", 1, office.clock() + MINUTE)
    assert office.scan(name=row.path, to=OUTSIDE).state is State.SENT
