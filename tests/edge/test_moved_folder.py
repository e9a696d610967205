"""A folder that moves, or that edge.toml names no more: nothing is lost or doubled."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from edge.alive import read_status, write_status
from edge.book import Book
from edge.config import Folder
from edge.entry import Entry, Step
from edge.lying import look
from edge.merged import Merged
from edge.recovery import Left, recover
from tests.samples import PDF

from .rig import Rig
from .site import Site, names, wait_for
from .test_faults import events, put
from .test_unsent import BROKEN, JPEGS


def moved(site: Site, name: str = "bigger") -> None:
    """Move the folder with all that is in it; edge.toml says so."""
    site.scans = site.scans.rename(site.scans.with_name(name))
    site.configure()


def claimed(site: Site) -> list[dict[str, Any]]:
    """What `status` says of `.scanpost`."""
    said: list[dict[str, Any]] = json.loads(site.edge("status", "--json").stdout)[
        "claimed"
    ]
    return said


def test_folder_that_moves_after_a_kill_goes_on(site, between):
    """Files were handed over, and waited: each is there once, and gone here."""
    between.bytes_per_second = 200_000
    site.start(SCAN_STORAGE=site.through(between))
    wanted = put(site, *(f"{number}.pdf" for number in range(30)))
    wait_for(lambda: len(site.blobs_named()) > 3, 30)
    site.stop(signal.SIGKILL)
    moved(site)
    between.bytes_per_second = 0
    site.start(SCAN_STORAGE=site.through(between))
    wait_for(lambda: site.blobs() == wanted, 30)
    wait_for(lambda: not site.claimed())
    assert site.stop() == 0
    assert "Traceback" not in site.said()


def test_sent_file_that_moves_is_cleared_in_its_new_place(site):
    """It could not be removed where it was; `status` says so until it is."""
    site.configure(done="move")
    (site.scans / "_sent").touch()
    site.start()
    wanted = put(site, "scan.pdf")
    wait_for(lambda: events(site, "edge_not_cleared"))
    assert site.stop() == 0
    (told,) = claimed(site)
    assert (told["waiting"], told["kept"], told["sent"]) == (0, 0, 1)
    top = site.scans / ".scanpost"
    said = f"0 files wait, 1 are in storage, and not removed here yet (in {top})"
    assert said in site.edge("status").stdout
    (site.scans / "_sent").unlink()
    moved(site)
    site.configure(done="move")
    assert site.edge("once").returncode == 0
    assert site.blobs() == wanted
    assert names(site.scans / "_sent") == ["scan.pdf"]
    assert not claimed(site)


@pytest.fixture
def places(rig: Rig) -> list[Folder]:
    """Where the claim lies now, and what its row names, if that is watched still."""
    old = rig.spot.path
    new = old.rename(old.with_name("bigger"))
    old.mkdir()
    return [Folder(path=each, device="mfp-2f") for each in (new, old)]


def found(rig: Rig, place: Folder, places: list[Folder]) -> Left:
    """What is found in one of them at a start."""
    merged = Merged(rig.state / "merged")
    return recover(place, rig.book, merged, lambda _: False, places)


STEPS = [Step.COMMITTING, Step.COMMITTED, Step.CLEARED, Step.PROBLEM]


@pytest.mark.parametrize("step", STEPS)
def test_row_is_of_the_folder_in_which_its_claim_lies(rig, places, step):
    """However far it had come; and it is missing nowhere else."""
    new, old = places
    (new.path / "scan.pdf").write_bytes(PDF)
    rig.spot = new
    one = rig.claimed()
    row = Entry(
        claim_id=one.claim_id,
        folder=str(old.path),
        path=one.path,
        step=step,
        members=(one.claim_id,),
    )
    rig.book.write(row)
    left = found(rig, old, places)
    assert left == Left()
    left = found(rig, new, places)
    jobs = [(each.job_id, each.members) for each in left.jobs]
    rows = [(entry.claim_id, files) for entry, files in left.cleared + left.problems]
    assert [(key, [it.at for it in its]) for key, its in jobs + rows] == [
        (one.claim_id, [one.at])
    ]
    assert not left.loose
    assert bool(left.jobs) is (step is Step.COMMITTING)
    assert bool(left.problems) is (step is Step.PROBLEM)


def test_row_of_a_folder_that_nobody_watches_is_left_alone(rig, places):
    """Nothing of it is here, and it may come back."""
    row = Entry(claim_id="0" * 16, folder="/nowhere", path="a.pdf", step=Step.COMMITTED)
    rig.book.write(row)
    left = found(rig, places[0], places)
    assert left == Left()
    assert rig.book.open() == [row]
    assert rig.book.folders() == ["/nowhere"]


def test_problem_that_moves_is_one_still(site):
    """It is not sent, and `status` says where it lies."""
    site.configure(set="merge", pages_quiet_seconds=0.3)
    (site.scans / "SCAN_0001.jpg").write_bytes(JPEGS[1])
    (site.scans / "SCAN_0002.jpg").write_bytes(BROKEN)
    assert site.edge("once").returncode == 1
    moved(site)
    assert site.edge("once").returncode == 1
    assert not site.blobs()
    said = json.loads(site.edge("status", "--json").stdout)
    (problem,) = said["problems"]
    assert problem["folder"] == str(site.scans)
    assert sorted(problem["kept"]) == [str(each) for each in site.claimed()]
    text = site.edge("status").stdout
    top = site.scans / ".scanpost"
    assert f"0 files wait, 2 are kept until somebody looks (in {top})" in text


def test_folder_that_is_watched_no_more_is_told_of(site, between, tmp_path):
    """Nothing of it went, so the journal names it nowhere."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    wanted = put(site, "1.pdf", "2.pdf")
    wait_for(lambda: len(site.claimed()) == 2)
    site.stop()
    old, site.scans = site.scans, tmp_path / "other"
    site.scans.mkdir()
    site.configure()
    assert f"2 files lie in {old}/.scanpost" in site.edge("status").stdout
    for _ in range(2):
        assert site.edge("once").returncode == 0
    assert f"2 files lie in {old}/.scanpost" in site.edge("status").stdout
    (told,) = claimed(site)
    assert (told["folder"], told["watched"], told["waiting"]) == (str(old), False, 2)
    site.scans = old
    site.configure()
    assert site.edge("once").returncode == 0
    assert site.blobs() == wanted
    assert not claimed(site)


