"""A claimed file becomes one blob, once, whatever is killed or cut in between."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from edge.blocks import KEPT_BYTES, PIECE_BYTES, Block
from edge.claim import ChangedError
from edge.depot import OWN, Commitment
from edge.entry import Entry, Step
from edge.upload import BLOCK_BYTES, SMALL_BYTES, SURE_SECONDS, ProblemError
from shared.stores.border import StorageError
from tests.samples import PDF

from .rig import stopped


@pytest.mark.parametrize("size", [1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES])
def test_blob_has_the_file_s_bytes(rig, size):
    """In one block or several; with the MD5 of all of it."""
    data = (b"%PDF-1.7\n" + bytes(range(256)) * (size // 256 + 1))[:size]
    entry = rig.uploader().upload(rig.job(data=data))
    assert rig.blobs() == {"mfp-2f/scan.pdf": data}
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    assert entry.md5 == base64.b64encode(digest).decode()
    client = rig.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    assert client.get_blob_properties().content_settings.content_md5 == digest
    assert entry.step is Step.COMMITTED


def test_metadata_is_percent_encoded(rig):
    """As docs/routing.md has it; the claim's id is what the blob is known by."""
    job = rig.job(to="a@contoso.com,b@contoso.com", subject="Größe: 5 €")
    rig.uploader().upload(job)
    client = rig.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    metadata = client.get_blob_properties().metadata
    assert metadata["to"] == "a@contoso.com,b@contoso.com"
    assert metadata["subject"] == "Gr%C3%B6%C3%9Fe%3A%205%20%E2%82%AC"
    assert metadata[OWN] == job.job_id


def test_counter_name_that_comes_again_is_a_new_scan(rig):
    """While the last one is not mailed it gets a number; then the name is free."""
    uploader = rig.uploader()
    uploader.upload(rig.job("SCN_0001.pdf"))
    uploader.upload(rig.job("SCN_0001.pdf", PDF + b"\n"))
    assert rig.blobs() == {
        "mfp-2f/SCN_0001.pdf": PDF,
        "mfp-2f/SCN_0001 (2).pdf": PDF + b"\n",
    }
    rig.clear()
    uploader.upload(rig.job("SCN_0001.pdf"))
    assert list(rig.blobs()) == ["mfp-2f/SCN_0001.pdf"]


