"""The ledger's row: its ids, its plan as JSON, and what its mails add up to."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.column import most_units, plan_from_json, plan_to_json, units
from shared.model import MailState, Place, Reason, State
from shared.row import (
    operation_id_of,
    scan_id_of,
    scan_of_operation,
    standing,
)
from tests.makers import NOON, SCAN_ID, a_mail, a_row

CONTRACT_KEYS = {
    *("n", "g", "transport", "sender", "from_name", "to", "cc", "bcc", "subject"),
    *("reply_to", "attachment", "state", "answer", "refused"),
}
LATE = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
byte = st.integers(0, 255)
day = st.dates(datetime(1970, 1, 1).date(), datetime(2149, 6, 5).date())  # noqa: DTZ001
digest = st.integers(0, 2**80 - 1)


def test_scan_id_is_the_date_and_80_bits_of_the_place():
    """The id is the UTC date and the SHA-256 of ACCOUNT/CONTAINER/NAME/ETAG."""
    place = Place("scans", "mfp/ä b.pdf", "0x1")
    # printf 'stscans/scans/mfp/ä b.pdf/0x1' | sha256sum
    assert scan_id_of("stscans", place, NOON) == "20261121-e33a7528262fbe529b9e"


def test_scan_id_uses_the_date_in_utc():
    """An hour east of Greenwich does not move a scan to another day."""
    late = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    east = late.astimezone(tz=None)
    place = Place("scans", "x", "1")
    assert scan_id_of("a", place, east)[:8] == "20261122"


@given(day, digest, byte, byte)
def test_operation_id_leads_back_to_the_mail(day, digest, n, g):
    """An operation id contains scan id, N and G, whatever they are."""
    scan_id = f"{day:%Y%m%d}-{digest:020x}"
    operation = operation_id_of(scan_id, n, g)
    assert uuid.UUID(operation).version == 8
    assert uuid.UUID(operation).variant == uuid.RFC_4122
    assert scan_of_operation(operation) == (scan_id, n, g)


def test_operation_id_has_its_bits_in_the_contract_order():
    """Days, digest, N, G, zeros, with version and variant skipped."""
    bits = f"{(NOON.date() - datetime(1970, 1, 1).date()).days:016b}"  # noqa: DTZ001
    bits += f"{0x0123456789ABCDEF0123:080b}{3:08b}{200:08b}{0:010b}"
    packed = f"{bits[:48]}1000{bits[48:60]}10{bits[60:]}"
    expected = str(uuid.UUID(int=int(packed, 2)))
    assert operation_id_of(SCAN_ID, 3, 200) == expected


@pytest.mark.parametrize(
    "other",
    [
        "",
        "x",
        "c5d904d7-90af-4f8a-aba7-6cfe43a6bf2d",
        str(uuid.uuid5(uuid.NAMESPACE_URL, "x")),
    ],
)
def test_foreign_operation_id_leads_nowhere(other):
    """An id that we did not make is nobody's."""
    assert scan_of_operation(other) is None


def test_plan_survives_the_ledger():
    """A plan read back is the plan that was written."""
    plan = (
        a_mail(state=MailState.ACCEPTED, refused={"x@contoso.com": "550"}),
        a_mail(n=1, g=2, bcc=("a@x.de",), date=NOON, after=NOON, pages=3, held=True),
        a_mail(n=2, reason=Reason.THROTTLED, unchecked=True, bounced={"a": "b"}),
    )
    assert plan_from_json(plan_to_json(plan)) == plan


@given(
    st.lists(st.text(min_size=1), max_size=9),
    st.lists(st.text(min_size=1), max_size=9),
    st.text(),
    st.sampled_from(MailState),
    st.sampled_from([*Reason, None]),
)
def test_sending_never_writes_more_than_the_bound(to, bcc, answer, state, reason):
    """Recipients once more, as those who bounced, and all that is not said yet."""
    mail = a_mail(to=tuple(to), bcc=tuple(bcc), author="a@x.de", answer=answer)
    told = replace(mail, state=state, reason=reason, tried=True, booked=True)
    told = replace(told, doubt=True, as_service=True, after=LATE)
    told = replace(told, bounced=dict.fromkeys(mail.recipients, ""))
    assert units(plan_to_json((told,))) <= most_units((mail,))


def test_plan_always_has_the_contract_keys():
    """Whoever reads the plan finds every key that docs/ledger.md names."""
    (mail,) = json.loads(plan_to_json((a_mail(),)))
    assert mail.keys() >= CONTRACT_KEYS


