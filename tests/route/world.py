"""A tenant with two sides, scans in it, and one call that routes them."""

from __future__ import annotations

from typing import Any

from shared.directory import Directory, parse_directory
from shared.model import Kind, Scan
from shared.route import Routing, route
from shared.rules import Rules, parse_rules
from shared.transports.base import Carries
from shared.ways import Sides, Way
from tests.makers import NOON, SCAN_ID

INSIDE_WAY = Way("hve", "scans@contoso.com", Carries(max_bytes=10_485_760))
OUTSIDE_WAY = Way(
    "acs", "scans@mail.contoso.com", Carries(max_bytes=10_485_760, needs_to=True)
)
SIDES = Sides(
    internal_domains=frozenset({"contoso.com"}),
    inside=(INSIDE_WAY,),
    outside=(OUTSIDE_WAY,),
)
FALLBACK = '[defaults]\nfallback = "scans@contoso.com"\n'
PEOPLE = parse_directory(
    b"login,email,name\nann,ann.a@contoso.com,Ann\nBob,bob@fabrikam.com,Bob\n"
)


def a_scan(path: str = "mfp-2f/scan.pdf", **changes: Any) -> Scan:
    """A PDF of 2 MB, received at noon UTC; its device is its first folder."""
    folder, slash, _ = path.partition("/")
    values: dict[str, Any] = {
        "scan_id": SCAN_ID,
        "path": path,
        "received": NOON,
        "size": 2_000_000,
        "kind": Kind.PDF,
        "device": folder if slash and folder else "unknown",
    }
    return Scan(**values | changes)


def rules(text: str) -> Rules:
    """Rules as somebody wrote them."""
    return parse_rules(text.encode())


def routed(
    scan: Scan,
    toml: str = "",
    directory: Directory = PEOPLE,
    sides: Sides = SIDES,
    **more: Any,
) -> Routing:
    """Route a scan by a routes.toml."""
    return route(scan, rules(toml), directory, sides, **more)


def everybody(routing: Routing) -> list[str]:
    """All who get it."""
    return [*routing.to, *routing.cc, *routing.bcc]
