"""The certificate of a connector, from a Key Vault or a file: renewed, and kept."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from local.mailserver import House, MailServer
from local.web import Fault, Moment, Response
from shared.errors import AuthRefusedError, ConfigError, UnreachableError
from shared.transports import own_certificate
from shared.transports.base import Transport

from .conftest import Stage
from .makers import File, another_message
from .peers import IDENTITY
from .rigs import RELAY

PEM, PFX = "application/x-pem-file", "application/x-pkcs12"
WHOLE = -1


@pytest.fixture(autouse=True)
def _empty_vault(stage: Stage) -> Iterator[None]:
    """Begin and end with an empty vault."""
    stage.peers.forget_people()
    yield
    stage.peers.forget_people()


@pytest.fixture
def asking(stage: Stage) -> Iterator[MailServer]:
    """Run a mail server that wants to know who connects."""
    context = stage.peers.authority.context()
    context.load_verify_locations(stage.peers.authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    # Else a refused certificate shows itself only after the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with MailServer(House(needs_sign_in=False), context) as server:
        yield server


def own(stage: Stage) -> str:
    """Key and certificate that the server trusts."""
    return stage.peers.authority.issue("scanpost.contoso.com").read_text()


def as_pfx(pem: str) -> str:
    """The same as a vault keeps it by default."""
    made = pkcs12.serialize_key_and_certificates(
        b"scanpost",
        load_pem_private_key(pem.encode(), None),  # type: ignore[arg-type]
        x509.load_pem_x509_certificate(pem.encode()),
        None,
        NoEncryption(),
    )
    return b64encode(made).decode()


def relay(stage: Stage, server: MailServer, path: str = "secrets/relay") -> Transport:
    """A relay whose certificate is in the vault."""
    return stage.build(
        RELAY,
        RELAY_PORT=str(server.port),
        RELAY_CLIENT_CERTIFICATE=f"{stage.peers.vault.server.url}/{path}",
        AZURE_CLIENT_ID=IDENTITY,
    )


@pytest.mark.parametrize("kind", [PEM, PFX])
@pytest.mark.parametrize("path", ["secrets/relay", "certificates/relay"])
def test_relay_shows_the_vaults_certificate(
    kind: str, path: str, stage: Stage, asking: MailServer
):
    """As PEM or PKCS #12; the certificate's own address will do; asked once."""
    text = own(stage) if kind == PEM else as_pfx(own(stage))
    stage.peers.vault.secrets["relay"] = text, kind
    transport = relay(stage, asking, path)
    before = stage.peers.vault.server.connections

    for _ in range(3):
        transport.send(another_message(), File(), stage.lease)
    transport.close()
    transport.check()

    assert len(asking.mails) == 3
    assert stage.peers.vault.server.connections - before == 1


def test_building_does_not_ask_the_vault(stage: Stage, asking: MailServer):
    """It is read when it is first needed."""
    before = stage.peers.vault.server.connections

    relay(stage, asking)

    assert stage.peers.vault.server.connections == before


