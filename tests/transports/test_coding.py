"""Base64 of a stream: the same bytes whatever pieces it comes in."""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UnreachableError
from shared.transports.coding import (
    Portions,
    coded,
    coded_size,
    wrapped,
    wrapped_size,
)

from .makers import File, Lying

FILES = st.binary(max_size=400) | st.integers(57_000, 120_000).map(
    lambda n: b"\xa5" * n
)


@given(data=FILES, piece=st.integers(1, 70_000))
def test_mail_coding_is_that_of_the_standard(data: bytes, piece: int):
    """A file is coded as base64 in lines of 76 characters with CRLF (RFC 2045, 6.8)."""
    out = b"".join(wrapped(File(data, piece=max(piece, len(data) // 50))))

    assert out == base64.encodebytes(data).replace(b"\n", b"\r\n")
    assert len(out) == wrapped_size(len(data))


@given(data=FILES, piece=st.integers(1, 70_000))
def test_json_coding_is_that_of_the_standard(data: bytes, piece: int):
    """A file is coded as base64 without line breaks (RFC 4648, 4)."""
    out = b"".join(coded(File(data, piece=max(piece, len(data) // 50))))

    assert out == base64.b64encode(data)
    assert len(out) == coded_size(len(data))


def portioned(file: File) -> Iterator[bytes]:
    """Take a file in portions, to its end."""
    portions = Portions(file)
    for start in range(0, file.size, 4_000):
        yield from portions.take(min(4_000, file.size - start))
    portions.finish()


@given(data=FILES, piece=st.integers(1, 70_000))
def test_portions_are_the_file(data: bytes, piece: int):
    """Whatever pieces a file comes in, its portions put together are the file."""
    file = File(data, piece=max(piece, len(data) // 50))

    assert b"".join(portioned(file)) == data


def test_portion_has_the_bytes_that_were_asked_for():
    """A portion ends where it was to end, in the middle of a piece."""
    portions = Portions(File(b"abcdefgh", piece=3))

    assert [b"".join(portions.take(n)) for n in (1, 4, 3)] == [b"a", b"bcde", b"fgh"]


def test_file_that_is_broken_at_its_end_says_so_in_the_end():
    """The last portion is there, and the file's own exception after it."""
    portions = Portions(File(b"abc", fault=RuntimeError("broken")))
    assert b"".join(portions.take(3)) == b"abc"

    with pytest.raises(RuntimeError):
        portions.finish()


@pytest.mark.parametrize("coding", [wrapped, coded, portioned])
@pytest.mark.parametrize("says", [9_999, 10_001])
def test_length_that_is_not_as_said_raises(coding, says: int):
    """A file longer or shorter than its size is an error before its coding ends."""
    with pytest.raises(UnreachableError):
        list(coding(Lying(b"x" * 10_000, says)))


@pytest.mark.parametrize("coding", [wrapped, coded, portioned])
def test_memory_does_not_grow_with_the_file(coding):
    """Coding 20 MB holds less than 1 MB at any time."""
    file = File(b"x" * 20_000_000)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in coding(file):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak - before < 1_000_000
