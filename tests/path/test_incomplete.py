"""Half-written files: they wait where they are, and what stays broken is held."""

from __future__ import annotations

import pytest

from shared.errors import UnreachableError
from shared.model import Kind, Reason, State
from tests.path.office import INSIDE, ROUTES
from tests.samples import CUT_PDF, PDF, TEXT, a_pdf
from tests.scripted import Scripted

BIG = a_pdf(3_000_000)


def test_incomplete_file_waits_where_it_is(office):
    """It may still be growing: it is not moved, and nobody gets it."""
    row = office.receive(office.put(data=CUT_PDF))
    assert (row.state, row.reason) == (State.WAITING, Reason.INCOMPLETE)
    assert row.container == "scans"
    assert office.names("scans") == ["mfp/scan.pdf"]
    assert office.inside.calls == []


@pytest.mark.parametrize("data", [CUT_PDF, BIG[:-20]], ids=["small", "large"])
def test_incomplete_file_is_held_after_its_last_look(office, data):
    """INCOMPLETE_SECONDS: four more looks, then a person decides."""
    row, waits = office.receive(office.put(data=data)), []
    while row.state is State.WAITING:
        waits.append(round((row.next_attempt - row.updated).total_seconds()))
        row = office.wake(row)
    assert waits == [30, 120, 600, 1800]
    assert (row.state, row.reason) == (State.HELD, Reason.INCOMPLETE)
    assert row.container == "held"
    assert office.inside.taken == []


@pytest.mark.parametrize("outages", [1, 4, 9])
def test_outages_before_cost_a_broken_file_none_of_its_looks(
    office, outages, monkeypatch
):
    """The looks are counted from the first that found it broken."""
    sent, down = Scripted.send, [UnreachableError("no connection")] * outages

    def send(self, message, content, deadline):
        if down:
            raise down.pop()
        return sent(self, message, content, deadline)

    monkeypatch.setattr(Scripted, "send", send)
    row, waits = office.receive(office.put(data=BIG[:-20])), []
    while row.state is State.WAITING:
        if row.reason is Reason.INCOMPLETE:
            waits.append(round((row.next_attempt - row.updated).total_seconds()))
        row = office.wake(row)
    assert waits == [30, 120, 600, 1800]
    assert (row.state, row.reason) == (State.HELD, Reason.INCOMPLETE)


def test_large_file_is_broken_off_before_its_end(office):
    """A file that streams proves broken only at its end: the mail is not completed."""
    office.receive(office.put(data=BIG[:-20]))
    assert office.inside.taken == []


def test_finished_file_starts_afresh(office, caplog):
    """A newer ETag is a new scan; the half of it is superseded, and no loss."""
    half = office.receive(office.put(data=CUT_PDF))
    whole = office.receive(office.put(data=PDF))
    assert whole.state is State.SENT
    half = office.wake(half)
    assert half.state is State.SUPERSEDED
    assert "alarm=" not in caplog.text
    assert office.inside.people == [INSIDE]


def test_finished_file_without_an_event_is_found_by_the_look(office):
    """Whoever looks again takes what is there now."""
    half = office.receive(office.put(data=CUT_PDF))
    office.put(data=PDF)
    office.wake(half)
    assert office.inside.people == [INSIDE]
    assert office.reread(half).state is State.SUPERSEDED


def test_policy_may_send_it_after_the_last_look(office):
    """`incomplete = "send"`."""
    office.routes(ROUTES + 'incomplete = "send"\n')
    row = office.receive(office.put(data=CUT_PDF))
    while row.state is State.WAITING:
        row = office.wake(row)
    assert row.state is State.SENT
    assert office.inside.taken[0].file == CUT_PDF


def test_pages_are_known_where_the_file_was_read_before(office):
    """The plan holds them; the body says them."""
    row = office.scan()
    assert row.plan[0].pages == 1
    assert "1 page" in office.inside.taken[0].message.text


def test_name_that_lies_gets_the_right_extension(office):
    """A text called `.pdf` is a text."""
    row = office.receive(office.put(data=TEXT))
    assert row.type == Kind.TXT
    assert office.inside.taken[0].message.attachment == "scan.txt"
    assert office.inside.taken[0].message.media_type == "text/plain"


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 50, b"GIF89a" + b"\x00" * 50])
def test_content_of_no_known_kind_is_held(office, data):
    """What is no scan is not mailed, whatever its name says."""
    row = office.receive(office.put(data=data))
    assert (row.state, row.reason) == (State.HELD, Reason.TYPE_NOT_ACCEPTED)
    assert "accepted are" in row.last_error


def test_kind_that_the_policy_leaves_out_is_held(office):
    """`accept` is what may be mailed."""
    office.routes(ROUTES + 'accept = ["tiff"]\n')
    assert office.scan().reason is Reason.TYPE_NOT_ACCEPTED


@pytest.mark.parametrize(
    ("name", "data"),
    [("mfp/.x.pdf", PDF), ("mfp/x.pdf.tmp", PDF), ("mfp/x.pdf", b"")],
)
def test_junk_is_ignored(office, name, data):
    """System files, temporary names and empty files leave no row."""
    event = office.put(name, data=data)
    from shared import path

    path.receive_event(office.works, event)
    assert office.rows() == []
    assert office.names("scans") == [name]
