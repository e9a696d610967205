"""Plans that come near what a column of the ledger holds: no save may fail for size."""

from __future__ import annotations

import pytest

from shared import path
from shared.column import PLAN_COLUMN, plan_to_json, units
from shared.model import MailState, Reason, Receipt, State
from tests.path.office import INSIDE, Office

MANY = "[policy]\nmax_recipients = 250\n"
LONG = "5" * 300


def routed(office: Office, to: list[str]) -> None:
    """Send every scan to all of these."""
    office.routes(f'{MANY}external = ["*"]\n[[routes]]\nmatch = "**"\nto = {to}\n')


def people(count: int, width: int = 20) -> list[str]:
    """So many addresses inside, each so long."""
    return [f"p{n:03}{'x' * (width - 16)}@contoso.com" for n in range(count)]


def test_long_refusals_are_cut_before_a_save_would_fail(office):
    """150 are refused at length: everybody is written down, and nobody mailed twice."""
    everybody = people(150)
    routed(office, everybody)
    batches = [everybody[start : start + 50] for start in (0, 50, 100)]
    office.inside.script = [
        Receipt(answer="250 taken", refused=dict.fromkeys(batch[1:], LONG))
        for batch in batches
    ]
    row = office.scan(to="")
    assert (row.state, row.reason) == (State.HELD, Reason.RECIPIENT_REFUSED)
    assert [mail.state for mail in row.plan] == [MailState.ACCEPTED] * 3
    assert [list(mail.refused) for mail in row.plan] == [it[1:] for it in batches]
    assert all(text.startswith("55") for text in row.plan[0].refused.values())
    assert len(office.inside.calls) == 3


def test_saved_row_is_the_row_as_it_was_cut(office):
    """A lost answer to the save is recognized: what is stored is what we have."""
    everybody = people(150)
    routed(office, everybody)
    office.inside.script = [
        Receipt(answer="250 taken", refused=dict.fromkeys(everybody, LONG * 9))
        for _ in range(3)
    ]
    row = office.scan(to="")
    saved = office.works.ledger.save(row)
    assert office.reread(row).plan == saved.plan
    assert units(plan_to_json(saved.plan)) <= PLAN_COLUMN


def test_plan_is_measured_as_the_table_counts(office):
    """Beyond the first plane characters count twice: such a plan is held."""
    everybody = [f"p{n}@fabrikam.com" for n in range(36)]
    texts = f'subject = "{"😀" * 200}"\nfrom_name = "{"😀" * 60}"'
    copies = f"[defaults]\n{texts}\nbcc = {everybody}"
    office.routes(f'{MANY}external = ["*"]\n{copies}\n')
    row = office.scan(to=INSIDE)
    assert (row.state, row.reason) == (State.HELD, Reason.TOO_MANY_RECIPIENTS)
    assert office.outside.calls == []


def test_recipients_put_off_who_do_not_fit_are_held_by_name(office):
    """No room for a mail of their own: a release mails them, nobody is forgotten."""
    everybody = people(210, width=64)
    routed(office, everybody)
    later = [everybody[at + 1 : at + 50] for at in range(0, 200, 50)]
    office.inside.script = [
        Receipt(answer="250", deferred=dict.fromkeys(who, "450 busy")) for who in later
    ]
    row = office.scan(to="")
    while row.state is State.WAITING:
        row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.RECIPIENT_REFUSED)
    refused = {who for mail in row.plan for who in mail.refused}
    got = set(office.inside.people) & row.having()
    assert refused
    assert not refused & row.having()
    assert got | refused == set(everybody)


@pytest.mark.parametrize("count", [1, 20])
def test_usual_answers_are_kept_whole(office, count):
    """Only what does not fit is cut."""
    refused = dict.fromkeys(people(count), LONG)
    office.inside.script = [Receipt(answer="250", refused=refused)]
    routed(office, [INSIDE, *refused])
    path.receive_event(office.works, office.put(to=""))
    assert office.newest().plan[0].refused == refused
