"""The sweep: what nobody sent, lost messages, dead workers, cut moves, old rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared import path
from shared.errors import UnreachableError
from shared.model import Reason, State
from shared.names import kept_name
from shared.sweep import COUNTS, LATER_COUNTS
from tests.path.office import INSIDE, ROUTES
from tests.samples import PDF
from tests.scripted import Scripted

DOWN = UnreachableError("connection refused")


def test_file_without_an_event_gets_a_row_and_is_sent(office):
    """`waiting`, `missed`, and a message."""
    office.put()
    office.later(minutes=11)
    assert office.sweep()["missed"] == 1
    row = office.newest()
    assert (row.state, row.reason) == (State.WAITING, Reason.MISSED)
    assert row.container == "scans"
    assert office.messages() == 1
    assert office.wake(row).state is State.SENT
    assert office.inside.people == [INSIDE]


def test_young_file_is_left_to_its_event(office):
    """SWEEP_AFTER_SECONDS."""
    office.put()
    assert office.sweep()["missed"] == 0
    assert office.rows() == []


@pytest.mark.parametrize("name", ["mfp/.x.pdf", "@eaDir/x.pdf", "mfp/Thumbs.db"])
def test_system_files_are_never_taken(office, name):
    """The same list as for events."""
    office.put(name)
    office.later(days=10)
    office.sweep()
    assert office.rows() == []


def test_leftover_is_held_once(office):
    """A temporary name that nobody changed for a day."""
    office.put("mfp/scan.pdf.part")
    office.later(hours=23)
    assert office.sweep()["leftover"] == 0
    office.later(hours=2)
    assert office.sweep()["leftover"] == 1
    row = office.newest()
    assert (row.state, row.reason) == (State.HELD, Reason.LEFTOVER)
    assert office.names("scans") == []
    assert office.sweep()["leftover"] == 0


def test_waiting_row_past_its_time_is_queued_again(office):
    """Its message was lost: the row moves on, and a new message stands for that."""
    office.inside.script = [DOWN]
    row = office.scan()
    office.later(minutes=5)
    assert office.sweep()["requeued"] == 1
    moved = office.reread(row)
    assert moved.next_attempt > office.clock()
    assert office.wake(moved).state is State.SENT


def test_slow_backlog_is_not_queued_twice(office):
    """What was put back a moment ago is left alone."""
    office.inside.script = [DOWN]
    office.scan()
    office.later(minutes=5)
    office.sweep()
    office.later(minutes=5)
    assert office.sweep()["requeued"] == 0
    assert office.messages() == 2


def test_waiting_row_before_its_time_is_left_alone(office):
    """Its message will come."""
    office.inside.script = [DOWN]
    office.scan()
    assert office.sweep()["requeued"] == 0


def test_ended_lease_is_queued_as_unconfirmed(office):
    """The worker died: its mail may have been accepted."""
    office.inside.script = [SystemExit()]
    event = office.put()
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)
    assert office.sweep()["orphaned"] == 0
    office.later(minutes=11)
    assert office.sweep()["orphaned"] == 1
    row = office.newest()
    assert (row.state, row.reason) == (State.WAITING, Reason.UNCONFIRMED)
    assert office.wake(row).state is State.SENT
    first, second = office.inside.calls
    assert first.message == second.message


def test_blob_of_a_sent_row_is_removed(office):
    """Somebody held a lease on it when it was sent."""
    event = office.put()
    lease = office.blobs.get_blob_client("scans", "mfp/scan.pdf").acquire_lease()
    row = office.receive(event)
    assert row.state is State.SENT
    assert office.names("scans") == ["mfp/scan.pdf"]
    lease.release()
    assert office.sweep()["removed"] == 1
    assert office.names("scans") == []
    assert office.inside.people == [INSIDE]


def test_event_that_meets_a_sent_row_tries_the_delete_again(office):
    """Redelivered, it removes what could not be removed before."""
    event = office.put()
    lease = office.blobs.get_blob_client("scans", "mfp/scan.pdf").acquire_lease()
    office.receive(event)
    lease.release()
    office.receive(event)
    assert office.names("scans") == []
    assert office.inside.people == [INSIDE]


@pytest.mark.parametrize("is_copied", [False, True])
def test_move_cut_before_the_row_was_written_is_finished(office, is_copied):
    """The row is held and still names `scans`, whether or not the copy is there."""
    office.put()
    office.later(minutes=11)
    office.sweep()
    row = replace(office.newest(), state=State.HELD, reason=Reason.POISONED)
    row = office.works.ledger.save(row)
    if is_copied:
        name = kept_name(row.scan_id, row.path)
        office.works.account.blobs.copy(row.place, "held", name)
    assert office.sweep()["moved"] == 1
    row = office.reread(row)
    assert (row.state, row.container) == (State.HELD, "held")
    assert office.names("scans") == []
    assert office.names("held") == [row.name]
    held = office.works.account.blobs.look("held", row.name)
    assert held.place.etag == row.etag


def test_move_cut_before_the_delete_is_finished(office):
    """The row names `held`, and the bytes are still in `scans` as well."""
    event = office.put(to="")
    lease = office.blobs.get_blob_client("scans", "mfp/scan.pdf").acquire_lease()
    row = office.receive(event)
    lease.release()
    assert office.names("scans") == ["mfp/scan.pdf"]
    assert row.container == "held"
    assert office.sweep()["moved"] == 1
    assert office.names("scans") == []
    assert office.names("held") == [row.name]


def test_row_whose_blob_is_gone_is_told(office, caplog):
    """Nobody else would notice."""
    office.put()
    office.later(minutes=11)
    office.sweep()
    office.blobs.get_blob_client("scans", "mfp/scan.pdf").delete_blob()
    assert office.sweep()["lost"] == 1
    assert office.newest().state is State.GONE
    assert "alarm=gone" in caplog.text


def test_old_finished_rows_are_forgotten(office):
    """LEDGER_DAYS; never a row that is held or waiting."""
    office.scan(name="mfp/1.pdf")
    office.scan(name="mfp/2.pdf", to="")
    office.later(days=91)
    assert office.sweep()["forgotten"] == 1
    assert [row.path for row in office.rows()] == ["mfp/2.pdf"]


def test_row_of_a_blob_that_is_still_there_is_not_forgotten(office):
    """Forgotten, its scan would be mailed again."""
    event = office.put()
    office.blobs.get_blob_client("scans", "mfp/scan.pdf").acquire_lease()
    office.receive(event)
    office.later(days=91)
    assert office.sweep()["forgotten"] == 0
    client = office.blobs.get_blob_client("scans", "mfp/scan.pdf")
    from azure.storage.blob import BlobLeaseClient

    BlobLeaseClient(client).break_lease(lease_break_period=0)


def test_counts_are_logged_zeros_included(office, caplog):
    """One line, so that nothing found is seen, too."""
    caplog.set_level("INFO", "scanpost")
    office.sweep()
    (line,) = [r.message for r in caplog.records if "event=sweep" in r.message]
    for name in COUNTS + LATER_COUNTS:
        assert f"{name}=0" in line


def test_sidecar_is_no_missed_file(office):
    """A file that speaks about a scan is not one."""
    office.routes(
        ROUTES + '[[routes]]\nmatch = "{device}/**"\nto = ["a@contoso.com"]\n'
        'sidecar = "json"\n'
    )
    office.put("mfp/scan.json", data=b"{}")
    office.later(minutes=11)
    assert office.sweep()["missed"] == 0


def test_two_sweeps_at_once_do_no_harm(office):
    """Each change carries the row's ETag."""
    office.put()
    office.later(minutes=11)
    first, second = office.sweep(), office.sweep()
    assert (first["missed"], second["missed"]) == (1, 0)
    assert office.wake(office.newest()).state is State.SENT


