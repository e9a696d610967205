"""Names that are never scans, and names that no blob can have."""

from __future__ import annotations

import pytest

from shared import names

TEMPORARY = [
    "a/x.tmp",
    "a/X.TEMP",
    "x.part",
    "x.pdf.partial",
    "x.filepart",
    "x.CRDOWNLOAD",
]
SYSTEM = [
    *("a/~$scan.docx", "a/.scan.pdf", ".hidden/scan.pdf", "a/.b/c/scan.pdf"),
    *("a/Thumbs.db", "a/THUMBS.DB", "a/desktop.ini", "a/@eaDir/scan.pdf"),
    *("a/#recycle/scan.pdf", "@EADIR/x.pdf"),
]
ORDINARY = ["a/scan.pdf", "scan", "a/tmp", "a/x.tmp.pdf", "a/~scan.pdf", "a/b.c/x.pdf"]


@pytest.mark.parametrize("name", TEMPORARY)
def test_temporary_names_are_known_in_any_case(name):
    """A writer that is not done is left alone."""
    assert names.is_temporary(name)
    assert not names.is_system(name)


@pytest.mark.parametrize("name", SYSTEM)
def test_system_names_are_known_in_any_case(name):
    """What a NAS, a desktop or Office leaves behind is no scan."""
    assert names.is_system(name)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_pass(name):
    """Nothing else is ignored."""
    assert not names.is_temporary(name)
    assert not names.is_system(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../held/x",
        "a/../b",
        "a/./b",
        "..",
        "a\\..\\b",
        "x" * 1025,
        "\ufffd",
        "a\ud800",
    ],
)
def test_impossible_names_never_reach_storage(name):
    """A path that would leave its container in a URL is refused before that."""
    assert not names.is_possible(name)


@pytest.mark.parametrize(
    "name",
    ["a b+c%20.pdf", "ä/扫描 📄.pdf", "x" * 1024, "a//b", "/lead", "a..b/c", "x?"],
)
def test_odd_names_are_possible(name):
    """What Azure Storage accepts, so do we."""
    assert names.is_possible(name)


@pytest.mark.parametrize(
    ("name", "device"),
    [("mfp/x.pdf", "mfp"), ("x.pdf", "unknown"), ("/x.pdf", "unknown")],
)
def test_device_is_the_first_folder(name, device):
    """A file at the root has device `unknown`."""
    assert names.first_folder(name) == device


def test_kept_name_has_date_id_and_file():
    """In `held` and `sent` a scan lies under its date and id."""
    kept = names.kept_name("20261121-0123456789abcdef0123", "mfp/a/b c.pdf")
    assert kept == "2026/11/21/20261121-0123456789abcdef0123/b c.pdf"


@pytest.mark.parametrize("file", ["x" * 1024, "x" * 1020 + ".pdf", "." + "x" * 1000])
def test_kept_name_of_a_long_file_fits(file):
    """A name of 1,024 characters still fits behind date and id."""
    kept = names.kept_name("20261121-0123456789abcdef0123", file)
    assert len(kept) <= names.NAME_LIMIT
    assert names.is_possible(kept)
