"""One agent for each watched folder, whatever tells of the other one."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from edge.owner import PENDING, STALE_SECONDS, Owner, holder

from .disks import memory_disk
from .printer import run
from .site import Site, names, wait_for
from .test_faults import events, put


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Stands still."""
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A watched folder."""
    made = tmp_path / "scans"
    made.mkdir()
    return made


def an_owner(tmp_path: Path, name: str, clock: Clock) -> Owner:
    """An agent with a state of its own."""
    state = tmp_path / name
    state.mkdir(exist_ok=True)
    return Owner(state, name, clock)


@pytest.fixture
def first(tmp_path, clock):
    """One agent."""
    made = an_owner(tmp_path, "one", clock)
    yield made
    made.release()


@pytest.fixture
def second(tmp_path, clock):
    """Another one."""
    made = an_owner(tmp_path, "two", clock)
    yield made
    made.release()


def test_on_a_disk_a_lock_tells_at_once(tmp_path, folder, first, second):
    """Who has it; and it is free as soon as that one ends, however it ends."""
    assert first.take(folder, is_remote=False) == ""
    said = second.take(folder, is_remote=False)
    assert "agent one" in said
    assert f"process {os.getpid()}" in said
    assert "agent one" in holder(folder, tmp_path / "two", is_remote=False)
    assert holder(folder, tmp_path / "one", is_remote=False) == ""
    first.drop(folder)
    assert second.take(folder, is_remote=False) == ""
    assert second.has(folder)


def test_lock_that_somebody_removed_is_made_anew(folder, first, second):
    """Else another agent would find none, and take the folder too."""
    first.take(folder, is_remote=False)
    assert first.beat() == []
    (folder / ".scanpost" / "agent").unlink()
    assert first.beat() == [folder]
    assert first.take(folder, is_remote=False) == ""
    assert "agent one" in second.take(folder, is_remote=False)


def unlocked(owner: Owner, folder: Path, monkeypatch) -> str:
    """Ask where others see no lock of ours."""
    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", lambda *_: None)
        return owner.take(folder, is_remote=True)


def test_where_no_lock_is_seen_a_free_folder_is_ours_when_nobody_else_wrote(
    folder, first, second, monkeypatch
):
    """Two that come at the same moment: whoever wrote last has it."""
    assert unlocked(first, folder, monkeypatch) == PENDING
    (folder / ".scanpost" / "agent").write_text("")
    assert unlocked(second, folder, monkeypatch) == PENDING
    assert "agent two" in unlocked(first, folder, monkeypatch)
    assert unlocked(second, folder, monkeypatch) == ""


def test_where_no_lock_is_seen_who_goes_on_writing_is_left_alone(
    folder, first, second, clock, monkeypatch
):
    """However long; and who writes no more is dead."""
    for _ in range(2):
        unlocked(first, folder, monkeypatch)
    for _ in range(5):
        clock.now += STALE_SECONDS - 1
        first.beat()
        assert "agent one" in unlocked(second, folder, monkeypatch)
    clock.now += STALE_SECONDS
    assert unlocked(second, folder, monkeypatch) == PENDING
    assert unlocked(second, folder, monkeypatch) == ""
    assert first.beat() == [folder]
    assert not first.has(folder)


def test_where_no_lock_is_seen_a_killed_agent_has_its_own_folder_back_at_once(
    tmp_path, folder, first, clock, monkeypatch
):
    """And another one need not wait where it ended in good order."""
    for _ in range(2):
        unlocked(first, folder, monkeypatch)
    again = an_owner(tmp_path, "one", clock)
    assert unlocked(again, folder, monkeypatch) == ""
    again.release()
    third = an_owner(tmp_path, "three", clock)
    assert unlocked(third, folder, monkeypatch) == PENDING
    assert unlocked(third, folder, monkeypatch) == ""
    third.release()


def test_a_file_system_without_locks_is_judged_by_the_text(folder, first, monkeypatch):
    """ENOLCK, say: over NFS without lockd."""

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    assert first.take(folder, is_remote=False) == PENDING
    assert first.take(folder, is_remote=False) == ""


def test_a_link_is_not_followed(tmp_path, folder, first):
    """Whoever may write to the folder could have another file emptied."""
    (folder / ".scanpost").mkdir()
    (tmp_path / "precious").write_text("precious")
    (folder / ".scanpost" / "agent").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="agent"):
        first.take(folder, is_remote=False)
    first.release()
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_read_only_folder_may_be_held(folder, first, second):
    """By a file that is there already."""
    with memory_disk(folder):
        assert first.take(folder, is_remote=False) == ""
        first.drop(folder)
        run(["mount", "-o", "remount,ro", str(folder)])
        assert first.take(folder, is_remote=False) == ""
        assert "agent" in second.take(folder, is_remote=False)
        first.drop(folder)


@pytest.fixture
def other(site, tmp_path):
    """A second agent on the same folder, with a state of its own."""
    (tmp_path / "other").mkdir()
    made = Site(site.azurite, tmp_path / "other")
    text = made.config.read_text().replace(str(made.scans), str(site.scans))
    made.config.write_text(text.replace('"office"', '"attic"'))
    yield made
    made.end()


def test_second_agent_of_a_folder_leaves_it_alone(site, other, between):
    """It says why, in log, status and `check`; neither sends what the other claimed."""
    between.is_down = True
    site.start(SCAN_STORAGE=site.through(between))
    wanted = put(site, "1.pdf", "2.pdf")
    wait_for(lambda: len(site.claimed()) == 2)
    other.start()
    wait_for(lambda: events(other, "edge_folder_taken"))
    wait_for(lambda: "agent office" in other.status())
    time.sleep(0.5)
    assert not site.blobs()
    checked = other.edge("check")
    assert checked.returncode == 1
    assert "NO  folder" in checked.stdout
    assert "agent office" in checked.stdout
    between.is_down = False
    wanted |= put(site, "3.pdf")
    wait_for(lambda: site.blobs() == wanted, 30)
    assert site.edge("check").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_second_agent_takes_over_when_the_first_ends(site, other, number):
    """However it ended; what it had claimed goes too."""
    site.start()
    other.start()
    wait_for(lambda: events(other, "edge_folder_taken"))
    site.stop(number)
    wanted = put(site, "scan.pdf")
    wait_for(lambda: site.blobs() == wanted)
    wait_for(lambda: not names(site.scans))
    wait_for(lambda: "Another agent" not in other.status())
