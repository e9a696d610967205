"""What is left of a sender's quotas: pure counting, in spans that glide.

In: the quotas, and what was used in each slice of time. Out: when a mail may go, and
the counts after it. A span is cut into twelve slices, and fourteen of them are counted:
no span of that length, wherever it begins, holds more than the quota, though a mail may
come a slice late for its turn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from .transports.base import Quota, Unit

SLICES = 12
_COUNTED = SLICES + 1
"""Slices before the present one whose mails may lie in one span with it."""
_SPANS = {60: "a minute", 3600: "an hour", 86400: "a day"}

type Counts = Mapping[int, int]
"""Slice, counted from 1970 -> mails or recipients."""


@dataclass(frozen=True, slots=True)
class Token:
    """Leave to send one mail to so many people."""

    at: datetime
    """Not before."""
    ends: datetime
    """Nobody holds it back for longer; what is left of it is given back."""
    recipients: int
    mails: int = 1
    """None: it is what a mail to fewer people left of another token."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How the quotas of one lane stand."""

    quotas: tuple[Quota, ...]
    used: tuple[Counts, ...] = ()
    """One for each quota."""
    last: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """The latest turn that was given out: nobody goes before it who came later."""
    etag: str = field(default="", compare=False)

    def place(self, recipients: int, now: datetime) -> tuple[Token, Allowance]:
        """Give out the first turn there is, and count it."""
        costs = [_cost(quota, 1, recipients) for quota in self.quotas]
        at = max(now, self.last)
        while later := self._blocked(costs, at):
            at = later
        ends = min(_start(quota, _slice(quota, at) + 1) for quota in self.quotas)
        # A turn that is now binds nobody: another machine's clock may be ahead.
        last = at if at > now else self.last
        return Token(at, ends, recipients), self._counted(costs, at, last)

    def give_back(self, token: Token) -> Allowance:
        """Take a token back that nobody used."""
        mails, people = token.mails, token.recipients
        costs = [-_cost(quota, mails, people) for quota in self.quotas]
        return self._counted(costs, token.at, self.last)

    def _blocked(self, costs: Sequence[int], at: datetime) -> datetime | None:
        """When to look again, where a quota has no room at this time."""
        for quota, used, cost in zip(self.quotas, self._all, costs, strict=True):
            here = _slice(quota, at)
            # What stands in later slices was taken by a clock that is ahead.
            if _sum(used, here, here + _COUNTED) + cost > max(quota.most, cost):
                return _start(quota, here + 1)
        return None

    @property
    def _all(self) -> tuple[Counts, ...]:
        return self.used or tuple({} for _ in self.quotas)

    def _counted(self, costs: Sequence[int], at: datetime, last: datetime) -> Allowance:
        used = []
        for quota, counts, cost in zip(self.quotas, self._all, costs, strict=True):
            here = _slice(quota, at)
            more = max(0, counts.get(here, 0) + cost)
            used.append({**counts, here: more})
        return replace(self, used=tuple(used), last=last)

    def spent(self, now: datetime) -> list[int]:
        """What was used of each quota in the span that ends now."""
        return [
            _sum(counts, _slice(quota, now), _slice(quota, now))
            for quota, counts in zip(self.quotas, self._all, strict=True)
        ]

    def written(self, now: datetime) -> str:
        """As the table holds it; what no span reaches any more is left out."""
        out = {
            _name(quota): {
                str(number): count
                for number, count in counts.items()
                if count and number >= _slice(quota, now) - _COUNTED
            }
            for quota, counts in zip(self.quotas, self._all, strict=True)
        }
        return json.dumps(out, separators=(",", ":"))


def read(quotas: tuple[Quota, ...], text: str, last: datetime, etag: str) -> Allowance:
    """Read back what was written, for these quotas: others' counts are forgotten."""
    told = json.loads(text or "{}")
    used = tuple(
        {int(number): int(count) for number, count in told.get(_name(q), {}).items()}
        for q in quotas
    )
    return Allowance(quotas, used, last, etag)


def said(quota: Quota) -> str:
    """A quota in words: 30 mails a minute."""
    seconds = int(quota.per.total_seconds())
    span = _SPANS.get(seconds)
    return f"{quota.most} {quota.unit} {span or f'in {seconds} s'}"


def _name(quota: Quota) -> str:
    return f"{quota.unit}/{int(quota.per.total_seconds())}"


def _cost(quota: Quota, mails: int, recipients: int) -> int:
    return recipients if quota.unit is Unit.RECIPIENTS else mails


def _width(quota: Quota) -> timedelta:
    return quota.per / SLICES


def _slice(quota: Quota, at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // _width(quota)


def _start(quota: Quota, number: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + number * _width(quota)


def _sum(counts: Counts, here: int, end: int) -> int:
    """What was used from a span before this slice to the end, both included."""
    return sum(counts.get(number, 0) for number in range(here - _COUNTED, end + 1))
