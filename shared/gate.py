"""A transport's gate: closed for all instances, reopened in order.

One row per lane (a transport, or one of its senders), partition `gate`, written only
when there was trouble, read at most every 30 s per worker. A scan that finds it closed
gets a slot of its own; slots keep their order when the gate closes again, so nobody
starves. Raises `StorageError`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from .errors import MissingError, ReplacedError
from .model import Reason
from .stores.border import ConflictError
from .stores.tables import Entity, Table, Value

PARTITION = "gate"
READ_EVERY = timedelta(seconds=30)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How a gate stands."""

    closed: datetime = _LONG_AGO
    until: datetime = _LONG_AGO
    cursor: datetime = _LONG_AGO
    """The next free slot."""
    step: int = 0
    """How often it closed again soon after it had opened."""
    reason: Reason = Reason.THROTTLED
    """Why it closed last."""
    down: datetime = _LONG_AGO
    """Since when the peer has been out of reach; long ago: it is not."""
    failed: datetime = _LONG_AGO
    """When it was out of reach last."""
    etag: str = ""


class Gate:
    """The gates of all transports. Thread-safe."""

    def __init__(
        self,
        table: Table,
        clock: Callable[[], datetime],
        waits: Sequence[timedelta],
    ) -> None:
        self._table = table
        self._clock = clock
        self._waits = waits
        # 30 s is the first wait unless set otherwise: 2 s, 30 mails a minute, is what
        # a mailbox and a new ACS domain take (service-limits, Exchange Online limits).
        self._spacing = waits[0] / 15
        self._known: dict[str, tuple[datetime, Closing]] = {}
        self._lock = threading.Lock()

    def closing(self, lane: str) -> Closing | None:
        """How it stands while it is closed, as known for 30 s; None: it is open."""
        now = self._clock()
        closing = self._read(lane, now)
        return closing if closing.until > now else None

    def slot(self, lane: str, own: datetime | None) -> datetime | None:
        """When this scan may go; None: now.

        `own` is the slot it was given before, None where it never had one.
        """
        now = self._clock()
        closing = self._read(lane, now)
        if closing.until <= now:
            return None
        if own and own <= closing.until:
            return closing.until + max(timedelta(0), own - closing.closed)
        return self._take(lane, now)

    def close(
        self,
        lane: str,
        retry_after: float | None,
        reason: Reason = Reason.THROTTLED,
    ) -> datetime:
        """Close it; returns the slot of the scan that found out."""
        for _ in range(_TRIES):
            now = self._clock()
            closing = self._fresh(lane, now)
            closed = self._closed(closing, now, retry_after)
            if closing.until <= now:
                closed = replace(closed, reason=reason)
            if closed == closing:
                return self._take(lane, now)
            if self._written(lane, closed):
                return closed.until
        return now + self._waits[0]

    def stumble(self, lane: str) -> timedelta:
        """Note that the peer is out of reach; returns for how long it has been."""
        for _ in range(_TRIES):
            now = self._clock()
            closing = self._fresh(lane, now)
            # A failure long after the last one begins an outage of its own.
            is_same = now - closing.failed < 2 * max(self._waits) + READ_EVERY
            down = closing.down if is_same and closing.down > _LONG_AGO else now
            if self._written(lane, replace(closing, down=down, failed=now)):
                return now - down
        return timedelta(0)

    def recover(self, lane: str) -> None:
        """Note that it is in reach, where it was not before."""
        now = self._clock()
        if self._read(lane, now).down > _LONG_AGO:
            closing = self._fresh(lane, now)
            if closing.down > _LONG_AGO:
                # Where somebody else wrote meanwhile, the next mail clears it.
                up = replace(closing, down=_LONG_AGO, failed=_LONG_AGO)
                self._written(lane, up)

    def _closed(
        self, closing: Closing, now: datetime, retry_after: float | None
    ) -> Closing:
        """How it stands after one more throttled answer."""
        asked = timedelta(seconds=retry_after) if retry_after else None
        if closing.until > now:
            until = max(closing.until, now + (asked or timedelta(0)))
            cursor = closing.cursor + (until - closing.until)
            return replace(closing, until=until, cursor=cursor)
        last_wait = closing.until - closing.closed
        again = now - closing.until < max(last_wait, self._waits[0])
        step = closing.step + 1 if again else 0
        wait = asked or self._waits[min(step, len(self._waits) - 1)]
        cursor = max(closing.cursor, now) + wait + self._spacing
        return replace(closing, closed=now, until=now + wait, cursor=cursor, step=step)

    def _take(self, lane: str, now: datetime) -> datetime:
        """Give out the next slot."""
        for _ in range(_TRIES):
            closing = self._fresh(lane, now)
            slot = max(closing.cursor, closing.until)
            if self._written(lane, replace(closing, cursor=slot + self._spacing)):
                return slot
        # Many at once: a slot shared with another is still after the gate opens.
        return closing.cursor

    def _read(self, lane: str, now: datetime) -> Closing:
        with self._lock:
            known = self._known.get(lane)
        if known and now - known[0] < READ_EVERY:
            return known[1]
        return self._fresh(lane, now)

    def _fresh(self, lane: str, now: datetime) -> Closing:
        entity = self._table.find(PARTITION, lane)
        closing = _closing(entity) if entity else Closing()
        with self._lock:
            self._known[lane] = now, closing
        return closing

    def _written(self, lane: str, closing: Closing) -> bool:
        """Write it unless somebody else did meanwhile; then the caller reads again."""
        values: dict[str, Value] = {
            "closed": closing.closed,
            "until": closing.until,
            "cursor": closing.cursor,
            "step": closing.step,
            "reason": closing.reason.value,
            "down": closing.down,
            "failed": closing.failed,
        }
        entity = Entity(PARTITION, lane, values, closing.etag)
        try:
            write = self._table.replace if closing.etag else self._table.insert
            etag = write(entity)
        except (ReplacedError, MissingError, ConflictError):
            return False
        with self._lock:
            self._known[lane] = self._clock(), replace(closing, etag=etag)
        return True


def _closing(entity: Entity) -> Closing:
    values = entity.values
    moments = {
        name: datetime.fromisoformat(str(values[name])).astimezone(UTC)
        for name in ("closed", "until", "cursor", "down", "failed")
        if name in values
    }
    reason = Reason(str(values.get("reason", Reason.THROTTLED)))
    step = int(str(values["step"]))
    return Closing(step=step, reason=reason, etag=entity.etag, **moments)
