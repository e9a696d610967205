"""A fresh deployment: storage on a real Azurite, hooks before strict stand-ins."""

from __future__ import annotations

import pytest

from tests.infra.hooks import Site
from tests.path.office import Office


@pytest.fixture
def office(azurite):
    """The storage account and a worker, cleared afterwards."""
    made = Office(azurite)
    yield made
    made.clear()


@pytest.fixture
def site(office, tmp_path):
    """A fresh deployment."""
    return Site(tmp_path, office.azurite)
