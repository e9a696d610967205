"""Each name once at a time, the earliest first, and none forgotten."""

from __future__ import annotations

import threading
import time
from itertools import count
from pathlib import Path

import pytest

from edge.agenda import Agenda
from edge.sight import Later, Sight

from .eye import Folder

PLACE = Folder(Path("/srv/scans"))
A, B = Sight(PLACE, "a.pdf"), Sight(PLACE, "b.pdf")


@pytest.fixture
def agenda() -> Agenda:
    """Empty."""
    return Agenda()


def later(seconds: float) -> Later:
    """So many seconds from now."""
    return Later(time.monotonic() + seconds, "It rests.")


def test_a_sight_is_given_out_once(agenda):
    """However often it was seen meanwhile."""
    for _ in range(3):
        agenda.add(A)
    assert agenda.take(0) == A
    assert agenda.take(0) is None


def test_since_when_a_name_is_seen_is_known_until_it_is_done(agenda, monkeypatch):
    """However often it is looked at; what is seen meanwhile may be another."""
    moments = count(1)
    monkeypatch.setattr("edge.agenda.time.time", lambda: next(moments))
    agenda.add(A)
    assert agenda.take(0) == A
    agenda.add(A)
    agenda.later(A, later(0.0))
    assert agenda.under_way(PLACE) == {"a.pdf": 1}
    assert agenda.take(0) == A
    agenda.add(A)
    assert agenda.since(A) == 1
    agenda.done(A)
    assert agenda.since(A) is None
    assert agenda.under_way(PLACE)["a.pdf"] > 1


def test_a_close_is_not_forgotten_by_a_sight_without(agenda):
    """They are one entry."""
    agenda.add(Sight(PLACE, "a.pdf", is_closed=True))
    agenda.add(A)
    assert agenda.take(0) == Sight(PLACE, "a.pdf", is_closed=True)


def test_what_is_in_hand_is_given_to_nobody_else(agenda):
    """What happened to it meanwhile is looked at right after."""
    agenda.add(A)
    agenda.take(0)
    agenda.add(Sight(PLACE, "a.pdf", is_closed=True))
    agenda.add(B)
    assert agenda.take(0) == B
    assert agenda.take(0) is None
    agenda.later(A, later(60))
    assert agenda.take(0) == Sight(PLACE, "a.pdf", is_closed=True)
    agenda.done(A)
    assert len(agenda) == 0


def test_what_waits_comes_at_its_time(agenda):
    """The earliest first, and not before."""
    for sight, seconds in ((A, 0.2), (B, 0.1)):
        agenda.add(sight)
        agenda.later(agenda.take(0), later(seconds))
    begun = time.monotonic()
    assert agenda.take(0) is None
    assert [why for _, why in agenda.waiting()] == ["It rests."] * 2
    assert agenda.take(5) == B
    assert agenda.take(5) == A
    assert 0.2 <= time.monotonic() - begun < 1.0


def test_what_waits_comes_at_once_where_it_is_seen_again(agenda):
    """And then no second time."""
    agenda.add(A)
    agenda.later(agenda.take(0), later(0.05))
    agenda.add(A)
    assert agenda.take(0) == A
    agenda.done(A)
    assert agenda.take(0.1) is None


def test_whoever_waits_is_woken(agenda):
    """By a sight from another thread, and by one that is in hand no more."""
    taken = []
    thread = threading.Thread(target=lambda: taken.append(agenda.take(5)))
    thread.start()
    agenda.add(A)
    thread.join(1.0)
    agenda.add(A)
    thread = threading.Thread(target=lambda: taken.append(agenda.take(5)))
    thread.start()
    agenda.done(A)
    thread.join(1.0)
    assert taken == [A, A]
