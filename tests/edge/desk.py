"""Where one printer plays one way of writing, over one protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .printer import Printer, Server

BIG_BYTES = 40 << 20
STAYS_SECONDS = 4.0
"""A printer that lost power is heard of no more; its session lives on."""


@dataclass
class Desk:
    """Where one pattern is played."""

    protocol: str
    folder: str
    server: Server
    wanted: list[tuple[str, bytes]] = field(default_factory=list)
    """The path and the bytes of each whole document, in order."""
    ended: float = 0.0
    big_bytes: int = BIG_BYTES
    _sessions: list[Printer] = field(default_factory=list)

    def again(self) -> Printer:
        """Sign in anew."""
        self._sessions.append(self.server.printer())
        return self._sessions[-1]

    @property
    def printer(self) -> Printer:
        """The session that there is."""
        return self._sessions[-1] if self._sessions else self.again()

    def close(self) -> None:
        """End all sessions."""
        for each in self._sessions:
            each.close()

    def at(self, name: str) -> str:
        """A name as the server knows it."""
        return f"{self.folder}/{name}"

    def want(self, name: str, data: bytes) -> bytes:
        """Say that these bytes under this name are a document."""
        self.wanted.append((name, data))
        return data

    def put(self, name: str, data: bytes, chunks: int = 1, pause: float = 0.0) -> None:
        """Open, write in pieces, close."""
        file = self.printer.open(self.at(name))
        self.write(file.write, data, chunks, pause)
        file.close()

    @staticmethod
    def write(
        write: Callable[[bytes], None], data: bytes, chunks: int, pause: float
    ) -> None:
        """Write in pieces with pauses between."""
        step = max(1, -(-len(data) // chunks))
        for at in range(0, len(data), step):
            if at and pause:
                time.sleep(pause)
            write(data[at : at + step])

    def rename(self, old: str, new: str) -> None:
        """As the protocol usually does."""
        self.printer.rename(self.at(old), self.at(new))


@contextmanager
def at_desk(desk: Desk, stays: float = STAYS_SECONDS) -> Iterator[Desk]:
    """Leave nothing open behind, but the sessions a little longer."""
    try:
        yield desk
    finally:
        desk.ended = time.monotonic()
        time.sleep(stays)
        desk.close()
