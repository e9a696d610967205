"""`scanpost quota`: used, left, and when the queue will be empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.errors import UnreachableError
from shared.model import State
from shared.transports.base import Quota
from tests.path.office import OUTSIDE

CONNECTION = "endpoint=https://localhost/;accesskey=bWFkZSB1cA=="
TWO = (Quota(2, timedelta(minutes=1)),)


@pytest.fixture
def office(office, monkeypatch):
    """The command sees `acs` outside, as the office has it."""
    monkeypatch.setenv("EXTERNAL_TRANSPORT", "acs")
    monkeypatch.setenv("ACS_CONNECTION_STRING", CONNECTION)
    monkeypatch.setenv("ACS_SENDER", "scans@mail.contoso.com")
    monkeypatch.setenv("QUOTAS", "acs=2/min")
    office.outside.carries = replace(office.outside.carries, quotas=TWO)
    return office


def scans(office, count):
    """So many scans to somebody outside."""
    return [office.scan(name=f"mfp/{n}.pdf", to=OUTSIDE) for n in range(count)]


def of_acs(documents):
    """What it says of the way outside."""
    (found,) = [each for each in documents if each["transport"] == "acs"]
    return found


@pytest.mark.usefixtures("office")
def test_nothing_was_sent_yet(scanpost):
    """All is left, nobody waits."""
    status, documents, _ = scanpost("quota", "--json")
    assert status == 0
    assert of_acs(documents) == {
        "transport": "acs",
        "sender": "scans@mail.contoso.com",
        "quotas": [{"quota": "2 mails a minute", "used": 0, "left": 2}],
        "waiting": 0,
        "empty_at": None,
    }


def test_used_left_and_when_the_queue_is_empty(office, scanpost):
    """The last of those who wait goes at its own turn."""
    rows = scans(office, 5)
    _, documents, _ = scanpost("quota", "--json")
    found = of_acs(documents)
    assert found["quotas"][0]["used"] == 2
    assert found["quotas"][0]["left"] == 0
    assert found["waiting"] == 3
    assert datetime.fromisoformat(found["empty_at"]) == max(
        row.next_attempt for row in rows[2:]
    )


def test_queue_that_is_empty_at_that_time_is_empty(office, scanpost):
    """The forecast comes true."""
    rows = scans(office, 5)[2:]
    _, documents, _ = scanpost("quota", "--json")
    empty_at = datetime.fromisoformat(of_acs(documents)["empty_at"])
    for row in rows:
        office.wake(row)
    assert office.clock() - empty_at < timedelta(seconds=5)
    assert of_acs(scanpost("quota", "--json")[1])["waiting"] == 0


def test_held_scans_do_not_wait(office, scanpost):
    """Nothing will be sent for them before somebody orders it."""
    row = scans(office, 3)[2]
    office.later(hours=49)
    office.outside.script = [UnreachableError("connection refused")]
    assert office.wake(row).state is State.HELD
    assert of_acs(scanpost("quota", "--json")[1])["waiting"] == 0


def test_people_read_it_too(office, scanpost):
    """One block for each sender; a transport without quotas says so."""
    scans(office, 3)
    status, text, _ = scanpost("quota")
    assert status == 0
    assert "acs as scans@mail.contoso.com" in text
    assert "2 mails a minute: 2 used, 0 left" in text
    assert "1 mails wait, the last until" in text
    assert "no quota" in text
