"""The facts of a campaign: what was put, what the peers took, what the workers said.

Everything here is noted by the campaign itself. Ids are made by the words
of docs/ledger.md, not by the product's code, which is what is judged.
"""

from __future__ import annotations

import hashlib
import threading
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.azurite import ACCOUNT
from tests.soak.ways import Ask, Visit, key_of

SHOWN_LINES = 40


def digest_of(data: bytes) -> str:
    """Bytes by a name that nobody forges by accident."""
    return hashlib.sha256(data).hexdigest()


def scan_id(name: str, etag: str, modified: datetime) -> str:
    """The id that docs/ledger.md gives to bytes in `scans`."""
    text = f"{ACCOUNT}/scans/{name}/{etag}"
    return f"{modified.astimezone(UTC):%Y%m%d}-{digest_of(text.encode())[:20]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A version of a file that storage acknowledged."""

    scan_id: str
    name: str
    etag: str
    digest: str
    size: int
    people: frozenset[str]
    """Who is to get it, and nobody else."""
    is_whole: bool
    names_stranger: bool
    """It also names somebody whom the policy does not allow."""
    when: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A mail that a peer accepted, whatever the worker saw of that."""

    transport: str
    sender: str
    """The envelope's."""
    message_id: str
    operation_id: str = ""
    people: frozenset[str]
    """The envelope's recipients."""
    packed: bytes
    """All of it as it came: the message, or the request's body; compressed."""
    digest: str
    """Of all of it."""
    files: tuple[str, ...]
    """Digests of what is attached."""
    when: float

    @property
    def key(self) -> tuple[str, int, int] | None:
        """Scan, n and g that the Message-ID names; None where it is no scan's."""
        return key_of(self.transport, self.message_id)

    @property
    def way(self) -> str:
        """By which way it came, and from whom."""
        return f"{self.transport} as {self.sender}"

    @property
    def whole(self) -> bytes:
        """The bytes as they came."""
        return zlib.decompress(self.packed)


def packed(data: bytes) -> bytes:
    """Bytes as they are kept: ten minutes of mails must fit into memory."""
    return zlib.compress(data, 1)


@dataclass(frozen=True, slots=True)
class Line:
    """What a worker wrote to its log."""

    when: float
    worker: str
    text: str

    def __str__(self) -> str:
        return f"{self.when:.3f} {self.worker}: {self.text[:3000]}"


@dataclass(slots=True)
class Record:
    """Everything that was noted. Thread-safe."""

    puts: list[Put] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    """Scan -> the scan that we wrote over it, or after it, under the same name."""
    taken: list[Taken] = field(default_factory=list)
    asked: dict[str, set[str]] = field(default_factory=dict)
    """Operation -> digests of the bodies that came under it, accepted or not."""
    asks: list[Ask] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, word: str, more: int = 1) -> None:
        """Count something that happened."""
        with self.lock:
            self.counts[word] += more

    def put(self, put: Put, before: Put | None) -> None:
        """Note a file, and the one whose name it took."""
        with self.lock:
            self.puts.append(put)
            if before:
                self.replaced[before.scan_id] = put.scan_id

    def take(self, taken: Taken) -> None:
        """Note an accepted mail."""
        with self.lock:
            self.taken.append(taken)

    def ask(self, operation_id: str, digest: str) -> None:
        """Note a request to send, whatever was answered."""
        with self.lock:
            self.asked.setdefault(operation_id.lower(), set()).add(digest)

    def ask_at(self, ask: Ask) -> None:
        """Note when a peer was asked to take a mail."""
        with self.lock:
            self.asks.append(ask)

    def visit(self, visit: Visit) -> None:
        """Note a connection that has ended."""
        with self.lock:
            self.visits.append(visit)

    def say(self, worker: str, text: str) -> None:
        """Note a line of a worker's log."""
        with self.lock:
            self.lines.append(Line(time.time(), worker, text))

    def about(self, *words: str) -> list[Line]:
        """The last lines that hold one of the words."""
        with self.lock:
            lines = list(self.lines)
        found = [it for it in lines if any(word in it.text for word in words if word)]
        return found[-SHOWN_LINES:]
