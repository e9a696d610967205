"""Is everything in reach, and who says no: storage, rules, each transport's sign-in.

Results are kept for 60 s, so that a probe cannot hammer the mail server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from .endings import endings, warning
from .errors import ForwardError, MissingError, ThrottledError, UnreachableError
from .outlook import certificates
from .rulebook import CONFIG, RoutesBrokenError
from .settle import HELD, SCANS, SENT
from .stores.border import DeniedError, StorageError
from .stores.queues import EVENTS, REPORTS, RETRIES
from .transports.base import Tended
from .works import Works

KEPT = timedelta(seconds=60)
IN_TIME = timedelta(days=30)
"""How long before a certificate's end it is told, as the alert does."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried."""

    name: str
    is_ok: bool
    text: str
    """What was seen; or what is wrong, and what to do."""
    is_warning: bool = False
    """Whether it is well now, and will not stay so."""
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
    return (*(_tried(name, attempt) for name, attempt in tries), *_ends(works))


def _ends(works: Works) -> Iterator[Check]:
    """What is in use and will end before long."""
    for each in endings(works.transports, works.settings.source):
        if words := warning(each, works.clock()):
            yield Check(f"end of {each.transport}", True, words, is_warning=True)
    now = works.clock()
    for what, ends in certificates(works):
        if ends - now <= IN_TIME:
            left = f"ends in {(ends - now).days} days" if ends > now else "has ended"
            words = f"it {left}, on {ends:%Y-%m-%d}: renew it"
            yield Check(f"end of {what}", True, words, is_warning=True)
    for name, transport in works.transports.items():
        if isinstance(transport, Tended) and (words := transport.warning()):
            yield Check(f"sign-in of {name}", True, words, is_warning=True)


def _tried(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name, True, attempt())
    except (ThrottledError, UnreachableError, StorageError) as exc:
        is_passing = not isinstance(exc, DeniedError)
        return Check(name, False, str(exc), is_passing=is_passing)
    except ForwardError as exc:
        return Check(name, False, str(exc))


def _storage(works: Works) -> str:
    """Touch each service once."""
    account = works.account
    kept = (SENT,) if works.settings.after_send == "keep" else ()
    for container in (SCANS, HELD, CONFIG, *kept):
        with _made("container", container):
            account.blobs.exists(container)
    for queue in (EVENTS, RETRIES, REPORTS):
        with _made("queue", queue):
            account.queues.check(queue)
    works.ledger.find("19700101-" + "0" * 20)
    return f"account {account.blobs.account}: blobs, queues and tables answer"


@contextmanager
def _made(kind: str, name: str) -> Iterator[None]:
    try:
        yield
    except MissingError as exc:
        what = f"there is no {kind} {name}"
        raise ForwardError(what, hint=f"create {kind} {name} in the account") from exc


def _routes(works: Works) -> str:
    if faults := works.rulebook.faults():
        try:
            works.rulebook.current()
            hint = "the last good ones stay in force"
        except RoutesBrokenError:
            hint = "scans wait until they are mended: there never were good ones"
        raise ForwardError("; ".join(faults), hint=hint)
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
