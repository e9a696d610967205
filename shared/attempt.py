"""One attempt at one mail -> what came of it, written into the row.

In: a mail that the ledger calls `sending`, and a transport. Out: the row with its
receipt or answer (nothing is saved here), and whether the mail may be tried by another
transport at once. Nothing sleeps; raises nothing but what nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from .errors import (
    AuthRefusedError,
    BytesError,
    DuplicateError,
    InvalidScanError,
    PermanentError,
    RecipientRefusedError,
    SenderRefusedError,
    TooLargeError,
    TransientError,
    UnconfirmedError,
)
from .model import Content, Fate, Finding, Mail, MailState, Message, Reason, Receipt
from .outcome import (
    accepted,
    answered,
    found,
    moved,
    only,
    put_off,
    refused,
    reopened,
    unknown,
)
from .row import Row
from .traffic import Traffic, nothing
from .transports.base import Transport

_ANSWERS = (PermanentError, UnconfirmedError, TransientError)
type _Answer = PermanentError | UnconfirmedError | TransientError


class Ways(Protocol):
    """What is asked about the other ways of a mail's side."""

    def others(self, row: Row, mail: Mail) -> list[Mail]:
        """The mail by each other way that can carry it, best first."""
        ...

    def further(self, row: Row, mail: Mail) -> Mail | None:
        """The mail by the next transport in the order that can carry it."""
        ...

    def too_large(self, row: Row, mail: Mail) -> str:
        """What to do about a mail that none can carry."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What delivering needs: the ways out, and how to write down what happened."""

    transports: Mapping[str, Transport]
    traffic: Traffic
    ways: Ways
    margin: timedelta
    compose: Callable[[Row, Mail], Message]
    save: Callable[[Row], Row]
    """Writes the row with a new lease, under its ETag."""
    retry_at: Callable[[Row], datetime]
    """When the row is tried again after one more failure."""


@dataclass(slots=True)
class Tally:
    """What one call did."""

    tried: int = 0
    accepted: int = 0
    people: set[str] = field(default_factory=set)
    """Recipients of the mails that were tried."""
    token_seconds: float = 0.0
    transports: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    """Why mails went by another transport, or by another From, than was planned."""
    refusals: list[str] = field(default_factory=list)
    """Transports that refused who we are."""
    leave: Callable[[], None] = nothing
    """Gives back the last mail's connection; called once the row is written."""
    broken: InvalidScanError | BytesError | None = None
    """What is wrong with the bytes; the mail in hand was broken off."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an attempt."""

    row: Row
    again: bool = False
    """Whether the same mail may go in this very call, by another way or From."""


def deadline_of(row: Row, post: Post) -> datetime:
    """Until when a mail of the row may be completed."""
    if row.lease_until is None:
        raise ValueError(f"{row.scan_id} is sent without a lease")
    return row.lease_until - post.margin


def attempt(row: Row, mail: Mail, content: Content, post: Post, tally: Tally) -> Came:
    """Send one mail; returns the row with what came of it."""
    transport = post.transports[mail.transport]
    tally.tried += 1
    tally.transports.append(mail.transport)
    tally.people.update(mail.recipients)
    message = post.compose(row, mail)
    try:
        came = _sent(transport, message, content, deadline_of(row, post), mail)
    except (InvalidScanError, BytesError) as exc:
        tally.broken = exc
        return Came(row.with_mail(reopened(mail)))
    except _ANSWERS as exc:
        return _failed(row, answered(mail, str(exc)), exc, post, tally)
    if isinstance(came, Finding):
        return Came(row.with_mail(found(mail, came)))
    tally.accepted += 1
    tally.token_seconds += came.token_seconds
    post.traffic.served(mail)
    return Came(_accepted(row, mail, came, post))


def _sent(
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


def _failed(row: Row, mail: Mail, exc: _Answer, post: Post, tally: Tally) -> Came:
    """Write down one of the answers; which one decides what happens next."""
    if isinstance(exc, UnconfirmedError):
        return Came(row.with_mail(_unconfirmed(row, mail, post)))
    if isinstance(exc, PermanentError):
        return _turned_down(row, mail, exc, post, tally)
    return _put_off(row, mail, exc, post, tally)


def _put_off(
    row: Row, mail: Mail, exc: TransientError, post: Post, tally: Tally
) -> Came:
    """Later may work, or another From, or another transport at once."""
    is_unknown = mail.state is MailState.UNCONFIRMED
    carries = post.transports[mail.transport].carries
    is_by_author = mail.is_by_author and carries.own_author
    if isinstance(exc, SenderRefusedError) and is_by_author and not is_unknown:
        # Nobody granted Send As: the person's address stands in Reply-To all the same.
        tally.moves.append(f"{mail.transport}: not as its author: {exc.what}")
        return Came(row.with_mail(replace(reopened(mail), as_service=True)), again=True)
    if isinstance(exc, AuthRefusedError):
        tally.refusals.append(mail.transport)
    has_other = not is_unknown and bool(post.ways.others(row, mail))
    slot = post.traffic.failed(mail, exc, has_other=has_other)
    after = slot or post.retry_at(row) + timedelta(seconds=exc.retry_after or 0)
    doubt = mail.doubt or exc.is_doubtful
    tried = replace(mail, tried=True, doubt=doubt)
    later = put_off(tried, exc.why or Reason.UNREACHABLE, after)
    return Came(row.with_mail(later), again=bool(slot and has_other))


def _turned_down(
    row: Row, mail: Mail, exc: PermanentError, post: Post, tally: Tally
) -> Came:
    """Refused for good, unless another way carries more."""
    if mail.state is MailState.UNCONFIRMED:
        # The refusal of a repeat says nothing about the attempt before it.
        return Came(row.with_mail(unknown(mail)))
    if not isinstance(exc, TooLargeError):
        return Came(row.with_mail(refused(mail, exc)))
    other = None if mail.doubt else post.ways.further(row, reopened(mail))
    if other:
        why = f"{mail.transport}: {mail.answer}"
        tally.moves.append(why)
        return Came(row.with_mail(moved(other, why)), again=True)
    hint = "; ".join(filter(None, [exc.hint, post.ways.too_large(row, mail)]))
    mail = answered(mail, f"{exc.what} ({hint})")
    return Came(row.with_mail(refused(mail, exc)))


def _unconfirmed(row: Row, mail: Mail, post: Post) -> Mail:
    """Keep in mind that it may have been accepted, and when to find out."""
    after = post.retry_at(row)
    if post.transports[mail.transport].carries.looks_up and row.lease_until:
        # Before the lease has ended the request may still be on its way.
        after = max(after, row.lease_until)
    state, reason = MailState.UNCONFIRMED, Reason.UNCONFIRMED
    return replace(mail, state=state, reason=reason, after=after, booked=False)


def _accepted(row: Row, mail: Mail, receipt: Receipt, post: Post) -> Row:
    """Write down who got it; those put off get a mail of their own, with its own id."""
    later = receipt.deferred
    if not later:
        return row.with_mail(accepted(mail, receipt))
    reason, after = Reason.UNREACHABLE, post.retry_at(row)
    if receipt.throttled:
        reason, after = Reason.THROTTLED, post.traffic.throttled(mail) or after
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
