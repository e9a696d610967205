"""A thread that ends by what nobody expected ends the agent; it is started again."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from edge import agent as agents
from edge import emptied, leftovers
from edge.agent import Agent
from edge.config import Config, Folder, Gathering, Storage
from edge.look import Looker
from edge.merged import Merged
from tests.samples import PDF

from .site import wait_for
from .test_merge import picture


@pytest.fixture
def agent(rig, tmp_path) -> Agent:
    """One that watches the rig's folder."""
    folder = Folder(
        path=rig.spot.path, device="mfp-2f", quiet_seconds=0.2, remove_empty=True
    )
    config = Config(
        state_dir=rig.state, agent="office", storage=Storage(), folders=(folder,)
    )
    return Agent(
        config=config,
        uploader=rig.uploader(),
        book=rig.book,
        merged=Merged(tmp_path / "merged"),
        tell=lambda *_: None,
    )


@pytest.mark.parametrize("part", ["watcher", "tender"])
def test_agent_does_not_outlive_its_threads(agent, monkeypatch, part):
    """Where the system has no inotify, say."""

    def end(*_: object) -> None:
        raise OSError("Too many open files")

    monkeypatch.setattr(getattr(agent, part), "run", end)
    with pytest.raises(OSError, match="Too many"):
        agent.run(threading.Event(), lambda: None)


def test_file_at_which_we_fail_holds_up_no_other(agent, monkeypatch, rig):
    """It is looked at again later; the log has the whole story."""
    look = agent.looker.look

    def stumble(sight):
        if sight.path == "bad.pdf":
            raise ValueError("a bug")
        return look(sight)

    monkeypatch.setattr(agents, "AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(Looker, "look", lambda _, sight: stumble(sight))
    (rig.spot.path / "bad.pdf").write_bytes(b"%PDF-1.4")
    (rig.spot.path / "good.txt").write_text("a text")
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop, lambda: None))
    thread.start()
    try:
        while not rig.blobs():
            assert thread.is_alive()
        assert list(rig.blobs()) == ["mfp-2f/good.txt"]
        assert [why for _, why in agent.agenda.waiting()] == ["It failed: a bug."]
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("wanted", [True, False])
def test_empty_folders_go_where_that_is_asked_for(agent, monkeypatch, rig, wanted):
    """And nowhere else."""
    monkeypatch.setattr(emptied, "AGE_SECONDS", 0.0)
    if not wanted:
        (place,) = agent.config.folders
        plain = replace(place, remove_empty=False)
        agent.config = replace(agent.config, folders=(plain,))
    (rig.spot.path / "job").mkdir()
    stop = threading.Event()
    ready = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop, ready.set))
    thread.start()
    ready.wait(10)
    time.sleep(0.3)
    stop.set()
    thread.join()
    assert (rig.spot.path / "job").exists() is not wanted


def test_end_does_not_shorten_a_scan(agent, monkeypatch, rig):
    """Nobody watches any more, and a large file takes its time: pages may come."""
    (place,) = agent.config.folders
    merging = replace(place, set=Gathering.MERGE, pages_quiet_seconds=0.5)
    agent.config = replace(agent.config, folders=(merging,))
    agent.__post_init__()
    stage, is_over = rig.depot.stage, threading.Event()
    monkeypatch.setattr(
        rig.depot, "stage", lambda *words: is_over.wait(10) and stage(*words)
    )
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop, ready.set))
    thread.start()
    ready.wait(10)
    (rig.spot.path / "large.pdf").write_bytes(PDF)
    wait_for(lambda: agent.line.is_moving())
    (rig.spot.path / "S_0001.jpg").write_bytes(picture("JPEG"))
    wait_for(lambda: agent.is_hopeful())
    stop.set()
    time.sleep(1.5)
    is_over.set()
    thread.join()
    assert set(rig.blobs()) == {"mfp-2f/large.pdf"}


def test_turn_that_fails_keeps_the_others_from_nothing(agent, monkeypatch, rig, caplog):
    """One folder's trouble that nobody foresaw: told once, tried again."""
    tries: list[int] = []

    def stumble(*_: object) -> None:
        tries.append(1)
        raise ValueError("a bug")

    monkeypatch.setattr(leftovers.Leftovers, "look", stumble)
    monkeypatch.setattr(leftovers, "EVERY_SECONDS", 0.0)
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop, ready.set))
    thread.start()
    ready.wait(10)
    (rig.spot.path / "scan.pdf").write_bytes(PDF)
    wait_for(lambda: rig.blobs() and len(tries) > 1)
    stop.set()
    thread.join()
    assert caplog.text.count("edge_failed") == 1
