"""Signing in to a mail server: the strings of each mechanism (RFC 4422), and passwords.

The strings are pure. A `SignIn` gives a `Credential` before a connection is opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


def plain(user: str, password: str) -> bytes:
    """Write the one message of PLAIN (RFC 4616, 2)."""
    return f"\0{user}\0{password}".encode()


def login(user: str, password: str) -> tuple[bytes, bytes]:
    """Write the two messages of LOGIN (draft-murchison-sasl-login)."""
    return user.encode(), password.encode()


def xoauth2(user: str, token: str) -> bytes:
    """Write the one message of XOAUTH2 (Microsoft Learn, "SASL XOAUTH2").

    An ASCII user and a token come from Entra or the settings: neither has a ^A.
    """
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


@dataclass(frozen=True, slots=True)
class Credential:
    """What a session signs in with."""

    exchanges: dict[str, tuple[bytes, ...]] = field(repr=False)
    """Mechanism -> messages, the best first."""
    token: str = field(default="", repr=False)


class SignIn(Protocol):
    """Where the credential comes from."""

    def ready(self) -> Credential:
        """Get it. Raises a `TransientError` where it cannot be had."""
        ...

    def renewed(self, refused: Credential) -> Credential | None:
        """Get another after a refusal; None where there is only the one."""
        ...


@dataclass(frozen=True, slots=True)
class Password:
    """A user and a password."""

    user: str
    password: str = field(repr=False)

    def ready(self) -> Credential:
        """PLAIN where it is offered, else LOGIN."""
        return Credential(
            {
                "PLAIN": (plain(self.user, self.password),),
                "LOGIN": login(self.user, self.password),
            }
        )

    def renewed(self, refused: Credential) -> Credential | None:  # noqa: ARG002 (SignIn)
        """There is no other."""
        return None
