"""Who is named for a scan: the steps of docs/routing.md, in order, each with its line.

In: the `Sources` of a scan and the directory. Out: `Named`, not yet held against any
policy. A value from outside is one recipient, or a comma-separated list where it stands
for a list, and nothing else. Pure; raises nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .address import AddressError, key_of, parse_address
from .directory import Directory
from .kinds import kind_named
from .plain import plain
from .rules_check import DIRECTORY
from .sources import Sources

SHOWN_LIMIT = 120
"""Characters of what is shown of a value that is no address."""
_LINE_LIMIT = 500
_TOP_LEVEL = re.compile(
    r"[a-z]{2}|com|org|net|edu|gov|mil|int|info|biz|pro|name|coop|aero|museum",
    re.IGNORECASE,
)
"""Endings that domains have, and scans have not."""
_BETWEEN = re.compile(r"[ \u00a0\u3000,;()\[\]{}<>]+")
"""Blanks, commas, semicolons and brackets; a line end is none of them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one step, or one list, brought."""

    words: str
    good: tuple[str, ...] = ()
    """Addresses, once each."""
    bad: Mapping[str, str] = field(default_factory=dict)
    """What was meant for an address and is none -> why."""

    def line(self) -> str:
        """What the trail says of it."""
        who = f": {', '.join(self.good)}" if self.good else ""
        why = f"; left out {'; '.join(self.bad.values())}" if self.bad else ""
        return plain(f"{self.words}{who}{why}", _LINE_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Everybody who is named, once: who stands in `to` is not in `cc`, and so on."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    bad: Mapping[str, str] = field(default_factory=dict)
    trail: tuple[str, ...] = ()


def named(
    sources: Sources, directory: Directory, assigned: tuple[str, ...] = ()
) -> Named:
    """Find who is named; `assigned`, an operator's, are named instead of all others."""
    if assigned:
        found = _listed("an operator assigned", assigned)
        return Named(to=found.good, bad=found.bad, trail=(found.line(),))
    winner, trail = _walked(sources, directory)
    copies = {key: _copies(sources, directory, key) for key in ("cc", "bcc")}
    own = {key: bool(sources.said(key)) for key in copies}
    if not winner.good and not any(own[key] and copies[key].good for key in copies):
        # Standing copies alone are no recipient: else nobody would look at the scan.
        return Named(bad=winner.bad, trail=trail)
    bad = dict(winner.bad)
    for key, found in copies.items():
        bad |= found.bad
        if found.good or found.bad:
            trail = (*trail, f"{key} {found.line()}")
    to, cc, bcc = _apart(winner.good, copies["cc"].good, copies["bcc"].good)
    return Named(to=to, cc=cc, bcc=bcc, bad=bad, trail=trail)


def _walked(sources: Sources, directory: Directory) -> tuple[Found, tuple[str, ...]]:
    """Take the steps up to the first that finds somebody."""
    lines: list[str] = []
    bad: dict[str, str] = {}
    winner: Found | None = None
    for number, (name, step) in enumerate(_STEPS, start=1):
        if winner is None:
            found = step(sources, directory)
            winner = found if found.good else None
            bad |= found.bad
            lines.append(f"{number} {name}: {found.line()}")
        else:
            lines.append(f"{number} {name}: not asked, somebody was found")
    return winner or Found("nobody", bad=bad), tuple(lines)


def _by_metadata(sources: Sources, _: Directory) -> Found:
    to = sources.scan.metadata.get("to", "")
    return _listed("to", to.split(",")) if to.strip() else Found("it has no `to`")


def _by_sidecar(sources: Sources, _: Directory) -> Found:
    if not sources.route or not sources.route.sidecar:
        return Found("the scan's route asks for none")
    to = sources.sidecar.get("to", "")
    if to.strip():
        return _listed("to", to.split(","))
    return Found("it has no `to`" if sources.sidecar else "there is none")


