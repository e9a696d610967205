"""Small TIFFs, built in code: both byte orders, both sizes, parts in any order."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

CODES = {1: "B", 2: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q"}
SHORT, LONG, UNDEFINED = 3, 4, 7


@dataclass(frozen=True, kw_only=True)
class Page:
    """One directory and the data it speaks of."""

    strips: Sequence[bytes] = (b"\1" * 90, b"\2" * 90, b"\3" * 50)
    is_tiled: bool = False
    compression: int = 5
    sizes: Sequence[int] | None = None
    """Lengths to be said instead of the true ones; empty: none."""
    tags: dict[int, tuple[int, list[int]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a writer lays a file out."""

    order: str = "<"
    is_big: bool = False
    parts: str = "DVS"
    """Of each page: its directory, the values outside of it, its strips."""
    is_backward: bool = False
    """Later pages stand before earlier ones."""

    @property
    def word(self) -> str:
        """How `struct` names an offset."""
        return "Q" if self.is_big else "I"

    def pack(self, codes: str, *values: int) -> bytes:
        """Write numbers in this file's byte order."""
        return struct.pack(self.order + codes, *values)


def tiff(pages: Sequence[Page], style: Style | None = None) -> bytes:
    """Lay the pages out and chain them."""
    style = style or Style()
    head = 16 if style.is_big else 8
    sizes = {
        (n, part): len(_part(style, page, part, (0, 0, 0), 0))
        for n, page in enumerate(pages)
        for part in "DVS"
    }
    places = {}
    at = head
    numbers = range(len(pages))
    for n in reversed(numbers) if style.is_backward else numbers:
        for part in style.parts:
            places[n, part] = at
            at += sizes[n, part]
    body = bytearray(at - head)
    for n, page in enumerate(pages):
        where = (places[n, "D"], places[n, "V"], places[n, "S"])
        following = places.get((n + 1, "D"), 0)
        for part in "DVS":
            data = _part(style, page, part, where, following)
            start = places[n, part] - head
            body[start : start + len(data)] = data
    return _header(style, places[0, "D"]) + bytes(body)


def _header(style: Style, first: int) -> bytes:
    mark = b"II" if style.order == "<" else b"MM"
    if style.is_big:
        return mark + style.pack("HHHQ", 43, 8, 0, first)
    return mark + style.pack("HI", 42, first)


def _part(
    style: Style, page: Page, part: str, where: tuple[int, int, int], following: int
) -> bytes:
    if part == "S":
        return b"".join(page.strips)
    count = style.pack("Q" if style.is_big else "H", len(_tags(page, 0)))
    entries, values = b"", b""
    for tag, (kind, numbers) in sorted(_tags(page, where[2]).items()):
        data = style.pack(f"{len(numbers)}{CODES[kind]}", *numbers)
        room = struct.calcsize(style.order + style.word)
        value = data.ljust(room, b"\0")
        if len(data) > room:
            value = style.pack(style.word, where[1] + len(values))
            values += data + b"\0" * (len(data) % 2)
        entries += style.pack("HH" + style.word, tag, kind, len(numbers)) + value
    return (
        values if part == "V" else count + entries + style.pack(style.word, following)
    )


def _tags(page: Page, start: int) -> dict[int, tuple[int, list[int]]]:
    lengths = [len(each) for each in page.strips]
    starts = list(accumulate(lengths, initial=start))[:-1]
    sizes = lengths if page.sizes is None else list(page.sizes)
    places, counts = (324, 325) if page.is_tiled else (273, 279)
    tags = {
        256: (SHORT, [30]),
        257: (SHORT, [8]),
        258: (SHORT, [8]),
        259: (SHORT, [page.compression]),
        278: (SHORT, [3]),
        282: (UNDEFINED, list(range(11))),
    }
    if starts:
        tags[places] = (LONG, starts)
        tags |= {counts: (LONG, sizes)} if sizes else {}
    return tags | page.tags
