"""Every mail that the peers took, as a reader would see it, newest last.

In: what the mail server and the ACS stand-in accepted. Out: `Mail`s, numbered as they
came. A mail that cannot be read shows as its raw text; nothing is raised.
"""

from __future__ import annotations

import email
import email.policy
import html
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.acs import Operation
    from local.mailserver import Received

_SCAN = re.compile(r"<(\d{8}-[0-9a-f]{20})\.\d+(?:\.\d+)?@")
KEPT = 500
"""Older mails are forgotten: this is a page to look at, no archive."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One accepted mail."""

    number: int
    transport: str
    time: float
    """When it was accepted, in seconds of the epoch."""
    sender: str
    recipients: tuple[str, ...]
    """The envelope."""
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]

    def header(self, name: str) -> str:
        """The first header of that name, or nothing."""
        folded = name.lower()
        return next((v for each, v in self.headers if each.lower() == folded), "")

    @property
    def scan_id(self) -> str:
        """The scan that its Message-ID names; empty for other mails."""
        found = _SCAN.match(self.header("Message-ID"))
        return found[1] if found else ""


class Inbox:
    """The mails of all transports. Thread-safe."""

    def __init__(self) -> None:
        self._mails: list[Mail] = []
        self._count = 0
        self._lock = threading.RLock()
        self._followed: Sequence[Operation] = ()
        self._seen = 0

    def take_smtp(self, received: Received) -> None:
        """Take a mail of the mail server: its `sink`."""
        message = email.message_from_bytes(received.data, policy=email.policy.default)
        self._add(
            transport="hve",
            time=received.time,
            sender=received.sender,
            recipients=received.recipients,
            headers=tuple(_headers(message)),
            text=_body(message, "plain"),
            html=_body(message, "html"),
            attachments=tuple(_attachments(message)),
        )

    def follow(self, operations: Sequence[Operation]) -> None:
        """Look into the ACS stand-in's list whenever somebody looks in here."""
        self._followed = operations

    def _take_acs(self, operation: Operation) -> None:
        sent = operation.sent
        lists = {"To": sent.to, "Cc": sent.cc, "Reply-To": sent.reply_to}
        shown = {"From": sent.sender, "Subject": sent.subject}
        shown |= {name: ", ".join(who) for name, who in lists.items() if who}
        shown |= {"Operation-Id": operation.id, **sent.headers}
        self._add(
            transport="acs",
            time=operation.time,
            sender=sent.sender,
            recipients=sent.recipients,
            headers=tuple(shown.items()),
            text=sent.text,
            html=sent.html,
            attachments=tuple(
                Attachment(each.name, each.content_type, each.content)
                for each in sent.attachments
            ),
        )

    def _add(self, **parts: Any) -> None:
        with self._lock:
            self._count += 1
            self._mails.append(Mail(number=self._count, **parts))
            del self._mails[:-KEPT]

    def mails(self) -> tuple[Mail, ...]:
        """Those there are, newest last."""
        with self._lock:
            for operation in self._followed[self._seen :]:
                self._seen += 1
                self._take_acs(operation)
            return tuple(self._mails)

    def find(self, number: int) -> Mail | None:
        """One of them."""
        return next((each for each in self.mails() if each.number == number), None)

    def of_scan(self, scan_id: str) -> tuple[Mail, ...]:
        """The mails of one scan."""
        return tuple(each for each in self.mails() if each.scan_id == scan_id)


def _headers(message: EmailMessage) -> Iterator[tuple[str, str]]:
    """Decoded headers; one that breaks the parser is shown as it came."""
    for name, raw in message.raw_items():
        try:
            yield name, str(message.policy.header_fetch_parse(name, raw))
        except (ValueError, IndexError, AttributeError):
            yield name, " ".join(str(raw).split())


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return _text(part) if part else ""


def _text(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")
    except LookupError:
        return content.decode(errors="replace")


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        name = part.get_filename("attachment")
        content = payload if isinstance(payload, bytes) else b""
        yield Attachment(name, part.get_content_type(), content)


def clock(seconds: float) -> str:
    """The time of day on this machine, as people read it."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def escaped(text: object) -> str:
    """Text made fit for HTML, quotation marks too."""
    return html.escape(str(text))
