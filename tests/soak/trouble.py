"""The trouble: what goes wrong, when, and how often; drawn from a seed.

Some of it comes at a random moment; some is aimed at a moment that matters, such as
the one between an acceptance and its record: it strikes as soon as that is seen in
storage's access log, or at a peer.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from local.accesslog import Request
from local.mail_faults import MailFault, Step, Then
from local.web import Fault, Moment, Response
from tests.soak.acs_office import LateAcs
from tests.soak.closings import Closings
from tests.soak.crew import Crew
from tests.soak.peers import Peers
from tests.soak.record import Record

LONG, SHORT = 6.0, 0.5
"""Seconds: longer than a lease, and much shorter."""
AIMS = (
    *("table.InsertEntity", "table.UpdateEntity", "blob.CopyBlob", "blob.DeleteBlob"),
    *("blob.GetBlob", "queue.PutMessage", "queue.DeleteMessage", "hve", "acs"),
    *("hve", "acs", "exo", "smtp", "table.UpdateEntity", "blob.CopyBlob"),
)
"""After one of these a worker dies."""
WAR_SECONDS, TRUCE_SECONDS = 60.0, 60.0
"""Workers are killed, and then spared for so long: each that dies takes tokens along,

and only where they live can the peers see a quota used up.
"""
EVERYBODY = 0.3
"""Share of aimed kills that hit all workers: one of them is the one that was meant."""

REPLIES = (
    *((Step.CONNECT, "421 4.3.2 Service not available"),),
    *((Step.EHLO, "421 4.4.2 Connection dropped"),),
    *((Step.AUTH, "454 4.7.0 Temporary authentication failure"),),
    *((Step.MAIL, "421 4.7.0 Too many mails"),),
    *((Step.MAIL, "432 4.3.2 Concurrent connections limit exceeded"),),
    *((Step.MAIL, "450 4.1.8 Sender cannot be checked now"),),
    *((Step.MAIL, "451 4.7.500 Server busy"),),
    *((Step.MAIL, "452 4.3.1 Insufficient system resources"),),
    *((Step.RCPT, "450 4.2.1 Mailbox busy"),),
    *((Step.RCPT, "451 4.3.0 Mailbox cannot be reached now"),),
    *((Step.RCPT, "452 4.5.3 Too many recipients"),),
    *((Step.DATA, "451 4.3.0 Try later"),),
    *((Step.DATA, "421 4.3.2 Going down"),),
    *((Step.DOT, "450 4.7.1 Greylisted"),),
    *((Step.DOT, "451 4.7.500 Server busy"),),
    *((Step.DOT, "452 4.3.1 Insufficient system storage"),),
)
SERVERS = ("hve", "hve", "hve", "smtp", "smtp", "exo")
"""Where a fault of a mail server is laid: the first of a side is asked more often."""
MOST_WAITING = 2
"""Faults that wait for a mail at one server: a way that rests gathers no more."""
PATIENT = 1.5
"""Seconds that exo is late at most: a connection must end before its worker's lease,

