"""`scanpost release`: order held scans sent, to those who lack them."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ops import desk
from shared.address import AddressError, parse_address
from shared.errors import ConfigError
from shared.ledger import Ledger, StaleError
from shared.model import Reason, State
from shared.row import Row, is_scan_id
from shared.settle import order_of
from shared.stores.account import Account
from shared.stores.queues import RETRIES
from shared.works import utc_now

NAME = "release"


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="send held scans",
        description="Orders held scans sent again, by today's routes, to those who do "
        "not have them. It queues them and returns.",
    )
    words.add_argument("ids", metavar="ID", nargs="*", help="ids of held scans")
    words.add_argument(
        "--reason",
        choices=[reason.value for reason in Reason],
        help="all that are held for this reason, or were given up waiting for it",
    )
    words.add_argument(
        "--to", metavar="ADDRESS", nargs="+", help="send to these instead"
    )
    words.add_argument("--yes", action="store_true", help="do not ask")
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Release; 1 where some could not be, 2 where nothing says which."""
    if bool(words.ids) == bool(words.reason):
        raise ConfigError("say which scans", hint="either ids, or --reason")
    assigned = _addresses(words.to or ())
    if not words.yes and not sys.stdin.isatty():
        raise ConfigError("nobody can be asked here", hint="add --yes")
    account = desk.account()
    book = desk.ledger(account)
    rows, refused = _chosen(book, words)
    if rows and not words.yes and not _agreed(rows):
        refused |= {row.scan_id: "not agreed to" for row in rows}
        rows = []
    released, order = [], Order(assigned, utc_now(), _who())
    for row in rows:
        try:
            released.append(release(account, book, row, order).scan_id)
        except StaleError:
            refused[row.scan_id] = "changed meanwhile: try again"
    _tell(released, refused, is_json=words.json)
    return 1 if refused or not released else 0


def _addresses(texts: Sequence[str]) -> tuple[str, ...]:
    try:
        each = [parse_address(part) for text in texts for part in text.split(",")]
    except AddressError as exc:
        raise ConfigError(f"--to: {exc}") from exc
    return tuple(dict.fromkeys(each))


def _chosen(
    book: Ledger, words: argparse.Namespace
) -> tuple[list[Row], dict[str, str]]:
    """The held rows that are meant, and why others are not."""
    if words.reason:
        reason = Reason(words.reason)
        return [row for row in book.held() if row.is_for(reason)], {}
    rows, refused = [], {}
    for scan_id in dict.fromkeys(words.ids):
        row = book.find(scan_id) if is_scan_id(scan_id) else None
        if row is None:
            refused[scan_id] = "the ledger knows no such scan"
        elif row.state is not State.HELD:
            refused[scan_id] = f"it is {row.state}, not held"
        else:
            rows.append(row)
    return rows, refused


def _agreed(rows: Sequence[Row]) -> bool:
    # To standard error: what is printed beside it may be read by a program.
    desk.print_table(rows, sys.stderr)
    print(f"Send {len(rows)}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _who() -> str:
    try:
        return getpass.getuser()
    except OSError:
        # A container's user has a number and no name.
        return f"uid {os.getuid()}"


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator orders."""

    assigned: tuple[str, ...]
    """Recipients instead of those that the rules find; empty: the rules'."""
    when: datetime
    by: str
    """Whoever gives the order."""


def release(account: Account, book: Ledger, row: Row, order: Order) -> Row:
    """Order one held scan sent. Raises StaleError where it is not held any more."""
    if row.state is not State.HELD:
        raise StaleError(f"{row.scan_id} is {row.state}, not held")
    row = book.save(row.released(order.when, order.assigned))
    # Who ordered it travels along, so that the functions' log says it.
    body = order_of(row, order.when) | {"by": order.by}
    account.queues.put(RETRIES, body, timedelta(0))
    return row


def _tell(released: list[str], refused: dict[str, str], *, is_json: bool) -> None:
    if is_json:
        desk.print_json({"released": released, "refused": refused})
        return
    for scan_id in released:
        print(f"{scan_id} queued")
    for scan_id, why in refused.items():
        print(f"{scan_id}: {why}", file=sys.stderr)
    if not released and not refused:
        print("nothing is held for that reason")
