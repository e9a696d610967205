"""The files of one folder by scan: which may go, and which wait for more pages. Pure.

In: scans and sidecars as they were last looked at. Out: `Groups`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import pairs, sets
from .config import Folder, Gathering
from .sets import Gathered, Patience, Seen

type Group = tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Every scan, in one of these."""

    ready: Sequence[Group]
    """Complete, or no pages of anything."""
    held: Sequence[Group] = ()
    """They wait for pages, and so do their sidecars."""
    broken: Sequence[sets.Job] = ()
    """Those that are held and of which a person must hear."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What PDFs of pages are called, by the first page's key."""
    until: float = 0.0
    """When to look again; 0: when another file comes."""


def group(
    scans: Sequence[Seen], twins: Sequence[Seen], folder: Folder, now: float
) -> Groups:
    """Sort scans into groups, as things stand at `now`."""
    if folder.set is Gathering.SINGLE and not twins:
        return Groups(ready=[(each,) for each in scans])
    patience = Patience(
        quiet_seconds=folder.pages_quiet_seconds,
        missing_seconds=folder.pages_missing_seconds,
    )
    found = sets.gather(scans, patience, now)
    if folder.set is Gathering.SINGLE:
        return _apart(found, twins, folder)
    return Groups(
        ready=[job.pages for job in found.complete]
        + [(each,) for each in found.others if each.key],
        held=[job.pages for job in (*found.waiting, *found.broken)],
        broken=found.broken,
        names={job.pages[0].key: job.name for job in found.complete},
        until=_first(found.waiting),
    )


def _apart(found: Gathered, twins: Sequence[Seen], folder: Folder) -> Groups:
    """Each file by itself; pages that have one sidecar for all go at the same time."""
    ready: list[Group] = [(each,) for each in found.others]
    waiting: list[sets.Job] = []
    for job in (*found.complete, *found.waiting, *found.broken):
        if not pairs.is_shared(job.pages, twins, folder.sidecar):
            ready += [(each,) for each in job.pages]
        elif job.until:
            waiting.append(job)
        else:
            ready.append(tuple(each for each in job.pages if each.key))
    return Groups(
        ready=[each for each in ready if each],
        held=[job.pages for job in waiting],
        until=_first(waiting),
    )


def _first(jobs: Iterable[sets.Job]) -> float:
    return min((job.until for job in jobs), default=0.0)
