"""The conductor: what is seen is looked at, claimed, sorted, uploaded and cleared away.

`run` watches until it is told to stop; `once` ends when nothing is left to do. Each
step has threads of its own, and nothing but the journal is shared between two starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from shared import journal
from shared.stores.border import StorageError

from . import claim as claims
from .agenda import Agenda
from .book import Book, BookError, Entry, Step
from .claim import ChangedError, Claimed
from .config import Config, Done, Folder
from .line import Line
from .look import Looker
from .merge import MergeError, MergeStoppedError
from .recovery import recover
from .sight import Later, Nothing, Ready, Sight
from .sorting import Merge, Sorter, Trouble
from .upload import Job, ProblemError, Uploader
from .watch import Watcher

LOOKERS = 2
TICK_SECONDS = 0.5
AGAIN_SECONDS = 30.0
"""Until a file that cannot be read, or removed, is tried again."""
IDLE_SECONDS = 1.0
"""`once` ends when nothing was to be done for so long."""
TAKE_SECONDS = 0.5

type Tell = Callable[[Folder, str, str], None]
"""A person is told of a file's trouble: folder, path, why; empty: it is mended."""


def _nobody(folder: Folder, path: str, why: str) -> None:
    """Nobody is told but the log."""


@dataclass
class Agent:
    """One agent at work."""

    config: Config
    uploader: Uploader
    book: Book
    merge: Merge
    tell: Tell = _nobody
    last_upload: float = 0.0
    """Seconds since 1970; 0: none since it was started."""
    went: int = 0
    agenda: Agenda = field(default_factory=Agenda)
    looker: Looker = field(default_factory=Looker)
    _left: list[tuple[Entry, tuple[Claimed, ...]]] = field(default_factory=list)
    _unseen: set[Path] = field(default_factory=set)
    _due: dict[Path, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _halt: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.line = Line(self.config.limits.uploads)
        self.folders = {each.path: each for each in self.config.folders}
        self._sorters = {
            path: Sorter(each, self.merge) for path, each in self.folders.items()
        }
        self._unseen = set(self.folders)
        self.watcher = Watcher(self.config.folders, self.agenda.add)

    def run(self, stop: threading.Event, ready: Callable[[], None]) -> None:
        """Watch until `stop` is set, then finish what is in hand; `ready` is told."""
        seen, threads = threading.Event(), []
        for target, count in (
            (lambda: self.watcher.run(seen), 1),
            (self._look_on, LOOKERS),
            (self._upload_on, self.config.limits.uploads),
        ):
            threads += [threading.Thread(target=target) for _ in range(count)]
        self._tick()
        for each in threads:
            each.start()
        try:
            self.watcher.is_watching.wait()
            ready()
            while not stop.wait(TICK_SECONDS):
                self._tick()
        finally:
            seen.set()
            self._halt.set()
            for each in threads:
                each.join()

    def is_idle(self) -> bool:
        """Whether nothing is left that time, or another file, would bring on."""
        with self._lock:
            waits = any(each.waiting() for each in self._sorters.values())
        return not (waits or len(self.agenda) or len(self.line) or self._left)

    def claimed(self) -> Iterator[tuple[Claimed, str]]:
        """Every file that is claimed and waits, and what for."""
        why = self.line.why or "waits for its turn"
        for job in self.line.waiting():
            yield job.members[0], why
        with self._lock:
            sets = [each for it in self._sorters.values() for each in it.waiting()]
        for each in sets:
            yield each, "waits for its other files"

    def _tick(self) -> None:
        """See to what time brings on."""
        now = time.time()
        for path in list(self._unseen):
            self._recover(self.folders[path])
        for path, due in list(self._due.items()):
            if due <= now:
                self._sort(path)
        left, self._left = self._left, []
        for entry, members in left:
            self._clear(entry, members)

    def _recover(self, folder: Folder) -> None:
        """Go on with what a kill left, once the folder is there."""
        try:
            claims.prepare(folder)
            left = recover(folder, self.book, self.merge)
        except (OSError, BookError) as exc:
            self._warn("edge_not_recovered", folder.path, str(exc))
            return
        self._unseen.discard(folder.path)
        self._left += left.cleared
        for job in left.jobs:
            self.line.add(job, job.members[0].mark.ctime_ns / 1e9)
        for trouble in left.troubles:
            self._troubled(folder, trouble)
        for each in left.loose:
            self._take_on(each)

    def _look_on(self) -> None:
        while not self._halt.is_set():
            sight = self.agenda.take(TAKE_SECONDS)
            if sight is not None:
                self._look(sight)

    def _look(self, sight: Sight) -> None:
        """Look at a name, and claim it where its writer is done."""
        answer = self.looker.look(sight)
        came: Claimed | Later | Nothing
        if isinstance(answer, Ready):
            came = claims.claim(answer, time.monotonic())
        else:
            came = answer
        if isinstance(came, Later):
            self.agenda.later(sight, came)
            return
        self.agenda.done(sight)
        if isinstance(came, Claimed):
            self._take_on(came)

    def _take_on(self, claimed: Claimed) -> None:
        with self._lock:
            self._sorters[claimed.place.path].add(claimed)
        self._sort(claimed.place.path)

    def _sort(self, path: Path) -> None:
        """Send on what is complete."""
        with self._lock:
            found = self._sorters[path].sort(time.time())
            if found.until is None:
                self._due.pop(path, None)
            else:
                self._due[path] = found.until
        for job in found.jobs:
            self.line.add(job, job.members[0].mark.ctime_ns / 1e9)
        for trouble in found.troubles:
            self._troubled(self.folders[path], trouble)

    def _upload_on(self) -> None:
        while not self._halt.is_set() or (len(self.line) and not self.line.why):
            taken = self.line.take(TAKE_SECONDS)
            if taken is not None:
                self._upload(*taken)

    def _upload(self, job: Job, since: float) -> None:
        """Upload one; every outcome has its place."""
        folder = self.folders[job.members[0].place.path]
        try:
            entry = self.uploader.upload(job)
        except StorageError as exc:
            seconds = self.line.away(job, since, str(exc))
            journal.warn(
                "edge_storage_away",
                {"why": str(exc), "again_s": seconds, "waiting": len(self.line)},
            )
        except (ProblemError, MergeError) as exc:
            self.line.done(job)
            self._troubled(folder, Trouble(job.members, str(exc)))
        except ChangedError as exc:
            self.line.done(job)
            self._give_back(job, str(exc))
        except (OSError, BookError, MergeStoppedError) as exc:
            self.line.again(job, since, AGAIN_SECONDS)
            self._warn("edge_waits", folder.path, f"{job.path}: {exc}")
        else:
            self._clear(entry, job.members)
            self.line.done(job)

    def _clear(self, entry: Entry, members: tuple[Claimed, ...]) -> None:
        """Storage has it: remove it here, or keep it in `_sent/`."""
        folder = self.folders.get(Path(entry.folder))
        keeps = folder is not None and folder.done is Done.MOVE
        try:
            for each in members:
                if keeps:
                    claims.keep(each)
                else:
                    claims.discard(each)
            done = replace(entry, step=Step.CLEARED, changed=time.time())
            self.book.write(done)
        except FileNotFoundError:
            # Somebody removed it by hand.
            self.book.write(replace(entry, step=Step.CLEARED, changed=time.time()))
        except (OSError, BookError) as exc:
            self._left.append((entry, members))
            self._warn("edge_not_cleared", Path(entry.folder), str(exc))
            return
        self.went, self.last_upload = self.went + 1, time.time()
        if folder:
            self.tell(folder, entry.path, "")
        journal.note(
            "edge_sent", {"path": entry.path, "blob": entry.blob, "size": entry.size}
        )

    def _give_back(self, job: Job, why: str) -> None:
        """Its writer was not done: it is looked at again under its name."""
        for each in job.members:
            try:
                path = claims.give_back(each)
            except OSError as exc:
                self._warn("edge_not_given_back", each.place.path, str(exc))
                self._take_on(each)
            else:
                self.agenda.add(Sight(each.place, path))
        self._warn("edge_changed", job.members[0].place.path, f"{job.path}: {why}")

    def _troubled(self, folder: Folder, trouble: Trouble) -> None:
        """Keep the files, write it down, and tell a person."""
        first = next(iter(trouble.files), None)
        if first is None:
            return
        self._warn("edge_problem", folder.path, f"{first.path}: {trouble.why}")
        if not trouble.is_final:
            self.tell(folder, first.path, trouble.why)
            return
        before = self._found(first.claim_id)
        entry = Entry(
            claim_id=first.claim_id,
            folder=str(folder.path),
            path=before.path if before else first.path,
            step=Step.PROBLEM,
            blob=before.blob if before else "",
            members=tuple(each.claim_id for each in trouble.files),
            changed=time.time(),
            error=trouble.why,
        )
        try:
            self.book.write(entry)
        except BookError as exc:
            self._warn("edge_not_written", folder.path, str(exc))
        self.tell(folder, entry.path, trouble.why)

    def _found(self, claim_id: str) -> Entry | None:
        try:
            return self.book.find(claim_id)
        except BookError:
            return None

    def _warn(self, event: str, folder: Path, why: str) -> None:
        journal.warn(event, {"folder": str(folder), "why": why})
