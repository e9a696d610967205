"""How things stand: what the sweep writes for the alerts and the workbook."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from local.certificates import Authority
from shared.errors import AuthRefusedError, UnreachableError
from shared.model import Reason
from shared.stores.queues import EVENTS, REPORTS, RETRIES
from shared.sweep import Sweeper
from shared.transports.base import Endpoint, Quota
from shared.transports.own_certificate import OwnCertificate
from tests.path.office import OUTSIDE

DOWN = UnreachableError("connection refused")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def lines(caplog, event: str) -> list[str]:
    """The lines of an event, since the test began."""
    return [it for it in caplog.messages if it.startswith(f"event={event} ")]


@pytest.fixture
def heard(caplog):
    """Hear calm lines, too."""
    caplog.set_level(logging.INFO, "scanpost")
    return caplog


@pytest.fixture
def authority() -> Iterator[Authority]:
    """Who issues certificates for a week."""
    with Authority() as issuing:
        yield issuing


def test_waiting_scans_are_counted_by_reason_with_the_age_of_the_oldest(office, heard):
    """One line for each reason, in each round."""
    office.inside.script = [DOWN, AuthRefusedError("535"), DOWN]
    for name in ("a", "b", "c"):
        office.scan(name=f"mfp/{name}.pdf")
    office.later(seconds=25)
    office.sweep()
    first, second = sorted(lines(heard, "backlog"))
    assert "state=waiting reason=sign-in-refused scans=1 oldest_s=2" in first
    assert "state=waiting reason=unreachable scans=2 oldest_s=2" in second


def test_released_scan_waits_since_it_was_ordered(office, heard):
    """Not since a week ago, when it was scanned."""
    office.inside.script = [DOWN]
    row = office.scan()
    office.later(days=1)
    office.works.ledger.save(replace(row, ordered=office.clock()))
    office.sweep()
    (line,) = lines(heard, "backlog")
    assert line.endswith("oldest_s=0")


def test_held_scans_are_counted_until_they_are_released(office, heard):
    """Also those that are older than the sweep's own days."""
    row = office.scan(to="")
    office.later(days=10)
    sweeper = Sweeper(office.works)
    for _ in range(2):
        heard.clear()
        sweeper.sweep()
        (line,) = lines(heard, "backlog")
        assert "state=held reason=no-recipient scans=1" in line
        office.later(minutes=5)
    office.works.ledger.remove(office.reread(row))
    heard.clear()
    office.later(hours=1)
    sweeper.sweep()
    assert not lines(heard, "backlog")


def test_old_scan_that_was_sent_does_not_wait_any_more(office, heard):
    """What is old and waits is looked at in each round, not once an hour."""
    office.inside.script = [DOWN]
    row = office.scan()
    office.later(days=10)
    due = office.clock() + HOUR
    row = replace(row, ordered=office.clock(), next_attempt=due)
    row = office.works.ledger.save(row)
    sweeper = Sweeper(office.works)
    sweeper.sweep()
    assert lines(heard, "backlog")
    office.works.ledger.remove(row)
    heard.clear()
    office.later(minutes=5)
    sweeper.sweep()
    assert not lines(heard, "backlog")


def test_empty_office_has_no_backlog(office, heard):
    """Nothing but the sweep's own line."""
    office.sweep()
    assert not lines(heard, "backlog")
    assert not lines(heard, "quota")


@pytest.mark.parametrize("queue", [EVENTS, RETRIES, REPORTS])
def test_message_in_a_poison_queue_is_counted(office, queue):
    """Whichever it is, and as long as it is there."""
    client = office.azurite.queues().get_queue_client(f"{queue}-poison")
    client.send_message("e30=")
    try:
        assert office.sweep()["poison"] == 1
    finally:
        client.clear_messages()
    assert office.sweep()["poison"] == 0


def test_dead_lettered_events_are_counted(office):
    """Until somebody takes them away."""
    name = "scans/blobcreated/2026/11/21/10/1.json"
    office.write("deadletter", name, b"[]")
    assert office.sweep()["deadletters"] == 1
    office.blobs.get_blob_client("deadletter", name).delete_blob()
    assert office.sweep()["deadletters"] == 0


def test_office_without_poison_queues_and_dead_letters_sweeps_as_before(office):
    """Nothing to count is no fault."""
    container = office.blobs.get_container_client("deadletter")
    container.delete_container()
    queue = office.azurite.queues().get_queue_client(f"{EVENTS}-poison")
    queue.delete_queue()
    try:
        counts = office.sweep()
    finally:
        container.create_container()
        queue.create_queue()
    assert (counts["poison"], counts["deadletters"]) == (0, 0)


def test_quota_in_use_is_told(office, heard):
    """What was used, of how much, in which span, by which lane."""
    quotas = (Quota(30, MINUTE), Quota(100, HOUR))
    office.outside.carries = replace(office.outside.carries, quotas=quotas)
    office.scan(to=OUTSIDE)
    office.sweep()
    first, second = lines(heard, "quota")
    assert first == "event=quota lane=acs unit=mails span_s=60 used=1 most=30"
    assert second == "event=quota lane=acs unit=mails span_s=3600 used=1 most=100"


def test_end_of_a_certificate_is_told_once_an_hour(office, heard, authority):
    """The connector's, with its setting and the days that are left."""
    pem = authority.issue("scanpost.contoso.com").read_text()
    own = OwnCertificate("RELAY_CLIENT_CERTIFICATE", pem)
    office.outside.endpoint = Endpoint("mx.contoso.com", 25, certificate=own)
    sweeper = Sweeper(office.works)
    for _ in range(2):
        sweeper.sweep()
        office.later(minutes=5)
    (line,) = lines(heard, "ends")
    assert line.startswith("event=ends what=RELAY_CLIENT_CERTIFICATE days=")
    assert 5 <= int(line.split("days=")[1].split()[0]) <= 7


def test_end_of_the_applications_certificate_is_told(make_office, heard, authority):
    """MAIL_CLIENT_CERTIFICATE, text or file."""
    file = authority.issue("scanpost.contoso.com")
    for text in (str(file), file.read_text().replace("\n", "\\n")):
        heard.clear()
        make_office(MAIL_CLIENT_CERTIFICATE=text).sweep()
        (line,) = lines(heard, "ends")
        assert "what=MAIL_CLIENT_CERTIFICATE days=" in line


def test_certificate_that_a_secret_stands_before_is_not_told_of(
    make_office, heard, authority
):
    """MAIL_CLIENT_SECRET wins: nobody knows when it ends, and the other is not used."""
    file = authority.issue("scanpost.contoso.com")
    changes = {"MAIL_CLIENT_CERTIFICATE": str(file), "MAIL_CLIENT_SECRET": "x"}
    make_office(**changes).sweep()
    assert not lines(heard, "ends")


def test_end_of_a_service_in_use_is_told_half_a_year_before(office, heard):
    """ACS Email is retired in 2028."""
    office.later(days=(2028 - 2026) * 365)
    office.sweep()
    (line,) = lines(heard, "ends")
    assert line.startswith('event=ends what="ACS Email is retired" days=')


def test_reason_of_a_leftover_is_told_like_any_other(office, heard):
    """Held by the sweep itself."""
    office.put("mfp/scan.pdf.part")
    office.later(hours=25)
    office.sweep()
    (line,) = lines(heard, "backlog")
    assert f"reason={Reason.LEFTOVER} scans=1 oldest_s=0" in line
