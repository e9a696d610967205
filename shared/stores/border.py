"""Where the exceptions of the Azure SDKs become ours, and how they are set up alike.

Raises `MissingError`, `ReplacedError`, `ConflictError`, `LeasedError`, `StorageError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter

from shared.errors import ForwardError, MissingError, ReplacedError, TransientError

CONNECTIONS = 48
"""Kept per host: the worker's threads, and the host's own calls beside them."""
CONNECT_SECONDS, READ_SECONDS = 10, 60
PIECE_BYTES = 64 * 1024
"""How much of a body is held at a time."""
_NOT_MODIFIED, _NOT_FOUND, _CONFLICT, _PRECONDITION = 304, 404, 409, 412


class StorageError(TransientError):
    """Storage did not answer, or not as it should; the host will try again."""


class ConflictError(ForwardError):
    """It is there already (409), or changed under us where that matters not."""


class NotModifiedError(ForwardError):
    """It still has the ETag that we know (304)."""


class LeasedError(ForwardError):
    """Somebody else holds a lease on the blob."""


@contextmanager
def crossing(what: str) -> Iterator[None]:
    """Turn what the SDKs raise into our own errors; `what` names the call."""
    try:
        yield
    except ResourceNotFoundError as exc:
        raise MissingError(f"{what}: {_words(exc)}") from exc
    except ResourceExistsError as exc:
        raise refusal(what, _CONFLICT, _code(exc)) from exc
    except ResourceModifiedError as exc:
        raise refusal(what, _PRECONDITION, _code(exc)) from exc
    except HttpResponseError as exc:
        raise refusal(what, exc.status_code or 0, _code(exc)) from exc
    except AzureError as exc:
        raise StorageError(f"{what}: {_words(exc)}") from exc
    except requests.RequestException as exc:
        raise StorageError(f"{what}: {type(exc).__name__}") from exc


def refusal(what: str, status: int, code: str) -> ForwardError:
    """Choose our error for an HTTP answer; `code` is the service's own word."""
    text = f"{what}: {status} {code}"
    if code.startswith("Lease"):
        return LeasedError(text)
    kinds = {
        _NOT_MODIFIED: NotModifiedError,
        _NOT_FOUND: MissingError,
        _CONFLICT: ConflictError,
        _PRECONDITION: ReplacedError,
    }
    return kinds.get(status, StorageError)(text)


def _code(exc: HttpResponseError) -> str:
    code = getattr(exc, "error_code", None)
    return str(getattr(code, "value", code) or _words(exc))


def _words(exc: AzureError) -> str:
    return str(exc.message or type(exc).__name__).splitlines()[0][:200]


def transport() -> RequestsTransport:
    """One HTTP session for all clients of a worker, with room for its threads."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=8, pool_maxsize=CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return RequestsTransport(
        session=session,
        session_owner=False,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        connection_data_block_size=PIECE_BYTES,
    )


RETRIES = 3
BACKOFF_SECONDS = 0.2
"""A hiccup is ridden out, 0, 0.4 and 0.8 s apart; an outage is not slept through:

it leaves the function, and the queue brings the message back.
"""
