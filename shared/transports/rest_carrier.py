"""What carries the SDKs' requests: kept connections instead of their sessions.

In: a request of `azure.core`'s pipeline. Out: an answer as far as the pipeline's
policies and `rest` look at it. What http.client raises goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from shared.connections import Connections, Reply

_PIECE_BYTES = 16 * 1024


class Arrived:
    """An answer whose body is still to be read."""

    def __init__(self, reply: Reply) -> None:
        self.status_code = reply.status
        self.headers = reply.headers
        self._reply = reply

    def iter_bytes(self) -> Iterator[bytes]:
        """Read the body."""
        return self._reply.pieces(_PIECE_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reply.close()


class Carrier(HttpTransport[HttpRequest, Any]):
    """A transport of the pipeline. Thread-safe."""

    def __init__(self, kept: Connections) -> None:
        self._kept = kept

    def send(self, request: HttpRequest, **words: Any) -> Arrived:
        """Send a request; its body may be a stream of known length."""
        parts = urlsplit(request.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        seconds = words.get("connection_timeout", 30), words.get("read_timeout", 60)
        headers, body = dict(request.headers), request.content
        if body is not None:
            headers["Content-Length"] = str(len(body))
        return Arrived(
            self._kept.ask(str(request.method), target, body, headers, seconds)
        )

    def open(self) -> None:
        """Nothing to do: connections are made as they are needed."""

    def close(self) -> None:
        """Close what is kept."""
        self._kept.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
