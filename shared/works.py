"""Everything one worker needs, wired once from the settings.

The doors (`function_app`, `ops`) build it; the path takes it along. Raises
`ConfigError` with every fault, so that a wrong deployment fails when it starts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from . import transports
from .address import domain_of
from .compose import compose
from .decide import Court
from .deliver import Post
from .errors import ConfigError
from .gate import Gate
from .ledger import Ledger
from .model import Mail, Message, Side
from .plan import next_way
from .route import Sides, Way
from .row import Row
from .rulebook import Rulebook
from .settings import Settings
from .settle import Desk, renew
from .stores.account import Account, connect
from .transports.base import Reach, Transport

JITTER = 0.2
"""Share of a wait by which it is made longer or shorter, so that herds disperse."""


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """The worker's parts. Thread-safe."""

    settings: Settings
    account: Account
    ledger: Ledger
    gate: Gate
    rulebook: Rulebook
    transports: Mapping[str, Transport]
    clock: Callable[[], datetime]

    @property
    def desk(self) -> Desk:
        """What `settle` needs."""
        return Desk(
            blobs=self.account.blobs,
            ledger=self.ledger,
            queues=self.account.queues,
            clock=self.clock,
            keeps=self.settings.after_send == "keep",
            give_up_after=self.settings.give_up_after_hours,
        )

    @property
    def court(self) -> Court:
        """What `decide` needs."""
        return Court(
            blobs=self.account.blobs,
            rulebook=self.rulebook,
            sides=self.sides(),
            incomplete_seconds=self.settings.incomplete_seconds,
            retry_at=self.retry_at,
            clock=self.clock,
        )

    @property
    def post(self) -> Post:
        """What `deliver` needs."""
        return Post(
            transports=self.transports,
            gate=self.gate,
            margin=self.settings.margin,
            compose=self.composed,
            other_way=self.other_way,
            save=self.renewed,
            retry_at=self.retry_at,
        )

    def sides(self) -> Sides:
        """Which transports serve which side, with what they can carry now."""
        return Sides(
            internal_domains=self.settings.internal_domains,
            inside=self._ways(self.settings.internal_transport),
            outside=self._ways(self.settings.external_transport),
        )

    def _ways(self, names: Iterable[str]) -> tuple[Way, ...]:
        ways = (self.transports[name] for name in names)
        return tuple(
            Way(way.name, sender, way.carries) for way in ways for sender in way.senders
        )

    def composed(self, row: Row, mail: Mail) -> Message:
        """Compose a mail for the transport that it goes by."""
        carries = self.transports[mail.transport].carries
        return compose(row, mail, shows_name=carries.display_name)

    def renewed(self, row: Row) -> Row:
        """Save a row with a new lease. Raises StaleError where the old one was lost."""
        lease = self.clock() + self.settings.lease_seconds
        return renew(replace(row, lease_until=lease), self.desk)

    def retry_at(self, row: Row) -> datetime:
        """When a scan is tried again after one more failure."""
        waits = self.settings.retry_seconds
        wait = waits[min(max(row.attempts, 1), len(waits)) - 1]
        spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (no secret)
        return self.clock() + wait * spread

    def other_way(self, row: Row, mail: Mail) -> Mail | None:
        """The mail by the next transport of its side that can carry it."""
        sides = self.sides()
        inside = domain_of(mail.recipients[0]) in sides.internal_domains
        return next_way(row, mail, sides, Side.INSIDE if inside else Side.OUTSIDE)


def build(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Works:
    """Wire everything; nothing is sent yet. Raises ConfigError."""
    account = connect(settings.storage)
    ledger = Ledger(account.ledger, clock)
    names = dict.fromkeys(settings.internal_transport + settings.external_transport)
    built, faults = {}, []
    for name in names:
        try:
            built[name] = transports.build(name, settings.source, clock)
        except ConfigError as exc:
            faults.append(str(exc))
    for name in settings.external_transport:
        if name in built and built[name].reach is Reach.INSIDE:
            faults.append(f"EXTERNAL_TRANSPORT: {name} reaches nobody outside")
    if settings.internal_transport and not settings.internal_domains:
        faults.append("INTERNAL_DOMAINS is empty: write the tenant's domains")
    if faults:
        raise ConfigError("; ".join(faults), hint="see docs/settings.md")
    return Works(
        settings=settings,
        account=account,
        ledger=ledger,
        gate=Gate(account.ledger, clock, settings.retry_seconds),
        rulebook=Rulebook(account.blobs, clock),
        transports=built,
        clock=clock,
    )
