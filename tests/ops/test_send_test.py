"""`scanpost send-test`: each step of the way, against peers that are really there."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local.mail_faults import MailFault, Step, Then
from ops.__main__ import main
from tests.transports.makers import SENDER
from tests.transports.peers import UNKNOWN, Peers, closed_port, parsed
from tests.transports.rigs import (
    acs_settings,
    exo_settings,
    graph_settings,
    hve_settings,
    mx_settings,
    smtp_settings,
)

INSIDE, OUTSIDE = "office@contoso.com", "eve@fabrikam.com"
STEPS = ["dns", "tcp", "tls", "sign-in", "mail"]
DONE, NO, USAGE, LATER = range(4)
RUNNING_SETTINGS: Mapping[str, Callable[[Peers], Mapping[str, str]]] = {
    "acs": acs_settings,
    "direct": mx_settings("DIRECT"),
    "exo": exo_settings,
    "graph": graph_settings,
    "hve": hve_settings,
    "relay": mx_settings("RELAY"),
    "smtp": smtp_settings,
}

type Steps = list[dict[str, Any]]


@pytest.fixture
def peers(peers: Peers, monkeypatch: pytest.MonkeyPatch) -> Peers:
    """Give the stand-ins, and settings of every transport that lead to them."""
    for each in RUNNING_SETTINGS.values():
        for name, value in each(peers).items():
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("SCAN_STORAGE", "UseDevelopmentStorage=true")
    return peers


@pytest.fixture
def send_test(
    peers: Peers,  # noqa: ARG001 (its environment)
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, Steps]]:
    """Send a test: exit status, and the steps of the one JSON document."""

    def run(*words: str, to: str = INSIDE, **env: str) -> tuple[int, Steps]:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        status = main(["send-test", "--to", to, "--json", *words])
        return status, json.loads(capsys.readouterr().out)

    return run


def by(transport: str, steps: Steps) -> Steps:
    """The steps of one transport."""
    return [each for each in steps if each["transport"] == transport]


@pytest.mark.parametrize("name", RUNNING_SETTINGS)
def test_each_transport_is_tried_to_the_mail(name: str, send_test, peers: Peers):
    """Name, port, certificate, sign-in and mail: five times yes, and a mail."""
    status, steps = send_test("--transport", name)

    assert status == DONE
    assert [each["step"] for each in by(name, steps)] == STEPS
    assert all(each["ok"] and not each["hint"] for each in steps)
    keys = {"transport", "sender", "step", "ok", "text", "hint", "ms"}
    assert all(each.keys() == keys for each in steps)
    arrived = peers.arrived_by_mail() + peers.arrived_by_acs()
    (mail,) = arrived + peers.arrived_by_graph()
    assert mail.recipients == (INSIDE,)
    assert steps[-1]["sender"] == SENDER


def test_mail_says_what_it_is_and_where_it_comes_from(send_test, peers: Peers):
    """A test, by which transport, from which machine; with an id of its own."""
    _, first = send_test("--transport", "exo")
    send_test("--transport", "exo")

    one, two = (parsed(each.wire) for each in peers.arrived_by_mail())
    assert "exo" in one["Subject"]
    assert "Test" in one["Subject"]
    assert one["Message-ID"] != two["Message-ID"]
    assert str(one["Message-ID"]) in first[-1]["text"]
    body = one.get_body(("plain",))
    assert body
    assert socket.gethostname() in body.get_content()
    assert SENDER in body.get_content()


def test_certificate_is_shown(send_test):
    """Whose, for which names, by whom, until when; and the version of TLS."""
    _, steps = send_test("--transport", "hve")
    (tls,) = (each["text"] for each in steps if each["step"] == "tls")
    assert tls.startswith("TLSv1.3; certificate of CN=localhost for localhost, ")
    assert "by CN=Scanpost local authority" in tls
    assert "6 days left" in tls


def test_every_transport_of_both_sides_is_tried(send_test):
    """One that fails does not stop the next; each is tried once."""
    closed = str(closed_port())
    both = {"INTERNAL_TRANSPORT": "hve,exo", "EXTERNAL_TRANSPORT": "exo,acs"}
    status, steps = send_test(HVE_PORT=closed, **both)

    assert status == LATER
    assert [each["ok"] for each in by("hve", steps)] == [True, False]
    for name in ("exo", "acs"):
        assert [each["step"] for each in by(name, steps)] == STEPS
        assert all(each["ok"] for each in by(name, steps))


def test_address_has_a_side(send_test):
    """INTERNAL_DOMAINS decides, and no policy is asked."""
    _, steps = send_test("--transport", "exo")
    assert f"{INSIDE} is inside" in steps[0]["text"]
    status, steps = send_test("--transport", "exo", to=OUTSIDE)
    assert status == NO  # The stand-in for Exchange reaches the inside only.
    assert f"{OUTSIDE} is outside" in steps[0]["text"]


def test_who_cannot_reach_the_address_is_skipped(send_test):
    """Said so; that is no failure of theirs."""
    sides = {"INTERNAL_TRANSPORT": "hve,direct", "EXTERNAL_TRANSPORT": "acs"}
    status, steps = send_test(to=OUTSIDE, **sides)

    assert status == DONE
    for name in ("hve", "direct"):
        (step,) = by(name, steps)
        assert step["ok"]
        assert "skipped: it reaches the inside only" in step["text"]
    assert [each["step"] for each in by("acs", steps)] == STEPS


def test_nobody_reaching_the_address_is_no(send_test):
    """What must be set is named."""
    sides = {"INTERNAL_TRANSPORT": "hve", "EXTERNAL_TRANSPORT": "outbox"}
    status, steps = send_test(to=OUTSIDE, **sides)
    assert status == NO
    assert not steps[-1]["ok"]
    assert "EXTERNAL_TRANSPORT" in steps[-1]["hint"]


def failed(steps: Steps) -> dict[str, Any]:
    """The one step that failed; it is the last."""
    assert [each["ok"] for each in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1]["hint"]
    return steps[-1]


def test_name_that_is_not_known(send_test):
    """The first step; nothing is tried after it."""
    host = "contoso-com.mail.protection.outlook.invalid"
    status, steps = send_test("--transport", "relay", RELAY_HOST=host)
    step = failed(steps)
    assert (status, step["step"]) == (LATER, "dns")
    assert host in step["text"]


def test_name_that_cannot_be_one(send_test):
    """Where the right one stands is said."""
    host = f"{'contoso' * 10}.mail.protection.outlook.com"
    step = failed(send_test("--transport", "relay", RELAY_HOST=host)[1])
    assert step["step"] == "dns"
    assert "admin center, Settings, Domains" in step["hint"]


def test_closed_port(send_test):
    """Nobody listens: the port, not the network."""
    port = str(closed_port())
    status, steps = send_test("--transport", "smtp", SMTP_PORT=port)
    step = failed(steps)
    assert (status, step["step"]) == (LATER, "tcp")
    assert f"localhost:{port}" in step["text"]
    assert "check the port" in step["hint"]


def test_starttls_that_is_not_offered(send_test, peers: Peers):
    """Nothing is said in the open."""
    with peers.mail_server(offers_tls=False) as server:
        port = str(server.port)
        status, steps = send_test("--transport", "smtp", SMTP_PORT=port)
    step = failed(steps)
    assert (status, step["step"]) == (LATER, "tls")
    assert "offers no STARTTLS" in step["text"]


def test_certificate_of_an_unknown_authority(
    send_test, monkeypatch: pytest.MonkeyPatch
):
    """It is shown all the same, and where to put its authority."""
    monkeypatch.delenv("SSL_CERT_FILE")
    _, steps = send_test("--transport", "hve")
    step = failed(steps)
    assert step["step"] == "tls"
    assert "by CN=Scanpost local authority" in step["text"]
    assert "SSL_CERT_FILE" in step["hint"]


def test_bundle_counts_for_those_that_read_it(
    send_test, monkeypatch: pytest.MonkeyPatch
):
    """REQUESTS_CA_BUNDLE is enough for ACS, and nothing to a mail server."""
    monkeypatch.delenv("SSL_CERT_FILE")
    assert send_test("--transport", "acs")[0] == DONE
    assert failed(send_test("--transport", "smtp")[1])["step"] == "tls"


def test_certificate_for_another_name(send_test, peers: Peers):
    """The names that it is for are the ones to choose from."""
    with peers.mail_server("mail.fabrikam.com") as server:
        _, steps = send_test("--transport", "smtp", SMTP_PORT=str(server.port))
    step = failed(steps)
    assert step["step"] == "tls"
    assert "for mail.fabrikam.com, by" in step["text"]
    assert "names as the host" in step["hint"]


def test_tls_may_come_first(send_test, peers: Peers):
    """As the transport does it."""
    with peers.mail_server(is_tls_first=True) as server:
        port = {"SMTP_PORT": str(server.port), "SMTP_TLS": "tls"}
        status, steps = send_test("--transport", "smtp", **port)
    assert (status, len(by("smtp", steps))) == (DONE, len(STEPS))


def test_refused_sign_in(send_test):
    """The peer's words, and what mends it; no mail is tried."""
    status, steps = send_test("--transport", "exo", MAIL_CLIENT_SECRET="wrong")
    step = failed(steps)
    assert (status, step["step"], step["sender"]) == (NO, "sign-in", SENDER)
    assert "AADSTS7000215" in step["text"]
    assert "MAIL_CLIENT_SECRET" in step["hint"]


