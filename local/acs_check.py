"""What ACS Email would say to a request: its body held against the definition. Pure.

In: the bytes of `POST /emails:send`. Out: a `Sent`. Raises `RefusedError` with status,
code and message. Unknown properties are refused too, which the service may not do.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.model import MEDIA_TYPES, Kind

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


class RefusedError(Exception):
    """The service refuses the request."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file in a mail."""

    name: str
    content_type: str
    content: bytes


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
    message = _object(_parsed(body), _MESSAGE, "the message")
    _need(message, ("senderAddress", "content", "recipients"), "the message")
    content = _object(message["content"], _CONTENT, "content")
    _need(content, ("subject",), "content")
    groups = _object(message["recipients"], _RECIPIENTS, "recipients")
    _need(groups, ("to",), "recipients")
    people = {
        name: tuple(_people(groups.get(name, []), name)) for name in ("to", "cc", "bcc")
    }
    if not people["to"]:
        raise _bad("recipients.to: needs at least one address")
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


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_unique)
    except ValueError as exc:
        raise _bad(f"the body is no JSON: {exc}") from exc


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a property is there twice")
    return dict(pairs)


def _object(value: Any, shape: Mapping[str, type], where: str) -> dict[str, Any]:
    """Take an object with these properties and no others."""
    if not isinstance(value, dict):
        raise _bad(f"{where}: is no object")
    for name, each in value.items():
        if name not in shape:
            raise _bad(f"{where}: has no property {name!r}")
        if not isinstance(each, shape[name]):
            raise _bad(f"{where}.{name}: is no {shape[name].__name__}")
    return value


def _need(value: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in names:
        if name not in value:
            raise _bad(f"{where}: lacks {name!r}")


def _people(group: list[Any], where: str) -> Iterator[str]:
    for each in group:
        person = _object(each, _PERSON, where)
        _need(person, ("address",), where)
        if not _ADDRESS.fullmatch(person["address"]):
            raise RefusedError(
                400, "InvalidEmailAddress", "Invalid format for email address"
            )
        yield person["address"]


def _headers(value: Mapping[str, Any]) -> Mapping[str, str]:
    for name, text in value.items():
        if not isinstance(text, str) or not _HEADER.fullmatch(name):
            raise _bad(f"headers: {name!r} is none")
        if any(ord(char) < ord(" ") for char in text):
            raise _bad(f"headers.{name}: holds a control character")
    return value


def _attached(value: Any) -> Attached:
    file = _object(value, _ATTACHMENT, "attachments")
    _need(file, ("name", "contentType", "contentInBase64"), "attachments")
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


def _bad(message: str) -> RefusedError:
    return RefusedError(400, "BadRequest", message)
