"""A message -> the JSON of `POST /emails:send`, its attachment streamed.

The same message gives the same bytes each time, as often as it is read. What the file
raises comes out unchanged, even through an HTTP library: see `Body.fault`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from shared.model import Content, Message

from .coding import coded, coded_size
from .mime import bare, unbroken


class Body:
    """A request's body, of known length, read piece by piece."""

    def __init__(
        self, message: Message, content: Content, check: Callable[[], None]
    ) -> None:
        self._head, self._tail = frame(message)
        self._content = content if message.attachment else None
        self._size = size_of(message)
        self._check = check
        """Raises once the body may not be completed any more."""
        self.is_out = False
        """Whether its last byte was handed to the socket."""
        self.fault: BaseException | None = None
        """What reading it raised, before any library wrapped it."""
        self.token_seconds = 0.0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        self.is_out = False
        try:
            yield from self._parts()
        except GeneratorExit:
            raise
        except BaseException as exc:
            # The library makes something else of it: whoever sends looks here.
            self.fault = exc
            raise
        # Whoever asks for more has passed on what came before.
        self.is_out = True

    def _parts(self) -> Iterator[bytes]:
        if self._content is None:
            self._check()
            yield self._head
            return
        yield self._head
        for block in coded(self._content):
            self._check()
            yield block
        self._check()
        yield self._tail

    def __deepcopy__(self, memo: dict[int, Any]) -> Body:
        # The SDK copies every request; the bytes stay where they are.
        return self

    def sha256(self) -> bytes:
        """Read it all once, for a signature."""
        digest = hashlib.sha256()
        for part in self:
            digest.update(part)
        self.is_out = False
        return digest.digest()


def size_of(message: Message) -> int:
    """Bytes of the whole request, base64 counted."""
    head, tail = frame(message)
    return len(head) + len(tail) + (coded_size(message.size) if tail else 0)


def frame(message: Message) -> tuple[bytes, bytes]:
    """Write the JSON before and behind the attachment's base64.

    Field names are those of the service's definition, version 2025-09-01. Raises
    PermanentError where a value would break a header that the service makes of it.
    """
    fields: dict[str, Any] = {
        # The service refuses a second mail with a Message-ID that it knows.
        "headers": {
            "Message-ID": unbroken(message.message_id),
            "x-ms-acsemail-validate-message-id": "true",
            "Auto-Submitted": "auto-generated",
        },
        "senderAddress": bare(message.sender),
        "content": {
            "subject": unbroken(message.subject),
            "plainText": message.text,
            "html": message.html,
        },
        "recipients": {
            kind: [{"address": bare(each)} for each in group]
            for kind, group in _groups(message)
        },
        "userEngagementTrackingDisabled": True,
    }
    if message.reply_to:
        fields["replyTo"] = [{"address": bare(message.reply_to)}]
    if not message.attachment:
        return _dumped(fields), b""
    mark = '"contentInBase64":"'
    attachment = {
        "name": unbroken(message.attachment),
        "contentType": message.media_type,
        "contentInBase64": "",
    }
    # Last in the object, so that nothing but the end stands behind it.
    whole = _dumped(fields | {"attachments": [attachment]})
    cut = whole.rindex(mark.encode()) + len(mark)
    return whole[:cut], whole[cut:]


def _groups(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "to", message.to
    if message.cc:
        yield "cc", message.cc
    if message.bcc:
        yield "bcc", message.bcc


def _dumped(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii")
