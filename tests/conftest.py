"""Fixtures for every folder: one Azurite and one set of peers for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.azurite import Azurite
from tests.transports.peers import Peers


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """A real Azurite, in memory, with what the product expects."""
    with Azurite() as running:
        running.provision()
        yield running


@pytest.fixture(scope="session")
def running_peers() -> Iterator[Peers]:
    """Run every stand-in of a mail service once."""
    with Peers() as peers:
        yield peers


@pytest.fixture
def peers(running_peers: Peers, monkeypatch: pytest.MonkeyPatch) -> Peers:
    """Give the stand-ins, trusted and without memory of earlier tests."""
    running_peers.forget()
    for name, value in running_peers.environment.items():
        monkeypatch.setenv(name, value)
    return running_peers
