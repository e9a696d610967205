"""TIFF and BigTIFF: every directory, value, strip and tile lies inside the file.

In: the bytes as they pass; a place that has passed already is fetched. Directories may
stand anywhere, and pages may be chained in any order.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from operator import add

from .ifd import Field, Layout, Tag
from .tape import KEEP, CutError, Fetch, Reading, Span, Tape
from .verdict import Verdict

_MOST_ENTRIES = 4096
"""libtiff refuses directories with more."""
_MOST_PAGES = 0xFFFF
_MOST_VALUES = KEEP // 8
"""Of a longer list of strips or tiles the last are looked at: they lie farthest."""
_TAGS = frozenset(Tag)
_REDUCED = 0b101
"""Subfile type: a smaller picture of a page, or its mask."""
_BEHIND = "Page {} has {} behind the end of the file."

type Fields = Mapping[int, Field]


class Tiff:
    """Checks a TIFF as it passes."""

    def __init__(self, size: int, fetch: Fetch | None = None) -> None:
        self._tape = Tape(size, fetch)
        self._size = size
        self._pages = 0
        self._directories = 0
        self._is_sure = True
        self._layout = Layout(is_little=True, is_big=False)
        self._tape.start(self._chain())
        self.feed = self._tape.feed

    @property
    def is_hopeless(self) -> bool:
        """Whether something is known to lie behind the end."""
        return bool(self._tape.why)

    def finish(self) -> Verdict:
        """Whether all that the directories speak of is there."""
        if self._tape.why:
            return Verdict(is_whole=False, why=self._tape.why)
        is_sure = self._is_sure and self._tape.is_sure
        pages = self._pages or self._directories
        return Verdict(is_whole=True, pages=pages if is_sure else None)

    def _chain(self) -> Reading:
        """Go from directory to directory; the pages' contents are read beside it."""
        self._layout = layout = Layout.read((yield Span(0, 4, "its header")))
        offset = layout.number((yield Span(layout.word, layout.word, "its header")))
        if not offset:
            raise CutError("The file's directory has not been written yet.")
        mark, limit = 0, 1
        while offset and self._directories < _MOST_PAGES:
            self._directories += 1
            fields, following = yield from self._directory(offset)
            kind = self._inline(fields, Tag.SUBFILE)
            self._pages += not kind & _REDUCED
            self._tape.start(self._contents(fields))
            # Brent's way to notice a chain that bites its own tail, without a list.
            if self._directories == limit:
                mark, limit = offset, 2 * limit
            if following == mark:
                break
            offset = following
        self._is_sure = not offset

    def _directory(self, offset: int) -> Generator[Span, bytes, tuple[Fields, int]]:
        layout = self._layout
        what = f"the directory of page {self._directories}"
        entries = layout.number((yield Span(offset, layout.counter, what)))
        if not 0 < entries <= _MOST_ENTRIES:
            raise CutError(f"The file has no directory where that of page {self._directories} is due.")
        start, length = offset + layout.counter, entries * layout.entry
        data = yield Span(start, length, what)
        fields = {}
        for tag, field in layout.fields(data):
            if not field.is_inline:
                self._demand(layout.number(field.value) + field.length, "values")
            if tag in _TAGS:
                fields[tag] = field
        return fields, layout.number((yield Span(start + length, layout.word, what)))

    def _demand(self, end: int, what: str) -> None:
        if end > self._size:
            raise CutError(_BEHIND.format(self._directories, what))

    def _inline(self, fields: Fields, tag: Tag, default: int = 0) -> int:
        field = fields.get(tag)
        if field is None or not field.is_inline:
            return default
        numbers = self._layout.numbers(field, field.value[: field.length])
        return numbers[0] if numbers else default

    def _contents(self, fields: Fields) -> Reading:
        for places, lengths in (
            (Tag.STRIPS, Tag.STRIP_BYTES),
            (Tag.TILES, Tag.TILE_BYTES),
            (Tag.JPEG, Tag.JPEG_BYTES),
        ):
            if places in fields:
                yield from self._extents(fields, places, lengths)

    def _extents(self, fields: Fields, places: Tag, lengths: Tag) -> Reading:
        pair = [fields[tag] for tag in (places, lengths) if tag in fields]
        skip = max(0, min(field.count for field in pair) - _MOST_VALUES)
        found = {}
        for field in sorted(pair, key=lambda field: self._layout.number(field.value)):
            found[id(field)] = yield from self._numbers(field, skip)
        starts = found[id(pair[0])]
        ends = starts if len(pair) == 1 else map(add, starts, found[id(pair[1])])
        self._demand(max(ends, default=0), "a strip")

    def _numbers(self, field, skip):
        if field.is_inline:
            return self._layout.numbers(field, field.value[: field.length])
        count = min(field.count - skip, _MOST_VALUES)
        offset = self._layout.number(field.value) + skip * field.width
        data = yield Span(offset, count * field.width, "the list of its strips")
        return self._layout.numbers(field, data)
