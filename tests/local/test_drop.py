"""`./drop/DEVICE/…`: what is taken, when, and what becomes of the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.drop import QUIET_SECONDS, Drop
from tests.local.hosts import until


class Uploads:
    """What was uploaded, and what happens meanwhile."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.meanwhile = lambda: None

    def __call__(self, name: str, path: Path) -> None:
        """Take a file."""
        assert path.read_bytes()
        self.names.append(name)
        self.meanwhile()


@pytest.fixture
def uploads():
    """Nothing yet."""
    return Uploads()


@pytest.fixture
def drop(tmp_path, uploads):
    """An empty folder."""
    return Drop(tmp_path, uploads)


def put(folder: Path, name: str, content: bytes = b"x") -> Path:
    """Write a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_file_at_rest_is_uploaded_and_removed(tmp_path, drop, uploads):
    """By its path below the folder, whatever is in the name."""
    path = put(tmp_path, "mfp-2f/to/jane/für alle & 100%.pdf")
    until(lambda: list(drop.look()))
    assert uploads.names == ["mfp-2f/to/jane/für alle & 100%.pdf"]
    assert not path.exists()


def test_file_that_still_grows_is_left_alone(tmp_path, drop, uploads):
    """Every change begins its rest anew."""
    path = put(tmp_path, "mfp/a.pdf")
    stamps = iter(range(10**9, 2 * 10**9))

    def grows() -> bool:
        os.utime(path, (next(stamps), next(stamps)))
        assert not list(drop.look())
        return False

    with pytest.raises(AssertionError, match="never came"):
        until(grows, seconds=2 * QUIET_SECONDS)
    assert not uploads.names


def test_file_changed_while_it_was_uploaded_comes_again(tmp_path, drop, uploads):
    """It is removed only if it is still what was uploaded."""
    path = put(tmp_path, "mfp/a.pdf")
    uploads.meanwhile = lambda: path.write_bytes(b"longer")
    until(lambda: list(drop.look()))
    assert path.read_bytes() == b"longer"
    uploads.meanwhile = lambda: None
    until(lambda: list(drop.look()))
    assert uploads.names == ["mfp/a.pdf", "mfp/a.pdf"]


@pytest.mark.parametrize(
    "name",
    ["mfp/a.tmp", "mfp/A.PART", "mfp/.hidden", "mfp/.git/x.pdf", "mfp/~$a.docx"],
)
def test_file_that_is_no_scan_stays(tmp_path, drop, uploads, name):
    """Temporary and system names, as `receive` ignores them."""
    path = put(tmp_path, name)
    put(tmp_path, "mfp/scan.pdf")
    until(lambda: list(drop.look()))
    assert uploads.names == ["mfp/scan.pdf"]
    assert path.exists()


def test_empty_files_folders_and_links_stay(tmp_path, drop, uploads):
    """Only files with something in them are scans."""
    put(tmp_path, "mfp/empty.pdf", b"")
    (tmp_path / "mfp" / "link.pdf").symlink_to(__file__)
    put(tmp_path, "mfp/scan.pdf")
    until(lambda: list(drop.look()))
    assert uploads.names == ["mfp/scan.pdf"]
    assert Path(__file__).exists()
