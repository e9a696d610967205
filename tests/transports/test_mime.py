"""Mails as bytes: golden files, and what a recipient reads in them."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.model import Message
from shared.transports import mime
from shared.transports.coding import wrapped

from .makers import File, a_message
from .peers import parsed

GOLDEN = Path(__file__).with_name("golden")
SAMPLE = b"%PDF-1.7\n" + bytes(range(120)) + b"\n%%EOF\n"
UMLAUTS = "Rechnung für „Müller & Söhne“ – Straße 7, zweite Ausfertigung (Kopie).pdf"
TEXTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=80
).map(lambda text: " ".join(text.split()))
"""As `compose` leaves them: one line, single blanks."""

MESSAGES = {
    "plain": a_message(
        to=("office@contoso.com", "anna@contoso.com"),
        cc=("ben@contoso.com",),
        bcc=("carol@contoso.com",),
        size=len(SAMPLE),
    ),
    "umlauts": a_message(
        from_name='Kopierer 2. OG "Süd"',
        subject="Scan von Kopierer 2. OG „Süd“: Rechnung für Müller & Söhne 📄",
        text="Gescannt: 21. November 2026, 13:00\n.\n--\nGrüße\n",
        html="<p>Grüße</p>" + "<br>lang" * 20,
        attachment=UMLAUTS,
        size=len(SAMPLE),
    ),
    "blind": a_message(
        to=(), bcc=("carol@contoso.com",), from_name="", reply_to="", size=len(SAMPLE)
    ),
    "notice": a_message(attachment="", size=0, subject="3 scans are held"),
}


def whole(message: Message, file: bytes = SAMPLE) -> bytes:
    """The mail as it goes over the wire, dots not doubled."""
    letter = mime.letter(message)
    coded = wrapped(File(file)) if letter.attached is not None else ()
    return letter.head + b"".join(coded) + letter.tail


@pytest.mark.parametrize("name", MESSAGES)
def test_mail_is_as_it_ever_was(name: str):
    """A mail's bytes never change, from one version to the next."""
    assert whole(MESSAGES[name]) == (GOLDEN / f"{name}.eml").read_bytes()


@pytest.mark.parametrize("name", MESSAGES)
def test_lines_are_short_and_end_alike(name: str):
    """No line is longer than 78 characters, and each ends with CRLF."""
    data = whole(MESSAGES[name])

    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert max(map(len, data.split(b"\r\n"))) <= mime.FOLD
    assert data.isascii()


def test_headers_say_what_they_must():
    """A mail names its recipients, its answer address, and that a machine sent it."""
    mail = parsed(whole(MESSAGES["plain"]))

    assert mail["From"] == "2nd floor copier <scans@contoso.com>"
    assert mail["To"] == "office@contoso.com, anna@contoso.com"
    assert mail["Cc"] == "ben@contoso.com"
    assert mail["Reply-To"] == "jane@contoso.com"
    assert mail["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
    assert mail["Message-ID"] == MESSAGES["plain"].message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_blind_copies_are_nowhere_in_the_mail():
    """Who gets a blind copy is told to the server and to nobody else."""
    for name in ("plain", "blind"):
        assert b"carol" not in whole(MESSAGES[name])


def test_mail_to_blind_copies_alone_has_a_to():
    """A mail without `to` and `cc` says that its recipients are not disclosed."""
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in whole(MESSAGES["blind"])


def test_mail_without_name_and_answer_address_lacks_them():
    """An empty name or answer address leaves no empty header."""
    mail = parsed(whole(MESSAGES["blind"]))

    assert mail["From"] == "scans@contoso.com"
    assert "Reply-To" not in mail


def test_author_stands_in_from_and_nowhere_else():
    """Send As: no Sender header, which would read `on behalf of`."""
    message = a_message(author="jane@contoso.com", from_name="Jane Doe")
    mail = parsed(whole(message))

    assert mail["From"] == "Jane Doe <jane@contoso.com>"
    assert "Sender" not in mail
    with pytest.raises(PermanentError):
        mime.letter(a_message(author="jane@contoso.com\r\nBcc: eve@contoso.com"))


def test_bodies_come_back_as_they_were():
    """Text and HTML are read as they were written, dots and umlauts too."""
    message = MESSAGES["umlauts"]
    mail = parsed(whole(message))

    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().split() == message.text.split()
    assert html.get_content().strip() == message.html


def test_attachment_comes_back_as_it_was():
    """The file, its name and its type reach the recipient unchanged."""
    (file,) = parsed(whole(MESSAGES["umlauts"])).iter_attachments()

    assert file.get_content() == SAMPLE
    assert file.get_filename() == UMLAUTS
    assert file.get_content_type() == "application/pdf"


def test_notice_is_no_multipart_mixed():
    """A notice has its two bodies and nothing else."""
    mail = parsed(whole(MESSAGES["notice"], b""))

    assert mail.get_content_type() == "multipart/alternative"
    assert not list(mail.iter_attachments())


def shown_name(head: bytes) -> str:
    """The sender's name; the newer parser puts blanks between encoded words."""
    value = message_from_bytes(head)["From"].rpartition(" <")[0].replace("\r\n", "")
    text = str(make_header(decode_header(value)))
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if value.startswith('"') else text


@given(subject=TEXTS, name=TEXTS)
def test_any_text_comes_back(subject: str, name: str):
    """Whatever stands in a subject or a name is read back as it was."""
    head = mime.letter(a_message(subject=subject, from_name=name)).head
    mail = parsed(head)

    assert mail["Subject"] == subject
    assert shown_name(head) == name
    assert max(map(len, head.split(b"\r\n"))) <= mime.LINE_LIMIT


@given(name=TEXTS.filter(bool))
def test_any_file_name_comes_back(name: str):
    """Whatever a file is called, it is saved under its own name."""
    (file,) = parsed(
        whole(a_message(attachment=name, size=3), b"abc")
    ).iter_attachments()

    # `get_filename` takes quotes for quoting that are the name's own.
    assert file["Content-Disposition"].params["filename"] == name


@given(value=st.text(max_size=40), bad=st.sampled_from("\r\n\0\x1b\x7f\x85\u2028"))
def test_control_character_raises(value: str, bad: str):
    """A control character in any header's value is an error, never a header."""
    for field in ("subject", "from_name", "attachment", "message_id"):
        message = a_message(**{field: f"{value}{bad}"})
        with pytest.raises(PermanentError):
            mime.letter(message)


def test_line_without_blanks_that_is_too_long_raises():
    """A header that cannot be folded under 998 characters is an error."""
    with pytest.raises(PermanentError):
        mime.letter(a_message(message_id=f"<{'a' * 1000}@contoso.com>"))
