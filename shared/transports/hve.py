"""High Volume Email: SMTP to people inside the tenant (Microsoft Learn, "HVE").

A profile of `smtp`. Signs in by XOAUTH2 with the application's token, or with the
account's password where OAuth cannot be had.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import xoauth2
from .base import Clock, Patience, Reach, Transport
from .client import Server
from .config import mailbox, port, setting
from .sasl import Password, SignIn
from .smtp import SUBMISSION, Profile, Smtp

MAX_BYTES = 10 * 1024 * 1024
"""Of a whole mail, where the server announces no SIZE (Microsoft Learn, "HVE")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(xoauth2.Config):
    """Settings of an HVE account."""

    hve_sender: str = setting("the HVE account's address", mailbox)
    hve_host: str = setting("a host's name", default="smtp.hve.mx.microsoft")
    hve_port: int = setting("a port such as 587", port, default=SUBMISSION)
    hve_password: str = setting("the account's password", default="", secret=True)
    """Only where OAuth cannot be had: Exchange takes it until September 2028."""


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `hve`. Raises ConfigError."""
    sign_in: SignIn
    if config.hve_password:
        sign_in = Password(config.hve_sender, config.hve_password)
    else:
        sign_in = xoauth2.Bearer(config.hve_sender, xoauth2.tokens(config, patience))
    server = Server(host=config.hve_host, port=config.hve_port, patience=patience)
    profile = Profile(
        name="hve",
        reach=Reach.INSIDE,
        server=server,
        senders={config.hve_sender: sign_in},
        max_bytes=MAX_BYTES,
        # Another From than the account's is refused (5.6.241).
        own_author=False,
    )
    return Smtp(profile, clock)
