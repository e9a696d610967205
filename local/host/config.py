"""What the host is told: host.json, its overrides, and the settings of bindings.

In: the app's folder and the environment. Out: frozen options and resolved texts. Raises
`AppError`, which names the setting that is missing or wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

OVERRIDE = "AzureFunctionsJobHost__"
_NAMED = re.compile(r"%([^%]+)%")
_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?")
MOST_AT_ONCE = 32
"""Messages that Queue Storage gives at once (Get Messages)."""


class AppError(Exception):
    """The app, or what the host was told about it, is wrong; says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOptions:
    """`extensions.queues`; the defaults are those of the host."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_polling_interval: timedelta = timedelta(minutes=1)
    visibility_timeout: timedelta = timedelta(0)
    max_dequeue_count: int = 5
    is_base64: bool = True

    @property
    def most(self) -> int:
        """Messages of one queue that may run at the same time."""
        return self.batch_size + self.new_batch_threshold


@dataclass(frozen=True, slots=True)
class HostOptions:
    """host.json as far as this host heeds it."""

    queues: QueueOptions
    route_prefix: str = "api"


def read_options(folder: Path, environ: Mapping[str, str]) -> HostOptions:
    """Read host.json and what the environment overrides in it."""
    path = folder / "host.json"
    try:
        tree = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as exc:
        raise AppError(f"{path.name} is not JSON: {exc}") from exc
    for name, value in environ.items():
        if name.startswith(OVERRIDE):
            _put(tree, name.removeprefix(OVERRIDE).split("__"), value)
    extensions = _folded(tree).get("extensions", {})
    http = extensions.get("http", {})
    return HostOptions(
        _queue_options(extensions.get("queues", {})),
        str(http.get("routeprefix", "api")).strip("/"),
    )


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    """Set a leaf; names count whatever their letter case."""
    names = {each.lower(): each for each in tree}
    name = names.get(path[0].lower(), path[0])
    if len(path) == 1:
        tree[name] = value
    else:
        below = tree.setdefault(name, {})
        _put(below, path[1:], value)


def _folded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.lower(): _folded(each) for name, each in value.items()}
    return value


def _queue_options(given: Mapping[str, Any]) -> QueueOptions:
    size = int(given.get("batchsize", 16))
    if not 1 <= size <= MOST_AT_ONCE:
        raise AppError(f"extensions.queues.batchSize is {size}: 1 to {MOST_AT_ONCE}")
    return QueueOptions(
        batch_size=size,
        new_batch_threshold=int(given.get("newbatchthreshold", size // 2)),
        max_polling_interval=_span(given.get("maxpollinginterval", "00:01:00")),
        visibility_timeout=_span(given.get("visibilitytimeout", "00:00:00")),
        max_dequeue_count=int(given.get("maxdequeuecount", 5)),
        is_base64=str(given.get("messageencoding", "base64")).lower() == "base64",
    )


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if not found:
        raise AppError(f"host.json: {text!r} is no time such as 00:00:30")
    days, hours, minutes, seconds, fraction = (each or "0" for each in found.groups())
    return timedelta(
        days=int(days),
        hours=int(hours),
        minutes=int(minutes),
        seconds=float(f"{seconds}.{fraction}"),
    )


def resolve(text: str, environ: Mapping[str, str]) -> str:
    """Put settings in the place of their `%NAME%`."""

    def value(found: re.Match[str]) -> str:
        if not (setting := environ.get(found[1])):
            raise AppError(f"{text}: the setting {found[1]} is missing")
        return setting

    return _NAMED.sub(value, text)


def is_disabled(name: str, environ: Mapping[str, str]) -> bool:
    """Whether a function is switched off by its setting."""
    said = environ.get(f"AzureWebJobs.{name}.Disabled", "")
    return said.strip().lower() in {"1", "true"}
