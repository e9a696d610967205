"""Jobs on their way to storage: the oldest first, large ones in nobody's way.

Thread-safe. While storage is away nobody tries but one at a time, so that a day without
it costs nothing, and everything goes when it is back.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from .job import Job

LARGE_BYTES = 16 << 20
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
FIRST_AGAIN_SECONDS, LONGEST_AGAIN_SECONDS = 5.0, 300.0


@dataclass(slots=True)
class _Again:
    """A job of which something was wrong."""

    at: float
    tries: int
    why: str


@dataclass(slots=True)
class Line:
    """The jobs that wait, and how storage is."""

    uploads: int
    clock: Callable[[], float] = time.monotonic
    why: str = ""
    """What keeps everything from going; empty: nothing does."""
    _small: list[tuple[float, int, Job]] = field(default_factory=list)
    _large: list[tuple[float, int, Job]] = field(default_factory=list)
    _later: list[tuple[float, int, Job]] = field(default_factory=list)
    _agains: dict[str, _Again] = field(default_factory=dict)
    _serial: count[int] = field(default_factory=count)
    _in_hand: dict[str, bool] = field(default_factory=dict)
    """Jobs that are being uploaded, and whether they are large."""
    _wait: float = 0.0
    _closed_until: float = 0.0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, job: Job) -> None:
        """Let a job wait for its turn."""
        with self._changed:
            self._push(job)
            self._changed.notify()

    def take(self, timeout: float) -> Job | None:
        """Take the next that may go; None after so many seconds."""
        end = self.clock() + timeout
        with self._changed:
            while True:
                now = self.clock()
                found = self._next(now)
                if found:
                    return found
                if now >= end:
                    return None
                self._changed.wait(max(0.001, min(end - now, self._due(now))))

    def done(self, job: Job) -> None:
        """Storage has it: storage answers."""
        with self._changed:
            self.why, self._wait, self._closed_until = "", 0.0, 0.0
            self._let_go(job)

    def drop(self, job: Job) -> None:
        """It does not go, and storage had no part in that."""
        with self._changed:
            self._let_go(job)

    def again(self, job: Job, why: str) -> float:
        """Try this one again, the later the oftener; the others go on. Says when."""
        with self._changed:
            self._in_hand.pop(job.job_id, None)
            before = self._agains.get(job.job_id)
            tries = before.tries + 1 if before else 1
            seconds = FIRST_AGAIN_SECONDS * 2.0 ** min(tries - 1, 10)
            seconds = min(seconds, LONGEST_AGAIN_SECONDS)
            at = self.clock() + seconds
            self._agains[job.job_id] = _Again(at, tries, why)
            heapq.heappush(self._later, (at, next(self._serial), job))
            self._changed.notify_all()
            return seconds

    def away(self, job: Job, why: str) -> float:
        """Storage does not answer: everybody waits; returns for how many seconds."""
        with self._changed:
            self._in_hand.pop(job.job_id, None)
            self._push(job)
            if self.clock() >= self._closed_until:
                longer = max(FIRST_WAIT_SECONDS, 2 * self._wait)
                self._wait = min(longer, LONGEST_WAIT_SECONDS)
                self._closed_until = self.clock() + self._wait
            self.why = why
            self._changed.notify_all()
            return self._wait

    def waiting(self) -> list[tuple[Job, str]]:
        """Everything that is not in hand, and what for."""
        with self._changed:
            why = self.why or "waits for its turn"
            jobs = [(job, why) for *_, job in sorted(self._small + self._large)]
            later = [(job, self._agains[job.job_id].why) for *_, job in self._later]
            return jobs + later

    def is_moving(self) -> bool:
        """Whether something is in hand, or will be as soon as somebody takes it."""
        with self._changed:
            return bool(
                self._in_hand or ((self._small or self._large) and not self.why)
            )

    def __len__(self) -> int:
        with self._changed:
            own = len(self._small) + len(self._large) + len(self._later)
            return own + len(self._in_hand)

    def _let_go(self, job: Job) -> None:
        self._in_hand.pop(job.job_id, None)
        self._agains.pop(job.job_id, None)
        self._changed.notify_all()

    def _push(self, job: Job) -> None:
        heap = self._large if job.size >= LARGE_BYTES else self._small
        heapq.heappush(heap, (job.since, next(self._serial), job))

    def _next(self, now: float) -> Job | None:
        while self._later and self._later[0][0] <= now:
            self._push(heapq.heappop(self._later)[-1])
        is_away = bool(self.why)
        if now < self._closed_until or (is_away and self._in_hand):
            return None
        larges = sum(self._in_hand.values())
        heaps = [heap for heap in (self._small, self._large) if heap]
        if larges >= max(1, self.uploads // 4):
            heaps = [heap for heap in heaps if heap is self._small]
        if not heaps:
            return None
        _, _, job = heapq.heappop(min(heaps, key=lambda heap: heap[0][:2]))
        self._in_hand[job.job_id] = job.size >= LARGE_BYTES
        return job

    def _due(self, now: float) -> float:
        """Seconds until something may change by itself."""
        times = [each[0] for each in self._later[:1]]
        if self._closed_until > now:
            times.append(self._closed_until)
        return min(times, default=now + 60.0) - now
