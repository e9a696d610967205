"""Until when a mail may be completed: the lease's end, less its margin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.errors import TransientError

from .base import Clock, Patience


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment, and the clock it is read by."""

    moment: datetime
    clock: Clock
    patience: Patience

    def check(self) -> None:
        """Go on only while the lease is ours. Raises TransientError."""
        if self.clock() >= self.moment:
            # Not the peer's fault: it is no outage.
            raise TransientError(
                "broken off: the lease ends before the mail is complete",
                hint="where this repeats, raise LEASE_SECONDS",
            )

    def answer_seconds(self) -> float:
        """How long to wait for the answer to a whole mail.

        As long as the lease lasts: giving up early sends twice (RFC 5321, 4.5.3.2.6).
        """
        left = (self.moment - self.clock()).total_seconds()
        longest = max(left, self.patience.reply_seconds)
        return min(longest, self.patience.answer_seconds)
