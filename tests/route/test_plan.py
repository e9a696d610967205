"""The mails of a plan: sides, transports, batches, and who is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.model import Kind, Mail, MailState, Reason
from shared.plan import Order, make_plan
from shared.route import Routing
from shared.transports.base import Carries
from shared.ways import Sides, Way
from tests.makers import NOON
from tests.route.world import SIDES, a_scan

ORDER = Order(attachment="scan.pdf")
A, B, C = "a@contoso.com", "b@contoso.com", "c@contoso.com"
X, Y, Z = "x@fabrikam.com", "y@fabrikam.com", "z@fabrikam.com"
MB = 1_000_000


def a_routing(**changes: Any) -> Routing:
    """Somebody inside gets it."""
    values: dict[str, Any] = {
        "to": (A,),
        "subject": "Scan",
        "from_name": "Copier",
        "reply_to": "",
        "timezone": "UTC",
        "language": "en",
        "device_name": "Copier",
        "user": "",
        "sender_wish": "service",
    }
    return Routing(**values | changes)


def planned(
    sides: Sides = SIDES, order: Order = ORDER, **people: Any
) -> tuple[Mail, ...]:
    """The mails for these people."""
    return make_plan(a_scan(), a_routing(**{"to": (), **people}), sides, order)


def headers(mails: Iterable[Mail]) -> list[tuple[Any, ...]]:
    """Transport, to, cc and bcc of each mail."""
    return [(mail.transport, mail.to, mail.cc, mail.bcc) for mail in mails]


def way(name: str, **carries: Any) -> Way:
    """A transport that carries everything, but for what is said."""
    return Way(name, f"{name}@contoso.com", Carries(**{"max_bytes": None, **carries}))


PEOPLE = [
    ({"to": (A, B)}, [("hve", (A, B), (), ())]),
    ({"to": (X, A)}, [("hve", (A,), (), ()), ("acs", (X,), (), ())]),
    ({"to": (X,), "cc": (A,)}, [("hve", (A,), (), ()), ("acs", (X,), (), ())]),
    (
        {"to": (A,), "cc": (X, Y)},
        [("hve", (A,), (), ()), ("acs", (X,), (Y,), ())],
    ),
    (
        {"to": (A,), "cc": (B,), "bcc": (C, X)},
        [("hve", (A,), (B,), (C,)), ("acs", (X,), (), ())],
    ),
    (
        {"to": (A,), "bcc": (X, Y)},
        [("hve", (A,), (), ()), ("acs", (X,), (), ()), ("acs", (Y,), (), ())],
    ),
    ({"to": (X,), "bcc": (A, B)}, [("hve", (), (), (A, B)), ("acs", (X,), (), ())]),
    ({"cc": (A, B)}, [("hve", (A,), (B,), ())]),
]


@pytest.mark.parametrize(("people", "mails"), PEOPLE)
def test_each_mail_names_only_its_own_people(people, mails):
    """The inside first; without `to` the first `cc` stands there; bcc alone by ACS."""
    assert headers(planned(**people)) == mails


def test_mails_are_numbered_within_the_generation():
    """From 0; g is the order's."""
    mails = planned(to=(A, X), order=replace(ORDER, generation=2))
    assert [(mail.n, mail.g) for mail in mails] == [(0, 2), (1, 2)]


def test_batches_hold_50():
    """In order: to, cc, bcc."""
    people = tuple(f"p{n}@contoso.com" for n in range(120))
    mails = planned(to=people[:40], cc=people[40:70], bcc=people[70:])
    assert [len(mail.recipients) for mail in mails] == [50, 50, 20]
    assert sum((mail.recipients for mail in mails), ()) == people
    assert (len(mails[0].to), len(mails[0].cc)) == (40, 10)
    assert (mails[1].to, len(mails[1].cc), len(mails[1].bcc)) == ((people[50],), 19, 30)
    assert mails[2].bcc == people[100:]


def test_batches_hold_what_the_transport_takes():
    """Where that is fewer."""
    sides = replace(SIDES, inside=(way("relay", max_recipients=2),))
    assert [mail.to for mail in planned(sides, to=(A, B, C))] == [(A, B), (C,)]


