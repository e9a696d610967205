"""One claimed file -> one blob, once, whatever is killed or cut in between.

In: a `Job`. Out: the file's `Entry`, `committed`: the service has every block, each
compared by its MD5, and the list. Blocks are staged, *committing* is written down, then
the list is committed; what a kill leaves is decided by what storage still has of it.
Raises `StorageError` (later), `RefusedError` (storage does not want this one),
`ChangedError` (the file moved under us), `ProblemError` (a person must look),
`BookError`, `OSError`.

A device belongs to one agent: whoever else writes blobs of the very same names may push
out blocks of ours, and have its own blob mailed, in the moment in which we are killed.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from shared.stores.border import StorageError

from .blocks import Block, UnreadError, blocks
from .book import Book
from .claim import check
from .depot import (
    OWN,
    Commitment,
    Depot,
    GoneError,
    RefusedError,
    Stored,
    TakenError,
)
from .entry import Entry, Step
from .job import Job
from .labels import label

BLOCK_BYTES, SMALL_BYTES = 32 << 20, 4 << 20
"""A file of one block is hashed once. After a try that broke off blocks are small:

else a line that is cut again and again would never bring a large one over.
"""
SURE_SECONDS = 6 * 86_400.0
"""The service drops blocks that nobody committed after a week: until a day before that

