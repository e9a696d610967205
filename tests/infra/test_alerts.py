"""The alerts fire when they should, once, and not else: run over what the path logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from .journal_words import alarm_words
from .rules import Rule, filled, rules, unfilled
from .scenes import SCENES, Played, play

EXPECTED = {
    "quiet": set(),
    "held": {"scans-held"},
    "untold": {"scans-held", "notice-failed"},
    "gone": {"scans-lost"},
    "superseded": {"scans-lost"},
    "bounced": {"scans-lost"},
    "waiting": {"scans-waiting"},
    "growing": set(),
    "poisoned": {"poison-queue", "scans-held"},
    "poison_left": {"poison-queue"},
    "dead_letter": {"dead-letters"},
    "refused": {"sign-in-refused"},
    "silent": {"edge-silent"},
    "ending": {"credential-ends"},
    "broken": {"routes-broken"},
    "mended": set(),
    "ignored": {"routes-broken"},
    "repaired": set(),
    "unlisted": {"sweep-stopped"},
    "idle": set(),
    "dead": {"sweep-stopped"},
}
BY_THE_CLOCK = {"no-scan"}
"""Told only in the evening, whenever these tests run."""


@pytest.fixture(scope="module")
def played(azurite) -> dict[str, Played]:
    """Every scene, played once."""
    return {name: play(azurite, name) for name in SCENES}


def standing(rows, now) -> set[str]:
    """The rules that have an alert now."""
    there = {name for name, rule in rules().items() if rule.fires(rows, now)}
    return there - BY_THE_CLOCK


@pytest.mark.parametrize("name", sorted(SCENES))
def test_scene_raises_the_alerts_it_should_and_no_other(played, name):
    """Nobody is mailed twice of one thing, and nobody of nothing."""
    scene = played[name]
    there = standing(scene.rows, scene.end)
    assert there == EXPECTED[name]
    assert sum(rules()[each].mails for each in there) <= 1


def test_every_alert_has_a_scene_that_raises_it():
    """No rule is there that was never seen to fire."""
    seen = set().union(*EXPECTED.values()) | BY_THE_CLOCK | {"daily-cost"}
    assert seen == set(rules())


@pytest.mark.parametrize("word", sorted(alarm_words()))
def test_every_alarm_word_is_caught_by_an_alert_that_mails(played, word):
    """By the line alone, as it was really written."""
    idle = played["idle"].rows
    (round_,) = [row for row in idle if row["Message"].startswith("event=sweep ")]
    rows = [row for scene in played.values() for row in scene.rows]
    lines = [row for row in rows if row["Message"].endswith(f" alarm={word}")]
    assert lines
    for row in lines:
        # The sweep is well otherwise.
        now = row["TimeGenerated"]
        caught = standing([row, round_ | {"TimeGenerated": now}], now)
        assert {rule for rule in caught if rules()[rule].mails}


def times_told(rule: Rule, scene: Played, until: datetime) -> int:
    """How often somebody is mailed, evaluated as Azure does from the first line on."""
    now, told = scene.rows[0]["TimeGenerated"], 0
    before: set[str] = set()
    while now <= until:
        there = rule.fires(scene.rows, now)
        told += len(there - before)
        now, before = now + rule.every, there
    return told


def test_refused_sign_in_is_told_of_once_however_long_it_lasts(played):
    """An hour and a half of attempts, further and further apart, are one alert."""
    scene = played["refused"]
    rule = rules()["sign-in-refused"]
    attempts = [it for it in scene.rows if it["Message"].startswith("event=attempt")]
    assert len(attempts) > 5
    assert times_told(rule, scene, scene.end) == 1
    assert not rule.fires(scene.rows, scene.end + rule.window + timedelta(seconds=1))


def test_broken_routes_are_told_of_once_however_long_they_stay(played):
    """A day and two hours, longer than the window, are one alert."""
    scene = played["ignored"]
    assert times_told(rules()["routes-broken"], scene, scene.end) == 1


def test_lost_scans_of_one_kind_are_one_alert(played):
    """Two that are gone; the alert says of which kind."""
    scene = played["gone"]
    assert sum(" alarm=gone" in row["Message"] for row in scene.rows) == 2
    assert rules()["scans-lost"].fires(scene.rows, scene.end) == {"gone"}
    assert times_told(rules()["scans-lost"], scene, scene.end) <= 1


def test_held_scans_are_alerts_by_reason(played):
    """What to do differs."""
    scene = played["held"]
    assert rules()["scans-held"].fires(scene.rows, scene.end) == {"no-recipient"}


@pytest.mark.parametrize("name", ["edge-silent", "credential-ends", "routes-broken"])
def test_alert_names_what_it_is_about(played, name):
    """An agent, a setting, a file: each has an alert of its own."""
    scene = played[next(key for key, names in EXPECTED.items() if name in names)]
    (value,) = rules()[name].fires(scene.rows, scene.end)
    assert value in {"berlin", "RELAY_CLIENT_CERTIFICATE", "routes.toml"}


def evening(now: datetime) -> tuple[str, int]:
    """A time zone in which it is 20 o'clock now, more or less, and the day there."""
    ahead = 20 - now.hour if now.hour >= 6 else -4 - now.hour
    day = (now + timedelta(hours=ahead)).isoweekday() % 7
    return f"Etc/GMT{-ahead:+d}", day


@pytest.mark.parametrize(
    ("name", "is_workday", "hour", "is_told"),
    [
        ("idle", True, "18", True),
        ("idle", False, "18", False),
        ("idle", True, "21", False),
        ("quiet", True, "18", False),
        ("dead", True, "18", False),
    ],
)
def test_day_without_a_scan_is_told_in_the_evening_of_a_working_day(
    played, name, is_workday, hour, is_told
):
    """Not at noon, not on Sunday, not after a scan; not where nothing runs at all."""
    scene = played[name]
    zone, day = evening(scene.end.astimezone(UTC))
    days = str(day if is_workday else (day + 1) % 7)
    text = filled(unfilled("no-scan"), timezone=zone, weekdays=days, dayEnds=hour)
    rule = replace(rules()["no-scan"], text=text)
    assert bool(rule.fires(scene.rows, scene.end)) is is_told


def test_day_is_dear_when_its_mails_and_seconds_pass_its_share_of_the_budget(played):
    """A thirtieth of a month's."""
    scene = played["bounced"]
    sent = [row for row in scene.rows if "transport=acs" in row["Message"]]
    rule = rules()["daily-cost"]
    assert not rule.fires(sent, scene.end)
    # 0.00025 each, and 20 / 30 a day.
    assert rule.fires(sent * 3000, scene.end)
