"""What nobody sent: files without a row, waiting rows past their time, cut moves.

Runs every few minutes. It lists `scans` alone, reads the ledger's recent days (all days
for unfinished rows once an hour), and logs one line with the counts. Whatever it
changes it changes under the row's ETag, so two sweeps do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from . import heartbeats, names, outlook
from .beside import refuse_sidecar, sidecar_of
from .errors import BytesError
from .journal import alarm, note, warn
from .ledger import ClaimedError, StaleError
from .model import UNFINISHED, Blob, Place, Reason, State
from .notice import tell_people
from .path import new_row
from .receive import IgnoredError
from .row import Row, scan_id_of
from .settle import (
    HELD,
    MAILED,
    SCANS,
    STAYS,
    call_again,
    clear_away,
    hold,
    lose,
    move_on,
    origin,
    put_away,
)
from .stores.blobs import Listed
from .stores.border import ConflictError, StorageError
from .story import is_loss, told
from .transports.base import Tended
from .works import Works

MORE_THAN_GIVING_UP = timedelta(hours=24)
FULL_EVERY = timedelta(hours=1)
LONGEST_STEP = timedelta(hours=1)
COUNTS = ("listed", "missed", "leftover", "requeued", "orphaned", "removed", "moved")
LATER_COUNTS = ("lost", "forgotten", "told", "silent", "poison", "deadletters")
FAULTS_BORNE = 10
"""Blobs that fail before a round takes storage for down: each may take a minute."""


@dataclass(slots=True)
class Round:
    """One sweep."""

    now: datetime
    rows: dict[str, Row]
    """The recent days' rows, by id."""
    seen: set[str] = field(default_factory=set)
    """Ids of the blobs in `scans`."""
    is_listed: bool = True
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(COUNTS + LATER_COUNTS, 0)
    )
    faults: int = 0

    @contextmanager
    def sparing(self, name: str) -> Iterator[None]:
        """Let one bad blob not stop the round; a storage that is down does."""
        try:
            yield
        except (StorageError, ConflictError, StaleError) as exc:
            warn("sweep-skipped", {"name": name, "why": exc.what})
            self.faults += 1
            if self.faults >= FAULTS_BORNE and isinstance(exc, StorageError):
                raise


