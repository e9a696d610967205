"""What is peculiar to the ways into Exchange Online: `direct`, `relay` and `exo`."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from local.mail_faults import MailFault, Step
from local.mailserver import House, MailServer
from shared.errors import (
    ConfigError,
    RecipientRefusedError,
    UnreachableError,
)
from shared.transports.client import crossing
from shared.transports.replies import Step as At

from .conftest import Stage
from .makers import File, a_message, another_message
from .peers import closed_port
from .rigs import DIRECT, EXO, RELAY, Rig

OUTSIDE = "partner@fabrikam.com"


def asking(stage: Stage) -> MailServer:
    """A mail server that wants to know who connects."""
    context = stage.peers.authority.context()
    context.load_verify_locations(stage.peers.authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    # Else a refused certificate shows itself only after the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return MailServer(House(needs_sign_in=False), context)


def own(stage: Stage) -> Path:
    """Key and certificate that the server trusts."""
    return stage.peers.authority.issue("scanpost.contoso.com")


def test_direct_refuses_outsiders_before_it_connects(stage: Stage):
    """Exchange would take the mail for spam, or refuse it person by person."""
    transport = stage.build(DIRECT)
    before = stage.peers.mx.connections
    with pytest.raises(RecipientRefusedError) as caught:
        stage.send(transport, a_message(bcc=(OUTSIDE,)))
    assert caught.value.refused == {OUTSIDE: "outside"}
    assert stage.peers.mx.connections == before


def test_direct_needs_to_know_who_is_inside(stage: Stage):
    """Without domains it would reach anybody."""
    with pytest.raises(ConfigError, match="INTERNAL_DOMAINS"):
        stage.build(DIRECT, INTERNAL_DOMAINS="")


def test_rejected_direct_send_says_what_mends_it(stage: Stage):
    """The cmdlet, and the other way."""
    reply = "550 5.7.68 TenantInboundAttribution; Direct Send not allowed"
    stage.peers.mail.faults.add(MailFault(step=Step.MAIL, reply=reply))
    with pytest.raises(RecipientRefusedError) as caught:
        stage.send(stage.build(DIRECT), another_message())
    assert "Set-OrganizationConfig -RejectDirectSend" in caught.value.hint


def test_blocked_port_25_is_explained():
    """It is the first thing that goes wrong in Azure."""
    with pytest.raises(UnreachableError) as caught, crossing("mx:25", At.CONNECT):
        raise TimeoutError("timed out")
    assert "EA, MCA-E" in caught.value.hint
    assert "RELAY_PORT" in caught.value.hint


@pytest.mark.parametrize("rig", [RELAY, DIRECT], ids=lambda rig: rig.label)
def test_check_tries_tcp_before_it_speaks(rig: Rig, stage: Stage):
    """Where port 25 is blocked that is said at once, and nothing else is tried."""
    transport = stage.build(rig)
    before = stage.peers.mx.connections
    transport.check()
    assert stage.peers.mx.connections - before == 2
    closed = stage.build(rig, **{f"{rig.name.upper()}_PORT": str(closed_port())})
    with pytest.raises(UnreachableError) as caught:
        closed.check()
    assert "nobody listens" in caught.value.hint


def test_relay_shows_its_certificate(stage: Stage):
    """As PEM in a file, or in the setting; without it the connector is closed."""
    file = own(stage)
    with asking(stage) as server:
        for text in (
            str(file),
            file.read_text(),
            file.read_text().replace("\n", "\\n"),
        ):
            transport = stage.build(
                RELAY, RELAY_PORT=str(server.port), RELAY_CLIENT_CERTIFICATE=text
            )
            transport.send(another_message(), File(), stage.lease)
        assert len(server.mails) == 3
        with pytest.raises(UnreachableError):
            stage.build(RELAY, RELAY_PORT=str(server.port)).check()


@pytest.mark.parametrize("text", ["no-such-file.pem", "-----BEGIN NOTHING-----"])
def test_certificate_that_cannot_be_read_is_configuration(stage: Stage, text: str):
    """The setting is named."""
    with pytest.raises(ConfigError, match="RELAY_CLIENT_CERTIFICATE"):
        stage.build(RELAY, RELAY_CLIENT_CERTIFICATE=text)


def test_exchange_online_is_found_without_being_told(stage: Stage):
    """Host and port need not be written."""
    exo = stage.build(EXO, EXO_HOST="", EXO_PORT="")
    assert str(exo._profile.server) == "smtp.office365.com:587"  # type: ignore[attr-defined]
