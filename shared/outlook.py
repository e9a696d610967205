"""How things stand, for the alerts and the workbook: one line for each thing.

In: the rows that the sweep has at hand. Out: what waits or is held and why, how much of
each quota is used, when a certificate or a service ends, and the counts of what nobody
took. Raises `StorageError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from .endings import endings, warning
from .errors import ConfigError, MissingError, TransientError
from .journal import Value, note, warn
from .model import Reason, State
from .row import Row
from .stores.account import Account
from .stores.queues import EVENTS, REPORTS, RETRIES
from .traffic import lane_of
from .transports.own_certificate import end_of
from .works import Works

DEADLETTER = "deadletter"
"""Where Event Grid puts what it could not deliver."""
CERTIFICATE, SECRET = "MAIL_CLIENT_CERTIFICATE", "MAIL_CLIENT_SECRET"
_BY_APPLICATION = frozenset({"hve", "exo"})


def strays(account: Account) -> dict[str, int]:
    """Count what nobody took: poisoned messages, about, and dead-lettered events."""
    poison = dead = 0
    for queue in (EVENTS, RETRIES, REPORTS):
        with suppress(MissingError):
            poison += account.queues.check(f"{queue}-poison")
    with suppress(MissingError):
        dead = sum(1 for _ in account.blobs.list(DEADLETTER))
    return {"poison": poison, "deadletters": dead}


def tell_backlog(rows: Iterable[Row], now: datetime) -> None:
    """Say how many scans wait, or are held, for each reason, and for how long.

    A scan waits since it came, or was ordered sent; it is held since its row says so.
    """
    ages: dict[tuple[State, Reason | None], list[float]] = {}
    for row in rows:
        if row.state in {State.WAITING, State.HELD}:
            since = row.ordered or row.received
            if row.state is State.HELD:
                since = row.updated
            age = max(0.0, (now - since).total_seconds())
            ages.setdefault((row.state, row.reason), []).append(age)
    for (state, reason), each in ages.items():
        fields: dict[str, Value] = {"state": state, "reason": reason}
        fields |= {"scans": len(each), "oldest_s": max(each)}
        note("backlog", fields)


def tell_quotas(works: Works) -> None:
    """Say how much is used of each quota, where any of it is."""
    for transport in works.transports.values():
        quotas = works.traffic.quotas_of(transport.name)
        for sender in transport.senders if quotas else ():
            lane = lane_of(transport, sender)
            used = works.bucket.look(lane, quotas).spent(works.clock())
            for quota, count in zip(quotas, used, strict=True):
                if count:
                    span = quota.per.total_seconds()
                    fields: dict[str, Value] = {"lane": lane, "unit": quota.unit}
                    fields |= {"span_s": span, "used": count, "most": quota.most}
                    note("quota", fields)


def tell_rules(works: Works, *, again: bool) -> None:
    """Look at the rules where no scan does; `again`: say once more what is wrong.

    So their alert neither ends while they are, nor stays when they are mended.
    """
    if works.rulebook.faults() and again:
        works.rulebook.tell()


def tell_ends(works: Works) -> None:
    """Say what that is in use ends, and in how many days; less than 0: it has ended."""
    now = works.clock()
    for what, ends in certificates(works):
        note("ends", {"what": what, "days": (ends - now).days, "on": ends})
    for each in endings(works.transports, works.settings.source):
        if warning(each, now):
            days = (each.on - now.date()).days
            note("ends", {"what": each.what, "days": days, "on": str(each.on)})


def certificates(works: Works) -> Iterator[tuple[str, datetime]]:
    """The certificates in use, by their settings.

    A secret says nothing of its end: only Entra knows it.
    """
    source, used = works.settings.source, _BY_APPLICATION & set(works.transports)
    try:
        if used and source.get(CERTIFICATE) and not source.get(SECRET):
            yield CERTIFICATE, end_of(source[CERTIFICATE])
        for transport in works.transports.values():
            if transport.endpoint and (own := transport.endpoint.certificate):
                yield own.setting, own.ends()
    except (ConfigError, TransientError) as exc:
        # Whoever needs it to send says so, too; the next hour asks again.
        warn("ends-not-read", {"why": exc.what})
