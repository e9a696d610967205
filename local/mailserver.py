"""The mail server for the inside: aiosmtpd, as strict as HVE and fit for measuring.

STARTTLS, XOAUTH2 with the Entra stand-in's tokens, PLAIN and LOGIN, SIZE; senders must
be the account that signed in. Faults can be laid in the way of any step.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from .mail_faults import MailFaults
from .mail_peer import Peer
from .tokens import Issuer

type Sink = Callable[[Received], None]
_PARTING_SECONDS, _PAUSE_SECONDS = 5.0, 0.02


@dataclass(frozen=True, slots=True)
class Received:
    """A mail that was accepted."""

    account: str
    sender: str
    recipients: tuple[str, ...]
    data: bytes
    """As it came, dots taken out again."""
    time: float
    """When, in seconds of the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The rules of the server."""

    accounts: dict[str, str] = field(default_factory=dict)
    """Address -> password; empty: it signs in by XOAUTH2 only."""
    internal_domains: frozenset[str] = frozenset()
    """Recipients elsewhere are refused, as HVE does; empty: everybody is inside."""
    unknown: frozenset[str] = frozenset()
    """Recipients that do not exist."""
    size: int | None = 10 * 1024 * 1024
    """As SIZE announces it; None: it announces nothing."""
    has_pipelining: bool = True
    needs_sign_in: bool = True
    is_tls_first: bool = False
    offers_tls: bool = True
    """False: STARTTLS is missing, as where somebody strips it."""
    issuer: Issuer | None = None
    """Whose tokens are good."""
    application: str = ""
    """The application that may send (HVE's list of allowed apps)."""
    delegates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Mailbox -> the people who have full access to it, besides its own."""


class MailServer:
    """Takes mails until it is stopped; a context manager."""

    def __init__(
        self,
        house: House,
        context: ssl.SSLContext,
        port: int = 0,
        sink: Sink | None = None,
    ) -> None:
        # aiosmtpd warns of its own old names at each sign-in.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self.house = house
        self.context = context
        self.faults = MailFaults()
        self.mails: list[Received] = []
        """What was accepted, in order, unless a `sink` takes it."""
        self.connections = 0
        """How many there have been."""
        self.port = port
        self._sink = sink or self.mails.append
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="local-mail", daemon=True
        )

    def start(self) -> Self:
        """Listen from now on. Raises OSError where the port is taken."""
        self._thread.start()
        self._started.wait()
        if self._loop is None:
            raise OSError(f"port {self.port} is in use")
        return self

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: Peer(self, loop),
                "127.0.0.1",
                self.port,
                ssl=self.context if self.house.is_tls_first else None,
            )
        except OSError:
            self._started.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._loop, self._server = loop, server
        self._started.set()
        await self._stop.wait()
        for sock in server.sockets:
            loop.remove_reader(sock.fileno())
        # Whoever was just let in gets a place first: a closed server has none.
        await asyncio.sleep(_PAUSE_SECONDS)
        server.close()
        server.abort_clients()
        # Connections end in the loop's next round: it must not end before them.
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                await server.wait_closed()

    def hang_up(self) -> None:
        """End every connection, as a server does that is tired of waiting."""
        if self._loop and self._server:
            self._loop.call_soon_threadsafe(self._server.abort_clients)

    def stop(self) -> None:
        """Hang up on everybody, and listen no more."""
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def take(self, account: str, envelope: Any) -> None:
        """Write down an accepted mail."""
        self._sink(
            Received(
                account,
                envelope.mail_from,
                tuple(envelope.rcpt_tos),
                envelope.content,
                time.time(),
            )
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()
