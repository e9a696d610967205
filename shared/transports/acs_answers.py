"""What ACS answered -> one of our answers.

There is no official list of the service's codes: the status decides, but for the few
seen.
"""

from __future__ import annotations

from shared.errors import (
    AuthRefusedError,
    DuplicateError,
    ThrottledError,
    TooLargeError,
    UnreachableError,
)

from .rest_answers import Table

ANSWERS = Table(
    # It knows this operation, or this Message-ID; from whom, only a look-up tells.
    # 5xx is definite enough: what is sent again carries the same ids.
    statuses={409: DuplicateError},
    words=(
        (
            400,
            r"duplicat|already (exist|been|sent|used|in use)|not unique",
            DuplicateError,
        ),
        # Seen for valid keys, now and then; the same request succeeds later.
        (401, r"time difference|clock|skew", UnreachableError),
        (400, r"^(DomainNotLinked|InvalidSender|DenyListedSender)", AuthRefusedError),
        (400, r"^(TooManyRequests|QuotaExceeded)\b", ThrottledError),
        (403, r"^(TooManyRequests|QuotaExceeded)\b", ThrottledError),
        (400, r"^RequestBodyTooLarge\b", TooLargeError),
    ),
    hints=(
        (
            "DomainNotLinked",
            "connect the sender's domain to the Communication Services",
        ),
        ("Sender", "add ACS_SENDER's user name to the domain in Email Services"),
        (
            r"^401",
            "check ACS_CONNECTION_STRING, or the identity's role on the resource",
        ),
        (r"^403", "grant the identity Communication and Email Service Owner"),
        (r"^404", "check ACS_ENDPOINT"),
        (r"^413", "scan at a lower resolution, or in parts"),
        (r"^3", "check ACS_ENDPOINT: it leads elsewhere"),
    ),
)
