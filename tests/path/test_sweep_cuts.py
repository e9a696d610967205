"""The sweep where something happens beside it, or where a name is no good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.model import Reason, State
from shared.names import kept_name
from shared.stores.border import LeasedError
from shared.sweep import Sweeper
from tests.path.office import Office
from tests.samples import a_pdf


def cut(office: Office, *, is_copied: bool) -> None:
    """A held scan whose move was cut: its row names a copy that is not there."""
    office.put()
    office.later(minutes=11)
    office.sweep()
    row = office.newest()
    name = kept_name(row.scan_id, row.path)
    if is_copied:
        office.works.account.blobs.copy(row.place, "held", name)
    row = replace(row, container="held", name=name, etag="0x8DE28F5A1B2C3D4")
    office.works.ledger.save(replace(row, state=State.HELD, reason=Reason.POISONED))


@pytest.mark.parametrize("is_copied", [False, True])
def test_copy_that_is_made_again_is_in_the_row(office, caplog, is_copied):
    """Else the scan would count as lost, and nobody could release it."""
    cut(office, is_copied=is_copied)
    assert office.sweep()["moved"] == 1
    assert office.sweep()["lost"] == 0
    row = office.newest()
    assert row.state is State.HELD
    assert row.etag == office.works.account.blobs.look("held", row.name).place.etag
    assert office.names("scans") == []
    assert "alarm=" not in caplog.text


def test_copy_that_somebody_leases_does_not_end_the_sweep(office, monkeypatch):
    """The service may look at the lease before it looks whether the copy is there."""
    cut(office, is_copied=True)

    def leased(*_):
        raise LeasedError("copy to held: 412 LeaseIdMissing")

    monkeypatch.setattr(office.works.account.blobs, "copy", leased)
    assert office.sweep()["moved"] == 1
    assert office.names("scans") == []


def copies_too_late(office: Office, monkeypatch) -> None:
    """Let the printer write the name again just before it is copied."""
    blobs = office.works.account.blobs
    copy = blobs.copy

    def late(place, container, name):
        office.write("scans", place.name, a_pdf(500))
        return copy(place, container, name)

    monkeypatch.setattr(blobs, "copy", late)


def test_leftover_that_is_replaced_meanwhile_is_a_loss(office, monkeypatch, caplog):
    """Counted, alarmed, and not called a leftover."""
    office.put("mfp/scan.pdf.part")
    office.later(hours=25)
    copies_too_late(office, monkeypatch)
    counts = office.sweep()
    assert office.newest().state is State.SUPERSEDED
    assert (counts["leftover"], counts["lost"]) == (0, 1)
    assert caplog.text.count("alarm=superseded") == 1


def test_held_scan_that_is_replaced_meanwhile_is_a_loss(office, monkeypatch, caplog):
    """Its move was cut before the copy, and comes too late now."""
    office.put()
    office.later(minutes=11)
    office.sweep()
    row = replace(office.newest(), state=State.HELD, reason=Reason.POISONED)
    office.works.ledger.save(row)
    copies_too_late(office, monkeypatch)
    counts = office.sweep()
    assert (counts["moved"], counts["lost"]) == (0, 1)
    assert caplog.text.count("alarm=superseded") == 1


def test_row_that_grew_old_is_forgotten_in_the_next_round(office):
    """Not an hour later; the days between are read once an hour only."""
    sweeper = Sweeper(office.works)
    row = office.scan()
    office.later(days=89)
    assert sweeper.sweep()["forgotten"] == 0
    office.later(days=2)
    assert sweeper.sweep()["forgotten"] == 1
    assert office.works.ledger.find(row.scan_id) is None
    office.later(minutes=5)
    assert sweeper.sweep()["forgotten"] == 0


def test_name_that_nobody_can_ask_for_is_said(office, monkeypatch, caplog):
    """Written with backslashes, such a file would lie there in silence."""
    blobs = office.works.account.blobs
    office.put()
    (listed,) = blobs.list("scans")
    odd = replace(listed, place=replace(listed.place, name="mfp/a/../b.pdf"))
    monkeypatch.setattr(blobs, "list", lambda _: iter([odd]))
    office.later(minutes=11)
    assert office.sweep()["missed"] == 0
    assert caplog.text.count("event=ignored path=mfp/a/../b.pdf why=") == 1
