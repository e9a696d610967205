"""OLE (password-protected Office files): every sector its table speaks of is there.

Source: [MS-CFB] 2.2 (header), 2.3 (FAT), 2.5 (DIFAT).
"""

from __future__ import annotations

from .tape import CutError, Reading, Span, Tape
from .verdict import Verdict

_HEADER = 512
_SHIFTS = (9, 12)
_REGULAR = 0xFFFFFFFA
"""Sector numbers from here on are marks."""


class Ole:
    """Checks an OLE file as it passes."""

    def __init__(self, size: int) -> None:
        self._tape = Tape(size)
        self._shift = 9
        self._tape.start(self._tables())
        self.feed = self._tape.feed

    @property
    def is_hopeless(self) -> bool:
        """Whether a sector is known to lie behind the end."""
        return bool(self._tape.why)

    def _tables(self) -> Reading:
        header = yield Span(0, _HEADER, "its header is complete")
        shift = int.from_bytes(header[30:32], "little")
        if shift not in _SHIFTS:
            raise CutError("The file's header is damaged.")
        self._shift = shift
        tables = _words(header[76:])
        following = _words(header[68:72])[0]
        most = (self._tape.size >> (2 * shift - 2)) + len(tables)
        while following < _REGULAR and len(tables) <= most:
            more = _words((yield self._sector(following)))
            tables += more[:-1]
            following = more[-1]
        numbered = [(at, n) for n, at in enumerate(tables) if at < _REGULAR]
        for at, n in sorted(numbered):
            self._check(n, (yield self._sector(at)))

    def _sector(self, number: int) -> Span:
        return Span((number + 1) << self._shift, 1 << self._shift, "its last sector")

    def _check(self, n: int, table: bytes) -> None:
        """Raise CutError where the last sector in use does not lie inside the file."""
        used = (len(table.rstrip(b"\xff")) + 3) // 4
        sectors = (n << (self._shift - 2)) + used
        if used and (sectors + 1) << self._shift > self._tape.size:
            raise CutError("The file ends before its last sector.")

    def finish(self) -> Verdict:
        """Whether every table was read and fits."""
        return Verdict(is_whole=not self._tape.why, why=self._tape.why)


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
