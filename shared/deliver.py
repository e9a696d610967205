"""Mails of a claimed row -> receipts and answers, written down one by one.

In: a row whose lease we hold, and the bytes. Out: the row as it then stands (what came
of its last mail is not saved yet) and a tally for the log. Nothing sleeps here, and
no mail is tried twice in one call. Raises `StaleError` where the lease was lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from .errors import (
    AuthRefusedError,
    BytesError,
    DuplicateError,
    ForwardError,
    InvalidScanError,
    PermanentError,
    RecipientRefusedError,
    ThrottledError,
    TooLargeError,
    TransientError,
    UnconfirmedError,
)
from .model import Content, Fate, Finding, Mail, MailState, Message, Reason, Receipt
from .row import Row
from .transports.base import Transport

ANSWER_LIMIT = 300
"""Characters of a peer's answer that the plan keeps."""


class Gates(Protocol):
    """What delivering asks of the gate."""

    def slot(self, transport: str, own: datetime | None) -> datetime | None:
        """When a scan may go; None: now."""
        ...

    def close(self, transport: str, retry_after: float | None) -> datetime:
        """Close the gate; returns the scan's slot."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What delivering needs: the ways out, and how to write down what happened."""

    transports: Mapping[str, Transport]
    gate: Gates
    margin: timedelta
    compose: Callable[[Row, Mail], Message]
    other_way: Callable[[Row, Mail], Mail | None]
    """The mail by the next transport of its side that can carry it, if any."""
    save: Callable[[Row], Row]
    """Writes the row with a new lease, under its ETag."""
    retry_at: Callable[[Row], datetime]
    """When the row is tried again after one more failure."""


@dataclass(slots=True)
class Tally:
    """What one call did."""

    tried: int = 0
    accepted: int = 0
    recipients: int = 0
    token_seconds: float = 0.0
    transports: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """Transports that refused who we are."""
    broken: InvalidScanError | BytesError | None = None
    """What is wrong with the bytes; the mail in hand was broken off."""


def begin(row: Row, now: datetime) -> Row:
    """Mark the first mail that is due: the row is saved like this before it is sent."""
    due = next((mail for mail in row.pending() if is_due(mail, now)), None)
    return _marked(row, due) if due else row


def is_due(mail: Mail, now: datetime) -> bool:
    """Whether a pending mail may be tried now."""
    return mail.after is None or mail.after <= now


def deliver(row: Row, content: Content, post: Post, now: datetime) -> tuple[Row, Tally]:
    """Send every mail that is due; the row was saved as `begin` made it.

    `now` is the time the call stands for: a message may show itself a little early by
    this machine's clock.
    """
    tally = Tally()
    keys = deque((mail.g, mail.n) for mail in row.pending() if is_due(mail, now))
    while keys and not tally.broken:
        mail = row.mail(*keys.popleft())
        slot = post.gate.slot(mail.transport, _own_slot(mail))
        if slot:
            row = row.with_mail(_put_off(mail, Reason.THROTTLED, slot))
            continue
        if tally.tried:
            row = post.save(_marked(row, mail))
            mail = row.mail(mail.g, mail.n)
        tally.tried += 1
        row = _send(row, mail, content, post, tally)
        if row.mail(mail.g, mail.n).transport != mail.transport:
            keys.append((mail.g, mail.n))
    return row, tally


def _own_slot(mail: Mail) -> datetime | None:
    return mail.after if mail.reason is Reason.THROTTLED else None


def _marked(row: Row, mail: Mail) -> Row:
    if mail.state is not MailState.OPEN:
        return row
    return row.with_mail(replace(mail, state=MailState.SENDING))


def _send(row: Row, mail: Mail, content: Content, post: Post, tally: Tally) -> Row:
    """Send one mail and return the row with what came of it."""
    transport = post.transports[mail.transport]
    tally.transports.append(mail.transport)
    tally.recipients += len(mail.recipients)
    if row.lease_until is None:
        raise ValueError(f"{row.scan_id} is sent without a lease")
    deadline = row.lease_until - post.margin
    try:
        came = _attempt(
            transport, post.compose(row, mail), content, deadline, mail.state
        )
    except (InvalidScanError, BytesError) as exc:
        tally.broken = exc
        return row.with_mail(_reopened(mail))
    except (PermanentError, UnconfirmedError, TransientError) as exc:
        return _failed(row, mail, exc, post, tally)
    if isinstance(came, Finding):
        return row.with_mail(_found(mail, came))
    tally.accepted += 1
    tally.token_seconds += came.token_seconds
    return _accepted(row, mail, came, post)


