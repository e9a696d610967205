"""The rules in force: fresh within a minute, and never broken."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.model import Reason, State
from tests.path.office import INSIDE, ROUTES

BROKEN = "[defaults]\nfallbak = 5\n"
FALLBACK = f'[defaults]\nfallback = "{INSIDE}"\n'


def test_missing_files_are_empty(office):
    """No routes.toml, no directory.csv: metadata alone decides."""
    office.blobs.get_blob_client("config", "routes.toml").delete_blob()
    office.later(minutes=2)
    assert office.scan().state is State.SENT
    assert office.works.rulebook.faults() == ()


def test_change_is_seen_within_a_minute(office):
    """Checked at most once a minute."""
    assert office.scan(to="").reason is Reason.NO_RECIPIENT
    office.write("config", "routes.toml", FALLBACK.encode())
    assert office.scan(to="").reason is Reason.NO_RECIPIENT
    office.later(seconds=61)
    assert office.scan(to="").state is State.SENT


def test_unchanged_files_cost_two_questions_a_minute(office):
    """Asked with the ETag that is known."""
    office.scan()
    office.scan()
    with office.azurite.counted() as counts:
        office.works.rulebook.current()
        office.later(seconds=61)
        office.works.rulebook.current()
        office.names("scans")
    assert counts["blob.GetBlob"] == 2


def test_broken_file_leaves_the_last_good_in_force(office, caplog):
    """A typo never stops the mail, and is reported."""
    office.routes(FALLBACK)
    assert office.scan(to="").state is State.SENT
    office.routes(BROKEN)
    assert office.scan(to="").state is State.SENT
    assert "alarm=routes-broken" in caplog.text
    assert "fallbak" in caplog.text


def test_new_instance_finds_the_last_good(office):
    """It lies in config/last-good/ for every instance and cold start."""
    office.routes(FALLBACK)
    office.scan(to="")
    office.routes(BROKEN)
    office.works = office.hired()
    assert office.scan(to="").state is State.SENT
    assert office.works.rulebook.faults()


def test_scans_wait_where_there_never_was_a_good_one(office):
    """Safely, in `held`, until the file is mended."""
    office.routes(BROKEN)
    office.works = office.hired()
    row = office.scan()
    assert (row.state, row.reason) == (State.WAITING, Reason.ROUTES_BROKEN)
    assert row.container == "held"
    office.routes(ROUTES)
    assert office.wake(row).state is State.SENT


def test_waiting_for_good_routes_ends_in_held(office):
    """GIVE_UP_AFTER_HOURS holds for them, too."""
    office.routes(BROKEN)
    office.works = office.hired()
    row = office.scan()
    office.later(hours=49)
    row = office.wake(row)
    assert (row.state, row.reason) == (State.HELD, Reason.GAVE_UP)
    assert row.last_error.startswith("routes-broken:")


def test_mended_file_is_in_force_again(office):
    """And no fault is told any more."""
    office.routes(BROKEN)
    assert office.works.rulebook.faults()
    office.routes(FALLBACK)
    assert office.works.rulebook.faults() == ()


def test_last_good_is_written_once_per_version(office):
    """Not by every instance and cold start."""
    office.scan()
    with office.azurite.counted() as counts:
        office.hired().rulebook.current()
        office.names("scans")
    assert counts["blob.PutBlob"] == 0


@pytest.mark.parametrize("lines", [50_000])
def test_large_directory_is_read_whole(office, lines):
    """50,000 lines."""
    rows = "\n".join(f"user{n},user{n}@contoso.com,User {n}" for n in range(lines))
    office.write("config", "directory.csv", f"login,email,name\n{rows}\n".encode())
    office.routes(
        ROUTES + '[[routes]]\nmatch = "{device}/home/{login}/*"\n'
        'to = ["directory:{login}"]\n'
    )
    row = office.receive(office.put("mfp/home/User49999/scan.pdf", to=""))
    assert row.state is State.SENT
    assert office.inside.people == ["user49999@contoso.com"]
    assert timedelta(0) < office.clock() - row.received


def test_broken_directory_leaves_the_last_good_in_force(office):
    """Each file has its own last good one."""
    office.write(
        "config", "directory.csv", b"login,email,name\nann,a@contoso.com,Ann\n"
    )
    office.routes(
        ROUTES
        + '[[routes]]\nmatch = "{device}/{login}/*"\nto = ["directory:{login}"]\n'
    )
    office.scan(name="mfp/ann/1.pdf", to="")
    office.write("config", "directory.csv", b"login;email\nann;broken\n")
    office.later(minutes=2)
    assert office.scan(name="mfp/ann/2.pdf", to="").state is State.SENT
    assert office.inside.people == ["a@contoso.com"] * 2
