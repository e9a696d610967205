"""Where the exceptions of the Azure SDKs become ours.

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

from shared.errors import MissingError

from .border import CONFLICT, NO_ANSWER, NO_SIGN_IN, PRECONDITION, StorageError, refusal


@contextmanager
def crossing(what: str) -> Iterator[None]:
    """Turn what the SDKs raise into our own errors; `what` names the call."""
    try:
        yield
    except ResourceNotFoundError as exc:
        raise MissingError(f"{what}: {_words(exc)}") from exc
    except ResourceExistsError as exc:
        raise refusal(what, CONFLICT, _code(exc)) from exc
    except ResourceModifiedError as exc:
        raise refusal(what, PRECONDITION, _code(exc)) from exc
    except HttpResponseError as exc:
        if not exc.status_code:
            # Nobody answered because nobody was asked: there is no token.
            raise StorageError(f"{what}: {_words(exc)}", hint=NO_SIGN_IN) from exc
        raise refusal(what, exc.status_code, _code(exc)) from exc
    except AzureError as exc:
        words = _words(exc).partition(": Max retries")[0]
        raise StorageError(f"{what}: {words}", hint=NO_ANSWER) from exc
    except requests.RequestException as exc:
        raise StorageError(f"{what}: {type(exc).__name__}") from exc


def _code(exc: HttpResponseError) -> str:
    code = getattr(exc, "error_code", None)
    return str(getattr(code, "value", code) or _words(exc))


def _words(exc: AzureError) -> str:
    lines = str(exc.message or type(exc).__name__).splitlines()
    # A chain of credentials says below its first line why each of them failed.
    tried = [each.strip() for each in lines if each.startswith("\t")]
    return "; ".join(tried or lines[:1])[:400]
