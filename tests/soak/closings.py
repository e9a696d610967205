"""What closes a way for a while, while the other of its side stays open.

Sign-in refused, throttling, a server that is away for longer than
FAILOVER_AFTER_SECONDS; and a second way that is slow just when all mails come by it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from local.mail_faults import MailFault, Step, Then
from local.web import Fault, Moment, Response
from tests.soak.peers import Peers
from tests.soak.record import Record
from tests.soak.ways import FAILOVER_AFTER_SECONDS, INSIDE, MATES

WAYS = ("hve", "hve", "hve", "acs", "acs", "acs", "smtp", "exo")
"""Which is closed: mostly a first one, else nothing has to move."""
THROTTLED = "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"


class Later(Protocol):
    """Does something after so many seconds."""

    def __call__(self, seconds: float, do: Callable[[], None]) -> None:
        """Do it then."""
        ...


class Closings:
    """Closes ways, and opens them again. For one thread."""

    def __init__(
        self, peers: Peers, record: Record, dice: random.Random, later: Later
    ) -> None:
        self._peers = peers
        self._record = record
        self._dice = dice
        self._later = later
        self._closed: set[str] = set()
        self.kinds: tuple[tuple[float, Callable[[], None]], ...] = (
            (12.0, self._refuse_sign_in),
            (14.0, self._stay_away),
            (18.0, self._throttle),
            (25.0, self._leave),
        )
        """Seconds between two of a kind, on average; and the kind."""

    def _choose(self) -> str:
        """A way whose mate is open, and which is open itself; empty: none now."""
        way = self._dice.choice(WAYS)
        return "" if {way, MATES[way]} & self._closed else way

    def _begin(self, way: str, what: str) -> None:
        self._closed.add(way)
        self._record.count(f"closed: {way}, {what}")
        if way == INSIDE[0]:
            self._crowd()

    def _refuse_sign_in(self) -> None:
        if not (way := self._choose()):
            return
        office = self._peers.offices[way]
        account = self._dice.choice(office.senders)
        office.bar(account)
        self._begin(way, "sign-in refused")

        def mend() -> None:
            office.let_in(account)
            self._closed.discard(way)

        self._later(self._dice.uniform(1, 6), mend)

    def _stay_away(self) -> None:
        """Be away for so long that others must take over."""
        longer = self._dice.uniform(1, 5)
        self._away(FAILOVER_AFTER_SECONDS + longer, "away for long")

    def _leave(self) -> None:
        """Be away for so short a time that nobody need take over."""
        self._away(self._dice.uniform(0.3, FAILOVER_AFTER_SECONDS), "away for a moment")

    def _away(self, seconds: float, what: str) -> None:
        if not (way := self._choose()):
            return
        office = self._peers.offices[way]
        office.close()
        self._begin(way, what)

        def mend() -> None:
            office.open()
            self._closed.discard(way)

        self._later(seconds, mend)

    def _throttle(self) -> None:
        """Answer several mails that they are too many."""
        if not (way := self._choose()):
            return
        times = self._dice.randint(2, 4)
        if way in self._peers.mail:
            fault = MailFault(step=Step.MAIL, reply=THROTTLED, times=times)
            self._peers.mail[way].faults.add(fault)
        else:
            wait = str(self._dice.randint(1, 3))
            error = {"error": {"code": "TooManyRequests"}}
            answer = Response.of(429, error, Retry_After=wait)
            for _ in range(times):
                self._peers.acs.server.faults.add(Fault(Moment.ANSWER, answer))
            self._record.count(f"ACS: 429, Retry-After {wait}", times)
        self._record.count(f"closed: {way}, throttled")

    def _crowd(self) -> None:
        """Be slow at exo, where all mails inside come now: connections pile up."""
        for step in (Step.MAIL, Step.DATA, Step.DOT, Step.AFTER):
            fault = MailFault(
                step=step, then=Then.BE_LATE, seconds=self._dice.uniform(0.3, 1.2)
            )
            self._peers.mail["exo"].faults.add(fault)
