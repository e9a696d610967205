"""Tokens from Entra: each credential, their care, and every way to be refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.mail_faults import MailFault, Step
from local.web import Fault, Moment, Response
from shared.errors import (
    AuthRefusedError,
    ConfigError,
    ForwardError,
    ThrottledError,
    UnreachableError,
)
from shared.transports import sasl, xoauth2
from shared.transports.base import Patience
from shared.transports.config import fill
from shared.transports.xoauth2 import Tokens

from .conftest import Stage
from .makers import a_message, another_message
from .peers import PASSWORD, SECRET, Peers, closed_port
from .rigs import HASTY, HVE, PATIENT, hve_settings


def tokens(peers: Peers, patience: Patience = PATIENT, /, **changes: str) -> Tokens:
    """Make a source of tokens."""
    settings = {**hve_settings(peers), **changes}
    return xoauth2.tokens(fill(xoauth2.Config, settings), patience)


def test_xoauth2_string_is_as_specified():
    """The one message of XOAUTH2: user and bearer token, ^A between and behind."""
    assert sasl.xoauth2("a@b.c", "t") == b"user=a@b.c\x01auth=Bearer t\x01\x01"


def test_plain_string_is_as_specified():
    """The one message of PLAIN (RFC 4616): no authorisation identity, UTF-8."""
    assert sasl.plain("a@b.c", "pä") == b"\0a@b.c\0p\xc3\xa4"


def test_login_strings_are_as_specified():
    """The two messages of LOGIN: user, then password."""
    assert sasl.login("a@b.c", "p") == (b"a@b.c", b"p")


@pytest.mark.parametrize("way", ["secret", "text", "one line", "file", "identity"])
def test_application_signs_in(way: str, stage: Stage, tmp_path: Path):
    """A secret, a certificate, a federated identity: each gets a token that works."""
    pem = stage.peers.certificate
    file = tmp_path / "application.pem"
    file.write_text(pem, encoding="ascii")
    certificate = {
        "text": pem,
        "one line": pem.replace("\n", "\\n"),
        "file": str(file),
    }.get(way, "")
    secret = SECRET if way == "secret" else ""
    transport = stage.build(
        HVE, MAIL_CLIENT_SECRET=secret, MAIL_CLIENT_CERTIFICATE=certificate
    )

    stage.send(transport, a_message())

    assert len(stage.peers.entra.issued) == 1


def test_password_is_taken_before_a_token(stage: Stage):
    """With HVE_PASSWORD nobody asks Entra."""
    stage.send(stage.build(HVE, HVE_PASSWORD=PASSWORD), a_message())

    assert not stage.peers.entra.issued


def test_token_is_used_again(peers: Peers):
    """A token that is good for more than ten minutes is kept."""
    source = tokens(peers)

    assert source.get() == source.get()
    assert len(peers.entra.issued) == 1


def test_token_is_renewed_ten_minutes_early(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
):
    """A token with less than ten minutes left is replaced before it is used."""
    monkeypatch.setattr(peers.entra, "lifetime_seconds", 595.0)
    source = tokens(peers)

    assert source.get() != source.get()


def test_ending_token_outlasts_an_outage(peers: Peers, monkeypatch: pytest.MonkeyPatch):
    """While Entra is away, what is left of a token is used up."""
    monkeypatch.setattr(peers.entra, "lifetime_seconds", 595.0)
    source = tokens(peers)
    token = source.get()
    peers.entra.server.faults.add(Fault(Moment.ANSWER, Response(503), times=9))

    assert source.get() == token
    assert source.get() == token


def test_refused_token_is_not_used_again(peers: Peers):
    """A forced renewal asks Entra, whatever any cache holds."""
    source = tokens(peers)
    refused = source.get()

    assert source.get(refused=refused) != refused
    assert len(peers.entra.issued) == 2


def test_token_that_somebody_renewed_is_not_renewed_again(peers: Peers):
    """Of several threads whose token was refused, one asks for another."""
    source = tokens(peers)
    refused = source.get()

    with ThreadPoolExecutor(8) as pool:
        renewed = set(pool.map(lambda _: source.get(refused=refused), range(8)))

    assert len(renewed) == 1
    assert len(peers.entra.issued) == 2


def test_many_threads_ask_once(peers: Peers):
    """Threads that need a token at once share one request."""
    source = tokens(peers)

    with ThreadPoolExecutor(8) as pool:
        got = set(pool.map(lambda _: source.get(), range(8)))

    assert len(got) == len(peers.entra.issued) == 1


def test_refused_sign_in_renews_the_token_once(stage: Stage):
    """After one 535 a new token is tried, on a new connection."""
    no = MailFault(step=Step.AUTH, reply="535 5.7.3 Authentication unsuccessful")
    stage.peers.mail.faults.add(no)

    stage.send(stage.build(HVE), another_message())

    assert len(stage.peers.mail.mails) == 1
    assert len(stage.peers.entra.issued) == 2


def test_sign_in_refused_twice_is_given_up(stage: Stage):
    """After a second 535 the scan waits, and a person is told."""
    no = "535 5.7.3 Authentication unsuccessful"
    stage.peers.mail.faults.add(MailFault(step=Step.AUTH, reply=no, times=9))

    with pytest.raises(AuthRefusedError):
        stage.send(stage.build(HVE), another_message())

    assert len(stage.peers.entra.issued) == 2


def test_token_that_the_server_rejects_ends_in_535(stage: Stage):
    """The server's JSON error is answered with an empty line, and the 535 is read."""
    with (
        stage.peers.mail_server(application="another-app") as server,
        pytest.raises(AuthRefusedError, match="535"),
    ):
        stage.build(HVE, HVE_PORT=str(server.port)).check()


