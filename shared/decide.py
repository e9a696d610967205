"""Bytes at hand -> what is to be done with them: send by a plan, wait, or hold.

In: a row without a plan of its present generation, and the opened blob. Out: the row as
it should be written next. It runs the first half of the path: kind, wholeness, rules,
sidecar, recipients, plan. Raises `StorageError` and `BytesError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .content import Bytes
from .errors import MissingError, PermanentError, TransientError
from .kinds import fitting_name, sniff
from .model import Kind, Mail, MailState, Place, Reason, Scan, State
from .names import file_of
from .plain import plain_file
from .plan import NOWHERE, Order, make_plan
from .receive import known_metadata
from .route import Routing, route, sidecar_wanted
from .row import Row
from .rulebook import Book, Rulebook
from .sidecar import SidecarError, parse_sidecar, sidecar_names
from .stores.blobs import Blobs, Opened
from .ways import Sides

SIDECAR_SECONDS = (5, 10, 20, 40, 60)
"""How old a scan is when it looks again for the file beside it; then it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """What deciding needs."""

    blobs: Blobs
    rulebook: Rulebook
    sides: Sides
    incomplete_seconds: Sequence[timedelta]
    retry_at: Callable[[Row], datetime]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done."""

    row: Row
    """`sending` with a plan, `waiting`, or `held`; nothing is written yet."""
    content: Bytes
    """What is left to check of it is checked on the way."""
    beside: Place | None = None
    """The sidecar, where there is one."""
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies beside a scan that asks for a sidecar."""

    place: Place | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    """Why there is nothing to read, where there should be."""


class LookAgainError(TransientError):
    """The file, or its sidecar, may still be on its way: `after` says until when."""

    def __init__(self, what: str, reason: Reason, after: datetime) -> None:
        super().__init__(what, reason=reason)
        self.after = after


class _Case:
    """One scan on its way through the decision."""

    def __init__(self, row: Row, opened: Opened, court: Court) -> None:
        self.court = court
        self.opened = opened
        self.kind = sniff(opened.head, row.path)
        self.row = replace(row, type=self.kind.value if self.kind else "")
        kind = None if row.unchecked else self.kind
        self.content = Bytes(court.blobs, opened, kind)
        self.pages: int | None = None
        self.fault = ""
        """Why the file is not whole."""
        self.beside = Beside()
        self.trail: tuple[str, ...] = ()

    def check(self) -> None:
        """Check a small file, or one that failed before. Raises LookAgainError."""
        verdict = self.content.judge_now()
        if verdict is None and self.row.reason is Reason.INCOMPLETE:
            verdict = self.content.judge_all()
        if verdict is None:
            return
        self.pages, self.fault = verdict.pages, verdict.why
        waits = self.court.incomplete_seconds
        # Attempts before it was first found broken are no looks at the file.
        looks = self.row.attempts if self.row.reason is Reason.INCOMPLETE else 0
        if not verdict.is_whole and looks < len(waits):
            self.row = replace(self.row, attempts=looks)
            after = self.court.clock() + waits[looks]
            raise LookAgainError(verdict.why, Reason.INCOMPLETE, after)

    def accept(self, book: Book) -> Kind:
        """Hold the file against the policy. Raises PermanentError."""
        policy = book.rules.policy
        if self.fault and policy.incomplete == "hold":
            raise PermanentError(self.fault, reason=Reason.INCOMPLETE)
        if self.kind is None or self.kind not in policy.accept:
            found = self.kind or "no kind that can be mailed"
            wanted = ", ".join(sorted(policy.accept))
            what = f"the content is {found}; accepted are {wanted}"
            raise PermanentError(what, reason=Reason.TYPE_NOT_ACCEPTED)
        if self.fault:
            self.content = Bytes(self.court.blobs, self.opened, None)
        return self.kind

    def read_beside(self, book: Book) -> None:
        """Read the sidecar where the scan's route asks for one."""
        form = sidecar_wanted(self.row.path, self.row.device, book.rules)
        if form is None:
            return
        self.beside = find_beside(self.row, form, self.court.blobs)
        if self.beside.fault and not self.row.ordered:
            now, received = self.court.clock(), self.row.received
            for seconds in SIDECAR_SECONDS:
                after = received + timedelta(seconds=seconds)
                if after > now:
                    what = self.beside.fault
                    raise LookAgainError(what, Reason.SIDECAR_MISSING, after)

    def scan(self, kind: Kind) -> Scan:
        """What is known of it, for routing."""
        return Scan(
            scan_id=self.row.scan_id,
            path=self.row.path,
            received=self.row.received,
            size=self.row.size,
            kind=kind,
            device=self.row.device,
            metadata=known_metadata(self.opened.blob.metadata),
            sidecar=self.beside.values,
            pages=self.pages,
        )

    def address(self, kind: Kind, book: Book) -> Row:
        """Find out who gets it, and freeze that in a plan. Raises PermanentError."""
        if self.row.mails:
            return self._frozen()
        scan = self.scan(kind)
        routing = route(
            scan,
            book.rules,
            book.directory,
            self.court.sides,
            assigned=self.row.assigned,
        )
        self.trail = routing.trail
        if routing.reason:
            raise PermanentError(routing.detail, reason=self._reason(routing))
        order = Order(
            generation=self.row.generation,
            date=self.row.ordered if self.row.generation else None,
            attachment=plain_file(fitting_name(file_of(self.row.path), kind)),
            has=self.row.having(),
            unchecked=self._is_unchecked,
        )
        mails = make_plan(scan, routing, self.court.sides, order)
        planned = replace(
            self.row, state=State.SENDING, reason=None, plan=(*self.row.plan, *mails)
        )
        if planned.is_plan_too_long:
            what = f"a plan of {len(mails)} mails does not fit into the ledger"
            raise PermanentError(what, reason=Reason.TOO_MANY_RECIPIENTS)
        return planned

    def _frozen(self) -> Row:
        """The plan stands; the policy may have said to send what is not whole."""
        row = replace(self.row, state=State.SENDING, reason=None)
        for mail in row.pending():
            row = row.with_mail(replace(mail, unchecked=self._is_unchecked))
        return row

    def refuse(self, exc: PermanentError) -> Row:
        """Hold it; but what an earlier order left of unknown fate is found out first.

        The refusal is then kept as a mail that nobody sends.
        """
        old = () if self.row.mails else tuple(self.row.pending())
        if not old:
            return _decided(self.row, State.HELD, exc, None)
        if any(mail.unchecked for mail in old):
            self.content = Bytes(self.court.blobs, self.opened, None)
        refused = Mail(
            n=0,
            g=self.row.generation,
            transport=NOWHERE,
            sender="",
            state=MailState.REFUSED,
            reason=exc.why,
            answer=exc.what,
        )
        row = self.row.with_mail(refused)
        return replace(row, state=State.SENDING, reason=None)

    @property
    def _is_unchecked(self) -> bool:
        """Whether the policy, or an operator, says to mail it although it is broken."""
        return bool(self.fault) or self.row.unchecked

    def _reason(self, routing: Routing) -> Reason | None:
        """Nobody found, and the sidecar that may have named somebody never came."""
        if routing.reason is Reason.NO_RECIPIENT and self.beside.fault:
            return Reason.SIDECAR_MISSING
        return routing.reason


