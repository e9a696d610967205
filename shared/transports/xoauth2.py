"""Tokens for SMTP from Entra, by MSAL: with a secret, a certificate or an identity.

`Tokens` keeps one, `Application` asks for it, `Bearer` signs in by XOAUTH2 with it.
Raises the `TransientError`s of `entra` and `identity`, each with a hint; and
`ConfigError` when it is made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import ConfigError, TransientError

from .base import Patience
from .clouds import cloud_of
from .config import setting, web_address
from .entra import Http, crossing, refusal
from .sasl import Credential, xoauth2

if TYPE_CHECKING:
    from msal import ConfidentialClientApplication  # type: ignore[import-untyped]

EXCHANGE = "api://AzureADTokenExchange/.default"
"""What a managed identity asks for when it stands in for an application's secret."""
EARLY_SECONDS = 600.0
"""Exchange refuses tokens that are about to end (5.7.142)."""
PAUSE_SECONDS = 30.0
"""Between attempts to renew a token that is still good for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of the Entra application that sends; needed where OAuth is used."""

    mail_tenant_id: str = setting("the tenant's id", default="")
    mail_client_id: str = setting("the application's (client) id", default="")
    mail_client_secret: str = setting("the secret's value", default="", secret=True)
    mail_client_certificate: str = setting(
        "PEM text, or a path to it: private key and certificate",
        default="",
        secret=True,
    )
    azure_client_id: str = setting("the managed identity's client id", default="")
    azure_authority_host: str = setting(
        "the cloud's sign-in address",
        web_address,
        default="https://login.microsoftonline.com",
    )


type Answer = Mapping[str, Any]
"""What Entra gave: `access_token`, and `expires_in` seconds."""


class Tokens:
    """Tokens of one sign-in, one request at a time. Thread-safe."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._token, self._ends = "", 0.0
        self._failed: tuple[float, TransientError] | None = None

    def get(self, refused: str = "") -> str:
        """Give a token with ten minutes left, and not the one that was refused."""
        came = time.monotonic()
        with self._lock:
            left = self._ends - time.time() if self._token != refused else 0.0
            if left < EARLY_SECONDS and not (left > 0 and self._has_just_failed()):
                try:
                    self._renew(came)
                except TransientError:
                    # What is left of the old one may outlast Entra's outage.
                    if left <= 0:
                        raise
            return self._token

    def _has_just_failed(self) -> bool:
        last = self._failed[0] if self._failed else -PAUSE_SECONDS
        return time.monotonic() - last < PAUSE_SECONDS

    def _renew(self, came: float) -> None:
        if self._failed and self._failed[0] > came:
            # Whoever waited behind a failed request shares its fate, not its wait.
            last = self._failed[1]
            raise type(last)(last.what, hint=last.hint, retry_after=last.retry_after)
        try:
            answer = self._ask()
        except TransientError as exc:
            self._failed = time.monotonic(), exc
            raise
        self._token = str(answer["access_token"])
        self._ends = time.time() + float(answer["expires_in"])


class Application:
    """An application that asks for tokens of its own. For one thread at a time."""

    def __init__(
        self, config: Config, secret: object, scope: str, patience: Patience
    ) -> None:
        self._config = config
        self._secret = secret
        self._scope = scope
        self._http = Http(patience)
        self._app: ConfidentialClientApplication | None = None

    def ask(self) -> Answer:
        """Ask Entra for a token. Raises a `TransientError` with a hint."""
        # Closed after each use: the next token is needed in an hour.
        with crossing(self._http), closing(self._http):
            if self._app is None:
                self._app = self._application()
            # MSAL's own cache would give the old token, revoked or about to end.
            self._app.remove_tokens_for_client()
            answer: Answer = self._app.acquire_token_for_client([self._scope])
        if "access_token" not in answer:
            raise refusal(answer, self._http)
        return answer

    def _application(self) -> ConfidentialClientApplication:
        # Imported here: whoever has a password need not pay for it.
        from msal import ConfidentialClientApplication

        return ConfidentialClientApplication(
            self._config.mail_client_id,
            client_credential=self._secret,
            authority=authority(self._config),
            # A private cloud's authority is as good as the public one's.
            instance_discovery=False,
            http_client=self._http,
        )


@dataclass(frozen=True, slots=True)
class Bearer:
    """Signs in by XOAUTH2."""

    user: str
    tokens: Tokens = field(repr=False)

    def ready(self) -> Credential:
        """Make the message of a token that is good for a while."""
        return self._with(self.tokens.get())

    def renewed(self, refused: Credential) -> Credential | None:
        """Make the message of another token."""
        return self._with(self.tokens.get(refused=refused.token))

    def _with(self, token: str) -> Credential:
        return Credential({"XOAUTH2": (xoauth2(self.user, token),)}, token)


def authority(config: Config) -> str:
    """Where the tenant signs in. Raises ConfigError where nobody is to sign in."""
    for name in ("mail_tenant_id", "mail_client_id"):
        if not getattr(config, name):
            raise ConfigError(
                f"{name.upper()} is not set",
                hint="write what the application's overview in Entra shows",
            )
    return f"{config.azure_authority_host}/{config.mail_tenant_id}"


def tokens(config: Config, patience: Patience, smtp_host: str = "") -> Tokens:
    """Make the source of tokens; nothing is sent yet. Raises ConfigError.

    Which Exchange they are for follows from the authority and the mail server.
    """
    authority(config)
    scope = cloud_of(config.azure_authority_host, smtp_host).application_scope
    return Tokens(Application(config, _secret(config, patience), scope, patience).ask)


def _secret(config: Config, patience: Patience) -> object:
    """How the application proves itself, as MSAL takes it. Raises ConfigError."""
    if config.mail_client_secret:
        return config.mail_client_secret
    if config.mail_client_certificate:
        return _certificate(config.mail_client_certificate)

    def assertion() -> str:
        """Ask for the identity's token, in the place of a secret (RFC 7523, 2.2)."""
        # Imported here: whoever has a secret need not pay for it.
        from . import identity

        with (
            identity.crossing(),
            identity.credential(config.azure_client_id, patience) as who,
        ):
            return str(who.get_token(EXCHANGE).token)

    return {"client_assertion": assertion}


def _certificate(text: str) -> dict[str, str]:
    """Read key and certificate. Raises ConfigError where one of them is missing."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = text if "-----BEGIN" in text else Path(text).read_text(encoding="ascii")
        # A setting's line breaks may have been written as `\n`.
        pem = pem.replace("\\n", "\n")
        load_pem_private_key(pem.encode(), password=None)
        x509.load_pem_x509_certificate(pem.encode())
    except (OSError, ValueError, TypeError) as exc:
        raise ConfigError(
            "MAIL_CLIENT_CERTIFICATE cannot be read",
            hint="write PEM text or a path: an unencrypted key and its certificate",
        ) from exc
    return {"private_key": pem, "public_certificate": pem}
