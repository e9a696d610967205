"""How wrong our clock is: a signed request with a wrong time is not let in."""

from __future__ import annotations

import email.utils
import http.client
import time

from shared.connections import Connections

_SECONDS = 5.0
_TOLERATED = 60.0


def skew(endpoint: str, trust: str = "") -> str:
    """Compare with a server's; says it in a sentence, or nothing where it is right."""
    begun = time.time()
    try:
        reply = Connections(endpoint, trust).ask(
            "HEAD", "/", None, {}, (_SECONDS, _SECONDS)
        )
        there = email.utils.parsedate_to_datetime(reply.headers["Date"]).timestamp()
        reply.close()
    except (OSError, http.client.HTTPException, TypeError, ValueError):
        return ""
    off = begun - there
    if abs(off) < _TOLERATED:
        return ""
    word = "ahead of" if off > 0 else "behind"
    return f"This machine's clock is {abs(off):.0f} s {word} storage's: set it."
