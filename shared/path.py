"""The conductor: an event, or a message that comes back, and all that follows.

One call, one scan, one log line. Each step is a stage's; their order, and who holds the
lease meanwhile, is decided here. What it raises is for the host to bring back: storage
that does not answer, and what nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from . import names, receive
from .attempt import Tally
from .beside import refuse_sidecar, sidecar_of
from .content import Bytes
from .decide import Decision, decide
from .deliver import begin, deliver
from .errors import BytesError, InvalidScanError, MissingError
from .journal import Stopwatch, note, warn
from .ledger import ClaimedError, StaleError
from .model import Blob, Kind, Place, Reason, State
from .receive import Event, IgnoredError
from .row import Row, scan_id_of
from .settle import (
    MAILED,
    SCANS,
    call_again,
    clear_away,
    hold,
    lose,
    origin,
    settle,
    wait,
)
from .stores.blobs import Opened
from .story import tell
from .works import Works

SKEW = timedelta(seconds=5)
_DAY = timedelta(days=1)


def receive_event(works: Works, text: str) -> None:
    """Handle one message of `scan-events`."""
    with _ignoring():
        event = receive.read_event(text)
        watch = Stopwatch()
        with watch.measuring("storage"):
            opened = _find(works, event)
        take(works, opened, watch, event)


def retry(works: Works, text: str) -> None:
    """Handle one message of `scan-retries`; one that fits no more has no effect."""
    with _ignoring():
        order = receive.read_order(text)
        row = works.ledger.find(order.scan_id)
        if row is None:
            raise IgnoredError(f"{order.scan_id} has no row")
        _fit(works, row, order.stands_for)
        if order.by:
            note("released", {"scan": row.scan_id, "by": order.by})
        # It may show itself a little early by this machine's clock.
        now = works.clock()
        resume(works, row, min(max(now, order.stands_for), now + SKEW))


@contextmanager
def _ignoring() -> Iterator[None]:
    """Say in a line what was not done, and why."""
    try:
        yield
    except IgnoredError as exc:
        note("ignored", {"why": exc.what})
    except StaleError as exc:
        note("ignored", {"why": f"somebody else went on with it: {exc.what}"})


def _find(works: Works, event: Event) -> Opened:
    """Open the blob that the event means. Raises IgnoredError where there is none."""
    for name in event.candidates:
        with suppress(MissingError):
            return works.account.blobs.open(SCANS, name)
    # Mailed and removed already, renamed, or deleted: `sweep` finds what is left.
    if event.etag:
        _look_back(works, event)
    raise IgnoredError(f"no blob is called {event.candidates[0]!r} any more")


def _look_back(works: Works, event: Event) -> None:
    """Bytes that left no row may have been lost to others that took their name."""
    for name in event.candidates:
        if not receive.why_ignored(name, 1):
            place, when = Place(SCANS, name, event.etag), event.when or works.clock()
            row = new_row(works, Blob(place=place, size=1, modified=when))
            refuse_sidecar(works, row)
            if any(works.ledger.namesakes(row)):
                _report_overwritten(works, row, event)


def take(
    works: Works, opened: Opened, watch: Stopwatch, event: Event | None = None
) -> None:
    """Take a file on: claim it, send it, settle it. Raises IgnoredError.

    `watch` runs since before the file was opened.
    """
    blob = opened.blob
    why = receive.why_ignored(blob.place.name, blob.size)
    if why:
        raise IgnoredError(f"{blob.place.name!r}: {why}")
    row = new_row(works, blob, event.identity if event else "")
    refuse_sidecar(works, row)
    if event and event.etag and event.etag != blob.place.etag:
        _report_overwritten(works, row, event)
    if blob.is_copying:
        raise IgnoredError(f"{row.path!r} is still being copied: left to sweep")
    try:
        _carry_out(works, row, opened, works.clock(), watch)
    except ClaimedError:
        _met_again(works, row)


def new_row(works: Works, blob: Blob, identity: str = "") -> Row:
    """A row for bytes that nobody has claimed, as far as we know."""
    name = blob.place.name
    device = receive.device_of(name, identity, receive.known_metadata(blob.metadata))
    if identity and device != names.first_folder(name):
        note("device-differs", {"identity": identity, "path": name})
    return Row(
        scan_id=scan_id_of(works.account.blobs.account, blob.place, blob.modified),
        state=State.WAITING,
        path=name,
        received=blob.modified,
        size=blob.size,
        device=device,
        container=blob.place.container,
        name=name,
        etag=blob.place.etag,
        updated=works.clock(),
    )


def _report_overwritten(works: Works, row: Row, event: Event) -> None:
    """Older bytes under this name: say that they are lost if no row claimed them."""
    older = Place(SCANS, row.path, event.etag)
    when = event.when or row.received
    # The event's time is not the blob's: midnight may lie between, on either side.
    for moment in (when, when - _DAY, when + _DAY):
        old_id = scan_id_of(works.account.blobs.account, older, moment)
        if works.ledger.find(old_id):
            return
    warn("overwritten", {"path": row.path, "etag": event.etag, "scan": row.scan_id})


def _met_again(works: Works, row: Row) -> None:
    """The scan has a row already: an event came twice, or a worker died."""
    found = works.ledger.find(row.scan_id)
    if found is None:
        raise IgnoredError(f"{row.scan_id} was removed meanwhile")
    if found.state is State.SENDING:
        _fit(works, found, works.clock())
        resume(works, found, works.clock())
        return
    if found.state in MAILED:
        beside = sidecar_of(works, found.at(row.place))
        clear_away(row.place, found, works.desk, beside)
    raise IgnoredError(f"{row.scan_id} is {found.state} already")


def _fit(works: Works, row: Row, stands_for: datetime) -> None:
    """Let only a message pass that still has something to do. Raises IgnoredError."""
    if row.state is State.SENDING:
        if row.lease_until and row.lease_until > works.clock():
            call_again(row, works.desk)
            raise IgnoredError(f"{row.scan_id} is being sent: looked at again later")
        return
    if row.state in MAILED:
        left = origin(row, works.account.blobs.account)
        clear_away(left, row, works.desk, sidecar_of(works, row.at(left)))
    if row.state is not State.WAITING:
        raise IgnoredError(f"{row.scan_id} is {row.state} already")
    if row.next_attempt != stands_for:
        raise IgnoredError(f"{row.scan_id} waits for another time")


def resume(works: Works, row: Row, now: datetime) -> None:
    """Go on with a scan that waited, or whose worker died; `now` is its time."""
    watch = Stopwatch()
    row = row.orphaned()
    try:
        with watch.measuring("storage"):
            opened = works.account.blobs.open(row.container, row.name, row.etag)
    except BytesError:
        with watch.measuring("storage"):
            lost = lose(row, works.desk)
        tell(works.clock(), lost, None, watch)
        if row.container == SCANS:
            _take_anew(works, row.path)
        return
    _carry_out(works, row, opened, now, watch)


def _take_anew(works: Works, name: str) -> None:
    """Whoever wrote a name again may have come without an event."""
    watch = Stopwatch()
    with suppress(MissingError):
        with watch.measuring("storage"):
            opened = works.account.blobs.open(SCANS, name)
        take(works, opened, watch)


def _decision(works: Works, row: Row, opened: Opened) -> Decision:
    if row.mails and row.reason is not Reason.INCOMPLETE:
        # The plan is frozen: neither routes nor policy are asked again.
        return Decision(
            row=replace(row, state=State.SENDING, reason=None),
            content=_content(works, row, opened),
            beside=sidecar_of(works, row),
        )
    return decide(row, opened, works.court)


def _content(works: Works, row: Row, opened: Opened) -> Bytes:
    unchecked = row.unchecked or any(mail.unchecked for mail in row.pending())
    kind = None if unchecked or row.type not in set(Kind) else Kind(row.type)
    content = Bytes(works.account.blobs, opened, kind)
    content.judge_now()
    return content


def _carry_out(
    works: Works, row: Row, opened: Opened, now: datetime, watch: Stopwatch
) -> None:
    """Decide, do it, and tell the story. Raises ClaimedError, StaleError."""
    tally: Tally | None = None
    with watch.measuring("storage"):
        # What deciding takes is reading: rules, sidecar, the rest of a broken file.
        decision = _decision(works, row, opened)
        row, beside = decision.row, decision.beside
        if row.state is State.WAITING:
            row = wait(row, works.desk, beside)
        elif row.state is State.HELD:
            row = hold(row, row.reason, works.desk, beside)
        else:
            row = _leased(works, row, now)
    if decision.row.state is State.SENDING:
        with watch.measuring("mail"):
            row, tally = deliver(row, decision.content, works.post, now)
        try:
            with watch.measuring("storage"):
                row = _settled(works, row, tally, beside)
        finally:
            tally.leave()
    tell(works.clock(), row, tally, watch)


def _leased(works: Works, row: Row, now: datetime) -> Row:
    """Claim the row: from here on, for the length of the lease, the scan is ours."""
    lease = works.clock() + works.settings.lease_seconds
    row = replace(row, attempts=row.attempts + 1, lease_until=lease, next_attempt=None)
    row = begin(row, now)
    return works.ledger.save(row) if row.version else works.ledger.claim(row)


def _settled(works: Works, row: Row, tally: Tally, beside: Place | None) -> Row:
    """Write down what came of the call."""
    if not tally.tried and any(row.pending()):
        # Only the gate was met: that is no attempt.
        row = replace(row, attempts=row.attempts - 1)
    if isinstance(tally.broken, InvalidScanError):
        # This was the first look at all of it: a second one comes before any mail.
        due = works.clock() + works.settings.incomplete_seconds[0]
        row = replace(row, reason=Reason.INCOMPLETE, attempts=1, next_attempt=due)
        return wait(replace(row, last_error=tally.broken.what), works.desk, beside)
    if tally.broken:
        return lose(row, works.desk)
    return settle(row, works.desk, beside)
