"""Mails of a claimed row, each by a way that is open, and written down one by one.

In: a row whose lease we hold, and the bytes. Out: the row as it then stands (what came
of its last mail is not saved yet) and a tally for the log. Nothing sleeps here, and no
mail goes twice by one way in one call. Raises `StaleError` where the lease was lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from .attempt import Post, Tally, attempt
from .errors import PermanentError, TransientError
from .model import Content, Fate, Mail, MailState, Reason
from .outcome import answered, moved, put_off, refused, reopened, unknown
from .row import Row
from .traffic import Stop, nothing


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
    this machine's clock. Whoever calls it calls `Tally.leave` when the row is written.
    """
    round_ = _Round(row, content, post, now)
    try:
        while round_.keys and not round_.tally.broken:
            round_.step()
    except BaseException:
        # Whatever it was: the connection of the mail before is given back.
        round_.leave()
        raise
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
        # One at a time: the next mail may need the very connection.
        self.leave()
        is_in = False
        if mail.is_pending:
            mail, is_in = self._let_in(mail)
        if is_in:
            self._send(mail)
        else:
            self.row = self.row.with_mail(mail)

    def leave(self) -> None:
        """Give back the connection of the mail before."""
        leave, self.tally.leave = self.tally.leave, nothing
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
        transport = self.post.transports.get(mail.transport)
        is_unknown = mail.state is MailState.UNCONFIRMED or mail.doubt
        if transport and mail.sender in transport.senders:
            return mail
        if transport and is_unknown and transport.carries.looks_up:
            # It can be asked what became of it, whoever it was from.
            return mail
        what = f"{mail.transport} is not among the transports any more"
        if transport:
            what = f"{mail.transport} does not send as {mail.sender} any more"
        mail = answered(mail, what)
        if is_unknown:
            # By another it would be another mail: nobody would know it for the same.
            return unknown(mail)
        for other in self.post.ways.others(self.row, reopened(mail)):
            self.tally.moves.append(what)
            return moved(other, what)
        return refused(mail, PermanentError(what, reason=Reason.NOT_ALLOWED))

    def _let_in(self, mail: Mail) -> tuple[Mail, bool]:
        """Find out whether it may go now; where storage cannot say, it waits."""
        try:
            mail, leave = self._admitted(mail)
        except TransientError as exc:
            # It was not handed over, and mails before it were accepted, maybe: go on.
            return self._later(answered(mail, exc.what)), False
        self.tally.leave = leave or nothing
        return mail, leave is not None

    def _later(self, mail: Mail) -> Mail:
        return put_off(mail, Reason.UNREACHABLE, self.post.retry_at(self.row))

    def _admitted(self, mail: Mail) -> tuple[Mail, Callable[[], None] | None]:
        """The mail on a way that is open, and how to leave it; else put off."""
        stops: list[tuple[Stop, Mail]] = []
        for each in self._ways(mail):
            if stops and stops[0][0].is_busy and each.transport != mail.transport:
                # That is no closed transport: another of its senders will do, or soon.
                break
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
        return self._queued(mail, stops), None

    def _queued(self, mail: Mail, stops: list[tuple[Stop, Mail]]) -> Mail:
        """Put it off until the first of its ways opens."""
        if _way(mail) in self.been and mail.after:
            # It was put off a moment ago, by the way that it is on: it has its turn.
            after = mail.after
            stops = [
                (s, way) for s, way in stops if way is not mail and s.until < after
            ]
            if not stops:
                return mail
        if not stops:
            return self._later(mail)
        stop, way = min(stops, key=lambda each: each[0].until)
        return self.post.traffic.queue(reopened(way), stop)

    def _ways(self, mail: Mail) -> Iterator[Mail]:
        """The mail by its own way, then by others; of unknown fate: its own only."""
        yield mail
        if mail.state is not MailState.UNCONFIRMED and not self._in_doubt(mail):
            yield from self.post.ways.others(self.row, reopened(mail))

    def _in_doubt(self, mail: Mail) -> bool:
        """Whether its own transport may have it: asked before another gets it."""
        transport = self.post.transports[mail.transport]
        if not mail.doubt:
            return False
        try:
            found = transport.look_up(self.post.compose(self.row, mail))
        except TransientError:
            return True
        return found is None or found.fate is not Fate.UNKNOWN

    def _why(self, mail: Mail, stops: list[tuple[Stop, Mail]]) -> str:
        """Why it does not go by its own way: what was said there last."""
        said = mail.answer if _way(mail) in self.been else ""
        return f"{mail.transport}: {said or (stops[0][0].words if stops else '')}"

    def _entered(self, mail: Mail) -> Stop | Callable[[], None]:
        """Pass the gate, and take a connection and a token where they are counted."""
        traffic = self.post.traffic
        if stop := traffic.shut(mail):
            return stop
        leave = traffic.enter(mail)
        if isinstance(leave, Stop):
            return leave
        try:
            stop = traffic.take(mail, self.now)
        except TransientError:
            leave()
            raise
        if stop:
            leave()
        return stop or leave


def _way(mail: Mail) -> tuple[int, int, str, str]:
    return mail.g, mail.n, mail.transport, mail.sender
