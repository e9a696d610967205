"""Where the data of a TIFF picture end. Pure; as strict as libtiff and Pillow are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from operator import add

from .directory import Directory, Tag

_RAW = 1
_SEPARATE = 2
_USUAL_BITS = 8


def told_end(starts: array[int], lengths: array[int]) -> int:
    """Where the last of them ends by what the file says."""
    return max(map(add, starts, lengths), default=0)


def strips_end(
    picture: Directory, starts: array[int], lengths: array[int], size: int
) -> int:
    """Where the last strip ends.

    Of a picture that is not compressed readers take what its rows need, whatever the
    lengths say: one that reaches behind the file's end, or is 0, is theirs to correct.
    """
    told = told_end(starts, lengths)
    is_raw = picture.number(Tag.COMPRESSION, _RAW) == _RAW
    if not is_raw or (told <= size and 0 not in lengths):
        return told
    # Bits that do not stand in the entry are those of several samples: not read here,
    # so what the rows need is only a least.
    bits = picture.fields.get(Tag.BITS)
    is_known = bits is None or bits.is_inline
    ends = [0]
    needs = _needs(picture, len(starts))
    for start, length, need in zip(starts, lengths, needs, strict=False):
        if start:
            ends.append(start + (min(length, need if is_known else length) or need))
    return max(ends)


def _needs(picture: Directory, count: int) -> Iterator[int]:
    """Bytes that each of the last strips needs; the last of all has fewer rows."""
    bits = picture.number(Tag.BITS, _USUAL_BITS if Tag.BITS in picture.fields else 1)
    if picture.number(Tag.PLANAR) != _SEPARATE:
        bits *= picture.number(Tag.SAMPLES, 1)
    row = (picture.number(Tag.WIDTH) * bits + 7) // 8
    height = max(1, picture.number(Tag.HEIGHT))
    rows = min(picture.number(Tag.ROWS, height), height) or height
    strips = -(-height // rows)
    total = picture.fields[Tag.STRIPS].count
    for n in range(total - count, total):
        yield row * min(rows, height - n % strips * rows)