def oauth_error(status: int, code: str, words: str, retry_after: str = "") -> Fault:
    """An answer of Entra's without a token, for as long as it is asked."""
    headers = {"Retry_After": retry_after} if retry_after else {}
    body = {"error": code, "error_description": f"{words} Trace ID: 1234"}
    return Fault(Moment.ANSWER, Response.of(status, body, **headers), method="POST")


PAGE = Response(200, b"<html>Please pay", {"Content-Type": "text/html"})
REFUSALS = [
    (oauth_error(401, "invalid_client", "AADSTS7000222: expired"), AuthRefusedError),
    (oauth_error(400, "invalid_request", "AADSTS90002: who?"), AuthRefusedError),
    (oauth_error(403, "forbidden", "AADSTS53003: policy"), AuthRefusedError),
    (oauth_error(429, "throttled", "AADSTS90055: many", "21"), ThrottledError),
    (oauth_error(400, "temporarily_unavailable", "AADSTS50196"), UnreachableError),
    (oauth_error(503, "x", "AADSTS90033: later", "8"), UnreachableError),
    (Fault(Moment.ANSWER, PAGE, method="POST"), UnreachableError),
    (Fault(Moment.ANSWER, PAGE), UnreachableError),
    (Fault(Moment.ANSWER, Response(500)), UnreachableError),
    (Fault(Moment.ANSWER, Response.of(404, {})), AuthRefusedError),
    (Fault(Moment.ANSWER, Response.of(200, {})), UnreachableError),
    (Fault(Moment.ANSWER), UnreachableError),
    (Fault(Moment.ANSWER, method="POST"), UnreachableError),
]


@pytest.mark.parametrize(("fault", "error"), REFUSALS)
def test_entras_refusals_have_their_answers(
    fault: Fault, error: type[ForwardError], peers: Peers
):
    """Whatever Entra answers in the place of a token becomes one of our answers."""
    peers.entra.server.faults.add(fault)
    # MSAL tries once more after a broken connection.
    peers.entra.server.faults.add(fault)

    with pytest.raises(error) as caught:
        tokens(peers).get()

    assert type(caught.value) is error
    assert "Trace ID" not in caught.value.what


def test_entras_wait_is_passed_on(peers: Peers):
    """Retry-After of a 429 reaches the gate, at the repeat from MSAL's cache too."""
    peers.entra.server.faults.add(oauth_error(429, "throttled", "many", "21"))
    source = tokens(peers)

    for _ in range(2):
        with pytest.raises(ThrottledError) as caught:
            source.get()
        assert caught.value.retry_after == 21


