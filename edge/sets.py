"""Which files are pages of one scan, and whether all of them are there.

In: the files seen of one folder. Out: jobs that may go, jobs that wait and until when,
jobs that a person must look at, and the files that are no pages. Pure.

A job is complete when all its files are finished, no number is missing from its first
(0 or 1) to its last, and nothing came for a while, or its counter began anew. What is
not complete is never sent: a scan is not shortened in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from operator import attrgetter

from .profiles import Guess, extension_of, guess

SLACK_SECONDS = 2.0
"""Within which files may come out of order: nobody starts a second scan so soon."""
_SHOWN = 5
_MET = "two scans may have met here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A file as it was last looked at."""

    name: str
    """Below its folder, with `/`. Two files may have the same name: one was claimed
    (renamed away) before the printer used the name again."""
    changed: float
    """Seconds since 1970 by our own clock: st_ctime before we renamed it. A printer can
    set st_mtime to anything."""
    is_finished: bool
    key: str = ""
    """The agent's own word for the file; not looked at here."""
    since: float | None = None
    """When its name was seen first, seconds since 1970; None: nobody knows. By then its
    writer had begun, or whoever had the name before."""

    @property
    def began(self) -> float:
        """When its writer began, it may be."""
        return self.changed if self.since is None else self.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for more, in seconds after the last change."""

    quiet_seconds: float
    """Until nothing more is expected."""
    missing_seconds: float
    """Until a missing number, or a page nobody finishes, is a problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The pages of one scan, in their order."""

    name: str
    """Of the one PDF that they become, below the folder."""
    pages: tuple[Seen, ...]
    why: str = ""
    """Why it does not go yet, or does not go: for a person."""
    until: float = 0.0
    """When to look again; only of a job that waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Every file that was seen, in exactly one of these."""

    complete: tuple[Job, ...] = ()
    waiting: tuple[Job, ...] = ()
    broken: tuple[Job, ...] = ()
    """Still looked at each time: a page that comes late makes it whole."""
    others: tuple[Seen, ...] = ()
    """No pages of a set: each is a scan of its own."""


type _Page = tuple[Seen, Guess]


def gather(files: Iterable[Seen], patience: Patience, now: float) -> Gathered:
    """Sort files into jobs, as things stand at `now`."""
    stems: dict[tuple[str, str], list[_Page]] = {}
    others: list[Seen] = []
    for each in files:
        read = guess(each.name)
        if read.is_set:
            stems.setdefault(_key(each.name, read), []).append((each, read))
        else:
            others.append(each)
    complete: list[Job] = []
    waiting: list[Job] = []
    broken: list[Job] = []
    for pages in _joined(stems):
        for done in _judged(pages, patience, now):
            place = waiting if done.until else broken if done.why else complete
            place.append(done)
    by_name = attrgetter("name")
    return Gathered(
        complete=tuple(sorted(complete, key=by_name)),
        waiting=tuple(sorted(waiting, key=by_name)),
        broken=tuple(sorted(broken, key=by_name)),
        others=tuple(others),
    )


def pdf_name(name: str) -> str:
    """Name the PDF of a page's job: `DOC.XSM/00000001.TIF` becomes part of `DOC.pdf`.

    A name that is no page of a set only gets the extension.
    """
    read = guess(name)
    above = name.split("/")[: -2 if read.is_folder and read.is_set else -1]
    stem = read.job if read.is_set else name.rpartition("/")[2].rpartition(".")[0]
    if read.is_folder and stem.lower().endswith(".xsm"):
        stem = stem[:-4]
    return "/".join([*above, f"{stem or 'scan'}.pdf"])


def _key(name: str, read: Guess) -> tuple[str, str]:
    """What the pages of one stem share, of one format."""
    above = name.split("/")[: -2 if read.is_folder else -1]
    return "/".join([*above, read.job]), extension_of(name)


def _joined(stems: Mapping[tuple[str, str], list[_Page]]) -> Iterator[list[_Page]]:
    """Bring together what one job wrote in several formats.

    A stem that tells the second is of one scan, if no number is there in two of them;
    under any other the same counter may have gone on with another scan.
    """
    by_job: dict[str, list[list[_Page]]] = {}
    for (job, _), pages in stems.items():
        by_job.setdefault(job, []).append(pages)
    for kinds in by_job.values():
        numbers = [{read.page for _, read in pages} for pages in kinds]
        is_told = all("T" in read.time for pages in kinds for _, read in pages)
        if is_told and len(set().union(*numbers)) == sum(map(len, numbers)):
            yield [each for pages in kinds for each in pages]
        else:
            yield from kinds


def _judged(pages: Iterable[_Page], patience: Patience, now: float) -> Iterator[Job]:
    """Split the files of one stem into jobs, and judge each.

    By the order in which they were finished. Where they were begun in another one, and
    that would split them otherwise, nobody knows which page is whose.
    """
    finished, begun = sorted(pages, key=_finished), sorted(pages, key=_begun)
    jobs = _jobs(finished)
    others = jobs if begun == finished else _jobs(begun)
    sure = {frozenset(map(id, job)) for job in others}
    for job, later in zip_longest(jobs, jobs[1:], fillvalue=()):
        is_over = _is_over(job, later)
        why = "" if frozenset(map(id, job)) in sure else _MET
        yield _judge(job, patience, now, is_over=is_over, why=why)


def _finished(page: _Page) -> tuple[float, int]:
    seen, read = page
    if seen.is_finished:
        return seen.changed, read.page or 0
    # It was begun before it was seen; and what came that soon is of the same scan.
    return seen.began - SLACK_SECONDS, read.page or 0


def _begun(page: _Page) -> tuple[float, int]:
    return page[0].began, page[1].page or 0


def _jobs(pages: Iterable[_Page]) -> list[list[_Page]]:
    """Split the files of one stem, oldest first, where its counter began anew."""
    jobs: list[list[_Page]] = [[]]
    for each in pages:
        job = jobs[-1]
        if any(read.page == each[1].page for _, read in job):
            # What came late is a first page, and now the others follow it.
            at = _late_start(job)
            if any(read.page == each[1].page for _, read in job[at:]):
                at = len(job)
            jobs[-1:] = [job[:at], job[at:]]
        jobs[-1].append(each)
    return jobs


def _is_over(job: Sequence[_Page], later: Iterable[_Page]) -> bool:
    """Whether the next job shows that nothing more comes to this one.

    It does by a number of this one's that is finished once more. A name that is not
    may be all that is left of a page that was claimed a moment ago.
    """
    numbers = {read.page for _, read in job}
    return any(each.is_finished and read.page in numbers for each, read in later)


def _late_start(job: Sequence[_Page]) -> int:
    """Where a first page stands that came well behind others; the length: nowhere.

    Under a stem that tells the time it belongs to them; else it may begin a new scan.
    """
    for at in range(1, len(job)):
        (new, read), before = job[at], {each.page for _, each in job[:at]}
        is_first = not read.page or (read.page == 1 and 0 not in before)
        is_late = new.changed - job[at - 1][0].changed > SLACK_SECONDS
        if is_first and is_late and not read.time:
            return at
    return len(job)


def _judge(
    pages: Sequence[_Page],
    patience: Patience,
    now: float,
    *,
    is_over: bool,
    why: str,
) -> Job:
    """Say whether a job may go; `is_over`: nothing more comes to it."""
    last = max(each.changed for each, _ in pages)
    in_order = sorted(pages, key=lambda page: page[1].page or 0)
    job = Job(
        name=pdf_name(pages[0][0].name), pages=tuple(each for each, _ in in_order)
    )
    why = _lacking(in_order) or why
    if not why and _late_start(pages) < len(pages):
        why = f"its first page came long after the others: {_MET}"
    if why:
        until = last + patience.missing_seconds
        return _held(job, why, until if now < until else 0.0)
    until = last + patience.quiet_seconds
    if not is_over and now < until:
        return _held(job, "more pages may come", until)
    return job


def _held(job: Job, why: str, until: float) -> Job:
    return Job(name=job.name, pages=job.pages, why=why, until=until)


def _lacking(pages: Sequence[_Page]) -> str:
    """Say what a job lacks, whose pages are in order; empty where nothing is."""
    numbers = {read.page or 0 for _, read in pages}
    # A page counter begins at 1; Kyocera's may at 0.
    gaps = (n for n in range(0 not in numbers, max(numbers)) if n not in numbers)
    missing = list(islice(gaps, _SHOWN + 1))
    if missing:
        said = ", ".join(map(str, missing[:_SHOWN]))
        more = " and more" if len(missing) > _SHOWN else ""
        are = "page is" if len(missing) == 1 else "pages are"
        return f"{are} missing: {said}{more}; the last one here is {max(numbers)}"
    growing = [each.name for each, _ in pages if not each.is_finished]
    return f"not finished: {', '.join(growing[:_SHOWN])}" if growing else ""
