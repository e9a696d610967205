"""A worker's works over a real Azurite, a clock to turn, and transports to script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.azurite import Azurite
from shared import path, works
from shared.berths import Berths
from shared.bucket import Bucket
from shared.gate import Gate
from shared.ledger import Ledger
from shared.row import Row
from shared.rulebook import Rulebook
from shared.settings import read
from shared.settle import order_of
from shared.sweep import Sweeper
from tests.makers import an_event
from tests.samples import PDF
from tests.scripted import Scripted

INSIDE, OUTSIDE = "office@contoso.com", "partner@fabrikam.com"
BOTH = f"{INSIDE},{OUTSIDE}"
ROUTES = '[policy]\nexternal = ["fabrikam.com"]\n'


class Office:
    """One worker, and everything a test wants to see of it."""

    def __init__(self, azurite: Azurite, **changes: str) -> None:
        self.azurite = azurite
        self.blobs = azurite.blobs()
        self.inside = Scripted("hve", "scans@contoso.com")
        self.outside = Scripted("acs", "scans@mail.contoso.com", looks_up=True)
        self.offset = timedelta(0)
        env = {
            "SCAN_STORAGE": azurite.connection_string,
            "INTERNAL_DOMAINS": "contoso.com",
            "INTERNAL_TRANSPORT": "outbox",
            "EXTERNAL_TRANSPORT": "outbox",
        }
        self.env = env | changes
        self.works = self.hired()

    def hired(self, **changes: Any) -> works.Works:
        """One more worker beside, with caches of its own and the same transports."""
        settings = replace(
            read(self.env), internal_transport=("hve",), external_transport=("acs",)
        )
        base = works.build(read(self.env), self.clock)
        gate = Gate(base.account.ledger, self.clock, settings.retry_seconds)
        hired = replace(
            base,
            settings=settings,
            ledger=Ledger(base.account.ledger, self.clock),
            gate=gate,
            bucket=Bucket(base.account.ledger, self.clock),
            berths=Berths(base.account.ledger, self.clock),
            rulebook=Rulebook(base.account.blobs, self.clock),
            transports={"hve": self.inside, "acs": self.outside},
        )
        return replace(hired, **changes)

    def clock(self) -> datetime:
        """The time, as far as the worker knows."""
        return datetime.now(UTC) + self.offset

    def later(self, **passed: float) -> None:
        """Let time pass for the worker."""
        self.offset += timedelta(**passed)

    def routes(self, text: str) -> None:
        """Write routes.toml; workers that look again find it."""
        self.write("config", "routes.toml", text.encode())
        self.later(minutes=2)

    def write(self, container: str, name: str, data: bytes) -> str:
        """Write a blob; returns its ETag."""
        client = self.blobs.get_blob_client(container, name)
        return str(client.upload_blob(data, overwrite=True)["etag"]).strip('"')

    def put(
        self,
        name: str = "mfp/scan.pdf",
        data: bytes = PDF,
        to: str = INSIDE,
        **metadata: str,
    ) -> str:
        """Put a scan into `scans`; returns the message that tells of it."""
        client = self.blobs.get_blob_client("scans", name)
        said: Mapping[str, str] = {"to": to, **metadata} if to else metadata
        done = client.upload_blob(data, overwrite=True, metadata=dict(said))
        return json.dumps(an_event(name, eTag=str(done["etag"]).strip('"')))

    def receive(self, event: str) -> Row:
        """Handle an event and return the row it led to."""
        path.receive_event(self.works, event)
        return self.newest()

    def scan(self, *, name: str = "mfp/scan.pdf", to: str = INSIDE) -> Row:
        """Put a scan, handle its event, and return its row."""
        return self.receive(self.put(name, to=to))

    def rows(self) -> list[Row]:
        """Every row, in the order in which they were last changed."""
        early = datetime(1971, 1, 1, tzinfo=UTC)
        return sorted(self.works.ledger.since(early), key=lambda row: row.updated)

    def newest(self) -> Row:
        """The row that was changed last."""
        return self.rows()[-1]

    def reread(self, row: Row) -> Row:
        """The row as it is now."""
        found = self.works.ledger.find(row.scan_id)
        assert found is not None
        return found

    def wake(self, row: Row) -> Row:
        """Let the row's next attempt come, and handle its message."""
        assert row.next_attempt is not None
        self.offset += max(timedelta(0), row.next_attempt - self.clock())
        path.retry(self.works, json.dumps(order_of(row, row.next_attempt)))
        return self.reread(row)

    def sweep(self) -> dict[str, int]:
        """Do one round of a sweep that has never run before."""
        return Sweeper(self.works).sweep()

    def names(self, container: str) -> list[str]:
        """What lies in a container."""
        client = self.blobs.get_container_client(container)
        return [blob.name for blob in client.list_blobs()]

    def messages(self, queue: str = "scan-retries") -> int:
        """How many messages a queue holds, visible or not."""
        client = self.azurite.queues().get_queue_client(queue)
        return client.get_queue_properties().approximate_message_count or 0

    def clear(self) -> None:
        """Leave nothing behind."""
        for container in ("scans", "held", "sent", "config"):
            client = self.blobs.get_container_client(container)
            for blob in client.list_blobs():
                client.delete_blob(blob.name, delete_snapshots="include")
        queues = ("scan-events", "scan-retries", "delivery-reports")
        for queue in (*queues, "scan-events-poison", "scan-retries-poison"):
            self.azurite.queues().get_queue_client(queue).clear_messages()
        table = self.azurite.tables().get_table_client("ledger")
        for entity in table.list_entities():
            table.delete_entity(entity)
