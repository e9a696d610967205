"""Links and pipes among the claimed files: who may write there may make them."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge import reach
from edge.blocks import blocks
from edge.claim import ChangedError, Claimed, claim, left_behind, prepare
from edge.clearing import clear
from edge.config import Sidecar
from edge.entry import Entry, Step
from edge.merge import MergeError, merge
from edge.readings import Readings
from edge.sets import Seen
from edge.sight import Mark, Ready
from tests.samples import PDF

from .eye import Folder
from .site import wait_for
from .test_faults import events, put

HEARD_SECONDS = 30
"""A pipe that is opened holds up whoever opened it: the test must not wait with it."""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """What the agent may read, and no printer."""
    file = tmp_path / "elsewhere" / "secret.pdf"
    file.parent.mkdir()
    file.write_bytes(PDF)
    return file


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    """A watched folder."""
    top = tmp_path / "watched"
    top.mkdir()
    prepare(Folder(top))
    return Folder(top)


def claimed(place: Folder) -> Claimed:
    """A claimed file."""
    file = place.path / "scan.pdf"
    file.write_bytes(PDF)
    taken = claim(Ready(place, "scan.pdf", Mark.of(file.stat())), 0.0)
    assert isinstance(taken, Claimed)
    return taken


def as_link(it: Claimed, secret: Path) -> None:
    """A link takes the place of the file."""
    it.file.unlink()
    it.file.symlink_to(secret)


def as_pipe(it: Claimed, _: Path) -> None:
    """A pipe does."""
    it.file.unlink()
    os.mkfifo(it.file)


def as_folder(it: Claimed, secret: Path) -> None:
    """A link takes the place of its claim's folder, and leads to the same name."""
    secret.rename(secret.with_name(it.file.name))
    it.file.unlink()
    it.file.parent.rmdir()
    it.file.parent.symlink_to(secret.parent)


swapped = pytest.mark.parametrize("swap", [as_link, as_pipe, as_folder])
type Swap = Callable[[Claimed, Path], None]


def test_only_files_are_left_behind(place, secret):
    """A link to one is none, nor is a pipe, nor what lies behind a linked folder."""
    it, top = claimed(place), place.path / ".scanpost"
    for name in ("0a", "0b"):
        (top / name).mkdir()
    (top / "0a" / "x.pdf").symlink_to(secret)
    os.mkfifo(top / "0b" / "y.pdf")
    (top / "0c").symlink_to(secret.parent)
    assert list(left_behind(place)) == [it]


@swapped
def test_what_took_a_claimed_file_s_place_is_not_sent(place, secret, swap: Swap):
    """It counts as changed: given back, its name alone tells what it is."""
    it = claimed(place)
    swap(it, secret)
    with pytest.raises(ChangedError, match="not a file"), blocks(it.file):
        pass


@swapped
def test_what_took_a_sidecar_s_place_says_nothing(place, secret, swap: Swap):
    """It counts as one that cannot be read; the reason is in words."""
    it = claimed(place)
    swap(it, secret)
    readings = Readings(Sidecar.JSON)
    seen = Seen(name="scan.json", changed=0.0, is_finished=True, key="a")
    assert not readings.read(seen, it.file).is_finished
    assert "not a file" in readings.pop_why_not("a")


@swapped
def test_what_took_a_page_s_place_is_not_merged(tmp_path, place, secret, swap: Swap):
    """A person is told; nobody waits for a pipe."""
    it = claimed(place)
    swap(it, secret)
    target = tmp_path / "whole.pdf"
    with pytest.raises(MergeError, match="not a file"):
        merge([it.file], target, timeout_seconds=HEARD_SECONDS)
    assert not target.exists()


def test_a_broken_page_is_named_by_its_own_name(tmp_path, place):
    """Not by the way on which qpdf reaches it."""
    it = claimed(place)
    it.file.write_bytes(b"%PDF-1.7 no more")
    with pytest.raises(MergeError, match=r"^scan.pdf cannot be merged: [a-z]") as told:
        merge([it.file], tmp_path / "whole.pdf")
    assert "/" not in str(told.value)


def test_what_took_the_place_of_a_sent_file_is_another_one(rig, secret):
    """Its bytes are not asked of a link, though that is as long as the file was."""
    it = rig.claimed()
    as_link(it, secret)
    digest = hashlib.md5(PDF, usedforsecurity=False).digest()
    entry = Entry(
        claim_id=it.claim_id,
        folder=str(rig.spot.path),
        path=it.path,
        step=Step.COMMITTED,
        size=len(str(secret)),
        md5=base64.b64encode(digest).decode(),
    )
    sights = clear(entry, [it], rig.book, keeps=False, is_left_over=True)
    assert [each.path for each in sights] == ["scan.pdf"]
    assert (rig.spot.path / "scan.pdf").is_symlink()


def test_a_missing_file_is_told_as_missing(place):
    """Not as something that took its place."""
    with pytest.raises(FileNotFoundError):
        reach.claimed(place.path / ".scanpost" / "0a" / "x.pdf")


@pytest.mark.parametrize("verb", ["once", "run"])
def test_planted_things_hold_nothing_up_and_are_told(site, secret, verb):
    """No byte behind a link goes out; more pipes than there are threads."""
    top = site.scans / ".scanpost"
    for number in range(13):
        (top / f"{number:02d}").mkdir(parents=True)
        os.mkfifo(top / f"{number:02d}" / "y.pdf")
    (top / "aa" / "sub").mkdir(parents=True)
    (top / "aa" / "sub" / "x.pdf").symlink_to(secret)
    wanted = put(site, "scan.pdf")
    if verb == "once":
        ended = site.edge("once")
        assert ended.returncode == 0
        assert ended.stderr.count("event=edge_leftover") == 14
        assert site.blobs() == wanted
        return
    site.start()
    wait_for(lambda: site.blobs() == wanted)
    wait_for(lambda: events(site, "edge_leftover"))
    told = "".join(events(site, "edge_leftover"))
    assert ".scanpost/aa/sub/x.pdf" in told
    assert ".scanpost/00/y.pdf" in told
    start = time.monotonic()
    assert site.stop() == 0
    assert time.monotonic() - start < 10
