"""The sweep listens for the agents beside the printers' folders."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from azure.storage.blob import ContainerClient

from shared.heartbeats import CONTAINER


@pytest.fixture
def beats(office) -> Iterator[ContainerClient]:
    """Where agents beat."""
    container = office.blobs.get_container_client(CONTAINER)
    yield container
    for each in container.list_blobs():
        container.delete_blob(each.name)


def said(caplog) -> list[str]:
    """The alarms about agents."""
    return [it for it in caplog.messages if "alarm=edge-silent" in it]


def test_agent_that_beats_is_no_news(office, beats, caplog):
    """A minute, or nine, after its last beat."""
    beats.upload_blob("berlin.json", b"{}")
    office.later(minutes=9)
    assert office.sweep()["silent"] == 0
    assert not said(caplog)


def test_agent_that_fell_silent_is_an_alarm_in_each_round(office, beats, caplog):
    """With its name, and since when."""
    beats.upload_blob("berlin.json", b"{}")
    beats.upload_blob("paris.json", b"{}", metadata={"stopped": "true"})
    office.later(minutes=11)
    with caplog.at_level(logging.ERROR):
        assert office.sweep()["silent"] == 1
        assert office.sweep()["silent"] == 1
    assert len(said(caplog)) == 2
    assert "agent=berlin" in said(caplog)[0]
    assert "minutes=11" in said(caplog)[0]


def test_agent_that_speaks_again_is_no_news(office, beats, caplog):
    """Its blob is younger."""
    beats.upload_blob("berlin.json", b"{}")
    office.later(minutes=11)
    office.sweep()
    caplog.clear()
    office.offset *= 0
    beats.upload_blob("berlin.json", b"{}", overwrite=True)
    assert office.sweep()["silent"] == 0


def test_agent_silent_for_a_month_is_forgotten(office, beats, caplog):
    """Stopped or not: its heartbeat is removed, and nobody waits for it."""
    beats.upload_blob("berlin.json", b"{}")
    beats.upload_blob("paris.json", b"{}", metadata={"stopped": "true"})
    beats.upload_blob("notes.txt", b"somebody's own")
    office.later(days=31)
    assert office.sweep()["silent"] == 0
    assert not said(caplog)
    assert [each.name for each in beats.list_blobs()] == ["notes.txt"]


def test_office_without_agents_sweeps_as_before(office):
    """Where nobody made the container."""
    container = office.blobs.get_container_client(CONTAINER)
    container.delete_container()
    try:
        assert office.sweep()["silent"] == 0
    finally:
        container.create_container()


def test_silence_costs_one_listing(office, beats):
    """However many agents there are."""
    for number in range(5):
        beats.upload_blob(f"{number}.json", b"{}")
    office.later(minutes=11)
    # What was asked before is told late.
    asked: list[tuple[str, str]] = []
    with office.azurite.log.told(lambda it: asked.append((it.method, it.resource))):
        office.sweep()
        with office.azurite.counted():
            pass
    assert asked.count(("GET", CONTAINER)) == 1