def test_last_batch_of_bcc_alone_is_one_mail_each_where_to_is_needed():
    """Nobody is shown to anybody."""
    sides = replace(SIDES, outside=(way("acs", max_recipients=2, needs_to=True),))
    mails = planned(sides, to=(X,), bcc=(Y, Z, "w@fabrikam.com"))
    assert headers(mails) == [
        ("acs", (X,), (), (Y,)),
        ("acs", (Z,), (), ()),
        ("acs", ("w@fabrikam.com",), (), ()),
    ]


WAYS = [
    ([way("hve", max_bytes=10 * MB), way("exo")], 2 * MB, "hve"),
    ([way("hve", max_bytes=10 * MB), way("exo")], 8 * MB, "exo"),
    ([way("hve", max_bytes=10 * MB), way("exo", max_bytes=30 * MB)], 8 * MB, "exo"),
    ([way("hve", max_bytes=10 * MB), way("exo", max_bytes=30 * MB)], 99 * MB, "hve"),
    ([way("acs", kinds=frozenset({Kind.TXT})), way("exo")], 2 * MB, "exo"),
    ([way("acs", kinds=frozenset({Kind.TXT}))], 2 * MB, "acs"),
    ([way("hve", max_bytes=10 * MB), way("exo")], 7_250_000, "hve"),
    ([way("hve", max_bytes=10 * MB), way("exo")], 7_310_000, "exo"),
]


@pytest.mark.parametrize(("ways", "size", "name"), WAYS)
def test_first_way_that_carries_the_scan_takes_it(ways, size, name):
    """Counted as base64 in lines; where none carries it, the first says so."""
    sides = replace(SIDES, inside=tuple(ways))
    mails = make_plan(a_scan(size=size), a_routing(), sides, ORDER)
    assert [(mail.transport, mail.sender) for mail in mails] == [
        (name, f"{name}@contoso.com")
    ]


def test_plan_holds_all_that_the_bytes_depend_on():
    """Routes and directory are not read again for it."""
    when = datetime(2026, 11, 22, tzinfo=UTC)
    routing = a_routing(
        subject="S",
        from_name="F",
        reply_to="r@contoso.com",
        timezone="Europe/Berlin",
        language="de",
        device_name="D",
    )
    order = Order(generation=1, date=when, attachment="a.pdf", unchecked=True)
    (mail,) = make_plan(a_scan(pages=3), routing, SIDES, order)
    assert (mail.subject, mail.from_name, mail.reply_to) == ("S", "F", "r@contoso.com")
    assert (mail.timezone, mail.language, mail.device_name) == (
        "Europe/Berlin",
        "de",
        "D",
    )
    assert (mail.date, mail.attachment, mail.pages) == (when, "a.pdf", 3)
    assert mail.unchecked
    assert mail.state is MailState.OPEN


def test_those_who_have_it_are_left_out():
    """A release mails only those who lack it, whatever the case of a name."""
    order = replace(ORDER, has=frozenset({"A@contoso.com", X}))
    mails = planned(to=(A, B), cc=(X,), bcc=(Y,), order=order)
    assert headers(mails) == [("hve", (B,), (), ()), ("acs", (Y,), (), ())]


def test_nobody_lacking_it_makes_no_mail():
    """Then there is nothing to send."""
    assert planned(to=(A,), order=replace(ORDER, has=frozenset({A}))) == ()


def test_refused_people_stand_in_a_last_mail_that_nobody_sends():
    """So that the row ends held, and a person looks."""
    refused = {X: "not-allowed: x", "junk": "not-an-address: y"}
    *_, last = planned(to=(A,), refused=refused)
    assert (last.n, last.transport, last.sender) == (1, "none", "")
    assert (last.state, last.reason) == (MailState.REFUSED, Reason.NOT_ALLOWED)
    assert last.to == (X, "junk")
    assert last.refused == refused


def test_refused_people_who_have_it_are_left_out():
    """They were allowed once."""
    order = replace(ORDER, has=frozenset({X.upper()}))
    assert (
        len(planned(to=(A,), refused={X.title(): "not-allowed: x"}, order=order)) == 1
    )


def test_date_is_the_scan_s_where_nobody_ordered_it():
    """None in the plan: the row's `received`."""
    (mail,) = planned(to=(A,))
    assert mail.date is None
    assert a_scan().received == NOON
