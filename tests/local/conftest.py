"""Fixtures of what runs on one machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.azurite import Tls
from local.certificates import Authority


@pytest.fixture(scope="session")
def tls() -> Iterator[Tls]:
    """A certificate for loopback, and who issued it."""
    with Authority() as authority:
        authority.context()
        folder = authority.file.parent
        own = [each for each in folder.glob("*.pem") if each != authority.file]
        yield Tls(own[0], authority.file)
