"""The nouns of the half that sees: a place, a name in it, and what a look found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Place(Protocol):
    """A folder that printers write to; the configuration's `Folder` is one."""

    @property
    def path(self) -> Path:
        """Absolute."""

    @property
    def quiet_seconds(self) -> float:
        """How long a file must rest where nothing better is known."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Look at this: something happened to a name."""

    place: Place
    path: str
    """Relative to the place, between `/`; may hold lone surrogates (`os.fsdecode`)."""
    is_closed: bool = False
    """Its writer has just closed it, or moved it here under this name."""


@dataclass(frozen=True, slots=True)
class Mark:
    """By what a file is known not to have changed.

    No inode: a local one is used again at once, and sshfs makes up another with each
    name.
    """

    size: int
    mtime_ns: int
    ctime_ns: int

    @staticmethod
    def of(stat: os.stat_result) -> Mark:
        """Take it from what the system says."""
        return Mark(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)

    def is_same_content(self, other: Mark) -> bool:
        """Whether nobody wrote; a rename moves the ctime alone."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


@dataclass(frozen=True, slots=True)
class Ready:
    """Its writer is done: claim it at once."""

    place: Place
    path: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Later:
    """Not now."""

    at: float
    """By the monotonic clock; at the latest, for a new sight comes sooner."""
    why: str
    """One sentence for a person."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No scan, and nothing to wait for: gone, empty, ignored or refused."""

    why: str


type Answer = Ready | Later | Nothing
