"""Tokens to send by: shared by all instances, taken ten at a time, given out in turn.

One row per lane that has quotas, partition `quota`; lanes without quotas touch nothing.
A mail that comes alone takes one token; mails that follow each other take ten in one
write. Whoever must wait gets a turn of its own. Raises `StorageError`.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from .allowance import Allowance, Token, read, said
from .errors import MissingError, ReplacedError
from .stores.border import ConflictError
from .stores.tables import Entity, Table, Value
from .transports.base import Quota, Unit

PARTITION = "quota"
AT_ONCE = 10
"""Tokens in one write."""
SOON = timedelta(seconds=10)
"""Mails that come within this time follow each other."""
ROW_LIMIT = 30_000
"""Characters of the counts: a table's text property takes 32,768 UTF-16 units."""
_TRIES = 12
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

type Quotas = tuple[Quota, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """When a mail may go, and what it waits for."""

    at: datetime
    words: str
    is_taken: bool = False
    """Whether it is this mail's; else it must ask again then."""


@dataclass(slots=True)
class _Purse:
    """A worker's tokens of one lane."""

    tokens: list[Token] = field(default_factory=list)
    """The earliest first."""
    back: list[Token] = field(default_factory=list)
    """What mails to fewer people left, to be given back."""
    came: datetime = _LONG_AGO
    """When it last fetched a token for now."""
    booked: datetime = _LONG_AGO
    """When it last fetched a turn."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, recipients: int, now: datetime) -> Token | None:
        """The earliest token that is still good for so many people."""
        good = (t for t in self.tokens if t.ends > now and t.recipients >= recipients)
        return next(good, None)

    def use(self, token: Token, recipients: int) -> None:
        """Take a token out for a mail to so many people."""
        self.tokens.remove(token)
        if token.recipients > recipients:
            left = token.recipients - recipients
            self.back.append(replace(token, recipients=left, mails=0))


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is wanted."""

    lane: str
    quotas: Quotas
    recipients: int
    waits: bool
    """Whether a turn that is later is taken, too."""
    count: int
    by: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Who asks: a write whose answer was lost is known by it."""

    def turn(self, at: datetime, *, is_taken: bool) -> Turn:
        """A turn, and what it is waited for."""
        words = f"{self.lane} takes {' and '.join(map(said, self.quotas))}"
        return Turn(at, words, is_taken)


class Bucket:
    """The tokens of all lanes. Thread-safe."""

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock
        self._purses: dict[str, _Purse] = defaultdict(_Purse)
        self._lock = threading.Lock()

    def take(self, lane: str, quotas: Quotas, recipients: int) -> Turn | None:
        """Take a token for now; where there is none, say when the first would be."""
        turn = self._get(lane, quotas, recipients, waits=False)
        return None if turn.is_taken else turn

    def book(self, lane: str, quotas: Quotas, recipients: int) -> Turn:
        """Take the next turn there is; it is this mail's, and nobody else's."""
        return self._get(lane, quotas, recipients, waits=True)

    def look(self, lane: str, quotas: Quotas) -> Allowance:
        """How the quotas of a lane stand."""
        return self._look(lane, quotas)[0]

    def _look(self, lane: str, quotas: Quotas) -> tuple[Allowance, str]:
        """How they stand, and who wrote that."""
        entity = self._table.find(PARTITION, lane)
        values = entity.values if entity else {}
        last = datetime.fromisoformat(str(values.get("last", _LONG_AGO)))
        etag = entity.etag if entity else ""
        text = str(values.get("used", ""))
        there = read(quotas, text, last.astimezone(UTC), etag)
        return there, str(values.get("by", ""))

    def _get(self, lane: str, quotas: Quotas, recipients: int, *, waits: bool) -> Turn:
        if all(quota.unit is not Unit.RECIPIENTS for quota in quotas):
            # Nobody counts people: a token for one is as good for fifty.
            recipients = 1
        with self._lock:
            purse = self._purses[lane]
        # One thread asks the table; the others find what it brought.
        with purse.lock:
            now = self._clock()
            before = purse.booked if waits else purse.came
            count = AT_ONCE if now - before < SOON else 1
            ask = _Ask(lane, quotas, recipients, waits, count)
            token = purse.kept(recipients, now)
            if token is None:
                return self._fetched(purse, ask)
            is_taken = waits or token.at <= now
            if is_taken:
                purse.use(token, recipients)
            return ask.turn(token.at, is_taken=is_taken)

    def _fetched(self, purse: _Purse, ask: _Ask) -> Turn:
        """Go to the table: for ten, where mails follow each other."""
        got: list[Token] = []
        for _ in range(_TRIES):
            now = self._clock()
            there, by = self._look(ask.lane, ask.quotas)
            if by == ask.by:
                return _put(purse, ask, got, now)
            for token in purse.back + [t for t in purse.tokens if t.ends <= now]:
                there = there.give_back(token)
            got, after = _placed(there, ask, now)
            text = after.written(now)
            is_late = got[0].at > now and not ask.waits
            if is_late or len(text) > ROW_LIMIT:
                # Nothing was written: it may still go by another transport.
                return ask.turn(got[0].at, is_taken=False)
            if self._written(ask, after, text):
                return _put(purse, ask, got, now)
        # So many at once: whoever goes uncounted may be one too many.
        later = self._clock() + SOON * random.uniform(0.5, 1.5)  # noqa: S311 (no secret)
        return ask.turn(later, is_taken=False)

    def _written(self, ask: _Ask, after: Allowance, text: str) -> bool:
        """Write it unless somebody else did meanwhile; then the caller looks again."""
        values: dict[str, Value] = {"used": text, "last": after.last, "by": ask.by}
        entity = Entity(PARTITION, ask.lane, values, after.etag)
        try:
            (self._table.replace if after.etag else self._table.insert)(entity)
        except (ReplacedError, MissingError, ConflictError):
            return False
        return True


def _placed(
    there: Allowance, ask: _Ask, now: datetime
) -> tuple[list[Token], Allowance]:
    """So many tokens of the same time as the first: now, or in turn."""
    first, after = there.place(ask.recipients, now)
    got = [first]
    for _ in range(ask.count - 1):
        token, then = after.place(ask.recipients, now)
        if (token.at > now) != (first.at > now):
            break
        got.append(token)
        after = then
    return got, after


def _put(purse: _Purse, ask: _Ask, got: list[Token], now: datetime) -> Turn:
    """Keep what was fetched, but for the first: that is whose it is who asked."""
    first, *more = got
    left = [token for token in purse.tokens if token.ends > now]
    purse.tokens = sorted(left + more, key=lambda each: each.at)
    purse.back = []
    if first.at > now:
        purse.booked = now
    else:
        purse.came = now
    return ask.turn(first.at, is_taken=True)
