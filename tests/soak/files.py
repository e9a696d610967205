"""Files as scanners write them, each unlike all others, of the size that is asked for.

Their inside counts on, so that a piece lost, doubled or out of place changes them; and
it packs well, so that what the peers took can be kept.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.samples import a_pdf
from tests.whole.pictures import EOI, FRAME, SOI, TABLES, scan, segment
from tests.whole.tiffs import Page, tiff

MOST = 3_000_000
_FILL = b"".join(b"%08d %54s " % (number, b"-") for number in range(MOST // 64 + 1))
_PADDING = 400
_STRIP = 65_536


def _inside(label: str, size: int) -> bytes:
    return (label.encode() + b" " + _FILL)[: max(size, len(label) + 1)]


def pdf(label: str, size: int) -> bytes:
    """A PDF; the label stands in a comment."""
    text = _inside(label, size - _PADDING)
    empty = b"x" * len(text)
    return a_pdf(len(text) + 2).replace(empty, text)


def tiff_of(label: str, size: int) -> bytes:
    """A TIFF of one page in strips, its directory first."""
    data = _inside(label, size)
    strips = [data[start : start + _STRIP] for start in range(0, len(data), _STRIP)]
    return tiff([Page(strips=strips)])


def jpeg(label: str, size: int) -> bytes:
    """A baseline JPEG; the label is a comment."""
    head = SOI + segment(0xE0, b"JFIF\0" + bytes(9)) + segment(0xFE, label.encode())
    return head + TABLES + FRAME + scan(_inside(label, size)) + EOI


def text(label: str, size: int) -> bytes:
    """A plain text: never known to be cut."""
    return _inside(label, size)


KINDS: dict[str, Callable[[str, int], bytes]] = {
    "pdf": pdf,
    "tif": tiff_of,
    "jpg": jpeg,
    "txt": text,
}
"""File name extension -> how such a file is made."""
CUTTABLE = ("pdf", "tif", "jpg")


def cut(data: bytes, share: float) -> bytes:
    """What has come so far of a file that is still being written."""
    return data[: max(60, int(len(data) * share))]
