"""What a mail server answered -> one of our answers, by tables.

In: a `Reply` and the step it belongs to. Out: the error to raise, with a hint where we
know what to do. Codes are those of RFC 5321, RFC 3463 and Exchange's own documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import (
    AuthRefusedError,
    ForwardError,
    RecipientRefusedError,
    SenderRefusedError,
    ThrottledError,
    TooLargeError,
    UnreachableError,
)

_WORDS_LIMIT = 300
_GOOD = range(200, 300)


class Step(StrEnum):
    """How far a session has come."""

    CONNECT = "connect"
    SIGN_IN = "sign-in"
    MAIL = "mail"
    """From MAIL FROM to the answer to the whole mail."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, as the server wrote it."""

    code: int
    text: str

    @classmethod
    def of(cls, code: int, text: bytes) -> Reply:
        """Make one line of visible ASCII of whatever came."""
        line = " ".join(text.decode("ascii", "replace").split())
        shown = "".join(char if char.isprintable() else "?" for char in line)
        return cls(code, shown[:_WORDS_LIMIT])

    @property
    def is_good(self) -> bool:
        """Whether it says yes."""
        return self.code in _GOOD

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


type _Table = tuple[tuple[str, type[ForwardError]], ...]

_ANY: _Table = (
    (r"4(21|32|52)\b", ThrottledError),
    (r"451 4\.7\.5\d\d\b", ThrottledError),
    (r"[45]\d\d .*submission ?quota", ThrottledError),
    (r"5\d\d 5\.(1\.90|2\.12[12]|7\.233)\b", ThrottledError),
    (r"5\d\d 5\.(7\.60|2\.252)\b", SenderRefusedError),
    (r"53[05]\b", AuthRefusedError),
    (r"5\d\d 5\.7\.(57|139|240)\b", AuthRefusedError),
    (r"552\b", TooLargeError),
    (r"5\d\d 5\.(3\.4|2\.3)\b", TooLargeError),
    (r"[45]\d\d .*quota ?exceeded", ThrottledError),
)
"""Read from the top, whatever the step."""

_ELSE: Mapping[Step, _Table] = {
    # Before there is a mail, no answer can be about it.
    Step.CONNECT: ((r"", UnreachableError),),
    Step.SIGN_IN: ((r"5", AuthRefusedError), (r"", UnreachableError)),
    Step.MAIL: ((r"5", RecipientRefusedError), (r"", UnreachableError)),
}

_PAGE = "https://security.microsoft.com/restrictedentities"
_FULL_ACCESS = (
    "New-ServicePrincipal -AppId MAIL_CLIENT_ID -ObjectId ITS_OBJECT_ID, then "
    "Add-MailboxPermission -Identity SENDER -User ITS_OBJECT_ID -AccessRights "
    "FullAccess"
)

