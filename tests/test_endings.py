"""What ends is told in time, and only where it is in use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.endings import ENDINGS, endings, warning

TABLE = Path(__file__).resolve().parent.parent / "docs" / "transports.md"
OFFICE = {"SMTP_HOST": "smtp.office365.com", "SMTP_PASSWORD": "made-up"}
USES = [
    ({"acs"}, {}, ["2028-09-30"]),
    ({"hve"}, {"HVE_PASSWORD": "made-up"}, ["2028-09-01"]),
    ({"hve"}, {}, []),
    ({"smtp"}, OFFICE, ["2026-12-31"]),
    ({"smtp"}, {"SMTP_HOST": "smtp.office365.com"}, []),
    ({"smtp"}, {"SMTP_HOST": "smtp.fabrikam.com", "SMTP_PASSWORD": "x"}, []),
    ({"smtp"}, {"SMTP_PRESET": "acs"}, ["2028-09-30"]),
    ({"exo", "graph", "relay", "direct"}, OFFICE, []),
]


@pytest.mark.parametrize(("names", "source", "dates"), USES)
def test_only_what_is_in_use_ends(names, source, dates):
    """Nobody is told of what does not concern them."""
    assert [str(each.on) for each in endings(names, source)] == dates


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda each: f"{each.on}")
@pytest.mark.parametrize(
    ("days", "is_told"), [(181, False), (180, True), (1, True), (0, True), (-9, True)]
)
def test_it_is_told_for_the_last_180_days(ending, days, is_told):
    """And after the day, for whoever did not look."""
    noon = datetime(ending.on.year, ending.on.month, ending.on.day, 12, tzinfo=UTC)
    words = warning(ending, noon - timedelta(days=days))
    assert bool(words) == is_told
    if is_told:
        assert str(ending.on) in words
        assert ending.instead in words


def test_page_names_the_same_dates():
    """docs/transports.md and the code do not part."""
    page = TABLE.read_text(encoding="utf-8").partition("## What ends")[2]
    told = set(re.findall(r"\b20\d\d-\d\d-\d\d\b", page.partition("\n## ")[0]))
    assert told == {str(each.on) for each in ENDINGS}
