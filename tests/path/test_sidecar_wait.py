"""Sidecars: waited for, read, and settled together with their scan."""

from __future__ import annotations

import json

import pytest

from shared.errors import UnreachableError
from shared.model import Reason, State
from tests.path.office import INSIDE, ROUTES
from tests.path.test_release import ordered

ASKS = ROUTES + '[[routes]]\nmatch = "{device}/in/**"\nsidecar = "%s"\n'
PATH = "mfp/in/scan.pdf"
JSON = json.dumps({"to": INSIDE, "subject": "Signed", "user": "ann"}).encode()
XML = f"<scan><to>{INSIDE}</to><subject>Signed</subject></scan>".encode()


def asking(office, form="json"):
    """Routes that ask for a sidecar, in force at once."""
    office.write("config", "routes.toml", (ASKS % form).encode())
    office.works = office.hired()


@pytest.mark.parametrize(("form", "data"), [("json", JSON), ("xml", XML)])
def test_sidecar_names_recipient_and_subject(office, form, data):
    """Its keys are those of metadata."""
    asking(office, form)
    office.write("scans", f"mfp/in/scan.{form}", data)
    row = office.receive(office.put(PATH, to=""))
    assert row.state is State.SENT
    assert office.inside.people == [INSIDE]
    assert office.inside.taken[0].message.subject == "Signed"


def test_sidecar_vanishes_with_its_scan(office):
    """Settled together."""
    asking(office)
    office.write("scans", "mfp/in/scan.json", JSON)
    office.receive(office.put(PATH, to=""))
    assert office.names("scans") == []


def test_scan_waits_for_its_sidecar(office):
    """Not moved, not held: the twin may come a moment later."""
    asking(office)
    row = office.receive(office.put(PATH, to=""))
    assert (row.state, row.reason) == (State.WAITING, Reason.SIDECAR_MISSING)
    assert row.container == "scans"
    office.write("scans", "mfp/in/scan.json", JSON)
    assert office.wake(row).state is State.SENT


def test_scan_without_its_sidecar_is_held_after_a_minute(office):
    """Nobody found without it: the reason says so."""
    asking(office)
    row = office.receive(office.put(PATH, to=""))
    while row.state is State.WAITING:
        row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.SIDECAR_MISSING)
    waited = (row.updated - row.received).total_seconds()
    assert 60 <= waited < 63


def test_scan_without_its_sidecar_goes_on_without_it(office):
    """The order of steps goes on: metadata names somebody."""
    asking(office)
    row = office.receive(office.put(PATH))
    while row.state is State.WAITING:
        row = office.wake(row)
    assert row.state is State.SENT


def test_half_written_sidecar_is_waited_for(office):
    """What cannot be read yet is as good as not there."""
    asking(office)
    office.write("scans", "mfp/in/scan.json", JSON[:20])
    row = office.receive(office.put(PATH, to=""))
    assert row.reason is Reason.SIDECAR_MISSING
    office.write("scans", "mfp/in/scan.json", JSON)
    assert office.wake(row).state is State.SENT


ODD = b'<?xml version="1.0" encoding="shift_jis"?><scan><to>a@contoso.com</to></scan>'


def test_sidecar_in_an_encoding_that_is_not_read_is_waited_for(office):
    """Then the scan is held like one without a sidecar, and the row says why."""
    asking(office, "xml")
    office.write("scans", "mfp/in/scan.xml", ODD)
    row = office.receive(office.put(PATH, to=""))
    assert row.reason is Reason.SIDECAR_MISSING
    assert "scan.xml: not XML" in row.last_error


def test_half_of_a_pair_in_a_sidecar_is_dropped(office):
    """JSON can say what UTF-8 cannot: the row and the mail must be written."""
    asking(office)
    keys = ("subject", "from_name", "reply_to", "user", "name", "cc")
    said = dict.fromkeys(keys, "a\ud800b") | {"to": INSIDE}
    office.write("scans", "mfp/in/scan.json", json.dumps(said).encode())
    row = office.receive(office.put(PATH, to=""))
    assert office.inside.people == [INSIDE]
    assert row.plan[0].subject == "ab"


def test_event_of_a_sidecar_is_ignored(office):
    """It is never a scan."""
    asking(office)
    from shared import path

    path.receive_event(office.works, office.put("mfp/in/scan.json", data=JSON))
    assert office.rows() == []
    assert office.inside.calls == []


def test_sidecar_moves_with_a_scan_that_waits(office):
    """And is found again beside it."""
    asking(office)
    office.write("scans", "mfp/in/scan.json", JSON)
    office.inside.script = [UnreachableError("down")]
    row = office.receive(office.put(PATH, to=""))
    folder = row.name.rpartition("/")[0]
    assert office.names("held") == [f"{folder}/scan.json", f"{folder}/scan.pdf"]
    assert office.names("scans") == []
    office.wake(row)
    assert office.names("held") == []


def test_sidecar_does_not_name_the_device(office):
    """It would choose the route, and so which sidecar is looked for."""
    asking(office)
    said = json.dumps({"to": INSIDE, "device": "lobby"}).encode()
    office.write("scans", "mfp/in/scan.json", said)
    row = office.receive(office.put(PATH, to=""))
    assert (row.state, row.device) == (State.SENT, "mfp")
    assert row.plan[0].device_name == "mfp"


def test_sidecar_of_the_next_scan_does_not_speak_for_one_that_was_held(office):
    """The name is taken again: what lies beside it now is for the new scan alone."""
    asking(office)
    held = office.receive(office.put(PATH, to=""))
    while held.state is State.WAITING:
        held = office.wake(held)
    office.put(PATH, to="")
    office.write("scans", "mfp/in/scan.json", JSON)
    row = ordered(office, held)
    while row.state is State.WAITING:
        row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.SIDECAR_MISSING)
    assert office.inside.people == []
