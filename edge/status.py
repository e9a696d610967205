"""`scanpost-edge status`: what is waiting and why, and what went last."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.plain import plain

from . import alive, config
from .book import FILE, Book, BookError
from .entry import Entry, Step
from .hold import is_held
from .junk import CLAIMED
from .lying import Lying, kept, look
from .running import DEFAULT

NAME = "status"
_LAST = 10
_KINDS = {
    "kept": "are kept until somebody looks",
    "sent": "are in storage, and not removed here yet",
}
_UNWATCHED = "edge.toml names the folder no more, and nobody sends them"


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the journal says."""

    last: list[Entry] = field(default_factory=list)
    stuck: list[Entry] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    steps: dict[str, Step] = field(default_factory=dict)
    """How far each claim has come."""


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="show what is waiting and why, and what went last",
        description="Reads what the agent left in its state_dir; it need not run.",
    )
    words.add_argument("--config", type=Path, default=Path(DEFAULT), metavar="FILE")
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Print how things stood when the agent wrote it down last; 1: it never did."""
    settings = config.read(words.config)
    folder = settings.state_dir
    values = alive.read_status(folder)
    values["running"] = is_held(folder)
    try:
        rows = _written(folder)
        values["journal"] = ""
    except BookError as exc:
        # What waits, and why, is wanted now more than ever.
        rows, values["journal"] = _Rows(), str(exc)
    others = alive.watched(values) | set(rows.folders)
    places = look([each.path for each in settings.folders], others, rows.steps)
    values["claimed"] = [each.said() for each in places]
    _add(values, rows, places)
    if words.json:
        print(json.dumps(values, indent=2))
    else:
        _print(values)
    return 0 if "time" in values else 1


def _add(values: dict[str, Any], rows: _Rows, places: list[Lying]) -> None:
    """Add what went last, and what a person must look at."""
    values["last"] = [
        {
            "path": each.path,
            "blob": each.blob,
            "size": each.size,
            "time": datetime.fromtimestamp(each.changed, UTC).isoformat("T", "seconds"),
        }
        for each in rows.last
    ]
    values["problems"] = [
        {
            **{"folder": each.folder, "path": each.path, "why": each.error},
            "kept": list(kept(places, each.members)),
        }
        for each in rows.stuck
    ]


def _written(folder: Path) -> _Rows:
    if not (folder / FILE).exists():
        return _Rows()
    book = Book(folder)
    try:
        rows = book.open()
        steps = dict.fromkeys(book.sent(), Step.CLEARED)
        steps |= {each: row.step for row in rows for each in row.members}
        stuck = [each for each in rows if each.step is Step.PROBLEM]
        return _Rows(book.last(_LAST), stuck, book.folders(), steps)
    finally:
        book.close()


def _print_files(values: dict[str, Any]) -> None:
    watched = [each for each in values["claimed"] if each["watched"]]
    # What was claimed since it was written down counts as well.
    waiting = max(values.get("backlog", 0), sum(each["waiting"] for each in watched))
    said = [f"{waiting} files wait"]
    for kind, words in _KINDS.items():
        tops = [_top(each) for each in watched if each[kind]]
        if tops:
            count = sum(each[kind] for each in watched)
            said.append(f"{count} {words} (in {', '.join(tops)})")
    print(", ".join(said))
    for each in values["claimed"]:
        if each["why"]:
            print(f"{_top(each)} cannot be looked into: {each['why']}")
        elif not each["watched"]:
            count = sum(each[kind] for kind in ("waiting", *_KINDS))
            print(f"{count} files lie in {_top(each)}: {_UNWATCHED}")
    for each in values.get("waiting", []):
        print(f"  {_place(each)}: {plain(each['why'], 300)}")
    for each in values.get("leftovers", []):
        print(f"LEFT {_place(each)}: {each['why']}")


def _place(each: dict[str, Any]) -> str:
    """Where a file is: printers name their scans alike."""
    return plain(f"{each['folder']}/{each['path']}", 600)


def _top(each: dict[str, Any]) -> str:
    """Where claims lie."""
    return plain(f"{each['folder']}/{CLAIMED}", 600)


def _print_agent(values: dict[str, Any]) -> None:
    if "time" not in values:
        print("the agent has not run yet, or cannot write into its state_dir")
        return
    stands = "" if values["running"] else ", and is not running now"
    print(f"agent {values['agent']}, as of {values['time']}{stands}")
    if values["storage"]:
        print(f"storage is away: {plain(values['storage'], 300)}")
    for each in values["folders"]:
        print(f"folder {each['path']}: {each['trouble'] or 'watched'}")


def _print(values: dict[str, Any]) -> None:
    _print_agent(values)
    if "time" in values or values["claimed"]:
        _print_files(values)
    if values["journal"]:
        print(f"the journal cannot be read: {plain(values['journal'], 300)}")
    for each in values["problems"]:
        print(f"PROBLEM {_place(each)}: {plain(each['why'], 300)}")
        for file in each["kept"]:
            print(f"  kept in {plain(file, 300)}; to try again, move it back")
    for each in values["last"]:
        print(f"sent {each['time']} {plain(each['blob'], 300)}")
