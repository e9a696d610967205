"""A sidecar speaks for its own scan only, whatever was cut, leased or broken."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared import abandon, path
from shared.errors import UnreachableError
from shared.model import Reason, State
from tests.path.office import INSIDE
from tests.path.test_sidecar_wait import ASKS, JSON, PATH, asking

BESIDE = "mfp/in/scan.json"
OTHER = "other@contoso.com"
DOWN = UnreachableError("connection refused")


class KilledError(BaseException):
    """The worker is killed at this very moment."""


def pair(office):
    """Put a scan and its sidecar; returns the scan's event."""
    asking(office)
    office.write("scans", BESIDE, JSON)
    return office.put(PATH, to="")


def killed_at_delete(office, monkeypatch, event, number) -> None:
    """Let the worker die when it is about to delete its so-many-th blob."""
    blobs = office.works.account.blobs
    delete, left = blobs.delete, [None] * number

    def deadly(place):
        left.pop()
        if not left:
            raise KilledError
        delete(place)

    monkeypatch.setattr(blobs, "delete", deadly)
    with pytest.raises(KilledError):
        path.receive_event(office.works, event)
    monkeypatch.undo()


def leased(office, name=BESIDE):
    """Let somebody hold a lease on a blob of `scans`."""
    return office.blobs.get_blob_client("scans", name).acquire_lease()


@pytest.mark.parametrize("finishes", ["event", "sweep"])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("after_send", ["delete", "keep"])
def test_sidecar_of_a_sent_scan_goes_with_it(
    make_office, monkeypatch, after_send, number, finishes
):
    """Killed between two deletes, there is somebody who comes back for both."""
    office = make_office(AFTER_SEND=after_send)
    event = pair(office)
    killed_at_delete(office, monkeypatch, event, number)
    if finishes == "event":
        office.receive(event)
    else:
        office.sweep()
    assert office.names("scans") == []
    kept = {name.rpartition("/")[2] for name in office.names("sent")}
    assert kept == ({"scan.json", "scan.pdf"} if after_send == "keep" else set())


def test_leased_sidecar_keeps_its_scan_there(office):
    """The scan is what brings somebody back to try both again."""
    event = pair(office)
    lease = leased(office)
    assert office.receive(event).state is State.SENT
    lease.release()
    assert office.sweep()["removed"] == 1
    assert office.names("scans") == []
    assert office.inside.people == [INSIDE]


def test_leased_sidecar_of_a_scan_that_waits_is_moved_later(office):
    """Its scan is in `held` already; the sidecar follows, and is no longer in reach."""
    event = pair(office)
    lease = leased(office)
    office.inside.script = [DOWN]
    row = office.receive(event)
    lease.release()
    assert office.sweep()["moved"] == 1
    assert office.names("scans") == []
    folder = row.name.rpartition("/")[0]
    assert office.names("held") == [f"{folder}/scan.json", f"{folder}/scan.pdf"]
    assert office.wake(row).state is State.SENT
    assert office.names("held") == []


@pytest.mark.parametrize("number", [1, 2])
def test_sidecar_follows_a_move_that_was_cut(office, monkeypatch, number):
    """Killed after the row was written, before both have left `scans`."""
    event = pair(office)
    office.inside.script = [DOWN]
    killed_at_delete(office, monkeypatch, event, number)
    office.sweep()
    assert office.names("scans") == []
    assert len(office.names("held")) == 2


def test_sidecar_follows_a_scan_that_the_sweep_moves(office):
    """The row says `held` and still names `scans`: nothing was moved yet."""
    pair(office)
    office.later(minutes=11)
    office.sweep()
    row = replace(office.newest(), state=State.HELD, reason=Reason.POISONED)
    office.works.ledger.save(row)
    assert office.sweep()["moved"] == 1
    assert office.names("scans") == []
    assert len(office.names("held")) == 2


def test_next_scan_is_not_addressed_by_the_one_before(office, monkeypatch):
    """What this is all about."""
    killed_at_delete(office, monkeypatch, pair(office), 1)
    office.sweep()
    row = office.receive(office.put(PATH, to=""))
    assert (row.state, row.reason) == (State.WAITING, Reason.SIDECAR_MISSING)
    assert office.inside.people == [INSIDE]


def test_sidecar_of_the_next_scan_is_left_alone(office, monkeypatch):
    """A printer that writes the sidecar first has begun with the next scan."""
    event = pair(office)
    killed_at_delete(office, monkeypatch, event, 1)
    mailed_an_hour_ago = replace(
        office.newest(), updated=office.clock() - timedelta(hours=1)
    )
    monkeypatch.setattr(office.works.ledger, "find", lambda _: mailed_an_hour_ago)
    office.write("scans", BESIDE, json.dumps({"to": OTHER}).encode())
    path.receive_event(office.works, event)
    assert office.names("scans") == [BESIDE]


def test_poisoned_scan_takes_its_sidecar_along(office):
    """Held by the message that failed too often."""
    event = pair(office)
    abandon.abandon_events(office.works, event)
    row = office.newest()
    assert (row.state, row.reason) == (State.HELD, Reason.POISONED)
    assert office.names("scans") == []


def test_poisoned_event_of_a_sidecar_holds_nothing(office, caplog):
    """It is no scan, however often its message fails."""
    asking(office)
    abandon.abandon_events(office.works, office.put(BESIDE, data=JSON, to=""))
    assert office.rows() == []
    assert office.names("scans") == [BESIDE]
    assert "event=abandoned" in caplog.text


def test_sidecar_is_left_in_place_while_routes_are_broken(office):
    """Nobody knows yet whether it is one; it is there when its scan asks for it."""
    office.routes("[defaults]\nfallbak = 5\n")
    office.works = office.hired()
    event = office.put(BESIDE, data=JSON, to="")
    path.receive_event(office.works, event)
    row = office.receive(office.put(PATH, to=""))
    assert (row.state, row.reason) == (State.WAITING, Reason.ROUTES_BROKEN)
    office.later(minutes=11)
    office.sweep()
    assert office.names("scans") == [BESIDE]
    fallback = f'[defaults]\nfallback = "{OTHER}"\n'
    office.routes(fallback + ASKS % "json")
    assert office.wake(office.reread(row)).state is State.SENT
    assert office.inside.people == [INSIDE]
    assert office.names("scans") == office.names("held") == []


def test_json_that_is_no_sidecar_is_taken_when_routes_are_good(office):
    """The sweep finds it: no route asks for a sidecar."""
    office.routes("[defaults]\nfallbak = 5\n")
    office.works = office.hired()
    path.receive_event(office.works, office.put(BESIDE, data=b"plain text\n"))
    assert office.rows() == []
    office.routes("")
    office.later(minutes=11)
    assert office.sweep()["missed"] == 1
    assert office.wake(office.newest()).state is State.SENT
