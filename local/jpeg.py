"""Grey pictures as baseline JPEG (ITU-T T.81). Pure, and only as fast as samples need.

In: rows of bytes, 0 black to 255 white. Out: a JPEG with a JFIF header.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from functools import cache

STEP = 16
"""One quantisation step for all coefficients: text stays sharp, files stay small."""
_COSINES = tuple(
    tuple(
        math.cos((2 * x + 1) * u * math.pi / 16) * (math.sqrt(1 / 8) if u == 0 else 0.5)
        for x in range(8)
    )
    for u in range(8)
)
_ZIGZAG = sorted(
    ((v, u) for v in range(8) for u in range(8)),
    key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]),
)
# Flat Huffman codes: every symbol has the same length, so that no table need be known.
_DC_SYMBOLS = tuple(range(12))
_AC_SYMBOLS = (0x00, 0xF0, *(r << 4 | s for r in range(16) for s in range(1, 11)))
_DC_LENGTH, _AC_LENGTH = 4, 8
_END, _SIXTEEN_ZEROS = 0x00, 0xF0


def encode(rows: Sequence[bytes | bytearray], dpi: int) -> bytes:
    """Write the picture."""
    height, width = len(rows), len(rows[0])
    jfif = struct.pack(">5s2sBHHBB", b"JFIF\0", b"\1\1", 1, dpi, dpi, 0, 0)
    frame = struct.pack(">BHHB3B", 8, height, width, 1, 1, 0x11, 0)
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, jfif),
            _segment(0xDB, bytes([0]) + bytes([STEP]) * 64),
            _segment(0xC0, frame),
            _segment(0xC4, _table(0x00, _DC_LENGTH, _DC_SYMBOLS)),
            _segment(0xC4, _table(0x10, _AC_LENGTH, _AC_SYMBOLS)),
            _segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0])),
            _scan(rows),
            b"\xff\xd9",
        )
    )


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _table(where: int, length: int, symbols: Sequence[int]) -> bytes:
    counts = [len(symbols) if each == length else 0 for each in range(1, 17)]
    return bytes([where, *counts, *symbols])


def _scan(rows: Sequence[bytes | bytearray]) -> bytes:
    bits: list[str] = []
    before = 0
    for block in _blocks(rows):
        found = _coefficients(block)
        bits.append(_coded_block(found, found[0] - before))
        before = found[0]
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")


def _blocks(rows: Sequence[bytes | bytearray]) -> Iterator[bytes]:
    """Eight by eight, the picture's last row and column repeated beyond its edge."""
    width = len(rows[0])
    for top in range(0, len(rows), 8):
        band = [bytes(rows[min(top + y, len(rows) - 1)]) for y in range(8)]
        for left in range(0, width, 8):
            cut = (row[left : left + 8] for row in band)
            yield b"".join(each.ljust(8, each[-1:]) for each in cut)


@cache
def _coefficients(block: bytes) -> tuple[int, ...]:
    """Transform (T.81, A.3.3) and quantise, in zigzag order; paper repeats itself."""
    values = [value - 128 for value in block]
    lines = [
        [
            sum(map(float.__mul__, map(float, values[y * 8 : y * 8 + 8]), c))
            for c in _COSINES
        ]
        for y in range(8)
    ]
    columns = list(zip(*lines, strict=True))
    return tuple(
        round(sum(map(float.__mul__, columns[u], _COSINES[v])) / STEP)
        for v, u in _ZIGZAG
    )


def _coded_block(found: Sequence[int], difference: int) -> str:
    size = abs(difference).bit_length()
    out = f"{size:0{_DC_LENGTH}b}{_magnitude(difference, size)}"
    zeros = 0
    last = max((i for i in range(1, 64) if found[i]), default=0)
    for value in found[1 : last + 1]:
        if value == 0:
            zeros += 1
            continue
        out += _code(_SIXTEEN_ZEROS) * (zeros // 16)
        size = abs(value).bit_length()
        out += _code(zeros % 16 << 4 | size) + _magnitude(value, size)
        zeros = 0
    return out if last == len(found) - 1 else out + _code(_END)


def _code(symbol: int) -> str:
    return f"{_AC_SYMBOLS.index(symbol):0{_AC_LENGTH}b}"


def _magnitude(value: int, size: int) -> str:
    """The bits behind a size (T.81, F.1.2.1); negative values count from below."""
    if size == 0:
        return ""
    return f"{value if value > 0 else value + (1 << size) - 1:0{size}b}"
