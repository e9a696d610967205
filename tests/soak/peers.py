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
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from local.acs import Operation
from local.azurite import Azurite
from local.mailserver import House, Received
from local.tenant import DOMAIN, Tenant
from tests.soak.acs_office import AcsOffice, Noting
from tests.soak.offices import Office
from tests.soak.record import Record, Taken, digest_of, packed
from tests.soak.ways import EXO_SENDERS, SETTINGS, SMTP_PASSWORD, SMTP_SENDER

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


class Peers:
    """All of them; a context manager."""

    def __init__(self, folder: Path, record: Record) -> None:
        self._folder = folder
        self._record = record
        self._stack = ExitStack()
        self.azurite = Azurite(folder / "azurite")
        self.storage_up = threading.Lock()
        """Held by whoever restarts storage, and by the scanner while it writes."""
        self.mail: dict[str, Office] = {}
        """Way -> its mail server."""
        self.offices: Mapping[str, Office | AcsOffice] = {}
        """The same, and ACS."""
        self.settings: dict[str, str] = {}
        self.taken: Callable[[str], None] = lambda _: None
        """Told the way in the moment of an acceptance; it must not wait."""
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
        for way, house in houses(tenant).items():
            office = Office(way, house, tenant.context, self._record)
            office.take = self._take_smtp
            self.mail[way] = office
        self.acs = AcsOffice(
            self._record,
            resource=tenant.resource(),
            context=tenant.context,
            on_report=lambda event: self.reported(event),
        )
        self.acs.bounces[BOUNCING] = "Bounced"
        self.acs.mails = Noting(self._take_acs)
        self.offices = {**self.mail, "acs": self.acs}
        for each in self.offices.values():
            each.open()
            self._stack.callback(each.close)
        self.settings = {
            "SCAN_STORAGE": self.azurite.connection_string,
            **tenant.settings,
            **SETTINGS,
            **{f"{way.upper()}_PORT": str(it.port) for way, it in self.mail.items()},
            "ACS_ENDPOINT": self.acs.server.url,
            "OPS_MAILBOX": OPS,
        }

    def mend(self) -> None:
        """Open everything to everybody."""
        for office in self.offices.values():
            for account in office.senders:
                office.let_in(account)
            office.open()

    def _take_smtp(self, way: str, mail: Received) -> None:
        message = email.message_from_bytes(mail.data, policy=email.policy.default)
        if not isinstance(message, EmailMessage):
            raise TypeError("the policy makes EmailMessages")
        files = (part.get_payload(decode=True) for part in message.iter_attachments())
        self._note(
            Taken(
                transport=way,
                sender=mail.sender,
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
                sender=sent.sender,
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


def houses(tenant: Tenant) -> Mapping[str, House]:
    """The rules of each mail server."""
    hve = tenant.house()
    exo = replace(
        hve, accounts=dict.fromkeys(EXO_SENDERS, ""), internal_domains=frozenset()
    )
    smtp = House(accounts={SMTP_SENDER: SMTP_PASSWORD})
    return {"hve": hve, "exo": exo, "smtp": smtp}
