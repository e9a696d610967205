"""The stage of a measurement: peers that run, scans that lie ready, children to time.

What the rig itself asks of storage is signed by a SAS: so the counter knows it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from azure.core.credentials import AzureSasCredential
from azure.data.tables import TableServiceClient
from azure.storage.blob import (
    AccountSasPermissions,
    BlobServiceClient,
    ResourceTypes,
    Services,
    generate_account_sas,
)
from azure.storage.queue import QueueServiceClient

from local.azurite import ACCOUNT, KEY
from tests.makers import an_event
from tests.samples import a_pdf

ROOT = Path(__file__).resolve().parents[2]
INSIDE, OUTSIDE = "office@contoso.com", "partner@fabrikam.com"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the peers saw."""

    requests: Mapping[str, int]
    mails: list[float]
    """When mails were accepted, in seconds of the epoch."""


class Stage:
    """Peers in a process of their own; a context manager."""

    def __init__(self, *, is_counted: bool = True) -> None:
        """Where storage's requests are not counted, it is a tenth faster."""
        self._words = [] if is_counted else ["--fast"]

    def __enter__(self) -> Self:
        self._peers = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.peers", *self._words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.settings: dict[str, str] = json.loads(self._line())
        self.blobs, self.queues = rig_clients(self.settings["SCAN_STORAGE"])
        return self

    def __exit__(self, *_: object) -> None:
        if self._peers.stdin:
            self._peers.stdin.close()
        self._peers.wait()

    def _line(self) -> str:
        if self._peers.stdout is None:
            raise RuntimeError("the peers say nothing")
        return self._peers.stdout.readline()

    def seen(self) -> Seen:
        """Ask the peers what they saw since the last time."""
        if self._peers.stdin is None:
            raise RuntimeError("the peers hear nothing")
        time.sleep(0.2)
        self._peers.stdin.write("\n")
        self._peers.stdin.flush()
        said = json.loads(self._line())
        return Seen(said["requests"], [*said["smtp"], *said["acs"]])

    def pids(self) -> dict[str, int]:
        """The processes of the peers: storage, and all others."""
        own = self._peers.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return {"Azurite": int(children[0]), "mail peers": own}

    @property
    def environment(self) -> dict[str, str]:
        """For a child process."""
        return {**os.environ, **self.settings}

    def child(self, module: str, *words: str) -> Any:
        """Run a module of the bench to its end; returns the JSON it printed last."""
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{module}", *words],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def put(self, name: str, size: int, to: str) -> str:
        """Put a PDF of that size; returns the event's text."""
        return put(self.blobs, name, size, to)

    def fill(self, count: int, size: int, to: str, *, with_events: bool) -> None:
        """Put many scans, and their events into the queue."""
        queue = self.queues.get_queue_client("scan-events")
        for number in range(count):
            event = self.put(f"mfp/{number:04}.pdf", size, to)
            if with_events:
                queue.send_message(base64.b64encode(event.encode()).decode())

    def left(self) -> int:
        """How many scans still lie in `scans`."""
        client = self.blobs.get_container_client("scans")
        return sum(1 for _ in client.list_blob_names())

    def empty(self) -> None:
        """Take every scan and every row away: Azurite slows down with what it holds."""
        client = self.blobs.get_container_client("scans")
        for name in list(client.list_blob_names()):
            client.delete_blob(name)
        text = self.settings["SCAN_STORAGE"]
        ledger = TableServiceClient.from_connection_string(text).get_table_client(
            "ledger"
        )
        for row in list(ledger.list_entities(select=["PartitionKey", "RowKey"])):
            ledger.delete_entity(row["PartitionKey"], row["RowKey"])


def rig_clients(text: str) -> tuple[BlobServiceClient, QueueServiceClient]:
    """Clients whose requests are not the product's."""
    sas = AzureSasCredential(
        generate_account_sas(
            ACCOUNT,
            KEY,
            ResourceTypes.from_string("sco"),
            AccountSasPermissions.from_string("rwdlacup"),
            datetime.now(UTC) + timedelta(days=1),
            services=Services(blob=True, queue=True),
        )
    )
    places = dict(part.split("=", 1) for part in text.rstrip(";").split(";"))
    return (
        BlobServiceClient(places["BlobEndpoint"], credential=sas),
        QueueServiceClient(places["QueueEndpoint"], credential=sas),
    )


def put(blobs: BlobServiceClient, name: str, size: int, to: str) -> str:
    """Put a PDF of that size; returns the event's text."""
    data = a_pdf(size - len(a_pdf()))
    client = blobs.get_blob_client("scans", name)
    done = client.upload_blob(data, overwrite=True, metadata={"to": to})
    return json.dumps(an_event(name, eTag=str(done["etag"]).strip('"')))
