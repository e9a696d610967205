"""A transport that answers as a test tells it to, and keeps what it took."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.errors import TooLargeError
from shared.model import Content, Finding, Message, Receipt
from shared.transports.base import Carries, Endpoint, Reach

TAKEN = Receipt(answer="250 2.0.0 taken")


@dataclass(frozen=True, slots=True)
class Call:
    """One mail that was handed over, whatever became of it."""

    message: Message
    file: bytes
    deadline: datetime


class Scripted:
    """Answers from `script`, then takes everything. Thread-safe."""

    reach = Reach.ANYONE

    def __init__(self, name: str, sender: str, *, looks_up: bool = False) -> None:
        self.name = name
        self.senders: tuple[str, ...] = (sender,)
        self.endpoint: Endpoint | None = None
        self.carries = Carries(
            max_bytes=10_000_000,
            looks_up=looks_up,
            needs_to=looks_up,
            display_name=not looks_up,
        )
        self.script: list[BaseException | Receipt] = []
        self.findings: list[Finding | Exception] = []
        self.calls: list[Call] = []
        """Every attempt, in order."""
        self.taken: list[Call] = []
        """Those that were accepted, seen by us or not."""
        self.looked_up: list[str] = []
        self.limit_bytes = 0
        """Refused before they are read, as by SIZE; 0: never."""
        self.meanwhile: Callable[[], object] = lambda: None
        """Done while a mail is on its way."""
        self._lock = threading.Lock()

    def size_of(self, message: Message) -> int:
        """Count the attachment as base64 does."""
        return message.size * 4 // 3

    def send(self, message: Message, content: Content, deadline: datetime) -> Receipt:
        """Do what the script says next; without one, take the mail."""
        if self.limit_bytes and self.size_of(message) > self.limit_bytes:
            raise TooLargeError(f"more than {self.limit_bytes} bytes")
        call = Call(message, b"".join(content.pieces()), deadline)
        with self._lock:
            self.calls.append(call)
            answer = self.script.pop(0) if self.script else TAKEN
        self.meanwhile()
        if isinstance(answer, BaseException):
            raise answer
        with self._lock:
            self.taken.append(call)
        return answer

    def look_up(self, message: Message) -> Finding | None:
        """Bring back the next finding."""
        if not self.carries.looks_up:
            return None
        self.looked_up.append(message.operation_id)
        found = self.findings.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def check(self) -> str:
        """There is nothing to sign in to."""
        return "scripted"

    def close(self) -> None:
        """There is nothing to let go of."""

    @property
    def people(self) -> list[str]:
        """Who got a mail, in order."""
        return [who for call in self.taken for who in call.message.recipients]
