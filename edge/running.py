"""`scanpost-edge run` and `once`: the agent at work, until SIGTERM, or done."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import journal
from shared.errors import ForwardError

from . import alive, config, office, problems
from .agent import IDLE_SECONDS, Agent
from .book import Book, BookError
from .config import Config, Folder
from .depot import Depot
from .merge import merge
from .upload import Uploader

DEFAULT = "/etc/scanpost-edge/edge.toml"
STATUS_SECONDS = 2.0
STUCK_SECONDS = 120.0
"""How long a file waits before the person at the printer is told why."""
_MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Verb:
    """One of the two."""

    name: str
    help: str
    ends: bool

    @property
    def NAME(self) -> str:  # noqa: N802 (as the other verbs, which are modules)
        """The word."""
        return self.name

    def add_to(self, verbs: Any) -> None:
        """Add the verb's words."""
        words = verbs.add_parser(self.name, help=self.help, description=self.help)
        words.add_argument("--config", type=Path, default=Path(DEFAULT), metavar="FILE")
        words.set_defaults(run=lambda said: run(said, ends=self.ends))


RUN = Verb("run", "watch the folders and send what is finished, until stopped", False)
ONCE = Verb("once", "send what is there, and end", True)


def run(words: argparse.Namespace, *, ends: bool) -> int:
    """Work; 0: stopped, or all is sent; 3: storage is away and files wait."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    journal.quiet_others()
    settings = config.read(words.config)
    scans, beats = office.depots(settings.storage)
    with opened(settings, scans) as agent:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        keeper = Keeper(agent, beats, stop, ends=ends)
        thread = threading.Thread(target=keeper.keep)
        thread.start()
        try:
            agent.run(stop, keeper.ready)
        finally:
            stop.set()
            thread.join()
        return 3 if ends and len(agent.line) else 0


@contextmanager
def opened(settings: Config, scans: Depot) -> Iterator[Agent]:
    """Open the journal and put the agent together. Raises BookError."""
    book = Book(settings.state_dir)
    merged = settings.state_dir / _MERGED
    merged.mkdir(exist_ok=True)

    def make(pages: Sequence[Path], job_id: str) -> Path:
        target = merged / f"{job_id}.pdf"
        merge(pages, target)
        return target

    try:
        yield Agent(settings, Uploader(scans, book), book, make, told)
    finally:
        book.close()


def told(folder: Folder, path: str, why: str) -> None:
    """Leave a note beside a file, or take it away; where the folder wants notes."""
    if folder.problems:
        file = folder.path / path
        if why:
            problems.leave(file, why, "Ask your IT if it stays.")
        else:
            problems.mend(file)


@dataclass
class Keeper:
    """Says that the agent lives, and how things stand; ends `once`."""

    agent: Agent
    beats: Depot
    stop: threading.Event
    ends: bool
    _is_ready: threading.Event = field(default_factory=threading.Event)
    _stuck: dict[tuple[Path, str], float] = field(default_factory=dict)
    _noted: set[tuple[Path, str]] = field(default_factory=set)
    _idle: float = 0.0

    def ready(self) -> None:
        """Tell whoever started us."""
        self._is_ready.set()
        count = len(self.agent.config.folders)
        print(f"ready: {self.agent.config.agent} watches {count} folders", flush=True)

    def keep(self) -> None:
        """Do so until told to stop."""
        turns: list[tuple[float, Callable[[], None]]] = [
            (STATUS_SECONDS, self._status),
            (alive.BEAT_SECONDS, self._beat),
            (STUCK_SECONDS / 4, self._note),
            (3600.0, self._tidy),
        ]
        due = [0.0] * len(turns)
        while not self.stop.wait(0.2):
            if not self._is_ready.is_set():
                continue
            for number, (seconds, turn) in enumerate(turns):
                if time.monotonic() >= due[number]:
                    due[number] = time.monotonic() + seconds
                    turn()
            if self.ends and self._has_ended():
                self.stop.set()
        self._status()

    def _has_ended(self) -> bool:
        """Whether nothing is left that `once` could do."""
        now = time.monotonic()
        if not self.agent.is_idle() and not self.agent.line.why:
            self._idle = 0.0
        elif not self._idle:
            self._idle = now
        return bool(self._idle) and now - self._idle >= IDLE_SECONDS

    def _status(self) -> None:
        try:
            alive.write_status(self.agent, self.agent.config.state_dir)
        except OSError as exc:
            journal.warn("edge_no_status", {"why": str(exc)})

    def _beat(self) -> None:
        """Nobody waits for it: where storage is away, the uploads say so."""
        name = f"{self.agent.config.agent}.json"
        try:
            self.beats.put(name, alive.heartbeat(self.agent), "application/json")
        except ForwardError as exc:
            journal.warn("edge_no_heartbeat", {"why": str(exc)})

    def _note(self) -> None:
        """Tell the person at the printer what a file has long been waiting for."""
        now, seen = time.monotonic(), {}
        for sight, why in self.agent.agenda.waiting():
            key = sight.place.path, sight.path
            seen[key] = self._stuck.get(key, now)
            if why and now - seen[key] >= STUCK_SECONDS:
                self._noted.add(key)
                told(self.agent.folders[key[0]], key[1], why)
        for key in self._noted - seen.keys():
            told(self.agent.folders[key[0]], key[1], "")
        self._noted &= seen.keys()
        self._stuck = seen

    def _tidy(self) -> None:
        """Forget old rows, take old notes away."""
        for each in self.agent.config.folders:
            problems.clear_old(each.path)
        try:
            self.agent.book.prune()
        except BookError as exc:
            journal.warn("edge_not_pruned", {"why": str(exc)})
