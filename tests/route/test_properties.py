"""What holds for every scan, whatever it is called and whatever comes with it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.address import domain_of, key_of
from shared.model import METADATA, MailState, Scan
from shared.plan import Order, make_plan
from shared.route import Routing, route
from shared.rules import EMPTY, Policy, Rules, parse_rules
from tests.route.world import OUTSIDE_WAY, PEOPLE, SIDES, a_scan, everybody

RULES = """\
[defaults]
fallback = "scans@contoso.com"
subject = "{device} {file} {name} {user} {date} {time} {pages}"
from_name = "{user}"
cc = ["boss@contoso.com"]

[policy]
external = ["fabrikam.com"]
max_recipients = 6

[devices.mfp]
fallback = "{user}@contoso.com"

[[routes]]
match = "{device}/home/{login}/*"
to = ["directory:{login}", "{login}@contoso.com"]
subject = "{login} {name}"

[[routes]]
match = "{device}/to/{who}_*"
to = ["{who}"]
sidecar = "json"

[[routes]]
match = "**/{a}/{b}.pdf"
to = ["{a}@{b}"]
reply_to = "{a}@{b}"
"""
BOOK = parse_rules(RULES.encode())

_WORDS = st.sampled_from(
    [
        *("ann", "bob", "ann@contoso.com", "b@fabrikam.com", "c@evil.example", "home"),
        *(
            "{user}",
            "directory:ann",
            "a,b",
            "..",
            "\u202e",
            "\r\nBcc: x",
            "_",
            "",
            "mfp",
        ),
        *("to", "\u2028", "contoso.com"),
    ]
)
_ANY = st.text(st.characters(max_codepoint=0x17F), max_size=12)
_TEXTS = st.one_of(_WORDS, _ANY, st.lists(_WORDS).map(", ".join))
_PATHS = st.lists(_TEXTS, min_size=1, max_size=5).map("/".join)
_SAID = st.dictionaries(st.sampled_from(sorted(METADATA)), _TEXTS, max_size=5)
_SCANS = st.builds(
    lambda path, metadata, sidecar, pages, device: replace(
        a_scan(path),
        metadata=metadata,
        sidecar=sidecar,
        pages=pages,
        device=device or a_scan(path).device,
    ),
    _PATHS,
    _SAID,
    _SAID,
    st.one_of(st.none(), st.integers(0, 999)),
    st.one_of(st.none(), _TEXTS),
)
_POLICIES = st.builds(
    Policy,
    external=st.lists(st.sampled_from(["fabrikam.com", "*.example", "*"])).map(tuple),
    max_recipients=st.integers(1, 9),
)


def routed(scan: Scan, rules: Rules = BOOK) -> Routing:
    """Route a scan; nothing is ever raised."""
    return route(scan, rules, PEOPLE, SIDES)


def texts_of(scan: Scan) -> str:
    """All that was said with a scan, and in the rules, as one text."""
    said = [*scan.metadata.values(), *scan.sidecar.values(), scan.path, scan.device]
    return unicodedata.normalize("NFKC", "\n".join([*said, RULES])).casefold()


def is_named(address: str, scan: Scan) -> bool:
    """Whether a mailbox can come out of what was said."""
    texts, (local, _, domain) = texts_of(scan), address.casefold().partition("@")
    looked_up = {entry.email for entry in PEOPLE.entries.values()}
    return address in looked_up or (
        local in texts and (domain in texts or domain.startswith("xn--"))
    )


@given(_SCANS)
def test_nobody_gets_a_scan_whom_nothing_named(scan):
    """Not in the path, not with the scan, not in the rules: then not at all."""
    assert all(is_named(address, scan) for address in everybody(routed(scan)))


@given(_SCANS)
def test_nobody_outside_passes_the_default_policy(scan):
    """Without a routes.toml every recipient is inside."""
    people = everybody(routed(scan, EMPTY))
    assert {domain_of(each) for each in people} <= SIDES.internal_domains


@given(_SCANS, _POLICIES)
def test_policy_holds_whatever_is_said(scan, policy):
    """Domains and numbers."""
    people = everybody(routed(scan, replace(BOOK, policy=policy)))
    assert len(people) <= policy.max_recipients
    for each in people:
        domain = domain_of(each)
        assert domain in SIDES.internal_domains or policy.allows(domain)


@given(_SCANS)
def test_no_control_character_leaves_in_any_text(scan):
    """Neither in what a mail says, nor in what a person reads about it."""
    routing = routed(scan)
    texts = [routing.subject, routing.from_name, routing.reply_to, routing.user]
    texts += [routing.device_name, routing.detail, *routing.trail, *everybody(routing)]
    for text in texts:
        for char in text:
            category = unicodedata.category(char)
            assert category not in {"Cc", "Cs", "Zl", "Zp"}
            assert category != "Cf" or char == "\u200d"


@given(_SCANS)
def test_somebody_gets_it_or_a_reason_says_why_not(scan):
    """And a reason comes with what to do."""
    routing = routed(scan)
    assert bool(everybody(routing)) == (routing.reason is None)
    assert bool(routing.reason) == bool(routing.detail)
    assert len(routing.trail) >= 6


@given(_SCANS)
def test_nobody_is_named_twice(scan):
    """Across to, cc, bcc and those refused."""
    routing = routed(scan)
    keys = [key_of(each) for each in [*everybody(routing), *routing.refused]]
    assert len(set(map(key_of, everybody(routing)))) == len(everybody(routing))
    assert not set(map(key_of, everybody(routing))) & set(
        map(key_of, routing.refused)
    ), keys


_PEOPLE = st.integers(0, 40).map(
    lambda n: f"p{n}@{('contoso.com', 'fabrikam.com')[n % 2]}"
)


@given(
    st.lists(_PEOPLE, unique=True, max_size=30),
    st.integers(0, 30),
    st.integers(0, 30),
    st.sets(_PEOPLE, max_size=5),
    st.integers(1, 7),
)
def test_everybody_is_in_exactly_one_mail_or_has_it(people, one, two, has, most):
    """However they are split, and no mail is larger than its transport takes."""
    first, second = sorted((one, two))
    routing = replace(
        routed(a_scan()),
        to=tuple(people[:first]),
        cc=tuple(people[first:second]),
        bcc=tuple(people[second:]),
        refused={"r@evil.example": "not-allowed: r"},
    )
    carries = replace(OUTSIDE_WAY.carries, max_recipients=most)
    sides = replace(SIDES, outside=(replace(OUTSIDE_WAY, carries=carries),))
    order = Order(attachment="a.pdf", has=frozenset(has))
    mails = make_plan(a_scan(), routing, sides, order)
    sent = [mail for mail in mails if mail.state is MailState.OPEN]
    reached = [each for mail in sent for each in mail.recipients]
    assert sorted(reached) == sorted(set(people) - has)
    assert [mail.n for mail in mails] == list(range(len(mails)))
    assert mails[-1].refused == routing.refused
    for mail in sent:
        assert len({domain_of(each) for each in mail.recipients}) == 1
        assert mail.to or (mail.bcc and not mail.cc and mail.transport == "hve")
        assert len(mail.recipients) <= (most if mail.transport == "acs" else 50)
