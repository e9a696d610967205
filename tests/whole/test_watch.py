"""The watch: same verdict however the bytes arrive, flat memory, and no surprises."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model import Kind
from shared.whole import Verdict, Watch, judge, judge_file

from .offices import office, ole, xps
from .pdfs import classic, linearized, revised
from .pictures import BASELINE, EXIF, PNG, PROGRESSIVE
from .tiffs import Page, Style, tiff

SAMPLES = [
    (Kind.PDF, classic()),
    (Kind.PDF, linearized()),
    (Kind.PDF, revised()),
    (Kind.TIFF, tiff([Page()] * 3)),
    (Kind.TIFF, tiff([Page(is_tiled=True)] * 2, Style(order=">", parts="SVD"))),
    (Kind.TIFF, tiff([Page()] * 3, Style(is_big=True, is_backward=True))),
    (Kind.JPEG, BASELINE),
    (Kind.JPEG, EXIF),
    (Kind.JPEG, PROGRESSIVE),
    (Kind.PNG, PNG),
    (Kind.DOCX, office("docx")),
    (Kind.XLSX, ole()),
    (Kind.XPS, xps()),
    (Kind.TXT, b"one line\n"),
]
MARKS = [b"%%EOF", b"obj", b"startxref\n", b"/Count 2", b"\xff\xd9", b"\xff\xda\0\2"]
MARKS += [b"IEND", b"PK\5\6", b"PK\3\4", b"II*\0\x08\0\0\0", b"MM\0+", ole()[:76]]


def in_pieces(kind: Kind, data: bytes, cuts: list[int]) -> Verdict:
    """Judge what arrives in pieces cut at these places."""
    watch = Watch(kind, len(data), lambda at, length: data[at : at + length])
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        watch.feed(data[start:end])
    return watch.finish()


@pytest.mark.parametrize(("kind", "data"), SAMPLES)
def test_single_bytes_give_the_same_verdict(kind, data):
    """A file that arrives byte by byte is judged as one that arrives at once."""
    assert in_pieces(kind, data, list(range(len(data)))) == judge(kind, data)


@settings(deadline=None)
@given(
    sample=st.sampled_from(SAMPLES),
    length=st.floats(0, 1),
    spoilt=st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 255)), max_size=4),
    cuts=st.lists(st.integers(0, 9999), max_size=6),
)
def test_pieces_never_change_the_verdict(sample, length, spoilt, cuts):
    """Cut and spoilt files too are judged alike, however their bytes arrive."""
    kind, data = sample
    damaged = bytearray(data)
    for at, byte in spoilt:
        damaged[at % len(damaged)] = byte
    file = bytes(damaged[: round(length * len(damaged))])
    assert in_pieces(kind, file, cuts) == judge(kind, file)


@settings(deadline=None)
@given(
    kind=st.sampled_from(Kind),
    parts=st.lists(st.binary(max_size=60) | st.sampled_from(MARKS), max_size=12),
    cuts=st.lists(st.integers(0, 9999), max_size=4),
)
def test_junk_gets_a_verdict(kind, parts, cuts):
    """Whatever the bytes are: a verdict, with a reason where it is not whole."""
    file = b"".join(parts)
    verdict = judge(kind, file)
    assert bool(verdict.why) is not verdict.is_whole
    assert in_pieces(kind, file, cuts) == verdict


@settings(deadline=None)
@given(
    numbers=st.lists(
        st.sampled_from([0, 1, 2, 8, 12, 20, 64, 273, 279, 330, 0xFFFF, 0xFFFFFFFF])
        | st.integers(0, 0xFFFFFFFF),
        max_size=60,
    ),
    is_big=st.booleans(),
)
def test_hostile_tiff_gets_a_verdict(numbers, is_big):
    """Loops, giant counts and places behind the end neither raise nor hang."""
    width = 8 if is_big else 4
    head = b"II+\0\x08\0\0\0" if is_big else b"II*\0"
    file = head + b"".join(n.to_bytes(width, "little") for n in [8, *numbers])
    assert in_pieces(Kind.TIFF, file, [9, 17]) == judge(Kind.TIFF, file)


@pytest.mark.parametrize(
    ("kind", "first", "block", "last"),
    [
        (Kind.PDF, b"%PDF-1.4\n", b"1 0 obj\n/Type /Page\nendobj" * 90, b"\n%%EOF"),
        (Kind.JPEG, BASELINE[:-2], bytes(range(1, 250)) * 20, b"\xff\xd9"),
        (Kind.PNG, PNG[:-12], PNG[33:-12] * 20, PNG[-12:]),
        (Kind.XPS, b"PK\3\4", bytes(5000), xps()),
        (Kind.TIFF, tiff([Page()] * 50, Style(parts="DSV")), bytes(5000), b""),
        (Kind.TXT, b"", b"text" * 999, b""),
    ],
)
def test_memory_stays_flat(kind, first, block, last):
    """A large file takes no more memory than a few hundred KB, however it is fed."""
    piece = block * (1_000_000 // len(block))
    watch = Watch(kind, len(first) + 10 * len(piece) + len(last))
    tracemalloc.start()
    for each in (first, *[piece] * 10, last):
        watch.feed(each)
    watch.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 700_000


def test_memory_stays_flat_while_many_pages_wait():
    """A file whose pages all wait for something at its end fills no memory."""
    data = bytearray(tiff([Page(strips=[b"\1"] * 4000)] * 100))
    lengths, at = b"\x17\1\4\0\xa0\x0f\0\0", 0
    while (at := data.find(lengths, at) + 8) > len(lengths):
        data[at : at + 4] = len(data).to_bytes(4, "little")
    file = bytes(data) + bytes(16_000)
    watch = Watch(Kind.TIFF, len(file))
    tracemalloc.start()
    watch.feed(file)
    verdict = watch.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verdict == Verdict(is_whole=True)
    assert peak < 700_000


@pytest.mark.parametrize(("kind", "data"), SAMPLES)
def test_views_are_taken_like_bytes(kind, data):
    """A piece may be a view of somebody's buffer, which is not kept."""
    buffer = bytearray(data)
    watch = Watch(kind, len(data))
    watch.feed(memoryview(buffer)[:50])
    buffer[:50] = bytes(50)
    watch.feed(memoryview(buffer)[50:])
    assert watch.finish().is_whole


