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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

KEPT = 48
"""More than a worker has threads."""
IDLE_SECONDS = 100.0
"""Azure's outbound addresses forget an idle connection after four minutes."""


class Reply:
    """An answer whose body is still to be read; then its connection is kept."""

    def __init__(
        self, response: http.client.HTTPResponse, leave: Callable[[bool], None]
    ) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response = response
        self._leave: Callable[[bool], None] | None = leave
        self._is_read = False

    def pieces(self, size: int) -> Iterator[bytes]:
        """Stream the body, then close. Raises IncompleteRead where it breaks off."""
        left = self._response.length
        try:
            while piece := self._response.read(size):
                if left is not None:
                    left -= len(piece)
                yield piece
            self._is_read = not left
        finally:
            self.close()
        if left:
            raise http.client.IncompleteRead(b"", left)

    def close(self) -> None:
        """Let go of it: a body that was not read to its end costs the connection."""
        leave, self._leave = self._leave, None
        if leave:
            leave(self._is_read)


class _Joined(http.client.HTTPConnection):
    """Sends the head of a request along with the first of its body.

    Alone it is a packet, a record and a turn of the server's of its own.
    """

    _head: bytes | None = None
    """Held until the body begins; None: nothing is held."""

    def endheaders(
        self, message_body: Any = None, *, encode_chunked: bool = False
    ) -> None:
        """Send the request."""
        self._head = b"" if message_body is not None else None
        super().endheaders(message_body, encode_chunked=encode_chunked)
        if self._head:
            self.send(b"")

    def send(self, data: Any) -> None:
        """Send some of it."""
        if self._head is None:
            super().send(data)
        elif self._head:
            data, self._head = b"".join((self._head, data)), None
            super().send(data)
        else:
            self._head = data


class _JoinedTls(_Joined, http.client.HTTPSConnection):
    """The same by TLS."""


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

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] | None,
        headers: Mapping[str, str],
        seconds: tuple[float, float],
    ) -> Reply:
        """Send a request and wait for its answer; `seconds`: to connect, to read."""
        connection = self._take(*seconds)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
        except BaseException:
            # Whatever it was: the next request starts on a clean line.
            connection.close()
            raise
        return Reply(response, lambda is_read: self._give(connection, is_read=is_read))

    def _take(
        self, connect_seconds: float, read_seconds: float
    ) -> http.client.HTTPConnection:
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
            return _JoinedTls(host, port, timeout=seconds, context=context)
        return _Joined(host, port, timeout=seconds)

    def _give(self, connection: http.client.HTTPConnection, *, is_read: bool) -> None:
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
