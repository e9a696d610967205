"""The wire to a REST service: a pipeline of `azure.core`, no retries, no redirects.

The only user of `azure.core`'s pipeline. What it and http.client raise crosses at
`crossing`; an answer of any status comes back as an `Answer`.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core import PipelineClient
from azure.core.exceptions import (
    AzureError,
    DeserializationError,
    SerializationError,
)
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HeadersPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest

from shared.connections import Connections
from shared.errors import UnconfirmedError, UnreachableError
from shared.model import Content

from . import identity
from .base import Clock, Endpoint, Patience
from .config import setting
from .deadline import Deadline
from .rest_answers import Answer
from .rest_body import Body, ranged
from .rest_carrier import Carrier

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential

type Auth = SansIOHTTPPolicy[Any, Any] | Identity
_FOREIGN = (AzureError, OSError, http.client.HTTPException)
_ANSWER_LIMIT = 64 * 1024
_HTTPS = 443


@contextmanager
def crossing(name: str, body: Body | None = None) -> Iterator[None]:
    """Turn what the libraries raise into our answers; `name` is the service's.

    Once the last byte of a body that decides was handed over, no answer means that
    nobody knows.
    """
    try:
        yield
    except _FOREIGN as exc:
        is_decided = body is not None and body.is_out and body.decides
        kind = UnconfirmedError if is_decided else UnreachableError
        words = (
            identity.first_line(exc)
            if isinstance(exc, AzureError)
            else type(exc).__name__
        )
        hint = "" if is_decided else f"check {name.upper()}_ENDPOINT and the network"
        raise kind(f"{name}: {words}", hint=hint) from exc
    except (SerializationError, DeserializationError) as exc:
        raise UnreachableError(f"{name}: {type(exc).__name__}") from exc


class Identity(BearerTokenCredentialPolicy[Any, Any]):
    """Signs in with a token; notes how long it took to get."""

    def __init__(self, credential: ManagedIdentityCredential, scope: str) -> None:
        super().__init__(credential, scope)
        self._who = credential

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Put the token into the request."""
        start = time.perf_counter()
        with identity.crossing():
            super().on_request(request)
        if isinstance(request.http_request.content, Body):
            request.http_request.content.token_seconds = time.perf_counter() - start

    def close(self) -> None:
        """Let go of the identity's connections."""
        self._who.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of a service that the managed identity signs in to."""

    azure_client_id: str = setting("the managed identity's client id", default="")
    requests_ca_bundle: str = setting("a PEM file to trust as well", default="")

    def identity(self, scope: str, patience: Patience) -> Identity:
        """The app's identity, as the service wants to see it."""
        who = identity.credential(self.azure_client_id, patience)
        return Identity(who, scope)


class Wire:
    """Requests out, answers in. Thread-safe."""

    def __init__(
        self,
        name: str,
        url: str,
        auth: Auth | None,
        patience: Patience,
        trust: str = "",
    ) -> None:
        parts = urlsplit(url)
        self.endpoint = Endpoint(parts.hostname or "", parts.port or _HTTPS)
        self.url = url
        """Without a last slash."""
        self._name = name
        self._auth = auth
        self._patience = patience
        self._trust = trust
        self._others: dict[str, Wire] = {}
        self._lock = threading.Lock()
        self._kept = Connections(url, trust)
        policies = [
            RequestIdPolicy(),
            HeadersPolicy(),
            UserAgentPolicy(base_user_agent="scanpost"),
            *([auth] if auth else []),
        ]
        self._client = self._open(Carrier(self._kept), policies)

    def _open(self, carrier: Carrier, policies: Sequence[Any]) -> Any:
        """Make the client that runs the policies."""
        return PipelineClient(self.url, transport=carrier, policies=policies)

    def _beside(self, url: str) -> Wire:
        """A wire to the host that the service named; it must not see our credentials.

        Raises UnreachableError where a mail would go out in the clear.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise UnreachableError(f"{self._name} names {url[:80]!r} as its host")
        host = f"https://{parts.netloc}"
        with self._lock:
            if host not in self._others:
                self._others[host] = Wire(
                    self._name, host, None, self._patience, self._trust
                )
            return self._others[host]

    def ask(self, method: str, path: str, fields: object = None) -> Answer:
        """Send a small question, with JSON where there are fields."""
        request = HttpRequest(method, f"{self.url}{path}", json=fields)
        return self.exchange(request, self._patience.reply_seconds)

    def post(self, path: str, body: Body, read_seconds: float) -> Answer:
        """Send JSON that is streamed."""
        url, headers = f"{self.url}{path}", {"Content-Type": "application/json"}
        request = HttpRequest("POST", url, headers=headers, content=body)
        return self.exchange(request, read_seconds)

    def upload(
        self, url: str, content: Content, most: int, check: Callable[[], None]
    ) -> Answer:
        """Put a file where the service said, at most `most` bytes at once.

        Returns the last answer, or the first that is no success; raises what reading
        the file raises, in its end too.
        """
        wire = self._beside(url)
        answer = Answer(0, {}, b"")
        for span, body in ranged(content, most, check):
            kind = "application/octet-stream"
            headers = {"Content-Type": kind, "Content-Range": span}
            request = HttpRequest("PUT", url, headers=headers, content=body)
            answer = wire.exchange(request, self._patience.reply_seconds)
            if not answer.is_success:
                break
        return answer

    def exchange(self, request: HttpRequest, read_seconds: float) -> Answer:
        """Send a request and read the answer, as far as it is of use."""
        body = request.content if isinstance(request.content, Body) else None
        try:
            with crossing(self._name, body):
                response = self._client.send_request(
                    request,
                    stream=True,
                    connection_timeout=self._patience.connect_seconds,
                    read_timeout=read_seconds,
                )
                with response:
                    read = _some(response.iter_bytes())
                headers = {name.lower(): it for name, it in response.headers.items()}
                return Answer(response.status_code, headers, read)
        except BaseException:
            # What the file raised, if it did, and not what a library made of it.
            if body is not None and body.fault is not None:
                raise body.fault from None
            raise

    def close(self) -> None:
        """Close kept connections."""
        self._kept.close()
        for wire in self._others.values():
            wire.close()
        if isinstance(self._auth, Identity):
            self._auth.close()


class Service:
    """What the transports over REST have in common. Thread-safe."""

    def __init__(
        self, senders: tuple[str, ...], wire: Wire, clock: Clock, patience: Patience
    ) -> None:
        self.senders = senders
        self.endpoint = wire.endpoint
        self._wire = wire
        self._clock = clock
        self._patience = patience

    def _until(self, deadline: datetime) -> Deadline:
        """Until when a mail may be completed. Raises UnreachableError."""
        limit = Deadline(deadline, self._clock, self._patience)
        limit.check()
        return limit

    def close(self) -> None:
        """Let go of kept connections."""
        self._wire.close()


def _some(pieces: Iterator[bytes]) -> bytes:
    """Read so much and no more."""
    read = b""
    for piece in pieces:
        read += piece
        if len(read) >= _ANSWER_LIMIT:
            break
    return read[:_ANSWER_LIMIT]
