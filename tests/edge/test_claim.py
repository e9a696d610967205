"""A file is renamed away before it is read, and nothing of it gets lost on the way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from edge.claim import (
    ChangedError,
    Claimed,
    check,
    claim,
    discard,
    give_back,
    keep,
    left_behind,
    prepare,
)
from edge.look import Looker
from edge.sight import Later, Nothing, Ready, Sight

from .disks import memory_disk, small_disk
from .eye import NOBODY, Folder, as_nobody
from .papers import a_document
from .printer import run

PDF = a_document("claimed", 5000)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")


def ready(place: Folder, path: str) -> Ready:
    """Write a file and look at it."""
    file = place.path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(PDF)
    answer = Looker().look(Sight(place, path))
    assert isinstance(answer, Ready)
    return answer


def claimed(place: Folder, path: str) -> Claimed:
    """The same, claimed."""
    answer = claim(ready(place, path), 0.0)
    assert isinstance(answer, Claimed)
    return answer


def fill(path: Path) -> None:
    """Write until there is no room. Raises OSError."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def files(folder: Path) -> list[str]:
    """All that lie below, and no folders."""
    return sorted(
        each.relative_to(folder).as_posix()
        for each in folder.rglob("*")
        if each.is_file()
    )


@pytest.fixture
def place(tmp_path) -> Folder:
    """A folder with what claims need."""
    prepare(Folder(tmp_path))
    return Folder(tmp_path)


def test_a_claim_takes_the_name_away(place):
    """Its bytes lie in `.scanpost/ID/NAME`, on the same file system."""
    it = claimed(place, "a.pdf")
    assert it.file.read_bytes() == PDF
    assert files(place.path) == [f".scanpost/{it.claim_id}/a.pdf"]
    check(it)


def test_a_name_used_again_does_not_touch_what_was_claimed(place):
    """It is a new file, and is claimed beside the first."""
    first = claimed(place, "a.pdf")
    (place.path / "a.pdf").write_bytes(b"other")
    check(first)
    second = claimed(place, "a.pdf")
    assert first.file.read_bytes() == PDF
    assert first.file != second.file


@pytest.mark.parametrize(
    "path",
    [
        "a.pdf",
        "2025/11/a.pdf",
        "50%2F/x,y/a.pdf",
        "扫" * 80 + "/描" * 20 + "/a.pdf",
        "-dash 📄.pdf",
        os.fsdecode(b"latin-\xe9.pdf"),
    ],
)
def test_what_a_crash_left_behind_is_found_with_its_path(place, path):
    """The claim alone tells where it came from."""
    it = claimed(place, path)
    assert list(left_behind(place)) == [it]
    assert it.path == path


def test_nothing_is_left_behind_by_what_was_done(tmp_path, place):
    """Discarded, given back or kept."""
    for end in (discard, keep, give_back):
        end(claimed(place, "sub/a.pdf"))
    assert not list(left_behind(place))
    assert files(tmp_path) == ["_sent/sub/a.pdf", "sub/a.pdf"]
    assert list((tmp_path / ".scanpost").iterdir()) == [tmp_path / ".scanpost/spare"]
    assert not list(left_behind(Folder(tmp_path / "sub")))


def test_a_file_is_given_back_beside_a_new_one_of_its_name(place):
    """Neither is lost, and the kind can still be told by the name."""
    it = claimed(place, "sub/a.pdf")
    (place.path / "sub" / "a.pdf").write_bytes(b"other")
    assert give_back(it) == f"sub/a {it.claim_id}.pdf"
    assert (place.path / "sub" / "a.pdf").read_bytes() == b"other"


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("扫" * 83 + "ab.pdf", ".pdf"),
        (os.fsdecode(b"\xe9" * 251) + ".pdf", ".pdf"),
        ("a" * 100 + "." + "e" * 154, "." + "e" * 154),
        ("a." + "é" * 126, ""),
        ("a" * 255, ""),
    ],
    ids=["wide", "no UTF-8", "long extension", "no room", "no extension"],
)
def test_the_longest_name_is_given_back_beside_a_new_one(place, name, extension):
    """Its stem is cut, never within a character; the kind can still be told."""
    assert 253 <= len(os.fsencode(name)) <= 255
    for end in (give_back, keep):
        first = claimed(place, name)
        again = claimed(place, name)
        (place.path / name).write_bytes(b"other")
        end(first)
        new = end(again).rpartition("/")[2]
        assert new.endswith(f" {again.claim_id}{extension}")
        assert name.startswith(new.partition(" ")[0])
        assert 252 <= len(os.fsencode(new)) <= 255
    assert len(files(place.path)) == 5


