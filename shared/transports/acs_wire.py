"""The wire to ACS: the SDK's client over `rest`, and its signature by an access key.

The only user of `azure.communication`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from azure.communication.email import EmailClient
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from . import rest
from .base import Patience
from .rest_body import Body
from .rest_carrier import Carrier

SCOPE = "https://communication.azure.com//.default"
"""As the SDK asks for it, with both slashes."""


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


class Wire(rest.Wire):
    """Requests out, answers in, by the SDK's client. Thread-safe."""

    def __init__(
        self,
        endpoint: str,
        auth: Signature | rest.Identity,
        patience: Patience,
        trust: str = "",
    ) -> None:
        super().__init__("ACS", endpoint, auth, patience, trust)

    def _open(self, carrier: Carrier, policies: Sequence[Any]) -> Any:
        # The key stands in the constructor's signature only: the policies say who
        # signs.
        unused = AzureKeyCredential("unused")
        return EmailClient(self.url, unused, transport=carrier, policies=policies)
