"""What a kill left: claims in the folders, and how far the journal says they had come.

In: a folder and the journal. Out: jobs to go on with, files to clear away, and claims
that were not begun. Raises `OSError` where the folder cannot be listed, `BookError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import pairs
from .book import Book, Entry, Step
from .claim import Claimed, left_behind
from .config import Folder
from .sorting import Merge, Trouble
from .upload import Job


@dataclass(slots=True)
class Left:
    """What was found in one folder."""

    jobs: list[Job] = field(default_factory=list)
    """Storage may have them, or not: to be found out."""
    cleared: list[tuple[Entry, tuple[Claimed, ...]]] = field(default_factory=list)
    """Storage has them: what is left of them here is to be removed."""
    loose: list[Claimed] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def recover(folder: Folder, book: Book, merge: Merge) -> Left:
    """Find what was left in a folder."""
    claims = {each.claim_id: each for each in left_behind(folder)}
    left = Left()
    for entry in book.open():
        if entry.folder == str(folder.path):
            members = tuple(
                claims.pop(each) for each in entry.members if each in claims
            )
            _sort(entry, members, folder, merge, left)
    left.loose = sorted(claims.values(), key=lambda each: each.mark.ctime_ns)
    return left


def _sort(
    entry: Entry,
    members: tuple[Claimed, ...],
    folder: Folder,
    merge: Merge,
    left: Left,
) -> None:
    if entry.step is Step.COMMITTED:
        left.cleared.append((entry, members))
    elif entry.step is Step.PROBLEM:
        left.troubles.append(Trouble(members, entry.error))
    elif len(members) == len(entry.members):
        left.jobs.append(_job(entry, members, folder, merge))
    else:
        why = "files of this scan were removed while it was handed over"
        left.troubles.append(Trouble(members, why))


def _job(
    entry: Entry, members: tuple[Claimed, ...], folder: Folder, merge: Merge
) -> Job:
    """The job as it was when it was written down."""
    pages = [each.file for each in _pages(members, folder)]
    is_merged = entry.path != members[0].path
    job_id = members[0].claim_id
    return Job(
        members=members,
        device=folder.device,
        path=entry.path,
        size=entry.size,
        file=(lambda: merge(pages, job_id)) if is_merged else (lambda: pages[0]),
        metadata=entry.metadata,
    )


def _pages(members: Iterable[Claimed], folder: Folder) -> list[Claimed]:
    """The files of a job but its sidecar, which comes last where there is one."""
    claims = list(members)
    endings = pairs.ENDINGS[folder.sidecar]
    has_twin = len(claims) > 1 and claims[-1].path.lower().endswith(endings)
    return claims[:-1] if endings and has_twin else claims