for what is not of the lease any more is not counted.
"""
ANSWERS = (
    Response.of(429, {"error": {"code": "TooManyRequests"}}, Retry_After="1"),
    Response.of(429, {"error": {"code": "TooManyRequests"}}, Retry_After="3"),
    Response.of(500, {"error": {"code": "InternalServerError"}}),
    Response.of(503, {"error": {"code": "ServiceUnavailable"}}),
    Response.of(503, {"error": {"code": "ServiceUnavailable"}}, Retry_After="1"),
)


class Trouble:
    """Makes trouble until it is told to end; a context manager."""

    def __init__(self, peers: Peers, crew: Crew, record: Record, seed: object) -> None:
        self._peers = peers
        self._crew = crew
        self._record = record
        self._dice = random.Random(f"{seed}/trouble")  # noqa: S311 (no secret)
        self._aim = ""
        self._aim_lock = threading.Lock()
        self._start = time.monotonic()
        self._stopping = threading.Event()
        self._stack = ExitStack()
        self._thread = threading.Thread(target=self._work, name="trouble")
        self._plan: list[tuple[float, int, float, Callable[[], None]]] = []
        """When, in which order, how often on average (0: once), what."""
        self._order = itertools.count()
        self._closings = Closings(peers, record, self._dice, self._later)
        self._kinds: tuple[tuple[float, Callable[[], None]], ...] = (
            (4.0, self._kill),
            (2.0, self._take_aim),
            (20.0, self._restart_storage),
            (1.2, self._reply),
            (1.5, self._drop),
            (5.0, self._stall),
            (4.0, self._be_late),
            (5.0, self._answer),
            (3.0, self._reset),
            (5.0, self._be_late_at_acs),
            *self._closings.kinds,
        )
        """Seconds between two of a kind, on average."""

    def __enter__(self) -> Self:
        log = self._peers.azurite.log
        self._stack.enter_context(log.told(self._saw))
        self._peers.taken = self._see
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Make no more trouble, and mend what is broken."""
        self._stopping.set()
        self._thread.join()
        self._stack.close()
        self._aim = ""
        for office in self._peers.mail.values():
            office.faults.clear()
        for each in self._peers.acs.server.faults.clear():
            self._record.count(_acs_words(each), -1)
        for late in self._peers.acs.forgive():
            self._record.count(_late_words(late), -1)
        self._peers.mend()

    def _work(self) -> None:
        for every, do in self._kinds:
            self._later(self._wait(every), do, every)
        while True:
            due, _, every, do = heapq.heappop(self._plan)
            while (left := due - time.monotonic()) > 0:
                if self._stopping.wait(min(left, 0.05)):
                    return
                self._crew.tend()
            do()
            if every:
                self._later(self._wait(every), do, every)

    def _wait(self, every: float) -> float:
        return self._dice.expovariate(1 / every)

    def _later(self, seconds: float, do: Callable[[], None], every: float = 0) -> None:
        """Do it then."""
        due = time.monotonic() + seconds
        heapq.heappush(self._plan, (due, next(self._order), every, do))

    @property
    def _is_truce(self) -> bool:
        since = time.monotonic() - self._start
        return since % (WAR_SECONDS + TRUCE_SECONDS) > WAR_SECONDS

    def _kill(self) -> None:
        if not self._is_truce:
            self._crew.kill()

    def _take_aim(self) -> None:
        with self._aim_lock:
            self._aim = "" if self._is_truce else self._dice.choice(AIMS)

    def _saw(self, request: Request) -> None:
        if not request.is_stand_in and request.is_success:
            self._see(request.operation)

    def _see(self, what: str) -> None:
        with self._aim_lock:
            if self._aim != what:
                return
            self._aim = ""
            everybody = self._dice.random() < EVERYBODY
        self._crew.kill(everybody=everybody)
        self._record.count(f"workers killed after {what}")

    def _restart_storage(self) -> None:
        with self._peers.storage_up:
            self._peers.azurite.stop()
            self._stopping.wait(self._dice.uniform(0, 1.5))
            self._peers.azurite.start()
        self._record.count("restarts of Azurite")

    def _mail(self, way: str, fault: MailFault) -> None:
        faults = self._peers.mail[way].faults
        if faults.waiting < MOST_WAITING:
            faults.add(fault)

    def _reply(self) -> None:
        step, reply = self._dice.choice(REPLIES)
        then = Then.HANG_UP if reply.startswith("421") else Then.GO_ON
        way = self._dice.choice(SERVERS)
        self._mail(way, MailFault(step=step, reply=reply, then=then))

    def _drop(self) -> None:
        way, step = self._dice.choice(SERVERS), self._dice.choice(tuple(Step))
        self._mail(way, MailFault(step=step, then=Then.HANG_UP))

    def _stall(self) -> None:
        seconds = self._dice.uniform(SHORT, LONG)
        way, step = self._dice.choice(SERVERS), self._dice.choice(tuple(Step))
        if way != "exo":
            # Who neither hears nor reads does not see that somebody has left.
            self._mail(way, MailFault(step=step, then=Then.STALL, seconds=seconds))

    def _be_late(self) -> None:
        way = self._dice.choice(SERVERS)
        seconds = self._dice.uniform(SHORT, PATIENT if way == "exo" else LONG)
        step = self._dice.choice((Step.MAIL, Step.DATA, Step.DOT, Step.AFTER))
        self._mail(way, MailFault(step=step, then=Then.BE_LATE, seconds=seconds))

    def _acs(self, fault: Fault) -> None:
        self._peers.acs.server.faults.add(fault)
        self._record.count(_acs_words(fault))

    def _answer(self) -> None:
        self._acs(Fault(Moment.ANSWER, self._dice.choice(ANSWERS)))

    def _reset(self) -> None:
        moment = self._dice.choice((Moment.ANSWER, Moment.BODY, Moment.AFTER))
        self._acs(Fault(moment))

    def _be_late_at_acs(self) -> None:
        seconds = self._dice.uniform(SHORT, LONG)
        late = self._dice.choice(
            (
                LateAcs(before_seconds=seconds),
                LateAcs(after_seconds=seconds),
                LateAcs(status=500),
                LateAcs(status=503),
            )
        )
        self._peers.acs.delay(late)
        self._record.count(_late_words(late))


def _acs_words(fault: Fault) -> str:
    if fault.response:
        wait = fault.response.headers.get("Retry-After")
        after = f", Retry-After {wait}" if wait else ""
        return f"ACS: {fault.response.status}{after}"
    moments = {Moment.ANSWER: "before", Moment.BODY: "during", Moment.AFTER: "after"}
    return f"ACS: reset {moments[fault.moment]} acceptance"


def _late_words(late: LateAcs) -> str:
    if late.status:
        return f"ACS: {late.status} after acceptance"
    return f"ACS: {'acceptance' if late.before_seconds else 'answer'} late"
