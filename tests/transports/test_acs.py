"""ACS Email over real sockets: ids, signatures, limits, look-ups."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest

from local.acs import AcsService
from local.web import Fault, Moment, Response
from shared.connections import IDLE_SECONDS
from shared.errors import (
    AuthRefusedError,
    ConfigError,
    ForwardError,
    RecipientRefusedError,
    ThrottledError,
    TooLargeError,
    TransientError,
    UnreachableError,
)
from shared.model import Fate, Kind
from shared.transports.acs_body import Body, size_of

from .conftest import Stage
from .makers import FILE, SENDER, File, a_message, another_message
from .rigs import ACS, ACS_IDENTITY, HASTY

both_ways = pytest.mark.parametrize(
    "rig", [ACS, ACS_IDENTITY], ids=lambda rig: rig.label
)


def test_mail_carries_its_ids(stage: Stage):
    """Operation-Id and Message-ID are the mail's own; a second one is refused."""
    message = another_message()

    stage.send(stage.build(ACS), message)

    (mail,) = stage.peers.acs.mails
    assert mail.id == message.operation_id
    assert mail.sent.headers["Message-ID"] == message.message_id
    assert mail.sent.headers["x-ms-acsemail-validate-message-id"] == "true"


def test_mail_says_everything_that_it_can(stage: Stage):
    """Texts, recipients, answer address and attachment are the message's own."""
    message = a_message(
        cc=("anna@fabrikam.com",),
        bcc=("ben@fabrikam.com",),
        subject="Scan für Müller 📄",
        attachment="Müller.pdf",
    )

    stage.send(stage.build(ACS), message)

    sent = stage.peers.acs.mails[0].sent
    assert (sent.to, sent.cc, sent.bcc) == (message.to, message.cc, message.bcc)
    assert (sent.subject, sent.text, sent.html) == (
        message.subject,
        message.text,
        message.html,
    )
    assert sent.reply_to == ("jane@contoso.com",)
    assert sent.sender == SENDER
    assert sent.headers["Auto-Submitted"] == "auto-generated"
    assert sent.attachments[0].name == "Müller.pdf"
    assert sent.attachments[0].content_type == "application/pdf"


def test_links_are_not_tracked(stage: Stage):
    """Nobody is to learn who opened a scan."""
    stage.send(stage.build(ACS), a_message())

    body = json.loads(stage.peers.acs.mails[0].body)
    assert body["userEngagementTrackingDisabled"] is True


def test_answer_is_the_services(stage: Stage):
    """The receipt holds what the service said."""
    assert stage.send(stage.build(ACS), a_message()).answer == "202 Running"


def test_key_reads_the_file_twice_and_identity_once(stage: Stage):
    """An access key signs the body's hash first; a token needs none."""
    for rig, readings in ((ACS, 2), (ACS_IDENTITY, 1)):
        file = File()
        stage.build(rig).send(another_message(), file, stage.lease)
        assert file.readings == readings


def test_body_is_read_again_from_its_beginning():
    """A body gives the same bytes as often as it is read."""
    body = Body(a_message(), File(), lambda: None)

    assert b"".join(body) == b"".join(body)
    assert len(b"".join(body)) == len(body) == size_of(a_message())


def test_body_is_out_when_more_is_asked_for():
    """Only who asks for more has passed on the last byte."""
    body = Body(a_message(), File(), lambda: None)
    parts = iter(body)
    joined = b""
    while len(joined) < len(body):
        assert not body.is_out
        joined += next(parts)

    assert next(parts, None) is None
    assert body.is_out


@both_ways
def test_mail_of_ten_million_bytes_is_too_large(rig, stage: Stage):
    """The limit counts the whole request, and is known before anything is read."""
    transport = stage.build(rig)
    around = transport.size_of(a_message(size=0))
    fits = (10_000_000 - around) // 4 * 3
    assert transport.size_of(a_message(size=fits)) <= 10_000_000
    file = File(b"x" * (fits + 1))

    with pytest.raises(TooLargeError):
        transport.send(a_message(size=file.size), file, stage.lease)

    assert file.readings == 0


