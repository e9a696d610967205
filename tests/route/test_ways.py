"""Which way a mail goes: order, size, senders that share the load."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from shared.model import Kind
from shared.transports.base import Carries
from shared.ways import Sides, Way, best, encoded_bytes, further, others, too_large
from tests.makers import a_mail, a_row
from tests.route.world import INSIDE_WAY, OUTSIDE_WAY, SIDES

A, B, X = "a@contoso.com", "b@contoso.com", "x@fabrikam.com"
MB = 1_000_000
IDS = [f"20261121-{number:020x}" for number in range(400)]


def way(name: str, sender: str = "", **carries: Any) -> Way:
    """A transport that carries everything, but for what is said."""
    limits = Carries(**{"max_bytes": None, **carries})
    return Way(name, sender or f"{name}@contoso.com", limits)


FOUR = replace(
    SIDES,
    inside=(
        way("hve"),
        way("direct", max_bytes=MB),
        way("relay", max_recipients=1),
        way("graph", needs_to=True),
    ),
)
NEXT = [
    ("hve", {"to": (A,)}, 100_000, "direct"),
    ("hve", {"to": (A,)}, 2 * MB, "relay"),
    ("hve", {"to": (A, B)}, 2 * MB, "graph"),
    ("hve", {"to": (), "bcc": (A, B)}, 2 * MB, None),
    ("relay", {"to": (A,)}, 100_000, "graph"),
    ("graph", {"to": (A,)}, 100_000, None),
    ("smtp", {"to": (A,)}, 100_000, "hve"),
]
BOXES = tuple(f"scans{number}@contoso.com" for number in range(4))


@pytest.mark.parametrize(("now", "people", "size", "name"), NEXT)
def test_further_is_the_first_behind_that_takes_the_mail_as_it_is(
    now, people, size, name
):
    """Never one that was passed, None at the end; on none of them: the first."""
    mail = a_mail(transport=now, **people)
    other = further(a_row(size=size), mail, FOUR)
    if name is None:
        assert other is None
    else:
        assert other == replace(mail, transport=name, sender=f"{name}@contoso.com")


def test_further_stays_on_its_side():
    """An inside-only transport never gets an outside mail."""
    sides = replace(SIDES, inside=(INSIDE_WAY, way("exo")), outside=(OUTSIDE_WAY,))
    mail = a_mail(transport="acs", to=(X,))
    assert further(a_row(), mail, sides) is None


def test_others_are_all_that_take_the_mail_the_first_first():
    """Those before its own way are among them: they may be open again."""
    mail = a_mail(transport="relay", sender="relay@contoso.com", to=(A,))
    found = others(a_row(size=100_000), mail, FOUR)
    assert [each.transport for each in found] == ["hve", "direct", "graph"]


def test_senders_of_a_transport_share_the_load_by_scan():
    """Each gets about as many, the same scan always the same."""
    ways = tuple(way("exo", box) for box in BOXES)
    chosen = [best(ways, scan_id, Kind.PDF, 1000).sender for scan_id in IDS]
    assert set(Counter(chosen).values()) == {100}
    assert chosen == [best(ways, scan_id, Kind.PDF, 1000).sender for scan_id in IDS]


def test_order_of_transports_does_not_turn():
    """Only senders of one transport take turns."""
    ways = (way("acs"), way("exo", BOXES[0]), way("exo", BOXES[1]))
    assert {best(ways, scan_id, Kind.PDF, 1000).name for scan_id in IDS} == {"acs"}


def test_next_sender_is_no_further_way_for_what_is_too_large():
    """It would be refused there too; as another way, it is one."""
    sides = replace(SIDES, inside=(way("exo", BOXES[0]), way("exo", BOXES[1])))
    mail = a_mail(transport="exo", sender=BOXES[0], to=(A,))
    assert further(a_row(), mail, sides) is None
    assert [each.sender for each in others(a_row(), mail, sides)] == [BOXES[1]]


@pytest.mark.parametrize("size", [1, 1000, 7_300_000, 30_000_000])
def test_estimate_is_no_less_than_what_base64_makes_of_it(size: int):
    """Four bytes for three, and two for each line's end."""
    lines = -(-size // 57)
    assert encoded_bytes(size) >= 4 * -(-size // 3) + 2 * lines


def test_what_none_can_carry_names_each_limit_and_the_setting():
    """The reason says what to set."""
    sides = Sides(
        internal_domains=frozenset({"contoso.com"}),
        inside=(way("hve", max_bytes=10 * MB), way("direct", max_bytes=20 * MB)),
        outside=(),
    )
    mail = a_mail(transport="direct", to=(A,))
    words = too_large(a_row(size=30 * MB), mail, sides)
    assert "hve takes 10.0 MB; direct takes 20.0 MB" in words
    assert "INTERNAL_TRANSPORT" in words
    assert "exo, graph and relay" in words
