"""A folder, a journal and a container, with an agent's uploader between them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.book import Book
from edge.claim import Claimed, claim, prepare
from edge.depot import Commitment, Depot
from edge.job import Job
from edge.sight import Mark, Ready
from edge.upload import Uploader
from local.azurite import Azurite
from shared.settings import Storage
from shared.stores.endpoints import endpoints
from shared.stores.wire import BlobKey, Wire
from tests.samples import PDF

DEVICE = "mfp-2f"


@dataclass(frozen=True, slots=True)
class Spot:
    """A watched folder."""

    path: Path
    quiet_seconds: float = 5.0


class StoppedError(Exception):
    """The agent was killed here."""


class Rig:
    """A folder, a journal, and a container."""

    def __init__(self, azurite: Azurite, folder: Path) -> None:
        self.azurite = azurite
        at = endpoints(Storage(connection_string=azurite.connection_string))
        self.wire = Wire(at.blob, BlobKey(at.name, at.key))
        self.depot = Depot(self.wire, "scans")
        self.spot = Spot(folder / "scans")
        self.spot.path.mkdir()
        prepare(self.spot)
        self.state = folder / "state"
        self.book = Book(self.state)
        self.offset = 0.0

    def clock(self) -> float:
        """The time, as far as the agent knows."""
        return time.time() + self.offset

    def uploader(self) -> Uploader:
        """One that was just started."""
        return Uploader(self.depot, self.book, self.clock)

    def claimed(self, path: str = "scan.pdf", data: bytes = PDF) -> Claimed:
        """A file that a printer wrote, and the agent took away."""
        file = self.spot.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        taken = claim(Ready(self.spot, path, Mark.of(file.stat())), 0.0)
        assert isinstance(taken, Claimed)
        return taken

    def job(self, path: str = "scan.pdf", data: bytes = PDF, **said: str) -> Job:
        """The same, ready to go."""
        return Job.of(self.claimed(path, data), DEVICE, **said)

    def blocks(self, job: Job) -> list[str]:
        """What its blocks are called."""
        entry = self.book.find(job.job_id)
        assert entry
        return [f"{job.job_id}-{number:06}" for number in range(entry.blocks)]

    def blobs(self) -> dict[str, bytes]:
        """What a reader sees."""
        client = self.azurite.blobs().get_container_client("scans")
        return {
            each.name: client.download_blob(each.name).readall()
            for each in client.list_blobs()
        }

    def clear(self) -> None:
        """The core mails and removes what is there."""
        client = self.azurite.blobs().get_container_client("scans")
        for each in client.list_blobs():
            client.delete_blob(each.name)


def stopped(rig, monkeypatch, job, after):
    """Kill the agent at a step; what it did before stays done."""

    def die(*_: object, **__: object) -> None:
        raise StoppedError

    if after == "staged":
        monkeypatch.setattr(rig.book, "write", die)
    elif after == "committing":
        monkeypatch.setattr(rig.depot, "commit", die)
    else:
        commit = rig.depot.commit

        def commit_and_die(wanted: Commitment) -> None:
            commit(wanted)
            raise StoppedError

        monkeypatch.setattr(rig.depot, "commit", commit_and_die)
    with pytest.raises(StoppedError):
        rig.uploader().upload(job)
    monkeypatch.undo()
    rig.book.close()
    rig.book = Book(rig.state)
