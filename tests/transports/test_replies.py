"""Reply codes: a table of what servers say, and what is made of it."""

from __future__ import annotations

import pytest

from shared.errors import (
    AuthRefusedError,
    RecipientRefusedError,
    SenderRefusedError,
    ThrottledError,
    TooLargeError,
    UnreachableError,
)
from shared.transports.replies import Reply, Step, refusal, sort

SAID = [
    ("421 4.3.2 Service not available", ThrottledError),
    ("421", ThrottledError),
    ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", ThrottledError),
    ("451 4.7.500 Server busy", ThrottledError),
    ("451 4.7.599 Server busy", ThrottledError),
    ("452 4.3.1 Insufficient system resources", ThrottledError),
    ("452 4.5.3 Too many recipients", ThrottledError),
    ("554 5.2.0 STOREDRV.Submission; SubmissionQuotaExceededException", ThrottledError),
    ("550 5.2.2 Submission quota exceeded", ThrottledError),
    ("550 5.1.90 Your message can't be sent", ThrottledError),
    ("554 5.2.2 mailbox full; QuotaExceededException", ThrottledError),
    ("450 4.2.2 Quota exceeded", ThrottledError),
    ("450 4.2.1 Mailbox busy", UnreachableError),
    ("451 4.7.0 Temporary server error", UnreachableError),
    ("454 4.7.0 Temporary authentication failure", UnreachableError),
    ("530 5.7.57 Client not authenticated", AuthRefusedError),
    ("535 5.7.3 Authentication unsuccessful", AuthRefusedError),
    ("535 5.7.139 Authentication unsuccessful", AuthRefusedError),
    ("550 5.7.60 Client does not have permissions", SenderRefusedError),
    ("550 5.7.240 Application not allowed", AuthRefusedError),
    ("550 5.7.30 Basic authentication is not supported", RecipientRefusedError),
    ("550 5.7.64 TenantAttribution; Relay Access Denied", RecipientRefusedError),
    ("550 5.7.68 TenantInboundAttribution; Direct Send", RecipientRefusedError),
    ("550 5.7.233 Tenant external recipient rate limit", ThrottledError),
    ("550 5.1.8 Access denied, bad outbound sender", RecipientRefusedError),
    ("550 5.7.501 Access denied, spam abuse detected", RecipientRefusedError),
    ("550 5.7.705 Tenant has exceeded threshold", RecipientRefusedError),
    ("550 5.7.750 Service unavailable", RecipientRefusedError),
    ("550 5.7.504 Recipient address rejected", RecipientRefusedError),
    ("550 5.7.133 Sender not authenticated for group", RecipientRefusedError),
    ("550 5.1.80 Whatever", RecipientRefusedError),
    ("550 5.7.640 Whatever", RecipientRefusedError),
    ("554 5.2.252 SendAsDenied", SenderRefusedError),
    ("552 Message size exceeds maximum", TooLargeError),
    ("550 5.3.4 Message size exceeds limit", TooLargeError),
    ("554 5.2.3 Message too large", TooLargeError),
    ("550 5.5.105 External sending is not supported", RecipientRefusedError),
    ("550 5.1.10 Recipient not found", RecipientRefusedError),
    ("550 5.7.601 Blocked", RecipientRefusedError),
    ("550 5.3.45 Whatever", RecipientRefusedError),
    ("554 Transaction failed", RecipientRefusedError),
    ("553 5.1.3 Malformed address", RecipientRefusedError),
    ("250 OK where it does not belong", UnreachableError),
    ("-1 SSH-2.0-OpenSSH", UnreachableError),
]


def reply(said: str) -> Reply:
    """A reply from its line."""
    code, _, text = said.partition(" ")
    return Reply(int(code), text)


@pytest.mark.parametrize(("said", "error"), SAID)
def test_reply_to_a_mail_gives_its_answer(said: str, error: type):
    """Each code, and each enhanced code (RFC 3463), has one answer."""
    assert type(refusal(reply(said))) is error


