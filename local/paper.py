"""A sheet of paper, drawn once and written as PDF, TIFF or JPEG. Pure.

In: boxes and words in points (1/72 inch), measured from the top left. Out: bytes that
readers open. There is no imaging library in the project, and three samples need none.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from local.jpeg import encode

WIDTH, HEIGHT = 595, 842
"""A4 in points."""
WHITE, BLACK = 255, 0
# Letters of 5 by 7 dots: one digit to the base of 32 for each row of dots.
_ROWS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_FONT = (
    "A=EHHVHHH B=UHHUHHU C=EHGGGHE D=UHHHHHU E=VGGUGGV F=VGGUGGG G=EHGNHHF "
    "H=HHHVHHH I=E44444E J=72222IC K=HIKOKIH L=GGGGGGV M=HRLLHHH N=HHPLJHH "
    "O=EHHHHHE P=UHHUGGG Q=EHHHLID R=UHHUKIH S=FGGE11U T=V444444 U=HHHHHHE "
    "V=HHHHHA4 W=HHHLLLA X=HHA4AHH Y=HHHA444 Z=V1248GV 0=EHJLPHE 1=4C4444E "
    "2=EH1248V 3=V2421HE 4=26AIV22 5=VGU11HE 6=68GUHHE 7=V124888 8=EHHEHHE "
    "9=EHHF12C .=00000CC ,=0000C48 :=0CC0CC0 -=000V000 /=01248G0 &=CIK8LID"
)
_GLYPHS = {each[0]: each[2:] for each in _FONT.split()}
_THRESHOLDS = ((32, 160), (224, 96))
_LONGEST = 128
_CAP = 0.72
"""Height of a capital letter, of the size of its type (Helvetica)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    grey: int = BLACK


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; `y` is its base line."""

    x: float
    y: float
    size: float
    text: str
    grey: int = BLACK


type Sheet = Sequence[Box | Words]


def as_pdf(sheet: Sheet) -> bytes:
    """Write the sheet as a PDF of one page (ISO 32000-1)."""
    drawn = zlib.compress("\n".join(map(_operators, sheet)).encode("latin-1"))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>" % (WIDTH, HEIGHT),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream"
        % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica "
        b"/Encoding /WinAnsiEncoding >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _operators(mark: Box | Words) -> str:
    grey = f"{mark.grey / WHITE:.2f} g"
    if isinstance(mark, Box):
        low = HEIGHT - mark.y - mark.height
        return f"{grey} {mark.x} {low} {mark.width} {mark.height} re f"
    text = mark.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"{grey} BT /F {mark.size} Tf {mark.x} {HEIGHT - mark.y} Td ({text}) Tj ET"


def as_tiff(sheet: Sheet, dpi: int = 150) -> bytes:
    """Write the sheet as a fax does: black and white, PackBits (TIFF 6.0)."""
    rows = _drawn(sheet, dpi)
    width, height = len(rows[0]), len(rows)
    strip = b"".join(_packed(_bits(row, y)) for y, row in enumerate(rows))
    start = 8 + len(strip) + len(strip) % 2
    software = b"Scanpost\0"
    # Tag, type (2 ASCII, 3 SHORT, 4 LONG, 5 RATIONAL), count, value.
    fields = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 1),
        (259, 3, 1, 32773),
        (262, 3, 1, 0),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, len(strip)),
    ]
    end = start + 2 + 12 * (len(fields) + 4) + 4
    fields += [(282, 5, 1, end), (283, 5, 1, end), (296, 3, 1, 2)]
    fields += [(305, 2, len(software), end + 8)]
    directory = b"".join(struct.pack("<HHII", *field) for field in fields)
    return b"".join(
        (
            struct.pack("<2sHI", b"II", 42, start),
            strip.ljust(start - 8, b"\0"),
            struct.pack("<H", len(fields)) + directory + struct.pack("<I", 0),
            struct.pack("<II", dpi, 1) + software,
        )
    )


def as_jpeg(sheet: Sheet, dpi: int = 96) -> bytes:
    """Write the sheet as a grey JPEG."""
    return encode(_drawn(sheet, dpi), dpi)


def _drawn(sheet: Sheet, dpi: int) -> list[bytearray]:
    scale = dpi / 72
    rows = [
        bytearray([WHITE]) * round(WIDTH * scale) for _ in range(round(HEIGHT * scale))
    ]
    for mark in sheet:
        for box in [mark] if isinstance(mark, Box) else _dots(mark):
            left, right = round(box.x * scale), round((box.x + box.width) * scale)
            top, bottom = round(box.y * scale), round((box.y + box.height) * scale)
            fill = bytes([box.grey]) * (right - left)
            for row in rows[top:bottom]:
                row[left:right] = fill
    return rows


def _dots(words: Words) -> Iterator[Box]:
    """The dots of a text; it has capital letters only."""
    dot = words.size * _CAP / 7
    for place, char in enumerate(words.text.upper()):
        for row, digit in enumerate(_GLYPHS.get(char, "")):
            bits = _ROWS.index(digit)
            for column in range(5):
                if bits >> (4 - column) & 1:
                    x = words.x + (place * 6 + column) * dot
                    y = words.y + (row - 7) * dot
                    yield Box(x, y, dot, dot, words.grey)


def _bits(row: bytearray, y: int) -> bytes:
    """Eight dots to the byte, 1 is black; greys become a pattern of dots."""
    even, odd = _THRESHOLDS[y % 2]
    text = "".join(
        "1" if grey < (odd if x % 2 else even) else "0" for x, grey in enumerate(row)
    )
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def _packed(row: bytes) -> bytes:
    """Pack a row as PackBits does (TIFF 6.0, section 9), runs and single bytes."""
    out = bytearray()
    for value, same in groupby(row):
        run = len(list(same))
        while run:
            count = min(run, _LONGEST)
            out += bytes([257 - count if count > 1 else 0, value])
            run -= count
    return bytes(out)
