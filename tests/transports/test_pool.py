"""The pool of kept sessions, over real connections."""

from __future__ import annotations

import pytest

from shared.transports.client import Server
from shared.transports.pool import Pool
from shared.transports.session import Session

from .conftest import Stage, wait_until
from .rigs import PATIENT


@pytest.fixture
def server(stage: Stage) -> Server:
    """Give the mail server's address."""
    port = stage.peers.mail.port
    return Server(host="localhost", port=port, patience=PATIENT)


def test_pool_gives_the_last_session_first(server: Server):
    """Of several sessions the youngest is used, so that the others may go."""
    pool, first, last = Pool(), Session(server, None), Session(server, None)
    pool.give(first)
    pool.give(last)

    assert pool.take() is last
    assert pool.take() is first
    assert pool.take() is None
    first.close()
    last.close()


def test_pool_parts_with_the_dead(server: Server, stage: Stage):
    """A session that the server has ended is closed, and not given."""
    pool, dead = Pool(), Session(server, None)
    stage.peers.mail.hang_up()
    wait_until(lambda: not dead.is_alive())
    alive = Session(server, None)
    pool.give(alive)
    pool.give(dead)

    assert pool.take() is alive
    assert pool.take() is None
    alive.close()


def test_pool_parts_with_the_idle(server: Server):
    """A session that nobody needed for too long is closed, and not given."""
    pool, idle = Pool(idle_seconds=-1), Session(server, None)
    pool.give(idle)

    assert pool.take() is None
    assert not idle.is_alive()


def test_pool_takes_leave_of_all(server: Server):
    """A pool that is closed keeps nothing."""
    pool, kept = Pool(), Session(server, None)
    pool.give(kept)

    pool.close()

    assert pool.take() is None
    assert not kept.is_alive()
