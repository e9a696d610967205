"""The few words of JSON Schema that routes.schema.json uses, to check it by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "shared" / "routes.schema.json"
SCHEMA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
WORDS = frozenset(
    {
        *("$ref", "additionalProperties", "default", "description", "enum", "items"),
        *("maxLength", "maximum", "minimum", "pattern", "properties", "propertyNames"),
        *("required", "type"),
    }
)
_TYPES = {"object": dict, "array": list, "string": str, "integer": int}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a `$ref`; older drafts overlook what stands beside one."""
    found = schema
    if "$ref" in schema:
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step] if found is not schema else SCHEMA[step]
    return found


def faults(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield where a document does not fit."""
    schema = resolved(schema)
    expected = _TYPES.get(schema.get("type", ""), object)
    if not isinstance(value, expected) or (expected is int and value is True):
        yield f"{path}: {schema['type']}"
        return
    if value not in schema.get("enum", [value]):
        yield f"{path}: enum"
    if isinstance(value, dict):
        yield from _faults_of_table(value, schema, path)
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from faults(each, schema.get("items", {}), f"{path}[{position}]")
    elif isinstance(value, str):
        yield from _faults_of_text(value, schema, path)
    elif not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{path}: range"


def _faults_of_text(value: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if not re.search(schema.get("pattern", ""), value):
        yield f"{path}: pattern"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{path}: maxLength"


def _faults_of_table(
    value: dict[str, Any], schema: dict[str, Any], path: str
) -> Iterator[str]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    for key in schema.get("required", []):
        if key not in value:
            yield f"{path}.{key}: required"
    for key, each in value.items():
        yield from faults(key, schema.get("propertyNames", {}), f"{path}.{key}")
        if key in properties:
            yield from faults(each, properties[key], f"{path}.{key}")
        elif others is False:
            yield f"{path}.{key}: unknown"
        else:
            yield from faults(each, others, f"{path}.{key}")
