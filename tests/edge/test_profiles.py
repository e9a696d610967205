"""Naming profiles: real names of real printers, and names made to hurt."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.profiles import Guess, extension_of, guess, profiles

REAL = {
    "20251009141512046.pdf": ("Ricoh", "2025-10-09T14:15:12.046", None),
    "20251009141512046_0001.jpg": ("Ricoh", "2025-10-09T14:15:12.046", 1),
    "20251009141512046_0010.jpg": ("Ricoh", "2025-10-09T14:15:12.046", 10),
    "CKMBT_C30004102315230.pdf": ("Konica Minolta", "2004-10-23T15:23", None),
    "CKMBT_C30004102315230_0001.tif": ("Konica Minolta", "2004-10-23T15:23", 1),
    "SMFP04102315230_0001.jpg": ("Konica Minolta", "2004-10-23T15:23", 1),
    "AAA01011450000_00001.jpg": ("Konica Minolta", "--01-01T14:50", 1),
    "scan0012_001.tif": ("Kyocera", "", 1),
    "07192005190100.pdf": ("HP", "2005-07-19T19:01:00", None),
    "scan_20220318_20220318135855.pdf": ("HP", "2022-03-18T13:58:55", None),
    "SCN_0001.pdf": ("Canon", "", None),
    "20251101_BRW5CF370C9AF5B_002855.pdf": ("Brother", "2025-11-01", None),
    "Epson_09012023201554.pdf": ("Epson", "2023-01-09T20:15:54", None),
    "26112023140909.pdf": ("Brother or Fujitsu", "2023-11-26T14:09:09", None),
    "20241130080910.pdf": ("Fujitsu", "2024-11-30T08:09:10", None),
    "DOC.XSM/00000001.TIF": ("Xerox", "", 1),
    "DOC.XSM/00000012.TIF": ("Xerox", "", 12),
    "flower/001.tif": ("unknown", "", 1),
    "invoice20230102030405.pdf": ("Xerox", "2023-01-02T03:04:05", None),
    "0051_250416164757_001.pdf": ("unknown", "2025-04-16T16:47:57", 1),
    "DOC_2023101920314100004_001.pdf": ("unknown", "2023-10-19T20:31:41", 1),
    "20240314_085857.pdf": ("unknown", "2024-03-14T08:58:57", None),
    "Scan19112021193259.pdf": ("unknown", "2021-11-19T19:32:59", None),
    "Dok0001.pdf": ("unknown", "", None),
    "scan0003.pdf": ("unknown", "", None),
    "set_0001.jpg": ("unknown", "", 1),
}


@pytest.mark.parametrize("name", REAL)
def test_real_names_are_read(name):
    """Each name that was seen tells its vendor, time and page."""
    read = guess(name)
    assert (read.vendor, read.time, read.page) == REAL[name]
    assert read.is_known
    assert read.is_set is (read.page is not None)


@pytest.mark.parametrize("profile", profiles(), ids=lambda each: each.seen[0])
def test_a_profile_reads_the_names_it_was_seen_with(profile):
    """None of a profile's own names is taken by one that stands above it."""
    for name in profile.seen:
        assert guess(name) == profile.guess(name)


JOBS = [
    ("20251009141512046_0001.jpg", "20251009141512046"),
    ("CKMBT_C30004102315230_0001.tif", "CKMBT_C30004102315230"),
    ("AAA01011450000_00001.jpg", "AAA01011450000"),
    ("jane/DOC.XSM/00000001.TIF", "DOC.XSM"),
    ("set_0001.jpg", "set"),
    ("SCN_0001.pdf", "SCN_0001"),
]


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_pages_share_the_job(name, job):
    """The job is the name without the page, or the folder."""
    assert guess(name).job == job


NO_PAGES = ["SCN_0001.jpg", "scan0003.jpg", "set_0001.pdf", "report.jpg", "2026.jpg"]


@pytest.mark.parametrize("name", NO_PAGES)
def test_counters_of_scans_are_no_pages(name):
    """`SCN_0002` is another scan than `SCN_0001`; so is any PDF with a number."""
    assert not guess(name).is_set


UNKNOWN = ["", "scan.pdf", "Übersicht.pdf", "/", "99999999999999.pdf", "x" * 300]


@pytest.mark.parametrize("name", UNKNOWN)
def test_other_names_say_nothing(name):
    """No time is made of digits that are none, and no name is too long to ask for."""
    assert guess(name) == Guess()


def test_the_day_comes_first_where_both_can_be():
    """Of 9 January and 1 September, the order that more printers write."""
    assert guess("Epson_09012023201554.pdf").time.startswith("2023-01-09")
    assert guess("09012023201554.pdf").time.startswith("2023-01-09")


def test_a_leap_day_without_a_year_is_a_day():
    """29 February is read though its year is unknown."""
    assert guess("AAA02291450000_00001.jpg").time == "--02-29T14:50"


@pytest.mark.parametrize(
    ("name", "word"),
    [("a.JPEG", "jpg"), ("a.b/c", ""), ("A.TIFF", "tif"), (".jpg", ""), ("a.", "")],
)
def test_extensions_have_one_word(name, word):
    """JPEG and jpg are one kind."""
    assert extension_of(name) == word


PIECES = st.sampled_from(
    ["C", "SMFP", "KMBT_", "20251009", "1", "00", "_", "-", ".", "/", "x", "ö", "DOC_"]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_name_is_read_or_not(name):
    """Whatever a name is made of, a guess comes back that fits it."""
    read = guess(name)
    assert read.job.lower() in name.lower()
    assert read.page is None or read.page >= 0


HURTING = ["0", "_", "C", "a-", "00_", "S1", "CKM0", "x/", "9_0001", " 0"]


@pytest.mark.parametrize("piece", HURTING)
@pytest.mark.parametrize("profile", profiles(), ids=lambda each: each.seen[0])
def test_no_pattern_takes_long(profile, piece):
    """Even a name of 20,000 characters, far beyond any limit, is soon refused.

    A pattern that tries one way after another takes minutes for it, and more.
    """
    for name in (piece * 20_000, piece * 20_000 + "!"):
        begun = time.process_time()
        profile.pattern.fullmatch(name)
        assert time.process_time() - begun < 0.5


def test_the_measure_would_find_a_bad_pattern():
    """The kind of pattern that the test above is about is slow by the same clock."""
    begun = time.process_time()
    re.fullmatch(r"(?:0+)+_", "0" * 22)
    assert time.process_time() - begun > 0.02
