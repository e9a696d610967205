"""A timer function, called when its schedule says so, by one host of the machine.

In: a function and its schedule. Calls never overlap. The singleton is a file lock: the
system takes it back however its holder ends. Raises `AppError` for a bad schedule.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import tempfile
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from local.host.config import AppError, resolve
from local.host.cron import Schedule
from local.host.trigger import timer_info
from local.host.worker import CallFailedError, Function, Worker

LOGGER = logging.getLogger("host.timer")


class Timer:
    """Calls one function."""

    def __init__(
        self, worker: Worker, function: Function, environ: Mapping[str, str], app: str
    ) -> None:
        """`app` names what the hosts share that must not tick twice."""
        expression = resolve(str(function.trigger["schedule"]), environ)
        try:
            self._schedule = Schedule.parse(expression)
        except ValueError as exc:
            raise AppError(f"{function.name}: {exc}") from exc
        self._worker = worker
        self._function = function
        self._singleton = Singleton(f"{app}/{function.name}")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=function.name)

    def start(self) -> None:
        """Tick from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Tick no more; a call that runs is waited for."""
        self._stopping.set()
        self._thread.join()
        self._singleton.give_up()

    def _work(self) -> None:
        last: datetime | None = None
        if self._function.trigger.get("runOnStartup"):
            self._tick(last)
        while True:
            following = self._schedule.after(datetime.now(UTC))
            wait = (following - datetime.now(UTC)).total_seconds()
            if self._stopping.wait(max(wait, 0.0)):
                return
            if self._singleton.is_ours():
                self._tick(last)
                last = following

    def _tick(self, last: datetime | None) -> None:
        now = datetime.now(UTC)
        info = timer_info(last, self._schedule.after(now), now)
        try:
            self._worker.call(self._function, info)
        except CallFailedError as exc:
            LOGGER.error("%s failed: %s", self._function.name, exc)  # noqa: TRY400


class Singleton:
    """A right that one process of the machine has, until it gives it up or ends."""

    def __init__(self, name: str) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()[:20]
        self._path = Path(tempfile.gettempdir(), f"scanpost-timer-{digest}.lock")
        self._file: IO[str] | None = None

    def is_ours(self) -> bool:
        """Whether we have it, or could take it now."""
        if self._file:
            return True
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def give_up(self) -> None:
        """Let another have it."""
        if self._file:
            self._file.close()
            self._file = None
