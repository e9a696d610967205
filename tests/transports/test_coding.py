"""Base64 of a stream: the same bytes whatever pieces it comes in."""

from __future__ import annotations

import base64
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import UnreachableError
from shared.transports.coding import coded, coded_size, wrapped, wrapped_size

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


@pytest.mark.parametrize("coding", [wrapped, coded])
@pytest.mark.parametrize("says", [9_999, 10_001])
def test_length_that_is_not_as_said_raises(coding, says: int):
    """A file longer or shorter than its size is an error before its coding ends."""
    with pytest.raises(UnreachableError):
        list(coding(Lying(b"x" * 10_000, says)))


@pytest.mark.parametrize("coding", [wrapped, coded])
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
