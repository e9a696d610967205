"""Tokens to send by: shared by all instances, taken ten at a time, given out in turn.

One row per lane that has quotas, partition `quota`; lanes without quotas touch nothing.
A mail that comes alone takes one token; mails that follow each other take ten in one
write. Whoever must wait gets a turn of its own. Raises `StorageError`.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from .allowance import Allowance, Token, read, said
from .errors import MissingError, ReplacedError
from .stores.border import ConflictError
from .stores.tables import Entity, Table, Value
from .transports.base import Quota

PARTITION = "quota"
AT_ONCE = 10
"""Tokens in one write."""
SOON = timedelta(seconds=10)
"""Mails that come within this time follow each other."""
_TRIES = 12
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

type Quotas = tuple[Quota, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """When a mail may go, and what it waits for."""

    at: datetime
    words: str


@dataclass(slots=True)
class _Purse:
    """A worker's tokens of one lane."""

    tokens: list[Token] = field(default_factory=list)
    """The earliest first."""
    came: datetime = _LONG_AGO
    """When it last went for more."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class _Ask:
    """What is wanted."""

    lane: str
    quotas: Quotas
    recipients: int
    now: datetime
    waits: bool
    """Whether a turn that is later is taken, too."""


class Bucket:
    """The tokens of all lanes. Thread-safe."""

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock
        self._purses: dict[str, _Purse] = defaultdict(_Purse)
        self._lock = threading.Lock()

    def take(self, lane: str, quotas: Quotas, recipients: int) -> Turn | None:
        """Take a token for now; where there is none, say when the first would be."""
        return self._get(lane, quotas, recipients, waits=False)

    def book(self, lane: str, quotas: Quotas, recipients: int) -> Turn:
        """Take the next turn there is; it is this mail's, and nobody else's."""
        turn = self._get(lane, quotas, recipients, waits=True)
        return turn or Turn(self._clock(), "")

    def look(self, lane: str, quotas: Quotas) -> Allowance:
        """How the quotas of a lane stand."""
        entity = self._table.find(PARTITION, lane)
        values = entity.values if entity else {}
        last = datetime.fromisoformat(str(values.get("last", _LONG_AGO)))
        etag = entity.etag if entity else ""
        text = str(values.get("used", ""))
        return read(quotas, text, last.astimezone(UTC), etag)

    def _get(
        self, lane: str, quotas: Quotas, recipients: int, *, waits: bool
    ) -> Turn | None:
        with self._lock:
            purse = self._purses[lane]
        # One thread asks the table; the others find what it brought.
        with purse.lock:
            now = self._clock()
            token = _kept(purse, recipients, now)
            if token is None:
                ask = _Ask(lane, quotas, recipients, now, waits)
                token = self._fetched(purse, ask)
            elif token.at <= now or waits:
                purse.tokens.remove(token)
            return None if token.at <= now else Turn(token.at, _words(lane, quotas))

    def _fetched(self, purse: _Purse, ask: _Ask) -> Token:
        """Go to the table: for ten, where mails follow each other."""
        many = AT_ONCE if ask.now - purse.came < SOON else 1
        purse.came = ask.now
        stale = [token for token in purse.tokens if token.ends <= ask.now]
        for _ in range(_TRIES):
            there = self.look(ask.lane, ask.quotas)
            for token in stale:
                there = there.give_back(token)
            first, after = there.place(ask.recipients, ask.now)
            if first.at > ask.now and not ask.waits:
                # Nothing was written: it may still go by another transport.
                return first
            more, after = _more(first, after, many - 1, ask)
            if self._written(ask.lane, after, ask.now):
                left = [each for each in purse.tokens if each not in stale]
                purse.tokens = sorted(left + more, key=lambda each: each.at)
                return first
        # So many at once: this one goes without being counted; a refusal would tell.
        return Token(ask.now, ask.now, ask.recipients)

    def _written(self, lane: str, after: Allowance, now: datetime) -> bool:
        """Write it unless somebody else did meanwhile; then the caller looks again."""
        values: dict[str, Value] = {"used": after.written(now), "last": after.last}
        entity = Entity(PARTITION, lane, values, after.etag)
        try:
            (self._table.replace if after.etag else self._table.insert)(entity)
        except (ReplacedError, MissingError, ConflictError):
            return False
        return True


def _kept(purse: _Purse, recipients: int, now: datetime) -> Token | None:
    """The earliest token in the purse that is still good for so many people."""
    good = (t for t in purse.tokens if t.ends > now and t.recipients >= recipients)
    return next(good, None)


def _more(
    first: Token, after: Allowance, count: int, ask: _Ask
) -> tuple[list[Token], Allowance]:
    """So many tokens of the same time as the first: now, or in turn."""
    more: list[Token] = []
    for _ in range(count):
        token, then = after.place(ask.recipients, ask.now)
        if (token.at > ask.now) != (first.at > ask.now):
            break
        more.append(token)
        after = then
    return more, after


def _words(lane: str, quotas: Quotas) -> str:
    return f"{lane} takes {' and '.join(map(said, quotas))}"
