"""A certificate authority for one machine: keys are made at run time and never kept.

`Authority` issues server certificates and names the file that clients must trust.
`signed_by_itself` makes what an application uploads to Entra.
"""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

type Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LOOPBACK = ("localhost", "127.0.0.1")
_DAYS = timedelta(days=7)
_PAST = timedelta(hours=1)
_CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """Issues certificates until it is closed; then its files are gone."""

    def __init__(self) -> None:
        # The folder goes with the object, whatever ends the process.
        self._folder = tempfile.TemporaryDirectory(prefix="scanpost-ca-")
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Scanpost local authority")
        self._certificate = (
            _builder(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = Path(self._folder.name, "ca.pem")
        """What clients must trust."""
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    @property
    def trust(self) -> dict[str, str]:
        """The environment that makes OpenSSL and requests trust it."""
        return {"SSL_CERT_FILE": str(self.file), "REQUESTS_CA_BUNDLE": str(self.file)}

    def context(self, *hosts: str) -> ssl.SSLContext:
        """Issue a server certificate; without names: for loopback."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue(*hosts))
        return context

    def issue(self, *hosts: str) -> Path:
        """The same as a file: PEM, key and certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName(
            [_general_name(each) for each in hosts or LOOPBACK]
        )
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            self._key.public_key()
        )
        certificate = (
            _builder(_name((hosts or LOOPBACK)[0]), self._name, key)
            .add_extension(names, critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file = Path(self._folder.name, f"{certificate.serial_number:x}.pem")
        file.write_text(_pem(key, certificate), encoding="ascii")
        return file

    def close(self) -> None:
        """Delete keys and certificates."""
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def signed_by_itself(name: str) -> str:
    """Make an RSA key with its own certificate, as PEM text."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _builder(_name(name), _name(name), key).sign(key, hashes.SHA256())
    return _pem(key, certificate)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _PAST)
        .not_valid_after(now + _DAYS)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: Key, certificate: x509.Certificate) -> str:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (private + certificate.public_bytes(Encoding.PEM)).decode("ascii")
