"""Relay: SMTP to the tenant's own MX through an inbound connector, to anyone.

A profile of `smtp`. Exchange knows us by our client certificate, or by our address
(Microsoft Learn, "connector relay"); any sender of an accepted domain may be used.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import ConfigError

from .base import Clock, Patience, Reach, Transport
from .client import Server
from .config import mailbox, port, setting
from .own_certificate import OwnCertificate, VaultCertificate
from .smtp import RELAYING, Profile, Smtp

_SETTING = "RELAY_CLIENT_CERTIFICATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of the connector."""

    relay_host: str = setting(
        "the tenant's MX, such as contoso-com.mail.protection.outlook.com, or a relay"
    )
    relay_port: int = setting("a port such as 25", port, default=RELAYING)
    relay_sender: str = setting("an address of an accepted domain", mailbox)
    relay_client_certificate: str = setting(
        "PEM text, a path to it, or a Key Vault's address of it: private key and "
        "certificate",
        default="",
        secret=True,
    )
    """Empty: the connector knows us by our address."""
    azure_client_id: str = setting("the managed identity's client id", default="")
    """Who reads the vault."""


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `relay`. Raises ConfigError."""
    server = Server(
        host=config.relay_host,
        port=config.relay_port,
        patience=patience,
        certificate=_certificate(config, patience),
    )
    profile = Profile(
        name="relay",
        reach=Reach.ANYONE,
        server=server,
        senders={config.relay_sender: None},
        knocks=True,
    )
    return Smtp(profile, clock)


def _certificate(config: Config, patience: Patience) -> OwnCertificate | None:
    """Find the certificate; a vault is not asked yet. Raises ConfigError."""
    text = config.relay_client_certificate
    if not text.lower().startswith(("https://", "http://")):
        return OwnCertificate(_SETTING, text) if text else None
    # Imported here: whoever has a file need not pay for it.
    from . import keyvault

    who = keyvault.as_identity(config.azure_client_id, patience)
    try:
        where = keyvault.address(text, default="")
    except ValueError as exc:
        raise ConfigError(f"{_SETTING} is no certificate's address: {exc}") from exc
    return VaultCertificate(_SETTING, keyvault.Secret(where, who, patience))