class Sweeper:
    """Keeps in mind when it last looked at everything."""

    def __init__(self, works: Works) -> None:
        self._works = works
        self._desk = works.desk
        self._full: datetime | None = None
        self._left: set[str] = set()
        """Ids of mailed scans whose bytes in `held` could not be removed."""
        self._elders: dict[str, Row] = {}
        """The older rows with something left to do, as they were last read."""

    def sweep(self) -> dict[str, int]:
        """Do one round; returns the counts it logs. Raises StorageError."""
        now = self._works.clock()
        window = self._works.settings.give_up_after_hours + MORE_THAN_GIVING_UP
        recent = {row.scan_id: row for row in self._works.ledger.since(now - window)}
        turn = Round(now, recent)
        self._files(turn)
        last = self._full
        is_full = last is None or now - last >= FULL_EVERY
        # What is old and waits may go any moment: it is read in each round.
        is_stirring = any(row.state in UNFINISHED for row in self._elders.values())
        old = self._old(turn) if is_full or is_stirring else {}
        for row in [*turn.rows.values(), *old.values()]:
            if row.state in UNFINISHED:
                self._overdue(row, turn)
        self._bytes(turn)
        if is_full:
            self._full = now
            self._mailed(turn, last)
        self._forget(turn)
        rows = (old | turn.rows).values()
        turn.counts["told"] = tell_people(self._works, rows, now)
        self._elders = old if is_full or is_stirring else self._elders
        self._outlook(turn, is_full=is_full)
        for each in self._works.transports.values():
            if isinstance(each, Tended):
                each.tend()
        note("sweep", turn.counts)
        return turn.counts

    def _outlook(self, turn: Round, *, is_full: bool) -> None:
        """Say how things stand; what cannot be seen now stops nothing."""
        account = self._works.account
        with turn.sparing(heartbeats.CONTAINER):
            turn.counts["silent"] = heartbeats.listen(account.blobs, turn.now)
        outlook.tell_backlog((self._elders | turn.rows).values(), turn.now)
        with turn.sparing("what nobody took, the quotas, and the rules"):
            turn.counts |= outlook.strays(account)
            outlook.tell_quotas(self._works)
            outlook.tell_rules(self._works, again=is_full)
        if is_full:
            outlook.tell_ends(self._works)

    def _files(self, turn: Round) -> None:
        """Look at every file in `scans`."""
        try:
            for listed in self._works.account.blobs.list(SCANS):
                turn.counts["listed"] += 1
                with turn.sparing(listed.place.name):
                    self._file(listed, turn)
        except StorageError as exc:
            # Names that cannot be listed must not stop the rest of the sweep.
            turn.is_listed = False
            alarm("not-listed", "sweep-failed", {"container": SCANS, "why": exc.what})

    def _file(self, listed: Listed, turn: Round) -> None:
        account = self._works.account.blobs.account
        scan_id = scan_id_of(account, listed.place, listed.modified)
        turn.seen.add(scan_id)
        try:
            row = turn.rows.get(scan_id) or self._works.ledger.find(scan_id)
            if row is None:
                self._unclaimed(listed, turn)
            elif row.state in MAILED:
                self._clear(listed.place, row, turn)
            elif row.state not in {State.SENDING, State.GONE, State.SUPERSEDED}:
                self._move_on(listed, row, turn)
        except (ClaimedError, StaleError, IgnoredError, BytesError):
            # A worker has it in hand this very moment, or it is a sidecar.
            return

    def _clear(self, left: Place, row: Row, turn: Round) -> bool:
        """Remove the bytes of a mailed scan, and what lies beside them."""
        beside = sidecar_of(self._works, row.at(left))
        is_clear = clear_away(left, row, self._desk, beside)
        turn.counts["removed"] += is_clear
        return is_clear

    def _unclaimed(self, listed: Listed, turn: Round) -> None:
        """A file without a row: too new, junk, left over, or missed."""
        name, settings = listed.place.name, self._works.settings
        age = turn.now - listed.modified
        if not names.is_possible(name):
            # Whoever asked for it by this name would reach another blob, or none.
            warn("ignored", {"path": name, "why": "no blob is reached by that name"})
            return
        if names.is_system(name) or not listed.size or listed.is_copying:
            return
        blob = Blob(
            place=listed.place,
            size=listed.size,
            modified=listed.modified,
            metadata=listed.metadata,
        )
        row = new_row(self._works, blob)
        if names.is_temporary(name):
            if age >= settings.leftover_seconds:
                error = "a temporary name that its writer never changed"
                row = replace(row, last_error=error)
                row = hold(row, Reason.LEFTOVER, self._desk)
                turn.rows[row.scan_id] = row
                turn.counts["leftover"] += row.state is State.HELD
                _tell_loss(row, turn)
        elif age >= settings.sweep_after_seconds:
            refuse_sidecar(self._works, row)
            due = turn.now + self._step(row, turn)
            row = replace(row, reason=Reason.MISSED, next_attempt=due)
            row = self._works.ledger.claim(row)
            call_again(row, self._desk, at_once=True)
            turn.counts["missed"] += 1

    def _move_on(self, listed: Listed, row: Row, turn: Round) -> None:
        """Finish a move that was cut: copy where the copy is missing, then delete."""
        if row.state is State.WAITING and row.reason in STAYS:
            return
        beside = sidecar_of(self._works, row.at(listed.place))
        if row.container == SCANS:
            row = put_away(row, self._desk, beside, safe=False)
            _tell_loss(row, turn)
        else:
            row = move_on(row, listed.place, self._desk, beside)
        turn.rows[row.scan_id] = row
        turn.counts["moved"] += row.container == HELD

    def _old(self, turn: Round) -> dict[str, Row]:
        """Read the older rows with something left to do, or to tell."""
        every = {row.scan_id: row for row in self._works.ledger.unsent()}
        return {key: row for key, row in every.items() if key not in turn.rows}

    def _step(self, row: Row, turn: Round) -> timedelta:
        """How far a row's next attempt moves on: further the longer it has waited.

        So a backlog slower than the sweep is not queued twice.
        """
        waited = min(turn.now - row.received, LONGEST_STEP)
        return max(self._works.settings.sweep_after_seconds, waited)

    def _overdue(self, row: Row, turn: Round) -> None:
        """Put a row back on the queue whose message was lost, or whose worker died."""
        due = row.next_attempt if row.state is State.WAITING else row.lease_until
        if due and due > turn.now:
            return
        count = "requeued" if row.state is State.WAITING else "orphaned"
        if row.state is State.SENDING:
            reason = Reason.UNCONFIRMED if row.plan else Reason.MISSED
            row = replace(row.orphaned(), state=State.WAITING, reason=reason)
            row = replace(row, lease_until=None)
        row = replace(row, next_attempt=turn.now + self._step(row, turn))
        try:
            row = self._works.ledger.save(row)
        except StaleError:
            return
        turn.rows[row.scan_id] = row
        call_again(row, self._desk, at_once=True)
        turn.counts[count] += 1

    def _bytes(self, turn: Round) -> None:
        """Look whether waiting and held scans still have their bytes."""
        for row in list(turn.rows.values()):
            if row.state not in {State.WAITING, State.HELD}:
                continue
            if row.container == SCANS and (
                row.scan_id in turn.seen or not turn.is_listed
            ):
                continue
            with turn.sparing(row.name):
                found = self._works.account.blobs.find(row.container, row.name)
                if found is None or found.place.etag != row.etag:
                    lost = turn.rows[row.scan_id] = lose(row, self._desk)
                    _tell_loss(lost, turn)

    def _mailed(self, turn: Round, last: datetime | None) -> None:
        """Look whether scans that were sent from `held` have left bytes there.

        Each is looked at twice, and then only for as long as something is left.
        """
        blobs, before = self._works.account.blobs, self._left
        self._left = set()
        for row in turn.rows.values():
            is_news = last is None or row.updated >= last - FULL_EVERY
            if row.state not in MAILED or not (is_news or row.scan_id in before):
                continue
            left = origin(row, blobs.account)
            if left.container == HELD:
                self._left.add(row.scan_id)
                with turn.sparing(left.name):
                    there = blobs.find(HELD, left.name)
                    if there is None or self._clear(there.place, row, turn):
                        self._left.discard(row.scan_id)

    def _forget(self, turn: Round) -> None:
        """Delete rows that are finished and old, unless their blob is still there."""
        if not turn.is_listed:
            return
        oldest = turn.now - self._works.settings.ledger_days
        for row in self._works.ledger.until(oldest):
            is_open = row.state in UNFINISHED or row.state is State.HELD
            if row.received < oldest and not is_open and row.scan_id not in turn.seen:
                with suppress(StaleError):
                    self._works.ledger.remove(row)
                    turn.counts["forgotten"] += 1


def _tell_loss(row: Row, turn: Round) -> None:
    """Bytes that are gone: a state of its own, never silence."""
    if is_loss(row):
        alarm(row.state.value, "lost", told(turn.now, row, None))
        turn.counts["lost"] += 1
