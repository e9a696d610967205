"""The inbox page: what it shows, and that what a mail brings along can do no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from azure.data.tables import EdmType, EntityProperty

from local.acs import Operation
from local.acs_check import Sent
from local.azurite import Azurite
from local.history import History
from local.inbox import Inbox
from local.mailserver import Received
from local.page import Page
from local.shapes import Attached

SCAN_ID = "20261121-0123456789abcdef0123"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RAW = f"""\
From: =?utf-8?q?Kopierer_B=C3=BCro?= <scans@contoso.com>
To: jane@contoso.com
Subject: <script>alert(1)</script>
Message-ID: <{SCAN_ID}.0@contoso.com>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

plain & simple
--a
Content-Type: text/html; charset=utf-8

<b>bold</b><script>alert(2)</script>
--a--
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="a \\"b\\".pdf"

%PDF-1.4
--b
Content-Type: text/html
Content-Disposition: attachment; filename="evil.html"

<script>alert(3)</script>
--b
Content-Type: image/tiff
Content-Disposition: attachment; filename="fax.tif"

II*
--b--
""".replace("\n", "\r\n").encode()


def operation(**changes: object) -> Operation:
    """A mail that the ACS stand-in took."""
    values: dict[str, object] = {
        "sender": "scans@mail.contoso.com",
        "to": ("ap@fabrikam.com",),
        "cc": (),
        "bcc": (),
        "reply_to": ("jane@contoso.com",),
        "subject": "Invoice",
        "text": "text",
        "html": "",
        "headers": {"Message-ID": f"<{SCAN_ID}.1@mail.contoso.com>"},
        "attachments": (
            Attached(
                name="a.jpg", content_type="image/jpeg", content=b"\xff\xd8\xff\xe0"
            ),
        ),
        **changes,
    }
    return Operation("11111111-1111-4111-8111-111111111111", Sent(**values), b"", 2.0)  # type: ignore[arg-type]


@pytest.fixture
def inbox() -> Inbox:
    """A mail by each transport."""
    box = Inbox()
    box.take_smtp(
        Received(
            "scans@contoso.com", "scans@contoso.com", ("jane@contoso.com",), RAW, 1.0
        )
    )
    box.follow([operation()])
    return box


@pytest.fixture
def row(azurite) -> Iterator[dict[str, object]]:
    """A row of the ledger."""
    table = azurite.tables().get_table_client("ledger")
    mail: dict[str, object] = {
        "transport": "hve",
        "state": "accepted",
        "answer": "250 2.0.0 <OK>",
    }
    mail |= {"to": ["jane@contoso.com"], "cc": [], "bcc": []}
    mail |= {"refused": {"x@contoso.com": "550 5.1.10"}}
    values = {
        "PartitionKey": SCAN_ID[:8],
        "RowKey": SCAN_ID,
        "state": "held",
        "reason": "recipient-refused",
        "path": "mfp-2f/<b>.pdf",
        "received": NOON,
        "updated": NOON,
        "size": EntityProperty(1234, EdmType.INT64),
        "type": "pdf",
        "device": "mfp-2f",
        "attempts": 1,
        "last_error": "x@contoso.com: 550 5.1.10",
        "plan": json.dumps([mail]),
    }
    table.upsert_entity(values)
    yield values
    table.delete_entity(SCAN_ID[:8], SCAN_ID)


@pytest.fixture
def ask(azurite, inbox):
    """Ask the page over HTTP."""
    history = History(azurite.tables().get_table_client("ledger"))
    with Page(inbox, history).server(0) as server:

        def get(path: str, **more: object) -> requests.Response:
            return requests.get(server.url + path, timeout=10, **more)  # type: ignore[arg-type]

        yield get


def test_list_shows_every_mail_newest_first(ask):
    """Subject, sender, recipients, transport, files."""
    text = ask("/").text
    assert text.index("Invoice") < text.index("&lt;script&gt;alert(1)")
    for words in ("Kopierer Büro", "ap@fabrikam.com", "hve", "acs", "a.jpg", "fax.tif"):
        assert words in text
    assert "2 mails received" in text


def test_mail_shows_headers_and_text(ask):
    """Every header as it came, decoded, and the text."""
    text = ask("/mail/1").text
    assert f"Message-ID: &lt;{SCAN_ID}.0@contoso.com&gt;" in text
    assert "plain &amp; simple" in text


def test_nothing_from_a_mail_is_markup_of_the_page(ask):
    """Subjects, names and bodies are escaped wherever they stand."""
    for path in ("/", "/mail/1", "/mail/2"):
        assert "<script>alert" not in ask(path).text


def test_html_body_stands_in_a_frame_that_runs_nothing(ask):
    """The frame is sandboxed by the page, and by the answer's own policy."""
    assert '<iframe class="body" sandbox title=' in ask("/mail/1").text
    policy = ask("/mail/1/body").headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("path", "kind", "how"),
    [
        ("/mail/1/file/0", "application/pdf", "inline"),
        ("/mail/1/file/1", "application/octet-stream", "attachment"),
        ("/mail/1/file/2", "application/octet-stream", "attachment"),
        ("/mail/2/file/0", "image/jpeg", "inline"),
    ],
)
def test_attachment_opens_only_as_what_it_is(ask, path, kind, how):
    """PDF and pictures by their signature; all else is offered to be saved."""
    headers = ask(path).headers
    assert headers["Content-Type"] == kind
    assert headers["Content-Disposition"].startswith(how)
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_attachment_s_bytes_come_back_unchanged(ask):
    """What is saved is what was mailed."""
    assert ask("/mail/2/file/0").content == b"\xff\xd8\xff\xe0"


