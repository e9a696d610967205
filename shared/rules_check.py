"""What may stand in routes.toml: one table of keys for each of its tables.

In: the values that `tomllib` read, and their lines. Out: checked values for `rules`.
Raises nothing: each fault is written down with its line, and reading goes on. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from .address import AddressError, parse_address, parse_domain
from .model import Kind
from .patterns import Pattern, PatternError, fill, parse_pattern, placeholders
from .rules_lines import Path

type Fault = tuple[int, str]
"""A line, counted from 1, and what is wrong there."""

LANGUAGES = ("en", "de")
"""Those that texts.toml has; a test holds the two against each other."""
MOST_RECIPIENTS = 250
"""Highest `max_recipients`: a plan numbers its mails in eight bits."""
FIXED = frozenset({"device", "file", "name", "user", "date", "time", "pages"})
"""Placeholders of every text."""
PERSONAL = frozenset({"device", "user"})
"""Those of every recipient; `{device}` is the id there."""
DIRECTORY = "directory:"
_AFTER_BRACES = re.compile(r"\{([\w-]+)")
_SAMPLE = "x.x"
"""Stands for a value that is not known yet, before the '@' and behind it."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the file, where it stands, and how to say what is wrong with it."""

    raw: Any
    """None where the file says nothing: TOML has no null."""
    lines: Mapping[Path, int]
    path: Path = ()
    captures: frozenset[str] = frozenset()
    """What the route's `match` captures."""
    faults: list[Fault] = field(default_factory=list)
    """Those of the whole file."""

    @property
    def line(self) -> int:
        """Where it stands, or the nearest thing above it."""
        places = (self.path[:length] for length in range(len(self.path), 0, -1))
        return next((self.lines[each] for each in places if each in self.lines), 1)

    def blame(self, what: str) -> None:
        """Write down what is wrong with it."""
        keys = [each for each in self.path if isinstance(each, str)]
        self.faults.append((self.line, f"{keys[-1]}: {what}" if keys else what))

    def at(self, key: str | int) -> Value:
        """What stands at a key or a position."""
        raw = self.raw.get(key) if isinstance(self.raw, dict) else self.raw[key]
        return replace(self, raw=raw, path=(*self.path, key))

    def entries(self) -> Iterator[tuple[str, Value]]:
        """The entries of a table."""
        if isinstance(self.raw, dict):
            yield from ((key, self.at(key)) for key in self.raw)
        elif self.raw is not None:
            self.blame("this is a table: write its name between brackets")

    def elements(self, form: str) -> Iterator[Value]:
        """The elements of a list; `form` says how one is written."""
        if isinstance(self.raw, list):
            yield from (self.at(position) for position in range(len(self.raw)))
        elif self.raw is not None:
            self.blame(f"write {form}")


type Check = Callable[[Value], Any]
"""Returns what the file means; a fault is blamed, and anything comes back."""


def suggestion(word: str, known: Collection[str]) -> str:
    """Say which word may have been meant, or all that there are."""
    near = get_close_matches(word.lower(), known, n=1)
    every = ", ".join(sorted(known))
    return f"did you mean {near[0]}?" if near else f"write one of {every}"


def table(value: Value, checks: Mapping[str, Check]) -> dict[str, Any]:
    """Check a table; returns the values by the names of their fields."""
    values = {}
    for key, each in value.entries():
        if key in checks:
            values[_FIELDS.get(key, key)] = checks[key](each)
        else:
            each.blame(f"unknown key: {suggestion(key, checks)}")
    return values


def checked_pattern(value: Value) -> Pattern:
    """Check a `match`."""
    if value.raw is None:
        value.blame('missing: write, for instance, match = "{device}/**"')
        return Pattern("")
    text = _text(value)
    try:
        return parse_pattern(text) if isinstance(value.raw, str) else Pattern("")
    except PatternError as exc:
        value.blame(str(exc))
        # Its captures, good or bad, count as known: one fault is enough.
        return Pattern("", tuple(_AFTER_BRACES.findall(text)))


def _read_before(_: Value) -> None:
    """Pass over `match`: the other keys of a route need what it captures."""


def _text(value: Value) -> str:
    if not isinstance(value.raw, str):
        value.blame("write a text, between quotation marks")
        return ""
    return value.raw


def _template(value: Value) -> str:
    text = _text(value)
    _blame_unknown(value, text, FIXED | value.captures)
    return text


