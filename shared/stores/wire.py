"""The four calls of every scan, over kept connections: read, claim, record, delete.

The SDKs spend 1.2 to 1.8 ms of a core on each call, this 0.5 (docs/performance.md); all
other calls are theirs. Raises what `border` makes of an answer, and `StorageError`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import parse_qsl

from shared.connections import Connections, Reply

from .border import (
    BACKOFF_SECONDS,
    CONNECT_SECONDS,
    NO_ANSWER,
    PIECE_BYTES,
    READ_SECONDS,
    RETRIES,
    StorageError,
    refusal,
)

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

VERSION = "2025-05-05"
_SCOPE = "https://storage.azure.com/.default"
_EARLY_SECONDS = 300
_WORDS: Mapping[type, str] = {
    socket.gaierror: "no such host",
    ConnectionRefusedError: "nobody listens there",
    TimeoutError: "no answer in time",
}
_PASSING = frozenset({500, 502, 503, 504})
# What of a request is signed, in this order (Learn, "Authorize with Shared Key").
_SIGNED = (
    *("Content-Encoding", "Content-Language", "Content-Length", "Content-MD5"),
    *("Content-Type", "Date", "If-Modified-Since", "If-Match", "If-None-Match"),
    *("If-Unmodified-Since", "Range"),
)


class Body(Protocol):
    """What is sent: bytes, or pieces that come to so many bytes, each time anew."""

    def __len__(self) -> int:
        """How many bytes."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Begin."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Its path is quoted, and begins behind the endpoint's."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = b""
    repeats: bool = True
    """Whether it is sent again after a hiccup; else no answer says nothing."""


class Signer(Protocol):
    """Says who we are."""

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:
        """Add the header Authorization; `path` is the whole path."""
        ...


class BlobKey:
    """Shared Key for the Blob and Queue services."""

    def __init__(self, account: str, key: str) -> None:
        self._account, self._key = account, base64.b64decode(key)

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:
        """Sign verb, headers and resource."""
        lines = [call.method, *(headers.get(name, "") for name in _SIGNED)]
        own = sorted(name for name in headers if name.startswith("x-ms-"))
        lines += [f"{name}:{headers[name]}" for name in own]
        resource, _, query = path.partition("?")
        lines += [f"/{self._account}{resource}"]
        lines += [f"{name}:{value}" for name, value in sorted(parse_qsl(query))]
        text = "\n".join(lines)
        signature = _signature(self._key, text)
        headers["Authorization"] = f"SharedKey {self._account}:{signature}"


class TableKey:
    """Shared Key Lite for the Table service."""

    def __init__(self, account: str, key: str) -> None:
        self._account, self._key = account, base64.b64decode(key)

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:  # noqa: ARG002 (Signer)
        """Sign date and resource."""
        text = f"{headers['x-ms-date']}\n/{self._account}{path}"
        signature = _signature(self._key, text)
        headers["Authorization"] = f"SharedKeyLite {self._account}:{signature}"


def _signature(key: bytes, text: str) -> str:
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()


class Token:
    """A token of the identity, kept until shortly before its end. Thread-safe."""

    def __init__(self, credential: Callable[[], TokenCredential]) -> None:
        """The credential is made when the first token is needed."""
        self._credential = credential
        self._lock = threading.Lock()
        self._token, self._end = "", 0.0

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:  # noqa: ARG002 (Signer)
        """Show the token."""
        with self._lock:
            if time.time() > self._end - _EARLY_SECONDS:
                self._renew()
            headers["Authorization"] = f"Bearer {self._token}"

    def _renew(self) -> None:
        # Imported here: with a key nobody needs the SDK's exceptions.
        from .crossing import crossing

        with crossing("token for storage"):
            got = self._credential().get_token(_SCOPE)
        self._token, self._end = got.token, got.expires_on


class Answer:
    """What came back; its connection goes on to the next call once it is read."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._reply = reply

    def pieces(self, what: str) -> Iterator[bytes]:
        """Stream the body. Raises StorageError where it does not come whole."""
        try:
            yield from self._reply.pieces(PIECE_BYTES)
        except (OSError, http.client.HTTPException) as exc:
            raise StorageError(f"{what}: {type(exc).__name__}") from exc

    def drain(self, what: str) -> Self:
        """Read the body away."""
        for _ in self.pieces(what):
            pass
        return self


class Wire:
    """One service's endpoint. Thread-safe."""

    def __init__(self, endpoint: str, signer: Signer, trust: str = "") -> None:
        self.endpoint = endpoint
        self._kept = Connections(endpoint, trust)
        self._signer = signer

    def call(self, what: str, call: Call) -> Answer:
        """Send a request, again after a hiccup; the caller reads the answer.

        Raises MissingError, ReplacedError, ConflictError, LeasedError, StorageError;
        an answer of 416 (no such range) is the caller's to read.
        """
        for left in reversed(range(RETRIES + 1 if call.repeats else 1)):
            try:
                answer = self._once(call)
            except (OSError, http.client.HTTPException) as exc:
                # Who waited so long in vain is not helped by waiting once more.
                if not left or isinstance(exc, TimeoutError):
                    said = _WORDS.get(type(exc), type(exc).__name__)
                    raise StorageError(f"{what}: {said}", hint=NO_ANSWER) from exc
            else:
                if answer.status not in _PASSING or not left:
                    return _checked(what, answer)
                answer.drain(what)
            time.sleep((RETRIES - left) * 2 * BACKOFF_SECONDS)
        raise StorageError(what)

    def _once(self, call: Call) -> Answer:
        path = self._kept.path + call.path
        headers = {
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-version": VERSION,
            **call.headers,
        }
        if call.body:
            headers["Content-Length"] = str(len(call.body))
        self._signer.sign(call, path, headers)
        seconds = CONNECT_SECONDS, READ_SECONDS
        return Answer(
            self._kept.ask(call.method, path, call.body or None, headers, seconds)
        )


_NO_SUCH_RANGE, _REFUSED = 416, 300


def _checked(what: str, answer: Answer) -> Answer:
    if answer.status < _REFUSED or answer.status == _NO_SUCH_RANGE:
        return answer
    code = answer.headers.get("x-ms-error-code", "")
    raise refusal(what, answer.drain(what).status, code)
