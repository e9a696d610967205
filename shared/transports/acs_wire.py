"""The wire to ACS: the SDK's client and pipeline, without its retries and redirects.

The only user of `azure.communication` and `azure.core`. What they and requests raise
crosses at `crossing`; an answer of any status comes back as an `Answer`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.communication.email import EmailClient
from azure.core.credentials import AzureKeyCredential
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

from . import identity
from .acs_answers import Answer
from .acs_body import Body
from .acs_carrier import Carrier
from .base import Endpoint, Patience

if TYPE_CHECKING:
    from azure.identity import ManagedIdentityCredential

SCOPE = "https://communication.azure.com//.default"
"""As the SDK asks for it, with both slashes."""
_FOREIGN = (AzureError, OSError, http.client.HTTPException)
_ANSWER_LIMIT = 64 * 1024
_HTTPS = 443


@contextmanager
def crossing(body: Body | None = None) -> Iterator[None]:
    """Turn what the libraries raise into our answers.

    Once the last byte of a body was handed over, no answer means that nobody knows.
    """
    try:
        yield
    except _FOREIGN as exc:
        kind = (
            UnconfirmedError if body is not None and body.is_out else UnreachableError
        )
        words = (
            identity.first_line(exc)
            if isinstance(exc, AzureError)
            else type(exc).__name__
        )
        hint = "" if kind is UnconfirmedError else "check ACS_ENDPOINT and the network"
        raise kind(f"ACS: {words}", hint=hint) from exc
    except (SerializationError, DeserializationError) as exc:
        raise UnreachableError(f"ACS: {type(exc).__name__}") from exc


class Signature(SansIOHTTPPolicy[Any, Any]):
    """Signs with an access key (Learn, "Sign an HTTP request").

    The SDK's own policy wants the body in one piece.
    """

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Hash the body, by reading it once, and sign."""
        http = request.http_request
        body, url = http.content, urlsplit(http.url)
        digest = body.sha256() if isinstance(body, Body) else hashlib.sha256().digest()
        content, date = base64.b64encode(digest).decode(), formatdate(usegmt=True)
        text = f"{http.method}\n{url.path}?{url.query}\n{date};{url.netloc};{content}"
        signed = hmac.digest(self._key, text.encode(), "sha256")
        http.headers["x-ms-date"] = date
        http.headers["x-ms-content-sha256"] = content
        http.headers["Authorization"] = (
            "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
            f"&Signature={base64.b64encode(signed).decode()}"
        )


class Identity(BearerTokenCredentialPolicy[Any, Any]):
    """Signs in with a token; notes how long it took to get."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Put the token into the request."""
        start = time.perf_counter()
        with identity.crossing():
            super().on_request(request)
        if isinstance(request.http_request.content, Body):
            request.http_request.content.token_seconds = time.perf_counter() - start


class Wire:
    """Requests out, answers in. Thread-safe."""

    def __init__(
        self,
        endpoint: str,
        auth: Signature | ManagedIdentityCredential,
        patience: Patience,
        trust: str = "",
    ) -> None:
        parts = urlsplit(endpoint)
        self.endpoint = Endpoint(parts.hostname or "", parts.port or _HTTPS)
        self._auth = auth
        self._patience = patience
        self._kept = Connections(endpoint, trust)
        self._client = EmailClient(
            endpoint,
            # Stands in the constructor's signature only: the policies say who signs.
            AzureKeyCredential("unused"),
            transport=Carrier(self._kept),
            policies=[
                RequestIdPolicy(),
                HeadersPolicy(),
                UserAgentPolicy(base_user_agent="scanpost"),
                auth if isinstance(auth, Signature) else Identity(auth, SCOPE),
            ],
        )

    def exchange(self, request: HttpRequest, read_seconds: float) -> Answer:
        """Send a request and read the answer, as far as it is of use."""
        body = request.content if isinstance(request.content, Body) else None
        try:
            with crossing(body):
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
        if not isinstance(self._auth, Signature):
            self._auth.close()


def _some(pieces: Iterator[bytes]) -> bytes:
    """Read so much and no more."""
    read = b""
    for piece in pieces:
        read += piece
        if len(read) >= _ANSWER_LIMIT:
            break
    return read[:_ANSWER_LIMIT]