def test_tiff_is_said_to_be_for_saving(ask):
    """Browsers do not show it."""
    assert "Browsers do not show TIFF" in ask("/mail/1").text


def test_story_is_told_in_words(ask, row):
    """State, reason, what to do, and how each mail fared."""
    text = ask("/mail/1").text
    assert "The scan is held: the mail server refused a recipient." in text
    assert "mfp-2f/&lt;b&gt;.pdf (1.2 kB, pdf)" in text
    assert "By hve to jane@contoso.com" in text
    assert "accepted: 250 2.0.0 &lt;OK&gt;" in text
    assert "Refused for x@contoso.com" in text
    assert row["last_error"] in text


def test_scan_that_is_not_sent_stands_on_top(ask, row):
    """What waits or is held has no mail to find it by."""
    assert '<section class="unsent">' in ask("/").text
    assert "mfp-2f/&lt;b&gt;.pdf" in ask("/").text
    assert row["state"] == "held"


def test_without_a_row_the_page_says_so(ask):
    """A mail whose row is gone is still shown."""
    assert f"The ledger has no row {SCAN_ID}" in ask("/mail/1").text


def test_storage_that_is_away_does_not_hide_the_mails(inbox):
    """The inbox is in memory."""
    gone = Azurite().tables().get_table_client("ledger")
    with Page(inbox, History(gone)).server(0) as server:
        assert requests.get(f"{server.url}/mail/1", timeout=10).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/mail/3", "/mail/1/file/9", "/mail/2/body", "/x", "/page.py", "/mail/1%2Fbody"],
)
def test_what_is_not_there_is_not_found(ask, path):
    """Mails, files and paths."""
    assert ask(path).status_code == 404


@pytest.mark.parametrize("kind", ["css", "js"])
def test_style_and_script_are_served(ask, kind):
    """From the page's own address; the policy allows no other."""
    assert ask(f"/page.{kind}").status_code == 200
    assert f"/page.{kind}" in ask("/").text


def test_another_name_for_this_machine_is_sent_away(ask):
    """A page from outside cannot read mails by a name that leads to 127.0.0.1."""
    assert ask("/", headers={"Host": "mails.example.com:80"}).status_code == 421


@pytest.mark.parametrize("path", ["/", "/mail/1", "/page.js", "/mail/1/file/0"])
def test_every_answer_carries_its_policy(ask, path):
    """No answer goes without a policy, sniffed or into a cache."""
    headers = ask(path).headers
    assert headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
