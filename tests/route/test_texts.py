"""Subject, names, answers, time zone and language: each from whoever says it first."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest

from shared.plain import plain
from tests.route.world import a_scan, routed

TO = '[[routes]]\nmatch = "**"\nto = ["a@contoso.com"]\n'


def subject(
    template: str, path: str = "mfp-2f/Bill 7.pdf", more: str = "", **said
) -> str:
    """The subject that a template of the defaults makes."""
    toml = f'{TO}\n[defaults]\nsubject = "{template}"\n{more}'
    return routed(a_scan(path, **said), toml).subject


def test_nothing_said_says_the_usual():
    """Where routes.toml is missing."""
    routing = routed(a_scan(metadata={"to": "a@contoso.com"}))
    assert routing.subject == "Scan from mfp-2f: scan"
    assert (routing.from_name, routing.device_name) == ("mfp-2f", "mfp-2f")
    assert (routing.timezone, routing.language) == ("UTC", "en")
    assert (routing.reply_to, routing.sender_wish) == ("", "service")


PLACEHOLDERS = [
    ("{device}", {}, "mfp-2f"),
    ("{file}", {}, "Bill 7.pdf"),
    ("{name}", {}, "Bill 7"),
    ("{name}", {"metadata": {"name": "June"}}, "June"),
    ("{user}", {}, ""),
    ("{user}", {"metadata": {"user": "Ann"}}, "Ann"),
    ("{date} {time}", {}, "2026-11-21 12:00"),
    ("{pages}", {}, ""),
    ("{pages}", {"pages": 3}, "3"),
    ("[{name}|{name}]", {}, "[Bill 7|Bill 7]"),
]


@pytest.mark.parametrize(("template", "said", "text"), PLACEHOLDERS)
def test_placeholder_is_filled(template, said, text):
    """The fixed ones, in any text."""
    assert subject(template, **said) == text


@pytest.mark.parametrize(
    ("path", "name"), [("a/b", "b"), ("a/b.c.pdf", "b.c"), ("a/.pdf", ".pdf")]
)
def test_name_is_the_file_without_its_extension(path, name):
    """Whatever the extension; a dot in front is none."""
    assert subject("{name}", path) == name


def test_device_is_called_by_its_name():
    """Else by its id."""
    more = '[devices.mfp-2f]\nname = "2nd floor copier"\n'
    assert subject("{device}", more=more) == "2nd floor copier"


@pytest.mark.parametrize("path", ["b\u00fcro/a.pdf", "bu\u0308ro/a.pdf"])
def test_device_is_found_in_either_unicode_form(path):
    """A Mac writes folders in NFD."""
    assert (
        subject("{device}", path, '[devices."b\u00fcro"]\nname = "Office"\n')
        == "Office"
    )


def test_times_are_those_of_the_device():
    """Across midnight, and in summer as in winter."""
    more = '[devices.mfp-2f]\ntimezone = "Australia/Sydney"\n'
    summer = datetime(2026, 6, 30, 14, 5, tzinfo=UTC)
    assert subject("{date} {time}", more=more) == "2026-11-21 23:00"
    assert subject("{date} {time}", more=more, received=summer) == "2026-07-01 00:05"


SAID = [
    ({}, "", "defaults"),
    ({}, "device", "device"),
    ({}, "route", "route"),
    ({"sidecar": {"subject": "sidecar"}}, "route", "sidecar"),
    (
        {"sidecar": {"subject": "sidecar"}, "metadata": {"subject": "metadata"}},
        "route",
        "metadata",
    ),
    ({"metadata": {"subject": " "}}, "route", "route"),
]


@pytest.mark.parametrize(("said", "who", "text"), SAID)
def test_text_is_found_on_its_own(said, who, text):
    """Metadata, sidecar, matching route, device, defaults; not who gave the people."""
    toml = '[defaults]\nsubject = "defaults"\nfallback = "a@contoso.com"\n'
    if who:
        toml += '[devices.mfp-2f]\nsubject = "device"\n'
    if who == "route":
        toml += '[[routes]]\nmatch = "**"\nsidecar = "json"\nsubject = "route"\n'
    assert routed(a_scan(**said), toml).subject == text


FIELDS = [
    ('timezone = "Europe/Berlin"', "timezone", "Europe/Berlin"),
    ('language = "de"', "language", "de"),
    ('from = "user"', "sender_wish", "user"),
    ('from_name = "The {device}"', "from_name", "The mfp-2f"),
    ('reply_to = "help@Contoso.com"', "reply_to", "help@contoso.com"),
]


@pytest.mark.parametrize("table", ["[defaults]", "[devices.mfp-2f]", TO])
@pytest.mark.parametrize(("line", "field", "value"), FIELDS)
def test_text_may_stand_in_any_table(table, line, field, value):
    """Devices and routes take any key of [defaults]."""
    toml = f"{table}\n{line}\n" + ("" if table == TO else TO)
    assert getattr(routed(a_scan(), toml), field) == value


LITERAL = ["{user}", "{date} {nothing}", "{", "%s {0}", "${name}", "{{user}}"]


@pytest.mark.parametrize("text", LITERAL)
def test_value_is_never_expanded(text):
    """What comes with the scan is no template, wherever it ends."""
    said = {"subject": text, "from_name": text, "name": text, "user": text}
    routing = routed(a_scan(metadata=said), TO)
    assert (routing.subject, routing.from_name) == (text, text)
    assert subject("{name}/{user}", metadata={"name": text, "user": text}) == (
        f"{text}/{text}"
    )


def test_captures_fill_the_texts_of_their_own_route_only():
    """A text of the defaults means the same for every scan."""
    toml = (
        '[[routes]]\nmatch = "{device}/{user}/*"\nto = ["a@contoso.com"]\n'
        'from_name = "{user}"\n[defaults]\nsubject = "{user}"\n'
    )
    routing = routed(a_scan("mfp-2f/ann/a.pdf", metadata={"user": "bob"}), toml)
    assert (routing.from_name, routing.subject) == ("ann", "bob")


def test_captured_value_is_never_expanded():
    """A folder called {user} is just that."""
    toml = (
        '[[routes]]\nmatch = "{device}/{x}/*"\nto = ["a@contoso.com"]\n'
        'subject = "{x}"\n'
    )
    scan = a_scan("mfp-2f/{user}{date}/a.pdf", metadata={"user": "ann"})
    assert routed(scan, toml).subject == "{user}{date}"


DIRTY = [
    ("a\r\nBcc: x@contoso.com", "a Bcc: x@contoso.com"),
    ("a\0b\tc\x7fd", "a b c d"),
    ("a\u2028b\u2029c\x85d", "a b c d"),
    ("fdp.\u202eexe", "fdp.exe"),
    ("a\u200bb\ufeffc\u2066d", "abcd"),
    ("  a   b  ", "a b"),
]


@pytest.mark.parametrize(("text", "clean"), DIRTY)
@pytest.mark.parametrize("key", ["subject", "from_name", "user"])
def test_control_characters_never_leave(text, clean, key):
    """Line ends and controls become blanks, marks of direction vanish."""
    assert getattr(routed(a_scan(metadata={key: text})), key) == clean


@pytest.mark.parametrize("key", ["subject", "from_name", "user"])
def test_texts_are_cut(key):
    """255 characters."""
    assert len(getattr(routed(a_scan(metadata={key: "x" * 1000})), key)) == 255


@pytest.mark.parametrize(
    "said",
    [
        "Somebody",
        "Ann <a@contoso.com>",
        "a@contoso.com,b@contoso.com",
        "a@contoso.com\r\nX: y",
    ],
)
def test_reply_to_that_is_no_address_is_dropped(said):
    """One address, or none."""
    assert routed(a_scan(metadata={"reply_to": said})).reply_to == ""
    assert routed(a_scan(metadata={"user": said})).reply_to == ""


def test_user_with_an_address_gets_the_answers():
    """The person at the glass."""
    assert routed(a_scan(metadata={"user": "Ann@Contoso.com"})).reply_to == (
        "Ann@contoso.com"
    )


def test_nothing_of_a_trail_is_invisible():
    """It is printed on terminals."""
    scan = a_scan("mfp-2f/\x1b[31m\u202e/a.pdf", metadata={"to": "\x1b[2J"})
    for line in routed(scan, '[[routes]]\nmatch = "**"\n').trail:
        assert line == plain(line, len(line))
        assert not any(unicodedata.category(char) == "Cc" for char in line)
