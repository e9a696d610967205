"""SMTP: any server that takes submissions (RFC 6409), and what `hve` is a profile of.

Headers first, then the attachment, encoded as it is read: memory does not grow with the
scan. Sessions are kept for the next mail.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.address import domain_of
from shared.errors import (
    ConfigError,
    ForwardError,
    RecipientRefusedError,
    TooLargeError,
)
from shared.model import Content, Finding, Message, Receipt

from . import mime
from .base import Carries, Clock, Endpoint, Patience, Quota, Reach, Transport
from .client import Server
from .coding import wrapped
from .config import mailbox, one_of, port, setting
from .deadline import Deadline
from .mime import Letter
from .pool import Pool
from .presets import PRESETS, Preset
from .replies import Reply, sort
from .sasl import Password, SignIn
from .session import CredentialRefusedError, Envelope, Session

RELAYING, SUBMISSION, SUBMISSIONS = 25, 587, 465
_KNOCK_SECONDS = 5.0
"""For each of the server's addresses."""
_NO_PRESET = Preset(write="write the mail server's name, or set SMTP_PRESET")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of a mail server that is none of the others."""

    smtp_preset: str = setting(
        f"one of {', '.join(PRESETS)}", one_of(*PRESETS), default=""
    )
    """A provider whose host, port, limits and user are known; the others win."""
    smtp_host: str = setting("the mail server's name", default="")
    smtp_port: int = setting("a port such as 587", port, default=0)
    """Default: 587, or 465 where TLS comes first."""
    smtp_tls: str = setting(
        "starttls or tls", one_of("starttls", "tls"), default="starttls"
    )
    smtp_user: str = setting("the account's name", default="")
    """Empty: nobody signs in."""
    smtp_password: str = setting("the account's password", default="", secret=True)
    smtp_sender: str = setting("the address that mails come from", mailbox)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What distinguishes one SMTP transport from another."""

    name: str
    reach: Reach
    server: Server
    senders: Mapping[str, SignIn | None]
    """How each signs in; None: nobody does."""
    max_bytes: int | None = None
    """Largest mail where the server announces no SIZE; None: not known."""
    own_author: bool = True
    """Whether From may be somebody else than the sender, where that is granted."""
    quotas: tuple[Quota, ...] = ()
    connections: int | None = None
    """At once for each sender; then none is kept, so that other instances get one."""
    domains: frozenset[str] = frozenset()
    """Where recipients must be; empty: anywhere."""
    knocks: bool = False
    """Whether `check` tries TCP first: where port 25 is blocked, nothing answers."""


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `smtp`. Raises ConfigError."""
    preset = PRESETS.get(config.smtp_preset, _NO_PRESET)
    host = config.smtp_host or preset.host
    if not host:
        raise ConfigError("SMTP_HOST is not set", hint=preset.write)
    is_tls_first = config.smtp_tls == "tls"
    server = Server(
        host=host,
        port=config.smtp_port or (SUBMISSIONS if is_tls_first else preset.port),
        is_tls_first=is_tls_first,
        patience=patience,
    )
    profile = Profile(
        name="smtp",
        reach=Reach.ANYONE,
        server=server,
        senders={config.smtp_sender: _password(config, preset)},
        max_bytes=preset.max_bytes,
        quotas=preset.quotas,
    )
    return Smtp(profile, clock)


def _password(config: Config, preset: Preset) -> Password | None:
    """Find out who signs in; None: nobody. Raises ConfigError."""
    user = config.smtp_user or (preset.user if config.smtp_password else "")
    if bool(user) != bool(config.smtp_password):
        raise ConfigError(
            "SMTP_USER and SMTP_PASSWORD belong together",
            hint=preset.write if config.smtp_preset else "set both, or neither",
        )
    if config.smtp_preset and not user:
        raise ConfigError("SMTP_PASSWORD is not set", hint=preset.write)
    return Password(user, config.smtp_password) if user else None


class Smtp:
    """A transport that speaks SMTP. Thread-safe."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self.name = profile.name
        self.reach = profile.reach
        self.senders = tuple(profile.senders)
        server = profile.server
        self.endpoint = Endpoint(
            server.host, server.port, server.is_tls_first, server.certificate
        )
        self._profile = profile
        self._clock = clock
        self._pools = {sender: Pool() for sender in profile.senders}
        self._size = profile.max_bytes
        """As the server announced it last."""

    @property
    def carries(self) -> Carries:
        """Everything that mail can; SIZE is learned on connecting."""
        profile = self._profile
        return Carries(
            max_bytes=self._size,
            own_author=profile.own_author,
            quotas=profile.quotas,
            connections=profile.connections,
        )

    def size_of(self, message: Message) -> int:
        """Bytes of the mail as SIZE counts them."""
        return mime.letter(message).size

    def send(self, message: Message, content: Content, deadline: datetime) -> Receipt:
        """Send one mail; promises and errors are `Transport.send`'s."""
        letter = mime.letter(message)
        envelope = _envelope(message, letter)
        limit = Deadline(deadline, self._clock, self._profile.server.patience)
        limit.check()
        self._reach_all(envelope)
        sender = self._sender(message)
        begun = self._begin(sender, envelope)
        try:
            answers = sort(begun.replies)
            file = wrapped(content) if letter.attached is not None else ()
            answer = begun.session.send(letter, file, limit)
        except BaseException:
            # Whatever it was: the next mail starts on a clean line.
            begun.session.close()
            raise
        if self._profile.connections:
            begun.session.quit()
        else:
            self._pools[sender].give(begun.session)
        return Receipt(
            answer=answer,
            refused=answers.refused,
            deferred=answers.deferred,
            throttled=answers.throttled,
            token_seconds=begun.token_seconds,
        )

    def _reach_all(self, envelope: Envelope) -> None:
        """Raise RecipientRefusedError where somebody is out of reach."""
        within = self._profile.domains
        away = [who for who in envelope.recipients if domain_of(who) not in within]
        if within and away:
            raise RecipientRefusedError(
                f"{self.name} reaches nobody outside",
                hint="set EXTERNAL_TRANSPORT to one that does",
                refused=dict.fromkeys(away, "outside"),
            )

    def _sender(self, message: Message) -> str:
        """Who signs in: the first where settings have changed since it was planned."""
        known = message.sender in self._pools
        return message.sender if known else self.senders[0]

    def _begin(self, sender: str, envelope: Envelope) -> _Begun:
        """Begin on a kept session, or on a new one where there is none that lives."""
        kept = self._pools[sender].take()
        if kept:
            try:
                return self._begun(kept, 0.0, envelope)
            except ForwardError:
                if not kept.has_ended:
                    raise
        return self._begun(*self._open(sender), envelope)

    def _begun(self, session: Session, seconds: float, envelope: Envelope) -> _Begun:
        try:
            self._fit(envelope.size, session.max_bytes)
            return _Begun(session, seconds, session.begin(envelope))
        except BaseException:
            # Whatever it was: the next mail starts on a clean line.
            session.close()
            raise

    def _fit(self, size: int, announced: int | None) -> None:
        """Raise TooLargeError before the server has to."""
        most = announced or self._profile.max_bytes
        if most and size > most:
            raise TooLargeError(f"{size} bytes; {self._profile.server} takes {most}")

    def _open(self, sender: str) -> tuple[Session, float]:
        """Connect and sign in; after 535 once more, with a new token."""
        sign_in, server = self._profile.senders[sender], self._profile.server
        start = time.perf_counter()
        credential = sign_in.ready() if sign_in else None
        seconds = time.perf_counter() - start
        try:
            session = Session(server, credential)
        except CredentialRefusedError:
            another = sign_in.renewed(credential) if sign_in and credential else None
            if another is None:
                raise
            session = Session(server, another)
        self._size = session.max_bytes or self._profile.max_bytes
        return session, seconds

    def look_up(self, message: Message) -> Finding | None:  # noqa: ARG002 (Transport)
        """Nobody can be asked what became of a mail."""
        return None

    def check(self) -> str:
        """Sign in and take leave; returns what was seen."""
        if self._profile.knocks:
            self._knock()
        for sender in self.senders:
            session, _ = self._open(sender)
            session.quit()
        size = f"{self._size} bytes at most" if self._size else "no limit announced"
        who = [name for name, sign_in in self._profile.senders.items() if sign_in]
        signed = f"signed in as {', '.join(who)}" if who else "no sign-in"
        return f"{self._profile.server}: {signed}, {size}"

    def _knock(self) -> None:
        """Try TCP alone: a name has many addresses, and a firewall says nothing."""
        # Imported here: mails need it not.
        from .probe import Probe

        patience = self._profile.server.patience
        seconds = min(_KNOCK_SECONDS, patience.connect_seconds)
        brief = replace(patience, connect_seconds=seconds)
        Probe(endpoint=self.endpoint, patience=brief, clock=self._clock).tcp()

    def close(self) -> None:
        """Take leave of kept sessions."""
        for pool in self._pools.values():
            pool.close()


@dataclass(frozen=True, slots=True)
class _Begun:
    """A mail whose sender and recipients are named."""

    session: Session
    token_seconds: float
    replies: Mapping[str, Reply]


def _envelope(message: Message, letter: Letter) -> Envelope:
    """Name who gets it, the blind copies too, which no header has checked."""
    return Envelope(
        sender=mime.bare(message.sender),
        recipients=tuple(mime.bare(each) for each in message.recipients),
        size=letter.size,
    )
