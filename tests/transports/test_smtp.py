"""SMTP over real sockets: kept sessions, recipients, SIZE, sign-in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.mail_faults import MailFault, Step, Then
from local.mailserver import MailServer
from shared.errors import (
    AuthRefusedError,
    ConfigError,
    RecipientRefusedError,
    ThrottledError,
    TooLargeError,
    UnreachableError,
)
from shared.transports.base import Patience, Transport
from shared.transports.deadline import Deadline

from .conftest import Stage
from .makers import FILE, SENDER, Clock, File, a_message, another_message
from .peers import PASSWORD, UNKNOWN, closed_port
from .rigs import HVE, SMTP

OTHERS = ("anna@contoso.com", "ben@contoso.com")


def at(server: MailServer) -> dict[str, str]:
    """Settings that lead to another server."""
    return {"SMTP_PORT": str(server.port), "HVE_PORT": str(server.port)}


def connections_for(stage: Stage, transport: Transport, mails: int) -> int:
    """Send so many mails; count the connections it took."""
    before = stage.peers.mail.connections
    for _ in range(mails):
        stage.send(transport, another_message())
    return stage.peers.mail.connections - before


def test_mails_one_after_another_share_a_connection(stage: Stage):
    """A session is kept for the next mail."""
    assert connections_for(stage, stage.build(HVE), 5) == 1
    assert len(stage.peers.mail.mails) == 5


def test_kept_session_that_the_server_ended_is_replaced(stage: Stage):
    """A server that hung up meanwhile costs a connection, and no mail."""
    transport = stage.build(HVE)
    stage.send(transport, another_message())
    stage.peers.mail.hang_up()

    assert connections_for(stage, transport, 1) == 1
    assert len(stage.peers.mail.mails) == 2


@pytest.mark.parametrize(
    "fault",
    [
        MailFault(step=Step.MAIL, then=Then.HANG_UP),
        MailFault(step=Step.MAIL, reply="421 4.4.2 Idle too long", then=Then.HANG_UP),
    ],
    ids=["drop", "421"],
)
def test_kept_session_that_ends_at_mail_is_replaced_once(
    fault: MailFault, stage: Stage
):
    """A kept session that proves dead before it saw the mail is replaced."""
    transport = stage.build(HVE)
    stage.send(transport, another_message())
    stage.peers.mail.faults.add(fault)

    assert connections_for(stage, transport, 1) == 1
    assert len(stage.peers.mail.mails) == 2


def test_session_is_not_replaced_twice(stage: Stage):
    """A new session that ends as well is the server's answer."""
    transport = stage.build(HVE)
    stage.send(transport, another_message())
    said = "421 4.3.2 Going down"
    stage.peers.mail.faults.add(MailFault(step=Step.MAIL, reply=said, times=2))

    with pytest.raises(ThrottledError):
        stage.send(transport, another_message())

    assert len(stage.peers.mail.mails) == 1


def test_kept_session_that_says_no_is_not_replaced(stage: Stage):
    """A refusal on a kept session is a refusal; nobody is asked twice."""
    transport = stage.build(HVE)
    stage.send(transport, another_message())
    before = stage.peers.mail.connections
    stage.peers.mail.faults.add(MailFault(step=Step.MAIL, reply="452 4.3.1 Full"))

    with pytest.raises(ThrottledError):
        stage.send(transport, another_message())

    assert stage.peers.mail.connections == before


def test_session_after_a_refusal_is_not_kept(stage: Stage):
    """The mail after a refused one begins on a clean line."""
    transport = stage.build(HVE)
    with pytest.raises(RecipientRefusedError):
        stage.send(transport, another_message(to=(UNKNOWN,)))

    assert connections_for(stage, transport, 2) == 1


@pytest.mark.parametrize("has_pipelining", [True, False])
def test_refused_recipient_does_not_stop_the_others(has_pipelining, stage: Stage):
    """5xx for one of several: the others have the mail, the receipt says who not."""
    with stage.peers.mail_server(has_pipelining=has_pipelining) as server:
        message = a_message(to=OTHERS, cc=(UNKNOWN,))
        receipt = stage.send(stage.build(SMTP, **at(server)), message)

        assert server.mails[0].recipients == OTHERS
    assert list(receipt.refused) == [UNKNOWN]
    assert "5.1.10" in receipt.refused[UNKNOWN]
    assert not receipt.deferred


def test_deferred_recipient_does_not_stop_the_others(stage: Stage):
    """4xx for one of several: the others have the mail, the one may be tried again."""
    fault = MailFault(step=Step.RCPT, reply="450 4.2.1 Busy", who=OTHERS[1])
    stage.peers.mail.faults.add(fault)

    receipt = stage.send(stage.build(HVE), a_message(to=OTHERS))

    assert stage.peers.mail.mails[0].recipients == OTHERS[:1]
    assert receipt.deferred == {OTHERS[1]: "450 4.2.1 Busy"}
    assert not receipt.refused


@pytest.mark.parametrize(
    ("reply", "throttled"), [("450 4.2.1 Busy", False), ("452 4.5.3 Too many", True)]
)
def test_receipt_says_whether_somebody_was_put_off_for_too_many_mails(
    reply, throttled, stage: Stage
):
    """Whoever reads it closes the gate, as where everybody was put off."""
    stage.peers.mail.faults.add(MailFault(step=Step.RCPT, reply=reply, who=OTHERS[1]))
    receipt = stage.send(stage.build(HVE), a_message(to=OTHERS))
    assert receipt.throttled is throttled


