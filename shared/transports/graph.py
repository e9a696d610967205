"""Microsoft Graph: mail of mailboxes by REST, to anyone.

A small mail is one `sendMail`. A large one is a draft, whose file is uploaded part by
part, and `send`. The Message-ID finds what was sent, and drafts that a crash left.
(Learn: "user: sendMail", "Attach large files to Outlook messages or events".)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from shared.errors import (
    DuplicateError,
    ForwardError,
    SenderRefusedError,
    ThrottledError,
    TooLargeError,
    UnconfirmedError,
    UnreachableError,
)
from shared.model import Content, Fate, Finding, Message, Receipt

from . import rest
from .base import Carries, Clock, Patience, Reach, Transport
from .clouds import PUBLIC, cloud_of_graph
from .coding import wrapped_size
from .config import setting, tls_address
from .deadline import Deadline
from .mailbox import QUOTAS, mailboxes
from .mime import bare, unbroken
from .rest import Wire
from .rest_answers import ANY, Table
from .rest_body import Body, Frame, framed

SMALL, LARGE, PART_BYTES = 3_000_000, 150_000_000, 3_932_160
"""A file from here on is uploaded, for base64 must fit 4 MB; the most; at once."""
_CREATED, _ACCEPTED = 201, 202

ANSWERS = Table(
    # A gateway's words: whoever stands behind it may have sent the mail all the same.
    statuses={502: UnconfirmedError, 504: UnconfirmedError},
    words=(
        (ANY, r"^ErrorSendAsDenied\b", SenderRefusedError),
        (ANY, r"^ErrorMessageSizeExceeded\b", TooLargeError),
        (ANY, r"^(ErrorExceededMessageLimit|ApplicationThrottled)\b", ThrottledError),
        # Somebody emptied the drafts; or Sent Items has filled the mailbox.
        (ANY, r"^(ErrorItemNotFound|ErrorQuotaExceeded)\b", UnreachableError),
    ),
    hints=(
        ("SendAs", "Add-RecipientPermission FROM -Trustee SENDER -AccessRights SendAs"),
        ("SizeExceeded", "Set-Mailbox SENDER -MaxSendSize 150MB"),
        ("QuotaExceeded", "give the sender's Sent Items a retention policy"),
        (r"^401", "check AZURE_CLIENT_ID, and that GRAPH_ENDPOINT is of its cloud"),
        (
            r"^403",
            "New-ManagementRoleAssignment -App ID -Role 'Application Mail.Send' (and "
            "'Application Mail.ReadWrite') -CustomResourceScope SCOPE; wait two hours",
        ),
        (r"^404", "GRAPH_SENDER must be mailboxes of the tenant"),
        (r"^3", "check GRAPH_ENDPOINT: it leads elsewhere"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(rest.Config):
    """Settings of the mailboxes that send."""

    graph_sender: tuple[str, ...] = setting(
        "a mailbox's address, or several, comma-separated", mailboxes
    )
    graph_endpoint: str = setting(PUBLIC.graph, tls_address, default=PUBLIC.graph)


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `graph`. Raises ConfigError."""
    url = config.graph_endpoint
    who = config.identity(f"{cloud_of_graph(url).graph}/.default", patience)
    wire = Wire("Graph", url, who, patience, config.requests_ca_bundle)
    return Graph(config.graph_sender, wire, clock, patience)


