"""Who goes next to storage: the oldest, large ones in nobody's way, and all in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import line as lines
from edge.job import Job
from edge.line import LARGE_BYTES, Line


class Clock:
    """A clock to turn."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def job(name: str, since: float, size: int = 1) -> Job:
    """A job that came at a time."""
    return Job(
        job_id=name,
        folder=Path("/srv"),
        members=(),
        device="mfp",
        path=name,
        size=size,
        since=since,
        file=lambda: Path("/nowhere"),
    )


@pytest.fixture
def clock() -> Clock:
    """One for a test."""
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    """For eight uploads."""
    return Line(8, clock)


def taken(line: Line) -> str:
    """The next one's name, or nothing."""
    found = line.take(0.0)
    return found.job_id if found else ""


def test_oldest_goes_first(line):
    """Whatever came to the line first."""
    for name, since in (("b", 2), ("a", 1), ("c", 3)):
        line.add(job(name, since))
    assert [taken(line) for _ in range(4)] == ["a", "b", "c", ""]
    assert len(line) == 3
    assert line.is_moving()


def test_large_files_leave_room_for_small_ones(line):
    """A quarter of the uploads, however old they are."""
    for number in range(5):
        line.add(job(f"large {number}", number, LARGE_BYTES))
    line.add(job("small", 9))
    assert [taken(line) for _ in range(4)] == ["large 0", "large 1", "small", ""]
    line.done(job("large 0", 0))
    assert taken(line) == "large 2"


def test_storage_that_is_away_is_tried_by_one_at_a_time(line, clock):
    """After longer and longer waits; then everybody goes."""
    jobs = [job(name, since) for since, name in enumerate("abc")]
    for each in jobs:
        line.add(each)
    assert taken(line) == "a"
    assert line.away(jobs[0], "no answer") == 1.0
    assert taken(line) == ""
    assert not line.is_moving()
    assert [why for _, why in line.waiting()] == ["no answer"] * 3
    clock.now += 1.0
    assert [taken(line), taken(line)] == ["a", ""]
    assert line.away(jobs[0], "no answer") == 2.0
    clock.now += 2.0
    assert taken(line) == "a"
    line.done(jobs[0])
    assert [taken(line), taken(line)] == ["b", "c"]
    assert not line.why


def test_eight_that_fail_at_once_wait_no_longer_than_one(line):
    """They all met the same outage."""
    jobs = [job(str(number), number) for number in range(8)]
    for each in jobs:
        line.add(each)
        assert taken(line)
    assert {line.away(each, "no answer") for each in jobs} == {1.0}


def test_wait_for_storage_has_an_end(line, clock):
    """However long the outage was."""
    one = job("a", 0)
    line.add(one)
    for _ in range(20):
        taken(line)
        clock.now += line.away(one, "no answer")
    assert line.away(one, "no answer") == lines.LONGEST_WAIT_SECONDS


def test_one_that_is_refused_holds_up_nobody(line, clock):
    """It is tried again, less and less often; storage counts as there."""
    for since, name in enumerate("ab"):
        line.add(job(name, since))
    assert taken(line) == "a"
    assert line.again(job("a", 0), "refused") == 5.0
    assert [taken(line), taken(line)] == ["b", ""]
    assert line.waiting()[0][1] == "refused"
    clock.now += 5.0
    assert taken(line) == "a"
    assert line.again(job("a", 0), "refused") == 10.0
    clock.now += 10.0
    assert taken(line) == "a"
    line.drop(job("a", 0))
    line.drop(job("b", 0))
    assert not len(line)
