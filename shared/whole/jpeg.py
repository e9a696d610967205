"""JPEG: from marker to marker until the EOI behind a scan (ITU-T T.81, annex B).

Markers inside a segment, those of an Exif thumbnail say, are passed over with it; what
follows the EOI (MPF pictures, maker notes, padding) is nobody's business here.
"""

from __future__ import annotations

import re

from .verdict import Verdict

# Before a scan: whatever has a length, looked for as libjpeg does, over any garbage.
_HEADER = re.compile(rb"\xff[\xc0-\xcf\xda-\xfe]")
# Within scans only what may stand between two of them; the rest is noise in the data.
_BETWEEN = re.compile(rb"\xff[\xc4\xcc\xd9-\xdd\xe0-\xef\xfe]")
_EOI = 0xD9
_SOS = 0xDA
_NEEDED = 4
"""Bytes of a marker and its length."""


class Jpeg:
    """Checks a JPEG as it passes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest = b""
        self._base = 0
        """Offset of `_rest` in the file."""
        self._next = 2
        """Offset where the next marker is looked for."""
        self._pattern = _HEADER
        self._is_over = False
        self.is_hopeless = False

    def feed(self, piece: bytes) -> None:
        """Look at the next bytes."""
        if self._is_over or self.is_hopeless:
            return
        data = self._rest + piece
        at = self._next - self._base
        while at < len(data) and not (self._is_over or self.is_hopeless):
            found = self._pattern.search(data, at)
            if found is None:
                at = len(data) - data.endswith(b"\xff")
                break
            at = found.start()
            if data[at + 1] == _EOI:
                self._is_over = self._pattern is _BETWEEN
                at += 2
            elif at + _NEEDED > len(data):
                break
            else:
                at += self._length(data, at)
        self._next = self._base + at
        self._rest = data[at:]
        self._base += min(at, len(data))

    def _length(self, data: bytes, at: int) -> int:
        """Bytes from this marker to where the next one may be."""
        length = int.from_bytes(data[at + 2 : at + 4])
        if self._base + at + 2 + length > self._size:
            # Between scans it may be noise; if not, there will be no EOI either.
            self.is_hopeless = self._pattern is _HEADER
            return 2
        if data[at + 1] == _SOS:
            self._pattern = _BETWEEN
        return 2 + length

    def finish(self) -> Verdict:
        """Whether the end of the picture was reached."""
        if self._is_over:
            return Verdict(is_whole=True, pages=1)
        return Verdict(is_whole=False, why="The picture has no end (EOI).")
