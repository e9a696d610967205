"""What time brings on: folders that come back, files that were left, empty folders.

In a thread of its own, for a share that hangs holds up whoever looks at it. No file of
a folder is claimed before what was left there is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shared import journal

from . import claim as claims
from . import emptied
from .book import BookError, Entry
from .claim import Claimed
from .config import Folder
from .recovery import Left, recover, sweep

if TYPE_CHECKING:
    from .agent import Agent

TICK_SECONDS = 0.25
FOLDERS_SECONDS = 2.0
"""Between two looks whether a folder is still the one that it was."""
LISTED_SECONDS = 600.0
"""Between two searches for claims that nobody knows of."""
SOON_SECONDS = 2.0
PROBLEMS_SECONDS = 1.0
CLEAR_SECONDS = 3.0
"""Until a file that could not be removed is tried again."""

CLOCK_SECONDS = 1.0
"""By which a clock may be moved between two looks, slowly as NTP does."""

type _Identity = tuple[int, int]


@dataclass(slots=True)
class _Uncleared:
    """Storage has it, and it cannot be removed here."""

    entry: Entry
    members: tuple[Claimed, ...]
    is_left_over: bool
    at: float


@dataclass
class Tender:
    """Tends one agent."""

    agent: Agent
    is_tended: threading.Event = field(default_factory=threading.Event)
    """Every folder was looked through, or cannot be."""
    _open: dict[Path, _Identity] = field(default_factory=dict)
    _listed: dict[Path, float] = field(default_factory=dict)
    """When a folder is looked through again."""
    _uncleared: list[_Uncleared] = field(default_factory=list)
    _offset: float = 0.0
    """Of the clock from the monotonic one."""
    _said: dict[tuple[str, str], str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_busy(self) -> bool:
        """Whether files are left to be removed, or a folder to be looked through."""
        waits = {each.path for each in self.agent.config.folders} - self._open.keys()
        return bool(self._uncleared or waits)

    def is_open(self, path: Path) -> bool:
        """Whether files of a folder may be claimed."""
        return path in self._open

    def look_soon(self, folder: Folder) -> None:
        """Look through a folder in a few seconds."""
        self._listed[folder.path] = time.monotonic() + SOON_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Tend until told to stop."""
        turns: list[tuple[float, Callable[[], None]]] = [
            (FOLDERS_SECONDS, self._tend_all),
            (TICK_SECONDS, self._see_the_clock),
            (TICK_SECONDS, self.agent.sort_due),
            (TICK_SECONDS, self._clear_again),
            (PROBLEMS_SECONDS, self._look_at_problems),
            (emptied.EVERY_SECONDS, self._remove_empty),
        ]
        due = [0.0] * len(turns)
        while True:
            for number, (seconds, turn) in enumerate(turns):
                if time.monotonic() >= due[number]:
                    due[number] = time.monotonic() + seconds
                    turn()
            if stop.wait(TICK_SECONDS):
                return

    def clear(self, entry: Entry, members: tuple[Claimed, ...], *, left: bool) -> None:
        """Clear a file away now, or later where that cannot be."""
        try:
            self.agent.clear(entry, members, left=left)
        except (OSError, BookError) as exc:
            self._say("edge_not_cleared", entry.folder, f"{exc}")
            again = time.monotonic() + CLEAR_SECONDS
            with self._lock:
                self._uncleared.append(_Uncleared(entry, members, left, again))

    def _clear_again(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [each for each in self._uncleared if each.at <= now]
        for each in due:
            self.clear(each.entry, each.members, left=each.is_left_over)
            with self._lock:
                self._uncleared.remove(each)

    def _tend_all(self) -> None:
        for each in self.agent.config.folders:
            self._tend(each)
        self.is_tended.set()

    def _see_the_clock(self) -> None:
        """Where it was set, nobody knows any more how long files have waited."""
        offset = time.time() - time.monotonic()
        if abs(offset - self._offset) > CLOCK_SECONDS:
            for each in self.agent.config.folders:
                self.agent.begin(each)
        self._offset = offset

    def _remove_empty(self) -> None:
        for each in self.agent.config.folders:
            if each.remove_empty and self.is_open(each.path):
                emptied.remove(each.path, time.time())

    def _tend(self, folder: Folder) -> None:
        """Look through a folder that is new, has come back, or was not for long."""
        path = folder.path
        try:
            stat = path.stat()
            identity = stat.st_dev, stat.st_ino
            now = time.monotonic()
            is_same = self._open.get(path) == identity
            if is_same and now < self._listed[path]:
                return
            if not is_same:
                self._open.pop(path, None)
                self._prepare(folder)
                self.agent.begin(folder)
            agent = self.agent
            found = recover(folder, agent.book, agent.merged, agent.known.has)
        except (OSError, BookError) as exc:
            self._open.pop(path, None)
            self._say("edge_not_recovered", str(path), str(exc))
            return
        self._take(folder, found)
        self._listed[path] = now + LISTED_SECONDS
        self._open[path] = identity
        self._said.pop(("edge_not_recovered", str(path)), None)

    def _prepare(self, folder: Folder) -> None:
        """Make room for claims; where that cannot be, each claim says so itself."""
        sweep(folder)
        try:
            claims.prepare(folder)
        except OSError as exc:
            self._say("edge_not_prepared", str(folder.path), str(exc))

    def _take(self, folder: Folder, found: Left) -> None:
        """Go on with what was left."""
        agent = self.agent
        for entry, members in found.cleared:
            self.clear(entry, members, left=True)
        for job in found.jobs:
            agent.known.add(job.job_id)
            for each in job.members:
                agent.known.add(each.claim_id)
            agent.line.add(job)
        for entry, members in found.problems:
            for each in members:
                agent.known.add(each.claim_id)
            agent.desk.recall(folder, entry, members)
        agent.take_on(found.loose, folder)

    def _look_at_problems(self) -> None:
        for each in self.agent.config.folders:
            self.agent.drop_gone(each)
        try:
            self.agent.desk.look()
        except BookError as exc:
            self._say("edge_not_written", "", str(exc))

    def _say(self, event: str, folder: str, why: str) -> None:
        """Say it once, until it is something else."""
        if self._said.get((event, folder)) != why:
            self._said[event, folder] = why
            journal.warn(event, {"folder": folder, "why": why})
