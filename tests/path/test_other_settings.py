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


@pytest.mark.parametrize("inside", [(), ("relay",)])
def test_other_mails_go_on(office, inside):
    """A way that is gone does not stop the other side."""
    office.outside.script, office.inside.script = [DOWN, DOWN], [DOWN]
    row = office.scan(to=BOTH)
    without(office, "hve", *inside)
    while row.state is State.WAITING:
        row = office.wake(row)
    assert office.outside.people == [OUTSIDE]
