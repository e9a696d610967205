"""The Microsoft Graph stand-in: mail of some mailboxes by v1.0, as strict as its pages.

Requests carry a token for Graph; uploads carry none, and go to an address of their own.
A message that was deleted lies in Deleted Items, under another id, until it is deleted
there. Mails are kept; a second mail with a Message-ID is a second mail.
"""

from __future__ import annotations

import itertools
import re
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

import jwt

from .graph_check import (
    Item,
    Sent,
    check_draft,
    check_mail,
    check_part,
    check_session,
)
from .shapes import Attached, RefusedError, bad
from .tokens import Issuer
from .web import Request, Response, WebServer

AUDIENCE = "https://graph.microsoft.com"
DRAFTS, SENT, DELETED = "drafts", "sentitems", "deleteditems"
_UPLOADS = "/uploads/"
_FILTER = re.compile(r"internetMessageId eq '((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailboxes:
    """Those of the tenant, and what the application may do with them."""

    issuer: Issuer
    in_scope: frozenset[str]
    out_of_scope: frozenset[str] = frozenset()
    """There, but not for this application."""
    send_as: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Mailbox -> whom else its mails may be from."""
    max_send_bytes: int = 150_000_000
    """Of a whole message; Exchange's own default is 35 MB."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in a mailbox."""

    id: str
    mailbox: str
    folder: str
    sent: Sent
    body: bytes
    """The request that made it."""
    is_draft: bool


@dataclass(slots=True)
class _Upload:
    """A session: the file, as far as it has come."""

    message_id: str
    item: Item
    came: bytearray = field(default_factory=bytearray)


class GraphService:
    """Takes mails while its `server` and its `uploads` run."""

    def __init__(
        self, mailboxes: Mailboxes, context: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.mailboxes = self._first = mailboxes
        self.server = WebServer(self._answer, context, port)
        self.uploads = WebServer(self._answer_upload, context)
        """The other host, where files are uploaded to."""
        self.mails: list[Stored] = []
        """What was sent, in order."""
        self._stored: dict[str, Stored] = {}
        self._open: dict[str, _Upload] = {}
        self._ids = itertools.count(1)
        self._lock = threading.RLock()

    def forget(self) -> None:
        """Forget every message, as if nothing had ever come."""
        with self._lock:
            self.mailboxes = self._first
            self.mails.clear()
            self._stored.clear()
            self._open.clear()

    def folder(self, name: str) -> list[Stored]:
        """What lies in a folder of any mailbox."""
        with self._lock:
            return [each for each in self._stored.values() if each.folder == name]

    def _answer(self, request: Request) -> Response:
        return _said(lambda: self._route(request))

    def _answer_upload(self, request: Request) -> Response:
        return _said(lambda: self._upload(request))

    def _route(self, request: Request) -> Response:
        self._authenticate(request)
        match [unquote(each) for each in request.path.split("/")]:
            case ["", "v1.0", "users", mailbox, *rest]:
                self._allow(mailbox)
            case _:
                raise bad("Resource not found for the segment.")
        with self._lock:
            match request.method, rest:
                case "POST", ["sendMail"]:
                    return self._send_mail(mailbox, request)
                case "POST", ["messages"]:
                    return self._new_draft(mailbox, request)
                case "GET", ["messages"]:
                    return self._list(mailbox, request)
                case "GET", ["mailFolders", folder]:
                    return self._folder(folder)
                case method, ["messages", message_id, *action]:
                    stored = self._find(mailbox, message_id)
                    return self._act(stored, (method, *action), request)
        raise bad("Resource not found for the segment.")

    def _act(
        self, stored: Stored, action: tuple[str, ...], request: Request
    ) -> Response:
        """Do something with one message."""
        match action:
            case ("DELETE",):
                return self._delete(stored)
            case ("POST", "attachments", "createUploadSession"):
                return self._new_session(stored, request)
            case ("POST", "send"):
                return self._send_draft(stored, request)
        raise bad("Resource not found for the segment.")

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            bearer = token if scheme == "Bearer" else ""
            self.mailboxes.issuer.verify(bearer, AUDIENCE)
        except jwt.InvalidTokenError as exc:
            raise RefusedError(401, "InvalidAuthenticationToken", str(exc)) from exc

    def _allow(self, mailbox: str) -> None:
        """Raises RefusedError (Learn, "RBAC for Applications in Exchange Online")."""
        if mailbox in self.mailboxes.out_of_scope:
            words = "Access is denied. Check credentials and try again."
            raise RefusedError(403, "ErrorAccessDenied", words)
        if mailbox not in self.mailboxes.in_scope:
            words = "The requested user is invalid."
            raise RefusedError(404, "ErrorInvalidUser", words)

    def _send_mail(self, mailbox: str, request: Request) -> Response:
        sent, is_kept = check_mail(_json(request))
        self._accept(mailbox, sent, request.body, is_kept=is_kept)
        return Response(202)

    def _send_draft(self, stored: Stored, request: Request) -> Response:
        if request.headers.get("content-length") != "0":
            raise RefusedError(411, "LengthRequired", "Content-Length: 0 is required.")
        if not stored.is_draft:
            raise RefusedError(400, "ErrorInvalidOperation", "It is no draft.")
        self._accept(stored.mailbox, stored.sent, stored.body, is_kept=True)
        del self._stored[stored.id]
        return Response(202)

    def _accept(self, mailbox: str, sent: Sent, body: bytes, *, is_kept: bool) -> None:
        """Send a mail, and put its copy into Sent Items."""
        if not sent.recipients:
            words = "At least one recipient is needed."
            raise RefusedError(400, "ErrorInvalidRecipients", words)
        others = self.mailboxes.send_as.get(mailbox, frozenset())
        if sent.author and sent.author not in {mailbox, *others}:
            words = "The user account may not send as this sender."
            raise RefusedError(403, "ErrorSendAsDenied", words)
        size = sum(len(each.content) for each in sent.attachments)
        if size > self.mailboxes.max_send_bytes:
            words = "The message exceeds the maximum supported size."
            raise RefusedError(400, "ErrorMessageSizeExceeded", words)
        copy = self._store(mailbox, SENT, sent, body) if is_kept else None
        self.mails.append(copy or Stored("", mailbox, SENT, sent, body, is_draft=False))

    def _store(self, mailbox: str, folder: str, sent: Sent, body: bytes) -> Stored:
        is_draft = folder == DRAFTS
        # As theirs look: what it ends on must be encoded in a path.
        message_id = f"AAMk/{next(self._ids)}+A="
        stored = Stored(message_id, mailbox, folder, sent, body, is_draft)
        self._stored[message_id] = stored
        return stored

    def _new_draft(self, mailbox: str, request: Request) -> Response:
        sent = check_draft(_json(request))
        stored = self._store(mailbox, DRAFTS, sent, request.body)
        return Response.of(201, _shown(stored))

    def _list(self, mailbox: str, request: Request) -> Response:
        """List every folder's messages with a Message-ID."""
        found = _FILTER.fullmatch(request.query.get("$filter", ""))
        if not found:
            raise RefusedError(400, "ErrorInvalidUrlQueryFilter", "not supported here")
        wanted = found[1].replace("''", "'")
        hits = [
            _shown(each)
            for each in self._stored.values()
            if each.mailbox == mailbox and each.sent.message_id == wanted
        ]
        return Response.of(200, {"value": hits})

    def _folder(self, name: str) -> Response:
        if name not in {DRAFTS, SENT, DELETED}:
            raise RefusedError(404, "ErrorItemNotFound", "There is no such folder.")
        return Response.of(200, {"id": name})

    def _find(self, mailbox: str, message_id: str) -> Stored:
        stored = self._stored.get(message_id)
        if stored is None or stored.mailbox != mailbox:
            words = "The specified object was not found in the store."
            raise RefusedError(404, "ErrorItemNotFound", words)
        return stored

    def _delete(self, stored: Stored) -> Response:
        """Move a message to Deleted Items; from there it is gone."""
        del self._stored[stored.id]
        if stored.folder != DELETED:
            moved = f"AAMk/{next(self._ids)}+A="
            self._stored[moved] = replace(stored, id=moved, folder=DELETED)
        return Response(204)

    def _new_session(self, stored: Stored, request: Request) -> Response:
        item = check_session(_json(request))
        if not stored.is_draft:
            raise RefusedError(400, "ErrorInvalidOperation", "It is no draft.")
        key = str(next(self._ids))
        self._open[key] = _Upload(stored.id, item)
        where = f"{self.uploads.url}{_UPLOADS}Sessions('{key}')?authtoken=made.up"
        expires = "2099-01-01T00:00:00Z"
        session = {"uploadUrl": where, "expirationDateTime": expires}
        return Response.of(201, {**session, "nextExpectedRanges": ["0-"]})

    def _upload(self, request: Request) -> Response:
        key = request.path.removeprefix(f"{_UPLOADS}Sessions('").removesuffix("')")
        with self._lock:
            upload = self._open.get(key)
            if upload is None or request.query.get("authtoken") != "made.up":
                raise RefusedError(404, "ErrorItemNotFound", "There is no session.")
            part = check_part(request.headers, len(request.body))
            if part.of != upload.item.size or part.start != len(upload.came):
                raise RefusedError(400, "InvalidContentRange", "It is not the next.")
            upload.came += request.body
            if part.end < part.of:
                return Response.of(200, {"nextExpectedRanges": [str(part.end)]})
            del self._open[key]
            self._attach(upload)
        return Response(201, headers={"Location": f"{self.uploads.url}/Attachments"})

    def _attach(self, upload: _Upload) -> None:
        stored = self._stored.get(upload.message_id)
        if stored is None:
            raise RefusedError(404, "ErrorItemNotFound", "The message is gone.")
        item = upload.item
        file = Attached(
            name=item.name, content_type=item.content_type, content=bytes(upload.came)
        )
        files = (*stored.sent.attachments, file)
        sent = replace(stored.sent, attachments=files)
        self._stored[stored.id] = replace(stored, sent=sent)


def _said(answer: Callable[[], Response]) -> Response:
    """Answer, or say why not, as Graph does."""
    try:
        return answer()
    except RefusedError as exc:
        error = {"code": exc.code, "message": exc.message}
        return Response.of(exc.status, {"error": error})


def _json(request: Request) -> bytes:
    if request.headers.get("content-type") != "application/json":
        raise RefusedError(415, "UnsupportedMediaType", "JSON is wanted.")
    return request.body


def _shown(stored: Stored) -> Mapping[str, object]:
    return {
        "id": stored.id,
        "isDraft": stored.is_draft,
        "parentFolderId": stored.folder,
        "internetMessageId": stored.sent.message_id,
    }
