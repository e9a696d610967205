"""Delivery reports: what became of a mail after ACS had accepted it.

In: a message of queue `delivery-reports`. A bounce is written into the ledger's row and
alarmed; repeats, good news and unknown ids do nothing. Raises `StorageError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .journal import alarm, note
from .ledger import StaleError
from .model import Mail, MailState, State
from .plain import plain
from .receive import IgnoredError, read_object
from .row import Row, scan_of_operation
from .stores.queues import REPORTS
from .story import told
from .works import Works

TYPE = "Microsoft.Communication.EmailDeliveryReportReceived"
BAD = frozenset({"Bounced", "Suppressed", "Failed", "Quarantined", "FilteredSpam"})
WORDS_LIMIT = 300
_TRIES = 6


@dataclass(frozen=True, slots=True)
class Report:
    """One recipient's mail did not arrive."""

    scan_id: str
    n: int
    g: int
    recipient: str
    words: str


def report(works: Works, text: str) -> None:
    """Handle one message of `delivery-reports`."""
    try:
        body = read_object(text)
    except IgnoredError as exc:
        note("report-ignored", {"why": exc.what})
        return
    bad = read_report(body)
    if bad:
        _write_down(works, bad, body)


def _write_down(works: Works, bad: Report, body: Mapping[str, Any]) -> None:
    """Write a bounce into its row; `body` comes again where a lease is alive."""
    for _ in range(_TRIES):
        row = works.ledger.find(bad.scan_id)
        if row is None:
            note("report-ignored", {"scan": bad.scan_id, "why": "no row"})
            return
        if row.state is State.SENDING and row.lease_until:
            # Whoever holds the lease would lose it by our change.
            wait = row.lease_until - works.clock()
            if wait.total_seconds() > 0:
                works.account.queues.put(REPORTS, body, wait)
                return
        after = bounced(row, bad)
        if after is None:
            note("report-ignored", {"scan": bad.scan_id, "why": "known, or not ours"})
            return
        try:
            saved = works.ledger.save(after)
        except StaleError:
            continue
        alarm("bounced", "report", told(works.clock(), saved, None))
        return
    raise StaleError(f"{bad.scan_id} changes too fast")


def read_report(body: Mapping[str, Any]) -> Report | None:
    """Read a message, Event Grid schema or CloudEvents; None for what is no bounce."""
    data = body.get("data")
    if not isinstance(data, dict) or TYPE not in (
        body.get("eventType"),
        body.get("type"),
    ):
        note("report-ignored", {"why": "not a delivery report"})
        return None
    status, recipient = str(data.get("status")), str(data.get("recipient") or "")
    scan = scan_of_operation(str(data.get("messageId") or ""))
    if status not in BAD or scan is None:
        why = status if scan else "an operation that is not ours"
        note("report", {"scan": scan[0] if scan else None, "why": why})
        return None
    return Report(*scan, recipient, plain(_words(status, data), WORDS_LIMIT))


def _words(status: str, data: Mapping[str, Any]) -> str:
    details = data.get("deliveryStatusDetails")
    said = details.get("statusMessage") if isinstance(details, dict) else details
    return f"{status}: {said}" if said else status


def bounced(row: Row, bad: Report) -> Row | None:
    """Write a bounce into the row; None where it says nothing new."""
    mail = next((m for m in row.plan if (m.g, m.n) == (bad.g, bad.n)), None)
    who = _recipient(mail, bad.recipient) if mail else None
    if mail is None or who is None or who in mail.bounced:
        return None
    # A report proves that the mail was accepted, whatever we saw of it.
    mail = replace(mail, bounced={**mail.bounced, who: bad.words}, answer=bad.words)
    if mail.is_pending or mail.held:
        mail = replace(mail, state=MailState.ACCEPTED, held=False, reason=None)
    row = replace(row.with_mail(mail), last_error=bad.words)
    if row.state is State.SENT:
        row = replace(row, state=State.BOUNCED)
    return row


def _recipient(mail: Mail, said: str) -> str | None:
    folded = said.casefold()
    return next((who for who in mail.recipients if who.casefold() == folded), None)
