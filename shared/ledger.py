"""Who was sent what: one row per scan, claimed by an insert, changed under its ETag.

Raises `ClaimedError` where a row is there already and `StaleError` where somebody
else changed it since; and the stores' `StorageError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from .column import fitting, plan_from_json, plan_to_json
from .errors import ForwardError, MissingError, ReplacedError
from .model import PENDING, Mail, MailState, Reason, State
from .row import Row, day_of
from .stores.border import ConflictError
from .stores.tables import Entity, Table, Value

_DAY = "%Y%m%d"
_TRIES = 6


class ClaimedError(ForwardError):
    """Somebody has claimed this scan before."""


class StaleError(ForwardError):
    """The row was changed by somebody else since we read it."""


class Ledger:
    """The rows of docs/ledger.md. Thread-safe."""

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def claim(self, row: Row) -> Row:
        """Insert the row: whoever succeeds has the scan. Raises ClaimedError."""
        row = replace(row, updated=self._clock(), plan=fitting(row.plan))
        try:
            etag = self._table.insert(_entity(row))
        except ConflictError as exc:
            return self._claimed_before(row, exc)
        return replace(row, version=etag)

    def _claimed_before(self, row: Row, cause: ConflictError) -> Row:
        """Look who it was: an insert whose answer was lost meets itself."""
        found = self.find(row.scan_id)
        if found and replace(found, version="") == row:
            return found
        raise ClaimedError(f"{row.scan_id} has a row") from cause

    def save(self, row: Row) -> Row:
        """Write the row if nobody changed it since. Raises StaleError."""
        row = replace(row, updated=self._clock(), plan=fitting(row.plan))
        try:
            etag = self._table.replace(_entity(row))
        except (ReplacedError, MissingError) as exc:
            found = self.find(row.scan_id)
            if found and replace(found, version=row.version) == row:
                return found
            raise StaleError(f"{row.scan_id} was changed meanwhile") from exc
        return replace(row, version=etag)

    def merge(self, row: Row) -> Row:
        """Add what was accepted to a row that somebody else changed; returns theirs.

        Raises StaleError where it changes too fast, or is gone.
        """
        for _ in range(_TRIES):
            theirs = self.find(row.scan_id)
            if theirs is None:
                raise StaleError(f"{row.scan_id} vanished from the ledger")
            merged = _merged(theirs, row)
            if merged == theirs:
                return theirs
            with suppress(StaleError):
                return self.save(merged)
        raise StaleError(f"{row.scan_id} changes too fast")

    def find(self, scan_id: str) -> Row | None:
        """Read one row."""
        entity = self._table.find(day_of(scan_id), scan_id)
        return _row(entity) if entity else None

    def day(self, day: str) -> Iterator[Row]:
        """Read a day's rows; `day` is YYYYMMDD."""
        found = self._table.query("PartitionKey eq @day", {"day": day})
        yield from (_row(entity) for entity in found if _is_scan(entity))

    def since(self, start: datetime) -> Iterator[Row]:
        """Read the rows of all days from `start`'s on."""
        found = self._table.query(
            "PartitionKey ge @start and PartitionKey lt @end",
            {"start": start.astimezone(UTC).strftime(_DAY), "end": ":"},
        )
        yield from (_row(entity) for entity in found if _is_scan(entity))

    def unsent(self) -> Iterator[Row]:
        """Read every row that is `sending`, `waiting` or `held`, of whatever day."""
        states = State.SENDING, State.WAITING, State.HELD
        found = self._table.query(
            "state eq @sending or state eq @waiting or state eq @held",
            {state.value: state.value for state in states},
        )
        yield from (_row(entity) for entity in found if _is_scan(entity))

    def held(self) -> Iterator[Row]:
        """Read every row that is `held`, of whatever day."""
        found = self._table.query("state eq @held", {"held": State.HELD.value})
        yield from (_row(entity) for entity in found if _is_scan(entity))

    def of_path(self, path: str) -> Iterator[Row]:
        """Read every row of a path, of whatever day."""
        found = self._table.query("path eq @path", {"path": path})
        yield from (_row(entity) for entity in found if _is_scan(entity))

    def until(self, end: datetime) -> Iterator[Row]:
        """Read the rows of all days up to `end`'s."""
        found = self._table.query(
            "PartitionKey le @end", {"end": end.astimezone(UTC).strftime(_DAY)}
        )
        yield from (_row(entity) for entity in found if _is_scan(entity))

    def namesakes(self, row: Row) -> Iterator[Row]:
        """Read the other rows of the same path, of the row's day and the next."""
        for later in range(2):
            day = f"{row.received + timedelta(days=later):{_DAY}}"
            found = self._table.query(
                "PartitionKey eq @day and path eq @path",
                {"day": day, "path": row.path},
            )
            others = (each for each in found if each.key != row.scan_id)
            yield from (_row(each) for each in others if _is_scan(each))

    def remove(self, row: Row) -> None:
        """Delete a row that is of no use any more. Raises StaleError."""
        try:
            self._table.delete(_entity(row))
        except ReplacedError as exc:
            raise StaleError(f"{row.scan_id} was changed meanwhile") from exc
        except MissingError:
            return