def _by_routes(sources: Sources, directory: Directory) -> Found:
    route = sources.route
    if not route:
        count = len(sources.rules.routes)
        return Found(f"none of {count} fits" if count else "there are none")
    words = f'the one in line {route.line}, "{route.match.text}", fits'
    return _expanded(sources, directory, words, [(each, True) for each in route.to])


def _by_names(sources: Sources, _: Directory) -> Found:
    *folders, file = sources.scan.path.split("/")
    named = [each for each in folders if "@" in each]
    stem, extension = file.rpartition(".")[::2]
    parts = _listed("", [*named, *_BETWEEN.split(stem)])
    if kind_named(file) is None:
        # What follows the last dot may be no extension, but the address's own end.
        whole = _listed("", _BETWEEN.split(file))
        is_cut = bool(whole.good and _listed("", _BETWEEN.split(stem)).good)
        if is_cut and _TOP_LEVEL.fullmatch(extension):
            return Found("it is not known where the address in the file name ends")
        parts = parts if parts.good else whole
    if not parts.good:
        return Found("no folder is an address, and no part of the file name")
    return Found("in the path", parts.good)


def _by_fallback(sources: Sources, directory: Directory) -> Found:
    bad: dict[str, str] = {}
    for template, is_of_route in sources.rulings("fallback"):
        words = f'"{template}"'
        found = _expanded(sources, directory, words, [(template, is_of_route)])
        if found.good:
            return found
        bad |= found.bad
    return Found("none that is an address" if bad else "there is none", bad=bad)


type _Step = Callable[[Sources, Directory], Found]

_STEPS: tuple[tuple[str, _Step], ...] = (
    ("metadata", _by_metadata),
    ("sidecar", _by_sidecar),
    ("routes", _by_routes),
    ("names", _by_names),
    ("fallback", _by_fallback),
)


def _copies(sources: Sources, directory: Directory, key: str) -> Found:
    """Find `cc` or `bcc`, which are found each on its own, as texts are."""
    if said := sources.said(key):
        return _listed("said with the scan", said.split(","))
    templates, is_of_route = sources.ruled(key)
    each = [(template, is_of_route) for template in templates or ()]
    return _expanded(sources, directory, "said in routes.toml", each)


def _listed(words: str, texts: Iterable[str]) -> Found:
    """Read each text as one address."""
    good: list[str] = []
    bad: dict[str, str] = {}
    for text in filter(None, (each.strip(" ") for each in texts)):
        try:
            good.append(parse_address(text))
        except AddressError as exc:
            bad[_shown(text)] = f"not-an-address: {exc}"
    return Found(words, _apart(good)[0], bad)


def _expanded(
    sources: Sources,
    directory: Directory,
    words: str,
    templates: Iterable[tuple[str, bool]],
) -> Found:
    """Fill in recipients of the rules, each for itself, and look logins up."""
    addresses: list[str] = []
    bad: dict[str, str] = {}
    for template, is_of_route in templates:
        text = sources.recipient(template, is_of_route=is_of_route)
        if not template.startswith(DIRECTORY):
            addresses.append(text)
            continue
        login = text.removeprefix(DIRECTORY)
        entry = directory.find(login)
        if entry:
            addresses.append(entry.email)
        else:
            why = f"not-an-address: directory.csv has no login {_shown(login)!r}"
            bad[_shown(text)] = why
    found = _listed(words, addresses)
    is_empty = not found.good and not found.bad and not bad
    nobody = f"{words} and names nobody" if is_empty else words
    return Found(nobody, found.good, {**found.bad, **bad})


def _shown(text: str) -> str:
    return plain(text, SHOWN_LIMIT) or "(blank)"


def _apart(*groups: Iterable[str]) -> list[tuple[str, ...]]:
    """Keep each mailbox once, where it stands first."""
    seen: set[str] = set()
    out = []
    for group in groups:
        kept = []
        for address in group:
            if key_of(address) not in seen:
                seen.add(key_of(address))
                kept.append(address)
        out.append(tuple(kept))
    return out
