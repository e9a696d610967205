"""routes.toml as nouns: who gets what, from which device, with which words.

In: the file's bytes. Out: `Rules`, checked so far that routing cannot fail on them.
Raises `RulesError` with every fault at once, each with its line.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from .errors import ConfigError
from .model import Kind
from .patterns import Pattern
from .rules_check import (
    DEVICE,
    POLICY,
    ROUTE,
    TEXTS,
    Fault,
    Value,
    checked_pattern,
    table,
)
from .rules_lines import lines_of

FILE = "routes.toml"
SIZE_LIMIT = 256 << 10
"""Bytes."""
_PLACE = re.compile(r" \(at line (\d+), column \d+\)")
_SHOWN_FAULTS = 20


class RulesError(ConfigError):
    """A file in container `config` is wrong; the last good one stays in force."""

    def __init__(self, file: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        """Line and what to write instead, in the order of the file."""
        said = [f"line {line}: {what}" for line, what in self.faults[:_SHOWN_FAULTS]]
        if len(self.faults) > _SHOWN_FAULTS:
            said.append(f"and {len(self.faults) - _SHOWN_FAULTS} more faults")
        super().__init__(f"{file}, {'; '.join(said)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What may be said in `[defaults]`, for a device and in a route; None: not said.

    Texts and recipients are as written, with their `{placeholders}`.
    """

    fallback: str | None = None
    subject: str | None = None
    from_name: str | None = None
    reply_to: str | None = None
    timezone: str | None = None
    """An IANA name that the platform knows."""
    language: str | None = None
    sender: str | None = None
    """The key `from`: `service` or `user`."""
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Texts):
    """A `[devices.…]` table."""

    name: str | None = None
    """What people call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Texts):
    """A `[[routes]]` entry."""

    match: Pattern
    to: tuple[str, ...] = ()
    sidecar: str | None = None
    """`json` or `xml`, where a file beside the scan is waited for."""
    line: int = 0
    """Where it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The `[policy]` table."""

    external: tuple[str, ...] = ()
    """Domains as A-labels; `*.x`: the subdomains of x; `*`: all."""
    max_recipients: int = 20
    accept: frozenset[Kind] = frozenset(Kind)
    incomplete: str = "hold"
    """`hold`, or `send` after the last look."""

    def allows(self, domain: str) -> bool:
        """Whether people at a domain outside may get scans."""
        return any(
            each in {"*", domain}
            or (each.startswith("*.") and domain.endswith(each[1:]))
            for each in self.external
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All of routes.toml; without arguments: what holds where there is no file."""

    defaults: Texts = field(default_factory=Texts)
    policy: Policy = field(default_factory=Policy)
    devices: Mapping[str, Device] = field(default_factory=lambda: MappingProxyType({}))
    """By the device's id, as Unicode NFC."""
    routes: tuple[Route, ...] = ()

    def route_for(
        self, device: str, path: str
    ) -> tuple[Route, Mapping[str, str]] | None:
        """The first route whose `match` fits, and what it captured."""
        for each in self.routes:
            captured = each.match.match(device, path)
            if captured is not None:
                return each, captured
        return None


EMPTY = Rules()


def parse_rules(text: bytes) -> Rules:
    """Read routes.toml: UTF-8, a byte order mark allowed, up to 256 KiB.

    Raises RulesError with all that is wrong.
    """
    top = _read(text)
    rules = Rules(**table(top, _TOP))
    if top.faults:
        raise RulesError(FILE, top.faults)
    return rules


def _read(text: bytes) -> Value:
    """Read the TOML. Raises RulesError with the line where it is none."""
    if len(text) > SIZE_LIMIT:
        raise RulesError(FILE, [(1, f"larger than {SIZE_LIMIT >> 10} KiB")])
    try:
        plain = text.decode("utf-8-sig").replace("\r\n", "\n")
        return Value(tomllib.loads(plain), lines=lines_of(plain))
    except UnicodeDecodeError as exc:
        line = text.count(b"\n", 0, exc.start) + 1
        raise RulesError(FILE, [(line, "not UTF-8: save the file as UTF-8")]) from exc
    except RecursionError as exc:
        raise RulesError(FILE, [(1, "nested too deeply")]) from exc
    except ValueError as exc:
        found = _PLACE.search(str(exc))
        line = int(found[1]) if found else text.rstrip().count(b"\n") + 1
        raise RulesError(FILE, [(line, _PLACE.sub("", str(exc)))]) from exc


def _devices(value: Value) -> Mapping[str, Device]:
    devices: dict[str, Device] = {}
    for key, each in value.entries():
        device = unicodedata.normalize("NFC", key)
        if not key or "/" in key:
            each.blame("a device is the name of one folder, without '/'")
        if device in devices:
            each.blame("the same device stands above: merge the two")
        devices[device] = Device(**table(each, DEVICE))
    return MappingProxyType(devices)


def _routes(value: Value) -> tuple[Route, ...]:
    routes = []
    for each in value.elements("[[routes]], with two brackets on each side"):
        if not isinstance(each.raw, dict):
            each.blame("write [[routes]], with two brackets on each side")
            continue
        match = checked_pattern(each.at("match"))
        known = replace(each, captures=frozenset(match.captures))
        values = table(known, ROUTE) | {"match": match, "line": each.line}
        routes.append(Route(**values))
    return tuple(routes)


_TOP = {
    "defaults": lambda value: Texts(**table(value, TEXTS)),
    "policy": lambda value: Policy(**table(value, POLICY)),
    "devices": _devices,
    "routes": _routes,
}