def test_entra_that_does_not_answer_is_unreachable(peers: Peers):
    """Nobody waits for Entra longer than the time-out."""
    peers.entra.server.faults.add(Fault(Moment.STALL, times=3))

    with pytest.raises(UnreachableError):
        tokens(peers, HASTY).get()


def test_threads_behind_a_failed_request_share_its_fate(peers: Peers):
    """Nobody waits for a second time-out who waited for the first."""
    peers.entra.server.faults.add(Fault(Moment.STALL, times=9))
    source = tokens(peers, HASTY)
    before = peers.entra.server.connections
    together = threading.Barrier(6)

    def ask(_: int) -> None:
        together.wait(timeout=5)
        with pytest.raises(UnreachableError):
            source.get()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(6)))

    assert peers.entra.server.connections - before <= 2


def test_entra_that_is_not_there_is_unreachable(peers: Peers):
    """No connection is no refusal."""
    host = f"https://localhost:{closed_port()}"

    with pytest.raises(UnreachableError):
        tokens(peers, AZURE_AUTHORITY_HOST=host).get()


@pytest.mark.parametrize(
    ("setting", "value", "hint"),
    [
        ("MAIL_CLIENT_SECRET", "wrong", "MAIL_CLIENT_SECRET is wrong"),
        ("MAIL_CLIENT_ID", "app-2", "MAIL_CLIENT_ID is not known"),
        ("MAIL_TENANT_ID", "tenant-2", "MAIL_TENANT_ID is not known"),
    ],
)
def test_refusal_says_which_setting_is_wrong(
    setting: str, value: str, hint: str, peers: Peers
):
    """What Entra's code means is said with the setting to look at."""
    with pytest.raises(AuthRefusedError) as caught:
        tokens(peers, **{setting: value}).get()

    assert hint in caught.value.hint
    assert SECRET not in str(caught.value)


def test_identity_that_is_not_federated_is_refused(
    peers: Peers, monkeypatch: pytest.MonkeyPatch
):
    """An identity that the application does not know waits for a person."""
    monkeypatch.setattr(peers.identity, "_object_id", "another-object")

    with pytest.raises(AuthRefusedError) as caught:
        tokens(peers, MAIL_CLIENT_SECRET="").get()

    assert "federated" in caught.value.hint


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(Moment.ANSWER), UnreachableError),
        (Fault(Moment.ANSWER, Response.of(400, {"error": "no"})), AuthRefusedError),
        (Fault(Moment.ANSWER, Response.of(401, {"error": "no"})), AuthRefusedError),
    ],
)
def test_identitys_refusals_have_their_answers(
    fault: Fault, error: type[ForwardError], peers: Peers
):
    """Whatever the identity endpoint answers becomes one of our answers, at once."""
    peers.identity.server.faults.add(fault)

    with pytest.raises(error):
        tokens(peers, MAIL_CLIENT_SECRET="").get()


@pytest.mark.parametrize("setting", ["MAIL_TENANT_ID", "MAIL_CLIENT_ID"])
def test_missing_setting_is_said_before_anything_is_sent(setting: str, peers: Peers):
    """Without a tenant or an application there is nobody to be."""
    with pytest.raises(ConfigError, match=setting):
        tokens(peers, **{setting: ""})


@pytest.mark.parametrize("value", ["no such file", "-----BEGIN PRIVATE KEY-----"])
def test_certificate_that_is_none_is_said_before_anything_is_sent(
    value: str, peers: Peers
):
    """A certificate without its key, or none at all, is a mistake in the settings."""
    with pytest.raises(ConfigError, match="MAIL_CLIENT_CERTIFICATE"):
        tokens(peers, MAIL_CLIENT_SECRET="", MAIL_CLIENT_CERTIFICATE=value)


def test_secrets_do_not_show(peers: Peers):
    """Neither a config nor a credential shows its secret."""
    settings = {**hve_settings(peers), "MAIL_CLIENT_CERTIFICATE": "a-key"}
    config = fill(xoauth2.Config, settings)
    credential = sasl.Password("user", PASSWORD).ready()

    assert SECRET not in repr(config)
    assert "a-key" not in repr(config)
    assert "LOGIN" not in repr(credential)
    assert PASSWORD not in repr(sasl.Password("user", PASSWORD))
