"""A file -> base64 (RFC 2045, 6.8), block by block, memory flat.

`wrapped` is for mail, in lines of 76 characters and CRLF; `coded` is for JSON, in one
endless line; `Portions` encodes nothing. All give the same bytes whatever pieces the
file comes in, and raise `UnreachableError` where it is not as long as it says, and what
`Content.pieces` raises.
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


class Portions:
    """A file as it is, taken in portions, in order; each byte is read once."""

    def __init__(self, content: Content) -> None:
        self._pieces = _counted(content)
        self._rest = b""

    def take(self, size: int) -> Iterator[bytes]:
        """Yield the next `size` bytes; there must be as many."""
        while size:
            piece = self._rest or next(self._pieces)
            piece, self._rest = piece[:size], piece[size:]
            size -= len(piece)
            yield piece

    def finish(self) -> None:
        """Read to the end, where a file says that it is not whole."""
        for _ in self._pieces:
            continue


def _counted(content: Content) -> Iterator[bytes]:
    """Pass pieces on; raises UnreachableError where they are not as many bytes."""
    came = 0
    for piece in content.pieces():
        came += len(piece)
        if came > content.size:
            break
        if piece:
            yield piece
    _check(came, content)


def _check(came: int, content: Content) -> None:
    if came != content.size:
        raise UnreachableError(
            f"the file gave {came} bytes of {content.size}", hint="it is read again"
        )


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
    _check(came, content)
    if kept:
        yield bytes(kept)
