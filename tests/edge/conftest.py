"""Fixtures of the edge agent's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.azurite import Azurite

from .between import Between
from .rig import Rig
from .site import Site


@pytest.fixture
def rig(azurite: Azurite, tmp_path: Path) -> Iterator[Rig]:
    """A rig of its own."""
    made = Rig(azurite, tmp_path)
    made.clear()
    yield made
    made.book.close()
    made.clear()


@pytest.fixture
def site(azurite: Azurite, tmp_path: Path) -> Iterator[Site]:
    """A site of its own."""
    made = Site(azurite, tmp_path)
    made.clear()
    yield made
    made.end()
    made.clear()


@pytest.fixture
def between(site: Site) -> Iterator[Between]:
    """The line that the site's agent may use."""
    with Between(site.port) as made:
        yield made