class Graph(rest.Service):
    """A transport that speaks to Microsoft Graph. Thread-safe."""

    name = "graph"
    reach = Reach.ANYONE

    @property
    def _most(self) -> int:
        """Bytes of a file that it takes."""
        return LARGE if cloud_of_graph(self._wire.url).uploads_mail else SMALL - 1

    @property
    def carries(self) -> Carries:
        """What a mailbox takes; of the file alone, Graph says how large it may be."""
        return Carries(
            # As a plan counts, which adds 8 KiB for headers and texts.
            max_bytes=wrapped_size(self._most) + (8 << 10),
            display_name=False,
            own_date=False,
            looks_up=True,
            quotas=QUOTAS,
            # Learn, "Microsoft Graph service-specific throttling limits", Outlook.
            connections=4,
        )

    def size_of(self, message: Message) -> int:
        """Bytes of the mail in one request, base64 counted, though it be uploaded."""
        return frame_of(message).size

    def send(self, message: Message, content: Content, deadline: datetime) -> Receipt:
        """Send one mail; promises and errors are `Transport.send`'s."""
        if message.size > self._most:
            raise TooLargeError(f"{message.size} bytes; Graph takes {self._most}")
        frame, limit = frame_of(message), self._until(deadline)
        if message.size >= SMALL:
            return self._by_draft(message, content, limit)
        body = Body(partial(frame.parts, content, limit.check), frame.size)
        return self._complete(_path(message.sender, "sendMail"), body, limit)

    def _by_draft(self, message: Message, content: Content, limit: Deadline) -> Receipt:
        if self._sweep(message):
            raise DuplicateError("Graph: a mail with this Message-ID was sent before")
        box = _path(message.sender, "messages")
        made = self._ask("POST", box, fields_of(message))
        path = _path(message.sender, "messages", str(made.get("id")))
        try:
            self._upload(path, message, content, limit)
            limit.check()
            return self._complete(f"{path}/send", Body(tuple, 0), limit)
        except BaseException as exc:
            # Whatever it was: no draft is left lying about; but one of unknown fate
            # may be on its way.
            if not isinstance(exc, UnconfirmedError):
                self._discard(path, exc)
            raise

    def _upload(
        self, path: str, message: Message, content: Content, limit: Deadline
    ) -> None:
        """Attach the file to a draft, and raise what reading it raises."""
        item = {
            "attachmentType": "file",
            "name": message.attachment,
            "contentType": message.media_type,
            "size": message.size,
        }
        where = f"{path}/attachments/createUploadSession"
        url = str(self._ask("POST", where, {"AttachmentItem": item}).get("uploadUrl"))
        answer = self._wire.upload(url, content, PART_BYTES, limit.check)
        if answer.status != _CREATED:
            raise ANSWERS.for_later(answer)

    def _complete(self, path: str, body: Body, limit: Deadline) -> Receipt:
        """Make the request with which a mail is accepted."""
        answer = self._wire.post(path, body, limit.answer_seconds())
        if answer.status != _ACCEPTED:
            raise ANSWERS.refusal(answer)
        said = f"{answer.status} {answer.headers.get('request-id', '')}".strip()
        return Receipt(answer=said, token_seconds=body.token_seconds)

    def _discard(self, path: str, exc: BaseException) -> None:
        """Delete a draft that will not be sent; never instead of why it will not."""
        try:
            self._ask("DELETE", path)
        except ForwardError as left:
            exc.add_note(f"a draft was left until the mail is sent again: {left}")

    def _ask(self, method: str, path: str, fields: object = None) -> Mapping[str, Any]:
        """Ask for what is not yet, or no more, a mail's acceptance."""
        answer = self._wire.ask(method, path, fields)
        return ANSWERS.done(answer, is_question=not fields).fields()

    def _sweep(self, message: Message) -> bool:
        """Delete drafts with the Message-ID; returns whether a mail has it, too."""
        wanted = message.message_id.replace("'", "''")
        where = quote(f"internetMessageId eq '{wanted}'", safe="")
        box = _path(message.sender, "messages")
        found = self._ask("GET", f"{box}?$filter={where}&$select=id,isDraft")
        if not isinstance(hits := found.get("value"), list):
            raise UnreachableError("Graph: a list of messages without a value")
        for draft in (each for each in hits if each.get("isDraft")):
            path = _path(message.sender, "messages", str(draft.get("id")))
            self._ask("DELETE", path)
        return any(each.get("isDraft") is False for each in hits)

    def look_up(self, message: Message) -> Finding | None:
        """Look for the mail in the mailbox; drafts of it are deleted."""
        fate = Fate.ACCEPTED if self._sweep(message) else Fate.UNKNOWN
        return Finding(fate=fate, answer=f"{fate} in the mailbox, by its Message-ID")

    def check(self) -> str:
        """Look at each mailbox's drafts; whether it may send, only a mail shows."""
        for sender in self.senders:
            self._ask("GET", _path(sender, "mailFolders", "drafts") + "?$select=id")
        return f"Graph shows the drafts of {', '.join(self.senders)}"


def _path(mailbox: str, *parts: str) -> str:
    steps = (bare(mailbox), *parts)
    return "/".join(["/v1.0/users", *(quote(each, safe="@") for each in steps)])


def frame_of(message: Message) -> Frame:
    """Write `sendMail`'s JSON round the file; Sent Items gets a copy by default."""
    fields = fields_of(message)
    if not message.attachment:
        return framed({"message": fields})
    file = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": unbroken(message.attachment),
        "contentType": message.media_type,
        "contentBytes": "",
    }
    fields["attachments"] = [file]
    return framed({"message": fields}, "contentBytes", message.size)


def fields_of(message: Message) -> dict[str, Any]:
    """A message without its file (Learn, "message resource type").

    Raises PermanentError where a value would break a header that Graph makes of it.
    """
    # The only headers of our own that Graph takes begin with x-.
    silent = {"name": "x-auto-response-suppress", "value": "All"}
    return {
        "subject": unbroken(message.subject),
        "body": {"contentType": "HTML", "content": message.html},
        "from": _people([message.author or message.sender])[0],
        "toRecipients": _people(message.to),
        "ccRecipients": _people(message.cc),
        "bccRecipients": _people(message.bcc),
        "replyTo": _people([message.reply_to] if message.reply_to else []),
        "internetMessageId": unbroken(message.message_id),
        "internetMessageHeaders": [silent],
    }


def _people(group: Sequence[str]) -> list[dict[str, Any]]:
    return [{"emailAddress": {"address": bare(each)}} for each in group]
