"""The way to a peer, step by step: what is seen, and what mends it."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from local.mail_faults import MailFault, Step, Then
from local.mailserver import House, MailServer
from shared.errors import ThrottledError, UnreachableError
from shared.transports.base import Endpoint
from shared.transports.probe import Probe

from .conftest import Stage
from .peers import IDENTITY, Peers
from .rigs import HASTY, PATIENT, RELAY


def probe(port: int, host: str = "localhost", **changes: Any) -> Probe:
    """A probe of a peer on this machine."""
    values: dict[str, Any] = {
        "endpoint": Endpoint(host, port, is_tls_first=False),
        "patience": PATIENT,
        "clock": lambda: datetime.now(UTC),
    }
    return Probe(**values | changes)


def test_port_25_that_is_closed_names_azures_rule():
    """Port 25 out of Azure is open to some only: said before anybody searches."""
    with pytest.raises(UnreachableError) as caught:
        probe(25, "127.99.99.99").tcp()
    assert "EA, MCA-E" in caught.value.hint


def test_server_that_says_nothing_is_given_up():
    """It has its seconds, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silent_one = probe(port, "127.0.0.1", patience=HASTY)
        assert "127.0.0.1 answers" in silent_one.tcp()
        with pytest.raises(UnreachableError, match="timed out"):
            silent_one.tls()


def ended(folder: Path) -> Path:
    """A certificate of yesterday, as PEM with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now - timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "old.pem"
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


def test_certificate_that_has_ended(peers: Peers, tmp_path: Path):
    """Since when, and who must renew it."""
    file = ended(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with (
        MailServer(peers.house, context) as server,
        pytest.raises(UnreachableError, match=r"expired; .*\(2 days ago") as caught,
    ):
        probe(server.port, trust=str(file)).tls()
    assert "renew" in caught.value.hint


def test_clock_says_how_long_it_is_good(peers: Peers):
    """By the clock that it was given, not by another."""
    later = datetime.now(UTC) + timedelta(days=4)
    said = probe(peers.mail.port, clock=lambda: later).tls()
    assert "2 days left" in said


def test_server_that_is_busy_is_heard(peers: Peers):
    """A greeting that says no is its own words."""
    fault = MailFault(step=Step.CONNECT, reply="421 4.3.2 Too busy", then=Then.HANG_UP)
    peers.mail.faults.add(fault)
    with pytest.raises(ThrottledError, match="Too busy"):
        probe(peers.mail.port).tls()


@pytest.mark.parametrize("is_vaults", [False, True])
def test_server_that_wants_to_know_us_is_shown_our_certificate(
    stage: Stage, *, is_vaults: bool
):
    """Else TLS would be said to fail where mails go through."""
    context = stage.peers.authority.context()
    context.load_verify_locations(stage.peers.authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    own = str(stage.peers.authority.issue("scanpost.contoso.com"))
    if is_vaults:
        stage.peers.vault.secrets["relay"] = Path(own).read_text(), "any"
        own = f"{stage.peers.vault.server.url}/certificates/relay"
    with MailServer(House(needs_sign_in=False), context) as server:
        settings = {"RELAY_PORT": str(server.port), "AZURE_CLIENT_ID": IDENTITY}
        relay = stage.build(RELAY, RELAY_CLIENT_CERTIFICATE=own, **settings)
        assert "certificate of" in probe(0, endpoint=relay.endpoint).tls()
        unknown = stage.build(RELAY, RELAY_CLIENT_CERTIFICATE="", **settings)
        with pytest.raises(UnreachableError) as caught:
            probe(0, endpoint=unknown.endpoint).tls()
    stage.peers.forget_people()
    assert "RELAY_CLIENT_CERTIFICATE" in caught.value.hint


@pytest.mark.parametrize("is_shown", [False, True])
def test_refused_certificate_of_ours_is_named(stage: Stage, *, is_shown: bool):
    """Not the network: the server does not know whom it speaks with."""
    context = stage.peers.authority.context()
    context.load_verify_locations(stage.peers.authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    text = stage.peers.certificate if is_shown else ""
    with MailServer(House(needs_sign_in=False), context) as server:
        relay = stage.build(
            RELAY, RELAY_PORT=str(server.port), RELAY_CLIENT_CERTIFICATE=text
        )
        with pytest.raises(UnreachableError) as caught:
            relay.check()
    assert "RELAY_CLIENT_CERTIFICATE" in caught.value.hint
