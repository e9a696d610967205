"""`scanpost-edge status`: what is waiting and why, and what went last."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.plain import plain

from . import alive, config
from .book import FILE, Book, BookError
from .entry import Entry, Step
from .hold import is_held
from .junk import CLAIMED
from .running import DEFAULT

NAME = "status"
_LAST = 10


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
    folder = config.read(words.config).state_dir
    values = _left(folder / alive.FILE)
    values["running"] = is_held(folder)
    try:
        last, stuck = _written(folder)
        values["journal"] = ""
    except BookError as exc:
        # What waits, and why, is wanted now more than ever.
        last, stuck, values["journal"] = [], [], str(exc)
    values["last"] = [
        {
            "path": each.path,
            "blob": each.blob,
            "size": each.size,
            "time": datetime.fromtimestamp(each.changed, UTC).isoformat("T", "seconds"),
        }
        for each in last
    ]
    values["problems"] = [
        {
            **{"folder": each.folder, "path": each.path, "why": each.error},
            "kept": _kept(each),
        }
        for each in stuck
    ]
    if words.json:
        print(json.dumps(values, indent=2))
    else:
        _print(values)
    return 0 if "time" in values else 1


def _written(folder: Path) -> tuple[list[Entry], list[Entry]]:
    """What went last, and what a person must look at."""
    if not (folder / FILE).exists():
        return [], []
    book = Book(folder)
    try:
        return book.last(_LAST), [it for it in book.open() if it.step is Step.PROBLEM]
    finally:
        book.close()


def _kept(entry: Entry) -> list[str]:
    """Where its files are: back in the folder, they are tried again."""
    top = Path(entry.folder, CLAIMED)
    return [
        str(file)
        for key in entry.members
        for claim in top.glob(f"{key}*")
        for file in sorted(claim.rglob("*"))
        if file.is_file()
    ]


def _left(file: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values


def _print_files(values: dict[str, Any]) -> None:
    print(f"{values['backlog']} files wait")
    for each in values["waiting"]:
        print(f"  {_place(each)}: {plain(each['why'], 300)}")
    for each in values.get("leftovers", []):
        print(f"LEFT {_place(each)}: {each['why']}")


def _place(each: dict[str, Any]) -> str:
    """Where a file is: printers name their scans alike."""
    return plain(f"{each['folder']}/{each['path']}", 600)


def _print(values: dict[str, Any]) -> None:
    if "time" not in values:
        print("the agent has not run yet, or cannot write into its state_dir")
    else:
        stands = "" if values["running"] else ", and is not running now"
        print(f"agent {values['agent']}, as of {values['time']}{stands}")
        if values["storage"]:
            print(f"storage is away: {plain(values['storage'], 300)}")
        for each in values["folders"]:
            print(f"folder {each['path']}: {each['trouble'] or 'watched'}")
        _print_files(values)
    if values["journal"]:
        print(f"the journal cannot be read: {plain(values['journal'], 300)}")
    for each in values["problems"]:
        print(f"PROBLEM {_place(each)}: {plain(each['why'], 300)}")
        for kept in each["kept"]:
            print(f"  kept in {plain(kept, 300)}; to try again, move it back")
    for each in values["last"]:
        print(f"sent {each['time']} {plain(each['blob'], 300)}")
