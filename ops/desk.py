"""What the verbs share: the ledger from the settings, and rows as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, TextIO

from shared import settings
from shared.column import mail_to_dict
from shared.errors import MissingError
from shared.ledger import Ledger
from shared.plain import plain
from shared.row import Row, is_scan_id
from shared.stores.account import Account, connect, operator_identity
from shared.works import Works, build, utc_now

TEXT_LIMIT = 2000
LEFT_OUT = frozenset({"version", "is_found", "plan", "assigned", "unchecked"})


def account() -> Account:
    """Open the storage account; no transport needs to be set for that."""
    return connect(settings.read().storage, operator_identity)


def works() -> Works:
    """Wire everything, as the functions do. Raises ConfigError."""
    return build(settings.read(), identity=operator_identity)


def ledger(opened: Account) -> Ledger:
    """The ledger of an account."""
    return Ledger(opened.ledger, utc_now)


def columns(row: Row) -> dict[str, Any]:
    """The ledger's columns, as JSON values; the plan as JSON, not text."""
    out: dict[str, Any] = {}
    for each in fields(Row):
        value = getattr(row, each.name)
        if each.name not in LEFT_OUT:
            out[each.name] = value.isoformat() if isinstance(value, datetime) else value
    out["assigned"] = ",".join(row.assigned)
    out["plan"] = [mail_to_dict(mail) for mail in row.plan]
    return out


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def shown(text: object) -> str:
    """A text from outside as a terminal may have it: one line, and no commands."""
    return plain(str(text), TEXT_LIMIT)


def print_table(rows: Iterable[Row], file: TextIO | None = None) -> None:
    """One line per scan, the newest last."""
    lines = [("received", "state", "reason", "device", "id", "path")]
    for row in rows:
        reason = row.reason.value if row.reason else ""
        when = f"{row.received:%Y-%m-%d %H:%M}"
        words = (row.state, reason, shown(row.device), row.scan_id, shown(row.path))
        lines.append((when, *words))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=False))
        print("  ".join([*cells, line[5]]).rstrip(), file=file)


def _age(row: Row) -> tuple[datetime, datetime]:
    return row.received, row.updated


def find(book: Ledger, words: str) -> Row:
    """Find a scan by its id, or the newest of a path. Raises MissingError."""
    row = book.find(words) if is_scan_id(words) else None
    if row is None:
        row = max(book.of_path(words), key=_age, default=None)
    if row is None:
        raise MissingError(
            f"the ledger knows no scan {words!r}", hint="see scanpost list"
        )
    return row
