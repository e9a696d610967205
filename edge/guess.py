"""`scanpost-edge guess NAME…`: what the name of a scan tells; opens no file."""

from __future__ import annotations

import argparse
import json
from typing import Any

from . import profiles

NAME = "guess"


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="say what the names of scans tell: vendor, time, job, page",
        description="Reads names by edge/profiles.toml. A NAME may have its folder in "
        "front, such as DOC.XSM/00000001.TIF; the file need not exist.",
    )
    words.add_argument("names", metavar="NAME", nargs="+")
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Guess; 0 when every name is of a known kind, else 1."""
    read = [(name, profiles.guess(name)) for name in words.names]
    if words.json:
        document = [_row(name, each) for name, each in read]
        print(json.dumps(document, indent=2))
    else:
        for name, each in read:
            print(_line(name, each))
    return 0 if all(each.is_known for _, each in read) else 1


def _row(name: str, read: profiles.Guess) -> dict[str, Any]:
    """One name as JSON; null where it tells nothing."""
    return {
        "name": name,
        "vendor": read.vendor,
        "time": read.time or None,
        "job": read.job or None,
        "page": read.page,
    }


def _line(name: str, read: profiles.Guess) -> str:
    """One name for people."""
    shown = "".join(char if char.isprintable() else "?" for char in name)
    if not read.is_known:
        return f"{shown}: it tells nothing that is known here"
    said = {"time": read.time, "job": read.job, "page": read.page}
    more = [f"{key} {told}" for key, told in said.items() if told not in {"", None}]
    return f"{shown}: vendor {read.vendor}, {', '.join(more)}"
