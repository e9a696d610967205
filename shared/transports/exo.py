"""Exchange Online: SMTP client submission by mailboxes of the tenant, to anyone.

A profile of `smtp`. Signs in by XOAUTH2: with a person's token where TOKEN_STORE keeps
one (delegated `SMTP.Send`), else with the application's own (`SMTP.SendAsApp`, and
FullAccess to each mailbox).
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import AuthRefusedError, TransientError

from . import keyvault, xoauth2
from .base import Clock, Patience, Reach, Transport
from .client import Server
from .clouds import cloud_of
from .config import port, setting
from .delegated import Delegated
from .mailbox import QUOTAS, mailboxes
from .smtp import SUBMISSION, Profile, Smtp
from .token_store import Store, open_store

MAX_BYTES = 35 * 1024 * 1024
"""Of a whole mail, where nobody has asked for SIZE yet: a mailbox's MaxSendSize as

Exchange Online sets it. It can be raised to 150 MB, which is what SIZE announces.
"""
CONNECTIONS = 3
"""At once for each mailbox (Microsoft Learn, "SMTP submission improvements")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(xoauth2.Config):
    """Settings of the mailboxes that send."""

    exo_sender: tuple[str, ...] = setting(
        "the mailbox's address, or several, comma-separated", mailboxes
    )
    exo_host: str = setting("a host's name", default="")
    """Default: the cloud's, by AZURE_AUTHORITY_HOST."""
    exo_port: int = setting("a port such as 587", port, default=SUBMISSION)
    token_store: str = setting(
        "the address of a Key Vault's secret, or a file's path", default=""
    )
    """Empty: the application signs in as itself."""

    @property
    def host(self) -> str:
        """The mail server: the one that is set, or the cloud's."""
        cloud = cloud_of(self.azure_authority_host, self.exo_host)
        return self.exo_host or cloud.smtp_hosts[0]


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `exo`. Raises ConfigError."""
    person = _person(config, clock, patience) if config.token_store else None
    if person:
        tokens = xoauth2.Tokens(person.ask)
    else:
        tokens = xoauth2.tokens(config, patience, config.host)
    server = Server(host=config.host, port=config.exo_port, patience=patience)
    profile = Profile(
        name="exo",
        reach=Reach.ANYONE,
        server=server,
        # One token serves all the mailboxes that its holder has access to.
        senders={each: xoauth2.Bearer(each, tokens) for each in config.exo_sender},
        max_bytes=MAX_BYTES,
        quotas=QUOTAS,
        connections=CONNECTIONS,
    )
    return Exo(profile, clock, person)


def store_of(config: Config, who: keyvault.Who, patience: Patience) -> Store:
    """Open TOKEN_STORE; a vault is not asked yet. Raises ConfigError."""
    return open_store(config.token_store, who, patience)


def _person(config: Config, clock: Clock, patience: Patience) -> Delegated:
    who = keyvault.as_identity(config.azure_client_id, patience)
    store = store_of(config, who, patience)
    return Delegated(config, store, clock, patience, config.host)


class Exo(Smtp):
    """SMTP, by a person's sign-in where there is one."""

    def __init__(
        self, profile: Profile, clock: Clock, person: Delegated | None
    ) -> None:
        super().__init__(profile, clock)
        self._person = person

    def check(self) -> str:
        """Sign in and take leave; says whose sign-in it was, and when it would end."""
        if not self._person:
            return super().check()
        try:
            seen = super().check()
        except AuthRefusedError:
            # It is dead already.
            raise
        except TransientError as exc:
            if not (warning := self._person.warning()):
                raise
            words = f"{exc.hint}; {warning}" if exc.hint else warning
            raise type(exc)(exc.what, hint=words, retry_after=exc.retry_after) from exc
        more = f"{seen}; {self._person.account} signed in"
        warning = self._person.warning()
        return f"{more}; {warning}" if warning else more

    def tend(self) -> None:
        """Keep a person's sign-in alive where no mail does; see `Delegated.tend`."""
        if self._person:
            self._person.tend()

    def warning(self) -> str:
        """Say that a person's sign-in dies within two weeks; empty where not."""
        return self._person.warning() if self._person else ""
