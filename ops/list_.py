"""`scanpost list`: the scans in the ledger, by state, device, reason and age."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ops import desk
from shared.ledger import Ledger
from shared.model import Reason, State
from shared.row import Row

NAME = "list"
_AGO = re.compile(r"(\d+(?:\.\d+)?)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="list scans",
        description="Lists the scans that the ledger knows, the oldest first.",
    )
    words.add_argument("--state", choices=[state.value for state in State])
    words.add_argument("--device", help="only of this device")
    words.add_argument("--reason", choices=[reason.value for reason in Reason])
    words.add_argument(
        "--since",
        type=moment,
        default=_BEGINNING,
        help="only received since: 36h, 7d, or a date such as 2026-11-21",
    )
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def moment(text: str) -> datetime:
    """Read `--since`. Raises ArgumentTypeError."""
    try:
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
        when = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as exc:
        words = f"{text!r} is no time: write 36h, 7d or a date such as 2026-11-21"
        raise argparse.ArgumentTypeError(words) from exc
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def run(words: argparse.Namespace) -> int:
    """List; 0 even where there is nothing to list."""
    rows = sorted(
        found(desk.ledger(desk.account()), words),
        key=lambda row: (row.received, row.updated),
    )
    if words.json:
        desk.print_json([desk.columns(row) for row in rows])
    elif rows:
        desk.print_table(rows)
    else:
        print("no scans")
    return 0


def found(book: Ledger, words: argparse.Namespace) -> Iterator[Row]:
    """The rows that match; a given-up scan matches its waiting reason too."""
    for row in book.since(words.since):
        if words.state and row.state != words.state:
            continue
        if words.device and row.device != words.device:
            continue
        if words.reason and not row.is_for(Reason(words.reason)):
            continue
        if row.received >= words.since:
            yield row
