"""What Microsoft Graph would say to a mail: its JSON held against v1.0. Pure.

In: the body of `sendMail`, of a new draft, of an upload session, and a part's headers.
Out: a `Sent`, an `Item`, a `Part`. Raises `RefusedError`. Sources, all on Learn: "user:
sendMail", "message resource type", "fileAttachment resource type", "attachment:
createUploadSession", "Attach large files to Outlook messages or events".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .shapes import Attached, RefusedError, bad, object_of, parsed

MAX_REQUEST_BYTES = 4 * 1024 * 1024
"""Of any request that writes."""
MIN_SESSION_BYTES, MAX_SESSION_BYTES = 3_000_000, 150_000_000
"""Of a file that a session takes; 2 MiB was seen to be enough, too."""
MAX_PART_BYTES = 4 * 1024 * 1024
MAX_HEADERS = 5
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_FILE_TYPE = "#microsoft.graph.fileAttachment"

_TEXT, _LIST, _OBJECT, _FLAG, _NUMBER = str, list, dict, bool, int
_SEND_MAIL = {"message": _OBJECT, "saveToSentItems": _FLAG}
_MESSAGE = {
    "subject": _TEXT,
    "body": _OBJECT,
    "from": _OBJECT,
    "toRecipients": _LIST,
    "ccRecipients": _LIST,
    "bccRecipients": _LIST,
    "replyTo": _LIST,
    "internetMessageId": _TEXT,
    "internetMessageHeaders": _LIST,
    "attachments": _LIST,
}
"""Of what a message can have, what a mail of ours may."""
_BODY = {"contentType": _TEXT, "content": _TEXT}
_RECIPIENT = {"emailAddress": _OBJECT}
_EMAIL_ADDRESS = {"address": _TEXT, "name": _TEXT}
_HEADER = {"name": _TEXT, "value": _TEXT}
_FILE = {
    "@odata.type": _TEXT,
    "name": _TEXT,
    "contentType": _TEXT,
    "contentBytes": _TEXT,
}
_SESSION = {"AttachmentItem": _OBJECT}
_ITEM = {"attachmentType": _TEXT, "name": _TEXT, "contentType": _TEXT, "size": _NUMBER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as the service understood it."""

    author: str
    """Whom From names; empty: the mailbox."""
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    reply_to: tuple[str, ...]
    subject: str
    html: str
    message_id: str
    headers: Mapping[str, str]
    attachments: tuple[Attached, ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it goes to."""
        return self.to + self.cc + self.bcc


@dataclass(frozen=True, slots=True)
class Item:
    """A file that is going to be uploaded."""

    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes of a file a request brings."""

    start: int
    end: int
    """The first byte behind it."""
    of: int


def check_mail(body: bytes) -> tuple[Sent, bool]:
    """Read `sendMail`: the message, and whether Sent Items gets a copy."""
    mail = object_of(_small(body), _SEND_MAIL, "the body", ("message",))
    return _message(mail["message"]), mail.get("saveToSentItems", True)


def check_draft(body: bytes) -> Sent:
    """Read a new draft."""
    return _message(_small(body))


def check_session(body: bytes) -> Item:
    """Read what an upload session is asked for."""
    fields = object_of(_small(body), _SESSION, "the body", ("AttachmentItem",))
    needs = ("attachmentType", "name", "size")
    item = object_of(fields["AttachmentItem"], _ITEM, "AttachmentItem", needs)
    if item["attachmentType"] != "file":
        raise bad("AttachmentItem.attachmentType: is no file")
    if item["size"] < MIN_SESSION_BYTES:
        code = "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"
        raise RefusedError(400, code, f"{item['size']} bytes")
    if item["size"] > MAX_SESSION_BYTES:
        raise RefusedError(
            400, "ErrorAttachmentSizeLimitExceeded", f"{item['size']} bytes"
        )
    return Item(item["name"], item.get("contentType", ""), item["size"])


def check_part(headers: Mapping[str, str], length: int) -> Part:
    """Read which bytes of a file come with a request of so many."""
    if "authorization" in headers:
        # The address is the permission; a token for Graph is none for this host.
        raise RefusedError(401, "InvalidAudience", "The audience claim is invalid.")
    if headers.get("content-type") != "application/octet-stream":
        raise bad("Content-Type: is not application/octet-stream")
    found = _RANGE.fullmatch(headers.get("content-range", ""))
    if not found:
        raise RefusedError(400, "InvalidContentRange", "Content-Range is needed.")
    start, last, of = map(int, found.groups())
    if last - start + 1 != length or last >= of:
        raise RefusedError(
            400, "InvalidContentRange", "Content-Range does not match the bytes."
        )
    if length > MAX_PART_BYTES:
        raise RefusedError(413, "RequestEntityTooLarge", f"{length} bytes")
    return Part(start, last + 1, of)


def _small(body: bytes) -> Any:
    if len(body) > MAX_REQUEST_BYTES:
        raise RefusedError(413, "RequestEntityTooLarge", f"{len(body)} bytes")
    return parsed(body)


def _message(value: Any) -> Sent:
    message = object_of(value, _MESSAGE, "message", ("subject", "body"))
    body = object_of(message["body"], _BODY, "body", ("contentType", "content"))
    if body["contentType"].lower() not in {"text", "html"}:
        raise bad("body.contentType: is neither Text nor HTML")
    message_id = message.get("internetMessageId", "")
    if message_id and not _MESSAGE_ID.fullmatch(message_id):
        raise bad("internetMessageId: is none (RFC 2822)")
    if any(ord(char) < ord(" ") for char in message["subject"]):
        raise bad("subject: holds a control character")
    author = message.get("from")
    return Sent(
        author=next(_people([author], "from")) if author else "",
        to=tuple(_people(message.get("toRecipients", []), "toRecipients")),
        cc=tuple(_people(message.get("ccRecipients", []), "ccRecipients")),
        bcc=tuple(_people(message.get("bccRecipients", []), "bccRecipients")),
        reply_to=tuple(_people(message.get("replyTo", []), "replyTo")),
        subject=message["subject"],
        html=body["content"],
        message_id=message_id,
        headers=dict(_headers(message.get("internetMessageHeaders", []))),
        attachments=tuple(map(_attached, message.get("attachments", []))),
    )


def _people(group: list[Any], where: str) -> Iterator[str]:
    for each in group:
        person = object_of(each, _RECIPIENT, where, ("emailAddress",))
        shape, needs = _EMAIL_ADDRESS, ("address",)
        email = object_of(person["emailAddress"], shape, f"{where}.emailAddress", needs)
        if not _ADDRESS.fullmatch(email["address"]):
            words = "At least one recipient is not valid."
            raise RefusedError(400, "ErrorInvalidRecipients", words)
        yield email["address"]


def _headers(group: list[Any]) -> Iterator[tuple[str, str]]:
    if len(group) > MAX_HEADERS:
        raise RefusedError(400, "InvalidInternetMessageHeaderCollection", "too many")
    for each in group:
        needs = ("name", "value")
        header = object_of(each, _HEADER, "internetMessageHeaders", needs)
        if not header["name"].lower().startswith("x-"):
            words = f"The internet message header name {header['name']!r} should start"
            raise RefusedError(400, "InvalidInternetMessageHeader", f"{words} with x-.")
        if any(ord(char) < ord(" ") for char in header["value"]):
            raise bad("internetMessageHeaders: holds a control character")
        yield header["name"], header["value"]


def _attached(value: Any) -> Attached:
    needs = ("@odata.type", "name", "contentBytes")
    file = object_of(value, _FILE, "attachments", needs)
    if file["@odata.type"] != _FILE_TYPE:
        raise bad("attachments.@odata.type: is no file")
    try:
        content = base64.b64decode(file["contentBytes"], validate=True)
    except binascii.Error as exc:
        raise bad(f"attachments.contentBytes: {exc}") from exc
    kind = file.get("contentType", "")
    return Attached(name=file["name"], content_type=kind, content=content)
