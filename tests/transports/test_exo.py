"""Exchange Online: several mailboxes, their limits, and whose name is on a sign-in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import AuthRefusedError, ConfigError
from shared.transports.base import Quota, Unit

from .conftest import Stage
from .makers import SENDER, File, another_message
from .peers import HOUSE
from .rigs import EXO

COPIES = "copies@contoso.com"
BOTH = f"{SENDER}, {COPIES}"


def test_each_mailbox_signs_in_as_itself(stage: Stage):
    """A mail goes out by the sign-in of the mailbox that it comes from."""
    accounts = {**HOUSE.accounts, COPIES: ""}
    with stage.peers.mail_server(accounts=accounts) as server:
        exo = stage.build(EXO, EXO_SENDER=BOTH, EXO_PORT=str(server.port))
        for sender in (COPIES, SENDER, COPIES):
            exo.send(another_message(sender=sender), File(), stage.lease)

        went = [(each.account, each.sender) for each in server.mails]

    assert exo.senders == (SENDER, COPIES)
    assert went == [(COPIES, COPIES), (SENDER, SENDER), (COPIES, COPIES)]


def test_mailboxes_share_one_token(stage: Stage):
    """The application's token is good for all of them: Entra is asked once."""
    accounts = {**HOUSE.accounts, COPIES: ""}
    with stage.peers.mail_server(accounts=accounts) as server:
        exo = stage.build(EXO, EXO_SENDER=BOTH, EXO_PORT=str(server.port))
        said = exo.check()

    assert len(stage.peers.entra.issued) == 1
    assert SENDER in said
    assert COPIES in said


def test_mailbox_that_may_not_sign_in_is_found_by_check(stage: Stage):
    """Of several mailboxes, the one without permission does not hide."""
    with pytest.raises(AuthRefusedError, match="535"):
        stage.build(EXO, EXO_SENDER=BOTH).check()


def test_limits_are_those_of_a_mailbox(stage: Stage):
    """30 mails a minute, 10,000 recipients a day, three connections at once."""
    carries = stage.build(EXO).carries

    assert carries.quotas == (
        Quota(30, timedelta(minutes=1)),
        Quota(10_000, timedelta(days=1), Unit.RECIPIENTS),
    )
    assert carries.connections == 3
    assert carries.max_bytes == 35 * 1024 * 1024


def test_size_is_what_exchange_announces(stage: Stage):
    """Once connected, SIZE is believed: an administrator may have raised it."""
    with stage.peers.mail_server(size=157_286_400) as server:
        exo = stage.build(EXO, EXO_PORT=str(server.port))
        exo.check()

    assert exo.carries.max_bytes == 157_286_400


def test_no_connection_is_kept(stage: Stage):
    """Another instance may need one of the three."""
    exo = stage.build(EXO)
    before = stage.peers.mail.connections
    for _ in range(2):
        stage.send(exo, another_message())

    assert stage.peers.mail.connections - before == 2


@pytest.mark.parametrize(
    "value", [f"{SENDER},{SENDER}", f" {SENDER} , {SENDER.upper()}", f"{SENDER},"]
)
def test_mailbox_that_is_named_twice_is_one(value: str, stage: Stage):
    """Else it would seem to have twice its quota."""
    assert stage.build(EXO, EXO_SENDER=value).senders == (SENDER,)


@pytest.mark.parametrize("value", [",", "jane", f"{SENDER};{COPIES}"])
def test_list_that_is_none_is_said(value: str, stage: Stage):
    """A slip in the list of mailboxes is named, with what belongs there."""
    with pytest.raises(ConfigError, match=r"EXO_SENDER.*comma-separated"):
        stage.build(EXO, EXO_SENDER=value)
