"""What carries the SDK's requests to ACS: kept connections instead of its session.

In: a request of `azure.core`'s pipeline. Out: an answer as far as the pipeline's
policies and `acs_wire` look at it. What http.client raises goes through.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest

from shared.connections import Connections

_PIECE_BYTES = 16 * 1024


class Arrived:
    """An answer whose body is still to be read."""

    def __init__(
        self, response: http.client.HTTPResponse, give_back: Callable[[bool], None]
    ) -> None:
        self.status_code = response.status
        self.headers = response.headers
        self._response = response
        self._give_back = give_back
        self._is_read = False

    def iter_bytes(self) -> Iterator[bytes]:
        """Read the body."""
        while piece := self._response.read(_PIECE_BYTES):
            yield piece
        self._is_read = not self._response.length

    def close(self) -> None:
        """Let go of the answer; read to its end, its connection is kept."""
        self._give_back(self._is_read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Carrier(HttpTransport[HttpRequest, Any]):
    """A transport of the pipeline. Thread-safe."""

    def __init__(self, kept: Connections) -> None:
        self._kept = kept

    def send(self, request: HttpRequest, **words: Any) -> Arrived:
        """Send a request; its body may be a stream of known length."""
        parts = urlsplit(request.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection = self._kept.take(
            words.get("connection_timeout", 30), words.get("read_timeout", 60)
        )
        headers, body = dict(request.headers), request.content
        if body is not None:
            headers["Content-Length"] = str(len(body))
        try:
            connection.request(request.method, target, body, headers)
            response = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        return Arrived(
            response, lambda is_read: self._kept.give(connection, is_read=is_read)
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
