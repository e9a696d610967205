"""Pairs: a scan and its twin go together, whichever comes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import Folder, Sidecar
from edge.pairs import pair, part
from edge.sets import Seen

WAIT = 60


def folder(form):
    """One whose scans have such sidecars."""
    return Folder(path=Path("/s"), device="m", sidecar=form, sidecar_seconds=WAIT)


def seen(name, at=0.0, *, is_finished=True):
    """A file that was written at a time."""
    return Seen(name=name, changed=at, is_finished=is_finished)


def paired(files, form, now, jobs=()):
    """Part and pair files, each scan of one file."""
    scans, twins = part(files, form)
    return pair([*jobs, *((each,) for each in scans)], twins, folder(form), now)


BELONG = [
    ("scan.pdf", "scan.xml", Sidecar.PAPERCUT),
    ("SCAN.PDF", "SCAN.XML", Sidecar.PAPERCUT),
    ("jane/scan.pdf", "jane/scan.xml", Sidecar.PAPERCUT),
    ("set_0001.jpg", "set_0001.xml", Sidecar.PAPERCUT),
    ("a.pdf", "a.pdf.index.xml", Sidecar.INDEX),
    ("A.PDF", "A.pdf.index.xml", Sidecar.INDEX),
    ("scan.pdf", "scan.json", Sidecar.JSON),
    ("scan", "scan.json", Sidecar.JSON),
    ("DOC.pdf", "DOC.xst", Sidecar.XEROX),
    ("DOC.pdf", "DOC.TXT", Sidecar.XEROX),
    ("DOC.XSM/00000001.TIF", "DOC.XSM/anything.XST", Sidecar.XEROX),
    ("DOC.XSM/00000001.TIF", "DOC.XST", Sidecar.XEROX),
]


@pytest.mark.parametrize(("scan", "twin", "form"), BELONG)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_twin_is_found_by_its_name(scan, twin, form, is_first):
    """It has the scan's base name, or the scan's whole name before `.index.xml`."""
    files = [seen(scan, 0 if is_first else 5), seen(twin, 5 if is_first else 0)]
    (found,) = paired(files, form, 6).ready
    assert [each.name for each in found.scan] == [scan]
    assert found.twin
    assert found.twin.name == twin


SPELLED = [
    ("scan.xml", Sidecar.PAPERCUT),
    ("scan.json", Sidecar.JSON),
    ("scan.pdf.index.xml", Sidecar.INDEX),
]


@pytest.mark.parametrize(("twin", "form"), SPELLED)
def test_other_capitals_are_taken_for_the_same_only_when_nothing_else_comes(twin, form):
    """SMB knows no capitals; over SFTP they may be another person's scan."""
    mine, theirs = seen("Scan.pdf"), seen("scan.pdf", 1)
    alone = paired([mine, seen(twin)], form, 6)
    assert not alone.ready
    assert len(alone.waiting) == 1
    (late,) = paired([mine, seen(twin)], form, WAIT).ready
    assert late.twin
    both = paired([mine, theirs, seen(twin)], form, 6)
    assert [(each.scan, each.twin and each.twin.name) for each in both.ready] == [
        ((theirs,), twin)
    ]
    assert [each.scan for each in both.waiting] == [(mine,)]


STRANGERS = [
    ("scan.pdf", "other.xml", Sidecar.PAPERCUT),
    ("jane/scan.pdf", "john/scan.xml", Sidecar.PAPERCUT),
    ("b.pdf", "a.pdf.index.xml", Sidecar.INDEX),
    ("a.pdf", "a.index.xml", Sidecar.INDEX),
    ("DOC.pdf", "A.XSM/DOC.XST", Sidecar.XEROX),
]


@pytest.mark.parametrize(("scan", "twin", "form"), STRANGERS)
def test_other_names_do_not_belong_together(scan, twin, form):
    """Nobody's scan goes where another's sidecar says."""
    found = paired([seen(scan), seen(twin)], form, 6)
    assert not found.ready
    assert len(found.waiting) == 2


