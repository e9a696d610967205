"""A stage: the peers, a clock, and transports that are closed in the end."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from shared.model import Message, Receipt
from shared.transports.base import Patience, Transport

from .makers import Clock, File
from .peers import Arrived, Peers
from .rigs import PATIENT, Rig


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


class Stage:
    """The peers, a clock, and transports that are closed in the end."""

    def __init__(self, peers: Peers, clock: Clock) -> None:
        self.peers = peers
        self.clock = clock
        self.built: list[Transport] = []

    def build(
        self, rig: Rig, patience: Patience = PATIENT, /, **changes: str
    ) -> Transport:
        """Build a transport, with other settings where some are given."""
        self.built.append(rig.build(self.peers, self.clock, patience, **changes))
        return self.built[-1]

    @property
    def lease(self) -> datetime:
        """A deadline that is not near."""
        return self.clock.later(60)

    def send(self, transport: Transport, message: Message) -> Receipt:
        """Send a message with the usual file."""
        return transport.send(message, File(), self.lease)

    def arrived(self, rig: Rig, transport: Transport) -> list[Arrived]:
        """What the transport's peer took."""
        return rig.arrived(self.peers, transport)


@pytest.fixture
def stage(peers: Peers, clock: Clock) -> Iterator[Stage]:
    """Give a stage to send on."""
    made = Stage(peers, clock)
    yield made
    for transport in made.built:
        transport.close()


def sockets_and_threads() -> tuple[int, int]:
    """Count what a transport may leave behind."""
    links = (each.readlink for each in Path("/proc/self/fd").iterdir())
    sockets = 0
    for link in links:
        try:
            sockets += "socket:" in str(link())
        except OSError:
            continue
    return sockets, threading.active_count()


def wait_until(is_so: Callable[[], bool], seconds: float = 5.0) -> None:
    """Poll until something is so; fail where it never is."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def wait_until_quiet() -> None:
    """Poll until the stand-ins have let go of earlier connections."""
    seen: deque[tuple[int, int]] = deque(maxlen=10)

    def is_quiet() -> bool:
        seen.append(sockets_and_threads())
        return len(seen) == seen.maxlen and len(set(seen)) == 1

    wait_until(is_quiet)
