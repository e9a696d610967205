"""Fixtures of the path: an office, cleared after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from local.azurite import Azurite
from tests.path.office import ROUTES, Office


@pytest.fixture
def make_office(azurite: Azurite) -> Iterator[Callable[..., Office]]:
    """Make offices with other settings."""
    made: list[Office] = []

    def make(**changes: str) -> Office:
        office = Office(azurite, **changes)
        office.write("config", "routes.toml", ROUTES.encode())
        made.append(office)
        return office

    yield make
    for office in made:
        office.clear()


@pytest.fixture
def office(make_office: Callable[..., Office]) -> Office:
    """An office with the usual settings."""
    return make_office()
