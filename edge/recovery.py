"""What a kill left: claims in the folders, and how far the journal says they had come.

In: a folder, the journal, and what is in hand already. Out: jobs to go on with, files
to clear away, and claims that were not begun. Where a claim lies its own id tells, and
not its row: a folder may have moved since. Raises `OSError` where the folder cannot be
listed, `BookError`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from .book import Book
from .claim import SPARE, Claimed, left_behind
from .config import Folder
from .entry import Entry, Step
from .job import Job
from .junk import CLAIMED
from .sorting import Merge

type Members = tuple[Claimed, ...]


@dataclass(slots=True)
class Left:
    """What was found in one folder."""

    jobs: list[Job] = field(default_factory=list)
    """Storage may have them, or not: to be found out."""
    cleared: list[tuple[Entry, Members]] = field(default_factory=list)
    """Storage has them: what is left of them here is to be removed."""
    loose: list[Claimed] = field(default_factory=list)
    """The oldest first."""
    problems: list[tuple[Entry, Members]] = field(default_factory=list)


def recover(
    folder: Folder,
    book: Book,
    merge: Merge,
    is_known: Callable[[str], bool],
    folders: Iterable[Folder] = (),
) -> Left:
    """Find what was left in a folder, but for claims that are known already.

    `folders` are all that are watched: what lies in another one is not missing here.
    """
    claims = {each.claim_id: each for each in left_behind(folder)}
    left, elsewhere = Left(), cache(lambda: _ids(folders))
    for row in book.open():
        members = tuple(claims.pop(it) for it in row.members if it in claims)
        if is_known(row.claim_id):
            continue
        is_ours = row.folder == str(folder.path)
        if members or (is_ours and elsewhere().isdisjoint(row.members)):
            entry = _moved(row, folder, book)
            if entry.step is Step.COMMITTED:
                left.cleared.append((entry, members))
            elif entry.step is Step.PROBLEM:
                left.problems.append((entry, members))
            else:
                left.jobs.append(_job(entry, members, folder, merge))
    _part([it for it in claims.values() if not is_known(it.claim_id)], book, left)
    return left


def _ids(folders: Iterable[Folder]) -> set[str]:
    """Every claim that is found; a folder that cannot be listed has none."""
    found: set[str] = set()
    for folder in folders:
        with suppress(OSError):
            found |= {each.claim_id for each in left_behind(folder)}
    return found


def _moved(row: Entry, folder: Folder, book: Book) -> Entry:
    """The row, of the folder in which its claims lie now."""
    if row.folder == str(folder.path):
        return row
    entry = replace(row, folder=str(folder.path))
    book.note(entry)
    return entry


def _part(loose: Sequence[Claimed], book: Book, left: Left) -> None:
    """Tell claims that were not begun from those whose share was away at the end."""
    sent = book.sent() if loose else {}
    for each in sorted(loose, key=lambda each: each.mark.ctime_ns):
        row = book.find(sent[each.claim_id]) if each.claim_id in sent else None
        if row:
            left.cleared.append((row, (each,)))
        else:
            left.loose.append(each)


def sweep(folder: Folder) -> None:
    """Remove empty folders of claims that were never made, before any is made."""
    top = folder.path / CLAIMED
    with suppress(OSError):
        for each in list(os.scandir(top)):
            if each.is_dir(follow_symlinks=False) and each.name != SPARE:
                _remove_empty(Path(each.path))


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        for inner in list(os.scandir(folder)):
            if inner.is_dir(follow_symlinks=False):
                _remove_empty(Path(inner.path))
        folder.rmdir()


def _job(entry: Entry, members: Members, folder: Folder, merge: Merge) -> Job:
    """The job as it was when it was written down."""
    return Job(
        job_id=entry.claim_id,
        folder=folder.path,
        members=members,
        device=folder.device,
        path=entry.path,
        size=entry.size,
        since=entry.changed,
        file=lambda: _file(entry, members, merge),
        is_left_over=True,
        pages=entry.pages,
        metadata=entry.metadata,
    )


def _file(entry: Entry, members: Sequence[Claimed], merge: Merge) -> Path:
    """Where its bytes are. Raises FileNotFoundError where one is missing."""
    there = {each.claim_id: each.file for each in members}
    wanted = entry.members[: max(entry.pages, 1)]
    lost = [each for each in wanted if each not in there]
    if lost:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), entry.path)
    pages = [there[each] for each in wanted]
    return merge(pages, entry.claim_id) if entry.pages else pages[0]
