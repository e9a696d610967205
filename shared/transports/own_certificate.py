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
from datetime import datetime
from pathlib import Path
from typing import Protocol

from shared import journal
from shared.errors import AuthRefusedError, ConfigError, TransientError

type Stamp = tuple[int, ...]
"""When a file was changed, which file it is, and its bytes; empty: it is away."""

REREAD_SECONDS = 4 * 3600.0
"""How long a vault's certificate counts as read; it is renewed weeks before its end."""
RETRY_SECONDS = 600.0
"""Until the vault is asked again that did not answer."""


class OwnCertificate:
    """Key and certificate, to be loaded into a TLS context. Thread-safe."""

    def __init__(self, setting: str, text: str) -> None:
        """Read it, PEM text or the path of a file. Raises ConfigError."""
        self.setting = setting
        self._lock = threading.Lock()
        self._version = 0
        # A setting's line breaks may have been written as `\n`.
        pem = text.replace("\\n", "\n")
        self._file = None if "-----BEGIN" in text else Path(text)
        self._told = self._stamp = self._stamped()
        try:
            if self._file:
                pem = self._file.read_text(encoding="ascii")
            _prove(pem)
        except (OSError, ValueError) as exc:
            raise ConfigError(
                f"{setting} cannot be read",
                hint="write PEM text or a path: an unencrypted key and its certificate",
            ) from exc
        self._keep(pem)

    def _stamped(self) -> Stamp:
        """What changes when the file does; empty while it is away."""
        try:
            seen = self._file.stat() if self._file else None
        except OSError:
            return ()
        return (seen.st_mtime_ns, seen.st_ino, seen.st_size) if seen else ()

    def _keep(self, pem: str) -> None:
        """Put it where OpenSSL can read it, which knows files only."""
        # The folder is ours alone, and goes with us.
        folder = tempfile.mkdtemp(prefix="scanpost-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        path = Path(folder, "own.pem")
        path.write_text(pem, encoding="ascii")
        self._path = path

    @property
    def version(self) -> int:
        """Another number once it was renewed. A vault's raises a `TransientError`."""
        self._refresh()
        return self._version

    def _refresh(self) -> None:
        """Read it again where the file was renewed; the last one until it is whole."""
        with self._lock:
            if self._file and (stamp := self._stamped()) != self._stamp:
                self._reread(self._file, stamp)

    def _reread(self, file: Path, stamp: Stamp) -> None:
        try:
            pem = file.read_text(encoding="ascii")
            _prove(pem)
        except (OSError, ValueError) as exc:
            # Whoever renews it may be at it; the one we have is good for weeks.
            if stamp != self._told:
                self._warn(str(exc))
            self._told = stamp
            return
        self._keep(pem)
        self._stamp, self._version = stamp, self._version + 1

    def _warn(self, why: str) -> None:
        journal.warn("certificate-not-read", {"setting": self.setting, "why": why})

    def ends(self) -> datetime:
        """When it ends; a vault's may be asked. Raises a `TransientError`."""
        self._refresh()
        return end_of(str(self._path))

    def load(self, context: ssl.SSLContext) -> None:
        """Show it to whoever asks for it. Raises AuthRefusedError."""
        try:
            context.load_cert_chain(self._path)
        except OSError as exc:
            raise AuthRefusedError(
                f"{self.setting} was read, and is gone",
                hint="somebody empties the folder for temporary files: start anew",
            ) from exc


def end_of(text: str) -> datetime:
    """When a certificate ends: PEM text, or a file's path. Raises ConfigError."""
    from cryptography import x509

    try:
        pem = text if "-----BEGIN" in text else Path(text).read_text(encoding="ascii")
        # A setting's line breaks may have been written as `\\n`.
        found = x509.load_pem_x509_certificate(pem.replace("\\n", "\n").encode())
    except (OSError, ValueError) as exc:
        raise ConfigError("a certificate cannot be read", hint="see `check`") from exc
    return found.not_valid_after_utc


class Source(Protocol):
    """Where a certificate is kept: a secret of a Key Vault."""

    def read(self) -> str:
        """Read its newest version; empty where there is none."""
        ...


class VaultCertificate(OwnCertificate):
    """The same, kept in a Key Vault. Thread-safe."""

    def __init__(self, setting: str, source: Source) -> None:
        """Make it; nothing is read yet."""
        self.setting = setting
        self._source = source
        self._lock = threading.Lock()
        self._pem = ""
        self._version = 0
        self._next = 0.0
        """When it is read again, by the monotonic clock; 0: it never was."""

    def _refresh(self) -> None:
        """Ask the vault now and then whether it has another certificate."""
        with self._lock:
            if not self._next or time.monotonic() >= self._next:
                self._read()

    def load(self, context: ssl.SSLContext) -> None:
        """Show it; read first where nobody has. Raises a `TransientError`."""
        if self.version:
            super().load(context)

    def _read(self) -> None:
        try:
            pem = _pem(self._source.read())
            _check(pem)
        except TransientError as exc:
            if not self._pem:
                raise
            # The one we have is good for weeks.
            self._warn(str(exc))
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
    try:
        _prove(pem)
    except (OSError, ValueError) as exc:
        raise _none() from exc


def _prove(pem: str) -> None:
    """Raise OSError or ValueError where a key and its certificate are not both there.

    Also where the key has a password, which OpenSSL would ask a terminal for.
    """
    with tempfile.NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:
        file.write(pem)
        file.flush()
        context = ssl.create_default_context()
        context.load_cert_chain(file.name, password=_nobody_knows)


def _nobody_knows() -> str:
    raise ValueError("the key has a password")


def _none() -> AuthRefusedError:
    return AuthRefusedError(
        "the vault's secret is no key with its certificate",
        hint="name a certificate of the vault whose key may be exported",
    )
