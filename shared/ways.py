"""Which way a mail goes: the transports of a side, in order, and what each carries.

In: the ways of both sides, a scan or a mail of its plan. Out: the way, or the others
that could take it. Senders of one transport share the load, by scan. Pure; raises
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from .address import domain_of
from .model import Kind, Mail, Side
from .row import Row
from .transports.base import Carries

_OVERHEAD_BYTES = 8 << 10
"""Headers and both bodies, generously."""
_LINE = 76
"""Characters of a line of base64 (RFC 2045, 6.8)."""
_MEGA = 1_000_000
_DIGITS = 8
"""Hex digits of a scan id that choose among senders."""


@dataclass(frozen=True, slots=True)
class Way:
    """A transport with one of its senders, as far as choosing one needs to know it."""

    name: str
    sender: str
    carries: Carries


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Who is inside, and the ways to either side, best first; none: nobody there."""

    internal_domains: frozenset[str]
    inside: tuple[Way, ...]
    outside: tuple[Way, ...]

    def side_of(self, address: str) -> Side:
        """On which side somebody is."""
        is_inside = domain_of(address) in self.internal_domains
        return Side.INSIDE if is_inside else Side.OUTSIDE

    def ways(self, side: Side) -> tuple[Way, ...]:
        """The ways to a side."""
        return self.inside if side is Side.INSIDE else self.outside


def ordered(ways: Sequence[Way], scan_id: str) -> tuple[Way, ...]:
    """The ways in order, the senders of each transport turned so that all get work."""
    turn = int(scan_id[-_DIGITS:], 16)
    out: list[Way] = []
    for _, group in groupby(ways, key=lambda way: way.name):
        senders = list(group)
        start = turn % len(senders)
        out += senders[start:] + senders[:start]
    return tuple(out)


def best(ways: Sequence[Way], scan_id: str, kind: Kind, size: int) -> Way:
    """The first way that carries the scan; the first of all where none does."""
    line = ordered(ways, scan_id)
    return next((way for way in line if carries(way, kind, size)), line[0])


def carries(way: Way, kind: Kind | None, size: int) -> bool:
    """Whether a way takes a file of this kind and so many bytes, as far as known."""
    most = way.carries.max_bytes
    fits = most is None or encoded_bytes(size) <= most
    return fits and (kind is None or kind in way.carries.kinds)


def encoded_bytes(size: int) -> int:
    """About how large the mail is: base64 in lines, headers and bodies."""
    base64 = 4 * -(-size // 3)
    return base64 + 2 * -(-base64 // _LINE) + _OVERHEAD_BYTES


def others(row: Row, mail: Mail, sides: Sides) -> Iterator[Mail]:
    """The mail by each other way of its side that can carry it as it is, best first.

    Recipients, id and texts stay.
    """
    side = sides.side_of(mail.recipients[0])
    for way in ordered(sides.ways(side), row.scan_id):
        if (way.name, way.sender) != (mail.transport, mail.sender):
            yield from _by(way, row, mail)


def further(row: Row, mail: Mail, sides: Sides) -> Mail | None:
    """The mail by the next transport in the order; None where no further one can.

    For a mail that its transport refused for good, or that has none any more.
    """
    side = sides.side_of(mail.recipients[0])
    line = ordered(sides.ways(side), row.scan_id)
    names = [way.name for way in line]
    if mail.transport in names:
        last = len(names) - 1 - names[::-1].index(mail.transport)
        line = line[last + 1 :]
    return next((moved for way in line for moved in _by(way, row, mail)), None)


def _by(way: Way, row: Row, mail: Mail) -> Iterator[Mail]:
    """The mail by this way, if it takes it as it is."""
    kind = Kind(row.type) if row.type in set(Kind) else None
    takes_all = len(mail.recipients) <= way.carries.max_recipients
    takes_it = takes_all and (bool(mail.to) or not way.carries.needs_to)
    if takes_it and carries(way, kind, row.size):
        yield replace(
            mail, transport=way.name, sender=way.sender, tried=False, booked=False
        )


def too_large(row: Row, mail: Mail, sides: Sides) -> str:
    """What to do about a mail that no way of its side can carry."""
    side = sides.side_of(mail.recipients[0])
    name = "INTERNAL_TRANSPORT" if side is Side.INSIDE else "EXTERNAL_TRANSPORT"
    limits = dict.fromkeys(
        f"{way.name} takes {most / _MEGA:.1f} MB"
        for way in sides.ways(side)
        if (most := way.carries.max_bytes)
    )
    mail_size = f"the mail has {encoded_bytes(row.size) / _MEGA:.1f} MB"
    return (
        f"{'; '.join([mail_size, *limits])}: add one that carries more to {name} "
        "(exo, graph and relay carry the most), or scan at a lower resolution"
    )
