"""The certificate by which a mail server knows us: PEM text, a file, or a Key Vault's.

A file, or a vault's certificate, is read again when it was renewed: nobody restarts the
functions for that. Raises ConfigError, which names the setting; a vault's is read when
it is first needed, and raises the `TransientError`s of `keyvault` then.
"""

from __future__ import annotations

import shutil
import ssl
import tempfile
import threading
import time
import weakref
from base64 import b64decode
from pathlib import Path
from typing import Protocol

from shared import journal
from shared.errors import AuthRefusedError, ConfigError, TransientError

REREAD_SECONDS = 4 * 3600.0
"""How long a vault's certificate counts as read; it is renewed weeks before its end."""
RETRY_SECONDS = 600.0
"""Until the vault is asked again that did not answer."""


class OwnCertificate:
    """Key and certificate, to be loaded into a TLS context."""

    def __init__(self, setting: str, text: str) -> None:
        self._setting = setting
        self._path = Path(text)
        if "-----BEGIN" in text:
            # A setting's line breaks may have been written as `\n`.
            self._keep(text.replace("\\n", "\n"))
        self.load(ssl.create_default_context())

    def _keep(self, pem: str) -> None:
        """Put it where OpenSSL can read it: it knows files only."""
        # The folder is ours alone, and goes with us.
        folder = tempfile.mkdtemp(prefix="scanpost-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        path = Path(folder, "own.pem")
        path.write_text(pem, encoding="ascii")
        self._path = path

    @property
    def version(self) -> int:
        """Another number once the file was renewed; the last one while it is away."""
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0

    def load(self, context: ssl.SSLContext) -> None:
        """Show it to whoever asks for it. Raises ConfigError."""
        try:
            context.load_cert_chain(self._path)
        except (OSError, ValueError) as exc:
            raise ConfigError(
                f"{self._setting} cannot be read",
                hint="write PEM text or a path: an unencrypted key and its certificate",
            ) from exc


class Source(Protocol):
    """Where a certificate is kept: a secret of a Key Vault."""

    def read(self) -> str:
        """Read its newest version; empty where there is none."""
        ...


class VaultCertificate(OwnCertificate):
    """The same, kept in a Key Vault. Thread-safe."""

    def __init__(self, setting: str, source: Source) -> None:
        """Make it; nothing is read yet."""
        self._setting = setting
        self._source = source
        self._lock = threading.Lock()
        self._pem = ""
        self._version = 0
        self._next = 0.0
        """When it is read again, by the monotonic clock; 0: it never was."""

    @property
    def version(self) -> int:
        """Another number once the vault has another certificate."""
        with self._lock:
            if not self._next or time.monotonic() >= self._next:
                self._read()
            return self._version

    def _read(self) -> None:
        try:
            pem = _pem(self._source.read())
            _check(pem)
        except TransientError as exc:
            if not self._pem:
                raise
            # The one we have is good for weeks.
            journal.warn(
                "certificate-not-read", {"setting": self._setting, "why": str(exc)}
            )
            self._next = time.monotonic() + RETRY_SECONDS
            return
        if pem != self._pem:
            self._keep(pem)
            self._pem, self._version = pem, self._version + 1
        self._next = time.monotonic() + REREAD_SECONDS


def _pem(text: str) -> str:
    """Read what a vault keeps of a certificate: PEM, or PKCS #12 as it does by default.

    Raises AuthRefusedError.
    """
    if "-----BEGIN" in text:
        return text
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        pkcs12,
    )

    try:
        key, own, others = pkcs12.load_key_and_certificates(b64decode(text), None)
    except ValueError:
        key, own, others = None, None, []
    if key is None or own is None:
        raise _none()
    made = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for each in (own, *others):
        made += each.public_bytes(Encoding.PEM)
    return made.decode("ascii")


def _check(pem: str) -> None:
    """Raise AuthRefusedError where a key and its certificate are not both there."""
    with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:
        try:
            file.write(pem)
            file.flush()
            ssl.create_default_context().load_cert_chain(file.name)
        except (OSError, ValueError) as exc:
            raise _none() from exc


def _none() -> AuthRefusedError:
    return AuthRefusedError(
        "the vault's secret is no key with its certificate",
        hint="name a certificate of the vault whose key may be exported",
    )
