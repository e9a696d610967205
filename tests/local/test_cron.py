"""NCRONTAB as the host reads it: six fields, the next time that fits all of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local.host.cron import Schedule

START = "2026-11-21T12:00:00"  # a Saturday


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("* * * * * *", "2026-11-21T12:00:01"),
        ("*/2 * * * * *", "2026-11-21T12:00:02"),
        ("0 */5 * * * *", "2026-11-21T12:05:00"),
        ("30 0 12 * * *", "2026-11-21T12:00:30"),
        ("0 0 3 * * *", "2026-11-22T03:00:00"),
        ("0 0 0 1 1 *", "2027-01-01T00:00:00"),
        ("0 0 9 * * mon-fri", "2026-11-23T09:00:00"),
        ("0 0 9 * * 0", "2026-11-22T09:00:00"),
        ("0 0 0 13 * 5", "2027-08-13T00:00:00"),
        ("0 0 0 29 feb *", "2028-02-29T00:00:00"),
        ("0 50/4 12 * * *", "2026-11-21T12:50:00"),
        ("5,1 0 12 * * *", "2026-11-21T12:00:01"),
        ("0 10-20/5 * * * *", "2026-11-21T12:10:00"),
    ],
)
def test_schedule_finds_the_next_time(expression, following):
    """Day and weekday must both fit; lists, ranges, steps and names are understood."""
    assert Schedule.parse(expression).after(at(START)) == at(following)


def test_time_that_fits_is_not_its_own_successor():
    """What has just been done is not done again."""
    assert Schedule.parse("0 * * * * *").after(at(START)) == at("2026-11-21T12:01:00")


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * * * *", "60 * * * * *", "* * * 0 * *", "* * * * * 7"),
        *("*/0 * * * * *", "x * * * * *", "5-1 * * * * *", "* * * * smarch *"),
        "00:05:00",
    ],
)
def test_nonsense_is_refused(expression):
    """Fields out of range, unknown words, a wrong number of fields."""
    with pytest.raises(ValueError, match=r"\S"):
        Schedule.parse(expression)


def test_day_that_never_comes_is_refused():
    """The thirtieth of February has no next time."""
    with pytest.raises(ValueError, match="no time fits"):
        Schedule.parse("0 0 0 30 2 *").after(at(START))
