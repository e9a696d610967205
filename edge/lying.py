"""What lies in `.scanpost` of each folder, on the disk: `ls` does not show it.

In: folders that are watched, others that were, and how far the journal says each claim
had come. Out: so many files of each kind, for `status`. What cannot be listed says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .claim import Claimed, left_behind
from .config import Folder
from .entry import Step
from .junk import CLAIMED

_KINDS = {Step.PROBLEM: "kept", Step.COMMITTED: "sent", Step.CLEARED: "sent"}
"""By how far a claim has come; what is not named waits."""


@dataclass(frozen=True, slots=True)
class Lying:
    """What lies in one folder."""

    path: Path
    is_watched: bool
    files: tuple[Claimed, ...] = ()
    why: str = ""
    """What keeps us from knowing."""
    counts: Counter[str] = field(default_factory=Counter)

    def said(self) -> dict[str, Any]:
        """For programs."""
        kinds = {each: self.counts[each] for each in ("waiting", "kept", "sent")}
        folder = {"folder": str(self.path), "watched": self.is_watched}
        return {**folder, **kinds, "why": self.why}


def look(
    watched: Iterable[Path], others: Iterable[str], steps: Mapping[str, Step]
) -> list[Lying]:
    """Look into each folder; those in which nothing lies are left out."""
    places = dict.fromkeys(watched, True)
    # By another name it may be the same folder.
    mine = {each.resolve() for each in places}
    gone = [each for each in map(Path, sorted(others)) if each.resolve() not in mine]
    places |= dict.fromkeys(gone, False)
    found = [_look(path, steps, is_watched) for path, is_watched in places.items()]
    return [each for each in found if each.files or each.why]


def kept(places: Iterable[Lying], claim_ids: Iterable[str]) -> Iterator[str]:
    """Where the files of these claims are: back in the folder, they are tried again."""
    there = {it.claim_id: str(it.file) for each in places for it in each.files}
    yield from (there[each] for each in claim_ids if each in there)


def _look(path: Path, steps: Mapping[str, Step], is_watched: bool) -> Lying:
    try:
        # Asked first: who may not look would be told that there is none.
        (path / CLAIMED).lstat()
        files = tuple(left_behind(Folder(path=path, device="")))
    except (FileNotFoundError, NotADirectoryError):
        return Lying(path, is_watched)
    except OSError as exc:
        return Lying(path, is_watched, why=exc.strerror or str(exc))
    kinds = (_KINDS.get(steps.get(it.claim_id, Step.COMMITTING)) for it in files)
    counts = Counter(each or "waiting" for each in kinds)
    return Lying(path, is_watched, files, counts=counts)
