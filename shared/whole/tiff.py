"""TIFF and BigTIFF: every directory, value, strip and tile lies inside the file.

In: the bytes as they pass; what had passed before it was asked for is fetched.
Directories may stand anywhere, and pages may be chained in any order.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator

from .directory import TAGS, Directory, Field, Layout, Tag
from .strips import strips_end, told_end
from .tape import KEEP, CutError, Fetch, Reading, Span, Tape, UnreadError
from .verdict import Verdict

_MOST_ENTRIES = 4096
"""libtiff takes no directory with more; `KEEP` has room for them."""
_MOST_PAGES = 0xFFFF
_MOST_VALUES = KEEP // 8
"""Of a longer list of strips the last are looked at: they lie farthest."""
_MOST_WORK = 1 << 21
"""Entries and strips looked at in all: a hostile file has the same on every page."""
_MOST_HELD = 1 << 15
"""Strips of pages whose other list is still to come."""
_SUB = (Tag.SUB_DIRECTORIES, Tag.EXIF, Tag.GPS)
_MOST_SUB = 16
_PARTS = (
    (Tag.STRIPS, Tag.STRIP_BYTES),
    (Tag.TILES, Tag.TILE_BYTES),
    (Tag.JPEG, Tag.JPEG_BYTES),
)
"""Where a picture's data lie, and how long they are."""
_REDUCED = 0b101
"""Subfile type: a smaller copy of a page, or its mask."""
_PADDING = 3
"""Bytes between two things; most writers align them."""


