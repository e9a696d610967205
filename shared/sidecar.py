"""The small file beside a scan that says who gets it: JSON, or XML.

In: its bytes. Out: the keys that metadata knows too, as texts. Raises `SidecarError`.
Pure; XML is read without any DTD, so nothing in it can expand or reach out.
"""

from __future__ import annotations

import json
from typing import Any
from xml.parsers import expat

from .model import METADATA

SIZE_LIMIT = 64 << 10
"""Bytes; a sidecar is a handful of fields."""
DEPTH_LIMIT = 32


class SidecarError(ValueError):
    """It cannot be read, or not yet."""


def sidecar_names(path: str, form: str) -> tuple[str, ...]:
    """Where the sidecar of a scan may lie; printers that shout shout here too."""
    stem, dot, extension = path.rpartition(".")
    if not dot or "/" in extension:
        stem, extension = path, ""
    shouted = [f"{stem}.{form.upper()}"] if extension.isupper() else []
    return (*shouted, f"{stem}.{form}")


def parse_sidecar(data: bytes, form: str) -> dict[str, str]:
    """Read the keys of a sidecar; `form` is `json` or `xml`. Raises SidecarError."""
    if len(data) > SIZE_LIMIT:
        raise SidecarError(f"larger than {SIZE_LIMIT} bytes")
    found = _json(data) if form == "json" else _xml(data)
    return {key: text for key, text in found.items() if key in METADATA and text}


def _json(data: bytes) -> dict[str, str]:
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        raise SidecarError("not JSON in UTF-8") from exc
    if not isinstance(value, dict):
        raise SidecarError("not a JSON object")
    return {key: _text(each) for key, each in value.items()}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_text(each) for each in value if not isinstance(each, list))
    if isinstance(value, bool | dict) or value is None:
        return ""
    return str(value).strip()


def _xml(data: bytes) -> dict[str, str]:
    reader = _Children()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except SidecarError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as exc:
        # The last two: an encoding that nobody has, or that expat cannot read.
        raise SidecarError(f"not XML: {exc}") from exc
    return reader.found


class _Children:
    """Collects the text of the root's children."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._depth = 0
        self._parts: list[str] = []

    def refuse(self, *_: object) -> None:
        raise SidecarError("XML with a DOCTYPE is not read")

    def start(self, _name: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise SidecarError("XML nested too deeply")
        self._parts = []

    def text(self, text: str) -> None:
        self._parts.append(text)

    def end(self, name: str) -> None:
        if self._depth == 2:  # noqa: PLR2004 (a child of the root)
            key = name.rpartition(":")[2].lower()
            said = "".join(self._parts).strip()
            before = self.found.get(key)
            self.found[key] = f"{before},{said}" if before else said
        self._depth -= 1
        self._parts = []
