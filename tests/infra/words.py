"""The words of a Bicep file: names, numbers, texts with their holes, signs, line ends.

In: the text. Out: `Word`s, each with its place. Comments are left out; `comments` lists
them for those who look for reasons. Raises SyntaxError with the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SIGNS = (
    *("...", "=>", "==", "!=", "=~", "!~", "<=", ">=", "&&", "||", "??", "::", ".?"),
    *("[?", "{", "}", "(", ")", "[", "]", ",", ".", ":", "?", "=", "+", "-", "*", "/"),
    *("%", "!", "<", ">", "|", "@"),
)
_WORD = re.compile(
    r"(?P<blank>[ \t\r]+|//[^\n]*|/\*.*?\*/|\#(?:disable|restore)-[^\n]*)"
    r"|(?P<line>\n)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<number>\d+)"
    r"|(?P<text>'{3}.*?'{3}(?!')|')"
    rf"|(?P<sign>{'|'.join(map(re.escape, _SIGNS))})",
    re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}


@dataclass(frozen=True, slots=True)
class Hole:
    """What stands in `${…}`, as text."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `parts` are those of a text."""

    kind: str
    text: str
    start: int
    end: int
    parts: tuple[str | Hole, ...] = ()


def words(text: str, start: int = 0) -> list[Word]:
    """All words of a text, the last one being the end. Raises SyntaxError."""
    found = [word for word in _scan(text, start) if word.kind != "blank"]
    return [*found, Word("end", "", len(text) + start, len(text) + start)]


def comments(text: str) -> list[tuple[int, str]]:
    """Each comment with the line it begins on."""
    return [
        (text.count("\n", 0, word.start) + 1, word.text.strip("/* \t\n"))
        for word in _scan(text, 0)
        if word.kind == "blank" and word.text.startswith(("//", "/*"))
    ]


def _scan(text: str, start: int) -> Iterator[Word]:
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise SyntaxError(f"line {line}: {text[at : at + 20]!r} is no Bicep")
        kind = match.lastgroup or ""
        end = match.end()
        parts: tuple[str | Hole, ...] = ()
        if kind == "text":
            end, parts = _text(text, at, start)
        yield Word(kind, text[at:end], at + start, end + start, parts)
        at = end


def _text(text: str, at: int, start: int) -> tuple[int, tuple[str | Hole, ...]]:
    """Where a text ends, and its parts."""
    if text.startswith("'''", at):
        end = text.index("'''", at + 3) + 3
        while text[end : end + 1] == "'":
            end += 1
        return end, (text[at + 3 : end - 3].removeprefix("\n"),)
    parts: list[str | Hole] = [""]
    at += 1
    while text[at : at + 1] != "'":
        if text.startswith("${", at):
            end = _hole(text, at + 2)
            parts += [Hole(text[at + 2 : end], at + 2 + start), ""]
            at = end + 1
            continue
        more, at = _letter(text, at)
        parts[-1] = f"{parts[-1]}{more}"
    return at + 1, tuple(parts)


def _letter(text: str, at: int) -> tuple[str, int]:
    """One letter of a text, escaped or not, and where the next one is."""
    if at >= len(text) or text[at] == "\n":
        raise SyntaxError(f"line {text.count(chr(10), 0, at) + 1}: a text has no end")
    if text[at] != "\\":
        return text[at], at + 1
    if text.startswith("\\u{", at):
        end = text.index("}", at)
        return chr(int(text[at + 3 : end], 16)), end + 1
    return _ESCAPES[text[at + 1]], at + 2


def _hole(text: str, at: int) -> int:
    """Where the bracket is that closes a hole: texts in it may have brackets too."""
    depth = 0
    while depth or text[at] != "}":
        if text[at] == "'":
            at, _ = _text(text, at, 0)
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at
