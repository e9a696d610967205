"""Quotas and connections as the peers saw them, and whether mails moved at all. Pure.

In: a `Record`, and the `Terms` of the campaign. Out: what was broken, in words, and
figures to print. A peer counts by its own clock what it was asked: every MAIL and every
request to send, accepted or not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.soak.aftermath import Aftermath
from tests.soak.record import Record
from tests.soak.ways import INSIDE, OUTSIDE, Visit

MINUTE = 60.0
UNDER_WAY_SECONDS = 3.0
"""What a minute may lack: a mail takes its token first, and then connects, signs in

and waits for its turn on a busy machine, before the peer hears of it.
"""
PARTING_SECONDS = 0.05
"""How much later than its end a busy peer may see a connection end."""
_WHYS: Mapping[str, str] = {
    "over its quota": r"takes \d+ mails",
    "no connection free": r"takes \d+ connections",
    "its sign-in refused": r"\b(535|401)\b",
    "throttled": r"\b(432|429|421|451 4\.7|452)\b",
    "closed before": r"is closed until",
    "out of reach": r"",
}
"""What a plan says of a mail that moved, by the first pattern that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the ways are held to."""

    per_minute: Mapping[str, int] = field(default_factory=dict)
    """Way -> mails of each sender in any minute."""
    connections: Mapping[str, int] = field(default_factory=dict)
    """Sender -> at once."""
    least_moved: Mapping[str, int] = field(default_factory=dict)
    """A second way -> mails that must have come by it: else nothing was proved."""


NONE = Terms()


def breaches(record: Record, terms: Terms) -> Iterator[str]:
    """Say what was more than allowed, or less than needed."""
    for (way, sender), moments in _asked(record).items():
        most = terms.per_minute.get(way)
        if most and (seconds := _tightest(moments, most)) < MINUTE - UNDER_WAY_SECONDS:
            yield (
                f"{way} as {sender} was asked {most + 1} times in {seconds:.1f} s: "
                f"its quota is {most} a minute"
            )
    for sender, visits in _visits(record).items():
        most = terms.connections.get(sender)
        if most and (seen := most_at_once(visits)) > most:
            yield f"{sender} had {seen} connections at once: {most} are allowed"
    moved = _moved(record)
    for way, least in terms.least_moved.items():
        if moved[way] < least:
            what = f"{moved[way]} mails moved to {way}, {least} are needed"
            yield f"the campaign proved nothing: {what}"


def figures(record: Record, terms: Terms) -> Mapping[str, int]:
    """What comes nearest to the limits, to be printed."""
    out: dict[str, int] = {}
    for (way, sender), moments in _asked(record).items():
        if way in terms.per_minute:
            within = most_in(moments, MINUTE - UNDER_WAY_SECONDS)
            out[
                f"most that {sender} was asked in a minute (of {terms.per_minute[way]})"
            ] = within
    for sender, visits in _visits(record).items():
        if sender in terms.connections:
            allowed = terms.connections[sender]
            name = f"most connections of {sender} at once (of {allowed})"
            out[name] = most_at_once(visits)
    for way, count in _moved(record).items():
        out[f"mails moved to {way}"] = count
    return out


def whys(after: Aftermath) -> Iterator[str]:
    """Why each mail moved that did, by the word of its plan."""
    for row in after.rows.values():
        for mail in row.plan:
            if why := mail.get("why"):
                what = next(
                    name for name, sign in _WHYS.items() if re.search(sign, why)
                )
                yield f"moved, says the plan: {what}"


def most_in(moments: Sequence[float], seconds: float) -> int:
    """The most that fall into any span of so many seconds, its end not included."""
    first, most = 0, 0
    for number, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, number - first + 1)
    return most


def most_at_once(visits: Sequence[Visit]) -> int:
    """The most that were there together, by what surely overlaps."""
    steps = [(it.start, 1) for it in visits]
    steps += [(max(it.start, it.end - PARTING_SECONDS), -1) for it in visits]
    now, most = 0, 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


def _tightest(moments: Sequence[float], most: int) -> float:
    """In how many seconds one more came than may in a minute."""
    pairs = zip(moments, moments[most:], strict=False)
    return min((later - first for first, later in pairs), default=MINUTE)


def _asked(record: Record) -> Mapping[tuple[str, str], Sequence[float]]:
    out: dict[tuple[str, str], list[float]] = defaultdict(list)
    for ask in sorted(record.asks, key=lambda each: each.when):
        out[ask.way, ask.sender].append(ask.when)
    return out


def _visits(record: Record) -> Mapping[str, Sequence[Visit]]:
    out: dict[str, list[Visit]] = defaultdict(list)
    for visit in record.visits:
        out[visit.sender].append(visit)
    return out


def _moved(record: Record) -> Mapping[str, int]:
    """Mails that came by the second way of their side: the first is planned."""
    keys = {(each.transport, each.key) for each in record.taken if each.key}
    return {
        way: sum(transport == way for transport, _ in keys)
        for way in (INSIDE[1], OUTSIDE[1])
    }
