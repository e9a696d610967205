"""What a transport is: the promises every one of them keeps.

`tests/transports/test_contract.py` runs the same suite over all of them; a new
transport is done when it is green (docs/adding-a-transport.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from shared.model import Content, Finding, Kind, Message, Receipt

if TYPE_CHECKING:
    from .own_certificate import OwnCertificate

type Clock = Callable[[], datetime]
"""Gives the time now, aware, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a transport waits for its peer, step by step."""

    connect_seconds: float = 30
    """For a connection, and the first word of whoever is there."""
    reply_seconds: float = 60
    """For the answer to a step, and for a block of a mail to go out."""
    answer_seconds: float = 300
    """At most, for the answer to a whole mail; less where the lease ends before."""


class Reach(StrEnum):
    """Whom a transport can reach."""

    INSIDE = "inside"
    ANYONE = "anyone"
    NOBODY = "nobody"


class Unit(StrEnum):
    """What a quota counts."""

    MAILS = "mails"
    RECIPIENTS = "recipients"


@dataclass(frozen=True, slots=True)
class Quota:
    """So many, and no more, in any span of this length; for each sender on its own."""

    most: int
    per: timedelta
    unit: Unit = Unit.MAILS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a transport's peer is reached."""

    host: str
    port: int
    is_tls_first: bool = True
    """Else STARTTLS."""
    certificate: OwnCertificate | None = None
    """What we show to a server that wants to know who connects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carries:
    """What a transport can carry; known without asking the peer."""

    max_bytes: int | None
    """Largest whole mail as this transport counts it, encoded; None: not known yet."""
    max_recipients: int = 50
    """Recipients of one mail, `to`, `cc` and `bcc` together."""
    display_name: bool = True
    """Whether the mail's From can show a name; else the body says it."""
    own_date: bool = True
    own_message_id: bool = True
    needs_to: bool = False
    """Whether a mail with `bcc` alone is refused: one mail each, then."""
    own_author: bool = True
    """Whether From may be the person at the glass, where the tenant granted that."""
    looks_up: bool = False
    """Whether `look_up` can say what became of a mail."""
    kinds: frozenset[Kind] = frozenset(Kind)
    quotas: tuple[Quota, ...] = ()
    """What the peer takes of each sender before it refuses; none: no tokens needed."""
    connections: int | None = None
    """At once, of each sender, by all instances together; None: any number."""


class Transport(Protocol):
    """One way out.

    * Thread-safe: many sends at once, from the worker's thread pool.
    * `send` is called with equal messages when it must be repeated, and puts equal
      bytes on the wire each time.
    * Nothing sleeps and nothing is tried again in here: that is the ledger's work.
      (One exception: a kept connection found dead before anything was sent is
      replaced, and one token refresh follows one refused sign-in.)
    """

    name: str
    """Its word in settings, plan, docs and tests."""
    reach: Reach

    @property
    def senders(self) -> tuple[str, ...]:
        """The addresses it can send as, each with quotas of its own.

        A message's `sender` is one of them, and signs in where that is needed.
        """
        ...

    @property
    def endpoint(self) -> Endpoint | None:
        """Where its peer is; None: it has none."""
        ...

    @property
    def carries(self) -> Carries:
        """What it can carry, as far as known now (a SIZE is learned on connecting)."""
        ...

    def size_of(self, message: Message) -> int:
        """Bytes of the whole mail as this transport's `max_bytes` counts them."""
        ...

    def send(self, message: Message, content: Content, deadline: datetime) -> Receipt:
        """Send one mail and say who got it.

        At most once: it returns only after the peer accepted the mail, and raises

        * `TransientError` when it was definitely not accepted and later may work,
        * `PermanentError` when it was definitely not accepted and never will be,
        * `UnconfirmedError` when the connection broke after everything was handed over
          and before the answer came; `DuplicateError` when the peer answers that it
          has had this Message-ID or operation before,
        * whatever `content.pieces()` raised, after breaking off so that the peer cannot
          take the part it got for a mail.

        The mail is not completed (no final dot, no end of a body) once `deadline`, the
        lease's end less its margin, has passed: `TransientError` instead.
        """
        ...

    def look_up(self, message: Message) -> Finding | None:
        """What became of a mail that was `Unconfirmed`; None where nobody can be asked.

        Raises `TransientError` when the question could not be answered now.
        """
        ...

    def check(self) -> str:
        """Sign in and out again without sending; returns one line of what was seen.

        Raises `TransientError`, `PermanentError` or `ConfigError` with a hint.
        """
        ...

    def close(self) -> None:
        """Let go of kept connections."""
        ...


@runtime_checkable
class Tended(Protocol):
    """A transport that must be looked after where no mail does it."""

    def tend(self) -> None:
        """Do so, seldom enough by itself to be called with every sweep.

        Does not raise: what is wrong it warns of in the log.
        """
        ...

    def warning(self) -> str:
        """What will stop working before long, and what to do; empty: nothing."""
        ...
