"""The sample app under the local host, as a process, for the tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

import requests
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64EncodePolicy

from local.azurite import Azurite

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLE_APP = Path(__file__).with_name("sample_app")
PATIENCE_SECONDS = 15.0


class HostProcess:
    """`python -m local.host` with the sample app; a context manager."""

    def __init__(self, *words: str, **settings: str) -> None:
        """Settings are the app's; an empty one is not set at all."""
        known = {**os.environ, "TICK": "0 0 0 1 1 *", **settings}
        self._env = {name: value for name, value in known.items() if value}
        self._words = ("--app", str(SAMPLE_APP), "--key", "the-key", *words)
        self.lines: list[str] = []
        self._came = threading.Condition()
        self._is_over = False

    def start(self) -> Self:
        """Start it, and wait until it is ready or has ended."""
        self.process = subprocess.Popen(  # noqa: S603 (our own words)
            [sys.executable, "-m", "local.host", *self._words],
            cwd=ROOT,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,))
        self._reader.start()
        self.wait_for("^ready$|^host: ")
        return self

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                with self._came:
                    self.lines.append(line.rstrip("\n"))
                    self._came.notify_all()
        with self._came:
            self._is_over = True
            self._came.notify_all()

    def find(self, pattern: str) -> list[str]:
        """The lines so far in which the pattern is found."""
        return [each for each in list(self.lines) if re.search(pattern, each)]

    def wait_for(self, pattern: str, times: int = 1) -> list[str]:
        """Wait for lines with the pattern."""
        with self._came:
            came = self._came.wait_for(
                lambda: len(self.find(pattern)) >= times or self._is_over,
                PATIENCE_SECONDS,
            )
        assert came, "it took too long"
        assert len(self.find(pattern)) >= times, f"no {pattern!r} in {self.lines}"
        return self.find(pattern)

    @property
    def address(self) -> str:
        """Where it serves HTTP."""
        return self.wait_for("^serving ")[0].split()[1]

    def request(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask its HTTP side."""
        return requests.request(method, self.address + path, timeout=10, **more)

    def stop(self) -> int:
        """Drain it; its exit status."""
        self.process.terminate()
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; its exit status."""
        status = self.process.wait(PATIENCE_SECONDS)
        self._reader.join()
        if self.process.stdin:
            self.process.stdin.close()
        return status

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.ended()


def settings(azurite: Azurite, queue: QueueClient) -> dict[str, str]:
    """What the sample app needs."""
    return {
        "SAMPLE_STORAGE": azurite.connection_string,
        "WORK_QUEUE": queue.queue_name,
    }


def new_queue(azurite: Azurite, name: str = "") -> QueueClient:
    """A queue, by default with a name of its own, and its poison queue."""
    service = QueueServiceClient.from_connection_string(azurite.connection_string)
    name = name or f"work-{uuid.uuid4().hex[:12]}"
    service.create_queue(f"{name}-poison")
    queue = service.get_queue_client(
        name, message_encode_policy=TextBase64EncodePolicy()
    )
    queue.create_queue()
    return queue


def poison_of(azurite: Azurite, queue: QueueClient) -> QueueClient:
    """The queue for what fails too often."""
    service = QueueServiceClient.from_connection_string(azurite.connection_string)
    return service.get_queue_client(f"{queue.queue_name}-poison")


def until(is_true: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until it is true; fail where it never is."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)
