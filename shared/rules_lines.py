"""Where each key of a TOML document stands, for messages that name the line.

In: TOML that `tomllib` has read without complaint; it tells no lines. Out: the line of
each table, key and array element, by its path. Pure; raises nothing for valid TOML.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

type Path = tuple[str | int, ...]
"""Keys, and positions in arrays: `("routes", 0, "to", 1)`."""

_TOKEN = re.compile(
    r'''(?P<string>"""(?:\\.|[^\\])*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:'{0,2})'''
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
    r"""|(?P<sign>[\[\]{}=,.])|(?P<line>\n)|(?P<blank>[ \t\r]+|\#[^\n]*)"""
    r"""|(?P<bare>[^\s"'\[\]{}=,.#]+)""",
    re.DOTALL,
)


def lines_of(text: str) -> Mapping[Path, int]:
    """Find the line, counted from 1, of every table, key and array element."""
    walk = _Walk(text)
    walk.document()
    return walk.lines


class _Walk:
    """Goes through the tokens once; values are passed over, not read."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._tokens: list[tuple[str, str, int]] = []
        self._at = 0
        self._arrays: dict[Path, int] = {}
        """Arrays of tables, and the position of their newest element."""
        line = 1
        for found in _TOKEN.finditer(text):
            if found.lastgroup not in {None, "blank"}:
                self._tokens.append((found.lastgroup or "", found[0], line))
            line += found[0].count("\n")

    def document(self) -> None:
        """Walk through headers and keys up to the end."""
        table: Path = ()
        while self._peek():
            if self._peek() == "\n":
                self._at += 1
            elif self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        line = self._tokens[self._at][2]
        self._at += 1
        is_array = self._peek() == "["
        self._at += is_array
        path = self._resolved(self._key())
        self._at += 1 + is_array
        if is_array:
            self._arrays[path] = self._arrays.get(path, -1) + 1
            path = (*path, self._arrays[path])
        self._note(path, line)
        return path

    def _resolved(self, keys: list[str]) -> Path:
        """A header's path: `[a.b]` below `[[a]]` speaks of the newest element of a."""
        path: Path = ()
        for n, key in enumerate(keys):
            path = (*path, key)
            if path in self._arrays and n < len(keys) - 1:
                path = (*path, self._arrays[path])
        return path

    def _pair(self, table: Path) -> None:
        line = self._tokens[self._at][2]
        path = (*table, *self._key())
        self._note(path, line, known=len(table))
        self._at += 1
        self._value(path)

    def _note(self, path: Path, line: int, known: int = 0) -> None:
        """Set the line of a path, and of those above it that dots brought in."""
        for length in range(known + 1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _key(self) -> list[str]:
        """Read a dotted key, quoted parts unquoted."""
        keys = []
        while True:
            kind, word, _ = self._tokens[self._at]
            keys.append(_unquoted(word) if kind == "string" else word)
            self._at += 1
            if self._peek() != ".":
                return keys
            self._at += 1

    def _value(self, path: Path) -> None:
        opening = self._peek()
        if opening not in {"[", "{"}:
            while self._peek() not in {"", "\n", ",", "]", "}"}:
                self._at += 1
            return
        self._at += 1
        position = 0
        while (sign := self._peek()) not in {"]", "}"}:
            if sign in {"\n", ","}:
                self._at += 1
            elif opening == "{":
                self._pair(path)
            else:
                self.lines[*path, position] = self._tokens[self._at][2]
                self._value((*path, position))
                position += 1
        self._at += 1

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""


def _unquoted(word: str) -> str:
    read: dict[str, Any] = tomllib.loads(f"key = {word}")
    return str(read["key"])
