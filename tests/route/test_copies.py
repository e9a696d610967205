"""cc and bcc: found each on its own, nobody twice."""

from __future__ import annotations

import pytest

from shared.model import Reason
from tests.route.world import a_scan, routed

ROUTE = '[[routes]]\nmatch = "**"\nto = ["a@contoso.com"]\n'
COPIES = '[defaults]\ncc = ["boss@contoso.com"]\nbcc = ["archive@contoso.com"]\n'


def test_copies_of_the_defaults_go_with_every_scan():
    """Whichever step gave the recipient."""
    routing = routed(a_scan(metadata={"to": "a@contoso.com"}), COPIES)
    assert routing.cc == ("boss@contoso.com",)
    assert routing.bcc == ("archive@contoso.com",)


LEVELS = [
    ("", {}, ("boss@contoso.com",)),
    ('[devices.mfp-2f]\ncc = ["device@contoso.com"]\n', {}, ("device@contoso.com",)),
    (ROUTE + 'cc = ["route@contoso.com"]\n', {}, ("route@contoso.com",)),
    (ROUTE + "cc = []\n", {}, ()),
    (ROUTE + "cc = []\n", {"cc": "said@contoso.com"}, ("said@contoso.com",)),
    ("", {"cc": " "}, ("boss@contoso.com",)),
]


@pytest.mark.parametrize(("toml", "metadata", "cc"), LEVELS)
def test_whoever_says_it_first_says_all(toml, metadata, cc):
    """Metadata, route, device, defaults; an empty list is said, too."""
    scan = a_scan(metadata={"to": "x@contoso.com", **metadata})
    assert routed(scan, toml + COPIES).cc == cc


def test_copies_of_the_rules_alone_are_no_recipient():
    """Else nobody would ever look at a scan that nobody is named for."""
    routing = routed(a_scan(), COPIES)
    assert routing.reason is Reason.NO_RECIPIENT
    assert (routing.to, routing.cc, routing.bcc) == ((), (), ())


@pytest.mark.parametrize("key", ["cc", "bcc"])
def test_copies_said_with_the_scan_alone_get_it(key):
    """Somebody is named, if not in `to`."""
    routing = routed(a_scan(metadata={key: "x@contoso.com"}))
    assert getattr(routing, key) == ("x@contoso.com",)
    assert routing.reason is None


def test_nobody_is_named_twice():
    """Who stands in `to` stays there; case makes no other person."""
    scan = a_scan(
        metadata={
            "to": "a@contoso.com, A@Contoso.com",
            "cc": "a@contoso.com, b@contoso.com",
            "bcc": "B@contoso.com, c@contoso.com",
        }
    )
    routing = routed(scan)
    assert (routing.to, routing.cc) == (("a@contoso.com",), ("b@contoso.com",))
    assert routing.bcc == ("c@contoso.com",)


def test_bad_copy_is_refused_alone():
    """The others get it, and a person looks."""
    routing = routed(a_scan(metadata={"to": "a@contoso.com", "cc": "boss"}))
    assert routing.to == ("a@contoso.com",)
    assert list(routing.refused) == ["boss"]


def test_copies_leave_a_line():
    """`explain` prints where they come from."""
    trail = routed(a_scan(metadata={"to": "a@contoso.com"}), COPIES).trail
    assert "cc said in routes.toml: boss@contoso.com" in trail
