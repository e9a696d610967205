"""Claimed files -> jobs: at once, or once all pages and the sidecar are there.

In: files that were claimed from one folder. Out: jobs for storage, and files that a
person must look at. Holds what waits; not thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from . import pairs, sets
from .claim import Claimed
from .config import Folder, Gathering, Sidecar
from .groups import group
from .job import Job
from .late import Late
from .meetings import Meetings
from .pairs import Pair
from .profiles import extension_of
from .readings import Readings
from .sets import Seen

_UNREAD = (
    "This sidecar cannot be read (%s), and its scan went without it: see whether the "
    "scan's printer writes it whole, and in the form that edge.toml names."
)
_LATE = (
    "This sidecar came when its scan had gone without it: see whether the scan reached "
    "whom it should. It is kept in .scanpost, and speaks for no other scan."
)
_MET = (
    "Scans of one name came at the same time, and nobody can tell which sidecar is "
    "whose. Scan again, one after the other; for your IT: all of them are in .scanpost."
)
_NO_SCAN = (
    "No scan came for this sidecar. If it is still to be sent, scan it again; "
    "for your IT: the sidecar is kept in .scanpost."
)

type Merge = Callable[[Sequence[Path], str], Path]
"""Pages, and the job's id -> one PDF of them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Files that do not go by themselves."""

    files: tuple[Claimed, ...]
    why: str
    is_final: bool = True
    """Else a file that comes late may still make it whole."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What came of one look at what waits."""

    jobs: tuple[Job, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    until: float | None = None
    """When to look again, seconds since 1970; None: when another file comes."""


@dataclass
class _Pages:
    """Several files, made one when they are asked for."""

    files: Sequence[Path]
    job_id: str
    merge: Merge

    @cached_property
    def file(self) -> Path:
        """The PDF."""
        return self.merge(self.files, self.job_id)


@dataclass(slots=True)
class Sorter:
    """What waits of one folder."""

    folder: Folder
    merge: Merge
    _late: Late = field(init=False)
    _said: Readings = field(init=False)
    _meetings: Meetings = field(init=False)
    _files: dict[str, Claimed] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)
    """Claims of sets that lack a page, and why: a person was told."""

    _came: dict[str, float] = field(default_factory=dict)
    """When each came, by claim."""
    _since: dict[str, float] = field(default_factory=dict)
    """When each was seen first, where that is known."""
    _ready_at: float = 0.0

    def __post_init__(self) -> None:
        self._late = Late(self.folder)
        self._said = Readings(self.folder.sidecar)
        self._meetings = Meetings(self.folder, self._said.of)

    def add(
        self,
        claimed: Claimed,
        came: float | None = None,
        since: float | None = None,
    ) -> None:
        """Take a file on, which `came` then, in seconds since 1970.

        Else it came when it was claimed: a claim is made the moment a file is found
        finished, and moves the ctime. `since` it was seen, if that is known.
        """
        self._files[claimed.claim_id] = claimed
        if since is not None:
            self._since[claimed.claim_id] = since
        self._came[claimed.claim_id] = came or claimed.mark.ctime_ns / 1e9

    def begin(self, now: float) -> None:
        """Wait anew: what lies in the folder beside old claims is not known yet.

        Also where the clock was set: files of the future are files of now.
        """
        self._came = {key: min(came, now) for key, came in self._came.items()}
        self._since = {key: min(since, now) for key, since in self._since.items()}
        waits = [0.0]
        if self.folder.set is Gathering.MERGE:
            waits.append(self.folder.pages_quiet_seconds)
        if self.folder.sidecar is not Sidecar.NONE:
            waits.append(self.folder.sidecar_seconds)
        self._ready_at = now + max(waits)

    def waiting(self) -> list[tuple[Claimed, str]]:
        """Files that wait for others, and what for."""
        return [
            (each, self._told.get(key, "waits for its other files"))
            for key, each in self._files.items()
        ]

    @property
    def lacks_something(self) -> bool:
        """Whether a scan lacks a page, which a person was told."""
        return bool(self._told)

    def drop_gone(self) -> list[Claimed]:
        """Forget files of broken sets that somebody took away; says which."""
        told = [self._files[key] for key in self._told]
        gone = [each for each in told if not each.file.exists()]
        for each in gone:
            self._let_go(each.claim_id)
        return gone

    def is_hopeful(self) -> bool:
        """Whether time alone will bring something on."""
        return any(key not in self._told for key in self._files)

    def sort(self, now: float, under_way: Mapping[str, float] | None = None) -> Sorted:
        """Look at what waits, `now` in seconds since 1970.

        `under_way` are names in the folder that are not finished, or not looked at, and
        since when they are seen.
        """
        is_ready = now >= self._ready_at
        found = self._sorted(now if is_ready else 0.0, now, under_way or {})
        if is_ready or found.until is None:
            return found
        return replace(found, until=max(found.until, self._ready_at))

    def _sorted(
        self, now: float, moment: float, under_way: Mapping[str, float]
    ) -> Sorted:
        """The same, as things stood at `now`."""
        scans, twins = self._seen(moment, under_way)
        late = [each for each in twins if self._late.take(each, scans, now)]
        twins = [each for each in twins if each not in late]
        found = group(scans, twins, self.folder, now)
        troubles = [each for job in found.broken for each in self._tell(job)]
        troubles += [Trouble((self._taken(each),), _LATE) for each in late]
        twins = [self._said.read(each, self._files[each.key].file) for each in twins]
        apart = self._meetings.part(found.ready, twins, found.held, now)
        paired = pairs.pair(apart.scans, apart.twins, self.folder, now, found.held)
        times = [found.until, apart.until]
        times += [each.deadline for each in paired.waiting]
        for met in apart.undecided:
            for each in met:
                self._said.pop(each.key)
            troubles.append(Trouble(tuple(map(self._taken, met)), _MET))
        # A scan that is still written has its sidecar wait for it, no longer.
        ready = [each for each in paired.ready if each.scan[0].key]
        jobs: list[Job] = []
        for pair in ready:
            if pair.twin and not pair.twin.is_finished:
                # The scan goes without it; what it says, a person may still want.
                why = _UNREAD % self._said.pop_why_not(pair.twin.key)
                troubles.append(Trouble((self._taken(pair.twin),), why))
                pair = replace(pair, twin=None)
            if not pair.twin and self.folder.sidecar is not Sidecar.NONE:
                self._late.went(pair.scan, now)
            jobs += self._jobs(pair, found.names)
        for each in paired.orphans:
            self._said.pop(each.key)
            troubles.append(Trouble((self._taken(each),), _NO_SCAN))
        due = min((at for at in times if at), default=None)
        return Sorted(tuple(jobs), tuple(troubles), due)

    def _seen(
        self, now: float, under_way: Mapping[str, float]
    ) -> tuple[list[Seen], list[Seen]]:
        """Scans, those under way among them, and sidecars."""
        seen = [
            Seen(
                name=each.path,
                changed=self._came[key],
                is_finished=True,
                key=key,
                since=self._since.get(key),
            )
            for key, each in self._files.items()
        ]
        scans, twins = pairs.part(seen, self.folder.sidecar)
        growing = [
            Seen(name=name, changed=now, is_finished=False, since=min(since, now))
            for name, since in under_way.items()
        ]
        scans += pairs.part(growing, self.folder.sidecar)[0]
        return scans, twins

    def _tell(self, job: sets.Job) -> list[Trouble]:
        """Tell of a set that lacks something, once."""
        keys = {page.key for page in job.pages if page.key}
        if keys <= self._told.keys():
            return []
        self._told |= dict.fromkeys(keys, job.why)
        files = tuple(self._files[it.key] for it in job.pages if it.key)
        return [Trouble(files, job.why, is_final=False)]

    def _jobs(self, pair: Pair, names: Mapping[str, str]) -> list[Job]:
        """Make the jobs: one, but for pages that go by themselves.

        Their sidecar vanishes with the last of them.
        """
        said = self._said.pop(pair.twin.key) if pair.twin else {}
        if self.folder.set is not Gathering.SINGLE:
            return [self._job(pair, names, said)]
        *others, last = pair.scan
        jobs = [self._job(Pair(scan=(each,)), names, said) for each in others]
        return [*jobs, self._job(replace(pair, scan=(last,)), names, said)]

    def _job(self, pair: Pair, names: Mapping[str, str], said: dict[str, str]) -> Job:
        """Make the job, and let its files wait no longer."""
        pages = tuple(self._taken(each) for each in pair.scan)
        twin = (self._taken(pair.twin),) if pair.twin else ()
        alone = Job.of(pages[0], self.folder.device, **said)
        since = min(each.changed for each in pair.scan)
        alone = replace(alone, members=pages + twin, since=since)
        name = names.get(pair.scan[0].key)
        if name is None:
            return alone
        if len(pages) == 1 and extension_of(pages[0].path) == "pdf":
            # It is what would be made of it; a signature would not outlive that.
            return replace(alone, path=name)
        made = _Pages([each.file for each in pages], alone.job_id, self.merge)
        return replace(
            alone,
            path=name,
            size=sum(each.mark.size for each in pages),
            file=lambda: made.file,
            pages=len(pages),
        )

    def _taken(self, seen: Seen) -> Claimed:
        """Let a file wait no longer."""
        return self._let_go(seen.key)

    def _let_go(self, key: str) -> Claimed:
        self._told.pop(key, None)
        self._since.pop(key, None)
        self._came.pop(key)
        return self._files.pop(key)


def is_at_once(folder: Folder) -> bool:
    """Whether each file of a folder is a scan by itself."""
    return folder.set is Gathering.SINGLE and folder.sidecar is Sidecar.NONE