class Tiff:
    """Checks a TIFF as it passes."""

    def __init__(self, size: int, fetch: Fetch | None = None) -> None:
        self._size = size
        self._tape = Tape(size, fetch)
        self._layout = Layout()
        self._directories = 0
        self._pages = 0
        self._work = 0
        self._held = 0
        self._is_sure = False
        """Whether the chain was followed to its end, and nothing left out."""
        self._reach = 0
        """Where the last thing ends that lies inside the file."""
        self._missing = 2 * size + 2 * _PADDING
        """Where the first thing begins that does not, or not all of it."""
        self._doubt = ""
        """Something lies behind the end that a reader can do without."""
        self._tape.start(self._chain())
        self.feed = self._tape.feed

    @property
    def is_hopeless(self) -> bool:
        """Whether a part of a page is known to lie behind the end."""
        return bool(self._tape.why)

    def finish(self) -> Verdict:
        """Whether all that the directories speak of is there."""
        why = self._tape.why or (self._doubt if self._is_like_a_cut() else "")
        if why:
            return Verdict(is_whole=False, why=why)
        is_sure = self._is_sure and self._tape.is_sure
        pages = self._pages or self._directories
        return Verdict(is_whole=True, pages=pages if is_sure else None)

    def _is_like_a_cut(self) -> bool:
        """Whether what a reader can do without is missing because of a cut.

        Of values one after the other a cut takes one in the middle, or begins where
        one should. A wrong number points far away, or over others that are complete.
        """
        if self._missing < self._size - _PADDING:
            return self._reach < self._size - _PADDING
        return self._missing <= self._size + _PADDING

    def _chain(self) -> Reading:
        """Go from directory to directory; what they hold is read beside it."""
        self._layout = layout = Layout.read((yield Span(0, 4, "its header")))
        offset = layout.number((yield Span(layout.word, layout.word, "its header")))
        if not offset:
            raise CutError("The file's directory has not been written yet.")
        mark, limit = 0, 1
        while offset and offset != mark and self._directories < _MOST_PAGES:
            # Brent's way to notice a chain that bites its own tail, without a list.
            if self._directories == limit:
                mark, limit = offset, 2 * limit
            self._directories += 1
            page, offset = yield from self._directory(offset, self._directories)
            self._pages += not page.number(Tag.SUBFILE) & _REDUCED
            self._tape.start(self._contents(page))
            self._tape.start(self._sub_directories(page))
        self._is_sure = not offset

    def _directory(
        self, offset: int, page: int
    ) -> Generator[Span, bytes, tuple[Directory, int]]:
        layout, what = self._layout, f"the directory of page {page}"
        self._demand(offset, offset + layout.counter, what)
        entries = layout.number((yield Span(offset, layout.counter, what)))
        if not 0 < entries <= _MOST_ENTRIES:
            raise CutError(f"Something else stands where {what} is due.")
        start, length = offset + layout.counter, entries * layout.entry
        self._demand(start, start + length + layout.word, what)
        self._spend(entries)
        fields = {}
        for tag, field in layout.entries((yield Span(start, length, what))):
            if not field.is_inline:
                self._expect(layout.number(field.value), field.length, what)
            if tag in TAGS:
                fields[tag] = field
        following = yield Span(start + length, layout.word, what)
        return Directory(layout, page, fields), layout.number(following)

    def _sub_directories(self, page: Directory) -> Reading:
        """Read thumbnails, Exif and GPS: a reader can do without them."""
        try:
            for field in filter(None, map(page.fields.get, _SUB)):
                for offset in (yield from self._numbers(field, 0))[:_MOST_SUB]:
                    inner, _ = yield from self._directory(offset, page.page)
                    yield from self._contents(inner)
        except CutError as exc:
            self._doubt = self._doubt or str(exc)

    def _contents(self, picture: Directory) -> Reading:
        """Read where the data of a picture lie."""
        for places, lengths in _PARTS:
            if (where := picture.fields.get(places)) is None:
                continue
            starts, sizes = yield from self._lists(where, picture.fields.get(lengths))
            end = told_end(starts, sizes)
            if places is Tag.STRIPS:
                end = strips_end(picture, starts, sizes, self._size)
            self._demand(0, end, f"the picture of page {picture.page}")

    def _lists(
        self, where: Field, how_long: Field | None
    ) -> Generator[Span, bytes, tuple[array[int], array[int]]]:
        """Read both lists, that which stands first in the file before the other."""
        layout = self._layout
        if how_long is None:
            starts = yield from self._numbers(where, max(0, where.count - _MOST_VALUES))
            return starts, array("B", bytes(len(starts)))
        skip = max(0, min(where.count, how_long.count) - _MOST_VALUES)
        pair = sorted((where, how_long), key=lambda each: layout.number(each.value))
        first = yield from self._numbers(pair[0], skip)
        try:
            self._hold(len(first))
            second = yield from self._numbers(pair[1], skip)
        finally:
            self._hold(-len(first))
        return (first, second) if pair[0] is where else (second, first)

    def _numbers(self, field: Field, skip: int) -> Generator[Span, bytes, array[int]]:
        if field.is_inline:
            data = field.value[: field.length]
        else:
            count = min(field.count - skip, _MOST_VALUES)
            self._spend(count)
            offset = self._layout.number(field.value) + skip * field.width
            data = yield Span(offset, count * field.width, "the end of its lists")
        return self._layout.numbers(field, data)

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > _MOST_WORK:
            raise UnreadError

    def _hold(self, values: int) -> None:
        self._held += values
        if self._held > _MOST_HELD:
            raise UnreadError

    def _demand(self, start: int, end: int, what: str) -> None:
        """Raise CutError where a thing does not lie inside the file."""
        if not self._is_inside(start, end):
            raise CutError(f"The file ends before {what} does.")

    def _expect(self, start: int, length: int, what: str) -> None:
        """Note where a thing does not lie inside the file."""
        if not self._is_inside(start, start + length):
            self._doubt = self._doubt or f"The file ends before {what} does."

    def _is_inside(self, start: int, end: int) -> bool:
        if end <= self._size:
            self._reach = max(self._reach, end)
        else:
            self._missing = min(self._missing, start)
        return end <= self._size
