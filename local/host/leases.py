"""Messages that are being worked on stay invisible, however long that takes.

In: a message that was received. Its visibility is renewed at half its time until the
lease is released; whoever releases it knows the receipt that counts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueClient

from local.host.connections import Message

LOGGER = logging.getLogger("host.queue")


class Lease:
    """One message in work."""

    def __init__(self, message: Message, forget: Callable[[Lease], None]) -> None:
        self.id = message.id
        self.receipt = message.receipt
        """The newest; older ones are refused."""
        self.due = 0.0
        self._forget = forget
        self._lock = threading.Lock()
        self._is_over = False

    def release(self, last: Callable[[], object]) -> None:
        """Do the last thing with the message; it is not renewed any more."""
        with self._lock:
            self._is_over = True
        self._forget(self)
        last()

    def renew(self, queue: QueueClient, seconds: int) -> None:
        """Prolong it, unless it is over."""
        with self._lock:
            if not self._is_over:
                done = queue.update_message(
                    self.id, self.receipt, visibility_timeout=seconds
                )
                self.receipt = str(done.pop_receipt)


class Leases:
    """The messages of one queue that are in work."""

    def __init__(self, queue: QueueClient, seconds: int) -> None:
        self._queue = queue
        self._seconds = seconds
        self._held: set[Lease] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Renew from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Renew nothing any more."""
        self._stopping.set()
        self._thread.join()

    def hold(self, message: Message) -> Lease:
        """Renew a message until its lease is released."""
        lease = Lease(message, self._forget)
        lease.due = time.monotonic() + self._seconds / 2
        with self._lock:
            self._held.add(lease)
        return lease

    def _forget(self, lease: Lease) -> None:
        with self._lock:
            self._held.discard(lease)

    def _work(self) -> None:
        while not self._stopping.wait(min(1.0, self._seconds / 8)):
            now = time.monotonic()
            with self._lock:
                due = [each for each in self._held if each.due <= now]
            for lease in due:
                lease.due = now + self._seconds / 2
                try:
                    lease.renew(self._queue, self._seconds)
                except AzureError as exc:
                    LOGGER.warning("a lease was not renewed: %s", exc)
