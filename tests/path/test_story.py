"""The line of an attempt: how long it took, and what the time went into."""

from __future__ import annotations

import re
import time

import pytest

from shared import abandon
from shared.errors import UnreachableError
from shared.model import State
from shared.stores.blobs import Blobs
from tests.samples import CUT_PDF

SLOW = 60
"""Milliseconds."""


def took(caplog):
    """The times of the last attempt's line."""
    (*_, last) = [r.message for r in caplog.records if "event=attempt" in r.message]
    return {part: int(ms) for part, ms in re.findall(r"(\w+)_ms=(\d+)", last)}


@pytest.fixture
def slow(monkeypatch, caplog):
    """Storage takes its time for a read."""
    caplog.set_level("INFO", "scanpost")
    opened = Blobs.open

    def open_slowly(*args):
        time.sleep(SLOW / 1000)
        return opened(*args)

    monkeypatch.setattr(Blobs, "open", open_slowly)


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ({}, State.SENT),
        ({"to": ""}, State.HELD),
        ({"data": CUT_PDF}, State.WAITING),
    ],
    ids=str,
)
@pytest.mark.usefixtures("slow")
def test_line_splits_the_time_and_counts_the_first_read(office, caplog, what, state):
    """Storage, token, mail, whether or not a transport was reached."""
    assert office.receive(office.put(**what)).state is state
    times = took(caplog)
    assert times.keys() == {"total", "storage", "token", "mail"}
    assert SLOW <= times["storage"] <= times["total"]


@pytest.mark.usefixtures("slow")
def test_retry_counts_its_first_read(office, caplog):
    """And a scan that waits again says how long that took."""
    office.inside.script = [UnreachableError("down")] * 2
    office.wake(office.scan())
    assert took(caplog)["storage"] >= SLOW


def test_poisoned_scan_splits_the_time_too(office, caplog):
    """Its move to `held` is storage's."""
    abandon.abandon_events(office.works, office.put())
    times = took(caplog)
    assert times.keys() == {"total", "storage", "token", "mail"}
    assert times["storage"] > 0
