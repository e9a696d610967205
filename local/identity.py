"""The managed identity endpoint, as App Service gives it to an app.

Learn, "How to use managed identities for App Service", REST protocol 2019-08-01.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from .tokens import LIFETIME_SECONDS, Issuer
from .web import Request, Response, WebServer

RESOURCES = (
    "api://AzureADTokenExchange",
    "https://communication.azure.com",
    "https://graph.microsoft.com",
    "https://storage.azure.com",
    "https://vault.azure.net",
)


class IdentityEndpoint:
    """Gives tokens to whoever knows the header; a context manager by its `server`."""

    def __init__(
        self, issuer: Issuer, client_id: str, object_id: str, port: int = 0
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._object_id = object_id
        self.secret = "made-up-per-app"  # noqa: S105 (of a stand-in)
        self.server = WebServer(self._answer, port=port)

    @property
    def environment(self) -> Mapping[str, str]:
        """What App Service puts into the app's environment."""
        return {
            "IDENTITY_ENDPOINT": f"{self.server.url}/msi/token",
            "IDENTITY_HEADER": self.secret,
        }

    def _answer(self, request: Request) -> Response:
        query = request.query
        if request.path != "/msi/token" or query.get("api-version") != "2019-08-01":
            return _refusal(400, "invalid_request", "api-version is not supported")
        if request.headers.get("x-identity-header") != self.secret:
            return _refusal(401, "unauthorized", "X-IDENTITY-HEADER is wrong")
        if query.get("client_id") != self._client_id:
            return _refusal(400, "invalid_request", "No User Assigned Identity found")
        resource = query.get("resource", "").rstrip("/")
        if resource not in RESOURCES:
            return _refusal(400, "invalid_resource", f"{resource} is not known")
        claims = {"sub": self._object_id, "oid": self._object_id}
        return Response.of(
            200,
            {
                "access_token": self._issuer.issue(resource, claims),
                "expires_on": str(int(time.time()) + LIFETIME_SECONDS),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": self._client_id,
            },
        )


def _refusal(status: int, code: str, words: str) -> Response:
    return Response.of(status, {"statusCode": status, "error": code, "message": words})