def decide(row: Row, opened: Opened, court: Court) -> Decision:
    """Find out what the bytes are, whether they are whole, and who gets them."""
    # A name may lie, a printer's folder is no promise: the bytes say what they are.
    case = _Case(row, opened, court)
    try:
        case.check()
        book = court.rulebook.current()
        kind = case.accept(book)
        case.read_beside(book)
        after = case.address(kind, book)
    except PermanentError as exc:
        after = case.refuse(exc)
    except LookAgainError as exc:
        after = _decided(case.row, State.WAITING, exc, exc.after)
        after = replace(after, attempts=after.attempts + 1)
    except TransientError as exc:
        if exc.why is not Reason.ROUTES_BROKEN:
            raise
        after = _decided(case.row, State.WAITING, exc, court.retry_at(row))
        after = replace(after, attempts=row.attempts + 1)
    return Decision(
        row=after, content=case.content, beside=case.beside.place, trail=case.trail
    )


def _decided(
    row: Row,
    state: State,
    exc: PermanentError | TransientError,
    next_attempt: datetime | None,
) -> Row:
    return replace(
        row,
        state=state,
        reason=exc.why,
        last_error=exc.what,
        next_attempt=next_attempt,
    )


def find_beside(row: Row, form: str, blobs: Blobs) -> Beside:
    """Look for the sidecar where the bytes are, and where they were."""
    fault = f"no .{form} file beside the scan"
    wanted = [(row.container, each) for each in sidecar_names(row.name, form)]
    # Where another scan has taken the name, what lies beside it is that one's.
    if row.container == "scans" or not blobs.find("scans", row.path):
        wanted += [("scans", each) for each in sidecar_names(row.path, form)]
    for container, name in dict.fromkeys(wanted):
        try:
            opened = blobs.open(container, name)
        except MissingError:
            continue
        try:
            return Beside(opened.blob.place, parse_sidecar(opened.head, form))
        except SidecarError as exc:
            # It may be half-written: as good as not there, and said so.
            fault = f"{name.rpartition('/')[2]}: {exc}"
            return Beside(opened.blob.place, {}, fault)
    return Beside(None, {}, fault)