def test_mail_of_the_full_size_is_taken(stage: Stage):
    """Seven million bytes, in base64, are within the limit."""
    file = File(b"x" * 7_000_000)

    stage.build(ACS).send(a_message(size=file.size), file, stage.lease)

    assert stage.peers.acs.mails[0].sent.attachments[0].content == b"x" * 7_000_000


def test_what_it_cannot_carry_is_declared(stage: Stage):
    """No display name, no XPS, no mail without a To; operations can be looked up."""
    carries = stage.build(ACS).carries

    assert not carries.display_name
    assert carries.needs_to
    assert carries.looks_up
    assert carries.kinds == frozenset(Kind) - {Kind.XPS}


def test_mail_without_a_to_is_not_begun(stage: Stage):
    """ACS would refuse it, so nobody asks."""
    with pytest.raises(RecipientRefusedError):
        stage.send(stage.build(ACS), a_message(to=(), bcc=("ben@fabrikam.com",)))


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("NotStarted", Fate.ACCEPTED),
        ("Running", Fate.ACCEPTED),
        ("Succeeded", Fate.ACCEPTED),
        ("Failed", Fate.FAILED),
        ("Canceled", Fate.FAILED),
    ],
)
def test_look_up_knows_each_status(status: str, fate: Fate, stage: Stage):
    """Each status of an operation says what became of the mail."""
    transport, message = stage.build(ACS), another_message()
    stage.send(transport, message)
    stage.peers.acs.fates[message.operation_id] = status

    finding = transport.look_up(message)

    assert finding is not None
    assert finding.fate is fate
    assert finding.answer.startswith(status)


def test_failed_operation_says_why(stage: Stage):
    """The error's words of a failed operation are kept."""
    transport, message = stage.build(ACS), another_message()
    stage.send(transport, message)
    stage.peers.acs.fates[message.operation_id] = "Failed"

    finding = transport.look_up(message)

    assert finding is not None
    assert "all recipients were suppressed" in finding.answer


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response(500), UnreachableError),
        (Response(400), UnreachableError),
        (Response(401), AuthRefusedError),
        (Response.of(429, {}, Retry_After="5"), ThrottledError),
        (Response.of(200, {"status": "Pondering"}), UnreachableError),
        (Response(200, b"<html>"), UnreachableError),
        (None, UnreachableError),
    ],
)
def test_look_up_that_learns_nothing_says_later(
    response: Response | None, error: type[ForwardError], stage: Stage
):
    """Whatever keeps the answer away, it is no answer: the question is put again."""
    stage.peers.acs.server.faults.add(Fault(Moment.ANSWER, response))

    with pytest.raises(TransientError) as caught:
        stage.build(ACS).look_up(a_message())

    assert type(caught.value) is error


def test_look_up_does_not_wait_for_ever(stage: Stage):
    """A question has its time-out."""
    stage.peers.acs.server.faults.add(Fault(Moment.STALL))

    with pytest.raises(UnreachableError):
        stage.build(ACS, HASTY).look_up(a_message())


def test_wait_may_be_a_date(stage: Stage):
    """Retry-After as an HTTP date is a number of seconds, never a negative one."""
    past = "Wed, 21 Oct 2015 07:28:00 GMT"
    later = Response.of(429, {}, Retry_After=past)
    stage.peers.acs.server.faults.add(Fault(Moment.ANSWER, later))

    with pytest.raises(ThrottledError) as caught:
        stage.send(stage.build(ACS), a_message())

    assert caught.value.retry_after == 0


def test_nothing_is_tried_again_in_here(stage: Stage):
    """A refusal reaches the ledger after one request, and no thread waits for it."""
    stage.peers.acs.server.faults.add(Fault(Moment.ANSWER, Response(503)))
    transport = stage.build(ACS)
    with pytest.raises(UnreachableError):
        stage.send(transport, a_message())

    assert not stage.peers.acs.mails


