"""What can go wrong at a mail server, step by step, laid in the way on purpose."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Where a fault strikes: in the place of the answer to this."""

    CONNECT = "connect"
    EHLO = "ehlo"
    TLS = "tls"
    """After the 220 to STARTTLS, in the place of the handshake."""
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    """After 354, while the mail is still coming."""
    DOT = "dot"
    """After the final dot; the mail is not taken."""
    AFTER = "after"
    """After the final dot; the mail is taken, its answer is lost."""


class Then(StrEnum):
    """What follows the reply, if there is one."""

    GO_ON = "go on"
    HANG_UP = "hang up"
    STALL = "stall"
    BE_LATE = "be late"
    """It takes its time, and then does what it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFault:
    """Something that goes wrong, so many times."""

    step: Step
    reply: str = ""
    then: Then = Then.GO_ON
    times: int = 1
    who: str = ""
    """At RCPT: strikes only this recipient; empty: any."""
    seconds: float = 30.0
    """How long it stalls, or how late it is."""


class MailFaults:
    """Those still to come, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[MailFault] = deque()

    def add(self, fault: MailFault) -> None:
        """Lay a fault in the way."""
        with self._lock:
            self._waiting.extend([fault] * fault.times)

    def clear(self) -> list[MailFault]:
        """Take back those that have not struck; returns them."""
        with self._lock:
            left = list(self._waiting)
            self._waiting.clear()
        return left

    def strike(self, step: Step, who: str = "") -> MailFault | None:
        """Take the next one that fits."""
        with self._lock:
            for fault in self._waiting:
                if fault.step is step and fault.who in {"", who}:
                    self._waiting.remove(fault)
                    return fault
        return None