def _merged(theirs: Row, ours: Row) -> Row:
    for mail in ours.plan:
        if mail.state is MailState.ACCEPTED:
            same = [it for it in theirs.plan if (it.g, it.n) == (mail.g, mail.n)]
            # Where only some were accepted the whole mail stays to be sent again: the
            # others may have it already by whoever changed the row, under the same id.
            if all(_fits(mail, it) for it in same):
                theirs = theirs.with_mail(mail)
    return theirs


def _fits(mail: Mail, theirs: Mail) -> bool:
    """Whether it is the same mail, and its fate was not known to whoever wrote."""
    return theirs.state in PENDING and theirs.recipients == mail.recipients


def _is_scan(entity: Entity) -> bool:
    """Whether it is a scan's row: other partitions, and other people's, are not."""
    day = entity.partition
    is_day = len(day) == len("YYYYMMDD") and day.isdigit()
    return is_day and "state" in entity.values


_TEXTS = ("path", "type", "device", "container", "name", "etag", "last_error")
_TIMES = ("received", "updated", "ordered", "lease_until", "next_attempt")
_NUMBERS = ("size", "generation", "attempts")


def _entity(row: Row) -> Entity:
    values: dict[str, Value] = {name: getattr(row, name) for name in _TEXTS + _NUMBERS}
    values["state"] = row.state.value
    values["reason"] = row.reason.value if row.reason else ""
    values["assigned"] = ",".join(row.assigned)
    values["unchecked"] = row.unchecked
    values["plan"] = plan_to_json(row.plan)
    for name in _TIMES:
        if moment := getattr(row, name):
            values[name] = moment
    return Entity(day_of(row.scan_id), row.scan_id, values, row.version)


def _row(entity: Entity) -> Row:
    values: dict[str, Any] = dict(entity.values)
    known = {name: values.get(name, "") for name in _TEXTS}
    known |= {name: int(values.get(name) or 0) for name in _NUMBERS}
    known |= {name: _moment(values.get(name)) for name in _TIMES}
    return Row(
        scan_id=entity.key,
        state=State(values["state"]),
        reason=Reason(values["reason"]) if values.get("reason") else None,
        assigned=tuple(filter(None, values.get("assigned", "").split(","))),
        unchecked=bool(values.get("unchecked")),
        plan=plan_from_json(values.get("plan", "")),
        version=entity.etag,
        is_found=True,
        **known,
    )


def _moment(value: datetime | None) -> datetime | None:
    """Read a time back as a plain datetime; the SDK's own class does not compare."""
    if value is None:
        return None
    return datetime.fromtimestamp(value.timestamp(), UTC).replace(
        microsecond=value.microsecond
    )
