"""Fixtures for every folder: one Azurite for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.azurite import Azurite


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """A real Azurite, in memory, with what the product expects."""
    with Azurite() as running:
        running.provision()
        yield running
