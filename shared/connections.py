"""Connections to one host, kept between calls: http.client, and nothing round it.

A library's session costs more of a core than the call it carries (docs/performance.md).
What http.client, ssl and the sockets raise goes through, to the border that called.
"""

from __future__ import annotations

import http.client
import select
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from functools import cached_property
from urllib.parse import urlsplit

KEPT = 48
"""More than a worker has threads."""
IDLE_SECONDS = 100.0
"""Azure's outbound addresses forget an idle connection after four minutes."""


class Connections:
    """Kept connections to one endpoint. Thread-safe."""

    def __init__(self, endpoint: str, trust: str = "") -> None:
        self._parts = urlsplit(endpoint)
        self._trust = trust
        # The one used last comes first: the others may rest until they are too old.
        self._idle: deque[tuple[float, http.client.HTTPConnection]] = deque()
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        """The endpoint's own path, without its last slash."""
        return self._parts.path.rstrip("/")

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """The platform's trust (it honours SSL_CERT_FILE), and our own bundle."""
        # Cached, and not made before the first connection: it takes milliseconds.
        context = ssl.create_default_context()
        if self._trust:
            context.load_verify_locations(self._trust)
        return context

    def take(
        self, connect_seconds: float, read_seconds: float
    ) -> http.client.HTTPConnection:
        """A connection that is alive, kept or new."""
        connection = self._kept()
        if connection is None:
            connection = self._new(connect_seconds)
            connection.connect()
        connection.sock.settimeout(read_seconds)
        return connection

    def _kept(self) -> http.client.HTTPConnection | None:
        while True:
            try:
                since, connection = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - since < IDLE_SECONDS and _is_quiet(connection):
                return connection
            connection.close()

    def _new(self, seconds: float) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            with self._lock:
                context = self._context
            return http.client.HTTPSConnection(
                host, port, timeout=seconds, context=context
            )
        return http.client.HTTPConnection(host, port, timeout=seconds)

    def give(self, connection: http.client.HTTPConnection, *, is_read: bool) -> None:
        """Keep a connection whose answer was read to its end; else close it."""
        if is_read and connection.sock is not None and len(self._idle) < KEPT:
            self._idle.append((time.monotonic(), connection))
        else:
            connection.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close what is kept."""
        with suppress(IndexError):
            while True:
                self._idle.pop()[1].close()


def _is_quiet(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has neither spoken unasked nor hung up."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)
