"""TIFF: whatever the layout, all that the directories speak of must be there."""

from __future__ import annotations

import itertools

import pytest

from shared.model import Kind
from shared.whole import Verdict, Watch, judge

from .tiffs import LONG, Page, Style, tiff

STYLES = [
    Style(order=order, is_big=is_big, parts="".join(parts), is_backward=is_backward)
    for order, is_big, is_backward in itertools.product(
        "<>", (False, True), (False, True)
    )
    for parts in itertools.permutations("DVS")
]
RAW = 1


def whole(data: bytes) -> Verdict:
    """Judge a TIFF."""
    return judge(Kind.TIFF, data)


@pytest.mark.parametrize("style", STYLES)
def test_any_layout_is_whole_and_its_pages_known(style):
    """Byte order, size of offsets and the order of the parts make no difference."""
    assert whole(tiff([Page()] * 3, style)) == Verdict(is_whole=True, pages=3)


@pytest.mark.parametrize("style", STYLES)
def test_every_cut_is_seen(style):
    """A file cut anywhere is not whole: something it speaks of is missing."""
    data = tiff([Page()] * 2, style)
    padding = style.parts[-1] == "V"  # the last byte only aligns
    for length in range(len(data) - padding):
        assert not whole(data[:length]).is_whole, length


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("is_big", [False, True])
def test_cut_behind_a_directory_in_front_is_known_early(order, is_big):
    """With the directory in front it is known at once that the data are cut."""
    style = Style(order=order, is_big=is_big, parts="DVS")
    data = tiff([Page(strips=[bytes(500)] * 9)], style)
    watch = Watch(Kind.TIFF, len(data) - 1)
    watch.feed(data[:400])
    assert watch.is_hopeless


@pytest.mark.parametrize(
    "page",
    [
        Page(is_tiled=True),
        Page(strips=[b"\1" * 700], sizes=[]),
        Page(strips=[b"\1" * 700], sizes=[0]),
        Page(strips=[], compression=6, tags={513: (LONG, [8]), 514: (LONG, [9])}),
        Page(compression=6, tags={513: (LONG, [8]), 514: (LONG, [9])}),
        Page(
            compression=RAW, strips=[b"\1" * 240], sizes=[9000], tags={278: (LONG, [8])}
        ),
        Page(compression=RAW, strips=[b"\1" * 240], sizes=[0], tags={278: (LONG, [8])}),
        Page(
            compression=RAW,
            strips=[bytes(90), bytes(90), bytes(60)],
            sizes=[90, 90, 99],
        ),
        Page(compression=RAW, tags={273: (LONG, [8, 0, 8]), 279: (LONG, [9, 0, 0])}),
        Page(compression=RAW, sizes=[0], tags={284: (3, [2]), 258: (3, [8, 8, 8])}),
        Page(strips=[], tags={}),
    ],
    ids=[
        "tiles",
        "one strip without a length",
        "one strip of length 0",
        "old-style JPEG alone",
        "old-style JPEG beside strips",
        "uncompressed, length too large",
        "uncompressed, length 0",
        "uncompressed, last length too large",
        "uncompressed, strips left out",
        "uncompressed, colours apart, length 0",
        "no picture at all",
    ],
)
def test_what_readers_accept_is_whole(page):
    """What libtiff and Pillow make up for themselves is no cut."""
    assert whole(tiff([page])).is_whole


@pytest.mark.parametrize(
    "page",
    [
        Page(sizes=[90, 90, 51]),
        Page(is_tiled=True, sizes=[90, 90, 51]),
        Page(
            compression=RAW, strips=[b"\1" * 239], sizes=[240], tags={278: (LONG, [8])}
        ),
        Page(compression=RAW, strips=[b"\1" * 239], sizes=[0], tags={278: (LONG, [8])}),
        Page(strips=[], compression=6, tags={513: (LONG, [8]), 514: (LONG, [999])}),
    ],
    ids=["strip", "tile", "uncompressed", "length 0", "old-style JPEG"],
)
def test_picture_that_ends_behind_the_file_is_broken(page):
    """A strip, tile or JPEG of which one byte is missing makes the page broken."""
    assert whole(tiff([page])).why == "The file ends before the picture of page 1 does."