def test_status_counts_claims_though_nobody_wrote_it_down(site, between):
    """Killed at once, the journal damaged, `status.json` gone: they lie there."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    put(site, "1.pdf", "2.pdf")
    wait_for(lambda: len(site.claimed()) == 2)
    site.stop(signal.SIGKILL)
    (site.state / "status.json").unlink()
    for each in site.state.glob("edge.sqlite3*"):
        each.write_bytes(b"x" * 5000)
    said = site.edge("status")
    assert said.returncode == 1
    assert "2 files wait" in said.stdout
    assert "the journal cannot be read" in said.stdout


def test_folder_that_cannot_be_looked_into_is_not_called_empty(tmp_path, monkeypatch):
    """Another user asks, say. What is not there at all holds nothing."""

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    assert look([tmp_path], [str(tmp_path / "gone")], {}) == []
    monkeypatch.setattr(Path, "lstat", refuse)
    (told,) = look([tmp_path], [], {})
    assert told.said()["why"] == "Permission denied"


def test_folder_by_another_name_is_counted_once(rig, tmp_path):
    """Watched through a link before, say."""
    rig.claimed()
    link = tmp_path / "link"
    link.symlink_to(rig.spot.path)
    (told,) = look([rig.spot.path], [str(link)], {})
    assert (told.is_watched, told.said()["waiting"]) == (True, 1)


def test_former_folders_are_kept_in_mind(tmp_path):
    """Until edge.toml names them again; a damaged file names none."""
    for paths in (["/a", "/b"], ["/b"], ["/c"]):
        write_status({"folders": [{"path": each} for each in paths]}, tmp_path)
    assert read_status(tmp_path)["former"] == ["/a", "/b"]
    write_status({"folders": [{"path": "/a"}]}, tmp_path)
    assert read_status(tmp_path)["former"] == ["/b", "/c"]
    (tmp_path / "status.json").write_text("[")
    assert read_status(tmp_path) == {}


def test_journal_names_its_folders(tmp_path):
    """Those of files that went, too."""
    book = Book(tmp_path)
    for number, step in enumerate(STEPS):
        folder = f"/{number % 2}"
        book.write(Entry(claim_id=f"{number}", folder=folder, path="a", step=step))
    assert sorted(book.folders()) == ["/0", "/1"]
    book.close()
