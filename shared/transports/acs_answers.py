"""What ACS answered -> one of our answers, by tables.

In: status, headers and body of an HTTP answer. Out: the error to raise. There is no
official list of the service's codes: the status decides, but for the few seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.errors import (
    AuthRefusedError,
    DuplicateError,
    ForwardError,
    RecipientRefusedError,
    ThrottledError,
    TooLargeError,
    TransientError,
    UnconfirmedError,
    UnreachableError,
)

from .retry_after import seconds

_WORDS_LIMIT = 300

_STATUSES: Mapping[int, type[ForwardError]] = {
    401: AuthRefusedError,
    403: AuthRefusedError,
    # No such resource or domain: every scan would fail, so they wait, with an alarm.
    404: AuthRefusedError,
    408: UnreachableError,
    # It knows this operation, or this Message-ID; from whom, only a look-up tells.
    409: DuplicateError,
    413: TooLargeError,
    429: ThrottledError,
}

_CLASSES: Mapping[int, type[ForwardError]] = {
    # Success, but not the one that is documented: it may have taken the mail.
    2: UnconfirmedError,
    4: RecipientRefusedError,
    # Definite enough: what is sent again carries the same ids (design.md, 3).
    5: UnreachableError,
}

_WORDS: tuple[tuple[int, str, type[ForwardError]], ...] = (
    (400, r"duplicat|already (exist|been|sent|used|in use)|not unique", DuplicateError),
    # Seen for valid keys, now and then; the same request succeeds later.
    (401, r"time difference|clock|skew", UnreachableError),
    (400, r"^(DomainNotLinked|InvalidSender|DenyListedSender)", AuthRefusedError),
    (400, r"^(TooManyRequests|QuotaExceeded)\b", ThrottledError),
    (403, r"^(TooManyRequests|QuotaExceeded)\b", ThrottledError),
    (400, r"^RequestBodyTooLarge\b", TooLargeError),
)
"""Status and words -> the answer, where it differs from the status alone."""

_HINTS: tuple[tuple[str, str], ...] = (
    ("DomainNotLinked", "connect the sender's domain to the Communication Services"),
    ("Sender", "add ACS_SENDER's user name to the domain in Email Services"),
    (r"^401", "check ACS_CONNECTION_STRING, or the identity's role on the resource"),
    (r"^403", "grant the identity Communication and Email Service Owner"),
    (r"^404", "check ACS_ENDPOINT"),
    (r"^413", "scan at a lower resolution, or in parts"),
    (r"^3", "check ACS_ENDPOINT: it leads elsewhere"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read as far as we read them."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> Mapping[str, Any]:
        """The JSON object that came; empty where none did."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def words(self) -> str:
        """The service's error, `CODE: message`, in one line."""
        error = self.fields().get("error")
        if not isinstance(error, dict):
            return self.headers.get("x-ms-error-code", "")
        said = f"{error.get('code') or ''}: {error.get('message') or ''}"
        shown = "".join(char if char.isprintable() else " " for char in said)
        return shown.strip(": ")[:_WORDS_LIMIT]


def refusal(answer: Answer) -> ForwardError:
    """Choose the error for an answer that is not 202."""
    said = f"{answer.status} {answer.words}".rstrip()
    hint = next((words for sign, words in _HINTS if re.search(sign, said)), "")
    kind = _kind(answer)
    if not issubclass(kind, TransientError):
        return kind(said, hint=hint)
    wait = seconds(answer.headers.get("retry-after", ""), datetime.now(UTC))
    return kind(said, hint=hint, retry_after=wait)


def _kind(answer: Answer) -> type[ForwardError]:
    for status, sign, kind in _WORDS:
        if answer.status == status and re.search(sign, answer.words, re.IGNORECASE):
            return kind
    by_class = _CLASSES.get(answer.status // 100, UnreachableError)
    return _STATUSES.get(answer.status, by_class)
