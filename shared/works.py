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
from .attempt import Post
from .berths import Berths
from .bucket import Bucket
from .compose import compose
from .decide import Court
from .errors import ConfigError
from .gate import Gate
from .ledger import Ledger
from .model import Mail, Message
from .row import Row
from .rulebook import Rulebook
from .settings import Settings
from .settle import Desk, renew
from .stores.account import Account, Identity, connect, managed_identity
from .traffic import Traffic
from .transports.base import Reach, Transport
from .ways import Sides, Way, further, others, too_large

JITTER = 0.2
"""Share of a wait by which it is made longer or shorter, so that herds disperse."""
_SOON = 6
"""A connection is asked for again after this part of the first wait: 5 s."""


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Map:
    """The ways of both sides, as they are at one moment."""

    sides: Sides

    def others(self, row: Row, mail: Mail) -> list[Mail]:
        """The mail by each other way that can carry it, best first."""
        moved = others(row, mail, self.sides)
        return [each for each in moved if not row.with_mail(each).is_plan_too_long]

    def further(self, row: Row, mail: Mail) -> Mail | None:
        """The mail by the next transport in the order that can carry it."""
        moved = further(row, mail, self.sides)
        return None if moved and row.with_mail(moved).is_plan_too_long else moved

    def too_large(self, row: Row, mail: Mail) -> str:
        """What to do about a mail that none can carry."""
        return too_large(row, mail, self.sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """The worker's parts. Thread-safe."""

    settings: Settings
    account: Account
    ledger: Ledger
    gate: Gate
    bucket: Bucket
    berths: Berths
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
            traffic=self.traffic,
            ways=Map(self.sides()),
            margin=self.settings.margin,
            compose=self.composed,
            save=self.renewed,
            retry_at=self.retry_at,
        )

    @property
    def traffic(self) -> Traffic:
        """Who may send now."""
        return Traffic(
            transports=self.transports,
            gate=self.gate,
            bucket=self.bucket,
            berths=self.berths,
            quotas=self.settings.quotas,
            clock=self.clock,
            soon=self.settings.retry_seconds[0] / _SOON,
            lease=self.settings.lease_seconds,
            failover_after=self.settings.failover_after,
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
        return compose(
            row, mail, shows_name=carries.display_name, own_author=carries.own_author
        )

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


def build(
    settings: Settings,
    clock: Callable[[], datetime] = utc_now,
    identity: Identity = managed_identity,
) -> Works:
    """Wire everything; nothing is sent yet. Raises ConfigError."""
    account = connect(settings.storage, identity)
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
        bucket=Bucket(account.ledger, clock),
        berths=Berths(account.ledger, clock),
        rulebook=Rulebook(account.blobs, clock),
        transports=built,
        clock=clock,
    )
