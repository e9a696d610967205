"""What is on the disk when a power cut comes: in an order that doubles nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from edge.depot import Commitment
from edge.entry import Entry


def recorded(rig, monkeypatch) -> list[str]:
    """What is flushed, written down and committed, in order."""
    said: list[str] = []
    flush, commit = os.fsync, rig.depot.commit
    write, note = rig.book.write, rig.book.note

    def fsync(descriptor: int) -> None:
        flush(descriptor)
        said.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def written(entry: Entry, *, is_durable: bool = False) -> None:
        write(entry, is_durable=is_durable)
        said.append(f"{entry.step}, {'durable' if is_durable else 'soon'}")

    def noted(entry: Entry) -> None:
        note(entry)
        said.append(f"{entry.step}, in time")

    def committed(wanted: Commitment) -> None:
        commit(wanted)
        said.append("the blob")

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(rig.book, "write", written)
    monkeypatch.setattr(rig.book, "note", noted)
    monkeypatch.setattr(rig.depot, "commit", committed)
    return said


def test_claims_are_on_the_disk_before_their_row_and_that_before_the_blob(
    rig, monkeypatch
):
    """Else a power cut gives a sent file its name back, and it goes once more."""
    scan, twin = rig.claimed("user/scan.pdf"), rig.claimed("user/scan.xml")
    job = replace(rig.job(), members=(scan, twin))
    said = recorded(rig, monkeypatch)
    rig.uploader().upload(job)
    folders = [str(each.file.parent) for each in (scan, twin)]
    assert said == [*folders, "committing, durable", "the blob", "committed, in time"]
