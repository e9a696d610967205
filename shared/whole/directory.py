"""A TIFF directory: bytes -> the fields that say where a picture lies. Pure.

Source: TIFF 6.0, section 2; the BigTIFF design. Raises `CutError` for a header that
is none.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from .tape import CutError

_WIDTHS: Mapping[int, int] = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
"""Bytes of one value, by field type."""
_CODES: Mapping[int, str] = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Types that can hold an offset or a length, as `array` names them."""
_BIG = 43


class Tag(IntEnum):
    """The fields that say where something lies, or how long it must be."""

    SUBFILE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    STRIPS = 273
    SAMPLES = 277
    ROWS = 278
    STRIP_BYTES = 279
    PLANAR = 284
    TILES = 324
    TILE_BYTES = 325
    SUB_DIRECTORIES = 330
    JPEG = 513
    JPEG_BYTES = 514
    EXIF = 34665
    GPS = 34853


TAGS = frozenset(Tag)


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a directory."""

    type: int
    count: int
    value: bytes
    """The values where they fit, else their offset, as they stand in the file."""

    @property
    def width(self) -> int:
        """Bytes of one value; 0 where nobody knows the type."""
        return _WIDTHS.get(self.type, 0)

    @property
    def length(self) -> int:
        """Bytes of all values."""
        return self.count * self.width

    @property
    def is_inline(self) -> bool:
        """Whether the values stand in the entry itself."""
        return self.length <= len(self.value)


@dataclass(frozen=True, slots=True)
class Layout:
    """How this file writes its numbers."""

    is_little: bool = True
    is_big: bool = False

    @classmethod
    def read(cls, head: bytes) -> Layout:
        """Read the first four bytes. Raises CutError where they are no TIFF's."""
        is_little = head[:2] == b"II"
        version = int.from_bytes(head[2:], "little" if is_little else "big")
        if head[:2] not in {b"II", b"MM"} or version not in {42, _BIG}:
            raise CutError("The file does not begin as a TIFF does.")
        return cls(is_little, version == _BIG)

    @property
    def word(self) -> int:
        """Bytes of an offset."""
        return 8 if self.is_big else 4

    @property
    def counter(self) -> int:
        """Bytes of the number of entries."""
        return 8 if self.is_big else 2

    @property
    def entry(self) -> int:
        """Bytes of an entry."""
        return 4 + 2 * self.word

    def number(self, data: bytes) -> int:
        """Read one number."""
        return int.from_bytes(data, "little" if self.is_little else "big")

    def numbers(self, entry: Field, data: bytes) -> array[int]:
        """Read many; none where the type cannot hold an offset."""
        numbers = array(_CODES.get(entry.type, "B"))
        if entry.type in _CODES:
            numbers.frombytes(data[: len(data) // entry.width * entry.width])
        if self.is_little != (sys.byteorder == "little"):
            numbers.byteswap()
        return numbers

    def entries(self, data: bytes) -> Iterator[tuple[int, Field]]:
        """Read the entries of a directory: tag and field."""
        for at in range(0, len(data), self.entry):
            tag, kind = data[at : at + 2], data[at + 2 : at + 4]
            count = data[at + 4 : at + 4 + self.word]
            value = data[at + 4 + self.word : at + self.entry]
            yield self.number(tag), Field(self.number(kind), self.number(count), value)


@dataclass(frozen=True, slots=True)
class Directory:
    """What one directory says of its picture."""

    layout: Layout
    page: int
    """Its place in the chain, from 1, for a person."""
    fields: Mapping[int, Field]
    """By tag; only those of `Tag`."""

    def number(self, tag: Tag, default: int = 0) -> int:
        """The first value of a field; the default where it does not stand in it."""
        entry = self.fields.get(tag)
        if entry is None or not entry.is_inline:
            return default
        values = self.layout.numbers(entry, entry.value[: entry.length])
        return next(iter(values), default)