@pytest.mark.parametrize(
    ("step", "said", "error"),
    [
        (Step.CONNECT, "554 5.7.1 No service for you", UnreachableError),
        (Step.CONNECT, "550 5.5.4 Bad name", UnreachableError),
        (Step.CONNECT, "421 4.3.2 Too many connections", ThrottledError),
        (Step.SIGN_IN, "501 5.5.121 Malformed", AuthRefusedError),
        (Step.SIGN_IN, "504 5.5.4 Unrecognized authentication type", AuthRefusedError),
        (Step.SIGN_IN, "454 4.7.0 Temporary failure", UnreachableError),
    ],
)
def test_reply_before_the_mail_is_never_about_recipients(
    step: Step, said: str, error: type
):
    """Before a mail begins, a refusal is about the connection or the sign-in."""
    assert type(refusal(reply(said), step)) is error


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("550 5.5.105 External", "INTERNAL_DOMAINS"),
        ("550 5.7.240 App", "Add-HVEAppAccess"),
        ("535 5.7.144 No", "Mail.Send"),
        ("535 5.7.143 No", "clock"),
        ("535 5.7.139 No", "Set-CASMailbox"),
        ("550 5.7.30 Basic", "exo"),
        ("530 5.7.57 No", "sign-in"),
        ("550 5.7.60 No", "Add-RecipientPermission"),
        ("554 5.2.252 SendAsDenied", "Add-RecipientPermission"),
        ("550 5.7.64 TenantAttribution", "New-InboundConnector"),
        ("550 5.7.68 Direct Send", "Set-OrganizationConfig -RejectDirectSend"),
        ("550 5.7.233 Limit", "Get-LimitsEnforcementStatus"),
        ("550 5.1.8 Access denied", "restrictedentities"),
        ("550 5.7.502 Access denied", "restrictedentities"),
        ("550 5.7.708 Access denied", "support"),
        ("550 5.7.133 Group", "Set-DistributionGroup"),
        ("550 5.1.90 Limit", "EXO_SENDER"),
        ("554 5.2.0 STOREDRV; SubmissionQuotaExceeded", "EXO_SENDER"),
        ("550 5.2.2 Submission quota exceeded", "EXO_SENDER"),
        ("554 5.2.2 mailbox full", "Sent Items"),
        ("535 5.7.3 No", "secret"),
        ("535 5.7.3 No", "New-ServicePrincipal"),
        ("535 5.7.3 No", "Add-MailboxPermission"),
        ("535 5.7.8 No", "secret"),
        ("432 4.3.2 Limit", "EXO_SENDER"),
        ("451 4.7.500 Busy", "wait"),
        ("552 Too large", "resolution"),
        ("554 5.2.3 Too large", "Set-Mailbox"),
    ],
)
def test_reply_that_we_know_comes_with_a_hint(said: str, words: str):
    """Where we know what to do, the error says it, by the cmdlet or the page."""
    hint = refusal(reply(said)).hint

    assert words in hint
    assert "\n" not in hint


@pytest.mark.parametrize("said", ["550 5.7.601 No", "550 5.7.3000 No", "550 5.1.1 No"])
def test_reply_that_we_do_not_know_has_no_hint(said: str):
    """Wrong advice is worse than none."""
    assert not refusal(reply(said)).hint


def test_reply_is_one_line_of_visible_text():
    """Whatever a server writes becomes one short line that a log can take."""
    text = Reply.of(550, b"5.1.1 first\nsecond\x1b[31m\xff\0" + b"x" * 999).text

    assert text.startswith("5.1.1 first second?[31m")
    assert text.isprintable()
    assert len(text) == 300


def sorted_replies(*said: str):
    """Sort one reply for each of a mail's recipients."""
    return sort({f"{n}@contoso.com": reply(each) for n, each in enumerate(said)})


def test_recipients_are_sorted_by_what_becomes_of_them():
    """2xx is accepted, 5xx refused for good, 4xx put off."""
    answers = sorted_replies("250 OK", "550 5.1.10 Unknown", "450 4.2.1 Busy")

    assert answers.accepted == ("0@contoso.com",)
    assert list(answers.refused) == ["1@contoso.com"]
    assert list(answers.deferred) == ["2@contoso.com"]
    assert not answers.throttled


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (("450 4.2.1 Busy", "550 5.1.10 Unknown"), UnreachableError),
        (("450 4.2.1 Busy", "452 4.5.3 Too many"), ThrottledError),
        (("550 5.1.10 Unknown", "550 5.5.105 External"), RecipientRefusedError),
        (("552 5.3.4 Too large", "552 5.3.4 Too large"), TooLargeError),
        (("552 5.3.4 Too large", "550 5.1.10 Unknown"), RecipientRefusedError),
        (("250 OK", "550 5.7.60 May not send as"), SenderRefusedError),
    ],
)
def test_mail_for_nobody_raises(said: tuple[str, ...], error: type):
    """Where nobody is left, or the sender is refused, the mail ends there."""
    with pytest.raises(error) as caught:
        sorted_replies(*said)

    assert type(caught.value) is error


def test_refused_recipients_keep_their_own_answers():
    """Who is refused is told why, each by name."""
    with pytest.raises(RecipientRefusedError) as caught:
        sorted_replies("550 5.1.10 Unknown", "550 5.5.105 External")

    assert list(caught.value.refused) == ["0@contoso.com", "1@contoso.com"]
    assert "5.5.105" in caught.value.refused["1@contoso.com"]
