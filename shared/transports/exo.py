"""Exchange Online: SMTP client submission by a mailbox of the tenant, to anyone.

A profile of `smtp`. Signs in by XOAUTH2 with the application's token (`SMTP.SendAsApp`
on Office 365 Exchange Online, and FullAccess to the mailbox).
"""

from __future__ import annotations

from dataclasses import dataclass

from . import xoauth2
from .base import Clock, Patience, Reach, Transport
from .client import Server
from .config import mailbox, port, setting
from .smtp import SUBMISSION, Profile, Smtp


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(xoauth2.Config):
    """Settings of the mailbox that sends."""

    exo_sender: str = setting("the mailbox's address", mailbox)
    exo_host: str = setting("a host's name", default="smtp.office365.com")
    exo_port: int = setting("a port such as 587", port, default=SUBMISSION)


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `exo`. Raises ConfigError."""
    sign_in = xoauth2.Bearer(config.exo_sender, xoauth2.tokens(config, patience))
    server = Server(host=config.exo_host, port=config.exo_port, patience=patience)
    profile = Profile(
        name="exo",
        reach=Reach.ANYONE,
        server=server,
        senders={config.exo_sender: sign_in},
    )
    return Smtp(profile, clock)
