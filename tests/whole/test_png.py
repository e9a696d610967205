"""PNG: whole when its chunks lead to IEND."""

from __future__ import annotations

import pytest

from shared.model import Kind
from shared.whole import Verdict, Watch, judge

from .pictures import PNG


def test_picture_with_its_end_is_whole():
    """The chunks follow one another up to IEND, whatever their content says."""
    assert judge(Kind.PNG, PNG) == Verdict(is_whole=True, pages=1)


def test_every_cut_is_seen():
    """Cut anywhere, the last chunk's checksum included, it is not whole."""
    assert not [n for n in range(len(PNG)) if judge(Kind.PNG, PNG[:n]).is_whole]


def test_bytes_behind_the_end_are_whole():
    """Nobody reads behind IEND."""
    assert judge(Kind.PNG, PNG + bytes(99)).is_whole


def test_wrong_checksum_is_whole():
    """Damage is no cut."""
    at = PNG.index(b"IDAT") + 20
    assert judge(Kind.PNG, PNG[:at] + b"\xff" + PNG[at + 1 :]).is_whole


def test_rest_never_written_is_broken():
    """A file that was given its size before its bytes ends in zeros."""
    verdict = judge(Kind.PNG, PNG[:70] + bytes(len(PNG) - 70))
    assert not verdict.is_whole


@pytest.mark.parametrize("length", [b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"])
def test_chunk_of_giant_length_is_hopeless(length):
    """A length that no file holds is no reason to wait for it."""
    data = PNG[:33] + length + b"IDAT" + bytes(9000)
    watch = Watch(Kind.PNG, len(data))
    watch.feed(data[:60])
    assert watch.is_hopeless