@pytest.mark.parametrize(("kind", "data"), SAMPLES)
def test_fewer_bytes_than_the_file_has_are_not_whole(kind, data):
    """A stream that breaks off is no whole file, whatever its bytes say."""
    watch = Watch(kind, len(data) + 1)
    watch.feed(data)
    assert not watch.finish().is_whole


def test_more_bytes_than_the_file_has_are_hopeless():
    """A stream that goes on behind the end is not that file's."""
    watch = Watch(Kind.TXT, 3)
    watch.feed(b"four")
    assert watch.is_hopeless
    assert watch.finish().why == "4 of 3 bytes arrived."


def test_hopeless_file_says_why_without_its_rest():
    """Who breaks off at a hopeless file hears what is wrong with it."""
    watch = Watch(Kind.PDF, len(linearized()) - 1)
    watch.feed(linearized()[:200])
    assert watch.is_hopeless
    assert watch.finish().why == "The PDF is shorter than it says."


@pytest.mark.parametrize(("kind", "data"), SAMPLES)
def test_whole_file_is_never_hopeless(kind, data):
    """Hopeless is said of no file that turns out to be whole."""
    watch = Watch(kind, len(data))
    for at in range(0, len(data), 7):
        watch.feed(data[at : at + 7])
        assert not watch.is_hopeless


@pytest.mark.parametrize(("kind", "data"), SAMPLES)
def test_file_on_disk_is_judged_like_its_bytes(tmp_path, kind, data):
    """The edge agent asks of a path what the function asks of a stream."""
    path = tmp_path / "scan"
    path.write_bytes(data)
    assert judge_file(path, kind) == judge(kind, data)


def test_file_on_disk_that_points_back_is_read_again(tmp_path):
    """What a TIFF needs a second time is read from the disk."""
    data = tiff([Page(strips=[bytes(1000)] * 300)] * 2, Style(is_backward=True))
    path = tmp_path / "scan.tif"
    path.write_bytes(data)
    assert judge_file(path, Kind.TIFF) == Verdict(is_whole=True, pages=2)


def test_file_that_is_gone_raises(tmp_path):
    """A file that cannot be read is the caller's to explain."""
    with pytest.raises(FileNotFoundError):
        judge_file(tmp_path / "gone", Kind.PDF)
