"""Whole documents of every kind that printers write, each with its own content."""

from __future__ import annotations

import io

from PIL import Image

from tests.samples import a_pdf
from tests.whole.tiffs import Page, tiff

TWIN = b"""<?xml version="1.0"?>
<scan><user><name>jane</name><email>jane@contoso.com</email></user></scan>
"""


def a_document(label: str, size: int = 80_000) -> bytes:
    """A whole PDF with its own content."""
    said = b"%" + label.encode() + b" "
    return a_pdf(size).replace(b"%" + b"x" * (len(said) - 1), said, 1)


def a_picture(label: str) -> bytes:
    """A whole JPEG with its own content."""
    made = io.BytesIO()
    said = label.encode() * 500
    Image.new("L", (200, 280), len(said) % 256).save(made, "JPEG", comment=said)
    return made.getvalue()


def a_tiff(pages: int) -> bytes:
    """So many pages, one behind the other."""
    return tiff([Page(strips=(bytes([n]) * 4000,)) for n in range(1, pages + 1)])
