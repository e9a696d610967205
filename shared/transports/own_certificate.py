"""The certificate by which a mail server knows us: PEM in a setting, or in a file.

A file is read again when it was renewed: nobody restarts the functions for that.
Raises ConfigError, which names the setting.
"""

from __future__ import annotations

import shutil
import ssl
import tempfile
import weakref
from pathlib import Path

from shared.errors import ConfigError


class OwnCertificate:
    """Key and certificate, to be loaded into a TLS context."""

    def __init__(self, setting: str, text: str) -> None:
        self._setting = setting
        self._path = Path(text)
        if "-----BEGIN" in text:
            # OpenSSL reads files only; the folder is ours alone, and goes with us.
            folder = tempfile.mkdtemp(prefix="scanpost-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self._path = Path(folder, "own.pem")
            # A setting's line breaks may have been written as `\n`.
            self._path.write_text(text.replace("\\n", "\n"), encoding="ascii")
        self.load(ssl.create_default_context())

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