what is not there any more was committed.
"""
_SKEW_SECONDS = 3600.0
"""A row may be younger than now by so much: clocks are put right."""
_TRIES = 1000


class ProblemError(Exception):
    """Nobody but a person can tell what became of the file; it is kept."""


class Uploader:
    """Uploads files, several at a time. Thread-safe."""

    def __init__(
        self, depot: Depot, book: Book, clock: Callable[[], float] = time.time
    ) -> None:
        self._depot = depot
        self._book = book
        self._clock = clock
        self._lock = threading.Lock()
        begun = book.open()
        self._begun = {each.claim_id for each in begun}
        """Jobs that may have a row."""
        self._taken = {
            each.blob: each.claim_id for each in begun if each.step is Step.COMMITTING
        }
        """Blobs that files on their way will be, as long as nobody knows that they are:
        another one of that name would push their blocks out."""
        self._refuted: set[str] = set()
        """Jobs that surely were not committed, whatever their rows say."""
        self._broken: set[str] = set()
        """Jobs of which a block did not come over."""

    def upload(self, job: Job) -> Entry:
        """Bring the file to storage; returns its row, `committed`."""
        entry = self._book.find(job.job_id) if job.job_id in self._begun else None
        if entry and job.job_id in self._refuted:
            self._refute(entry.blob, job)
        elif entry and entry.step is Step.COMMITTED:
            return entry
        elif entry and entry.step is Step.COMMITTING:
            done = self._resumed(entry, job)
            if done:
                return done
        return self._anew(job)

    def _resumed(self, entry: Entry, job: Job) -> Entry | None:
        """Find out what became of a commit; None: it never happened.

        It is asked for again: only what is still uncommitted can be committed.
        """
        if entry.depot != self._depot.name:
            self._release(entry.blob)
            raise ProblemError(
                "When the agent was stopped it was being handed over to another "
                f"storage, {entry.depot}: look whether the scan arrived."
            )
        before = stored = self._depot.find(entry.blob)
        if not _is_of(entry, stored):
            try:
                return self._committed(entry)
            except (GoneError, TakenError):
                # Taken by the first try, it may be, which was on its way until now.
                stored = self._depot.find(entry.blob)
                if not _is_of(entry, stored) and self._are_staged(entry):
                    self._refute(entry.blob, job)
                    return None
                if before is None and stored is None and self._is_sure(entry):
                    # Neither blob nor blocks: committed, mailed and removed since.
                    return self._mark(entry)
        if _is_of(entry, stored):
            return self._mark(entry)
        # Somebody else's blob of that name may have pushed our blocks out.
        self._release(entry.blob)
        raise ProblemError(
            "Nobody can tell whether this file was handed over when the agent was "
            "stopped: look whether the scan arrived; if not, scan it again."
        )

    def _are_staged(self, entry: Entry) -> bool:
        """Whether its blocks lie there still: then they were never committed."""
        return frozenset(_blocks(entry)) <= self._depot.uncommitted(entry.blob)

    def _is_sure(self, entry: Entry) -> bool:
        """Whether the service would not have dropped its blocks by itself."""
        age = self._clock() - entry.changed
        return -_SKEW_SECONDS <= age < SURE_SECONDS

    def _anew(self, job: Job) -> Entry:
        """Stage, write down, commit; under the first name that nobody has."""
        is_careful = False
        for count in range(1, _TRIES):
            blob = label(job.device, job.path, count)
            if not self._keep(blob, job):
                continue
            looks = is_careful or self._book.has_used(blob)
            done = self._tried(blob, job, looks=looks)
            if done:
                return done
            is_careful = True
        raise ProblemError(f"{_TRIES} blobs have this name: look into the container.")

    def _tried(self, blob: str, job: Job, *, looks: bool) -> Entry | None:
        """Try one name; None: somebody else's blob has it.

        It `looks` first where the last scan of that name may still lie there, to be
        mailed and removed: were we killed meanwhile, nobody could tell whether our
        blocks went with it, or were committed.
        """
        try:
            stored = self._depot.find(blob) if looks else None
            if stored is None:
                entry = self._staged(blob, job)
                self._begun.add(job.job_id)
                self._book.write(entry, is_durable=True)
        except TakenError as exc:
            self._release(blob)
            if self._depot.find(blob) is None:
                raise RefusedError(exc.what) from exc
            return None
        except BaseException:
            # Whatever it was goes on up; a name that stayed ours would never be free.
            self._release(blob)
            raise
        if stored is None:
            try:
                return self._committed(entry)
            except (TakenError, GoneError, RefusedError) as exc:
                self._refute(blob, job)
                if isinstance(exc, RefusedError):
                    raise
            stored = self._depot.find(blob)
        else:
            self._release(blob)
        return self._known(stored, blob, job)

    def _known(self, stored: Stored | None, blob: str, job: Job) -> Entry | None:
        """Whether it is this very file that lies there: the journal was lost, then."""
        if stored is None or stored.own_id != job.job_id:
            return None
        entry = replace(_row(job, blob, size=stored.size), step=Step.COMMITTED)
        self._book.write(replace(entry, changed=self._clock()))
        return self._mark(entry)

    def _staged(self, blob: str, job: Job) -> Entry:
        """Send the blocks; returns the row of what is about to be committed."""
        length = SMALL_BYTES if job.job_id in self._broken else BLOCK_BYTES
        with blocks(job.file()) as data:
            try:
                count = self._stage(blob, job, data.cut(length))
            except StorageError:
                self._broken.add(job.job_id)
                raise
            except RefusedError:
                for each in job.members:
                    check(each)
                raise
            except UnreadError as exc:
                raise exc.fault from exc
            media_type = data.media_type(job.path)
        # Whoever holds it open may have written to it while it was read.
        for each in job.members:
            check(each, is_durable=True)
        return replace(
            _row(job, blob, size=data.size),
            md5=base64.b64encode(data.md5).decode(),
            blocks=count,
            depot=self._depot.name,
            media_type=media_type,
            changed=self._clock(),
        )

    def _stage(self, blob: str, job: Job, data: Iterable[Block]) -> int:
        """Send them; returns how many there are."""
        number = 0
        for block in data:
            self._depot.stage(blob, _name(job.job_id, number), block)
            number += 1
        return number

    def _committed(self, entry: Entry) -> Entry:
        """Commit the list. Raises TakenError, GoneError, RefusedError: it was not.

        A StorageError leaves the row `committing`: what became of it is found out the
        next time.
        """
        wanted = Commitment(
            blob=entry.blob,
            blocks=_blocks(entry),
            md5=entry.md5,
            media_type=entry.media_type,
            metadata={**entry.metadata, OWN: entry.claim_id},
        )
        self._depot.commit(wanted)
        return self._mark(entry)

    def _mark(self, entry: Entry) -> Entry:
        """It went. The name is free at once: whoever uses it writes its row later.

        Nobody waits for ours: after a kill it is found out anew.
        """
        entry = replace(entry, step=Step.COMMITTED, changed=self._clock())
        self._book.note(entry)
        self._begun.discard(entry.claim_id)
        self._broken.discard(entry.claim_id)
        self._release(entry.blob)
        return entry

    def _refute(self, blob: str, job: Job) -> None:
        """Write down that nothing was committed. Raises BookError; then later."""
        self._refuted.add(job.job_id)
        self._book.remove(job.job_id)
        self._refuted.discard(job.job_id)
        self._release(blob)

    def _keep(self, blob: str, job: Job) -> bool:
        """Keep a name for a file of ours; False: another one of ours has it."""
        with self._lock:
            return self._taken.setdefault(blob, job.job_id) == job.job_id

    def _release(self, blob: str) -> None:
        with self._lock:
            self._taken.pop(blob, None)


def _is_of(entry: Entry, stored: Stored | None) -> bool:
    """Whether a blob is this file's."""
    return stored is not None and stored.own_id == entry.claim_id


def _row(job: Job, blob: str, *, size: int) -> Entry:
    return Entry(
        claim_id=job.job_id,
        folder=str(job.folder),
        path=job.path,
        step=Step.COMMITTING,
        blob=blob,
        size=size,
        metadata=dict(job.metadata),
        pages=job.pages,
        members=tuple(each.claim_id for each in job.members),
    )


def _name(claim_id: str, number: int) -> str:
    """Name a block; within a blob all names must have one length."""
    return f"{claim_id}-{number:06}"


def _blocks(entry: Entry) -> list[str]:
    return [_name(entry.claim_id, number) for number in range(entry.blocks)]
