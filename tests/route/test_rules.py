"""routes.toml as it is understood."""

from __future__ import annotations

import pytest

from shared.compose import languages
from shared.model import Kind
from shared.rules import EMPTY, Policy, Rules, parse_rules
from shared.rules_check import LANGUAGES
from tests.route.world import rules

WHOLE = """\
[defaults]
fallback   = "scans@contoso.com"
subject    = "Scan from {device}: {name}"
from_name  = "{device}"
reply_to   = "{user}"
timezone   = "Europe/Berlin"
language   = "de"
from       = "user"
cc = []
bcc = ["archive@Contoso.com"]

[policy]
external       = ["Fabrikam.com", "*.gov.uk"]
max_recipients = 5
accept         = ["pdf", "tiff"]
incomplete     = "send"

[devices."mfp-2f"]
name     = "2nd floor copier"
fallback = "office@contoso.com"

[[routes]]
match = "{device}/invoices/**"
to    = ["ap@contoso.com"]
subject = "Invoice {name}"
sidecar = "xml"

[[routes]]
match = "{device}/home/{login}/*"
to    = ["directory:{login}", "{login}@m\u00fcnchen.example", "{login}", "{user}"]
"""


def test_missing_file_is_empty():
    """Nobody outside, nothing routed, every kind taken, broken files held."""
    assert parse_rules(b"") == EMPTY == Rules()
    assert Policy().max_recipients == 20
    assert Policy().accept == frozenset(Kind)
    assert Policy().incomplete == "hold"
    assert not Policy().allows("fabrikam.com")


def test_every_default_is_read():
    """And what is not said stays None, so that somebody else may say it."""
    defaults = rules(WHOLE).defaults
    assert defaults.fallback == "scans@contoso.com"
    assert defaults.timezone == "Europe/Berlin"
    assert (defaults.language, defaults.sender) == ("de", "user")
    assert (defaults.cc, defaults.bcc) == ((), ("archive@contoso.com",))
    assert rules(WHOLE).routes[0].cc is None


def test_policy_is_read():
    """Domains in lower case, kinds as kinds."""
    assert rules(WHOLE).policy == Policy(
        external=("fabrikam.com", "*.gov.uk"),
        max_recipients=5,
        accept=frozenset({Kind.PDF, Kind.TIFF}),
        incomplete="send",
    )


def test_device_is_read():
    """Any key of [defaults], and its name."""
    device = rules(WHOLE).devices["mfp-2f"]
    assert (device.name, device.fallback) == ("2nd floor copier", "office@contoso.com")


def test_routes_are_read_in_order():
    """With the line where each begins, for the trail."""
    first, second = rules(WHOLE).routes
    assert (first.match.text, first.line) == ("{device}/invoices/**", 22)
    assert (first.to, first.sidecar) == (("ap@contoso.com",), "xml")
    assert second.line == 28
    assert second.to[0] == "directory:{login}"


def test_first_route_that_fits_is_the_route():
    """Later ones are not asked, whatever they say."""
    text = '[[routes]]\nmatch = "a/*"\n[[routes]]\nmatch = "**"\n'
    found = rules(text).route_for("a", "a/x.pdf")
    assert found is not None
    assert found[0].match.text == "a/*"


def test_no_route_fits():
    """Then there is none."""
    assert rules('[[routes]]\nmatch = "a/*"\n').route_for("b", "b/x.pdf") is None


def test_what_editors_write_is_read():
    """A byte order mark, CRLF, a schema comment."""
    text = '\ufeff#:schema ./routes.schema.json\r\n[defaults]\r\nsubject = "x"\r\n'
    assert parse_rules(text.encode()).defaults.subject == "x"


def test_lines_count_with_crlf_too():
    """One line end, however it is written."""
    text = '[[routes]]\r\nmatch = "a"\r\n\r\n[[routes]]\r\nmatch = "b"\r\n'
    assert [route.line for route in parse_rules(text.encode()).routes] == [1, 4]


ALLOWED = [
    (["fabrikam.com"], "fabrikam.com", True),
    (["fabrikam.com"], "mail.fabrikam.com", False),
    (["fabrikam.com"], "notfabrikam.com", False),
    (["*.fabrikam.com"], "mail.fabrikam.com", True),
    (["*.fabrikam.com"], "a.b.fabrikam.com", True),
    (["*.fabrikam.com"], "fabrikam.com", False),
    (["*.fabrikam.com"], "notfabrikam.com", False),
    (["*.example"], "fabrikam.example", True),
    (["*"], "anything.example", True),
    (["m\u00fcnchen.example"], "xn--mnchen-3ya.example", True),
    (["*.m\u00fcnchen.example"], "a.xn--mnchen-3ya.example", True),
    ([], "fabrikam.com", False),
]


@pytest.mark.parametrize(("external", "domain", "is_allowed"), ALLOWED)
def test_policy_names_domains_outside(external, domain, is_allowed):
    """Exactly, or `*.` for subdomains only, or `*` for all."""
    policy = rules(f"[policy]\nexternal = {external}\n").policy
    assert policy.allows(domain) is is_allowed


def test_languages_are_those_of_the_mail_s_texts():
    """A language without texts would be English in silence."""
    assert set(LANGUAGES) == set(languages())
