"""Small JPEG and PNG files, built in code."""

from __future__ import annotations

import struct
import zlib

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
DATA = bytes(range(1, 200)) + b"\xff\x00\x7f\xff\xd0" + b"\x55" * 99


def segment(marker: int, content: bytes) -> bytes:
    """A marker with its length (ITU-T T.81, B.1.1.4)."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(content)) + content


def scan(data: bytes = DATA) -> bytes:
    """A scan and its data, with a stuffed byte and a restart in it."""
    return segment(0xDA, b"\1\1\0\0\x3f\0") + data


FRAME = segment(0xC0, b"\x08\0\x08\0\x08\1\1\x11\0")
TABLES = segment(0xDB, bytes(65)) + segment(0xC4, bytes(20))
BASELINE = SOI + segment(0xE0, b"JFIF\0" + bytes(9)) + TABLES + FRAME + scan() + EOI
PROGRESSIVE = SOI + TABLES + FRAME + (scan() + TABLES) * 4 + scan() + EOI
EXIF = SOI + segment(0xE1, b"Exif\0\0" + BASELINE) + BASELINE[2:]


def chunk(name: bytes, content: bytes = b"") -> bytes:
    """A chunk with its checksum (PNG specification, 5.3)."""
    checksum = zlib.crc32(name + content)
    return (
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
    )


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0))
    + chunk(b"tEXt", b"Comment\0IEND")
    + chunk(b"IDAT", zlib.compress(bytes(90), 0)) * 3
    + chunk(b"IEND")
)
