"""Says that the agent lives, and how things stand; ends `once`.

In threads of its own: storage that hangs holds up the heartbeat, and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import journal
from shared.errors import ForwardError

from . import alive, problems, reach
from .agent import Agent
from .book import BookError
from .depot import Depot
from .desk import Tell
from .listing import contents
from .sight import Sight

STATUS_SECONDS, REST_SECONDS = 2.0, 30.0
STUCK_SECONDS = 120.0
"""How long a file rests before the person at the printer is told why it waits."""
IDLE_SECONDS = 0.1
"""`once` ends when nothing was to be done for so long."""
PATIENCE_SECONDS = 3.0
"""How long `once` waits for files that do not change, beyond their quiet time."""
LAST_SECONDS = 5.0
"""The longest that the last heartbeat holds up the end."""
_STEP_SECONDS = 0.05

type _Told = tuple[str, float]
"""Why a file waits, and since when it is as it is."""


@dataclass
class Keeper:
    """Keeps one agent."""

    agent: Agent
    beats: Depot
    stop: threading.Event
    tell: Tell
    ends: bool
    _is_ready: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _is_well: bool = False
    """Whether it ended in good order."""
    _written: tuple[dict[str, Any], float] = ({}, 0.0)
    _noted: dict[tuple[Path, str], _Told] = field(default_factory=dict)
    """Told once, so that a note may go after a day, and stay away."""
    _mute: str = ""
    """Why the last heartbeat was not written."""
    _idle: float = 0.0
    _moved: tuple[tuple[int, ...], float] = ((), 0.0)

    def ready(self) -> None:
        """Tell whoever started us; from here on `status` has something to say."""
        self._status()
        self._is_ready.set()
        count = len(self.agent.config.folders)
        folders = "1 folder" if count == 1 else f"{count} folders"
        print(f"ready: {self.agent.config.agent} watches {folders}", flush=True)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep it while inside."""
        threads = self.agent.threads
        threads.start("keep", self._keep)
        threads.start("beat", self._beat_on)
        try:
            yield
            self._is_well = True
        finally:
            self._over.set()
            end = time.monotonic() + LAST_SECONDS
            threads.join("beat", end)
            threads.join("keep", end)

    def _keep(self) -> None:
        turns: list[tuple[float, Callable[[], None]]] = [
            (STATUS_SECONDS, self._status),
            (STUCK_SECONDS / 4, self._note),
            (3600.0, self._tidy),
        ]
        due = [0.0] * len(turns)
        while not self._over.wait(_STEP_SECONDS if self.ends else STATUS_SECONDS / 2):
            if not self._is_ready.is_set():
                continue
            for number, (seconds, turn) in enumerate(turns):
                if time.monotonic() >= due[number]:
                    due[number] = time.monotonic() + seconds
                    turn()
            if self.ends and self._has_ended():
                self.stop.set()
        self._status()

    def _beat_on(self) -> None:
        """Beat once a minute, and at the end say that it is one."""
        while not self._is_ready.wait(_STEP_SECONDS):
            if self._over.is_set():
                return
        while True:
            self._beat(is_last=False)
            if self._over.wait(alive.BEAT_SECONDS):
                break
        if self._is_well and not self.agent.line.why:
            self._beat(is_last=True)

    def _beat(self, *, is_last: bool) -> None:
        """Nobody waits for it: where storage is away, the uploads say so."""
        name = f"{self.agent.config.agent}.json"
        said = {"stopped": "true"} if is_last else {}
        try:
            text = alive.heartbeat(self.agent, is_last=is_last)
            self.beats.put(name, text, "application/json", **said)
        except ForwardError as exc:
            if str(exc) != self._mute:
                self._mute = str(exc)
                journal.warn("edge_no_heartbeat", {"why": self._mute})
        else:
            self._mute = ""

    def _has_ended(self) -> bool:
        """Whether nothing is left that `once` could do, or wait for."""
        agent, now = self.agent, time.monotonic()
        if agent.is_idle() or agent.line.why:
            self._idle = self._idle or now
            return now - self._idle >= IDLE_SECONDS
        self._idle = 0.0
        stands = (agent.went, len(agent.agenda), len(agent.line))
        is_hopeful = agent.is_hopeful()
        if stands != self._moved[0] or agent.line.is_moving() or is_hopeful:
            self._moved = stands, now
        quiet = max(each.quiet_seconds for each in agent.config.folders)
        return now - self._moved[1] >= quiet + PATIENCE_SECONDS

    def _status(self) -> None:
        """Write how things stand where that changed, and now and then all the same."""
        values = alive.document(self.agent)
        stands, now = {**values, "time": None}, time.monotonic()
        if stands == self._written[0] and now - self._written[1] < REST_SECONDS:
            return
        try:
            alive.write_status(values, self.agent.config.state_dir)
            self._written = stands, now
        except OSError as exc:
            journal.warn("edge_no_status", {"why": str(exc)})

    def _note(self) -> None:
        """Tell the log and the person at the printer what a file long waits for."""
        waiting = {
            (sight.place.path, sight.path): (why, changed)
            for sight, why in self.agent.agenda.waiting()
            if why and (changed := _resting_since(sight))
        }
        for key, told in waiting.items():
            if self._noted.get(key) != told:
                fields = {"folder": str(key[0]), "path": key[1], "why": told[0]}
                journal.warn("edge_stuck", fields)
                self.tell(self.agent.folders[key[0]], key[1], told[0])
        under_way = {
            (path, name)
            for path, folder in self.agent.folders.items()
            for name in self.agent.agenda.under_way(folder)
        }
        for key in self._noted.keys() - waiting.keys():
            if key in under_way:
                waiting[key] = self._noted[key]
            else:
                self.tell(self.agent.folders[key[0]], key[1], "")
        self._noted = waiting

    def _tidy(self) -> None:
        """Forget old rows, take old notes away."""
        for each in self.agent.config.folders:
            for inner in _folders(each.path):
                problems.clear_old(inner)
        try:
            self.agent.book.prune(time.time())
        except BookError as exc:
            journal.warn("edge_not_pruned", {"why": str(exc)})


def _folders(top: Path) -> Iterator[Path]:
    """The folder and all below; what cannot be listed has none."""
    left = [""]
    while left:
        path = left.pop()
        yield top / path
        with suppress(OSError):
            left += contents(top, path)[1]


def _resting_since(sight: Sight) -> float:
    """When a file was changed, where that was long ago; 0: not so, or it is gone."""
    try:
        changed = reach.stat(sight.place.path, sight.path).st_ctime
    except OSError:
        return 0.0
    return changed if time.time() - changed >= STUCK_SECONDS else 0.0
