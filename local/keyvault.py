"""The Key Vault stand-in: secrets of one vault, for one identity, and strict.

REST 7.4 (Learn, "Get Secret", "Set Secret"): a new version with each write.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

import jwt

from .tokens import Issuer
from .web import Request, Response, WebServer

AUDIENCE = "https://vault.azure.net"
_VERSIONS = frozenset({"7.4", "7.5", "7.6", "2025-07-01"})
_MOST = 25_600
"""Bytes of one secret."""


class KeyVault:
    """Keeps secrets in memory; a context manager by its `server`."""

    def __init__(
        self, issuer: Issuer, object_id: str, context: ssl.SSLContext, port: int = 0
    ) -> None:
        self._issuer = issuer
        self._object_id = object_id
        self._lock = threading.Lock()
        self.secrets: dict[str, tuple[str, str]] = {}
        """Name -> value and content type."""
        self.writes = 0
        self.may_write = True
        """Whether the identity is an officer, or a user only."""
        self.server = WebServer(self._answer, context, port)

    def forget(self) -> None:
        """Forget every secret."""
        with self._lock:
            self.secrets.clear()
        self.writes, self.may_write = 0, True

    def _answer(self, request: Request) -> Response:
        head, _, name = request.path.lstrip("/").partition("/")
        if request.query.get("api-version") not in _VERSIONS:
            return _refusal(400, "BadParameter", "api-version is not supported")
        if not self._knows(request.headers.get("authorization", "")):
            challenge = f'Bearer authorization="x", resource="{AUDIENCE}"'
            answer = _refusal(401, "Unauthorized", "AKV10000: no token, or not ours")
            headers = {**answer.headers, "WWW-Authenticate": challenge}
            return Response(answer.status, answer.body, headers)
        if head != "secrets" or not name.replace("-", "").isalnum():
            return _refusal(400, "BadParameter", f"{request.path} is no secret")
        if request.method == "PUT":
            return self._set(name, request.body)
        return self._get(name)

    def _knows(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        try:
            claims = self._issuer.verify(token, AUDIENCE)
        except jwt.InvalidTokenError:
            return False
        return scheme == "Bearer" and claims.get("oid") == self._object_id

    def _get(self, name: str) -> Response:
        with self._lock:
            kept = self.secrets.get(name)
        if not kept:
            return _refusal(404, "SecretNotFound", f"(SecretNotFound) {name}")
        return Response.of(200, self._bundle(name, *kept))

    def _set(self, name: str, body: bytes) -> Response:
        if not self.may_write:
            return _refusal(403, "Forbidden", "The user does not have secrets set")
        try:
            asked: Mapping[str, Any] = json.loads(body)
            value = str(asked["value"])
        except (ValueError, KeyError):
            return _refusal(400, "BadParameter", "value is required")
        if len(value.encode()) > _MOST:
            return _refusal(400, "BadParameter", "value is too long")
        with self._lock:
            self.secrets[name] = value, str(asked.get("contentType", ""))
            self.writes += 1
            return Response.of(200, self._bundle(name, *self.secrets[name]))

    def _bundle(self, name: str, value: str, kind: str) -> Mapping[str, Any]:
        now = int(time.time())
        return {
            "value": value,
            "contentType": kind,
            "id": f"{self.server.url}/secrets/{name}/{uuid.uuid4().hex}",
            "attributes": {"enabled": True, "created": now, "updated": now},
        }


def _refusal(status: int, code: str, words: str) -> Response:
    return Response.of(status, {"error": {"code": code, "message": words}})
