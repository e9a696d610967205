"""Keeps `routes.toml` and `directory.csv` at hand, fresh, and never broken.

Both lie in container `config` and are asked for at most once a minute per worker. The
last good ones are kept in `config/last-good/`, for every instance and cold start.
Raises `RoutesBrokenError` only where there never was a good one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from .directory import Directory, parse_directory
from .errors import MissingError, TransientError
from .journal import Value, alarm, note
from .model import Place, Reason
from .rules import Rules, RulesError, parse_rules
from .stores.blobs import Blobs, Opened
from .stores.border import NotModifiedError

CONFIG = "config"
ROUTES, DIRECTORY = "routes.toml", "directory.csv"
CHECK_EVERY = timedelta(minutes=1)
SIZE_LIMIT = 16 << 20
"""Bytes; the parsers have limits of their own."""


class RoutesBrokenError(TransientError):
    """There is no good routes.toml or directory.csv: scans wait for one."""

    reason = Reason.ROUTES_BROKEN


@dataclass(frozen=True, slots=True)
class Book:
    """The rules in force."""

    rules: Rules
    directory: Directory


class Kept[T]:
    """One file: what is in force, and what is wrong with the newest."""

    def __init__(
        self, blobs: Blobs, name: str, parse: Callable[[bytes], T], empty: T
    ) -> None:
        self._blobs = blobs
        self._name = name
        self._parse = parse
        self._empty = empty
        self._etag = ""
        self._good: T | None = None
        self.fault: RulesError | None = None
        """Why the newest file is not in force; None where it is."""

    def current(self) -> T:
        """What is in force. Raises RoutesBrokenError where nothing ever was."""
        if self._good is None:
            what = f"{self._name} is broken and there never was a good one"
            raise RoutesBrokenError(f"{what}: {self.fault}", hint="mend the file")
        return self._good

    def refresh(self) -> None:
        """Look whether the file changed, and read it then."""
        try:
            opened = (
                self._blobs.open_changed(CONFIG, self._name, self._etag)
                if self._etag
                else self._blobs.open(CONFIG, self._name)
            )
        except NotModifiedError:
            return
        except MissingError:
            self._etag, self._good, self.fault = "", self._empty, None
            return
        self._read(opened)

    def _read(self, opened: Opened) -> None:
        etag = opened.blob.place.etag
        data = _whole(self._blobs, opened)
        try:
            self._good = self._parse(data)
        except RulesError as exc:
            self._broken(exc)
        else:
            self.fault = None
            self._keep(data, etag)
            note("config-read", {"file": self._name, "etag": etag})
        self._etag = etag

    def _broken(self, fault: RulesError) -> None:
        """Report it, and stay with the last good one."""
        self.fault = fault
        self.tell()
        if self._good is None:
            # A last good one that a newer Scanpost refuses is none.
            with suppress(MissingError, RulesError):
                kept = self._blobs.open(CONFIG, f"last-good/{self._name}")
                self._good = self._parse(_whole(self._blobs, kept))

    def tell(self) -> None:
        """Say what is wrong with the newest one, if anything."""
        if self.fault:
            said: dict[str, Value] = {"file": self._name, "why": str(self.fault)}
            alarm("routes-broken", "config-broken", said)

    def _keep(self, data: bytes, etag: str) -> None:
        """Keep a good one where every instance finds it; once per version."""
        name = f"last-good/{self._name}"
        kept = self._blobs.find(CONFIG, name)
        if kept is None or kept.metadata.get("source") != etag:
            self._blobs.put(CONFIG, name, data, etag)


def _whole(blobs: Blobs, opened: Opened) -> bytes:
    """Read the rest of it; what is far too large stays cut, and is refused."""
    if opened.is_all:
        return opened.head
    place: Place = opened.blob.place
    rest = min(opened.blob.size, SIZE_LIMIT + 1) - len(opened.head)
    return opened.head + b"".join(blobs.read(place, len(opened.head), rest))


class Rulebook:
    """Both files together. Thread-safe."""

    def __init__(self, blobs: Blobs, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._routes = Kept(blobs, ROUTES, parse_rules, Rules())
        self._directory = Kept(blobs, DIRECTORY, parse_directory, Directory())
        self._checked: datetime | None = None
        self._lock = threading.Lock()

    def current(self) -> Book:
        """The rules in force now. Raises RoutesBrokenError, StorageError."""
        with self._lock:
            now = self._clock()
            if self._checked is None or now - self._checked >= CHECK_EVERY:
                self._routes.refresh()
                self._directory.refresh()
                self._checked = now
            return Book(self._routes.current(), self._directory.current())

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the newest files, after a look at them."""
        with suppress(RoutesBrokenError):
            self.current()
        both = (self._routes.fault, self._directory.fault)
        return tuple(str(fault) for fault in both if fault)

    def tell(self) -> None:
        """Say once more what is wrong with the newest files."""
        self._routes.tell()
        self._directory.tell()
