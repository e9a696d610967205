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
from . import emptied, leftovers, owner, reach
from .book import BookError
from .config import Folder
from .entry import Entry
from .leftovers import Leftovers
from .mounts import mount_now
from .owner import Owner
from .recovery import Left, Members, recover, sweep
from .sight import Later, Nothing, Sight

if TYPE_CHECKING:
    from .agent import Agent

TICK_SECONDS, REST_SECONDS = 0.25, 1.0
"""Between two looks: where something has its time, and where nothing has."""
FOLDERS_SECONDS = 2.0
"""Between two looks whether a folder is still the one that it was."""
LISTED_SECONDS = 600.0
"""Between two searches for claims that nobody knows of."""
SOON_SECONDS = 2.0
PROBLEMS_SECONDS = 1.0
CLEAR_SECONDS = 3.0
"""Until a file that could not be removed is tried again."""
UNREADY_SECONDS = 0.2
UNLOCKED_SECONDS = 10.0
"""Until a folder that could not be locked is tried again."""
CLOCK_SECONDS = 1.0
"""By which a clock may be moved between two looks, slowly as NTP does."""

type _Identity = tuple[int, int]


@dataclass(slots=True)
class _Uncleared:
    """Storage has it, and it cannot be removed here."""

    folder: Folder
    entry: Entry
    members: Members
    is_left_over: bool
    at: float


