"""`scanpost-edge run` and `once`: the agent at work, until SIGTERM, or done."""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import journal

from . import config, office, problems
from .agent import Agent
from .book import Book, BookError
from .config import Config, Folder
from .hold import held
from .keeper import Keeper
from .merged import Merged
from .upload import Uploader

DEFAULT = "/etc/scanpost-edge/edge.toml"
FULL_BYTES = 256 << 10
"""With less room on the disk of `state_dir` no journal can be begun."""
FULL_SECONDS = 2.0
_MERGED = "merged"
_NO, _LATER = 1, 3
_HINT = "Ask your IT if it stays."
_UNWRITABLE = ": let the agent's user make it and write there"
_SHOWN = 20


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
    """Work; 0: stopped, or all is sent; 1: problems are left; 3: files wait.

    Raises ConfigError, BookError, HeldError.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    journal.quiet_others()
    settings = config.read(words.config)
    scans, beats = office.depots(settings.storage)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        book = _book(settings, stack, None if ends else stop)
        if book is None:
            return 0
        agent = Agent(
            config=settings,
            uploader=Uploader(scans, book),
            book=book,
            merged=Merged(settings.state_dir / _MERGED),
            tell=told,
            skew=lambda: office.skew(settings.storage),
        )
        stack.callback(agent.tender.owner.release)
        keeper = Keeper(agent, beats, stop, told, ends=ends)
        with keeper.keeping():
            agent.run(stop, lambda: _ready(keeper))
        return _outcome(agent) if ends else 0


def _ready(keeper: Keeper) -> None:
    # Nobody may hear it, or the disk behind it be full: scans go all the same.
    with suppress(OSError):
        keeper.ready()


def told(folder: Folder, path: str, why: str) -> None:
    """Leave a note beside a file, or take it away; where the folder wants notes."""
    if folder.problems:
        file = folder.path / path
        if why:
            problems.leave(file, why, _HINT)
        else:
            problems.mend(file)


def _book(
    settings: Config, stack: ExitStack, stop: threading.Event | None
) -> Book | None:
    """Open the journal, once its disk has room; None: stopped before it had.

    Raises BookError; for want of room only where nobody may `stop` the wait for it.
    """
    folder, is_said = settings.state_dir, False
    while True:
        try:
            stack.enter_context(held(folder))
            book = Book(folder)
        except (BookError, OSError) as exc:
            stack.close()
            if stop is None or not _is_full(folder):
                hint = "" if isinstance(exc, BookError) else _UNWRITABLE
                raise BookError(f"state_dir {folder}: {exc}{hint}") from exc
            if not is_said:
                journal.warn("edge_state_dir_full", {"why": str(exc)})
            is_said = True
        else:
            stack.callback(_close, book)
            return book
        if stop.wait(FULL_SECONDS):
            return None


def _close(book: Book) -> None:
    """Nothing is lost where its last rows cannot be written: they are found out."""
    try:
        book.close()
    except BookError as exc:
        journal.warn("edge_not_written", {"why": str(exc)})


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL_BYTES
    except OSError:
        return False


def _outcome(agent: Agent) -> int:
    """What `once` ends with."""
    waiting = agent.agenda.waiting()
    for sight, why in waiting[:_SHOWN]:
        journal.warn("edge_left", {"path": sight.path, "why": why})
    is_busy = agent.tender.is_busy or agent.watcher.troubles
    if waiting or len(agent.line) or is_busy:
        return _LATER
    return _NO if len(agent.desk) or list(agent.claimed()) else 0
