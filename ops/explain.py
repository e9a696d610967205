"""`scanpost explain PATH`: who would get a scan, step by step; sends nothing."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ops import desk
from shared.decide import decide
from shared.errors import ConfigError, MissingError
from shared.kinds import kind_named
from shared.model import Blob, Kind, Mail, Place, Reason, Scan
from shared.names import first_folder, is_possible
from shared.path import new_row
from shared.plan import Order, make_plan
from shared.receive import why_ignored
from shared.route import is_sidecar, route
from shared.rulebook import RoutesBrokenError
from shared.settle import SCANS
from shared.works import Works

NAME = "explain"


@dataclass(frozen=True, slots=True)
class Explained:
    """What was found out about a path."""

    device: str
    trail: tuple[str, ...]
    reason: str = ""
    mails: tuple[Mail, ...] = ()

    def document(self) -> dict[str, Any]:
        """The answer as the contract's JSON."""
        sent = [mail for mail in self.mails if mail.is_pending]
        everybody = (who for mail in sent for who in mail.recipients)
        return {
            "device": self.device,
            "trail": list(self.trail),
            "recipients": list(dict.fromkeys(everybody)),
            "transports": list(dict.fromkeys(mail.transport for mail in sent)),
            "subject": self.mails[0].subject if self.mails else "",
            "reason": self.reason,
        }


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="show who would get a scan, and why",
        description="Walks the way of a scan through the rules, without sending. PATH "
        "is the name in container scans, such as mfp-2f/scan.pdf; it need not exist.",
    )
    words.add_argument("path", metavar="PATH")
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Explain; 0 when somebody would get it, else 1."""
    if not is_possible(words.path):
        raise ConfigError(f"{words.path!r} is no blob name", hint="write DEVICE/FILE")
    answer = explained(desk.works(), words.path).document()
    if words.json:
        desk.print_json(answer)
    else:
        for line in answer["trail"]:
            print(desk.shown(line))
        who = ", ".join(answer["recipients"]) or f"nobody: {answer['reason']}"
        print(desk.shown(f"device {answer['device']} -> {who}"))
        if answer["recipients"]:
            by = ", ".join(answer["transports"])
            print(desk.shown(f"by {by}: {answer['subject']}"))
    return 0 if answer["recipients"] else 1


def explained(works: Works, path: str) -> Explained:
    """Walk the path of one file without touching anything."""
    try:
        return _explained(works, path)
    except RoutesBrokenError as exc:
        return Explained(first_folder(path), (str(exc),), Reason.ROUTES_BROKEN.value)


def _explained(works: Works, path: str) -> Explained:
    blobs = works.account.blobs
    with suppress(MissingError):
        opened = blobs.open(SCANS, path)
        row = new_row(works, opened.blob)
        if why := _not_a_scan(works, path, row.device, opened.blob.size):
            return Explained(row.device, (why,), "ignored")
        decision = decide(row, opened, works.court)
        reason = decision.row.reason
        error = (decision.row.last_error,) if reason else ()
        return Explained(
            row.device,
            (*decision.trail, *error),
            reason.value if reason else "",
            decision.row.plan,
        )
    return _imagined(works, path)


def _not_a_scan(works: Works, path: str, device: str, size: int) -> str:
    why = why_ignored(path, size)
    if why:
        return f"ignored: {why}"
    if is_sidecar(path, device, works.rulebook.current().rules):
        return "ignored: it is the sidecar of a scan"
    return ""


def _imagined(works: Works, path: str) -> Explained:
    """The same for a file that is not there: its name is believed."""
    now = works.clock()
    blob = Blob(place=Place(SCANS, path, "0"), size=1, modified=now)
    row = new_row(works, blob)
    if why := _not_a_scan(works, path, row.device, 1):
        return Explained(row.device, (why,), "ignored")
    named = kind_named(path)
    kind = named or Kind.PDF
    scan = Scan(
        scan_id=row.scan_id,
        path=path,
        received=now,
        size=1,
        kind=kind,
        device=row.device,
    )
    book, sides = works.rulebook.current(), works.sides()
    routing = route(scan, book.rules, book.directory, sides)
    trail = ("there is no such file now: its name alone is explained", *routing.trail)
    if named is None:
        trail = (*trail, "its name does not say what it is: it is taken for a PDF")
    if kind not in book.rules.policy.accept:
        refused = f"[policy] accept does not name {kind}"
        return Explained(row.device, (*trail, refused), Reason.TYPE_NOT_ACCEPTED.value)
    if routing.reason:
        whole = (*trail, routing.detail)
        return Explained(row.device, whole, routing.reason.value)
    mails = make_plan(scan, routing, sides, Order(attachment=path))
    return Explained(row.device, trail, "", mails)
