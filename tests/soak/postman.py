"""Event Grid on a bad day: events come late, twice, out of order, or not at all.

In: events, with their share of bad luck drawn from a seed. Out: messages in
`scan-events` and `delivery-reports`. What is not dropped is delivered at last, however
often storage is away.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
import time
from collections.abc import Mapping
from typing import Any, Self

from azure.core.exceptions import AzureError
from azure.storage.queue import TextBase64EncodePolicy

from local.azurite import Azurite
from tests.soak.record import Record

DROPPED, DOUBLED, TARDY, LATE = 0.06, 0.2, 0.2, 0.1
"""Shares of events: never delivered, twice or more, within 2 s, within 9 s."""
AGAIN_SECONDS = 0.1
_STEP = 0.02


class Postman:
    """Delivers until it is stopped; a context manager."""

    def __init__(self, azurite: Azurite, record: Record, seed: object) -> None:
        self._azurite = azurite
        self._record = record
        self._dice = random.Random(f"{seed}/postman")  # noqa: S311 (no secret)
        self._bag: list[tuple[float, int, str, str]] = []
        """When, in which order, to which queue, what."""
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="postman")

    def __enter__(self) -> Self:
        self._queues = {
            name: self._azurite.queues().get_queue_client(
                name, message_encode_policy=TextBase64EncodePolicy()
            )
            for name in ("scan-events", "delivery-reports")
        }
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def is_done(self) -> bool:
        """Whether everything is delivered."""
        with self._lock:
            return not self._bag

    def post(self, event: Mapping[str, Any], *, may_drop: bool) -> None:
        """Take an event of storage's; what becomes of it is a matter of luck."""
        if self._dice.random() < DROPPED and may_drop:
            self._record.count("events dropped")
            return
        self._put("scan-events", event)
        while self._dice.random() < DOUBLED:
            self._record.count("events doubled")
            self._put("scan-events", event)

    def report(self, event: Mapping[str, Any]) -> None:
        """Take a delivery report; good news is passed on now and then."""
        is_bad = event["data"]["status"] != "Delivered"
        if is_bad or self._dice.random() < LATE:
            self._put("delivery-reports", event)
        if is_bad:
            self._record.count("delivery reports of a bounce")

    def _put(self, queue: str, event: Mapping[str, Any]) -> None:
        luck, delay = self._dice.random(), self._dice.uniform(0, 0.1)
        if luck < LATE:
            delay = self._dice.uniform(2, 9)
            self._record.count("events more than 2 s late")
        elif luck < LATE + TARDY:
            delay = self._dice.uniform(0.1, 2)
        text = json.dumps(event, ensure_ascii=False)
        with self._lock:
            number = next(self._numbers)
            heapq.heappush(self._bag, (time.monotonic() + delay, number, queue, text))

    def _work(self) -> None:
        while not self._stopping.wait(_STEP):
            while (due := self._due()) is not None:
                self._insist(*due)
                with self._lock:
                    self._bag.remove(due)
                    heapq.heapify(self._bag)

    def _due(self) -> tuple[float, int, str, str] | None:
        with self._lock:
            first = self._bag[0] if self._bag else None
        return first if first and first[0] <= time.monotonic() else None

    def _insist(self, when: float, number: int, queue: str, text: str) -> None:  # noqa: ARG002
        while not self._stopping.is_set():
            try:
                self._queues[queue].send_message(text)
            except AzureError:
                self._stopping.wait(AGAIN_SECONDS)
            else:
                self._record.count(f"messages put on {queue}")
                return
