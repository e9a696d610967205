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
from shared.stores.border import DeniedError, StorageError

from . import claim as claims
from .agenda import Agenda
from .book import Book, BookError, Entry
from .claim import ChangedError, Claimed
from .clearing import clear
from .config import Config, Done, Folder
from .depot import RefusedError
from .desk import Desk, Tell
from .job import Job
from .known import Known
from .line import Line
from .look import Looker
from .merge import MergeError, MergeStoppedError
from .merged import Merged
from .sight import Later, Nothing, Ready, Sight
from .sorting import Sorter
from .tending import Tender
from .threads import Threads
from .upload import ProblemError, Uploader
from .watch import Watcher

LOOKERS = 2
TAKE_SECONDS = 0.5
UNREADY_SECONDS = 0.2
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
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _halt: threading.Event = field(default_factory=threading.Event)
    _end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.line = Line(self.config.limits.uploads)
        self.folders = {each.path: each for each in self.config.folders}
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
        halt = threading.Event()
        self.threads.start("tend", lambda: self.tender.run(halt))
        self.threads.start("watch", lambda: self.watcher.run(halt))
        self.threads.start("look", self._look_on, LOOKERS)
        self.threads.start("upload", self._upload_on, self.config.limits.uploads)
        for event in (self.tender.is_tended, self.watcher.is_watching):
            while not (event.wait(TAKE_SECONDS) or stop.is_set() or self._has_failed):
                pass
        if not (stop.is_set() or self._has_failed):
            ready()
        while not (stop.wait(TAKE_SECONDS) or self._has_failed):
            pass
        halt.set()
        self._drain()
        if self.threads.failure:
            raise self.threads.failure

    @property
    def _has_failed(self) -> bool:
        return self.threads.failed.is_set()

    def is_idle(self) -> bool:
        """Whether nothing is left that time, or another file, would bring on."""
        with self._lock:
            waits = any(each.is_hopeful() for each in self.sorters.values())
        return not (waits or len(self.agenda) or len(self.line) or self.tender.is_busy)

    def claimed(self) -> Iterator[tuple[Claimed, str]]:
        """Every file that is claimed and waits, and what for."""
        for job, why in self.line.waiting():
            for each in job.members[:1]:
                yield each, why
        with self._lock:
            waiting = [each for it in self.sorters.values() for each in it.waiting()]
        yield from waiting

    def take_on(self, claimed: Claimed) -> None:
        """Take a claimed file on, once."""
        path = claimed.place.path
        if self.known.add(claimed.claim_id):
            with self._lock:
                self.sorters[path].add(claimed)
            self._sort(path)

    def sort_due(self) -> None:
        """Send on what time has made complete."""
        now = time.time()
        with self._lock:
            due = [path for path, at in self._due.items() if at <= now]
        for path in due:
            self._sort(path)

    def clear(self, entry: Entry, members: tuple[Claimed, ...], *, left: bool) -> None:
        """Storage has it: remove it here, or keep it. Raises OSError, BookError."""
        folder = self.folders[Path(entry.folder)]
        keeps = folder.done is Done.MOVE
        for each in clear(entry, members, self.book, keeps=keeps, is_left_over=left):
            self._warn("edge_changed_since", folder, f"{each.path} is another scan")
            self.agenda.add(each)
        self.merged.drop(entry.claim_id)
        self.known.drop([entry.claim_id, *entry.members])
        self.desk.mended(entry.members)
        self.went, self.last_upload = self.went + 1, time.time()
        journal.note(
            "edge_sent", {"path": entry.path, "blob": entry.blob, "size": entry.size}
        )

    def forget(self, folder: Folder, members: Iterable[Claimed]) -> None:
        """Files are not where they were: look soon whether they are there again."""
        self.known.forget(each.claim_id for each in members)
        self.tender.look_soon(folder)

    def _drain(self) -> None:
        """Look at what was seen, upload what is finished; then end, whatever hangs."""
        until = time.monotonic() + DRAIN_SECONDS
        self._halt.set()
        self.threads.join("look", until)
        self.sort_due()
        while self.line.is_moving() and time.monotonic() < until:
            if self.line.why or self._has_failed:
                until = min(until, time.monotonic() + AWAY_SECONDS)
            time.sleep(0.02)
        self._end.set()
        self.threads.join("upload", time.monotonic() + 1.0)
        self.threads.join("tend", time.monotonic() + 1.0)

    def _look_on(self) -> None:
        while True:
            is_last = self._halt.is_set()
            sight = self.agenda.take(0.0 if is_last else TAKE_SECONDS)
            if sight is None and is_last:
                return
            if sight is not None:
                self._look(sight)

    def _look(self, sight: Sight) -> None:
        """Look at a name, and claim it where its writer is done."""
        came: Claimed | Later | Nothing
        if not self.tender.is_open(sight.place.path):
            why = "Its folder is away, or not looked through yet."
            came = Later(time.monotonic() + UNREADY_SECONDS, why)
        else:
            came = self._looked(sight)
        if isinstance(came, Later):
            self.agenda.later(sight, came)
            return
        self.agenda.done(sight)
        if isinstance(came, Claimed):
            self.take_on(came)

    def _looked(self, sight: Sight) -> Claimed | Later | Nothing:
        try:
            answer = self.looker.look(sight)
            if isinstance(answer, Ready):
                return claims.claim(answer, time.monotonic())
        except Exception as exc:  # noqa: BLE001 (a stranger's file must not end us)
            journal.LOGGER.exception("%s", journal.line("edge_not_looked_at", {}))
            return Later(time.monotonic() + AGAIN_SECONDS, f"It failed: {exc}.")
        return answer

    def _sort(self, path: Path) -> None:
        """Send on what is complete."""
        with self._lock:
            found = self.sorters[path].sort(time.time())
            if found.until is None:
                self._due.pop(path, None)
            else:
                self._due[path] = found.until
        for job in found.jobs:
            self.line.add(job)
        for trouble in found.troubles:
            self.desk.put(self.folders[path], trouble)

    def _upload_on(self) -> None:
        while not self._end.is_set():
            job = self.line.take(TAKE_SECONDS)
            if job is not None:
                self._upload(job)

    def _upload(self, job: Job) -> None:
        """Upload one; every outcome has its place."""
        folder = self.folders[job.folder]
        try:
            entry = self.uploader.upload(job)
        except (StorageError, BookError) as exc:
            self._away(job, exc)
        except (ProblemError, MergeError) as exc:
            self.desk.put_job(folder, job, str(exc))
            self.line.drop(job)
        except ChangedError as exc:
            self._give_back(folder, job, str(exc))
            self.line.drop(job)
        except FileNotFoundError as exc:
            self._warn("edge_gone", folder, f"{job.path}: {exc.strerror}")
            self.forget(folder, job.members)
            self.line.drop(job)
        except (OSError, MergeStoppedError, RefusedError) as exc:
            self._again(folder, job, exc)
        except Exception as exc:  # noqa: BLE001 (one file must not hold up the others)
            journal.LOGGER.exception("%s", journal.line("edge_failed", {}))
            self._again(folder, job, exc)
        else:
            self.tender.clear(entry, job.members, left=job.is_left_over)
            self.line.done(job)

    def _away(self, job: Job, exc: Exception) -> None:
        why = str(exc)
        if isinstance(exc, DeniedError):
            why = f"{why} {self.skew()}".strip()
        seconds = self.line.away(job, why)
        waiting = len(self.line)
        journal.warn(
            "edge_storage_away",
            {"why": why, "again_s": f"{seconds:g}", "waiting": waiting},
        )

    def _again(self, folder: Folder, job: Job, exc: Exception) -> None:
        why = str(exc)
        seconds = self.line.again(job, why)
        self._warn("edge_waits", folder, f"{job.path}: {why} (again in {seconds:g} s)")

    def _give_back(self, folder: Folder, job: Job, why: str) -> None:
        """Its writer was not done: it is looked at again under its name."""
        self._warn("edge_changed", folder, f"{job.path}: {why}")
        for each in job.members:
            try:
                path = claims.give_back(each)
            except OSError as exc:
                self._warn("edge_not_given_back", folder, f"{each.path}: {exc}")
                self.forget(folder, [each])
            else:
                self.known.drop([each.claim_id])
                self.agenda.add(Sight(each.place, path))

    def _warn(self, event: str, folder: Folder, why: str) -> None:
        journal.warn(event, {"folder": str(folder.path), "why": why})
