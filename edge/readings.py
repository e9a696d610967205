"""What the sidecars of one folder say, each read once it can be.

In: sidecars as they were seen, and their files. Out: their keys of metadata, or why
they cannot be read. Not thread-safe.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import reach
from .config import Sidecar
from .elements import TwinError
from .sets import Seen
from .twins import read_twin

TWIN_BYTES = 1 << 20
"""What a sidecar may have: a real one has a thousandth."""


@dataclass(slots=True)
class Readings:
    """What was read, by the sidecar's claim."""

    form: Sidecar
    _said: dict[str, dict[str, str]] = field(default_factory=dict)
    _why_not: dict[str, str] = field(default_factory=dict)

    def read(self, seen: Seen, file: Path) -> Seen:
        """Read it; one that cannot be read counts as one still under way."""
        if seen.key in self._said:
            return seen
        try:
            self._said[seen.key] = read_twin(_bytes_of(file), self.form)
        except TwinError as exc:
            return self._unread(seen, str(exc))
        except OSError as exc:
            return self._unread(seen, exc.strerror or str(exc))
        return seen

    def _unread(self, seen: Seen, why: str) -> Seen:
        self._why_not[seen.key] = why
        return replace(seen, is_finished=False)

    def of(self, seen: Seen) -> dict[str, str] | None:
        """What it says; None: it cannot be read yet."""
        return self._said.get(seen.key)

    def pop(self, key: str) -> dict[str, str]:
        """What it says; it is not asked for again."""
        self._why_not.pop(key, None)
        return self._said.pop(key, {})

    def pop_why_not(self, key: str) -> str:
        """Why it could not be read; it is not asked for again."""
        self._said.pop(key, None)
        return self._why_not.pop(key, "")


def _bytes_of(file: Path) -> bytes:
    with os.fdopen(reach.claimed(file), "rb") as stream:
        data = stream.read(TWIN_BYTES + 1)
    if len(data) > TWIN_BYTES:
        # Half of what it says would send the scan to some, and not to others.
        raise TwinError(f"it has more than {TWIN_BYTES} bytes")
    return data
