"""The header Retry-After (RFC 9110, 10.2.3). Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_SECONDS = 24 * 3600.0
"""Whoever asks for more is asked again after a day."""


def seconds(text: str, now: datetime) -> float | None:
    """Read seconds, or the time until an HTTP date; None where it is neither."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_SECONDS)
