"""Which claims are in hand: what is found in a folder again is not taken on twice."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

_PAST = 10_000


@dataclass(slots=True)
class Known:
    """Ids of claims. Thread-safe."""

    _ids: set[str] = field(default_factory=set)
    _past: dict[str, None] = field(default_factory=dict)
    """Those that went last: who listed a folder before may speak of them after."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, claim_id: str) -> bool:
        """Take one on; False: somebody did."""
        with self._lock:
            if claim_id in self._ids or claim_id in self._past:
                return False
            self._ids.add(claim_id)
            return True

    def has(self, claim_id: str) -> bool:
        """Whether it is, or was, in hand."""
        with self._lock:
            return claim_id in self._ids or claim_id in self._past

    def drop(self, claim_ids: Iterable[str]) -> None:
        """These are done with."""
        with self._lock:
            for each in claim_ids:
                self._ids.discard(each)
                self._past[each] = None
            while len(self._past) > _PAST:
                del self._past[next(iter(self._past))]

    def forget(self, claim_ids: Iterable[str]) -> None:
        """Know nothing of these: where they are found, they are taken on again."""
        with self._lock:
            self._ids.difference_update(claim_ids)
