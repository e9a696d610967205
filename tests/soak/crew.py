"""Worker processes: the functions under the local host, killed and started again.

What they write to their log is kept. A worker that ends without being killed is noted:
that is no fault of ours.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO

from local.azurite import ROOT
from tests.soak.record import Record

MESSAGE_LEASE_SECONDS = 3
TOOK_TOO_LONG = 60.0
REST_SECONDS = 1.0
"""At most, between the death of a worker and the next in its place."""


@dataclass(slots=True)
class Place:
    """Where one worker after the other works."""

    name: str
    process: subprocess.Popen[str] | None = None
    due: float = 0.0
    """When the next one starts."""
    was_killed: bool = True
    readers: list[threading.Thread] = field(default_factory=list)


class Crew:
    """So many workers; a context manager."""

    def __init__(
        self, size: int, settings: Mapping[str, str], record: Record, seed: object
    ) -> None:
        self._settings = settings
        self._record = record
        self._dice = random.Random(f"{seed}/crew")  # noqa: S311 (no secret)
        self._lock = threading.RLock()
        self._places = [Place(f"worker-{number}") for number in range(1, size + 1)]
        self._ready = 0
        self.heard: Callable[[str], None] = lambda _: None
        """Told each line that a worker writes."""

    def __enter__(self) -> Crew:
        self.tend()
        end = time.monotonic() + TOOK_TOO_LONG
        while self._ready < len(self._places):
            if time.monotonic() > end:
                self.__exit__()
                raise RuntimeError("\n".join(it.text for it in self._record.lines))
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for place in self._places:
                if place.process:
                    place.process.terminate()
            for place in self._places:
                self._bury(place)
        for place in self._places:
            for reader in place.readers:
                reader.join()

    def tend(self) -> None:
        """Start whoever is missing, once the rest is over."""
        with self._lock:
            for place in self._places:
                if place.process and place.process.poll() is not None:
                    if not place.was_killed:
                        self._record.count("workers that ended by themselves")
                    self._bury(place)
                if not place.process and time.monotonic() >= place.due:
                    self._start(place)

    def kill(self, *, everybody: bool = False) -> None:
        """Kill one of those that are alive, or all, as a power cut does."""
        with self._lock:
            alive = [
                place
                for place in self._places
                if place.process and place.process.poll() is None
            ]
            if not alive:
                return
            for place in alive if everybody else [self._dice.choice(alive)]:
                self._kill(place)

    def _kill(self, place: Place) -> None:
        if place.process:
            place.process.kill()
            place.was_killed = True
            place.due = time.monotonic() + self._dice.uniform(0, REST_SECONDS)
            self._record.count("workers killed")
            self._record.say(place.name, "== killed ==")

    def _bury(self, place: Place) -> None:
        if place.process:
            place.process.wait()
            if place.process.stdin:
                place.process.stdin.close()
            place.process = None

    def _start(self, place: Place) -> None:
        words = ["--app", str(ROOT), "--key", "the-key", "--until-eof"]
        words += ["--lease", str(MESSAGE_LEASE_SECONDS)]
        place.process = subprocess.Popen(
            [sys.executable, "-m", "local.host", *words],
            cwd=ROOT,
            env={**os.environ, **self._settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        place.was_killed = False
        reader = threading.Thread(
            target=self._read, args=(place.name, place.process.stdout), daemon=True
        )
        place.readers = [each for each in place.readers if each.is_alive()]
        place.readers.append(reader)
        reader.start()
        self._record.count("workers started")

    def _read(self, name: str, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self._record.say(name, line.rstrip("\n"))
                self.heard(line)
                if line == "ready\n":
                    self._ready += 1
