"""One secret of a Key Vault, by REST: read, and written anew. The border to the vault.

By hand: two requests, with the session and the identity that are there anyway; the
vault's own library would be one more to load and to keep current. Raises the
`TransientError`s of `identity`, and its own, each with a hint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from shared.errors import AuthRefusedError, ThrottledError, UnreachableError
from shared.plain import plain

from .base import Patience
from .clouds import vault_resource
from .retry_after import seconds

API = "7.4"
_OK, _ABSENT, _TOO_MANY, _REFUSALS = 200, 404, 429, range(400, 500)
_WORDS_LIMIT = 300
_PARTS = 2


class Holder(Protocol):
    """Whoever has tokens: a credential of azure.identity."""

    def get_token(self, *scopes: str) -> Any:
        """Give a token; it has a `token`."""
        ...


type Who = Callable[[], AbstractContextManager[Holder]]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a secret is."""

    vault: str
    name: str

    @property
    def resource(self) -> str:
        """Whom a token for it is for."""
        return vault_resource(urlsplit(self.vault).hostname or "")

    def __str__(self) -> str:
        return f"{self.vault}/secrets/{self.name}"


def is_address(text: str) -> bool:
    """Whether a setting means a secret of a vault, and not a file or PEM text."""
    return text.lower().startswith(("https://", "http://"))


def address(text: str, default: str) -> Address:
    """Read a secret's address; a vault's alone means `default`. Raises ValueError.

    A certificate's is its secret's: its key is nowhere else.
    """
    parts = urlsplit(text)
    path = parts.path.strip("/").split("/") if parts.path.strip("/") else []
    path = path or ["secrets", default]
    is_one = len(path) == _PARTS and path[0] in {"secrets", "certificates"} and path[1]
    if parts.scheme != "https" or not parts.hostname or not is_one:
        raise ValueError(
            "write https://NAME.vault.azure.net/secrets/NAME, without a version"
        )
    return Address(f"https://{parts.netloc}", path[1])


def as_identity(client_id: str, patience: Patience) -> Who:
    """Sign in as the managed identity of the app."""

    def who() -> AbstractContextManager[Holder]:
        # Imported here: whoever has no vault need not pay for it.
        from . import identity

        return identity.credential(client_id, patience)

    return who


def as_operator(client_id: str, patience: Patience) -> Who:
    """Sign in as whoever works here (`az login`), else as the managed identity."""

    def who() -> AbstractContextManager[Holder]:
        from azure.identity import AzureCliCredential, ChainedTokenCredential

        from . import identity

        return ChainedTokenCredential(
            AzureCliCredential(process_timeout=int(patience.connect_seconds)),
            identity.credential(client_id, patience),
        )

    return who


class Secret:
    """A secret of a vault. Thread-safe."""

    def __init__(self, where: Address, who: Who, patience: Patience) -> None:
        self.where = where
        self._who = who
        self._timeout = (patience.connect_seconds, patience.reply_seconds)

    def __str__(self) -> str:
        return str(self.where)

    def read(self) -> str:
        """Read its newest version; empty where there is none."""
        answer = self._asked("GET")
        return "" if answer.status_code == _ABSENT else self._value(answer)

    def write(self, text: str) -> None:
        """Give it a new version."""
        body = {"value": text, "contentType": "application/json"}
        answer = self._asked("PUT", json=body)
        if answer.status_code == _ABSENT:
            raise self._refusal(answer)

    def _value(self, answer: requests.Response) -> str:
        with crossing():
            return str(answer.json()["value"])

    def _asked(self, method: str, **more: Any) -> requests.Response:
        """Ask once; raises for every answer but yes and not found."""
        headers = {"Authorization": f"Bearer {self._token()}"}
        with crossing(), requests.Session() as session:
            answer = session.request(
                method,
                str(self.where),
                params={"api-version": API},
                headers=headers,
                timeout=self._timeout,
                # A token goes to the vault that the setting names, or nowhere.
                allow_redirects=False,
                **more,
            )
        if answer.status_code not in {_OK, _ABSENT}:
            raise self._refusal(answer)
        return answer

    def _token(self) -> str:
        from . import identity

        with identity.crossing(), self._who() as who:
            return str(who.get_token(f"{self.where.resource}/.default").token)

    def _refusal(
        self, answer: requests.Response
    ) -> AuthRefusedError | ThrottledError | UnreachableError:
        said = f"{self.where}: {answer.status_code} {_words(answer)}".rstrip()
        wait = seconds(answer.headers.get("Retry-After", ""), datetime.now(UTC))
        if answer.status_code == _TOO_MANY:
            return ThrottledError(said, retry_after=wait)
        if answer.status_code in _REFUSALS:
            return AuthRefusedError(
                said,
                hint="give the identity the role Key Vault Secrets Officer on the "
                "vault (Secrets User, only to read)",
            )
        return UnreachableError(said, retry_after=wait)


@contextmanager
def crossing() -> Iterator[None]:
    """Turn what requests raises, and a page that is not the vault's, into ours."""
    try:
        yield
    except (requests.RequestException, ValueError, LookupError, TypeError) as exc:
        raise UnreachableError(f"Key Vault: {plain(str(exc), _WORDS_LIMIT)}") from exc


def _words(answer: requests.Response) -> str:
    """What the vault says of a refusal; an error never holds the secret."""
    try:
        return plain(str(answer.json()["error"]["message"]), _WORDS_LIMIT)
    except (ValueError, LookupError, TypeError):
        return ""
