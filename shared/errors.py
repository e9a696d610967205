"""What can go wrong, by what to do next.

ForwardError
├── ConfigError                 the deployment is wrong: fail at start and in `check`
├── TransientError              later may work: the scan waits
│   ├── ThrottledError          carries `retry_after`; closes the transport's gate
│   ├── UnreachableError        connect, TLS, time-out, 4xx replies, HTTP 5xx
│   └── AuthRefusedError        a secret ran out, say: waits, and alarms
│       └── SenderRefusedError  it may not send as this sender
├── PermanentError              never will work: hold, tell a person
│   ├── InvalidScanError        not whole, or of a kind that is not mailed
│   ├── TooLargeError
│   └── RecipientRefusedError   carries recipient -> answer
├── UnconfirmedError            it may have been accepted
│   └── DuplicateError          the peer says that it has had this mail before
└── BytesError                  storage no longer has the bytes we claimed
    ├── ReplacedError           the name holds other bytes
    └── MissingError            the name holds none
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .model import Reason


class ForwardError(Exception):
    """What happened, to which scan, and what a person should do now."""

    reason: ClassVar[Reason | None] = None

    def __init__(
        self,
        what: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        refused: Mapping[str, str] | None = None,
        reason: Reason | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        """One line, in the peer's own words where there are some."""
        self.hint = hint
        """What to do; may be empty."""
        self.retry_after = retry_after
        """Seconds the peer asked to be left alone."""
        self.refused = dict(refused or {})
        """Recipient -> answer."""
        self.is_doubtful = False
        """It may have been accepted all the same: no other transport takes over."""
        self.why = reason or self.reason
        """The ledger's word for it."""

    def __str__(self) -> str:
        return f"{self.what} ({self.hint})" if self.hint else self.what


class ConfigError(ForwardError):
    """The deployment is wrong; never the fault of one scan."""


class TransientError(ForwardError):
    """Later may work."""

    reason = Reason.UNREACHABLE


class ThrottledError(TransientError):
    """The peer wants fewer mails."""

    reason = Reason.THROTTLED


class UnreachableError(TransientError):
    """The peer cannot be reached, or cannot answer now."""


class AuthRefusedError(TransientError):
    """The peer refuses who we are; not the scan's fault."""

    reason = Reason.SIGN_IN_REFUSED


class SenderRefusedError(AuthRefusedError):
    """The peer knows who we are, and does not let us send as this sender."""


class PermanentError(ForwardError):
    """Never will work; a person must look at it."""


class InvalidScanError(PermanentError):
    """The file is not whole, or of a kind that is not mailed."""

    reason = Reason.INCOMPLETE


class TooLargeError(PermanentError):
    """The mail is larger than the transport takes."""

    reason = Reason.TOO_LARGE


class RecipientRefusedError(PermanentError):
    """Nobody of the mail's recipients was accepted."""

    reason = Reason.RECIPIENT_REFUSED


class UnconfirmedError(ForwardError):
    """The connection broke when the answer was due: it may have been accepted."""

    reason = Reason.UNCONFIRMED


class DuplicateError(UnconfirmedError):
    """The peer refuses the mail because it knows its id: look what became of it."""


class BytesError(ForwardError):
    """Storage no longer has the bytes that were claimed."""


class ReplacedError(BytesError):
    """The name holds other bytes: somebody wrote it again."""


class MissingError(BytesError):
    """The name holds no bytes: somebody deleted or moved it."""
