"""ACS in a campaign: it notes each request to send, and can be away or deny everybody.

Some mails it takes late, or lies about: what the shelf of faults in `local` has not.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from local.acs import AcsService, Operation
from local.shapes import RefusedError
from local.web import Request, Response, WebServer
from tests.soak.record import Record, digest_of
from tests.soak.ways import SENDERS, Ask

_SENDING = "/emails:send"


@dataclass(frozen=True, slots=True)
class LateAcs:
    """Something that ACS does to one request that the shelf of faults has not."""

    before_seconds: float = 0.0
    """It is slow to take the mail."""
    after_seconds: float = 0.0
    """It is slow to say so."""
    status: int = 0
    """What it answers although it took the mail; 0: the truth."""


class AcsOffice(AcsService):
    """ACS, which can be closed and opened again at the same port."""

    way = "acs"
    senders = SENDERS["acs"]

    def __init__(
        self, record: Record, *, context: ssl.SSLContext, **given: Any
    ) -> None:
        super().__init__(context=context, **given)
        self._record = record
        self._context = context
        self._lock = threading.Lock()
        self._late: list[LateAcs] = []
        self._is_barred = False
        self._is_open = self._was_open = False

    def open(self) -> None:
        """Answer from now on."""
        if self._is_open:
            return
        if self._was_open:
            before = self.server
            port = urlsplit(before.url).port or 0
            self.server = WebServer(self._answer, self._context, port)
            for fault in before.faults.clear():
                self.server.faults.add(fault)
        self.server.start()
        self._is_open = self._was_open = True

    def close(self) -> None:
        """Hang up on everybody; connections are refused from now on."""
        if self._is_open:
            self.server.stop()
            self._is_open = False

    def bar(self, account: str) -> None:  # noqa: ARG002 (the shape of `Office`)
        """Deny everybody: 401."""
        self._is_barred = True

    def let_in(self, account: str) -> None:  # noqa: ARG002 (the shape of `Office`)
        """Deny nobody."""
        self._is_barred = False

    def delay(self, late: LateAcs) -> None:
        """Lay it in the way of the next mail."""
        with self._lock:
            self._late.append(late)

    def forgive(self) -> list[LateAcs]:
        """Take back what has not struck; returns it."""
        with self._lock:
            left = list(self._late)
            self._late.clear()
        return left

    def _authenticate(self, request: Request) -> None:
        if self._is_barred:
            raise RefusedError(401, "Unauthorized", "Denied by the resource provider.")
        super()._authenticate(request)

    def _answer(self, request: Request) -> Response:
        if request.path != _SENDING:
            return super()._answer(request)
        ask = Ask(way=self.way, sender=self.senders[0], when=time.time())
        self._record.ask_at(ask)
        operation = request.headers.get("operation-id", "")
        self._record.ask(operation, digest_of(request.body))
        with self._lock:
            late = self._late.pop(0) if self._late else LateAcs()
        time.sleep(late.before_seconds)
        answer = super()._answer(request)
        time.sleep(late.after_seconds)
        is_lie = late.status and answer.status == HTTPStatus.ACCEPTED
        return Response.of(late.status, {}) if is_lie else answer


class Noting(list[Operation]):
    """ACS's list of mails, which passes them on instead of keeping them."""

    def __init__(self, take: Callable[[Operation], None]) -> None:
        super().__init__()
        self._take = take

    def append(self, operation: Operation) -> None:
        """Pass it on: called under the service's lock, in the moment it is taken."""
        self._take(operation)
