"""The conductor: what is seen is looked at, claimed, sorted, uploaded and cleared away.

`run` watches until it is told to stop, and then finishes what is in hand. Each step has
threads of its own; only the journal and what lies in the folders outlives them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shared import journal

from . import claim as claims
from .agenda import Agenda
from .book import Book
from .claim import Claimed
from .clearing import clear
from .config import Config, Done, Folder, Gathering, Sidecar
from .desk import Desk, Tell
from .entry import Entry
from .junk import CLAIMED
from .known import Known
from .line import Line
from .look import EMPTY, Looker
from .merged import Merged
from .profiles import guess
from .sending import Sender
from .sight import Later, Nothing, Ready, Sight
from .sorting import Sorter, is_at_once
from .tending import Tender
from .threads import Threads
from .upload import Uploader
from .watch import Watcher

LOOKERS = 2
TAKE_SECONDS = 10.0
"""Whoever waits is woken when there is something."""
WAKE_SECONDS, LONG_WAKE_SECONDS = 0.5, 3.0
"""Until it is seen that a thread has failed: at the start, and later."""
UNDER_WAY_SECONDS = 2.0
AGAIN_SECONDS = 30.0
"""Until a file at which we failed is looked at again."""
DRAIN_SECONDS, AWAY_SECONDS = 60.0, 5.0
"""The longest that the end waits for uploads, and where storage is away."""


@dataclass
class Agent:
    """One agent at work."""

    config: Config
    uploader: Uploader
    book: Book
    merged: Merged
    tell: Tell
    skew: Callable[[], str] = str
    """Says how wrong our clock is; asked where storage does not let us in."""
    last_upload: float = 0.0
    """Seconds since 1970; 0: none since it was started."""
    went: int = 0
    agenda: Agenda = field(default_factory=Agenda)
    looker: Looker = field(default_factory=Looker)
    known: Known = field(default_factory=Known)
    threads: Threads = field(default_factory=Threads)
    _due: dict[Path, float] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.line = Line(self.config.limits.uploads)
        self.folders = {each.path: each for each in self.config.folders}
        self._locks = {each.path: threading.Lock() for each in self.config.folders}
        self.desk = Desk(self.book, self.tell)
        self.sorters = {
            path: Sorter(each, self.merged) for path, each in self.folders.items()
        }
        self.watcher = Watcher(self.config.folders, self.agenda.add)
        self.tender = Tender(self)

    def run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Watch until `stop` is set, then finish what is in hand; `ready` is told.

        Raises what ended a thread.
        """
        halt, sender = threading.Event(), Sender(self)
        self.threads.start("tend", lambda: self.tender.run(halt))
        self.threads.start("watch", lambda: self.watcher.run(halt))
        self.threads.start("look", self._look_on, LOOKERS)
        self.threads.start(
            "upload", lambda: sender.run(self._end), self.config.limits.uploads
        )
        for event in (self.tender.is_tended, self.watcher.is_watching):
            while not (event.wait(WAKE_SECONDS) or stop.is_set() or self._has_failed):
                pass
        if not (stop.is_set() or self._has_failed):
            ready()
        while not (stop.wait(LONG_WAKE_SECONDS) or self._has_failed):
            pass
        end = time.time()
        halt.set()
        self.tender.bell.set()
        self.watcher.wake()
        self._drain(end)
        if self.threads.failure:
            raise self.threads.failure

    @property
    def _has_failed(self) -> bool:
        return self.threads.failed.is_set()

    def is_idle(self) -> bool:
        """Whether nothing is left that time, or another file, would bring on.

        Asked in the order in which files go: none slips by.
        """
        return self.watcher.has_listed and not (
            len(self.agenda)
            or self.agenda.is_moving()
            or self.is_hopeful()
            or len(self.line)
            or self.tender.is_busy
        )

    @property
    def is_due(self) -> bool:
        """Whether files wait for others, and not for long."""
        return bool(self._due)

    def is_hopeful(self) -> bool:
        """Whether files wait for others that may still come."""
        return any(self.sorters[path].is_hopeful() for path in self._each_locked())

    def claimed(self) -> Iterator[tuple[Claimed, str]]:
        """Every file that is claimed and waits, and what for."""
        for job, why in self.line.waiting():
            for each in job.members[:1]:
                yield each, why
        for path in self._each_locked():
            yield from self.sorters[path].waiting()

    def take_on(
        self,
        files: Iterable[Claimed],
        folder: Folder,
        done: Sight | None = None,
        came: float | None = None,
    ) -> None:
        """Take claimed files on, each once; `done` is the sight that they came of."""
        with self._locks[folder.path]:
            since = self.agenda.since(done) if done else None
            for each in files:
                if self.known.add(each.claim_id):
                    # Another machine's clock may be ahead of ours.
                    at = min(came or each.mark.ctime_ns / 1e9, time.time())
                    self.sorters[folder.path].add(each, at, since)
            if done:
                # In one step: nobody sees it as a page, and as one that is under way.
                self.agenda.done(done)
            self._due[folder.path] = 0.0
        if is_at_once(folder):
            self._sort(folder.path, time.time())
        else:
            self.tender.bell.set()

    def begin(self, folder: Folder) -> None:
        """Wait anew for what belongs to files that were left in a folder."""
        with self._locks[folder.path]:
            self.sorters[folder.path].begin(time.time())
            self._due[folder.path] = 0.0

    def drop_gone(self, folder: Folder) -> None:
        """Forget what somebody took away of scans that lack a page."""
        lacks = self.sorters[folder.path].lacks_something
        if not (lacks and (folder.path / CLAIMED).is_dir()):
            return
        with self._locks[folder.path]:
            gone = self.sorters[folder.path].drop_gone()
        self.desk.mended(folder, gone)
        self.known.forget(each.claim_id for each in gone)

    def sort_due(self, now: float | None = None) -> None:
        """Send on what time has made complete `now`, in seconds since 1970."""
        now = time.time() if now is None else now
        for path, at in list(self._due.items()):
            if at <= now:
                self._sort(path, now)

    def clear(
        self, folder: Folder, entry: Entry, members: tuple[Claimed, ...], *, left: bool
    ) -> None:
        """Storage has it: remove it here, or keep it. Raises OSError, BookError."""
        keeps = folder.done is Done.MOVE
        for each in clear(entry, members, self.book, keeps=keeps, is_left_over=left):
            self._warn("edge_changed_since", folder, f"{each.path} is another scan")
            self.agenda.add(each)
        if entry.pages:
            self.merged.drop(entry.claim_id)
        self.known.drop([entry.claim_id, *entry.members])
        self.desk.mended(folder, members)
        self.went, self.last_upload = self.went + 1, time.time()
        journal.note(
            "edge_sent", {"path": entry.path, "blob": entry.blob, "size": entry.size}
        )

    def forget(self, folder: Folder, members: Iterable[Claimed]) -> None:
        """Files are not where they were: look soon whether they are there again."""
        self.known.forget(each.claim_id for each in members)
        self.tender.look_soon(folder)

    def _drain(self, now: float) -> None:
        """Look at what was seen, upload what is finished; then end, whatever hangs.

        What was quiet by `now`, when the watch ended: who knows what came since.
        """
        until = time.monotonic() + DRAIN_SECONDS
        for each in ("watch", "tend"):
            self.threads.join(each, time.monotonic() + 1.0)
        while self.agenda.is_moving() or self.line.is_moving():
            if self.line.why or self._has_failed:
                until = min(until, time.monotonic() + AWAY_SECONDS)
            if time.monotonic() >= until:
                break
            time.sleep(0.02)
            self.sort_due(now)
        self._end.set()

    def _look_on(self) -> None:
        while not self._end.is_set():
            sight = self.agenda.take(TAKE_SECONDS)
            if sight is not None:
                self._look(sight)

    def _look(self, sight: Sight) -> None:
        """Look at a name, and claim it where its writer is done."""
        ready: Ready | None = None
        came: Claimed | Later | Nothing
        try:
            if not self.tender.is_open(sight.place.path):
                came = self.tender.unready(sight)
            elif isinstance(answer := self.looker.look(sight), Ready):
                ready, came = answer, claims.claim(answer, time.monotonic())
            else:
                came = answer
        except Exception as exc:  # noqa: BLE001 (a stranger's file must not end us)
            journal.LOGGER.exception("%s", journal.line("edge_not_looked_at", {}))
            came = Later(time.monotonic() + AGAIN_SECONDS, f"It failed: {exc}.")
        if isinstance(came, Later):
            self.agenda.later(sight, came)
            return
        if isinstance(came, Nothing) and came.why == EMPTY and self._is_awaited(sight):
            # Over SMB a file stays empty until much of it has come.
            came = Later(time.monotonic() + AGAIN_SECONDS, "It is empty so far.")
            self.agenda.later(sight, came)
            return
        self.looker.forget(sight)
        if ready and isinstance(came, Claimed):
            when = ready.mark.ctime_ns / 1e9
            self.take_on([came], self.folders[came.place.path], sight, when)
        else:
            self.agenda.done(sight)

    def _is_awaited(self, sight: Sight) -> bool:
        """Whether others may wait for it: pages of its scan, or its sidecar."""
        folder = self.folders[sight.place.path]
        is_page = folder.set is Gathering.MERGE and guess(sight.path).is_set
        return is_page or folder.sidecar is not Sidecar.NONE

    def _sort(self, path: Path, now: float) -> None:
        """Send on what is complete."""
        folder = self.folders[path]
        if not (is_at_once(folder) or self.watcher.has_told(path)):
            # The other pages may lie there: it stays due.
            return
        with self._locks[path]:
            under_way = {} if is_at_once(folder) else self.agenda.under_way(folder)
            found = self.sorters[path].sort(now, under_way)
            due = found.until
            if due is not None and under_way:
                # One that is removed by its writer is waited for no longer.
                due = min(due, time.time() + UNDER_WAY_SECONDS)
            if due is None:
                self._due.pop(path, None)
            else:
                self._due[path] = due
            for job in found.jobs:
                self.line.add(job)
        for trouble in found.troubles:
            self.desk.put(folder, trouble)

    def _each_locked(self) -> Iterator[Path]:
        for path, lock in self._locks.items():
            with lock:
                yield path

    def _warn(self, event: str, folder: Folder, why: str) -> None:
        journal.warn(event, {"folder": str(folder.path), "why": why})
