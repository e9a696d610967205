"""Health: what is in reach, asked at most once a minute."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.certificates import Authority
from shared.duty import Duty
from shared.errors import AuthRefusedError, ConfigError, UnreachableError
from shared.health import Health, check
from tests.path.office import ROUTES
from tests.scripted import Scripted


def results(office):
    """Name and whether it is well, of each check."""
    return {c.name: c.is_ok for c in check(office.works) if not c.is_warning}


def test_all_is_well(office):
    """Storage, routes, and each transport."""
    assert results(office) == {
        "storage": True,
        "routes": True,
        "transport hve": True,
        "transport acs": True,
    }


def test_missing_container_is_named(office):
    """The deployment lacks something that scans need."""
    office.blobs.get_container_client("held").delete_container()
    (storage, *_) = check(office.works)
    office.azurite.provision()
    assert not storage.is_ok
    assert "held" in storage.text


@pytest.mark.parametrize("queue", ["scan-events", "scan-retries", "delivery-reports"])
def test_missing_queue_is_named(office, queue):
    """Without it nothing would ever come, or come back."""
    client = office.azurite.queues().get_queue_client(queue)
    client.delete_queue()
    try:
        told = {each.name: each for each in check(office.works)}["storage"]
    finally:
        client.create_queue()
    assert not told.is_ok
    assert (
        told.text == f"there is no queue {queue} (create queue {queue} in the account)"
    )


def test_routes_that_never_were_good_are_told_as_that(office):
    """No last good ones are in force then: scans wait."""
    office.clear()
    office.routes("[defaults\n")
    told = {each.name: each for each in check(office.hired())}["routes"]
    assert "scans wait until they are mended" in told.text


def test_broken_routes_are_told_with_their_line(office):
    """The last good ones stay in force; somebody should mend the file."""
    office.routes(ROUTES)
    office.scan()
    office.routes("[defaults]\nfallbak = 5\n")
    (_, routes, *_) = check(office.works)
    assert not routes.is_ok
    assert "line 2" in routes.text


@pytest.mark.parametrize(
    ("error", "is_passing"),
    [
        (UnreachableError("down"), True),
        (AuthRefusedError("535 no", hint="renew the secret"), False),
        (ConfigError("no host", hint="set HVE_HOST"), False),
    ],
)
def test_transport_that_cannot_sign_in_says_why(office, error, is_passing):
    """What is wrong, what to do, and whether it may mend itself."""

    def refuse():
        raise error

    office.inside.check = refuse
    told = {each.name: each for each in check(office.works)}["transport hve"]
    assert (told.is_ok, told.is_passing) == (False, is_passing)
    assert told.text == str(error)


def test_results_are_kept_for_60_seconds(office):
    """A probe cannot hammer the mail server."""
    asked = []

    def fine():
        asked.append("hve")
        return "fine"

    office.inside.check = fine
    health = Health(office.works)
    for _ in range(3):
        health.checks()
    assert len(asked) == 1
    office.later(seconds=61)
    health.checks()
    assert len(asked) == 2


def test_detail_is_json(office):
    """One object per check."""
    duty = Duty(office.works)
    assert duty.is_healthy()
    names = [each["check"] for each in json.loads(duty.health_report())]
    assert names == ["storage", "routes", "transport hve", "transport acs"]


def test_sign_in_that_dies_before_long_is_a_warning(office):
    """A person must sign in again; until then all is well."""

    class Person(Scripted):
        """Somebody's sign-in."""

        def tend(self) -> None:
            """Nothing to do."""

        def warning(self) -> str:
            """It dies."""
            return "the sign-in of jane@contoso.com dies of disuse in 9 days"

    ways = {**office.works.transports, "exo": Person("exo", "scans@contoso.com")}
    told = [c for c in check(replace(office.works, transports=ways)) if c.is_warning]
    assert [each.name for each in told] == ["sign-in of exo"]
    assert all(each.is_ok for each in told)


def test_end_of_what_is_in_use_is_a_warning_in_its_last_180_days(office):
    """Well until then, so nobody is woken at night."""
    office.offset = datetime(2028, 5, 1, tzinfo=UTC) - datetime.now(UTC)
    (told,) = [each for each in check(office.works) if each.is_warning]
    assert told.name == "end of acs"
    assert told.is_ok
    assert "2028-09-30" in told.text
    office.offset = datetime(2028, 3, 1, tzinfo=UTC) - datetime.now(UTC)
    assert not any(each.is_warning for each in check(office.works))


def test_certificate_that_ends_within_a_month_is_a_warning(make_office):
    """It is well today; whoever renews it must know in time."""
    with Authority() as authority:
        pem = authority.issue("scanpost.contoso.com").read_text()
    office = make_office(MAIL_CLIENT_CERTIFICATE=pem)
    (warned,) = (each for each in check(office.works) if each.is_warning)
    assert warned.name == "end of MAIL_CLIENT_CERTIFICATE"
    assert warned.is_ok
    assert warned.text.startswith("it ends in 6 days, on 20")
    office.later(days=8)
    (warned,) = (each for each in check(office.works) if each.is_warning)
    assert warned.text.startswith("it has ended, on 20")
