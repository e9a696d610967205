"""What is said about one scan, and by whom: metadata, sidecar, route, device, defaults.

In: a scan and the rules. Out: each text on its own, from whoever says it first. What
comes with the scan is taken literally; only routes.toml has `{placeholders}`. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from .address import AddressError, parse_address
from .directory import Directory
from .model import Scan
from .names import file_of
from .patterns import fill
from .plain import plain
from .rules import Device, Route, Rules

TEXT_LIMIT = 255
"""Characters of a subject or a name."""
_AT = re.compile("[@\N{FULLWIDTH COMMERCIAL AT}\N{SMALL COMMERCIAL AT}]")
DEFAULTS: Mapping[str, str] = {
    "subject": "Scan from {device}: {name}",
    "from_name": "{device}",
    "reply_to": "{user}",
    "timezone": "UTC",
    "language": "en",
    "sender": "service",
}
"""What holds where routes.toml says nothing."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who stood at the glass."""

    name: str
    """Empty where none can be shown."""
    address: str
    """Empty where none is known."""


@dataclass(frozen=True)
class Sources:
    """A scan, the rules, and what of the rules is about this scan."""

    scan: Scan
    rules: Rules

    @cached_property
    def found(self) -> tuple[Route, Mapping[str, str]] | None:
        """The matching route, and what its `match` captured."""
        return self.rules.route_for(self.scan.device, self.scan.path)

    @property
    def route(self) -> Route | None:
        """The matching route."""
        return self.found[0] if self.found else None

    @property
    def captures(self) -> Mapping[str, str]:
        """What the matching route captured."""
        return self.found[1] if self.found else {}

    @cached_property
    def device(self) -> Device | None:
        """The device's own table."""
        key = unicodedata.normalize("NFC", self.scan.device)
        return self.rules.devices.get(key)

    @property
    def sidecar(self) -> Mapping[str, str]:
        """The sidecar, where the matching route asks for one."""
        return self.scan.sidecar if self.route and self.route.sidecar else {}

    def said(self, key: str) -> str:
        """What came with the scan, metadata before sidecar; empty: nothing."""
        for each in (self.scan.metadata, self.sidecar):
            if each.get(key, "").strip():
                return each[key]
        return ""

    def rulings(self, field: str) -> Iterator[tuple[Any, bool]]:
        """What route, device and defaults say, and whether it is the route."""
        for each in (self.route, self.device, self.rules.defaults):
            value = getattr(each, field, None)
            if value is not None:
                yield value, each is self.route

    def ruled(self, field: str) -> tuple[Any, bool]:
        """The first of these; where there is none, what holds then."""
        return next(self.rulings(field), (DEFAULTS.get(field), False))

    def text(self, key: str) -> str:
        """A text, filled in, as one line without control characters."""
        return plain(self.said(key) or self._filled(key), TEXT_LIMIT)

    def _filled(self, key: str) -> str:
        template, is_of_route = self.ruled(key)
        own = self.captures if is_of_route else {}
        return fill(template or "", {**self.fixed, **own})

    def says(self, key: str) -> bool:
        """Whether anybody says this text, and it is not what holds otherwise."""
        return bool(self.said(key)) or any(True for _ in self.rulings(key))

    def reply_to(self, directory: Directory) -> str:
        """Where answers go: one address, or empty where it ends as anything else."""
        words = self.said("reply_to") or self._filled("reply_to")
        try:
            return parse_address(words)
        except AddressError:
            entry = directory.find(words)
            return entry.email if entry else ""

    def person(self, directory: Directory) -> Person | None:
        """Who stood at the glass; None where nobody said."""
        if not self.user:
            return None
        try:
            address = parse_address(self.user)
        except AddressError:
            address = ""
        entry = directory.person(self.user) or directory.person(address)
        if entry:
            name = _name(plain(entry.name, TEXT_LIMIT))
            return Person(name or _name(entry.email), entry.email)
        return Person(_name(self.user), address)

    @cached_property
    def fixed(self) -> Mapping[str, str]:
        """The placeholders of every text (docs/routing.md)."""
        local = self.scan.received.astimezone(ZoneInfo(self.ruled("timezone")[0]))
        file = file_of(self.scan.path)
        return {
            "device": self.device_name,
            "file": file,
            "name": self.said("name") or file.rpartition(".")[0] or file,
            "user": self.user,
            "date": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
            "pages": "" if self.scan.pages is None else str(self.scan.pages),
        }

    @property
    def device_name(self) -> str:
        """What people call the device."""
        named = self.device.name if self.device else None
        return plain(named or self.scan.device, TEXT_LIMIT)

    @property
    def user(self) -> str:
        """Who stood at the glass, as far as anybody said."""
        return plain(self.said("user"), TEXT_LIMIT)

    def recipient(self, template: str, *, is_of_route: bool) -> str:
        """Fill in a recipient of the rules; `{device}` is the device's id there."""
        own = self.captures if is_of_route else {}
        return fill(template, {"device": self.scan.device, "user": self.user, **own})


def _name(words: str) -> str:
    """A name to show; an address in its place looks like somebody's trick."""
    name, bracket, rest = _AT.split(words, maxsplit=1)[0].partition("<")
    return (name.strip() or rest.strip()) if bracket else name.strip()
