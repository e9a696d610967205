"""The Graph stand-in is strict: what is not as Learn's pages say, it refuses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.graph import AUDIENCE, DELETED, DRAFTS, SENT
from local.graph_check import check_draft, check_mail, check_part, check_session
from local.shapes import RefusedError

from .makers import SENDER
from .peers import Peers

ID = "<20261121-0123456789abcdef0123.0@contoso.com>"
FILE = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "name": "contract.pdf",
    "contentType": "application/pdf",
    "contentBytes": base64.b64encode(b"%PDF").decode(),
}


def who(*addresses: str) -> list[dict[str, Any]]:
    """Recipients, as Graph names them."""
    return [{"emailAddress": {"address": each}} for each in addresses]


MESSAGE: dict[str, Any] = {
    "subject": "Scan",
    "body": {"contentType": "HTML", "content": "<p>Scanned</p>"},
    "toRecipients": who("office@contoso.com"),
    "internetMessageId": ID,
    "internetMessageHeaders": [{"name": "x-auto-response-suppress", "value": "All"}],
}
ITEM = {"attachmentType": "file", "name": "contract.pdf", "size": 3_000_000}
PART = {
    "content-type": "application/octet-stream",
    "content-range": "bytes 0-3/8",
}


def mail(**parts: Any) -> bytes:
    """The body of `sendMail`, with other parts."""
    return json.dumps({"message": MESSAGE | parts}).encode()


def session(**parts: Any) -> bytes:
    """The body of `createUploadSession`, with other parts."""
    return json.dumps({"AttachmentItem": ITEM | parts}).encode()


def test_mail_as_published_is_understood():
    """The shape of Learn's examples is read."""
    sent, is_kept = check_mail(mail(attachments=[FILE]))

    assert is_kept
    assert sent.recipients == ("office@contoso.com",)
    assert sent.message_id == ID
    assert sent.attachments[0].content == b"%PDF"
    assert check_draft(json.dumps(MESSAGE).encode()).subject == "Scan"
    assert check_session(session()).size == 3_000_000
    assert check_part(PART, 4).end == 4


HEADER = "internetMessageHeaders"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "BadRequest"),
        (b'{"message":{},"message":{}}', "BadRequest"),
        (b'{"Message":{}}', "BadRequest"),
        (mail(date="2026-11-21"), "BadRequest"),
        (mail(subject=7), "BadRequest"),
        (mail(subject="a\r\nBcc: eve@fabrikam.com"), "BadRequest"),
        (mail(body={"contentType": "rtf", "content": ""}), "BadRequest"),
        (mail(body="Scanned"), "BadRequest"),
        (mail(internetMessageId="no-brackets@contoso.com"), "BadRequest"),
        (mail(toRecipients=["office@contoso.com"]), "BadRequest"),
        (mail(toRecipients=who("office")), "ErrorInvalidRecipients"),
        (mail(replyTo=who("a@b.com, c@d.com")), "ErrorInvalidRecipients"),
        (
            mail(**{HEADER: [{"name": "Auto-Submitted", "value": "auto-generated"}]}),
            "InvalidInternetMessageHeader",
        ),
        (
            mail(**{HEADER: [{"name": f"x-{n}", "value": ""} for n in range(6)]}),
            "InvalidInternetMessageHeaderCollection",
        ),
        (mail(attachments=[FILE | {"contentBytes": "a"}]), "BadRequest"),
        (mail(attachments=[FILE | {"@odata.type": "file"}]), "BadRequest"),
        (mail(attachments=[{"name": "a.pdf"}]), "BadRequest"),
        (b" " * (4 * 1024 * 1024 + 1), "RequestEntityTooLarge"),
    ],
)
def test_mail_that_is_not_as_published_is_refused(body: bytes, code: str):
    """Only the properties, types and sizes of v1.0 are taken."""
    with pytest.raises(RefusedError) as caught:
        check_mail(body)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"attachmentItem":{}}', "BadRequest"),
        (session(attachmentType="item"), "BadRequest"),
        (session(size="3000000"), "BadRequest"),
        (session(size=2_999_999), "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"),
        (session(size=150_000_001), "ErrorAttachmentSizeLimitExceeded"),
    ],
)
def test_session_that_is_not_as_published_is_refused(body: bytes, code: str):
    """An upload session is for one file between 3 and 150 MB."""
    with pytest.raises(RefusedError) as caught:
        check_session(body)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("changes", "length", "status"),
    [
        ({"authorization": "Bearer x"}, 4, 401),
        ({"content-type": "application/pdf"}, 4, 400),
        ({"content-range": "bytes 0-3"}, 4, 400),
        ({"content-range": "bytes 0-3/3"}, 4, 400),
        ({}, 5, 400),
        ({"content-range": f"bytes 0-{1 << 22}/9999999"}, (1 << 22) + 1, 413),
    ],
)
def test_part_that_is_not_as_published_is_refused(
    changes: dict[str, str], length: int, status: int
):
    """A part names its bytes exactly, carries no token, and is at most 4 MB."""
    with pytest.raises(RefusedError) as caught:
        check_part(PART | changes, length)

    assert caught.value.status == status


