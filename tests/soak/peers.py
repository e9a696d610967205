"""The stand-ins of a campaign: they note all that they accept, and fail on demand.

Out: the settings for the workers. Azurite keeps its data on disk, so that a gentle
restart keeps everything. `taken` is called in the moment of an acceptance, before the
worker hears of it.
"""

from __future__ import annotations

import email
import email.policy
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from local.acs import AcsService, Operation
from local.azurite import Azurite
from local.mail_faults import MailFaults
from local.mailserver import MailServer, Received
from local.tenant import DOMAIN, Tenant
from local.web import Request, Response
from tests.soak.record import Record, Taken, digest_of, packed

OUTSIDE_DOMAIN = "fabrikam.com"
OPS = "it@contoso.com"
ACCOUNTS = "ap@fabrikam.com"
BOUNCING = "away@fabrikam.com"
"""ACS takes mails for it, and reports later that they bounced."""
ROUTES = f"""\
[policy]
external = ["{OUTSIDE_DOMAIN}"]

[[routes]]
match = "{{device}}/invoices/**"
to    = ["{ACCOUNTS}"]

[[routes]]
match = "{{device}}/home/{{login}}/*"
to    = ["directory:{{login}}"]
"""
LOGINS = ("jane", "omar", "kim")
DIRECTORY = "login,email,name\n" + "".join(
    f"{login},{login}@{DOMAIN},{login.title()}\n" for login in LOGINS
)
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


class RecordingAcs(AcsService):
    """Notes every request to send; some it takes late, or lies about."""

    def __init__(self, record: Record, **given: Any) -> None:
        super().__init__(**given)
        self._record = record
        self._lock = threading.Lock()
        self._late: list[LateAcs] = []

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

    def _answer(self, request: Request) -> Response:
        if request.path != _SENDING:
            return super()._answer(request)
        operation = request.headers.get("operation-id", "")
        self._record.ask(operation, digest_of(request.body))
        with self._lock:
            late = self._late.pop(0) if self._late else LateAcs()
        time.sleep(late.before_seconds)
        answer = super()._answer(request)
        time.sleep(late.after_seconds)
        return Response.of(late.status, {}) if late.status else answer


class Peers:
    """All of them; a context manager."""

    def __init__(self, folder: Path, record: Record) -> None:
        self._folder = folder
        self._record = record
        self._stack = ExitStack()
        self.azurite = Azurite(folder / "azurite")
        self.storage_up = threading.Lock()
        """Held by whoever restarts storage, and by the scanner while it writes."""
        self.mail_faults = MailFaults()
        self.settings: dict[str, str] = {}
        self.taken: Callable[[str], None] = lambda _: None
        """Told `smtp` or `acs` in the moment of an acceptance; it must not wait."""
        self.reported: Callable[[Mapping[str, Any]], None] = lambda _: None
        """Given each delivery report of ACS."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._mail:
            self._mail.stop()
        self._stack.close()

    def _start(self) -> None:
        for name in ("mail.log", "asyncio"):
            # Peers that are killed in mid-sentence are what this is about.
            logging.getLogger(name).disabled = True
        enter = self._stack.enter_context
        enter(self.azurite)
        self.azurite.provision()
        config = self.azurite.blobs().get_container_client("config")
        config.upload_blob("routes.toml", ROUTES.encode())
        config.upload_blob("directory.csv", DIRECTORY.encode())
        tenant = enter(Tenant())
        self._house, self._context = tenant.house(), tenant.context
        self._mail: MailServer | None = self._mail_server(0)
        self._port = self._mail.port
        self.acs = RecordingAcs(
            self._record,
            resource=tenant.resource(),
            context=tenant.context,
            on_report=lambda event: self.reported(event),
        )
        self.acs.bounces[BOUNCING] = "Bounced"
        self.acs.mails = _Noting(self._take_acs)
        enter(self.acs.server)
        self.settings = {
            "SCAN_STORAGE": self.azurite.connection_string,
            **tenant.settings,
            "HVE_PORT": str(self._port),
            "ACS_ENDPOINT": self.acs.server.url,
            "OPS_MAILBOX": OPS,
        }

    def _mail_server(self, port: int) -> MailServer:
        server = MailServer(self._house, self._context, port, sink=self._take_smtp)
        server.faults = self.mail_faults
        return server.start()

    def close_mail(self) -> None:
        """Hang up on everybody; connections are refused from now on."""
        if self._mail:
            self._mail.stop()
            self._mail = None

    def open_mail(self) -> None:
        """Answer again, at the same port."""
        if not self._mail:
            self._mail = self._mail_server(self._port)

    def _take_smtp(self, mail: Received) -> None:
        message = email.message_from_bytes(mail.data, policy=email.policy.default)
        if not isinstance(message, EmailMessage):
            raise TypeError("the policy makes EmailMessages")
        files = (part.get_payload(decode=True) for part in message.iter_attachments())
        self._note(
            Taken(
                transport="smtp",
                message_id=str(message["Message-ID"] or ""),
                people=frozenset(mail.recipients),
                packed=packed(mail.data),
                digest=digest_of(mail.data),
                files=tuple(digest_of(it) for it in files if isinstance(it, bytes)),
                when=mail.time,
            )
        )

    def _take_acs(self, operation: Operation) -> None:
        sent = operation.sent
        headers = {name.lower(): text for name, text in sent.headers.items()}
        self._note(
            Taken(
                transport="acs",
                message_id=headers.get("message-id", ""),
                operation_id=operation.id,
                people=frozenset(sent.recipients),
                packed=packed(operation.body),
                digest=digest_of(operation.body),
                files=tuple(digest_of(each.content) for each in sent.attachments),
                when=operation.time,
            )
        )

    def _note(self, taken: Taken) -> None:
        self._record.take(taken)
        self.taken(taken.transport)


class _Noting(list[Operation]):
    """ACS's list of mails, which passes them on instead of keeping them."""

    def __init__(self, take: Callable[[Operation], None]) -> None:
        super().__init__()
        self._take = take

    def append(self, operation: Operation) -> None:
        """Pass it on: called under the service's lock, in the moment it is taken."""
        self._take(operation)