def test_vaults_renewed_certificate_is_read_again(
    stage: Stage, asking: MailServer, monkeypatch: pytest.MonkeyPatch
):
    """Without a restart, some hours later."""
    monkeypatch.setattr(own_certificate, "REREAD_SECONDS", 0.0)
    stage.peers.vault.secrets["relay"] = stage.peers.certificate, PEM
    transport = relay(stage, asking)
    with pytest.raises(UnreachableError):
        transport.check()

    stage.peers.vault.secrets["relay"] = own(stage), PEM

    transport.check()


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN NOTHING-----"])
def test_vault_that_falls_away_costs_nothing_at_first(
    text: str,
    stage: Stage,
    asking: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    """What was read before is good for weeks; the log says what is wrong."""
    monkeypatch.setattr(own_certificate, "REREAD_SECONDS", 0.0)
    stage.peers.vault.secrets["relay"] = own(stage), PEM
    transport = relay(stage, asking)
    transport.check()
    if text:
        stage.peers.vault.secrets["relay"] = text, PEM
    else:
        fault = Fault(Moment.ANSWER, Response(503))
        stage.peers.vault.server.faults.add(fault)

    transport.check()
    transport.check()

    (line,) = [each for each in caplog.messages if "certificate-not-read" in each]
    assert "RELAY_CLIENT_CERTIFICATE" in line


@pytest.mark.parametrize(
    "text", ["nonsense", "bm9uc2Vuc2U=", "-----BEGIN NOTHING-----"]
)
def test_secret_that_is_no_certificate_waits_for_a_person(
    text: str, stage: Stage, asking: MailServer
):
    """The mail is not lost; what belongs there is said, and not what stands there."""
    stage.peers.vault.secrets["relay"] = text, PEM

    with pytest.raises(AuthRefusedError) as caught:
        relay(stage, asking).check()

    assert "certificate of the vault" in caught.value.hint
    assert text not in str(caught.value)


def test_certificate_that_is_not_there_waits_for_a_person(
    stage: Stage, asking: MailServer
):
    """Nothing of that name is in the vault."""
    with pytest.raises(AuthRefusedError):
        relay(stage, asking).check()


@pytest.mark.parametrize("path", ["", "secrets/relay/0123", "keys/relay"])
def test_address_that_is_no_certificates_is_configuration(
    path: str, stage: Stage, asking: MailServer
):
    """A vault alone names none; a version would never be renewed."""
    with pytest.raises(ConfigError, match="RELAY_CLIENT_CERTIFICATE"):
        relay(stage, asking, path)


def of_file(stage: Stage, server: MailServer, file: Path) -> Transport:
    """A relay whose certificate is in a file."""
    return stage.build(
        RELAY, RELAY_PORT=str(server.port), RELAY_CLIENT_CERTIFICATE=str(file)
    )


def test_renewed_file_is_read_again(stage: Stage, asking: MailServer, tmp_path: Path):
    """Whatever renews it, nobody restarts the functions."""
    file = tmp_path / "own.pem"
    file.write_text(stage.peers.certificate)
    transport = of_file(stage, asking, file)
    with pytest.raises(UnreachableError):
        transport.check()

    file.write_text(own(stage))

    transport.check()


@pytest.mark.parametrize("left", [None, 0, 100, WHOLE])
def test_file_in_the_midst_of_its_renewal_costs_nothing(
    left: int | None,
    stage: Stage,
    asking: MailServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    """Away, empty, half written, or a key without its certificate: the last one holds.

    A mail that met it would else end as an error that nobody knows.
    """
    file, good = tmp_path / "own.pem", own(stage)
    file.write_text(good)
    transport = of_file(stage, asking, file)
    transport.send(another_message(), File(), stage.lease)
    transport.close()
    if left is None:
        file.unlink()
    else:
        key = good.partition("-----BEGIN CERT")[0]
        file.write_text(key if left == WHOLE else good[:left])

    for _ in range(2):
        transport.send(another_message(), File(), stage.lease)
        transport.close()

    (line,) = [each for each in caplog.messages if "certificate-not-read" in each]
    assert "RELAY_CLIENT_CERTIFICATE" in line
    file.write_text(stage.peers.certificate)
    with pytest.raises(UnreachableError):
        transport.check()


def test_file_that_goes_before_it_was_shown_costs_nothing(
    stage: Stage, asking: MailServer, tmp_path: Path
):
    """It was read when the functions started."""
    file = tmp_path / "own.pem"
    file.write_text(own(stage))
    transport = of_file(stage, asking, file)
    file.unlink()

    transport.send(another_message(), File(), stage.lease)

    assert len(asking.mails) == 1


def test_key_with_a_password_is_configuration(
    stage: Stage, asking: MailServer, tmp_path: Path
):
    """OpenSSL would ask a terminal for it."""
    whole = own(stage)
    key = load_pem_private_key(whole.encode(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    file = tmp_path / "own.pem"
    file.write_bytes(locked + whole[whole.index("-----BEGIN CERT") :].encode())

    with pytest.raises(ConfigError, match="RELAY_CLIENT_CERTIFICATE") as caught:
        of_file(stage, asking, file)

    assert "password" in str(caught.value.__cause__)


def test_file_may_be_called_like_a_protocol(
    stage: Stage, asking: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Only an address is a vault's."""
    monkeypatch.chdir(tmp_path)
    Path("https.pem").write_text(own(stage))

    of_file(stage, asking, Path("https.pem")).check()
