"""Whom a mail is from: the service in the name of somebody, or the person itself."""

from __future__ import annotations

import pytest

from shared.directory import parse_directory
from shared.plan import Order, make_plan
from tests.route.world import SIDES, a_scan, routed

COPIER = '[devices."mfp-2f"]\nname = "2nd floor copier"\n'
AS_USER = '[defaults]\nfallback = "scans@contoso.com"\nfrom = "user"\n'
PEOPLE = parse_directory(
    b"login,email,name\njdoe,jane.doe@contoso.com,Jane Doe\n"
    b"odd,odd@fabrikam.com,Odd One\nnn,nn@contoso.com,\n"
    b"mail,list@contoso.com,list@contoso.com\nbo,bo@xn--bcher-kva.example,Bo\n"
    b"two,jane.doe@contoso.com,Second Line\n"
)


def signed(user: str = "", toml: str = COPIER, **metadata: str):
    """Route a scan of this person's."""
    said = {"user": user, **metadata} if user else metadata
    return routed(a_scan(metadata=said), toml, PEOPLE)


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("jdoe", "Jane Doe via 2nd floor copier"),
        ("JDOE", "Jane Doe via 2nd floor copier"),
        ("Jane.Doe@contoso.com", "Jane Doe via 2nd floor copier"),
        ("kim.lee@contoso.com", "kim.lee via 2nd floor copier"),
        ("nn", "nn via 2nd floor copier"),
        ("Kim Lee", "Kim Lee via 2nd floor copier"),
        ("Kim Lee <ceo@contoso.com>", "Kim Lee via 2nd floor copier"),
        ("ceo@contoso.com (Boss)", "ceo via 2nd floor copier"),
        ("<ceo@contoso.com>", "ceo via 2nd floor copier"),
        ("ceo\uff20contoso.com", "ceo via 2nd floor copier"),
        ("@", "2nd floor copier"),
        ("mail", "list via 2nd floor copier"),
        ("CONTOSO\\kim", "CONTOSO\\kim via 2nd floor copier"),
        ("Kim\r\nBcc: x@fabrikam.com", "Kim Bcc: x via 2nd floor copier"),
        ("bo@B\u00dcCHER.example", "Bo via 2nd floor copier"),
        ("", "2nd floor copier"),
    ],
)
def test_from_names_the_person_and_the_device(user, name):
    """As a recipient expects it; never an address in the place of a name."""
    assert signed(user).from_name == name


@pytest.mark.parametrize(
    "text", ['from_name = "Scans"\n', '[devices."mfp-2f"]\nfrom_name = "Scans"\n']
)
def test_name_that_is_said_stays_as_it_is(text):
    """Nothing is added to what the operator wrote."""
    toml = text if text.startswith("[") else f"[defaults]\n{text}"
    assert signed("jdoe", toml).from_name == "Scans"


def test_name_that_came_with_the_scan_stays_as_it_is():
    """Nor to what the printer's software wrote."""
    assert signed("jdoe", from_name="Reception").from_name == "Reception"


@pytest.mark.parametrize("user", ["jdoe", "jane.doe@contoso.com"])
def test_answers_go_to_the_person_at_the_glass(user):
    """A login is looked up in the directory."""
    assert signed(user).reply_to == "jane.doe@contoso.com"


@pytest.mark.parametrize("user", ["jdoe", "Jane.Doe@contoso.com"])
def test_from_user_is_the_person(user):
    """By the name alone: it is no longer somebody else's mail."""
    routing = signed(user, AS_USER)
    assert routing.author.lower() == "jane.doe@contoso.com"
    assert routing.author_name == "Jane Doe"
    assert routing.from_name == "Jane Doe via mfp-2f"


@pytest.mark.parametrize("user", ["", "Kim Lee", "odd", "odd@fabrikam.com"])
def test_from_user_needs_somebody_inside(user):
    """Nobody outside is ever written into From, and no name without an address."""
    routing = signed(user, AS_USER)
    assert (routing.author, routing.author_name) == ("", "")


@pytest.mark.parametrize(
    "toml",
    [
        '[devices."mfp-2f"]\nfrom = "user"\n',
        '[[routes]]\nmatch = "{device}/**"\nto = ["a@contoso.com"]\nfrom = "user"\n',
    ],
)
def test_from_user_holds_for_a_device_or_a_route(toml):
    """A key of defaults, devices and routes."""
    assert signed("jdoe", toml).author == "jane.doe@contoso.com"


@pytest.mark.parametrize("user", ["kim@sub.contoso.com", "kim@contoso.com.evil.test"])
def test_from_user_needs_the_very_domain(user):
    """A domain of INTERNAL_DOMAINS exactly: its subdomains are others."""
    assert signed(user, AS_USER).author == ""


def test_from_user_is_a_domain_in_whatever_case():
    """Domains have no case."""
    assert signed("kim@CONTOSO.com", AS_USER).author == "kim@contoso.com"


def test_nearer_word_wins():
    """A device that is to send as the service does."""
    toml = f'{AS_USER}[devices."mfp-2f"]\nfrom = "service"\n'
    assert signed("jdoe", toml).author == ""


def test_plan_freezes_whom_the_mail_is_from():
    """The bytes depend on it."""
    scan = a_scan(metadata={"user": "jdoe"})
    routing = routed(scan, AS_USER, PEOPLE)
    (mail,) = make_plan(scan, routing, SIDES, Order(attachment="scan.pdf"))
    assert (mail.author, mail.author_name) == ("jane.doe@contoso.com", "Jane Doe")
    assert mail.sender == "scans@contoso.com"
