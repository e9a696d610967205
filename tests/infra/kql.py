"""Runs the part of KQL that our queries are made of, over lines that tests captured.

In: a query's text, rows, the time. Out: rows. Microsoft's grammar (kusto.js) says
whether the text is KQL at all; this says what comes of it. Raises SyntaxError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .kql_functions import AGGREGATES, OPERATORS, call, typed

type Row = dict[str, Any]
type Expression = Callable[[Mapping[str, Any]], Any]

_TOKEN = re.compile(
    r"\s+|//[^\n]*"
    r"|(?P<span>\d+(?:\.\d+)?(?:ms|d|h|m|s)\b)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<text>@?\"[^\"]*\"|'[^']*')|(?P<word>!?[A-Za-z_][\w]*(?:-[a-z]+)?)"
    r"|(?P<sign>==|!=|<=|>=|[-+*/<>=|(),:;])"
)
_SPANS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours"}
_SPANS["d"] = "days"
_LEVELS = (
    ("or",),
    ("and",),
    ("==", "!=", "<", "<=", ">", ">=", "in", "!in", "has", "startswith"),
    ("+", "-"),
    ("*", "/"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign, or a literal."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """Cut a query up, comments left out."""
    out, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise SyntaxError(f"what is {text[at : at + 20]!r}?")
        if found.lastgroup:
            out.append(Token(found.lastgroup, found[0]))
        at = found.end()
    return out


class Query:
    """A query, read once."""

    def __init__(self, text: str) -> None:
        self._left = tokens(text)
        self._steps: list[Callable[[list[Row], Row], list[Row]]] = []
        self._lets: list[tuple[str, Expression]] = []
        while self._takes("let"):
            name = self._next().text
            self._must("=")
            self._lets.append((name, self._expression()))
            self._must(";")
        self.table = self._next().text
        while self._takes("|"):
            step = getattr(self, "_" + self._next().text.replace("-", "_"))
            self._steps.append(step())
        if self._left:
            raise SyntaxError(f"what is {self._left[0].text!r}?")

    def run(self, rows: Sequence[Row], now: datetime) -> list[Row]:
        """Do it; rows are the table's."""
        here: Row = {"now": now}
        for name, value in self._lets:
            here[name] = value(here)
        out = [dict(row) for row in rows]
        for step in self._steps:
            out = step(out, here)
        return out

    def _next(self) -> Token:
        if not self._left:
            raise SyntaxError("it ends too early")
        return self._left.pop(0)

    def _takes(self, text: str) -> bool:
        if self._left and self._left[0].text == text:
            self._left.pop(0)
            return True
        return False

    def _must(self, text: str) -> None:
        if not self._takes(text):
            raise SyntaxError(f"{text!r} is missing before {self._left[:3]}")

    def _where(self) -> Callable[[list[Row], Row], list[Row]]:
        test = self._expression()
        return lambda rows, here: [row for row in rows if test(here | row)]

    def _parse_kv(self) -> Callable[[list[Row], Row], list[Row]]:
        source = self._next().text
        self._must("as")
        self._must("(")
        columns = {}
        while not self._takes(")"):
            name = self._next().text
            self._must(":")
            columns[name] = self._next().text
            self._takes(",")
        for each in ("with", "(", "pair_delimiter", "=", '" "', ",", "kv_delimiter"):
            self._must(each)
        for each in ("=", '"="', ",", "quote", "=", "'\"'", ")"):
            self._must(each)
        return lambda rows, _: [row | typed(row[source], columns) for row in rows]

    def _extend(self) -> Callable[[list[Row], Row], list[Row]]:
        named = self._named()

        def step(rows: list[Row], here: Row) -> list[Row]:
            for name, value in named:
                rows = [{**row, name: value(here | row)} for row in rows]
            return rows

        return step

    def _project(self) -> Callable[[list[Row], Row], list[Row]]:
        named = self._named()
        return lambda rows, here: [
            {name: value(here | row) for name, value in named} for row in rows
        ]

    def _order(self) -> Callable[[list[Row], Row], list[Row]]:
        self._must("by")
        keys: list[tuple[str, bool]] = []
        while not keys or self._takes(","):
            keys.append((self._next().text, self._takes("desc")))
            self._takes("asc")

        def step(rows: list[Row], _: Row) -> list[Row]:
            for name, is_down in reversed(keys):
                rows = sorted(rows, key=lambda row: row[name], reverse=is_down)
            return rows

        return step

    def _summarize(self) -> Callable[[list[Row], Row], list[Row]]:
        wanted = [self._aggregate()]
        while self._takes(","):
            wanted.append(self._aggregate())
        by = self._named() if self._takes("by") else []

        def step(rows: list[Row], here: Row) -> list[Row]:
            groups: dict[tuple[Any, ...], list[Row]] = {} if by else {(): []}
            for row in rows:
                key = tuple(value(here | row) for _, value in by)
                groups.setdefault(key, []).append(here | row)
            names = [name for name, _ in by]
            return [
                dict(zip(names, key, strict=True))
                | {name: each for made in wanted for name, each in made(group)}
                for key, group in groups.items()
            ]

        return step

    def _aggregate(self) -> Callable[[list[Row]], Iterator[tuple[str, Any]]]:
        name, is_named = self._next().text, self._takes("=")
        word = self._next().text if is_named else name
        self._must("(")
        texts, values = [], []
        while not self._takes(")"):
            texts.append(self._left[0].text)
            values.append(self._expression())
            self._takes(",")
        made = AGGREGATES[word]

        def step(group: list[Row]) -> Iterator[tuple[str, Any]]:
            told = made([[value(row) for value in values] for row in group])
            if word == "arg_max":
                yield from zip(texts, told or [None] * len(texts), strict=True)
            else:
                yield name if is_named else f"{word}_", told

        return step

    def _named(self) -> list[tuple[str, Expression]]:
        """`name = value`, a column, or a call of one: `bin(TimeGenerated, 1h)`."""
        out: list[tuple[str, Expression]] = []
        while not out or self._takes(","):
            is_named = len(self._left) > 1 and self._left[1].text == "="
            if is_named:
                name = self._next().text
                self._must("=")
            else:
                is_call = len(self._left) > 1 and self._left[1].text == "("
                name = self._left[2 if is_call else 0].text
            out.append((name, self._expression()))
        return out

    def _expression(self, level: int = 0) -> Expression:
        if level == len(_LEVELS):
            return self._primary()
        left = self._expression(level + 1)
        while self._left and self._left[0].text in _LEVELS[level]:
            sign = self._next().text
            right = self._list() if "in" in sign else self._expression(level + 1)
            left = _joined(OPERATORS[sign], left, right)
        return left

    def _list(self) -> Expression:
        self._must("(")
        out = []
        while not self._takes(")"):
            out.append(self._expression())
            self._takes(",")
        return lambda row: [each(row) for each in out]

    def _primary(self) -> Expression:
        token = self._next()
        if token.text == "(":
            inner = self._expression()
            self._must(")")
            return inner
        if token.kind in _LITERALS:
            value = _LITERALS[token.kind](token.text)
            return lambda _: value
        if self._left and self._left[0].text == "(":
            values = self._list()
            return lambda row: call(token.text, values(row), row["now"])
        return lambda row: row[token.text]


def _joined(
    made: Callable[[Any, Any], Any], left: Expression, right: Expression
) -> Expression:
    return lambda row: made(left(row), right(row))


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([\d.]+)(ms|d|h|m|s)", text)
    if found is None:
        raise SyntaxError(text)
    return timedelta(**{_SPANS[found[2]]: float(found[1])})


_LITERALS: Mapping[str, Callable[[str], Any]] = {
    "text": lambda text: text.lstrip("@")[1:-1],
    "number": lambda text: float(text) if "." in text else int(text),
    "span": _span,
}
