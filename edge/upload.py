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
    """A claimed file, and what is said about it."""

    claimed: Claimed
    device: str
    metadata: Mapping[str, str] = field(default_factory=dict)


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
        entry = self._book.find(job.claimed.claim_id)
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
            blob = label(job.device, job.claimed.path, count)
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
        claimed = job.claimed
        digest = hashlib.md5(usedforsecurity=False)
        size = number = 0
        with claimed.file.open("rb", buffering=0) as file:
            while data := file.read(BLOCK_BYTES):
                digest.update(data)
                self._depot.stage(blob, _name(claimed.claim_id, number), data)
                size, number = size + len(data), number + 1
        # Whoever holds it open may have written to it while it was read.
        check(claimed)
        entry = Entry(
            claim_id=claimed.claim_id,
            folder=str(claimed.place.path),
            path=claimed.path,
            step=Step.COMMITTING,
            blob=blob,
            size=size,
            md5=base64.b64encode(digest.digest()).decode(),
            blocks=number,
            metadata=dict(job.metadata),
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
            media_type=_media_type(job.claimed),
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


def _media_type(claimed: Claimed) -> str:
    with claimed.file.open("rb") as file:
        kind = sniff(file.read(_HEAD_BYTES), claimed.path)
    return MEDIA_TYPES[kind] if kind else "application/octet-stream"
