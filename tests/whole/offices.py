"""Small Office files, built in code: packages, and OLE where a password protects."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

FREE, END, TABLE, LIST = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
HEADER_TABLES = 109
OLE_MARK = bytes.fromhex("D0CF11E0A1B11AE1")
MAIN: Mapping[str, str] = {
    "docx": "wordprocessingml.document",
    "xlsx": "spreadsheetml.sheet",
    "pptx": "presentationml.presentation",
}
ROOTS: Mapping[str, str] = {"docx": "word", "xlsx": "xl", "pptx": "ppt"}


def zipped(
    parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """A ZIP of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def types(main: str) -> bytes:
    """The list of content types; the main part's as given."""
    return f'<Types><Override PartName="/m" ContentType="{main}+xml"/></Types>'.encode()


def office(word: str, *, main: str = "", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A DOCX, XLSX or PPTX with one part of its own."""
    main = main or f"application/vnd.openxmlformats-officedocument.{MAIN[word]}.main"
    parts = {
        "[Content_Types].xml": types(main),
        "_rels/.rels": b"<Relationships/>",
        f"{ROOTS[word]}/part.xml": b"<a>hello</a>" * 40,
    }
    return zipped(parts, method)


def xps() -> bytes:
    """An XPS with one page."""
    main = "application/vnd.ms-package.xps-fixeddocumentsequence"
    parts = {"[Content_Types].xml": types(main), "Documents/1/Pages/1.fpage": b"<p/>"}
    return zipped(parts)


def ole(*, sectors: int = 9, shift: int = 9, tables: int = 1) -> bytes:
    """An OLE file: its tables first, then sectors of content in one chain.

    Of more than 109 tables the others are listed in a sector of their own.
    """
    size = 1 << shift
    numbers = [*range(tables), *[FREE] * (109 - tables)]
    lists = [*numbers[109:], *[FREE] * (size // 4 - tables + 108), END]
    if tables <= HEADER_TABLES:
        lists = []
    header = (
        OLE_MARK + bytes(16) + struct.pack("<HHHH", 62, 3, 0xFFFE, shift) + bytes(36)
    )
    header += struct.pack("<II", tables if lists else END, bool(lists))
    header += struct.pack("<109I", *numbers[:109])
    used = [TABLE] * tables + [LIST] * bool(lists)
    used += [*range(len(used) + 1, len(used) + sectors), END]
    table = used + [FREE] * (tables * size // 4 - len(used))
    words = [*table, *lists]
    content = b"\7" * size * sectors
    return header.ljust(size, b"\0") + struct.pack(f"<{len(words)}I", *words) + content
