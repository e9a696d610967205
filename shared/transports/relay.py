"""Relay: SMTP to the tenant's own MX through an inbound connector, to anyone.

A profile of `smtp`. Exchange knows us by our client certificate, or by our address
(Microsoft Learn, "connector relay"); any sender of an accepted domain may be used.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import Clock, Patience, Reach, Transport
from .client import Server
from .config import mailbox, port, setting
from .own_certificate import OwnCertificate
from .smtp import RELAYING, Profile, Smtp


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of the connector."""

    relay_host: str = setting(
        "the tenant's MX, such as contoso-com.mail.protection.outlook.com, or a relay"
    )
    relay_port: int = setting("a port such as 25", port, default=RELAYING)
    relay_sender: str = setting("an address of an accepted domain", mailbox)
    relay_client_certificate: str = setting(
        "PEM text, or a path to it: private key and certificate",
        default="",
        secret=True,
    )
    """Empty: the connector knows us by our address."""


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `relay`. Raises ConfigError."""
    text = config.relay_client_certificate
    server = Server(
        host=config.relay_host,
        port=config.relay_port,
        patience=patience,
        certificate=OwnCertificate("RELAY_CLIENT_CERTIFICATE", text) if text else None,
    )
    profile = Profile(
        name="relay",
        reach=Reach.ANYONE,
        server=server,
        senders={config.relay_sender: None},
    )
    return Smtp(profile, clock)
