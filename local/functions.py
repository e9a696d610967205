"""The function app in a process of its own, under the local host.

In: the settings. Out: the address of its HTTP side; its log goes to a file. Raises
`CannotStartError` with the last words of a host that ends before it is ready.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Self

from local.azurite import ROOT, CannotStartError

START_SECONDS = 30.0
LAST_LINES = 5


class Functions:
    """One host; a context manager."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self._settings = settings
        self._log = log
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._ready = threading.Event()
        self.key = secrets.token_urlsafe(24)
        """The function key."""
        self.address = ""

    def start(self) -> Self:
        """Start it and wait until it polls. Raises CannotStartError."""
        # One word: a key that begins with a dash would be taken for an option.
        words = ["--app", str(ROOT), f"--key={self.key}", "--until-eof"]
        self._process = subprocess.Popen(  # noqa: S603 (our own words)
            [sys.executable, "-m", "local.host", *words],
            cwd=ROOT,
            env={**os.environ, **self._settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C is for us: the functions are drained, then their peers stop.
            start_new_session=True,
        )
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()
        self._ready.wait(START_SECONDS)
        if not self.address or not self.is_running:
            self.stop()
            raise CannotStartError(f"The functions do not start: {self.last_words}")
        return self

    @property
    def is_running(self) -> bool:
        """Whether its process has not ended."""
        return self._process.poll() is None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return " | ".join(self._said)

    def stop(self) -> None:
        """Let it finish what it does, and end it."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._reader.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self, lines: IO[str]) -> None:
        with self._log.open("w", encoding="utf-8", buffering=1) as log:
            for line in lines:
                log.write(line)
                self._said.append(line.strip())
                if line.startswith("serving "):
                    self.address = line.split()[1]
                if line == "ready\n":
                    self._ready.set()
        lines.close()
        self._ready.set()
