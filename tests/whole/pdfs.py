"""Small PDFs, built in code: every way of ending that readers accept."""

from __future__ import annotations

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"


def _objects(pages: int) -> list[bytes]:
    kids = b" ".join(b"%d 0 R" % (3 + n) for n in range(pages))
    tree = b"<</Type /Pages /Kids [%s] /Count %d >>" % (kids, pages)
    leaf = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99]>>"
    picture = b"<</Length 40>>stream\n" + bytes(range(40)) + b"\nendstream"
    return [CATALOG, tree, *[leaf] * pages, picture]


def _body(objects: list[bytes], start: int, first: int = 1) -> tuple[bytes, list[int]]:
    body, offsets = b"", []
    for number, each in enumerate(objects, first):
        offsets.append(start + len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    return body, offsets


def _end(offsets: list[int], xref: int, extra: bytes = b"") -> bytes:
    lines = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(offsets) + 1
    return (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n" % (count, lines)
        + b"<</Size %d /Root 1 0 R %s>>\nstartxref\n%d\n" % (count, extra, xref)
        + b"%%EOF\n"
    )


def classic(pages: int = 2, extra: bytes = b"") -> bytes:
    """One revision with a cross-reference table."""
    body, offsets = _body(_objects(pages), len(HEADER))
    return HEADER + body + _end(offsets, len(HEADER) + len(body), extra)


def with_stream() -> bytes:
    """One revision with a cross-reference stream instead of a table."""
    body, _ = _body(_objects(1), len(HEADER))
    xref = b"<</Type/XRef/Size 6/W[1 2 1]/Root 1 0 R/Length 24>>stream\n"
    whole = HEADER + body + b"9 0 obj\n" + xref + bytes(24) + b"\nendstream\nendobj\n"
    return whole + b"startxref\n%d\n%%%%EOF" % (len(HEADER) + len(body))


def revised() -> bytes:
    """Two revisions: the second replaces the tree."""
    first = classic()
    body, offsets = _body([b"<</Type/Pages/Kids[3 0 R]/Count 1>>"], len(first), 2)
    return first + body + _end(offsets, len(first) + len(body), b"/Prev 9")


def linearized(pages: int = 2) -> bytes:
    """As for the web: its length in front, and an end behind the first page."""
    said = b"1 0 obj\n<</Linearized 1/L %8d/H[9 9]/O 3/E 99/N %d/T 9>>\nendobj\n"
    first = HEADER + said % (0, pages) + _end([9], 0)
    body, offsets = _body(_objects(pages), len(first), 2)
    whole = first + body + _end(offsets, len(HEADER))
    return whole.replace(said % (0, pages), said % (len(whole), pages))


def attached() -> bytes:
    """One revision that holds another PDF, as it is, in a stream."""
    inner = classic()
    stream = b"<</Length %d>>stream\n%s\nendstream" % (len(inner), inner)
    body, offsets = _body([*_objects(1), stream], len(HEADER))
    return HEADER + body + _end(offsets, len(HEADER) + len(body))
