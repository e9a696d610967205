"""The bucket over a real table: many threads and instances, one quota."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.bucket import Bucket, Turn
from shared.settings import Storage
from shared.stores.account import connect
from shared.stores.border import ConflictError
from shared.transports.base import Quota, Unit
from tests.test_allowance import most_in

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
THIRTY = (Quota(30, MINUTE),)
LANE = "exo scans@contoso.com"


class Hands:
    """A clock to turn."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def later(self, **passed: float) -> None:
        """Turn it."""
        self.now += timedelta(**passed)


@pytest.fixture
def table(azurite) -> Iterator[object]:
    """The ledger's table; the bucket's rows are removed."""
    yield connect(Storage(connection_string=azurite.connection_string)).ledger
    client = azurite.tables().get_table_client("ledger")
    for entity in client.list_entities():
        client.delete_entity(entity)


@pytest.fixture
def clock() -> Hands:
    """Noon, until it is turned."""
    return Hands()


def taken(bucket: Bucket, count: int, quotas=THIRTY, recipients: int = 1) -> int:
    """How many of so many mails may go now."""
    asked = [bucket.take(LANE, quotas, recipients) for _ in range(count)]
    return asked.count(None)


def racing(table, instances: int, threads: int, step: Callable[[Bucket], None], clock):
    """Let many threads of several instances do it at once."""
    buckets = [Bucket(table, clock) for _ in range(instances)]
    with ThreadPoolExecutor(instances * threads) as pool:
        done = [pool.submit(step, bucket) for bucket in buckets * threads]
    for each in done:
        each.result()


def test_sixteen_threads_of_four_instances_keep_to_one_quota(table):
    """By a clock that runs twenty times as fast; within one slice of time."""
    speed, began, times = 20, time.monotonic(), list[datetime]()

    def clock() -> datetime:
        return NOON + timedelta(seconds=(time.monotonic() - began) * speed)

    def send_on(bucket: Bucket) -> None:
        while clock() < NOON + 2.3 * MINUTE:
            if bucket.take(LANE, THIRTY, 1) is None:
                times.append(clock())
            time.sleep(0.01)

    racing(table, 4, 4, send_on, clock)
    assert most_in(times, MINUTE * 11 / 12) <= 30
    # Two spans and the burst of the third, less what rests in the purses.
    assert len(times) > 55


def test_turns_of_all_instances_keep_to_the_quota(table, clock):
    """Nobody's turn is anybody else's."""
    turns: list[Turn] = []

    def wait(bucket: Bucket) -> None:
        for _ in range(8):
            turns.append(bucket.book(LANE, THIRTY, 1))

    racing(table, 4, 4, wait, clock)
    times = [turn.at for turn in turns if turn.is_taken]
    assert most_in(times, MINUTE) <= 30
    assert len(times) > 100


def test_one_scan_that_waits_books_one_turn(table, clock):
    """It follows nobody: other instances' scans have theirs soon."""
    quotas = (Quota(2, MINUTE),)
    first, second = Bucket(table, clock), Bucket(table, clock)
    taken(first, 2, quotas)
    clock.later(seconds=12)
    for bucket in (first, second):
        assert bucket.take(LANE, quotas, 1)
        assert bucket.book(LANE, quotas, 1).at - NOON <= MINUTE * 14 / 12


def test_clock_that_is_behind_sees_what_was_taken_ahead_of_it(table, clock):
    """Two workers at the edge of a slice do not get twice the quota."""
    slow = Hands()
    slow.later(seconds=-3)
    assert taken(Bucket(table, clock), 40) == 30
    assert taken(Bucket(table, slow), 40) == 0


def test_worker_that_never_gets_through_does_not_go_uncounted(clock):
    """Where so many write at once, it asks again some seconds later."""

    class Busy:
        def find(self, *_):
            return None

        def insert(self, *_):
            raise ConflictError("409")

    busy: Any = Busy()
    bucket = Bucket(busy, clock)
    for turn in (bucket.take(LANE, THIRTY, 1), bucket.book(LANE, THIRTY, 1)):
        assert turn
        assert not turn.is_taken
        assert timedelta(seconds=1) < turn.at - NOON < timedelta(seconds=20)


def test_write_whose_answer_was_lost_is_known_again(table, clock):
    """The second try finds its own write: nothing is taken, or given back, twice."""

    class Deaf:
        def find(self, *args):
            return table.find(*args)

        def insert(self, entity):
            table.insert(entity)
            raise ConflictError("409: it is there, from the first try")

        def replace(self, entity):
            return table.replace(entity)

    deaf: Any = Deaf()
    assert taken(Bucket(deaf, clock), 1) == 1
    assert Bucket(table, clock).look(LANE, THIRTY).spent(NOON) == [1]


def test_mail_takes_a_token_that_was_meant_for_fewer_people(table, clock):
    """Where nobody counts people, a token is a token."""
    bucket = Bucket(table, clock)
    taken(bucket, 2)
    before = bucket.look(LANE, THIRTY).spent(NOON)
    assert taken(bucket, 5, recipients=20) == 5
    assert bucket.look(LANE, THIRTY).spent(NOON) == before


def test_people_whom_a_mail_did_not_have_are_given_back(table, clock):
    """A mail to fifty and its followers to one each do not cost five hundred."""
    quotas = (Quota(10_000, DAY, Unit.RECIPIENTS),)
    bucket = Bucket(table, clock)
    taken(bucket, 2, quotas, recipients=50)
    assert taken(bucket, 9, quotas) == 9
    clock.later(hours=3)
    taken(bucket, 1, quotas)
    assert bucket.look(LANE, quotas).spent(clock.now) == [2 * 50 + 9 + 1]


@pytest.mark.parametrize(
    "quotas", [(Quota(1, MINUTE),), (Quota(30, MINUTE), Quota(100, HOUR))]
)
def test_queue_of_thousands_fits_into_its_row(table, clock, quotas):
    """A text property has 32,768 units; turns beyond are asked for again."""
    bucket = Bucket(table, clock)
    turns = [bucket.book(LANE, quotas, 1) for _ in range(2300)]
    entity = table.find("quota", LANE)
    assert len(str(entity.values["used"])) < 32_000
    assert [turn.at for turn in turns] == sorted(turn.at for turn in turns)
    assert sum(turn.is_taken for turn in turns) > 1000
