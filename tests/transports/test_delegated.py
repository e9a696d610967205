"""A person's sign-in: kept, renewed, and warned of before it dies."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.web import Fault, Moment, Response
from shared.errors import AuthRefusedError, ConfigError, UnreachableError
from shared.transports import exo, keyvault
from shared.transports.config import fill
from shared.transports.delegated import Delegated, Saved
from shared.transports.exo import Exo
from shared.transports.token_store import SECRET

from .conftest import Stage
from .makers import SENDER, another_message
from .peers import HOUSE, Peers
from .rigs import EXO, EXO_DELEGATED, PATIENT, delegated_settings, exo_settings, sign_in

JANE, COPIES = "jane@contoso.com", "copies@contoso.com"
LOGIN = "python -m ops login"


@pytest.fixture(autouse=True)
def _nobody_signed_in(peers: Peers) -> Iterator[None]:
    """Begin and end without anybody."""
    peers.forget_people()
    yield
    peers.forget_people()


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    """Hear what the journal says."""
    caplog.set_level(logging.DEBUG)


def built(stage: Stage, **changes: str) -> Exo:
    """Exchange Online by the sign-in of a person."""
    made = stage.build(EXO_DELEGATED, **changes)
    assert isinstance(made, Exo)
    return made


def kept(peers: Peers) -> dict[str, Any]:
    """What the vault holds."""
    whole: dict[str, Any] = json.loads(peers.vault.secrets[SECRET][0])
    return whole


def rewritten(peers: Peers, **changes: Any) -> None:
    """Change what the vault holds."""
    text = json.dumps({**kept(peers), **changes})
    peers.vault.secrets[SECRET] = text, "application/json"


def test_persons_token_sends_a_mail(stage: Stage):
    """By Exchange's own scope for people, and not by the application's secret."""
    stage.send(built(stage), another_message())

    (token,) = stage.peers.entra.issued[1:]
    claims = stage.peers.issuer.verify(token, "https://outlook.office.com")
    assert (claims["scp"], claims["upn"]) == ("SMTP.Send", SENDER)
    assert len(stage.peers.mail.mails) == 1


@pytest.mark.parametrize("granted", [True, False])
def test_person_sends_by_a_mailbox_that_was_granted(granted: bool, stage: Stage):
    """One sign-in serves several mailboxes, where the person has access to them."""
    settings = {**delegated_settings(stage.peers), "EXO_SENDER": f"{SENDER},{COPIES}"}
    sign_in(stage.peers, settings, JANE)
    people = frozenset({JANE})
    delegates = {SENDER: people, COPIES: people} if granted else {SENDER: people}
    accounts = {**HOUSE.accounts, COPIES: ""}
    with stage.peers.mail_server(accounts=accounts, delegates=delegates) as server:
        transport = built(
            stage, EXO_SENDER=settings["EXO_SENDER"], EXO_PORT=str(server.port)
        )
        if granted:
            assert f"{JANE} signed in" in transport.check()
        else:
            with pytest.raises(AuthRefusedError, match="535"):
                transport.check()


def test_store_holds_neither_an_access_token_nor_a_secret_in_the_open(stage: Stage):
    """What ends within the hour is not kept; the envelope says who and when."""
    built(stage)
    whole = kept(stage.peers)

    assert whole.keys() == {"version", "saved", "account", "cache"}
    assert (whole["version"], whole["account"]) == (1, SENDER)
    assert "AccessToken" not in whole["cache"]
    assert whole["cache"]["RefreshToken"]
    assert not set(stage.peers.entra.issued) & set(json.dumps(whole).split('"'))
    saved = Saved.of(json.dumps(whole))
    assert "secret" not in repr(saved)


def test_sign_in_is_renewed_and_kept_once_a_day(stage: Stage):
    """Entra gives a new refresh token each time; one a day is enough."""
    transport = built(stage)
    writes = stage.peers.vault.writes
    before = kept(stage.peers)
    transport.check()
    assert stage.peers.vault.writes == writes

    stage.clock.now += timedelta(hours=25)
    another = built(stage)
    another.check()

    after = kept(stage.peers)
    assert stage.peers.vault.writes == writes + 1
    assert after["saved"] > before["saved"]
    assert after["cache"]["RefreshToken"] != before["cache"]["RefreshToken"]


def test_what_another_worker_renewed_is_used(stage: Stage):
    """The store is read for each token: a new sign-in needs no restart."""
    transport = built(stage)
    stage.peers.entra.people.revoke(SENDER)
    with pytest.raises(AuthRefusedError):
        transport.check()

    sign_in(stage.peers, delegated_settings(stage.peers))

    assert SENDER in transport.check()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AADSTS700082", "inactivity"),
        ("AADSTS50173", "revoked"),
        ("AADSTS65001", "consent"),
        ("AADSTS70043", "sign-in frequency"),
        ("AADSTS70044", "session"),
        ("AADSTS54005", "something new"),
        ("AADSTS53003", "policy"),
    ],
)
def test_sign_in_that_has_ended_says_what_to_do(code: str, words: str, stage: Stage):
    """Whatever ends it, a person must sign in again; nothing of it shows."""
    transport = built(stage)
    rewritten(stage.peers, saved=(stage.clock.now - timedelta(days=80)).isoformat())
    secrets = [
        each["secret"] for each in kept(stage.peers)["cache"]["RefreshToken"].values()
    ]
    body = {
        "error": "invalid_grant",
        "error_description": f"{code}: {words} Trace ID: 1",
    }
    fault = Fault(Moment.ANSWER, Response.of(400, body), method="POST")
    stage.peers.entra.server.faults.add(fault)

    with pytest.raises(AuthRefusedError, match=code) as caught:
        transport.check()

    assert caught.value.hint.count(LOGIN) == 1
    assert ("Conditional Access" in caught.value.hint) == (code == "AADSTS53003")
    assert not [each for each in secrets if each in str(caught.value)]


def test_stand_in_refuses_as_entra_does(stage: Stage):
    """After 90 days without use, and after a new password, it is over."""
    transport = built(stage)
    stage.peers.entra.people.age(SENDER, 91)
    with pytest.raises(AuthRefusedError, match="AADSTS700082"):
        transport.check()

    stage.peers.entra.people.revoke(SENDER)
    with pytest.raises(AuthRefusedError, match="AADSTS50173"):
        transport.check()


@pytest.mark.parametrize(
    "text", ["", "  ", "{}", "[]", "null", '{"version": 2}', "s3cret", '{"version": 1}']
)
def test_store_without_a_sign_in_says_what_to_do(text: str, stage: Stage):
    """Nobody has signed in yet, or something else is kept there."""
    transport = built(stage)
    stage.peers.vault.secrets[SECRET] = text, ""

    with pytest.raises(AuthRefusedError) as caught:
        transport.check()

    assert LOGIN in caught.value.hint
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_sign_in_of_another_application_is_none(stage: Stage):
    """What was kept for another cloud or application is not sent to this one."""
    transport = built(stage)
    rewritten(stage.peers, cache={})

    with pytest.raises(AuthRefusedError) as caught:
        transport.check()

    assert LOGIN in caught.value.hint


def test_store_that_cannot_be_written_costs_no_mail(
    stage: Stage, caplog: pytest.LogCaptureFixture
):
    """The mail goes, and the log says that the sign-in was not kept."""
    transport = built(stage)
    rewritten(stage.peers, saved=(stage.clock.now - timedelta(days=2)).isoformat())
    stage.peers.vault.may_write = False

    stage.send(transport, another_message())

    assert len(stage.peers.mail.mails) == 1
    (line,) = [each for each in caplog.messages if "token-not-kept" in each]
    assert "403" in line
    assert "refresh" not in line.lower()
    assert SENDER not in line


class Shared:
    """A store into which somebody else writes between two looks."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.written: list[str] = []

    def read(self) -> str:
        """Give what is there by now."""
        return self.texts.pop(0)

    def write(self, text: str) -> None:
        """Keep it."""
        self.written.append(text)


