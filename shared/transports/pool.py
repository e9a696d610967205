"""Sessions kept for the next mail, by all threads of a worker.

The last one given back is taken first, so that the others age and go. Only a session
whose last mail was accepted may be given back.
"""

from __future__ import annotations

import threading
import time

from .session import Session

IDLE_SECONDS = 100.0
"""Servers hang up after five minutes (RFC 5321, 4.5.3.2.7), and Azure's outbound

addresses forget a connection after four, without a word to either end.
"""


class Pool:
    """Kept sessions. Thread-safe."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._kept: list[tuple[float, Session]] = []
        """When it was given back, and the session; the latest last."""

    def take(self) -> Session | None:
        """Take a session that is alive; None where there is none."""
        with self._lock:
            stale = self._stale()
            session = None
            while self._kept and session is None:
                _, last = self._kept.pop()
                if last.is_alive():
                    session = last
                else:
                    stale.append(last)
        for each in stale:
            each.close()
        return session

    def _stale(self) -> list[Session]:
        """Part with those that nobody needed for too long."""
        oldest = time.monotonic() - self._idle_seconds
        stale = [session for since, session in self._kept if since < oldest]
        self._kept = [each for each in self._kept if each[0] >= oldest]
        return stale

    def give(self, session: Session) -> None:
        """Keep a session whose mail was accepted."""
        with self._lock:
            self._kept.append((time.monotonic(), session))
            stale = self._stale()
        for each in stale:
            each.close()

    def close(self) -> None:
        """Take leave of all."""
        with self._lock:
            kept, self._kept = self._kept, []
        for _, session in kept:
            session.quit()
