"""Walks through what templates say: every node of a file, every value of a resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from .grammar import Call, Node
from .template import File, Module, Resource


def nodes(of: Any) -> Iterator[Any]:
    """A node and all in it."""
    if isinstance(of, tuple | list):
        for each in of:
            yield from nodes(each)
    elif is_dataclass(of):
        yield of
        for part in fields(of):
            yield from nodes(getattr(of, part.name))


def expressions(file: File) -> list[Node]:
    """Every expression that a file holds."""
    found: list[Node] = [*file.variables.values(), *file.values.values()]
    found += [it.body for it in file.functions.values()]
    found += [it.value for it in file.outputs.values()]
    found += [it.default for it in file.parameters.values() if it.default]
    parts: list[Resource | Module] = [*file.resources.values(), *file.modules.values()]
    for it in parts:
        found += [each for each in (it.loop, it.condition, it.body) if each]
    return found


def calls(file: File) -> set[str]:
    """The functions that a file calls."""
    found = nodes(expressions(file))
    return {it.name for it in found if isinstance(it, Call)}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a resource, with the way to it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, path)
    else:
        yield path, value
