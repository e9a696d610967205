"""Sidecars that come when their scan has gone without them: they speak for no other.

A counter's name is used again: the next scan under it may be another person's. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import pairs
from .config import Folder
from .sets import Seen

_WAITS = 10
"""So many times its wait a sidecar is held to be of the scan that went without it."""


@dataclass(slots=True)
class Late:
    """What went without, in one folder."""

    folder: Folder
    _gone: dict[str, float] = field(default_factory=dict)
    """What a sidecar is found by, and when its scan went without one."""

    def went(self, files: Sequence[Seen], now: float) -> None:
        """Remember a scan that went without a sidecar."""
        limit = now - _WAITS * self.folder.sidecar_seconds
        self._gone = {key: at for key, at in self._gone.items() if at >= limit}
        self._gone |= dict.fromkeys(pairs.scan_keys(files, self.folder.sidecar), now)

    def take(self, twin: Seen, scans: Sequence[Seen], now: float) -> bool:
        """Whether it is of such a scan, and of none that waits; told once of each."""
        form = self.folder.sidecar
        keys = set(pairs.twin_keys(twin.name.lower(), form)) & self._gone.keys()
        if any(keys & pairs.scan_keys((each,), form) for each in scans):
            return False
        limit = now - _WAITS * self.folder.sidecar_seconds
        is_of_one = any(self._gone[key] >= limit for key in keys)
        for key in keys:
            del self._gone[key]
        return is_of_one
