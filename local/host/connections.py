"""A binding's `connection` -> a client for its queues. The host's border to storage.

A name stands for a connection string, or for the prefix of settings that say where the
service is and who signs in. Raises `AppError` where neither is set.

What every message costs, receiving and deleting, goes over the product's own wire: the
SDK's would take a quarter of the process whose speed is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.queue import LinearRetry, QueueClient, QueueServiceClient
from requests.adapters import HTTPAdapter

from local.host.config import AppError
from shared.settings import Storage
from shared.stores.border import StorageError
from shared.stores.endpoints import endpoints
from shared.stores.wire import BlobKey, Call, Token, Wire

HOST_PREFIX = "AzureWebJobs"
THREADS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that was received (Learn, "Get Messages")."""

    id: str
    receipt: str
    text: str
    dequeue_count: int
    inserted: datetime
    expires: datetime
    next_visible: datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. Its methods raise `shared.errors.ForwardError`."""

    client: QueueClient
    """For whatever is rare."""
    _wire: Wire

    def receive(self, count: int, seconds: int) -> list[Message]:
        """Take up to so many messages, invisible for so long to everybody else."""
        query = f"numofmessages={count}&visibilitytimeout={seconds}"
        call = Call("GET", f"/{self.client.queue_name}/messages?{query}")
        what = "receive messages"
        text = b"".join(self._wire.call(what, call).pieces(what))
        try:
            # It is the storage service that wrote this XML, not who put the message.
            return [_message(each) for each in ET.fromstring(text)]  # noqa: S314
        except ET.ParseError as exc:
            raise StorageError(f"{what}: {exc}") from exc

    def delete(self, message_id: str, receipt: str) -> None:
        """Delete a message."""
        path = f"/{self.client.queue_name}/messages/{message_id}"
        call = Call("DELETE", f"{path}?popreceipt={quote(receipt, safe='')}")
        self._wire.call("delete a message", call).drain("delete a message")


@dataclass(frozen=True, slots=True)
class QueueService:
    """The queues of one account."""

    client: QueueServiceClient
    _wire: Wire

    def queue(self, name: str) -> Queue:
        """One of them."""
        return Queue(self.client.get_queue_client(name), self._wire)


def queue_service(connection: str, environ: Mapping[str, str]) -> QueueService:
    """Open the queues of a connection, as the host resolves it."""
    trust = environ.get("REQUESTS_CA_BUNDLE", "")
    # `connection="Storage"` means AzureWebJobsStorage before it means Storage.
    for name in (HOST_PREFIX + connection, connection):
        if text := environ.get(name):
            return _by_key(text, trust)
        if address := environ.get(f"{name}__queueServiceUri"):
            return _by_identity(address, environ.get(f"{name}__clientId"), trust)
    raise AppError(
        f"the connection {connection} is not set: write {connection} or "
        f"{connection}__queueServiceUri"
    )


def _by_key(text: str, trust: str) -> QueueService:
    client = QueueServiceClient.from_connection_string(text, **_options())
    at = endpoints(Storage(connection_string=text))
    key = BlobKey(at.name, at.key)
    return QueueService(client, Wire(at.queue, key, trust))


def _by_identity(address: str, client_id: str | None, trust: str) -> QueueService:
    # Imported here: most apps on one machine start sooner without it.
    from azure.identity import ManagedIdentityCredential

    who = ManagedIdentityCredential(client_id=client_id or None)
    client = QueueServiceClient(address, credential=who, **_options())
    return QueueService(client, Wire(client.url, Token(lambda: who), trust))


def _message(found: ET.Element) -> Message:
    said = {each.tag: each.text or "" for each in found}
    return Message(
        id=said["MessageId"],
        receipt=said["PopReceipt"],
        text=said["MessageText"],
        dequeue_count=int(said["DequeueCount"]),
        inserted=parsedate_to_datetime(said["InsertionTime"]),
        expires=parsedate_to_datetime(said["ExpirationTime"]),
        next_visible=parsedate_to_datetime(said["TimeNextVisible"]),
    )


def _options() -> dict[str, Any]:
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=THREADS))
    return {
        "transport": RequestsTransport(session=session, session_owner=False),
        # The listener has its own patience: a message it cannot delete comes again.
        # The SDK's is 83 s long where nobody listens.
        "retry_policy": LinearRetry(backoff=0, retry_total=2, random_jitter_range=0),
    }