@pytest.mark.parametrize("name", ["set_0001.xml", "set.xml", "set_0003.xml"])
def test_the_pages_of_a_job_have_one_twin(name):
    """By the name of the job, or of any page."""
    pages = tuple(seen(f"set_000{n}.jpg", n) for n in range(1, 4))
    _, twins = part([seen(name, 4)], Sidecar.PAPERCUT)
    (found,) = pair([pages], twins, folder(Sidecar.PAPERCUT), 9).ready
    assert found.scan == pages
    assert found.twin == twins[0]


def test_a_scan_goes_without_a_twin_that_does_not_come():
    """After the deadline; then the core's other rules say who gets it."""
    (waits,) = paired([seen("scan.pdf", 10)], Sidecar.JSON, 69.9).waiting
    assert waits.deadline == 70
    (alone,) = paired([seen("scan.pdf", 10)], Sidecar.JSON, 70).ready
    assert alone.twin is None


def test_an_unfinished_twin_is_waited_for():
    """Half of a twin may say the wrong thing; it does not hold the scan for ever."""
    files = [seen("scan.pdf"), seen("scan.json", 1, is_finished=False)]
    assert paired(files, Sidecar.JSON, 59).waiting
    (found,) = paired(files, Sidecar.JSON, 60).ready
    assert found.twin


def test_a_twin_waits_for_a_scan_that_takes_long():
    """Held open while pages are added, say: it was there first, and is not old."""
    long = Seen(name="scan.pdf", changed=200, is_finished=False, since=1)
    (waits,) = paired([seen("scan.json"), long], Sidecar.JSON, 200).ready
    assert waits.twin
    done = Seen(name="scan.pdf", changed=300, is_finished=True, since=1, key="k")
    (found,) = paired([seen("scan.json"), done], Sidecar.JSON, 301).ready
    assert found.twin


def test_a_twin_without_a_scan_is_told():
    """After the deadline; it never speaks for the next scan of its name."""
    (waits,) = paired([seen("SCN_0001.xml")], Sidecar.PAPERCUT, 59).waiting
    assert (waits.scan, waits.deadline) == ((), 60)
    found = paired([seen("SCN_0001.xml")], Sidecar.PAPERCUT, 60)
    assert [each.name for each in found.orphans] == ["SCN_0001.xml"]
    files = [seen("SCN_0001.xml"), seen("SCN_0001.pdf", 500)]
    found = paired(files, Sidecar.PAPERCUT, 501)
    assert found.orphans
    assert found.waiting[0].twin is None


def test_a_name_that_came_twice_has_the_nearer_twin():
    """Two scans were claimed under one name: each goes with its own."""
    files = [seen("SCN_0001.pdf", 0), seen("SCN_0001.pdf", 30)]
    files += [seen("SCN_0001.xml", 29), seen("SCN_0001.xml", 1)]
    found = paired(files, Sidecar.PAPERCUT, 31).ready
    assert [
        (each.scan[0].changed, each.twin and each.twin.changed) for each in found
    ] == [(0, 1), (30, 29)]


def test_one_twin_is_not_two_scans():
    """The second of two scans under one name waits for its own."""
    files = [
        seen("SCN_0001.pdf", 0),
        seen("SCN_0001.pdf", 30),
        seen("SCN_0001.xml", 31),
    ]
    found = paired(files, Sidecar.PAPERCUT, 32)
    assert [each.scan[0].changed for each in found.ready] == [30]
    assert [each.scan[0].changed for each in found.waiting] == [0]


def test_a_text_that_is_no_log_is_a_scan():
    """Recognised text is a scan of its own, once no scan has claimed it."""
    assert paired([seen("letter.txt")], Sidecar.XEROX, 59).waiting
    (found,) = paired([seen("letter.txt")], Sidecar.XEROX, 60).ready
    assert found.scan[0].name == "letter.txt"


def test_a_folder_without_sidecars_has_no_twins():
    """Then `scan.xml` is a file like any other."""
    found = paired([seen("scan.pdf"), seen("scan.xml")], Sidecar.NONE, 0)
    assert len(found.ready) == 2
