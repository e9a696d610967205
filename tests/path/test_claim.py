"""The claim: one row per scan, one mail per claim, whoever comes how often."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared import path
from shared.model import MailState, Reason, State
from shared.row import scan_id_of
from shared.settle import order_of
from tests.path.office import BOTH, INSIDE, OUTSIDE, Office
from tests.samples import PDF, a_pdf


def test_scan_is_mailed_recorded_and_removed(office):
    """The happy path: the mail is out, the row says so, the blob is gone."""
    row = office.scan()
    assert office.inside.people == [INSIDE]
    assert office.inside.taken[0].file == PDF
    assert (row.state, row.reason, row.attempts) == (State.SENT, None, 1)
    assert row.plan[0].state is MailState.ACCEPTED
    assert row.plan[0].answer == "250 2.0.0 taken"
    assert office.names("scans") == []


def test_row_tells_what_the_contract_names(office):
    """The columns are the scan's own, and its id names its bytes."""
    event = office.put("mfp-2f/Ä b+c%.pdf")
    blob = office.blobs.get_blob_client("scans", "mfp-2f/Ä b+c%.pdf")
    found = blob.get_blob_properties()
    row = office.receive(event)
    assert row.path == row.name == "mfp-2f/Ä b+c%.pdf"
    assert (row.received, row.size, row.type) == (found.last_modified, len(PDF), "pdf")
    assert (row.device, row.container) == ("mfp-2f", "scans")
    place = row.place
    assert row.scan_id == scan_id_of("devstoreaccount1", place, found.last_modified)


def test_happy_path_takes_four_transactions_of_ours(office):
    """Read, insert, merge, delete; the host's get and delete make it six."""
    office.scan(name="warm/up.pdf")
    event = office.put()
    with office.azurite.counted() as counts:
        path.receive_event(office.works, event)
        office.names("scans")
    assert dict(counts) == {
        "blob.GetBlob": 1,
        "table.InsertEntity": 1,
        "table.UpdateEntity": 1,
        "blob.DeleteBlob": 1,
    }


def test_large_scan_takes_one_more_read_for_each_4_mb(office):
    """7 MB: the first MiB, then two ranges."""
    office.scan(name="warm/up.pdf")
    event = office.put(data=a_pdf(7_000_000))
    with office.azurite.counted() as counts:
        path.receive_event(office.works, event)
        office.names("scans")
    assert counts["blob.GetBlob"] == 3
    assert counts.total() == 6
    assert office.inside.taken[-1].file == a_pdf(7_000_000)


def test_second_mail_costs_one_merge_more(office):
    """Inside and outside: two mails, one write between them."""
    office.scan(name="warm/up.pdf", to=BOTH)
    event = office.put(to=BOTH)
    with office.azurite.counted() as counts:
        path.receive_event(office.works, event)
        office.names("scans")
    assert counts["table.UpdateEntity"] == 2
    assert counts.total() == 5
    assert office.inside.people[-1:] == [INSIDE]
    assert office.outside.people[-1:] == [OUTSIDE]


def test_event_that_comes_twice_mails_once(office):
    """A duplicate finds nothing to do."""
    event = office.put()
    office.receive(event)
    office.receive(event)
    assert office.inside.people == [INSIDE]


def test_same_event_in_parallel_mails_once(office):
    """Of many workers one wins the insert."""
    event = office.put()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: path.receive_event(office.works, event), range(8)))
    assert office.inside.people == [INSIDE]
    assert office.newest().state is State.SENT


def test_same_bytes_written_again_are_a_new_scan(office):
    """A new ETag is a new scan, whatever the name."""
    first, second = office.scan(), office.scan()
    assert first.scan_id != second.scan_id
    assert office.inside.people == [INSIDE, INSIDE]


def crash(office: Office, event: str) -> None:
    """Let the worker die in the middle of its mail."""
    office.inside.script = [SystemExit()]
    with pytest.raises(SystemExit):
        path.receive_event(office.works, event)


def test_event_that_meets_a_live_lease_comes_back_at_its_end(office):
    """Whoever finds a mail on its way waits for the lease, and sends nothing."""
    event = office.put()
    crash(office, event)
    row = office.receive(event)
    assert row.state is State.SENDING
    assert office.messages() == 1
    assert len(office.inside.calls) == 1


def test_retry_that_meets_a_live_lease_comes_back_at_its_end(office):
    """The same for a message of scan-retries."""
    crash(office, office.put())
    row = office.newest()
    path.retry(office.works, json.dumps(order_of(row, row.lease_until)))
    assert office.messages() == 1
    assert office.reread(row) == row


def test_mail_of_a_dead_worker_is_sent_again_identically(office):
    """After the lease it counts as unconfirmed: same ids, same date, same bytes."""
    event = office.put()
    crash(office, event)
    office.later(seconds=601)
    row = office.receive(event)
    first, second = office.inside.calls
    assert first.message == second.message
    assert first.file == second.file
    assert (row.state, row.attempts) == (State.SENT, 2)


def test_lease_ends_before_nobody_completes_a_mail(office):
    """The deadline is a tenth of the lease, at most 60 s, before its end."""
    event = office.put()
    before = office.clock()
    office.receive(event)
    left = office.inside.calls[0].deadline - before
    assert timedelta(seconds=535) < left <= timedelta(seconds=545)


def test_lost_merge_after_acceptance_never_sends_again(office):
    """A 412 after acceptance re-reads and merges."""
    event = office.put()

    def takes_over() -> None:
        row = office.newest()
        office.works.ledger.save(row)

    office.inside.meanwhile = takes_over
    row = office.receive(event)
    assert row.plan[0].state is MailState.ACCEPTED
    assert len(office.inside.calls) == 1


def test_plan_is_frozen_by_the_first_sending(office):
    """Later attempts send what the plan says, whatever the routes say by then."""
    from shared.errors import UnreachableError

    office.routes('[defaults]\nfallback = "office@contoso.com"\nsubject = "One"\n')
    office.inside.script = [UnreachableError("connection refused")]
    row = office.receive(office.put(to=""))
    assert (row.state, row.reason) == (State.WAITING, Reason.UNREACHABLE)
    office.routes('[defaults]\nfallback = "ap@contoso.com"\nsubject = "Two"\n')
    office.wake(row)
    assert office.inside.people == ["office@contoso.com"]
    assert office.inside.taken[0].message.subject == "One"
