"""A mail of the frozen plan -> a message for a transport: texts, ids, names.

In: the ledger's row and one mail of its plan. Out: a `Message`, equal for equal input,
so that whatever is sent twice is the same, byte for byte. Pure; raises nothing.
"""

from __future__ import annotations

import html
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .kinds import MEDIA_TYPES
from .model import Kind, Mail, Message
from .plain import plain, plain_file
from .row import Row, operation_id_of

SUBJECT_LIMIT = 255
_KILO = 1000
_STYLE = "font-family:system-ui,Segoe UI,sans-serif;font-size:15px;line-height:1.5"


@cache
def languages() -> Mapping[str, Mapping[str, Any]]:
    """Read the texts, by language (texts.toml)."""
    with Path(__file__).with_name("texts.toml").open("rb") as file:
        return tomllib.load(file)


def compose(
    row: Row, mail: Mail, *, shows_name: bool, own_author: bool = True
) -> Message:
    """Compose one mail of the plan.

    `shows_name`: the transport's From has a name; `own_author`: it may be a person.
    """
    is_by_author = mail.is_by_author and own_author
    body = _Body(row, mail, shows_name=shows_name)
    is_scan = row.type in set(Kind)
    return Message(
        scan_id=row.scan_id,
        n=mail.n,
        g=mail.g,
        message_id=message_id(row.scan_id, mail),
        operation_id=operation_id_of(row.scan_id, mail.n, mail.g),
        date=mail.date or row.received,
        sender=mail.sender,
        from_name=plain(
            mail.author_name if is_by_author else mail.from_name, SUBJECT_LIMIT
        ),
        to=mail.to,
        cc=mail.cc,
        bcc=mail.bcc,
        subject=plain(mail.subject, SUBJECT_LIMIT),
        reply_to=mail.reply_to,
        text=body.text(),
        html=body.html(),
        attachment=plain_file(mail.attachment),
        media_type=MEDIA_TYPES[Kind(row.type)]
        if is_scan
        else "application/octet-stream",
        size=row.size,
        author=mail.author if is_by_author else "",
    )


def message_id(scan_id: str, mail: Mail) -> str:
    """The mail's Message-ID (docs/ledger.md): the same whenever it is sent again."""
    domain = mail.sender.rpartition("@")[2]
    generation = f".{mail.g}" if mail.g else ""
    return f"<{scan_id}.{mail.n}{generation}@{domain}>"


@dataclass(frozen=True, slots=True)
class _Body:
    """The few lines that a person reads."""

    row: Row
    mail: Mail
    shows_name: bool

    def lines(self) -> list[tuple[str, str]]:
        """Label and value of each line."""
        words = _words(self.mail.language)
        facts = [
            (words["scanned"], moment(self.row.received, self.mail)),
            (words["file"], f"{plain_file(self.mail.attachment)} ({self.extent()})"),
        ]
        if self.mail.from_name and not self.shows_name:
            facts.append((words["sent_by"], plain(self.mail.from_name, SUBJECT_LIMIT)))
        if self.mail.as_service:
            facts.append((words["note"], words["as_service"].format(self.mail.author)))
        return facts

    def extent(self) -> str:
        """Size, and pages where they are known."""
        words = _words(self.mail.language)
        size = extent(self.row.size, words["decimal"])
        if not self.mail.pages:
            return size
        count = self.mail.pages
        pages = words["pages_one" if count == 1 else "pages"].format(count=count)
        return f"{size}, {pages}"

    def heading(self) -> str:
        """Where it comes from."""
        device = plain(self.mail.device_name or self.row.device, SUBJECT_LIMIT)
        return str(_words(self.mail.language)["heading"]).replace("{device}", device)

    def footer(self) -> str:
        """Who sent it, and what to quote when asking about it."""
        words = _words(self.mail.language)
        return str(words["footer"].format(scan_id=self.row.scan_id))

    def text(self) -> str:
        """The plain body."""
        facts = [f"{label}: {value}" for label, value in self.lines()]
        return "\n".join([self.heading(), "", *facts, "", "--", self.footer(), ""])

    def html(self) -> str:
        """The same in HTML: no colours of its own, so that dark mode stays readable."""
        facts = "<br>".join(
            f"{html.escape(label)}: {html.escape(value)}"
            for label, value in self.lines()
        )
        return (
            f'<!doctype html><html lang="{self.mail.language}"><head>'
            '<meta charset="utf-8"><meta name="color-scheme" content="light dark">'
            f'</head><body style="{_STYLE}"><p><b>{html.escape(self.heading())}</b></p>'
            f'<p>{facts}</p><p style="font-size:12px;opacity:.7">'
            f"{html.escape(self.footer())}</p></body></html>"
        )


def _words(language: str) -> Mapping[str, Any]:
    return languages().get(language) or languages()["en"]


def moment(when: datetime, mail: Mail) -> str:
    """A time as its readers write it, in the device's time zone."""
    words, local = _words(mail.language), when.astimezone(ZoneInfo(mail.timezone))
    text = words["moment"].format(
        day=local.day,
        month=words["months"][local.month - 1],
        year=local.year,
        hour=local.hour,
        minute=local.minute,
    )
    return f"{text} ({mail.timezone})"


def extent(size: int, decimal: str) -> str:
    """A size as people say it: 512 bytes, 48 kB, 2.3 MB."""
    if size < _KILO:
        return f"{size} bytes"
    if size < _KILO**2:
        return f"{size / _KILO:.0f} kB"
    return f"{size / _KILO**2:.1f} MB".replace(".", decimal)