def test_a_file_is_given_back_into_a_folder_that_was_removed(place):
    """The printer, or the agent, took the empty folder away."""
    it = claimed(place, "user/in/a.pdf")
    (place.path / "user" / "in").rmdir()
    (place.path / "user").rmdir()
    assert give_back(it) == "user/in/a.pdf"


def test_a_file_is_not_given_back_through_a_link(place, tmp_path_factory):
    """Its folder became a link to somewhere else."""
    other = tmp_path_factory.mktemp("other")
    it = claimed(place, "user/a.pdf")
    (place.path / "user").rmdir()
    (place.path / "user").symlink_to(other)
    with pytest.raises(OSError, match="user"):
        give_back(it)
    assert not files(other)
    check(it)


def test_a_change_since_the_look_undoes_the_claim(place):
    """Overwritten in place, between the look and the claim."""
    answer = ready(place, "a.pdf")
    (place.path / "a.pdf").write_bytes(b"other")
    assert isinstance(claim(answer, 7.0), Later)
    assert files(place.path) == ["a.pdf"]


def test_a_change_after_the_claim_is_noticed(place):
    """Whoever held it open writes on, to the claimed file."""
    answer = ready(place, "a.pdf")
    with (place.path / "a.pdf").open("ab") as file:
        it = claim(answer, 0.0)
        assert isinstance(it, Claimed)
        check(it)
        time.sleep(0.01)
        file.write(b"\n")
    with pytest.raises(ChangedError, match="written"):
        check(it)
    it.file.unlink()
    with pytest.raises(ChangedError, match="gone"):
        check(it)
    discard(it)


def test_a_file_that_is_gone_is_nothing(place):
    """The printer took it back."""
    answer = ready(place, "a.pdf")
    (place.path / "a.pdf").unlink()
    assert claim(answer, 0.0) == Nothing("gone")
    assert [each.name for each in (place.path / ".scanpost").iterdir()] == ["spare"]


@needs_root
def test_a_folder_that_may_not_be_written_says_so(place):
    """Nothing is uploaded that could not be cleared away."""
    answer = ready(place, "sub/a.pdf")
    os.chown(place.path / ".scanpost", NOBODY, NOBODY)
    with as_nobody(place.path):
        later = claim(answer, 100.0)
    assert isinstance(later, Later)
    assert "may not rename" in later.why
    assert later.at == 110.0
    assert files(place.path) == ["sub/a.pdf"]


def test_a_read_only_share_says_so(tmp_path):
    """Mounted so, or by a disk that failed."""
    with memory_disk(tmp_path):
        answer = ready(Folder(tmp_path), "a.pdf")
        run(["mount", "-o", "remount,ro", str(tmp_path)])
        later = claim(answer, 0.0)
        assert isinstance(later, Later)
        assert "read-only" in later.why


def test_a_subfolder_on_another_disk_says_so(place):
    """It cannot be renamed across: it has to be named as a folder itself."""
    (place.path / "other").mkdir()
    with memory_disk(place.path / "other"):
        later = claim(ready(place, "other/a.pdf"), 0.0)
        assert isinstance(later, Later)
        assert "another file system" in later.why


def test_a_full_disk_does_not_keep_a_file_from_leaving(tmp_path):
    """Else nothing could ever make room."""
    folder = tmp_path / "scans"
    folder.mkdir()
    with small_disk(folder, tmp_path / "disk"):
        place = Folder(folder)
        prepare(place)
        answer = ready(place, "user/a.pdf")
        with pytest.raises(OSError, match="No space"):
            fill(folder / "fill")
        with pytest.raises(OSError, match="No space"):
            (folder / "new").mkdir()
        it = claim(answer, 0.0)
        assert isinstance(it, Claimed)
        assert it.file.read_bytes() == PDF
        check(it, is_durable=True)
        discard(it)
        assert (folder / ".scanpost" / "spare").is_dir()
