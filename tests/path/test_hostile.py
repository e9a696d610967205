"""Bad input from end to end: ignored, held with a plain reason, or a normal mail."""

from __future__ import annotations

import json
import re

import pytest
from azure.core.exceptions import AzureError

from shared import path
from shared.model import State
from tests.makers import an_event
from tests.path.office import Office
from tests.route.hostile import PATHS, RULES

MANY = 200


@pytest.fixture(scope="module")
def office(azurite):
    """One office for all paths: they must not disturb each other either."""
    made = Office(azurite)
    made.write("config", "routes.toml", RULES.encode())
    made.write(
        "config", "directory.csv", b"login,email,name\nann,ann.a@contoso.com,A\n"
    )
    yield made
    made.clear()


def test_there_are_many_hostile_paths():
    """The table is as long as it should be."""
    assert len(PATHS) >= MANY


@pytest.mark.parametrize(("name", "people"), PATHS)
def test_hostile_path_harms_nobody(office, name, people):
    """No crash, no wrong recipient, no header that was not meant."""
    for transport in (office.inside, office.outside):
        transport.taken.clear()
    try:
        event = office.put(name, to="")
    except (AzureError, UnicodeError, ValueError):
        # Storage itself refuses the name: its event may come all the same.
        event = json.dumps(an_event(name))
    path.receive_event(office.works, event)
    for call in [*office.inside.taken, *office.outside.taken]:
        assert set(call.message.recipients) <= set(people)
        headers = (call.message.subject, call.message.from_name, call.message.reply_to)
        assert not re.search(r"[\x00-\x1f\x7f]", "".join(headers))
    for row in office.works.ledger.of_path(name):
        assert row.state in {State.SENT, State.HELD}
        assert row.reason is None or row.last_error
