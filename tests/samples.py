"""Small scans, made by code: whole ones, and what is left of them when they are cut."""

from __future__ import annotations


def a_pdf(padding: int = 0) -> bytes:
    """A whole one-page PDF; `padding` bytes of comment make it as large as needed."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    if padding:
        out += b"%" + b"x" * (padding - 2) + b"\n"
    start = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n"
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


PDF = a_pdf()
CUT_PDF = PDF[:-20]
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
TEXT = "Grüße vom Scanner\n".encode()
