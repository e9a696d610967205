"""Direct Send: SMTP to the tenant's own MX, for people inside (Microsoft Learn).

A profile of `smtp` without sign-in. The tenant may refuse it (RejectDirectSend).
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import Clock, Patience, Reach, Transport
from .client import Server
from .config import domains, mailbox, port, setting
from .smtp import RELAYING, Profile, Smtp


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of Direct Send."""

    direct_host: str = setting(
        "the tenant's MX, such as contoso-com.mail.protection.outlook.com"
    )
    direct_port: int = setting("a port such as 25", port, default=RELAYING)
    direct_sender: str = setting("an address of an accepted domain", mailbox)
    internal_domains: frozenset[str] = setting("the tenant's domains", domains)


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `direct`. Raises ConfigError."""
    server = Server(host=config.direct_host, port=config.direct_port, patience=patience)
    profile = Profile(
        name="direct",
        reach=Reach.INSIDE,
        server=server,
        senders={config.direct_sender: None},
        # Outside recipients would be refused one by one, or worse: taken as spam.
        domains=config.internal_domains,
        knocks=True,
    )
    return Smtp(profile, clock)
