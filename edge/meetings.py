"""Scans of one name that wait for a sidecar at the same time: whose is whose.

A claim frees the name, so a printer may use it again before the first scan's sidecar
is there. What sidecars say then tells whether it matters; their times do not. Where
it matters a person is asked: a scan at the wrong person is worse than one that waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import pairs
from .config import Folder, Gathering
from .profiles import extension_of
from .sets import Seen, pdf_name

type Group = tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Every scan that is ready and every sidecar, in exactly one of these."""

    scans: Sequence[Group]
    twins: Sequence[Seen]
    undecided: Sequence[Group] = ()
    """Files that nobody can tell apart: a person is asked."""
    until: float = 0.0
    """When to look again at what waits to be decided; 0: nothing does."""


@dataclass(slots=True)
class Meetings:
    """Those of one folder."""

    folder: Folder
    said: Callable[[Seen], Mapping[str, str] | None]
    """What a sidecar says; None: it cannot be read yet."""
    _until: dict[str, float] = field(default_factory=dict)
    """What met, by what sidecars are found by; until then more of it may come."""

    def part(
        self,
        scans: Sequence[Group],
        twins: Sequence[Seen],
        held: Sequence[Group],
        now: float,
    ) -> Parted:
        """Take out what cannot be told apart, as things stand at `now`.

        Those that are `held` wait for pages; a sidecar may be theirs.
        """
        if not twins and not self._until:
            return Parted(scans=scans, twins=twins)
        self._until = {key: at for key, at in self._until.items() if at > now}
        undecided = [
            each
            for each in scans
            if each[0].key and self._keys(each) & self._until.keys()
        ]
        late = [each for each in twins if self._twin_keys(each) & self._until.keys()]
        scans = [each for each in scans if each not in undecided]
        twins = [each for each in twins if each not in late]
        undecided += [(each,) for each in late]
        waiting: list[float] = []
        for met, theirs in self._met(scans, twins, held):
            mine = [each for each in theirs if each in twins]
            ready = [each for each in met if each in scans]
            if not mine or not ready:
                continue
            until = max(each.changed for group in met for each in group)
            until += self.folder.sidecar_seconds
            if len(mine) < len(met) and now < until:
                waiting.append(until)
            elif len(mine) < len(met) or self._differ(mine):
                for group in ready:
                    self._until |= dict.fromkeys(self._keys(group), until)
                undecided.append((*(each for it in ready for each in it), *mine))
            else:
                continue
            scans = [each for each in scans if each not in met]
            twins = [each for each in twins if each not in mine]
        return Parted(
            scans=scans,
            twins=twins,
            undecided=undecided,
            until=min(waiting, default=0.0),
        )

    def _met(
        self,
        scans: Sequence[Group],
        twins: Sequence[Seen],
        held: Sequence[Group],
    ) -> Iterable[tuple[list[Group], list[Seen]]]:
        """Scans of one name, and sidecars that may be theirs; where it is not clear."""
        by_name: dict[str, list[Group]] = {}
        for each in (*scans, *held):
            # What is still written is not here; its name may be an old sight of one.
            if all(page.key and page.is_finished for page in each):
                by_name.setdefault(self._name(each), []).append(each)
        for met in by_name.values():
            keys = self._keys(met[0])
            mine = [each for each in twins if self._twin_keys(each) & keys]
            names = {each.name for each in mine}
            if mine and (len(met) > 1 or len(names) < len(mine)):
                yield met, mine

    def _differ(self, twins: Iterable[Seen]) -> bool:
        """Whether it matters whose is whose."""
        said = [self.said(each) for each in twins]
        return any(each is None or each != said[0] for each in said)

    def _name(self, group: Group) -> str:
        """What two scans of one name have in common; pages alone have their own."""
        name = group[0].name
        if self.folder.set is Gathering.SINGLE and len(group) == 1:
            return name
        return f"{pdf_name(name)}.{extension_of(name)}"

    def _keys(self, group: Group) -> set[str]:
        return pairs.scan_keys(group, self.folder.sidecar)

    def _twin_keys(self, twin: Seen) -> set[str]:
        return set(pairs.twin_keys(twin.name.lower(), self.folder.sidecar))
