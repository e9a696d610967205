"""A file -> base64 (RFC 2045, 6.8), block by block, memory flat.

`wrapped` is for mail, in lines of 76 characters and CRLF; `coded` is for JSON, in one
endless line. Both give the same bytes whatever pieces the file comes in, and raise
`UnreachableError` where it is not as long as it says, and what `Content.pieces` raises.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator

from shared.errors import UnreachableError
from shared.model import Content

_RAW, _CODED, _WIRE = 57, 76, 78
"""One line of base64: bytes of the file, characters, with CRLF."""
_LINES = 1024
_BLOCK = _RAW * _LINES
_CUT = struct.Struct(f"{_CODED}s" * _LINES)


def wrapped_size(size: int) -> int:
    """Bytes of base64 in lines of 76 characters and CRLF."""
    full, rest = divmod(size, _RAW)
    return full * _WIRE + (coded_size(rest) + 2 if rest else 0)


def coded_size(size: int) -> int:
    """Bytes of base64 without line breaks."""
    return (size + 2) // 3 * 4


def wrapped(content: Content) -> Iterator[bytes]:
    """Encode a file as `wrapped_size` counts it, whatever pieces it comes in."""
    for block in _blocks(content):
        coded = binascii.b2a_base64(block, newline=False)
        if len(block) == _BLOCK:
            # One call cuts a thousand lines: three times as fast as one call for each.
            lines: tuple[bytes, ...] | list[bytes] = _CUT.unpack(coded)
        else:
            starts = range(0, len(coded), _CODED)
            lines = [coded[start : start + _CODED] for start in starts]
        yield b"\r\n".join(lines) + b"\r\n"


def coded(content: Content) -> Iterator[bytes]:
    """Encode a file as `coded_size` counts it, in one endless line."""
    for block in _blocks(content):
        yield binascii.b2a_base64(block, newline=False)


def _blocks(content: Content) -> Iterator[bytes]:
    """Cut a file into blocks of whole lines, the last one as it comes."""
    kept, came = bytearray(), 0
    for piece in content.pieces():
        kept += piece
        came += len(piece)
        start = 0
        while len(kept) - start >= _BLOCK:
            yield bytes(memoryview(kept)[start : start + _BLOCK])
            start += _BLOCK
        del kept[:start]
        if came > content.size:
            break
    if came != content.size:
        raise UnreachableError(
            f"the file gave {came} bytes of {content.size}", hint="it is read again"
        )
    if kept:
        yield bytes(kept)
