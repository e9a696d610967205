"""NCRONTAB: six fields, seconds first -> the next time that fits all of them. Pure.

As the host reads it (Learn, "Timer trigger", NCRONTAB expressions): the day of the
month and the day of the week must both fit. Times are UTC. Raises `ValueError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_RANGES = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (0, 6),
}
_WORDS = {
    "month": "jan feb mar apr may jun jul aug sep oct nov dec",
    "weekday": "sun mon tue wed thu fri sat",
}
HORIZON = timedelta(days=4 * 366 + 1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed expression."""

    second: frozenset[int]
    minute: frozenset[int]
    hour: frozenset[int]
    day: frozenset[int]
    month: frozenset[int]
    weekday: frozenset[int]

    @classmethod
    def parse(cls, expression: str) -> Schedule:
        """Read an expression such as `0 */5 * * * *`."""
        parts = expression.split()
        if len(parts) != len(_RANGES):
            raise ValueError(f"{expression!r} has {len(parts)} fields, not 6")
        named = zip(_RANGES, parts, strict=True)
        return cls(**{name: _field(name, part.lower()) for name, part in named})

    def after(self, moment: datetime) -> datetime:
        """Find the first time that fits and is later than `moment`."""
        at = moment.replace(microsecond=0) + timedelta(seconds=1)
        end = at + HORIZON
        while at < end:
            if at.month not in self.month or not self._fits_day(at):
                at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif at.hour not in self.hour:
                at = at.replace(minute=0, second=0) + timedelta(hours=1)
            elif at.minute not in self.minute:
                at = at.replace(second=0) + timedelta(minutes=1)
            elif at.second not in self.second:
                at += timedelta(seconds=1)
            else:
                return at
        raise ValueError("no time fits this schedule")

    def _fits_day(self, at: datetime) -> bool:
        return at.day in self.day and at.isoweekday() % 7 in self.weekday


def _field(name: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        found.update(_part(name, part))
    return frozenset(found)


def _part(name: str, text: str) -> range:
    low, high = _RANGES[name]
    span, slash, step = text.partition("/")
    first, dash, last = span.partition("-")
    if span != "*":
        low = _number(name, first)
        # `5/15` counts from 5 to the end; `5` alone is 5.
        high = _number(name, last) if dash else (high if slash else low)
    every = int(step) if slash else 1
    if low > high or every < 1:
        raise ValueError(f"{text!r} is no {name}")
    return range(low, high + 1, every)


def _number(name: str, text: str) -> int:
    low, high = _RANGES[name]
    words = _WORDS.get(name, "").split()
    number = words.index(text) + low if text in words else int(text)
    if not low <= number <= high:
        raise ValueError(f"{number} is no {name}: {low} to {high}")
    return number
