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
from local.mailserver import MailServer
from shared.errors import ThrottledError, UnreachableError
from shared.transports.base import Endpoint
from shared.transports.probe import Probe

from .peers import Peers
from .rigs import HASTY, PATIENT


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
        pytest.raises(UnreachableError, match=r"expired; .* days ago") as caught,
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
