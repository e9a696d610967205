"""Where a person's sign-in is kept: a secret of a Key Vault, or a file of one's own.

In: TOKEN_STORE. Out: a `Store`, whose text is a secret. Raises `ConfigError` where the
setting is wrong; reading and writing raise `TransientError`s with a hint.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import fsync
from pathlib import Path
from typing import Protocol

from shared.errors import AuthRefusedError, ConfigError, UnreachableError

from . import keyvault
from .base import Patience

SECRET = "scanpost-mail-token"  # noqa: S105 (a name)
"""What the secret is called where TOKEN_STORE names only a vault."""
_OTHERS = 0o077


class Store(Protocol):
    """One text, whole or not at all; whoever writes last has written it."""

    def read(self) -> str:
        """Read it; empty where nothing was kept."""
        ...

    def write(self, text: str) -> None:
        """Keep another in its place."""
        ...


class FileStore:
    """A file that nobody else on this machine can read (mode 600)."""

    def __init__(self, path: Path) -> None:
        """Look at the file, if there is one. Raises ConfigError."""
        self._path = path
        if fault := self._fault():
            raise ConfigError(f"TOKEN_STORE: {fault}", hint=self._hint)

    def __str__(self) -> str:
        return str(self._path)

    @property
    def _hint(self) -> str:
        return f"in a folder that is there, a file of one's own: chmod 600 {self._path}"

    def _fault(self) -> str:
        """Who else can read it; empty where nobody can, or there is none yet."""
        try:
            mode = self._path.stat().st_mode
        except FileNotFoundError:
            return "" if self._path.parent.is_dir() else "its folder is not there"
        except OSError as exc:
            return f"{self._path}: {exc.strerror}"
        if not self._path.is_file():
            return f"{self._path} is no file"
        return f"others can read {self._path}" if mode & _OTHERS else ""

    def read(self) -> str:
        """Read it, unless others can."""
        if fault := self._fault():
            raise AuthRefusedError(f"TOKEN_STORE: {fault}", hint=self._hint)
        with self._crossing():
            try:
                return self._path.read_text(encoding="utf-8")
            except FileNotFoundError:
                return ""

    def write(self, text: str) -> None:
        """Put another file in its place: a reader sees the one or the other."""
        with (
            self._crossing(),
            # Such a file is its owner's alone from its first moment.
            tempfile.NamedTemporaryFile(
                "w",
                encoding="utf-8",
                dir=self._path.parent,
                prefix=f".{self._path.name}.",
                delete=False,
            ) as file,
        ):
            made = Path(file.name)
            try:
                file.write(text)
                file.flush()
                # Else a power cut may leave the new name with none of its bytes.
                fsync(file.fileno())
                made.replace(self._path)
            except BaseException:
                # Whatever it was: no half of a secret is left lying about.
                made.unlink(missing_ok=True)
                raise

    @contextmanager
    def _crossing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, UnicodeError) as exc:
            raise UnreachableError(
                f"TOKEN_STORE: {self._path}: {exc}", hint=self._hint
            ) from exc


def open_store(
    where: str, who: keyvault.Who, patience: Patience
) -> FileStore | keyvault.Secret:
    """Find the store that TOKEN_STORE names; a vault is not asked yet.

    Raises ConfigError.
    """
    if not keyvault.is_address(where):
        return FileStore(Path(where).expanduser())
    try:
        return keyvault.Secret(keyvault.address(where, SECRET), who, patience)
    except ValueError as exc:
        raise ConfigError(f"TOKEN_STORE is no secret's address: {exc}") from exc