@pytest.mark.parametrize("is_alone", [True, False])
def test_newer_sign_in_is_not_written_over(is_alone: bool, stage: Stage):
    """Who signed in while a worker renewed the old one stays signed in."""
    config = fill(exo.Config, delegated_settings(stage.peers))
    rewritten(stage.peers, saved=(stage.clock.now - timedelta(days=2)).isoformat())
    old = json.dumps(kept(stage.peers))
    new = json.dumps({**kept(stage.peers), "account": JANE})
    store = Shared(old, old if is_alone else new)

    assert Delegated(config, store, stage.clock, PATIENT).ask()["access_token"]

    assert len(store.written) == is_alone


@pytest.mark.parametrize("setting", ["MAIL_TENANT_ID", "MAIL_CLIENT_ID"])
def test_delegated_sign_in_needs_an_application(setting: str, stage: Stage):
    """A person signs in to an application of the tenant."""
    with pytest.raises(ConfigError, match=setting):
        built(stage, **{setting: ""})


def test_building_asks_nobody(stage: Stage):
    """Neither the vault nor Entra is asked before the first mail."""
    settings = delegated_settings(stage.peers)
    before = stage.peers.vault.server.connections, stage.peers.entra.server.connections

    stage.build(EXO_DELEGATED, **settings)

    after = stage.peers.vault.server.connections, stage.peers.entra.server.connections
    assert after == before


