"""The sample scans are real files: readers find what was drawn."""

from __future__ import annotations

import re
import struct
import tomllib
import zlib

import pytest

from local.jpeg import encode
from local.paper import BLACK, HEIGHT, WIDTH, Box, Words, as_jpeg, as_pdf, as_tiff
from local.samples import DEVICE, DIRECTORY, INSIDE, OUTSIDE, ROUTES, samples

SHEET = (Box(0, 0, WIDTH, HEIGHT / 2), Words(72, 600, 20, "Line (1)"))


def test_pdf_s_table_points_at_its_objects():
    """A reader that trusts the cross-reference table finds each object."""
    pdf = as_pdf(SHEET)
    found = re.search(rb"startxref\n(\d+)\n%%EOF\n$", pdf)
    assert found
    start = int(found[1])
    rows = pdf[start:].splitlines()[3:8]
    for number, row in enumerate(rows, start=1):
        assert pdf[int(row[:10]) :].startswith(b"%d 0 obj\n" % number)


def test_pdf_holds_the_words():
    """Text stays text, with brackets escaped."""
    found = re.search(rb"stream\n(.*)\nendstream", as_pdf(SHEET), re.DOTALL)
    assert found
    assert rb"(Line \(1\)) Tj" in zlib.decompress(found[1])


def fields_of(tiff: bytes) -> dict[int, int]:
    """Tag -> value."""
    start = struct.unpack("<I", tiff[4:8])[0]
    count = struct.unpack("<H", tiff[start : start + 2])[0]
    rows = struct.iter_unpack("<HHII", tiff[start + 2 : start + 2 + 12 * count])
    return {tag: value for tag, _, _, value in rows}


def unpacked(data: bytes) -> bytes:
    """Undo PackBits."""
    out, place = bytearray(), 0
    while place < len(data):
        count = data[place]
        if count > 128:
            out += data[place + 1 : place + 2] * (257 - count)
            place += 2
        else:
            out += data[place + 1 : place + 2 + count]
            place += count + 2
    return bytes(out)


def test_tiff_holds_the_picture():
    """Its strip has every dot: the upper half black, the lower white but for words."""
    tiff = as_tiff(SHEET, dpi=72)
    found = fields_of(tiff)
    assert (found[256], found[257], found[259]) == (WIDTH, HEIGHT, 32773)
    dots = unpacked(tiff[found[273] : found[273] + found[279]])
    row = (WIDTH + 7) // 8
    assert len(dots) == row * HEIGHT
    assert dots[: row - 1] == b"\xff" * (row - 1)
    assert dots[-row:] == b"\0" * row


def means(jpeg: bytes) -> list[float]:
    """The mean brightness of each block, out of the flat codes that we write."""
    scan = jpeg[jpeg.index(b"\xff\xda") + 10 : -2].replace(b"\xff\0", b"\xff")
    bits, place = "".join(f"{each:08b}" for each in scan), 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        return int(bits[place - count : place] or "0", 2)

    def number(size: int) -> int:
        value = take(size)
        return value if not size or value >> (size - 1) else value - (1 << size) + 1

    found, before = [], 0
    while len(bits) - place >= 12:
        before += number(take(4))
        found.append(128 + before * 16 / 8)
        seen = 1
        while seen < 64:
            code = take(8)
            if code == 0:
                break
            symbol = 0 if code == 1 else code - 2
            zeros, size = (15, 0) if code == 1 else (symbol // 10, symbol % 10 + 1)
            number(size)
            seen += zeros + 1
    return found


def test_jpeg_s_blocks_have_the_picture_s_brightness():
    """What a decoder finds is what was drawn."""
    rows = [bytes(16 * [30] + 8 * [200])] * 8 + [bytes(8 * [0, 255] + 8 * [90])] * 8
    found = means(encode(rows, 72))
    assert found == pytest.approx([30, 30, 200, 127, 127, 90], abs=2)


def test_jpeg_says_its_size():
    """Height and width stand in the frame header."""
    jpeg = as_jpeg((Box(0, 0, 10, 10, BLACK),), dpi=36)
    place = jpeg.index(b"\xff\xc0")
    assert struct.unpack(">HH", jpeg[place + 5 : place + 9]) == (421, 298)


def test_samples_are_for_inside_outside_and_both():
    """One of each kind of file; small."""
    made = samples()
    assert [each.recipients for each in made] == [
        {INSIDE},
        {OUTSIDE},
        {INSIDE, OUTSIDE},
    ]
    assert [each.content[:2] for each in made] == [b"%P", b"II", b"\xff\xd8"]
    assert all(len(each.content) < 100_000 for each in made)
    assert all(each.path.startswith(f"{DEVICE}/") for each in made)


def test_routes_of_the_samples_are_good_toml():
    """And name the device that the samples come from."""
    found = tomllib.loads(ROUTES)
    assert DEVICE in found["devices"]
    assert INSIDE in DIRECTORY
