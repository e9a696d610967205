"""The half of the agent that sees, put together as its conductor does; for tests.

What is ready is claimed, read, checked and deleted; `taken` tells of it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge.agenda import Agenda
from edge.claim import ChangedError, Claimed, check, claim, discard, give_back
from edge.look import Looker
from edge.mounts import MountOf, mount_now
from edge.sight import Answer, Later, Nothing, Place, Ready, Sight
from edge.watch import Watcher

NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Folder:
    """A watched folder."""

    path: Path
    quiet_seconds: float = 1.5


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was claimed."""

    place: Place
    path: str
    data: bytes
    at: float


@contextmanager
def as_nobody(top: Path) -> Iterator[None]:
    """Without root's rights; a folder of pytest's, and those above, let others in."""
    closed = [each for each in (top, *top.parents) if not each.stat().st_mode & 0o001]
    for each in closed:
        each.chmod(0o755)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for each in closed:
            each.chmod(0o700)


class Eye:
    """Watches folders and takes what is finished; a context manager."""

    def __init__(
        self,
        places: Sequence[Place],
        looker: Looker | None = None,
        mount_of: MountOf = mount_now,
    ) -> None:
        self.taken: list[Taken] = []
        self.answers: list[tuple[Sight, Answer | Claimed]] = []
        self.agenda = Agenda()
        self.looker = looker or Looker()
        self.watcher = Watcher(places, self.agenda.add, mount_of)
        self._stop = threading.Event()
        targets = (lambda: self.watcher.run(self._stop), self._look)
        self.threads = [threading.Thread(target=target) for target in targets]

    def __enter__(self) -> Self:
        for each in self.threads:
            each.start()
        assert self.watcher.is_watching.wait(5.0)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for each in self.threads:
            each.join(5.0)

    def _look(self) -> None:
        while not self._stop.is_set():
            sight = self.agenda.take(0.5)
            if sight is not None:
                self._act(sight)

    def _act(self, sight: Sight) -> None:
        answer: Answer | Claimed = self.looker.look(sight)
        if isinstance(answer, Ready):
            answer = claim(answer, time.monotonic())
        self.answers.append((sight, answer))
        if isinstance(answer, Claimed):
            at = time.monotonic()
            data = answer.file.read_bytes()
            try:
                check(answer)
            except ChangedError:
                give_back(answer)
            else:
                self.taken.append(Taken(sight.place, answer.path, data, at))
                discard(answer)
        if isinstance(answer, Later):
            self.agenda.later(sight, answer)
        else:
            assert isinstance(answer, Claimed | Nothing)
            self.agenda.done(sight)

    def wait(self, count: int, seconds: float = 5.0) -> list[Taken]:
        """Wait until so many were taken; fail where they are not."""
        end = time.monotonic() + seconds
        while len(self.taken) < count:
            assert time.monotonic() < end, [answer for _, answer in self.answers]
            time.sleep(0.002)
        return self.taken