def test_same_name_at_once_makes_two_blobs(rig):
    """Eight threads, eight files of one name."""
    uploader = rig.uploader()
    jobs = [rig.job("scan.pdf", PDF + b"\n" * number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(uploader.upload, jobs))
    assert sorted(rig.blobs().values()) == [PDF + b"\n" * number for number in range(8)]


def test_file_that_changes_while_it_is_read_is_not_committed(rig, monkeypatch):
    """Its writer still held it; nothing of it is ever seen."""
    job = rig.job(data=PDF * 20_000)

    def stage(*_: object) -> None:
        job.file().write_bytes(b"%PDF-1.7 something else")

    monkeypatch.setattr(rig.depot, "stage", stage)
    with pytest.raises(ChangedError):
        rig.uploader().upload(job)
    assert not rig.blobs()
    assert rig.book.find(job.job_id) is None


def test_file_that_changes_before_it_is_sent_is_not_taken(rig, monkeypatch):
    """Hashed as it was, sent as it is: the service refuses the block."""
    job, stage = rig.job(), rig.depot.stage

    def changing(*words: object) -> None:
        job.file().write_bytes(PDF.replace(b"842", b"841"))
        stage(*words)

    monkeypatch.setattr(rig.depot, "stage", changing)
    with pytest.raises(ChangedError):
        rig.uploader().upload(job)
    assert not rig.blobs()


def test_disk_that_fails_is_no_fault_of_storage(rig, monkeypatch):
    """While a large one is sent: this file waits, and not all of them."""
    data = PDF + bytes(KEPT_BYTES)
    job, read = rig.job(data=data), os.preadv
    reads: list[int] = []

    def failing(*words: Any) -> int:
        reads.append(1)
        if len(reads) > len(data) // PIECE_BYTES + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(*words)

    monkeypatch.setattr(os, "preadv", failing)
    with pytest.raises(OSError, match="Input/output error"):
        rig.uploader().upload(job)
    monkeypatch.undo()
    rig.uploader().upload(job)
    assert rig.blobs() == {"mfp-2f/scan.pdf": data}


def test_small_file_is_read_once(rig, monkeypatch):
    """What is sent is what was hashed; and its bytes are read in whatever pieces."""
    read, reads = os.preadv, []

    def halting(descriptor: int, into: list[memoryview], at: int) -> int:
        reads.append(at)
        return read(descriptor, [into[0][: KEPT_BYTES // 3]], at)

    monkeypatch.setattr(os, "preadv", halting)
    data = PDF + bytes(KEPT_BYTES - len(PDF))
    rig.uploader().upload(rig.job(data=data))
    assert reads == [0, KEPT_BYTES // 3, KEPT_BYTES // 3 * 2, KEPT_BYTES // 3 * 3]
    assert rig.blobs() == {"mfp-2f/scan.pdf": data}


def test_line_that_broke_off_gets_small_blocks(rig, monkeypatch):
    """One that is cut again and again would never bring a large one over."""
    data = PDF + bytes(2 * SMALL_BYTES)
    job, uploader, stage = rig.job(data=data), rig.uploader(), rig.depot.stage
    lengths: list[int] = []

    def breaking(blob: str, name: str, block: Block) -> None:
        lengths.append(len(block))
        if len(block) > SMALL_BYTES:
            raise StorageError("block for storage: ConnectionResetError")
        stage(blob, name, block)

    monkeypatch.setattr(rig.depot, "stage", breaking)
    with pytest.raises(StorageError):
        uploader.upload(job)
    uploader.upload(job)
    assert lengths == [len(data), SMALL_BYTES, SMALL_BYTES, len(PDF)]
    assert rig.blobs() == {"mfp-2f/scan.pdf": data}


@pytest.mark.parametrize("after", ["staged", "committing", "committed"])
def test_kill_at_any_step_leaves_one_blob(rig, monkeypatch, after):
    """Whoever is started next brings it to its end."""
    job = rig.job()
    stopped(rig, monkeypatch, job, after)
    entry = rig.uploader().upload(job)
    assert entry.step is Step.COMMITTED
    assert rig.blobs() == {"mfp-2f/scan.pdf": PDF}


def test_scan_that_was_mailed_meanwhile_is_not_sent_again(rig, monkeypatch):
    """Neither the blob is there, nor are its blocks: it was committed."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committed")
    rig.clear()
    assert rig.uploader().upload(job).step is Step.COMMITTED
    assert not rig.blobs()


def test_commit_of_long_ago_is_a_problem(rig, monkeypatch):
    """The service drops blocks after a week: nobody can tell any more."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committed")
    rig.clear()
    rig.offset = SURE_SECONDS + 60
    with pytest.raises(ProblemError):
        rig.uploader().upload(job)
    assert job.file().exists()
    assert not rig.blobs()


def test_blob_of_somebody_else_s_is_a_problem(rig, monkeypatch):
    """It may have come after ours was mailed, or have pushed our blocks out."""
    job = rig.job()
    stopped(rig, monkeypatch, job, "committed")
    rig.clear()
    client = rig.azurite.blobs().get_blob_client("scans", "mfp-2f/scan.pdf")
    client.upload_blob(b"another")
    with pytest.raises(ProblemError):
        rig.uploader().upload(job)


def test_answer_that_was_lost_is_found_out(rig, monkeypatch):
    """The service committed, and the line broke: no second blob."""
    commit = rig.depot.commit

    def commit_and_break(wanted: Commitment) -> None:
        commit(wanted)
        raise StorageError("commit in storage: ConnectionResetError")

    job, uploader = rig.job(), rig.uploader()
    monkeypatch.setattr(rig.depot, "commit", commit_and_break)
    with pytest.raises(StorageError):
        uploader.upload(job)
    monkeypatch.undo()
    rig.clear()
    assert uploader.upload(job).step is Step.COMMITTED
    assert not rig.blobs()


def test_blocks_that_somebody_pushed_out_are_staged_again(rig, monkeypatch):
    """A blob of the same name by another: definite, nothing of ours was committed."""
    commit = rig.depot.commit
    seen: list[str] = []

    def push_out(wanted: Commitment) -> None:
        if not seen:
            client = rig.azurite.blobs().get_blob_client("scans", wanted.blob)
            client.upload_blob(b"another", overwrite=True)
            client.delete_blob()
        seen.append(wanted.blob)
        commit(wanted)

    monkeypatch.setattr(rig.depot, "commit", push_out)
    rig.uploader().upload(rig.job())
    assert list(rig.blobs().values()) == [PDF]


def test_name_of_a_file_under_way_is_nobody_else_s(rig, monkeypatch):
    """After a kill the next scan of that name does not take its place."""
    job = rig.job("SCN_0001.pdf")
    stopped(rig, monkeypatch, job, "committing")
    uploader = rig.uploader()
    uploader.upload(rig.job("SCN_0001.pdf", PDF + b"\n"))
    uploader.upload(job)
    assert rig.blobs() == {
        "mfp-2f/SCN_0001.pdf": PDF,
        "mfp-2f/SCN_0001 (2).pdf": PDF + b"\n",
    }


def test_journal_keeps_names_that_are_no_utf_8(rig):
    """As the file system has them."""
    entry = Entry(
        claim_id="1", folder="/srv", path="M\udcfcller.pdf", step=Step.COMMITTED
    )
    rig.book.write(entry)
    assert rig.book.find("1") == entry
    rig.book.write(replace(entry, step=Step.CLEARED))
    assert [each.claim_id for each in rig.book.last(5)] == ["1"]
    assert not rig.book.open()
