"""The ACS Email stand-in: REST 2025-09-01, as strict as the service is known to be.

Requests are signed with an access key or carry a token; a Message-ID is taken once;
operations can be looked up. Mails are kept; `on_report` gets Event Grid's delivery
reports.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import jwt

from .acs_check import Sent, check
from .shapes import RefusedError
from .tokens import Issuer
from .web import Request, Response, WebServer

AUDIENCE = "https://communication.azure.com"
_VERSIONS = frozenset({"2023-03-31", "2025-09-01"})
_OPERATIONS = "/emails/operations/"
_SKEW_SECONDS = 300
_VALIDATE = "x-ms-acsemail-validate-message-id"


@dataclass(frozen=True, slots=True)
class Operation:
    """One mail that was accepted."""

    id: str
    sent: Sent
    body: bytes
    """The request as it came."""
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The Communication Services resource."""

    senders: frozenset[str]
    access_key: str = ""
    """In base64; empty: no key opens it."""
    issuer: Issuer | None = None
    """Whose tokens open it."""
    per_minute: int | None = None
    """Mails in 60 s before 429; None: as many as come."""
    keeps_bodies: bool = True
    """False: a measurement needs no copies."""


@dataclass(slots=True)
class _Memory:
    """What the service knows. Under one lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    operations: dict[str, Operation] = field(default_factory=dict)
    message_ids: set[str] = field(default_factory=set)
    recent: deque[float] = field(default_factory=deque)


class AcsService:
    """Takes mails; a context manager through its `server`."""

    def __init__(
        self,
        resource: Resource,
        context: ssl.SSLContext | None = None,
        port: int = 0,
        on_report: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.resource = self._first = resource
        self.server = WebServer(self._answer, context, port)
        self.mails: list[Operation] = []
        """What was accepted, in order."""
        self.fates: dict[str, str] = {}
        """Operation -> status, where it is not `Succeeded`."""
        self.bounces: dict[str, str] = {}
        """Recipient -> status of the delivery report, where it is not `Delivered`."""
        self._on_report = on_report
        self._memory = _Memory()

    def forget(self) -> None:
        """Forget every mail, as if nothing had ever come."""
        self._memory = _Memory()
        self.mails.clear()
        self.fates.clear()
        self.bounces.clear()
        self.resource = self._first

    @property
    def connection_string(self) -> str:
        """As the resource's keys show it."""
        return f"endpoint={self.server.url}/;accesskey={self.resource.access_key}"

    def _answer(self, request: Request) -> Response:
        try:
            return self._route(request)
        except RefusedError as exc:
            error = {"code": exc.code, "message": exc.message}
            headers = {"x_ms_error_code": exc.code}
            if exc.status == 429:  # noqa: PLR2004 (RFC 6585, 4)
                headers["Retry_After"] = "60"
            return Response.of(exc.status, {"error": error}, **headers)

    def _route(self, request: Request) -> Response:
        if request.query.get("api-version") not in _VERSIONS:
            raise RefusedError(400, "UnsupportedApiVersion", "api-version")
        self._authenticate(request)
        if request.method == "POST" and request.path == "/emails:send":
            return self._send(request)
        if request.method == "GET" and request.path.startswith(_OPERATIONS):
            return self._operation(request.path.removeprefix(_OPERATIONS))
        raise RefusedError(404, "NotFound", "There is nothing here.")

    def _authenticate(self, request: Request) -> None:
        said = request.headers.get("authorization", "")
        if said.startswith("Bearer ") and self.resource.issuer:
            try:
                self.resource.issuer.verify(said.removeprefix("Bearer "), AUDIENCE)
            except jwt.InvalidTokenError as exc:
                raise RefusedError(401, "Unauthorized", str(exc)) from exc
        elif said.startswith("HMAC-SHA256 ") and self.resource.access_key:
            self._verify(request, said)
        else:
            raise RefusedError(401, "Unauthorized", "Denied by the resource provider.")

    def _verify(self, request: Request, said: str) -> None:
        """Verify a signature (Learn, "Sign an HTTP request")."""
        date = request.headers.get("x-ms-date", "")
        content = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
        if request.headers.get("x-ms-content-sha256") != content:
            raise RefusedError(401, "Unauthorized", "The body's hash does not fit.")
        text = (
            f"{request.method}\n{request.target}\n"
            f"{date};{request.headers.get('host')};{content}"
        )
        key = base64.b64decode(self.resource.access_key)
        signature = base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
        names = "SignedHeaders=x-ms-date;host;x-ms-content-sha256"
        if said != f"HMAC-SHA256 {names}&Signature={signature}":
            raise RefusedError(401, "Unauthorized", "The signature does not fit.")
        away = datetime.now(UTC) - parsedate_to_datetime(date)
        if abs(away.total_seconds()) > _SKEW_SECONDS:
            raise RefusedError(
                401,
                "Unauthorized",
                "The time difference between the originating client and us is too big.",
            )

    def _send(self, request: Request) -> Response:
        operation_id = request.headers.get("operation-id") or str(uuid.uuid4())
        if not _is_uuid(operation_id):
            raise RefusedError(400, "BadRequest", "Operation-Id is no UUID.")
        if request.headers.get("content-type") != "application/json":
            raise RefusedError(415, "UnsupportedMediaType", "JSON is wanted.")
        sent = check(request.body)
        if sent.sender not in self.resource.senders:
            raise RefusedError(404, "DomainNotLinked", "The domain is not linked.")
        body = request.body if self.resource.keeps_bodies else b""
        operation = Operation(operation_id, sent, body, time.time())
        self._accept(operation)
        if self._on_report:
            for event in self.reports(operation):
                self._on_report(event)
        where = f"{self.server.url}{_OPERATIONS}{operation_id}?api-version=2025-09-01"
        answer = {"id": operation_id, "status": "Running", "error": None}
        return Response.of(202, answer, Operation_Location=where, retry_after="30")

    def _accept(self, operation: Operation) -> None:
        """Write the mail down. Raises RefusedError for too many, and for a second."""
        headers = {name.lower(): text for name, text in operation.sent.headers.items()}
        message_id = headers.get("message-id", "")
        memory, most = self._memory, self.resource.per_minute
        with memory.lock:
            while memory.recent and memory.recent[0] < operation.time - 60:
                memory.recent.popleft()
            if most is not None and len(memory.recent) >= most:
                raise RefusedError(429, "TooManyRequests", "Too many requests.")
            if headers.get(_VALIDATE) == "true" and message_id in memory.message_ids:
                raise RefusedError(
                    400, "BadRequest", "Duplicate Message-ID: it was used before."
                )
            memory.message_ids.add(message_id)
            memory.recent.append(operation.time)
            memory.operations[operation.id.lower()] = operation
            self.mails.append(operation)

    def _operation(self, operation_id: str) -> Response:
        with self._memory.lock:
            operation = self._memory.operations.get(operation_id.lower())
        if operation is None:
            raise RefusedError(404, "OperationNotFound", "No such operation.")
        status = self.fates.get(operation.id, "Succeeded")
        answer: dict[str, Any] = {"id": operation.id, "status": status}
        if status in {"Failed", "Canceled"}:
            words = "Message dropped because all recipients were suppressed"
            code = "EmailDroppedAllRecipientsSuppressed"
            answer["error"] = {"code": code, "message": words}
        return Response.of(200, answer)

    def reports(self, operation: Operation) -> Iterator[Mapping[str, Any]]:
        """Make Event Grid's delivery reports of a mail, one for each recipient."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        for recipient in operation.sent.recipients:
            status = self.bounces.get(recipient, "Delivered")
            words = "" if status == "Delivered" else "550 5.1.10 Recipient not found"
            sender = operation.sent.sender
            yield {
                "id": str(uuid.uuid4()),
                "topic": "/subscriptions/0/resourceGroups/local/providers/"
                "Microsoft.Communication/CommunicationServices/local",
                "subject": f"sender/{sender}/message/{operation.id}",
                "eventType": "Microsoft.Communication.EmailDeliveryReportReceived",
                "data": {
                    "sender": sender,
                    "recipient": recipient,
                    "messageId": operation.id,
                    "status": status,
                    "deliveryStatusDetails": {"statusMessage": words},
                    "deliveryAttemptTimeStamp": now,
                },
                "dataVersion": "1.0",
                "metadataVersion": "1",
                "eventTime": now,
            }


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
