"""When nobody knows what became of a commit: found out, or said; never guessed."""

from __future__ import annotations

import pytest

from edge.book import Book
from edge.clearing import clear
from edge.config import Folder
from edge.depot import Commitment, Depot, RefusedError
from edge.entry import Step
from edge.merged import Merged
from edge.recovery import recover
from edge.upload import ProblemError, Uploader
from shared.stores.border import StorageError
from tests.samples import PDF

from .rig import Rig, stopped

OTHER = PDF + b"\n"
SCAN = "mfp-2f/SCN_0001.pdf"


def lost(rig: Rig, monkeypatch, uploader: Uploader, job) -> None:
    """The line breaks before the commit gets through."""

    def broken(*_: object) -> None:
        raise StorageError("commit in storage: ConnectionResetError")

    with monkeypatch.context() as patched:
        patched.setattr(rig.depot, "commit", broken)
        with pytest.raises(StorageError):
            uploader.upload(job)


def test_kill_while_the_last_scan_of_the_name_is_mailed_loses_nothing(rig, monkeypatch):
    """The core removes that one, not ours: ours was never committed."""
    rig.uploader().upload(rig.job("SCN_0001.pdf"))
    job = rig.job("SCN_0001.pdf", OTHER)
    stopped(rig, monkeypatch, job, "committing")
    rig.clear()
    rig.uploader().upload(job)
    assert list(rig.blobs().values()) == [OTHER]


def test_name_that_went_before_is_looked_at_before_it_is_used(rig):
    """A service that drops blocks along with a blob would make a lost scan of ours."""
    uploader = rig.uploader()
    uploader.upload(rig.job("SCN_0001.pdf"))
    staged: list[str] = []
    stage = rig.depot.stage

    def noting(blob: str, block: str, data: bytes) -> None:
        staged.append(blob)
        stage(blob, block, data)

    rig.depot.stage = noting
    uploader.upload(rig.job("SCN_0001.pdf", OTHER))
    assert staged == ["mfp-2f/SCN_0001 (2).pdf"]


def test_commit_that_comes_late_is_not_made_twice(rig, monkeypatch):
    """It was on its way when we were killed, and arrives while we try it again."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committing")
    commit = rig.depot.commit

    def late(wanted: Commitment) -> None:
        commit(wanted)
        commit(wanted)

    monkeypatch.setattr(rig.depot, "commit", late)
    assert rig.uploader().upload(job).step is Step.COMMITTED
    assert rig.blobs() == {"mfp-2f/scan.pdf": PDF}


@pytest.mark.parametrize("is_other_s", [False, True])
def test_commit_that_comes_late_may_be_mailed_at_once(rig, monkeypatch, is_other_s):
    """Nobody finds the blob that was in the way: ours, where none was there before."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committing")
    if is_other_s:
        client = rig.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
        client.upload_blob(b"another", overwrite=True)
    commit = rig.depot.commit

    def late(wanted: Commitment) -> None:
        if not is_other_s:
            commit(wanted)
        try:
            commit(wanted)
        finally:
            rig.clear()

    monkeypatch.setattr(rig.depot, "commit", late)
    if is_other_s:
        with pytest.raises(ProblemError):
            rig.uploader().upload(job)
    else:
        assert rig.uploader().upload(job).step is Step.COMMITTED
    assert not rig.blobs()


@pytest.mark.parametrize("is_mailed", [False, True])
@pytest.mark.parametrize("is_removed", [False, True])
def test_kill_before_it_was_written_down_that_a_scan_went(rig, is_mailed, is_removed):
    """It is found out anew, whether its file is there still or not."""
    job, old = rig.job(), rig.book
    entry = rig.uploader().upload(job)
    if is_removed:
        clear(entry, job.members, old, keeps=False)
    if is_mailed:
        rig.clear()
    before = rig.blobs()
    # Killed: what was only noted is not there.
    rig.book = Book(rig.state)
    place = Folder(path=rig.spot.path, device="mfp-2f")
    left = recover(place, rig.book, Merged(rig.state / "merged"), lambda _: False)
    (again,) = left.jobs
    assert bool(again.members) is not is_removed
    assert rig.uploader().upload(again).step is Step.COMMITTED
    assert rig.blobs() == before
    old.close()


