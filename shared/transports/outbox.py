"""A transport that reaches nobody and keeps its mails: for tests and `--dry-run`.

The smallest complete example: a new transport begins as a copy of this one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from shared.model import Content, Finding, Message, Receipt

from .base import Carries, Clock, Patience, Reach, Transport
from .deadline import Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """It needs no settings."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail that would have gone out."""

    message: Message
    file: bytes


def make(config: Config, clock: Clock, patience: Patience) -> Transport:  # noqa: ARG001 (all have one shape)
    """Make the transport `outbox`."""
    return Outbox(clock, patience)


class Outbox:
    """Keeps mails in memory. Thread-safe."""

    name = "outbox"
    reach = Reach.NOBODY
    senders = ("scanpost@example.com",)
    endpoint = None
    carries = Carries(max_bytes=None)

    def __init__(self, clock: Clock, patience: Patience) -> None:
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._mails: list[Kept] = []

    @property
    def mails(self) -> tuple[Kept, ...]:
        """What was sent so far, in order."""
        with self._lock:
            return tuple(self._mails)

    def size_of(self, message: Message) -> int:
        """Bytes of the attachment: nothing is encoded."""
        return message.size

    def send(self, message: Message, content: Content, deadline: datetime) -> Receipt:
        """Keep one mail; promises and errors are `Transport.send`'s."""
        file = b"".join(content.pieces()) if message.attachment else b""
        Deadline(deadline, self._clock, self._patience).check()
        with self._lock:
            self._mails.append(Kept(message, file))
        return Receipt(answer="kept")

    def look_up(self, message: Message) -> Finding | None:  # noqa: ARG002 (Transport)
        """Never needed: whatever was sent is kept."""
        return None

    def check(self) -> str:
        """There is nothing to sign in to."""
        return "keeps mails in memory, reaches nobody"

    def close(self) -> None:
        """There is nothing to let go of."""
