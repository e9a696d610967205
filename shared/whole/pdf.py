"""PDF: the last `%%EOF`, and what follows it (ISO 32000-2, 7.5.5 and annex F).

Readers rebuild what is damaged, so damage is no sign of a cut: `startxref` may lead
nowhere, and junk may follow the end. A cut shows in that the file stops where a
well-formed one would have gone on.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .tape import Fetch
from .verdict import Verdict

_END = re.compile(rb"%%EOF")
_LEAF = re.compile(rb"/Type\s{0,8}/Page[^A-Za-z]")
_COUNT = re.compile(rb"/Count\s{1,8}(\d{1,7})\D")
_OVERLAP = 32
"""Bytes looked at twice, so that no match is lost between pieces; none is longer."""
_HEAD = 2048
_TAIL = 4096
_FAR_TAIL = 1 << 16
"""In which the last `%%EOF` of nearly every file lies."""
_BLANKS = b"\0\t\n\x0c\r \x1a"

_LINEARIZED = re.compile(rb"<<[^<>]*/Linearized[^<>]*>>")
_LENGTH = re.compile(rb"/L\s+(\d+)")
_PAGES = re.compile(rb"/N\s+(\d+)")

_MORE = re.compile(rb"obj|\bxref\b")
_NUMBERS = re.compile(rb"\d+(\s+(\d+(\s+ob?)?)?)?\s*\Z")
"""The beginning of a further object: `12 0 obj`."""
_WORDS = (b"xref", b"trailer", b"startxref", b"endstream", b"endobj")
"""How a further revision may go on, or the object round an attached PDF."""

# Files that readers open have been seen to end in each of these ways. None of them is
# the beginning of a well-formed end, so no cut leaves them.
_ODD_END = re.compile(
    rb"endobj\s*trailer\s*<<.*>>\s*\Z"
    rb"|startxref\s+\Z"
    rb"|startxref\s+\d+\s+(?:%[^%]|[^%\d\s])"
    rb"|trailer\s*<<[^()]*(?<!<)<(?!<)[0-9A-Fa-f\s]*[^0-9A-Fa-f\s<>]",
    re.DOTALL,
)


class Pdf:
    """Checks a PDF as it passes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._head = b""
        self._tail = b""
        self._ends = 0
        self._after = b""
        """The first bytes behind the last `%%EOF`, without leading blanks."""
        self._goes_on = False
        """Whether an object or a table stands behind it."""
        self._leaves = 0
        self._count = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether a linearised file says that it is longer."""
        return (self._said(_LENGTH) or 0) > self._size

    def feed(self, piece: bytes) -> None:
        """Look at the next bytes."""
        if len(self._head) < _HEAD:
            self._head += piece[: _HEAD - len(self._head)]
        seen = self._tail[-_OVERLAP:]
        data = seen + piece
        self._tail = (self._tail + piece[-_TAIL:])[-_TAIL:]
        self._look_for_end(data, len(seen))
        for leaf in _LEAF.finditer(data):
            self._leaves += leaf.end() > len(seen)
        for count in _COUNT.finditer(data):
            self._count = max(self._count, int(count[1]))

    def _look_for_end(self, data: bytes, seen: int) -> None:
        start, overlap = seen, 5
        for end in _END.finditer(data):
            if end.end() > seen:
                self._ends += 1
                self._after, self._goes_on = b"", False
                start, overlap = end.end(), 0
        if self._ends and not self._goes_on:
            self._goes_on = bool(_MORE.search(data, max(0, start - overlap)))
        if len(self._after) < _OVERLAP:
            self._after = (self._after + data[start:]).lstrip(_BLANKS)[:_OVERLAP]

    def finish(self) -> Verdict:
        """Whether the end is there; pages where file and page tree agree on them."""
        if self.is_hopeless:
            return Verdict(is_whole=False, why="The PDF is shorter than it says.")
        if (self._ends and not self._is_going_on()) or _ODD_END.search(self._tail):
            return Verdict(is_whole=True, pages=self._pages())
        return Verdict(is_whole=False, why="The PDF has no end (%%EOF).")

    def _is_going_on(self) -> bool:
        """Whether what follows the last `%%EOF` is the beginning of something."""
        after = self._after
        is_word = any(word.startswith(after[: len(word)]) for word in _WORDS)
        is_begun = bool(after) and (is_word or _NUMBERS.match(after) is not None)
        return self._goes_on or is_begun

    def _pages(self) -> int | None:
        """Sure where the first page says it, or the pages counted are those promised.

        Not after an incremental save: pages may have been replaced or taken out.
        """
        if self._said(_LENGTH) == self._size:
            return self._said(_PAGES)
        agree = self._ends == 1 and self._leaves == self._count
        return (self._leaves or None) if agree else None

    def _said(self, what: re.Pattern[bytes]) -> int | None:
        """A number of the linearisation dictionary."""
        found = _LINEARIZED.search(self._head)
        number = found and what.search(found[0])
        return int(number[1]) if number else None


def judge_ends(size: int, fetch: Fetch) -> Verdict | None:
    """Check it by its two ends; None where the last `%%EOF` is not near the end.

    What comes before that one has no say in whether it is whole.
    """
    start = size - _FAR_TAIL
    if start < _HEAD:
        return None
    tail = fetch(start, _FAR_TAIL)
    if len(tail) < _FAR_TAIL or not _END.search(tail):
        return None
    check = Pdf(size)
    check.feed(fetch(0, _HEAD))
    check.feed(tail)
    return replace(check.finish(), pages=None)
