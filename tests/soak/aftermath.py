"""How things stand at the end: ledger, containers and queues, read without the product.

In: a running Azurite. Out: an `Aftermath`, plain data for the judge.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.accesslog import QUEUES
from local.azurite import Azurite
from tests.soak.record import digest_of

CONTAINERS = ("scans", "held", "sent")
UNFINISHED = "state eq 'sending' or state eq 'waiting'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A row of the ledger."""

    scan_id: str
    state: str
    reason: str
    path: str
    container: str
    name: str
    plan: tuple[Mapping[str, Any], ...]
    last_error: str = ""

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        said = f", {self.last_error}" if self.last_error else ""
        mails = ", ".join(
            f"n={mail['n']} g={mail['g']} {mail['transport']} {mail['state']}"
            for mail in self.plan
        )
        return f"{self.state}{why} in {self.container}{said}; mails: {mails or 'none'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """Everything that is left."""

    rows: Mapping[str, Standing]
    blobs: Mapping[str, Mapping[str, str]]
    """Container -> name -> digest of the bytes."""
    queues: Mapping[str, int]
    """Messages, seen or unseen."""
    keeps: bool = False
    """AFTER_SEND=keep."""


def look(azurite: Azurite, *, keeps: bool) -> Aftermath:
    """Read everything."""
    table = azurite.tables().get_table_client("ledger")
    entities = (row for row in table.list_entities() if row["PartitionKey"].isdigit())
    rows = {row["RowKey"]: _standing(row) for row in entities}
    service = azurite.blobs()
    blobs: dict[str, dict[str, str]] = {}
    for name in CONTAINERS:
        container = service.get_container_client(name)
        blobs[name] = {
            blob: digest_of(container.download_blob(blob).readall())
            for blob in container.list_blob_names()
        }
    return Aftermath(rows=rows, blobs=blobs, queues=queues(azurite), keeps=keeps)


def queues(azurite: Azurite) -> Mapping[str, int]:
    """Count the messages of each queue."""
    service = azurite.queues()
    found = {}
    for name in QUEUES:
        said = service.get_queue_client(name).get_queue_properties()
        found[name] = said.approximate_message_count or 0
    return found


def is_calm(azurite: Azurite) -> bool:
    """Whether nothing is left to do, as far as storage shows."""
    if any(queues(azurite).values()):
        return False
    scans = azurite.blobs().get_container_client("scans")
    if next(iter(scans.list_blob_names()), None) is not None:
        return False
    table = azurite.tables().get_table_client("ledger")
    return next(iter(table.query_entities(UNFINISHED)), None) is None


def _standing(row: Mapping[str, Any]) -> Standing:
    return Standing(
        scan_id=row["RowKey"],
        state=row["state"],
        reason=row.get("reason") or "",
        path=row["path"],
        container=row["container"],
        name=row["name"],
        plan=tuple(json.loads(row.get("plan") or "[]")),
        last_error=row.get("last_error") or "",
    )