def test_each_sender_signs_in_for_itself(send_test):
    """One of two mailboxes is refused; the other one's mail goes out."""
    other = "scans-two@contoso.com"
    status, steps = send_test("--transport", "exo", EXO_SENDER=f"{SENDER},{other}")
    assert status == NO
    rows = [(each["sender"], each["step"], each["ok"]) for each in steps[4:]]
    signs_in, mails = (SENDER, "sign-in", True), (SENDER, "mail", True)
    assert rows == [signs_in, mails, (other, "sign-in", False)]


def test_refused_recipient(send_test, peers: Peers):
    """The server's own words about the address."""
    status, steps = send_test("--transport", "hve", to=UNKNOWN)
    assert (status, steps[-1]["step"], steps[-1]["ok"]) == (NO, "mail", False)
    assert "550 5.1.10" in steps[-1]["text"]
    assert not peers.mail.mails


def test_mail_whose_answer_is_lost(send_test, peers: Peers):
    """It may have arrived: nobody is told that it did not."""
    peers.mail.faults.add(MailFault(step=Step.AFTER, then=Then.HANG_UP))
    status, steps = send_test("--transport", "hve")
    assert (status, failed(steps)["step"]) == (NO, "mail")
    assert "may have arrived" in steps[-1]["hint"]