def test_unused_sign_in_is_tended_once_a_day(stage: Stage):
    """Where no mail goes, something must use it; not more often than needed."""
    transport = built(stage)
    issued, writes = len(stage.peers.entra.issued), stage.peers.vault.writes
    transport.tend()
    assert len(stage.peers.entra.issued) == issued

    for _ in range(3):
        stage.clock.now += timedelta(hours=25)
        transport.tend()
        transport.tend()

    assert len(stage.peers.entra.issued) == issued + 3
    assert stage.peers.vault.writes == writes + 3


def test_tending_asks_the_store_once_an_hour(stage: Stage):
    """It may be called by every sweep."""
    transport = built(stage)
    transport.tend()
    before = stage.peers.vault.server.connections
    for _ in range(11):
        stage.clock.now += timedelta(minutes=5)
        transport.tend()
    assert stage.peers.vault.server.connections == before

    stage.clock.now += timedelta(minutes=6)
    transport.tend()

    assert stage.peers.vault.server.connections == before + 1


def test_tending_is_nothing_where_nobody_signed_in(stage: Stage):
    """An application's own sign-in needs none."""
    made = stage.build(EXO_DELEGATED, TOKEN_STORE="")
    assert isinstance(made, Exo)
    before = len(stage.peers.entra.issued)

    made.tend()

    assert len(stage.peers.entra.issued) == before


@pytest.mark.parametrize(
    ("days", "event", "left"),
    [(75, "token-not-renewed", None), (76, "token-dies", 14), (89.5, "token-dies", 0)],
)
def test_death_of_disuse_is_announced(
    days: float,
    event: str,
    left: int | None,
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
):
    """Two weeks before, when it could not be renewed: with the days that are left."""
    transport = built(stage)
    rewritten(stage.peers, saved=(stage.clock.now - timedelta(days=days)).isoformat())
    fault = Fault(Moment.ANSWER, Response(503), times=9)
    stage.peers.entra.server.faults.add(fault)

    transport.tend()

    (line,) = [each for each in caplog.messages if "event=token-" in each]
    assert f"event={event}" in line
    assert (f"days={left}" in line) == (left is not None)
    assert SENDER not in line


def test_check_warns_of_death_by_disuse(stage: Stage):
    """Where the store cannot be written, it works today, and soon no more."""
    transport = built(stage)
    rewritten(stage.peers, saved=(stage.clock.now - timedelta(days=80)).isoformat())
    stage.peers.vault.may_write = False

    said = transport.check()

    assert "in 10 days" in said
    assert LOGIN in said
    assert "\n" not in said


def test_check_warns_while_entra_is_away(stage: Stage):
    """It says what is wrong today, and what will be in some days."""
    transport = built(stage)
    rewritten(stage.peers, saved=(stage.clock.now - timedelta(days=80)).isoformat())
    stage.peers.entra.server.faults.add(Fault(Moment.ANSWER, Response(503), times=9))

    with pytest.raises(UnreachableError) as caught:
        transport.check()

    assert "in 10 days" in caught.value.hint


def test_sign_in_in_a_file_works_the_same(stage: Stage, tmp_path: Path):
    """On one machine no vault is needed."""
    file = str(tmp_path / "token.json")
    settings = {**exo_settings(stage.peers), "TOKEN_STORE": file}
    sign_in(stage.peers, settings)

    stage.send(stage.build(EXO, TOKEN_STORE=file), another_message())

    assert len(stage.peers.mail.mails) == 1
    assert not stage.peers.vault.writes


def test_nothing_of_a_sign_in_shows(stage: Stage):
    """Neither in a `repr` of the source nor in that of its configuration."""
    settings = delegated_settings(stage.peers)
    config = fill(exo.Config, settings)
    who = keyvault.as_identity(config.azure_client_id, PATIENT)
    source = Delegated(config, exo.store_of(config, who, PATIENT), stage.clock, PATIENT)

    assert source.ask()["access_token"]

    for each in kept(stage.peers)["cache"]["RefreshToken"].values():
        assert each["secret"] not in repr(source) + repr(vars(source)) + repr(config)