@dataclass
class Tender:
    """Tends one agent."""

    agent: Agent
    bell: threading.Event = field(default_factory=threading.Event)
    """Set where something is due, or all is to end."""
    is_tended: threading.Event = field(default_factory=threading.Event)
    """Every folder was looked through, or cannot be."""
    leftovers: Leftovers = field(default_factory=Leftovers)
    others: dict[Path, str] = field(default_factory=dict)
    """Folders that another agent has, and which."""
    _there: dict[Path, _Identity] = field(default_factory=dict)
    _open: dict[Path, _Identity] = field(default_factory=dict)
    """Those of which files may be claimed."""
    _listed: dict[Path, float] = field(default_factory=dict)
    """When a folder is looked through again."""
    _uncleared: list[_Uncleared] = field(default_factory=list)
    _offset: float = 0.0
    """Of the clock from the monotonic one."""
    _said: dict[tuple[str, str], str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.owner = Owner(self.agent.config.state_dir, self.agent.config.agent)

    @property
    def is_busy(self) -> bool:
        """Whether files are left to be removed, or a folder to be looked through."""
        waits = {each.path for each in self.agent.config.folders} - self._open.keys()
        return bool(self._uncleared or waits)

    def is_open(self, path: Path) -> bool:
        """Whether files of a folder may be claimed."""
        return path in self._open

    def unready(self, sight: Sight) -> Later | Nothing:
        """Say what to do with a name of a folder that is not open."""
        place, now = sight.place, time.monotonic()
        why = self.others.get(place.path)
        if not why:
            why = "Its folder is away, or not looked through yet."
            return Later(now + UNREADY_SECONDS, why)
        try:
            reach.stat(place.path, sight.path)
        except OSError:
            return Nothing("another agent took it")
        return Later(now + FOLDERS_SECONDS, why)

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
            (TICK_SECONDS, self._write_down),
            (PROBLEMS_SECONDS, self._look_at_problems),
            (emptied.EVERY_SECONDS, self._remove_empty),
            (owner.BEAT_SECONDS, self._beat),
            (leftovers.EVERY_SECONDS, self._look_for_leftovers),
        ]
        due = [0.0] * len(turns)
        while True:
            for number, (seconds, turn) in enumerate(turns):
                if time.monotonic() >= due[number]:
                    due[number] = time.monotonic() + seconds
                    self._guarded(turn)
            self.is_tended.set()
            is_due = bool(self._uncleared) or self.agent.is_due
            self.bell.wait(TICK_SECONDS if is_due else REST_SECONDS)
            self.bell.clear()
            if stop.is_set():
                return

    def _guarded(self, turn: Callable[[], None]) -> None:
        """Whatever happens to one must not keep the others from their turns."""
        try:
            turn()
        except Exception as exc:  # noqa: BLE001 (told, and tried again)
            if self._said.get(("edge_failed", turn.__name__)) != str(exc):
                self._said["edge_failed", turn.__name__] = str(exc)
                words = journal.line("edge_failed", {"in": turn.__name__})
                journal.LOGGER.exception("%s", words)

    def clear(
        self, folder: Folder, entry: Entry, members: Members, *, left: bool
    ) -> None:
        """Clear a file away now, or later where that cannot be."""
        try:
            self.agent.clear(folder, entry, members, left=left)
        except (OSError, BookError) as exc:
            self._say("edge_not_cleared", str(folder.path), f"{exc}")
            again = time.monotonic() + CLEAR_SECONDS
            with self._lock:
                self._uncleared.append(_Uncleared(folder, entry, members, left, again))

    def _clear_again(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [each for each in self._uncleared if each.at <= now]
        for each in due:
            self.clear(each.folder, each.entry, each.members, left=each.is_left_over)
            with self._lock:
                self._uncleared.remove(each)

    def _tend_all(self) -> None:
        for each in self.agent.config.folders:
            self._tend(each)

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

    def _look_for_leftovers(self) -> None:
        for each in self.agent.config.folders:
            if self.is_open(each.path):
                self.leftovers.look(each)

    def _beat(self) -> None:
        for path in self.owner.beat():
            self._open.pop(path, None)

    def _tend(self, folder: Folder) -> None:
        """Look through a folder that is new, has come back, or was not for long."""
        path = folder.path
        try:
            stat = path.stat()
        except OSError as exc:
            self._lose(path)
            self._say("edge_folder_away", str(path), exc.strerror or str(exc))
            return
        try:
            identity = stat.st_dev, stat.st_ino
            now = time.monotonic()
            is_same = self._open.get(path) == identity
            if is_same and now < self._listed[path]:
                return
            if self._there.get(path) != identity:
                self._lose(path)
                self._there[path] = identity
            if not self._is_ours(path):
                return
            if not is_same:
                self._prepare(folder)
                self.agent.begin(folder)
            agent, all_ = self.agent, self.agent.config.folders
            found = recover(folder, agent.book, agent.merged, agent.known.has, all_)
        except (OSError, BookError) as exc:
            self._open.pop(path, None)
            self._say("edge_not_recovered", str(path), str(exc))
            return
        self._take(folder, found)
        is_locked = self.owner.has(path)
        self._listed[path] = now + (LISTED_SECONDS if is_locked else UNLOCKED_SECONDS)
        self._open[path] = identity
        self._said.pop(("edge_not_recovered", str(path)), None)
        if self._said.pop(("edge_folder_away", str(path)), None):
            journal.note("edge_folder_back", {"folder": str(path)})

    def _lose(self, path: Path) -> None:
        """Forget what is known of a folder: it is away, or another one."""
        self._open.pop(path, None)
        self._there.pop(path, None)
        self.owner.drop(path)

    def _is_ours(self, path: Path) -> bool:
        """Whether no other agent has a folder; where that cannot be told, none has."""
        try:
            why = self.owner.take(path, is_remote=mount_now(path).is_remote)
        except OSError as exc:
            self._say("edge_not_locked", str(path), str(exc))
            why = ""
        if why:
            self.others[path] = why
            if why != owner.PENDING:
                self._say("edge_folder_taken", str(path), why)
        else:
            self.others.pop(path, None)
            self._said.pop(("edge_folder_taken", str(path)), None)
        return not why

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
            self.clear(folder, entry, members, left=True)
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

    def _write_down(self) -> None:
        try:
            self.agent.book.flush()
        except BookError as exc:
            self._say("edge_not_written", "", str(exc))

    def _say(self, event: str, folder: str, why: str) -> None:
        """Say it once, until it is something else."""
        if self._said.get((event, folder)) != why:
            self._said[event, folder] = why
            journal.warn(event, {"folder": folder, "why": why})
