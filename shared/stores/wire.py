"""The four calls of every scan, over kept connections: read, claim, record, delete.

The SDKs spend 1.2 to 1.8 ms of a core on each call, this 0.5 (docs/performance.md); all
other calls are theirs. Raises what `border` makes of an answer, and `StorageError`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from .border import (
    BACKOFF_SECONDS,
    CONNECT_SECONDS,
    CONNECTIONS,
    READ_SECONDS,
    RETRIES,
    StorageError,
    crossing,
    refusal,
)

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

VERSION = "2025-05-05"
_SCOPE = "https://storage.azure.com/.default"
_EARLY_SECONDS = 300
_PASSING = frozenset({500, 502, 503, 504})
# What of a request is signed, in this order (Learn, "Authorize with Shared Key").
_SIGNED = (
    *("Content-Encoding", "Content-Language", "Content-Length", "Content-MD5"),
    *("Content-Type", "Date", "If-Modified-Since", "If-Match", "If-None-Match"),
    *("If-Unmodified-Since", "Range"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Its path is quoted, and begins behind the endpoint's."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Signer(Protocol):
    """Says who we are."""

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:
        """Add the header Authorization; `path` is the whole path."""
        ...


class BlobKey:
    """Shared Key for the Blob service."""

    def __init__(self, account: str, key: str) -> None:
        self._account, self._key = account, base64.b64decode(key)

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:
        """Sign verb, headers and resource."""
        lines = [call.method, *(headers.get(name, "") for name in _SIGNED)]
        own = sorted(name for name in headers if name.startswith("x-ms-"))
        lines += [f"{name}:{headers[name]}" for name in own]
        text = "\n".join([*lines, f"/{self._account}{path}"])
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

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential
        self._lock = threading.Lock()
        self._token, self._end = "", 0.0

    def sign(self, call: Call, path: str, headers: dict[str, str]) -> None:  # noqa: ARG002 (Signer)
        """Show the token."""
        with self._lock:
            if time.time() > self._end - _EARLY_SECONDS:
                with crossing("token for storage"):
                    got = self._credential.get_token(_SCOPE)
                self._token, self._end = got.token, got.expires_on
            headers["Authorization"] = f"Bearer {self._token}"


class Wire:
    """One service's endpoint. Thread-safe."""

    def __init__(self, endpoint: str, signer: Signer, trust: str = "") -> None:
        parts = urlsplit(endpoint)
        self._base = parts.path.rstrip("/")
        self._signer = signer
        kind: type[urllib3.HTTPConnectionPool] = urllib3.HTTPConnectionPool
        options: dict[str, object] = {}
        if parts.scheme == "https":
            context = ssl.create_default_context()
            if trust:
                context.load_verify_locations(trust)
            kind, options = urllib3.HTTPSConnectionPool, {"ssl_context": context}
        self._pool = kind(
            parts.hostname or "",
            parts.port,
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=False,
            **options,  # type: ignore[arg-type]
        )

    def call(self, what: str, call: Call) -> urllib3.BaseHTTPResponse:
        """Send a request, again after a hiccup; the caller reads and releases.

        Raises MissingError, ReplacedError, ConflictError, LeasedError, StorageError;
        an answer of 416 (no such range) is the caller's to read.
        """
        for left in reversed(range(RETRIES + 1)):
            try:
                response = self._once(call)
            except HTTPError as exc:
                if not left:
                    raise StorageError(f"{what}: {type(exc).__name__}") from exc
            else:
                if response.status not in _PASSING or not left:
                    return _checked(what, response)
                response.drain_conn()
            time.sleep((RETRIES - left) * 2 * BACKOFF_SECONDS)
        raise StorageError(what)

    def _once(self, call: Call) -> urllib3.BaseHTTPResponse:
        path = self._base + call.path
        headers = {
            "x-ms-date": formatdate(usegmt=True),
            "x-ms-version": VERSION,
            **call.headers,
        }
        if call.body:
            headers["Content-Length"] = str(len(call.body))
        self._signer.sign(call, path, headers)
        return self._pool.urlopen(
            call.method,
            path,
            body=call.body or None,
            headers=headers,
            redirect=False,
            preload_content=False,
        )


_NO_SUCH_RANGE, _REFUSED = 416, 300


def _checked(what: str, response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    if response.status < _REFUSED or response.status == _NO_SUCH_RANGE:
        return response
    code = response.headers.get("x-ms-error-code", "")
    response.drain_conn()
    raise refusal(what, response.status, code)
