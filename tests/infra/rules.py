"""Our alert rules, workbook tiles and saved queries, as the templates deploy them.

Placeholders that Bicep fills are filled here, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from .kql import Query, Row
from .template import INFRA

MONITORING = INFRA / "monitoring"
FILLED = {"timezone": "Etc/UTC", "weekdays": "1, 2, 3, 4, 5", "dayEnds": "18"}
FILLED |= {"memoryMb": "2048", "monthlyBudget": "20"}
_UNITS = {"M": "minutes", "H": "hours", "D": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert rule."""

    name: str
    text: str
    every: timedelta
    window: timedelta
    split: str
    mails: bool
    severity: int

    def fires(self, rows: list[Row], now: datetime) -> set[str]:
        """The alerts that stand now: one for each value of `split`."""
        start = now - self.window
        there = [row for row in rows if start < row["TimeGenerated"] <= now]
        return {
            str(row.get(self.split, self.name))
            for row in Query(self.text).run(there, now)
        }


def filled(text: str, **values: str) -> str:
    """A query with its placeholders filled."""
    for name, value in (FILLED | values).items():
        text = text.replace("{" + name + "}", value)
    return text


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule of alerts.bicep and costs.bicep, by name."""
    listed = json.loads((MONITORING / "alerts.json").read_text(encoding="utf-8"))
    cost = {"name": "daily-cost", "every": "PT1H", "window": "P1D", "split": ""}
    made = (_rule(each) for each in [*listed, cost | {"mails": True, "severity": 3}])
    return {rule.name: rule for rule in made}


def unfilled(name: str) -> str:
    """A rule's query with its placeholders."""
    return (MONITORING / "alerts" / f"{name}.kql").read_text(encoding="utf-8")


def _rule(told: Mapping[str, Any]) -> Rule:
    return Rule(
        name=told["name"],
        text=filled(unfilled(told["name"])),
        every=_span(told["every"]),
        window=_span(told["window"]),
        split=told["split"],
        mails=told["mails"],
        severity=told["severity"],
    )


def _span(text: str) -> timedelta:
    """Read a length of time as ARM writes it: PT15M."""
    found = re.fullmatch(r"PT?(\d+)([MHD])", text)
    assert found, text
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@cache
def saved() -> Mapping[str, str]:
    """The saved queries, by name; the first line says what each shows."""
    files = sorted((MONITORING / "queries").glob("*.kql"))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


@cache
def workbook() -> Mapping[str, Any]:
    """The workbook."""
    text = (MONITORING / "workbook.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def tiles() -> Mapping[str, Mapping[str, Any]]:
    """What the workbook shows of the log, by name."""
    items = workbook()["items"]
    return {each["name"]: each["content"] for each in items if each["type"] == 3}
