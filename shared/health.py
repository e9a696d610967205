"""Is everything in reach, and who says no: storage, rules, each transport's sign-in.

Results are kept for 60 s, so that a probe cannot hammer the mail server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import ForwardError, ThrottledError, UnreachableError
from .settle import HELD, SCANS
from .stores.border import StorageError
from .stores.queues import RETRIES
from .works import Works

KEPT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried."""

    name: str
    is_ok: bool
    text: str
    """What was seen; or what is wrong, and what to do."""
    is_passing: bool = False
    """Whether it may mend itself: throttled, or out of reach."""


def check(works: Works) -> tuple[Check, ...]:
    """Try everything once."""
    tries: list[tuple[str, Callable[[], str]]] = [
        ("storage", lambda: _storage(works)),
        ("routes", lambda: _routes(works)),
    ]
    for name, transport in works.transports.items():
        tries.append((f"transport {name}", transport.check))
    return tuple(_tried(name, attempt) for name, attempt in tries)


def _tried(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name, True, attempt())
    except (ThrottledError, UnreachableError, StorageError) as exc:
        return Check(name, False, str(exc), is_passing=True)
    except ForwardError as exc:
        return Check(name, False, str(exc))


def _storage(works: Works) -> str:
    """Touch each service once."""
    account = works.account
    for container in (SCANS, HELD):
        account.blobs.exists(container)
    account.queues.check(RETRIES)
    works.ledger.find("19700101-" + "0" * 20)
    return f"account {account.blobs.account}: blobs, queues and tables answer"


def _routes(works: Works) -> str:
    faults = works.rulebook.faults()
    if faults:
        raise ForwardError("; ".join(faults), hint="the last good ones stay in force")
    return "routes.toml and directory.csv are in order"


class Health:
    """The last check, for as long as it counts. Thread-safe."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._lock = threading.Lock()
        self._last: tuple[datetime, tuple[Check, ...]] | None = None

    def checks(self) -> tuple[Check, ...]:
        """The results, at most 60 s old."""
        with self._lock:
            now = self._works.clock()
            if self._last is None or now - self._last[0] >= KEPT:
                self._last = now, check(self._works)
            return self._last[1]
