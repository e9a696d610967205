"""What to look at, and when: between those who see names and those who look.

In: sights, from any thread. Out: each name once at a time, the earliest first. A name
that is seen again while it waits is looked at now; while it is in hand, right after.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from .sight import Later, Place, Sight

type _Key = tuple[Path, str]


@dataclass(slots=True)
class _Entry:
    sight: Sight
    at: float
    why: str
    since: float
    """When it was seen first, in seconds since 1970."""
    serial: int = 0


@dataclass(slots=True)
class Agenda:
    """Sights by their time; thread-safe."""

    clock: Callable[[], float] = time.monotonic
    _entries: dict[_Key, _Entry] = field(default_factory=dict)
    _in_hand: dict[_Key, float] = field(default_factory=dict)
    """And since when they are seen."""
    _order: list[tuple[float, int, _Key]] = field(default_factory=list)
    _serial: count[int] = field(default_factory=count)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, sight: Sight) -> None:
        """Have it looked at now. What it was seen to do before is not forgotten."""
        self._put(sight, self.clock(), "")

    def later(self, sight: Sight, later: Later) -> None:
        """Have it looked at again at its time, unless it was seen meanwhile.

        Ends its being in hand.
        """
        key = _key(sight)
        with self._changed:
            since = self._in_hand.pop(key, time.time())
            if key not in self._entries:
                again = Sight(sight.place, sight.path)
                self._insert(key, _Entry(again, later.at, later.why, since))
            self._entries[key].since = since
            self._changed.notify()

    def done(self, sight: Sight) -> None:
        """End its being in hand; it is looked at again only where it was seen again."""
        with self._changed:
            self._in_hand.pop(_key(sight), None)
            self._changed.notify()

    def take(self, timeout: float) -> Sight | None:
        """Wait for the next sight that is due, at most so many seconds.

        It is in hand, and given to nobody else, until `later` or `done`.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                sight, due = self._next()
                if sight is not None:
                    return sight
                left = end - time.monotonic()
                if left <= 0:
                    return None
                pause = left if due is None else min(left, due - self.clock())
                self._changed.wait(max(pause, 0.001))

    def waiting(self) -> list[tuple[Sight, str]]:
        """Tell which names wait, and what for."""
        with self._changed:
            return [(each.sight, each.why) for each in self._entries.values()]

    def is_moving(self) -> bool:
        """Whether something is being looked at, or would be as soon as it is taken."""
        with self._changed:
            now = self.clock()
            is_due = any(each.at <= now for each in self._entries.values())
            return bool(self._in_hand) or is_due

    def under_way(self, place: Place) -> dict[str, float]:
        """Tell which names of a place wait, or are being looked at this moment.

        And when each was seen first, in seconds since 1970.
        """
        with self._changed:
            waiting = {key: each.since for key, each in self._entries.items()}
            both = waiting | self._in_hand
        return {path: since for (top, path), since in both.items() if top == place.path}

    def since(self, sight: Sight) -> float | None:
        """Tell when a name was seen first that is in hand."""
        with self._changed:
            return self._in_hand.get(_key(sight))

    def __len__(self) -> int:
        return len(self._entries)

    def _put(self, sight: Sight, at: float, why: str) -> None:
        key = _key(sight)
        with self._changed:
            before = self._entries.get(key)
            made = _Entry(sight, at, why, time.time())
            if before is not None:
                is_closed = sight.is_closed or before.sight.is_closed
                made.sight = Sight(sight.place, sight.path, is_closed)
                made.at, made.since = min(at, before.at), before.since
            self._insert(key, made)
            self._changed.notify()

    def _insert(self, key: _Key, entry: _Entry) -> None:
        entry.serial = next(self._serial)
        self._entries[key] = entry
        heapq.heappush(self._order, (entry.at, entry.serial, key))

    def _next(self) -> tuple[Sight | None, float | None]:
        """Take what is due; else say when something will be."""
        held = []
        found, due = None, None
        while self._order and found is None:
            at, serial, key = self._order[0]
            entry = self._entries.get(key)
            if entry is None or entry.serial != serial:
                heapq.heappop(self._order)
            elif at > self.clock():
                due = at
                break
            else:
                heapq.heappop(self._order)
                if key in self._in_hand:
                    held.append((at, serial, key))
                else:
                    del self._entries[key]
                    found, self._in_hand[key] = entry.sight, entry.since
        for each in held:
            heapq.heappush(self._order, each)
        return found, due


def _key(sight: Sight) -> _Key:
    return sight.place.path, sight.path
