"""Files that keep a temporary name, and folders that come late: told, never lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

from edge.problems import DAY_SECONDS, leave, note_of
from local.azurite import ROOT
from tests.samples import CUT_PDF, PDF

from .site import names, wait_for
from .test_faults import events, put

TEMPORARY = ["half.tmp", "half.pdf.part", "~half.pdf", "job.tmp/1.pdf", "sub/x.PARTIAL"]
ODD = {"empty.pdf": "It is empty", "link.pdf": "symbolic link", "pipe.pdf": "a pipe"}
NO_LEFTOVERS = [".hidden.tmp", "@eaDir/x.tmp", "_sent/x.part", "half.pdf", "empty.tmp"]


def test_what_keeps_a_temporary_name_is_told_and_never_touched(site):
    """In log, status and heartbeat, once it has rested; a system's own files never."""
    site.configure(leftover_seconds=0.5)
    for each in TEMPORARY + NO_LEFTOVERS:
        file = site.scans / each
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"" if "empty" in each else CUT_PDF)
    (site.scans / "empty.pdf").touch()
    (site.scans / "link.pdf").symlink_to("half.tmp")
    os.mkfifo(site.scans / "pipe.pdf")
    time.sleep(0.6)
    site.start()
    wait_for(lambda: site.blobs("edge"))
    wait_for(lambda: "half.tmp" in site.status())
    said = json.loads(site.edge("status", "--json").stdout)["leftovers"]
    assert sorted(each["path"] for each in said) == sorted([*TEMPORARY, *ODD])
    whys = {each["path"]: each["why"] for each in said}
    assert all(word in whys[path] for path, word in ODD.items())
    told = f"LEFT {site.scans}/half.tmp: It has a temporary name"
    assert told in site.edge("status").stdout
    assert len(events(site, "edge_leftover")) == len([*TEMPORARY, *ODD])
    beat = json.loads(site.blobs("edge")["office.json"])
    assert beat["leftovers"] == len([*TEMPORARY, *ODD])
    assert not site.blobs()
    assert all((site.scans / each).exists() for each in TEMPORARY)


def test_what_has_a_temporary_name_for_a_short_time_is_not_told(site):
    """Its writer is at it: a day is what it has, where nothing else is said."""
    (site.scans / "young.tmp").write_bytes(PDF)
    site.start()
    wait_for(lambda: site.status())
    assert json.loads(site.status())["leftovers"] == []


def test_folder_that_comes_late_keeps_nobody_from_starting(site, tmp_path):
    """A share that is not mounted at boot; what others have goes meanwhile."""
    late = tmp_path / "late"
    more = f'[[folder]]\npath = "{late}"\ndevice = "late"\n'
    site.config.write_text(site.config.read_text() + more)
    checked = site.edge("check")
    assert checked.returncode == 1
    assert f"NO  folder {late}: it is not there" in checked.stdout
    site.start()
    wanted = put(site, "scan.pdf")
    wait_for(lambda: site.blobs() == wanted)
    assert "No such file" in events(site, "edge_folder_away")[0]
    wait_for(lambda: "It is not there" in site.status())
    assert f"folder {late}: It is not there" in site.edge("status").stdout
    late.mkdir()
    (late / "scan.pdf").write_bytes(PDF)
    wait_for(lambda: site.blobs() == wanted | {"late/scan.pdf": PDF})
    assert events(site, "edge_folder_back")
    wait_for(lambda: "It is not there" not in site.status())


def test_once_says_that_a_folder_is_away(site):
    """What is there goes; the status is 3: later."""
    wanted = put(site, "scan.pdf")
    away = f'[[folder]]\npath = "{site.scans}-away"\ndevice = "away"\n'
    away += "quiet_seconds = 0.5\n"
    site.config.write_text(site.config.read_text() + away)
    assert site.edge("once").returncode == 3
    assert site.blobs() == wanted


def test_old_notes_are_taken_away_wherever_they_lie(site):
    """In subfolders too; young ones stay."""
    old, young = site.scans / "user" / "old.pdf", site.scans / "user" / "young.pdf"
    old.parent.mkdir()
    for each in (old, young):
        leave(each, "Page 2 is missing.")
    long_ago = time.time() - DAY_SECONDS - 1
    os.utime(note_of(old), (long_ago, long_ago))
    site.start()
    wait_for(lambda: names(old.parent) == [note_of(young).name])
    shutil.rmtree(old.parent)


PATIENT = (
    "import edge.keeper as keeper, sys; keeper.STUCK_SECONDS = 0.4; "
    "from edge.__main__ import main; sys.exit(main(sys.argv[1:]))"
)
"""The agent, with little time until a file counts as stuck."""


def test_note_that_went_after_a_day_does_not_come_back(site):
    """Though the file lies there; another reason is told anew, in the log too."""
    half, other = site.scans / "half.pdf", site.scans / "other.pdf"
    half.write_bytes(CUT_PDF)
    process = subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-c", PATIENT, "run", "--config", str(site.config)],
        cwd=ROOT,
        env=site.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(note_of(half).exists)
        note_of(half).unlink()
        other.write_bytes(CUT_PDF)
        wait_for(note_of(other).exists)
        time.sleep(0.5)
        assert not note_of(half).exists()
        half.write_bytes(PDF[:30])
        wait_for(note_of(half).exists)
        half.write_bytes(PDF)
        wait_for(lambda: names(site.scans) == ["other.pdf", note_of(other).name])
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[1]
    told = [line for line in said.splitlines() if "event=edge_stuck" in line]
    assert [line.count("half.pdf") for line in told] == [1, 0, 1], said