def test_bytes_that_nothing_speaks_of_are_whole():
    """Padding and private data behind the last part are nobody's business."""
    assert whole(tiff([Page()]) + bytes(700)).is_whole


def test_smaller_copies_and_masks_are_no_pages():
    """A page is what a person would count: thumbnails and masks are not."""
    pages = [
        Page(),
        Page(tags={254: (LONG, [1])}),
        Page(tags={254: (LONG, [4])}),
        Page(),
    ]
    assert whole(tiff(pages)).pages == 2


def test_directory_not_written_yet_is_broken():
    """Some writers put the directory's place into the header last."""
    data = b"II*\0" + bytes(4) + tiff([Page()])[8:]
    assert whole(data).why == "The file's directory has not been written yet."


def test_place_of_a_directory_that_holds_zeros_is_broken():
    """A file that was given its size before its bytes ends in zeros."""
    data = tiff([Page()], Style(parts="SDV"))
    assert not whole(data[:200] + bytes(len(data) - 200)).is_whole


@pytest.mark.parametrize("target", [1, 2, 3])
def test_chain_that_bites_its_tail_ends(target):
    """A chain of directories that leads back is followed once, its pages unknown."""
    data = bytearray(tiff([Page()] * 3))
    starts = [data.index(b"\x08\0\0\1\3\0")]
    for _ in range(2):
        starts.append(data.index(b"\x08\0\0\1\3\0", starts[-1] + 1))
    end = starts[2] + 2 + 12 * 8
    data[end : end + 4] = starts[target - 1].to_bytes(4, "little")
    assert whole(bytes(data)) == Verdict(is_whole=True)


@pytest.mark.parametrize("tag", [330, 34665, 34853])
def test_directory_inside_a_page_is_looked_at(tag):
    """Thumbnails, Exif and GPS have directories: what is missing there is a cut."""
    inner = tiff([Page(strips=[bytes(40)])])[8:]
    length = len(tiff([Page(tags={tag: (LONG, [0])})]))
    outer = tiff([Page(tags={tag: (LONG, [length])})])
    moved = _moved(inner, length - 8)
    assert whole(outer + moved).is_whole
    assert not whole((outer + moved)[:-1]).is_whole
    assert not whole(outer).is_whole


def _moved(inner: bytes, by: int) -> bytes:
    """Let a directory's offsets fit its new place."""
    out = bytearray(inner)
    for at in range(2, 2 + 12 * inner[0], 12):
        tag, count = int.from_bytes(out[at : at + 2], "little"), out[at + 4]
        if tag == 273 or count > 4:
            value = int.from_bytes(out[at + 8 : at + 12], "little") + by
            out[at + 8 : at + 12] = value.to_bytes(4, "little")
    return bytes(out)


@pytest.mark.parametrize("tag", [330, 34665])
def test_wrong_place_of_what_readers_skip_is_whole(tag):
    """A thumbnail or Exif said to lie far behind the end is damage and no cut."""
    assert whole(tiff([Page(tags={tag: (LONG, [0x7FFFFF00])})])).is_whole


def test_wrong_place_of_a_value_that_readers_skip_is_whole():
    """A value said to lie far behind the end is damage and no cut."""
    data = bytearray(tiff([Page()]))
    at = data.index((282).to_bytes(2, "little") + b"\7\0") + 8
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    assert whole(bytes(data)).is_whole


@pytest.mark.parametrize(
    "data", [b"", b"II", b"II*\0", b"PDF-1.4\0", b"II\x2b\0" + bytes(12)]
)
def test_what_is_no_tiff_is_broken(data):
    """A header that is cut, or another one, is not whole."""
    assert not whole(data).is_whole
