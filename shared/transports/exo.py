"""Exchange Online: SMTP client submission by mailboxes of the tenant, to anyone.

A profile of `smtp`. Signs in by XOAUTH2 with the application's token (`SMTP.SendAsApp`
on Office 365 Exchange Online, and FullAccess to each mailbox).
"""

from __future__ import annotations

from dataclasses import dataclass

from . import xoauth2
from .base import Clock, Patience, Reach, Transport
from .client import Server
from .clouds import cloud_of
from .config import port, setting
from .mailbox import QUOTAS, mailboxes
from .smtp import SUBMISSION, Profile, Smtp

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


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `exo`. Raises ConfigError."""
    cloud = cloud_of(config.azure_authority_host, config.exo_host)
    host = config.exo_host or cloud.smtp_hosts[0]
    tokens = xoauth2.tokens(config, patience, host)
    server = Server(host=host, port=config.exo_port, patience=patience)
    profile = Profile(
        name="exo",
        reach=Reach.ANYONE,
        server=server,
        # One application's token serves all of its mailboxes.
        senders={each: xoauth2.Bearer(each, tokens) for each in config.exo_sender},
        max_bytes=MAX_BYTES,
        quotas=QUOTAS,
        connections=CONNECTIONS,
    )
    return Smtp(profile, clock)
