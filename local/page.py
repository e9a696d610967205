"""The inbox page: every mail with its headers, attachments and story, on localhost.

In: the inbox and the ledger. Out: HTML, and attachments under safe types only. What a
mail brings along is shown in sandboxed frames: it can run nothing and load nothing.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from local import page_html
from local.history import History
from local.inbox import Attachment, Inbox, Mail
from local.web import Request, Response, WebServer

STATIC = Path(__file__).with_name("static")
NAMES = frozenset({"localhost", "127.0.0.1"})
_OWN = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_FRAMED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A browser's PDF reader does not start inside a sandbox; it runs no script of ours.
_PDF = "frame-ancestors 'self'"
_TYPES = {"css": "text/css", "js": "text/javascript"}


class Page:
    """Answers for one inbox."""

    def __init__(self, inbox: Inbox, history: History) -> None:
        self._inbox = inbox
        self._history = history
        self._routes = (
            (re.compile(r"/"), self._list),
            (re.compile(r"/page\.(css|js)"), self._static),
            (re.compile(r"/mail/(\d{1,9})"), self._mail),
            (re.compile(r"/mail/(\d{1,9})/body"), self._body),
            (re.compile(r"/mail/(\d{1,9})/file/(\d{1,4})"), self._file),
        )

    def server(self, port: int) -> WebServer:
        """Bind a port; 0 takes a free one. Raises OSError where it is taken."""
        return WebServer(self.answer, port=port)

    def answer(self, request: Request) -> Response:
        """Answer a request; a name that is not this machine's is sent away.

        (Else a page from outside could read the mails by a name of its own that leads
        to 127.0.0.1.)
        """
        if request.headers.get("host", "").rpartition(":")[0] not in NAMES:
            return _plain(HTTPStatus.MISDIRECTED_REQUEST, "Ask for localhost.")
        if request.method != "GET":
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED, "This page is for reading.")
        for pattern, answer in self._routes:
            if found := pattern.fullmatch(request.path):
                return answer(*found.groups())
        return _missing()

    def _list(self) -> Response:
        return self._page(None)

    def _mail(self, number: str) -> Response:
        mail = self._inbox.find(int(number))
        return self._page(mail) if mail else _missing()

    def _page(self, mail: Mail | None) -> Response:
        story = self._history.find(mail.scan_id) if mail and mail.scan_id else None
        mails = self._inbox.mails()[::-1]
        text = page_html.page(mails, self._history.unsent(), mail, story)
        return _response(text.encode(), "text/html; charset=utf-8", _OWN)

    def _static(self, kind: str) -> Response:
        content = STATIC.joinpath(f"page.{kind}").read_bytes()
        return _response(content, f"{_TYPES[kind]}; charset=utf-8", _OWN)

    def _body(self, number: str) -> Response:
        mail = self._inbox.find(int(number))
        if mail is None or not mail.html:
            return _missing()
        return _response(mail.html.encode(), "text/html; charset=utf-8", _FRAMED)

    def _file(self, number: str, index: str) -> Response:
        mail = self._inbox.find(int(number))
        if mail is None or int(index) >= len(mail.attachments):
            return _missing()
        return _attachment(mail.attachments[int(index)])


def _attachment(file: Attachment) -> Response:
    """Show what a browser can show, by its content's own signature; offer the rest."""
    kind = page_html.shown_as(file)
    policy = _PDF if kind == "application/pdf" else _FRAMED
    how = "inline" if kind else "attachment"
    name = f"{how}; filename*=UTF-8''{quote(file.name, safe='')}"
    response = _response(file.content, kind or "application/octet-stream", policy)
    return Response(
        response.status,
        response.body,
        {**response.headers, "Content-Disposition": name},
    )


def _response(body: bytes, kind: str, policy: str) -> Response:
    headers = {
        "Content-Type": kind,
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(HTTPStatus.OK, body, headers)


def _plain(status: HTTPStatus, words: str) -> Response:
    response = _response(f"{words}\n".encode(), "text/plain; charset=utf-8", _OWN)
    return Response(status, response.body, response.headers)


def _missing() -> Response:
    return _plain(HTTPStatus.NOT_FOUND, "There is nothing here (any more).")
