"""What the code can write into its log: read off every call of the journal.

Events, alarm words, and the fields of calls that name them in place. Raises
AssertionError at a call that this cannot read, so that none goes unseen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shared.model import LOST

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = sorted((ROOT / "shared").rglob("*.py"))
_STATE = "row.state.value"
"""What `alarm` is called with where a scan is lost."""


@dataclass(frozen=True, slots=True)
class Call:
    """One line that can be written."""

    event: str
    alarms: frozenset[str]
    fields: frozenset[str]
    """As far as they are named in the call."""


@cache
def calls() -> tuple[Call, ...]:
    """Every call of `note`, `warn` and `alarm` in what runs in Azure."""
    return tuple(each for path in CODE for each in _calls(path))


def _calls(path: Path) -> Iterator[Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and (word := _called(node)):
            arguments = list(node.args)
            alarms = _alarms(arguments.pop(0)) if word == "alarm" else frozenset()
            event = arguments[0]
            assert isinstance(event, ast.Constant), f"{path.name}:{node.lineno}"
            yield Call(str(event.value), alarms, _fields(arguments[1]))


def _called(node: ast.Call) -> str:
    """Which of the three it calls; empty: none."""
    name = node.func
    if isinstance(name, ast.Attribute) and ast.unparse(name.value) == "journal":
        return name.attr if name.attr in {"note", "warn", "alarm"} else ""
    is_ours = isinstance(name, ast.Name) and name.id in {"note", "warn", "alarm"}
    return ast.unparse(name) if is_ours else ""


def _alarms(word: ast.expr) -> frozenset[str]:
    if isinstance(word, ast.Constant):
        return frozenset({str(word.value)})
    assert ast.unparse(word) == _STATE, ast.unparse(word)
    return frozenset(state.value for state in LOST)


def _fields(said: ast.expr) -> frozenset[str]:
    if not isinstance(said, ast.Dict):
        return frozenset()
    return frozenset(str(k.value) for k in said.keys if isinstance(k, ast.Constant))


def alarm_words() -> frozenset[str]:
    """Every word that `alarm=` can hold."""
    return frozenset().union(*(each.alarms for each in calls()))


def events() -> frozenset[str]:
    """Every event; `failed` is written by function_app.py."""
    return frozenset(each.event for each in calls()) | {"failed"}
