"""Fixtures of the commands: an office with their settings, and a way to run one."""

from __future__ import annotations

import json

import pytest

from ops.__main__ import main
from tests.path.office import ROUTES, Office


@pytest.fixture
def office(azurite, monkeypatch):
    """An office whose settings are the environment of the command."""
    made = Office(azurite)
    made.write("config", "routes.toml", ROUTES.encode())
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    yield made
    made.clear()


@pytest.fixture
def scanpost(capsys):
    """Run a command: exit status, what it printed, and its JSON if it was asked."""

    def run(*words):
        capsys.readouterr()
        status = main(words)
        out, err = capsys.readouterr()
        return status, json.loads(out) if "--json" in words else out, err

    return run