def test_kept_scan_lies_in_sent(make_office):
    """AFTER_SEND=keep: the row names the place, and the bytes are there alone."""
    office = make_office(AFTER_SEND="keep")
    row = office.scan()
    name = kept_name(row.scan_id, "mfp/scan.pdf")
    assert (row.container, row.name) == ("sent", name)
    assert office.names("sent") == [name]
    assert office.names("scans") == []
    kept = office.blobs.get_blob_client("sent", name).download_blob().readall()
    assert kept == PDF


def test_keeping_costs_one_transaction_more(make_office):
    """The copy."""
    office = make_office(AFTER_SEND="keep")
    office.scan(name="warm/up.pdf")
    event = office.put()
    with office.azurite.counted() as counts:
        path.receive_event(office.works, event)
        office.names("scans")
    assert counts.total() == 5
    assert counts["blob.CopyBlob"] == 1


def test_copy_to_sent_that_was_cut_is_finished(make_office):
    """The row says `sent`; the bytes still lie in `scans`."""
    office = make_office(AFTER_SEND="keep")
    event = office.put()
    office.blobs.get_container_client("sent").delete_container()
    row = office.receive(event)
    assert row.state is State.SENT
    assert office.names("scans") == ["mfp/scan.pdf"]
    office.azurite.provision()
    assert office.sweep()["removed"] == 1
    assert office.names("sent") == [row.name]
    assert office.names("scans") == []
    assert office.clock() - row.received < timedelta(hours=1)


def test_sweep_tends_the_transports_that_want_it(office):
    """A person's sign-in must not die of disuse where nobody scans."""
    tended: list[str] = []

    class Person(Scripted):
        """Somebody's sign-in."""

        def tend(self) -> None:
            """Note that it was called."""
            tended.append(self.name)

        def warning(self) -> str:
            """Nothing is wrong."""
            return ""

    person = Person("exo", "scans@contoso.com")
    office.works = replace(
        office.works, transports={**office.works.transports, "exo": person}
    )
    office.sweep()
    assert tended == ["exo"]
