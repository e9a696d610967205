"""What came of a mail, written into it.

In: a mail of the plan, and what a transport said. Out: the mail as it then stands.
Pure; raises nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from .errors import PermanentError
from .model import Fate, Finding, Mail, MailState, Reason, Receipt

ANSWER_LIMIT = 300
"""Characters of a peer's answer that the plan keeps."""


def answered(mail: Mail, answer: str) -> Mail:
    """Keep in mind what was said last."""
    return replace(mail, answer=answer[:ANSWER_LIMIT])


def reopened(mail: Mail) -> Mail:
    """Definitely not accepted this time; what was unconfirmed before stays so."""
    if mail.state is MailState.SENDING:
        return replace(mail, state=MailState.OPEN)
    return mail


def moved(mail: Mail, why: str) -> Mail:
    """It goes by another way than before, as if it had never been tried."""
    return replace(
        reopened(mail),
        reason=None,
        after=None,
        booked=False,
        tried=False,
        doubt=False,
        why=why[:ANSWER_LIMIT],
    )


def put_off(mail: Mail, reason: Reason, after: datetime) -> Mail:
    """Try it again, not before this time."""
    return replace(reopened(mail), reason=reason, after=after, booked=False)


def unknown(mail: Mail) -> Mail:
    """It may have been accepted, and nothing automatic is left to try."""
    state, reason = MailState.UNCONFIRMED, Reason.UNCONFIRMED
    return replace(mail, state=state, reason=reason, after=None, held=True)


def refused(mail: Mail, exc: PermanentError) -> Mail:
    """Nobody gets it; each is told why."""
    answers = exc.refused or dict.fromkeys(mail.recipients, mail.answer)
    return replace(
        mail,
        state=MailState.REFUSED,
        reason=exc.why,
        refused=_cut(answers),
        after=None,
    )


def found(mail: Mail, finding: Finding) -> Mail:
    """Write down what a look-up brought back."""
    mail = answered(mail, finding.answer)
    if finding.fate is Fate.UNKNOWN:
        return unknown(mail)
    mail = replace(
        mail, state=MailState.ACCEPTED, reason=None, after=None, booked=False
    )
    if finding.fate is Fate.FAILED:
        return replace(mail, bounced=dict.fromkeys(mail.recipients, mail.answer))
    return mail


def accepted(mail: Mail, receipt: Receipt) -> Mail:
    """Those whom the receipt does not name as refused have it."""
    return replace(
        answered(mail, receipt.answer),
        state=MailState.ACCEPTED,
        refused=_cut(receipt.refused),
        reason=Reason.RECIPIENT_REFUSED if receipt.refused else None,
        after=None,
        booked=False,
    )


def only(mail: Mail, who: frozenset[str]) -> Mail:
    """The mail with these of its recipients."""
    to, cc, bcc = (
        tuple(each for each in group if each in who)
        for group in (mail.to, mail.cc, mail.bcc)
    )
    return replace(mail, to=to, cc=cc, bcc=bcc)


def _cut(answers: Mapping[str, str]) -> dict[str, str]:
    return {who: text[:ANSWER_LIMIT] for who, text in answers.items()}
