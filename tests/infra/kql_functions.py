"""What KQL's functions and operators come to (Learn, "Kusto Query Language").

Null is None: whatever is compared or counted with it is no match.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_PAIR = re.compile(r'(\w+)=("(?:[^"]*)"|[^\s"]*)')
_TYPES: Mapping[str, Callable[[str], Any]] = {"string": str, "long": int}
_EMPTY: Mapping[str, Any] = {"string": "", "long": None}
_1970 = datetime(1970, 1, 1, tzinfo=UTC)
type Arguments = Sequence[Sequence[Any]]


def typed(text: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """`parse-kv`: the pairs of a line, the wanted ones alone, by their types."""
    found = {key: value.strip('"') for key, value in _PAIR.findall(text)}
    return {
        name: _TYPES[kind](found[name]) if name in found else _EMPTY[kind]
        for name, kind in columns.items()
    }


def _strict(made: Callable[[Any, Any], Any], otherwise: Any) -> Callable[..., Any]:
    def step(left: Any, right: Any) -> Any:
        return otherwise if left is None or right is None else made(left, right)

    return step


def _divided(left: Any, right: Any) -> Any:
    """Integers divide to integers."""
    if isinstance(left, int) and isinstance(right, int):
        return left // right
    return left / right


def _has(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "or": lambda left, right: bool(left or right),
    "and": lambda left, right: bool(left and right),
    "==": _strict(operator.eq, False),
    "!=": _strict(operator.ne, False),
    "<": _strict(operator.lt, False),
    "<=": _strict(operator.le, False),
    ">": _strict(operator.gt, False),
    ">=": _strict(operator.ge, False),
    "in": _strict(lambda left, right: left in right, False),
    "!in": _strict(lambda left, right: left not in right, False),
    "startswith": lambda left, right: left.lower().startswith(right.lower()),
    "has": _has,
    "+": _strict(operator.add, None),
    "-": _strict(operator.sub, None),
    "*": _strict(operator.mul, None),
    "/": _strict(_divided, None),
}


def _local(when: datetime | None, zone: str) -> datetime | None:
    return when and when.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _bin(when: datetime, span: timedelta) -> datetime:
    return _1970 + (when - _1970) // span * span


def _started(when: datetime) -> datetime:
    return when.replace(hour=0, minute=0, second=0, microsecond=0)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "bin": _bin,
    "coalesce": lambda *them: next((it for it in them if it is not None), None),
    "datetime_utc_to_local": _local,
    "dayofweek": lambda when: timedelta(days=when.isoweekday() % 7),
    "hourofday": lambda when: when.hour,
    "iff": lambda test, yes, no: yes if test else no,
    "isnotempty": lambda text: text not in {"", None},
    "startofday": _started,
    "strcat": lambda *them: "".join(map(str, them)),
    "toint": int,
    "trim": lambda pattern, text: re.sub(f"^{pattern}|{pattern}$", "", text),
}


def call(name: str, values: Sequence[Any], now: datetime) -> Any:
    """A function's value."""
    if name == "now":
        return now
    if name == "ago":
        return now - values[0]
    return _FUNCTIONS[name](*values)


def _firsts(rows: Arguments) -> list[Any]:
    return [row[0] for row in rows if row[0] is not None]


def _percentile(rows: Arguments) -> Any:
    """The nearest rank."""
    them = sorted(_firsts(rows))
    rank = math.ceil(rows[0][1] / 100 * len(them)) if them else 0
    return them[max(0, rank - 1)] if them else None


AGGREGATES: Mapping[str, Callable[[Arguments], Any]] = {
    "arg_max": lambda rows: max(rows, key=operator.itemgetter(0), default=None),
    "count": len,
    "countif": lambda rows: sum(1 for row in rows if row[0]),
    "dcount": lambda rows: len(set(_firsts(rows))),
    "max": lambda rows: max(_firsts(rows), default=None),
    "min": lambda rows: min(_firsts(rows), default=None),
    "percentile": _percentile,
    "sum": lambda rows: sum(_firsts(rows)),
    "sumif": lambda rows: sum(row[0] for row in rows if row[1] and row[0] is not None),
}
