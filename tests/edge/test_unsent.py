"""Files that do not go by themselves: kept, told to a person, and mended by one."""

from __future__ import annotations

import io
import json
import signal
import time
from typing import Any

import pikepdf

from edge import emptied
from tests.samples import CUT_PDF, PDF

from .site import Site, names, wait_for
from .test_merge import bomb, picture

BROKEN = bomb()
"""It has an end, and is no picture that anybody opens."""
JPEGS = [picture("JPEG", page) for page in range(4)]


def problems(site: Site) -> list[dict[str, Any]]:
    """What `status` tells of."""
    said: dict[str, list[dict[str, Any]]] = json.loads(
        site.edge("status", "--json").stdout
    )
    return said["problems"]


def pages(site) -> int:
    """How many pages the only blob has."""
    (data,) = site.blobs().values()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        return len(pdf.pages)


def test_missing_page_is_told_and_mended_when_it_comes(site):
    """A set that lacks one never goes shorter; the note goes with the whole of it."""
    site.configure(set="merge", pages_quiet_seconds=1.0, pages_missing_seconds=1.5)
    site.start()
    for page in (1, 3):
        (site.scans / f"SCAN_{page:04}.jpg").write_bytes(JPEGS[page])
    note = site.scans / "SCAN_0001.jpg.problem.txt"
    wait_for(note.exists)
    assert "missing: 2" in note.read_text()
    assert not site.blobs()
    site.stop(signal.SIGKILL)
    site.start()
    wait_for(note.exists)
    (site.scans / "SCAN_0002.jpg").write_bytes(JPEGS[2])
    wait_for(site.blobs)
    assert pages(site) == 3
    wait_for(lambda: not names(site.scans))
    assert not list((site.state / "merged").iterdir())


def test_page_that_cannot_be_merged_is_a_problem_until_it_is_taken_away(site):
    """Nothing of the set is sent or removed; moved back, it is tried again."""
    site.configure(set="merge", pages_quiet_seconds=1.0)
    site.start()
    (site.scans / "SCAN_0001.jpg").write_bytes(JPEGS[1])
    (site.scans / "SCAN_0002.jpg").write_bytes(BROKEN)
    note = site.scans / "SCAN_0001.jpg.problem.txt"
    wait_for(note.exists)
    (problem,) = problems(site)
    assert "SCAN_0002.jpg cannot be merged" in str(problem["why"])
    assert len(problem["kept"]) == len(site.claimed()) == 2
    site.stop()
    site.start()
    assert not site.blobs()
    for each in site.claimed():
        if each.read_bytes() == BROKEN:
            each.write_bytes(JPEGS[2])
        each.rename(site.scans / each.name)
    wait_for(site.blobs)
    assert pages(site) == 2
    wait_for(lambda: not names(site.scans), 30)
    wait_for(lambda: "event=edge_problem_over" in site.said())
    assert not problems(site)


def test_sidecar_without_its_scan_is_a_problem(site):
    """It speaks for no later scan of that name; deleted, it is forgotten."""
    site.configure(sidecar="json", sidecar_seconds=0.5)
    site.start()
    (site.scans / "scan.json").write_text('{"to": "a@contoso.com"}')
    note = site.scans / "scan.json.problem.txt"
    wait_for(note.exists)
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(site.blobs)
    client = site.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    assert "to" not in client.get_blob_properties().metadata
    (kept,) = site.claimed()
    kept.unlink()
    wait_for(lambda: not note.exists(), 30)
    assert not problems(site)


def test_sidecar_that_cannot_be_read_is_waited_for_and_kept(site):
    """The scan goes without it, and a person is told."""
    site.configure(sidecar="json", sidecar_seconds=1.0)
    site.start()
    (site.scans / "scan.json").write_text("{")
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(site.blobs)
    assert (site.scans / "scan.json.problem.txt").exists()
    (kept,) = site.claimed()
    assert kept.read_text() == "{"
    (problem,) = problems(site)
    assert "cannot be read (not JSON, or not all of it)" in str(problem["why"])


def test_sidecar_that_is_too_large_is_not_read_by_half(site):
    """Recipients behind the limit would be lost without a word."""
    site.configure(sidecar="xerox-log", sidecar_seconds=0.5)
    site.start()
    filler = "x = y;\n" * 150_000
    (site.scans / "scan.xst").write_text(f"to = a@contoso.com;\n{filler}")
    (site.scans / "scan.pdf").write_bytes(PDF)
    wait_for(site.blobs)
    (problem,) = problems(site)
    assert "it has more than 1048576 bytes" in str(problem["why"])


def test_half_a_file_is_left_by_once(site):
    """It ends, and says that something waits."""
    (site.scans / "half.pdf").write_bytes(CUT_PDF)
    done = site.edge("once")
    assert done.returncode == 3
    assert names(site.scans) == ["half.pdf"]


def test_problem_is_the_outcome_of_once(site):
    """1: a person must look."""
    site.configure(set="merge", pages_quiet_seconds=0.3)
    (site.scans / "SCAN_0001.jpg").write_bytes(BROKEN)
    (site.scans / "SCAN_0002.jpg").write_bytes(BROKEN)
    assert site.edge("once").returncode == 1


def test_empty_folders_of_printers_are_removed(tmp_path):
    """The deepest first; not the watched one, nor `_sent`, nor hidden ones."""
    for path in ("job/1/2", "_sent/old", ".scanpost/spare", "@eaDir/x", "full"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "full" / "scan.pdf").write_bytes(PDF)
    (tmp_path / "link").symlink_to(tmp_path / "job")
    emptied.remove(tmp_path, time.time() + emptied.AGE_SECONDS + 1)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        ".scanpost",
        "@eaDir",
        "_sent",
        "full",
        "link",
    ]
    assert (tmp_path / "_sent" / "old").is_dir()
    assert (tmp_path / ".scanpost" / "spare").is_dir()


def test_young_empty_folder_stays(tmp_path):
    """Its printer may be about to write there."""
    (tmp_path / "job").mkdir()
    emptied.remove(tmp_path, time.time() + emptied.AGE_SECONDS - 5)
    assert (tmp_path / "job").is_dir()
    emptied.remove(tmp_path, time.time() + emptied.AGE_SECONDS + 1)
    assert not (tmp_path / "job").exists()
    assert tmp_path.is_dir()
    emptied.remove(tmp_path / "away", time.time())


def test_status_without_a_journal_says_what_waits_all_the_same(site):
    """A damaged one is said, and what to do."""
    (site.scans / "half.pdf").write_bytes(CUT_PDF)
    site.start()
    wait_for(lambda: "half.pdf" in site.status())
    assert "is not running" not in site.edge("status").stdout
    site.stop()
    assert "is not running now" in site.edge("status").stdout
    left = [
        line for line in site.edge("once").stderr.splitlines() if "edge_left" in line
    ]
    assert "path=half.pdf" in left[0]
    (site.state / "edge.sqlite3").write_bytes(b"x" * 5000)
    said = site.edge("status")
    assert said.returncode == 0
    assert "half.pdf" in said.stdout
    assert "the journal cannot be read" in said.stdout
    assert "move edge.sqlite3" in said.stdout
