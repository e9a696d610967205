"""Delayed messages to ourselves: base64 JSON, as the host expects them.

Raises `StorageError`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sdk import Sdk

EVENTS, RETRIES, REPORTS = "scan-events", "scan-retries", "delivery-reports"
LONGEST = timedelta(days=7)
"""The longest visibility timeout that Queue Storage takes (Put Message)."""
_FOREVER = -1


class Queues:
    """The queues of one storage account. Thread-safe."""

    def __init__(self, sdk: Callable[[], Sdk]) -> None:
        self._sdk = sdk

    def put(self, queue: str, body: Mapping[str, str], delay: timedelta) -> None:
        """Put a message that shows itself after `delay` and never expires."""
        sdk = self._sdk()
        client = sdk.queues.get_queue_client(queue, message_encode_policy=sdk.ENCODED)
        seconds = max(timedelta(0), min(delay, LONGEST - timedelta(minutes=1)))
        with sdk.crossing(f"message to {queue}"):
            client.send_message(
                json.dumps(dict(body)),
                visibility_timeout=_whole_seconds(seconds),
                time_to_live=_FOREVER,
            )

    def check(self, queue: str) -> int:
        """Count the messages, about. Raises MissingError where there is no queue."""
        sdk = self._sdk()
        with sdk.crossing(f"look at queue {queue}"):
            found = sdk.queues.get_queue_client(queue).get_queue_properties()
        return found.approximate_message_count or 0


def _whole_seconds(delay: timedelta) -> int:
    """Round up: a message that came before its time would find nothing to do."""
    return -(-delay // timedelta(seconds=1))
