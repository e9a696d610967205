"""Patterns that paths are matched with, and texts with `{placeholders}`.

In: what stands in routes.toml. Out: a `Pattern` that captures, and texts filled in one
pass, so that a `{…}` that comes from a value stays as it is. Raises `PatternError`.
Pure; matching takes time in proportion to the path, whatever the pattern.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

LENGTH_LIMIT = 1024
"""Characters of a pattern: no path is longer."""
DEVICE = "device"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_TOKEN = re.compile(r"\{([^{}]*)\}|([{}])|(\*+)|([^{}*]+)")
_ANYTHING, _CAPTURE = "[^/]*", "([^/]+)"
_SHORTEST = {_ANYTHING: "[^/]*?", _CAPTURE: "([^/]+?)"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}|([{}])")


class PatternError(ValueError):
    """A pattern or a text with placeholders is wrong; says what to write instead."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A `match` of routes.toml, ready to be held against paths."""

    text: str
    """As it was written."""
    captures: tuple[str, ...] = ()
    """What it captures, `device` apart, in the order of the groups."""
    regex: re.Pattern[str] = field(default=re.compile(r"(?!)"), compare=False)

    def match(self, device: str, path: str) -> dict[str, str] | None:
        """Match a path whose first folder is taken to be the device; its captures.

        Letter case counts; text is compared as Unicode NFC, which captures are too.
        A file at the root matches as `unknown/FILE` does.
        """
        rest = path.partition("/")[2] if "/" in path else path
        seen = f"{device.replace('/', '_')}/{rest}"
        found = self.regex.fullmatch(unicodedata.normalize("NFC", seen))
        if found is None:
            return None
        return dict(zip(self.captures, found.groups(), strict=True))


def parse_pattern(text: str) -> Pattern:
    """Read a `match`: segments of text, `{name}` and `*`, and `**` for any depth.

    `{name}` takes one character or more, `*` none or more, both within one segment and
    as few as they can. `**` stands for any number of folders, none included; at the
    end, for a file below any number of folders. Raises PatternError.
    """
    if len(text) > LENGTH_LIMIT:
        raise PatternError(f"longer than {LENGTH_LIMIT} characters")
    segments = unicodedata.normalize("NFC", text).split("/")
    if "" in segments:
        raise PatternError("an empty segment: write it without '/' at an end or '//'")
    captures: list[str] = []
    parts = [_segment(each, n == 0, captures) for n, each in enumerate(segments)]
    if len(set(captures)) < len(captures):
        twice = next(each for each in captures if captures.count(each) > 1)
        raise PatternError(f"{{{twice}}} stands there twice: use two names")
    return Pattern(text, tuple(captures), re.compile(_joined(parts)))


def _segment(text: str, is_first: bool, captures: list[str]) -> str:
    """Translate one segment; `**` comes back as it is. Appends what it captures."""
    if text == "**":
        return text
    if text == f"{{{DEVICE}}}":
        if is_first:
            return "[^/]+"
        raise PatternError("{device} is the first folder: it can stand there only")
    literals, wilds = [""], list[str]()
    for name, brace, stars, literal in _TOKEN.findall(text):
        if literal:
            literals[-1] += literal
            continue
        if wilds and not literals[-1]:
            raise PatternError(f"{text!r}: put some text between two wildcards")
        wilds.append(_star(stars, text) if stars else _CAPTURE)
        literals.append("")
        if not stars:
            captures.append(_capture_name(name, brace, text))
    return _glob(literals, wilds)


def _star(stars: str, text: str) -> str:
    if stars != "*":
        raise PatternError(f"{text!r}: '**' is a whole segment, or write one '*'")
    return _ANYTHING


def _capture_name(name: str, brace: str, text: str) -> str:
    if brace:
        raise PatternError(f"{text!r}: a '{brace}' without its counterpart")
    if name == DEVICE:
        raise PatternError(f"{text!r}: {{device}} is the whole first segment, or none")
    if not _NAME.fullmatch(name):
        what = f"{{{name}}} is no name"
        raise PatternError(f"{what}: write a letter, then letters, digits, '_' or '-'")
    return name


def _glob(literals: list[str], wilds: list[str]) -> str:
    """One segment as a regex that never looks back.

    Each wildcard but the last ends at the first place where the text behind it stands,
    and an atomic group holds it there: what follows matches as well as it ever could.
    """
    head, *rest = (re.escape(each) for each in literals)
    if not wilds:
        return head
    parts = [
        f"(?>{_SHORTEST[wild]}{literal})"
        for wild, literal in zip(wilds[:-1], rest, strict=False)
    ]
    return "".join([head, *parts, wilds[-1], rest[-1]])


def _joined(parts: list[str]) -> str:
    """The segments as one regex, with each run between two `**` found at its first."""
    runs: list[list[str]] = [[]]
    for part in parts:
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(part)
    *early, last = runs
    out = ""
    for n, run in enumerate(early):
        group = "".join(f"{each}/" for each in run)
        out += f"(?>(?:[^/]*/)*?{group})" if n else group
    if len(runs) == 1:
        return "/".join(last)
    return f"{out}(?:[^/]*/)*" + ("/".join(last) or "[^/]+")


def placeholders(text: str) -> tuple[str, ...]:
    """The names of a text's placeholders. Raises PatternError for a stray brace."""
    names = []
    for name, brace in _PLACEHOLDER.findall(text):
        if brace or not name:
            raise PatternError(f"{text!r}: a brace without a name between two of them")
        names.append(name)
    return tuple(names)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in; once, from left to right: nothing in a value is expanded."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1] or "", ""), text)
