"""Which sidecar belongs to which scan, and how long each waits for the other.

In: files as they were seen, and the folder's form of sidecar. Out: scans that may go,
with their twin or without, those that wait, and twins whose scan never came. Either may
come first: no manual says which. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
        is_done = twin is not None and twin.is_finished
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

    One that is older or younger by more than the wait belongs to another scan.
    """
    by_key: dict[str, list[int]] = {}
    for m, twin in enumerate(twins):
        for key in twin_keys(twin.name.lower(), form):
            by_key.setdefault(key, []).append(m)
    near: list[tuple[float, int, int]] = []
    for n, files in enumerate(scans):
        first = min(min(each.changed, each.began) for each in files)
        last = max(each.changed for each in files)
        for m in {m for key in scan_keys(files, form) for m in by_key.get(key, ())}:
            came = twins[m].changed
            apart = max(first - came, came - last, 0.0)
            if apart <= wait_seconds:
                near.append((apart, n, m))
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, n, m in sorted(near):
        if n not in found and m not in taken:
            found[n] = m
            taken.add(m)
    return found


def twin_keys(name: str, form: Sidecar) -> list[str]:
    """What a twin is found by; its name is in lower case."""
    ending = next(each for each in ENDINGS[form] if name.endswith(each))
    folder = name.rpartition("/")[0] + "/"
    shared = (
        [folder] if form is Sidecar.XEROX and folder.endswith(_SHARED_FOLDER) else []
    )
    return [name.removesuffix(ending), *shared]


def scan_keys(files: Sequence[Seen], form: Sidecar) -> set[str]:
    """What a scan's twin may be found by; some devices write names in capitals."""
    keys = set()
    for each in files:
        name = each.name.lower()
        keys.add(_key(name, form))
        if form is Sidecar.XEROX:
            keys.add(name.rpartition("/")[0] + "/")
    keys.add(_key(pdf_name(files[0].name).lower(), form))
    return keys


def _key(name: str, form: Sidecar) -> str:
    return name if form is Sidecar.INDEX else _stem(name)


def _stem(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    return folder + slash + (file.rpartition(".")[0] or file)
