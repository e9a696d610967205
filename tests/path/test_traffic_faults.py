"""Storage that fails in the middle of traffic loses no scan and sends none twice."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared import path
from shared.berths import Berths
from shared.bucket import Bucket
from shared.errors import (
    AuthRefusedError,
    MissingError,
    ThrottledError,
    UnreachableError,
)
from shared.gate import Gate
from shared.ledger import Ledger
from shared.model import Reason, Receipt, State
from shared.stores.border import StorageError
from shared.transports.base import Carries, Quota
from tests.path.office import BOTH, INSIDE, OUTSIDE
from tests.scripted import Scripted

LATER = "later@contoso.com"
PEOPLE = f"{BOTH},{LATER}"
PARTLY = Receipt(answer="250", deferred={LATER: "452 4.5.3 many"}, throttled=True)
BUSY, AUTH = ThrottledError("432 slow down"), AuthRefusedError("535 no")
AWAY = UnreachableError("connection refused")
COUNTED = Carries(
    max_bytes=None, quotas=(Quota(30, timedelta(minutes=1)),), connections=3
)


class Failing:
    """A table whose call number `at` fails, or every call from there on."""

    def __init__(self, table, at, *, for_good=False, only="", fault=StorageError):
        self._table, self._at, self._only, self._fault = table, at, only, fault
        self._calls, self._for_good = 0, for_good
        self.has_failed = False

    def __getattr__(self, name):
        def call(*args):
            if name == (self._only or name):
                number, self._calls = self._calls, self._calls + 1
                if number == self._at or (self._for_good and number > self._at):
                    self.has_failed = True
                    raise self._fault("503 the table is busy")
            return getattr(self._table, name)(*args)

        return call


def employ(office, table):
    """A worker whose traffic is written to this table; two ways on each side."""
    office.inside.carries = office.outside.carries = COUNTED
    others = {each: Scripted(each, f"{each}@contoso.com") for each in ("exo", "relay")}
    fresh = office.hired()
    settings = replace(
        fresh.settings,
        internal_transport=("hve", "exo"),
        external_transport=("acs", "relay"),
        failover_after_seconds=timedelta(0),
    )
    transports = {"hve": office.inside, "acs": office.outside, **others}
    office.works = replace(
        fresh,
        settings=settings,
        transports=transports,
        gate=Gate(table, office.clock, settings.retry_seconds),
        bucket=Bucket(table, office.clock),
        berths=Berths(table, office.clock),
    )
    return transports.values()


SCRIPTS = [
    pytest.param([PARTLY], [BUSY], False, id="some put off, others throttled"),
    pytest.param([AWAY, AWAY], [BUSY, AUTH], False, id="away"),
    pytest.param([PARTLY], [AUTH], True, id="for good"),
]


def healed(office, ways):
    """Another worker goes on, whose storage is well."""
    employ(office, office.works.account.ledger)
    office.works = replace(office.works, transports={way.name: way for way in ways})


def finished(office):
    """Let every attempt come, and return the row."""
    row = office.newest()
    for _ in range(9):
        if row.state is State.WAITING:
            row = office.wake(row)
    return row


def got(ways):
    """Who was in a mail that was taken."""
    return sorted(who for way in ways for who in way.people)


def expected(script):
    """Everybody once; who was put off was in the mail that others got."""
    put_off = [LATER] if PARTLY in script else []
    return sorted([*PEOPLE.split(","), *put_off])


@pytest.mark.parametrize(("inside", "outside", "for_good"), SCRIPTS)
def test_everybody_gets_it_once_whichever_call_fails(office, inside, outside, for_good):
    """Definite answers stay definite; what was accepted is written down."""
    for at in itertools.count():
        table = Failing(office.works.account.ledger, at, for_good=for_good)
        ways = employ(office, table)
        office.inside.script, office.outside.script = list(inside), list(outside)
        row = office.receive(office.put(f"mfp/{at}.pdf", to=PEOPLE))
        assert "unconfirmed" not in {mail.state for mail in row.plan}
        if not table.has_failed:
            break
        healed(office, ways)
        assert finished(office).state is State.SENT
        assert got(ways) == expected(inside), at
        for way in ways:
            way.taken.clear()
        office.later(minutes=20)
    assert at > 9


@pytest.mark.parametrize("at", range(5))
def test_row_that_somebody_deletes_meanwhile_is_written_anew(office, at):
    """Whoever opens a gate by hand does so by deleting its row."""
    table = office.works.account.ledger
    table = Failing(table, at, only="replace", fault=MissingError)
    ways = employ(office, table)
    office.inside.script, office.outside.script = [PARTLY], [BUSY]
    office.receive(office.put(to=PEOPLE))
    assert finished(office).state is State.SENT
    assert table.has_failed
    assert got(ways) == expected([PARTLY])


def test_place_is_given_back_where_no_token_could_be_had(office):
    """Else three hiccups would shut a mailbox for a lease's length."""

    class NoTokens(Bucket):
        def take(self, *_):
            raise StorageError("503 the table is busy")

    employ(office, office.works.account.ledger)
    office.works = replace(
        office.works, bucket=NoTokens(office.works.account.ledger, office.clock)
    )
    for number in range(4):
        row = office.scan(name=f"mfp/{number}.pdf", to=OUTSIDE)
        assert (row.state, row.reason) == (State.WAITING, Reason.UNREACHABLE)
        assert row.last_error == "503 the table is busy"
        assert row.attempts == 0
    employ(office, office.works.account.ledger)
    assert office.scan(name="mfp/4.pdf", to=OUTSIDE).state is State.SENT


def test_acceptance_is_written_down_before_the_place_is_given_back(office):
    """A worker that dies in between leaves a place taken, not a mail in doubt."""
    seen = []

    class Watched(Berths):
        def leave(self, lane, berth):
            seen.append(office.newest().state)
            super().leave(lane, berth)

    employ(office, office.works.account.ledger)
    office.works = replace(
        office.works, berths=Watched(office.works.account.ledger, office.clock)
    )
    assert office.scan(to=INSIDE).state is State.SENT
    assert seen == [State.SENT]


def test_worker_killed_at_any_call_sends_nothing_but_the_same_again(office):
    """Nobody is forgotten; what comes twice has the same id, way and bytes."""
    for at in itertools.count():
        table: Any = Failing(office.works.account.ledger, at, fault=SystemExit)
        ways = employ(office, table)
        office.works = replace(office.works, ledger=Ledger(table, office.clock))
        office.inside.script, office.outside.script = [PARTLY], [AUTH]
        event = office.put(f"mfp/{at}.pdf", to=PEOPLE)
        with suppress(SystemExit):
            path.receive_event(office.works, event)
        healed(office, ways)
        if table.has_failed:
            office.later(seconds=700)
            path.receive_event(office.works, event)
        row = finished(office)
        assert (row.state, row.path) == (State.SENT, f"mfp/{at}.pdf"), at
        assert set(got(ways)) == set(PEOPLE.split(","))
        for who in PEOPLE.split(","):
            mails = {
                (way.name, call.message)
                for way in ways
                for call in way.taken
                if who in call.message.recipients
            }
            # Who was put off has the mail of the others, and one of his own.
            assert len(mails) <= 1 + (who == LATER), (at, who)
        for way in ways:
            way.taken.clear()
        office.later(minutes=20)
        if not table.has_failed:
            break
