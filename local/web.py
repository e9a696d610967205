"""A small HTTP(S) server on loopback, in threads, for the stand-ins that speak HTTP.

A stand-in is a function from `Request` to `Response`. Faults can be laid in its way:
`Fault` answers in its place, resets the connection before or after, or says nothing.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LOGGER = logging.getLogger("scanpost.local.web")
_A_LITTLE = 1000
_MOST = 64 * 1024 * 1024
_STALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    target: str
    """Path and query as they came, for signatures."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a stand-in answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, value: object, **headers: str) -> Response:
        """Answer with JSON; a header's `_` stands for `-`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(
            status,
            json.dumps(value).encode(),
            {"Content-Type": "application/json", **named},
        )


class Moment(StrEnum):
    """Where a fault strikes."""

    ANSWER = "answer"
    """In the stand-in's place: it never sees the request."""
    BODY = "body"
    """While the request's body is still coming: the connection is reset."""
    AFTER = "after"
    """After the stand-in did its work: the connection is reset, the answer is lost."""
    STALL = "stall"
    """After the whole request: nothing comes back."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong, for so many requests."""

    moment: Moment
    response: Response | None = None
    times: int = 1
    method: str = ""
    """Strikes only this method; empty: any."""
    path: str = ""
    """Strikes only where the target holds this; empty: anywhere."""


class Faults:
    """Those still to come, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault) -> None:
        """Lay a fault in the way of the next requests."""
        with self._lock:
            self._waiting.extend([fault] * fault.times)

    def clear(self) -> list[Fault]:
        """Take back those that have not struck; returns them."""
        with self._lock:
            left = list(self._waiting)
            self._waiting.clear()
        return left

    def strike(self, method: str, target: str) -> Fault | None:
        """Take the next one that fits."""
        with self._lock:
            for fault in self._waiting:
                if fault.method in {"", method} and fault.path in target:
                    self._waiting.remove(fault)
                    return fault
        return None


class WebServer:
    """Serves a stand-in until it is stopped; a context manager."""

    def __init__(
        self,
        answer: Callable[[Request], Response],
        context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.faults = Faults()
        self._context = context
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.wire(answer, context, self.faults)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(0.02,),
            name="local-web",
            daemon=True,
        )

    @property
    def connections(self) -> int:
        """How many there have been."""
        return self._server.connections

    @property
    def url(self) -> str:
        """Where it is, without a last slash."""
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        """Serve from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and hang up on everybody."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def wire(
        self,
        answer: Callable[[Request], Response],
        context: ssl.SSLContext | None,
        faults: Faults,
    ) -> None:
        self.answer = answer
        self.context = context
        self.faults = faults
        self.stopping = threading.Event()
        self.connections = 0
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the TLS handshake is left to the connection's own thread."""
        sock, where = super().get_request()
        if self.context:
            sock = self.context.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False
            )
        self._open.add(sock)
        self.connections += 1
        return sock, where

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that hangs up, or trusts nobody, is no news."""
        LOGGER.debug("a connection broke")

    def hang_up(self) -> None:
        """Wake every thread that waits for a client."""
        self.stopping.set()
        for sock in list(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                LOGGER.debug("it had hung up before")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        fault = self.server.faults.strike(self.command, self.path)
        moment = fault.moment if fault else None
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST:
            self.close_connection = True
            self._reply(Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        elif moment is Moment.BODY:
            self.rfile.read(min(length // 2, _A_LITTLE))
            self._reset()
        else:
            body = self.rfile.read(length)
            if len(body) < length:
                # Whoever asks hung up in mid-sentence: no service answers that.
                self.close_connection = True
            else:
                self._take(self._request(body), fault)

    def _take(self, request: Request, fault: Fault | None) -> None:
        """Answer a request that came whole, or do what the fault says."""
        if fault and fault.moment is Moment.STALL:
            self.server.stopping.wait(_STALL_SECONDS)
            self._reset()
            return
        response = fault.response if fault else None
        if not fault or fault.moment is Moment.AFTER:
            response = self.server.answer(request)
        if response and not (fault and fault.moment is Moment.AFTER):
            self._reply(response)
        else:
            self._reset()

    def _request(self, body: bytes) -> Request:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): text for name, text in self.headers.items()}
        return Request(self.command, parts.path, query, headers, body, self.path)

    def _reply(self, response: Response) -> None:
        self.send_response(response.status)
        for name, text in response.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def _reset(self) -> None:
        """End the connection with RST, as a crash does, and not with a goodbye."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def log_message(self, format: str, *args: object) -> None:
        LOGGER.debug(format, *args)
