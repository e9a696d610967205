"""The line between the agent and storage: cut, slow, dead, or answering for itself.

TCP, so whatever is under way is cut in mid-sentence. Azurite itself is never touched.
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Self

PIECE = 16 << 10
CUT_BYTES = 120_000
_REFUSAL = (
    "HTTP/1.1 403 Server failed to authenticate the request\r\nDate: {date}\r\n"
    "x-ms-error-code: AuthenticationFailed\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n"
)


@dataclass
class Between:
    """A port that leads to another; a context manager."""

    upstream: int
    dice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 (no secret)
    is_down: bool = False
    """Nobody gets an answer, and who is connected is cut."""
    is_cutting: bool = False
    """Each connection ends after so many bytes, in either direction."""
    loses_answers: bool = False
    """Whatever is asked is done, and its answer is lost."""
    denies: float | None = None
    """Everything is refused, by a server whose clock is so many seconds off."""
    bytes_per_second: float = 0.0
    """Upwards; 0: as fast as it goes."""
    cuts: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._server.settimeout(0.1)
        self.port = int(self._server.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._threads:
            each.join(5)
        self._server.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                line, _ = self._server.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
            self._threads = [each for each in self._threads if each.is_alive()]
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            if self.is_down:
                return
            with socket.create_connection(("127.0.0.1", self.upstream)) as up:
                self._pump(line, up)

    def _pump(self, line: socket.socket, up: socket.socket) -> None:
        left = self.dice.randrange(CUT_BYTES) if self.is_cutting else -1
        while not self._stop.is_set() and not self.is_down:
            ready, _, _ = select.select([line, up], [], [], 0.05)
            for side in ready:
                data = side.recv(PIECE)
                if not data or (side is up and self.loses_answers):
                    self.cuts += bool(data)
                    return
                if side is line and self.denies is not None:
                    date = formatdate(time.time() + self.denies, usegmt=True)
                    line.sendall(_REFUSAL.format(date=date).encode())
                    return
                if 0 <= left < len(data):
                    (line if side is up else up).sendall(data[:left])
                    self.cuts += 1
                    return
                left -= len(data) if left >= 0 else 0
                if side is line and self.bytes_per_second:
                    time.sleep(len(data) / self.bytes_per_second)
                (line if side is up else up).sendall(data)
