"""Bicep's functions, as far as the templates call them.

In: values. Out: values; what only Azure knows is a `Later`, a text that says so.
An unknown function is a KeyError: whoever calls a new one adds it here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from ipaddress import ip_network
from typing import Any


class Later(str):
    """A text whose value is known in Azure only."""

    __slots__ = ()


TOKEN = "uniquestring0"
"""What `uniqueString` comes to: Azure's is as long and looks as little like a word."""

_SUFFIXES = {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"}
ENVIRONMENT = {
    "name": "AzureCloud",
    "suffixes": _SUFFIXES,
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
    "resourceManager": "https://management.azure.com/",
}


def written(value: Any) -> str:
    """A value as it stands in a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _digest(*values: Any) -> bytes:
    text = "-".join(written(each) for each in values)
    return hashlib.sha256(text.encode()).digest()


def _guid(*values: Any) -> str:
    return str(uuid.UUID(bytes=_digest(*values)[:16]))


def _contains(where: Any, what: Any) -> bool:
    return written(what) in where if isinstance(where, str) else what in where


def _union(*values: Any) -> Any:
    if isinstance(values[0], Mapping):
        out: dict[str, Any] = {}
        return reduce(_merged, values, out)
    found: list[Any] = []
    for each in (it for value in values for it in value):
        if each not in found:
            found.append(each)
    return found


def _merged(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(left)
    for key, value in right.items():
        both = isinstance(out.get(key), Mapping) and isinstance(value, Mapping)
        out[key] = _merged(out[key], value) if both else value
    return out


def _items(of: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pairs, sorted by key, as Bicep does it."""
    return [{"key": key, "value": of[key]} for key in sorted(of)]


def _to_object(of: Iterable[Any], key: Any, value: Any = None) -> dict[str, Any]:
    return {key(each): value(each) if value else each for each in of}


def _concat(*values: Any) -> Any:
    if isinstance(values[0], list):
        return [each for value in values for each in value]
    return "".join(written(each) for each in values)


def _format(text: str, *values: Any) -> str:
    for at, value in enumerate(values):
        text = text.replace(f"{{{at}}}", written(value))
    return text


def _index(of: Any, at: int) -> Any:
    return of[at] if of else ("" if isinstance(of, str) else None)


def _index_of(where: Any, what: Any) -> int:
    if isinstance(where, str):
        return where.lower().find(written(what).lower())
    return where.index(what) if what in where else -1


def _resource_id(*words: Any) -> Later:
    return Later("/".join(written(each) for each in words))


def _subnet(whole: str, length: int, at: int) -> str:
    return str(list(ip_network(whole).subnets(new_prefix=length))[at])


def _later(name: str) -> Callable[..., Later]:
    return lambda *words: Later(f"{name}({', '.join(map(written, words))})")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "any": lambda value: value,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "bool": lambda value: str(value).lower() == "true",
    "cidrSubnet": _subnet,
    "concat": _concat,
    "contains": _contains,
    "dateTimeAdd": _later("dateTimeAdd"),
    "empty": lambda value: value is None or len(value) == 0,
    "endsWith": lambda text, end: text.lower().endswith(end.lower()),
    "environment": lambda: ENVIRONMENT,
    "filter": lambda of, keep: [each for each in of if keep(each)],
    "first": lambda of: _index(of, 0),
    "flatten": lambda of: [each for value in of for each in value],
    "format": _format,
    "guid": _guid,
    "indexOf": _index_of,
    "int": int,
    "intersection": lambda one, two: [each for each in one if each in two],
    "items": _items,
    "join": lambda of, between: between.join(written(each) for each in of),
    "json": json.loads,
    "last": lambda of: _index(of, -1),
    "length": len,
    "map": lambda of, change: [change(each) for each in of],
    "mapValues": lambda of, change: {key: change(of[key]) for key in of},
    "max": lambda *of: max(of[0] if isinstance(of[0], list) else of),
    "min": lambda *of: min(of[0] if isinstance(of[0], list) else of),
    "newGuid": lambda: Later("newGuid()"),
    "objectKeys": lambda of: sorted(of),
    "range": lambda start, count: list(range(start, start + count)),
    "reduce": lambda of, start, step: reduce(step, of, start),
    "reference": _later("reference"),
    "replace": lambda text, old, new: text.replace(old, new),
    "resourceId": _resource_id,
    "shallowMerge": lambda of: {key: it[key] for it in of for key in it},
    "skip": lambda of, count: of[count:],
    "split": lambda text, at: text.split(at),
    "startsWith": lambda text, start: text.lower().startswith(start.lower()),
    "string": written,
    "subscriptionResourceId": _resource_id,
    "substring": lambda text, at, count=None: text[at:][:count],
    "take": lambda of, count: of[:count],
    "tenantResourceId": _resource_id,
    "toLower": str.lower,
    "toObject": _to_object,
    "toUpper": str.upper,
    "trim": str.strip,
    "union": _union,
    "uniqueString": lambda *_values: TOKEN,
    "utcNow": lambda form="": Later(f"utcNow({form})"),
}
