"""A request's JSON held against a published shape, as the REST stand-ins do. Pure.

Takes what the shape names and nothing else, which the services may not do. Raises
`RefusedError` with status, code and message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

type Shape = Mapping[str, type]


class RefusedError(Exception):
    """The service refuses the request."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file in a mail."""

    name: str
    content_type: str
    content: bytes


def bad(message: str) -> RefusedError:
    """Refuse a request that is not as it should be."""
    return RefusedError(400, "BadRequest", message)


def parsed(body: bytes) -> Any:
    """Read JSON in which no property is there twice."""
    try:
        return json.loads(body, object_pairs_hook=_unique)
    except ValueError as exc:
        raise bad(f"the body is no JSON: {exc}") from exc


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a property is there twice")
    return dict(pairs)


def object_of(
    value: Any, shape: Shape, where: str, needs: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Take an object with these properties and no others; some must be there."""
    if not isinstance(value, dict):
        raise bad(f"{where}: is no object")
    for name, each in value.items():
        if name not in shape:
            raise bad(f"{where}: has no property {name!r}")
        if not isinstance(each, shape[name]):
            raise bad(f"{where}.{name}: is no {shape[name].__name__}")
    for name in needs:
        if name not in value:
            raise bad(f"{where}: lacks {name!r}")
    return value
