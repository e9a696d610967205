"""PNG: from chunk to chunk until IEND (PNG specification, 3rd edition, 5.3)."""

from __future__ import annotations

from .tape import CutError, Reading, Span, Tape
from .verdict import Verdict

_SIGNATURE = 8
_LARGEST = 0x7FFFFFFF


class Png:
    """Checks a PNG as it passes. Checksums are not looked at: readers differ there."""

    def __init__(self, size: int) -> None:
        self._tape = Tape(size)
        self._has_end = False
        self._tape.start(self._chunks())
        self.feed = self._tape.feed

    @property
    def is_hopeless(self) -> bool:
        """Whether a chunk is known to reach behind the end."""
        return bool(self._tape.why)

    def _chunks(self) -> Reading:
        at = _SIGNATURE
        while True:
            head = yield Span(at, 12, "the end of the picture (IEND)")
            length, name = int.from_bytes(head[:4]), head[4:8]
            if name == b"IEND":
                self._has_end = True
                return
            if length > _LARGEST or not name.isalpha():
                raise CutError("The picture's parts do not follow one another.")
            at += 12 + length

    def finish(self) -> Verdict:
        """Whether IEND was reached."""
        if self._has_end:
            return Verdict(is_whole=True, pages=1)
        why = self._tape.why or "The picture has no end (IEND)."
        return Verdict(is_whole=False, why=why)