def test_name_that_was_just_used_is_looked_at(rig):
    """Though it is not written down yet that its last scan went."""
    uploader = rig.uploader()
    uploader.upload(rig.job("SCN_0001.pdf"))
    second = rig.job("SCN_0001.pdf", OTHER)
    uploader.upload(second)
    killed = Book(rig.state)
    assert {each.blob: each.step for each in killed.open()} == {
        SCAN: Step.COMMITTED,
        "mfp-2f/SCN_0001 (2).pdf": Step.COMMITTING,
    }
    killed.close()


def test_name_stays_ours_while_nobody_knows(rig, monkeypatch):
    """Else the next scan of that name would push our blocks out."""
    uploader = rig.uploader()
    job = rig.job("SCN_0001.pdf")
    lost(rig, monkeypatch, uploader, job)
    uploader.upload(rig.job("SCN_0001.pdf", OTHER))
    assert rig.blobs() == {"mfp-2f/SCN_0001 (2).pdf": OTHER}
    rig.clear()
    uploader.upload(job)
    assert rig.blobs() == {SCAN: PDF}


def test_container_that_is_missing_says_nothing(rig, monkeypatch):
    """Neither blob nor blocks are there, and nothing was committed all the same."""
    container = rig.azurite.blobs().create_container("vanishing")
    rig.depot = Depot(rig.wire, "vanishing")
    job = rig.job()
    stopped(rig, monkeypatch, job, "committing")
    container.delete_container()
    with pytest.raises(StorageError, match="vanishing"):
        rig.uploader().upload(job)
    assert rig.book.find(job.job_id).step is Step.COMMITTING


def test_missing_container_is_waited_for(rig):
    """Somebody makes it, and everything goes."""
    rig.depot = Depot(rig.wire, "nowhere")
    with pytest.raises(StorageError, match="nowhere"):
        rig.uploader().upload(rig.job())


def test_another_storage_cannot_tell_what_the_last_one_took(rig, monkeypatch):
    """Somebody changed edge.toml in between: a person must look."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committing")
    rig.depot = Depot(rig.wire, "held")
    with pytest.raises(ProblemError, match="scans"):
        rig.uploader().upload(job)
    assert job.file().exists()


def test_row_of_the_future_is_a_problem(rig, monkeypatch):
    """The clock was wrong when it was written, or is now: how old it is, who knows."""
    job = rig.job()
    rig.offset = 30 * 86_400.0
    stopped(rig, monkeypatch, job, "committed")
    rig.clear()
    rig.offset = 0.0
    with pytest.raises(ProblemError):
        rig.uploader().upload(job)


def test_journal_that_was_lost_doubles_nothing_that_is_still_there(rig):
    """The blob says itself which file it was."""
    job = rig.job()
    rig.uploader().upload(job)
    rig.book.close()
    for each in rig.state.iterdir():
        each.unlink()
    old = rig.book = Book(rig.state)
    assert rig.uploader().upload(job).step is Step.COMMITTED
    assert rig.blobs() == {"mfp-2f/scan.pdf": PDF}
    # Killed before it was cleared away.
    rig.book = Book(rig.state)
    assert [each.step for each in rig.book.open()] == [Step.COMMITTED]
    old.close()


def test_blob_of_another_while_blocks_are_staged_moves_ours_aside(rig, monkeypatch):
    """The service has both: the blocks say that ours was never committed."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committing")
    monkeypatch.setattr(rig.depot, "uncommitted", lambda _: frozenset(rig.blocks(job)))
    client = rig.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    client.upload_blob(b"another", overwrite=True)
    rig.uploader().upload(job)
    assert rig.blobs() == {
        "mfp-2f/scan.pdf": b"another",
        "mfp-2f/scan (2).pdf": PDF,
    }


def test_what_storage_refuses_of_one_file_is_no_outage(rig):
    """More metadata than it takes: the other files go on."""
    with pytest.raises(RefusedError):
        rig.uploader().upload(rig.job(subject="x" * 60_000))


def test_blob_of_another_kind_has_the_name(rig):
    """Blocks of ours cannot even be staged there."""
    client = rig.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    client.create_append_blob()
    rig.uploader().upload(rig.job())
    assert rig.blobs()["mfp-2f/scan (2).pdf"] == PDF


def test_file_that_was_removed_after_it_was_staged_goes_all_the_same(rig, monkeypatch):
    """Its blocks are there; what is committed needs no file."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committing")
    job.file().unlink()
    rig.uploader().upload(job)
    assert rig.blobs() == {"mfp-2f/scan.pdf": PDF}
