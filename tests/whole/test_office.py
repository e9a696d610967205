"""Office files: a ZIP with its directory, or an OLE file with all its sectors."""

from __future__ import annotations

import zipfile

import pytest

from shared.model import Kind
from shared.whole import Verdict, Watch, judge

from .offices import OLE_MARK, ROOTS, office, ole, xps, zipped

PACKAGES = {word: office(word) for word in ROOTS} | {"xps": xps()}


@pytest.mark.parametrize("word", PACKAGES)
def test_package_with_its_directory_is_whole(word):
    """DOCX, XLSX, PPTX and XPS are whole with the directory at their end."""
    assert judge(Kind(word), PACKAGES[word]) == Verdict(is_whole=True)


@pytest.mark.parametrize("word", PACKAGES)
def test_every_cut_of_a_package_is_seen(word):
    """Cut anywhere, the package has no directory at its end."""
    data = PACKAGES[word]
    cuts = [n for n in range(len(data)) if judge(Kind(word), data[:n]).is_whole]
    assert cuts == []


@pytest.mark.parametrize("comment", [b"x", b"PK\5\6" * 9, b"x" * 0xFFFF])
def test_comment_behind_the_directory_is_whole(comment):
    """The end record may be as far from the end as a comment is long."""
    data = zipped({"word/document.xml": b"a"}, comment=comment)
    assert judge(Kind.DOCX, data).is_whole
    assert not judge(Kind.DOCX, data[:-1]).is_whole


def test_bytes_behind_the_end_record_are_whole():
    """Padding behind the end does not hide the directory."""
    assert judge(Kind.DOCX, office("docx") + bytes(512)).is_whole


def test_archive_stored_inside_does_not_count():
    """Cut behind the end of an archive inside, the file is not whole."""
    inner = office("xlsx")
    data = zipped({"word/embedded.xlsx": inner, "word/a": b"b"}, zipfile.ZIP_STORED)
    end = data.index(inner) + len(inner)
    assert judge(Kind.DOCX, data).is_whole
    assert not judge(Kind.DOCX, data[:end]).is_whole


def test_directory_of_65535_entries_or_more_is_whole():
    """Large archives count in a record of their own (ZIP64)."""
    data = zipped({f"word/{n}": b"" for n in range(0x10000)}, zipfile.ZIP_STORED)
    assert judge(Kind.DOCX, data).is_whole
    assert not judge(Kind.DOCX, data[:-1]).is_whole


@pytest.mark.parametrize("shift", [9, 12])
@pytest.mark.parametrize("tables", [1, 3])
def test_protected_file_with_all_its_sectors_is_whole(shift, tables):
    """An Office file behind a password is an OLE file, of small or large sectors."""
    sectors = tables * (1 << shift) // 4 - tables - 5
    data = ole(sectors=sectors, shift=shift, tables=tables)
    assert judge(Kind.DOCX, data) == Verdict(is_whole=True)
    assert not judge(Kind.DOCX, data[:-1]).is_whole


def test_every_cut_of_a_protected_file_is_seen():
    """Its table of sectors says how long it must be."""
    data = ole()
    cuts = [n for n in range(len(data)) if judge(Kind.XLSX, data[:n]).is_whole]
    assert cuts == []


def test_cut_of_a_protected_file_is_known_early():
    """The table stands in front, so nobody needs to wait for the end."""
    data = ole(sectors=90)
    watch = Watch(Kind.PPTX, len(data) - 1)
    watch.feed(data[:1024])
    assert watch.is_hopeless


def test_tables_that_name_themselves_end():
    """A list of tables that leads back to itself is left, and the file is broken."""
    data = bytearray(ole())
    data[68:72] = bytes(4)
    data[512 : 2 * 512] = bytes(512)
    verdict = judge(Kind.DOCX, bytes(data) + bytes(90_000))
    assert verdict.why == "The file ends before its last sector."


def test_table_listed_outside_the_header_counts():
    """A file of more than 109 tables lists the others in a sector of their own."""
    data = ole(sectors=109 * 128, tables=110)
    assert judge(Kind.DOCX, data).is_whole
    assert not judge(Kind.DOCX, data[:-1]).is_whole


@pytest.mark.parametrize("data", [b"", b"PK", OLE_MARK, OLE_MARK + bytes(600)])
def test_beginning_alone_is_broken(data):
    """A few bytes, or a header that is none, are no Office file."""
    assert not judge(Kind.DOCX, data).is_whole
