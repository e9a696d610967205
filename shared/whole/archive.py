"""ZIP (DOCX, XLSX, PPTX, XPS): the directory at the end (PKWARE APPNOTE 4.3.16)."""

from __future__ import annotations

import struct

from .tape import CutError, Reading, Span, Tape
from .verdict import Verdict

_END = struct.Struct("<4s4xHHIIH")
_SIGNATURE = b"PK\x05\x06"
_REACH = _END.size + 0xFFFF
"""Where the end record can begin: before a comment of the longest kind."""
_END64 = struct.Struct("<4s20xQQQQ")
_LOCATOR = 20
_SIGNATURE64 = b"PK\x06\x06"
_LARGE = 0xFFFFFFFF


class Archive:
    """Checks a ZIP as it passes."""

    def __init__(self, size: int) -> None:
        self._tape = Tape(size)
        self._is_whole = False
        self._tape.start(self._end())
        self.feed = self._tape.feed
        self.is_hopeless = False

    def _end(self) -> Reading:
        start = max(0, self._tape.size - _REACH)
        tail = yield Span(start, self._tape.size - start, "its directory")
        at = tail.rfind(_SIGNATURE)
        while at >= 0:
            if _is_end(tail, at, start):
                self._is_whole = True
                return
            at = tail.rfind(_SIGNATURE, 0, at)
        raise CutError("The file has no directory at its end.")

    def finish(self) -> Verdict:
        """Whether an end record that fits was found."""
        why = self._tape.why or "The file has no directory at its end."
        return Verdict(self._is_whole, "" if self._is_whole else why)


def _is_end(tail: bytes, at: int, start: int) -> bool:
    """Whether an end record at `at` leads to a directory right before it.

    That of an archive stored within this one does not: it counts from its own start.
    """
    if at + _END.size > len(tail):
        return False
    _, _, entries, length, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment > len(tail):
        return False
    end = start + at
    if _LARGE in (length, offset) or entries == 0xFFFF:  # noqa: PLR2004 (the same, 16 bits)
        found = tail.rfind(_SIGNATURE64, 0, at)
        if found >= 0 and found + _END64.size + _LOCATOR <= at:
            _, _, _, length, offset = _END64.unpack_from(tail, found)
            end = start + found
    return bool(offset + length == end)
