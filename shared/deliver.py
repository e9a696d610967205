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
from .outcome import (
    accepted,
    answered,
    found,
    only,
    put_off,
    refused,
    reopened,
    unknown,
)
from .row import Row
from .transports.base import Transport


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
        mail = _on_a_way(row, row.mail(*keys.popleft()), post)
        slot = _slot(mail, post)
        if slot or not mail.is_pending:
            row = row.with_mail(put_off(mail, Reason.THROTTLED, slot) if slot else mail)
            continue
        if tally.tried or mail.state is MailState.OPEN:
            # Nothing goes out that the ledger does not call `sending`.
            row = post.save(_marked(row, mail))
            mail = row.mail(mail.g, mail.n)
        tally.tried += 1
        row = _send(row, mail, content, post, tally)
        if row.mail(mail.g, mail.n).transport != mail.transport:
            keys.append((mail.g, mail.n))
    return row, tally


def _slot(mail: Mail, post: Post) -> datetime | None:
    """When a mail may go whose gate is closed; None: now, or never."""
    if not mail.is_pending:
        return None
    own = mail.after if mail.reason is Reason.THROTTLED else None
    return post.gate.slot(mail.transport, own)


def _on_a_way(row: Row, mail: Mail, post: Post) -> Mail:
    """What the settings no longer name is left for another way, or for a person."""
    if mail.transport in post.transports:
        return mail
    what = f"{mail.transport} is not among the transports any more"
    mail = answered(mail, what)
    if mail.state is MailState.UNCONFIRMED:
        # By another it would be another mail: nobody would know it for the same.
        return unknown(mail)
    gone = PermanentError(what, reason=Reason.NOT_ALLOWED)
    return post.other_way(row, reopened(mail)) or refused(mail, gone)


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
        came = _attempt(transport, post.compose(row, mail), content, deadline, mail)
    except (InvalidScanError, BytesError) as exc:
        tally.broken = exc
        return row.with_mail(reopened(mail))
    except (PermanentError, UnconfirmedError, TransientError) as exc:
        return _failed(row, mail, exc, post, tally)
    if isinstance(came, Finding):
        return row.with_mail(found(mail, came))
    tally.accepted += 1
    tally.token_seconds += came.token_seconds
    return _accepted(row, mail, came, post)


def _attempt(
    transport: Transport,
    message: Message,
    content: Content,
    deadline: datetime,
    mail: Mail,
) -> Receipt | Finding:
    """Send; what may have been accepted before is looked up first where it can be."""
    is_unknown = mail.state is MailState.UNCONFIRMED
    if is_unknown:
        finding = transport.look_up(message)
        if finding and finding.fate is not Fate.UNKNOWN:
            return finding
    try:
        return transport.send(message, content, deadline)
    except (RecipientRefusedError, DuplicateError) as exc:
        if not transport.carries.looks_up or not (is_unknown or mail.tried):
            raise
        # The refusal of a repeat says nothing about the attempts before it.
        again = transport.look_up(message)
        is_definite = not is_unknown and isinstance(exc, RecipientRefusedError)
        if again is None or (is_definite and again.fate is Fate.UNKNOWN):
            raise
        return again


def _failed(row: Row, mail: Mail, exc: ForwardError, post: Post, tally: Tally) -> Row:
    """Write down one of the answers; which one decides what happens next."""
    mail = answered(mail, str(exc))
    if isinstance(exc, UnconfirmedError):
        return row.with_mail(_unconfirmed(row, mail, post))
    if isinstance(exc, PermanentError):
        return row.with_mail(_turned_down(row, mail, exc, post))
    if isinstance(exc, AuthRefusedError):
        tally.refusals.append(mail.transport)
    if isinstance(exc, ThrottledError):
        after = post.gate.close(mail.transport, exc.retry_after)
    else:
        asked = timedelta(seconds=exc.retry_after or 0)
        after = post.retry_at(row) + asked
    tried = replace(mail, tried=True)
    return row.with_mail(put_off(tried, exc.why or Reason.UNREACHABLE, after))


def _turned_down(row: Row, mail: Mail, exc: PermanentError, post: Post) -> Mail:
    """Refused for good, unless another way carries more."""
    if mail.state is MailState.UNCONFIRMED:
        # The refusal of a repeat says nothing about the attempt before it.
        return unknown(mail)
    is_too_large = isinstance(exc, TooLargeError)
    other = post.other_way(row, reopened(mail)) if is_too_large else None
    return other or refused(mail, exc)


def _unconfirmed(row: Row, mail: Mail, post: Post) -> Mail:
    """Keep in mind that it may have been accepted, and when to find out."""
    after = post.retry_at(row)
    if post.transports[mail.transport].carries.looks_up and row.lease_until:
        # Before the lease has ended the request may still be on its way.
        after = max(after, row.lease_until)
    state = MailState.UNCONFIRMED
    return replace(mail, state=state, reason=Reason.UNCONFIRMED, after=after)


def _accepted(row: Row, mail: Mail, receipt: Receipt, post: Post) -> Row:
    """Write down who got it; those put off get a mail of their own, with its own id."""
    later = receipt.deferred
    if not later:
        return row.with_mail(accepted(mail, receipt))
    reason, after = Reason.UNREACHABLE, post.retry_at(row)
    if receipt.throttled:
        reason, after = Reason.THROTTLED, post.gate.close(mail.transport, None)
    waiting = answered(put_off(mail, reason, after), next(iter(later.values())))
    if mail.state is MailState.UNCONFIRMED:
        # The attempt before may have reached them: only this very mail may go again.
        return row.with_mail(waiting)
    rest = replace(
        only(waiting, frozenset(later)),
        n=1 + max(each.n for each in row.plan if each.g == mail.g),
        tried=False,
    )
    done = only(mail, frozenset(mail.recipients) - set(later))
    split = row.with_mail(accepted(done, receipt)).with_mail(rest)
    if not split.is_plan_too_long:
        return split
    # No room for a mail of their own: a person releases it for them.
    refusals = {**receipt.refused, **later}
    return row.with_mail(accepted(mail, replace(receipt, refused=refusals)))
