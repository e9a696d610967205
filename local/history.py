"""What the ledger knows of a scan, in words.

In: the table, read as it is. Out: `Story`s for the page and for `make run`. Storage
that is away has no stories; nothing is raised.
"""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables import EntityProperty, TableClient, TableEntity

LOGGER = logging.getLogger("scanpost.local.history")
REASONS = Path(__file__).resolve().parent.parent / "shared" / "reasons.toml"
DAYS = timedelta(days=7)
"""How far back the page looks for scans that are not sent."""
_STATES = {
    "sending": "is being sent",
    "waiting": "waits",
    "held": "is held",
    "bounced": "was returned after it was accepted",
    "sent": "was sent",
    "superseded": "was replaced by other bytes before it was sent",
    "gone": "is gone: nobody knows where the bytes are",
}
_MAILS = {
    "open": "not sent yet",
    "sending": "is being sent",
    "accepted": "accepted",
    "refused": "refused",
    "unconfirmed": "may have been accepted",
}


@dataclass(frozen=True, slots=True)
class Story:
    """One row."""

    scan_id: str
    columns: Mapping[str, Any]

    @property
    def path(self) -> str:
        """The name in `scans`."""
        return str(self.columns.get("path", ""))

    @property
    def state(self) -> str:
        """The ledger's word."""
        return str(self.columns.get("state", ""))

    @property
    def is_replaced(self) -> bool:
        """Whether it was only half a file, whose finished self came after it."""
        reason = self.columns.get("reason")
        return self.state == "superseded" and reason == "incomplete"

    @property
    def headline(self) -> str:
        """What became of it, in one sentence."""
        text = _STATES.get(self.state, self.state)
        if reason := self.columns.get("reason"):
            text += f": {_meaning(str(reason))}"
        return f"The scan {text}."

    @property
    def error(self) -> str:
        """What went wrong last."""
        return str(self.columns.get("last_error") or "")

    def facts(self) -> Iterator[tuple[str, str]]:
        """The row's columns, in words."""
        row = self.columns
        yield "File", f"{self.path} ({_size(int(row.get('size') or 0))}, {row['type']})"
        yield "Device", str(row.get("device", ""))
        yield "Received", _time(row.get("received"))
        for name, label in (
            ("updated", "Last change"),
            ("next_attempt", "Next attempt"),
            ("ordered", "Released"),
        ):
            if row.get(name):
                yield label, _time(row[name])
        yield "Attempts", str(row.get("attempts", 0))
        if self.error:
            yield "Last error", self.error
        if self.state == "held":
            action = _reasons().get(str(row.get("reason")), {}).get("action", "")
            yield "What to do", action

    def mails(self) -> Iterator[tuple[str, str]]:
        """The plan: each mail with its recipients, and how it fared."""
        for mail in json.loads(self.columns.get("plan") or "[]"):
            who = ", ".join([*mail["to"], *mail["cc"], *mail["bcc"]])
            how = _MAILS.get(mail["state"], mail["state"])
            answer = f": {mail['answer']}" if mail.get("answer") else ""
            yield f"By {mail['transport']} to {who}", f"{how}{answer}"
            for address, words in (mail.get("refused") or {}).items():
                yield f"Refused for {address}", words


class History:
    """The ledger, for reading."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    def find(self, scan_id: str) -> Story | None:
        """One scan's row."""
        try:
            row = self._table.get_entity(scan_id[:8], scan_id)
        except ResourceNotFoundError:
            return None
        except AzureError as exc:
            LOGGER.debug("no story: %s", exc)
            return None
        return _story(row)

    def unsent(self) -> list[Story]:
        """Scans of these days that are not sent, the newest first."""
        start = f"{datetime.now(UTC) - DAYS:%Y%m%d}"
        where = "PartitionKey ge @start and PartitionKey lt ':' and state ne 'sent'"
        try:
            rows = list(self._table.query_entities(where, parameters={"start": start}))
        except AzureError as exc:
            LOGGER.debug("no stories: %s", exc)
            return []
        stories = [each for each in map(_story, rows) if not each.is_replaced]
        return sorted(stories, key=lambda each: each.columns["received"], reverse=True)


def _story(row: TableEntity) -> Story:
    # Int64 comes wrapped, so that it is written back as what it was.
    columns = {
        name: value.value if isinstance(value, EntityProperty) else value
        for name, value in row.items()
    }
    return Story(str(row["RowKey"]), columns)


@cache
def _reasons() -> Mapping[str, Any]:
    found: Mapping[str, Any] = tomllib.loads(REASONS.read_text())["en"]
    return found


def _meaning(reason: str) -> str:
    return str(_reasons().get(reason, {}).get("meaning", reason))


def _time(value: datetime | None) -> str:
    """A time on this machine's clock."""
    if value is None:
        return ""
    return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"  # noqa: PLR2004 (where kB read badly)
