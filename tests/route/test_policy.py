"""Who may get scans: sides, the external policy, how many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.model import Reason
from tests.route.world import SIDES, a_scan, everybody, routed

INSIDE, OUTSIDE = "a@contoso.com", "b@fabrikam.com"
OPEN = '[policy]\nexternal = ["fabrikam.com"]\n'


def to(*people: str, **said: str):
    """A scan for these people."""
    return a_scan(metadata={"to": ",".join(people), **said})


def test_nobody_outside_gets_scans_unless_the_policy_names_their_domain():
    """Default: none."""
    routing = routed(to(OUTSIDE))
    assert routing.reason is Reason.NOT_ALLOWED
    assert everybody(routing) == []
    assert "[policy] external does not name it" in routing.detail
    assert routed(to(OUTSIDE), OPEN).to == (OUTSIDE,)


@pytest.mark.parametrize("domain", ["mail.contoso.com", "contoso.com.example"])
def test_only_the_very_domains_are_inside(domain):
    """Not their subdomains, nor what looks like them."""
    assert routed(to(f"a@{domain}")).reason is Reason.NOT_ALLOWED


def test_inside_is_inside_in_any_case():
    """CONTOSO.COM is contoso.com."""
    assert routed(to("a@CONTOSO.COM")).to == (INSIDE,)


def test_those_allowed_get_it_and_the_others_are_kept_in_mind():
    """Partly refused: the row will end held."""
    routing = routed(to(INSIDE, OUTSIDE, cc=OUTSIDE, bcc="c@fabrikam.com"))
    assert everybody(routing) == [INSIDE]
    assert list(routing.refused) == [OUTSIDE, "c@fabrikam.com"]
    assert all(why.startswith("not-allowed: ") for why in routing.refused.values())
    assert routing.reason is None


@pytest.mark.parametrize(
    ("sides", "who", "setting"),
    [
        (replace(SIDES, inside=()), INSIDE, "INTERNAL_TRANSPORT"),
        (replace(SIDES, outside=()), OUTSIDE, "EXTERNAL_TRANSPORT"),
    ],
)
def test_side_without_a_transport_is_not_allowed(sides, who, setting):
    """`none` means nobody there, and that is said."""
    routing = routed(to(who), OPEN, sides=sides)
    assert routing.reason is Reason.NOT_ALLOWED
    assert f"{setting} is none" in routing.detail


def test_copy_is_held_against_the_policy_too():
    """A copy is a recipient."""
    toml = f'[defaults]\nbcc = ["{OUTSIDE}"]\n'
    assert everybody(routed(to(INSIDE), toml)) == [INSIDE]


def test_too_many_is_nobody():
    """Held, for everybody; the detail names both numbers."""
    toml = "[policy]\nmax_recipients = 2\n"
    people = [f"p{n}@contoso.com" for n in range(3)]
    assert everybody(routed(to(*people[:2]), toml)) == people[:2]
    routing = routed(to(*people), toml)
    assert routing.reason is Reason.TOO_MANY_RECIPIENTS
    assert everybody(routing) == []
    assert "3 recipients, more than [policy] max_recipients (2)" in routing.detail


def test_copies_and_refused_count_as_recipients():
    """Else a list of junk would be as long as it likes."""
    toml = "[policy]\nmax_recipients = 2\n"
    assert routed(to(INSIDE, cc="b@contoso.com,c@contoso.com"), toml).reason
    assert routed(to(INSIDE, "junk", "more"), toml).reason
    assert routed(to(INSIDE, OUTSIDE, "d@fabrikam.com"), toml).reason


def test_20_is_the_most_where_nothing_is_said():
    """The default of the file."""
    people = [f"p{n}@contoso.com" for n in range(21)]
    assert routed(to(*people[:20])).reason is None
    assert routed(to(*people)).reason is Reason.TOO_MANY_RECIPIENTS


def test_policy_holds_for_assigned_people():
    """An operator cannot send outside by accident."""
    assert routed(a_scan(), assigned=(OUTSIDE,)).reason is Reason.NOT_ALLOWED
    many = tuple(f"p{n}@contoso.com" for n in range(21))
    assert routed(a_scan(), assigned=many).reason is Reason.TOO_MANY_RECIPIENTS


def test_last_line_of_the_trail_says_how_it_ends():
    """Who gets it as what, and who does not, and why."""
    trail = routed(to(INSIDE, OUTSIDE, cc="c@contoso.com")).trail
    assert trail[-1].startswith(f"6 result: to {INSIDE}; cc c@contoso.com; {OUTSIDE} ")
    assert routed(a_scan()).trail[-1] == "6 result: held, no-recipient"
