"""One queue: messages out of it, into a function, and away; or back, or to poison.

In: a queue and a function. What it does with a message is what the host does (WebJobs'
queue listener). Storage that is away is waited for; nothing is raised.
"""

from __future__ import annotations

import base64
import binascii
import logging
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueClient

from local.host.config import QueueOptions
from local.host.connections import Message, Queue
from local.host.leases import Lease, Leases
from local.host.trigger import queue_metadata
from local.host.worker import CallFailedError, Function, Worker
from shared.errors import ForwardError, MissingError

LOGGER = logging.getLogger("host.queue")
POISON = "-poison"
FIRST_WAIT_SECONDS = 0.1
SPREAD = 0.2


@dataclass(frozen=True, slots=True)
class Post:
    """A queue, the one beside it for what fails too often, and how to serve them."""

    queue: Queue
    poison: Queue | None
    """None for a queue that is itself for poison."""
    options: QueueOptions
    lease_seconds: int


class Listener:
    """Polls one queue for one function."""

    def __init__(self, worker: Worker, function: Function, post: Post) -> None:
        self._worker = worker
        self._function = function
        self._post = post
        self._leases = Leases(post.queue.client, post.lease_seconds)
        self._stopping = threading.Event()
        self._running = 0
        self._changed = threading.Condition()
        name = post.queue.client.queue_name
        self._pool = ThreadPoolExecutor(post.options.most, name)
        self._thread = threading.Thread(target=self._poll, name=name)

    def start(self) -> None:
        """Poll from now on."""
        self._leases.start()
        self._thread.start()

    def stop(self) -> None:
        """Take no more messages; what runs is run to its end."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join()
        self._pool.shutdown()
        self._leases.stop()

    def _poll(self) -> None:
        wait = FIRST_WAIT_SECONDS
        longest = self._post.options.max_polling_interval.total_seconds()
        while self._has_room():
            messages = self._receive()
            for message in messages:
                self._running += 1
                self._pool.submit(self._serve, message)
            if messages:
                wait = FIRST_WAIT_SECONDS
                continue
            self._stopping.wait(wait)
            wait *= 2 * random.uniform(1 - SPREAD, 1 + SPREAD)  # noqa: S311 (no secret)
            wait = min(wait, longest)

    def _has_room(self) -> bool:
        """Wait for room for another batch; False when there will be none."""
        threshold = self._post.options.new_batch_threshold
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping.is_set() or self._running <= threshold
            )
        return not self._stopping.is_set()

    def _receive(self) -> list[Message]:
        count = self._post.options.batch_size
        try:
            return self._post.queue.receive(count, self._post.lease_seconds)
        except MissingError:
            return []
        except ForwardError as exc:
            LOGGER.warning("%s cannot be read: %s", self._thread.name, exc)
            return []

    def _serve(self, message: Message) -> None:
        try:
            self._handle(message)
        except (AzureError, ForwardError) as exc:
            # Its lease runs out, and it comes again.
            LOGGER.warning("a message of %s: %s", self._function.name, exc)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _handle(self, message: Message) -> None:
        options = self._post.options
        content = _content(message.text, options)
        if content is None or message.dequeue_count > options.max_dequeue_count:
            self._give_up(message)
            return
        lease = self._leases.hold(message)
        try:
            data = self._function.payload(content)
            self._worker.call(self._function, data, queue_metadata(message, content))
        except CallFailedError as exc:
            LOGGER.error("%s failed: %s", self._function.name, exc)  # noqa: TRY400
            lease.release(lambda: self._bring_back(message, lease))
        else:
            lease.release(lambda: self._post.queue.delete(message.id, lease.receipt))

    def _bring_back(self, message: Message, lease: Lease) -> None:
        options = self._post.options
        if self._post.poison is None:
            # As the host does it: left invisible, so that it does not spin.
            return
        if message.dequeue_count >= options.max_dequeue_count:
            self._give_up(message, lease.receipt)
            return
        self._post.queue.client.update_message(
            message.id,
            lease.receipt,
            visibility_timeout=int(options.visibility_timeout.total_seconds()),
        )

    def _give_up(self, message: Message, receipt: str = "") -> None:
        """Copy it to the poison queue as it was, then delete it."""
        poison = self._post.poison
        if poison is None:
            return
        _put(poison.client, message.text)
        LOGGER.error("a message of %s is poison now", self._function.name)
        self._post.queue.delete(message.id, receipt or message.receipt)


def _content(text: str, options: QueueOptions) -> bytes | None:
    """Decode a message's text; None where it is not encoded as it should be."""
    if not options.is_base64:
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _put(queue: QueueClient, content: str) -> None:
    try:
        queue.send_message(content)
    except ResourceNotFoundError:
        queue.create_queue()
        queue.send_message(content)
