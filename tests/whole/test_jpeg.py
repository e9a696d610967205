"""JPEG: whole with the EOI behind a scan, whatever stands before or behind it."""

from __future__ import annotations

import pytest

from shared.model import Kind
from shared.whole import Verdict, Watch, judge

from . import pictures

WHOLE = {
    "baseline": pictures.BASELINE,
    "progressive": pictures.PROGRESSIVE,
    "Exif thumbnail": pictures.EXIF,
    "fill bytes": pictures.BASELINE.replace(b"\xff\xdb", b"\xff\xff\xff\xdb"),
    "garbage between segments": pictures.BASELINE.replace(b"\xff\xc0", b"junk\xff\xc0"),
    "lines counted behind the scan": pictures.BASELINE[:-2]
    + pictures.segment(0xDC, b"\0\x08")
    + pictures.EOI,
    "noise in the scan": pictures.BASELINE[:-2] + b"\xff\xe3\xff\xf0ab" + pictures.EOI,
}


@pytest.mark.parametrize("name", WHOLE)
def test_picture_with_its_end_is_whole(name):
    """Several scans, thumbnails, filling and noise are passed over."""
    assert judge(Kind.JPEG, WHOLE[name]) == Verdict(is_whole=True, pages=1)


@pytest.mark.parametrize("name", WHOLE)
def test_every_cut_is_seen(name):
    """Cut anywhere before its own EOI, that of a thumbnail aside, it is not whole."""
    data = WHOLE[name]
    cuts = range(len(data))
    assert not [n for n in cuts if judge(Kind.JPEG, data[:n]).is_whole]


@pytest.mark.parametrize(
    "behind", [b"\0" * 70_000, pictures.BASELINE[:99], b"\xff\xd8"]
)
def test_bytes_behind_the_end_are_whole(behind):
    """MPF pictures, maker notes and padding follow the end of many a camera's file."""
    assert judge(Kind.JPEG, pictures.BASELINE + behind).is_whole


def test_end_before_any_scan_does_not_count():
    """An EOI without a picture before it ends nothing."""
    tables = pictures.SOI + pictures.TABLES + pictures.EOI
    assert judge(Kind.JPEG, tables).why == "The picture has no end (EOI)."
    assert judge(Kind.JPEG, tables + pictures.scan() + pictures.EOI).is_whole


def test_segment_longer_than_the_file_is_hopeless():
    """Before the first scan a segment behind the end is known at once."""
    watch = Watch(Kind.JPEG, len(pictures.EXIF) // 3)
    watch.feed(pictures.EXIF[:30])
    assert watch.is_hopeless
