"""The peers, once for all; each test finds them forgetful and trusted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.transports.base import Patience, Transport

from .makers import Clock
from .peers import Peers
from .rigs import PATIENT, Rig


@pytest.fixture(scope="session")
def running_peers() -> Iterator[Peers]:
    """Run every stand-in once."""
    with Peers() as peers:
        yield peers


@pytest.fixture
def peers(running_peers: Peers, monkeypatch: pytest.MonkeyPatch) -> Peers:
    """Give the stand-ins, without memory of earlier tests."""
    running_peers.forget()
    for name, value in running_peers.environment.items():
        monkeypatch.setenv(name, value)
    return running_peers


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


type Build = Callable[..., Transport]


@pytest.fixture
def build(peers: Peers, clock: Clock) -> Iterator[Build]:
    """Build transports that are closed after the test."""
    built: list[Transport] = []

    def make(rig: Rig, patience: Patience = PATIENT, **changes: str) -> Transport:
        built.append(rig.build(peers, clock, patience, **changes))
        return built[-1]

    yield make
    for transport in built:
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
