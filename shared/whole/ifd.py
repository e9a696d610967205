"""TIFF directories: bytes -> the fields that say where pictures lie. Pure.

Source: TIFF 6.0, section 2; BigTIFF design (both byte orders).
Raises `CutError` for what cannot be a directory.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from .tape import CutError

_MOST_FIELDS = 4096
"""libtiff refuses directories with more; none that was written has as many."""
_WIDTHS: Mapping[int, int] = {
    **dict.fromkeys((1, 2, 6, 7), 1),
    **dict.fromkeys((3, 8), 2),
    **dict.fromkeys((4, 9, 11, 13), 4),
    **dict.fromkeys((5, 10, 12, 16, 17, 18), 8),
}
"""Bytes of one value, by field type."""
_CODES: Mapping[int, str] = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Types that can hold an offset or a length, as `array` names them."""


class Tag(IntEnum):
    """The fields that matter here."""

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


_KEPT = frozenset(Tag)


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a directory."""

    type: int
    count: int
    value: bytes
    """The values where they fit, else their offset, as they stand in the file."""

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return self.count * self.width

    @property
    def width(self) -> int:
        """Bytes of one value; 0 for a type nobody knows."""
        return _WIDTHS.get(self.type, 0)

    @property
    def is_inline(self) -> bool:
        """Whether the values stand in the entry itself."""
        return self.size <= len(self.value)