def test_plan_of_a_newer_version_is_still_read():
    """A key that this version does not know is passed over."""
    (mail,) = json.loads(plan_to_json((a_mail(),)))
    text = json.dumps([mail | {"colour": "blue"}])
    assert plan_from_json(text) == (a_mail(),)


STANDINGS = [
    ((), State.SENT, None),
    (({"state": "accepted"},), State.SENT, None),
    (({"state": "accepted"}, {"state": "open"}), State.WAITING, Reason.UNREACHABLE),
    (
        ({"state": "refused", "reason": "too-large"}, {"state": "unconfirmed"}),
        State.WAITING,
        Reason.UNREACHABLE,
    ),
    (
        ({"state": "accepted"}, {"state": "refused", "reason": "not-allowed"}),
        State.HELD,
        Reason.NOT_ALLOWED,
    ),
    (
        ({"state": "accepted", "refused": {"a@b.c": "550"}},),
        State.HELD,
        Reason.RECIPIENT_REFUSED,
    ),
    (({"state": "unconfirmed", "held": True},), State.HELD, Reason.UNCONFIRMED),
    (({"state": "accepted", "bounced": {"a@b.c": "x"}},), State.BOUNCED, None),
    (
        ({"state": "accepted", "bounced": {"a": "x"}}, {"state": "refused"}),
        State.HELD,
        Reason.RECIPIENT_REFUSED,
    ),
]


@pytest.mark.parametrize(("mails", "state", "reason"), STANDINGS)
def test_state_is_the_first_that_applies_to_any_mail(mails, state, reason):
    """Waiting before held before bounced before sent."""
    plan = tuple(
        a_mail(
            n=n,
            state=MailState(mail["state"]),
            reason=Reason(mail["reason"]) if "reason" in mail else None,
            refused=mail.get("refused", {}),
            bounced=mail.get("bounced", {}),
            held=mail.get("held", False),
        )
        for n, mail in enumerate(mails)
    )
    assert standing(a_row(plan=plan)) == (state, reason)


def test_unsent_mail_of_an_earlier_generation_is_not_pending():
    """A new generation replaces what the old one never sent."""
    row = a_row(plan=(a_mail(), a_mail(g=1, n=0)), generation=1)
    assert [mail.g for mail in row.pending()] == [1]


def test_unconfirmed_mail_of_an_earlier_generation_stays_pending():
    """What may have been accepted is found out, whatever was ordered since."""
    old = a_mail(state=MailState.UNCONFIRMED)
    row = a_row(plan=(old, a_mail(g=1)), generation=1)
    assert [mail.g for mail in row.pending()] == [0, 1]


def test_refusals_of_an_earlier_generation_no_longer_hold():
    """A release is judged by its own mails."""
    old = a_mail(state=MailState.REFUSED, refused={"a@b.c": "550"})
    new = a_mail(g=1, state=MailState.ACCEPTED)
    assert standing(a_row(plan=(old, new), generation=1)) == (State.SENT, None)


def test_having_counts_accepted_and_unconfirmed_but_not_refused():
    """Who has the scan, or may have it, is not sent it again."""
    plan = (
        a_mail(
            to=("a@x.de", "b@x.de"), state=MailState.ACCEPTED, refused={"b@x.de": ""}
        ),
        a_mail(n=1, to=("c@x.de",), state=MailState.UNCONFIRMED),
        a_mail(n=2, to=("d@x.de",), state=MailState.OPEN),
        a_mail(n=3, to=("e@x.de",), state=MailState.REFUSED),
    )
    assert a_row(plan=plan).having() == {"a@x.de", "c@x.de"}


def test_mail_of_a_dead_worker_becomes_unconfirmed():
    """A mail found `sending` after the lease may have been accepted."""
    row = a_row(plan=(a_mail(state=MailState.SENDING), a_mail(n=1))).orphaned()
    assert [mail.state for mail in row.plan] == ["unconfirmed", "open"]


def test_next_reason_is_that_of_the_mail_that_is_due_first():
    """A waiting scan says what its next attempt waits for."""
    soon = a_mail(reason=Reason.UNREACHABLE, after=NOON)
    later = replace(soon, n=1, reason=Reason.THROTTLED, after=NOON + timedelta(hours=1))
    assert standing(a_row(plan=(later, soon)))[1] is Reason.UNREACHABLE
