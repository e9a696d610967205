"""Bytes of mailed scans: removed however often it takes, and never at others' cost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shared import path
from shared.errors import UnreachableError
from shared.model import MailState, State
from shared.names import kept_name
from shared.settle import order_of
from shared.stores.border import ConflictError, StorageError
from shared.sweep import FULL_EVERY, Sweeper
from tests.path.office import INSIDE

DOWN = UnreachableError("connection refused")
IMMUTABLE = ConflictError("delete in scans: 409 BlobImmutableDueToPolicy")
OUTAGE = StorageError("delete in scans: 500 InternalError")


def refusing(office, monkeypatch, name: str, answer: Exception) -> None:
    """Let the delete of one blob fail, whoever asks."""
    blobs = office.works.account.blobs
    delete = blobs.delete

    def refused(place):
        if place.name == name:
            raise answer
        delete(place)

    monkeypatch.setattr(blobs, "delete", refused)


def accepted(office, row):
    """The row as its last worker wrote it before it died: everybody has the scan."""
    mails = [replace(mail, state=MailState.ACCEPTED) for mail in row.plan]
    row = replace(row, plan=tuple(mails), state=State.SENT, reason=None)
    return office.works.ledger.save(replace(row, next_attempt=None))


def test_blob_with_a_snapshot_is_removed(office):
    """Backup software takes snapshots; the scan goes, and they go with it."""
    event = office.put()
    office.blobs.get_blob_client("scans", "mfp/scan.pdf").create_snapshot()
    assert office.receive(event).state is State.SENT
    assert office.names("scans") == []


def test_blob_that_may_not_be_deleted_is_sent_all_the_same(office, monkeypatch, caplog):
    """A legal hold: said in a line, and tried again."""
    refusing(office, monkeypatch, "mfp/scan.pdf", IMMUTABLE)
    assert office.scan().state is State.SENT
    assert "event=delete-skipped" in caplog.text
    assert "BlobImmutableDueToPolicy" in caplog.text
    monkeypatch.undo()
    assert office.sweep()["removed"] == 1
    assert office.names("scans") == []


def test_scan_that_may_not_be_moved_away_still_has_its_message(office, monkeypatch):
    """It waits, and somebody will come for it."""
    refusing(office, monkeypatch, "mfp/scan.pdf", IMMUTABLE)
    office.inside.script = [DOWN]
    row = office.scan()
    assert (row.state, row.container) == (State.WAITING, "held")
    assert office.messages() == 1


@pytest.mark.parametrize("answer", [IMMUTABLE, OUTAGE])
def test_one_bad_blob_does_not_end_the_sweep(office, monkeypatch, answer):
    """The files behind it in the list are looked at, and so are the rows."""
    event = office.put("mfp/1.pdf")
    lease = office.blobs.get_blob_client("scans", "mfp/1.pdf").acquire_lease()
    office.receive(event)
    lease.release()
    office.put("mfp/2.pdf")
    office.later(minutes=11)
    refusing(office, monkeypatch, "mfp/1.pdf", answer)
    counts = office.sweep()
    assert (counts["listed"], counts["missed"], counts["removed"]) == (2, 1, 0)


def test_storage_that_does_not_answer_ends_the_listing(office, monkeypatch, caplog):
    """Nobody waits for each of a thousand files: the next round tries again."""
    for n in range(12):
        office.put(f"mfp/{n}.pdf")
    office.later(minutes=11)

    def fails(_scan_id):
        raise OUTAGE

    monkeypatch.setattr(office.works.ledger, "find", fails)
    assert office.sweep()["listed"] == 10
    assert "alarm=not-listed" in caplog.text


@pytest.mark.parametrize("after_send", ["keep", "delete"])
def test_scan_sent_from_held_is_cleared_by_its_message(make_office, after_send):
    """The worker died after its merge: the message that comes again finishes it."""
    office = make_office(AFTER_SEND=after_send)
    row, message = cut_in_held(office)
    path.retry(office.works, message)
    assert office.names("held") == []
    assert office.names("sent") == ([row.name] if after_send == "keep" else [])


@pytest.mark.parametrize("after_send", ["keep", "delete"])
def test_scan_sent_from_held_is_cleared_by_the_sweep(make_office, after_send):
    """Its message may be lost as well."""
    office = make_office(AFTER_SEND=after_send)
    row, _ = cut_in_held(office)
    assert office.sweep()["removed"] == 1
    assert office.names("held") == []
    assert office.names("sent") == ([row.name] if after_send == "keep" else [])


def cut_in_held(office):
    """A scan that waited in `held`, and whose worker died when it was sent."""
    office.inside.script = [DOWN]
    row = office.scan()
    message = json.dumps(order_of(row, row.next_attempt))
    if office.works.desk.keeps:
        name = kept_name(row.scan_id, row.path)
        row = replace(row, container="sent", name=name)
    return accepted(office, row), message


def test_leased_blob_in_held_is_tried_again_until_it_is_gone(office):
    """Not only by the next round: once an hour for as long as it is there."""
    office.inside.script = [DOWN]
    row = office.scan()
    lease = office.blobs.get_blob_client("held", row.name).acquire_lease()
    assert office.wake(row).state is State.SENT
    sweeper = Sweeper(office.works)
    for _ in range(4):
        assert sweeper.sweep()["removed"] == 0
        office.offset += FULL_EVERY
    lease.release()
    assert sweeper.sweep()["removed"] == 1
    assert office.names("held") == []


def test_finished_rows_cost_the_sweep_no_look_at_their_blobs(make_office):
    """Only a scan that lay in `held` may have left bytes there."""
    office = make_office(AFTER_SEND="keep")
    for n in range(5):
        office.scan(name=f"mfp/{n}.pdf")
    with office.azurite.counted() as counts:
        office.sweep()
        office.names("scans")
    assert counts["blob.GetBlobProperties"] == 0
    assert office.inside.people == [INSIDE] * 5
