"""A message -> the JSON of `POST /emails:send`, its attachment streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from shared.model import Content, Message

from . import rest_body
from .mime import bare, unbroken
from .rest_body import Frame, framed


class Body(rest_body.Body):
    """The body of one mail's request; `check` raises once it may not be completed."""

    def __init__(
        self, message: Message, content: Content, check: Callable[[], None]
    ) -> None:
        frame = frame_of(message)
        super().__init__(partial(frame.parts, content, check), frame.size)


def size_of(message: Message) -> int:
    """Bytes of the whole request, base64 counted."""
    return frame_of(message).size


def frame_of(message: Message) -> Frame:
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
        return framed(fields)
    attachment = {
        "name": unbroken(message.attachment),
        "contentType": message.media_type,
        "contentInBase64": "",
    }
    whole = fields | {"attachments": [attachment]}
    return framed(whole, "contentInBase64", message.size)


def _groups(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "to", message.to
    if message.cc:
        yield "cc", message.cc
    if message.bcc:
        yield "bcc", message.bcc
