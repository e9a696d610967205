"""A person is told: one mail per reason and hour, in words that help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.errors import UnconfirmedError, UnreachableError
from shared.model import Reason, State
from shared.notice import reasons, tell_people
from tests.path.office import ROUTES
from tests.samples import CUT_PDF
from tests.scripted import Scripted

OPS = "it@contoso.com"


@pytest.fixture
def told(make_office):
    """An office whose OPS_MAILBOX is set."""
    return make_office(OPS_MAILBOX=OPS, INCOMPLETE_SECONDS="1")


def notices(office):
    """The mails to the operators."""
    return [c.message for c in office.inside.taken if c.message.to == (OPS,)]


def test_held_scans_are_told_of(told):
    """How many, which devices, what it means, what to do, the ids."""
    rows = [told.scan(name=f"mfp-{n}/scan.pdf", to="") for n in range(2)]
    assert told.sweep()["told"] == 1
    (notice,) = notices(told)
    assert notice.subject == "Scanpost holds 2 scans: nobody was found to send it to"
    for part in ("mfp-0, mfp-1", "routes.toml", *(row.scan_id for row in rows)):
        assert part in notice.text
        assert part in notice.html
    assert notice.attachment == ""


def test_each_reason_has_its_own_mail(told):
    """What to do differs."""
    told.scan(to="")
    row = told.receive(told.put("mfp/cut.pdf", data=CUT_PDF))
    told.wake(row)
    assert told.sweep()["told"] == 2


def test_same_reason_is_told_once_an_hour(told):
    """At most one mail per reason and hour; what came since is in the next."""
    told.scan(name="mfp/1.pdf", to="")
    told.sweep()
    told.later(minutes=30)
    late = told.scan(name="mfp/2.pdf", to="")
    assert told.sweep()["told"] == 0
    told.later(minutes=31)
    assert told.sweep()["told"] == 1
    assert late.scan_id in notices(told)[1].text


def test_old_news_are_not_told_again(told):
    """A scan that stays held is told of once."""
    told.scan(to="")
    told.sweep()
    told.later(hours=2)
    assert told.sweep()["told"] == 0


def test_scan_held_while_the_sweep_is_at_work_is_told_of(told, monkeypatch):
    """It is held after the rows were read, and before the notice goes out."""
    first = told.scan(name="mfp/1.pdf", to="")
    late = []

    def listed(_container):
        late.append(told.scan(name="mfp/2.pdf", to=""))
        return iter(())

    monkeypatch.setattr(told.works.account.blobs, "list", listed)
    assert told.sweep()["told"] == 1
    monkeypatch.undo()
    told.later(minutes=61)
    assert told.sweep()["told"] == 1
    assert late[0].scan_id in notices(told)[1].text
    assert first.scan_id not in notices(told)[1].text


def test_hour_between_two_notices_runs_from_the_mail(told):
    """However long the sweep took before it."""
    read = told.clock()
    told.later(minutes=20)
    assert tell_people(told.works, [told.scan(to="")], read) == 1
    told.later(minutes=50)
    told.scan(to="")
    assert told.sweep()["told"] == 0
    told.later(minutes=11)
    assert told.sweep()["told"] == 1


def test_notice_that_cannot_be_sent_is_sent_later(told):
    """The next round tries again."""
    told.scan(to="")
    told.inside.script = [UnreachableError("down")]
    assert told.sweep()["told"] == 0
    assert told.sweep()["told"] == 1


def test_notice_goes_by_the_next_transport_where_the_first_is_closed(told):
    """Who is to mend the first must hear of it."""
    second = Scripted("exo", "scans@contoso.com")
    told.works = replace(
        told.works,
        settings=replace(told.works.settings, internal_transport=("hve", "exo")),
        transports={**told.works.transports, "exo": second},
    )
    told.scan(to="")
    told.inside.script = [UnreachableError("away")]
    assert told.sweep()["told"] == 1
    assert [call.message.to for call in second.taken] == [(OPS,)]


def test_notice_of_unknown_fate_is_not_sent_again(told):
    """One too few is better than one with every sweep."""
    told.scan(to="")
    told.inside.script = [UnconfirmedError("no answer to the whole mail")] * 3
    for _ in range(3):
        assert told.sweep()["told"] == 0
    assert len(told.inside.calls) == 1


def test_old_scan_that_is_held_anew_is_told_of(told):
    """It waited, or was released, for longer than the sweep's window."""
    row = told.scan(to="")
    told.sweep()
    told.later(days=10)
    told.works.ledger.save(replace(told.reread(row), last_error="held again"))
    assert told.sweep()["told"] == 1
    assert row.scan_id in notices(told)[1].text


def test_scan_that_is_gone_is_not_told_of_as_held(told):
    """The sweep that finds its bytes gone knows better by then."""
    row = told.scan(to="")
    told.blobs.get_blob_client("held", row.name).delete_blob()
    assert told.sweep()["told"] == 0
    assert told.reread(row).state is State.GONE


def test_nobody_is_told_without_a_mailbox(office):
    """OPS_MAILBOX is optional."""
    office.scan(to="")
    assert office.sweep()["told"] == 0


def test_notice_speaks_the_language_of_the_defaults(told):
    """German where routes.toml says so."""
    told.routes(ROUTES + '[defaults]\nlanguage = "de"\n')
    told.scan(to="")
    told.sweep()
    assert notices(told)[0].subject.startswith("Scanpost hält einen Scan fest")


def test_every_reason_has_its_words_in_every_language():
    """No operator is left alone with a word."""
    for words in reasons().values():
        assert {reason.value for reason in Reason} <= words.keys()
        for reason in Reason:
            assert words[reason.value].keys() == {"meaning", "action"}
    assert len({frozenset(words) for words in reasons().values()}) == 1
