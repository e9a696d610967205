"""The words by which the agent's log is searched."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from local.azurite import ROOT

SAYS = {"note", "warn", "alarm", "line", "_warn", "_say", "_log"}
"""What takes an event's name first; `alarm` takes it second."""


def events(file: Path) -> Iterator[str]:
    """Every name of an event that stands in a module."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            event = node.args[name == "alarm"] if name in SAYS else None
            if isinstance(event, ast.Constant):
                yield str(event.value)


def test_every_event_begins_alike_and_is_explained():
    """`edge_…`, each in the table of docs/edge.md, and none there that is not said."""
    said = {each for file in (ROOT / "edge").glob("*.py") for each in events(file)}
    text = (ROOT / "docs" / "edge.md").read_text()
    table = text.partition("| log: `event=` |")[2].partition("\n\n")[0]
    heads = [line.split("|")[1] for line in table.splitlines() if line[:3] == "| `"]
    told = {each for head in heads for each in re.findall(r"`([^`]+)`", head)}
    assert "edge_sent" in said
    assert {each for each in said if not each.startswith("edge_")} == set()
    assert said == told
