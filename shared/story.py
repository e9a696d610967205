"""One call's story as its log line: what happened, how long, and what is next."""

from __future__ import annotations

from datetime import datetime

from .attempt import Tally
from .journal import Stopwatch, Value, alarm, note, warn
from .model import LOST, Reason, State
from .row import Row

CALM = frozenset({State.SENT, State.WAITING, State.SENDING})


def tell(now: datetime, row: Row, tally: Tally | None, watch: Stopwatch) -> None:
    """Write the line; losses and refused sign-ins raise an alarm."""
    if tally:
        watch.add("token", tally.token_seconds)
    fields = told(now, row, tally) | watch.fields()
    if tally and tally.refusals:
        alarm("sign-in-refused", "attempt", fields)
    elif is_loss(row):
        alarm(row.state.value, "attempt", fields)
    elif row.state in CALM:
        note("attempt", fields)
    else:
        warn("attempt", fields)


def is_loss(row: Row) -> bool:
    """Whether a scan is lost; one that was replaced by its finished self is not."""
    is_finished_self = row.state is State.SUPERSEDED and row.reason is Reason.INCOMPLETE
    return row.state in LOST and not is_finished_self


def told(now: datetime, row: Row, tally: Tally | None) -> dict[str, Value]:
    """The fields of the line, times apart."""
    return {
        "scan": row.scan_id,
        "outcome": row.state.value,
        "reason": row.reason.value if row.reason else None,
        "device": row.device,
        "path": row.path,
        "size": row.size,
        "type": row.type,
        "transport": ",".join(dict.fromkeys(tally.transports)) if tally else None,
        "recipients": len(tally.people) if tally else None,
        "moved": "; ".join(tally.moves) or None if tally else None,
        "attempt": row.attempts,
        "age_s": (now - row.received).total_seconds(),
        "error": row.last_error or None,
        "next": _next(row),
    }


def _next(row: Row) -> Value:
    if row.state is State.WAITING:
        return row.next_attempt
    if row.state is State.HELD:
        return f"scanpost release {row.scan_id}"
    return None
