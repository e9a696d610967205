"""What a file is, by its first bytes, and a file name that says so. Pure.

In: the first bytes, up to 1 MiB, and the name. Out: a `Kind`, or None for what is not
mailed: plain archives, old Office files, macros, programs, junk.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Mapping
from itertools import islice

from .model import Kind

_OOXML = "application/vnd.openxmlformats-officedocument"

MEDIA_TYPES: Mapping[Kind, str] = {
    Kind.PDF: "application/pdf",
    Kind.TIFF: "image/tiff",
    Kind.JPEG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.DOCX: f"{_OOXML}.wordprocessingml.document",
    Kind.XLSX: f"{_OOXML}.spreadsheetml.sheet",
    Kind.PPTX: f"{_OOXML}.presentationml.presentation",
    Kind.XPS: "application/oxps",
    Kind.TXT: "text/plain",
}
_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0\x08\0\0\0", Kind.TIFF),
    (b"MM\0+\0\x08\0\0", Kind.TIFF),
    (b"%PDF-", Kind.PDF),
)
_LATE_PDF = re.compile(rb"%PDF-\d\.\d")
_PDF_OBJECT = re.compile(rb"\b\d+ \d+ obj\b")
"""Readers open a PDF that lost its header (seen in the tests of pdf.js)."""
_LATE = 1024
"""Readers look for the header of a PDF this far (PDF Reference 1.7, appendix H)."""

_EXTENSIONS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PDF: ("pdf",),
    Kind.TIFF: ("tif", "tiff", "btf"),
    Kind.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    Kind.PNG: ("png",),
    Kind.DOCX: ("docx", "dotx"),
    Kind.XLSX: ("xlsx", "xltx"),
    Kind.PPTX: ("pptx", "ppsx", "potx"),
    Kind.XPS: ("xps", "oxps"),
    Kind.TXT: ("txt", "text", "csv", "tsv", "log", "asc", "md"),
}
"""Those that tell the truth; the first is for a file that has none of them.

Those of text are none that a desktop would run or render.
"""
_KIND_OF = {each: kind for kind, own in _EXTENSIONS.items() for each in own}
EXTENSIONS = tuple(_KIND_OF)
"""All that a scan may have, in lower case."""
_PACKAGED = frozenset({Kind.DOCX, Kind.XLSX, Kind.PPTX, Kind.XPS})

_WHOLE_HEAD = 1 << 20
"""A head shorter than this is the whole file."""
_ENTRY = re.compile(rb"PK\x03\x04.{4}(..).{16}(..)(..)", re.DOTALL)
_TYPES = b"[content_types].xml"
_TYPES_LIMIT = 1 << 18
_NAME_LIMIT = 256
_MOST_ENTRIES = 4096
_MACROS = re.compile(rb"macroEnabled\.main")
_PARTS: tuple[tuple[re.Pattern[bytes], re.Pattern[bytes], Kind], ...] = tuple(
    (re.compile(types), re.compile(names), kind)
    for types, names, kind in (
        (rb"wordprocessingml\.\w+\.main\+xml", rb"word/", Kind.DOCX),
        (rb"spreadsheetml\.\w+\.main\+xml", rb"xl/", Kind.XLSX),
        (rb"presentationml\.\w+\.main\+xml", rb"ppt/", Kind.PPTX),
        (rb"fixeddocumentsequence\+xml", rb".*\.(fdseq|fdoc|fpage)", Kind.XPS),
    )
)
"""How the main part's type, and the parts' names, give a package away."""

_ASCII = bytes(range(128))
_CONTROLS = re.compile(r"[\0-\x08\x0b\x0e-\x19\x1b-\x1f\x7f]")


def sniff(head: bytes, name: str) -> Kind | None:
    """Tell what a file is by its first bytes: 1 MiB, or all where it is smaller.

    The name decides only where content cannot: for Office files behind a password,
    for a package whose first MiB names no main part, and for a first few bytes that
    are no more than the beginning of what the name says.
    """
    named = kind_named(name)
    for magic, kind in _MAGIC:
        if head.startswith(magic) or (kind is named and magic.startswith(head)):
            return kind if head else None
    if head.startswith(_OLE):
        return named if named in _PACKAGED - {Kind.XPS} else None
    if head.startswith(_ZIP):
        return _packaged(head, named if named in _PACKAGED else None)
    sign = _PDF_OBJECT if named is Kind.PDF else _LATE_PDF
    if _LATE_PDF.search(head, 0, _LATE) or sign.search(head, 0, _LATE):
        return Kind.PDF
    return Kind.TXT if _is_text(head) else None


def kind_named(name: str) -> Kind | None:
    """Tell what a file's name says it is; no more than that."""
    stem, _, extension = name.rpartition(".")
    return _KIND_OF.get(extension.lower()) if stem else None


def fitting_name(file: str, kind: Kind) -> str:
    """Give a file name the extension that tells what the file is.

    One of the kind's own is kept, another kind's is replaced, and anything else stays
    and has the true one appended.
    """
    own = _EXTENSIONS[kind]
    bare = file.rstrip(". ")
    stem, _, extension = bare.rpartition(".")
    if stem and extension.lower() in own:
        return bare
    if stem and extension.lower() in _KIND_OF:
        return f"{stem}.{own[0]}"
    return f"{bare or 'scan'}.{own[0]}"


def _packaged(head: bytes, named: Kind | None) -> Kind | None:
    """Tell what a ZIP is (ECMA-376 part 2: every package names its parts' types)."""
    names, types = [], b""
    for entry in islice(_ENTRY.finditer(head), _MOST_ENTRIES):
        length, extra = (int.from_bytes(entry[n], "little") for n in (2, 3))
        name = head[entry.end() : entry.end() + min(length, _NAME_LIMIT)].lower()
        names.append(name)
        if name == _TYPES and not types:
            types = _inflated(head, entry.end() + length + extra, entry[1])
    if _MACROS.search(types):
        return None
    for main, _, kind in _PARTS:
        if main.search(types):
            return kind
    if any(each.startswith((_TYPES, b"_rels/")) for each in names):
        parts = (kind for each in names for _, part, kind in _PARTS if part.match(each))
        return next(parts, named)
    return named if len(head) >= _WHOLE_HEAD else None


def _inflated(head: bytes, start: int, method: bytes) -> bytes:
    """The beginning of an entry's content; empty where it cannot be read."""
    if method == b"\0\0":
        return head[start : start + _TYPES_LIMIT]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(
            head[start:], _TYPES_LIMIT
        )
    except zlib.error:
        return b""


def _is_text(head: bytes) -> bool:
    """Whether it is text: UTF-8, UTF-16 with its mark, or mostly ASCII.

    A head may end within a character.
    """
    is_wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8")()
    try:
        text = decoder.decode(head)
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        if is_wide or 2 * len(head.translate(None, _ASCII)) > len(head):
            return False
    return bool(text) and not _CONTROLS.search(text)