def _blame_unknown(value: Value, text: str, known: frozenset[str]) -> bool:
    """Blame placeholders that nothing will fill; returns whether there were some."""
    try:
        unknown = [each for each in placeholders(text) if each not in known]
    except PatternError as exc:
        value.blame(str(exc))
        return True
    for name in unknown:
        hint = suggestion(name, known)
        value.blame(f"unknown placeholder {{{name}}}: {hint}")
    return bool(unknown)


def _recipient(value: Value) -> str:
    """Check one recipient: an address, `directory:…`, with placeholders or without."""
    text = _text(value)
    if not text or _blame_unknown(value, text, PERSONAL | value.captures):
        if value.raw == "":
            value.blame("empty: write an address, or leave the key out")
        return text
    if text.startswith(DIRECTORY):
        if not text.removeprefix(DIRECTORY).strip():
            value.blame("write directory:{login}, with what the match captures")
        return text
    names = placeholders(text)
    if names and text == f"{{{names[0]}}}":
        return text
    try:
        address = parse_address(fill(text, dict.fromkeys(names, _SAMPLE)))
    except AddressError as exc:
        hint = ", such as {login}@contoso.com" if names else ""
        value.blame(f"{exc}: write an address{hint}")
        return text
    return text if names else address


def _recipients(value: Value) -> tuple[str, ...]:
    form = 'a list, such as ["office@contoso.com"]'
    return tuple(_recipient(each) for each in value.elements(form))


def _reply_to(value: Value) -> str:
    """Check where answers go; what turns out to be no address then is dropped."""
    text = _template(value)
    try:
        return parse_address(text) if text and "{" not in text else text
    except AddressError as exc:
        value.blame(f"{exc}: write an address, or {{user}}")
        return text


def _zone(value: Value) -> str:
    name = _text(value)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=1)
        hint = near[0] if near else "Europe/Berlin"
        value.blame(f"{name!r} is no time zone: write an IANA name, such as {hint}")
    return name


def _one_of(*words: str) -> Check:
    def check(value: Value) -> str:
        word = _text(value)
        if word not in words and isinstance(value.raw, str):
            value.blame(f"{word!r} is not known here: {suggestion(word, words)}")
        return word

    return check


def _name(value: Value) -> str:
    text = _text(value)
    if isinstance(value.raw, str) and not text.strip():
        value.blame("empty: write what people call the device, or leave it out")
    return text


def _domains(value: Value) -> tuple[str, ...]:
    return tuple(map(_domain, value.elements('a list, such as ["fabrikam.com"]')))


def _domain(value: Value) -> str:
    """Check a domain that may receive: itself, `*.` its subdomains, or `*`."""
    text = _text(value)
    if text == "*" or not isinstance(value.raw, str):
        return text
    try:
        # Below `*.` a single label will do: `*.uk`.
        if text.startswith("*."):
            return "*" + parse_domain(f"x{text[1:]}").removeprefix("x")
        return parse_domain(text)
    except AddressError as exc:
        value.blame(f"{exc}: write fabrikam.com, *.fabrikam.com, or * for all")
        return text


def _count(value: Value) -> int:
    count = value.raw if isinstance(value.raw, int) else 0
    if isinstance(value.raw, bool) or not 1 <= count <= MOST_RECIPIENTS:
        value.blame(f"write a number from 1 to {MOST_RECIPIENTS}")
    return count


def _kinds(value: Value) -> frozenset[Kind]:
    check = _one_of(*Kind)
    words = {check(each) for each in value.elements('a list, such as ["pdf"]')}
    return frozenset(Kind) & words


_FIELDS = {"from": "sender"}
"""Keys that cannot be the names of fields."""

TEXTS: Mapping[str, Check] = {
    "fallback": _recipient,
    "subject": _template,
    "from_name": _template,
    "reply_to": _reply_to,
    "timezone": _zone,
    "language": _one_of(*LANGUAGES),
    "from": _one_of("service", "user"),
    "cc": _recipients,
    "bcc": _recipients,
}
DEVICE: Mapping[str, Check] = {**TEXTS, "name": _name}
ROUTE: Mapping[str, Check] = {
    **TEXTS,
    "match": _read_before,
    "to": _recipients,
    "sidecar": _one_of("json", "xml"),
}
POLICY: Mapping[str, Check] = {
    "external": _domains,
    "max_recipients": _count,
    "accept": _kinds,
    "incomplete": _one_of("hold", "send"),
}
