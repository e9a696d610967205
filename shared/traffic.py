"""Whether a mail may go now by its transport: gate, connections and quota together.

In: a mail of the plan. Out: nothing where it may go, else a `Stop` that says until when
and why. A lane is a transport, or one of its senders where it has several. What is said
before a mail goes raises `StorageError`; what is written down after it raises nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .allowance import SLICES
from .berths import Berths
from .bucket import Bucket, Turn
from .errors import (
    AuthRefusedError,
    ForwardError,
    ThrottledError,
    TransientError,
    UnreachableError,
)
from .gate import Gate
from .journal import note
from .model import Mail, Reason
from .transports.base import Quota, Transport

_NO_KEY = re.compile(r"[^A-Za-z0-9@._+-]")
"""What a table's key does not take, or not in every client."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a mail cannot go now."""

    reason: Reason
    until: datetime
    words: str
    is_quota: bool = False
    """Its turn can be booked."""
    is_gate: bool = False
    """It gets a slot behind the gate."""
    is_busy: bool = False
    """Only a connection is not free: it will be in seconds."""


def lane_of(transport: Transport, sender: str) -> str:
    """Name what has one gate and one quota; it is the key of their rows."""
    many = len(transport.senders) > 1
    return f"{transport.name} {_NO_KEY.sub('_', sender)}" if many else transport.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The lanes of all transports. Thread-safe."""

    transports: Mapping[str, Transport]
    gate: Gate
    bucket: Bucket
    berths: Berths
    quotas: Mapping[str, tuple[Quota, ...]]
    """By transport: what the settings say instead of the transport's own."""
    clock: Callable[[], datetime]
    soon: timedelta
    """Until a connection may be free again."""
    lease: timedelta
    """For how long a mail may keep a connection."""
    failover_after: timedelta

    def lane(self, mail: Mail) -> str:
        """The lane that a mail goes by."""
        return lane_of(self.transports[mail.transport], mail.sender)

    def quotas_of(self, name: str) -> tuple[Quota, ...]:
        """What a transport's peer takes of each sender."""
        own = self.transports[name].carries.quotas
        return self.quotas.get(name, own)

    def shut(self, mail: Mail) -> Stop | None:
        """Why its gate is closed; None: it is open, as far as known."""
        closing = self.gate.closing(self.lane(mail))
        if closing is None:
            return None
        words = f"{self.lane(mail)} is closed until {_moment(closing.until)}"
        return Stop(closing.reason, closing.until, words, is_gate=True)

    def take(self, mail: Mail, now: datetime) -> Stop | None:
        """Take its token for now, where there is a quota; None: it may go."""
        quotas = self.quotas_of(mail.transport)
        if not quotas or _is_its_turn(mail, quotas, now):
            return None
        turn = self.bucket.take(self.lane(mail), quotas, len(mail.recipients))
        return _stop(turn) if turn else None

    def queue(self, mail: Mail, stop: Stop) -> Mail:
        """Give the mail a turn of its own; returns it with the time."""
        lane, own = self.lane(mail), mail.after
        is_own = mail.reason is stop.reason and not mail.booked
        # A turn that was taken stays one where only a connection was not free.
        booked = mail.booked and not stop.is_gate
        if stop.is_gate:
            slot = self.gate.slot(lane, own if is_own else None)
            stop = replace(stop, until=slot or self.clock())
        elif stop.is_quota:
            quotas = self.quotas_of(mail.transport)
            turn = self.bucket.book(lane, quotas, len(mail.recipients))
            stop, booked = _stop(turn), turn.is_taken
        # What the peer said of it says more than that it waits.
        answer = mail.answer if stop.is_gate and mail.answer else stop.words
        return replace(
            mail, reason=stop.reason, after=stop.until, booked=booked, answer=answer
        )

    def enter(self, mail: Mail) -> Stop | Callable[[], None]:
        """Take a connection, where they are counted; returns how to give it back."""
        most = self.transports[mail.transport].carries.connections
        if not most:
            return nothing
        lane = self.lane(mail)
        berth = self.berths.enter(lane, most, self.clock() + self.lease)
        if not berth:
            until = self.clock() + self.soon * random.uniform(0.5, 1.5)  # noqa: S311 (no secret)
            words = f"{lane} takes {most} connections at once"
            return Stop(Reason.THROTTLED, until, words, is_busy=True)
        return lambda: _calmly(lambda: self.berths.leave(lane, berth), None)

    def failed(
        self, mail: Mail, exc: TransientError, *, has_other: bool
    ) -> datetime | None:
        """Close the lane where the answer asks for it; returns the mail's own slot.

        A refused sign-in, or a peer that has been out of reach for long, closes it
        only where another transport can take over.
        """
        lane = self.lane(mail)
        return _calmly(lambda: self._closed(lane, exc, has_other=has_other), None)

    def _closed(
        self, lane: str, exc: TransientError, *, has_other: bool
    ) -> datetime | None:
        if isinstance(exc, ThrottledError):
            return self.gate.close(lane, exc.retry_after)
        if not has_other:
            return None
        if isinstance(exc, AuthRefusedError):
            return self.gate.close(lane, exc.retry_after, Reason.SIGN_IN_REFUSED)
        is_away = isinstance(exc, UnreachableError)
        if is_away and self.gate.stumble(lane) >= self.failover_after:
            return self.gate.close(lane, exc.retry_after, Reason.UNREACHABLE)
        return None

    def throttled(self, mail: Mail) -> datetime | None:
        """Close the lane for everybody; returns the slot of whoever found out."""
        return _calmly(lambda: self.gate.close(self.lane(mail), None), None)

    def served(self, mail: Mail) -> None:
        """The peer took a mail: it is in reach again, where it was not."""
        _calmly(lambda: self.gate.recover(self.lane(mail)), None)


def nothing() -> None:
    """Nothing was taken."""


def _calmly[T](step: Callable[[], T], otherwise: T) -> T:
    """Do what must not undo an answer: berths end by themselves, gates open."""
    try:
        return step()
    except ForwardError as exc:
        note("traffic-not-written", {"why": exc.what})
        return otherwise


def _is_its_turn(mail: Mail, quotas: tuple[Quota, ...], now: datetime) -> bool:
    """Whether it comes for a turn that was taken for it, no later than is counted."""
    late = min(quota.per for quota in quotas) / SLICES
    return bool(mail.booked and mail.after and mail.after <= now < mail.after + late)


def _stop(turn: Turn) -> Stop:
    words = f"{turn.words}: its turn is at {_moment(turn.at)}"
    return Stop(Reason.THROTTLED, turn.at, words, is_quota=True)


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"
