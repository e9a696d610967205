"""One claimed file -> one blob, once, whatever is killed or cut in between.

In: a `Job`. Out: the file's `Entry`, `committed`: the service has every block, each
compared by its MD5, and the list. Blocks are staged, *committing* is written down, then
the list is committed; what a kill leaves is decided by what storage still has of it.
Raises `StorageError` (later), `ChangedError` (the file moved under us), `ProblemError`
(a person must look), `BookError`, `OSError`.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from shared.kinds import MEDIA_TYPES, sniff
from shared.stores.border import ConflictError

from .book import Book, Entry, Step
from .claim import Claimed, check
from .depot import OWN, Commitment, Depot, GoneError
from .labels import label

BLOCK_BYTES = 4 << 20
"""At a time, of each file: what a thread holds in memory."""
SURE_SECONDS = 6 * 86_400.0
"""The service drops blocks that nobody committed after a week: until a day before that

what is not there any more was committed.
"""
_TRIES = 1000
_HEAD_BYTES = 4096


class ProblemError(Exception):
    """Nobody but a person can tell what became of the file; it is kept."""


@dataclass(frozen=True, slots=True)
class Job:
    """What becomes one blob: a claimed file, or pages of a scan; and its sidecar."""

    members: tuple[Claimed, ...]
    """The file, or the first page, comes first; its claim's id is the job's."""
    device: str
    path: str
    """Below the device."""
    size: int
    file: Callable[[], Path]
    """Where the bytes are; made when it is asked for the first time."""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def job_id(self) -> str:
        """What the journal knows it by."""
        return self.members[0].claim_id

    @staticmethod
    def of(claimed: Claimed, device: str, **said: str) -> Job:
        """One file alone."""
        return Job(
            members=(claimed,),
            device=device,
            path=claimed.path,
            size=claimed.mark.size,
            file=lambda: claimed.file,
            metadata=said,
        )


class Uploader:
    """Uploads files, several at a time. Thread-safe."""

    def __init__(
        self, depot: Depot, book: Book, clock: Callable[[], float] = time.time
    ) -> None:
        self._depot = depot
        self._book = book
        self._clock = clock
        self._lock = threading.Lock()
        self._taken = {each.blob for each in book.open() if each.blob}
        """Names that files on their way have: two of one name would be one blob."""

    def upload(self, job: Job) -> Entry:
        """Bring the file to storage; returns its row, `committed`."""
        entry = self._book.find(job.job_id)
        if entry and entry.step is Step.COMMITTED:
            return entry
        if entry and entry.step is Step.COMMITTING:
            done = self._resumed(entry, job)
            if done:
                return done
        return self._anew(job)

    def _resumed(self, entry: Entry, job: Job) -> Entry | None:
        """Find out what became of a commit; None: it never happened.

        Only where the blocks are still uncommitted is the commit made again.
        """
        with self._named(entry.blob, is_ours=True):
            if not frozenset(_blocks(entry)) <= self._depot.uncommitted(entry.blob):
                return self._settled(entry)
            try:
                return self._committed(entry, job)
            except GoneError:
                # A commit that was on its way has come after all.
                return self._settled(entry)
            except ConflictError:
                self._book.remove(entry.claim_id)
                return None

    def _settled(self, entry: Entry) -> Entry:
        """The blocks are no longer staged: say what that means. Raises ProblemError."""
        stored = self._depot.find(entry.blob)
        if stored and stored.own_id == entry.claim_id:
            return self._mark(entry, Step.COMMITTED)
        # Somebody else's blob of that name may have pushed our blocks out.
        if stored is None and self._clock() - entry.changed < SURE_SECONDS:
            # Neither the blob nor its blocks: committed, mailed and removed since.
            return self._mark(entry, Step.COMMITTED)
        raise ProblemError(
            "Nobody can tell whether this file was handed over when the agent was "
            "stopped: look whether the scan arrived; if not, scan it again."
        )

    def _anew(self, job: Job) -> Entry:
        """Stage, write down, commit; under the first name that nobody has."""
        for count in range(1, _TRIES):
            blob = label(job.device, job.path, count)
            with self._named(blob) as is_free:
                if is_free:
                    entry = self._staged(blob, job)
                    try:
                        return self._committed(entry, job)
                    except (ConflictError, GoneError):
                        # Definite: the scan of that name still waits to be mailed, or
                        # somebody else's pushed our blocks out.
                        self._book.remove(entry.claim_id)
        raise ProblemError(f"{_TRIES} blobs have this name: look into the container.")

    @contextmanager
    def _named(self, blob: str, *, is_ours: bool = False) -> Iterator[bool]:
        """Keep a name for one file of ours as long as its blob is not committed."""
        with self._lock:
            is_free = is_ours or blob not in self._taken
            self._taken.add(blob)
        try:
            yield is_free
        finally:
            if is_free:
                with self._lock:
                    self._taken.discard(blob)

    def _staged(self, blob: str, job: Job) -> Entry:
        """Send the blocks, and write down that they are about to be committed."""
        job_id, file = job.job_id, job.file()
        digest = hashlib.md5(usedforsecurity=False)
        size = number = 0
        with file.open("rb", buffering=0) as stream:
            while data := stream.read(BLOCK_BYTES):
                digest.update(data)
                self._depot.stage(blob, _name(job_id, number), data)
                size, number = size + len(data), number + 1
        # Whoever holds it open may have written to it while it was read.
        for each in job.members:
            check(each)
        entry = Entry(
            claim_id=job_id,
            folder=str(job.members[0].place.path),
            path=job.path,
            step=Step.COMMITTING,
            blob=blob,
            size=size,
            md5=base64.b64encode(digest.digest()).decode(),
            blocks=number,
            metadata=dict(job.metadata),
            members=tuple(each.claim_id for each in job.members),
            changed=self._clock(),
        )
        self._book.write(entry, is_durable=True)
        return entry

    def _committed(self, entry: Entry, job: Job) -> Entry:
        """Commit the list. Raises ConflictError and GoneError: nothing was committed.

        A StorageError leaves the row `committing`: what became of it is found out the
        next time.
        """
        wanted = Commitment(
            blob=entry.blob,
            blocks=_blocks(entry),
            md5=entry.md5,
            media_type=_media_type(job),
            metadata={**entry.metadata, OWN: entry.claim_id},
        )
        self._depot.commit(wanted)
        return self._mark(entry, Step.COMMITTED)

    def _mark(self, entry: Entry, step: Step) -> Entry:
        entry = replace(entry, step=step, changed=self._clock())
        self._book.write(entry)
        return entry


def _name(claim_id: str, number: int) -> str:
    """Name a block; within a blob all names must have one length."""
    return f"{claim_id}-{number:06}"


def _blocks(entry: Entry) -> list[str]:
    return [_name(entry.claim_id, number) for number in range(entry.blocks)]


def _media_type(job: Job) -> str:
    with job.file().open("rb") as file:
        kind = sniff(file.read(_HEAD_BYTES), job.path)
    return MEDIA_TYPES[kind] if kind else "application/octet-stream"
