"""Composing: a mail of the plan becomes the same message every time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.compose import compose, extent, languages, moment
from tests.makers import NOON, SCAN_ID, a_mail, a_row


def test_equal_mails_compose_to_equal_messages():
    """What is sent twice is the same."""
    first = compose(a_row(), a_mail(), shows_name=True)
    again = compose(a_row(attempts=7), a_mail(), shows_name=True)
    assert first == again


@pytest.mark.parametrize(
    ("n", "g", "message_id"),
    [
        (0, 0, f"<{SCAN_ID}.0@contoso.com>"),
        (3, 0, f"<{SCAN_ID}.3@contoso.com>"),
        (0, 2, f"<{SCAN_ID}.0.2@contoso.com>"),
    ],
)
def test_message_id_names_scan_mail_and_generation(n, g, message_id):
    """The Message-ID is the contract's, with the sender's domain."""
    message = compose(a_row(), a_mail(n=n, g=g), shows_name=True)
    assert message.message_id == message_id


def test_date_is_when_the_scan_was_received_or_ordered():
    """The first mails carry Last-Modified; a release carries its order's time."""
    ordered = datetime(2026, 11, 23, tzinfo=UTC)
    assert compose(a_row(), a_mail(), shows_name=True).date == NOON
    assert compose(a_row(), a_mail(g=1, date=ordered), shows_name=True).date == ordered


BODIES = [
    (
        {"language": "en", "timezone": "Europe/Berlin", "pages": 4},
        [
            "A scan from 2nd floor copier",
            "Scanned: 21 November 2026, 13:00 (Europe/Berlin)",
        ],
        "File: scan.pdf (2.3 MB, 4 pages)",
    ),
    (
        {"language": "de", "timezone": "Europe/Berlin", "pages": 1},
        ["Ein Scan von 2nd floor copier", "Gescannt: 21. November 2026, 13:00 Uhr"],
        "Datei: scan.pdf (2,3 MB, 1 Seite)",
    ),
    ({"language": "en"}, ["12:00 (UTC)"], "File: scan.pdf (2.3 MB)"),
]


@pytest.mark.parametrize(("changes", "parts", "file"), BODIES)
def test_body_names_device_time_pages_file_and_size(changes, parts, file):
    """A person sees where it comes from, when it was scanned, and what it is."""
    message = compose(a_row(), a_mail(**changes), shows_name=True)
    for part in [*parts, file, SCAN_ID]:
        assert part in message.text
        assert part in message.html


def test_display_name_stands_in_the_body_where_the_sender_cannot_show_it():
    """What a transport cannot carry is said in the body instead."""
    mail = a_mail(from_name="Jane via copier")
    shown = compose(a_row(), mail, shows_name=True)
    said = compose(a_row(), mail, shows_name=False)
    assert "Jane via copier" not in shown.text
    assert "Sent by: Jane via copier" in said.text


def test_html_escapes_what_came_from_outside():
    """A device called `<script>` is text."""
    message = compose(
        a_row(), a_mail(device_name="<script>x</script>"), shows_name=True
    )
    assert "<script>" not in message.html
    assert "&lt;script&gt;" in message.html


def test_html_brings_no_colours_of_its_own():
    """Dark mode stays readable."""
    page = compose(a_row(), a_mail(), shows_name=True).html
    assert "light dark" in page
    assert "background" not in page
    assert "color:" not in page


@pytest.mark.parametrize("field", ["subject", "from_name"])
def test_line_ends_never_reach_a_header(field):
    """CR, LF and NUL are blanks before a transport sees them."""
    mail = a_mail(**{field: "a\r\nBcc: x@y.z\x00b"})
    value = getattr(compose(a_row(), mail, shows_name=True), field)
    assert value == "a Bcc: x@y.z b"


def test_template_in_a_name_stays_a_name():
    """Braces from outside are never filled in."""
    message = compose(a_row(), a_mail(device_name="{scan_id}{0}"), shows_name=True)
    assert "A scan from {scan_id}{0}" in message.text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (512, "512 bytes"),
        (48_000, "48 kB"),
        (999_999, "1000 kB"),
        (2_345_678, "2.3 MB"),
    ],
)
def test_size_is_said_as_people_say_it(size, text):
    """Decimal units, as desktops show them."""
    assert extent(size, ".") == text


def test_every_language_says_everything():
    """No text is missing in any language."""
    keys = {frozenset(words) for words in languages().values()}
    assert len(keys) == 1
    for language in languages():
        assert moment(NOON, a_mail(language=language))


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Note: sent from the service's"), ("de", "Hinweis: gesendet von der")],
)
def test_note_says_whom_the_mail_is_not_from(language, words):
    """Whatever an address may hold, it stays text."""
    author = "o'neil&{0}@contoso.com"
    mail = a_mail(author=author, as_service=True, language=language)
    message = compose(a_row(), mail, shows_name=True)
    assert words in message.text
    assert author in message.text
    assert "o&#x27;neil&amp;{0}@contoso.com" in message.html
    assert message.author == ""
