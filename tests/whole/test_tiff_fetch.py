"""TIFF: one look back at most, and none where the parts come in a good order."""

from __future__ import annotations

import pytest

from shared.model import Kind
from shared.whole import Verdict, Watch

from .tiffs import Page, Style, tiff

LARGE = Page(strips=[bytes(1000)] * 300)


def watched(
    data: bytes, size: int = 0, piece: int = 50_000
) -> tuple[Verdict, list[tuple[int, int]]]:
    """Judge a file as it passes; what was fetched is noted."""
    fetched = []

    def fetch(offset: int, length: int) -> bytes:
        fetched.append((offset, length))
        return data[offset : offset + length]

    watch = Watch(Kind.TIFF, size or len(data), fetch)
    for at in range(0, len(data), piece):
        watch.feed(data[at : at + piece])
    return watch.finish(), fetched


@pytest.mark.parametrize("parts", ["DVS", "VDS", "SDV", "SVD", "DSV"])
def test_parts_in_order_are_not_fetched(parts):
    """What lies ahead, or just behind, is read as it passes."""
    data = tiff([LARGE] * 3, Style(parts=parts))
    assert watched(data) == (Verdict(is_whole=True, pages=3), [])


def test_values_far_behind_are_fetched_once():
    """A directory at the end whose lists stand in front costs one request."""
    verdict, fetched = watched(tiff([LARGE], Style(parts="VSD")))
    assert verdict == Verdict(is_whole=True, pages=1)
    assert len(fetched) == 1


def test_page_far_behind_is_fetched_once():
    """A page chained backwards costs one request for its directory and its lists."""
    verdict, fetched = watched(tiff([LARGE] * 2, Style(is_backward=True)))
    assert verdict == Verdict(is_whole=True, pages=2)
    assert len(fetched) == 1


def test_file_chained_backwards_all_over_is_fetched_a_few_times():
    """However often a file points back, it costs no more than a few requests."""
    verdict, fetched = watched(tiff([LARGE] * 40, Style(is_backward=True)))
    assert verdict == Verdict(is_whole=True)
    assert len(fetched) <= 16


def test_strip_missing_on_a_page_far_behind_is_seen():
    """What was fetched is judged as strictly as what passed."""
    short = Page(strips=[bytes(1000)] * 300, sizes=[1000] * 299 + [900_000])
    verdict, _ = watched(tiff([LARGE, short], Style(is_backward=True)))
    assert verdict.why == "The file ends before the picture of page 2 does."


@pytest.mark.parametrize("found", [b"", b"\0"])
def test_fetch_that_brings_too_little_leaves_pages_unknown(found):
    """A file that is gone meanwhile is not called broken for it."""
    data = tiff([LARGE] * 2, Style(is_backward=True))
    watch = Watch(Kind.TIFF, len(data), lambda _offset, _length: found)
    watch.feed(data)
    assert watch.finish() == Verdict(is_whole=True)


def test_without_fetch_what_has_passed_is_not_judged():
    """Nothing is made up about what could not be looked at."""
    data = tiff([LARGE] * 2, Style(is_backward=True))
    watch = Watch(Kind.TIFF, len(data))
    watch.feed(data)
    assert watch.finish() == Verdict(is_whole=True)


def test_many_strips_are_judged_by_the_last():
    """Of a list longer than what is kept the last ones are looked at."""
    page = Page(strips=[b"\1"] * 30_000)
    data = tiff([page], Style(is_big=True))
    assert watched(data) == (Verdict(is_whole=True, pages=1), [])
    assert not watched(data[:-1])[0].is_whole


def test_hostile_file_is_not_read_to_its_end():
    """Pages that all name the same long lists are left unread after a while.

    Its last page is none: who reads that far calls it broken.
    """
    lists = tiff([Page(strips=[b""] * 9000, sizes=[0] * 9000)])
    end = 8 + 2 + 12 * 8
    directory = lists[8:end]
    pages = b"".join(
        directory + (len(lists) + n * (len(directory) + 4)).to_bytes(4, "little")
        for n in range(1, 5000)
    )
    first = lists[:end] + len(lists).to_bytes(4, "little") + lists[end + 4 :]
    verdict, _ = watched(first + pages + bytes(200))
    assert (verdict.is_whole, verdict.pages) == (True, None)
