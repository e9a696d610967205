"""Azurite's access log as requests: who is told, and how many of each kind.

In: the lines Azurite prints. Out: a `Request` to everybody who wants to be told. What
the stand-ins ask is signed by a SAS, which shows in the line: that tells it from what
the product asks.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

CONTAINERS = ("scans", "held", "sent", "config", "edge", "deadletter")
QUEUES = tuple(
    name + suffix
    for name in ("scan-events", "scan-retries", "delivery-reports")
    for suffix in ("", "-poison")
)
TABLES = ("ledger",)

_LINE = re.compile(r'"([A-Z]+) (\S+) HTTP/[\d.]+" (\d{3}) ')
_SERVICES = dict.fromkeys(CONTAINERS, "blob") | dict.fromkeys(QUEUES, "queue")
_OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "blob": {
        "PUT": "PutBlob",
        "GET": "GetBlob",
        "HEAD": "GetBlobProperties",
        "DELETE": "DeleteBlob",
    },
    "queue": {
        "POST": "PutMessage",
        "GET": "GetMessages",
        "PUT": "UpdateMessage",
        "DELETE": "DeleteMessage",
    },
    "table": {
        "POST": "InsertEntity",
        "GET": "QueryEntities",
        "PUT": "UpdateEntity",
        "PATCH": "MergeEntity",
        "DELETE": "DeleteEntity",
    },
}
_COPY_ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Request:
    """One request that Azurite answered."""

    method: str
    resource: str
    """Container, queue or table."""
    name: str
    """The blob's name, decoded; empty where the request is about the whole."""
    query: Mapping[str, str]
    status: int

    @property
    def is_stand_in(self) -> bool:
        """Whether it was signed by a SAS, as only the stand-ins do."""
        return "sig" in self.query

    @property
    def is_success(self) -> bool:
        """Whether Azurite did what was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004 (RFC 9110, 15.3)

    @property
    def operation(self) -> str:
        """`service.Operation`, in the words of the services' references."""
        service = _SERVICES.get(self.resource, "table")
        name = _OPERATIONS[service].get(self.method, self.method)
        if service == "blob" and self.query.get("comp"):
            name = f"{self.method}?comp={self.query['comp']}"
        elif name == "PutBlob" and self.status == _COPY_ACCEPTED:
            name = "CopyBlob"
        return f"{service}.{name}"


def parse(line: str) -> Request | None:
    """Read one line; None where it is no request of a known shape."""
    found = _LINE.search(line)
    if not found:
        return None
    target = urlsplit(found[2])
    account_resource = target.path.lstrip("/").split("/", 2)[1:]
    if not account_resource:
        return None
    resource, _, _ = account_resource[0].partition("(")
    # Azurite stores a backslash as the slash that it lists it by.
    name = unquote("".join(account_resource[1:])).replace("\\", "/")
    query = {key: values[0] for key, values in parse_qs(target.query).items()}
    return Request(found[1], unquote(resource), name, query, int(found[3]))


class AccessLog:
    """Passes requests on as they happen. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._takers: tuple[Callable[[Request], None], ...] = ()

    def feed(self, line: str) -> None:
        """Take one line from Azurite."""
        if request := parse(line):
            for take in self._takers:
                take(request)

    @contextmanager
    def told(self, take: Callable[[Request], None]) -> Iterator[None]:
        """Call `take` with every request while inside; it must not wait."""
        with self._lock:
            self._takers = (*self._takers, take)
        try:
            yield
        finally:
            with self._lock:
                self._takers = tuple(each for each in self._takers if each != take)

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count the product's own requests while inside, by operation.

        Azurite writes a line after it answered: `Azurite.counted` waits for that.
        """
        counts: Counter[str] = Counter()

        def count(request: Request) -> None:
            if not request.is_stand_in:
                counts[request.operation] += 1

        with self.told(count):
            yield counts