def test_server_that_wants_fewer_mails_is_for_later(send_test, peers: Peers):
    """Exit status 3."""
    peers.mail.faults.add(MailFault(step=Step.MAIL, reply="432 4.3.2 Too many"))
    assert send_test("--transport", "hve")[0] == LATER


def test_setting_that_is_missing(send_test, monkeypatch: pytest.MonkeyPatch):
    """Of one transport: it is named, and the others are tried."""
    monkeypatch.delenv("HVE_SENDER")
    sides = {"INTERNAL_TRANSPORT": "hve,exo", "EXTERNAL_TRANSPORT": "none"}
    status, steps = send_test(**sides)
    assert status == USAGE
    (step,) = by("hve", steps)
    assert (step["step"], step["ok"]) == ("settings", False)
    assert "HVE_SENDER" in step["text"]
    assert by("exo", steps)[-1]["ok"]


@pytest.mark.parametrize("to", ["nobody", "a@b@contoso.com", "Jane <j@contoso.com>"])
def test_address_that_is_none_is_usage(to: str, capsys: pytest.CaptureFixture[str]):
    """Exit status 2, before anything is tried."""
    assert main(["send-test", "--to", to]) == USAGE
    assert "--to:" in capsys.readouterr().err


@pytest.mark.usefixtures("peers")
def test_people_read_lines(capsys: pytest.CaptureFixture[str]):
    """Yes or NO, what it was, how long it took; below it what to do."""
    main(["send-test", "--to", INSIDE, "--transport", "hve"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("ok  hve dns: localhost is ")
    assert lines[-1].startswith(f"ok  hve mail {SENDER}: accepted: 250 ")
    assert lines[-1].endswith(" ms)")

    main(["send-test", "--to", UNKNOWN, "--transport", "direct"])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("NO  direct mail") for line in lines)
