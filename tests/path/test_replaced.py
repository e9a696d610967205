"""Bytes that are no longer there: a state of its own, never silence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from shared import path
from shared.errors import UnreachableError
from shared.journal import Stopwatch
from shared.model import Reason, State
from tests.makers import an_event
from tests.path.office import INSIDE
from tests.samples import PDF, a_pdf

DOWN = UnreachableError("connection refused")


def missed(office, name="mfp/scan.pdf"):
    """A row whose bytes wait in `scans`: nobody has read them yet."""
    office.put(name)
    office.later(minutes=11)
    office.sweep()
    return office.newest()


def test_overwritten_bytes_are_superseded_and_alarmed(office, caplog):
    """Claimed, and written over before they were sent: a loss."""
    row = missed(office)
    office.put(data=a_pdf(500))
    row = office.wake(row)
    assert row.state is State.SUPERSEDED
    assert "alarm=superseded" in caplog.text


def test_what_was_written_over_them_is_taken(office):
    """The blob as it is now is a scan of its own."""
    row = missed(office)
    office.put(data=a_pdf(500))
    office.wake(row)
    assert [call.file for call in office.inside.taken] == [a_pdf(500)]


def test_deleted_bytes_are_gone_and_alarmed(office, caplog):
    """Nobody knows where they are."""
    row = missed(office)
    office.blobs.get_blob_client("scans", "mfp/scan.pdf").delete_blob()
    row = office.wake(row)
    assert row.state is State.GONE
    assert "alarm=gone" in caplog.text


def test_younger_row_of_the_same_path_means_superseded(office):
    """The name held other bytes meanwhile, though they are mailed and gone by now."""
    row = missed(office)
    office.receive(office.put(data=a_pdf(500)))
    assert office.wake(row).state is State.SUPERSEDED


def test_held_bytes_that_somebody_deleted_are_gone(office):
    """The sweep looks whether waiting and held scans still have their bytes."""
    office.inside.script = [DOWN]
    row = office.scan()
    office.blobs.get_blob_client("held", row.name).delete_blob()
    counts = office.sweep()
    assert office.reread(row).state is State.GONE
    assert counts["lost"] == 1


def test_both_ends_of_a_move_are_looked_at_before_gone(office):
    """Bytes that were moved, though the row was not written, are found."""
    row = missed(office)
    source = office.works.account.blobs.open("scans", row.path).blob.place
    from shared.names import kept_name

    office.works.account.blobs.copy(source, "held", kept_name(row.scan_id, row.path))
    office.works.account.blobs.delete(source)
    row = office.wake(row)
    assert (row.state, row.container) == (State.WAITING, "held")
    assert office.wake(row).state is State.SENT
    assert office.inside.people == [INSIDE]


def test_event_of_older_bytes_means_the_blob_as_it_is(office, caplog):
    """The newer bytes are the scan; the older, unclaimed ones are said to be lost."""
    old = office.put(data=PDF)
    office.put(data=a_pdf(500))
    office.receive(old)
    assert office.inside.taken[0].file == a_pdf(500)
    assert "event=overwritten" in caplog.text


def test_event_of_older_bytes_is_told_of_when_the_newer_are_mailed(office, caplog):
    """An event may come after the bytes that took the name have gone their way."""
    old = office.put(data=PDF)
    office.receive(office.put(data=a_pdf(500)))
    assert office.names("scans") == []
    office.receive(old)
    assert "event=overwritten" in caplog.text


def test_event_that_comes_again_after_the_mail_tells_of_no_loss(office, caplog):
    """Its bytes have a row: they were mailed."""
    event = office.put()
    office.receive(event)
    office.receive(office.put(data=a_pdf(500)))
    office.receive(event)
    assert "event=overwritten" not in caplog.text


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_event_may_lie_on_the_other_side_of_midnight(office, days, caplog):
    """Its time is not quite the blob's, and the row is filed by the blob's day."""
    event = json.loads(office.put())
    moment = datetime.now(UTC) + timedelta(days=days)
    event["eventTime"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    office.receive(json.dumps(event))
    office.put(data=a_pdf(500))
    office.receive(json.dumps(event))
    assert "event=overwritten" not in caplog.text


def test_older_bytes_that_a_row_claimed_are_not_reported_twice(office, caplog):
    """Their row tells their story."""
    event = office.put(data=PDF[:-20])
    office.receive(event)
    office.put(data=PDF)
    office.receive(event)
    assert "event=overwritten" not in caplog.text


def test_event_of_a_blob_that_is_gone_ends_in_a_log_line(office, caplog):
    """Nothing was claimed: nothing is lost that we know of."""
    caplog.set_level("INFO", "scanpost")
    path.receive_event(office.works, json.dumps(an_event("mfp/never.pdf")))
    assert office.rows() == []
    assert "any more" in caplog.text


def test_replaced_while_it_streams_breaks_the_mail_off(office):
    """A range under another ETag never becomes part of a mail."""
    event = office.put(data=a_pdf(3_000_000))
    opened = office.works.account.blobs.open("scans", "mfp/scan.pdf")
    office.put(data=a_pdf(2_000_000))
    from shared.path import take

    take(office.works, opened, Stopwatch())
    assert office.inside.taken == []
    assert office.newest().state is State.SUPERSEDED
    office.receive(event)
    assert [call.file for call in office.inside.taken] == [a_pdf(2_000_000)]


def test_release_of_waiting_reason_is_kept_while_lost(office):
    """A superseded row keeps the reason it waited for."""
    row = missed(office)
    office.put(data=a_pdf(500))
    assert office.wake(row).reason is Reason.MISSED
