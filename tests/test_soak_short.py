"""The crash campaign for a minute; and proof that its judge sees what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.soak.aftermath import Aftermath, Standing
from tests.soak.campaign import Pace, run
from tests.soak.judge import judge
from tests.soak.lanes import Terms, breaches
from tests.soak.record import Line, Put, Record, Taken, digest_of, packed
from tests.soak.ways import EXO_SENDERS, Ask, Visit

SEED = 2026
SCAN = "20261121-00112233445566778899"
PERSON, OTHER = "jane@contoso.com", "omar@contoso.com"
FILE = digest_of(b"the file")
PUT = Put(
    scan_id=SCAN,
    name="mfp/scan.pdf",
    etag="0x1",
    digest=FILE,
    size=8,
    people=frozenset({PERSON}),
    is_whole=True,
    names_stranger=False,
    when=1.0,
)
MAIL = Taken(
    transport="hve",
    sender="scans@contoso.com",
    message_id=f"<{SCAN}.0@contoso.com>",
    people=frozenset({PERSON}),
    packed=packed(b"a mail"),
    digest=digest_of(b"a mail"),
    files=(FILE,),
    when=2.0,
)
MAILBOX = EXO_SENDERS[0]
BY_EXO = replace(MAIL, transport="exo", sender=MAILBOX)
ROW = Standing(
    scan_id=SCAN,
    state="sent",
    reason="",
    path=PUT.name,
    container="scans",
    name=PUT.name,
    plan=(
        {
            **{"n": 0, "g": 0, "transport": "hve", "sender": MAIL.sender},
            "state": "accepted",
            **{"to": [PERSON], "cc": [], "bcc": [], "refused": {}},
        },
    ),
)
AFTER = Aftermath(
    rows={SCAN: ROW},
    blobs={"scans": {}, "held": {}, "sent": {}},
    queues={"scan-events": 0},
)


def a_record(*taken: Taken, put: Put = PUT) -> Record:
    """One scan that was put, and what came of it."""
    return Record(puts=[put], taken=list(taken or [MAIL]))


def test_judge_is_content_with_a_scan_that_arrived():
    """Once, whole, at the right person, and written down; or twice the same."""
    assert judge(a_record(), AFTER) == []
    assert judge(a_record(MAIL, MAIL), AFTER) == []


def _said(text: str) -> Record:
    record = a_record()
    record.lines.append(Line(3.0, "worker-1", text))
    return record


def _asked() -> Record:
    record = a_record()
    record.ask("an-operation", "one digest")
    record.ask("an-operation", "another")
    return record


def _ended() -> Record:
    record = a_record()
    record.count("workers that ended by themselves")
    return record


BROKEN: dict[str, Callable[[], Record]] = {
    "did not get it": lambda: Record(puts=[PUT]),
    "carries other bytes": lambda: a_record(replace(MAIL, files=("other",))),
    "should not have": lambda: a_record(
        replace(MAIL, people=frozenset({PERSON, OTHER}))
    ),
    "accepted with other bytes": lambda: a_record(MAIL, replace(MAIL, digest="x")),
    "accepted with other operation": lambda: a_record(
        MAIL, replace(MAIL, operation_id="another")
    ),
    "got it as": lambda: a_record(
        MAIL, replace(MAIL, message_id=f"<{SCAN}.0.1@contoso.com>")
    ),
    "not whole, and was mailed": lambda: a_record(put=replace(PUT, is_whole=False)),
    f"doubled: {PERSON} got it by": lambda: a_record(MAIL, BY_EXO),
    "is recorded for hve as scans@contoso.com, and went by": lambda: a_record(BY_EXO),
    "came by hve as": lambda: a_record(replace(MAIL, sender=MAILBOX)),
    "a mail of no scan": lambda: a_record(MAIL, replace(MAIL, message_id="<x@y>")),
    "a mail of a scan that nobody put": lambda: Record(taken=[MAIL]),
    "was asked for with other bytes": _asked,
    "left a function": lambda: _said("event=failed x | ValueError: y"),
    "ended by themselves": _ended,
}


@pytest.mark.parametrize("what", BROKEN)
def test_judge_sees_what_the_peers_took(what):
    """Each promise, broken on its own."""
    assert any(what in str(each) for each in judge(BROKEN[what](), AFTER))


UNTIDY: dict[str, Aftermath] = {
    "messages are left": replace(AFTER, queues={"scan-retries": 1}),
    "left in `scans`": replace(AFTER, blobs={**AFTER.blobs, "scans": {"a.pdf": "x"}}),
    "that no row names": replace(
        AFTER, blobs={**AFTER.blobs, "held": {f"2026/11/21/{SCAN}/a.pdf": "x"}}
    ),
    "it may be ['sent']": replace(AFTER, rows={SCAN: replace(ROW, state="waiting")}),
    "is recorded as open": replace(
        AFTER, rows={SCAN: replace(ROW, plan=({**ROW.plan[0], "state": "sending"},))}
    ),
    "and never got": replace(
        AFTER, rows={SCAN: replace(ROW, plan=({**ROW.plan[0], "to": [OTHER]},))}
    ),
    "what is kept of it": replace(AFTER, keeps=True),
}


@pytest.mark.parametrize("what", UNTIDY)
def test_judge_sees_what_is_left(what):
    """Rows, blobs and messages, each out of place on its own."""
    assert any(what in str(each) for each in judge(a_record(), UNTIDY[what]))


def _asked_every(seconds: float, times: int) -> Record:
    asks = [
        Ask(way="exo", sender=MAILBOX, when=100 + number * seconds)
        for number in range(times)
    ]
    return Record(asks=asks)


def _connected(times: int, seconds: float) -> Record:
    visits = [
        Visit(way="exo", sender=MAILBOX, start=100 + number, end=100 + number + seconds)
        for number in range(times)
    ]
    return Record(visits=visits)


TERMS = Terms(per_minute={"exo": 30}, connections={MAILBOX: 3})
OVER: dict[str, tuple[Record, Terms]] = {
    "was asked 31 times in 56.4 s": (_asked_every(1.88, 40), TERMS),
    "had 4 connections at once": (_connected(4, 3.5), TERMS),
    "the campaign proved nothing: 0 mails moved to exo, 1 are needed": (
        a_record(MAIL),
        Terms(least_moved={"exo": 1}),
    ),
}


@pytest.mark.parametrize("what", OVER)
def test_judge_sees_what_a_peer_was_burdened_with(what):
    """More than a quota in a minute, a connection too many, or nothing that moved."""
    assert any(what in each for each in breaches(*OVER[what]))


WITHIN = {
    "so many in a minute, and no more": (_asked_every(0.1, 30), TERMS),
    "one more, when the first is a minute ago": (_asked_every(2.0, 40), TERMS),
    "three at once, and the fourth when one has left": (_connected(9, 2.9), TERMS),
    "another way, which has none": (
        _asked_every(0.1, 99),
        Terms(per_minute={"acs": 1}),
    ),
    "a mail that moved": (a_record(BY_EXO, MAIL), Terms(least_moved={"exo": 1})),
}


@pytest.mark.parametrize("what", WITHIN)
def test_judge_is_content_with_a_peer_that_was_spared(what):
    """Up to the limit is within it."""
    assert not list(breaches(*WITHIN[what]))


def test_nothing_is_lost_or_doubled_in_a_minute_of_crashes():
    """The whole campaign; `make soak` runs it for ten minutes."""
    outcome = run(Pace(seconds=60, seed=SEED))
    assert not outcome.violations, "\n\n".join(map(str, outcome.violations))
    assert outcome.counts["scans put"] > 100
    assert outcome.counts["workers killed"] > 10
    assert outcome.counts["restarts of Azurite"] >= 1
    assert any(word.startswith("closed: ") for word in outcome.counts)
