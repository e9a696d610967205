"""What a file is, by its content; and a name that tells the truth about it."""

from __future__ import annotations

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kinds import fitting_name, kind_named, sniff
from shared.model import Kind

from .whole.offices import ROOTS, office, ole, types, xps, zipped
from .whole.pdfs import classic
from .whole.pictures import BASELINE, PNG
from .whole.tiffs import Page, Style, tiff

PDF = classic()
MACROS = "application/vnd.ms-word.document.macroEnabled.main"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PDF, Kind.PDF),
        (b"\xef\xbb\xbf" + PDF, Kind.PDF),
        (b"\0\5\x16\0" + bytes(900) + PDF, Kind.PDF),
        (BASELINE, Kind.JPEG),
        (PNG, Kind.PNG),
        *[
            (tiff([Page()], Style(order=order, is_big=is_big)), Kind.TIFF)
            for order in "<>"
            for is_big in (False, True)
        ],
        *[(office(word), Kind(word)) for word in ROOTS],
        *[(office(word, method=zipfile.ZIP_STORED), Kind(word)) for word in ROOTS],
        (xps(), Kind.XPS),
        (b"hello\r\n\tworld\x0c", Kind.TXT),
        (b"1", Kind.TXT),
        ("Grüße aus Köln".encode(), Kind.TXT),
        ("Grüße aus Köln".encode("latin-1"), Kind.TXT),
        ("Grüße".encode("utf-16"), Kind.TXT),
        ("Grüße".encode()[:3], Kind.TXT),
        (b"<html><script>alert(1)</script>", Kind.TXT),
    ],
)
def test_content_tells_the_kind(head, kind):
    """A kind is told by its bytes, whatever the name says."""
    assert sniff(head, "scan.dat") is kind
    assert sniff(head, "liar.png") is kind


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GIF89a\1\0\1\0",
        b"MZ\x90\0\3\0",
        b"\x7fELF\2\1\1",
        b"\x1b%-12345X@PJL",
        bytes(40),
        b"\xff\xfe\0\0a\0\0\0",
        "Ωμέγα".encode("iso8859-7"),
        zipped({"a.txt": b"a", "word/document.xml": b"a"}),
        zipped({"[Content_Types].xml": types(MACROS), "word/document.xml": b"a"}),
        b"PK\5\6" + bytes(18),
    ],
)
def test_what_is_not_mailed_has_no_kind(head):
    """Programs, other pictures, plain archives, macros and junk are nothing."""
    assert sniff(head, "scan.docx" if head.startswith(b"\xd0") else "scan") is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.docx", Kind.DOCX),
        ("a.XLSX", Kind.XLSX),
        ("a.pptx", Kind.PPTX),
        ("a.xps", None),
        ("a.doc", None),
        ("docx", None),
        ("a", None),
    ],
)
def test_name_tells_what_is_behind_a_password(name, kind):
    """An OLE file is what its name says, if that is an Office file of today."""
    assert sniff(ole(), name) is kind


def test_parts_tell_where_types_are_missing():
    """A package cut before its types can be read is told by its parts' names."""
    head = zipped({"_rels/.rels": b"a", "xl/workbook.xml": b"a"})
    assert sniff(head, "a.docx") is Kind.XLSX


def test_name_tells_where_the_parts_do_not():
    """A package that names no main part within its first MiB is what its name says."""
    head = zipped({"_rels/.rels": b"a", "media/1": b"a"})
    assert sniff(head, "a.pptx") is Kind.PPTX
    assert sniff(head, "a.zip") is None
    large = zipped({"media/1": bytes(1 << 20)}, zipfile.ZIP_STORED)
    assert sniff(large[: 1 << 20], "a.docx") is Kind.DOCX
    assert sniff(large[: 1 << 20], "a.zip") is None


def test_types_that_cannot_be_inflated_are_left():
    """A spoilt list of types leaves the parts' names to tell."""
    head = bytearray(office("docx"))
    at = head.index(b".xml") + 4
    head[at : at + 9] = b"\xff" * 9
    assert sniff(bytes(head), "a.xlsx") is Kind.DOCX


@pytest.mark.parametrize("name", ["scan.pdf", "scan.tif", "scan.jpg", "scan.png"])
def test_first_bytes_alone_are_what_the_name_says(name):
    """A file of two bytes that begins as its name says is unfinished, and no text."""
    whole = {"pdf": PDF, "tif": b"II*\0", "jpg": BASELINE, "png": PNG}[name[-3:]]
    kind = sniff(whole, "x")
    assert sniff(whole[:2], name) is kind
    assert sniff(whole[:2], "x") is not kind


def test_pdf_without_its_header_is_what_its_name_says():
    """Readers open a PDF whose header is lost; under another name it is text."""
    lost = b"%lost\n1 0 obj\n<</Type/Catalog>>\nendobj"
    assert sniff(lost, "a.pdf") is Kind.PDF
    assert sniff(lost, "a.txt") is Kind.TXT
    assert sniff(b"just text", "a.pdf") is Kind.TXT


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mfp-2f/scan.PDF", Kind.PDF),
        ("a.b.tiff", Kind.TIFF),
        ("mfp.pdf/scan", None),
        ("scan.exe", None),
        ("pdf", None),
        (".pdf", None),
    ],
)
def test_name_alone_says_a_kind(name, kind):
    """Where there are no bytes to ask, the extension speaks."""
    assert kind_named(name) is kind


@pytest.mark.parametrize(
    ("file", "kind", "fitting"),
    [
        ("scan.pdf", Kind.PDF, "scan.pdf"),
        ("SCAN.PDF", Kind.PDF, "SCAN.PDF"),
        ("scan.jfif", Kind.JPEG, "scan.jfif"),
        ("scan.oxps", Kind.XPS, "scan.oxps"),
        ("list.csv", Kind.TXT, "list.csv"),
        ("scan.pdf", Kind.JPEG, "scan.jpg"),
        ("scan.tiff", Kind.PDF, "scan.pdf"),
        ("scan.pdf", Kind.TXT, "scan.txt"),
        ("scan", Kind.PDF, "scan.pdf"),
        ("scan.", Kind.PDF, "scan.pdf"),
        ("scan.pdf. .", Kind.PDF, "scan.pdf"),
        ("Invoice 21.11.2026", Kind.PDF, "Invoice 21.11.2026.pdf"),
        ("scan.pdf.exe", Kind.PDF, "scan.pdf.exe.pdf"),
        (".pdf", Kind.PDF, ".pdf.pdf"),
        ("", Kind.PNG, "scan.png"),
        *[
            (f"a.{each}", Kind.TXT, f"a.{each}.txt")
            for each in ("js", "html", "bat", "svg", "vbs", "ps1", "hta", "xml", "url")
        ],
    ],
)
def test_name_tells_the_truth(file, kind, fitting):
    """Own extensions stay, other kinds' are replaced, anything else is added to."""
    assert fitting_name(file, kind) == fitting


@given(file=st.text(max_size=30), kind=st.sampled_from(Kind))
def test_fitting_name_needs_no_change(file, kind):
    """A fitting name fits."""
    fitting = fitting_name(file, kind)
    assert fitting_name(fitting, kind) == fitting


@given(head=st.binary(max_size=80), name=st.text(max_size=9))
def test_any_bytes_have_a_kind_or_none(head, name):
    """Nothing raises, whatever a file begins with."""
    assert sniff(head, name) in {None, *Kind}
    assert sniff(b"PK\3\4" + head, name) in {None, *Kind}
