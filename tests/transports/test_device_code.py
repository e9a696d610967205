"""A person comes in by a device code: Entra's stand-in, MSAL's own flow."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from local.people import DEVICE_GRANT, REFRESH_GRANT
from local.web import Fault, Moment, Response
from shared.errors import AuthRefusedError, UnreachableError
from shared.transports import exo, keyvault
from shared.transports.config import fill
from shared.transports.delegated import Entry

from .conftest import Stage
from .peers import APPLICATION, SECRET, Peers
from .rigs import PATIENT, exo_settings

JANE = "jane@contoso.com"
SCOPE = "https://outlook.office.com/SMTP.Send"


@pytest.fixture(autouse=True)
def _nobody_signed_in(peers: Peers) -> Iterator[None]:
    """Begin and end without anybody."""
    peers.forget_people()
    yield
    peers.forget_people()


class Quick:
    """Time for MSAL, which passes when it sleeps."""

    def __init__(self) -> None:
        self.slept = 0

    def time(self) -> float:
        """Give the time."""
        return time.time() + self.slept

    def sleep(self, seconds: int) -> None:
        """Let it pass."""
        self.slept += seconds


def entry(peers: Peers) -> Entry:
    """A person's way in."""
    config = fill(
        exo.Config, {**exo_settings(peers), "TOKEN_STORE": peers.vault.server.url}
    )
    who = keyvault.as_identity(config.azure_client_id, PATIENT)
    return Entry(config, exo.store_of(config, who, PATIENT), PATIENT)


def test_person_who_declines_is_not_signed_in(stage: Stage):
    """The answer is no, and nothing is kept."""
    way = entry(stage.peers)
    said = way.begin()
    (code,) = stage.peers.entra.people.waiting
    assert code in said
    stage.peers.entra.people.decline(code)

    with pytest.raises(AuthRefusedError, match="declined"):
        way.wait(stage.clock)

    assert not stage.peers.vault.secrets


def test_code_that_nobody_types_ends(stage: Stage):
    """Whoever came too late is told to ask for another."""
    stage.peers.entra.people.code_seconds = 0
    way = entry(stage.peers)
    way.begin()

    with pytest.raises(AuthRefusedError, match="AADSTS70019") as caught:
        way.wait(stage.clock)

    assert "another" in caught.value.hint


def test_waiting_heeds_slow_down(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """MSAL asks again, more slowly, until the person is in."""
    people = stage.peers.entra.people
    people.interval_seconds = 1
    quick = Quick()
    monkeypatch.setattr("msal.oauth2cli.oauth2.time", quick)
    way = entry(stage.peers)
    way.begin()
    for error in ("slow_down", "authorization_pending"):
        answer = Response.of(400, {"error": error})
        fault = Fault(Moment.ANSWER, answer, method="POST")
        stage.peers.entra.server.faults.add(fault)
    people.approve(people.waiting[0], JANE)

    assert way.wait(stage.clock) == JANE
    assert quick.slept == 12


def test_application_that_people_may_not_use_says_which_switch(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """Public client flows are off by default."""
    monkeypatch.setattr(stage.peers.entra.people, "_consented", frozenset())

    with pytest.raises(AuthRefusedError) as caught:
        entry(stage.peers).begin()

    assert "Allow public client flows" in caught.value.hint


def test_store_is_looked_at_before_anybody_types(stage: Stage):
    """Nobody signs in for nothing."""
    refused = Response.of(403, {"error": {"message": "no"}})
    stage.peers.vault.server.faults.add(Fault(Moment.ANSWER, refused))

    with pytest.raises(AuthRefusedError, match="403"):
        entry(stage.peers).begin()

    assert not stage.peers.entra.people.waiting


def test_entra_that_is_away_is_unreachable(stage: Stage):
    """As for an application."""
    stage.peers.entra.server.faults.add(Fault(Moment.ANSWER, times=3))

    with pytest.raises(UnreachableError):
        entry(stage.peers).begin()


def asked(peers: Peers, path: str = "token", **form: str) -> requests.Response:
    """Ask Entra's stand-in, as somebody who is not MSAL."""
    where = peers.entra.token_endpoint.replace("token", path)
    known = {"client_id": APPLICATION, "scope": f"{SCOPE} offline_access"}
    form = {name: text for name, text in (known | form).items() if text}
    return requests.post(where, data=form, timeout=5)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "app-2"}, "unauthorized_client"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "SMTP.Send"}, "invalid_scope"),
        (
            {"scope": "https://outlook.office.com/IMAP.AccessAsUser.All"},
            "invalid_grant",
        ),
    ],
)
def test_device_code_is_given_for_what_was_consented(
    change: dict[str, str], error: str, peers: Peers
):
    """An unknown application, a scope that is none, a permission nobody gave."""
    answer = asked(peers, "devicecode", **change)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": DEVICE_GRANT}, "bad_verification_code"),
        ({"grant_type": DEVICE_GRANT, "device_code": "x"}, "bad_verification_code"),
        ({"grant_type": REFRESH_GRANT}, "invalid_grant"),
        ({"grant_type": REFRESH_GRANT, "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": REFRESH_GRANT, "client_secret": SECRET}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
    ],
)
def test_nobody_comes_in_with_what_was_not_given(
    form: dict[str, str], error: str, peers: Peers
):
    """The stand-in is as strict as Entra about grants."""
    answer = asked(peers, **form)

    assert answer.json()["error"] == error
    assert answer.status_code in {400, 401}


def test_code_is_good_for_one_sign_in_and_asked_for_slowly(peers: Peers):
    """Pending, too fast, in; and a second time it is not known any more."""
    code = asked(peers, "devicecode").json()
    form = {"grant_type": DEVICE_GRANT, "device_code": code["device_code"]}
    errors = [asked(peers, **form).json()["error"] for _ in range(2)]
    peers.entra.people.interval_seconds = 1
    peers.entra.people.approve(code["user_code"], JANE)
    given = asked(peers, **form).json()

    assert errors == ["authorization_pending", "slow_down"]
    assert peers.issuer.verify(given["access_token"], "https://outlook.office.com")
    assert asked(peers, **form).json()["error"] == "bad_verification_code"


def test_refresh_token_is_replaced_and_the_old_one_lives_on(peers: Peers):
    """Many machines may hold it: Entra takes none away by giving another."""
    code = asked(peers, "devicecode").json()
    peers.entra.people.approve(code["user_code"], JANE)
    form = {"grant_type": DEVICE_GRANT, "device_code": code["device_code"]}
    first = asked(peers, **form).json()["refresh_token"]

    tokens = [
        asked(peers, grant_type=REFRESH_GRANT, refresh_token=first).json()[
            "refresh_token"
        ]
        for _ in range(2)
    ]

    assert len({first, *tokens}) == 3
