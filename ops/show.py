"""`scanpost show ID|PATH`: everything the ledger knows of one scan."""

from __future__ import annotations

import argparse
from typing import Any

from ops import desk
from shared.notice import reasons

NAME = "show"


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="show one scan",
        description="Shows one scan, by its id or by its path in container scans (the "
        "newest of that path).",
    )
    words.add_argument("scan", metavar="ID|PATH")
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Show it; 1 where the ledger knows no such scan."""
    row = desk.find(desk.ledger(desk.account()), words.scan)
    known = desk.columns(row)
    if words.json:
        desk.print_json(known)
        return 0
    plan = known.pop("plan")
    for name, value in known.items():
        if value not in (None, ""):
            print(f"{name:13} {desk.shown(value)}")
    for mail in plan:
        who = ", ".join([*mail["to"], *mail["cc"], *mail["bcc"]])
        which = f"mail {mail['g']}.{mail['n']}".ljust(13)
        how = f"{mail['state']} by {mail['transport']}"
        print(desk.shown(f"{which} {how} to {who}: {mail['answer']}"))
        for address, answer in mail["refused"].items():
            print(f"              refused {desk.shown(f'{address}: {answer}')}")
    if row.reason:
        print(f"what to do    {reasons()['en'][row.reason.value]['action']}")
    return 0
