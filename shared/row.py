"""The ledger's row as a noun.

A row tells the whole story of one scan. What becomes of it is decided by its mails:
`standing` derives the state from them, and nothing else does.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from .column import is_too_long
from .model import Mail, MailState, Place, Reason, State

EPOCH = date(1970, 1, 1)
_VERSION, _VARIANT = 8, 0b10
_SCAN_ID = re.compile(r"[0-9]{8}-[0-9a-f]{20}")


def scan_id_of(account: str, place: Place, modified: datetime) -> str:
    """Name a scan by its bytes' place and version (docs/ledger.md)."""
    text = f"{account}/{place.container}/{place.name}/{place.etag}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{modified.astimezone(UTC):%Y%m%d}-{digest[:20]}"


def day_of(scan_id: str) -> str:
    """The partition: the id's UTC date, `YYYYMMDD`."""
    return scan_id[:8]


def operation_id_of(scan_id: str, n: int, g: int) -> str:
    """Pack the scan into a version-8 UUID (RFC 9562, 5.8), so that it leads back."""
    day = datetime.strptime(day_of(scan_id), "%Y%m%d").replace(tzinfo=UTC).date()
    bits = (day - EPOCH).days << 106 | int(scan_id[9:], 16) << 26 | n << 18 | g << 10
    # 122 bits, cut where the version (48..51) and the variant (64, 65) stand.
    high, middle, low = bits >> 74, bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    stamp = _VERSION << 76 | _VARIANT << 62
    return str(uuid.UUID(int=high << 80 | middle << 64 | low | stamp))


def is_scan_id(text: str) -> bool:
    """Whether a text could be a scan's id."""
    return _SCAN_ID.fullmatch(text) is not None


def scan_of_operation(operation_id: str) -> tuple[str, int, int] | None:
    """Read scan id, n and g back out of an operation id; None where it is not ours."""
    try:
        value = uuid.UUID(operation_id).int
    except ValueError:
        return None
    if value >> 76 & 0xF != _VERSION or value >> 62 & 3 != _VARIANT:
        return None
    bits = value >> 80 << 74 | (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1
    if bits & 0x3FF:
        return None
    day = EPOCH + timedelta(days=bits >> 106)
    digest = bits >> 26 & (1 << 80) - 1
    return f"{day:%Y%m%d}-{digest:020x}", bits >> 18 & 0xFF, bits >> 10 & 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scan in the ledger; the columns are in docs/ledger.md."""

    scan_id: str
    state: State
    reason: Reason | None = None
    path: str
    received: datetime
    size: int
    type: str = ""
    device: str
    container: str
    name: str
    etag: str
    generation: int = 0
    ordered: datetime | None = None
    assigned: tuple[str, ...] = ()
    unchecked: bool = False
    """It was held as `incomplete`, and an operator ordered it sent as it is."""
    attempts: int = 0
    last_error: str = ""
    updated: datetime
    lease_until: datetime | None = None
    next_attempt: datetime | None = None
    plan: tuple[Mail, ...] = ()
    version: str = ""
    """The row's own ETag; empty while it is not stored."""
    is_found: bool = field(default=False, compare=False)
    """It was read from the ledger: somebody may have begun with it before us."""

    @property
    def place(self) -> Place:
        """Where the bytes are now."""
        return Place(self.container, self.name, self.etag)

    def at(self, place: Place) -> Row:
        """The same row with its bytes elsewhere."""
        return replace(
            self, container=place.container, name=place.name, etag=place.etag
        )

    @property
    def mails(self) -> tuple[Mail, ...]:
        """The mails of the present generation."""
        return tuple(mail for mail in self.plan if mail.g == self.generation)

    def pending(self) -> Iterator[Mail]:
        """Mails with something left to do: older ones only while unconfirmed."""
        for mail in self.plan:
            old_and_unsent = mail.g != self.generation and mail.state is MailState.OPEN
            if mail.is_pending and not old_and_unsent:
                yield mail

    def mail(self, g: int, n: int) -> Mail:
        """One mail of the plan. Raises KeyError."""
        for each in self.plan:
            if (each.g, each.n) == (g, n):
                return each
        raise KeyError((g, n))

    def with_mail(self, mail: Mail) -> Row:
        """The same row with one mail (by `g` and `n`) replaced, or appended."""
        key = (mail.g, mail.n)
        if not any((each.g, each.n) == key for each in self.plan):
            return replace(self, plan=(*self.plan, mail))
        plan = tuple(mail if (m.g, m.n) == key else m for m in self.plan)
        return replace(self, plan=plan)

    def orphaned(self) -> Row:
        """What a dead worker left `sending` may have been accepted."""
        row = self
        for mail in self.plan:
            if mail.state is MailState.SENDING:
                reason, state = Reason.UNCONFIRMED, MailState.UNCONFIRMED
                lost = replace(mail, state=state, reason=reason, after=None)
                row = row.with_mail(lost)
        return row

    def is_for(self, reason: Reason) -> bool:
        """Whether it is held, or was given up waiting, for this reason."""
        gave_up = self.reason is Reason.GAVE_UP
        return self.reason is reason or (
            gave_up and self.last_error.startswith(f"{reason}:")
        )

    def released(self, now: datetime, assigned: tuple[str, ...]) -> Row:
        """The row as an operator orders it sent again, to those who lack the scan.

        A mail whose fate is unknown keeps its generation and its recipients: only as
        the same mail can it be sent again.
        """
        row = self
        for mail in self.plan:
            if mail.state is MailState.UNCONFIRMED:
                row = row.with_mail(replace(mail, held=False, after=None))
        is_all_unknown = bool(self.mails) and all(
            mail.state is MailState.UNCONFIRMED
            or (mail.state is MailState.ACCEPTED and not mail.lacking)
            for mail in self.mails
        )
        keeps = is_all_unknown and not assigned
        return replace(
            row,
            state=State.WAITING,
            generation=self.generation if keeps else self.generation + 1,
            ordered=now,
            assigned=assigned,
            unchecked=self.unchecked or self.is_for(Reason.INCOMPLETE),
            next_attempt=now,
            attempts=0,
        )

    def having(self) -> frozenset[str]:
        """Recipients who have the scan, or may have it (their mail is unconfirmed)."""
        have: set[str] = set()
        for mail in self.plan:
            if mail.state in {
                MailState.ACCEPTED,
                MailState.UNCONFIRMED,
                MailState.SENDING,
            }:
                have.update(set(mail.recipients) - mail.lacking)
        return frozenset(have)

    @property
    def is_plan_too_long(self) -> bool:
        """Whether the plan may come not to fit into its column."""
        return is_too_long(self.plan)

    @property
    def holder(self) -> Mail | None:
        """The mail that a person is asked about: of unknown fate before refused."""
        unknown = (mail for mail in self.plan if mail.held)
        refused = (m for m in self.mails if m.state is MailState.REFUSED or m.refused)
        return next(chain(unknown, refused), None)


def standing(row: Row) -> tuple[State, Reason | None]:
    """State and reason that the row's mails add up to: the first that applies."""
    waiting = list(row.pending())
    if waiting:
        first = min(waiting, key=lambda mail: mail.after or row.updated)
        return State.WAITING, first.reason or Reason.UNREACHABLE
    if holder := row.holder:
        unknown, refused = Reason.UNCONFIRMED, holder.reason or Reason.RECIPIENT_REFUSED
        return State.HELD, unknown if holder.held else refused
    # Whom a later generation reached has it after all.
    if {who for mail in row.plan for who in mail.bounced} - row.having():
        return State.BOUNCED, None
    return State.SENT, None