@both_ways
def test_check_asks_for_an_operation_that_there_is_not(rig, stage: Stage):
    """`check` proves the credentials, and sends nothing."""
    assert "10000000" in stage.build(rig).check()


def test_wrong_key_is_a_refused_sign_in(stage: Stage):
    """A key that does not fit waits for a person."""
    text = f"endpoint={stage.peers.acs.server.url};accesskey=d3Jvbmc="

    with pytest.raises(AuthRefusedError):
        stage.build(ACS, ACS_CONNECTION_STRING=text).check()


def test_identity_that_is_not_assigned_is_a_refused_sign_in(stage: Stage):
    """An identity that the app does not have waits for a person."""
    with pytest.raises(AuthRefusedError) as caught:
        stage.send(stage.build(ACS_IDENTITY, AZURE_CLIENT_ID="other"), a_message())

    assert "AZURE_CLIENT_ID" in caught.value.hint


def test_token_for_somebody_else_is_refused(stage: Stage):
    """A sender whose domain is not linked waits for a person."""
    with pytest.raises(AuthRefusedError) as caught:
        stage.send(stage.build(ACS), a_message(sender="scans@fabrikam.com"))

    assert "DomainNotLinked" in caught.value.what


@pytest.mark.parametrize(
    "text",
    [
        "endpoint=https://a.communication.azure.com/",
        "endpoint=https://a.communication.azure.com/;accesskey=!",
        "accesskey=d3Jvbmc=",
        "nonsense",
    ],
)
def test_connection_string_that_is_none_is_said_at_once(text: str, stage: Stage):
    """A connection string that was not copied whole is a mistake in the settings."""
    with pytest.raises(ConfigError, match="ACS_CONNECTION_STRING"):
        stage.build(ACS, ACS_CONNECTION_STRING=text)


@pytest.mark.parametrize("endpoint", ["", "http://a.communication.azure.com"])
def test_identity_needs_an_https_endpoint(endpoint: str, stage: Stage):
    """A token never goes out in the clear."""
    with pytest.raises(ConfigError, match="ACS_ENDPOINT"):
        stage.build(ACS_IDENTITY, ACS_ENDPOINT=endpoint)


def test_connection_idle_too_long_is_not_used(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """A connection that something in between may have forgotten is made anew."""
    transport = stage.build(ACS)
    stage.send(transport, another_message())
    kept = stage.peers.acs.server.connections
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    transport.check()
    assert stage.peers.acs.server.connections == kept
    now[0] += IDLE_SECONDS + 1

    transport.check()

    assert stage.peers.acs.server.connections == kept + 1


def test_operation_id_is_a_uuid(stage: Stage):
    """The scan travels in a UUID of version 8."""
    message = another_message()
    stage.send(stage.build(ACS), message)

    assert uuid.UUID(stage.peers.acs.mails[0].id).version == 8
    assert stage.peers.acs.mails[0].sent.attachments[0].content == FILE


def test_access_key_may_be_used_without_tls(stage: Stage):
    """On one machine the endpoint of a connection string may be plain HTTP."""
    service = AcsService(stage.peers.acs.resource)
    with service.server:
        text = service.connection_string
        stage.send(stage.build(ACS, ACS_CONNECTION_STRING=text), a_message())

    assert text.startswith("endpoint=http://")
    assert len(service.mails) == 1


def test_limit_of_mails_is_a_throttled_answer(stage: Stage):
    """The service's limit on mails in a minute comes with the wait it asks for."""
    stage.peers.acs.resource = replace(stage.peers.acs.resource, per_minute=1)
    transport = stage.build(ACS)
    stage.send(transport, another_message())

    with pytest.raises(ThrottledError) as caught:
        stage.send(transport, another_message())

    assert caught.value.retry_after == 60
    assert len(stage.peers.acs.mails) == 1
