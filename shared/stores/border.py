"""What storage's answers are called, and how patient we are with it.

Every store raises `MissingError`, `ReplacedError`, `ConflictError`, `LeasedError` and
`StorageError`; nothing of the SDKs is imported here (see `sdk`).
"""

from __future__ import annotations

from shared.errors import ForwardError, MissingError, ReplacedError, TransientError

CONNECTIONS = 48
"""Kept per host: the worker's threads, and the host's own calls beside them."""
CONNECT_SECONDS, READ_SECONDS = 10, 60
PIECE_BYTES = 64 * 1024
"""How much of a body is held at a time."""
_NOT_MODIFIED, _NOT_FOUND, CONFLICT, PRECONDITION = 304, 404, 409, 412


_DENIED = frozenset({401, 403})
NO_ANSWER = "check SCAN_STORAGE and the network"
NO_SIGN_IN = "sign in with `az login`; in Azure, see whether the app has its identity"
_LET_US_IN = "check SCAN_STORAGE, or the roles of the identity on the storage account"


class StorageError(TransientError):
    """Storage did not answer, or not as it should; the host will try again."""


class DeniedError(StorageError):
    """Storage does not let us in (401, 403): nothing but a person can mend that."""


class ConflictError(ForwardError):
    """It is there already (409), or changed under us where that matters not."""


class NotModifiedError(ForwardError):
    """It still has the ETag that we know (304)."""


class LeasedError(ForwardError):
    """Somebody else holds a lease on the blob."""


def refusal(what: str, status: int, code: str) -> ForwardError:
    """Choose our error for an HTTP answer; `code` is the service's own word."""
    text = f"{what}: {status} {code}"
    if code.startswith("Lease"):
        return LeasedError(text)
    if status in _DENIED:
        return DeniedError(text, hint=_LET_US_IN)
    kinds = {
        _NOT_MODIFIED: NotModifiedError,
        _NOT_FOUND: MissingError,
        CONFLICT: ConflictError,
        PRECONDITION: ReplacedError,
    }
    return kinds.get(status, StorageError)(text)


RETRIES = 3
BACKOFF_SECONDS = 0.2
"""A hiccup is ridden out, 0, 0.4 and 0.8 s apart; an outage is not slept through:

it leaves the function, and the queue brings the message back.
"""
