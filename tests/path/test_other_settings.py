"""Settings that change while a scan waits: the plan names a way that is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.errors import UnconfirmedError, UnreachableError
from shared.model import Fate, Finding, MailState, Reason, State
from shared.settings import read
from tests.path.office import BOTH, INSIDE, OUTSIDE, Office
from tests.path.test_release import released
from tests.scripted import Scripted

DOWN = UnreachableError("connection refused")
BOXES = tuple(f"scans{number}@contoso.com" for number in range(3))
LOST = UnconfirmedError("no answer to the whole mail")


def without(office: Office, gone: str, *inside: str) -> Scripted:
    """Start a worker anew that has no transport of this name; returns `relay`."""
    relay = Scripted("relay", "scans@relay.contoso.com")
    ways = {**office.works.transports, "relay": relay}
    del ways[gone]
    settings = replace(
        read(office.env),
        internal_transport=inside,
        external_transport=("acs",) if gone != "acs" else (),
    )
    office.works = office.hired(transports=ways, settings=settings)
    return relay


def test_open_mail_takes_another_way_of_its_side(office):
    """It never went out: it goes by what serves the side now, and the row says so."""
    office.inside.script = [DOWN]
    row = office.scan()
    relay = without(office, "hve", "relay")
    seen = []
    relay.meanwhile = lambda: seen.append(office.reread(row).plan[0])
    row = office.wake(row)
    assert relay.people == [INSIDE]
    assert row.state is State.SENT
    assert (row.plan[0].transport, row.plan[0].sender) == ("relay", relay.senders[0])
    assert [(it.transport, it.state) for it in seen] == [("relay", "sending")]


def test_open_mail_without_another_way_is_held_and_says_why(office):
    """Nothing serves the side any more: a person sets a transport, and releases it."""
    office.inside.script = [DOWN]
    row = office.scan(to=BOTH)
    without(office, "hve")
    row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.NOT_ALLOWED)
    assert "hve" in row.last_error
    assert office.outside.people == [OUTSIDE]


def test_mail_of_unknown_fate_waits_for_its_own_way(office):
    """By another transport it would be another mail: held, and found out on release."""
    office.outside.script = [LOST]
    row = office.scan(to=OUTSIDE)
    works = office.works
    without(office, "acs", "hve")
    row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.UNCONFIRMED)
    assert row.plan[0].state is MailState.UNCONFIRMED
    assert "acs" in row.last_error
    office.works = works
    office.outside.findings = [Finding(fate=Fate.ACCEPTED, answer="Succeeded")]
    row = released(office, row)
    assert (row.state, row.generation) == (State.SENT, 0)
    assert len(office.outside.calls) == 1


def renamed(office: Office, way: Scripted, *senders: str) -> None:
    """Start a worker anew whose transport sends as others than before."""
    way.senders = senders
    office.works = office.hired()


def test_open_mail_goes_as_another_sender(office):
    """Its mailbox is no longer set: another sends it, and the row says so."""
    office.inside.senders = BOXES
    office.inside.script = [DOWN]
    row = office.scan()
    planned = row.plan[0].sender
    renamed(office, office.inside, *(box for box in BOXES if box != planned))
    row = office.wake(row)
    (mail,) = row.plan
    assert (row.state, mail.transport) == (State.SENT, "hve")
    assert mail.sender in office.inside.senders
    assert mail.why == f"hve does not send as {planned} any more"
    assert office.inside.calls[-1].message.sender == mail.sender


def test_mail_of_unknown_fate_waits_for_its_own_sender(office):
    """From another mailbox it would be another mail."""
    office.inside.script = [LOST]
    row = office.scan()
    renamed(office, office.inside, "other@contoso.com")
    row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.UNCONFIRMED)
    assert row.last_error == "hve does not send as scans@contoso.com any more"
    assert len(office.inside.calls) == 1
    renamed(office, office.inside, "scans@contoso.com")
    row = released(office, row)
    assert (row.state, row.generation) == (State.SENT, 0)
    first, second = office.inside.calls
    assert first.message == second.message


def test_mail_that_can_be_looked_up_is_whoever_it_was_from(office):
    """The operation's id does not depend on the sender."""
    office.outside.script = [LOST]
    office.outside.findings = [Finding(fate=Fate.ACCEPTED, answer="Succeeded")]
    row = office.scan(to=OUTSIDE)
    renamed(office, office.outside, "other@mail.contoso.com")
    assert office.wake(row).state is State.SENT
    assert len(office.outside.calls) == 1


@pytest.mark.parametrize("inside", [(), ("relay",)])
def test_other_mails_go_on(office, inside):
    """A way that is gone does not stop the other side."""
    office.outside.script, office.inside.script = [DOWN, DOWN], [DOWN]
    row = office.scan(to=BOTH)
    without(office, "hve", *inside)
    while row.state is State.WAITING:
        row = office.wake(row)
    assert office.outside.people == [OUTSIDE]
