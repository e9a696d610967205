"""Takes the JPEG out of a TIFF that holds one, without decoding it.

In: a TIFF's bytes and the tags of one page. Out: the JPEG, or None where it cannot be
had so. Colour copiers write these; decoded and packed anew they grow tenfold. Pure.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC, OFFSETS = 256, 257, 259, 262, 273
ORIENTATION, COUNTS, PLANES, TABLES, PROFILE = 274, 279, 284, 347, 34675
NEW_JPEG = 7
TRANSFORMS = {1: None, 2: 0, 6: 1}
"""Photometric -> how Adobe's marker says it: grey, RGB, YCbCr."""
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
_SCAN, _INTERVAL = 0xDA, 0xDD
_KEPT = {
    **{0xC4: "tables", 0xDB: "tables"},
    **{0xC0: "frame", 0xC1: "frame"},
    _INTERVAL: "restarts",
}
_OF_NO_ACCOUNT = range(0xE0, 0xFF)
"""APPn, and comments."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_LARGEST = 0xFFFF
_BLOCK = 8


@dataclass(frozen=True, slots=True)
class _Strip:
    """A JPEG, taken apart."""

    tables: bytes
    frame: bytes
    scan: bytes
    """The header of its one scan."""
    data: bytes
    """What is coded, without EOI."""
    restarts: bytes
    """The segment that says how often it begins anew; may be empty."""

    @property
    def rows(self) -> int:
        return int.from_bytes(self.frame[5:7])

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height of what is coded as one (T.81, A.2)."""
        count = self.frame[9]
        if count == 1:
            return _BLOCK, _BLOCK
        sampling = [self.frame[11 + 3 * n] for n in range(count)]
        across, down = max(s >> 4 for s in sampling), max(s & 15 for s in sampling)
        return _BLOCK * across, _BLOCK * down


def jpeg_of(data: bytes, tags: Mapping[int, Any]) -> bytes | None:
    """Put the JPEG together; None where the page is not one baseline picture.

    TIFF Technical Note 2: each strip is a JPEG of its own, without the tables that all
    share. Strips end on a whole byte and begin anew, as restart intervals do (ITU-T
    T.81, E.1.4): with RST markers between them they are one picture.
    """
    if (
        tags.get(COMPRESSION) != NEW_JPEG
        or tags.get(PHOTOMETRIC) not in TRANSFORMS
        or tags.get(PLANES, 1) != 1
        or tags.get(ORIENTATION, 1) != 1
        or OFFSETS not in tags
    ):
        return None
    try:
        places = zip(_several(tags[OFFSETS]), _several(tags[COUNTS]), strict=True)
        shared = _taken_apart(tags.get(TABLES, SOI + EOI))
        strips = [_taken_apart(data[at : at + size]) for at, size in places]
        return _joined(shared, strips, tags)
    except (ValueError, IndexError, KeyError, TypeError, struct.error):
        # Not as the note says: left to whoever decodes it.
        return None


def _several(value: Any) -> Sequence[int]:
    return value if isinstance(value, tuple) else (value,)


def _taken_apart(jpeg: bytes) -> _Strip:
    """Read segments up to the scan. Raises ValueError, IndexError, struct.error."""
    if not jpeg.startswith(SOI):
        raise ValueError("no JPEG")
    at, kept = 2, dict.fromkeys(_KEPT.values(), b"")
    while jpeg[at : at + 2] != EOI:
        mark, marker, length = struct.unpack_from(">BBH", jpeg, at)
        segment = jpeg[at : at + 2 + length]
        at += len(segment)
        if marker == _SCAN:
            return _Strip(**kept, scan=segment, data=_coded(jpeg[at:]))
        if mark != EOI[0] or not (marker in _KEPT or marker in _OF_NO_ACCOUNT):
            raise ValueError("a marker that baseline pictures do not have")
        if marker in _KEPT:
            kept[_KEPT[marker]] += segment
    return _Strip(**kept, scan=b"", data=b"")


def _coded(rest: bytes) -> bytes:
    """What is coded, up to EOI. Raises ValueError where more than one scan follows."""
    data = rest.rstrip(b"\0")
    if not data.endswith(EOI) or _MARKER.search(data, 0, len(data) - len(EOI)):
        raise ValueError("more than one scan, or less")
    return data.removesuffix(EOI)


def _joined(shared: _Strip, strips: Sequence[_Strip], tags: Mapping[int, Any]) -> bytes:
    """Make one picture of strips that agree. Raises ValueError where they do not."""
    first = strips[0]
    for each in strips:
        same = (each.frame[7:], each.scan, each.tables)
        if same != (first.frame[7:], first.scan, first.tables) or not each.scan:
            raise ValueError("strips that differ")
    width, rows = int(tags[WIDTH]), int(tags[HEIGHT])
    if int.from_bytes(first.frame[7:9]) != width or sum(s.rows for s in strips) != rows:
        raise ValueError("a picture of another size")
    interval = first.restarts if len(strips) == 1 else _interval(strips, width)
    frame = first.frame[:5] + struct.pack(">H", rows) + first.frame[7:]
    coded = [first.data]
    for n, each in enumerate(strips[1:]):
        coded += [bytes([0xFF, 0xD0 + n % 8]), each.data]
    head = [SOI, *_told(tags), shared.tables, first.tables, frame, interval, first.scan]
    return b"".join([*head, *coded, EOI])


def _interval(strips: Sequence[_Strip], width: int) -> bytes:
    """Say that each strip begins anew. Raises ValueError where they are not alike."""
    wide, tall = strips[0].unit
    high = strips[0].rows
    count = -(-width // wide) * (high // tall)
    if any(each.rows != high for each in strips[:-1]) or strips[-1].rows > high:
        raise ValueError("strips of several heights")
    if high % tall or not 0 < count <= _LARGEST or any(s.restarts for s in strips):
        raise ValueError("strips that end within a block, or begin anew themselves")
    return struct.pack(">BBHH", 0xFF, _INTERVAL, 4, count)


def _told(tags: Mapping[int, Any]) -> list[bytes]:
    """What the TIFF says of the colours, as JPEG says it."""
    told = []
    transform = TRANSFORMS[tags[PHOTOMETRIC]]
    if transform is not None:
        adobe = b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform)
        told.append(b"\xff\xee" + struct.pack(">H", 2 + len(adobe)) + adobe)
    profile = tags.get(PROFILE, b"")
    icc = b"ICC_PROFILE\0\1\1" + profile
    if profile and len(icc) + 2 <= _LARGEST:
        told.append(b"\xff\xe2" + struct.pack(">H", 2 + len(icc)) + icc)
    return told
