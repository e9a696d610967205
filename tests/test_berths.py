"""Connections are counted by all instances, over a real table."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.berths import Berths
from shared.settings import Storage
from shared.stores.account import connect
from shared.stores.border import ConflictError
from shared.traffic import lane_of
from tests.scripted import Scripted

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(minutes=10)
LANE = "exo"


@pytest.fixture
def table(azurite) -> Iterator[Any]:
    """The ledger's table; the rows are removed."""
    yield connect(Storage(connection_string=azurite.connection_string)).ledger
    client = azurite.tables().get_table_client("ledger")
    for entity in client.list_entities():
        client.delete_entity(entity)


def test_no_more_than_there_are_whoever_asks(table):
    """Sixteen threads of four instances, three connections, all given back."""
    inside, most, lock = 0, 0, threading.Lock()

    def come_and_go(berths: Berths) -> int:
        nonlocal inside, most
        served = 0
        for _ in range(6):
            if berth := berths.enter(LANE, 3, UNTIL):
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.01)
                with lock:
                    inside -= 1
                berths.leave(LANE, berth)
                served += 1
        return served

    workers = [Berths(table, lambda: NOON) for _ in range(4)] * 4
    with ThreadPoolExecutor(16) as pool:
        served = sum(pool.map(come_and_go, workers))
    assert most <= 3
    assert served > 6
    again = Berths(table, lambda: NOON)
    assert all(again.enter(LANE, 3, UNTIL) for _ in range(3))


def test_place_whose_answer_was_lost_is_ours(table):
    """The second try finds its own write; nobody is kept out for a lease's length."""

    class Deaf:
        def find(self, *args):
            return table.find(*args)

        def insert(self, entity):
            table.insert(entity)
            raise ConflictError("409: it is there, from the first try")

    deaf: Any = Deaf()
    berth = Berths(deaf, lambda: NOON).enter(LANE, 1, UNTIL)
    assert berth
    sound = Berths(table, lambda: NOON)
    sound.leave(LANE, berth)
    assert sound.enter(LANE, 1, UNTIL)


@pytest.mark.parametrize(
    "sender", ["o'brien@contoso.com", "scan/2#?@contoso.com", "a%b{}~@contoso.com"]
)
def test_every_sender_can_have_a_row(table, sender):
    """A table's keys take no slash, hash or question mark."""
    way = Scripted("exo", sender)
    way.senders = (sender, "other@contoso.com")
    berths, lane = Berths(table, lambda: NOON), lane_of(way, sender)
    first = berths.enter(lane, 2, UNTIL)
    berths.enter(lane, 2, UNTIL)
    assert not berths.enter(lane, 2, UNTIL)
    berths.leave(lane, first)
    assert berths.enter(lane, 2, UNTIL)
