"""`scanpost check`: settings, storage, routes, and the sign-in of each transport."""

from __future__ import annotations

import argparse
from typing import Any

from ops import desk
from shared.errors import ConfigError
from shared.health import Check, check

NAME = "check"


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="try settings, storage, routes and every sign-in",
        description="Tries everything that mailing a scan needs, sends nothing, and "
        "says what is wrong and what to do.",
    )
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


def run(words: argparse.Namespace) -> int:
    """Try everything; 0: all is well, 1: not so, 2: settings, 3: later may be."""
    try:
        checks, wrong = check(desk.works()), 1
    except ConfigError as exc:
        checks, wrong = (Check("settings", False, str(exc)),), 2
    if words.json:
        desk.print_json(
            [
                {
                    "check": c.name,
                    "ok": c.is_ok,
                    "warning": c.is_warning,
                    "text": c.text,
                }
                for c in checks
            ]
        )
    else:
        for each in checks:
            print(f"{_sign(each):3} {each.name}: {each.text}")
    failed = [each for each in checks if not each.is_ok]
    if not failed:
        return 0
    return 3 if all(each.is_passing for each in failed) else wrong


def _sign(check: Check) -> str:
    if check.is_warning:
        return "!"
    return "ok" if check.is_ok else "NO"
