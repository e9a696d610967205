"""directory.csv: which address a login has.

In: the file's bytes, `login,email,name` with that header line. Out: a `Directory`.
Raises `RulesError` with every fault at once, each with its line.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .address import AddressError, key_of, parse_address
from .rules import RulesError
from .rules_check import Fault

FILE = "directory.csv"
SIZE_LIMIT = 16 << 20
"""Bytes: some 250,000 lines."""
LOGIN_LIMIT = 256
"""Characters of a login (a user principal name has up to 113)."""
HEADER = ("login", "email", "name")
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029]")
_HINT = "begin the file with the line login,email,name"


@dataclass(frozen=True, slots=True)
class Entry:
    """One person."""

    login: str
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody who has a login; without arguments: nobody."""

    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    """By login, as `_key` spells it."""
    people: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    """By address, as `key_of` compares them; the first line of each."""

    def find(self, login: str) -> Entry | None:
        """Find a login, whatever its case; None where nobody has it."""
        return self.entries.get(_key(login))

    def person(self, words: str) -> Entry | None:
        """Find somebody by login or address; None where nobody is known by it."""
        return self.find(words) or self.people.get(key_of(words.strip(" ")))


def _key(login: str) -> str:
    """A login as it is compared: NFC, case aside, as Windows does."""
    return unicodedata.normalize("NFC", login.strip(" ")).casefold()


def parse_directory(text: bytes) -> Directory:
    """Read directory.csv: UTF-8, a byte order mark allowed, up to 16 MiB, RFC 4180.

    Raises RulesError with all that is wrong.
    """
    lines = csv.reader(io.StringIO(_decoded(text), newline=""), strict=True)
    faults: list[Fault] = []
    entries: dict[str, Entry] = {}
    try:
        _check_header(next(lines, []))
        for fields in filter(None, lines):
            try:
                _enter(_entry(fields), entries)
            except ValueError as exc:
                faults.append((lines.line_num, str(exc)))
    except csv.Error as exc:
        faults.append((lines.line_num, f"not CSV: {exc}"))
    if faults:
        raise RulesError(FILE, faults)
    people: dict[str, Entry] = {}
    for entry in entries.values():
        people.setdefault(key_of(entry.email), entry)
    return Directory(MappingProxyType(entries), MappingProxyType(people))


def _decoded(text: bytes) -> str:
    """Decode the file. Raises RulesError."""
    if len(text) > SIZE_LIMIT:
        raise RulesError(FILE, [(1, f"larger than {SIZE_LIMIT >> 20} MiB")])
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = text.count(b"\n", 0, exc.start) + 1
        what = "not UTF-8: save the file as CSV UTF-8"
        raise RulesError(FILE, [(line, what)]) from exc


def _check_header(fields: list[str]) -> None:
    """Refuse a file without its header line. Raises RulesError."""
    seen = tuple(each.strip().lower() for each in fields)
    if seen == HEADER:
        return
    mark = next((each for each in ";\t|" if each in "".join(fields)), "")
    what = f"fields are separated by {mark!r}: write commas, and " if mark else ""
    raise RulesError(FILE, [(1, what + _HINT)])


def _enter(entry: Entry, entries: dict[str, Entry]) -> None:
    """Add a person. Raises ValueError where the login is taken."""
    if entries.setdefault(_key(entry.login), entry) is not entry:
        raise ValueError(f"{entry.login!r} stands above already: keep one of the two")


def _entry(fields: list[str]) -> Entry:
    """Read one line. Raises ValueError, in plain words."""
    if len(fields) != len(HEADER):
        count = len(fields)
        raise ValueError(f"{count} fields: write login,email,name")
    login, email, name = (each.strip() for each in fields)
    if not login or len(login) > LOGIN_LIMIT or _CONTROL.search(login + name):
        what = "a login has no line ends or tabs and 1 to 256 characters"
        raise ValueError(f"{login[:80]!r}: {what}")
    try:
        return Entry(login, parse_address(email), name)
    except AddressError as exc:
        raise ValueError(f"{exc}: write one address") from exc
