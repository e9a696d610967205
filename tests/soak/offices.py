"""The mail servers of a campaign: they can be away, keep an account out, and they note.

Each notes when it was asked to take a mail, and how long each sender was connected:
what quotas and limits are counted by, at the peer and by its own clock.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from typing import override

from local.mail_faults import MailFault, MailFaults, Step, Then
from local.mailserver import House, MailServer, Received
from tests.soak.record import Record
from tests.soak.ways import SENDERS, Ask, Visit

type Take = Callable[[str, Received], None]


class Accounts(dict[str, str]):
    """The accounts of a house: some are kept out; who signs in is told."""

    def __init__(self, known: dict[str, str], told: Callable[[str], None]) -> None:
        super().__init__(known)
        self._told = told
        self.barred: set[str] = set()

    @override
    def __contains__(self, name: object) -> bool:
        """Whether somebody may sign in by a token."""
        return isinstance(name, str) and self.get(name) is not None

    @override
    def get(self, name: str, default: object = None) -> str | None:  # type: ignore[override]
        """The password of somebody who may sign in."""
        if name in self.barred:
            return None
        self._told(name)
        return super().get(name)


class Ears(MailFaults):
    """The faults in a server's way, and what it hears. Called in its own loop."""

    def __init__(self, way: str, record: Record) -> None:
        super().__init__()
        self._way = way
        self._record = record
        self._guests: dict[asyncio.Task[None], str] = {}

    def signs_in(self, account: str) -> None:
        """Note who is on this connection, and from when to when."""
        task = asyncio.current_task()
        if task is None or task in self._guests:
            return
        start = time.time()

        def ended(_: object) -> None:
            del self._guests[task]
            visit = Visit(way=self._way, sender=account, start=start, end=time.time())
            self._record.visit(visit)

        self._guests[task] = account
        task.add_done_callback(ended)

    @override
    def add(self, fault: MailFault) -> None:
        super().add(fault)
        self._record.count(words_of(fault), fault.times)

    @override
    def clear(self) -> list[MailFault]:
        left = super().clear()
        for fault in left:
            self._record.count(words_of(fault), -1)
        return left

    @property
    def waiting(self) -> int:
        """How many have not struck yet."""
        with self._lock:
            return len(self._waiting)

    @override
    def strike(self, step: Step, who: str = "") -> MailFault | None:
        fault = super().strike(step, who)
        task = asyncio.current_task()
        if step is Step.MAIL and task in self._guests and _is_heard(fault):
            ask = Ask(way=self._way, sender=self._guests[task], when=time.time())
            self._record.ask_at(ask)
        return fault


def words_of(fault: MailFault) -> str:
    """What a fault is called where it is counted."""
    word = fault.reply.split()[0] if fault.reply else fault.then
    return f"mail server: {word} at {fault.step}"


def _is_heard(fault: MailFault | None) -> bool:
    """Whether MAIL counts: a server that hangs up in its place has heard nothing."""
    return fault is None or fault.then in {Then.GO_ON, Then.BE_LATE}


class Office:
    """A mail server that can be closed and opened again at the same port."""

    def __init__(
        self, way: str, house: House, context: ssl.SSLContext, record: Record
    ) -> None:
        self.way = way
        self.senders = SENDERS[way]
        self.faults = Ears(way, record)
        self.accounts = Accounts(house.accounts, self.faults.signs_in)
        self.take: Take = lambda _, __: None
        """Given each mail in the moment of its acceptance, with the name of the way."""
        self.port = 0
        self._house = replace(house, accounts=self.accounts)
        self._context = context
        self._server: MailServer | None = None

    def open(self) -> None:
        """Answer from now on."""
        if self._server is None:
            server = MailServer(
                self._house,
                self._context,
                self.port,
                sink=lambda mail: self.take(self.way, mail),
            )
            server.faults = self.faults
            self._server = server.start()
            self.port = server.port

    def close(self) -> None:
        """Hang up on everybody; connections are refused from now on."""
        if self._server:
            self._server.stop()
            self._server = None

    def bar(self, account: str) -> None:
        """Keep an account out: 535. Whoever is inside has to come again."""
        self.accounts.barred.add(account)
        if self._server:
            self._server.hang_up()

    def let_in(self, account: str) -> None:
        """Let it sign in again."""
        self.accounts.barred.discard(account)
