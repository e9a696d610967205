"""Mails of a claimed row, each by a way that is open, and written down one by one.

In: a row whose lease we hold, and the bytes. Out: the row as it then stands (what came
of its last mail is not saved yet) and a tally for the log. Nothing sleeps here, and no
mail goes twice by one way in one call. Raises `StaleError` where the lease was lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from .attempt import Post, Tally, attempt, deadline_of
from .errors import PermanentError
from .model import Content, Mail, MailState, Reason
from .outcome import answered, moved, refused, reopened, unknown
from .row import Row
from .traffic import Stop


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
    round_ = _Round(row, content, post, now)
    while round_.keys and not round_.tally.broken:
        round_.step()
    return round_.row, round_.tally


def _marked(row: Row, mail: Mail) -> Row:
    if mail.state is not MailState.OPEN:
        return row
    return row.with_mail(replace(mail, state=MailState.SENDING))


@dataclass(slots=True)
class _Round:
    """One call's mails."""

    row: Row
    content: Content
    post: Post
    now: datetime
    tally: Tally = field(default_factory=Tally)
    keys: deque[tuple[int, int]] = field(init=False)
    been: set[tuple[int, int, str, str]] = field(default_factory=set)
    """Mails and the ways that they were tried by in this call."""

    def __post_init__(self) -> None:
        due = (mail for mail in self.row.pending() if is_due(mail, self.now))
        self.keys = deque((mail.g, mail.n) for mail in due)

    def step(self) -> None:
        """Take the next mail, find it a way, and send it."""
        before = self.row.mail(*self.keys.popleft())
        mail = self._on_a_way(before)
        if not mail.is_pending:
            self.row = self.row.with_mail(mail)
            return
        mail, leave = self._admitted(mail)
        if leave is None:
            self.row = self.row.with_mail(mail)
            return
        try:
            self._send(mail)
        finally:
            leave()

    def _send(self, mail: Mail) -> None:
        if self.tally.tried or mail.state is MailState.OPEN:
            # Nothing goes out that the ledger does not call `sending`.
            self.row = self.post.save(_marked(self.row.with_mail(mail), mail))
            mail = self.row.mail(mail.g, mail.n)
        came = attempt(self.row, mail, self.content, self.post, self.tally)
        self.row = came.row
        after = self.row.mail(mail.g, mail.n)
        if not after.as_service or mail.as_service:
            self.been.add(_way(mail))
        if came.again:
            self.keys.append((mail.g, mail.n))

    def _on_a_way(self, mail: Mail) -> Mail:
        """What the settings no longer name is left for another way, or a person."""
        if mail.transport in self.post.transports:
            return mail
        what = f"{mail.transport} is not among the transports any more"
        mail = answered(mail, what)
        if mail.state is MailState.UNCONFIRMED:
            # By another it would be another mail: nobody would know it for the same.
            return unknown(mail)
        other = self.post.ways.further(self.row, reopened(mail))
        if other:
            return moved(other, what)
        return refused(mail, PermanentError(what, reason=Reason.NOT_ALLOWED))

    def _admitted(self, mail: Mail) -> tuple[Mail, Callable[[], None] | None]:
        """The mail on a way that is open, and how to leave it; else put off."""
        stops: list[tuple[Stop, Mail]] = []
        for each in self._ways(mail):
            way = each if each is mail else moved(each, self._why(mail, stops))
            # A way that just failed is not tried again, but it may be waited for.
            has_been = _way(way) in self.been
            came = self.post.traffic.shut(way) if has_been else self._entered(way)
            if isinstance(came, Stop):
                stops.append((came, way))
            elif came:
                if way is not mail:
                    self.tally.moves.append(way.why)
                return way, came
        if _way(mail) in self.been and mail.after:
            # It was put off a moment ago, by the way that it is on.
            stops = [each for each in stops if each[0].until < mail.after]
        if not stops:
            return mail, None
        stop, way = min(stops, key=lambda each: each[0].until)
        return self.post.traffic.queue(reopened(way), stop), None

    def _ways(self, mail: Mail) -> list[Mail]:
        """The mail by its own way, then by others; of unknown fate: its own only."""
        if mail.state is MailState.UNCONFIRMED:
            return [mail]
        return [mail, *self.post.ways.others(self.row, reopened(mail))]

    def _why(self, mail: Mail, stops: list[tuple[Stop, Mail]]) -> str:
        """Why it does not go by its own way: what was said there last."""
        said = mail.answer if _way(mail) in self.been else ""
        return f"{mail.transport}: {said or (stops[0][0].words if stops else '')}"

    def _entered(self, mail: Mail) -> Stop | Callable[[], None]:
        """Pass the gate, and take a connection and a token where they are counted."""
        traffic = self.post.traffic
        if stop := traffic.shut(mail):
            return stop
        leave = traffic.enter(mail, deadline_of(self.row, self.post))
        if isinstance(leave, Stop):
            return leave
        if stop := traffic.take(mail, self.now):
            leave()
            return stop
        return leave


def _way(mail: Mail) -> tuple[int, int, str, str]:
    return mail.g, mail.n, mail.transport, mail.sender
