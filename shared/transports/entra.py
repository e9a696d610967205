"""Where MSAL meets the network, and what it raises or returns becomes our answers.

MSAL repeats a failure from its own cache: for Retry-After or 5 s after 429 and 5xx, for
60 s after 400. `Http` keeps the answer it goes back to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from shared.errors import (
    AuthRefusedError,
    ForwardError,
    ThrottledError,
    UnreachableError,
)

from .base import Patience
from .retry_after import seconds

_TOO_MANY, _FAULTS, _REFUSALS = 429, range(500, 600), range(400, 500)
_WORDS_LIMIT = 300
_LATER = frozenset({"temporarily_unavailable", "server_error"})

_OTHER_CLOUD = "the tenant is in another cloud: set AZURE_AUTHORITY_HOST"
AGAIN = "sign in again: python -m ops login"
"""What a person must do whose sign-in has ended."""
UNKNOWN = "see the application in Entra"
"""What to do about a refusal that is in no table."""
_CONSENT = "an administrator must consent: the application's API permissions in Entra"

_HINTS: tuple[tuple[str, str], ...] = (
    ("AADSTS7000215", "MAIL_CLIENT_SECRET is wrong: write its value, not its id"),
    (
        "AADSTS7000218",
        "where people sign in: Entra, App registrations, Authentication, Allow public "
        "client flows; else set MAIL_CLIENT_SECRET",
    ),
    ("AADSTS7000222", "MAIL_CLIENT_SECRET has expired: make a new one"),
    ("AADSTS7000112", "the application is disabled: enable it in Enterprise apps"),
    ("AADSTS700016", "MAIL_CLIENT_ID is not known in the tenant MAIL_TENANT_ID"),
    ("AADSTS700027", "upload the certificate to the application"),
    ("AADSTS700082", AGAIN),
    ("AADSTS70021", "make AZURE_CLIENT_ID's identity a federated credential"),
    ("AADSTS7004[34]", AGAIN),
    ("AADSTS70008", AGAIN),
    ("AADSTS50173", f"the password was changed; {AGAIN}"),
    ("AADSTS50(05[357]|07[69])", f"the account must do more to sign in; {AGAIN}"),
    ("AADSTS65004", "the person declined"),
    ("AADSTS7001[69]", "nobody signed in with the code in time: ask for another"),
    ("AADSTS65001", f"{_CONSENT}; {AGAIN}"),
    ("AADSTS53003", "a Conditional Access policy forbids this sign-in"),
    ("AADSTS90043[29]", _OTHER_CLOUD),
    ("AADSTS90002", "MAIL_TENANT_ID is not known at AZURE_AUTHORITY_HOST"),
    ("authority configuration", "MAIL_TENANT_ID is not known at AZURE_AUTHORITY_HOST"),
    ("AADSTS50001[14]", "Office 365 Exchange Online is not known in the tenant"),
)


class Http(requests.Session):
    """MSAL's way out: with time-outs, and it remembers the last answer."""

    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self._timeout = (patience.connect_seconds, patience.reply_seconds)
        self.status = 0
        """Of the last answer; 0 where there was none."""
        self.retry_after: float | None = None
        """Seconds that it asked to wait."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Pass a request of MSAL's on; it names no time-out of its own."""
        self.status, self.retry_after = 0, None
        kwargs.setdefault("timeout", self._timeout)
        answer = super().request(*args, **kwargs)
        # Not the answer itself, which would keep its connection open.
        self.status = answer.status_code
        wait = answer.headers.get("Retry-After", "")
        self.retry_after = seconds(wait, datetime.now(UTC))
        return answer


@contextmanager
def crossing(http: Http) -> Iterator[None]:
    """Turn what MSAL and requests raise into our answers."""
    from msal.exceptions import MsalError  # type: ignore[import-untyped]

    try:
        yield
    except requests.RequestException as exc:
        raise UnreachableError(f"Entra: {str(exc)[:_WORDS_LIMIT]}") from exc
    except (MsalError, ValueError, LookupError, RuntimeError) as exc:
        # Its own errors for 5xx; and what it raises over a page that is not Entra's.
        raise _by_status(str(exc), http) from exc


def refusal(answer: Mapping[str, Any], http: Http) -> ForwardError:
    """Choose the error for an answer without a token (RFC 6749, 5.2)."""
    code = str(answer.get("error"))
    words = str(answer.get("error_description") or code)
    if code in _LATER:
        return UnreachableError(f"Entra: {_short(words)}", retry_after=http.retry_after)
    return _by_status(words, http)


def _by_status(words: str, http: Http) -> ForwardError:
    said = f"Entra: {_short(words)}"
    if http.status == _TOO_MANY:
        return ThrottledError(said, retry_after=http.retry_after)
    if http.status in _REFUSALS:
        hint = next((text for sign, text in _HINTS if re.search(sign, words)), "")
        return AuthRefusedError(said, hint=hint or UNKNOWN)
    hint = "" if http.status in _FAULTS else "is a proxy in between?"
    return UnreachableError(said, hint=hint, retry_after=http.retry_after)


def _short(words: str) -> str:
    """Without the trace ids that Entra adds."""
    first = words.replace("\r", "\n").split("\n")[0]
    return first.partition(" Trace ID:")[0][:_WORDS_LIMIT]
