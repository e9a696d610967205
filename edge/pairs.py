"""Which sidecar belongs to which scan, and how long each waits for the other.

In: files as they were seen, and the folder's form of sidecar. Out: scans that may go,
with their twin or without, those that wait, and twins whose scan never came. Either may
come first: no manual says which. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .config import Folder, Sidecar
from .sets import Seen, pdf_name

ENDINGS: Mapping[Sidecar, tuple[str, ...]] = {
    Sidecar.NONE: (),
    Sidecar.PAPERCUT: (".xml",),
    Sidecar.XEROX: (".xst", ".txt"),
    Sidecar.INDEX: (".index.xml",),
    Sidecar.JSON: (".json",),
}
"""What a twin has in place of the scan's extension; an index has it behind that."""
_SHARED_FOLDER = ".xsm/"
"""In such a folder lies one scan, and its job log under any name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One scan and what speaks for it."""

    scan: tuple[Seen, ...]
    """Its files: one, or all pages of a job. None yet: the twin came first."""
    twin: Seen | None = None
    deadline: float = 0.0
    """Until when a twin that is missing, or cannot be read yet, is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Every scan and every twin, in exactly one of these."""

    ready: tuple[Pair, ...] = ()
    """With a finished twin, or without one for good."""
    waiting: tuple[Pair, ...] = ()
    orphans: tuple[Seen, ...] = ()
    """Twins whose scan did not come in time: a person is told. One that stayed would
    speak for the next scan of that name, which may be another person's."""


def part(files: Iterable[Seen], form: Sidecar) -> tuple[list[Seen], list[Seen]]:
    """Tell scans from what may be a twin, by their names."""
    scans: list[Seen] = []
    twins: list[Seen] = []
    for each in files:
        (twins if each.name.lower().endswith(ENDINGS[form]) else scans).append(each)
    return scans, twins


def pair(
    scans: Sequence[tuple[Seen, ...]],
    twins: Sequence[Seen],
    folder: Folder,
    now: float,
    held: Sequence[tuple[Seen, ...]] = (),
) -> Paired:
    """Bring scans and twins together, as things stand at `now`.

    Those that are `held` do not go yet, with a twin or without; theirs waits with them.
    """
    form, wait_seconds = folder.sidecar, folder.sidecar_seconds
    if form is Sidecar.NONE:
        return Paired(ready=tuple(Pair(scan=each) for each in scans))
    found = _matched([*scans, *held], twins, form, wait_seconds)
    ready: list[Pair] = []
    waiting: list[Pair] = []
    for n, files in enumerate(scans):
        twin = twins[found[n]] if n in found else None
        deadline = max(each.changed for each in files) + wait_seconds
        made = Pair(scan=files, twin=twin, deadline=deadline)
        # Another capital letter may be another scan's, whose own is still to come.
        is_done = twin and twin.is_finished and _is_exact(files, twin, form)
        (ready if is_done or now >= deadline else waiting).append(made)
    orphans: list[Seen] = []
    taken = set(found.values())
    for n, each in enumerate(twins):
        if n in taken:
            continue
        deadline = each.changed + wait_seconds
        if now < deadline:
            waiting.append(Pair(scan=(), twin=each, deadline=deadline))
        elif each.name.lower().endswith(".txt"):
            # A text may be a scan of its own: recognised text, say.
            ready.append(Pair(scan=(each,), deadline=deadline))
        else:
            orphans.append(each)
    return Paired(ready=tuple(ready), waiting=tuple(waiting), orphans=tuple(orphans))


def is_shared(files: Sequence[Seen], twins: Iterable[Seen], form: Sidecar) -> bool:
    """Whether a twin is of the job that pages belong to, and of none of them alone."""
    keys = {key for twin in twins for key in twin_keys(twin.name.lower(), form)}
    alone = {_key(each.name.lower(), form) for each in files}
    return _key(pdf_name(files[0].name).lower(), form) in keys and not alone & keys


def _matched(
    scans: Sequence[tuple[Seen, ...]],
    twins: Sequence[Seen],
    form: Sidecar,
    wait_seconds: float,
) -> dict[int, int]:
    """Find each scan's twin, by position: of those with the right name the nearest.

    One that has the name as it is written comes before one in other capital letters.
    One that is older or younger by more than the wait belongs to another scan.
    """
    by_key: dict[str, list[int]] = {}
    for m, twin in enumerate(twins):
        for key in twin_keys(twin.name.lower(), form):
            by_key.setdefault(key, []).append(m)
    near: list[tuple[bool, float, int, int]] = []
    for n, files in enumerate(scans):
        first = min(min(each.changed, each.began) for each in files)
        last = max(each.changed for each in files)
        for m in {m for key in scan_keys(files, form) for m in by_key.get(key, ())}:
            came = twins[m].changed
            apart = max(first - came, came - last, 0.0)
            if apart <= wait_seconds:
                is_loose = not _is_exact(files, twins[m], form)
                near.append((is_loose, apart, n, m))
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, n, m in sorted(near):
        if n not in found and m not in taken:
            found[n] = m
            taken.add(m)
    return found


def twin_keys(name: str, form: Sidecar) -> list[str]:
    """What a twin is found by: its name in lower case, or as it is."""
    lower = name.lower()
    ending = next(each for each in ENDINGS[form] if lower.endswith(each))
    folder = name.rpartition("/")[0] + "/"
    is_shared = form is Sidecar.XEROX and folder.lower().endswith(_SHARED_FOLDER)
    named = name[: -len(ending)]
    if form is Sidecar.INDEX:
        named = _key(named, form)
    return [named, *([folder] if is_shared else [])]


def scan_keys(
    files: Sequence[Seen], form: Sidecar, spelled: Callable[[str], str] = str.lower
) -> set[str]:
    """What a scan's twin may be found by; some devices write names in capitals."""
    keys = set()
    for each in files:
        name = spelled(each.name)
        keys.add(_key(name, form))
        folder = name.rpartition("/")[0] + "/"
        if form is Sidecar.XEROX and folder.lower().endswith(_SHARED_FOLDER):
            keys.add(folder)
    keys.add(_key(spelled(pdf_name(files[0].name)), form))
    return keys


def _is_exact(files: Sequence[Seen], twin: Seen, form: Sidecar) -> bool:
    """Whether a twin has its scan's name to the letter."""
    keys = scan_keys(files, form, spelled=str)
    return not keys.isdisjoint(twin_keys(twin.name, form))


def _key(name: str, form: Sidecar) -> str:
    """What is the same in both names; in an extension capitals mean nothing."""
    stem = _stem(name)
    return stem + name[len(stem) :].lower() if form is Sidecar.INDEX else stem


def _stem(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    return folder + slash + (file.rpartition(".")[0] or file)
