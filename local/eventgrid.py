"""The Event Grid stand-in: what was written to `scans` comes to queue `scan-events`.

In: Azurite's access log. Out: one base64 JSON message per event. Like Event Grid it
delivers at least once, in no fixed order, and goes on trying while the queue is away.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Self

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from local.accesslog import Request
from local.azurite import Azurite
from local.events import Event, Written, blob_created

LOGGER = logging.getLogger("scanpost.local.eventgrid")
CONTAINER = "scans"
RETRY_SECONDS = 0.25
GATHER_SECONDS = 0.05
"""How long events are held back where they are to be put in disorder."""
BATCH = 20
_CREATED, _ACCEPTED = 201, 202
# The calls that finish a blob, by status and `comp` (Learn, REST reference); only
# Copy Blob and Copy Blob From URL are answered 202.
_APIS = {
    (_CREATED, ""): "PutBlob",
    (_CREATED, "blocklist"): "PutBlockList",
    (_ACCEPTED, ""): "CopyBlob",
}

type Disorder = Callable[[list[Event]], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report, to be told of."""

    event: Mapping[str, Any]


class EventGrid:
    """Tells what happens in one Azurite; a context manager."""

    def __init__(self, azurite: Azurite, disorder: Disorder | None = None) -> None:
        """`disorder` may repeat and reorder the events of a batch, for tests."""
        self._azurite = azurite
        self._disorder = disorder
        self._seen: queue.SimpleQueue[Request | Report | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._stack = ExitStack()
        self._thread = threading.Thread(target=self._work, name="eventgrid")

    def start(self) -> Self:
        """Listen from now on."""
        self._blobs = self._azurite.blobs().get_container_client(CONTAINER)
        self._queues = {
            name: self._queue(name) for name in ("scan-events", "delivery-reports")
        }
        self._stack.enter_context(self._azurite.log.told(self._take))
        self._thread.start()
        return self

    def stop(self) -> None:
        """Deliver what was seen while the queue can be reached, and end."""
        self._stack.close()
        self._stopping.set()
        self._seen.put(None)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _queue(self, name: str) -> QueueClient:
        return self._azurite.queues().get_queue_client(
            name, message_encode_policy=TextBase64EncodePolicy()
        )

    def publish(self, event: Mapping[str, Any], to: str = "scan-events") -> None:
        """Put an event of one's own into a queue. Raises AzureError."""
        self._queues[to].send_message(json.dumps(event, ensure_ascii=False))

    def report(self, event: Mapping[str, Any]) -> None:
        """Pass on a delivery report, in its time; the ACS stand-in calls this."""
        self._seen.put(Report(event))

    def _take(self, request: Request) -> None:
        if request.method == "PUT" and request.resource == CONTAINER and request.name:
            self._seen.put(request)

    def _work(self) -> None:
        while (first := self._seen.get()) is not None:
            events: list[Event] = []
            more = itertools.islice(self._more(), BATCH) if self._disorder else ()
            for seen in (first, *more):
                if isinstance(seen, Report):
                    to = "delivery-reports"
                    self._insist(functools.partial(self.publish, seen.event, to))
                elif event := self._event_of(seen):
                    events.append(event)
            for event in self._disorder(events) if self._disorder else events:
                self._insist(functools.partial(self.publish, event))

    def _more(self) -> Iterator[Request | Report]:
        """Yield what else comes within a moment."""
        while True:
            try:
                seen = self._seen.get(timeout=GATHER_SECONDS)
            except queue.Empty:
                return
            if seen is None:
                self._seen.put(None)
                return
            yield seen

    def _event_of(self, request: Request) -> Event | None:
        api = _APIS.get((request.status, request.query.get("comp", "")))
        if not api:
            return None
        return self._insist(functools.partial(self._event, request.name, api))

    def _insist[T](self, do: Callable[[], T]) -> T | None:
        """Do it again until it works, or until we are stopped."""
        while True:
            try:
                return do()
            except AzureError as exc:
                LOGGER.debug("not delivered yet: %s", exc)
                if self._stopping.wait(RETRY_SECONDS):
                    return None

    def _event(self, name: str, api: str) -> Event | None:
        """Ask what the blob is like; one that is gone again has no event here.

        Event Grid would tell of it, with an ETag that the log does not say.
        """
        try:
            found = self._blobs.get_blob_client(name).get_blob_properties()
        except ResourceNotFoundError:
            LOGGER.info("%s was gone before its event", name)
            return None
        written = Written(
            endpoint=self._azurite.endpoint("blob"),
            container=CONTAINER,
            name=name,
            etag=str(found.etag),
            size=int(found.size),
            content_type=found.content_settings.content_type or "",
            blob_type="BlockBlob",
        )
        return blob_created(written, api)
