"""What every mailbox of Exchange Online has in common, whichever way it sends.

In: the setting that names mailboxes. Out: their addresses; how much each may send.
"""

from __future__ import annotations

from datetime import timedelta

from .base import Quota, Unit
from .config import mailbox

QUOTAS = (
    Quota(30, timedelta(minutes=1)),
    Quota(10_000, timedelta(days=1), Unit.RECIPIENTS),
)
"""Of each mailbox (Microsoft Learn, "Exchange Online limits", sending limits)."""


def mailboxes(value: str) -> tuple[str, ...]:
    """Read addresses, comma-separated, each once. Raises ValueError."""
    found: dict[str, str] = {}
    for each in filter(None, map(str.strip, value.split(","))):
        found.setdefault(each.lower(), mailbox(each))
    if not found:
        raise ValueError(f"{value!r} names nobody")
    return tuple(found.values())
