"""What a REST service answered -> one of our answers, by a table of the service's own.

In: status, headers and body of an HTTP answer. Out: the error to raise.
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
    ForwardError,
    RecipientRefusedError,
    ThrottledError,
    TooLargeError,
    TransientError,
    UnconfirmedError,
    UnreachableError,
)

from .retry_after import seconds

ANY = 0
"""In a table: whatever the status is."""
STATUSES: Mapping[int, type[ForwardError]] = {
    401: AuthRefusedError,
    403: AuthRefusedError,
    # Nobody of that name is there: every scan would fail, so they wait, with an alarm.
    404: AuthRefusedError,
    408: UnreachableError,
    413: TooLargeError,
    429: ThrottledError,
}
"""What they mean wherever mail is sent (RFC 9110, 15)."""
CLASSES: Mapping[int, type[ForwardError]] = {
    # Success, but not the one that is documented: it may have taken the mail.
    2: UnconfirmedError,
    4: RecipientRefusedError,
    5: UnreachableError,
}
"""The same by the first digit, for the others."""
_SUCCESS, _FAILURE, _WORDS_LIMIT = 2, 5, 300


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
    def is_success(self) -> bool:
        """Whether what was asked for was done."""
        return self.status // 100 == _SUCCESS

    @property
    def words(self) -> str:
        """The service's error, `CODE: message`, in one line."""
        error = self.fields().get("error")
        if not isinstance(error, dict):
            return self.headers.get("x-ms-error-code", "")
        said = f"{error.get('code') or ''}: {error.get('message') or ''}"
        shown = "".join(char if char.isprintable() else " " for char in said)
        return shown.strip(": ")[:_WORDS_LIMIT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A service's refusals; what is not in it is for later."""

    statuses: Mapping[int, type[ForwardError]]
    """Where it differs from STATUSES, and CLASSES."""
    words: tuple[tuple[int, str, type[ForwardError]], ...]
    """Status and words -> the answer, where it differs from the status alone."""
    hints: tuple[tuple[str, str], ...]
    """A pattern of status and words -> what to do; the first that fits."""

    def done(self, answer: Answer, *, is_question: bool = False) -> Answer:
        """Pass a success on, of a request that is no mail's acceptance; else raise.

        `is_question`: what was asked is no part of a mail, and may be asked again.
        """
        if answer.is_success:
            return answer
        if is_question:
            raise self.for_later(answer)
        raise self.refusal(answer, decides=False)

    def refusal(self, answer: Answer, *, decides: bool = True) -> ForwardError:
        """Choose the error for an answer that is not the one hoped for.

        `decides`: whether a mail could have been accepted with the request.
        """
        said = f"{answer.status} {answer.words}".rstrip()
        hint = next((words for sign, words in self.hints if re.search(sign, said)), "")
        kind = self._kind(answer)
        if kind is UnconfirmedError and not decides:
            kind = UnreachableError
        if not issubclass(kind, TransientError):
            return kind(said, hint=hint)
        wait = seconds(answer.headers.get("retry-after", ""), datetime.now(UTC))
        error = kind(said, hint=hint, retry_after=wait)
        # Who answers so to a whole mail has seen it, and may have taken it on.
        error.is_doubtful = decides and answer.status // 100 == _FAILURE
        return error

    def for_later(self, answer: Answer) -> TransientError:
        """Choose the error for a question: of a mail, a refused one says nothing."""
        error = self.refusal(answer)
        if isinstance(error, TransientError):
            return error
        return UnreachableError(error.what, hint=error.hint)

    def _kind(self, answer: Answer) -> type[ForwardError]:
        for status, sign, kind in self.words:
            fits = status in {ANY, answer.status}
            if fits and re.search(sign, answer.words, re.IGNORECASE):
                return kind
        by_class = CLASSES.get(answer.status // 100, UnreachableError)
        return {**STATUSES, **self.statuses}.get(answer.status, by_class)
