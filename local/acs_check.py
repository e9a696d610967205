"""What ACS Email would say to a request: its body held against the definition. Pure.

In: the bytes of `POST /emails:send`. Out: a `Sent`. Raises `RefusedError` with status,
code and message. Unknown properties are refused too, which the service may not do.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.kinds import MEDIA_TYPES
from shared.model import Kind

from .shapes import Attached, RefusedError, bad, object_of, parsed

MAX_BYTES = 10_000_000
MAX_RECIPIENTS = 50
CONTENT_TYPES = frozenset(MEDIA_TYPES.values()) - {MEDIA_TYPES[Kind.XPS]}
"""Of the service's list, those that scans can have."""
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+")
_HEADER = re.compile(r"[!-9;-~]+")

_TEXT, _LIST, _OBJECT, _FLAG = str, list, dict, bool
_MESSAGE = {
    "senderAddress": _TEXT,
    "content": _OBJECT,
    "recipients": _OBJECT,
    "headers": _OBJECT,
    "attachments": _LIST,
    "replyTo": _LIST,
    "userEngagementTrackingDisabled": _FLAG,
}
_CONTENT = {"subject": _TEXT, "plainText": _TEXT, "html": _TEXT}
_RECIPIENTS = {"to": _LIST, "cc": _LIST, "bcc": _LIST}
_PERSON = {"address": _TEXT, "displayName": _TEXT}
_ATTACHMENT = {
    "name": _TEXT,
    "contentType": _TEXT,
    "contentInBase64": _TEXT,
    "contentId": _TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail as the service understood it."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    reply_to: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    attachments: tuple[Attached, ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it goes to."""
        return self.to + self.cc + self.bcc


def check(body: bytes) -> Sent:
    """Hold a body against the definition. Raises RefusedError."""
    if len(body) > MAX_BYTES:
        raise RefusedError(413, "RequestBodyTooLarge", f"{len(body)} bytes")
    needs = ("senderAddress", "content", "recipients")
    message = object_of(parsed(body), _MESSAGE, "the message", needs)
    content = object_of(message["content"], _CONTENT, "content", ("subject",))
    groups = object_of(message["recipients"], _RECIPIENTS, "recipients", ("to",))
    people = {
        name: tuple(_people(groups.get(name, []), name)) for name in ("to", "cc", "bcc")
    }
    if not people["to"]:
        raise bad("recipients.to: needs at least one address")
    if sum(map(len, people.values())) > MAX_RECIPIENTS:
        raise RefusedError(400, "TooManyRecipients", f"more than {MAX_RECIPIENTS}")
    return Sent(
        sender=message["senderAddress"],
        **people,
        reply_to=tuple(_people(message.get("replyTo", []), "replyTo")),
        subject=content["subject"],
        text=content.get("plainText", ""),
        html=content.get("html", ""),
        headers=_headers(message.get("headers", {})),
        attachments=tuple(map(_attached, message.get("attachments", []))),
    )


def _people(group: list[Any], where: str) -> Iterator[str]:
    for each in group:
        person = object_of(each, _PERSON, where, ("address",))
        if not _ADDRESS.fullmatch(person["address"]):
            raise RefusedError(
                400, "InvalidEmailAddress", "Invalid format for email address"
            )
        yield person["address"]


def _headers(value: Mapping[str, Any]) -> Mapping[str, str]:
    for name, text in value.items():
        if not isinstance(text, str) or not _HEADER.fullmatch(name):
            raise bad(f"headers: {name!r} is none")
        if any(ord(char) < ord(" ") for char in text):
            raise bad(f"headers.{name}: holds a control character")
    return value


def _attached(value: Any) -> Attached:
    needs = ("name", "contentType", "contentInBase64")
    file = object_of(value, _ATTACHMENT, "attachments", needs)
    if file["contentType"] not in CONTENT_TYPES:
        raise RefusedError(
            400, "InvalidAttachmentType", f"{file['contentType']} is not allowed"
        )
    try:
        content = base64.b64decode(file["contentInBase64"], validate=True)
    except binascii.Error as exc:
        raise RefusedError(400, "InvalidAttachmentContent", str(exc)) from exc
    return Attached(
        name=file["name"], content_type=file["contentType"], content=content
    )