def _attempt(
    transport: Transport,
    message: Message,
    content: Content,
    deadline: datetime,
    state: MailState,
) -> Receipt | Finding:
    """Send; what may have been accepted before is looked up first where it can be."""
    is_repeat = state is MailState.UNCONFIRMED
    if is_repeat:
        finding = transport.look_up(message)
        if finding and finding.fate is not Fate.UNKNOWN:
            return finding
    try:
        return transport.send(message, content, deadline)
    except (RecipientRefusedError, DuplicateError):
        if not is_repeat or not transport.carries.looks_up:
            raise
        # The refusal of a repeat says nothing about the first attempt.
        again = transport.look_up(message)
        if again is None:
            raise
        return again


def _failed(row: Row, mail: Mail, exc: ForwardError, post: Post, tally: Tally) -> Row:
    """Write down one of the answers; which one decides what happens next."""
    mail = replace(mail, answer=str(exc)[:ANSWER_LIMIT])
    if isinstance(exc, UnconfirmedError):
        return row.with_mail(_unconfirmed(row, mail, post))
    if isinstance(exc, PermanentError):
        other = None
        if isinstance(exc, TooLargeError) and mail.state is not MailState.UNCONFIRMED:
            other = post.other_way(row, _reopened(mail))
        return row.with_mail(other or _refused(mail, exc))
    if isinstance(exc, AuthRefusedError):
        tally.refusals.append(mail.transport)
    if isinstance(exc, ThrottledError):
        after = post.gate.close(mail.transport, exc.retry_after)
    else:
        asked = timedelta(seconds=exc.retry_after or 0)
        after = post.retry_at(row) + asked
    return row.with_mail(_put_off(mail, exc.why or Reason.UNREACHABLE, after))


def _reopened(mail: Mail) -> Mail:
    """Definitely not accepted this time; what was unconfirmed before stays so."""
    if mail.state is MailState.SENDING:
        return replace(mail, state=MailState.OPEN)
    return mail


def _put_off(mail: Mail, reason: Reason, after: datetime) -> Mail:
    return replace(_reopened(mail), reason=reason, after=after)


def _unconfirmed(row: Row, mail: Mail, post: Post) -> Mail:
    """Keep in mind that it may have been accepted, and when to find out."""
    after = post.retry_at(row)
    if post.transports[mail.transport].carries.looks_up and row.lease_until:
        # Before the lease has ended the request may still be on its way.
        after = max(after, row.lease_until)
    state = MailState.UNCONFIRMED
    return replace(mail, state=state, reason=Reason.UNCONFIRMED, after=after)


def _refused(mail: Mail, exc: PermanentError) -> Mail:
    answers = exc.refused or dict.fromkeys(mail.recipients, mail.answer)
    return replace(
        mail,
        state=MailState.REFUSED,
        reason=exc.why,
        refused={who: text[:ANSWER_LIMIT] for who, text in answers.items()},
        after=None,
    )


def _found(mail: Mail, finding: Finding) -> Mail:
    """Write down what a look-up brought back."""
    mail = replace(mail, answer=finding.answer[:ANSWER_LIMIT], after=None)
    if finding.fate is Fate.UNKNOWN:
        return replace(mail, reason=Reason.UNCONFIRMED, held=True)
    mail = replace(mail, state=MailState.ACCEPTED, reason=None)
    if finding.fate is Fate.FAILED:
        return replace(mail, bounced=dict.fromkeys(mail.recipients, mail.answer))
    return mail


def _accepted(row: Row, mail: Mail, receipt: Receipt, post: Post) -> Row:
    """Write down who got it; those put off get a mail of their own, with its own id."""
    later = receipt.deferred
    if later and mail.state is MailState.UNCONFIRMED:
        # The attempt before may have reached them: only this very mail may go again.
        answer = next(iter(later.values()))[:ANSWER_LIMIT]
        mail = replace(mail, answer=answer)
        return row.with_mail(_put_off(mail, Reason.UNCONFIRMED, post.retry_at(row)))
    done = replace(
        _only(mail, frozenset(mail.recipients) - set(later)),
        state=MailState.ACCEPTED,
        answer=receipt.answer[:ANSWER_LIMIT],
        refused={who: text[:ANSWER_LIMIT] for who, text in receipt.refused.items()},
        reason=Reason.RECIPIENT_REFUSED if receipt.refused else None,
        after=None,
    )
    row = row.with_mail(done)
    if not later:
        return row
    rest = replace(
        _only(mail, frozenset(later)),
        n=1 + max(each.n for each in row.plan if each.g == mail.g),
        state=MailState.OPEN,
        answer=next(iter(later.values()))[:ANSWER_LIMIT],
        reason=Reason.UNREACHABLE,
        after=post.retry_at(row),
    )
    return row.with_mail(rest)


def _only(mail: Mail, who: frozenset[str]) -> Mail:
    """The mail with these of its recipients."""
    to, cc, bcc = (
        tuple(each for each in group if each in who)
        for group in (mail.to, mail.cc, mail.bcc)
    )
    return replace(mail, to=to, cc=cc, bcc=bcc)