class Client:
    """Asks the stand-in as an application does."""

    def __init__(self, peers: Peers) -> None:
        self.peers = peers
        self.token = peers.issuer.issue(AUDIENCE, {})

    def ask(self, method: str, path: str, **words: Any) -> requests.Response:
        """Ask for something of the mailbox."""
        url = f"{self.peers.graph.server.url}/v1.0/users/{SENDER}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, url, headers=headers, timeout=5, **words)

    def draft(self) -> str:
        """Make a draft; returns where it is."""
        made = self.ask("POST", "/messages", json=MESSAGE)
        return f"/messages/{quote(made.json()['id'], safe='')}"

    def found(self, message_id: str = ID) -> list[tuple[str, bool]]:
        """Where messages with an id are, and whether they are drafts."""
        where = {"$filter": f"internetMessageId eq '{message_id}'"}
        hits = self.ask("GET", "/messages", params=where).json()["value"]
        return [(each["parentFolderId"], each["isDraft"]) for each in hits]


@pytest.fixture
def client(peers: Peers) -> Client:
    """Give an application that may use the mailbox."""
    return Client(peers)


def test_sent_mail_is_in_sent_items(client: Client):
    """A mail leaves a copy by its Message-ID, and a second one leaves a second."""
    for _ in range(2):
        assert client.ask("POST", "/sendMail", json={"message": MESSAGE}).ok

    assert client.found() == [(SENT, False)] * 2
    assert len(client.peers.graph.mails) == 2
    assert client.found("<other@contoso.com>") == []


def test_draft_is_sent_once(client: Client):
    """Sending moves a draft to Sent Items; then it is not there any more."""
    where = client.draft()
    assert client.found() == [(DRAFTS, True)]

    assert client.ask("POST", f"{where}/send").status_code == 202

    assert client.found() == [(SENT, False)]
    assert client.ask("POST", f"{where}/send").status_code == 404


def test_deleted_draft_lies_in_deleted_items(client: Client):
    """What is deleted is a draft still, and has another id."""
    where = client.draft()

    assert client.ask("DELETE", where).status_code == 204

    assert client.found() == [(DELETED, True)]
    assert client.ask("DELETE", where).status_code == 404


def test_file_is_put_together_in_order(client: Client):
    """Parts come one after the other; the last one attaches the file."""
    where, data = client.draft(), bytes(range(250)) * 16_000
    item = ITEM | {"size": len(data)}
    made = client.ask(
        "POST",
        f"{where}/attachments/createUploadSession",
        json={"AttachmentItem": item},
    )
    url = made.json()["uploadUrl"]

    def put(start: int, end: int) -> requests.Response:
        spans = f"bytes {start}-{end - 1}/{len(data)}"
        headers = PART | {"content-range": spans}
        return requests.put(url, data[start:end], headers=headers, timeout=5)

    assert put(2_000_000, 4_000_000).status_code == 400
    assert put(0, 2_000_000).json()["nextExpectedRanges"] == ["2000000"]
    assert put(0, 2_000_000).status_code == 400
    assert put(2_000_000, 4_000_000).status_code == 201
    assert client.ask("POST", f"{where}/send").status_code == 202
    (sent,) = client.peers.graph.mails
    assert sent.sent.attachments[0].content == data


def outside(client: Client) -> None:
    """The role does not reach the mailbox."""
    mailboxes = client.peers.graph.mailboxes
    client.peers.graph.mailboxes = replace(
        mailboxes, in_scope=frozenset(), out_of_scope=mailboxes.in_scope
    )


def nowhere(client: Client) -> None:
    """There is no such mailbox."""
    mailboxes = client.peers.graph.mailboxes
    client.peers.graph.mailboxes = replace(mailboxes, in_scope=frozenset())


def strange(client: Client) -> None:
    """The token is for another service."""
    client.token = client.peers.issuer.issue("https://storage.azure.com", {})


@pytest.mark.parametrize(
    ("spoil", "message", "status"),
    [
        (strange, MESSAGE, 401),
        (outside, MESSAGE, 403),
        (nowhere, MESSAGE, 404),
        (lambda _: None, MESSAGE | {"from": who("jane@contoso.com")[0]}, 403),
        (lambda _: None, MESSAGE | {"toRecipients": []}, 400),
    ],
)
def test_who_may_not_send_is_refused(
    spoil: Callable[[Client], None],
    message: dict[str, Any],
    status: int,
    client: Client,
):
    """Token, scope, mailbox, sender and recipients are all looked at."""
    spoil(client)

    answer = client.ask("POST", "/sendMail", json={"message": message})

    assert answer.status_code == status
    assert not client.peers.graph.mails