def test_mail_for_nobody_names_everybodys_answer(stage: Stage):
    """Where all are refused, each is refused by name, and no mail was sent."""
    who = (UNKNOWN, "eve@fabrikam.com")

    with pytest.raises(RecipientRefusedError) as caught:
        stage.send(stage.build(HVE), a_message(to=who))

    assert "5.1.10" in caught.value.refused[UNKNOWN]
    assert "5.5.105" in caught.value.refused["eve@fabrikam.com"]
    assert not stage.peers.mail.mails


def test_envelope_has_the_blind_copies_and_the_mail_has_not(stage: Stage):
    """A blind copy is delivered, and named nowhere in the mail."""
    stage.send(stage.build(HVE), a_message(bcc=("carol@contoso.com",)))

    (mail,) = stage.peers.mail.mails
    assert "carol@contoso.com" in mail.recipients
    assert b"carol" not in mail.data


def test_sender_of_the_plan_is_the_envelopes(stage: Stage):
    """The envelope's sender is the message's, even where the setting has changed."""
    with pytest.raises(AuthRefusedError):
        stage.send(stage.build(HVE), a_message(sender="other@contoso.com"))


@pytest.mark.parametrize("dots", [".", "..", ".hidden\n.", "a\n.\nb"])
def test_lines_of_dots_arrive(dots: str, stage: Stage):
    """A line that begins with a dot ends no mail, and loses no dot."""
    message = a_message(text=dots, html=dots)

    stage.send(stage.build(HVE), message)

    (arrived,) = stage.peers.arrived_by_mail()
    assert arrived.file == FILE
    assert len(arrived.wire) == stage.build(HVE).size_of(message)


def test_size_is_learned_from_the_server(stage: Stage):
    """What the server announces takes the place of what was assumed."""
    with stage.peers.mail_server(size=123_456) as server:
        hve, smtp = stage.build(HVE, **at(server)), stage.build(SMTP, **at(server))
        assert hve.carries.max_bytes == 10 * 1024 * 1024
        assert smtp.carries.max_bytes is None

        hve.check()
        smtp.check()

    assert hve.carries.max_bytes == smtp.carries.max_bytes == 123_456


def test_size_is_respected_before_the_mail_is_begun(stage: Stage):
    """A mail larger than SIZE is refused before the server hears of it."""
    with stage.peers.mail_server(size=20_000) as server:
        file = File(b"x" * 20_000)
        transport = stage.build(SMTP, **at(server))
        with pytest.raises(TooLargeError, match="20000"):
            transport.send(a_message(size=file.size), file, stage.lease)

    assert file.readings == 0


def test_server_without_size_takes_any_mail_by_smtp(stage: Stage):
    """Where no SIZE is announced, none is named, and nothing is assumed."""
    with stage.peers.mail_server(size=None) as server:
        stage.send(stage.build(SMTP, **at(server)), a_message())

        assert len(server.mails) == 1


def test_hve_without_size_takes_ten_mebibytes(stage: Stage):
    """HVE takes 10,485,760 bytes where it announces nothing."""
    with stage.peers.mail_server(size=None) as server:
        file = File(b"x" * 8_000_000)
        transport = stage.build(HVE, **at(server))
        with pytest.raises(TooLargeError, match="10485760"):
            transport.send(a_message(size=file.size), file, stage.lease)


def test_tls_may_come_first(stage: Stage):
    """With SMTP_TLS=tls the connection begins with TLS."""
    with stage.peers.mail_server(is_tls_first=True) as server:
        stage.send(stage.build(SMTP, SMTP_TLS="tls", **at(server)), a_message())

        assert len(server.mails) == 1


def test_server_may_ask_for_no_sign_in(stage: Stage):
    """Without SMTP_USER nobody signs in."""
    with stage.peers.mail_server(needs_sign_in=False) as server:
        nobody = {"SMTP_USER": "", "SMTP_PASSWORD": ""}
        stage.send(stage.build(SMTP, **nobody, **at(server)), a_message())

        assert len(server.mails) == 1


def test_server_without_our_mechanisms_is_a_refused_sign_in(stage: Stage):
    """A server that offers no way to sign in that we know waits for a person."""
    with (
        stage.peers.mail_server(issuer=None) as server,
        pytest.raises(AuthRefusedError, match="XOAUTH2"),
    ):
        stage.build(HVE, **at(server)).check()


def test_wrong_password_is_refused_and_never_shown(stage: Stage):
    """A refused password alarms, and appears nowhere."""
    transport = stage.build(SMTP, SMTP_PASSWORD="wröng")

    with pytest.raises(AuthRefusedError) as caught:
        stage.send(transport, a_message())

    assert "wröng" not in f"{caught.value} {caught.value.__cause__}"


def test_user_and_password_belong_together(stage: Stage):
    """One without the other is a mistake, said before anything is sent."""
    with pytest.raises(ConfigError, match="SMTP_PASSWORD"):
        stage.build(SMTP, SMTP_PASSWORD="")


def test_check_says_what_server_and_size(stage: Stage):
    """`check` names the server, who signed in, and the limit."""
    said = stage.build(SMTP).check()

    assert f"localhost:{stage.peers.mail.port}" in said
    assert SENDER in said
    assert str(stage.peers.house.size) in said
    assert PASSWORD not in said


def test_check_of_a_server_that_is_not_there_says_where(stage: Stage):
    """What cannot be reached is named."""
    port = closed_port()

    with pytest.raises(UnreachableError, match=f"localhost:{port}"):
        stage.build(SMTP, SMTP_PORT=str(port)).check()


@pytest.mark.parametrize(
    ("left", "expected"), [(10, 60), (-5, 60), (120, 120), (1000, 300)]
)
def test_answer_is_waited_for_as_long_as_the_lease(left: float, expected: float):
    """A whole mail's answer is worth the rest of the lease, within reason."""
    clock = Clock()
    deadline = Deadline(clock() + timedelta(seconds=left), clock, Patience())

    assert deadline.answer_seconds() == expected