_HINTS: tuple[tuple[str, str], ...] = (
    (r"5\.5\.105\b", "route this domain outside: take it out of INTERNAL_DOMAINS"),
    (
        r"5\.7\.240\b",
        "Add-HVEAppAccess with the enterprise application's object id",
    ),
    (r"5\.7\.144\b", "grant the application Mail.Send on Office 365 Exchange Online"),
    (r"5\.7\.14[23]\b", "the token had run out: check this machine's clock"),
    (
        r"5\.7\.139\b",
        "Set-CASMailbox -Identity SENDER -SmtpClientAuthenticationDisabled $false; "
        "else security defaults or a Conditional Access policy forbid this sign-in",
    ),
    (
        r"5\.7\.30\b",
        "Exchange Online takes no password here any more: use exo with an application",
    ),
    (r"5\.7\.57\b", "the server wants a sign-in: check user and secret"),
    (
        r"5\.7\.60\b|5\.2\.252\b",
        "Add-RecipientPermission -Identity SENDER -Trustee WHO_SIGNS_IN -AccessRights "
        f"SendAs; for an application: {_FULL_ACCESS}",
    ),
    (
        r"5\.7\.64\b",
        "no inbound connector knows us: New-InboundConnector -ConnectorType OnPremises "
        "-SenderDomains * with -TlsSenderCertificateName or -SenderIPAddresses "
        "(Set-InboundConnector where there is one), and a sender of an accepted domain",
    ),
    (
        r"5\.7\.1\b.*(relay access denied|unable to relay|relaying denied)",
        "the server does not know us: check RELAY_CLIENT_CERTIFICATE and its end, or "
        "the source address that the connector allows",
    ),
    (
        r"5\.7\.1\b.*not logged in",
        "the server wants a sign-in: set SMTP_USER and SMTP_PASSWORD",
    ),
    (
        r"5\.7\.1\b.*not owned by user",
        "let this sign-in send as the sender, or change the sender",
    ),
    (
        r"5\.7\.68\b",
        "the tenant rejects Direct Send: Set-OrganizationConfig -RejectDirectSend "
        "$false, or make an inbound connector (New-InboundConnector) and use relay",
    ),
    (
        r"5\.7\.233\b",
        "the tenant's external recipients of 24 hours are used up: see "
        "Get-LimitsEnforcementStatus; more licences raise the limit",
    ),
    (r"5\.1\.8\b|5\.7\.50[123]\b", f"the sender is blocked as a spammer: {_PAGE}"),
    (
        r"5\.7\.(7[0-4]\d|750)\b",
        f"the tenant may not send: look at {_PAGE}, then ask Microsoft's support",
    ),
    (
        r"5\.7\.(12[49]|13[3-6])\b",
        "only chosen senders may write there: Set-DistributionGroup or Set-Mailbox "
        "-AcceptMessagesOnlyFromSendersOrMembers",
    ),
    (
        r"5\.1\.90\b|(?i:submission ?quota)",
        "this mailbox has sent its share for now: share the load, by EXO_SENDER",
    ),
    (
        r"5\.2\.2\b",
        "the sender's mailbox is full: empty its Sent Items, or Set-Mailbox -Identity "
        "SENDER -ProhibitSendQuota",
    ),
    (r"^535 5\.7\.3\b", f"check the secret; for an application: {_FULL_ACCESS}"),
    (r"^53[05]", "check the secret, and that the account may send by SMTP"),
    (
        r"^432",
        "more connections at once than a mailbox takes: share the load, by EXO_SENDER",
    ),
    (r"^451 4\.7\.[56]", "Exchange holds back a sender it does not know yet: wait"),
    (
        r"^552|5\.3\.4\b|5\.2\.3\b",
        "scan at a lower resolution, or in parts; a mailbox of Exchange Online: "
        "Set-Mailbox -Identity SENDER -MaxSendSize 150MB",
    ),
)
"""Read from the top; the cmdlets are those of Exchange Online PowerShell."""


def refusal(reply: Reply, step: Step = Step.MAIL) -> ForwardError:
    """Choose the error for a reply that is not the one hoped for."""
    said = str(reply)
    table = _ANY + _ELSE[step]
    kind = next(kind for sign, kind in table if _fits(sign, said))
    hint = next((words for sign, words in _HINTS if _hints(sign, said)), "")
    return kind(said, hint=hint)


def _hints(sign: str, said: str) -> bool:
    return re.search(sign, said, re.IGNORECASE) is not None


def _fits(sign: str, said: str) -> bool:
    return re.match(sign, said, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Answers:
    """What RCPT said of each recipient (RFC 5321, 3.3)."""

    accepted: tuple[str, ...]
    refused: Mapping[str, str]
    """For good."""
    deferred: Mapping[str, str]
    """They may be tried again."""
    throttled: bool = False
    """Some of them because the server wants fewer mails."""


def sort(replies: Mapping[str, Reply]) -> Answers:
    """Sort recipients by what becomes of them.

    Raises AuthRefusedError where a reply is about the sender; where nobody was
    accepted, the transient answer if there is one, else TooLargeError or
    RecipientRefusedError with every recipient's own answer.
    """
    errors = {who: refusal(it) for who, it in replies.items() if not it.is_good}
    for error in errors.values():
        if isinstance(error, AuthRefusedError):
            raise error
    kept = (ThrottledError, UnreachableError)
    deferred = {who: error for who, error in errors.items() if isinstance(error, kept)}
    refused = {who: str(error) for who, error in errors.items() if who not in deferred}
    accepted = tuple(who for who in replies if who not in errors)
    if not accepted and deferred:
        raise min(deferred.values(), key=lambda each: not isinstance(each, kept[0]))
    if not accepted:
        raise _nobody(tuple(errors.values()), refused)
    throttled = any(isinstance(each, ThrottledError) for each in deferred.values())
    later = {who: str(error) for who, error in deferred.items()}
    return Answers(accepted, refused, later, throttled)


def _nobody(errors: tuple[ForwardError, ...], refused: dict[str, str]) -> ForwardError:
    first = errors[0]
    too_large = all(isinstance(error, TooLargeError) for error in errors)
    kind = TooLargeError if too_large else RecipientRefusedError
    return kind(first.what, hint=first.hint, refused=refused)
