"""Quotas are counted so that no span, wherever it begins, holds more than it may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.allowance import Allowance, Token, read, said
from shared.transports.base import Quota, Unit

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW_DOMAIN = (Quota(30, MINUTE), Quota(100, HOUR))
gaps = st.lists(st.floats(0, 100), min_size=1, max_size=150)


def placed(
    allowance: Allowance, count: int, now: datetime = NOON, recipients: int = 1
) -> tuple[list[Token], Allowance]:
    """So many turns, one after the other."""
    tokens = []
    for _ in range(count):
        token, allowance = allowance.place(recipients, now)
        tokens.append(token)
    return tokens, allowance


def most_in(times: Sequence[datetime], span: timedelta) -> int:
    """The most that any span of this length holds, wherever it begins."""
    return max(sum(start <= each < start + span for each in times) for start in times)


@given(gaps)
def test_no_span_holds_more_than_its_quota(seconds):
    """Whenever mails come, and though each comes a slice late for its turn."""
    allowance, now, early, late = Allowance(NEW_DOMAIN), NOON, [], []
    for gap in seconds:
        now += timedelta(seconds=gap)
        token, allowance = allowance.place(1, now)
        early.append(token.at)
        late.append(token.ends + MINUTE / 12)
    for quota in NEW_DOMAIN:
        assert most_in(early, quota.per) <= quota.most
        assert most_in(late, quota.per) <= quota.most


@given(gaps)
def test_nobody_goes_before_whoever_came_first(seconds):
    """Turns are given out in the order of asking."""
    allowance, now, turns = Allowance(NEW_DOMAIN), NOON, []
    for gap in seconds:
        now += timedelta(seconds=gap)
        token, allowance = allowance.place(1, now)
        turns.append(max(token.at, now))
    assert turns == sorted(turns)


def test_all_of_a_quota_is_there_at_once():
    """A burst need not be spread out: thirty go now, the next when they have aged."""
    tokens, _ = placed(Allowance(NEW_DOMAIN), 31)
    assert [token.at for token in tokens[:30]] == [NOON] * 30
    assert MINUTE <= tokens[30].at - NOON <= MINUTE * 14 / 12


def test_hundred_and_first_waits_for_the_hour():
    """The longer span decides where it is the one that is full."""
    tokens, _ = placed(Allowance(NEW_DOMAIN), 101)
    assert tokens[99].at - NOON < timedelta(minutes=4)
    assert HOUR <= tokens[100].at - NOON <= HOUR * 14 / 12


def test_recipients_are_counted_as_such():
    """A mail to fifty costs fifty."""
    quota = Quota(100, DAY, Unit.RECIPIENTS)
    tokens, allowance = placed(Allowance((quota,)), 3, recipients=50)
    assert [token.at > NOON for token in tokens] == [False, False, True]
    assert allowance.spent(NOON) == [100]


def test_mail_larger_than_the_quota_goes_when_nothing_else_was_sent():
    """It would never go otherwise; the peer says what it thinks of it."""
    quota = Quota(10, DAY, Unit.RECIPIENTS)
    (token,), _ = placed(Allowance((quota,)), 1, recipients=50)
    assert token.at == NOON


def test_token_given_back_is_there_again():
    """What a worker took and did not use is not lost."""
    tokens, allowance = placed(Allowance(NEW_DOMAIN), 30)
    (late,), _ = placed(allowance, 1)
    (again,), _ = placed(allowance.give_back(tokens[7]), 1)
    assert late.at > NOON
    assert again.at == NOON


@pytest.mark.parametrize("count", [1, 30, 31, 99, 140])
def test_counts_survive_the_table(count):
    """What is read back is what was written."""
    _, allowance = placed(Allowance(NEW_DOMAIN), count)
    again = read(NEW_DOMAIN, allowance.written(NOON), allowance.last, "")
    assert again.place(1, NOON)[0] == allowance.place(1, NOON)[0]


def test_counts_of_the_past_are_forgotten():
    """A day's quota keeps thirteen numbers, not one for each day."""
    quota = Quota(10_000, DAY, Unit.RECIPIENTS)
    allowance = Allowance((quota,))
    for days in range(30):
        now = NOON + timedelta(days=days)
        _, allowance = placed(allowance, 3, now)
        allowance = read((quota,), allowance.written(now), allowance.last, "")
    assert len(allowance.written(now)) < 60


def test_quota_that_was_changed_begins_anew():
    """Counts of another span say nothing about this one."""
    _, allowance = placed(Allowance(NEW_DOMAIN), 30)
    other = (Quota(30, DAY),)
    assert read(other, allowance.written(NOON), NOON, "").spent(NOON) == [0]


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        (Quota(30, MINUTE), "30 mails a minute"),
        (Quota(100, HOUR), "100 mails an hour"),
        (Quota(10_000, DAY, Unit.RECIPIENTS), "10000 recipients a day"),
        (Quota(5, timedelta(seconds=20)), "5 mails in 20 s"),
    ],
)
def test_quota_in_words(quota, words):
    """As a person reads it."""
    assert said(quota) == words
