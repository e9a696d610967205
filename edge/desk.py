"""Files that do not go by themselves: kept, written down, told to a person.

They lie where they were claimed, `FOLDER/.scanpost/ID…/NAME`. Who moves one back into
the folder has it tried again, who deletes it has it forgotten: either is noticed, and
the note is taken away. A set that lacks a page is no such file: it goes when the page
comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from shared import journal

from .book import Book, BookError
from .claim import Claimed
from .config import Folder
from .entry import Entry, Step
from .job import Job
from .junk import CLAIMED
from .sorting import Trouble

type Tell = Callable[[Folder, str, str], None]
"""A person is told of a file's trouble: folder, path, why; empty: it is mended."""


@dataclass(slots=True)
class _Kept:
    """A problem, and its files."""

    folder: Folder
    entry: Entry
    files: tuple[Claimed, ...]
    is_written: bool = True


@dataclass(slots=True)
class Desk:
    """What lies there. Thread-safe."""

    book: Book
    tell: Tell
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        """How many problems there are."""
        with self._lock:
            return len(self._kept)

    def put(self, folder: Folder, trouble: Trouble) -> None:
        """Take files; of a set that lacks something a person is told alone."""
        first = trouble.files[0]
        if not trouble.is_final:
            _log("edge_incomplete", folder, first.path, trouble.why)
            self._tell(folder, trouble.files, trouble.why)
            return
        self._keep(
            folder,
            Entry(
                claim_id=first.claim_id,
                folder=str(folder.path),
                path=first.path,
                step=Step.PROBLEM,
                members=tuple(each.claim_id for each in trouble.files),
                error=trouble.why,
            ),
            trouble.files,
        )

    def put_job(self, folder: Folder, job: Job, why: str) -> None:
        """Take a job that cannot be handed over."""
        try:
            before = self.book.find(job.job_id)
        except BookError:
            before = None
        entry = Entry(
            claim_id=job.job_id,
            folder=str(folder.path),
            path=job.path,
            step=Step.PROBLEM,
            blob=before.blob if before else "",
            members=tuple(each.claim_id for each in job.members),
            error=why,
        )
        self._keep(folder, entry, job.members)

    def recall(self, folder: Folder, entry: Entry, files: tuple[Claimed, ...]) -> None:
        """Take what was a problem before the agent was stopped."""
        self._tell(folder, files, entry.error)
        with self._lock:
            self._kept[entry.claim_id] = _Kept(folder, entry, files)

    def mended(self, folder: Folder, files: Iterable[Claimed]) -> None:
        """Take notes away, an earlier agent's too: these files went."""
        for each in files:
            self.tell(folder, each.path, "")

    def look(self) -> None:
        """Forget what somebody took away. Raises BookError."""
        with self._lock:
            kept = list(self._kept.values())
        for each in kept:
            is_there = (each.folder.path / CLAIMED).is_dir()
            if is_there and not any(file.file.exists() for file in each.files):
                self.book.remove(each.entry.claim_id)
                with self._lock:
                    self._kept.pop(each.entry.claim_id, None)
                self.mended(each.folder, each.files)
                for file in each.files:
                    with suppress(OSError):
                        file.file.parent.rmdir()
                _log("edge_problem_over", each.folder, each.entry.path)
            elif not each.is_written:
                self.book.write(each.entry)
                each.is_written = True

    def _keep(self, folder: Folder, entry: Entry, files: tuple[Claimed, ...]) -> None:
        entry = replace(entry, changed=time.time())
        _log("edge_problem", folder, entry.path, entry.error)
        kept = _Kept(folder, entry, files)
        try:
            if files:
                self.book.write(entry)
            else:
                self.book.remove(entry.claim_id)
        except BookError as exc:
            kept.is_written = False
            _log("edge_not_written", folder, entry.path, str(exc))
        if files:
            with self._lock:
                self._kept[entry.claim_id] = kept
            self._tell(folder, files, entry.error)

    def _tell(self, folder: Folder, files: tuple[Claimed, ...], why: str) -> None:
        for each in files[:1]:
            self.tell(folder, each.path, why)


def _log(event: str, folder: Folder, path: str, why: str = "") -> None:
    fields = {"folder": str(folder.path), "path": path, "why": why}
    journal.warn(event, fields)
