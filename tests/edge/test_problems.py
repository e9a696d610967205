"""Notes for the person at the printer: there, readable, gone again; never a failure."""

from __future__ import annotations

import os
import threading

import pytest

from edge.problems import DAY_SECONDS, clear_old, leave, mend, note_of
from shared.names import is_system


@pytest.fixture
def file(tmp_path):
    """A scan that cannot go."""
    path = tmp_path / "SCN_0001.pdf"
    path.write_bytes(b"%PDF-1.4")
    return path


def names(folder):
    """What lies in a folder."""
    return sorted(each.name for each in folder.iterdir())


def test_a_note_says_what_and_what_to_do(file):
    """Beside the file, in plain words, with the line ends of Windows."""
    leave(file, "Page 2 is missing.", "Scan the document again.")
    assert names(file.parent) == ["SCN_0001.pdf", "SCN_0001.pdf.problem.txt"]
    note = note_of(file)
    text = note.read_bytes().decode()
    assert text.splitlines()[0] == "Scanpost could not send this scan: SCN_0001.pdf"
    assert "Page 2 is missing.\r\nScan the document again.\r\n" in text
    assert text.count("\n") == text.count("\r\n")
    assert note.stat().st_mode & 0o777 == 0o644


def test_the_same_note_again_changes_nothing(file):
    """Else each try would wake whoever watches the folder, and no note grew old."""
    leave(file, "Page 2 is missing.")
    before = note_of(file).stat()
    leave(file, "Page 2 is missing.")
    assert note_of(file).stat().st_ino == before.st_ino
    leave(file, "Page 3 is missing.")
    assert "Page 3" in note_of(file).read_text()


def test_a_mended_problem_leaves_nothing(file):
    """Twice mended is mended."""
    leave(file, "Page 2 is missing.")
    mend(file)
    mend(file)
    assert names(file.parent) == ["SCN_0001.pdf"]


def test_a_note_goes_after_a_day(file):
    """Nobody at the printer knows by then what it was about."""
    leave(file, "Page 2 is missing.")
    written = note_of(file).stat().st_mtime
    clear_old(file.parent, written + DAY_SECONDS - 1)
    assert note_of(file).exists()
    clear_old(file.parent, written + DAY_SECONDS + 1)
    assert names(file.parent) == ["SCN_0001.pdf"]


def test_a_file_that_is_no_note_is_never_touched(file):
    """Whoever wrote it did not ask us to delete it."""
    own = note_of(file)
    own.write_text("My own notes")
    leave(file, "Page 2 is missing.")
    mend(file)
    clear_old(file.parent, own.stat().st_mtime + 2 * DAY_SECONDS)
    assert own.read_text() == "My own notes"


def test_a_link_is_never_written_through(file, tmp_path):
    """Whoever may write to the share could point it anywhere."""
    target = tmp_path / "precious"
    target.write_text("Scanpost could not send this scan: precious")
    note_of(file).symlink_to(target)
    file.with_name(".scanpost-note.tmp").symlink_to(target)
    leave(file, "Page 2 is missing.")
    mend(file)
    other = file.with_name("other.pdf")
    leave(other, "Page 2 is missing.")
    assert not note_of(other).is_symlink()
    assert target.read_text() == "Scanpost could not send this scan: precious"


def test_a_pipe_does_not_hold_the_agent(file):
    """Nobody writes into it; it is read as empty, and left alone."""
    os.mkfifo(note_of(file))
    leave(file, "Page 2 is missing.")
    mend(file)
    assert note_of(file).is_fifo()


def test_a_folder_that_takes_no_note_is_logged(tmp_path, caplog):
    """A missing note is never a reason to fail."""
    gone = tmp_path / "gone" / "scan.pdf"
    leave(gone, "Page 2 is missing.")
    mend(gone)
    clear_old(gone.parent)
    assert [each.message.partition(" ")[0] for each in caplog.records] == [
        "event=edge_no_note",
    ]


def test_texts_and_names_are_made_plain(tmp_path):
    """Neither a name nor a message can write lines of its own into the note."""
    file = tmp_path / "a\nHint: call 0900.pdf"
    leave(file, "It says:\r\nall is well", "x" * 9000)
    lines = note_of(file).read_text().splitlines()
    assert lines[0].endswith("a Hint: call 0900.pdf")
    assert "It says: all is well" in lines
    assert len(note_of(file).read_bytes()) < 2000


@pytest.mark.parametrize("name", ["ö" * 125 + ".pdf", "x" * 255, "\udcff\udcfe.pdf"])
def test_any_name_has_a_note(tmp_path, name):
    """Long names are cut, and names of no encoding lose what is none."""
    file = tmp_path / name
    leave(file, "Page 2 is missing.")
    assert note_of(file).exists()
    mend(file)
    assert names(tmp_path) == []


def test_threads_do_not_mix_their_notes(tmp_path):
    """Several uploads fail at once in one folder."""
    files = [tmp_path / f"{n}.pdf" for n in range(20)]
    threads = [threading.Thread(target=leave, args=(each, each.name)) for each in files]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for each in files:
        assert f"\n{each.name}" in note_of(each).read_text()
    assert len(names(tmp_path)) == 20


def test_what_is_being_written_is_nobody_s_scan():
    """The note's name before it is a note is a dotfile."""
    assert is_system("mfp-2f/.scanpost-note.tmp")
